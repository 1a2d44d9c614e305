"""The post: nobody waits for somebody else's mailbox, nothing is lost, and nothing is sent twice."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from sqlalchemy import Engine, select
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.testing import ActivityEnvironment

from activities.posting import Post
from activities.smtp import MailServer
from protocols.mail import Language, Letter, MailFacts
from protocols.roles import Role
from records.database import reading
from records.models import Notice
from tests.records.making import MONDAY, PRACTITIONER, LINE_MANAGER, a_notice, a_person, a_step, keep, write
from tests.smtp import Mailhost, mailhost

TO_PRACTITIONER, TO_LINE_MANAGER = "practitioner.abuhb@example.invalid", "line-manager.abuhb@example.invalid"


def plain_letter(facts: MailFacts, languages: tuple[Language, Language]) -> Letter:
    said = f"{facts.notice} {facts.reference} {' '.join(languages)} {facts.model_dump_json()}"
    return Letter(subject=f"{facts.notice} – {facts.reference}", text=said, html=f"<p>{said}</p>")


class Posting:
    """A post office for one test."""

    def __init__(self, engine: Engine, host: Mailhost) -> None:
        self.engine, self.host = engine, host
        self.servers: list[MailServer] = []
        self.post = self.new_post()

    def new_post(self, **more: object) -> Post:
        server = MailServer(self.host.address(), "datrys@board.invalid", timeout_seconds=0.5)
        self.servers.append(server)
        return Post(self.engine, server, "Datrys <datrys@board.invalid>", write=plain_letter)

    async def drain(self, case: str) -> None:
        await ActivityEnvironment().run(self.post.post, case)

    def states(self) -> list[tuple[str, str]]:
        with reading(self.engine) as session:
            return [(row.state, row.delivered_to) for row in session.scalars(select(Notice).order_by(Notice.id))]


@pytest.fixture
async def posting(engine: Engine) -> AsyncIterator[Posting]:
    """A post with a mail server that takes everything, until told otherwise."""
    async with mailhost() as host:
        made = Posting(engine, host)
        yield made
        for server in made.servers:
            await server.close()


async def test_what_waits_is_sent_in_the_order_in_which_it_came_about(posting: Posting) -> None:
    """Each receiver reads the story of the case as it happened."""
    reference = keep(posting.engine)
    for number in range(1, 4):
        write(
            posting.engine, a_step(reference, number, notices=[a_notice(occasion=f"o{number}", clause=f"3.{number}")])
        )
    await posting.drain(reference)
    assert ["3.1", "3.2", "3.3"] == [mail.header("X-Datrys-Clause") for mail in posting.host.taken]
    assert 1 == posting.host.connections
