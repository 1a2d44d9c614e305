"""The timeline of a case, line by line: what was said, by whom, and what became of it later."""

from collections.abc import Sequence
from typing import NamedTuple

from protocols.papers import CORRECTED
from protocols.steps import Code, Entry
from records.reading import TimelineEntry
from records.said import STAGE_ENTERED, counting
from starter.pages.entries import refusal, sentence
from starter.pages.titles import Titles


class Line(NamedTuple):
    """One line.

    Attributes:
        case: the case, or its immediate action, that the line belongs to.
        entry: what happened.
        words: the same as a sentence.
        by: the role that said so; empty for what happened by itself.
        refused: why it did not count.
        undone: whether it was taken back: by a correction that led the case back, or as it was opened again.
        corrected: the corrections that name it.
        reason: of a correction, why the earlier entry was wrong, for whoever may read it.
    """

    case: str
    entry: Entry
    words: str
    by: str
    refused: str
    undone: bool
    corrected: tuple[Entry, ...]
    reason: str = ""

    @property
    def counted(self) -> bool:
        """Whether somebody said so, and it was accepted, if only as a proposal."""
        return bool(self.entry.code and self.entry.code.accepted)

    @property
    def of_a_stage(self) -> bool:
        """Whether it says which stage was entered."""
        return self.entry.what == STAGE_ENTERED

    @property
    def can_be_corrected(self) -> bool:
        """Whether a correction could name it."""
        return self.entry.code is Code.ACCEPTED and bool(self.entry.signal_id) and not self.undone


def lines(timeline: Sequence[TimelineEntry], reference: str, titles: Titles) -> list[Line]:
    """All lines of a case and its immediate actions, in the order in which they were recorded."""
    own = [line.entry for line in timeline if line.case == reference]
    standing = counting(own)
    undone = {number for number, entry in enumerate(own) if _counted(entry) and number not in standing}
    corrections = [entry for entry in own if entry.what == CORRECTED and _counted(entry)]
    number = -1
    found = []
    for line in timeline:
        entry, here = line.entry, line.case == reference
        number += here
        key = entry.signal_id if _counted(entry) else ""
        found.append(
            Line(
                line.case,
                entry,
                sentence(entry, titles),
                titles.role(entry.by) if entry.by else "",
                refusal(entry, titles),
                here and number in undone,
                tuple(one for one in corrections if key and one.facts.get("corrects") == key),
            )
        )
    return found


def _counted(entry: Entry) -> bool:
    return entry.what == STAGE_ENTERED or bool(entry.code and entry.code.accepted)
