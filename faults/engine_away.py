"""Row 2: Temporal is killed in the middle of signals and across a due time, and started again on its file.

An outage of days differs from one of seconds by how many moments fall into it: that is `faults.days_away`.

Seen to fail: with a relay that delivers nothing (`starter.delivery.Delivery.relay`) cases told during an outage of 8
seconds never came to rest; with `overdue` left out where it is learned of 2 seconds late
(`workflows.timekeeping._fell_late`) the limit that ended meanwhile was never spoken of.
"""

import asyncio
import random
import time
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from faults.engine import TemporalServer, temporal_server
from faults.found import Found, together
from faults.ground import Ground, ground
from faults.tales import APART, GWENT, TALES, Tale
from faults.yard import Yard
from records.database import reading
from records.models import Clock, Notice

PROMISE = "every signal that a door took is judged once, in its order, and what it sets off goes out once"
ACROSS = "what fell due meanwhile is said at once, once, and no date moves"
LIMIT = timedelta(hours=48)
HELD = 6
"""The saying that the limit of 48 hours is counted from: the meeting that resolved nothing."""

AHEAD = (timedelta(seconds=20), timedelta(seconds=60), timedelta(seconds=180))
"""So long before the limit ends the case is raised; where it takes longer to come to the moment, earlier."""

AWAY_SECONDS, TOO_LONG_SECONDS = 4, 8
"""A door tries for 5 seconds; every other outage is longer, so that signals are kept and the relay delivers them."""


class TooSlow(Exception):
    """It took too long to come to the moment: nothing is shown."""


async def in_the_middle_of_signals(yard: Yard, *, short: bool) -> list[Found]:
    """Temporal dies again and again while cases of both protocols are told things."""
    kinds = ("sqlite",) if short else ("sqlite", "postgresql")
    runs = [await _again_and_again(yard, kind, 2 if short else 10, random.randrange(2**32)) for kind in kinds]
    return [together("Temporal killed in the middle of signals", PROMISE, runs)]


async def _again_and_again(yard: Yard, kind: str, kills: int, seed: int) -> Found:
    found, chance = Found(kind, PROMISE, note=f"seed {seed}"), random.Random(seed)
    async with temporal_server("default") as server, ground(server, "default", yard.stores.new(kind)) as place:
        await place.start_worker()
        over = asyncio.Event()
        playing = [asyncio.create_task(_keep_playing(place, tale, over)) for tale in TALES]
        try:
            for number in range(kills):
                await asyncio.sleep(chance.uniform(0.5, 4))
                await _gone_for(server, TOO_LONG_SECONDS if number % 2 else chance.uniform(0, AWAY_SECONDS))
                found.runs += 1
            back = time.monotonic()
            over.set()
            played = [case for cases in await asyncio.gather(*playing) for case in cases]
        finally:
            for task in playing:
                task.cancel()
        for tale, case in played:
            await place.rest(case)
            found.hold_against(yard.undisturbed[tale.protocol], await place.account(case))
        found.seconds.append(time.monotonic() - back)
    return found


async def _keep_playing(place: Ground, tale: Tale, over: asyncio.Event) -> list[tuple[Tale, str]]:
    played = []
    while not over.is_set():
        case, begins = await place.raise_case(tale)
        await place.play(tale, case, begins)
        played.append((tale, case))
    return played


async def _gone_for(server: TemporalServer, seconds: float) -> None:
    await server.kill()
    await asyncio.sleep(seconds)
    await server.start()


async def across_a_due_time(yard: Yard, *, short: bool) -> list[Found]:
    """A limit of 48 hours ends while Temporal is gone; another case meets the same moment undisturbed."""
    kinds = ("",) if short else ("sqlite", "postgresql")
    runs = [await _due_while_away(yard, kind) for kind in kinds]
    return [together("Temporal away as a limit ends", ACROSS, runs)]


async def _due_while_away(yard: Yard, kind: str) -> Found:
    """On a slow machine the moment is over before the case has come to it: then with more time."""
    for ahead in AHEAD:
        with suppress(TooSlow):
            return await _due_in(yard, kind, ahead)
    return Found(kind, ACROSS)


async def _due_in(yard: Yard, kind: str, ahead: timedelta) -> Found:
    found = Found(kind, ACROSS, runs=1)
    due = datetime.now(UTC).replace(microsecond=0) + ahead
    begins = due - LIMIT - HELD * APART
    async with AsyncExitStack() as ending:
        server = await ending.enter_async_context(temporal_server("default"))
        calm = await ending.enter_async_context(yard.ground(kind))
        place = await ending.enter_async_context(ground(server, "default", yard.stores.new(kind or "sqlite")))
        cases = {one: await _until_the_meeting_is_held(one, begins) for one in (calm, place)}
        await server.kill()
        if datetime.now(UTC) >= due:
            raise TooSlow
        await asyncio.sleep(max(0.0, (due - datetime.now(UTC)).total_seconds()) + 2)
        found.wrong += [f"{one.notice} was sent early" for one in _of_the_limit(place)]
        back = time.monotonic()
        await server.start()
        await place.until(lambda: _of_the_limit(place))
        found.seconds.append(time.monotonic() - back)
        for one, case in cases.items():
            await one.play(GWENT, case, begins, only=slice(HELD, None))
            await one.rest(case)
        expected = await calm.account(cases[calm])
        found.hold_against(expected, await place.account(cases[place]))
        if _dates(calm) != _dates(place):
            found.wrong.append(f"dates moved: {_dates(calm)} became {_dates(place)}")
        if len(_of_the_limit(place)) != 2:
            found.wrong.append("not both roles were told that the limit has ended")
    return found


async def _until_the_meeting_is_held(place: Ground, begins: datetime) -> str:
    await place.start_worker()
    case, _ = await place.raise_case(GWENT, begins)
    await place.play(GWENT, case, begins, patient=True, only=slice(HELD))
    return case


def _of_the_limit(place: Ground) -> list[Notice]:
    with reading(place.records) as session:
        return list(session.scalars(select(Notice).where(Notice.notice == "overdue")))


def _dates(place: Ground) -> list[tuple[str, datetime | None, str, bool]]:
    with reading(place.records) as session:
        return [(one.key, one.due, one.state, one.late) for one in session.scalars(select(Clock).order_by(Clock.key))]
