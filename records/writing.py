"""How a step of a case is written: entries, clocks, meetings, reviews, holders, notices, the case; all or nothing."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import case as either
from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.orm import Session

from protocols import steps
from protocols.roles import Role
from protocols.says import ANY_TIME
from protocols.steps import ClockRow, MeetingRow, Notice, Recorded, ReviewRow, Step
from records import links, people, set_aside
from records.cases import case_row
from records.database import insert_for
from records.fence import check_follows
from records.models import Case, CaseAgency, Clock, Delivery, FreeText, Meeting, Review, Stream
from records.models import Notice as QueuedNotice
from records.storable import storable
from records.streams import Through, append, open_stream, reference_of
from records.submissions import submission_of

TOLD_AT_ONCE = timedelta(minutes=1)
"""A raw signal that was judged within this had its sender's attention; later, the verdict goes by mail."""


def apply(session: Session, step: Step, run: str = "") -> Recorded:
    """Write one step, unless the same number of the same case was written already.

    Written by the same run at the same moment, it is the same step, asked for again since the answer got lost. Any
    other is of a run that is behind the records, such as one that was reset: it is told so, and nothing is written.

    Args:
        session: a writing session; it is the caller who commits.
        step: what happened.
        run: id of the workflow's run that asks.

    Raises:
        CaseUnknown: there is no such case.
        RecordsOlder: steps before it are missing.
    """
    step = storable(step)
    case_row(session, reference_of(step.case))
    stream = open_stream(session, step.case)
    writer, behind = f"{run}@{step.at.astimezone(UTC).isoformat()}", False
    if stream.last_step is None or step.number > stream.last_step:
        check_follows(session, stream, step)
        stream.last_step, stream.last_writer, stream.refused_step = step.number, writer, None
        _write(session, stream, step)
    else:  # nobody knows who wrote the last step of a case that an older release followed
        behind = step.number < stream.last_step or stream.last_writer not in ("", writer)
    waiting = exists().where(
        QueuedNotice.case == step.case,
        QueuedNotice.state.in_([Delivery.QUEUED, Delivery.SENDING, Delivery.HELD]),
    )
    return Recorded(unposted=bool(session.scalar(select(waiting))), behind=behind)


def _write(session: Session, stream: Stream, step: Step) -> None:
    reference = stream.reference
    set_aside.judged(session, step.case, step.judged, step.at)
    _supersede(session, step)
    _pass_on(session, reference, step)
    refusals = [refusal for entry in step.entries if (refusal := _enter(session, stream, step, entry))]
    for clock in step.clocks:
        session.merge(_clock(reference, clock))
    if step.meetings is not None:
        _write_all(session, Meeting, reference, [_meeting(reference, meeting) for meeting in step.meetings])
    if step.reviews is not None:
        _write_all(session, Review, reference, [Review(reference=reference, **_plain(one)) for one in step.reviews])
    if step.must_respond is not None:
        mine = update(CaseAgency).where(CaseAgency.reference == reference)
        session.execute(mine.values(must_respond=CaseAgency.code.in_(step.must_respond)))
    for notice in [*(one for one in step.notices if not _waits_already(session, step, one)), *refusals]:
        queue(session, stream, notice, step.turn if notice.stage == step.stage else 0)
    if stream.stream == reference:
        _stand(session, step)


def _pass_on(session: Session, reference: str, step: Step) -> None:
    """Roles go to other people; the links that their former holders were mailed end with it."""
    for holder in step.holders:
        for role in people.pass_on(session, reference, holder, step.at):
            links.end(session, reference, role, step.at)


def _write_all(
    session: Session, kind: type[Meeting] | type[Review], reference: str, rows: Sequence[Meeting | Review]
) -> None:
    """These are all there are: one that a correction took back stands in the entries alone."""
    for row in rows:
        session.merge(row)
    session.execute(delete(kind).where(kind.reference == reference, kind.number > len(rows)))


def _supersede(session: Session, step: Step) -> None:
    """Waiting reminders of these clocks are not sent; one that is being sent now is not sent again."""
    unsent = [Delivery.QUEUED, Delivery.HELD]
    if step.superseded:
        session.execute(
            update(QueuedNotice)
            .where(
                QueuedNotice.case == step.case,
                QueuedNotice.supersede_by.in_(step.superseded),
                QueuedNotice.state.in_([*unsent, Delivery.SENDING]),
            )
            .values(
                pointless=True,
                settled_at=either((QueuedNotice.state.in_(unsent), step.at), else_=None),
                state=either((QueuedNotice.state.in_(unsent), Delivery.SUPERSEDED), else_=Delivery.SENDING),
            )
        )


