"""The mail server of a fault: it takes mail or misbehaves on command, and notes what it accepted, and when."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiosmtpd.smtp import SMTP, Envelope, Session
from typing_extensions import override

from starter.parts import LOCALHOST, free_port
from tests.smtp import Mailhost

DRIP_SECONDS = 0.2


@dataclass
class PostOffice(Mailhost):
    """A mail server on a port of its own, which stays the same while it is away.

    Attributes:
        accepted_at: when each mail was accepted, as `taken` has them; `time.monotonic`.
        drips: it answers slowly, one mail at a time.
    """

    accepted_at: list[float] = field(default_factory=list)
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
        before = len(self.taken)
        if self.drips:
            await asyncio.sleep(DRIP_SECONDS)
        answer = await super().handle_DATA(server, session, envelope)
        self.accepted_at += [time.monotonic()] * (len(self.taken) - before)
        return answer


@asynccontextmanager
async def post_office() -> AsyncIterator[PostOffice]:
    """A mail server that is gone afterwards."""
    made = PostOffice()
    try:
        await made.come()
        yield made
    finally:
        made.go()
