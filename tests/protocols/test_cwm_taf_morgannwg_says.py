"""Cwm Taf Morgannwg: who says what at which stage, row by row, for every role and side.

Source: spec 3, "Who says what"; spec 1, "Any time" and "A signal that does not fit".
"""

from typing import Any, NamedTuple

import pytest

from protocols.cwm_taf_morgannwg import RULES, Stage
from protocols.messages import MESSAGES
from protocols.steps import Code
from tests.protocols.ctm_cases import OUTSIDERS, SENDERS, STAGES, answered, facts_at, standing, verdict

ACCEPTED, PROPOSAL, WRONG_ROLE, WRONG_STAGE = Code.ACCEPTED, Code.PROPOSAL, Code.WRONG_ROLE, Code.WRONG_STAGE
EVERYBODY = (*SENDERS, *OUTSIDERS)
QA_AND_LATER = (Stage.QA, Stage.CO_CHAIR, Stage.REVIEW, Stage.BOARD, Stage.LEARNING)


def codes(stage: Stage, name: str, senders: tuple[str, ...] = EVERYBODY, **changed: Any) -> dict[str, Code]:
    """The verdict on one signal for each of these senders."""
    return {sender: verdict(standing(stage, **changed), name, sender).code for sender in senders}


# --- The table


class Row(NamedTuple):
    """One row of the table: who may say it, and whether what others say is a proposal."""

    clause: str
    stage: Stage
    signal: str
    may: str
    proposals: bool = False


RAISING_MANAGER = "manager/CTMUHB safeguarding_lead/CTMUHB"
"""Roles: the safeguarding lead acts as manager, or as counterpart manager, of its agency."""
SWP = "counterpart_manager/SWP representative/SWP safeguarding_lead/SWP"
RCT = "counterpart_manager/RCT representative/RCT safeguarding_lead/RCT"
WHO_SAYS_WHAT = [
    Row("1", Stage.SINGLE_AGENCY, "resolved", RAISING_MANAGER, proposals=True),
    Row("1", Stage.SINGLE_AGENCY, "not_resolved", RAISING_MANAGER),
    Row("2", Stage.RESPONSE, "response_submitted", f"{RCT} {SWP}"),
    Row("2", Stage.AGREEMENT, "resolved", RAISING_MANAGER, proposals=True),
    Row("2", Stage.AGREEMENT, "not_resolved", RAISING_MANAGER),
    Row("2", Stage.QA, "resolved", "business_unit"),
    Row("2", Stage.QA, "not_resolved", "business_unit"),
    Row("2", Stage.QA, "meeting_held", "business_unit"),
    Row("3", Stage.CO_CHAIR, "review_decided", "co_chair"),
    Row("3", Stage.REVIEW, "panel_set_up", "business_unit"),
    Row("3", Stage.REVIEW, "progress_noted", "review_group"),
    Row("3", Stage.REVIEW, "review_completed", "review_group business_unit"),
    Row("3", Stage.BOARD, "report_presented", "business_unit"),
    Row("3", Stage.LEARNING, "learning_disseminated", "business_unit"),
]
MOVING = tuple(dict.fromkeys(row.signal for row in WHO_SAYS_WHAT if row.signal != "response_submitted"))
BEFORE_THE_DECISION = STAGES[: STAGES.index(Stage.REVIEW)]
BY_THE_REVIEWER = {("progress_noted", "review_group"), ("review_completed", "review_group")}
"""Who reviews is not known before the decision: until then this is said by nobody (as in Gwent, 3.9)."""


def expected_code(stage: Stage, signal: str, sender: str) -> Code:
    """What the table says: may say it, may propose it, may say it in another stage, or may not."""
    rows = [row for row in WHO_SAYS_WHAT if row.signal == signal]
    here = next((row for row in rows if row.stage == stage), None)
    if here and sender in here.may.split():
        return ACCEPTED
    if here and here.proposals and sender not in OUTSIDERS:
        return PROPOSAL
    if stage in BEFORE_THE_DECISION and (signal, sender) in BY_THE_REVIEWER:
        return WRONG_ROLE
    return WRONG_STAGE if any(sender in row.may.split() for row in rows) else WRONG_ROLE


