"""Coming in: a case file held against the edition and the directory, so that all that is wrong is said at once."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from pydantic import ValidationError

from protocols.case_file import CaseFile, Screening
from protocols.editions import Edition
from protocols.errors import CaseRefused
from protocols.judging import GRACE
from protocols.roles import Role
from protocols.working_days import local_date

Faults = dict[str, str]
"""Field path to what is wrong with it and what to do."""


EXCLUDED = "screening.excluded_because"


class Surroundings(NamedTuple):
    """What a case file is held against.

    Attributes:
        now: the moment at which the case is raised.
        edition: the edition that it would run under.
        agencies: codes of the directory.
        held: whether the directory knows a holder of a role for this authority and group.
        duty_team_has_number: the same for a duty team with a telephone number.
    """

    now: datetime
    edition: Edition
    agencies: frozenset[str]
    held: Callable[[Role, str, str], bool]
    duty_team_has_number: Callable[[str, str], bool]


Check = Callable[[Any, Surroundings], Faults]
"""A rule about a case file, of which only the readable fields are set; answers fields and what is wrong with them."""


def read_case_file(data: Mapping[str, Any], around: Surroundings, checks: Iterable[Check]) -> CaseFile:
    """The case file, read and held against the edition and the directory.

    Args:
        data: the JSON object.
        around: what it is held against.
        checks: the protocol's own rules about coming in.

    Raises:
        CaseRefused: everything that is wrong, a line a field.
    """
    faults = unreadable(data)
    at_fault = {field.partition(".")[0] for field in faults}
    file = _readable(data, at_fault) if faults else CaseFile.model_validate(data)
    for check in (*COMMON, *checks):
        for field, what in check(file, around).items():
            faults.setdefault(field, what)
    if faults:
        raise CaseRefused(faults)
    return file


def unreadable(data: Mapping[str, Any]) -> Faults:
    """What is wrong with a case file whatever its protocol: fields that are missing or cannot be read."""
    try:
        CaseFile.model_validate(data)
    except ValidationError as fault:
        return {_field(error["loc"]): in_words(error) for error in fault.errors(include_url=False)}
    return {}


def _readable(data: Mapping[str, Any], at_fault: set[str]) -> CaseFile:
    """Those fields that can be read, so that what is wrong between them can be said at the same time."""
    nothing: dict[str, Any] = {}
    file = CaseFile.model_construct(**nothing)
    for field in CaseFile.model_fields.keys() & data.keys() - at_fault:
        CaseFile.__pydantic_validator__.validate_assignment(file, field, data[field])
    for field in at_fault & file.__dict__.keys():
        del file.__dict__[field]
    return file


def _field(loc: tuple[int | str, ...]) -> str:
    return ".".join(map(str, loc)) or "case file"


NOT_OF_ITS_KIND = {
    "string": "is no text; write it between quotation marks",
    "bool": "is neither true nor false",
    "int": "is no whole number",
    "tuple": "is no list; write it between [ and ]",
    "model": "is no object; write it between { and }",
}
"""What is said of a value of another kind, by the first word of the validator's own name for the fault."""


def in_words(error: Any, see: str = "docs/case-file.md") -> str:
    """What pydantic found wrong, for whoever wrote it; the value itself is not repeated.

    Args:
        error: one of `ValidationError.errors()`.
        see: where what belongs there is described.
    """
    match error["type"]:
        case "missing":
            return "is missing; add it"
        case "string_too_short":
            return "is empty; fill it in"
        case "literal_error":
            return f"is not one of {error['ctx']['expected']}"
        case "date_from_datetime_parsing" | "date_parsing" | "date_type" | "date_from_datetime_inexact":
            return "is no date; write it as 2015-04-01"
        case "value_error" if "isoformat" in error["msg"]:
            return "is no time; write it as 2026-03-02T10:00:00+00:00"
        case "value_error":
            return str(error["msg"]).removeprefix("Value error, ")
        case kind:
            return NOT_OF_ITS_KIND.get(kind.partition("_")[0], f"cannot be read; see {see}")


# --- What holds for every protocol


def _known_words(file: CaseFile, around: Surroundings) -> Faults:
    edition = around.edition
    faults: Faults = {}
    authority, circumstance = getattr(file, "authority", None), getattr(file, "circumstance", None)
    if authority and authority not in edition.authorities:
        faults["authority"] = f"is not one of {', '.join(edition.authorities)}"
    if circumstance and circumstance not in edition.circumstances:
        faults["circumstance"] = f"is not one of {', '.join(edition.circumstances)}"
    if circumstance == "other" and not (getattr(file, "circumstance_other", None) or "").strip():
        faults["circumstance_other"] = "say in words what the difference is about"
    return faults


