"""The case file: what a case begins with (spec 4, Case file)."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StrictBool,
    StringConstraints,
)

from protocols.roles import Agency, Role
from protocols.working_days import countable

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


def _with_offset(value: Any) -> datetime:
    moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    if moment is None or moment.tzinfo is None:
        raise ValueError("write the time with its offset from UTC, such as 2026-03-02T10:00:00+00:00")
    return countable(moment)


def is_address(value: str) -> bool:
    """Whether this looks like an e-mail address."""
    name, at, host = value.partition("@")
    return bool(name and at and "." in host) and not any(c.isspace() for c in value)


def _address(value: str) -> str:
    if not is_address(value):
        raise ValueError("is no e-mail address")
    return value


def _day(value: Any) -> date:
    if not isinstance(value, str):
        raise ValueError("is no date; write it as 2015-04-01")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError("is no date; write it as 2015-04-01") from None


Birth = Annotated[date, BeforeValidator(_day)]
AwareTime = Annotated[datetime, BeforeValidator(_with_offset)]
Address = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_address)]
Language = Literal["cy", "en", ""]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class ParentOrCarer(_Part):
    """A parent or carer of the child or adult at risk."""

    name: Text
    date_of_birth: Birth | None = None


class Subject(_Part):
    """The child or adult at risk."""

    kind: Literal["child", "adult"]
    name: Text
    date_of_birth: Birth | None = None
    address: str | None = None
    occurrence_number: str | None = None
    parents_or_carers: tuple[ParentOrCarer, ...] = ()
    on_child_protection_register: StrictBool = False


class DutyToReport(_Part):
    """The Duty to Report that was submitted."""

    reference: Text
    submitted_at: AwareTime


class InformalAttempt(_Part):
    """The attempt to settle it informally: when, and between whom."""

    at: AwareTime
    between: Text


class Screening(_Part):
    """What the person answered when asked whether this is the right procedure."""

    excluded_because: str | None = None
    remains_practitioner_difference: StrictBool = False
    procedure_missing: StrictBool = False
    multi_agency_supervision_declined: StrictBool = False


class RaisedBy(_Part):
    """Who raises the case."""

    name: Text
    role: Text
    agency: Text
    email: Address
    phone: str = ""


class Person(_Part):
    """Somebody who holds a role in this case."""

    role: Text
    agency: str = ""
    name: Text
    email: Address
    phone: str = ""
    language: Language = ""
    deputy_name: str = ""
    deputy_email: Annotated[str, AfterValidator(lambda value: value and _address(value))] = ""

    @property
    def holds(self) -> Role:
        """The role, with its agency."""
        return Role(role=self.role, agency=self.agency)


class CaseAgency(_Part):
    """An agency of the case."""

    code: Text
    raising: StrictBool = False
    must_respond: StrictBool = False


class CaseFile(_Part):
    """What a case begins with."""

    protocol: Text
    authority: Text
    subject: Subject
    duty_to_report: DutyToReport | None = None
    circumstance: Text
    circumstance_other: str | None = None
    issue: Text
    done_already: str | None = None
    outcome_sought: Text
    informal_attempt: InformalAttempt
    screening: Screening = Screening()
    raised_by: RaisedBy
    instigated_at: AwareTime
    agencies: tuple[CaseAgency, ...]
    people: tuple[Person, ...] = ()
    start_at_stage: int = 1
    start_reason: str | None = None
    stage_3_grounds: tuple[str, ...] = ()

    @property
    def group(self) -> str:
        """Children or adults."""
        return "children" if self.subject.kind == "child" else "adults"

    def everybody(self) -> list[Person]:
        """The people of the case; whoever raises it holds their role unless `people` names another."""
        raiser = Person.model_validate(self.raised_by.model_dump())
        named = any(person.holds == raiser.holds for person in self.people)
        return [*self.people] if named else [raiser, *self.people]

    def case_agencies(self) -> list[Agency]:
        """The agencies as the workflow knows them."""
        return [Agency(code=a.code, raising=a.raising, must_respond=a.must_respond) for a in self.agencies]
