"""All rows, in the order of the table."""

from collections.abc import Awaitable
from typing import Protocol

from faults import killed_worker
from faults.found import Found
from faults.yard import Yard


class Row(Protocol):
    """What tries a fault, cut short or not."""

    def __call__(self, yard: Yard, *, short: bool) -> Awaitable[list[Found]]: ...


ROWS: dict[str, Row] = {
    "points": killed_worker.at_each_point,
    "random": killed_worker.at_random_moments,
}
"""Each row by a name that `python -m faults NAME` takes; called with `short` it is cut short."""
