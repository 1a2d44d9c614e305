"""The product under the model's eyes: real workflow code, records and mail on a time-skipping server.

Each example has a server of its own: its clock is shared by all that it runs, and examples begin on days of their own.
"""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from sqlalchemy import Engine as Database
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionRequest
from temporalio.client import WorkflowQueryFailedError
from temporalio.service import RPCError, RPCStatusCode

from faults.model.board import Planned
from faults.model.case import ENDED, Said
from faults.model.signals import Model
from faults.stores import Stores
from protocols.status import ClockStatus, Status
from protocols.steps import Receipt
from records import cases, connect, reading
from tests import ctm, people
from tests.story import NAMESPACE, Story, begin

T = TypeVar("T")
PATIENCE_SECONDS, LOOK_SECONDS, NEW_RUN_SECONDS = 30, 0.05, 3
LONGEST_SECONDS = 150
UNHEARD_OF = "nonsense"
"""A signal that no protocol knows."""

ON_TIME = timedelta(seconds=100)
"""A notice leaves at its moment, or so long after it: the server takes a moment for everything."""


class Disagreement(AssertionError):
    """The product and the model differ."""


class Loop:
    """An event loop in a thread of its own, for whoever is not asynchronous."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def do(self, what: Coroutine[Any, Any, T]) -> T:
        """Wait for what it answers."""
        return asyncio.run_coroutine_threadsafe(asyncio.wait_for(what, LONGEST_SECONDS), self._loop).result()

    def close(self) -> None:
        """No more."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class World:
    """One case in one story; use `open` and `close`.

    Args:
        stores: where the records come from; kind: `sqlite` or `postgresql`.
    """

    def __init__(self, stores: Stores, kind: str) -> None:
        self._url = stores.new(kind)
        self._ending = AsyncExitStack()
        self._judged: dict[str, int] = {}

    async def open(self, begins: datetime) -> None:
        """The story begins."""
        self.database: Database = connect(self._url)
        self._ending.callback(self.database.dispose)
        people.load_directory(self.database)
        ctm.load_directory(self.database)
        self.story: Story = await self._ending.enter_async_context(begin(begins, self.database))

    async def close(self) -> None:
        """The story ends, wherever it stands."""
        await self._ending.aclose()

    async def raise_case(self, file: dict[str, Any], signals_a_run: int) -> None:
        """Raise the case."""
        if signals_a_run:
            self.story.in_runs_of(signals_a_run)
        self.case = await self.story.raise_case(file)

    async def skip_to(self, moment: datetime) -> None:
        """Let time pass."""
        await self.story.skip_to(moment)

    async def load(self, key: str, planned: Planned, in_short_runs: bool = False) -> None:
        """The board loads a row of its calendar, through a door."""
        before = await self.run_id() if in_short_runs else ""
        words = f"{key} {planned.group} {planned.starts_at.isoformat()}"
        words += f" {planned.papers_due.isoformat()}" if planned.papers_due else ""
        await self.story.now()
        with TemporaryDirectory() as folder:
            row = words + (" cancelled" if planned.cancelled else "")
            await self.story.door.load_meetings(ctm.meetings_file(Path(folder), [row]))
        if in_short_runs:
            await self.until_another_run(before)

    async def say(self, said: Said, code: str, to: str = "") -> str:
        """Send a signal; answers the code of its receipt: this one, or what it is when patience ends."""
        if said.name == UNHEARD_OF:  # nothing of it is read, its id neither: nobody can ask for a receipt
            await self.story.handle(self.case).signal(said.name, self._payload(said))
            return code
        receipt = await self._signal(said, to)
        for _ in _looks(PATIENCE_SECONDS):
            if receipt is None or receipt.code in (code, "ended"):
                break
            await asyncio.sleep(LOOK_SECONDS)  # an id that was refused before is judged anew
            receipt = await self.story.receipt(self.case + to, said.id)
        return str(receipt.code) if receipt else "not judged"

    async def _signal(self, said: Said, to: str) -> Receipt | None:
        for _ in _looks(PATIENCE_SECONDS):
            with suppress(WorkflowQueryFailedError):
                return await self.story.say(self.case + to, said.name, self._payload(said))
        return None

    async def say_in_short_runs(self, said: Said, known: str) -> str:
        """The same where each signal begins a new run: the time-skipping server hangs on a query meanwhile.

        So the verdict is read from the records, and nothing is asked before the new run.

        Args:
            said: the signal.
            known: the code that it has, where it counts already: it is not recorded once more.
        """
        before = await self.run_id()
        facts = self._payload(said)
        try:
            await self.story.handle(self.case).signal(said.name, facts)
        except RPCError as fault:
            if fault.status is not RPCStatusCode.NOT_FOUND:
                raise
            return "ended"
        code = known or "unknown"
        if not known and said.name != UNHEARD_OF:
            code = await asyncio.to_thread(self._recorded, said)
        await self.until_another_run(before)
        return code

    def _recorded(self, said: Said) -> str:
        for _ in _looks(PATIENCE_SECONDS):
            entries = [line.entry for line in reading.timeline(self.database, self.case)]
            codes = [str(entry.code) for entry in entries if entry.signal_id == said.id]
            if len(codes) > self._judged.get(said.id, 0):
                self._judged[said.id] = len(codes)
                return codes[-1]
            time.sleep(LOOK_SECONDS)
        return "not judged"

    def _payload(self, said: Said) -> dict[str, Any]:
        facts = {"id": said.id, "by": said.role, "agency": said.agency or None, **said.facts}
        return facts | {"at": said.at.isoformat(), "sent_at": said.sent_at.isoformat()}

    async def run_id(self) -> str:
        """Which run of the case is the current one."""
        execution = WorkflowExecution(workflow_id=self.case)
        asked = DescribeWorkflowExecutionRequest(namespace=NAMESPACE, execution=execution)
        described = await self.story.client.workflow_service.describe_workflow_execution(asked)
        return described.workflow_execution_info.execution.run_id

    async def until_another_run(self, than: str) -> None:
        """Wait until the case went on in a new run; or has no reason to."""
        for _ in _looks(NEW_RUN_SECONDS):
            if await self.run_id() != than:
                return
            await asyncio.sleep(LOOK_SECONDS)

    async def compare(self, model: Model) -> None:
        """Wait until the product stands as the model says.

        Raises:
            Disagreement: it never does.
        """
        differences: list[str] = []
        for _ in _looks(PATIENCE_SECONDS):
            try:
                status = await self.story.status(self.case)
            except WorkflowQueryFailedError as fault:  # a machine that is overloaded takes two seconds for nothing
                differences = [f"no status: {fault}"]
                await asyncio.sleep(LOOK_SECONDS)
                continue
            notices = await asyncio.to_thread(self._notices)
            differences = [*_standing(model, status), *_clocks(model, status), *_told(model, notices)]
            if not differences:
                return
            await asyncio.sleep(LOOK_SECONDS)
        raise Disagreement("\n".join(differences))

    async def compare_mail(self, model: Model) -> None:
        """Every notice went out once, to whoever holds the role, and nothing else did."""
        for alarm in cases.immediate_actions(self.database, self.case):
            await self.story.posted(alarm)
        mailed = Counter((m.notice, m.role) for m in await self.story.posted(self.case))
        rows = reading.case_view(self.database, self.case).notices
        superseded = [row for row in rows if row.state == "superseded"]
        if never := [row.notice for row in superseded if row.notice != "reminder"]:
            raise Disagreement(f"not a reminder, and superseded: {never}")
        expected = Counter((notice.notice, notice.to) for notice in model.notices)
        if differing := _differences("mail", expected - Counter((r.notice, str(r.to)) for r in superseded), mailed):
            raise Disagreement("\n".join(differing))
        wrong = [f"{m['X-Datrys-Role']} is {m['To']}" for m in self.story.mailbox.messages if not _rightly(m)]
        if wrong:
            raise Disagreement(f"mail to somebody else: {wrong}")
        dates = {(notice.notice, notice.to, notice.due) for notice in model.notices}
        if undated := [_spoken(m) for m in self.story.mailbox.messages if not dates & set(_spoken(m))]:
            raise Disagreement(f"mail with another date: {undated}")

    def _notices(self) -> list[tuple[str, str, datetime | None, datetime]]:
        rows = reading.case_view(self.database, self.case).notices
        return [(row.notice, str(row.to), row.due, row.at) for row in rows]


