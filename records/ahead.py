"""What the records know of a case beyond a step: what a run that is behind them goes on from."""

from sqlalchemy import Engine, or_, select
from sqlalchemy.orm import Session

from protocols.messages import Read, read
from protocols.roles import Role
from protocols.says import ANY_TIME
from protocols.steps import Ahead, AheadQuery, Code, Heard
from records.cases import case_row
from records.database import reading
from records.models import Entry, Notice, Stream, WaitingSignal
from records.streams import reference_of

ALARM, CONFIRMED = "immediate-action", "immediate_action_confirmed"


def ahead(engine: Engine, query: AheadQuery) -> Ahead:
    """All that a run has to know to go on from the records.

    Args:
        engine: the records.
        query: the case, or the id of an immediate action, and the last step that the run knows to be written.

    Raises:
        CaseUnknown: there is no such case.
        Unreachable: the database does not answer.
    """
    reference = reference_of(query.case)
    with reading(engine) as session:
        case = case_row(session, reference)
        told = select(Notice.at).where(Notice.case == query.case, Notice.notice == ALARM).order_by(Notice.at)
        return Ahead(
            last_step=_last_step(session, query.case),
            snapshot=case.snapshot if query.case == reference else None,
            heard=[*heard_since(session, query), *_set_aside(session, query.case)],
            alarms=_alarms(session, reference),
            told=list(dict.fromkeys(session.scalars(told))) if query.case != reference else [],
            confirmed=_confirmed(session, query.case),
        )


def last_step(engine: Engine, stream: str) -> int:
    """The number of the last step of a case, or of an immediate action; 0 if there is none."""
    with reading(engine) as session:
        return _last_step(session, stream)


def _last_step(session: Session, stream: str) -> int:
    found = session.get(Stream, stream)
    return (found.last_step or 0) if found else 0


def alarm_of(engine: Engine, stream: str) -> str | None:
    """What set off this immediate action; None while it has told nobody."""
    return alarms(engine, reference_of(stream)).get(int(stream.rpartition("-")[2]))


def alarms(engine: Engine, reference: str) -> dict[int, str]:
    """What set off each immediate action of a case that has told anybody, by its number."""
    with reading(engine) as session:
        return _alarms(session, reference)


def heard_since(session: Session, query: AheadQuery) -> list[Heard]:
    """The signals whose lines came with later steps, in the order in which they were judged."""
    later = select(Entry).where(Entry.stream == query.case, Entry.step > query.after)
    said = later.where(or_(Entry.signal_id != "", Entry.code != "")).order_by(Entry.number)
    return [_heard(entry) for entry in session.scalars(said)]


def _set_aside(session: Session, stream: str) -> list[Heard]:
    """The signals that wait in the records: a run comes to them, and need not hear them once more."""
    rows = select(WaitingSignal).where(WaitingSignal.case == stream, WaitingSignal.judged_at.is_(None))
    return [_waits(row, read(row.signal, row.body, row.seen_at)) for row in session.scalars(rows)]


def _waits(row: WaitingSignal, understood: Read) -> Heard:
    what = row.signal.replace(" ", "-") if understood.kind else "unknown-signal"
    by = understood.envelope.sender if understood.envelope else None
    return Heard(what=what, signal_id=understood.id, by=by, happened_at=row.happened_at, facts=None)


def _heard(entry: Entry) -> Heard:
    accepted = bool(entry.code) and Code(entry.code).accepted
    known_by_id = bool(entry.signal_id)
    return Heard(
        what=entry.what,
        signal_id=entry.signal_id,
        by=Role(role=entry.by_role, agency=entry.by_agency) if entry.by_role else None,
        happened_at=entry.happened_at,
        facts=entry.facts if accepted and not known_by_id else None,
    )


def _alarms(session: Session, reference: str) -> dict[int, str]:
    """The occasion of each immediate action of a case, by its number: that of the first that it told."""
    rows = select(Notice.case, Notice.occasion).where(Notice.reference == reference, Notice.notice == ALARM)
    found: dict[int, str] = {}
    for stream, occasion in session.execute(rows.where(Notice.case != reference).order_by(Notice.id)):
        found.setdefault(int(stream.rpartition("-")[2]), occasion.removesuffix(f"/{ANY_TIME}"))
    return found


def _confirmed(session: Session, stream: str) -> bool:
    rows = select(Entry.number).where(
        Entry.stream == stream, Entry.what == CONFIRMED, Entry.code == Code.ACCEPTED.value
    )
    return session.scalars(rows.limit(1)).first() is not None
