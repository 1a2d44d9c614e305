"""Row 1: the worker is killed, at each point that a signal passes, and at random moments over many running cases.

Seen to fail: with a step written again where its number was written already (`>=` for `>` in `records.writing.apply`)
“record written” doubled two entries; with `outbox.sent` called before the mail is handed over (`activities.posting`)
“mail noted” lost a mail; with an identity that changes with each attempt (`records.outbox._fix`) “mail handed over”
doubled one.
"""

import asyncio
import random
import time
from collections.abc import Sequence

from faults.found import Found, together
from faults.ground import Ground, kill
from faults.tales import CWM_TAF_MORGANNWG, GWENT, TALES, Tale
from faults.worker import POINTS
from faults.yard import Yard
from starter.parts import Part

PROMISE = "nothing lost, nothing doubled; a mail twice only after acceptance, with the same Message-ID"
KILLED = -9
TIMES = {
    "signal seen": 2,
    "signal judged": 3,
    "step about to be recorded": 3,
    "in mid-transaction": 3,
    "record written": 4,
    "mail leased": 3,
    "mail handed over": 3,
    "mail noted": 3,
    "continue-as-new": 1,
    "first act of a new run": 2,
    "last act of a case": 1,
    "end": 1,
}
"""At which passing the worker dies: in the middle of the case."""

TWICE = "mail handed over"
"""The one point after which a mail is accepted a second time."""

SHORT = ("in mid-transaction", "mail handed over", "continue-as-new")
AT_ONCE = 6
LONGEST_PAUSE_SECONDS = 1.5
PLAYERS, WORKERS = 4, 2


async def at_each_point(yard: Yard, short: bool) -> list[Found]:
    """A worker dies at each point, under each protocol; in short at some, under one."""
    tales: Sequence[Tale] = (CWM_TAF_MORGANNWG,) if short else (GWENT, CWM_TAF_MORGANNWG)
    points = SHORT if short else tuple(POINTS)
    places = asyncio.Semaphore(AT_ONCE)

    async def one(point: str, tale: Tale) -> Found:
        async with places:
            return await at_point(yard, point, tale, hasty=short)

    runs = await asyncio.gather(*(one(point, tale) for point in points for tale in tales))
    return [together(f"worker killed: {point}", PROMISE, (r for r in runs if r.fault == point)) for point in points]


async def at_point(yard: Yard, point: str, tale: Tale, hasty: bool = True) -> Found:
    """A worker dies at one point of one case; another one takes over."""
    found = Found(point, PROMISE, runs=1, excused=1 if point == TWICE else 0)
    async with yard.ground() as place:
        doomed = await place.start_worker(f"{point}:{TIMES[point]}", hasty)
        case, begins = await place.raise_case(tale)
        playing = asyncio.create_task(place.play(tale, case, begins, patient=True))
        try:
            await place.until_dead(doomed)
            killed = time.monotonic()
            await place.start_worker(hasty=hasty)
            said = await playing
        finally:
            playing.cancel()
        await place.rest(case)
        rested = time.monotonic()
        found.hold_against(yard.undisturbed[tale.protocol], await place.account(case))
    recovered = next((one.recorded_at for one in said if one.recorded_at > killed), rested)
    found.seconds.append(recovered - killed)
    if doomed.process is None or doomed.process.returncode != KILLED:
        found.wrong.append("the worker did not die there")
    if point == TWICE and not found.twins:
        found.wrong.append("the mail did not come twice: the worker died elsewhere")
    return found


async def at_random_moments(yard: Yard, short: bool, kills: int = 0, seed: int | None = None) -> list[Found]:
    """Workers die at random while cases of both protocols are told things; half of the kills on each database."""
    seed = random.randrange(2**32) if seed is None else seed
    kills = kills or (4 if short else 200)
    shares = (("sqlite", kills - kills // 2), ("postgresql", kills // 2))
    rows = await asyncio.gather(*(_under_fire(yard, kind, n, random.Random(f"{seed} {kind}")) for kind, n in shares))
    row = together(f"worker killed at {kills} random moments", PROMISE, rows)
    row.note = f"seed {seed}; {row.note}"
    return [row]


async def _under_fire(yard: Yard, kind: str, kills: int, chance: random.Random) -> Found:
    found = Found(kind, PROMISE, excused=kills)
    async with yard.ground(kind) as place:
        workers = [await place.start_worker() for _ in range(WORKERS)]
        over = asyncio.Event()
        playing = [asyncio.create_task(_keep_playing(place, tale, over)) for tale in TALES for _ in range(PLAYERS // 2)]
        try:
            for _ in range(kills):
                await asyncio.sleep(chance.uniform(0, LONGEST_PAUSE_SECONDS))
                await _replace(place, workers, chance.randrange(WORKERS))
                found.runs += 1
            killed = time.monotonic()
            over.set()
            played = [case for cases in await asyncio.gather(*playing) for case in cases]
        finally:
            for task in playing:
                task.cancel()
        for tale, case in played:
            await place.rest(case)
            found.hold_against(yard.undisturbed[tale.protocol], await place.account(case))
        found.seconds.append(time.monotonic() - killed)
        found.note = f"{len(played)} cases on {kind}"
    return found


async def _replace(place: Ground, workers: list[Part], number: int) -> None:
    await kill(workers[number])
    workers[number] = await place.start_worker()


async def _keep_playing(place: Ground, tale: Tale, over: asyncio.Event) -> list[tuple[Tale, str]]:
    """One case after another until it is over; the last is played to its end."""
    played = []
    while not over.is_set():
        case, begins = await place.raise_case(tale)
        await place.play(tale, case, begins)
        played.append((tale, case))
    return played
