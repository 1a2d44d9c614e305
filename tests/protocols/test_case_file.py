"""The case file: every fault gives its field and one line, and several faults are all said at once.

What is no JSON object, and a protocol that is not known, are said at the door, before a case file is read.
"""

import json
from collections.abc import Mapping
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest

from protocols import gwent
from protocols.case_file import CaseFile
from protocols.coming_in import Surroundings, read_case_file
from protocols.errors import CaseRefused
from protocols.roles import Agency, Role
from tests.protocols.gwent_cases import EDITION
from tests.protocols.moments_in_words import on

NOW = on("Fri 18 Dec 2026 16:00")
GONE = object()
"""Stands for a field that is left out."""

CASE: dict[str, Any] = {
    "protocol": "gwent",
    "authority": "Newport",
    "subject": {
        "kind": "child",
        "name": "A child",
        "date_of_birth": "2015-04-01",
        "on_child_protection_register": False,
    },
    "duty_to_report": {"reference": "DTR-1", "submitted_at": "2026-12-01T10:00:00+00:00"},
    "circumstance": "thresholds",
    "circumstance_other": None,
    "issue": "What it is about",
    "done_already": "What was tried",
    "outcome_sought": "What is sought",
    "informal_attempt": {"at": "2026-12-10T10:00:00+00:00", "between": "the two practitioners"},
    "raised_by": {
        "name": "One",
        "role": "practitioner",
        "agency": "ABUHB",
        "email": "one@abuhb.invalid",
        "phone": "0",
    },
    "instigated_at": "2026-12-18T15:00:00+00:00",
    "agencies": [{"code": "ABUHB", "raising": True}, {"code": "NEWPORT", "must_respond": True}],
    "people": [
        {"role": "line_manager", "agency": "ABUHB", "name": "Two", "email": "two@abuhb.invalid", "language": "cy"},
        {"role": "practitioner", "agency": "NEWPORT", "name": "Three", "email": "three@newport.invalid"},
    ],
}
DIRECTORY = {Role(role="line_manager", agency="NEWPORT"), Role(role="team_manager"), Role(role="business_unit")}
"""Who is in the directory; the others are named in the case file."""


def around(
    now: datetime = NOW, vacant: str = "", number_for: tuple[tuple[str, str], ...] = (("Newport", "children"),)
) -> Surroundings:
    """Three agencies, the holders of the directory but one, and the duty teams that have a number."""
    held = {(role, "Newport", group) for role in DIRECTORY if str(role) != vacant for group in ("children", "adults")}
    return Surroundings(
        now=now,
        edition=EDITION,
        agencies=frozenset({"ABUHB", "NEWPORT", "TORFAEN"}),
        held=lambda role, authority, group: (role, authority, group) in held,
        duty_team_has_number=lambda authority, group: (authority, group) in number_for,
    )


def changed(*changes: tuple[str, Any]) -> dict[str, Any]:
    """The case file with some fields changed: `subject.name`, `agencies.1.code`."""
    case = deepcopy(CASE)
    for path, value in changes:
        *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
        place: Any = case
        for step in way:
            place = place[step] if isinstance(step, int) else place.setdefault(step, {})
        if value is GONE:
            del place[last]
        else:
            place[last] = value
    return case


def faults(data: Mapping[str, Any], surroundings: Surroundings | None = None) -> dict[str, str]:
    """What is wrong with a case file, nothing if it is read."""
    try:
        read_case_file(data, surroundings or around(), gwent.COMING_IN)
    except CaseRefused as refused:
        return dict(line.split(": ", 1) for line in str(refused).splitlines())
    return {}


# --- A case file that starts a case


def test_a_whole_case_file_is_read() -> None:
    """A case file without fault is read, with its agencies, its group, and the raiser among its people."""
    file = read_case_file(CASE, around(), gwent.COMING_IN)
    assert [Agency(code="ABUHB", raising=True), Agency(code="NEWPORT", must_respond=True)] == file.case_agencies()
    assert "children" == file.group
    held = ["practitioner/ABUHB", "line_manager/ABUHB", "practitioner/NEWPORT"]
    assert held == [str(person.holds) for person in file.everybody()]


@pytest.mark.clause("gwent 1.7")
def test_1_7_the_instigation_may_lie_in_the_past() -> None:
    """The moment of the instigation keeps its offset, and may lie in the past or within 5 minutes of now."""
    for at in ("2026-11-30T09:00:00+00:00", "2026-12-18T16:00:00+00:00", "2026-12-18T16:05:00+00:00"):
        file = read_case_file(changed(("instigated_at", at)), around(), gwent.COMING_IN)
        assert datetime.fromisoformat(at) == file.instigated_at


