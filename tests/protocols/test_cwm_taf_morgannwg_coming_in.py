"""Cwm Taf Morgannwg, coming in: is this the right procedure, at which stage does it begin, who must be there.

Source: spec 3, "Coming in"; docs/decisions/26. What holds for every protocol is in `test_case_file.py`.
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import pytest

from protocols import cwm_taf_morgannwg_coming_in as coming_in
from protocols.coming_in import Surroundings, read_case_file
from protocols.cwm_taf_morgannwg import Stage
from protocols.errors import CaseRefused
from protocols.roles import Role
from tests.ctm import case_file
from tests.protocols.ctm_cases import EDITION
from tests.protocols.moments_in_words import on

NOW = on("Fri 18 Dec 2026 16:00")
GONE = object()
"""Stands for a field that is left out."""
CODES = ("CTMUHB", "RCT", "SWP", "EDU")
DIRECTORY = {
    Role(role="business_unit"),
    Role(role="co_chair"),
    *(Role(role="representative", agency=code) for code in CODES),
}


def around(vacant: str = "", number_for: tuple[str, ...] = ("children", "adults")) -> Surroundings:
    """Four agencies, the holders of the directory but some, and the duty teams that have a number."""
    held = {role for role in DIRECTORY if str(role) not in vacant.split()}
    return Surroundings(
        now=NOW,
        edition=EDITION,
        agencies=frozenset(CODES),
        held=lambda role, authority, group: role in held,
        duty_team_has_number=lambda authority, group: group in number_for,
    )


def changed(*changes: tuple[str, Any], **options: str) -> dict[str, Any]:
    """A case file with some fields changed: `subject.name`, `agencies.1.code`."""
    data = deepcopy(case_file(on("Fri 18 Dec 2026 15:00"), options))
    for path, value in changes:
        *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
        place: Any = data
        for step in way:
            place = place[step] if isinstance(step, int) else place.setdefault(step, {})
        if value is GONE:
            del place[last]
        else:
            place[last] = value
    return data


def faults(data: Mapping[str, Any], surroundings: Surroundings | None = None) -> dict[str, str]:
    """What is wrong with a case file, nothing if it is read."""
    try:
        read_case_file(data, surroundings or around(), coming_in.COMING_IN)
    except CaseRefused as refused:
        return dict(line.split(": ", 1) for line in str(refused).splitlines())
    return {}


# --- Is this the right procedure?

EXCLUDED = "screening.excluded_because"
REMAINS = "screening.remains_practitioner_difference"
WHERE_TO_GO = [
    # why it is no case for this protocol, and words that say where to go
    ("single_agency", "that agency's own arrangements"),
    ("family_complaint", "complaints procedure that applies"),
    (
        "complaint_about_professional",
        "write to their line manager, with a copy to the organisation's safeguarding lead",
    ),
    ("conference_decision", "escalation procedure for Conference Chairs"),
    ("registered_child_not_protected", "own manager, your named child protection professional, the key worker"),
    ("registered_child_not_protected", "the key worker's team manager at once"),
    ("registered_child_not_protected", "senior manager responsible for child protection"),
    ("core_group_drift", "Core Group guidance"),
]


@pytest.mark.parametrize(("why", "where"), WHERE_TO_GO)
@pytest.mark.clause("ctm S")
def test_s_what_the_protocol_is_not_for_is_told_where_to_go(why: str, where: str) -> None:
    """Each exclusion refuses the case, and says where to go instead; nothing else is wrong with it."""
    said = faults(changed((EXCLUDED, why)))
    assert [EXCLUDED] == list(said)
    assert where in said[EXCLUDED]


@pytest.mark.parametrize(
    "why",
    [why for why in dict.fromkeys(why for why, _ in WHERE_TO_GO) if why != "conference_decision"],
)
@pytest.mark.clause("ctm S")
def test_s_a_remaining_difference_opens_no_other_door(why: str) -> None:
    """A difference between practitioners that remains lets in what came from a conference, and nothing else."""
    assert [EXCLUDED] == list(faults(changed((EXCLUDED, why), (REMAINS, True))))


@pytest.mark.clause("ctm S")
def test_s_a_conference_decision_with_a_remaining_difference_is_taken() -> None:
    """From a Child Protection Conference it is taken where a difference between practitioners remains afterwards."""
    from_conference = (EXCLUDED, "conference_decision")
    assert {} == faults(changed(from_conference, (REMAINS, True)))
    assert [EXCLUDED] == list(faults(changed(from_conference, (REMAINS, False))))


@pytest.mark.parametrize("value", [None, ""])
@pytest.mark.clause("ctm S")
def test_s_whoever_names_no_exclusion_is_taken(value: str | None) -> None:
    """Nothing excluded, whether it is said or left out, refuses nothing."""
    assert {} == faults(changed((EXCLUDED, value)))
    assert {} == faults(changed())


@pytest.mark.clause("ctm S")
def test_s_an_exclusion_that_the_protocol_does_not_name_is_refused_with_those_it_does() -> None:
    """An unknown exclusion is named as such; it is no way round the question."""
    said = faults(changed((EXCLUDED, "too_difficult")))
    assert {EXCLUDED} == set(said)
    assert all(why in said[EXCLUDED] for why, _ in WHERE_TO_GO)


@pytest.mark.parametrize("circumstance", ["child_protection_process", "conference_issue", "core_group_functioning"])
@pytest.mark.clause("ctm S")
def test_s_being_on_the_register_alone_excludes_nobody(circumstance: str) -> None:
    """A child on the Child Protection Register comes in like any other."""
    registered = ("subject.on_child_protection_register", True)
    assert {} == faults(changed(registered, ("circumstance", circumstance)))


CIRCUMSTANCES = (
    *("referral_response", "refusal_to_cooperate", "strategy_discussion", "medical_examination"),
    *("adult_investigation", "child_protection_process", "conference_issue", "core_group_functioning"),
    *("ending_adult_procedures", "not_adequately_safeguarded", "legal_action"),
)


@pytest.mark.clause("ctm S")
def test_s_what_a_concern_may_be_about() -> None:
    """Each circumstance of the text is taken, `other` with words only, and no other is."""
    for circumstance in CIRCUMSTANCES:
        assert {} == faults(changed(("circumstance", circumstance))), circumstance
    assert {*CIRCUMSTANCES, "other"} == set(EDITION.circumstances)
    assert ["circumstance_other"] == list(faults(changed(("circumstance", "other"))))
    assert {} == faults(changed(("circumstance", "other"), ("circumstance_other", "something else")))
    assert ["circumstance"] == list(faults(changed(("circumstance", "thresholds"))))  # one of Gwent's


@pytest.mark.parametrize("field", ["informal_attempt", "informal_attempt.at", "informal_attempt.between"])
@pytest.mark.parametrize("start", ["1", "2", "3"])
@pytest.mark.clause("ctm S")
def test_s_an_attempt_with_the_counterpart_comes_first(field: str, start: str) -> None:
    """At whichever stage it begins, an attempt with the counterpart was made: when, and between whom."""
    assert {field: "is missing; add it"} == faults(changed((field, GONE), start=start))


@pytest.mark.clause("ctm S")
def test_s_no_duty_to_report_is_asked_for() -> None:
    """Unlike Gwent, this protocol does not ask for a Duty to Report; one that is given is read."""
    given = {"reference": "DTR-1", "submitted_at": "2026-12-01T10:00:00+00:00"}
    assert {} == faults(changed())
    assert {} == faults(changed(("duty_to_report", given)))


# --- At which stage it begins


@pytest.mark.clause("ctm S")
def test_s_the_stages_at_which_a_case_may_begin() -> None:
    """The text's stages 1, 2 and 3 are the managers, the responses and the Co-Chair."""
    assert {1: Stage.SINGLE_AGENCY, 2: Stage.RESPONSE, 3: Stage.CO_CHAIR} == coming_in.STARTS


