"""The verdict on a signal: every code of `receipt`, the order of judging, and the table of who says what, row by row.

Source: spec 1, "A signal that does not fit" and "Any time"; spec 2, "Who says what".
"""

import json
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

from protocols.gwent import RULES, GwentFacts, Meeting, Stage
from protocols.judging import judge, sender_of
from protocols.messages import MESSAGES, Read, read
from protocols.roles import Role
from protocols.steps import Code
from tests.protocols.gwent_cases import (
    BODIES,
    CASE_BEGAN,
    KNOWN_ID,
    MEETING_AT,
    NOW,
    OTHER,
    OUTSIDERS,
    RAISING,
    REVIEWING,
    SENDERS,
    STAGE_BEGAN,
    STAGES,
    after,
    facts_at,
    parties,
    said,
    standing,
    verdict,
)
from tests.protocols.moments_in_words import on

ACCEPTED, PROPOSAL, WRONG_ROLE, WRONG_STAGE = Code.ACCEPTED, Code.PROPOSAL, Code.WRONG_ROLE, Code.WRONG_STAGE
REVIEWER = f"reviewer/{REVIEWING}"


def codes(stage: Stage, name: str, senders: tuple[str, ...], **changed: Any) -> dict[str, Code]:
    """The verdict on one signal for each of these senders."""
    return {sender: verdict(standing(stage, **changed), name, sender).code for sender in senders}


def senders_at(stage: Stage) -> tuple[str, ...]:
    """Everybody who takes part at a stage, and a few who do not; the reviewer from the review on."""
    named = STAGES.index(stage) >= STAGES.index(Stage.REVIEW)
    return (*SENDERS, *OUTSIDERS, *([REVIEWER] if named else []))


# --- Who says what


class Row(NamedTuple):
    """One row of the table: who may say it, and whether what others say is a proposal."""

    clause: str
    stage: Stage
    signal: str
    may: str
    proposals: bool = False


LINE_MANAGER_RAISING = "line_manager/ABUHB safeguarding_lead/ABUHB"
"""3.2: a designated safeguarding officer may act as line manager."""
CHAIR = "chair team_manager"
"""3.4: the Chair is the Team Manager until another person is named."""
WHO_SAYS_WHAT = [
    Row("3.1", Stage.PRACTITIONERS, "resolved", "practitioner/ABUHB", proposals=True),
    Row("3.1", Stage.PRACTITIONERS, "not_resolved", "practitioner/ABUHB practitioner/NEWPORT"),
    Row("3.2", Stage.LINE_MANAGERS, "resolved", LINE_MANAGER_RAISING, proposals=True),
    Row("3.3", Stage.LINE_MANAGERS, "not_resolved", LINE_MANAGER_RAISING),
    Row("3.3", Stage.TEAM_MANAGER, "resolved", LINE_MANAGER_RAISING, proposals=True),
    Row("3.4", Stage.TEAM_MANAGER, "not_resolved", f"{LINE_MANAGER_RAISING} team_manager"),
    Row("3.4", Stage.TEAM_MANAGER, "meeting_arranged", "team_manager"),
    Row("3.4", Stage.MEETING, "meeting_arranged", CHAIR),
    Row("3.4", Stage.MEETING, "meeting_held", CHAIR),
    Row("3.6", Stage.REVIEW_REQUEST, "review_requested", CHAIR),
    Row("3.6", Stage.DECISION, "head_of_service_consulted", "service_manager"),
    Row("3.8", Stage.DECISION, "review_decided", "service_manager"),
    Row("3.9", Stage.REVIEW, "progress_noted", REVIEWER),
    Row("3.10", Stage.REVIEW, "review_completed", f"{REVIEWER} service_manager"),
    Row("3.10", Stage.REPORT, "report_accepted", "service_manager"),
    Row("3.11", Stage.FEEDBACK, "feedback_given", CHAIR),
]
MOVING = tuple(dict.fromkeys(row.signal for row in WHO_SAYS_WHAT))
CLAUSES = ["gwent 3.1", "gwent 3.2", "gwent 3.3", "gwent 3.4", "gwent 3.6", "gwent 3.8", "gwent 3.9", "gwent 3.10"]


def expected_code(stage: Stage, signal: str, sender: str) -> Code:
    """What the table says: may say it, may propose it, may say it in another stage, or may not."""
    rows = [row for row in WHO_SAYS_WHAT if row.signal == signal]
    here = next((row for row in rows if row.stage == stage), None)
    if here and sender in here.may.split():
        return ACCEPTED
    if here and here.proposals and sender not in OUTSIDERS:
        return PROPOSAL
    return WRONG_STAGE if any(sender in row.may.split() for row in rows) else WRONG_ROLE


@pytest.mark.parametrize("row", WHO_SAYS_WHAT, ids=lambda row: f"{row.clause} {row.stage} {row.signal}")
@pytest.mark.clause(*CLAUSES, "gwent 3.11", "common who may resolve", "common a signal that does not fit")
def test_3_1_to_3_11_each_row_of_who_says_what(row: Row) -> None:
    """Who may say a signal at its stage, who only proposes it, who says it at another stage, and who never does."""
    senders = senders_at(row.stage)
    expected = {sender: expected_code(row.stage, row.signal, sender) for sender in senders}
    assert set(row.may.split()) == {sender for sender, code in expected.items() if code is ACCEPTED}
    assert expected == codes(row.stage, row.signal, senders)


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.clause("common a signal that does not fit")
def test_what_is_not_said_at_a_stage(stage: Stage) -> None:
    """“Wrong stage” where that role and side may say it in another stage, else “wrong role”: for all other signals."""
    here = {row.signal for row in WHO_SAYS_WHAT if row.stage == stage}
    senders = senders_at(stage)
    for signal in MOVING:
        if signal not in here:
            expected = {sender: expected_code(stage, signal, sender) for sender in senders}
            assert expected == codes(stage, signal, senders), signal