@pytest.mark.parametrize("field", ["instigated_at", "informal_attempt.at", "duty_to_report.submitted_at"])
@pytest.mark.clause("gwent 1.7")
def test_1_7_a_moment_that_no_calendar_can_count_from_is_refused(field: str) -> None:
    """A year 1 is refused with its field: reckoning a time limit from it would raise."""
    assert {field} == set(faults(changed((field, "0001-01-01T00:00:00+14:00"))))


@pytest.mark.parametrize(
    "change",
    [
        ("surprise", {"unknown": "fields are ignored"}),
        ("done_already", GONE),
        ("people.0.language", ""),
        ("subject.date_of_birth", None),
        ("subject.kind", "adult"),
        ("circumstance", "timeliness"),
        ("instigated_at", "2026-12-18T15:00:00Z"),
        ("instigated_at", "2026-07-06T15:00:00+01:00"),
    ],
)
def test_what_may_be_left_out_or_said_otherwise(change: tuple[str, Any]) -> None:
    """Unknown fields are ignored, optional ones may be left out, and each kind and circumstance is known."""
    assert {} == faults(changed(change), around(number_for=(("Newport", "children"), ("Newport", "adults"))))


def test_whoever_raises_it_holds_the_role_unless_another_is_named() -> None:
    """`raised_by` is the raising practitioner unless `people` names one."""
    other = {"role": "practitioner", "agency": "ABUHB", "name": "Four", "email": "four@abuhb.invalid"}
    file = CaseFile.model_validate(changed(("people", [other])))
    assert ["Four"] == [person.name for person in file.everybody()]


# --- One fault at a time

NO_TIME = "is no time; write it as 2026-03-02T10:00:00+00:00"
NO_OFFSET = "write the time with its offset from UTC, such as 2026-03-02T10:00:00+00:00"
NO_DATE = "is no date; write it as 2015-04-01"
FUTURE = "lies in the future; mend the date"
DUTY = "this protocol is only for a child or adult for whom a Duty to Report was submitted; submit one first"
SUPERVISION = (
    "the child is on the Child Protection Register: Multi-Agency Supervision may serve instead; say true to go on"
)
ONE_RAISES = 'exactly one agency raises the case: mark it with "raising": true'
REQUIRED = [
    "protocol",
    "authority",
    "subject",
    "subject.kind",
    "subject.name",
    "duty_to_report.reference",
    "duty_to_report.submitted_at",
    "circumstance",
    "issue",
    "outcome_sought",
    "informal_attempt",
    "informal_attempt.at",
    "informal_attempt.between",
    "raised_by",
    "raised_by.name",
    "raised_by.role",
    "raised_by.agency",
    "raised_by.email",
    "instigated_at",
    "agencies",
    "people.1.role",
    "people.1.name",
    "people.1.email",
]


@pytest.mark.parametrize("field", REQUIRED)
@pytest.mark.clause("gwent 1.1", "gwent 1.2", "gwent 1.6", "gwent 1.7", "gwent 2.5", "gwent 3.1")
def test_1_1_to_3_1_a_field_that_is_missing_is_said_to_be_missing(field: str) -> None:
    """Each required field, left out, is named as missing; nothing else is said, since nothing else is wrong."""
    assert {field: "is missing; add it"} == faults(changed((field, GONE)))


@pytest.mark.parametrize(
    "field",
    [
        "subject.name",
        "duty_to_report.reference",
        "issue",
        "outcome_sought",
        "informal_attempt.between",
        "people.1.name",
    ],
)
@pytest.mark.clause("gwent 2.5")
def test_2_5_a_field_of_blanks_is_said_to_be_empty(field: str) -> None:
    """A required text of blanks only is named as empty."""
    assert {field: "is empty; fill it in"} == faults(changed((field, "  ")))


