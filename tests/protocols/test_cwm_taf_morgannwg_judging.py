"""Cwm Taf Morgannwg: what a signal must carry, when it may be dated, who is independent, and what is said already.

Source: spec 3, "Who says what"; spec 4, "Temporal"; spec 1, "A signal that does not fit".
"""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

from protocols.cwm_taf_morgannwg import RULES, Stage
from protocols.judging import judge
from protocols.messages import read
from protocols.steps import Code
from tests.protocols.ctm_cases import (
    BODIES,
    MEETING_AT,
    NOW,
    REVIEW_GROUP,
    STAGE_BEGAN,
    answered,
    at,
    facts_at,
    standing,
    verdict,
)

ACCEPTED, MISSING, TOO_EARLY = Code.ACCEPTED, Code.MISSING, Code.TOO_EARLY
NOT_INDEPENDENT, WRONG_STAGE, WRONG_ROLE = Code.NOT_INDEPENDENT, Code.WRONG_STAGE, Code.WRONG_ROLE
RAISING_MANAGER, UNIT = "manager/CTMUHB", "business_unit"

# --- What a signal must carry

REQUIRED = [
    # stage, signal, by, fields that it must carry beside `by`
    (Stage.SINGLE_AGENCY, "resolved", RAISING_MANAGER, "record agreed"),
    (Stage.SINGLE_AGENCY, "not_resolved", RAISING_MANAGER, "record"),  # part A
    (Stage.RESPONSE, "response_submitted", "representative/SWP", "agency record"),  # part B
    (Stage.AGREEMENT, "resolved", RAISING_MANAGER, "record agreed"),  # who accepts
    (Stage.AGREEMENT, "not_resolved", RAISING_MANAGER, "record"),  # why
    (Stage.QA, "resolved", UNIT, "record agreed"),  # part D
    (Stage.QA, "not_resolved", UNIT, "record"),
    (Stage.QA, "meeting_held", UNIT, "outcome record"),
    (Stage.QA, "response_submitted", "representative/SWP", "agency record"),
    (Stage.CO_CHAIR, "review_decided", "co_chair", "agency decided_at review reviewer"),
    (Stage.REVIEW, "panel_set_up", UNIT, ""),
    (Stage.REVIEW, "progress_noted", REVIEW_GROUP, ""),
    (Stage.REVIEW, "review_completed", REVIEW_GROUP, "record"),
    (Stage.BOARD, "report_presented", UNIT, "agreed"),
    (Stage.LEARNING, "learning_disseminated", UNIT, "agencies"),
    (Stage.QA, "discussion_recorded", "counterpart_manager/RCT", "agency record"),
    (Stage.QA, "role_changed", UNIT, "role for_agency record"),
    (Stage.QA, "agency_added", UNIT, "agency_code must_respond record"),
    (Stage.QA, "corrected", UNIT, "corrects record"),
    (Stage.QA, "withdrawn", RAISING_MANAGER, "record"),
]
REQUIRED_FIELDS = [(stage, signal, by, field) for stage, signal, by, fields in REQUIRED for field in fields.split()]


@pytest.mark.parametrize(("stage", "signal", "by", "field"), REQUIRED_FIELDS)
@pytest.mark.clause("ctm 1", "ctm 2", "ctm 3", "common a signal that does not fit", "common ending")
def test_1_to_3_without_a_required_field_a_signal_is_missing_it(stage: Stage, signal: str, by: str, field: str) -> None:
    """Each field that spec 4 requires is missed by name; with all of them the signal is accepted."""
    assert ACCEPTED == verdict(standing(stage), signal, by).code
    without = verdict(standing(stage), signal, by, **{field: None})
    assert (MISSING, field) == (without.code, without.reason)


@pytest.mark.parametrize(("stage", "signal", "by"), [row[:3] for row in REQUIRED])
def test_1_to_3_with_nothing_but_what_is_required_a_signal_is_accepted(stage: Stage, signal: str, by: str) -> None:
    """A complete signal is accepted at its stage, whether or not anything is required."""
    assert ACCEPTED == verdict(standing(stage), signal, by).code