def test_the_table_has_each_row_of_the_protocol_and_no_other() -> None:
    """The rows above are those that the protocol's own table holds, stage by stage."""
    ours = {(row.stage.value, MESSAGES[row.signal]) for row in WHO_SAYS_WHAT}
    assert ours == {(row.stage, row.signal) for row in RULES.says if row.stage != "any"}


@pytest.mark.parametrize(
    ("clause", "stage", "signal", "team_manager"),
    [
        ("3.4", Stage.MEETING, "meeting_held", WRONG_ROLE),
        ("3.4", Stage.MEETING, "meeting_arranged", ACCEPTED),  # arranging stays with the Local Authority
        ("3.6", Stage.REVIEW_REQUEST, "review_requested", WRONG_ROLE),
        ("3.11 note", Stage.REVIEW_REQUEST, "minutes_recorded", WRONG_ROLE),
        ("3.11", Stage.FEEDBACK, "feedback_given", WRONG_ROLE),
        ("any", Stage.MEETING, "agency_added", WRONG_ROLE),
    ],
)
@pytest.mark.clause("gwent 3.4")
def test_3_4_the_team_manager_is_the_chair_until_another_person_is_named(
    clause: str, stage: Stage, signal: str, team_manager: Code
) -> None:
    """The Team Manager's signals count as the Chair's until another person is named, and not from then on."""
    facts = facts_at(stage)
    assert {"team_manager": ACCEPTED, "chair": ACCEPTED} == codes(stage, signal, ("team_manager", "chair"), facts=facts)
    named = facts.model_copy(update={"chairs": [3]})
    assert {"team_manager": team_manager, "chair": ACCEPTED} == codes(
        stage, signal, ("team_manager", "chair"), facts=named
    )


@pytest.mark.clause("gwent 3.2")
def test_3_2_the_safeguarding_lead_stands_in_for_the_line_manager_of_its_own_side() -> None:
    """A safeguarding officer acts as line manager of its own agency, not of the raising one."""
    assert {"safeguarding_lead/ABUHB": ACCEPTED, "safeguarding_lead/NEWPORT": WRONG_ROLE} == codes(
        Stage.LINE_MANAGERS, "not_resolved", ("safeguarding_lead/ABUHB", "safeguarding_lead/NEWPORT")
    )
    assert {"line_manager/ABUHB": WRONG_STAGE} == codes(Stage.PRACTITIONERS, "not_resolved", ("line_manager/ABUHB",))


@pytest.mark.clause("gwent 3.9")
def test_3_9_nobody_is_the_reviewer_before_the_decision_names_one() -> None:
    """Before a reviewer is named no agency speaks as the reviewer; afterwards only the one named."""
    assert {REVIEWER: WRONG_ROLE} == codes(Stage.DECISION, "discussion_recorded", (REVIEWER,))
    senders = (REVIEWER, "reviewer", "reviewer/ABUHB", "reviewer/POLICE")
    assert {
        REVIEWER: ACCEPTED,
        "reviewer": ACCEPTED,  # there is but one: its agency may be left out
        "reviewer/ABUHB": WRONG_ROLE,
        "reviewer/POLICE": WRONG_ROLE,
    } == codes(Stage.REVIEW, "progress_noted", senders)


# --- Any time

EVERYBODY = " ".join(SENDERS)
ANY_TIME = [
    ("immediate_action", EVERYBODY),
    ("discussion_recorded", EVERYBODY),
    ("agency_added", "business_unit chair team_manager"),
    ("corrected", "business_unit"),
    ("calendar_changed", "business_unit"),
    ("withdrawn", LINE_MANAGER_RAISING),
]


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize(("signal", "may"), ANY_TIME, ids=[row[0] for row in ANY_TIME])
@pytest.mark.clause(
    "common immediate action", "common discussion", "common agency added", "common corrected", "common withdrawn"
)
def test_who_may_say_what_at_any_time(signal: str, may: str, stage: Stage) -> None:
    """At every stage the same: who says it is accepted, anybody else has the wrong role."""
    senders = (*SENDERS, *OUTSIDERS)
    expected = {sender: ACCEPTED if sender in may.split() else WRONG_ROLE for sender in senders}
    assert expected == codes(stage, signal, senders)


