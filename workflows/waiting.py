"""What waits to be judged: in the state of a case; beyond what a new run can begin with, set aside in the records.

The engine takes 2 MB in one piece, and the state of a case goes into its next run in one piece. So before a new run
what waits is set aside in the records, batch by batch and in its order, until little is left. The new run takes it
back as it comes to it, before what arrived later. What was taken back stays in the records until it is judged: the
next run takes it back again, so that it is carried nowhere and lost nowhere.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Protocol

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from pydantic import BaseModel

    from activities.recording import Records
    from protocols.messages import read
    from protocols.steps import Receipt
    from protocols.waiting import Received, SetAside, TakeBack, happened_at, sending
    from workflows import outbox

CARRIED_BYTES = 256_000
"""What a run hands to the next one in its state: with all else well below 2 MB."""

BATCH_BYTES = 256_000
SETS_ASIDE = "sets-aside-what-waits"


def forget_refusal(received: Received, receipts: dict[str, Receipt], refused: Collection[str]) -> None:
    """What was refused and is said again is judged anew: until then nobody gets the old verdict for the new one.

    Args:
        received: what came.
        receipts: the verdicts by id; this may be taken out.
        refused: the sendings that were not accepted: a copy of one has its verdict.
    """
    signal_id = read(received.name, received.body, received.seen).id
    known = receipts.get(signal_id)
    if known and not known.accepted and sending(received) not in refused:
        del receipts[signal_id]


class Waits(Protocol):
    """A state that keeps what waits.

    Attributes:
        inbox: in the order of its arrival; what was taken back comes before what arrived later.
        aside: whether more waits in the records.
    """

    inbox: list[Received]
    aside: bool


class Waiting:
    """The signals of one workflow that wait to be judged.

    Args:
        case: the reference, or the id of an immediate action.
        state: where they are kept.
    """

    def __init__(self, case: str, state: Waits) -> None:
        self._case, self._state = case, state
        self._batches = 0
        self._judged: list[int] = []
        self._none_by: datetime | None = None

    @property
    def more(self) -> bool:
        """Whether anything waits."""
        return bool(self._state.inbox) or self._state.aside

    @property
    def noted(self) -> bool:
        """Whether something that had been set aside was judged since the last step."""
        return bool(self._judged)

    def judged(self) -> list[int]:
        """Positions of what had been set aside and was judged since the last step."""
        found, self._judged = self._judged, []
        return found

    def next(self, happened_by: datetime | None = None) -> int | None:
        """Which of those at hand is next: the oldest, or the oldest that happened by a moment; None if none is.

        While something is set aside that is one of those taken back: what arrived later waits behind it. Where nothing
        that is set aside happened by that moment, it is one of all that are at hand.
        """
        behind = self._state.aside and not self._asked(happened_by)
        here = ((n, one) for n, one in enumerate(self._state.inbox) if one.position is not None or not behind)
        return next((n for n, one in here if happened_by is None or happened_at(one) <= happened_by), None)

    def take(self, number: int) -> Received:
        """Take one out, to be judged."""
        received = self._state.inbox.pop(number)
        if received.position is not None:
            self._judged.append(received.position)
        return received

    async def take_back(self, happened_by: datetime | None = None) -> bool:
        """Take back the next of what was set aside, where `next` found none; False if there is nothing to ask for.

        Args:
            happened_by: only what happened by this moment; asked once, since nothing is set aside meanwhile.
        """
        if not self._state.aside or self._asked(happened_by):
            return False
        held = [one.position for one in _back(self._state.inbox) if one.position is not None]
        found: list[Received] = await workflow.execute_activity_method(
            Records.take_back,
            TakeBack(case=self._case, held=held, happened_by=happened_by),
            start_to_close_timeout=outbox.RECORD_TIMEOUT,
            retry_policy=outbox.RECORD_RETRIES,
            summary="take back what was set aside",
        )
        inbox = self._state.inbox
        back = sorted([*_back(inbox), *found], key=lambda one: one.position or 0)
        inbox[:] = [*back, *_late(inbox)]
        if happened_by is not None:
            self._none_by = None if found else happened_by
        elif not found:
            self._state.aside = False
        return True

    def _asked(self, happened_by: datetime | None) -> bool:
        """Whether it is known that nothing that is set aside happened by then."""
        return happened_by is not None and happened_by == self._none_by

    async def lighten(self) -> None:
        """Before a new run: set aside what it could not begin with."""
        late = _late(self._state.inbox)
        while size(late) > CARRIED_BYTES and workflow.patched(SETS_ASIDE):
            batch = late[: fitting(late, BATCH_BYTES)]
            self._batches += 1
            await workflow.execute_activity_method(
                Records.set_aside,
                SetAside(case=self._case, batch=self._batches, signals=batch),
                start_to_close_timeout=outbox.RECORD_TIMEOUT,
                retry_policy=outbox.RECORD_RETRIES,
                summary=f"set aside {len(batch)} signals that wait",
            )
            self._state.aside = True
            late = _late(self._state.inbox)[len(batch) :]  # others may have come
            self._state.inbox[:] = [*_back(self._state.inbox), *late]

    def hand_over(self) -> None:
        """What was taken back stands in the records still, and the new run takes it back from there."""
        if self._state.aside:
            self._state.inbox[:] = _late(self._state.inbox)


def size(kept: Iterable[BaseModel]) -> int:
    """How many bytes these take in a state."""
    return sum(len(one.model_dump_json()) for one in kept)


def fitting(kept: Sequence[BaseModel], most: int) -> int:
    """How many of the first take no more bytes than that; one at least."""
    taken = 0
    for number, one in enumerate(kept):
        taken += size([one])
        if taken > most:
            return max(number, 1)
    return len(kept)


def _back(inbox: Iterable[Received]) -> list[Received]:
    """What was taken back."""
    return [one for one in inbox if one.position is not None]


def _late(inbox: Iterable[Received]) -> list[Received]:
    """What was not taken back: it arrived later."""
    return [one for one in inbox if one.position is None]
