"""A post office for tests: a case, its post, and a mail server that does as it is told."""

import ssl
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import Engine, select
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.posting import Post
from activities.smtp import MailServer
from protocols.mail import Language, Letter, MailFacts
from protocols.steps import Notice
from records.database import reading
from records.links import Doorway
from records.models import Notice as QueuedNotice
from tests.records.making import a_step, keep, next_step, write
from tests.smtp import Mailhost, mailhost

SENDER = "datrys@board.invalid"
PATIENT_SECONDS, HASTY_SECONDS = 30, 1
"""So long a server may take to answer: longer than any test runs, and so short that a test can wait for its end."""


def plain_letter(facts: MailFacts, languages: tuple[Language, Language]) -> Letter:
    """All facts as they are, so that a test can read them in the mail."""
    said = facts.model_dump_json()
    return Letter(subject=f"{facts.notice} – {facts.reference} â", text=f"{said}\n", html=f"<p>{said}</p>\n")


class Posting:
    """A post for one case.

    Attributes:
        engine, host: the records, and the mail server.
        reference: the case.
    """

    def __init__(self, engine: Engine, host: Mailhost) -> None:
        self.engine, self.host = engine, host
        self.servers: list[MailServer] = []
        self.post = self.new_post()
        self.reference = ""

    def new_post(
        self,
        seconds: float = PATIENT_SECONDS,
        trusted: ssl.SSLContext | None = None,
        doorway: Doorway | None = None,
        **server: Any,
    ) -> Post:
        """A worker of its own; `server` changes how the mail server is spoken to."""
        made = MailServer(self.host.address(**server), SENDER, trusted, timeout_seconds=seconds)
        self.servers.append(made)
        return Post(self.engine, made, f"Datrys <{SENDER}>", "01633 960000", plain_letter, doorway)

    def queue(self, *notices: Notice, case: str = "", **step: Any) -> None:
        """What a step leaves to be sent."""
        stream = case or self.reference
        write(self.engine, a_step(stream, next_step(self.engine, stream), notices=list(notices), **step))

    async def drain(self, case: str = "", post: Post | None = None) -> None:
        """The activity, once."""
        await ActivityEnvironment().run((post or self.post).post, case or self.reference)

    async def drain_in_vain(self, post: Post | None = None) -> ApplicationError:
        """The activity, once; something has to wait."""
        with pytest.raises(ApplicationError) as fault:
            await self.drain(post=post)
        return fault.value

    def states(self) -> list[tuple[str, str]]:
        """How far each notice has come, and to whom."""
        with reading(self.engine) as session:
            rows = session.scalars(select(QueuedNotice).order_by(QueuedNotice.id))
            return [(row.state, row.delivered_to) for row in rows]

    def receivers(self) -> list[str]:
        """Who got mail, in order; the part before the @."""
        return [mail.receiver.partition("@")[0] for mail in self.host.taken]

    async def close(self) -> None:
        for server in self.servers:
            await server.close()


@pytest.fixture
async def host() -> AsyncIterator[Mailhost]:
    """A mail server that takes everything, until told otherwise."""
    async with mailhost() as made:
        yield made


@pytest.fixture
async def posting(engine: Engine, host: Mailhost) -> AsyncIterator[Posting]:
    """The post of one case about a child in Newport."""
    made = Posting(engine, host)
    made.reference = keep(engine)
    yield made
    await made.close()
