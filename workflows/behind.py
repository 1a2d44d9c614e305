"""A run that is behind the records: an operator reset it, or Temporal was restored. The records are the truth."""

import asyncio
from collections.abc import Coroutine, Iterable
from datetime import datetime
from typing import Any, TypeVar

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from pydantic_core import to_jsonable_python

    from activities.recording import Records
    from protocols.editions import Edition
    from protocols.messages import MESSAGES, ImmediateActionNeeded, Read, Signal, read
    from protocols.steps import Ahead, AheadQuery, Heard
    from protocols.waiting import Received
    from workflows.outbox import RECORD_RETRIES, RECORD_TIMEOUT, Behind
    from workflows.state import Case

T = TypeVar("T")
C = TypeVar("C", bound=Case[Any])
RESET = "goes-on-from-the-records-after-a-reset"
RESET_TO_ITS_BEGIN = "goes-on-from-the-records-where-it-was-reset-to-its-begin"
"""A run that was reset to a later point replays its begin, where this is no part of it; of a reset to the very begin
the engine tells a workflow before there is one to hear it."""

ENVELOPE = set(Signal.model_fields)


class Course:
    """What a run does, until it is done or the run is found to be behind the records.

    To be made as the workflow is: from then on it hears of a reset. What happens in the same workflow task was begun
    by then, and is taken back before the engine hears of it.
    """

    def __init__(self) -> None:
        self._reset = False
        workflow.register_random_seed_callback(self._was_reset)

    def _was_reset(self, seed: int) -> None:
        self._reset = True

    async def take(self, flow: Coroutine[Any, Any, T]) -> T:
        """Do it.

        Raises:
            Behind: the records know more than this run.
        """
        info = workflow.info()
        if info.run_id != info.original_execution_run_id and workflow.patched(RESET_TO_ITS_BEGIN):
            flow.close()
            raise Behind
        doing = asyncio.create_task(flow)
        while True:
            await workflow.wait_condition(lambda: self._reset or doing.done())
            if not self._reset:
                return await doing
            self._reset = False
            if workflow.patched(RESET):  # of a run that was reset under an older release this is no part
                await stop(doing)
                raise Behind

    async def ask(self, case: str, after: int) -> Ahead:
        """What the records know beyond the last step that the run knows of; asked until they answer.

        Args:
            case: the reference, or the id of an immediate action.
            after: the number of that step.
        """
        while True:
            self._reset = False
            found: Ahead = await workflow.execute_activity_method(
                Records.ahead,
                AheadQuery(case=case, after=after),
                start_to_close_timeout=RECORD_TIMEOUT,
                retry_policy=RECORD_RETRIES,
                summary="what the records know that this run does not",
            )
            if not self._reset:  # else the answer may be of long ago
                return found


async def stop(*tasks: asyncio.Task[Any]) -> None:
    """Break these off, whatever came of them."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def as_recorded(model: type[C], edition: Edition, snapshot: dict[str, Any], last_step: int) -> C:
    """The state that the last step of a case left.

    Args:
        model: of the protocol's cases.
        edition: the rules of the case.
        snapshot: what the step stored.
        last_step: its number.
    """
    state = model.model_validate(snapshot | {"edition": edition})
    return state.model_copy(update={"step": last_step + 1})


def as_it_began(case: C) -> C:
    """The state that a case began with, of which nothing is recorded yet."""
    kept = ("reference", "edition", "authority", "group", "agencies", "instigated_at", "raised_at", "holidays")
    stage = next(iter(case.turns), case.stage)
    return type(case)(
        **{field: getattr(case, field) for field in kept},
        facts=type(case.facts)(),
        stage=stage,
        stage_began=case.first_begins.get(stage, case.stage_began),
        signals_a_run=case.signals_a_run,
    )


def go_on(case: C, ahead: Ahead, waiting: Iterable[Received]) -> C:
    """Let a state as recorded go on with what was said and does not stand in the records.

    Args:
        case: the state; it is changed.
        ahead: what the records know.
        waiting: all signals that wait, in their order.
    """
    for received in unheard(waiting, ahead.heard):
        urgent = MESSAGES.get(received.name) is ImmediateActionNeeded
        (case.urgent if urgent else case.inbox).append(received)
    case.alarms = {number: what for number, what in ahead.alarms.items() if number > case.immediate}
    case.unposted, case.aside, case.judged = True, True, 0
    return case


def unheard(waiting: Iterable[Received], heard: Iterable[Heard]) -> list[Received]:
    """Of the signals that wait, in their order, those that do not stand in the records.

    What was taken back from the records is there still. One with an id is known by it. Without one, what counts is
    what it says: of several that say the same, as many are left out as stand there.
    """
    left, unknown = list(heard), []
    for received in (one for one in waiting if one.position is None):
        understood = read(received.name, received.body, received.seen)
        found = next((one for one in left if _same(received, understood, one)), None)
        if found:
            left.remove(found)
        else:
            unknown.append(received)
    return unknown


def _same(received: Received, understood: Read, heard: Heard) -> bool:
    what = received.name.replace(" ", "-") if understood.kind else "unknown-signal"
    if (what, understood.id) != (heard.what, heard.signal_id):
        return False
    if understood.id or understood.envelope is None:
        return True
    said = understood.envelope
    if heard.by and heard.by.role != said.by:
        return False
    if _said_when(received) and said.at != heard.happened_at:
        return False
    return heard.facts is None or heard.facts == _facts(understood.signal)


def _said_when(received: Received) -> bool:
    """Whether it says itself when it happened; else it happened when it was seen, which a reset changes."""
    another = read(received.name, received.body, datetime.fromtimestamp(0, received.seen.tzinfo)).envelope
    return another is not None and another.at.timestamp() != 0


def _facts(signal: Signal | None) -> dict[str, Any]:
    said: dict[str, Any] = to_jsonable_python(signal.model_dump(exclude=ENVELOPE, exclude_none=True)) if signal else {}
    return said
