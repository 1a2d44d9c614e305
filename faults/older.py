"""Row 11: one of the two is restored to an earlier moment while the other is today's.

A copy is made of a file (or of a PostgreSQL database) while nothing runs on it; more is said; the copy is put back.

Seen to fail: with a step taken that does not follow the last one (`records.fence.check_follows` left out) the case was
never refused, and wrote on past the gap; with `records.reconciling.hold` holding nothing the mails in doubt went out by
themselves; with what was mailed neither settled nor held (`records.reconciling.complete`) the fence itself
held the case for good; without a look at the records before an immediate action
(`workflows.danger.Danger._see_that_this_run_is_not_behind`) it was told to the roles of an earlier stage; with a run
that is behind let on (`workflows.outbox.Outbox.record`) the case lost its way and never ended.
"""

import asyncio
import time
from collections.abc import Callable
from typing import NamedTuple

from faults.engine import temporal_server
from faults.found import Found, together
from faults.ground import LONGEST_SECONDS, LOOK_SECONDS, Ground, ground
from faults.ledger import Account
from faults.tales import CWM_TAF_MORGANNWG, GWENT, Tale
from faults.yard import Yard
from records import cases, fence, outbox
from records.reconciling import RECONCILED, RELEASED
from starter.reconciling import Difference, Reconciling
from starter.use_cases import utc_now

RECORDS_OLDER = "the case waits; nothing is written or sent until somebody decides; then nothing is lost or doubled"
ENGINE_OLDER = "the differences are listed; nothing is sent; the case goes on from the records"
IN_DOUBT = "what was queued is held; what the operator lets go goes out, what he has for sent does not"
QUIET_SECONDS = 3


class Cut(NamedTuple):
    """Where a tale is cut: how many sayings are heard by the moment of the copy, and how many more are lost."""

    tale: Tale
    kept: int
    lost: int


CUTS = (Cut(CWM_TAF_MORGANNWG, 2, 2), Cut(GWENT, 4, 1), Cut(GWENT, 3, 10), Cut(CWM_TAF_MORGANNWG, 1, 5))
"""In the first an immediate action begins after the copy; in the last two the case ends after it."""

ENGINE_CUTS = (Cut(GWENT, 4, 1), Cut(CWM_TAF_MORGANNWG, 2, 1), Cut(GWENT, 7, 4))
"""More is said after each: a run that nobody wakes learns at its next due time only that it is behind."""


async def records_restored(yard: Yard, *, short: bool) -> list[Found]:
    """The records are yesterday's, and Temporal is today's."""
    cuts, kinds = (CUTS[:1], ("",)) if short else (CUTS, ("sqlite", "postgresql"))
    runs = [await _records_older(yard, cut, kind) for cut in cuts for kind in kinds]
    held = [await _held(yard, send, kind) for send in (True, False) for kind in kinds]
    return [
        together("the records restored to an earlier moment", RECORDS_OLDER, runs),
        together("messages in doubt after that, held", IN_DOUBT, held),
    ]


async def _records_older(yard: Yard, cut: Cut, kind: str) -> Found:
    found, (tale, kept, lost) = Found(kind, RECORDS_OLDER, runs=1), cut
    url = yard.stores.new(kind or "sqlite")
    async with yard.ground(url=url) as place:
        await place.start_worker()
        case, begins = await place.raise_case(tale)
        await place.play(tale, case, begins, patient=True, only=slice(kept - 1))
        place.office.go()
        await place.play(tale, case, begins, only=slice(kept - 1, kept))
        await place.kill_workers()
        copy = await _stopped(place, lambda: yard.stores.copy(url))
        await place.office.come()
        await place.start_worker()
        await place.play(tale, case, begins, patient=True, only=slice(kept, kept + lost))
        await _posted(place, case)
        await place.kill_workers()
        await _stopped(place, lambda: yard.stores.put_back(copy, url))

        mails = len(place.office.accepted)
        both = _reconciling(place)
        _listed(found, await both.differences(), case, "the records are older than Temporal", "may have gone out")
        await place.start_worker()
        if kept + lost < len(tale.sayings):
            await place.say(case, begins, kept + lost + 1, tale.sayings[kept + lost])
            await place.until(lambda: fence.refused(place.records))
        await asyncio.sleep(QUIET_SECONDS)
        if len(place.office.accepted) != mails:
            found.wrong.append(f"{len(place.office.accepted) - mails} mails went out before anybody decided")

        decided = time.monotonic()
        written = await both.from_engine(case, "operator")
        if any(one.held for one in written.values()):  # the worker died before Temporal heard that they were mailed
            await both.decide(case, send=False, person="operator")
        await place.play(tale, case, begins, only=slice(kept + lost, None))
        await place.rest(case)
        found.seconds.append(time.monotonic() - decided)
        found.wrong += [f"{one.case} still differs: {one.lines}" for one in await both.differences()]
        found.hold_against(_presumed(yard.undisturbed[tale.protocol]), _presumed(await place.account(case)))
    return found


