"""Row 9: a bug in the workflows' code, and the deploy that mends it; old histories on new code.

A case that was begun by the code of an older release cannot be brought onto a server: what it did is kept as a stored
history (`tests/histories`), and today's code has to do the same again. The cases here begin with the code as it is,
meet the bug in another worker, and go on in a third.

Seen to fail: with suspects that leave out what was judged and not recorded (`records.suspects`) “its steps cannot be
recorded” was not named; with a timer before each step (`workflows.outbox.Outbox.record`) no stored history came out
again. Without `workflows.enduring` the tests beside it fail.
"""

import asyncio
import os
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime

from sqlalchemy import select
from temporalio.service import RPCError

from faults.bugs import BUG, BUGS
from faults.found import Found, together
from faults.ground import Ground
from faults.tales import TALES, Tale
from faults.yard import Yard
from protocols.errors import DatrysError
from records.database import reading
from records.models import Clock
from records.suspects import suspects
from starter.checks import stuck
from starter.parts import LOCALHOST, beside_python

WAITS = "the case waits, datrys check names it within a minute, and it goes on after the deploy as if nothing had been"
AGAIN = "today's code does again what every stored history says; what does it in another order is found out"
WITHIN_SECONDS, PAUSE_SECONDS = 60, 1
PATIENCE = 3
"""A machine that does everything at once is slow: in short runs it is given so many times as long."""

AT_ONCE = 2
BEFORE = 2
"""So many things are said before the bug comes."""

SAID = {
    "its code fails": "its code fails (KeyError: 'no such stage')",
    "its code ends the case": "its code fails (WouldHaveEnded: ApplicationError: no such role)",
    "its code does things in another order": "its code does other things now than when it began",
    "its steps cannot be recorded": "recording a step failed ",
}
"""What `datrys check` says of each bug."""

SHORT = ("its code ends the case", "its steps cannot be recorded")


class Cases:
    """One case of each protocol on one ground, and the things that are said to them."""

    def __init__(self, place: Ground) -> None:
        self.place = place
        self.begun: dict[str, tuple[Tale, datetime]] = {}

    async def begin(self) -> None:
        """Raise them, and say what is said before the bug comes."""
        for tale in TALES:
            case, begins = await self.place.raise_case(tale)
            self.begun[case] = tale, begins
        await self.play(slice(BEFORE), patient=True)

    async def play(self, only: slice, patient: bool = False) -> None:
        """Say these things to each case, all cases at once."""
        begun = self.begun.items()
        await asyncio.gather(*(self.place.play(tale, case, at, patient, only) for case, (tale, at) in begun))

    async def ended(self) -> list[str]:
        """Those whose workflow runs no more."""
        query = " OR ".join(f"WorkflowId = '{case}'" for case in self.begun)
        async with asyncio.timeout(WITHIN_SECONDS):
            while True:
                with suppress(RPCError):  # a server under load is not always there
                    running = f"({query}) AND ExecutionStatus = 'Running'"
                    found = {one.id async for one in self.place.client.list_workflows(running)}
                    return [case for case in self.begun if case not in found]
                await asyncio.sleep(PAUSE_SECONDS)

    def dates(self) -> dict[tuple[str, str], datetime | None]:
        """The due time of each clock."""
        with reading(self.place.records) as session:
            return {(one.reference, one.key): one.due for one in session.scalars(select(Clock))}


async def until_mended(yard: Yard, *, short: bool) -> list[Found]:
    """Each bug in the middle of cases of both protocols; not in short on both databases."""
    kinds = ("",) if short else ("sqlite", "postgresql")
    bugs = SHORT if short else tuple(BUGS)
    places = asyncio.Semaphore(AT_ONCE)

    async def one(bug: str, kind: str) -> Found:
        async with places:
            return await _with_a_bug(yard, bug, kind, short)

    runs = await asyncio.gather(*(one(bug, kind) for bug in bugs for kind in kinds))
    return [together(f"a bug: {bug}", WAITS, (run for run in runs if run.fault == bug)) for bug in bugs]


