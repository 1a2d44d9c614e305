"""Bugs in the workflows' code, put there in the process of one worker, until another one runs without them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from activities.recording import Records
from protocols.steps import Recorded, Step
from workflows.hearing import Hearing
from workflows.outbox import Outbox

BUG = "FAULTS_BUG"


def _raise(fault: Exception) -> Callable[..., Any]:
    def faulty(*args: Any, **kwargs: Any) -> Any:
        raise fault

    return faulty


def _fails() -> None:
    Hearing.take = _raise(KeyError("no such stage"))  # type: ignore[method-assign]


def _would_end() -> None:
    Hearing.take = _raise(ApplicationError("no such role", non_retryable=True))  # type: ignore[method-assign]


def _in_another_order() -> None:
    record = Outbox.record

    async def later(self: Outbox, step: Step) -> None:
        await workflow.sleep(timedelta(seconds=1))
        await record(self, step)

    Outbox.record = later  # type: ignore[method-assign]


def _never_recorded() -> None:
    def faulty(self: Records, step: Step, run: str) -> Recorded:
        raise TypeError("unsupported operand")

    Records._record = faulty  # type: ignore[method-assign]  # noqa: SLF001 - where `faults.worker` kills too


BUGS: dict[str, Callable[[], None]] = {
    "its code fails": _fails,
    "its code ends the case": _would_end,
    "its code does things in another order": _in_another_order,
    "its steps cannot be recorded": _never_recorded,
}
"""Each by a name that a worker is given; what is called puts it in."""


def put_in(bug: str) -> None:
    """From now on, in this process, the code has this bug."""
    BUGS[bug]()