FAULTS: list[tuple[str, Any, str, str]] = [
    # what is changed, to what, the field at fault, the line
    ("subject", "a child", "subject", "is no object; write it between { and }"),
    ("subject.kind", "pupil", "subject.kind", "is not one of 'child' or 'adult'"),
    ("subject.date_of_birth", "1 April 2015", "subject.date_of_birth", NO_DATE),
    ("subject.date_of_birth", "2015-02-30", "subject.date_of_birth", NO_DATE),
    ("subject.date_of_birth", 20150401, "subject.date_of_birth", NO_DATE),
    ("subject.date_of_birth", 0, "subject.date_of_birth", NO_DATE),
    ("subject.date_of_birth", "2026-12-19", "subject.date_of_birth", FUTURE),
    (
        "subject.parents_or_carers",
        [{"name": "X", "date_of_birth": "2026-12-19"}],
        "subject.parents_or_carers.0.date_of_birth",
        FUTURE,
    ),
    (
        "subject.on_child_protection_register",
        "no",
        "subject.on_child_protection_register",
        "is neither true nor false",
    ),
    ("instigated_at", "2026-12-18T15:00:00", "instigated_at", NO_OFFSET),
    ("instigated_at", "2026-12-18", "instigated_at", NO_OFFSET),
    ("instigated_at", "this afternoon", "instigated_at", NO_TIME),
    ("instigated_at", 1797606000, "instigated_at", NO_OFFSET),
    ("instigated_at", None, "instigated_at", NO_OFFSET),
    ("instigated_at", "2026-12-18T16:05:01+00:00", "instigated_at", FUTURE),
    ("informal_attempt.at", "2026-12-10T10:00", "informal_attempt.at", NO_OFFSET),
    ("informal_attempt.at", "2026-12-19T10:00:00+00:00", "informal_attempt.at", FUTURE),
    ("duty_to_report.submitted_at", "2026-12-19T10:00:00+00:00", "duty_to_report.submitted_at", FUTURE),
    ("authority", "Cardiff", "authority", "is not one of Blaenau Gwent, Caerphilly, Monmouthshire, Newport, Torfaen"),
    (
        "circumstance",
        "money",
        "circumstance",
        "is not one of thresholds, roles, communication, timeliness, other",
    ),
    ("circumstance", "other", "circumstance_other", "say in words what the difference is about"),
    ("raised_by.email", "one at abuhb", "raised_by.email", "is no e-mail address"),
    ("raised_by.email", "one@abuhb", "raised_by.email", "is no e-mail address"),
    ("raised_by.email", "one two@abuhb.invalid", "raised_by.email", "is no e-mail address"),
    ("people.0.email", "two", "people.0.email", "is no e-mail address"),
    ("people.0.deputy_email", "deputy", "people.0.deputy_email", "is no e-mail address"),
    ("people.0.language", "fr", "people.0.language", "is not one of 'cy', 'en' or ''"),
    (
        "people.2",
        {"role": "mayor", "name": "X", "email": "x@newport.invalid"},
        "people.2.role",
        "“mayor” is no role of this protocol",
    ),
    (
        "people.2",
        {"role": "practitioner", "agency": "POLICE", "name": "X", "email": "x@newport.invalid"},
        "people.2.agency",
        "“POLICE” is no agency of the directory",
    ),
    ("agencies", [], "agencies", "a disagreement needs at least two agencies"),
    ("agencies", [{"code": "ABUHB", "raising": True}], "agencies", "a disagreement needs at least two agencies"),
    ("agencies", [CASE["agencies"][0], CASE["agencies"][0]], "agencies", "names an agency twice"),
    ("agencies.1.raising", True, "agencies", ONE_RAISES),
    ("agencies.0.raising", False, "agencies", ONE_RAISES),
    ("start_at_stage", 2, "start_at_stage", "this protocol begins at stage 1"),
]


@pytest.mark.parametrize(("path", "value", "field", "line"), FAULTS)
@pytest.mark.clause("gwent 1.2", "gwent 1.6", "gwent 1.7", "gwent 3.1")
def test_1_2_to_3_1_each_fault_names_its_field_in_one_line(path: str, value: Any, field: str, line: str) -> None:
    """Each fault of a case file names its field and says in one line what is wrong, and nothing else is said."""
    people = CASE["people"] if path == "people.2" else None
    data = changed(("people", [*people, value])) if people else changed((path, value))
    assert {field: line} == faults(data)