@pytest.mark.parametrize(
    ("sender", "role", "for_agency", "expected"),
    [
        ("business_unit", "line_manager", "ABUHB", ACCEPTED),
        ("business_unit", "line_manager", "NEWPORT", ACCEPTED),
        ("business_unit", "chair", None, ACCEPTED),
        ("business_unit", "service_manager", None, ACCEPTED),
        ("line_manager/ABUHB", "practitioner", "ABUHB", ACCEPTED),
        ("practitioner/NEWPORT", "line_manager", "NEWPORT", ACCEPTED),
        ("safeguarding_lead/NEWPORT", "safeguarding_lead", "NEWPORT", ACCEPTED),
        ("line_manager/ABUHB", "practitioner", "NEWPORT", WRONG_ROLE),  # another agency's role
        ("line_manager/ABUHB", "team_manager", None, WRONG_ROLE),
        ("line_manager/ABUHB", "chair", None, WRONG_ROLE),
        ("team_manager", "chair", None, ACCEPTED),  # 3.4: normally the Team Manager, or another person
        ("team_manager", "service_manager", None, WRONG_ROLE),
        ("team_manager", "line_manager", "NEWPORT", WRONG_ROLE),
        ("chair", "chair", None, WRONG_ROLE),
        ("service_manager", "line_manager", "ABUHB", WRONG_ROLE),
        ("line_manager/TORFAEN", "line_manager", "TORFAEN", WRONG_ROLE),  # not in the case
        ("business_unit", "line_manager", None, Code.MISSING),
        ("line_manager/ABUHB", "practitioner", None, Code.MISSING),
        ("business_unit", "mayor", None, Code.NOT_UNDERSTOOD),
    ],
)
@pytest.mark.clause("common role changed", "gwent 3.4")
def test_3_4_who_may_pass_on_which_role(sender: str, role: str, for_agency: str | None, expected: Code) -> None:
    """The Business Unit passes on any role, an agency its own, the Team Manager that of the Chair; nobody else's."""
    case = standing(Stage.LINE_MANAGERS)
    assert expected == verdict(case, "role_changed", sender, role=role, for_agency=for_agency).code


# --- What a signal must carry

REQUIRED = [
    # stage, signal, by, fields that it must carry, beyond `by` and `agency`
    (Stage.PRACTITIONERS, "resolved", "practitioner/ABUHB", "record agreed"),
    (Stage.PRACTITIONERS, "not_resolved", "practitioner/ABUHB", ""),
    (Stage.LINE_MANAGERS, "resolved", "line_manager/ABUHB", "record agreed"),
    (Stage.LINE_MANAGERS, "not_resolved", "line_manager/ABUHB", "record"),  # the statement for the Team Manager
    (Stage.TEAM_MANAGER, "resolved", "line_manager/ABUHB", "record agreed"),
    (Stage.TEAM_MANAGER, "not_resolved", "line_manager/ABUHB", ""),
    (Stage.TEAM_MANAGER, "not_resolved", "team_manager", ""),
    (Stage.TEAM_MANAGER, "meeting_arranged", "team_manager", "meeting_at"),
    (Stage.MEETING, "meeting_arranged", "chair", "meeting_at"),
    (Stage.MEETING, "meeting_held", "chair", "outcome immediate_action_needed attended record"),
    (Stage.REVIEW_REQUEST, "minutes_recorded", "chair", "record"),
    (Stage.REVIEW_REQUEST, "review_requested", "chair", "believed_by harm_through"),
    (Stage.DECISION, "head_of_service_consulted", "service_manager", ""),
    (
        Stage.DECISION,
        "review_decided",
        "service_manager",
        "criterion_i criterion_ii immediate_action_needed review reviewer",
    ),
    (Stage.REVIEW, "progress_noted", REVIEWER, ""),
    (Stage.REVIEW, "review_completed", REVIEWER, "record practitioners_included"),
    (Stage.REPORT, "report_accepted", "service_manager", "agreed"),
    (Stage.FEEDBACK, "feedback_given", "chair", ""),
    (Stage.REVIEW, "immediate_action", "practitioner/NEWPORT", ""),
    (Stage.REVIEW, "discussion_recorded", "practitioner/NEWPORT", "record"),
    (Stage.REVIEW, "role_changed", "business_unit", "role for_agency record"),
    (Stage.REVIEW, "agency_added", "business_unit", "agency_code must_respond record"),
    (Stage.REVIEW, "corrected", "business_unit", "corrects record"),
    (Stage.REVIEW, "withdrawn", "line_manager/ABUHB", "record"),
]
REQUIRED_FIELDS = [
    (stage, signal, by, field) for stage, signal, by, fields in REQUIRED for field in ["by", *fields.split()]
]


@pytest.mark.parametrize(("stage", "signal", "by", "field"), REQUIRED_FIELDS)
@pytest.mark.clause(
    "common a signal that does not fit",
    "common ending",
    "gwent 3.3",
    "gwent 3.4",
    "gwent 3.6",
    "gwent 3.8",
    "gwent 3.10",
)
def test_3_3_to_3_10_without_a_required_field_a_signal_is_missing_it(
    stage: Stage, signal: str, by: str, field: str
) -> None:
    """Each field that spec 4 requires is missed by name; with all of them the signal is accepted."""
    case = standing(stage)
    assert ACCEPTED == verdict(case, signal, by).code
    without = verdict(case, signal, by, **{field: None})
    assert (Code.MISSING, field) == (without.code, without.reason)


@pytest.mark.parametrize("sender", ["practitioner", "line_manager", "safeguarding_lead"])
def test_a_role_that_each_agency_has_must_say_its_agency(sender: str) -> None:
    """A practitioner, line manager or safeguarding lead without an agency is missing it."""
    without = verdict(standing(Stage.MEETING), "discussion_recorded", sender)
    assert (Code.MISSING, "agency") == (without.code, without.reason)


def test_all_that_is_missing_is_said_at_once() -> None:
    """A signal that lacks several fields is told all of them."""
    refused = verdict(
        standing(Stage.DECISION), "review_decided", "service_manager", criterion_i=None, immediate_action_needed=None
    )
    assert (Code.MISSING, "criterion_i, immediate_action_needed") == (refused.code, refused.reason)