DECISIONS: list[tuple[dict[str, Any], Code, str]] = [
    # what is changed of “review by the review group”, the verdict, a word of its reason
    ({}, ACCEPTED, ""),
    ({"record": None}, ACCEPTED, ""),  # the reasons may follow (decision 25)
    ({"reviewer": None}, MISSING, "reviewer"),
    ({"review": False}, ACCEPTED, ""),
    ({"review": False, "reviewer": None}, ACCEPTED, ""),
    ({"review": False, "record": None}, MISSING, "record"),  # the outcome for the child or adult
    ({"reviewer": "SWP"}, MISSING, "panel_member_agency"),
    ({"reviewer": "SWP", "panel_member_agency": "EDU"}, ACCEPTED, ""),
    ({"reviewer": "CTMUHB", "panel_member_agency": "EDU"}, ACCEPTED, ""),  # the raising agency itself may review
    ({"reviewer": "EDU", "panel_member_agency": "FIRE"}, ACCEPTED, ""),  # so may one that is not in the case
    # the Co-Chair
    ({"agency": "RCT"}, NOT_INDEPENDENT, "Co-Chair"),
    ({"agency": "CTMUHB"}, NOT_INDEPENDENT, "Co-Chair"),
    ({"agency": "PROBATION"}, NOT_INDEPENDENT, "Co-Chair"),  # in the case, though it need not respond
    ({"agency": "rct"}, NOT_INDEPENDENT, "Co-Chair"),
    ({"agency": "Rct", "review": False}, NOT_INDEPENDENT, "Co-Chair"),
    # the panel member
    ({"reviewer": "SWP", "panel_member_agency": "RCT"}, NOT_INDEPENDENT, "panel member"),
    ({"reviewer": "SWP", "panel_member_agency": "rct"}, NOT_INDEPENDENT, "panel member"),
    ({"reviewer": "SWP", "panel_member_agency": "SWP"}, NOT_INDEPENDENT, "panel member"),
    ({"reviewer": "EDU", "panel_member_agency": "EDU"}, NOT_INDEPENDENT, "panel member"),
    ({"reviewer": "EDU", "panel_member_agency": "edu"}, NOT_INDEPENDENT, "panel member"),
    # with the review group, or without a review, nobody asks for one
    ({"panel_member_agency": "RCT"}, ACCEPTED, ""),
    ({"review": False, "panel_member_agency": "RCT"}, ACCEPTED, ""),
]


@pytest.mark.parametrize(("changed", "expected", "reason"), DECISIONS)
@pytest.mark.clause("ctm 3")
def test_3_who_may_decide_and_who_may_sit_on_the_panel(changed: dict[str, Any], expected: Code, reason: str) -> None:
    """The Co-Chair and an agency's panel member are of no agency of the case, nor the member of the reviewing one."""
    judged = verdict(standing(Stage.CO_CHAIR), "review_decided", "co_chair", **changed)
    assert expected == judged.code
    assert reason in judged.reason


@pytest.mark.parametrize(
    ("code", "expected"),
    [("EDU", NOT_INDEPENDENT), ("edu", NOT_INDEPENDENT), ("FIRE", ACCEPTED), ("rct", Code.ALREADY)],
)
@pytest.mark.clause("ctm 3", "common agency added")
def test_3_the_panel_member_stays_independent(code: str, expected: Code) -> None:
    """While an agency's member sits on the panel it does not join the case; others do, once."""
    facts = facts_at(Stage.REVIEW, reviewer="SWP", panel_member="EDU")
    case = standing(Stage.REVIEW, facts=facts)
    assert expected == verdict(case, "agency_added", UNIT, agency_code=code).code


@pytest.mark.parametrize(
    ("must_respond", "expected"),
    [
        (None, ACCEPTED),  # as in the case file
        (["PROBATION"], ACCEPTED),
        (["SWP", "PROBATION"], ACCEPTED),
        ([], MISSING),  # at least one other agency must respond
        (["CTMUHB"], Code.UNKNOWN),  # the raising agency does not answer itself
        (["RCT", "CTMUHB"], Code.UNKNOWN),
        (["EDU"], Code.UNKNOWN),  # an agency of the directory, but not of the case
        ("RCT", Code.NOT_UNDERSTOOD),
    ],
)
@pytest.mark.clause("ctm 1")
def test_1_part_a_names_other_agencies_of_the_case(must_respond: Any, expected: Code) -> None:
    """Part A may name which agencies must respond: others of the case, and at least one."""
    judged = verdict(standing(Stage.SINGLE_AGENCY), "not_resolved", RAISING_MANAGER, must_respond=must_respond)
    assert expected == judged.code


@pytest.mark.parametrize("outcome", ["resolved", "not_resolved", "adjourned"])
@pytest.mark.clause("ctm 2")
def test_2_meeting_held_says_nothing_but_a_further_meeting(outcome: str) -> None:
    """At QA the other outcomes are signals of their own; as `meeting_held` they are not understood."""
    assert Code.NOT_UNDERSTOOD == verdict(standing(Stage.QA), "meeting_held", UNIT, outcome=outcome).code


# --- Times

AT_QA = [("resolved", Stage.QA), ("not_resolved", Stage.QA), ("meeting_held", Stage.QA)]


