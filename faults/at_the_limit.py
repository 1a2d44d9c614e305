"""Row 8: a limit ends in the same second as what meets it is said.

What is said in time counts as in time, whichever came first to the case: a signal that waits as the limit ends is
judged first, and then nobody is told that anything is overdue. Where the limit was seen to end first, both roles are
told, once.

Seen to fail: with what is due done before what waits is judged (`workflows.disagreement.hear`) each was called overdue.
"""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import select

from faults.copies import copies
from faults.engine_away import AHEAD, HELD, LIMIT, TooSlow
from faults.found import Found, together
from faults.ground import Ground
from faults.stores import KINDS
from faults.tales import APART, GWENT, data_of
from faults.yard import Yard
from records.database import reading
from records.models import Clock, Entry

PROMISE = "in time is in time, whichever came first; overdue is told once to both roles, or to nobody"
CLOCK = "inform_service_manager"
REQUESTED = GWENT.sayings[HELD + 1]
"""The request for a review, which meets the limit of 48 hours."""

SECOND = timedelta(seconds=1)
ROLES = ["chair", "service_manager"]


class Answer(NamedTuple):
    """A request for a review that is made about the due time.

    Attributes:
        name: in words.
        at, told: when it is said to have been made, and when a door takes it, from the due time on.
        works: whether a worker works meanwhile; else one starts afterwards.
    """

    name: str
    at: timedelta
    told: timedelta
    works: bool

    @property
    def late(self) -> bool:
        """In time is at or before the due time."""
        return self.at > timedelta(0)


KEPT = (
    Answer("a second before, and no worker", -SECOND, -3 * SECOND, works=False),
    Answer("in that second, and no worker", 0 * SECOND, -2 * SECOND, works=False),
    Answer("a second late, and no worker", SECOND, SECOND, works=False),
)
HEARD = (
    Answer("a second before", -SECOND, -SECOND / 2, works=True),
    Answer("in that second", 0 * SECOND, 0 * SECOND, works=True),
    Answer("in that second, told after it", 0 * SECOND, SECOND / 4, works=True),
    Answer("a second late", SECOND, SECOND, works=True),
)


async def met_as_it_ends(yard: Yard, *, short: bool) -> list[Found]:
    """In short without a worker, on one database; else so often that either comes first."""
    tried = [("", KEPT)] if short else [(kind, answers) for kind in KINDS for answers in (KEPT, HEARD)]
    runs = [await _with_enough_time(yard, kind, answers, 1 if short else 10) for kind, answers in tried]
    return [together("at once: a limit ends", PROMISE, runs)]


async def _with_enough_time(yard: Yard, kind: str, answers: tuple[Answer, ...], times: int) -> Found:
    for ahead in AHEAD:
        with suppress(TooSlow):
            return await _about_the_moment(yard, kind, answers, times, ahead)
    return Found(kind, PROMISE)


async def _about_the_moment(yard: Yard, kind: str, answers: tuple[Answer, ...], times: int, ahead: timedelta) -> Found:
    found, works = Found(kind, PROMISE), answers[0].works
    due = datetime.now(UTC).replace(microsecond=0) + ahead
    begins = due - LIMIT - HELD * APART
    async with yard.ground(kind) as place:
        await place.start_worker()
        first, _ = await place.raise_case(GWENT, begins)
        await place.play(GWENT, first, begins, patient=True, only=slice(HELD + 1))
        await place.until_recorded(first)
        told = list(zip(await copies(place, first, len(answers) * times), answers * times, strict=True))
        if not works:
            await place.kill_workers()
        if datetime.now(UTC) > due - 4 * SECOND:
            raise TooSlow
        await asyncio.gather(*(_say(place, case, due, answer) for case, answer in told))
        await asyncio.sleep(max(0.0, (due + 2 * SECOND - datetime.now(UTC)).total_seconds()))
        if not works:
            await place.start_worker()
        for case, answer in told:
            await place.until_recorded(case, REQUESTED.key)
            _hold(found, place, case, answer, due)
        early = [mail for mail in place.office.accepted if mail.notice == "overdue" and mail.at < due.timestamp()]
        found.wrong += [f"{mail.case}: told before its time" for mail in early]
    return found


async def _say(place: Ground, case: str, due: datetime, answer: Answer) -> None:
    await asyncio.sleep((due + answer.told - datetime.now(UTC)).total_seconds())
    await place.door.tell(case, REQUESTED.name, REQUESTED.by, data_of(REQUESTED, due + answer.at), REQUESTED.key)


def _hold(found: Found, place: Ground, case: str, answer: Answer, due: datetime) -> None:
    found.runs += 1
    with reading(place.records) as session:
        entries = session.scalars(select(Entry).where(Entry.stream == case).order_by(Entry.number)).all()
        clock = session.scalars(select(Clock).where(Clock.reference == case, Clock.clock == CLOCK)).one()
    whats = [one.what for one in entries if one.what in ("overdue", REQUESTED.name)]
    mailed = sorted(mail.roles for mail in place.office.accepted if mail.case == case and mail.notice == "overdue")
    if [one.code for one in entries if one.what == REQUESTED.name] != ["accepted"]:
        found.lost.append(f"{answer.name}: {whats}")
    if whats.count("overdue") > 1 or whats[-1] == "overdue":
        found.wrong.append(f"{answer.name}: {whats}")
    if mailed != (ROLES if "overdue" in whats else []):
        found.wrong.append(f"{answer.name}: {whats}, and mailed to {mailed}")
    if "overdue" in whats and not answer.works:
        found.wrong.append(f"{answer.name}: what waited was not judged first")
    met = (clock.due, clock.state, clock.met_at, clock.late)
    if met != (due, "met", due + answer.at, answer.late):
        found.wrong.append(f"{answer.name}: {met}")