@pytest.mark.parametrize(
    ("changed", "expected", "reason"),
    [
        ({"outcome": "resolved"}, Code.MISSING, "raising_agency_satisfied, agreed"),
        ({"outcome": "resolved", "agreed": True}, Code.MISSING, "raising_agency_satisfied"),
        ({"outcome": "resolved", "raising_agency_satisfied": True}, Code.MISSING, "agreed"),
        (
            {"outcome": "resolved", "agreed": True, "raising_agency_satisfied": False},
            Code.NOT_SATISFIED,
            "it is not resolved while the raising agency is not satisfied",
        ),
        ({"outcome": "resolved", "agreed": False, "raising_agency_satisfied": True}, ACCEPTED, ""),
        ({"outcome": "not_resolved", "raising_agency_satisfied": False}, ACCEPTED, ""),
        ({"outcome": "further_meeting"}, ACCEPTED, ""),
        ({"attended": []}, ACCEPTED, ""),
    ],
)
@pytest.mark.clause("gwent 3.5", "gwent 3.4")
def test_3_5_a_meeting_resolves_only_what_satisfies_the_raising_agency(
    changed: dict[str, Any], expected: Code, reason: str
) -> None:
    """Resolved at a meeting wants the raising agency satisfied and says whether all agreed; other outcomes do not."""
    judged = verdict(standing(Stage.MEETING), "meeting_held", "chair", **changed)
    assert (expected, reason) == (judged.code, judged.reason)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, ACCEPTED),
        ({"record": None}, ACCEPTED),  # docs/decisions/05: the reasons may follow, the outcome may not
        ({"reviewer": None}, Code.MISSING),
        ({"reviewer": RAISING}, Code.NOT_INDEPENDENT),
        ({"reviewer": OTHER}, Code.NOT_INDEPENDENT),
        ({"reviewer": REVIEWING}, ACCEPTED),
        ({"review": False, "reviewer": None}, ACCEPTED),
        ({"review": False, "reviewer": None, "record": None}, Code.MISSING),  # the outcome for the child or adult
        ({"review": False, "reviewer": RAISING}, ACCEPTED),  # there is no review to be independent in
        ({"criterion_i": False, "criterion_ii": False}, ACCEPTED),  # the Service Manager decides
    ],
)
@pytest.mark.clause("gwent 3.8", "common ending")
def test_3_8_the_reviewer_is_an_agency_that_is_not_in_the_case(changed: dict[str, Any], expected: Code) -> None:
    """A review names an agency that has no part in the case; a decision without review carries the outcome."""
    assert expected == verdict(standing(Stage.DECISION), "review_decided", "service_manager", **changed).code


# --- Times


class Said(NamedTuple):
    """A signal, when it says to have happened, and when the door took it."""

    stage: Stage
    signal: str
    by: str
    at: str
    sent_at: str
    expected: Code


TIMES = [
    # happened later than it was sent: 5 minutes of grace
    Said(Stage.PRACTITIONERS, "not_resolved", "practitioner/ABUHB", "12:00:00", "12:00:00", ACCEPTED),
    Said(Stage.PRACTITIONERS, "not_resolved", "practitioner/ABUHB", "12:05:00", "12:00:00", ACCEPTED),
    Said(Stage.PRACTITIONERS, "not_resolved", "practitioner/ABUHB", "12:05:01", "12:00:00", Code.IN_FUTURE),
    Said(Stage.REVIEW, "discussion_recorded", "practitioner/ABUHB", "12:05:01", "12:00:00", Code.IN_FUTURE),
    Said(Stage.REVIEW, "immediate_action", "practitioner/ABUHB", "12:05:01", "12:00:00", Code.IN_FUTURE),
    Said(Stage.REVIEW, "withdrawn", "line_manager/ABUHB", "12:05:01", "12:00:00", Code.IN_FUTURE),
    # said long after it happened: the stage's begin counts, not when it was sent
    Said(Stage.PRACTITIONERS, "not_resolved", "practitioner/ABUHB", "12:00:00", "23:59:00", ACCEPTED),
]


@pytest.mark.parametrize("row", TIMES)
@pytest.mark.clause("common times")
def test_what_happened_later_than_it_was_sent_is_in_the_future(row: Said) -> None:
    """More than 5 minutes in the future of `sent_at` is refused, at any time and at a stage."""
    at, sent_at = f"2026-03-11T{row.at}+00:00", f"2026-03-11T{row.sent_at}+00:00"
    assert row.expected == verdict(standing(row.stage), row.signal, row.by, at=at, sent_at=sent_at).code


