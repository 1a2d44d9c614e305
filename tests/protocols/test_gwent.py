"""Gwent: the rules that are no number, and what a case remembers, corrections included."""

from typing import Any

import pytest

from protocols.gwent import GwentFacts, Meeting, Review, Stage, criterion_i, criterion_ii
from protocols.roles import Role
from tests.protocols.gwent_cases import CASE_BEGAN, STAGES, facts_at
from tests.protocols.moments_in_words import on

# --- 3.7 the criteria of a review


@pytest.mark.parametrize(
    ("believed_by", "harm_through", "expected"),
    [
        ("ABUHB", "NEWPORT", True),
        ("ABUHB NEWPORT", "NEWPORT", True),  # one of them believes it of another
        ("ABUHB", "ABUHB NEWPORT", True),
        ("ABUHB", "ABUHB", False),  # of its own action only
        ("", "NEWPORT", False),  # nobody believes it
        ("ABUHB", "", False),  # through nobody's action
        ("", "", False),
    ],
)
@pytest.mark.clause("gwent 3.7")
def test_3_7_i_an_agency_believes_in_a_risk_of_harm_through_another(
    believed_by: str, harm_through: str, *, expected: bool
) -> None:
    """Criterion i is met where an agency believes in a risk of harm through another agency than itself."""
    assert expected == criterion_i(believed_by.split(), harm_through.split())


@pytest.mark.parametrize(
    ("gone_through", "expected"),
    [
        ("practitioners line_managers team_manager meeting", True),
        ("practitioners line_managers team_manager meeting review_request", True),
        ("meeting team_manager line_managers practitioners", True),  # in whatever order it is read
        ("line_managers team_manager meeting", False),
        ("practitioners team_manager meeting", False),
        ("practitioners line_managers meeting", False),
        ("practitioners line_managers team_manager", False),
        ("", False),
    ],
)
@pytest.mark.clause("gwent 3.7")
def test_3_7_ii_steps_1_to_4_were_followed(gone_through: str, *, expected: bool) -> None:
    """Criterion ii is met where practitioners, line managers, Team Manager and meeting were all gone through."""
    assert expected == criterion_ii(gone_through.split())


def test_the_stages_stand_in_the_order_of_the_text() -> None:
    """The stages are those of spec 4, in the text's order."""
    expected = "practitioners line_managers team_manager meeting review_request decision review report feedback ended"
    assert expected.split() == [stage.value for stage in Stage]


# --- What a case remembers

FIRST, MOVED_TO, SECOND = on("Mon 9 Mar 2026 10:00"), on("Wed 11 Mar 2026 10:00"), on("Mon 16 Mar 2026 10:00")
REQUESTED = {"believed_by": ["ABUHB"], "harm_through": ["NEWPORT"], "criterion_i": True, "criterion_ii": True}
DECIDED = {"criterion_i": True, "criterion_ii": True, "immediate_action_needed": False}


def whole_case() -> GwentFacts:
    """A case that went through all: who said what has the number that stands beside it."""
    first = Meeting(
        dates=[(4, FIRST), (5, MOVED_TO)],  # 4 arranged, 5 moved
        watched_from=CASE_BEGAN,
        held=6,
        held_at=MOVED_TO,
        outcome="further_meeting",
        attended=(Role(role="chair"),),
        record="record-6",
        minutes=7,
        minutes_at=MOVED_TO,
        minutes_record="record-7",
    )
    second = Meeting(dates=[(8, SECOND)], watched_from=MOVED_TO, held=9, held_at=SECOND, outcome="not_resolved")
    review = {
        "number": 10,  # 10 requested, 11 decided, 12 completed
        "requested_at": SECOND,
        "decided": 11,
        "decided_at": SECOND,
        "review": True,
        "reviewer": "TORFAEN",
        "completed": 12,
        "completed_at": SECOND,
        "record": "record-12",
        "findings": {"requested": REQUESTED, "decided": DECIDED, "completed": {"practitioners_included": True}},
    }
    return GwentFacts(meetings=[first, second], reviews=[Review.model_validate(review)], chairs=[3])


def remembered(facts: GwentFacts) -> dict[str, Any]:
    """What is left, in short."""
    return {
        "meetings": [m.meeting_at for m in facts.meetings],
        "held": [m.outcome for m in facts.meetings if m.held],
        "minutes": [m.minutes_record for m in facts.meetings if m.minutes],
        "requested": [r.findings.get("requested") for r in facts.reviews],
        "decided": [r.reviewer for r in facts.reviews if r.review],
        "completed": [r.record for r in facts.reviews if r.completed_at],
        "chair": sum(facts.chairs),
    }


EVERYTHING: dict[str, Any] = {
    "meetings": [MOVED_TO, SECOND],
    "held": ["further_meeting", "not_resolved"],
    "minutes": ["record-7"],
    "requested": [REQUESTED],
    "decided": ["TORFAEN"],
    "completed": ["record-12"],
    "chair": 3,
}
WITHOUT: list[tuple[int, dict[str, Any]]] = [
    # what is taken back, what is left otherwise than before; each row takes back all that the row before did
    (13, {}),
    (12, {"completed": []}),
    (11, {"decided": []}),
    (10, {"requested": []}),
    (9, {"held": ["further_meeting"]}),
    (8, {"meetings": [MOVED_TO]}),
    (7, {"minutes": []}),
    (6, {"held": []}),
    (5, {"meetings": [FIRST]}),
    (4, {"meetings": []}),
    (3, {"chair": 0}),
    (1, {}),
]


