"""Row 5: signals doubled, too early, too late, by two doors at once, and very many of them to one case.

Seen to fail: with an accepted id judged anew (`workflows.hearing.Hearing.take`) “said three times” doubled entries;
with a judge who does not ask for the stage (`protocols.judging._allowed`) what came before its time counted, and what
came once more when the case had gone on led it on again; with immediate actions kept in the lane of all the rest
(`workflows.hearing.Hearing.keep`) that of “bombarded” came after all the others.
"""

import asyncio
import time
from collections import Counter

from sqlalchemy import select
from temporalio.service import RPCError

from faults.found import Found
from faults.ground import Ground
from faults.ledger import without
from faults.tales import GWENT, at, data_of
from faults.yard import Yard
from records import cases
from records.database import reading
from records.models import Entry
from workflows.state import SIGNALS_A_RUN

ONCE = "each counts once, whichever door it comes through and however often"
TOO_LATE = "what belongs to a stage that is over changes nothing, and is recorded as not accepted"
REFUSED = "what comes before its time changes nothing, and is recorded as not accepted"
BOMBARDED = "each that the engine took is recorded once, and an immediate action waits for none of them"
FIRST_OF_LATER_STAGES = 4
SHORT, SHORT_RUN, LONG = 200, 60, 20_000
"""So many signals, and so many in a run of the workflow; 20,000 in runs as long as the product's own."""

AT_ONCE = 50
LONGEST_SECONDS = {True: 240, False: 7200}


async def doubled(yard: Yard, *, short: bool) -> list[Found]:
    """Everything is said through two doors in the same moment, under one key, and once more afterwards."""
    found, tale = Found("everything said three times, through two doors", ONCE, runs=len(GWENT.sayings)), GWENT
    async with yard.ground() as place:
        await place.start_worker()
        case, begins = await place.raise_case(tale)
        doors = [place.door, place.new_door()]
        await place.play(tale, case, begins, only=slice(0))
        for number, saying in enumerate(tale.sayings, start=1):
            data = data_of(saying, at(begins, number))
            stage = cases.case_facts(place.records, case).stage
            told = [door.tell(case, saying.name, saying.by, data | {"stage": stage}, saying.key) for door in doors]
            await asyncio.gather(*told)
            await place.play(tale, case, begins, only=slice(number - 1, number))
        await place.rest(case)
        found.hold_against(yard.undisturbed[tale.protocol], await place.account(case))
    return [found]


async def too_early(yard: Yard, *, short: bool) -> list[Found]:
    """What belongs to later stages is said first, the last first."""
    tale, found = GWENT, Found("said before its time, in the wrong order", REFUSED)
    async with yard.ground() as place:
        await place.start_worker()
        case, begins = await place.raise_case(tale)
        await place.play(tale, case, begins, only=slice(0))
        early = list(enumerate(tale.sayings, start=1))[FIRST_OF_LATER_STAGES - 1 :]
        for number, saying in reversed(early):
            data = data_of(saying, at(begins, number))
            await place.door.tell(case, saying.name, saying.by, data, f"early-{number}")
            found.runs += 1
        await place.play(tale, case, begins)
        await place.rest(case)
        account = await place.account(case)
    refused = [line for line in account.lines if " early-" in line]
    found.wrong += [f"it counted: {line}" for line in refused if line.endswith(" accepted")]
    if len(refused) != len(early):
        found.lost.append(f"{len(early) - len(refused)} refusals stand nowhere")
    found.hold_against(yard.undisturbed[tale.protocol], without(account, " early-"))
    return [found]


async def too_late(yard: Yard, *, short: bool) -> list[Found]:
    """Each answer that led a case on is given once more, of the same role under another key, when the case has gone on.

    It says which stage it answers, as every door does: two practitioners who say the same move a case by one stage.
    """
    tale, found = GWENT, Found("said once more when the case has gone on", TOO_LATE)
    async with yard.ground() as place:
        await place.start_worker()
        case, begins = await place.raise_case(tale)
        await place.play(tale, case, begins, only=slice(0))
        for number, saying in enumerate(tale.sayings[:-1], start=1):
            stage = cases.case_facts(place.records, case).stage
            await place.play(tale, case, begins, only=slice(number - 1, number))
            if cases.case_facts(place.records, case).stage == stage:
                continue
            data = data_of(saying, at(begins, number)) | {"stage": stage}
            await place.door.tell(case, saying.name, saying.by, data, f"late-{number}")
            found.runs += 1
        await place.play(tale, case, begins, only=slice(len(tale.sayings) - 1, None))
        await place.rest(case)
        account = await place.account(case)
    refused = [line for line in account.lines if " late-" in line]
    found.wrong += [f"it counted: {line}" for line in refused if line.endswith(" accepted")]
    if len(refused) != found.runs:
        found.lost.append(f"{found.runs - len(refused)} refusals stand nowhere")
    found.hold_against(yard.undisturbed[tale.protocol], without(account, " late-"))
    return [found]


async def bombarded(yard: Yard, *, short: bool) -> list[Found]:
    """Very many signals come at once; in their midst somebody sees danger."""
    many, a_run = (SHORT, SHORT_RUN) if short else (LONG, SIGNALS_A_RUN)
    found = Found(f"one case bombarded with {many:,} signals", BOMBARDED, runs=many)
    async with yard.ground("postgresql") as place:
        place.signals_a_run = a_run
        place.door = place.new_door()
        await place.start_worker()
        case, begins = await place.raise_case(GWENT)
        await place.play(GWENT, case, begins, only=slice(0))
        began = time.monotonic()
        taken = await _bombard(place, case, many)
        danger = await place.door.tell(case, "immediate_action", GWENT.sayings[0].by, {}, "danger")
        await place.until(lambda: bool(cases.immediate_actions(place.records, case)), LONGEST_SECONDS[short])
        judged = sum(_recorded(place, case).values())
        if judged >= many:
            found.wrong.append("the immediate action came after all the others")
        if danger.receipt and not danger.receipt.accepted:
            found.wrong.append(f"the immediate action was answered with {danger.receipt.code}")
        reached = time.monotonic() - began
        await place.until(lambda: len(_recorded(place, case)) >= len(taken), LONGEST_SECONDS[short])
        found.seconds.append(time.monotonic() - began)
        recorded = _recorded(place, case)
        found.lost += sorted(taken - recorded.keys())
        found.doubled += [key for key, times in recorded.items() if times > 1]
        found.note = f"the engine refused {many - len(taken)}; immediate action after {reached:.1f} s, {judged} judged"
        await place.client.get_workflow_handle(case).terminate("it has shown what it was for")
    return [found]


async def _bombard(place: Ground, case: str, many: int) -> set[str]:
    """Those that the engine took."""
    handle, gate, taken = place.client.get_workflow_handle(case), asyncio.Semaphore(AT_ONCE), set[str]()

    async def one(number: int) -> None:
        key = f"b{number}"
        said = {"id": key, "by": "practitioner", "agency": "ABUHB", "record": "r", "stage": "practitioners"}
        async with gate:
            try:
                await handle.signal("discussion_recorded" if number % 10 == 0 else "report_accepted", said)
            except RPCError:
                return  # whoever said it hears so
        taken.add(key)

    await asyncio.gather(*(one(number) for number in range(many)))
    return taken


def _recorded(place: Ground, case: str) -> Counter[str]:
    with reading(place.records) as session:
        keys = session.scalars(select(Entry.signal_id).where(Entry.stream == case, Entry.signal_id.startswith("b")))
        return Counter(keys)
