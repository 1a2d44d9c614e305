"""Days of a case, during which something may be away: with `faults.days_away`, rows 2, 3 and 4.

The days are those of the time-skipping server, and the databases and the mail server are real. That server's own clock
cannot be stopped, and nobody can kill it and start it again on a file: for the three days of Temporal the line to it is
cut, for the worker and for every door. To a case this is the same: its moments pass, and nobody hears of them.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from sqlalchemy import select
from temporalio.client import Client
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter
from temporalio.service import RPCError

from faults.post_office import PostOffice, post_office
from faults.tales import HELD, TEXT
from faults.wire import Wire, wire
from protocols.errors import DatrysError
from protocols.roles import Role
from protocols.working_days import LONDON
from records import connect, outbox
from records.database import reading
from records.models import Entry
from settings import Settings, SmtpServer
from starter.delivery import Delivery
from starter.parts import LOCALHOST
from starter.skipping import SkippedTime, time_skipping, wall_clock
from starter.temporal import Engine
from starter.use_cases import Datrys
from tests import people
from worker import working
from workflows.payloads import data_converter

PROMISE = "nothing lost, nothing doubled; what fell due is told once, as soon as it can be, and no date moves"
LOOK_SECONDS, LONGEST_SECONDS = 0.1, 120
ROUGHLY = timedelta(minutes=2)
"""A stepped clock is not exact: it is stepped to so long before, and what then is left passes by itself."""

AFTERWARDS = timedelta(minutes=10)
"""By then whatever is tried again has been tried again."""


def moment(day: int, hour: int, minutes: int = 0) -> datetime:
    """A moment of March 2026, which begins on a Sunday; no clock is changed until the 29th."""
    return datetime(2026, 3, day, hour, minutes, tzinfo=LONDON)


BEGINS = moment(2, 10)


class Said(NamedTuple):
    """Something that is said: when, by whom, and whether past the doors, straight to Temporal."""

    at: datetime
    name: str
    by: str
    data: Mapping[str, object]
    raw: bool = False


SAYINGS = (
    Said(moment(2, 11), "not_resolved", "practitioner/ABUHB", {}),
    Said(moment(2, 12), "not_resolved", "line_manager/ABUHB", TEXT),
    Said(moment(3, 10), "not_resolved", "team_manager", {}),
    Said(moment(3, 11), "meeting_arranged", "team_manager", {"meeting_at": moment(4, 9).isoformat()}),
    Said(moment(4, 10), "meeting_held", "team_manager", {**HELD, **TEXT}),
    Said(moment(6, 7), "discussion_recorded", "practitioner/NEWPORT", {"record": "r"}, raw=True),
    Said(moment(6, 8), "discussion_recorded", "practitioner/NEWPORT", TEXT),
    Said(moment(6, 9), "discussion_recorded", "practitioner/ABUHB", TEXT),
    Said(moment(9, 16), "minutes_recorded", "team_manager", TEXT),
    Said(moment(10, 12), "withdrawn", "line_manager/ABUHB", TEXT),
)
"""From the meeting 48 hours run, to Friday at 10: reminders on Thursday at 10 and Friday at 6, a chaser on Monday."""

ENDS = moment(10, 14)


class Days:
    """Use `days`.

    Attributes:
        records, office, line, time: the parts that can be taken away, and the engine's clock.
    """

    def __init__(self, url: str, office: PostOffice, time: SkippedTime, wall: Path) -> None:
        self.records, self.office, self.time, self.wall = connect(url), office, time, wall
        self.setting = Settings(database_url=url, smtp_url=SmtpServer(host=LOCALHOST, port=office.port))
        self.case, self.line = "", Wire(0)
        self.not_kept: list[int] = []

    async def join(self, line: Wire) -> None:
        """Reach Temporal over this line."""
        self.line = line
        errors = TelemetryFilter(core_level="ERROR", other_level="ERROR")
        quiet = Runtime(telemetry=TelemetryConfig(logging=LoggingConfig(filter=errors)))
        self.client = await Client.connect(line.address, data_converter=data_converter(), runtime=quiet)
        self.engine = Engine(self.setting, self.client)
        self.door = Datrys(self.setting, self.records, self.engine, lambda: self.time.moment)

    async def begin(self) -> None:
        """Raise the case."""
        await asyncio.to_thread(people.load_directory, self.records)
        await self.time.now()
        self.case = (await self.door.raise_case(people.case_file(BEGINS))).reference
        await self._caught_up(0)

    async def now(self) -> datetime:
        """The engine's time; asked again where a connection breaks."""
        async with asyncio.timeout(LONGEST_SECONDS):
            while True:
                with suppress(RPCError):
                    return await self.time.now()
                await asyncio.sleep(LOOK_SECONDS)

    async def skip_to(self, at: datetime) -> None:
        """Let the time pass, an hour at once: what is tried again each minute takes longer than one call may."""
        while (now := await self.now()) < at:
            with suppress(RPCError):  # it may break a connection where its wall clock was stepped
                await self.time.skip_to(min(at, now + timedelta(hours=1)))

    async def step_to(self, at: datetime) -> None:
        """Step the wall clock to an aware moment: the time passes, and nothing of what falls due happens yet."""
        shown = datetime.fromisoformat(self.wall.read_text(encoding="utf-8").strip("@\n")).replace(tzinfo=UTC)
        step = at - await self.now() - ROUGHLY
        new = self.wall.with_suffix(".new")
        new.write_text(f"{wall_clock(shown + step)}\n", encoding="utf-8")
        new.replace(self.wall)  # at once: it is read at any moment
        async with asyncio.timeout(LONGEST_SECONDS):
            while abs(at - await self.now()) > 2 * ROUGHLY:
                await asyncio.sleep(LOOK_SECONDS)

    async def live_until(self, end: datetime, since: datetime, whole: bool = True, heard: bool = True) -> None:
        """Let the days pass, and say what is said between two moments.

        Args:
            end, since: aware moments.
            whole: nothing is away; each thing said stands in the records before the time passes on.
            heard: Temporal hears the worker: without one its clock cannot skip, and is stepped.
        """
        pass_to = self.skip_to if heard else self.step_to
        for number, said in enumerate(SAYINGS, start=1):
            if since <= said.at < end:
                await pass_to(said.at)
                try:
                    await self._say(number, said)
                except DatrysError:  # whoever said it was told so, and says it again
                    self.not_kept.append(number)
                if whole:
                    await self._caught_up(number)
        await pass_to(end)

    async def recover(self) -> None:
        """All is whole again: say again what no door could keep, and let everything be done that waited."""
        now = await self.now()
        await self.skip_to(now + AFTERWARDS / 2)
        for number in self.not_kept:
            await self._say(number, SAYINGS[number - 1])
        await self.skip_to(now + AFTERWARDS)
        await self._caught_up(sum(one.at < now for one in SAYINGS))

    async def _say(self, number: int, said: Said) -> None:
        role, _, agency = said.by.partition("/")
        facts = {"at": said.at.isoformat(), **said.data}
        if said.raw:
            raw = {"id": f"s{number}", "by": role, "agency": agency, "sent_at": said.at.isoformat(), **facts}
            await self.time.client.get_workflow_handle(self.case).signal(said.name, raw)
        else:
            await self.door.tell(self.case, said.name, Role(role=role, agency=agency), facts, f"s{number}")

    async def _caught_up(self, number: int) -> None:
        """Wait until all that was said up to this is recorded, and no mail waits."""
        keys = {f"s{n}" for n in range(1, number + 1)}
        deadline = time.monotonic() + LONGEST_SECONDS
        while not await asyncio.to_thread(self._all_done, keys):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.case} never came to rest after {number} sayings")
            await asyncio.sleep(LOOK_SECONDS)

    def _all_done(self, keys: set[str]) -> bool:
        with suppress(DatrysError), reading(self.records) as session:
            there = set(session.scalars(select(Entry.signal_id).where(Entry.stream == self.case)))
            begun = session.scalars(select(Entry.number).where(Entry.stream == self.case).limit(1)).first()
            return bool(begun) and keys <= there and not outbox.waiting(self.records, self.case)
        return False


@asynccontextmanager
async def days(url: str, heard: bool = True) -> AsyncIterator[Days]:
    """A case's days, on these records, with a worker and its relay in this process.

    Args:
        url: of the records.
        heard: Temporal will always hear the worker; else its clock can be stepped.
    """
    async with AsyncExitStack() as ending:
        office = await ending.enter_async_context(post_office())
        wall = Path(ending.enter_context(TemporaryDirectory(prefix="datrys-faults-"))) / "wall-clock"
        clock = await ending.enter_async_context(time_skipping(BEGINS, Settings(), None if heard else wall))
        made = Days(url, office, clock, wall)
        ending.callback(made.records.dispose)
        port = int(clock.client.service_client.config.target_host.rpartition(":")[2])
        await made.join(await ending.enter_async_context(wire(port)))
        await ending.enter_async_context(working(made.client, made.records, made.setting))
        delivery = Delivery(made.records, made.engine, lambda: made.time.moment)
        ending.callback(asyncio.create_task(delivery.keep_relaying()).cancel)
        await made.begin()
        yield made
