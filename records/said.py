"""What was said in a case and counts still, each entry with the words that were written with it."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Engine

from protocols.steps import Code, Entry
from records import private, reading
from records.intake import JsonValue

STAGE_ENTERED, CORRECTED, REOPENED = "stage-entered", "corrected", "reopened"
DEEPEST = 3
"""Deeper than this, what somebody wrote as JSON is shown as JSON."""


class Said(NamedTuple):
    """One entry that counts: a signal that was accepted, or a stage entered.

    Attributes:
        entry: the line of the timeline.
        words: the free text that came with it, by the name under which it was written (``text``).
        corrections: why it was wrong, where that was said without leading the case back.
    """

    entry: Entry
    words: Mapping[str, str]
    corrections: tuple[str, ...]


def said(engine: Engine, reference: str) -> list[Said]:
    """What was said in a case and counts still, in the order in which it was recorded.

    Raises:
        CaseUnknown: there is no such case.
        Unreachable: the database does not answer.
    """
    entries = [line.entry for line in reading.timeline(engine, reference) if line.case == reference]
    texts = private.texts_of(engine, reference)

    def words(entry: Entry) -> dict[str, str]:
        return in_words(texts.get(entry.record))

    lines = standing(entries)
    corrected = [entry for entry in lines if entry.what == CORRECTED]
    return [
        Said(entry, words(entry), tuple(words(c).get("text", "") for c in corrected if _corrects(c, entry)))
        for entry in lines
    ]


def standing(entries: Iterable[Entry]) -> list[Entry]:
    """The entries of one case that count still: signals accepted, and stages entered (spec 1, corrected).

    A correction that leads the case back makes void the signal that it names and all that came after it; opening a
    case again, all that came after the stage that it goes on from was entered.
    """
    return [entry for entry in counting(entries).values() if entry.what == STAGE_ENTERED or entry.code is Code.ACCEPTED]


def counting(entries: Iterable[Entry]) -> dict[int, Entry]:
    """The same with proposals, by the number of the entry from 0: what is not among them was refused or made void."""
    kept: list[tuple[int, Entry]] = []
    signals: dict[str, int] = {}
    stages: dict[str, int] = {}
    reopening = False
    for number, entry in enumerate(entries):
        void = None
        if entry.what == STAGE_ENTERED:
            void = stages.get(entry.stage) if reopening else None
            stages[entry.stage], reopening = number, False
        elif entry.code and entry.code.accepted:
            signals.setdefault(entry.signal_id, number)
            void = signals.get(entry.facts["corrects"]) if entry.facts.get("return_to") else None
        reopening = reopening or entry.what == REOPENED
        kept = kept if void is None else [(n, one) for n, one in kept if n < void]
        if entry.what == STAGE_ENTERED or (entry.code and entry.code.accepted):
            kept.append((number, entry))
    return dict(kept)


def _corrects(correction: Entry, entry: Entry) -> bool:
    back = correction.facts.get("return_to")
    return not back and bool(entry.signal_id) and correction.facts.get("corrects") == entry.signal_id


def in_words(content: JsonValue | None) -> dict[str, str]:
    """A free text as it is kept, in words: what was written by its name, without what is empty."""
    written = content if isinstance(content, dict) else {"text": content}
    return {name: words for name, value in written.items() if (words := _words(value, DEEPEST))}


def _words(value: Any, deepest: int) -> str:
    match value:
        case None:
            return ""
        case str():
            return value.strip()
        case list() if deepest:
            return "\n".join(_words(one, deepest - 1) for one in value)
        case dict() if deepest:
            return ", ".join(f"{name}: {_words(one, deepest - 1)}" for name, one in value.items())
        case _:
            return json.dumps(value, ensure_ascii=False)
