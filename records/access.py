"""What somebody may see: the roles that they hold and the facts of cases, put to the policy (`protocols/access.py`).

A case that they may not see is asked for with the same queries, and answered in the same words, as one that there
is not.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Engine, Select, and_, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from protocols.access import OF_AN_AGENCY, Access, Affair, Held, Part, sees
from protocols.roles import Agency, Role
from protocols.steps import ReviewRow
from records.cases import unknown
from records.database import reading
from records.holding import Asker, Directory, directory_of, edition_of
from records.models import Case, CaseAgency, CasePerson, Entry, Meeting, Notice, Review
from records.streams import reference_of

Column = InstrumentedAttribute[str]


class Sight(NamedTuple):
    """What somebody may see of a case, and by which roles: what a door asks the policy further with."""

    case: Affair
    held: tuple[Held, ...]
    parts: frozenset[Part]


def sight(engine: Engine, asker: Asker, case: str, rules: Mapping[str, Access]) -> Sight:
    """What somebody may see of a case.

    Args:
        engine: the records.
        asker: who asks.
        case: its reference, or the id of one of its immediate actions.
        rules: what each protocol says of access (`workflows.registry.ACCESS`).

    Raises:
        CaseUnknown: there is no such case, or they may see nothing of it: nobody can tell which.
        Unreachable: the database does not answer.
    """
    reference = reference_of(case)
    found = _sights(engine, asker, rules, Case.reference == reference)
    if not found:
        raise unknown(case)
    return found[0]


def visible(
    engine: Engine, asker: Asker, rules: Mapping[str, Access], among: Collection[str] | None = None
) -> dict[str, Sight]:
    """The cases that somebody may see anything of, by reference, the oldest first: their register.

    Args:
        engine: the records.
        asker: who asks.
        rules: what each protocol says of access (`workflows.registry.ACCESS`).
        among: only of these cases; of all, if not said.

    Raises:
        Unreachable: the database does not answer.
    """
    wanted = true() if among is None else Case.reference.in_(among)
    return {found.case.reference: found for found in _sights(engine, asker, rules, wanted)}


def reached(engine: Engine, asker: Asker, wanted: Iterable[ColumnElement[bool]], after: str, limit: int) -> list[str]:
    """The next cases after this one that any role of somebody reaches, the oldest first; not all may be theirs to see.

    Raises:
        Unreachable: the database does not answer.
    """
    last = select(Case.raised_at).where(Case.reference == after).scalar_subquery()
    later = or_(Case.raised_at > last, and_(Case.raised_at == last, Case.reference > after)) if after else true()
    with reading(engine) as session:
        within = _within_reach(asker, directory_of(session, asker).standing)
        rows = select(Case.reference).where(within, later, *wanted).order_by(Case.raised_at, Case.reference)
        return list(session.scalars(rows.limit(limit)))


def standing_roles(engine: Engine, asker: Asker) -> list[Held]:
    """The roles that somebody holds beyond a single case: what monitoring reports are asked with.

    Raises:
        Unreachable: the database does not answer.
    """
    with reading(engine) as session:
        return directory_of(session, asker).standing


def _sights(engine: Engine, asker: Asker, rules: Mapping[str, Access], where: ColumnElement[bool]) -> list[Sight]:
    with reading(engine) as session:
        directory = directory_of(session, asker)
        wanted = select(Case.reference).where(where, _within_reach(asker, directory.standing))
        known = list(_known(session, directory, wanted))
    found = (Sight(case, held, sees(held, case, rules[case.board])) for case, held in known)
    return [one for one in found if one.parts]


def _within_reach(asker: Asker, standing: list[Held]) -> ColumnElement[bool]:
    """The cases that any role of somebody reaches at all; what of them is theirs to see the policy says."""
    named = Case.reference.in_(select(CasePerson.reference).where(asker.names()))
    return or_(named, *map(_reached, standing))


def _reached(held: Held) -> ColumnElement[bool]:
    columns = (Case.reference, Case.protocol, Case.authority, Case.group)
    limits = (held.case, held.board, held.authority, held.group)
    within = [column == limit for column, limit in zip(columns, limits, strict=True) if limit]
    if held.role.role in OF_AN_AGENCY:
        agency = held.role.agency
        taking_part = select(CaseAgency.reference).where(CaseAgency.code == agency)
        reviewed = select(Review.reference).where(Review.reviewer == agency)
        within.append(or_(Case.reference.in_(taking_part), Case.reference.in_(reviewed)))
    return and_(true(), *within)


def _known(session: Session, directory: Directory, wanted: Select[Any]) -> Iterator[tuple[Affair, tuple[Held, ...]]]:
    """The facts of the cases wanted, and the roles held in each: one query a table, however many the cases."""
    named = _rows(session, wanted, CasePerson.reference, CasePerson.id, CasePerson)
    for edition, case in _affairs(session, wanted):
        people = [person for _, person in sorted(named[case.reference], key=lambda row: row[0])]
        yield case, directory.held_in(edition_of(edition), case.authority, case.group, people)


def _affairs(session: Session, wanted: Select[Any]) -> Iterator[tuple[str, Affair]]:
    agencies = _rows(
        session, wanted, CaseAgency.reference, CaseAgency.code, CaseAgency.raising, CaseAgency.must_respond
    )
    stages = _rows(session, wanted, Entry.reference, Entry.stage, distinct=True)
    notices = _rows(session, wanted, Notice.reference, Notice.notice, Notice.role, Notice.agency, distinct=True)
    meetings = _rows(session, wanted, Meeting.reference, Meeting.attended)
    reviews = _rows(session, wanted, Review.reference, Review.number, Review.reviewer, Review.findings)
    columns = (Case.reference, Case.protocol, Case.authority, Case.group, Case.stage, Case.edition)
    cases = select(*columns).where(Case.reference.in_(wanted)).order_by(Case.raised_at, Case.reference)
    for reference, board, authority, group, stage, edition in session.execute(cases):
        affair = Affair(
            reference,
            board,
            authority,
            group,
            agencies=tuple(Agency(code=c, raising=r, must_respond=m) for c, r, m in agencies[reference]),
            reached=frozenset({stage, *(stood for (stood,) in stages[reference])}),
            notices=frozenset((kind, Role(role=role, agency=a)) for kind, role, a in notices[reference]),
            attended=frozenset(Role.model_validate(role) for (roles,) in meetings[reference] for role in roles),
            reviews=tuple(ReviewRow(number=n, reviewer=r, findings=f) for n, r, f in reviews[reference]),
        )
        yield edition, affair


def _rows(
    session: Session, wanted: Select[Any], reference: Column, *columns: Any, distinct: bool = False
) -> dict[str, list[Any]]:
    """Columns of one table, by the reference of the case."""
    rows = select(reference, *columns).where(reference.in_(wanted))
    found: dict[str, list[Any]] = defaultdict(list)
    for case, *row in session.execute(rows.distinct() if distinct else rows):
        found[case].append(row)
    return found
