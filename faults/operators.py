"""Row 10: an operator resets the workflows of a case again and again, or terminates them and takes them up.

A reset is tried at whichever point of the run chance names, while what was said is on its way; so is a termination.

Seen to fail: with a cancelled question about a running immediate action taken for an answer (`workflows.danger`) a
case that was reset just then waited for ever, or started a second one; with a reset to the very begin of a run left
unnoticed until its first step, an immediate action was told to the roles of an earlier stage; with a check that takes
every workflow for a running one (`starter.checks.followed`) each termination showed as not named.
"""

import asyncio
import random
import time
from contextlib import suppress

from temporalio.service import RPCError

from faults.found import Found, together
from faults.ground import LONGEST_SECONDS, LOOK_SECONDS, Ground
from faults.ledger import without
from faults.tales import CWM_TAF_MORGANNWG, GWENT, Tale, at, data_of
from faults.yard import Yard
from protocols.errors import DatrysError
from records import cases
from records.reading import verdict_recorded
from starter.checks import followed
from starter.taking_up import refuse_what_is_over
from starter.temporal import RUNNING
from tests.resetting import points, reset, run_of

RESET = "nothing is written, mailed or alarmed again, nothing that was said is lost, and no date moves"
ENDED = "the check names it, and taken up it goes on from the record as if nothing had been"
ALARM = "it is told once, as soon as the records are back"
EARLY, AGAIN = "early-", "again-"
LONGEST_PAUSE_SECONDS = 0.4
LISTED_SECONDS = 20
PER_PROTOCOL = {True: 1, False: 6}


async def resets(yard: Yard, *, short: bool) -> list[Found]:
    """With everything that is said, the case is reset to some point of its run; and once more after its end."""
    tales = (CWM_TAF_MORGANNWG,) if short else (GWENT, CWM_TAF_MORGANNWG)
    runs = [(tale, random.randrange(2**32)) for tale in tales for _ in range(PER_PROTOCOL[short])]
    rows = await asyncio.gather(*(_reset_all_along(yard, tale, seed) for tale, seed in runs))
    row = together("reset by an operator, all along a case", RESET, rows)
    row.note = ", ".join(one.note for one in rows)
    return [row, await _alarm_while_the_records_are_away(yard)]


async def _reset_all_along(yard: Yard, tale: Tale, seed: int) -> Found:
    found, chance = Found(tale.protocol, RESET, note=f"seed {seed}"), random.Random(seed)
    async with yard.ground() as place:
        await place.start_worker()
        case, begins = await place.raise_case(tale)
        await place.play(tale, case, begins, only=slice(0))
        refused = 0
        for number in range(1, len(tale.sayings) + 1):
            if refused < 3:
                await _say_early(place, case, refused := refused + 1)
            playing = asyncio.create_task(place.play(tale, case, begins, only=slice(number - 1, number)))
            await asyncio.sleep(chance.uniform(0, LONGEST_PAUSE_SECONDS))
            for stream in [case, *cases.immediate_actions(place.records, case)]:
                found.runs += await _reset_somewhere(place, stream, chance)
            await playing
        began = time.monotonic()
        await place.rest(case)
        for stream in [case, *cases.immediate_actions(place.records, case)]:
            found.runs += await _reset_somewhere(place, stream, chance)
        await place.rest(case)
        found.seconds.append(time.monotonic() - began)
        account = await place.account(case)
    early = [line for line in account.lines if f" {EARLY}" in line]
    if len(early) != refused:
        found.wrong.append(f"{refused} were refused, and {len(early)} refusals are recorded: {early}")
    found.hold_against(yard.undisturbed[tale.protocol], without(account, f" {EARLY}"))
    return found


async def _say_early(place: Ground, case: str, number: int) -> None:
    """Something that is refused at any stage of the tale."""
    said = {"id": f"{EARLY}{number}", "by": "practitioner", "agency": "ABUHB"}
    await place.client.get_workflow_handle(case).signal("report_presented", said)
    await place.until(lambda: verdict_recorded(place.records, case, f"{EARLY}{number}"))


async def _reset_somewhere(place: Ground, stream: str, chance: random.Random) -> int:
    """Reset its current run to one of its points; answers whether the engine did."""
    with suppress(RPCError):
        run = await run_of(place.client, stream)
        if there := await points(place.client, stream, run):
            await reset(place.client, stream, chance.choice(there), run)
            return 1
    return 0