@pytest.mark.clause("gwent 1.1", "gwent 3.1")
def test_1_1_without_a_duty_to_report_no_case_is_started() -> None:
    """Without a Duty to Report the case is refused, saying why and what to do instead."""
    assert {"duty_to_report": DUTY} == faults(changed(("duty_to_report", GONE)))
    assert {"duty_to_report": DUTY} == faults(changed(("duty_to_report", None)))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([("subject.on_child_protection_register", False)], {}),
        (
            [("subject.on_child_protection_register", True)],
            {"screening.multi_agency_supervision_declined": SUPERVISION},
        ),
        (
            [("subject.on_child_protection_register", True), ("screening.multi_agency_supervision_declined", False)],
            {"screening.multi_agency_supervision_declined": SUPERVISION},
        ),
        ([("subject.on_child_protection_register", True), ("screening.multi_agency_supervision_declined", True)], {}),
        (
            [("subject.on_child_protection_register", True), ("screening.multi_agency_supervision_declined", "yes")],
            {"screening.multi_agency_supervision_declined": "is neither true nor false"},
        ),
    ],
)
@pytest.mark.clause("gwent 1.6")
def test_1_6_a_child_on_the_register_wants_the_supervision_considered(
    changes: list[tuple[str, Any]], expected: dict[str, str]
) -> None:
    """For a child on the Child Protection Register the person says that they go on with this, or is told why."""
    assert expected == faults(changed(*changes))


@pytest.mark.parametrize("words", [None, "", "  "])
@pytest.mark.clause("gwent 1.2")
def test_1_2_another_circumstance_is_said_in_words(words: str | None) -> None:
    """The circumstance `other` wants words; with them the case is started."""
    data = changed(("circumstance", "other"), ("circumstance_other", words))
    assert {"circumstance_other": "say in words what the difference is about"} == faults(data)
    assert {} == faults(changed(("circumstance", "other"), ("circumstance_other", "something else")))


@pytest.mark.clause("gwent 3.1")
def test_3_1_an_agency_that_the_directory_does_not_know_is_named() -> None:
    """An agency that is not in the directory is named, with the remedy, and so is everything that wants it."""
    said = faults(changed(("agencies.1.code", "POLICE")))
    assert "“POLICE” is no agency of the directory; load it with `datrys agencies import`" == said["agencies.1.code"]
    assert {"agencies.1.code", "people"} == set(said)


REMEDY = "name them in the case file or load them with `datrys people import`"


@pytest.mark.parametrize(
    ("changes", "vacant", "missing"),
    [
        ([], "line_manager/NEWPORT", "line_manager/NEWPORT"),
        ([], "team_manager", "team_manager"),
        ([], "business_unit", "business_unit"),
        ([("people", [])], "", "practitioner/NEWPORT, line_manager/ABUHB"),
        ([("people", GONE)], "team_manager", "practitioner/NEWPORT, line_manager/ABUHB, team_manager"),
    ],
)
@pytest.mark.clause("gwent 3.1", "gwent 3.2", "gwent 3.3")
def test_3_1_to_3_3_a_role_that_nobody_holds_refuses_the_case(
    changes: list[tuple[str, Any]], vacant: str, missing: str
) -> None:
    """A role that the first stages need and that neither directory nor case file fills is named with the remedy."""
    assert {"people": f"nobody holds {missing}; {REMEDY}"} == faults(changed(*changes), around(vacant=vacant))


@pytest.mark.parametrize(
    ("field", "value", "line"),
    [
        ("raised_by.role", "safeguarding_lead", "a practitioner raises the case under this protocol"),
        ("raised_by.role", "chair", "“chair” is no role of this protocol that raises a case"),
        ("raised_by.agency", "NEWPORT", "is not the agency that raises the case"),
    ],
)
@pytest.mark.clause("gwent 3.1")
def test_3_1_a_practitioner_of_the_raising_agency_raises_the_case(field: str, value: str, line: str) -> None:
    """Whoever is no practitioner of the raising agency is told so, and that its practitioner is not known."""
    assert {field: line, "people": f"nobody holds practitioner/ABUHB; {REMEDY}"} == faults(changed((field, value)))


def test_a_holder_named_in_the_case_file_fills_a_vacant_role() -> None:
    """A case may name a holder that the directory lacks."""
    manager = {"role": "team_manager", "name": "Five", "email": "five@newport.invalid"}
    assert {} == faults(changed(("people", [*CASE["people"], manager])), around(vacant="team_manager"))


@pytest.mark.parametrize(
    ("kind", "numbers", "expected"),
    [
        ("child", (("Newport", "children"),), {}),
        ("adult", (("Newport", "adults"),), {}),
        ("child", (("Newport", "adults"), ("Torfaen", "children")), "children"),
        ("adult", (("Newport", "children"),), "adults"),
        ("child", (), "children"),
    ],
)
@pytest.mark.clause("gwent 3.1")
def test_3_1_the_duty_team_of_the_authority_has_a_telephone_number(
    kind: str, numbers: tuple[tuple[str, str], ...], expected: str | dict[str, str]
) -> None:
    """The duty team of that authority, for children or adults, has a number, or the case is refused with the remedy."""
    line = (
        f"the duty team of Newport for {expected} has no telephone number; load it with `datrys people import`"
        if expected
        else ""
    )
    said = faults(changed(("subject.kind", kind)), around(number_for=numbers))
    assert ({"duty_team": line} if expected else {}) == said