@pytest.mark.parametrize(("signal", "stage"), [*AT_QA, ("report_presented", Stage.BOARD)])
@pytest.mark.parametrize(
    ("when", "at_qa", "at_board"),
    [
        (-timedelta(minutes=10), TOO_EARLY, TOO_EARLY),
        (-timedelta(seconds=1), TOO_EARLY, TOO_EARLY),
        (timedelta(0), TOO_EARLY, ACCEPTED),  # after the start; at or after the start
        (timedelta(seconds=1), ACCEPTED, ACCEPTED),
        (timedelta(hours=25), ACCEPTED, ACCEPTED),  # no such limit as Gwent's 24 hours
        (timedelta(days=90), ACCEPTED, ACCEPTED),
    ],
    ids=["ten minutes before", "a second before", "at the start", "a second after", "25 hours after", "90 days after"],
)
@pytest.mark.clause("ctm 2", "ctm 3")
def test_2_and_3_outcomes_are_said_after_the_start_of_the_meeting(
    signal: str, stage: Stage, when: timedelta, at_qa: Code, at_board: Code
) -> None:
    """At QA an outcome is dated after the meeting's start, at the Board the report at it or after; never before."""
    moment = MEETING_AT + when
    judged = verdict(standing(stage), signal, UNIT, **at(moment))
    assert (at_board if stage is Stage.BOARD else at_qa) == judged.code
    assert ("not begun" in judged.reason) == (judged.code is TOO_EARLY)


@pytest.mark.parametrize(("signal", "stage"), [*AT_QA, ("report_presented", Stage.BOARD)])
@pytest.mark.clause("ctm 2", "ctm 3", "common next meeting")
def test_2_and_3_without_a_meeting_there_is_no_outcome(signal: str, stage: Stage) -> None:
    """While no meeting is planned its outcome is too early, and the reason says so."""
    judged = verdict(standing(stage, meeting_at=None), signal, UNIT)
    assert (TOO_EARLY, "no meeting is planned") == (judged.code, judged.reason)


@pytest.mark.parametrize("stage", [Stage.SINGLE_AGENCY, Stage.AGREEMENT])
@pytest.mark.clause("ctm 1", "ctm 2")
def test_1_and_2_the_managers_wait_for_no_meeting(stage: Stage) -> None:
    """What the raising manager says at stage 1 and on the responses needs no meeting."""
    for signal in ("resolved", "not_resolved"):
        assert ACCEPTED == verdict(standing(stage, meeting_at=None), signal, RAISING_MANAGER).code


@pytest.mark.parametrize(
    ("decided_at", "expected"),
    [
        (NOW, ACCEPTED),
        (NOW + timedelta(seconds=1), Code.IN_FUTURE),  # later than the signal's own time, though within 5 minutes
        (NOW + timedelta(days=1), Code.IN_FUTURE),
        (NOW - timedelta(hours=20), ACCEPTED),
        (STAGE_BEGAN - timedelta(minutes=5), ACCEPTED),
        (STAGE_BEGAN - timedelta(minutes=6), Code.BEFORE_STAGE),
    ],
)
@pytest.mark.clause("ctm 3")
def test_3_it_was_decided_no_later_than_it_was_said(decided_at: Any, expected: Code) -> None:
    """`decided_at` lies neither after the signal's own `at` nor before the case came to the Co-Chair."""
    judged = verdict(standing(Stage.CO_CHAIR), "review_decided", "co_chair", decided_at=decided_at.isoformat())
    assert expected == judged.code


@pytest.mark.parametrize(
    ("stage", "signal", "by"),
    [
        (Stage.RESPONSE, "response_submitted", "representative/SWP"),
        (Stage.AGREEMENT, "not_resolved", RAISING_MANAGER),
        (Stage.CO_CHAIR, "review_decided", "co_chair"),
        (Stage.REVIEW, "progress_noted", REVIEW_GROUP),
        (Stage.LEARNING, "learning_disseminated", UNIT),
    ],
)
@pytest.mark.clause("common times")
def test_what_belongs_to_a_stage_is_not_dated_before_it(stage: Stage, signal: str, by: str) -> None:
    """Five minutes before the stage began are taken, six are not; nor more than five minutes after it was sent."""
    for before, expected in ((5, ACCEPTED), (6, Code.BEFORE_STAGE)):
        moment = (STAGE_BEGAN - timedelta(minutes=before)).isoformat()
        decided = {"decided_at": moment} if signal == "review_decided" else {}
        assert expected == verdict(standing(stage), signal, by, at=moment, **decided).code
    later = (NOW + timedelta(minutes=6)).isoformat()
    assert Code.IN_FUTURE == verdict(standing(stage), signal, by, at=later, sent_at=NOW.isoformat()).code


@pytest.mark.clause("ctm 2", "common times")
def test_2_a_late_response_may_have_been_written_before_qa_began() -> None:
    """For a late response only the begin of the case counts."""
    case = standing(Stage.QA)
    for moment, expected in (("2026-03-05T10:00+00:00", ACCEPTED), ("2026-03-01T10:00+00:00", Code.BEFORE_STAGE)):
        assert expected == verdict(case, "response_submitted", "representative/SWP", at=moment).code


