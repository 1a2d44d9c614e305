"""Row 5: more signals wait than a new run can begin with, and the worker dies as they are set aside or taken back.

Seen to fail: with a batch that is written again though its number was written already (`records.set_aside.set_aside`)
“signals set aside” doubled eight of them.
"""

import asyncio
import time
from collections import Counter
from contextlib import suppress

from sqlalchemy import func, select

from faults.found import Found, together
from faults.ground import Ground, NeverAtRest
from faults.tales import GWENT
from faults.worker import ASIDE, FEW
from faults.yard import Yard
from records.database import reading
from records.models import Entry, WaitingSignal

PROMISE = "each is judged once and in its order, and nothing of it stays where it was set aside"
MANY, A_RUN = 40, 7
TIMES = {"signals taken back": 3, "record of what was set aside": 12}
"""At which passing the worker dies, where that is not the second."""

SHORT = ("signals set aside",)
KILLED = -9
LONGEST = 180
"""Seconds after which what is not judged counts as lost."""


async def set_aside(yard: Yard, *, short: bool) -> list[Found]:
    """No worker is there while many signals come; then one dies at each point, and another takes over."""
    points, kinds = (SHORT, ("",)) if short else (tuple(ASIDE), ("sqlite", "postgresql"))
    runs = await asyncio.gather(*(_at_point(yard, point, kind, short) for point in points for kind in kinds))
    return [together("worker killed while many signals wait, at each point", PROMISE, runs)]


async def _at_point(yard: Yard, point: str, kind: str, hasty: bool) -> Found:
    found, keys = Found(point, PROMISE, runs=1), [f"w{number}" for number in range(MANY)]
    async with yard.ground(kind) as place:
        place.options[FEW] = "1"
        place.signals_a_run = A_RUN
        place.door = place.new_door()
        case, _ = await place.raise_case(GWENT)
        handle = place.client.get_workflow_handle(case)
        for key in keys:
            await handle.signal("report_accepted", {"id": key, "by": "practitioner", "agency": "ABUHB", "record": "r"})
        doomed = await place.start_worker(f"{point}:{TIMES.get(point, 2)}", hasty)
        await place.until_dead(doomed)
        killed = time.monotonic()
        await place.start_worker(hasty=hasty)
        with suppress(NeverAtRest):
            await place.until(lambda: keys[-1] in _recorded(place, case), LONGEST)
        found.seconds.append(time.monotonic() - killed)
        await place.until_settled(lambda: len(_recorded(place, case)))
        recorded = _recorded(place, case)
        stays = _stays(place)
        await handle.terminate("it has shown what it was for")
    if doomed.process is None or doomed.process.returncode != KILLED:
        found.wrong.append("the worker did not die there")
    found.lost += [f"{point}: {key}" for key in keys if key not in recorded]
    found.doubled += [f"{point}: {key}" for key, times in Counter(recorded).items() if times > 1]
    if list(dict.fromkeys(recorded)) != keys:
        found.wrong.append("they were judged in another order")
    if stays:
        found.wrong.append(f"{stays} stay set aside")
    return found


def _recorded(place: Ground, case: str) -> list[str]:
    with reading(place.records) as session:
        ids = select(Entry.signal_id).where(Entry.stream == case, Entry.signal_id != "").order_by(Entry.number)
        return list(session.scalars(ids))


def _stays(place: Ground) -> int:
    with reading(place.records) as session:
        rows = select(func.count()).where((WaitingSignal.body.is_not(None)) | WaitingSignal.judged_at.is_(None))
        return session.scalar(rows) or 0
