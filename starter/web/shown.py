"""What is shown of a case, by the parts that whoever asks may see; nothing here names anybody or holds a text."""

from collections.abc import Mapping
from typing import Any

from pydantic_core import to_jsonable_python

from protocols.access import Part
from records.access import Sight
from records.register import RegisterRow
from starter.printing import register_row
from starter.printing_case import case_as_json
from starter.use_cases import CaseReport

STANDING = frozenset({Part.REQUEST, Part.WITHOUT_TEXT, Part.WITHOUT_TEXT_OR_NAMES})
"""The parts that show stage and clocks."""
THERE = ("reference", "protocol", "authority", "group")
"""What is shown to whoever was sent a notice of a case and sees no more."""
STAGE_ENTERED = "stage-entered"
OF_A_STAGE = ("what", "stage", "turn", "clause", "happened_at", "words")


def shows_standing(seen: Sight) -> bool:
    """Whether it may be seen where a case stands."""
    return bool(seen.parts & STANDING)


def row_as_seen(row: RegisterRow, seen: Sight) -> dict[str, Any]:
    """A line of the register."""
    shown: dict[str, Any] = to_jsonable_python(register_row(row))
    return shown if shows_standing(seen) else _only(shown, *THERE)


def case_as_seen(report: CaseReport, seen: Sight) -> dict[str, Any]:
    """A case, with the parts that may be seen of it."""
    shown: dict[str, Any] = to_jsonable_python(case_as_json(report))
    timeline = shown.pop("timeline")
    if not shows_standing(seen):
        shown = _only(to_jsonable_python(register_row(report.view.row)), *THERE)
    if Part.TIMELINE in seen.parts:
        shown["timeline"] = timeline
    elif Part.STAGES_ONLY in seen.parts:
        shown["timeline"] = [_only(line, *OF_A_STAGE) for line in timeline if line["what"] == STAGE_ENTERED]
    return {**shown, "sees": sorted(seen.parts)}


def _only(shown: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: shown[name] for name in names}