@pytest.mark.parametrize("row", WHO_SAYS_WHAT, ids=lambda row: f"{row.clause} {row.stage} {row.signal}")
@pytest.mark.clause("ctm 1", "ctm 2", "ctm 3", "common who may resolve", "common a signal that does not fit")
def test_1_to_3_each_row_of_who_says_what(row: Row) -> None:
    """Who may say a signal at its stage, who only proposes it, who says it at another stage, and who never does."""
    expected = {sender: expected_code(row.stage, row.signal, sender) for sender in EVERYBODY}
    assert set(row.may.split()) == {sender for sender, code in expected.items() if code is ACCEPTED}
    assert expected == codes(row.stage, row.signal)


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.clause("ctm 1", "ctm 2", "ctm 3", "common a signal that does not fit")
def test_1_to_3_what_is_not_said_at_a_stage(stage: Stage) -> None:
    """“Wrong stage” where that role and side may say it in another stage, else “wrong role”: for all other signals."""
    here = {row.signal for row in WHO_SAYS_WHAT if row.stage == stage}
    for signal in MOVING:
        if signal not in here:
            expected = {sender: expected_code(stage, signal, sender) for sender in EVERYBODY}
            assert expected == codes(stage, signal), signal


def test_the_table_has_each_row_of_the_protocol_and_no_other() -> None:
    """The rows above are those that the protocol's own table holds, stage by stage."""
    ours = {(row.stage.value, MESSAGES[row.signal]) for row in WHO_SAYS_WHAT}
    assert ours == {(row.stage, row.signal) for row in RULES.says if row.stage != "any"}


GWENT_ONLY = (
    *("meeting_arranged", "minutes_recorded", "review_requested"),
    *("head_of_service_consulted", "report_accepted", "feedback_given"),
)


@pytest.mark.parametrize("signal", GWENT_ONLY)
def test_what_only_the_other_protocol_says_is_said_by_nobody(signal: str) -> None:
    """A signal of Gwent has the wrong role at every stage, whoever sends it."""
    whole = {"meeting_at": "2026-03-18T10:00", "record": "r", "believed_by": [], "harm_through": [], "agreed": True}
    found = {
        verdict(standing(stage), signal, sender, **whole).code
        for stage in STAGES
        for sender in ("business_unit", "chair")
    }
    assert {WRONG_ROLE} == found


# --- 2 the responses


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.clause("ctm 2")
def test_2_who_may_answer_at_which_stage(stage: Stage) -> None:
    """An agency that must respond answers when asked and, if it has not, from QA on; nobody else ever does."""
    before = WRONG_STAGE if stage in {Stage.SINGLE_AGENCY, Stage.AGREEMENT} else ACCEPTED
    expected: dict[str, Code] = dict.fromkeys(EVERYBODY, WRONG_ROLE)
    expected |= dict.fromkeys(SWP.split(), before)
    expected |= dict.fromkeys(RCT.split(), Code.ALREADY if stage in QA_AND_LATER else before)
    assert expected == codes(stage, "response_submitted")


@pytest.mark.clause("ctm 2")
def test_2_an_agency_answers_once() -> None:
    """In the response stage itself a second answer of an agency is refused, whichever of its roles gives it."""
    facts = facts_at(Stage.RESPONSE).model_copy(update={"responses": answered("RCT")})
    found = codes(Stage.RESPONSE, "response_submitted", (*RCT.split(), *SWP.split()), facts=facts)
    assert {**dict.fromkeys(RCT.split(), Code.ALREADY), **dict.fromkeys(SWP.split(), ACCEPTED)} == found


@pytest.mark.clause("ctm 2", "common one click never moves two stages")
def test_2_a_late_response_need_not_name_the_stage_that_it_answers() -> None:
    """A response that was written for the response stage is taken at QA; one for another turn of its own is not."""
    stale = {"stage": "response", "turn": 1}
    assert ACCEPTED == verdict(standing(Stage.QA), "response_submitted", "representative/SWP", **stale).code
    case = standing(Stage.RESPONSE, turn=2)
    assert WRONG_STAGE == verdict(case, "response_submitted", "representative/SWP", **stale).code


# --- 3 who reviews


@pytest.mark.parametrize(
    ("reviewer", "may_note", "may_complete"),
    [
        ("review_group", "review_group", "review_group business_unit"),
        ("SWP", "representative/SWP", "representative/SWP business_unit"),
        ("CTMUHB", "representative/CTMUHB", "representative/CTMUHB business_unit"),
        ("BRIDGEND", "representative/BRIDGEND", "representative/BRIDGEND business_unit"),
    ],
)
@pytest.mark.clause("ctm 3")
def test_3_the_reviewer_notes_progress_and_completes(reviewer: str, may_note: str, may_complete: str) -> None:
    """The review group or the reviewing agency's representative, and of others the Business Unit alone completes it."""
    facts = facts_at(Stage.REVIEW, reviewer=reviewer)
    for signal, may in (("progress_noted", may_note), ("review_completed", may_complete)):
        found = codes(Stage.REVIEW, signal, facts=facts)
        assert set(may.split()) == {sender for sender, code in found.items() if code is ACCEPTED}
        assert {ACCEPTED, WRONG_ROLE} == set(found.values())