async def _with_a_bug(yard: Yard, bug: str, kind: str, short: bool) -> Found:
    found = Found(bug, WAITS, runs=1)
    async with yard.ground(kind) as place:
        await place.start_worker()
        cases = Cases(place)
        await cases.begin()
        await place.kill_workers()
        dates = cases.dates()
        await place.start_worker(bug=bug)
        playing = asyncio.create_task(cases.play(slice(BEFORE, None)))
        try:
            named = await _until_named(place, cases, SAID[bug], PATIENCE if short else 1)
            found.lost += [f"{case} is not named by datrys check" for case in cases.begun if case not in named]
            found.note = f"named after {max(named.values(), default=0):.0f} s"
            found.wrong += [f"{case} has ended" for case in await cases.ended()]
            await place.kill_workers()
            await place.start_worker()
            mended = time.monotonic()
            await playing
        finally:
            playing.cancel()
        for case, (tale, _) in cases.begun.items():
            await place.rest(case)
            found.hold_against(yard.undisturbed[tale.protocol], await place.account(case))
        found.seconds.append(time.monotonic() - mended)
        moved = [f"the date of {key} moved" for key, due in cases.dates().items() if dates.get(key, due) != due]
        found.wrong += moved + [f"still said to be stuck: {line}" for line in await _stuck(place)]
    return found


async def _until_named(place: Ground, cases: Cases, words: str, minutes: int) -> dict[str, float]:
    """After how many seconds each case was named as stuck, with its reason; those that were not are left out."""
    began, named = time.monotonic(), dict[str, float]()
    while len(named) < len(cases.begun) and time.monotonic() - began < minutes * WITHIN_SECONDS:
        await asyncio.sleep(PAUSE_SECONDS)
        lines = await _stuck(place)
        if sum(words in line for line in lines) < len(cases.begun):
            continue  # asked here, since the script takes a second of the processor
        lines = await _checked(place)
        for case in cases.begun:
            taken = time.monotonic() - began
            if taken < minutes * WITHIN_SECONDS and any(f" {case} does not go on: {words}" in line for line in lines):
                named.setdefault(case, taken)
    return named


async def _stuck(place: Ground) -> list[str]:
    """What is found of cases that do not go on."""
    with suppress(DatrysError):  # a server under load is not always there
        suspicious = await asyncio.to_thread(suspects, place.records, datetime.now(UTC))
        return [str(line) for line in await stuck.findings(place.client, suspicious) if line.stops]
    return []


async def _checked(place: Ground) -> list[str]:
    """What `datrys check`, as a program of its own, says of cases that do not go on."""
    environment = {
        "TEMPORAL_ADDRESS": place.server.address,
        "TEMPORAL_NAMESPACE": place.namespace,
        "DATRYS_DATABASE_URL": place.url,
        "DATRYS_SMTP_URL": f"smtp://{LOCALHOST}:{place.office.port}",
    }
    asked = await asyncio.create_subprocess_exec(
        beside_python("datrys"), "check", stdout=asyncio.subprocess.PIPE, env={**os.environ, **environment}
    )
    said, _ = await asked.communicate()
    return [line for line in said.decode().splitlines() if line.startswith("stops    stuck: ")]


async def old_histories(yard: Yard, *, short: bool) -> list[Found]:
    """Every stored history on today's code, and on code that does things in another order."""
    found = Found("old histories on new code", AGAIN)
    for bug in ("", "its code does things in another order"):
        began = time.monotonic()
        command = (sys.executable, "-m", "faults.replayed", *(["--short"] if short else []))
        replaying = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, env={**os.environ, BUG: bug}
        )
        said, _ = await replaying.communicate()
        lines = said.decode().splitlines()  # among them are the words of the SDK
        became = [line.partition(": ") for line in lines if line.endswith((": the same", ": another"))]
        unlike = [file for file, _, words in became if words != "the same"]
        if bug:
            found.wrong += [f"{file}: the other order was not found out" for file, *_ in became if file not in unlike]
        else:
            found.lost += [f"{file} does not come out again" for file in unlike]
        found.runs += len(became)
        found.seconds.append(time.monotonic() - began)
    return [found]
