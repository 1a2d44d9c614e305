"""A case in front of somebody: on the real engine, with mails that hold links, and the pages that these open."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from httpx import AsyncClient, Response
from sqlalchemy import Engine
from temporalio.testing import WorkflowEnvironment

from protocols.roles import Role
from tests.pages.visiting import SECRET, SITE, Post, send, visiting
from tests.people import address, case_file
from tests.server import living
from tests.story import Story
from tests.web.hook import now

PRACTITIONER = address("practitioner", "ABUHB")
OTHER_PRACTITIONER = address("practitioner", "NEWPORT")
LINE_MANAGER = address("line_manager", "ABUHB")
SECONDS = 60


class Case(NamedTuple):
    """A case that was raised, and the mails that came of it."""

    story: Story
    reference: str

    async def link(self, notice: str, to: str) -> str:
        """The address in the latest mail of this kind to somebody, once it has come."""
        async with asyncio.timeout(SECONDS):
            while not (mails := self._mails(notice, to)):
                await asyncio.sleep(0.05)
        body = mails[-1].get_body(("plain",))
        assert body
        [found] = {*re.findall(r"http\S+/l/\S+", body.get_content())}
        return str(found)

    def _mails(self, notice: str, to: str) -> list[Any]:
        return [m for m in self.story.mailbox.messages if m["X-Datrys-Notice"] == notice and to in m["To"]]

    async def says(self, name: str, by: Mapping[str, str], **data: Any) -> Any:
        """Something is told through another door."""
        told = await self.story.door.tell(self.reference, name, Role(**by), data)
        assert told.receipt
        assert told.receipt.accepted, told.receipt
        return told


class Desk(NamedTuple):
    """A case, and a browser without scripts in front of it."""

    case: Case
    client: AsyncClient
    post: Post

    async def opened(self, notice: str = "action-required", to: str = PRACTITIONER) -> Response:
        """The page that a mail's link opens."""
        return await self.client.get(await self.case.link(notice, to))

    async def code_page(self, page: Response) -> Response:
        """Where the code is asked for, that the button of a link's page has mailed."""
        return await send(self.client, page, {})

    async def with_code(self, page: Response) -> Response:
        """What opens with the right code: what may be said."""
        return await send(self.client, await self.code_page(page), {"code": self.post.sent[-1][1]}, form=0)


@asynccontextmanager
async def cases(
    engine: Engine, server: WorkflowEnvironment, file: Mapping[str, Any] | None = None, **settings: Any
) -> AsyncIterator[Case]:
    """A case that was just raised: a Gwent one, if no case file is given."""
    async with living(server.client, engine, **{"secret_key": SECRET, "base_url": SITE, **settings}) as story:
        raised = await story.door.raise_case(file or case_file(now()))
        yield Case(story, raised.reference)


@asynccontextmanager
async def desk(
    engine: Engine, server: WorkflowEnvironment, file: Mapping[str, Any] | None = None, **settings: Any
) -> AsyncIterator[Desk]:
    """A case, and a browser that nobody has used."""
    post = Post()
    async with cases(engine, server, file, **settings) as case, visiting(case.story.door, post) as client:
        yield Desk(case, client, post)
