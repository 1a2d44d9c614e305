"""A story: a case on the time-skipping server with the real worker, the real records and a real mail server.

A story may begin on any day: its server is started under a wall clock of that day.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

from aiosmtpd.controller import Controller
from sqlalchemy import Engine as Database
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from protocols.status import Status
from protocols.steps import Code, Receipt
from records import outbox, reading
from records.cases import CaseFacts
from settings import Settings, SmtpServer
from starter.parts import LOCALHOST, free_port
from starter.skipping import NAMESPACE, SkippedTime, minute, time_skipping
from starter.temporal import Engine
from starter.use_cases import Datrys
from worker import working
from workflows.state import Case


class Mailed(NamedTuple):
    """One role of one mail, as the headers say it."""

    at: datetime
    notice: str
    role: str
    clause: str
    due: datetime | None


class Mailbox:
    """A mail server that takes everything and keeps it in memory."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.port = free_port()
        self._server: Controller | None = None

    def open(self) -> None:
        """Take mail from now on."""
        self._server = Controller(self, hostname=LOCALHOST, port=self.port)
        self._server.start()

    def close(self) -> None:
        """Take none any more."""
        if self._server:
            self._server.stop()
            self._server = None

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.messages.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 kept"

    def mailed(self, case: str = "") -> list[Mailed]:
        """Every role of every mail (of one case, its immediate actions included), sorted."""
        rows = [row for message in self.messages if case in message["X-Datrys-Case"] for row in _rows(message)]
        return sorted(rows, key=lambda row: row[:4])


def _rows(message: EmailMessage) -> list[Mailed]:
    due = message["X-Datrys-Due"]
    return [
        Mailed(
            parsedate_to_datetime(message["Date"]).astimezone(UTC),
            message["X-Datrys-Notice"],
            role.strip(),
            message["X-Datrys-Clause"],
            datetime.fromisoformat(due).astimezone(UTC) if due else None,
        )
        for role in message["X-Datrys-Role"].split(",")
    ]


class Story:
    """One time-skipping server, one worker, one database, one mailbox; use `begin`."""

    def __init__(self, client: Client, database: Database, setting: Settings, mailbox: Mailbox) -> None:
        self.client, self.database, self.setting, self.mailbox = client, database, setting, mailbox
        self.time = SkippedTime(client, datetime.now(UTC))
        self._judged: list[tuple[str, str]] = []
        self.door = Datrys(setting, database, Engine(setting, client), lambda: self.time.moment)

    def in_runs_of(self, signals: int) -> None:
        """Let every case raised from now on go on in a new run after so many signals."""
        first = self.door.delivery.first_state

        def short_runs(facts: CaseFacts) -> Case[Any]:
            return first(facts).model_copy(update={"signals_a_run": signals})

        self.door.delivery.first_state = short_runs  # type: ignore[method-assign]

    async def now(self) -> datetime:
        """The server's time."""
        return await self.time.now()

    async def skip_to(self, moment: datetime) -> None:
        """Let the time pass up to a moment; whatever falls due until then happens."""
        await self.time.skip_to(moment)

    async def raise_case(self, data: Mapping[str, Any]) -> str:
        """Raise a case through the door, now."""
        await self.now()
        return (await self.door.raise_case(data)).reference

    def handle(self, case: str) -> WorkflowHandle[Any, Any]:
        """The workflow of a case."""
        return self.client.get_workflow_handle(case)

    async def say(self, case: str, name: str, *payload: Any) -> Receipt | None:
        """Send a raw signal through the engine, and wait for its verdict if it has an id."""
        facts = payload[0] if payload and isinstance(payload[0], dict) else {}
        try:
            await self.handle(case).signal(name, args=list(payload))
        except RPCError as fault:
            if fault.status is not RPCStatusCode.NOT_FOUND:
                raise
            return Receipt(id=facts.get("id", ""), accepted=False, code=Code.ENDED)
        return await self.receipt(case, facts["id"]) if facts.get("id") else None

    async def receipt(self, case: str, signal_id: str) -> Receipt:
        """The verdict on a signal, waited for."""
        answer = None
        async with asyncio.timeout(60):
            while not answer:
                answer = await self._asked(case, signal_id)
                await asyncio.sleep(0 if answer else 0.02)
        self._judged.append((case, signal_id))
        return Receipt.model_validate(answer)

    async def _asked(self, case: str, signal_id: str) -> Any:
        try:
            return await self.handle(case).query("receipt", signal_id)
        except RPCError as fault:
            if fault.status is not RPCStatusCode.FAILED_PRECONDITION:
                raise
            return None  # its task failed, and is tried again

    async def status(self, case: str) -> Status:
        """How the case stands."""
        return Status.model_validate(await self.handle(case).query("status"))

    @contextmanager
    def without_mail(self) -> Iterator[None]:
        """The mail server is away."""
        self.mailbox.close()
        yield
        self.mailbox.open()

    async def posted(self, case: str) -> list[Mailed]:
        """Every mail of a case, once every verdict heard so far is recorded and its outbox is empty."""
        async with asyncio.timeout(60):
            while not self._recorded() or outbox.waiting(self.database, case):
                await asyncio.sleep(0.05)
        return self.mailbox.mailed(case)

    def _recorded(self) -> bool:
        """A verdict is answered before it stands in the records with the notices that it set off."""
        self._judged = [one for one in self._judged if not reading.verdict_recorded(self.database, *one)]
        return not self._judged


@asynccontextmanager
async def begin(begins: datetime, database: Database, **settings: Any) -> AsyncIterator[Story]:
    """A story that begins at a moment.

    Args:
        begins: aware moment.
        database: migrated records.
        settings: fields of `Settings`.
    """
    mailbox = Mailbox()
    mailbox.open()
    url = database.url.render_as_string(hide_password=False)
    setting = Settings(database_url=url, smtp_url=SmtpServer(host=LOCALHOST, port=mailbox.port), **settings)
    try:
        async with time_skipping(begins, setting) as time, working(time.client, database, setting):
            story = Story(time.client, database, setting, mailbox)
            await story.now()
            yield story
    finally:
        mailbox.close()


__all__ = ["NAMESPACE", "Mailbox", "Mailed", "Story", "begin", "free_port", "minute"]