@pytest.mark.clause("ctm 3")
def test_3_a_reviewing_agency_from_outside_takes_part_as_its_representative_only() -> None:
    """An agency that reviews without being in the case speaks through its representative, and accepts nothing."""
    facts = facts_at(Stage.REVIEW, reviewer="BRIDGEND")
    senders = ("representative/BRIDGEND", "safeguarding_lead/BRIDGEND", "counterpart_manager/BRIDGEND")
    noted = codes(Stage.REVIEW, "discussion_recorded", senders, facts=facts)
    assert [ACCEPTED, WRONG_ROLE, WRONG_ROLE] == list(noted.values())
    assert {WRONG_ROLE} == set(codes(Stage.REVIEW, "withdrawn", senders, facts=facts).values())


# --- Any time

ANY_TIME = [
    ("immediate_action", " ".join(SENDERS)),
    ("discussion_recorded", " ".join(SENDERS)),
    ("agency_added", "business_unit"),
    ("corrected", "business_unit"),
    ("calendar_changed", "business_unit"),
    ("withdrawn", RAISING_MANAGER),
]


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize(("signal", "may"), ANY_TIME, ids=[row[0] for row in ANY_TIME])
@pytest.mark.clause(
    "common immediate action", "common discussion", "common agency added", "common corrected", "common withdrawn"
)
def test_who_may_say_what_at_any_time(signal: str, may: str, stage: Stage) -> None:
    """At every stage the same: who says it is accepted, anybody else has the wrong role."""
    expected = {sender: ACCEPTED if sender in may.split() else WRONG_ROLE for sender in EVERYBODY}
    assert expected == codes(stage, signal)


@pytest.mark.parametrize(
    ("sender", "role", "for_agency", "expected"),
    [
        ("business_unit", "manager", "CTMUHB", ACCEPTED),
        ("business_unit", "counterpart_manager", "RCT", ACCEPTED),
        ("business_unit", "co_chair", None, ACCEPTED),
        ("business_unit", "qa_chair", None, ACCEPTED),
        ("professional/CTMUHB", "manager", "CTMUHB", ACCEPTED),
        ("representative/RCT", "counterpart_manager", "RCT", ACCEPTED),
        ("manager/CTMUHB", "counterpart_manager", "RCT", WRONG_ROLE),  # another agency's role
        ("representative/RCT", "co_chair", None, WRONG_ROLE),
        ("co_chair", "co_chair", None, WRONG_ROLE),  # another Co-Chair is entered by the Business Unit
        ("qa_chair", "co_chair", None, WRONG_ROLE),
        ("representative/BRIDGEND", "representative", "BRIDGEND", WRONG_ROLE),  # not in the case
        ("business_unit", "manager", None, Code.MISSING),
        ("business_unit", "line_manager", None, Code.NOT_UNDERSTOOD),
    ],
)
@pytest.mark.clause("common role changed")
def test_who_may_pass_on_which_role(sender: str, role: str, for_agency: str | None, expected: Code) -> None:
    """The Business Unit passes on any role, an agency its own; nobody else's."""
    case = standing(Stage.RESPONSE)
    assert expected == verdict(case, "role_changed", sender, role=role, for_agency=for_agency).code


# --- Agencies that may be left out


@pytest.mark.parametrize(
    ("stage", "signal", "by", "expected"),
    [
        (Stage.SINGLE_AGENCY, "not_resolved", "manager", ACCEPTED),  # only one agency has a manager in the case
        (Stage.SINGLE_AGENCY, "not_resolved", "safeguarding_lead", Code.MISSING),
        (Stage.SINGLE_AGENCY, "discussion_recorded", "professional", ACCEPTED),
        (Stage.RESPONSE, "response_submitted", "counterpart_manager", Code.MISSING),
        (Stage.RESPONSE, "response_submitted", "representative", Code.MISSING),
        (Stage.REVIEW, "progress_noted", "representative", Code.MISSING),
    ],
)
@pytest.mark.clause("ctm 1", "ctm 2")
def test_1_and_2_whose_agency_may_be_left_out(stage: Stage, signal: str, by: str, expected: Code) -> None:
    """A role that several agencies hold must say its agency; of one that a single agency holds it is known."""
    facts = facts_at(stage, reviewer="SWP")
    assert expected == verdict(standing(stage, facts=facts), signal, by).code
