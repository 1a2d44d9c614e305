"""All rows, in the order of the table."""

from collections.abc import Awaitable
from typing import Protocol

from faults import disorder, engine_away, killed_worker, mail, random_story, records_away
from faults.found import Found
from faults.yard import Yard


class Row(Protocol):
    """What tries a fault, cut short or not."""

    def __call__(self, yard: Yard, *, short: bool) -> Awaitable[list[Found]]: ...


ROWS: dict[str, Row] = {
    "points": killed_worker.at_each_point,
    "random": killed_worker.at_random_moments,
    "mail": mail.misbehaving,
    "engine": engine_away.in_the_middle_of_signals,
    "due": engine_away.across_a_due_time,
    "records": records_away.gone,
    "doubled": disorder.doubled,
    "early": disorder.too_early,
    "bombarded": disorder.bombarded,
    "stories": random_story.against_the_model,
}
"""Each row by a name that `python -m faults NAME` takes; called with `short` it is cut short."""