BEGINS = [
    # stage, signal, by, seconds after the begin of the case or of the stage, verdict
    (Stage.PRACTITIONERS, "not_resolved", "practitioner/ABUHB", "case", 0, ACCEPTED),
    (Stage.PRACTITIONERS, "not_resolved", "practitioner/ABUHB", "case", -1, Code.BEFORE_STAGE),  # no grace here
    (Stage.LINE_MANAGERS, "not_resolved", "line_manager/ABUHB", "stage", 0, ACCEPTED),
    (Stage.LINE_MANAGERS, "not_resolved", "line_manager/ABUHB", "stage", -300, ACCEPTED),
    (Stage.LINE_MANAGERS, "not_resolved", "line_manager/ABUHB", "stage", -301, Code.BEFORE_STAGE),
    (Stage.LINE_MANAGERS, "resolved", "line_manager/NEWPORT", "stage", -301, Code.BEFORE_STAGE),  # a proposal too
    (Stage.DECISION, "review_decided", "service_manager", "stage", -301, Code.BEFORE_STAGE),
    (Stage.REVIEW, "progress_noted", REVIEWER, "stage", -301, Code.BEFORE_STAGE),
    (Stage.FEEDBACK, "feedback_given", "chair", "stage", -301, Code.BEFORE_STAGE),
    # what may be said at any time is held only against the begin of the case
    (Stage.REVIEW, "minutes_recorded", "chair", "stage", -301, ACCEPTED),
    (Stage.REVIEW, "discussion_recorded", "practitioner/ABUHB", "stage", -86400, ACCEPTED),
    (Stage.REVIEW, "immediate_action", "practitioner/ABUHB", "stage", -86400, ACCEPTED),
    (Stage.REVIEW, "withdrawn", "line_manager/ABUHB", "stage", -86400, ACCEPTED),
    (Stage.REVIEW, "role_changed", "business_unit", "stage", -86400, ACCEPTED),
    (Stage.REVIEW, "agency_added", "business_unit", "stage", -86400, ACCEPTED),
    (Stage.REVIEW, "corrected", "business_unit", "stage", -86400, ACCEPTED),
    (Stage.REVIEW, "calendar_changed", "business_unit", "stage", -86400, ACCEPTED),
    (Stage.REVIEW, "minutes_recorded", "chair", "case", -1, Code.BEFORE_STAGE),
    (Stage.REVIEW, "discussion_recorded", "practitioner/ABUHB", "case", 0, ACCEPTED),
    (Stage.REVIEW, "discussion_recorded", "practitioner/ABUHB", "case", -1, Code.BEFORE_STAGE),
    (Stage.REVIEW, "immediate_action", "practitioner/ABUHB", "case", -1, Code.BEFORE_STAGE),
    (Stage.REVIEW, "withdrawn", "line_manager/ABUHB", "case", -1, Code.BEFORE_STAGE),
]


@pytest.mark.parametrize(("stage", "signal", "by", "of", "seconds", "expected"), BEGINS)
@pytest.mark.clause("common times", "gwent 3.11 note")
def test_3_11_note_and_others_are_held_against_the_begin_of_case_or_stage(
    stage: Stage, signal: str, by: str, of: str, seconds: int, expected: Code
) -> None:
    """Nothing happens before the case began; what belongs to a stage not more than 5 minutes before that began."""
    begin = CASE_BEGAN if of == "case" else STAGE_BEGAN
    assert expected == verdict(standing(stage), signal, by, at=after(begin, seconds=seconds)).code


DAY = 86400


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-3600, Code.TOO_EARLY),
        (-1, Code.TOO_EARLY),
        (0, ACCEPTED),
        (5400, ACCEPTED),
        (DAY, ACCEPTED),
        (DAY + 1, Code.TOO_LATE),
        (7 * DAY, Code.TOO_LATE),
    ],
)
@pytest.mark.clause("gwent 3.4")
def test_3_4_a_meeting_is_held_at_or_after_its_start_and_within_24_hours(seconds: int, expected: Code) -> None:
    """The outcome of a meeting is dated at or after its start, and within 24 hours of it."""
    at = after(MEETING_AT, seconds=seconds)
    assert expected == verdict(standing(Stage.MEETING), "meeting_held", "chair", at=at, sent_at=at).code


@pytest.mark.parametrize(
    ("meeting_at", "at", "expected"),
    [
        # the clocks go back on 25 October 2026: 24 hours after 14:00 it is 13:00
        ("2026-10-24T14:00", "2026-10-25T13:00:00+00:00", ACCEPTED),
        ("2026-10-24T14:00", "2026-10-25T13:00:01+00:00", Code.TOO_LATE),
        # they go forward on 28 March 2027: 24 hours after 14:00 it is 15:00, which is 14:00 in UTC
        ("2027-03-27T14:00", "2027-03-28T14:00:00+00:00", ACCEPTED),
        ("2027-03-27T14:00", "2027-03-28T14:00:01+00:00", Code.TOO_LATE),
    ],
)
@pytest.mark.clause("gwent 3.4", "common times")
def test_3_4_the_24_hours_of_a_meeting_are_elapsed_hours(meeting_at: str, at: str, expected: Code) -> None:
    """The 24 hours are elapsed hours, also where the meeting's time was said without its offset."""
    arranged = read("meeting_arranged", said("meeting_arranged", "chair", meeting_at=meeting_at), NOW).signal
    assert arranged is not None
    moment = arranged.model_dump()["meeting_at"]
    facts = GwentFacts(meetings=[Meeting(dates=[(4, moment)], watched_from=STAGE_BEGAN)])
    case = standing(Stage.MEETING, facts=facts)
    assert expected == verdict(case, "meeting_held", "chair", at=at, sent_at=at).code


@pytest.mark.parametrize(
    ("stage", "at", "meeting_at", "expected"),
    [
        (Stage.TEAM_MANAGER, "12:00", "2026-03-18T10:00:00+00:00", ACCEPTED),
        (Stage.TEAM_MANAGER, "12:00", "2026-03-11T12:00:01+00:00", ACCEPTED),
        (Stage.TEAM_MANAGER, "12:00", "2026-03-11T12:00:00+00:00", Code.TOO_EARLY),
        (Stage.MEETING, "12:00", "2026-03-10T10:00:00+00:00", Code.TOO_EARLY),
        (Stage.MEETING, "12:00", "2026-03-18T10:00:00+00:00", ACCEPTED),
    ],
)
@pytest.mark.clause("gwent 3.4")
def test_3_4_a_meeting_is_arranged_for_a_later_moment(stage: Stage, at: str, meeting_at: str, expected: Code) -> None:
    """A meeting is arranged, or moved, to a moment after the signal's own."""
    moment = f"2026-03-11T{at}:00+00:00"
    judged = verdict(standing(stage), "meeting_arranged", "team_manager", meeting_at=meeting_at, at=moment)
    assert expected == judged.code


