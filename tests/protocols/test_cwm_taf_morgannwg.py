"""Cwm Taf Morgannwg: what a case remembers, corrections included, and who must respond, review or stand in."""

from typing import Any

import pytest

from protocols.cwm_taf_morgannwg import REVIEWING, Asked, CwmTafMorgannwgFacts, QaMeeting, Response, Review, Stage
from protocols.roles import Agency
from tests.protocols.ctm_cases import AGENCIES, EDITION, STAGES, answered, facts_at, parties
from tests.protocols.moments_in_words import on

FIRST, SECOND = on("Wed 1 Apr 2026 10:00"), on("Wed 29 Apr 2026 10:00")


def test_the_stages_stand_in_the_order_of_the_text() -> None:
    """The stages are those of spec 4, in the text's order, and the edition names each."""
    expected = ["single_agency", "response", "agreement", "qa", "co_chair", "review", "board", "learning", "ended"]
    assert expected == [stage.value for stage in Stage]
    assert expected == list(EDITION.stages)


# --- Corrections


def whole_case() -> CwmTafMorgannwgFacts:
    """A case that went through all: who said what has the number that stands beside it."""
    return CwmTafMorgannwgFacts(
        asked=[Asked(number=1, agencies=("SWP",)), Asked(number=2, agencies=("SWP", "EDU"))],  # 2 an agency joined
        responses=[Response(number=3, agency="SWP", at=FIRST), Response(number=4, agency="EDU", at=FIRST)],
        meetings=[
            QaMeeting(number=6, meeting_at=FIRST, held_at=FIRST, outcome="further_meeting"),
            QaMeeting(number=7, meeting_at=SECOND, held_at=SECOND, outcome="not_resolved", record="part D"),
        ],
        reviews=[
            Review(
                number=8,  # 8 decided, 10 completed
                decided_at=SECOND,
                review=True,
                reviewer="SWP",
                panel_member_agency="FIRE",
                completed=10,
                completed_at=SECOND,
                record="report",
            )
        ],
    )


def remembered(facts: CwmTafMorgannwgFacts) -> dict[str, Any]:
    """What is left, in short."""
    return {
        "must respond": facts.must_respond(AGENCIES),
        "answered": [response.agency for response in facts.responses],
        "meetings": [meeting.outcome for meeting in facts.meetings],
        "reviewer": facts.reviewer,
        "report": [review.record for review in facts.reviews if review.completed_at],
    }


EVERYTHING: dict[str, Any] = {
    "must respond": ("SWP", "EDU"),
    "answered": ["SWP", "EDU"],
    "meetings": ["further_meeting", "not_resolved"],
    "reviewer": "SWP",
    "report": ["report"],
}
WITHOUT: list[tuple[int, dict[str, Any]]] = [
    # what is taken back, what is left otherwise than before; each row takes back all that the row before did
    (11, {}),
    (10, {"report": []}),
    (9, {}),
    (8, {"reviewer": ""}),
    (7, {"meetings": ["further_meeting"]}),
    (6, {"meetings": []}),
    (4, {"answered": ["SWP"]}),
    (3, {"answered": []}),
    (2, {"must respond": ("SWP",)}),
    (1, {"must respond": ("RCT", "SWP")}),  # as in the case file
]


@pytest.mark.parametrize("row", range(len(WITHOUT)), ids=[f"since {since}" for since, _ in WITHOUT])
@pytest.mark.clause("common corrected")
def test_a_correction_takes_back_what_was_said_from_there_on(row: int) -> None:
    """A correction takes back a signal and its followers, and nothing that was said before."""
    expected = dict(EVERYTHING)
    for _, taken in WITHOUT[: row + 1]:
        expected |= taken
    facts = whole_case()
    assert expected == remembered(facts.without(WITHOUT[row][0]))
    assert EVERYTHING == remembered(facts)


@pytest.mark.clause("common corrected", "ctm 3")
def test_3_a_review_that_is_not_complete_any_more_was_decided_as_before() -> None:
    """When the completion is taken back, who reviews and who sits on the panel still stands."""
    (review,) = whole_case().without(10).reviews
    assert ("SWP", "FIRE", SECOND) == (review.reviewer, review.panel_member_agency, review.decided_at)
    assert (0, None, "") == (review.completed, review.completed_at, review.record)


# --- 2 who must respond