def _looks(seconds: float) -> Iterator[None]:
    """Look, and look again until so many seconds are over."""
    until = time.monotonic() + seconds
    yield
    while time.monotonic() < until:
        yield


def _rightly(message: Any) -> bool:
    """Whether a mail went to who holds (one of) its roles; where nobody does, to the Business Unit."""
    holders = {people.address("business_unit")}
    for role in message["X-Datrys-Role"].split(","):
        name, _, agency = role.strip().partition("/")
        holders |= {people.address(name, agency)}
        if name == "chair":
            holders |= {people.address("chair", "GWENTPOLICE"), people.address("team_manager")}
    return any(holder in message["To"] for holder in holders)


def _spoken(message: Any) -> list[tuple[str, str, datetime | None]]:
    """A mail as notices, one a role; the date of one that names several is that of one of them."""
    due = datetime.fromisoformat(message["X-Datrys-Due"]).astimezone(UTC) if message["X-Datrys-Due"] else None
    return [(message["X-Datrys-Notice"], role.strip(), due) for role in message["X-Datrys-Role"].split(",")]


def _standing(model: Model, status: Status) -> list[str]:
    waits = {str(role) for role in status.waiting_for}
    pairs: list[tuple[str, Any, Any]] = [
        ("stage", model.stage, status.stage),
        ("turn", model.turns.get(model.stage), status.turn),
        ("outcome", model.outcome or None, status.outcome),
        ("waits for", sorted(model.waited_for() if model.stage != ENDED else ()), sorted(waits)),
    ]
    return [f"{what}: the model says {mine}, the product {its}" for what, mine, its in pairs if mine != its]