# --- Minutes


def meetings(minutes: str) -> GwentFacts:
    """Meetings held on 9, 10, 11 March at 10:00, each with “minutes” or “none”."""
    held = []
    for n, recorded in enumerate(minutes.split()):
        moment = on(f"{('Mon', 'Tue', 'Wed')[n]} {9 + n} Mar 2026 10:00")
        meeting = Meeting(dates=[(4 + n, moment)], watched_from=CASE_BEGAN, held=5 + n, held_at=moment)
        held.append(meeting.model_copy(update={"minutes": 9 if recorded == "minutes" else 0}))
    return GwentFacts(meetings=held)


@pytest.mark.parametrize(
    ("facts", "meeting_at", "expected"),
    [
        (GwentFacts(), None, WRONG_STAGE),  # no meeting was held
        (facts_at(Stage.MEETING), None, WRONG_STAGE),  # it is only arranged
        (meetings("none"), None, ACCEPTED),
        (meetings("none"), "2026-03-09T10:00:00+00:00", ACCEPTED),
        (meetings("none"), "2026-03-09T11:00:00+01:00", ACCEPTED),  # the same moment
        (meetings("none"), "2026-03-09T11:00:00+00:00", Code.UNKNOWN),
        (meetings("minutes"), None, Code.ALREADY),
        (meetings("minutes"), "2026-03-09T10:00:00+00:00", Code.ALREADY),
        (meetings("minutes none"), None, ACCEPTED),  # the oldest without
        (meetings("minutes none"), "2026-03-09T10:00:00+00:00", Code.ALREADY),
        (meetings("none minutes"), "2026-03-10T10:00:00+00:00", Code.ALREADY),
        (meetings("minutes minutes"), None, Code.ALREADY),
    ],
)
@pytest.mark.clause("gwent 3.11 note")
def test_3_11_note_minutes_are_recorded_once_for_each_meeting_held(
    facts: GwentFacts, meeting_at: str | None, expected: Code
) -> None:
    """Minutes belong to a meeting that was held, and are recorded once for each."""
    case = standing(Stage.REVIEW_REQUEST, facts=facts)
    assert expected == verdict(case, "minutes_recorded", "chair", meeting_at=meeting_at).code


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.clause("gwent 3.11 note")
def test_3_11_note_the_chair_records_minutes_at_any_stage_after_the_meeting(stage: Stage) -> None:
    """From the stage after a meeting to the last one the Chair records its minutes, and nobody else does."""
    after_it = STAGES.index(stage) > STAGES.index(Stage.MEETING)
    senders = ("chair", "service_manager", "business_unit")
    expected = {
        "chair": ACCEPTED if after_it else WRONG_STAGE,
        "service_manager": WRONG_ROLE,
        "business_unit": WRONG_ROLE,
    }
    assert expected == codes(stage, "minutes_recorded", senders)


# --- Every code of `receipt`


NOTHING: Mapping[str, Any] = MappingProxyType({})


class Case(NamedTuple):
    """A signal to a case as it stands, the verdict, and the words that say why."""

    expected: Code
    stage: Stage
    signal: str
    by: str
    changed: Mapping[str, Any] = NOTHING
    standing: Mapping[str, Any] = NOTHING
    reason: str = ""


