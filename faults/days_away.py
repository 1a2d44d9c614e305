"""Rows 2, 3 and 4, as long as they are to last: 72 hours without mail, 6 without the records, 3 days without Temporal.

The days are those of the time-skipping server (`faults.days`); the databases and the mail server are real. That server
cannot be killed and started again on a file, and the real one cannot be shown other days: for the three days of
Temporal the line to it is cut, for the worker and for every door, and its wall clock is stepped, signal by signal.
To a case this is the same: its moments pass, and nobody hears of them until it is back.

Seen to fail: with a relay that delivers the newest first (`starter.delivery.Delivery.relay`) and `overdue` left out
where it is learned of 2 seconds late (`workflows.timekeeping._fell_late`) the three days lost the notices of the limit,
and what was said was judged in another order.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import select

from faults.days import BEGINS, ENDS, Days, days, moment
from faults.found import Found, together
from faults.ledger import OF_THE_HOUR, Account, account
from faults.stores import KINDS, mortal_postgres
from faults.yard import Yard
from records.database import reading
from records.models import Clock, Entry, Notice

PROMISE = "nothing lost, nothing doubled; what fell due is told once, as soon as it can be, and no date moves"
IN_FLIGHT = 1
"""So many mails may be on their way as the records go."""


class Outage(NamedTuple):
    """What is away, from when until when; what takes it away, and what brings it back.

    Attributes:
        excused: how many mails may come twice, since their sending could not be noted.
        heard: whether Temporal hears the worker meanwhile.
    """

    name: str
    since: datetime
    until: datetime
    takes: Callable[[Days], Awaitable[None]]
    brings: Callable[[Days], Awaitable[None]]
    excused: int = 0
    heard: bool = True


class Spoken(NamedTuple):
    """What came of the days.

    Attributes:
        account: without reminders and chasers, and in no order: after an outage a limit may be told of before what
            was said shortly before it ended.
        order: what was said, as it was judged.
        of_the_hour: reminders and chasers with their moments.
        dates, early: of each clock; what was told before its time.
    """

    account: Account
    order: tuple[str, ...]
    of_the_hour: frozenset[str]
    dates: frozenset[tuple[str, datetime | None, str, bool]]
    early: tuple[str, ...]


def _spoken(made: Days) -> Spoken:
    whole = account(made.records, made.office, made.case)
    lines = tuple(sorted(line for line in whole.lines if not {*OF_THE_HOUR} & {*line.split()}))
    with reading(made.records) as session:
        notices = session.scalars(select(Notice).where(Notice.reference == made.case)).all()
        said = session.scalars(select(Entry.signal_id).where(Entry.stream == made.case).order_by(Entry.number)).all()
        clocks = session.scalars(select(Clock).where(Clock.reference == made.case)).all()
    told = frozenset(f"{one.notice} {one.occasion} {one.role}" for one in notices if one.notice in OF_THE_HOUR)
    dates = frozenset((one.key, one.due, one.state, one.late) for one in clocks)
    early = tuple(one.role for one in notices if one.notice == "overdue" and one.due and one.at < one.due)
    return Spoken(whole._replace(lines=lines), tuple(filter(None, said)), told, dates, early)


async def undisturbed(url: str) -> Spoken:
    """The same days with nothing going wrong."""
    async with days(url) as made:
        await made.live_until(ENDS, BEGINS)
        return await asyncio.to_thread(_spoken, made)


async def through(url: str, outage: Outage, expected: Spoken) -> Found:
    """The same days with something away."""
    found = Found(outage.name, PROMISE, runs=1, excused=outage.excused)
    async with days(url, outage.heard) as made:
        await made.live_until(outage.since, BEGINS)
        await outage.takes(made)
        await made.live_until(outage.until, outage.since, whole=False, heard=outage.heard)
        await outage.brings(made)
        back = time.monotonic()
        await made.recover()
        found.seconds.append(time.monotonic() - back)
        await made.live_until(ENDS, await made.now())
        spoken = await asyncio.to_thread(_spoken, made)
    found.hold_against(expected.account, spoken.account)
    found.lost += [one for one in expected.of_the_hour - spoken.of_the_hour if not _swallowed(one, outage)]
    found.doubled += spoken.of_the_hour - expected.of_the_hour
    found.wrong += [f"overdue came early for {role}" for role in spoken.early]
    if spoken.order != expected.order:
        found.wrong.append(f"judged in the order {spoken.order}")
    if spoken.dates != expected.dates:
        found.wrong.append(f"dates moved: {sorted(expected.dates ^ spoken.dates, key=str)}")
    return found


def _swallowed(one: str, outage: Outage) -> bool:
    """Whether a reminder or chaser fell into the outage: then it is not made up for, its limit being past by now."""
    at = datetime.fromisoformat(one.split()[1].partition("/")[0].rpartition("@")[2])
    return outage.since <= at <= outage.until


# --- what is away


async def mail_goes(made: Days) -> None:
    made.office.go()


async def mail_comes(made: Days) -> None:
    await made.office.come()


async def line_is_cut(made: Days) -> None:
    made.line.cut()


async def line_is_mended(made: Days) -> None:
    await made.line.mend()


async def folder_goes(made: Days) -> None:
    """As where a network drive goes: open connections break, and there is nothing at the path."""
    folder = _folder(made)
    await asyncio.to_thread(folder.rename, folder.with_suffix(".away"))
    made.records.dispose()


async def folder_comes(made: Days) -> None:
    folder = _folder(made)
    await asyncio.to_thread(folder.with_suffix(".away").rename, folder)


def _folder(made: Days) -> Path:
    return Path(made.records.url.database or "").parent


MAIL = Outage("mail server away for 72 hours", moment(5, 9), moment(8, 9), mail_goes, mail_comes)
TEMPORAL = Outage(
    "cut off from Temporal for three days", moment(6, 5), moment(9, 12), line_is_cut, line_is_mended, heard=False
)
SQLITE = Outage(
    "SQLite out of reach for six hours", moment(6, 5), moment(6, 11), folder_goes, folder_comes, excused=IN_FLIGHT
)


@contextmanager
def postgresql_of_its_own() -> Iterator[tuple[str, Outage]]:
    """A database on a server that is killed, and the outage of it."""
    with mortal_postgres() as server:

        async def goes(_: Days) -> None:
            await asyncio.to_thread(server.kill)

        async def comes(_: Days) -> None:
            await asyncio.to_thread(server.serve)

        name = "PostgreSQL gone for six hours"
        yield server.url(server.new()), Outage(name, moment(6, 5), moment(6, 11), goes, comes, excused=IN_FLIGHT)


# --- the rows


async def for_days(yard: Yard, *, short: bool) -> list[Found]:
    """Each outage; not in short on both databases. In short none of 72 hours, for which a mail is tried 2,000 times."""
    expected = await undisturbed(yard.stores.new("sqlite"))
    rows = [_of_records(yard, expected), _on(yard, TEMPORAL, ("sqlite",) if short else KINDS, expected)]
    rows += [] if short else [_on(yard, MAIL, KINDS, expected), _of_sqlite(yard, expected)]
    return list(await asyncio.gather(*rows))


async def _on(yard: Yard, outage: Outage, kinds: tuple[str, ...], expected: Spoken) -> Found:
    runs = [await through(yard.stores.new(kind), outage, expected) for kind in kinds]
    return together(outage.name, PROMISE, runs)


async def _of_sqlite(yard: Yard, expected: Spoken) -> Found:
    return together(SQLITE.name, PROMISE, [await through(yard.stores.new_folder(), SQLITE, expected)])


async def _of_records(yard: Yard, expected: Spoken) -> Found:
    with postgresql_of_its_own() as (url, outage):
        return together(outage.name, PROMISE, [await through(url, outage, expected)])
