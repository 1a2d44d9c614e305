"""Where a fault is tried: an engine's namespace, records, a mail server, real workers, and the real doors."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from sqlalchemy import Engine as Database
from sqlalchemy import func, select
from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCError

from faults.bugs import BUG
from faults.engine import Server
from faults.ledger import Account, account
from faults.post_office import PostOffice, post_office
from faults.tales import AGO, Saying, Tale, at, data_of
from faults.worker import FULL, HASTY, KILL, RUNS, in_runs_of
from protocols.errors import DatrysError
from records import cases, connect
from records.database import reading
from records.models import Entry, Notice
from records.outbox import WAITING
from settings import Settings, SmtpServer
from starter.parts import LOCALHOST, Part
from starter.temporal import Engine
from starter.told import Told
from starter.use_cases import Datrys, utc_now
from tests import ctm, people

LONGEST_SECONDS = 240
"""A case that has not come to rest by then never will: what is missing counts as lost."""

SIGNALS_A_RUN = 4
LOOK_SECONDS = 0.1
LOG_CHARACTERS = 2000
ALL = slice(None)


class NeverAtRest(Exception):
    """Something is still waited for after the longest time."""


class Said(NamedTuple):
    """A saying that a door took: what it answered, and when its entry stood in the records."""

    saying: Saying
    told: Told
    recorded_at: float


class Ground:
    """Use `ground`.

    Attributes:
        records, office, door: the records, the mail server, and the use cases that the doors call.
        url: of the records, for a worker.
        options: further variables for workers.
        now: the clock of its doors.
        full: while this file is there, the disk is full for workers' SQLite.
        signals_a_run: after so many signals a case goes on in a new run.
    """

    def __init__(self, server: Server, namespace: str, url: str, office: PostOffice, folder: Path) -> None:
        self.server, self.namespace, self.url, self.office, self.folder = server, namespace, url, office, folder
        self.records: Database = connect(url)
        self.setting = Settings(database_url=url, smtp_url=SmtpServer(host=LOCALHOST, port=office.port))
        self.options: dict[str, str] = {}
        self.now: Callable[[], datetime] = utc_now
        self.workers: list[Part] = []
        self.signals_a_run = SIGNALS_A_RUN
        self.full = folder / "disk-full"
        self._numbers = count(1)
        self.door = Datrys(self.setting, self.records, Engine(self.setting))

    async def prepare(self) -> None:
        """Load both boards' directories, and reach the engine."""
        await asyncio.to_thread(people.load_directory, self.records)
        await asyncio.to_thread(ctm.load_directory, self.records)
        self.client = await self.server.client(self.namespace)
        self.door = self.new_door()

    def new_door(self) -> Datrys:
        """One more door; cases go on in a new run after `signals_a_run`, whichever door or relay starts them."""
        door = Datrys(self.setting, self.records, Engine(self.setting, self.client), lambda: self.now())
        door.delivery.first_state = in_runs_of(self.signals_a_run, door.delivery.first_state)  # type: ignore[method-assign]
        return door

    # --- workers

    async def start_worker(self, kill: str = "", hasty: bool = True, bug: str = "") -> Part:
        """A worker of its own process; returns once it works.

        Args:
            kill: a point of `faults.worker` and a number: it dies there, that manieth time.
            hasty: the waits that are no part of a promise are short.
            bug: one of `faults.bugs`: its code has it.
        """
        name = f"worker-{next(self._numbers)}"
        sign = self.folder / f"{name}.alive"

        async def lives() -> bool:
            return await asyncio.to_thread(sign.exists)

        environment = {
            "TEMPORAL_ADDRESS": self.server.address,
            "TEMPORAL_NAMESPACE": self.namespace,
            "DATRYS_DATABASE_URL": self.url,
            "DATRYS_SMTP_URL": f"smtp://{LOCALHOST}:{self.office.port}",
            "DATRYS_SIGN_OF_LIFE": str(sign),
            HASTY: "1" if hasty else "",
            KILL: kill,
            FULL: str(self.full),
            RUNS: str(self.signals_a_run),
            BUG: bug,
            **self.options,
        }
        part = Part(name, _command(), self.folder / f"{name}.log", lives, environment=environment)
        self.workers.append(part)
        await part.start()
        await part.until_it_answers()
        return part

    async def until_dead(self, part: Part) -> None:
        """Wait until a worker has killed itself.

        Raises:
            NeverAtRest: it never does.
        """
        await self.until(lambda: part.process is None or part.process.returncode is not None)

    async def kill_workers(self) -> None:
        """SIGKILL to all of them."""
        for part in self.workers:
            await kill(part)
        self.workers.clear()

    # --- cases

    async def raise_case(self, tale: Tale, begins: datetime | None = None) -> tuple[str, datetime]:
        """Raise a case; answers its reference and when it is said to have begun: three hours ago."""
        begins = begins or (datetime.now(UTC) - AGO).replace(microsecond=0)
        raised = await self.door.raise_case(tale.case_file(begins), again=True)
        return raised.reference, begins

    async def say(self, case: str, begins: datetime, number: int, saying: Saying) -> Told:
        """Say one thing through a door, again and again while it says that it cannot keep it."""
        moment, to = at(begins, number), f"{case}-immediate-{saying.of}" if saying.of else case
        while True:
            try:
                return await self.door.tell(to, saying.name, saying.by, data_of(saying, moment), saying.key)
            except DatrysError:
                await asyncio.sleep(LOOK_SECONDS)  # whoever said it was told that it was not kept, and says it again

    async def play(
        self, tale: Tale, case: str, begins: datetime, patient: bool = False, only: slice = ALL
    ) -> list[Said]:
        """Say all that is said, each once what was said before stands in the records.

        Args:
            tale: what is said.
            case, begins: what `raise_case` answered.
            patient: wait also until nothing is left to be mailed.
            only: which of the sayings.
        """
        said = []
        await self.until(lambda: self._stage_recorded(case))
        for number, saying in list(enumerate(tale.sayings, start=1))[only]:
            told = await self.say(case, begins, number, saying)
            stream = f"{case}-immediate-{saying.of}" if saying.of else case
            await self.until(lambda stream=stream, key=saying.key: self._recorded(stream, key))
            if saying.name == "immediate_action":
                await self.until(lambda: bool(cases.immediate_actions(self.records, case)))
            if patient:
                await self.until(lambda: not self.waiting(case))
            said.append(Said(saying, told, time.monotonic()))
        return said

    async def rest(self, case: str) -> None:
        """Wait until the case has ended and nothing is left to be done.

        Raises:
            NeverAtRest: that takes longer than it ever should.
        """
        await self.until_stage(case, "ended")
        await self.until(lambda: not self.waiting(case))
        deadline = time.monotonic() + LONGEST_SECONDS
        for stream in [case, *cases.immediate_actions(self.records, case)]:
            while await self._runs(stream):
                if time.monotonic() > deadline:
                    raise NeverAtRest(f"{stream} has not ended")
                await asyncio.sleep(LOOK_SECONDS)

    async def until_stage(self, case: str, stage: str) -> None:
        """Wait until the records show the case there."""
        await self.until(lambda: cases.case_facts(self.records, case).stage == stage)

    async def until_recorded(self, case: str, *keys: str) -> None:
        """Wait until these signals stand in the records and nothing is left to be mailed."""
        await self.until(lambda: all(self._recorded(case, key) for key in keys) and not self.waiting(case))

    async def until_settled(self, count_them: Callable[[], int], seconds: float = 3) -> None:
        """Wait until a number has not changed for so long."""
        last, since = count_them(), time.monotonic()
        while time.monotonic() - since < seconds:
            await asyncio.sleep(LOOK_SECONDS)
            if (now := count_them()) != last:
                last, since = now, time.monotonic()

    def count_of(self, case: str) -> int:
        """How many entries a case has."""
        return self._count(Entry.stream == case)

    async def account(self, case: str) -> Account:
        """What came of the case."""
        return await asyncio.to_thread(account, self.records, self.office, case)

    async def until(self, look: Any, seconds: float = LONGEST_SECONDS) -> None:
        """Look until it is so; a database that does not answer is asked again.

        Raises:
            NeverAtRest: it never was.
        """
        deadline = time.monotonic() + seconds
        while True:
            try:
                if await asyncio.to_thread(look):
                    return
            except DatrysError:
                pass
            if time.monotonic() > deadline:
                words = f"in vain for {seconds} s; {await self._how_it_stands()}; {self._workers_said()}"
                raise NeverAtRest(f"{self.namespace}: {words}")
            await asyncio.sleep(LOOK_SECONDS)

    async def _how_it_stands(self) -> str:
        """Which cases run, and what each has come to, for whoever has to find out why one never rests."""
        try:
            async with asyncio.timeout(30):
                running = [one.id async for one in self.client.list_workflows("ExecutionStatus='Running'")]
                return "; ".join([f"{case} {await self._last_words(case)}" for case in running]) or "no case runs"
        except (RPCError, TimeoutError):
            return "its server cannot say why"

    def _workers_said(self) -> str:
        """The end of the log of each worker of now."""
        return "; ".join(
            f"{part.name}: {part.log.read_text(encoding='utf-8')[-LOG_CHARACTERS:]}" for part in self.workers
        )

    async def _last_words(self, case: str) -> str:
        found = (await self.client.get_workflow_handle(case).describe()).raw_description
        pending = [(one.activity_type.name, one.attempt, one.last_failure.message) for one in found.pending_activities]
        waiting = await asyncio.to_thread(self.waiting, case)
        task = found.pending_workflow_task
        return f"waits for {pending}, workflow task {task.state} tried {task.attempt} times, {waiting} notices wait"

    async def _runs(self, stream: str) -> bool:
        found = await self.client.get_workflow_handle(stream).describe()
        return found.status is WorkflowExecutionStatus.RUNNING

    def _stage_recorded(self, case: str) -> bool:
        return self._count(Entry.stream == case) > 0

    def _recorded(self, stream: str, key: str) -> bool:
        return self._count(Entry.stream == stream, Entry.signal_id == key) > 0

    def _count(self, *which: Any) -> int:
        with reading(self.records) as session:
            return session.scalar(select(func.count()).select_from(Entry).where(*which)) or 0

    def waiting(self, case: str) -> int:
        """How many notices of a case are to be mailed yet, its immediate actions' included."""
        with reading(self.records) as session:
            rows = select(func.count()).where(Notice.reference == case, Notice.state.in_(WAITING))
            return session.scalar(rows) or 0


def _command() -> tuple[str, ...]:
    return (sys.executable, "-m", "faults.worker")


async def kill(part: Part) -> None:
    """SIGKILL to a process that this one started."""
    if part.process and part.process.returncode is None:
        part.process.kill()
        await part.process.wait()


@asynccontextmanager
async def ground(server: Server, namespace: str, url: str) -> AsyncIterator[Ground]:
    """A ground on one namespace; its processes are gone afterwards, whatever happened."""
    async with AsyncExitStack() as ending:
        folder = ending.enter_context(TemporaryDirectory(prefix="datrys-faults-", ignore_cleanup_errors=True))
        office = await ending.enter_async_context(post_office())
        made = Ground(server, namespace, url, office, Path(folder))
        ending.callback(made.records.dispose)
        ending.push_async_callback(made.kill_workers)
        await made.prepare()
        yield made
