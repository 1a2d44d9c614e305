"""The register: every case in a line, without a name."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Engine, func, select
from sqlalchemy.orm import Session

from protocols.roles import Role
from protocols.steps import ClockState
from records.database import reading
from records.models import Case, Clock, Delivery, Notice, Target


class RegisterRow(NamedTuple):
    """A case in the register.

    Attributes:
        late: the clocks that run and are late, local targets too.
        undelivered: how many notices did not reach whoever holds the role.
        The others: as the last step left them.
    """

    reference: str
    protocol: str
    authority: str
    group: str
    instigated_at: datetime
    raised_at: datetime
    started: bool
    stage: str
    clause: str
    waiting_for: tuple[Role, ...]
    next_due: datetime | None
    overdue: bool
    late: tuple[str, ...]
    outcome: str | None
    undelivered: int


def register(
    engine: Engine,
    *,
    protocol: str = "",
    stage: str = "",
    overdue: bool = False,
    waiting_for: str = "",
    open_only: bool = False,
    among: Collection[str] | None = None,
) -> list[RegisterRow]:
    """The register, oldest case first.

    Args:
        engine: the records.
        protocol, stage: only these.
        overdue: only cases with a protocol limit that passed unmet.
        waiting_for: only cases that wait for this role (``line_manager`` or ``line_manager/ABUHB``).
        open_only: without those that have ended.
        among: only these cases, and nothing is read of others; all, if not said.
    """
    rows = select(Case).where(*conditions(protocol, stage, overdue)).order_by(Case.raised_at, Case.reference)
    rows = rows.where(Case.outcome.is_(None)) if open_only else rows
    rows = rows.where(Case.reference.in_(among)) if among is not None else rows
    with reading(engine) as session:
        late, undelivered = late_clocks(session, among), undelivered_notices(session, among)
        found = [register_row(case, late, undelivered) for case in session.scalars(rows)]
    return [row for row in found if not waiting_for or waiting_for in _names(row.waiting_for)]


def conditions(protocol: str = "", stage: str = "", overdue: bool = False) -> list[ColumnElement[bool]]:
    """What of a question the database itself can answer."""
    columns = ((Case.protocol, protocol), (Case.stage, stage))
    asked = [column == word for column, word in columns if word]
    return [*asked, Case.overdue.is_(True)] if overdue else asked


def _names(roles: tuple[Role, ...]) -> set[str]:
    return {name for role in roles for name in (role.role, str(role))}


def late_clocks(session: Session, among: Collection[str] | None = None) -> dict[str, tuple[str, ...]]:
    """The clocks of each case, or of each of these, that run and are late."""
    rows = select(Clock.reference, Clock.clock).where(Clock.late.is_(True), Clock.state == ClockState.RUNNING)
    rows = rows.where(Clock.reference.in_(among)) if among is not None else rows
    found: dict[str, tuple[str, ...]] = {}
    for case, clock in session.execute(rows.order_by(Clock.due)):
        found[case] = (*found.get(case, ()), clock)
    return found


def undelivered_notices(session: Session, among: Collection[str] | None = None) -> dict[str, int]:
    """Notices that went, or are to go, to somebody else than the holder of the role."""
    missed = (Notice.delivered_to != Target.HOLDER) | (Notice.state == Delivery.UNDELIVERED)
    rows = select(Notice.reference, func.count()).where(missed).group_by(Notice.reference)
    rows = rows.where(Notice.reference.in_(among)) if among is not None else rows
    return {row[0]: row[1] for row in session.execute(rows)}


def register_row(case: Case, late: dict[str, tuple[str, ...]], undelivered: dict[str, int]) -> RegisterRow:
    """A case as a line of the register."""
    return RegisterRow(
        reference=case.reference,
        protocol=case.protocol,
        authority=case.authority,
        group=case.group,
        instigated_at=case.instigated_at,
        raised_at=case.raised_at,
        started=case.started,
        stage=case.stage,
        clause=case.clause,
        waiting_for=roles(case.waiting_for),
        next_due=case.next_due,
        overdue=case.overdue,
        late=late.get(case.reference, ()),
        outcome=case.outcome,
        undelivered=undelivered.get(case.reference, 0),
    )


def roles(rows: list[Any]) -> tuple[Role, ...]:
    """Roles as they are kept."""
    return tuple(Role.model_validate(row) for row in rows)