GROUND = "beginning at stage 3 needs a ground: high_profile, death_or_serious_harm, senior_coordination"
PART_A = "part A must be complete: "
DONE = f"{PART_A}say what has been done already to resolve this"
NUMBER = f"{PART_A}give a contact number"
WHY = "say why the case does not begin at stage 1"
STARTS: list[tuple[str, tuple[str, Any], dict[str, str]]] = [
    # the stage, what is changed, what is wrong then
    ("1", ("start_reason", ""), {}),
    ("1", ("start_at_stage", GONE), {}),
    ("1", ("done_already", GONE), {}),
    ("1", ("raised_by.phone", ""), {}),
    ("1", ("stage_3_grounds", []), {}),
    ("2", ("start_reason", "immediate risk of harm"), {}),
    ("2", ("stage_3_grounds", []), {}),
    ("2", ("start_reason", ""), {"start_reason": WHY}),
    ("2", ("start_reason", "  "), {"start_reason": WHY}),
    ("2", ("start_reason", None), {"start_reason": WHY}),
    ("2", ("done_already", GONE), {"done_already": DONE}),
    ("2", ("done_already", " "), {"done_already": DONE}),
    ("2", ("raised_by.phone", ""), {"raised_by.phone": NUMBER}),
    ("2", ("subject.occurrence_number", GONE), {}),  # “if appropriate”, says the form
    ("3", ("start_reason", "immediate risk of harm"), {}),
    ("3", ("start_reason", GONE), {"start_reason": WHY}),
    ("3", ("done_already", None), {"done_already": DONE}),
    ("3", ("raised_by.phone", " "), {"raised_by.phone": NUMBER}),
    ("3", ("stage_3_grounds", []), {"stage_3_grounds": GROUND}),
    ("3", ("stage_3_grounds", GONE), {"stage_3_grounds": GROUND}),
    ("3", ("stage_3_grounds", ["high_profile"]), {}),
    ("3", ("stage_3_grounds", ["death_or_serious_harm", "senior_coordination"]), {}),
]


