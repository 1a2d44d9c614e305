"""Which of the signals that wait is judged next, while more of them are set aside in the records."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel
from temporalio import workflow

from protocols.waiting import Received
from tests.records.making import MONDAY
from workflows.waiting import Waiting, fitting, size

LATE = MONDAY + timedelta(days=1)


class State(BaseModel):
    """What a case keeps of it."""

    inbox: list[Received]
    aside: bool = False


def a_signal(position: int | None = None, seen: Any = MONDAY) -> Received:
    return Received(name="resolved", body=None, seen=seen, position=position)


def test_the_oldest_comes_first() -> None:
    """Where nothing is set aside, and one that happened by a moment before the others."""
    waiting = Waiting("case", State(inbox=[a_signal(seen=LATE), a_signal()]))
    assert (0, 1) == (waiting.next(), waiting.next(MONDAY))


def test_what_arrived_later_waits_for_what_is_set_aside() -> None:
    """What was taken back comes before it."""
    state = State(inbox=[a_signal(), a_signal(7)], aside=True)
    waiting = Waiting("case", state)
    first = waiting.next()
    waiting.take(1)
    assert (1, None, [7]) == (first, waiting.next(), waiting.judged())
    assert waiting.more


async def test_what_is_in_time_comes_before_a_miss_wherever_it_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once nothing of what is set aside is in time, one in time that arrived later is judged."""

    async def nothing(*args: Any, **kwargs: Any) -> list[Received]:
        return []

    monkeypatch.setattr(workflow, "execute_activity_method", nothing)
    state = State(inbox=[a_signal(7, seen=LATE), a_signal()], aside=True)
    waiting = Waiting("case", state)
    before, asked = waiting.next(MONDAY), [await waiting.take_back(MONDAY), await waiting.take_back(MONDAY)]
    assert (None, [True, False], 1) == (before, asked, waiting.next(MONDAY))
    assert state.aside


def test_what_was_taken_back_is_not_carried_into_the_next_run() -> None:
    """It stands in the records still; where nothing is set aside, all is carried."""
    state = State(inbox=[a_signal(7), a_signal()], aside=True)
    Waiting("case", state).hand_over()
    all_here = State(inbox=[a_signal(7), a_signal()])
    Waiting("case", all_here).hand_over()
    assert [[None], [7, None]] == [[one.position for one in each.inbox] for each in (state, all_here)]


def test_a_batch_takes_as_many_as_fit_and_one_at_least() -> None:
    """By the bytes that they take in a state."""
    signals = [a_signal()] * 5
    assert (2, 5, 1) == (fitting(signals, size(signals[:2])), fitting(signals, 10_000), fitting(signals, 1))