def _enter(session: Session, stream: Stream, step: Step, entry: steps.Entry) -> Notice | None:
    """Write an entry; answers the `not-accepted` that goes to a sender who could not be told at once."""
    submission = submission_of(session, stream.stream, entry)
    if entry.record and session.get(FreeText, (stream.reference, entry.record)) is None:
        entry = entry.model_copy(update={"record": ""})  # whatever a raw signal put there: it may name somebody
    through = Through.DOOR if submission else Through.ENGINE if entry.code else Through.PROCESS
    person = submission.person if submission else ""
    row = append(session, stream, entry, step=step.number, person=person, through=through)
    if submission:
        submission.entry = row.number
    if entry.code and entry.code.accepted:
        _join(session, stream.reference, entry)
        return None
    late = submission.answer_kept if submission else step.at - entry.recorded_at > TOLD_AT_ONCE
    if entry.code is None or entry.by is None or not late:
        return None
    return not_accepted(session, stream, entry.by, entry.signal_id, row.number, step.at, step.stage)


def not_accepted(
    session: Session, stream: Stream, to: Role, signal_id: str, number: int, at: datetime, stage: str
) -> Notice:
    """What tells a sender that it was not accepted.

    Args:
        session: of the transaction.
        stream: the case, or the immediate action, that it was said to.
        to: the sender; signal_id: of the signal; number: of its entry.
        at: the moment of the verdict; stage: at which it was given.
    """
    occasion = signal_id or f"{stream.stream}#{number}"
    told = exists().where(
        QueuedNotice.case == stream.stream, QueuedNotice.notice == "not-accepted", QueuedNotice.occasion == occasion
    )
    if signal_id and session.scalar(select(told)):
        occasion = f"{occasion}#{number}"  # refused again: it is judged anew, and answered anew
    return Notice(notice="not-accepted", occasion=occasion, to=to, at=at, stage=stage, clause=ANY_TIME)


def _join(session: Session, reference: str, entry: steps.Entry) -> None:
    """An agency that was added belongs to the case."""
    if code := entry.facts.get("agency_code"):
        position = select(func.count()).where(CaseAgency.reference == reference).scalar_subquery()
        session.execute(
            insert_for(session, CaseAgency)
            .values(
                reference=reference,
                code=code,
                position=position,
                raising=False,
                must_respond=bool(entry.facts.get("must_respond")),
            )
            .on_conflict_do_nothing()
        )


def _waits_already(session: Session, step: Step, repeated: Notice) -> bool:
    """Whether a request is repeated for a role's new holder while it was never tried: then it goes to them itself."""
    if not repeated.concerns or repeated.to not in [holder.role for holder in step.holders]:
        return False
    waits = exists().where(
        QueuedNotice.case == step.case,
        QueuedNotice.notice == repeated.concerns,
        QueuedNotice.role == repeated.to.role,
        QueuedNotice.agency == repeated.to.agency,
        QueuedNotice.state == Delivery.QUEUED,
        QueuedNotice.attempts == 0,
    )
    return bool(session.scalar(select(waits)))


def queue(session: Session, stream: Stream, notice: Notice, turn: int) -> None:
    """Put it into the outbox; `turn` of its stage, where that is known."""
    fields = notice.model_dump(exclude={"to", "kind"})
    session.execute(
        insert_for(session, QueuedNotice)
        .values(
            **fields,
            turn=turn,
            case=stream.stream,
            reference=stream.reference,
            role=notice.to.role,
            agency=notice.to.agency,
            kind=notice.kind or "",
        )
        .on_conflict_do_nothing()
    )


def _stand(session: Session, step: Step) -> None:
    """How the case stands now."""
    case = session.get_one(Case, step.case)
    case.started = True
    case.stage, case.turn, case.clause = step.stage, step.turn, step.clause
    case.waiting_for = [role.model_dump() for role in step.waiting_for]
    case.next_due, case.overdue, case.outcome = step.next_due, step.overdue, step.outcome
    if step.snapshot is not None:
        case.snapshot = step.snapshot


def _clock(reference: str, row: ClockRow) -> Clock:
    due = row.due_time
    fields = row.model_dump(include={"key", "clock", "agency", "clause", "kind", "state", "met_at", "late"})
    return Clock(
        **fields,
        reference=reference,
        limit=str(row.limit),
        starts=due.starts,
        due=due.due,
        explanation=due.model_dump(mode="json"),
        accountable=[role.model_dump() for role in row.accountable],
        oversees=[role.model_dump() for role in row.oversees],
    )


def _meeting(reference: str, row: MeetingRow) -> Meeting:
    fields = row.model_dump(exclude={"attended"})
    return Meeting(reference=reference, attended=[role.model_dump() for role in row.attended], **fields)


def _plain(row: ReviewRow) -> dict[str, Any]:
    return {**row.model_dump(exclude={"findings"}), "findings": row.model_dump(mode="json")["findings"]}