@pytest.mark.parametrize(("start", "change", "expected"), STARTS)
@pytest.mark.clause("ctm S")
def test_s_what_beginning_at_each_stage_needs(start: str, change: tuple[str, Any], expected: dict[str, str]) -> None:
    """Beginning at 2 or 3 needs a reason and part A complete, at 3 a ground as well; at 1 none of these."""
    assert expected == faults(changed(change, start=start))


@pytest.mark.parametrize("stage", [0, 4, -1])
@pytest.mark.clause("ctm S")
def test_s_there_are_three_stages_to_begin_at(stage: int) -> None:
    """Another stage than 1, 2 or 3 is refused."""
    said = faults(changed(("start_at_stage", stage), ("start_reason", "why")))
    assert {"start_at_stage": "a case begins at stage 1, 2 or 3"} == said


@pytest.mark.parametrize("start", ["1", "2", "3"])
@pytest.mark.clause("ctm S")
def test_s_a_ground_that_the_text_does_not_name_is_refused(start: str) -> None:
    """Grounds are those of the text; another one is named, beside those that there are."""
    said = faults(changed(("stage_3_grounds", ["high_profile", "urgent"]), start=start))
    assert ["stage_3_grounds"] == list(said)
    assert said["stage_3_grounds"].startswith("“urgent” is not one of high_profile")


# --- Who must be there

NOBODY = 'at least one other agency must respond: mark it with "must_respond": true'


@pytest.mark.parametrize(
    ("agencies", "expected"),
    [
        ("RCT", {}),
        ("RCT,(SWP)", {}),
        ("(RCT),SWP", {}),
        ("(RCT)", {"agencies": NOBODY}),
        ("(RCT),(SWP)", {"agencies": NOBODY}),
    ],
)
@pytest.mark.parametrize("start", ["1", "2", "3"])
@pytest.mark.clause("ctm S", "ctm 2")
def test_s_at_least_one_other_agency_must_respond(agencies: str, expected: dict[str, str], start: str) -> None:
    """Without an agency that must respond there is no case, at whichever stage it would begin."""
    assert expected == faults(changed(agencies=agencies, start=start))


@pytest.mark.clause("ctm S")
def test_s_the_raising_agency_does_not_answer_itself() -> None:
    """A mark “must respond” at the raising agency does not count."""
    data = changed(("agencies.0.must_respond", True), agencies="(RCT)")
    assert {"agencies": NOBODY} == faults(data)


REMEDY = "name them in the case file or load them with `datrys people import`"