async def _alarm_while_the_records_are_away(yard: Yard) -> Found:
    """Somebody sees danger, nothing of it can be recorded, and an operator resets the case to its begin."""
    found, tale = Found("reset while an immediate action waits for the records", ALARM, runs=1), CWM_TAF_MORGANNWG
    before = next(n for n, one in enumerate(tale.sayings) if one.name == "immediate_action")
    async with yard.ground("sqlite") as place:
        await place.start_worker()
        case, begins = await place.raise_case(tale)
        await place.play(tale, case, begins, only=slice(before), patient=True)
        place.full.touch()
        saying = tale.sayings[before]
        said = {
            "id": saying.key,
            "by": saying.by.role,
            "agency": saying.by.agency,
            **data_of(saying, at(begins, before)),
        }
        await place.client.get_workflow_handle(case).signal(saying.name, said)
        await _until_it_runs(place, f"{case}-immediate-1")
        await reset(place.client, case, await _first_point(place, case))
        await asyncio.sleep(1)
        place.full.unlink()
        back = time.monotonic()
        await place.play(tale, case, begins, only=slice(before, None))
        await place.rest(case)
        found.seconds.append(time.monotonic() - back)
        found.hold_against(yard.undisturbed[tale.protocol], await place.account(case))
    return found


async def _first_point(place: Ground, stream: str) -> int:
    """Where its current run can be reset to first; a run that has just begun cannot be reset yet."""
    async with asyncio.timeout(LONGEST_SECONDS):
        while not (there := await points(place.client, stream)):
            await asyncio.sleep(LOOK_SECONDS)
    return there[0]


async def _until_it_runs(place: Ground, stream: str) -> None:
    async with asyncio.timeout(LONGEST_SECONDS):
        while await place.door.engine.how_it_runs(stream) != RUNNING:
            await asyncio.sleep(LOOK_SECONDS)


async def terminations(yard: Yard, *, short: bool) -> list[Found]:
    """With everything that is said, the case is terminated, and taken up again."""
    tales = (CWM_TAF_MORGANNWG,) if short else (GWENT, CWM_TAF_MORGANNWG)
    runs = [(tale, random.randrange(2**32)) for tale in tales for _ in range(PER_PROTOCOL[short])]
    rows = await asyncio.gather(*(_terminated_all_along(yard, tale, seed) for tale, seed in runs))
    row = together("terminated by an operator, and taken up, all along a case", ENDED, rows)
    row.note = ", ".join(one.note for one in rows)
    return [row]


async def _terminated_all_along(yard: Yard, tale: Tale, seed: int) -> Found:
    found, chance = Found(tale.protocol, ENDED, note=f"seed {seed}"), random.Random(seed)
    async with yard.ground() as place:
        await place.start_worker()
        case, begins = await place.raise_case(tale)
        await place.play(tale, case, begins, only=slice(0))
        for number in range(1, len(tale.sayings) + 1):
            playing = asyncio.create_task(place.play(tale, case, begins, only=slice(number - 1, number)))
            await asyncio.sleep(chance.uniform(0, LONGEST_PAUSE_SECONDS))
            for stream in [case, *cases.immediate_actions(place.records, case)]:
                found.wrong += await _terminate_and_take_up(place, stream, found)
            await playing
        began = time.monotonic()
        await place.rest(case)
        found.seconds.append(time.monotonic() - began)
        account = await place.account(case)
    if len(account.lines) - len(without(account, f" {AGAIN}").lines) != found.runs:
        found.wrong.append(f"{found.runs} were taken up, and the records say so of others")
    found.hold_against(yard.undisturbed[tale.protocol], without(account, f" {AGAIN}"))
    return found


async def _terminate_and_take_up(place: Ground, stream: str, found: Found) -> list[str]:
    """What was wrong with it; nothing is done to what is over."""
    try:
        await place.client.get_workflow_handle(stream).terminate("an operator ends it")
    except RPCError:
        return []
    try:
        await asyncio.to_thread(refuse_what_is_over, place.records, stream)
    except DatrysError:
        return []  # it was about to end, or has told nobody yet
    named = await _named(place, stream)
    await place.door.take_up(stream, "an operator ended it", key=f"{AGAIN}{found.runs}")
    found.runs += 1
    return [] if named else [f"the check does not name {stream}"]


async def _named(place: Ground, stream: str) -> bool:
    """Whether the check names it, once the engine's lists have learned of its end, which are a moment late."""
    with suppress(TimeoutError):
        async with asyncio.timeout(LISTED_SECONDS):
            while True:
                found = await followed.looked_at(place.door.engine, place.records)
                if any(one.stops and f"datrys reopen {stream} " in one.words for one in found):
                    return True
                await asyncio.sleep(LOOK_SECONDS)
    return False
