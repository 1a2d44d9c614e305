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
CLAIMED = timedelta(minutes=5)
"""So long whoever has claimed a draft has time to act; where nothing came of it by then, it may be claimed again."""
OUTCOME = "outcome"
"""Among the answers: what came of a draft that was claimed."""


class Draft(NamedTuple):
    """Something begun.

    Attributes:
        id: its name in an address, and the key of what is sent.
        owner: the address of whoever writes it.
        kind: what it will be: ``case``, or ``signal``.
        case: of a signal, the case or immediate action that it is for; once a case is raised, its reference.
        facts: what is fixed from the start: signal, role, stage and turn.
        answers: what was written, by the name of the field.
        changed_at: when that was last; sent_at: when it was sent, or claimed to be.
    """

    id: str
    owner: str
    kind: str
    case: str
    facts: Mapping[str, Any]
    answers: Mapping[str, Any]
    changed_at: datetime
    sent_at: datetime | None

    @property
    def over(self) -> bool:
        """Whether it was claimed, and something came of it."""
        return self.sent_at is not None and OUTCOME in self.answers

    def being_done(self, now: datetime) -> bool:
        """Whether somebody acts on it at this moment."""
        return self.sent_at is not None and not self.over and now - self.sent_at < CLAIMED


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


def sent(engine: Engine, draft_id: str, now: datetime, case: str = "", left: Mapping[str, Any] | None = None) -> None:
    """It was sent: what was written stands in the records of the case now, and no longer here.

    Args:
        engine: the records.
        draft_id: which draft.
        now: the moment.
        case: what it became, or was for.
        left: what is kept in the place of the answers, to say later what came of it.

    Raises:
        CaseUnknown: it was thrown away meanwhile.
    """
    with writing(engine) as session:
        mark_sent(locked(session, draft_id), now, case, left)


def claim(engine: Engine, draft_id: str, now: datetime) -> Draft | None:
    """Claim a draft for whoever acts on it now; None where somebody else does, or has.

    Raises:
        CaseUnknown: it was thrown away meanwhile.
    """
    with writing(engine) as session:
        row = locked(session, draft_id)
        found = _draft(row)
        if found.over or found.being_done(now):
            return None
        row.sent_at = now
        return _draft(row)


def finish(engine: Engine, draft_id: str, outcome: Mapping[str, Any], *, keep: bool) -> None:
    """Keep what came of a draft that was claimed; an outcome that stands already stays.

    Args:
        engine: the records.
        draft_id: which draft.
        outcome: what is told later of what came of it.
        keep: whether what was written is kept beside it, because it stands nowhere else.
    """
    with writing(engine) as session:
        row = locked(session, draft_id)
        if OUTCOME not in row.answers:
            row.answers = {**(row.answers if keep else {}), OUTCOME: dict(outcome)}


def release(engine: Engine, claimed: Draft) -> None:
    """Nothing came of it: it can be changed and sent, unless somebody else has claimed it since."""
    with writing(engine) as session:
        row = locked(session, claimed.id)
        if row.sent_at == claimed.sent_at and OUTCOME not in row.answers:
            row.sent_at = None


def locked(session: Session, draft_id: str) -> models.Draft:
    """A draft that nobody else writes or sends until the transaction ends.

    Raises:
        CaseUnknown: it was thrown away.
    """
    row = session.get(models.Draft, draft_id, with_for_update=True)
    if row is None:
        raise CaseUnknown("What was begun here was thrown away meanwhile. Begin again.")
    return row


def mark_sent(row: models.Draft, now: datetime, case: str = "", left: Mapping[str, Any] | None = None) -> None:
    """See `sent`."""
    row.answers, row.sent_at, row.case = dict(left or {}), now, case or row.case


def forget(engine: Engine, draft_id: str) -> None:
    """Throw it away."""
    with writing(engine) as session:
        session.execute(delete(models.Draft).where(models.Draft.id == draft_id))


def _draft(row: models.Draft) -> Draft:
    return Draft(row.id, row.owner, row.kind, row.case, row.facts, row.answers, row.changed_at, row.sent_at)