@pytest.mark.parametrize(
    ("start", "people", "vacant", "missing"),
    [
        ("1", "both", "co_chair representative/RCT", ""),  # needed later, if at all
        ("1", "both", "business_unit", "business_unit"),
        ("1", "none", "", "manager/CTMUHB, counterpart_manager/RCT"),
        ("2", "none", "business_unit", "manager/CTMUHB, business_unit, counterpart_manager/RCT"),
        ("3", "both", "business_unit co_chair", "business_unit, co_chair"),
        ("3", "both", "representative/RCT", "representative/RCT"),
        ("3", "both", "representative/CTMUHB", "representative/CTMUHB"),
        ("3", "none", "", "manager/CTMUHB"),  # the counterpart manager is not addressed
    ],
)
@pytest.mark.clause("ctm S", "ctm 1", "ctm 2", "ctm 3")
def test_s_a_role_that_the_first_stages_need_and_nobody_holds_refuses_the_case(
    start: str, people: str, vacant: str, missing: str
) -> None:
    """What is needed where the case begins must be held, in the directory or in the case file; more is not asked."""
    data = changed(*([("people", [])] if people == "none" else []), start=start)
    expected = {"people": f"nobody holds {missing}; {REMEDY}"} if missing else {}
    assert expected == faults(data, around(vacant=vacant))


@pytest.mark.parametrize(
    ("options", "number_for", "group"),
    [({}, (), "children"), ({"adult": ""}, (), "adults"), ({"adult": ""}, ("children",), "adults")],
)
@pytest.mark.clause("ctm S")
def test_s_the_duty_team_can_be_rung(options: dict[str, str], number_for: tuple[str, ...], group: str) -> None:
    """The duty team for this child or adult has a telephone number, or the case is refused with the remedy."""
    line = (
        f"the duty team of Rhondda Cynon Taf for {group} has no telephone number; load it with `datrys people import`"
    )
    assert {"duty_team": line} == faults(changed(**options), around(number_for=number_for))


@pytest.mark.parametrize("authority", ["Bridgend", "Merthyr Tydfil", "Rhondda Cynon Taf"])
def test_the_three_authorities_of_the_board(authority: str) -> None:
    """Each authority of the board is known; Newport is not one of them."""
    assert {} == faults(changed(("authority", authority)))
    assert ["authority"] == list(faults(changed(("authority", "Newport"))))


@pytest.mark.parametrize("role", ["manager", "safeguarding_lead"])
@pytest.mark.clause("ctm S")
def test_s_a_professional_raises_the_case(role: str) -> None:
    """Whoever is no professional of the raising agency is told who raises a case."""
    said = faults(changed(("raised_by.role", role)))
    assert "a professional raises the case under this protocol" == said["raised_by.role"]


@pytest.mark.clause("ctm S")
def test_s_all_that_is_wrong_is_said_at_once() -> None:
    """Scope, begin, part A, agencies, roles and fields: all faults are said together, a line a field."""
    data = changed(
        (EXCLUDED, "single_agency"),
        ("authority", "Rhondda Cynon Taf"),
        ("circumstance", "other"),
        ("issue", ""),
        ("done_already", ""),
        ("raised_by.phone", ""),
        ("start_reason", ""),
        ("stage_3_grounds", []),
        ("instigated_at", "2026-12-18T15:00:00"),
        ("people", []),
        agencies="(RCT)",
        start="3",
    )
    said = faults(data, around(vacant="co_chair", number_for=()))
    expected = {
        EXCLUDED,
        "circumstance_other",
        "issue",
        "done_already",
        "raised_by.phone",
        "start_reason",
        "stage_3_grounds",
        "instigated_at",
        "agencies",
        "people",
        "duty_team",
    }
    assert expected == set(said)
    assert f"nobody holds manager/CTMUHB, co_chair; {REMEDY}" == said["people"]


@pytest.mark.parametrize("value", [None, 5, "text", [], [[]], {}, [{}], {"": {}}, True])
@pytest.mark.parametrize("field", [*case_file(NOW), "screening", "duty_to_report", "circumstance_other"])
def test_whatever_a_field_holds_it_is_refused_or_read(field: str, value: Any) -> None:
    """No value of a field raises anything but the refusal with its lines."""
    for start in ("1", "3"):
        assert all(faults({**changed(start=start), field: value}).values())
