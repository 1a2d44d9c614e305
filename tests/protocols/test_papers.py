"""Where each text stands: no text that a signal can carry is left without a word on who may read it."""

from datetime import UTC, datetime

import pytest

from protocols.access import Part
from protocols.messages import CONFIRMATION, MESSAGES
from protocols.papers import CORRECTED, NOWHERE, PAPERS, REOPENED, RESPONSES, Reader, stands_in
from protocols.steps import Entry
from workflows.registry import PROTOCOLS

MOMENT = datetime(2026, 3, 2, 10, tzinfo=UTC)
GWENT, CTM = "gwent", "cwm-taf-morgannwg"


def an_entry(what: str, stage: str = "") -> Entry:
    facts = {"happened_at": MOMENT, "recorded_at": MOMENT, "clause": "", "turn": 1, "words": ""}
    return Entry.model_validate({"what": what, "stage": stage, **facts})


def test_every_signal_with_a_text_is_classed_once() -> None:
    """Corrections stand where what they correct stands; nothing else is left out, and nothing is listed twice."""
    listed = [signal for paper in PAPERS for signal in paper.signals]
    assert sorted({*MESSAGES, CONFIRMATION, REOPENED} - {CORRECTED}) == sorted(listed)


@pytest.mark.parametrize("board", [GWENT, CTM])
def test_what_a_protocol_classes_itself_it_says(board: str) -> None:
    """At a stage that it has, with a signal that it hears there."""
    said = {(row.stage, row.signal) for row in PROTOCOLS[board].workflow.rules.says}
    rows = [(paper.stage, MESSAGES[name]) for paper in PROTOCOLS[board].papers for name in paper.signals]
    assert set() == set(rows) - said


@pytest.mark.parametrize(
    ("board", "stage", "what", "parts"),
    [
        (GWENT, "line_managers", "not_resolved", {Part.CONCERN}),
        (CTM, "single_agency", "not_resolved", {Part.CONCERN}),
        (CTM, "response", "response_submitted", {Part.OWN_RESPONSE, Part.OTHERS_RESPONSES}),
        (CTM, "agreement", "not_resolved", {Part.OTHERS_RESPONSES}),
        (CTM, "qa", "not_resolved", {Part.MEETINGS}),
        (GWENT, "meeting", "minutes_recorded", {Part.MEETINGS}),
        (GWENT, "review", "review_completed", {Part.REPORT}),
        (GWENT, "feedback", "feedback_given", {Part.CONCERN}),
        (GWENT, "review", "role_changed", {Part.NAMES}),
        (GWENT, "review", "something_new", set()),
        (GWENT, "review", "corrected", set()),
    ],
)
def test_each_stands_in_its_part(board: str, stage: str, what: str, parts: set[Part]) -> None:
    """What nobody has listed stands nowhere."""
    assert parts == stands_in(an_entry(what, stage), PROTOCOLS[board].papers)


@pytest.mark.parametrize(
    ("parts", "own", "others"),
    [
        ({Part.OWN_RESPONSE}, True, False),
        ({Part.OTHERS_RESPONSES}, False, True),
        ({Part.OWN_RESPONSE, Part.OTHERS_RESPONSES}, True, True),
        ({Part.CONCERN, Part.NAMES}, False, False),
    ],
)
def test_a_response_is_its_agencys_own_or_anothers(parts: set[Part], own: bool, others: bool) -> None:
    """Told apart by who gave it; what stands nowhere nobody reads."""
    who = Reader(frozenset(parts), frozenset({"RCT"}))
    assert (own, others) == (who.may_read(RESPONSES, "RCT"), who.may_read(RESPONSES, "SWP"))
    assert not who.may_read(NOWHERE)
