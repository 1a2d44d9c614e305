"""Who holds a role now: whoever is named for the case, else whoever the directory says."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from protocols.editions import Edition
from protocols.roles import Role
from protocols.steps import HolderRow
from records.intake import Person
from records.models import Case, CasePerson, DirectoryPerson, FreeText

DUTY_TEAM, BUSINESS_UNIT = "duty_team", "business_unit"
WHOLE_AGENCY = "*"
"""Stands for every role of an agency, where an agency joins with its people."""


class Holder(NamedTuple):
    """Who holds a role; an empty address means that it is vacant. `person` is a reference without a name."""

    person: str
    name: str
    email: str
    phone: str
    language: str
    deputy_name: str
    deputy_email: str


def reference_to(person: CasePerson | DirectoryPerson) -> str:
    """How other tables speak of a person without naming anybody."""
    if isinstance(person, CasePerson):
        return f"case:{person.id}"
    return f"directory:{person.board}/{person.id}"


def holders(session: Session, case: Case, role: Role, at: datetime | None = None) -> list[Holder]:
    """Who holds a role in a case: nobody, one, or for a duty team with several offices all of them.

    Named for the case (the latest) comes before the directory; there the authority's own before the board's,
    children's or adults' before both's, and the row loaded last before older ones. Until somebody is named for it,
    a role may be another's as well, as the edition says.

    Args:
        session: to look them up.
        case: the case.
        role: the role.
        at: leave out whoever was named for the case after this moment; what the directory said then nobody knows.
    """
    if named := named_for(session, case.reference, role, at):
        return [holder_of(named)]
    title = Edition.model_validate_json(case.edition).roles.get(role.role)
    if title and title.until_named:
        return holders(session, case, Role(role=title.until_named), at)
    listed = listed_as(session, case.protocol, role, case.authority, case.group)
    return [holder_of(person) for person in in_office(role.role, listed)]


def named_for(session: Session, reference: str, role: Role, at: datetime | None = None) -> CasePerson | None:
    """Who was last named for a role in this case, up to a moment if one is given."""
    rows = select(CasePerson).where(CasePerson.reference == reference, CasePerson.role == role.role)
    if role.agency:
        rows = rows.where(CasePerson.agency == role.agency)
    if at:
        rows = rows.where(CasePerson.since <= at)
    return session.scalars(rows.order_by(CasePerson.id.desc()).limit(1)).one_or_none()


def listed_as(session: Session, board: str, role: Role, authority: str, group: str) -> list[DirectoryPerson]:
    """The rows of the directory that fit a role best, the one loaded last at the end."""
    rows = select(DirectoryPerson).where(
        DirectoryPerson.board == board,
        DirectoryPerson.role == role.role,
        DirectoryPerson.authority.in_(["", authority]),
        DirectoryPerson.group.in_(["", group]),
    )
    if role.agency:
        rows = rows.where(DirectoryPerson.agency == role.agency)
    return closest(session.scalars(rows.order_by(DirectoryPerson.load, DirectoryPerson.id)).all())


def closest(found: Sequence[DirectoryPerson]) -> list[DirectoryPerson]:
    """Of rows that all fit a role, those that fit it best."""
    best = max((_closeness(person) for person in found), default=(False, False))
    return [person for person in found if _closeness(person) == best]


def in_office(role: str, listed: list[DirectoryPerson]) -> list[DirectoryPerson]:
    """Of the rows that fit a role best, those that hold it: the one loaded last, or every office of a duty team."""
    return listed if role == DUTY_TEAM else listed[-1:]


def _closeness(person: DirectoryPerson) -> tuple[bool, bool]:
    return (bool(person.authority), bool(person.group))


def holder_of(person: CasePerson | DirectoryPerson) -> Holder:
    """The person as a holder of the role."""
    return Holder(
        reference_to(person),
        person.name,
        person.email,
        person.phone,
        person.language,
        person.deputy_name,
        person.deputy_email,
    )


def name_for(session: Session, reference: str, person: Person, since: datetime, directory_id: str = "") -> None:
    """This person holds the role in this case from now on."""
    row = CasePerson(**person.model_dump(), reference=reference, since=since, directory_id=directory_id)
    session.add(row)
    session.flush()  # of several for one role the latest counts, so they are numbered as they come


def pass_on(session: Session, reference: str, holder: HolderRow, since: datetime) -> list[Role]:
    """A role passes to somebody else, or an agency brings its people; an unknown person or text changes nothing.

    Answers the roles that have another holder now.
    """
    passed = _pass_to_listed(session, reference, holder, since) if holder.person else []
    for person in _people_in(session.get(FreeText, (reference, holder.record))):
        taken = person.role if holder.role.role == WHOLE_AGENCY else holder.role.role
        if taken == person.role:
            mine = person.model_copy(update={"role": taken, "agency": holder.role.agency})
            name_for(session, reference, mine, since)
            passed.append(Role(role=taken, agency=holder.role.agency))
    return passed


def _pass_to_listed(session: Session, reference: str, holder: HolderRow, since: datetime) -> list[Role]:
    case = session.get_one(Case, reference)
    listed = session.get(DirectoryPerson, (case.protocol, holder.person))
    if listed is None:
        return []
    fields = {name: getattr(listed, name) for name in Person.model_fields}
    person = Person(**{**fields, "role": holder.role.role, "agency": holder.role.agency})
    name_for(session, reference, person, since, directory_id=listed.id)
    return [holder.role]


def _people_in(text: FreeText | None) -> list[Person]:
    """The people that a text names: `{"holder": {…}}` or `{"people": [{…}]}`; what is no person is passed over."""
    content = text.content if text and isinstance(text.content, dict) else {}
    listed = content.get("people")
    rows = [content.get("holder"), *(listed if isinstance(listed, list) else [])]
    people = []
    for row in rows:
        try:
            people.append(Person.model_validate(row))
        except ValidationError:
            continue
    return people
