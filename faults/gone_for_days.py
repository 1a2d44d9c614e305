"""Row 7: the worker is gone over a clock change, the reminders, a due time and three chasers, and comes back.

Time passes on the time-skipping server; the worker is a process that is killed and started again days later. The dates
below can be checked with a wall calendar: 1 April 2026 is the Wednesday before Easter, 29 October 2026 a Thursday, and
the clocks change on 29 March and on 25 October.

Seen to fail: with chasers of the past made up for (`workflows.timekeeping`) a chaser came beside `overdue`.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import select

from faults.engine import SkippingServer, skipping_server
from faults.found import Found, together
from faults.ground import Ground, ground
from faults.stores import KINDS
from faults.tales import CWM_TAF_MORGANNWG, GWENT, TEXT, Tale
from faults.worker import FORGETFUL
from faults.yard import Yard
from protocols.roles import Role
from protocols.working_days import LONDON
from records import outbox
from records.database import reading
from records.models import Clock, Entry
from records.streams import verify_chain
from starter.skipping import minute

PROMISE = "what fell due is said at once, once, with its own date; of chasers only those still to come"
SAID = "discussion_recorded"


def _wall(text: str) -> datetime:
    return datetime.strptime(text, "%d.%m.%Y %H:%M").replace(tzinfo=LONDON)


class Outage(NamedTuple):
    """When things happen, by the clock on the wall.

    Attributes:
        name: in words.
        begins: both cases are raised.
        gone, back: the worker.
        said: somebody tells both cases something while it is gone.
        target: Gwent's local target of two working days.
        due: the limit of five working days of both protocols.
        chaser: the first after it is back.
    """

    name: str
    begins: datetime
    gone: datetime
    said: datetime
    target: datetime
    due: datetime
    back: datetime
    chaser: datetime


SPRING = Outage(
    "in spring, over Easter",
    begins=_wall("25.03.2026 10:00"),  # a Wednesday; the target's one reminder is on Thursday at 09:00
    gone=_wall("26.03.2026 18:00"),
    target=_wall("27.03.2026 17:00"),
    said=_wall("30.03.2026 10:00"),  # reminders of the limit on this Monday, on Tuesday and on Wednesday
    due=_wall("01.04.2026 17:00"),
    back=_wall("08.04.2026 12:00"),  # chasers on Thursday the 2nd, Tuesday the 7th, Wednesday the 8th
    chaser=_wall("09.04.2026 09:00"),
)
AUTUMN = Outage(
    "in autumn",
    begins=_wall("22.10.2026 10:00"),  # a Thursday; the target's one reminder is on Friday at 09:00
    gone=_wall("23.10.2026 18:00"),
    target=_wall("26.10.2026 17:00"),
    said=_wall("26.10.2026 10:00"),  # reminders of the limit on Tuesday, Wednesday, Thursday
    due=_wall("29.10.2026 17:00"),
    back=_wall("03.11.2026 12:00"),  # chasers on Friday, Monday, and on this Tuesday
    chaser=_wall("04.11.2026 09:00"),
)


class Case(NamedTuple):
    """A case at its first stage, which nobody answers.

    Attributes:
        tale: its case file.
        by: who says something.
        clock: the limit of five working days.
        informed: the roles that hear of what is said.
        chased: the roles that hear of the limit.
        target: a local target that falls late meanwhile, if there is one.
    """

    tale: Tale
    by: Role
    clock: str
    informed: tuple[str, ...]
    chased: tuple[str, ...]
    target: str = ""


CASES = (
    Case(
        GWENT,
        Role(role="practitioner", agency="NEWPORT"),
        "contact_team_manager",
        ("safeguarding_lead/ABUHB", "safeguarding_lead/NEWPORT"),
        ("line_manager/ABUHB", "practitioner/ABUHB", "safeguarding_lead/ABUHB"),
        "practitioners_try",
    ),
    Case(
        CWM_TAF_MORGANNWG,
        Role(role="counterpart_manager", agency="RCT"),
        "stage_1",
        ("representative/CTMUHB", "representative/RCT"),
        ("manager/CTMUHB", "safeguarding_lead/CTMUHB"),
    ),
)


async def over_a_clock_change(yard: Yard, *, short: bool) -> list[Found]:
    """Both protocols at once; in short over one clock change, on one database."""
    tried = [(SPRING, "sqlite")] if short else [(outage, kind) for outage in (SPRING, AUTUMN) for kind in KINDS]
    return [
        together(f"worker gone over a clock change, {one.name}", PROMISE, [await _gone(yard, one, kind)])
        for one, kind in tried
    ]


async def _gone(yard: Yard, outage: Outage, kind: str) -> Found:
    found = Found(kind, PROMISE, note=kind)
    async with (
        skipping_server(outage.begins) as server,
        ground(server, "default", yard.stores.new(kind)) as place,
    ):
        place.now = lambda: server.time.moment
        place.options[FORGETFUL] = "1"
        await place.start_worker(hasty=False)
        cases = [(await place.raise_case(one.tale, outage.begins))[0] for one in CASES]
        await _come_to(place, server, outage.gone, cases)
        before = {case: await _seen(place, case) for case in cases}
        mailed = len(place.office.accepted)
        await place.kill_workers()
        await server.skip_with_no_worker(outage.said)
        said = {"at": outage.said.isoformat(), **TEXT}
        await asyncio.gather(
            *(place.door.tell(case, SAID, one.by, said, "said") for case, one in zip(cases, CASES, strict=True))
        )
        await server.skip_with_no_worker(outage.back)
        found.wrong += [f"{one.notice} was mailed with no worker" for one in place.office.accepted[mailed:]]
        await place.start_worker(hasty=False)
        for case in cases:
            await place.until_recorded(case, "said")
        await _come_to(place, server, outage.chaser + timedelta(hours=2), cases)
        for case, one in zip(cases, CASES, strict=True):
            found.runs += 1
            _hold(found, place, case, one, outage, len(before[case]))
    return found


async def _come_to(place: Ground, server: SkippingServer, moment: datetime, cases: list[str]) -> None:
    """Let time pass, and wait until all that fell due is recorded and mailed."""
    await place.until(lambda: all(place.count_of(case) for case in cases))
    await server.time.skip_to(moment)
    await place.until_settled(lambda: sum(place.count_of(case) for case in cases), seconds=2)
    await place.until(lambda: not any(outbox.waiting(place.records, case) for case in cases))


async def _seen(place: Ground, case: str) -> list[Any]:
    with reading(place.records) as session:
        return list(session.scalars(select(Entry).where(Entry.stream == case).order_by(Entry.number)))


def _hold(found: Found, place: Ground, case: str, one: Case, outage: Outage, already: int) -> None:
    """What stands in the records, and what was mailed, since the worker went."""
    with reading(place.records) as session:
        entries = session.scalars(select(Entry).where(Entry.stream == case).order_by(Entry.number)).all()[already:]
        clocks = session.scalars(select(Clock).where(Clock.reference == case)).all()
    late = [("late", outage.target, outage.back)] if one.target else []
    wanted = [
        (SAID, outage.said, outage.said),
        ("overdue", outage.due, outage.back),
        *late,
        ("chaser", outage.chaser, outage.chaser),
    ]
    had = [(line.what, minute(line.happened_at), minute(line.recorded_at)) for line in entries]
    same(found, f"{case}: entries", [(what, *map(minute, moments)) for what, *moments in wanted], had)
    dues = {one.clock: outage.due} | ({one.target: outage.target} if one.target else {})
    same(found, f"{case}: dates", dues, {clock.clock: clock.due for clock in clocks})
    told = {
        "informed": (outage.back, one.informed),
        "overdue": (outage.back, one.chased),
        "chaser": (outage.chaser, one.chased),
    }
    expected = [(notice, role, minute(at)) for notice, (at, roles) in told.items() for role in roles]
    mails = [mail for mail in place.office.accepted if mail.case == case and mail.date >= outage.gone]
    same(
        found, f"{case}: mails", expected, sorted(((m.notice, m.roles, minute(m.date)) for m in mails), key=_turn(told))
    )
    for role in {mail.roles for mail in mails}:
        order = [mail.notice for mail in mails if mail.roles == role]
        same(found, f"{case}: order of mails to {role}", [notice for notice in told if role in told[notice][1]], order)
    breach = verify_chain(place.records, case)
    found.wrong += [f"{breach.stream}: {breach.what}"] if breach else []


def _turn(told: dict[str, Any]) -> Callable[[Any], tuple[int, str]]:
    """Mails in the order in which they came about; within one occasion by role."""
    return lambda row: ([*told, row[0]].index(row[0]), row[1])


def same(found: Found, what: str, expected: Any, actual: Any) -> None:
    """Add that it is wrong, unless it is as it must be."""
    if expected != actual:
        found.wrong.append(f"{what}: {actual} instead of {expected}")
