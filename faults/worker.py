"""A worker as `python -m worker` is one, which kills itself (SIGKILL) where it is told to.

Nothing of this is in the product: what the environment names is laid around the product's functions here, in this
process alone.

| variable | what it does |
|---|---|
| `FAULTS_KILL=signal judged:3` | the worker dies when a signal was judged for the third time |
| `FAULTS_FULL=FILE` | while that file is there, SQLite does not grow, and says what it says on a full disk |
| `FAULTS_FEW=1` | a few signals are as much as a new run begins with: more are set aside |
| `FAULTS_RUNS=4` | cases that its relay starts go on in a new run after so many signals |
| `FAULTS_BUG=its code fails` | a bug of `faults.bugs` is in the code |
| `FAULTS_FORGETFUL=1` | no case is held in memory: the time-skipping server keeps work for a dead worker |
| `FAULTS_HASTY=1` | waits that only make a run of the suite long are short: leases, limits, pauses before a retry |
"""

import os
import signal
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, event
from temporalio.common import RetryPolicy
from temporalio.worker import Worker

import activities.posting
import activities.recording
import records.outbox
import records.set_aside
import worker
import workflows.outbox
import workflows.waiting
from activities.recording import Records
from activities.smtp import Line
from faults.bugs import BUG, put_in
from starter.delivery import Delivery
from workflows.disagreement import Disagreement
from workflows.hearing import Hearing
from workflows.state import Case

KILL, HASTY, FULL, FEW, RUNS, FORGETFUL = (
    f"FAULTS_{what}" for what in ("KILL", "HASTY", "FULL", "FEW", "RUNS", "FORGETFUL")
)
MOST_PAGES = 2**30


class Place(NamedTuple):
    """A function of the product, and whether the worker dies before it or after it."""

    owner: Any
    name: str
    before: bool = False


POINTS = {
    "signal seen": Place(Hearing, "keep"),
    "signal judged": Place(Hearing, "take"),
    "step about to be recorded": Place(Records, "_record", before=True),
    "in mid-transaction": Place(activities.recording, "apply"),
    "record written": Place(Records, "_record"),
    "mail leased": Place(records.outbox, "lease_next"),
    "mail handed over": Place(Line, "send"),
    "mail noted": Place(records.outbox, "sent"),
    "continue-as-new": Place(Disagreement, "go_on_in_a_new_run", before=True),
    "first act of a new run": Place(Disagreement, "__init__"),
    "last act of a case": Place(Disagreement, "_end"),
    "end": Place(Disagreement, "follow"),
}
"""Every point at which a worker is killed, in the order in which a signal passes them."""

ASIDE = {
    "signals about to be set aside": Place(records.set_aside, "set_aside", before=True),
    "signals set aside": Place(records.set_aside, "set_aside"),
    "signals taken back": Place(records.set_aside, "take_back"),
    "a new run while signals are set aside": Place(Disagreement, "go_on_in_a_new_run", before=True),
    "record of what was set aside": Place(records.set_aside, "judged"),
}
"""The points that a signal passes only where very many wait."""


def die_at(point: str, times: int) -> None:
    """Lay a wrapper around the function: the process ends, at once and without a word, at the so-manieth passing."""
    owner, name, before = {**POINTS, **ASIDE}[point]
    original, passed = getattr(owner, name), 0

    def pass_by() -> None:
        nonlocal passed
        passed += 1
        if passed >= times:
            os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, _around(original, pass_by, before))


def _around(original: Callable[..., Any], pass_by: Callable[[], None], before: bool) -> Callable[..., Any]:
    if iscoroutinefunction(original):

        async def slow(*args: Any, **kwargs: Any) -> Any:
            if before:
                pass_by()
            found = await original(*args, **kwargs)
            if not before:
                pass_by()
            return found

        return slow

    def quick(*args: Any, **kwargs: Any) -> Any:
        if before:
            pass_by()
        found = original(*args, **kwargs)
        if not before:
            pass_by()
        return found

    return quick


def hurry() -> None:
    """Nobody has to wait half a minute for what a dead worker held; what is promised does not hang on these."""
    records.outbox.LEASE = timedelta(seconds=4)
    activities.posting.BEAT_SECONDS = 1
    workflows.outbox.RECORD_TIMEOUT = timedelta(seconds=5)
    workflows.outbox.POST_HEARTBEAT = timedelta(seconds=4)
    pause = RetryPolicy(initial_interval=timedelta(seconds=0.5), maximum_interval=timedelta(seconds=2))
    workflows.outbox.RECORD_RETRIES = workflows.outbox.POST_RETRIES = pause


def carry_few() -> None:
    """What is set aside, and taken back at once, is counted in a few signals and not in thousands."""
    workflows.waiting.CARRIED_BYTES, workflows.waiting.BATCH_BYTES = 500, 1_500
    records.set_aside.TAKEN_SIGNALS = 3


def in_runs_of(signals: int, first_state: Callable[..., Case[Any]]) -> Callable[..., Case[Any]]:
    """The state that a case begins with, for runs of so many signals."""

    def short_runs(*args: Any) -> Case[Any]:
        return first_state(*args).model_copy(update={"signals_a_run": signals})

    return short_runs


def fill_the_disk(sign: Path) -> None:
    """While the file is there no SQLite database grows by a page."""

    def limit(connection: Connection) -> None:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(f"PRAGMA max_page_count = {1 if sign.exists() else MOST_PAGES}")

    event.listen(Engine, "begin", limit)


def forget() -> None:
    """Each case is read anew from its history whenever there is something to do."""
    vars(worker)["Worker"] = partial(Worker, max_cached_workflows=0)


if __name__ == "__main__":
    if os.environ.get(FORGETFUL):
        forget()
    if full := os.environ.get(FULL):
        fill_the_disk(Path(full))
    if runs := os.environ.get(RUNS):
        Delivery.first_state = in_runs_of(int(runs), Delivery.first_state)  # type: ignore[method-assign]
    if os.environ.get(FEW):
        carry_few()
    if os.environ.get(HASTY):
        hurry()
    if bug := os.environ.get(BUG):
        put_in(bug)
    if said := os.environ.get(KILL):
        point, _, times = said.rpartition(":")
        die_at(point, int(times))
    worker.main()
