"""A story: a case on the time-skipping server with the real worker, the real records and a real mail server.

A story may begin on any day: the server is started under a wall clock of that day.
"""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, NamedTuple

import libfaketime  # type: ignore[import-untyped]
from aiosmtpd.controller import Controller
from google.protobuf.duration_pb2 import Duration
from google.protobuf.empty_pb2 import Empty
from sqlalchemy import Engine as Database
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.api.testservice.v1 import LockTimeSkippingRequest, SleepRequest
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from protocols.status import Status
from protocols.steps import Code, Receipt
from records import outbox, reading
from records.cases import CaseFacts
from settings import Settings, SmtpServer
from starter.temporal import Engine
from starter.use_cases import Datrys
from worker import working
from workflows import story as words
from workflows.payloads import data_converter
from workflows.state import Case

BEFORE = timedelta(minutes=10)
"""The server is started so long before the story begins, since starting takes its time."""
NAMESPACE = "default"


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
        self._server = Controller(self, hostname="127.0.0.1", port=self.port)
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


def minute(at: datetime) -> datetime:
    """The nearest whole minute: a server takes a moment for everything."""
    return (at.astimezone(UTC) + timedelta(seconds=30)).replace(second=0, microsecond=0)


class Story:
    """One time-skipping server, one worker, one database, one mailbox; use `begin`."""

    def __init__(self, client: Client, database: Database, setting: Settings, mailbox: Mailbox) -> None:
        self.client, self.database, self.setting, self.mailbox = client, database, setting, mailbox
        self.moment = datetime.now(UTC)
        self._judged: list[tuple[str, str]] = []
        self.door = Datrys(setting, database, Engine(setting, client), lambda: self.moment)

    def in_runs_of(self, signals: int) -> None:
        """Let every case raised from now on go on in a new run after so many signals."""
        first = self.door.delivery.first_state

        def short_runs(facts: CaseFacts) -> Case[Any]:
            return first(facts).model_copy(update={"signals_a_run": signals})

        self.door.delivery.first_state = short_runs  # type: ignore[method-assign]

    async def now(self) -> datetime:
        """The server's time."""
        answer = await self.client.test_service.get_current_time(Empty())
        self.moment = answer.time.ToDatetime().replace(tzinfo=UTC)
        return self.moment

    async def skip_to(self, moment: datetime) -> None:
        """Let the time pass up to a moment; whatever falls due until then happens."""
        left = moment - await self.now()
        if left > timedelta(0):
            duration = Duration()
            duration.FromTimedelta(left)
            await self.client.test_service.unlock_time_skipping_with_sleep(SleepRequest(duration=duration))
        await self.now()

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
        async with asyncio.timeout(60):
            while not (answer := await self.handle(case).query("receipt", signal_id)):
                await asyncio.sleep(0.02)
        self._judged.append((case, signal_id))
        return Receipt.model_validate(answer)

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


async def _patiently(address: str, setting: Settings) -> Client:
    async with asyncio.timeout(60):
        while True:
            with suppress(RuntimeError):
                return await Client.connect(address, data_converter=data_converter(setting.payload_keys))
            await asyncio.sleep(0.1)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _faked(begins: datetime) -> dict[str, str]:
    library = next(Path(libfaketime.__file__).parent.rglob("libfaketime.so*"))
    return os.environ | {
        "TZ": "UTC",
        "LD_PRELOAD": str(library),
        "FAKETIME": f"@{begins.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
    }


@asynccontextmanager
async def time_skipping(begins: datetime, setting: Settings) -> AsyncIterator[Client]:
    """A client of a time-skipping server whose clock shows `begins` when the story begins."""
    binary = shutil.which("temporal-test-server", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert binary, "run make setup"
    port = free_port()
    command = [binary, str(port), "--enable-time-skipping"]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, env=_faked(begins - BEFORE), stdout=quiet, stderr=quiet)
    try:
        client = await _patiently(f"127.0.0.1:{port}", setting)
        attributes = {
            key.name: IndexedValueType.ValueType(int(key.indexed_value_type)) for key in words.SEARCH_ATTRIBUTES
        }
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(namespace=NAMESPACE, search_attributes=attributes)
        )
        await client.test_service.lock_time_skipping(LockTimeSkippingRequest())
        yield client
    finally:
        process.terminate()
        process.wait()


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
    setting = Settings(database_url=url, smtp_url=SmtpServer(host="127.0.0.1", port=mailbox.port), **settings)
    try:
        async with time_skipping(begins, setting) as client:
            story = Story(client, database, setting, mailbox)
            await story.skip_to(begins)
            async with working(client, database, setting):
                yield story
    finally:
        mailbox.close()


__all__ = ["Mailbox", "Mailed", "Story", "begin", "minute", "time_skipping"]
