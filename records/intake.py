"""What a door hands over to be kept: a new case with its people and texts, and what somebody told a case."""

from datetime import date, datetime
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from protocols.editions import Edition
from protocols.roles import Agency, Role

JsonValue = dict[str, Any] | list[Any]


class _Handed(BaseModel):
    model_config = ConfigDict(frozen=True)


class Person(_Handed):
    """Who holds a role in a case; the rows of `people` and `holder` in a case file and in free text."""

    role: str
    agency: str = ""
    name: str
    email: str
    phone: str = ""
    language: str = ""
    deputy_name: str = ""
    deputy_email: str = ""

    @property
    def holds(self) -> Role:
        """The role."""
        return Role(role=self.role, agency=self.agency)


class ParentOrCarer(_Handed):
    """A parent or carer of the child."""

    name: str
    date_of_birth: date | None = None


class Subject(_Handed):
    """The child or adult at risk."""

    name: str
    date_of_birth: date | None = None
    address: str = ""
    occurrence_number: str = ""
    parents_or_carers: tuple[ParentOrCarer, ...] = ()
    on_child_protection_register: bool = False


class NewCase(_Handed):
    """A case as it comes in.

    Attributes:
        edition: the edition that it is kept under for life.
        authority, group, circumstance, agencies, instigated_at, raised_at: from the case file.
        stage: the stage that it begins at.
        facts: whatever else of the case file names nobody and holds no free text (screening, grounds, …), as JSON.
        fingerprint: by which the same case file is known again.
        key: the hash of the sender's key, if there is one.
        subject, people: who it is about, and who takes part.
        texts: its free texts by the field that they come from (``issue``), as JSON.
    """

    edition: Edition
    authority: str
    group: Literal["children", "adults"]
    circumstance: str
    agencies: tuple[Agency, ...]
    instigated_at: datetime
    raised_at: datetime
    stage: str
    facts: dict[str, Any] = {}
    fingerprint: str
    key: str = ""
    subject: Subject
    people: tuple[Person, ...]
    texts: dict[str, JsonValue] = {}


class KeptCase(NamedTuple):
    """The reference of a case, and whether it is new: not the same case file once more, perhaps with the same key."""

    reference: str
    new: bool
    same_key: bool = False


class NewSubmission(_Handed):
    """What somebody tells a case through a door.

    Attributes:
        id: the door's own id of this submission, unique.
        case: the id of the workflow that it goes to: the reference, or `REFERENCE-immediate-N`.
        signal: the signal's name.
        signal_id: the sender's key; a door makes one where the sender gave none.
        facts: the signal's one JSON object as it is to be sent, `id`, `sent_at` and `record` included.
        by: the role that says so, with its agency.
        entered_by: ``business_unit`` where it enters for that role.
        person: who it is, where known, as a reference to a person kept elsewhere (`people.reference_to`); no name.
        sent_at: when the door took it.
        record: the id of its free text, if it has one; text: that free text, as JSON.
        presumed: those of the facts that nobody said, so that the door filled them in.
    """

    id: str
    case: str
    signal: str
    signal_id: str
    facts: dict[str, Any]
    by: Role
    entered_by: str = ""
    person: str = ""
    sent_at: datetime
    record: str = ""
    text: JsonValue | None = None
    presumed: frozenset[str] = frozenset()