@pytest.mark.parametrize("row", range(len(WITHOUT)), ids=[f"since {since}" for since, _ in WITHOUT])
@pytest.mark.clause("common corrected")
def test_a_correction_takes_back_what_was_said_from_there_on(row: int) -> None:
    """A correction takes back a signal and its followers, and nothing that was said before."""
    since = WITHOUT[row][0]
    expected = dict(EVERYTHING)
    for _, taken in WITHOUT[: row + 1]:
        expected |= taken
    facts = whole_case()
    assert expected == remembered(facts.without(since))
    assert EVERYTHING == remembered(facts)


@pytest.mark.clause("common corrected", "gwent 3.4")
def test_3_4_a_meeting_whose_move_was_corrected_has_its_old_date() -> None:
    """A meeting that was arranged and moved, but not held, goes back to its first date."""
    facts = GwentFacts(meetings=[Meeting(dates=[(4, FIRST), (5, MOVED_TO)], watched_from=CASE_BEGAN)])
    assert [MOVED_TO] == [m.meeting_at for m in facts.without(6).meetings]
    assert [FIRST] == [m.meeting_at for m in facts.without(5).meetings]
    assert [] == facts.without(4).meetings


@pytest.mark.clause("common corrected", "gwent 3.8")
def test_3_8_a_corrected_decision_leaves_the_request_as_it_was() -> None:
    """When a decision is taken back, who believed in which risk still stands in the request."""
    (review,) = whole_case().without(11).reviews
    assert {"requested": REQUESTED} == review.findings
    assert (10, SECOND) == (review.number, review.requested_at)
    assert (0, None, None, "") == (review.decided, review.decided_at, review.review, review.reviewer)


# --- Meetings and minutes


def held(at: Any, *, minutes: int = 0) -> Meeting:
    """A meeting that was held."""
    return Meeting(dates=[(4, at)], watched_from=CASE_BEGAN, held=5, held_at=at, minutes=minutes)


ARRANGED = Meeting(dates=[(8, SECOND)], watched_from=CASE_BEGAN)


@pytest.mark.parametrize(
    ("meetings", "ahead", "without_minutes"),
    [
        ([], None, None),
        ([ARRANGED], SECOND, None),
        ([held(FIRST)], None, FIRST),
        ([held(FIRST), ARRANGED], SECOND, FIRST),
        ([held(FIRST, minutes=6), ARRANGED], SECOND, None),
        ([held(FIRST, minutes=6), held(SECOND)], None, SECOND),
        ([held(FIRST), held(SECOND)], None, FIRST),  # the oldest
        ([held(FIRST, minutes=6), held(SECOND, minutes=7)], None, None),
    ],
)
@pytest.mark.clause("gwent 3.11 note", "common ending")
def test_3_11_note_a_case_waits_for_the_minutes_of_each_meeting_held(
    meetings: list[Meeting], ahead: Any, without_minutes: Any
) -> None:
    """The meeting ahead is the one not held; the minutes waited for are those of the oldest held without."""
    facts = GwentFacts(meetings=meetings)
    first, oldest = facts.meeting_ahead(), facts.meeting_without_minutes()
    assert ahead == (first.meeting_at if first else None)
    assert without_minutes == (oldest.meeting_at if oldest else None)
    assert (without_minutes is not None) == facts.waits_for_minutes()


@pytest.mark.clause("gwent 3.11 note")
def test_3_11_note_minutes_are_found_by_the_moment_of_their_meeting() -> None:
    """Minutes that name their meeting belong to that one, and to none that was not held then."""
    facts = GwentFacts(meetings=[held(FIRST), held(SECOND)])
    named = facts.meeting_without_minutes(SECOND)
    assert named is facts.meetings[1]
    assert facts.meeting_without_minutes(MOVED_TO) is None
    assert (True, False) == (facts.was_held(FIRST), facts.was_held(MOVED_TO))


@pytest.mark.clause("gwent 3.4")
def test_3_4_a_moved_meeting_is_on_its_last_date() -> None:
    """The date that was set last is the one in force."""
    meeting = Meeting(dates=[(4, FIRST)], watched_from=CASE_BEGAN)
    meeting.set_date(5, MOVED_TO)
    assert MOVED_TO == meeting.meeting_at


# --- Who stands in, and who is held but once


@pytest.mark.clause("gwent 3.2", "gwent 3.4")
def test_3_2_and_3_4_who_stands_in() -> None:
    """The safeguarding lead stands in for the line manager; the Team Manager for the Chair until one is named."""
    lead = {"safeguarding_lead": ("line_manager",)}
    assert {**lead, "team_manager": ("chair",)} == GwentFacts().stands_in()
    assert lead == GwentFacts(chairs=[3]).stands_in()


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.clause("gwent 3.8")
def test_3_8_the_reviewer_is_held_by_the_agency_that_the_decision_named(stage: Stage) -> None:
    """Before the decision no agency holds the role of the reviewer, afterwards the one named."""
    named = STAGES.index(stage) > STAGES.index(Stage.DECISION)
    assert {"reviewer": frozenset({"TORFAEN"} if named else ())} == facts_at(stage).held_by(())
