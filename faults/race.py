"""Row 5: what a door kept while Temporal was away races with what is said directly.

Seen to fail: with a copy of what was refused judged anew (`workflows.hearing.Hearing.take`) a refusal was doubled; with
a door that delivers what it took and not what is kept before it (`starter.delivery.Delivery.deliver`) the second thing
that one door took stood before the first.
"""

import asyncio
import time
from collections import Counter
from contextlib import suppress

from sqlalchemy import select
from temporalio.service import RPCError

from faults.engine import TemporalServer, temporal_server
from faults.found import Found, together
from faults.ground import Ground, ground
from faults.tales import GWENT, TEXT, at
from faults.yard import Yard
from records.database import reading
from records.models import Entry, Notice, Submission
from starter.told import Told

PROMISE = "each counts once, with one verdict, and what one door took in the order in which it took it"
AWAY_SECONDS = 1
ROUNDS = 10
PRACTITIONER = GWENT.sayings[0].by
LINE_MANAGER = GWENT.sayings[2].by
KEPT = ("kept-refused", "kept", "kept-too")
"""What is said while Temporal is away: a report that nobody waits for yet, and two things that count."""


async def kept_and_direct(yard: Yard, *, short: bool) -> list[Found]:
    """A door keeps what it is told; then the relay, two doors and a raw signal race to the case."""
    kinds = ("sqlite",) if short else ("sqlite", "postgresql")
    runs = [await _races(yard, kind, 1 if short else ROUNDS) for kind in kinds]
    return [together("a kept submission and a direct one race", PROMISE, runs)]


async def _races(yard: Yard, kind: str, rounds: int) -> Found:
    found = Found(kind, PROMISE)
    async with temporal_server("default") as server, ground(server, "default", yard.stores.new(kind)) as place:
        await place.start_worker()
        for _ in range(rounds):
            await _race(place, server, found)
    return found


async def _race(place: Ground, server: TemporalServer, found: Found) -> None:
    case, begins = await place.raise_case(GWENT)
    await place.play(GWENT, case, begins, only=slice(0))
    stage, doors = {"stage": "practitioners"}, [place.door, place.new_door()]
    moment = {"at": at(begins, 1).isoformat()}

    async def tell(door: int, name: str, key: str) -> Told:
        return await doors[door].tell(case, name, PRACTITIONER, moment | stage | TEXT, key)

    await server.kill()
    for name, key in zip(("report_accepted", "not_resolved", "discussion_recorded"), KEPT, strict=True):
        await tell(0, name, key)
    await asyncio.sleep(AWAY_SECONDS)
    await server.start()
    back = time.monotonic()
    told = await asyncio.gather(
        tell(0, "discussion_recorded", "after"),
        tell(1, "report_accepted", "kept-refused"),
        tell(1, "discussion_recorded", "of-another-door"),
        _raw(place, case, "raw"),
    )
    expected = {"kept-refused", "kept", "kept-too", "after", "of-another-door", "raw"}
    await place.until(lambda: expected <= set(_lines(place, case)) and not _undelivered(place, case))
    found.seconds.append(time.monotonic() - back)
    await place.until_settled(lambda: len(_lines(place, case)), 2)  # what comes twice comes by then
    found.runs += 1
    _judge(place, case, found, [one for one in told if one is not None])
    await place.client.get_workflow_handle(case).terminate("it has shown what it was for")


async def _raw(place: Ground, case: str, key: str) -> None:
    """Past all doors, again and again until the engine takes it."""
    said = {"id": key, "by": "practitioner", "agency": "ABUHB", "record": "r"}
    while True:
        with suppress(RPCError):
            return await place.client.get_workflow_handle(case).signal("discussion_recorded", said)
        await asyncio.sleep(0.05)


def _judge(place: Ground, case: str, found: Found, told: list[Told]) -> None:
    lines = _lines(place, case)
    found.doubled += [f"{key} stands {times} times" for key, times in Counter(lines).items() if times > 1]
    first = [key for key in dict.fromkeys(lines) if key in (*KEPT, "after")]
    if first != [*KEPT, "after"]:
        found.wrong.append(f"one door took {[*KEPT, 'after']}, the case heard {first}")
    with reading(place.records) as session:
        mine = session.scalars(select(Submission).where(Submission.case == case)).all()
        entries = session.execute(select(Entry.signal_id, Entry.code).where(Entry.stream == case)).all()
        mailed = session.scalars(select(Notice.id).where(Notice.case == case, Notice.notice == "not-accepted")).all()
    verdicts = {key: code for key, code in entries if key}
    for one in mine:
        if one.code != verdicts.get(one.signal_id):
            found.wrong.append(f"{one.signal_id} was answered {one.code}, and recorded {verdicts.get(one.signal_id)}")
    for answer in told:
        if answer.receipt and answer.receipt.code != verdicts.get(answer.signal_id):
            found.wrong.append(f"a door answered {answer.signal_id} with {answer.receipt.code}")
    if len(mailed) > 1:
        found.doubled.append(f"{len(mailed)} mails about one refusal")


def _lines(place: Ground, case: str) -> list[str]:
    with reading(place.records) as session:
        ids = select(Entry.signal_id).where(Entry.stream == case, Entry.signal_id != "").order_by(Entry.number)
        return list(session.scalars(ids))


def _undelivered(place: Ground, case: str) -> int:
    with reading(place.records) as session:
        rows = select(Submission.id).where(Submission.case == case, Submission.delivered.is_(False))
        return len(session.scalars(rows).all())
