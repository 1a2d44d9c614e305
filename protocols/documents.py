"""What a document of a protocol is filled from: which signals, said at which stage, stand in which part of it."""

from typing import NamedTuple

from protocols.messages import MESSAGES, Signal
from protocols.says import ANY_TIME
from protocols.steps import Entry


class Part(NamedTuple):
    """What stands in a part: these signals, said at this stage, or at any."""

    signals: tuple[type[Signal], ...]
    stage: str = ANY_TIME

    def takes(self, entry: Entry) -> bool:
        """Whether what an entry tells stands in this part."""
        return MESSAGES.get(entry.what) in self.signals and self.stage in (ANY_TIME, entry.stage)


class FormParts(NamedTuple):
    """A form in four parts.

    Attributes:
        raised_by: the role of the raising agency that raises a concern (part A).
        referral: what is added to part A when the concern is passed on.
        responses: part B, one of each agency.
        agreement: part C; the agencies have their feedback, the responses, when its stage is entered.
        outcomes: part D, one of each meeting.
    """

    raised_by: str
    referral: Part
    responses: Part
    agreement: Part
    outcomes: Part
