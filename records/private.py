"""Who a case is about, who takes part, and what was written: asked for apart, by whoever may see it."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Engine, select

from protocols.roles import Role
from records.cases import case_row
from records.database import reading
from records.intake import JsonValue, ParentOrCarer, Subject
from records.models import CasePerson, FreeText
from records.models import Subject as SubjectRow
from records.people import Holder, holder_of, holders


class PersonInCase(NamedTuple):
    """Who holds a role in a case."""

    role: Role
    holder: Holder


def subject_of(engine: Engine, reference: str) -> Subject | None:
    """The child or adult at risk; None once erased."""
    with reading(engine) as session:
        row = session.get(SubjectRow, reference)
        if row is None:
            return None
        fields = {name: getattr(row, name) for name in Subject.model_fields.keys() - {"parents_or_carers"}}
        return Subject(**fields, parents_or_carers=tuple(map(ParentOrCarer.model_validate, row.parents_or_carers)))


def people_in(engine: Engine, reference: str) -> list[PersonInCase]:
    """Who was named for the case, the latest for each role."""
    with reading(engine) as session:
        rows = select(CasePerson).where(CasePerson.reference == reference).order_by(CasePerson.id)
        latest = {(row.role, row.agency): row for row in session.scalars(rows)}
        return [PersonInCase(Role(role=role, agency=agency), holder_of(row)) for (role, agency), row in latest.items()]


def holders_of(engine: Engine, reference: str, role: Role, at: datetime | None = None) -> list[Holder]:
    """Who holds a role in a case, by the case or by the directory: now, or as far as the case knows at a moment.

    Raises:
        CaseUnknown: there is no such case.
    """
    with reading(engine) as session:
        return holders(session, case_row(session, reference), role, at)


def everybody(engine: Engine, reference: str, roles: Iterable[Role]) -> dict[Role, list[Holder]]:
    """Who holds each of these roles in a case now, by the case or by the directory.

    Raises:
        CaseUnknown: there is no such case.
    """
    with reading(engine) as session:
        case = case_row(session, reference)
        return {role: holders(session, case, role) for role in roles}


def texts_of(engine: Engine, reference: str) -> dict[str, JsonValue]:
    """The free texts of a case by id: fields of its case file, and records of its signals."""
    with reading(engine) as session:
        rows = select(FreeText).where(FreeText.reference == reference).order_by(FreeText.kept_at, FreeText.id)
        return {row.id: row.content for row in session.scalars(rows)}