# --- The order of judging, and corrections

NOTHING: Mapping[str, Any] = MappingProxyType({})


class Case(NamedTuple):
    """A signal to a case as it stands, and the verdict."""

    expected: Code
    stage: Stage
    signal: str
    by: str
    changed: Mapping[str, Any] = NOTHING
    standing: Mapping[str, Any] = NOTHING


LATE = {"at": "2026-03-11T13:00:00+00:00", "sent_at": "2026-03-11T12:00:00+00:00"}
ORDER = [
    # role and side, before what is missing or said already
    Case(WRONG_ROLE, Stage.RESPONSE, "response_submitted", "representative/PROBATION", {"record": None}),
    Case(WRONG_ROLE, Stage.CO_CHAIR, "review_decided", "qa_chair", {"agency": "RCT", "decided_at": None}),
    # stage, before what is said already: all have answered
    Case(WRONG_STAGE, Stage.AGREEMENT, "response_submitted", "representative/RCT"),
    # what is missing, before a second response
    Case(MISSING, Stage.QA, "response_submitted", "representative/RCT", {"record": None}),
    # content, before times
    Case(Code.ALREADY, Stage.QA, "response_submitted", "representative/RCT", LATE),
    Case(MISSING, Stage.QA, "not_resolved", UNIT, {"record": None}, {"meeting_at": None}),
    Case(Code.NOT_UNDERSTOOD, Stage.QA, "meeting_held", UNIT, {"outcome": "resolved"}, {"meeting_at": None}),
    Case(MISSING, Stage.CO_CHAIR, "review_decided", "co_chair", {"reviewer": "SWP", **LATE}),
    # times, before independence
    Case(Code.IN_FUTURE, Stage.CO_CHAIR, "review_decided", "co_chair", {"agency": "RCT", **LATE}),
    Case(
        Code.IN_FUTURE,
        Stage.CO_CHAIR,
        "review_decided",
        "co_chair",
        {"agency": "RCT", "decided_at": "2026-03-11T13:00:00+00:00"},
    ),
    # an ended case hears nothing but that somebody is in danger
    Case(Code.ENDED, Stage.QA, "response_submitted", "representative/SWP", {}, {"ended": True}),
    Case(ACCEPTED, Stage.QA, "immediate_action", "representative/SWP", {}, {"ended": True}),
    # corrections lead back to stages gone through, but to no stage whose limit moved the case, or would
    Case(ACCEPTED, Stage.QA, "corrected", UNIT, {"return_to": "response"}),
    Case(ACCEPTED, Stage.QA, "corrected", UNIT, {"return_to": "single_agency"}, {"missed": frozenset({"response"})}),
    Case(WRONG_STAGE, Stage.QA, "corrected", UNIT, {"return_to": "response"}, {"missed": frozenset({"response"})}),
    Case(WRONG_STAGE, Stage.QA, "corrected", UNIT, {"return_to": "co_chair"}),
    Case(Code.NOT_UNDERSTOOD, Stage.QA, "corrected", UNIT, {"return_to": "meeting"}),  # a stage of Gwent
]


@pytest.mark.parametrize("row", ORDER, ids=lambda row: f"{row.expected} {row.stage} {row.signal}")
@pytest.mark.clause("common a signal that does not fit", "common corrected")
def test_of_several_faults_the_first_in_order_is_said(row: Case) -> None:
    """Judged in this order: known and understood, stage, role and side, content, times, independence."""
    judged = verdict(standing(row.stage, **row.standing), row.signal, row.by, **row.changed)
    assert row.expected == judged.code, judged.reason


@pytest.mark.parametrize("signal", [*BODIES, "resolve"])
@pytest.mark.parametrize("body", [None, "[]", "{}", '{"by": "nobody"}', '{"by": "business_unit"}', '{"id": 5}'])
@pytest.mark.clause("common a signal that does not fit")
def test_whatever_comes_gets_a_verdict(signal: str, body: str | None) -> None:
    """No signal, however empty, raises: each gets a code, and changes nothing."""
    for stage in (Stage.RESPONSE, Stage.QA, Stage.CO_CHAIR):
        case = standing(stage)
        before = case.facts.model_copy(deep=True)
        assert judge(read(signal, body, NOW), case, RULES).code in set(Code)
        assert before == case.facts


def test_the_agencies_that_have_answered_are_found_by_code() -> None:
    """A response belongs to the agency that it names, and to no other."""
    facts = facts_at(Stage.RESPONSE).model_copy(update={"responses": answered("SWP")})
    assert [True, False] == [facts.has_answered("SWP"), facts.has_answered("RCT")]
