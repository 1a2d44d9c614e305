"""What people tell a case through a door: kept, delivered, judged, answered."""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Engine, Select, select
from sqlalchemy.orm import Session

from protocols.errors import KeyReused
from protocols.steps import Code, Entry, Receipt
from records.cases import case_row
from records.database import insert_for, reading, writing
from records.intake import NewSubmission
from records.models import Case, FreeText, Submission
from records.storable import storable
from records.streams import reference_of


class Kept(NamedTuple):
    """A submission as it is kept.

    Attributes:
        id, case, signal, facts, sent_at: as it was handed over.
        delivered: whether the engine has taken it.
        receipt: the verdict, once there is one.
        new: whether this call kept it; False where the same signal id is judged already, or waits to be.
    """

    id: str
    case: str
    signal: str
    facts: dict[str, Any]
    sent_at: datetime
    delivered: bool
    receipt: Receipt | None
    new: bool = False


def keep_submission(engine: Engine, submission: NewSubmission) -> Kept:
    """Keep what somebody tells a case, with its free text, before it is signalled.

    An id that was accepted, or waits for its verdict, is not kept twice: what stands is answered. A refused one is.

    Raises:
        CaseUnknown: there is no such case.
        KeyReused: something else was said under this id.
        Unreachable: the database does not answer.
    """
    submission = storable(submission)
    with writing(engine) as session:
        case_row(session, reference_of(submission.case), lock=True)
        standing = session.scalars(
            select(Submission).where(
                Submission.case == submission.case,
                Submission.signal_id == submission.signal_id,
                Submission.accepted.is_not(False),
            )
        ).one_or_none()
        if standing and not _same(session, standing, submission):
            words = f"The key {submission.signal_id} was given to {standing.signal} already, and said something else"
            raise KeyReused(f"{words}: send this under a key of its own.")
        if standing:
            return _kept(standing)
        row = Submission(
            **submission.model_dump(exclude={"by", "record", "text", "presumed"}),
            reference=reference_of(submission.case),
            by_role=submission.by.role,
            by_agency=submission.by.agency,
        )
        session.add(row)
        _keep_text(session, submission)
        session.flush()
        return _kept(row, new=True)


def _same(session: Session, row: Submission, said: NewSubmission) -> bool:
    """Whether this is what was said before; what a door fills in by itself may differ."""
    aside = {"id", "sent_at", "record", *said.presumed}
    before, now = ({k: v for k, v in facts.items() if k not in aside} for facts in (row.facts, said.facts))
    return row.signal == said.signal and before == now and _same_text(session, row, said)


def _same_text(session: Session, row: Submission, said: NewSubmission) -> bool:
    record = row.facts.get("record")
    text = session.get(FreeText, (row.reference, record)) if record else None
    return text.content == said.text if text else bool(record) or said.text is None  # one that was erased may be any


def _keep_text(session: Session, submission: NewSubmission) -> None:
    if submission.record and submission.text is not None:
        text = insert_for(session, FreeText).values(
            reference=reference_of(submission.case),
            id=submission.record,
            about=submission.signal,
            content=submission.text,
            kept_at=submission.sent_at,
        )
        session.execute(text.on_conflict_do_nothing())


def kept(engine: Engine, case: str = "") -> list[Kept]:
    """What is to be delivered yet, in the order in which it came; of one workflow, or of all.

    What belongs to a case that is not started (`cases.not_started`) is left out: it would find no workflow.

    Raises:
        Unreachable: the database does not answer.
    """
    rows = (
        select(Submission)
        .join(Case, Case.reference == Submission.reference)
        .where(Submission.delivered.is_(False), Submission.code.is_(None), Case.started.is_(True))
        .order_by(Submission.number)
    )
    if case:
        rows = rows.where(Submission.case == case)
    return _all(engine, rows)


def submission(engine: Engine, submission_id: str) -> Kept | None:
    """One submission, by the door's own id."""
    return next(iter(_all(engine, select(Submission).where(Submission.id == submission_id))), None)


def told(engine: Engine, case: str, signal_id: str) -> Kept | None:
    """What was told under the sender's key, the latest of several that were refused; None if nothing was."""
    rows = select(Submission).where(Submission.case == case, Submission.signal_id == signal_id)
    return next(iter(_all(engine, rows.order_by(Submission.number.desc()).limit(1))), None)


def mark_delivered(engine: Engine, submission_id: str) -> None:
    """The engine has taken it."""
    with writing(engine) as session:
        row_of(session, submission_id).delivered = True


def give_verdict(engine: Engine, submission_id: str, receipt: Receipt) -> None:
    """The verdict that the engine's query gave; one that stands already stays."""
    with writing(engine) as session:
        judge(row_of(session, submission_id), receipt.code, receipt.reason)


def leave(engine: Engine, submission_id: str) -> Receipt | None:
    """The door waits no longer: the verdict if it stands by now, else None, and the sender will be told by mail.

    Both happen in one transaction, so that a verdict either comes out here or is mailed, never neither or both.
    """
    with writing(engine) as session:
        row = row_of(session, submission_id)
        if row.code is None:
            row.answer_kept = True
        return receipt_of(row)


def submission_of(session: Session, case: str, entry: Entry) -> Submission | None:
    """The submission that an entry is about, marked with the verdict; None for what no door kept."""
    if not entry.signal_id:
        return None
    rows = (
        select(Submission)
        .where(
            Submission.case == case,
            Submission.signal_id == entry.signal_id,
            Submission.signal == entry.what,
            Submission.entry.is_(None),
        )
        .order_by(Submission.number)
        .with_for_update()
    )
    waiting = session.scalars(rows).all()
    same_text = (row for row in waiting if row.facts.get("record", "") == entry.record)
    found = next(same_text, waiting[0] if waiting and not entry.record else None)  # what was not understood names none
    if found and entry.code:
        found.delivered = True
        judge(found, entry.code, entry.reason)
    return found


def judge(row: Submission, code: Code, reason: str) -> None:
    if row.code is None:
        row.code, row.reason, row.accepted = code, reason, code.accepted


def row_of(session: Session, submission_id: str) -> Submission:
    """It, locked until the transaction ends."""
    rows = select(Submission).where(Submission.id == submission_id).with_for_update()
    return session.scalars(rows).one()


def _all(engine: Engine, rows: Select[Submission]) -> list[Kept]:
    with reading(engine) as session:
        return [_kept(row) for row in session.scalars(rows)]


def receipt_of(row: Submission) -> Receipt | None:
    """The verdict that stands; None while there is none."""
    if row.code is None:
        return None
    return Receipt(id=row.signal_id, accepted=bool(row.accepted), code=Code(row.code), reason=row.reason)


def _kept(row: Submission, new: bool = False) -> Kept:
    return Kept(row.id, row.case, row.signal, row.facts, row.sent_at, row.delivered, receipt_of(row), new)
