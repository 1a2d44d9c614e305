"""What became of something that a case was told."""

from typing import NamedTuple

from protocols.steps import Receipt


class Told(NamedTuple):
    """What became of a signal: no receipt where it is kept for delivery; `waits_for` where it was not accepted.

    `new` is false where the same was told before.
    """

    signal_id: str
    receipt: Receipt | None
    waits_for: str = ""
    new: bool = True