STALE, STALE_TURN = {"stage": "practitioners"}, {"stage": "line_managers", "turn": 1}
EVERY_CODE = [
    Case(ACCEPTED, Stage.PRACTITIONERS, "not_resolved", "practitioner/NEWPORT"),
    Case(ACCEPTED, Stage.LINE_MANAGERS, "not_resolved", "line_manager/ABUHB", STALE_TURN),
    Case(ACCEPTED, Stage.LINE_MANAGERS, "not_resolved", "line_manager/ABUHB", {"entered_by": "business_unit"}),
    Case(PROPOSAL, Stage.PRACTITIONERS, "resolved", "practitioner/NEWPORT"),
    # the stage that the sender answers, or its turn, is over
    Case(WRONG_STAGE, Stage.LINE_MANAGERS, "not_resolved", "line_manager/ABUHB", STALE, reason="moved on"),
    Case(WRONG_STAGE, Stage.LINE_MANAGERS, "not_resolved", "line_manager/ABUHB", STALE_TURN, {"turn": 2}, "moved on"),
    Case(WRONG_STAGE, Stage.LINE_MANAGERS, "not_resolved", "practitioner/ABUHB", reason="not said at this stage"),
    Case(WRONG_STAGE, Stage.MEETING, "corrected", "business_unit", {"return_to": "review"}, reason="gone through"),
    Case(ACCEPTED, Stage.MEETING, "corrected", "business_unit", {"return_to": "line_managers"}),
    # not asked of what may be said at any time
    Case(ACCEPTED, Stage.REVIEW, "minutes_recorded", "chair", STALE),
    Case(ACCEPTED, Stage.REVIEW, "discussion_recorded", "chair", STALE),
    Case(WRONG_ROLE, Stage.LINE_MANAGERS, "not_resolved", "line_manager/NEWPORT", reason="does not say so"),
    Case(WRONG_ROLE, Stage.LINE_MANAGERS, "not_resolved", "stranger"),
    Case(WRONG_ROLE, Stage.LINE_MANAGERS, "response_submitted", "line_manager/ABUHB", {"record": "x"}),
    Case(Code.MISSING, Stage.LINE_MANAGERS, "not_resolved", "line_manager/ABUHB", {"record": None}, reason="record"),
    Case(Code.MISSING, Stage.MEETING, "calendar_changed", "business_unit", {"holidays": None}, reason="holidays or"),
    Case(Code.TOO_EARLY, Stage.TEAM_MANAGER, "meeting_arranged", "team_manager", {"meeting_at": "2026-03-11T11:00"}),
    Case(Code.TOO_EARLY, Stage.MEETING, "meeting_held", "chair", {"at": "2026-03-11T09:59:59+00:00"}, reason="begun"),
    Case(Code.TOO_EARLY, Stage.MEETING, "meeting_held", "chair", {}, {"facts": GwentFacts()}, "no meeting is arranged"),
    Case(
        Code.IN_FUTURE, Stage.FEEDBACK, "feedback_given", "chair", {"at": "2026-03-11T12:06:00+00:00"}, reason="later"
    ),
    Case(Code.BEFORE_STAGE, Stage.FEEDBACK, "feedback_given", "chair", {"at": "2026-03-10T09:00:00+00:00"}),
    Case(
        Code.TOO_LATE,
        Stage.MEETING,
        "meeting_held",
        "chair",
        {"at": "2026-03-12T11:00:00+00:00", "sent_at": "2026-03-12T11:00:00+00:00"},
        reason="24 hours",
    ),
    Case(Code.ALREADY, Stage.MEETING, "agency_added", "business_unit", {"agency_code": OTHER}, reason="already"),
    Case(Code.ALREADY, Stage.REVIEW, "minutes_recorded", "chair", {}, {"facts": meetings("minutes")}, "are recorded"),
    # the last word is said; the case stays for the minutes
    Case(Code.ALREADY, Stage.FEEDBACK, "feedback_given", "chair", {}, {"ending": True}, "only waits for the minutes"),
    Case(ACCEPTED, Stage.FEEDBACK, "minutes_recorded", "chair", {}, {"ending": True}),
    Case(ACCEPTED, Stage.FEEDBACK, "withdrawn", "line_manager/ABUHB", {}, {"ending": True}),
    Case(Code.NOT_INDEPENDENT, Stage.DECISION, "review_decided", "service_manager", {"reviewer": OTHER}, reason="3.8"),
    Case(
        Code.NOT_SATISFIED,
        Stage.MEETING,
        "meeting_held",
        "chair",
        {"outcome": "resolved", "raising_agency_satisfied": False, "agreed": True},
        reason="not satisfied",
    ),
    Case(Code.ENDED, Stage.FEEDBACK, "feedback_given", "chair", {}, {"ended": True}, "has ended"),
    Case(Code.ENDED, Stage.FEEDBACK, "minutes_recorded", "chair", {}, {"ended": True}, "has ended"),
    Case(Code.ENDED, Stage.FEEDBACK, "withdrawn", "line_manager/ABUHB", {}, {"ended": True}, "has ended"),
    Case(ACCEPTED, Stage.FEEDBACK, "immediate_action", "practitioner/NEWPORT", {}, {"ended": True}),
    Case(Code.UNKNOWN, Stage.MEETING, "resolve", "chair", reason="no signal of this name"),
    Case(Code.UNKNOWN, Stage.MEETING, "corrected", "business_unit", {"corrects": "a-refused-one"}, reason="this id"),
    Case(
        Code.UNKNOWN, Stage.REVIEW, "minutes_recorded", "chair", {"meeting_at": "2026-03-01T10:00"}, reason="no meeting"
    ),
    Case(Code.NOT_UNDERSTOOD, Stage.PRACTITIONERS, "resolved", "practitioner/ABUHB", {"agreed": "yes"}, reason="JSON"),
    Case(Code.NOT_UNDERSTOOD, Stage.MEETING, "corrected", "business_unit", {"return_to": "court"}, reason="no stage"),
    Case(Code.NOT_UNDERSTOOD, Stage.MEETING, "role_changed", "business_unit", {"role": "mayor"}, reason="no such role"),
]


@pytest.mark.parametrize("row", EVERY_CODE, ids=lambda row: f"{row.expected} {row.stage} {row.signal}")
@pytest.mark.clause("common a signal that does not fit", "common corrected")
def test_every_code_of_the_receipt(row: Case) -> None:
    """Each code of `receipt` is given where spec 1 says so, and a refusal says why in plain words."""
    judged = verdict(standing(row.stage, **row.standing), row.signal, row.by, **row.changed)
    assert row.expected == judged.code
    assert row.reason in judged.reason
    assert bool(judged.reason) == (not judged.code.accepted)


def test_no_code_of_the_receipt_is_left_out() -> None:
    """The table above holds every code, the codes are those of spec 4, and only two of them count."""
    assert set(Code) == {row.expected for row in EVERY_CODE}
    spec = (
        "accepted proposal wrong_stage wrong_role missing too_early in_future before_stage too_late already "
        "not_independent not_satisfied ended unknown not_understood"
    )
    assert sorted(spec.split()) == sorted(Code)
    assert {Code.ACCEPTED, Code.PROPOSAL} == {code for code in Code if code.accepted}


# --- The order of judging

