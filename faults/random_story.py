"""Row 12: random signals and passing time against a model of both protocols that was written from the specification.

`faults/model` holds the model and the machine. Here the machine is run for so many examples or so long, from a seed
that is told and kept; what differs is told with its whole story, and so is what was never met: a stage, an outcome, a
clock or a signal that no story came to was not tested.

    python -m faults.random_story --seconds 3600 --seed 12 --log stories.log

One process, a server of its own for each example; a seed and the number after it are the seeds of the batches, so the
batch that a log names can be played again alone (`--seed N --seconds 1`).
"""

import argparse
import asyncio
import sys
import time
import traceback
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, NamedTuple

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from faults.found import Found
from faults.model.beginnings import Met
from faults.model.case import ENDED
from faults.model.cwm_taf_morgannwg import CwmTafMorgannwg
from faults.model.gwent import Gwent
from faults.model.machine import machine
from faults.model.world import Loop
from faults.stores import Stores, stores
from faults.yard import Yard

HOUR_SECONDS = 3600
OUTCOMES = ("resolved", "no_review", "reviewed", "withdrawn")
SILENT_CLOCKS = {"inform_agencies", "qa_meeting"}
"""Met as they begin, or by the meeting itself: these are never overdue."""


class Budget(NamedTuple):
    """How much is played: batches of so many examples of so many steps, until so many seconds or batches are over."""

    seconds: float
    examples: int
    steps: int
    batches: int = sys.maxsize


SHORT, WHOLE = Budget(HOUR_SECONDS, 2, 6, batches=1), Budget(HOUR_SECONDS, 8, 30)
SEED, SHORT_SEED = 12, 14
"""The short cut has stories of both protocols that come to a review, a refusal and an end."""


async def against_the_model(yard: Yard, *, short: bool) -> list[Found]:
    """Row 12: stories that nobody thought of."""
    budget, first, log = (SHORT, SHORT_SEED, None) if short else (WHOLE, SEED, sys.stderr)
    met = await asyncio.to_thread(play, yard.stores, budget, first, log)
    found = Found("random signals, passing time", "each step is as the model of the specification says", met.examples)
    found.wrong = ["\n".join([words, *story]) for words, story in met.stories]
    found.note = f"seed {first}, {met.steps} steps"
    return [found]


def play(where: Stores, budget: Budget, first: int, log: IO[str] | None = None) -> Met:
    """Play batches of stories, each with the next seed.

    Args:
        where: the records come from.
        budget: how much.
        first: the seed of the first batch.
        log: where each batch and each difference is told.
    """
    met, loop, until = Met(log), Loop(), time.monotonic() + budget.seconds
    try:
        for number in range(first, first + budget.batches):
            met.tell(f"seed {number}")
            _batch(where, loop, met, budget, number)
            met.tell(f"{met.examples} examples, {met.steps} steps, {len(met.stories)} differences so far")
            if time.monotonic() > until:
                break
    finally:
        loop.close()
    return met


def _batch(where: Stores, loop: Loop, met: Met, budget: Budget, number: int) -> None:
    chosen = settings(
        max_examples=budget.examples,
        stateful_step_count=budget.steps,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        phases=[Phase.generate],  # a story is short enough to be read, and takes too long to be played again and again
        suppress_health_check=list(HealthCheck),
    )
    told = len(met.stories)
    try:
        run_state_machine_as_test(seed(number)(machine(where, loop, met, number)), settings=chosen)
    except Exception as fault:  # noqa: BLE001 - whatever breaks is told, and the next batch is played
        if len(met.stories) == told:
            met.differs(f"{type(fault).__name__}: {fault}", traceback.format_exc().splitlines())


def never_met(met: Met) -> list[str]:
    """The stages, outcomes, clocks and notices of both protocols that no story came to."""
    wanted = [f"{model.__name__}: {what}" for model in (Gwent, CwmTafMorgannwg) for what in _all_of(model)]
    return [one for one in wanted if not met.seen[one]]


def _all_of(model: type[Gwent] | type[CwmTafMorgannwg]) -> Iterable[str]:
    yield from (f"stage {stage}" for stage in (*model.STAGES, ENDED))
    yield from (f"outcome {outcome}" for outcome in OUTCOMES)
    for name, limit in model.LIMITS.items():
        if name not in SILENT_CLOCKS:
            yield from (f"reminder {name}", f"overdue {name}")
            yield from () if limit.local else (f"chaser {name}",)
    yield from (f"said {signal}" for signal in sorted({row.signal for row in model.ROWS}))


def report(met: Met) -> Iterable[str]:
    """What a run came to, in lines."""
    yield f"{met.examples} examples, {met.steps} steps, {len(met.stories)} differences, {met.silent} without answer"
    yield from (f"{count:7d} {what}" for what, count in sorted(met.seen.items()))
    yield from (f"never met: {what}" for what in never_met(met))


def main() -> int:
    """Play for so long; 1 if anything differed."""
    asked = argparse.ArgumentParser(prog="python -m faults.random_story", description=__doc__)
    asked.add_argument("--seconds", type=float, default=HOUR_SECONDS, help="an hour if not said")
    asked.add_argument("--seed", type=int, default=SEED, help=f"of the first batch; {SEED} if not said")
    asked.add_argument("--log", type=Path, default=Path("stories.log"), help="stories.log if not said")
    words = asked.parse_args()
    with stores() as where, words.log.open("w", encoding="utf-8") as log:
        begun = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
        print(f"begun {begun}, seed {words.seed}, {words.seconds:.0f} seconds", file=log, flush=True)
        met = play(where, WHOLE._replace(seconds=words.seconds), words.seed, log)
        met.tell(*report(met))
    print(f"{words.log}: {next(iter(report(met)))}")
    return 1 if met.stories else 0


if __name__ == "__main__":
    sys.exit(main())