def _in_scope(file: CaseFile, around: Surroundings) -> Faults:
    """What the protocol is not for, as whoever raises the case says it, and where to go instead."""
    field, screening, exclusions = EXCLUDED, getattr(file, "screening", Screening()), around.edition.exclusions
    why = screening.excluded_because
    if not why or not exclusions:
        return {}
    if why not in exclusions:
        return {field: f"is not one of {', '.join(exclusions)}"}
    taken = exclusions[why].unless and getattr(screening, exclusions[why].unless)
    return {} if taken else {field: f"this is not the right procedure: {exclusions[why].en}"}


def _no_future(file: CaseFile, around: Surroundings) -> Faults:
    latest, today = around.now + GRACE, local_date(around.now)
    subject = getattr(file, "subject", None)
    births = {"subject.date_of_birth": subject.date_of_birth} if subject else {}
    for n, carer in enumerate(subject.parents_or_carers if subject else ()):
        births[f"subject.parents_or_carers.{n}.date_of_birth"] = carer.date_of_birth
    moments = {
        "instigated_at": getattr(file, "instigated_at", None),
        "informal_attempt.at": getattr(getattr(file, "informal_attempt", None), "at", None),
        "duty_to_report.submitted_at": getattr(getattr(file, "duty_to_report", None), "submitted_at", None),
    }
    future = {field for field, day in births.items() if day and day > today}
    future |= {field for field, moment in moments.items() if moment and moment > latest}
    return dict.fromkeys(sorted(future), "lies in the future; mend the date")


def _agencies(file: CaseFile, around: Surroundings) -> Faults:
    agencies = getattr(file, "agencies", None)
    if agencies is None:
        return {}
    codes = [agency.code for agency in agencies]
    faults: Faults = {}
    for n, code in enumerate(codes):
        if code not in around.agencies:
            faults[f"agencies.{n}.code"] = (
                f"“{code}” is no agency of the directory; load it with `datrys agencies import`"
            )
    if len(codes) != len(set(codes)):
        faults["agencies"] = "names an agency twice"
    elif len(codes) < 2:
        faults["agencies"] = "a disagreement needs at least two agencies"
    elif sum(agency.raising for agency in agencies) != 1:
        faults["agencies"] = 'exactly one agency raises the case: mark it with "raising": true'
    raiser = getattr(file, "raised_by", None)
    if raiser and "agencies" not in faults and not any(a.raising and a.code == raiser.agency for a in agencies):
        faults["raised_by.agency"] = "is not the agency that raises the case"
    return faults


def _people(file: CaseFile, around: Surroundings) -> Faults:
    agency_roles, faults = around.edition.agency_roles(), Faults()
    for n, person in enumerate(getattr(file, "people", None) or ()):
        if person.role not in around.edition.roles:
            faults[f"people.{n}.role"] = f"“{person.role}” is no role of this protocol"
        elif person.role in agency_roles and person.agency not in around.agencies:
            faults[f"people.{n}.agency"] = f"“{person.agency}” is no agency of the directory"
    raiser = getattr(file, "raised_by", None)
    if raiser and raiser.role not in agency_roles:
        faults["raised_by.role"] = f"“{raiser.role}” is no role of this protocol that raises a case"
    return faults


COMMON: tuple[Check, ...] = (_known_words, _in_scope, _no_future, _agencies, _people)


def vacant(file: CaseFile, needed: Iterable[Role], around: Surroundings) -> Faults:
    """The roles that the first stages need and nobody holds, and a duty team that cannot be rung."""
    if not all(hasattr(file, field) for field in ("authority", "subject", "agencies", "people", "raised_by")):
        return {}
    if file.authority not in around.edition.authorities:
        return {}
    named = {person.holds for person in file.everybody()}
    missing = [role for role in needed if role not in named and not around.held(role, file.authority, file.group)]
    faults: Faults = {}
    if missing:
        roles = ", ".join(map(str, missing))
        faults["people"] = f"nobody holds {roles}; name them in the case file or load them with `datrys people import`"
    if not around.duty_team_has_number(file.authority, file.group):
        faults["duty_team"] = (
            f"the duty team of {file.authority} for {file.group} has no telephone number; "
            "load it with `datrys people import`"
        )
    return faults
