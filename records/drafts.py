"""What somebody has begun to write, kept page by page, until it is sent or forgotten."""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Engine, delete, select
from sqlalchemy.orm import Session

from protocols.errors import CaseUnknown
from records import models
from records.database import reading, writing
from records.storable import storable_json

ID_BYTES = 12
KEPT = timedelta(days=30)


class Draft(NamedTuple):
    """Something begun.

    Attributes:
        id: its name in an address, and the key of what is sent.
        owner: the address of whoever writes it.
        kind: what it will be: ``case``, or ``signal``.
        case: of a signal, the case or immediate action that it is for; once a case is raised, its reference.
        facts: what is fixed from the start: signal, role, stage and turn.
        answers: what was written, by the name of the field.
        changed_at: when that was last; sent_at: when it was sent.
    """

    id: str
    owner: str
    kind: str
    case: str
    facts: Mapping[str, Any]
    answers: Mapping[str, Any]
    changed_at: datetime
    sent_at: datetime | None


def begin(engine: Engine, owner: str, kind: str, case: str, facts: Mapping[str, Any], now: datetime) -> Draft:
    """Begin to write; what nobody has touched for a month is forgotten.

    Raises:
        Unreachable: the database does not answer.
    """
    row = models.Draft(
        id=secrets.token_hex(ID_BYTES),
        owner=owner,
        kind=kind,
        case=case,
        facts=dict(facts),
        answers={},
        made_at=now,
        changed_at=now,
        sent_at=None,
    )
    with writing(engine) as session:
        session.execute(delete(models.Draft).where(models.Draft.changed_at < now - KEPT))
        session.add(row)
        session.flush()
        return _draft(row)


def draft(engine: Engine, draft_id: str, owner: str) -> Draft | None:
    """What this person has begun under this id; None if there is no such thing, or it is somebody else's."""
    with reading(engine) as session:
        row = session.get(models.Draft, draft_id)
        return _draft(row) if row and row.owner == owner else None


def drafts(engine: Engine, owner: str, kind: str = "") -> list[Draft]:
    """What this person has begun and not sent, the latest first."""
    rows = select(models.Draft).where(models.Draft.owner == owner, models.Draft.sent_at.is_(None))
    rows = rows.where(models.Draft.kind == kind) if kind else rows
    with reading(engine) as session:
        return [_draft(row) for row in session.scalars(rows.order_by(models.Draft.changed_at.desc()))]


def write(engine: Engine, draft_id: str, answers: Mapping[str, Any], now: datetime) -> Draft:
    """Keep these answers; those of other fields stay, and so does all of a draft that was sent meanwhile.

    Raises:
        CaseUnknown: it was thrown away meanwhile.
    """
    with writing(engine) as session:
        row = locked(session, draft_id)
        if row.sent_at is None:
            row.answers = {**row.answers, **storable_json(dict(answers))}
            row.changed_at = now
        return _draft(row)


def sent(
    engine: Engine, draft_id: str, now: datetime, case: str = "", outcome: Mapping[str, Any] | None = None
) -> None:
    """It was sent: what was written stands in the records now, and no longer here; `outcome` is what came of it.

    Raises:
        CaseUnknown: it was thrown away meanwhile.
    """
    with writing(engine) as session:
        row = locked(session, draft_id)
        mark_sent(row, now, case)
        row.answers = {"outcome": storable_json(dict(outcome))} if outcome is not None else {}


def locked(session: Session, draft_id: str) -> models.Draft:
    """A draft that nobody else writes or sends until the transaction ends.

    Raises:
        CaseUnknown: it was thrown away.
    """
    row = session.get(models.Draft, draft_id, with_for_update=True)
    if row is None:
        raise CaseUnknown("What was begun here was thrown away meanwhile. Begin again.")
    return row


def mark_sent(row: models.Draft, now: datetime, case: str = "") -> None:
    """See `sent`."""
    row.answers, row.sent_at, row.case = {}, now, case or row.case


def forget(engine: Engine, draft_id: str) -> None:
    """Throw it away."""
    with writing(engine) as session:
        session.execute(delete(models.Draft).where(models.Draft.id == draft_id))


def _draft(row: models.Draft) -> Draft:
    return Draft(row.id, row.owner, row.kind, row.case, row.facts, row.answers, row.changed_at, row.sent_at)
