"""The mail server of a fault: it takes mail or misbehaves on command, and notes what it accepted, and when."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from aiosmtpd.smtp import SMTP, Envelope, Session
from typing_extensions import override

from starter.parts import LOCALHOST, free_port
from tests.smtp import Mail, Mailhost

DRIP_SECONDS = 0.2


class Accepted(NamedTuple):
    """A mail that was accepted, by its headers; `raw` is all of it.

    Attributes:
        date: as the mail itself says; at: the second of the epoch when it came.
    """

    message_id: str
    case: str
    notice: str
    roles: str
    receiver: str
    raw: bytes
    date: datetime
    at: float


@dataclass
class PostOffice(Mailhost):
    """A mail server on a port of its own, which stays the same while it is away.

    Attributes:
        accepted: what it took, as `taken` has it, read once.
        drips: it answers slowly, one mail at a time.
    """

    accepted: list[Accepted] = field(default_factory=list)
    drips: bool = False

    async def come(self) -> None:
        """Take connections from now on."""
        self.port = self.port or free_port()
        loop = asyncio.get_running_loop()
        self.server = await loop.create_server(self._connection, LOCALHOST, self.port)

    def go(self) -> None:
        """Take none any more, and break off those there are."""
        if self.server:
            self.stop()
            self.server = None

    def _connection(self) -> SMTP:
        self.connections += 1
        made = SMTP(self, hostname="post-office.invalid", ident="faults", timeout=60)
        self.open.append(made)
        return made

    @override
    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.drips:
            await asyncio.sleep(DRIP_SECONDS)
        answer = await super().handle_DATA(server, session, envelope)
        self.accepted += map(_read, self.taken[len(self.accepted) :])
        return answer


def _read(mail: Mail) -> Accepted:
    said = BytesHeaderParser(policy=compat32).parsebytes(mail.raw)
    case, notice, roles = (str(said[f"X-Datrys-{name}"]) for name in ("Case", "Notice", "Role"))
    return Accepted(
        str(said["Message-ID"]),
        case,
        notice,
        roles,
        mail.receiver,
        mail.raw,
        parsedate_to_datetime(str(said["Date"])),
        time.time(),
    )


@asynccontextmanager
async def post_office() -> AsyncIterator[PostOffice]:
    """A mail server that is gone afterwards."""
    made = PostOffice()
    try:
        await made.come()
        yield made
    finally:
        made.go()
