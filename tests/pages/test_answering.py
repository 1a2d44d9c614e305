"""From the mail to the confirmation: a link shows, a code lets answer, and what is said counts once."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import Engine
from temporalio.testing import WorkflowEnvironment

from records import reading
from records.database import reading as looking
from records.models import Base
from tests.ctm import case_file as ctm_file  # noqa: F401
from tests.pages.visiting import SECRET, SITE, Post, heading, send, text_of, visiting
from tests.people import address, case_file
from tests.server import living
from tests.starter.script import be_patient
from tests.story import Story
from tests.web.hook import now

RAISER = address("practitioner", "ABUHB")


class Desk(NamedTuple):
    """A case that was raised, and a browser in front of it."""

    story: Story
    client: AsyncClient
    post: Post
    reference: str

    def link(self, notice: str, to: str) -> str:
        """The link in the latest mail of this kind to an address."""
        mails = [m for m in self.story.mailbox.messages if m["X-Datrys-Notice"] == notice and to in m["To"]]
        body = mails[-1].get_body(("plain",))
        assert body
        [found] = {*re.findall(rf"{SITE}(/l/\S+)", body.get_content())}
        return str(found)

    async def code(self, page: Response) -> Response:
        """Ask for a code on the page of a link, and give it."""
        asked = await send(self.client, page, {})
        return await send(self.client, asked, {"code": self.post.sent[-1][1]}, form=0)

    async def until_mailed(self, notice: str, to: str) -> str:
        """The link, once it has come."""
        import asyncio

        async with asyncio.timeout(30):
            while not any(m["X-Datrys-Notice"] == notice and to in m["To"] for m in self.story.mailbox.messages):
                await asyncio.sleep(0.05)
        return self.link(notice, to)


@asynccontextmanager
async def desk(engine: Engine, server: WorkflowEnvironment, **more: Any) -> AsyncIterator[Desk]:
    """A Gwent case, and a browser that nobody has used."""
    async with living(server.client, engine, secret_key=SECRET, base_url=SITE, **more) as story:
        post = Post()
        async with visiting(story.door, post) as client:
            raised = await story.door.raise_case(case_file(now()))
            yield Desk(story, client, post, raised.reference)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for a verdict as long as a busy machine needs."""
    be_patient(monkeypatch)


async def test_from_the_mail_to_the_confirmation(engine: Engine, real_server: WorkflowEnvironment) -> None:
    """The link shows what is asked, a code lets answer, the answer counts, and what happens next is said."""
    async with desk(engine, real_server) as at:
        opened = await at.client.get(await at.until_mailed("action-required", RAISER))
        assert "/asked/" in opened.url.path
        assert "What is asked of you" == heading(opened)
        choice = await at.code(opened)
        questions = await send(at.client, choice, {"what": "not_resolved practitioner/ABUHB"})
        checked = await send(at.client, questions, {"text": "We spoke twice and see it differently."})
        done = await send(at.client, checked, {})
        case = reading.case_view(engine, at.reference)
    assert "It is recorded" == heading(done)
    assert "Line manager" in text_of(done)
    assert "line_managers" == case.row.stage
    assert {"It is settled", "It is not settled"} <= set(re.findall("It is settled|It is not settled", text_of(opened)))


async def test_a_link_writes_nothing_and_names_nobody(engine: Engine, real_server: WorkflowEnvironment) -> None:
    """Fifty times opened, fetched ahead or scanned."""
    async with desk(engine, real_server) as at:
        link = await at.until_mailed("action-required", RAISER)
        before = everything(engine)
        for _ in range(25):
            assert 200 == (await at.client.get(link)).status_code
            assert 200 == (await at.client.head(link)).status_code
        page = await at.client.get(link)
        after = everything(engine)
    assert before == after
    assert not any(word in page.text for word in ("Test Child", "Abuhb", "@", "statement"))
    assert link not in str(page.url)
    assert "no-referrer" == page.headers["referrer-policy"]


def everything(engine: Engine) -> Mapping[str, list[Any]]:
    """Every row of the records, but for the mails that still go out."""
    with looking(engine) as session:
        tables = [one for one in Base.metadata.sorted_tables if one.name not in ("notices", "receivers", "links")]
        return {table.name: sorted(map(str, session.execute(table.select()))) for table in tables}