@pytest.mark.parametrize(
    ("now", "born", "expected"),
    [
        ("2026-12-18T16:00:00+00:00", "2026-12-18", {}),
        ("2026-12-18T16:00:00+00:00", "2026-12-19", {"subject.date_of_birth": FUTURE}),
        # half past midnight in summer time: in London it is the next day already
        ("2026-12-18T23:30:00+00:00", "2026-12-19", {"subject.date_of_birth": FUTURE}),
        ("2027-07-06T23:30:00+00:00", "2027-07-07", {}),
        ("2027-07-06T23:30:00+00:00", "2027-07-08", {"subject.date_of_birth": FUTURE}),
    ],
)
def test_today_is_today_in_london(now: str, born: str, expected: dict[str, str]) -> None:
    """A birth date may be today's date in Europe/London, and not a later one."""
    moment = datetime.fromisoformat(now).astimezone(UTC)
    assert expected == faults(changed(("subject.date_of_birth", born)), around(now=moment))


# --- Several at once


def test_an_empty_case_file_is_told_all_that_it_lacks() -> None:
    """A case file of nothing is told every field that is missing, and why there is no case without a Duty to Report."""
    expected = {field: "is missing; add it" for field in REQUIRED if "." not in field}
    assert {**expected, "duty_to_report": DUTY} == faults({})


@pytest.mark.clause("gwent 1.1", "gwent 1.2", "gwent 1.6")
def test_1_1_to_1_6_all_that_is_wrong_is_said_at_once() -> None:
    """Faults of form, of words, of dates, of the protocol and of the directory are said together."""
    data = changed(
        ("subject.date_of_birth", "2027-01-01"),
        ("subject.on_child_protection_register", True),
        ("duty_to_report", GONE),
        ("circumstance", "other"),
        ("issue", ""),
        ("instigated_at", "2026-12-18T15:00:00"),
        ("informal_attempt.at", "2026-12-25T10:00:00+00:00"),
        ("raised_by.agency", "NEWPORT"),
        ("people.0.role", "mayor"),
    )
    assert {
        "subject.date_of_birth": FUTURE,
        "screening.multi_agency_supervision_declined": SUPERVISION,
        "duty_to_report": DUTY,
        "circumstance_other": "say in words what the difference is about",
        "issue": "is empty; fill it in",
        "instigated_at": NO_OFFSET,
        "informal_attempt.at": FUTURE,
        "raised_by.agency": "is not the agency that raises the case",
        "people.0.role": "“mayor” is no role of this protocol",
        "people": f"nobody holds practitioner/ABUHB, line_manager/ABUHB; {REMEDY}",
        "duty_team": "the duty team of Newport for children has no telephone number; "
        "load it with `datrys people import`",
    } == faults(data, around(number_for=()))


def test_a_wrong_raising_agency_is_said_beside_an_unknown_agency() -> None:
    """That the person who raises it belongs to another agency is said, whatever else is wrong with the agencies."""
    data = changed(("agencies.1.code", "POLICE"), ("raised_by.agency", "TORFAEN"))
    assert {"agencies.1.code", "raised_by.agency"} <= set(faults(data))


def test_no_fault_repeats_what_was_written() -> None:
    """A line about a name, a text or an address never repeats it: error texts are kept free of people."""
    secret = "Gwenllian Powell"
    data = changed(
        ("subject.name", {"first": secret}),
        ("subject.address", [secret]),
        ("issue", [secret]),
        ("instigated_at", secret),
        ("informal_attempt.at", secret),
        ("raised_by.email", secret),
        ("people.0.email", secret),
        ("subject.date_of_birth", secret),
    )
    assert secret not in json.dumps(faults(data))
    assert 7 <= len(faults(data))


@pytest.mark.parametrize("value", [None, 5, "text", [], [[]], {}, [{}], {"": {}}, True, "9999-12-31T23:59:59-14:00"])
@pytest.mark.parametrize("field", [*CASE, "screening", "start_at_stage"])
def test_whatever_a_field_holds_it_is_refused_or_read(field: str, value: Any) -> None:
    """No value of a field raises anything but the refusal with its lines."""
    said = faults({**CASE, field: value})
    assert all(what for what in said.values())