@pytest.mark.parametrize(
    ("asked", "responses", "must_respond", "unanswered"),
    [
        ([], [], ("RCT", "SWP"), ["RCT", "SWP"]),  # as in the case file
        ([], ["RCT"], ("RCT", "SWP"), ["SWP"]),
        ([], ["SWP", "RCT"], ("RCT", "SWP"), []),
        ([("PROBATION",)], [], ("PROBATION",), ["PROBATION"]),  # part A, in place of the case file
        ([("PROBATION",)], ["RCT"], ("PROBATION",), ["PROBATION"]),
        ([("SWP",), ("SWP", "EDU")], ["SWP"], ("SWP", "EDU"), ["EDU"]),  # an agency joined: the latest counts
    ],
)
@pytest.mark.clause("ctm 1", "ctm 2")
def test_1_and_2_part_a_says_who_must_respond_in_place_of_the_case_file(
    asked: list[tuple[str, ...]], responses: list[str], must_respond: tuple[str, ...], unanswered: list[str]
) -> None:
    """Those that must respond are named by the latest part A, else by the case file; some are still to answer."""
    facts = CwmTafMorgannwgFacts(
        asked=[Asked(number=n, agencies=agencies) for n, agencies in enumerate(asked, start=1)],
        responses=answered(*responses),
    )
    assert must_respond == facts.must_respond(AGENCIES)
    assert unanswered == facts.unanswered(AGENCIES)


@pytest.mark.clause("ctm 2")
def test_2_the_raising_agency_never_responds() -> None:
    """A mark “must respond” at the raising agency itself asks nothing of it."""
    agencies = (Agency(code="CTMUHB", raising=True, must_respond=True), Agency(code="RCT", must_respond=True))
    assert ("RCT",) == CwmTafMorgannwgFacts().must_respond(agencies)


# --- Roles


@pytest.mark.clause("ctm 1", "ctm 2")
def test_1_and_2_the_safeguarding_lead_stands_in_for_the_managers_and_nobody_else_does() -> None:
    """The safeguarding lead acts as manager or counterpart manager of its agency."""
    assert {"safeguarding_lead": ("manager", "counterpart_manager")} == CwmTafMorgannwgFacts().stands_in()


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.clause("ctm 3")
def test_3_who_holds_a_role_at_each_stage(stage: Stage) -> None:
    """Managers and professionals are of the raising agency, counterpart managers of the others, the rest of all."""
    holders = parties(facts_at(stage)).holders
    assert {"CTMUHB"} == holders("manager")
    assert {"CTMUHB"} == holders("professional")
    assert {"RCT", "SWP", "PROBATION"} == holders("counterpart_manager")
    assert {"CTMUHB", "RCT", "SWP", "PROBATION"} == holders("representative")
    assert {"CTMUHB", "RCT", "SWP", "PROBATION"} == holders("safeguarding_lead")


@pytest.mark.parametrize(
    ("stage", "reviewer", "side", "representatives"),
    [
        (Stage.CO_CHAIR, "review_group", set(), "CTMUHB PROBATION RCT SWP"),  # nobody, before the decision
        (Stage.REVIEW, "review_group", {""}, "CTMUHB PROBATION RCT SWP"),
        (Stage.REVIEW, "SWP", {"SWP"}, "CTMUHB PROBATION RCT SWP"),
        (Stage.LEARNING, "BRIDGEND", {"BRIDGEND"}, "BRIDGEND CTMUHB PROBATION RCT SWP"),
    ],
)
@pytest.mark.clause("ctm 3")
def test_3_who_reviews(stage: Stage, reviewer: str, side: set[str], representatives: str) -> None:
    """From the decision on the review group or one agency reviews, and takes part though it was not in the case."""
    found = parties(facts_at(stage, reviewer=reviewer))
    assert side == found.sides[REVIEWING]
    assert set(representatives.split()) == found.holders("representative")


# --- Rows for the records


@pytest.mark.clause("ctm 2", "ctm 3")
def test_2_and_3_meetings_and_reviews_are_kept_as_rows() -> None:
    """Each outcome of the QA Sub Group and each review is a row of the records, numbered within the case."""
    facts = whole_case()
    meetings, (review,) = facts.meeting_rows(), facts.review_rows()
    assert [(1, FIRST, "further_meeting", ""), (2, SECOND, "not_resolved", "part D")] == [
        (row.number, row.meeting_at, row.outcome, row.record) for row in meetings
    ]
    assert (1, SECOND, True, "SWP", SECOND, "report") == (
        review.number,
        review.decided_at,
        review.review,
        review.reviewer,
        review.completed_at,
        review.record,
    )
    assert {"panel_member_agency": "FIRE"} == review.findings