async def _posted(place: Ground, case: str) -> None:
    """Temporal has heard that all is mailed; what it had not heard may go out once more (docs/promises.md)."""
    async with asyncio.timeout(LONGEST_SECONDS):
        for stream in [case, *cases.immediate_actions(place.records, case)]:
            handle = place.client.get_workflow_handle(stream)
            while (await handle.describe()).raw_description.pending_activities:
                await asyncio.sleep(LOOK_SECONDS)


async def _held(yard: Yard, send: bool, kind: str) -> Found:
    """A copy was put back in which messages wait: they are held, and go out or not as the operator says."""
    found, tale = Found("send" if send else "sent", IN_DOUBT, runs=1), CWM_TAF_MORGANNWG
    url = yard.stores.new(kind or "postgresql")
    async with yard.ground(url=url) as place:
        place.office.go()
        await place.start_worker()
        case, begins = await place.raise_case(tale)
        await place.play(tale, case, begins, only=slice(1))
        await place.until(lambda: outbox.waiting(place.records, case))
        await place.kill_workers()
        both = _reconciling(place)
        waiting = outbox.waiting(place.records, case)
        held = await both.hold()
        if held != waiting:
            found.wrong.append(f"{waiting} waited, {held} are held")
        await place.office.come()
        await place.start_worker()
        await asyncio.sleep(QUIET_SECONDS)
        if place.office.accepted:
            found.wrong.append(f"{len(place.office.accepted)} mails went out before anybody decided")
            return found
        _listed(found, await both.differences(), case, "may have gone out")
        decided = time.monotonic()
        await both.decide(case, send, "operator")
        await place.until(lambda: not outbox.waiting(place.records, case))
        found.seconds.append(time.monotonic() - decided)
        if bool(place.office.accepted) != send:
            found.wrong.append(f"{len(place.office.accepted)} mails went out")
        await place.play(tale, case, begins, only=slice(1, None))
        await place.rest(case)
        if send:
            found.hold_against(_presumed(yard.undisturbed[tale.protocol]), _presumed(await place.account(case)))
    return found


async def engine_restored(yard: Yard, *, short: bool) -> list[Found]:
    """Temporal is yesterday's, and the records are today's."""
    cuts, kinds = (ENGINE_CUTS[:1], ("",)) if short else (ENGINE_CUTS, ("sqlite", "postgresql"))
    runs = [await _engine_older(yard, cut, kind) for cut in cuts for kind in kinds]
    return [together("Temporal restored to an earlier moment", ENGINE_OLDER, runs)]


async def _engine_older(yard: Yard, cut: Cut, kind: str) -> Found:
    found, (tale, kept, lost) = Found(kind, ENGINE_OLDER, runs=1), cut
    async with (
        temporal_server("default") as server,
        ground(server, "default", yard.stores.new(kind or "sqlite")) as place,
    ):
        await place.start_worker()
        case, begins = await place.raise_case(tale)
        await place.play(tale, case, begins, patient=True, only=slice(kept))
        await place.kill_workers()
        await server.copy()
        await place.start_worker()
        await place.play(tale, case, begins, patient=True, only=slice(kept, kept + lost))
        await place.kill_workers()
        await server.put_back()

        mails = len(place.office.accepted)
        both = _reconciling(place)
        _listed(found, await both.differences(), case, "Temporal lacks")
        await place.start_worker()
        await asyncio.sleep(QUIET_SECONDS)
        if len(place.office.accepted) != mails:
            found.wrong.append(f"{len(place.office.accepted) - mails} mails went out by themselves")
        again = time.monotonic()
        await place.play(tale, case, begins, only=slice(kept + lost, None))
        await place.rest(case)
        found.seconds.append(time.monotonic() - again)
        found.hold_against(yard.undisturbed[tale.protocol], await place.account(case))
    return found


def _reconciling(place: Ground) -> Reconciling:
    return Reconciling(place.records, place.door.engine, utc_now)


async def _stopped(place: Ground, work: Callable[[], str]) -> str:
    """Do it with nobody connected."""
    await asyncio.to_thread(place.records.dispose)
    return await asyncio.to_thread(work)


def _listed(found: Found, differences: list[Difference], case: str, *words: str) -> None:
    """The case is listed, and no other; its lines say this."""
    lines = [line for one in differences for line in one.lines]
    if [case] != [one.case for one in differences]:
        found.wrong.append(f"differences were found of {[one.case for one in differences]}")
    found.wrong += [f"not listed: {one}, only {lines}" for one in words if not any(one in line for line in lines)]


def _presumed(came: Account) -> Account:
    """Without the operator's own entries; what he takes as sent bears no Message-ID in the records."""
    lines = tuple(one for one in came.lines if one.split(" ")[1] not in (RECONCILED, RELEASED))
    unnamed = ("is not noted as sent", "@ is noted as sent and was never accepted")
    faults = tuple(one for one in came.faults if not one.endswith(unnamed[0]) and one != unnamed[1])
    return came._replace(lines=lines, faults=faults)
