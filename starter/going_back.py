"""Where a case can be led back to: an ended one that is opened again, an open one in which something was wrong.

The case itself has the last word; this is what a page offers, and what a door refuses beforehand.
"""

from datetime import datetime
from typing import Any

from records.cases import CaseFacts
from starter.delivery import last_state
from workflows.state import Case, short_hash

ENDED = "ended"


def stages_to_open(facts: CaseFacts, now: datetime) -> list[str]:
    """The stages that an ended case can be opened again at, in the order of the protocol."""
    return _in_order(facts, now, 0)


def stages_to_return_to(facts: CaseFacts, signal_id: str, now: datetime) -> list[str]:
    """The stages that a correction of this signal can lead back to: what the case had come to before it."""
    if facts.snapshot is None:
        return []
    number = last_state(facts).accepted.get(short_hash(signal_id), 0)
    return _in_order(facts, now, number) if number else []


def _in_order(facts: CaseFacts, now: datetime, number: int) -> list[str]:
    """Those gone through whose limit, if it moves a case, is not past; with a number, up to the signal that has it."""
    if facts.snapshot is None:
        return []
    state: Case[Any] = last_state(facts)
    come_to = {stage for stage, first in state.gone_through.items() if not number or first <= number}
    return [stage for stage in facts.edition.stages if stage in come_to - {ENDED} - state.missed(now)]
