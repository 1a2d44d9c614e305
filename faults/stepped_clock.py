"""Row 7: the clock of a machine is set by an hour, forwards and back, while cases wait and are told things.

The worker's machine: its process runs under libfaketime and reads from a file how far its clock is off, each time anew;
the clock that only counts on is left alone, as it is where an operator sets a clock. The doors' machine: the clock that
they are given. Temporal's server is a Go program, which no library can deceive, and PostgreSQL's clock is its own.

Seen to fail: with a lease believed however far ahead it ends (`records.outbox._free`) a mail of a dead worker on SQLite
waited for an hour; with an immediate action judged by its door's clock (`workflows.hearing.Hearing.understand`) a call
for help was refused. No fault was put in for “again and again” yet.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import cycle

from faults.at_the_limit import CLOCK
from faults.engine_away import AHEAD, HELD, LIMIT
from faults.found import Found, together
from faults.gone_for_days import same
from faults.ground import Ground, NeverAtRest
from faults.stores import KINDS
from faults.tales import APART, CWM_TAF_MORGANNWG, GWENT, TALES, at, data_of
from faults.yard import Yard
from protocols.steps import Code
from records import cases
from starter.skipping import clock_library

UNMOVED = "no date moves, nothing comes early, nothing is lost or comes twice"
HELD_BY_NOBODY = "its mails wait for minutes, not for an hour, and none goes out twice"
SAYS_SO = "what is said is refused with the reason and counts once the clock is right; a call for help is not refused"
HOUR = timedelta(hours=1)
STEPS = ("+3600", "-3600", "+0")
STEP_SECONDS = 0.7
WAITED_SECONDS = 200
"""A lease lasts a minute, and the next attempt may be two minutes away; an hour it never takes."""

LOOK_SECONDS = 2


class SteppedClock:
    """How far the clock of a ground's workers is off."""

    def __init__(self, place: Ground) -> None:
        self._file = place.folder / "clock"
        self.set("+0")
        place.options |= {
            "LD_PRELOAD": clock_library(),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def set(self, off: str) -> None:
        """So many seconds ahead (`+3600`) or behind (`-3600`), from now on."""
        new = self._file.with_suffix(".new")
        new.write_text(off, encoding="utf-8")
        new.rename(self._file)

    @asynccontextmanager
    async def stepping(self) -> AsyncIterator[None]:
        """It is set again and again meanwhile."""

        async def step() -> None:
            for off in cycle(STEPS):
                self.set(off)
                await asyncio.sleep(STEP_SECONDS)

        steps = asyncio.create_task(step())
        try:
            yield
        finally:
            steps.cancel()


async def by_an_hour(yard: Yard, *, short: bool) -> list[Found]:
    """The worker's clock, and the doors'; in short on one database, and not all the time: reading a clock costs."""
    kinds = ("sqlite",) if short else KINDS
    rows = [
        together(
            "a worker dies with a mail, its clock is set back", HELD_BY_NOBODY, [await _dead(yard, "sqlite", short)]
        ),
        together("a door's clock an hour ahead or behind", SAYS_SO, [await _wrong_door(yard, kind) for kind in kinds]),
    ]
    if not short:
        told = [await _while_told(yard, kind) for kind in kinds]
        on_its_way = [await _on_its_way(yard, kind) for kind in kinds]
        rows.append(together("the worker's clock set by an hour, again and again", UNMOVED, [*told, *on_its_way]))
    return rows


async def _while_told(yard: Yard, kind: str) -> Found:
    """A case of each protocol from begin to end, and one whose limit ends meanwhile."""
    found = Found(kind, UNMOVED)
    async with yard.ground(kind) as place:
        clock = SteppedClock(place)
        await place.start_worker()
        async with clock.stepping():
            due = datetime.now(UTC).replace(microsecond=0) + AHEAD[1]
            begins = due - LIMIT - HELD * APART
            waits, _ = await place.raise_case(GWENT, begins)
            await place.play(GWENT, waits, begins, patient=True, only=slice(HELD))
            for tale in TALES:
                found.runs += 1
                case, begun = await place.raise_case(tale)
                await place.play(tale, case, begun, patient=True)
                await place.rest(case)
                found.hold_against(yard.undisturbed[tale.protocol], await place.account(case))
            overdue = [mail for mail in place.office.accepted if mail.notice == "overdue"]
            in_time = datetime.now(UTC) < due
            found.wrong += [f"{mail.case} was told before its time" for mail in overdue if mail.at < due.timestamp()]
            await place.until(lambda: _overdue(place, waits) >= 2)
            await asyncio.sleep(LOOK_SECONDS)
        found.runs += 1
        same(found, "mails as the limit ended", 2, _overdue(place, waits))
        dates = {one.clock: one.due_time.due for one in place.door.case(waits).view.clocks}
        same(found, "the limit", due, dates[CLOCK])
        found.note = "" if in_time else "the other case took longer than the limit"
    return found


def _overdue(place: Ground, case: str) -> int:
    return sum(mail.case == case and mail.notice == "overdue" for mail in place.office.accepted)


async def _dead(yard: Yard, kind: str, short: bool) -> Found:
    """It held a mail by a clock that was an hour ahead."""
    found, tale = Found(kind, HELD_BY_NOBODY, runs=1), CWM_TAF_MORGANNWG
    async with yard.ground(kind) as place:
        clock = SteppedClock(place)
        clock.set("+3600")
        doomed = await place.start_worker("mail leased:2", hasty=short)
        case, begins = await place.raise_case(tale)
        await place.until_dead(doomed)
        clock.set("+0")
        began = time.monotonic()
        await place.start_worker(hasty=short)
        try:
            await place.until(lambda: not place.waiting(case), WAITED_SECONDS)
        except NeverAtRest:
            found.lost.append("a mail waits for the clock of a worker that is dead")
            return found
        found.seconds.append(time.monotonic() - began)
        await place.play(tale, case, begins)
        await place.rest(case)
        found.hold_against(yard.undisturbed[tale.protocol], await place.account(case))
    return found


async def _on_its_way(yard: Yard, kind: str) -> Found:
    """A mail is being handed over as the clock jumps ahead: its lease is over, and it is not sent again."""
    found, tale = Found(kind, UNMOVED, runs=1), CWM_TAF_MORGANNWG
    async with yard.ground(kind) as place:
        clock = SteppedClock(place)
        await place.start_worker(hasty=False)
        place.office.pause.clear()
        case, begins = await place.raise_case(tale)
        async with asyncio.timeout(WAITED_SECONDS):
            await place.office.handed_over.wait()
        clock.set("+3600")
        await asyncio.sleep(LOOK_SECONDS)
        clock.set("+0")
        place.office.pause.set()
        await place.play(tale, case, begins)
        await place.rest(case)
        found.hold_against(yard.undisturbed[tale.protocol], await place.account(case))
    return found


async def _wrong_door(yard: Yard, kind: str) -> Found:
    """A door whose clock is off by an hour, and then set right; the case began half an hour ago."""
    found, saying = Found(kind, SAYS_SO), GWENT.sayings[0]
    async with yard.ground(kind) as place:
        await place.start_worker()
        for off, code in ((HOUR, Code.IN_FUTURE), (-HOUR, Code.BEFORE_STAGE)):
            found.runs += 1
            begins = (datetime.now(UTC) - HOUR / 2).replace(microsecond=0)
            case, _ = await place.raise_case(GWENT, begins)
            await place.until_recorded(case)
            dates = {one.clock: one.due_time.due for one in place.door.case(case).view.clocks}
            place.now = lambda off=off: datetime.now(UTC) + off  # type: ignore[misc]
            told = await place.door.tell(case, saying.name, saying.by, {}, saying.key)
            danger = await place.door.tell(case, "immediate_action", saying.by, {}, "danger")
            same(found, "what was said", code, told.receipt.code if told.receipt else "kept")
            same(found, "the call for help", Code.ACCEPTED, danger.receipt.code if danger.receipt else "kept")
            same(found, "the stage", "practitioners", cases.case_facts(place.records, case).stage)
            await place.until(lambda case=case: bool(cases.immediate_actions(place.records, case)))
            place.now = lambda: datetime.now(UTC)
            again = await place.door.tell(case, saying.name, saying.by, data_of(saying, at(begins, 1)), saying.key)
            same(found, "what was said again", Code.ACCEPTED, again.receipt.code if again.receipt else "kept")
            await place.until_recorded(case, saying.key)
            now = {one.clock: one.due_time.due for one in place.door.case(case).view.clocks}
            same(found, "the dates", dates, {name: now[name] for name in dates})
            line = [one.entry for one in place.door.case(case).timeline if one.entry.what == "immediate_action"]
            found.wrong += [
                f"{one.what} is dated {one.happened_at}" for one in line if one.happened_at > datetime.now(UTC)
            ]
    return found