LATER: dict[str, Any] = {"at": "2026-03-11T13:00:00+00:00"}
ORDER = [
    # known and understood, before the stage
    Case(Code.UNKNOWN, Stage.MEETING, "resolve", "stranger", STALE, {"ended": True}),
    Case(Code.NOT_UNDERSTOOD, Stage.LINE_MANAGERS, "resolved", "stranger", {**STALE, "agreed": "yes"}),
    Case(Code.UNKNOWN, Stage.MEETING, "corrected", "chair", {"corrects": "nothing", "return_to": "review"}),
    # stage, before role and side
    Case(WRONG_STAGE, Stage.LINE_MANAGERS, "not_resolved", "line_manager/NEWPORT", STALE),
    Case(WRONG_STAGE, Stage.LINE_MANAGERS, "not_resolved", "line_manager/ABUHB", {**STALE, "by": None}),
    Case(Code.ENDED, Stage.FEEDBACK, "feedback_given", "stranger", {}, {"ended": True}),
    # role and side, before content
    Case(WRONG_ROLE, Stage.LINE_MANAGERS, "not_resolved", "line_manager/NEWPORT", {"record": None}),
    Case(WRONG_ROLE, Stage.MEETING, "corrected", "chair", {"record": None}),
    Case(WRONG_ROLE, Stage.DECISION, "review_decided", "chair", {"reviewer": OTHER, "criterion_i": None, **LATER}),
    # stage, before content: no meeting was held of which there could be minutes
    Case(WRONG_STAGE, Stage.PRACTITIONERS, "minutes_recorded", "chair", {"record": None}),
    # content, before times
    Case(Code.MISSING, Stage.LINE_MANAGERS, "not_resolved", "line_manager/ABUHB", {"record": None, **LATER}),
    Case(
        Code.NOT_SATISFIED,
        Stage.MEETING,
        "meeting_held",
        "chair",
        {"outcome": "resolved", "raising_agency_satisfied": False, "agreed": True, **LATER},
    ),
    Case(Code.UNKNOWN, Stage.REVIEW, "minutes_recorded", "chair", {"meeting_at": "2026-03-01T10:00", **LATER}),
    # times, before independence
    Case(Code.IN_FUTURE, Stage.DECISION, "review_decided", "service_manager", {"reviewer": OTHER, **LATER}),
    Case(Code.MISSING, Stage.DECISION, "review_decided", "service_manager", {"reviewer": OTHER, "criterion_ii": None}),
]


@pytest.mark.parametrize("row", ORDER, ids=lambda row: f"{row.expected} {row.stage} {row.signal}")
@pytest.mark.clause("common a signal that does not fit")
def test_of_several_faults_the_first_in_order_is_said(row: Case) -> None:
    """Judged in this order: known and understood, stage, role and side, content, times, independence."""
    judged = verdict(standing(row.stage, **row.standing), row.signal, row.by, **row.changed)
    assert row.expected == judged.code, judged.reason


# --- What a judge must never do


@pytest.mark.parametrize("signal", [*BODIES, "resolve"])
@pytest.mark.parametrize("body", [None, "[]", "{}", '{"by": "nobody"}', '{"by": "chair"}', '{"id": 5}'])
@pytest.mark.clause("common a signal that does not fit")
def test_whatever_comes_gets_a_verdict(signal: str, body: str | None) -> None:
    """No signal, however empty, raises: each gets a code, and changes nothing."""
    case = standing(Stage.MEETING)
    before = case.facts.model_copy(deep=True)
    assert judge(read(signal, body, NOW), case, RULES).code in set(Code)
    assert before == case.facts


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("chair", Role(role="chair")),
        ("chair/ABUHB", Role(role="chair")),  # held once in a case: the agency does not matter
        ("practitioner/ABUHB", Role(role="practitioner", agency="ABUHB")),
        ("practitioner/TORFAEN", None),
        ("stranger", None),
        ("nobody", None),
    ],
)
def test_a_sender_is_named_only_if_it_takes_part(by: str, expected: Role | None) -> None:
    """The timeline names the role of a sender that takes part in the case, and nobody else."""
    understood: Read = read("not_resolved", said("not_resolved", by), NOW)
    assert expected == sender_of(understood.envelope, parties(GwentFacts()))
    assert sender_of(None, parties(GwentFacts())) is None


@pytest.mark.clause("common times")
def test_a_door_whose_clock_is_ahead_is_refused() -> None:
    """Sent more than five minutes after it arrived: were it taken, all that follows would lie before its stage."""
    seen = NOW
    early = {"at": NOW.isoformat(), "sent_at": (NOW + timedelta(minutes=6)).isoformat()}
    body = json.dumps({"by": "practitioner", "agency": "ABUHB"} | early)
    assert Code.IN_FUTURE == judge(read("not_resolved", body, seen), standing(Stage.PRACTITIONERS), RULES).code


@pytest.mark.clause("common corrected")
def test_a_correction_leads_back_only_to_a_stage_that_the_corrected_signal_did_not_lead_to() -> None:
    """Without the corrected signal the case would not have come there: the signal that led in is too early for it."""
    back = {"corrects": KNOWN_ID, "record": "reason", "return_to": Stage.REVIEW}  # the known id is signal number 1
    codes = [
        verdict(standing(Stage.REVIEW, gone_through={Stage.REVIEW: first}), "corrected", "business_unit", **back).code
        for first in (1, 2)
    ]
    assert [ACCEPTED, WRONG_STAGE] == codes
