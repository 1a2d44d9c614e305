"""Row 6: very many limits end in the same second; each is spoken of once, and none before its time.

One case is led to the limit of 48 hours. The others begin where its records stand, as a case does that is opened again
or goes on in a new run: so each costs what a due time costs, and not the way there. Half of them are on SQLite, half on
PostgreSQL, all on one engine, and all limits end at the same moment.

Seen to fail: with an alarm that rings four seconds early, and what is due within five done then (`workflows.alarm`,
`workflows.timekeeping`), every entry stood before its time; with `overdue` for the accountable role alone
(`workflows.timekeeping._fell_late`) every second mail was lost.
"""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from faults.copies import copies
from faults.engine_away import AHEAD, HELD, LIMIT, TooSlow
from faults.found import Found, together
from faults.ground import Ground
from faults.stores import KINDS
from faults.tales import APART, GWENT
from faults.yard import Yard
from records.database import reading
from records.models import Clock, Delivery, Entry, Notice
from records.streams import verify_chain

PROMISE = "each is recorded once and told once to each of its roles, and none before its moment"
CLOCK = "inform_service_manager"
ROLES = ("chair", "service_manager")
"""Who is accountable for the limit of 48 hours, and who oversees it."""

SHORT, LONG = 200, 10_000
WORKERS = {True: 1, False: 2}
PREPARATION_SECONDS = 0.06
"""So long it takes at most to prepare a case on a busy machine; where that was too short, more is given."""

TOLD_SECONDS = {True: 240, False: 5400}


async def ends_for_many(yard: Yard, *, short: bool, many: int = 0) -> list[Found]:
    """Very many cases wait for one moment, with nothing else to do."""
    many = many or (SHORT if short else LONG)
    fault = f"{many:,} limits end in the same second"
    for ahead in AHEAD:
        with suppress(TooSlow):
            due = datetime.now(UTC).replace(microsecond=0) + ahead + timedelta(seconds=int(many * PREPARATION_SECONDS))
            async with AsyncExitStack() as ending:
                places = [await ending.enter_async_context(yard.ground(kind)) for kind in KINDS]
                crowds = (_crowd(one, many // len(places), due, short) for one in places)
                runs = await asyncio.gather(*crowds, return_exceptions=True)
            for run in runs:
                if isinstance(run, BaseException):
                    raise run
            return [together(fault, PROMISE, [run for run in runs if isinstance(run, Found)])]
    return [Found(fault, PROMISE)]


async def _crowd(place: Ground, many: int, due: datetime, short: bool) -> Found:
    """So many cases on one database, up to the moment and beyond it.

    Raises:
        TooSlow: the moment came before all cases waited for it.
    """
    found = Found("", PROMISE, runs=many)
    for _ in range(WORKERS[short]):
        await place.start_worker(hasty=False)  # 100 at once each take their time
    try:
        references = await _all_waiting(place, many, due)
    except TimeoutError:
        if datetime.now(UTC) >= due:
            raise TooSlow from None
        raise
    already = len(place.office.accepted)
    if datetime.now(UTC) >= due:
        raise TooSlow
    await asyncio.sleep((due - datetime.now(UTC)).total_seconds())
    expected = len(references) * len(ROLES)
    with suppress(TimeoutError):
        async with asyncio.timeout(TOLD_SECONDS[short]):
            await place.until_settled(lambda: len(place.office.accepted), seconds=3)
            while _sent(place) < expected:
                await asyncio.sleep(0.5)
    found.seconds.append(max((one.at for one in place.office.accepted), default=0.0) - due.timestamp())
    _hold_mails(found, place, references, due, already)
    _hold_records(found, place, references, due)
    return found


async def _all_waiting(place: Ground, many: int, due: datetime) -> list[str]:
    """One case is led to the limit through its doors; the others begin where it stands."""
    begins = due - LIMIT - HELD * APART
    first, _ = await place.raise_case(GWENT, begins)
    await place.play(GWENT, first, begins, patient=True, only=slice(HELD))
    return [first, *await copies(place, first, many - 1)]


def _sent(place: Ground) -> int:
    with reading(place.records) as session:
        rows = select(func.count()).where(Notice.notice == "overdue", Notice.state == Delivery.SENT)
        return session.scalar(rows) or 0


# --- what came of it


def _hold_mails(found: Found, place: Ground, references: list[str], due: datetime, already: int) -> None:
    """Each role of each case got one mail, once the moment had come."""
    mails = place.office.accepted[already:]
    got = Counter((mail.case, mail.roles) for mail in mails if mail.notice == "overdue")
    _hold(found, "mail", got, {(case, role) for case in references for role in ROLES})
    found.wrong += [f"{mail.case}: {mail.notice} was mailed" for mail in mails if mail.notice != "overdue"]
    found.wrong += [f"{mail.case} was told before its time" for mail in mails if mail.at < due.timestamp()]
    found.twins += sum(Counter(mail.message_id for mail in mails).values()) - len({mail.message_id for mail in mails})


def _hold_records(found: Found, place: Ground, references: list[str], due: datetime) -> None:
    """Each case says once, and when, that its limit has ended; its date has not moved."""
    with reading(place.records) as session:
        entries = session.scalars(select(Entry).where(Entry.what == "overdue")).all()
        notices = session.execute(select(Notice.reference, Notice.role).where(Notice.notice == "overdue")).all()
        clocks = session.scalars(select(Clock).where(Clock.clock == CLOCK)).all()
        sent = session.execute(select(Notice.reference).where(Notice.state != Delivery.SENT)).all()
    _hold(found, "entry", Counter(one.reference for one in entries), set(references))
    _hold(found, "notice", Counter(map(tuple, notices)), {(case, role) for case in references for role in ROLES})
    for one in entries:
        if one.happened_at != due or one.recorded_at < due:
            found.wrong.append(f"{one.reference}: ended {one.happened_at}, recorded {one.recorded_at}, due {due}")
    found.wrong += [f"{one.reference}: due {one.due}" for one in clocks if one.due != due or not one.late]
    found.lost += [f"{reference}: a notice was not sent" for (reference,) in sent]
    found.wrong += [
        f"{breach.stream}: {breach.what}" for one in references if (breach := verify_chain(place.records, one))
    ]


def _hold(found: Found, what: str, got: Counter[Any], wanted: set[Any]) -> None:
    found.lost += [f"{what} {one}" for one in wanted - got.keys()]
    found.doubled += [f"{what} {one}" for one, times in got.items() if times > 1 or one not in wanted]