def _clocks(model: Model, status: Status) -> list[str]:
    mine = Counter(_clock(c.name, c.agency, c.state, c.late, c.due, c.accountable) for c in model.clocks)
    return _differences("clock", mine, Counter(_its(clock) for clock in status.clocks))


def _clock(name: str, agency: str, state: str, late: bool, due: datetime | None, accountable: Any) -> tuple[Any, ...]:
    when = due.isoformat() if due and state == "running" else ""
    whom = ",".join(sorted(map(str, accountable))) if state == "running" else ""
    return f"{name}/{agency}", state, late, when, whom


def _its(clock: ClockStatus) -> tuple[Any, ...]:
    due = clock.due.astimezone(UTC) if clock.due else None
    return _clock(clock.clock, clock.agency, str(clock.state), clock.late, due, clock.accountable)


def _told(model: Model, notices: list[tuple[str, str, datetime | None, datetime]]) -> list[str]:
    mine: dict[Any, list[datetime]] = {}
    its: dict[Any, list[datetime]] = {}
    for notice in model.notices:
        mine.setdefault((notice.notice, notice.to, notice.due), []).append(notice.at)
    for *key, at in notices:
        its.setdefault(tuple(key), []).append(at)
    counted = {key: len(moments) for key, moments in mine.items()}
    differing = _differences("notice", Counter(counted), Counter({key: len(moments) for key, moments in its.items()}))
    for key in mine.keys() & its.keys():
        for at, really in zip(sorted(mine[key]), sorted(its[key]), strict=False):
            if not timedelta(0) <= really - at <= ON_TIME:
                differing.append(f"notice {_words(key)}: the model says at {at}, the product at {really}")
    return differing


def _differences(what: str, mine: Counter[Any], its: Counter[Any]) -> list[str]:
    lacking = [f"{what} of the model only: {_words(key)} x{n}" for key, n in (mine - its).items()]
    return [*lacking, *(f"{what} of the product only: {_words(key)} x{n}" for key, n in (its - mine).items())]


def _words(key: Any) -> str:
    return " ".join(f"{part:%Y-%m-%d %H:%M}" if isinstance(part, datetime) else str(part) for part in key)
