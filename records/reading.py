"""What pages, register and script read of a case: nothing here names anybody; names and texts are asked for apart."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from protocols.editions import Kind
from protocols.limits import DueTime, Limit
from protocols.roles import Role
from protocols.steps import ClockRow, ClockState, Entry, MeetingRow, ReviewRow
from records import models
from records.cases import CaseFacts, case_row, facts_of
from records.database import reading
from records.models import Clock, Delivery, Meeting, Notice, Review, Target
from records.register import RegisterRow, late_clocks, register_row, roles, undelivered_notices
from records.streams import Through, reference_of


class Standing(NamedTuple):
    """Where a case stands: what a door has to know of it; before its first step the turn is 0."""

    reference: str
    protocol: str
    stage: str
    turn: int
    waiting_for: tuple[Role, ...]
    outcome: str | None


class NoticeView(NamedTuple):
    """A notice and its delivery: to the holder of the role, the deputy or the Business Unit, and when."""

    notice: str
    to: Role
    at: datetime
    clause: str
    stage: str
    due: datetime | None
    state: Delivery
    delivered_to: Target
    settled_at: datetime | None
    attempts: int
    reply: int | None


class CaseView(NamedTuple):
    """A case as it stands."""

    row: RegisterRow
    turn: int
    facts: CaseFacts
    clocks: tuple[ClockRow, ...]
    meetings: tuple[MeetingRow, ...]
    reviews: tuple[ReviewRow, ...]
    notices: tuple[NoticeView, ...]

    def request_of(self, clock: ClockRow) -> NoticeView | None:
        """The latest request that an agency was sent for a clock of its own, and whether it reached it."""
        asked = (n for n in reversed(self.notices) if n.notice == "action-required" and n.to in clock.accountable)
        return next((n for n in asked if n.due == clock.due_time.due), None) if clock.agency else None


class TimelineEntry(NamedTuple):
    """One line of a timeline.

    Attributes:
        case: the case, or the immediate action, that it belongs to; number: counts from 1 within that.
        entry: what happened.
        through: a door, the engine, or the process by itself.
        person: who said so, as a reference to a person kept elsewhere; empty if nobody is known.
    """

    case: str
    number: int
    entry: Entry
    through: Through
    person: str


def standing(engine: Engine, case: str) -> Standing:
    """Where a case stands, by its reference or the id of one of its immediate actions.

    Raises:
        CaseUnknown: there is no such case.
        Unreachable: the database does not answer.
    """
    with reading(engine) as session:
        row = case_row(session, reference_of(case))
        waiting_for = roles(row.waiting_for)
        return Standing(row.reference, row.protocol, row.stage, row.turn, waiting_for, row.outcome)


def case_view(engine: Engine, reference: str) -> CaseView:
    """A case as it stands.

    Raises:
        CaseUnknown: there is no such case.
        Unreachable: the database does not answer.
    """
    with reading(engine) as session:
        case = case_row(session, reference)
        return CaseView(
            row=register_row(case, late_clocks(session, [reference]), undelivered_notices(session, [reference])),
            turn=case.turn,
            facts=facts_of(session, case),
            clocks=tuple(map(_clock, _all(session, Clock, reference, Clock.starts))),
            meetings=tuple(map(_meeting, _all(session, Meeting, reference, Meeting.number))),
            reviews=tuple(map(_review, _all(session, Review, reference, Review.number))),
            notices=tuple(map(_notice, _all(session, Notice, reference, Notice.id))),
        )


def timeline(engine: Engine, reference: str) -> list[TimelineEntry]:
    """What happened in a case and its immediate actions, in the order in which it was recorded.

    Raises:
        CaseUnknown: there is no such case.
        Unreachable: the database does not answer.
    """
    with reading(engine) as session:
        case_row(session, reference)
        entries = _all(session, models.Entry, reference, models.Entry.stream, models.Entry.number)
        return [entry for _, entry in sorted(_placed(entries), key=lambda placed: placed[0])]


def verdict_recorded(engine: Engine, case: str, signal_id: str) -> bool:
    """Whether the entry of a signal stands in the records, so that the next page shows it."""
    with reading(engine) as session:
        rows = select(models.Entry.number).where(models.Entry.stream == case, models.Entry.signal_id == signal_id)
        return session.scalars(rows.limit(1)).first() is not None


def _placed(entries: list[models.Entry]) -> Iterator[tuple[tuple[datetime, str, int], TimelineEntry]]:
    """Each line keeps its own order, though what a door took earlier may be judged later."""
    latest: dict[str, datetime] = {}
    for row in entries:
        moment = latest[row.stream] = max(row.recorded_at, latest.get(row.stream, row.recorded_at))
        by = Role(role=row.by_role, agency=row.by_agency) if row.by_role else None
        fields = {name: getattr(row, name) for name in Entry.model_fields.keys() - {"by", "code"}}
        entry = Entry.model_validate({**fields, "by": by, "code": row.code or None})
        line = TimelineEntry(row.stream, row.number, entry, Through(row.through), row.person)
        yield (moment, row.stream, row.number), line


def _all(session: Session, model: Any, reference: str, *order: Any) -> list[Any]:
    return list(session.scalars(select(model).where(model.reference == reference).order_by(*order)))


def _clock(row: Clock) -> ClockRow:
    return ClockRow(
        key=row.key,
        clock=row.clock,
        agency=row.agency,
        clause=row.clause,
        kind=Kind(row.kind),
        limit=Limit.parse(row.limit),
        due_time=DueTime.model_validate(row.explanation),
        accountable=roles(row.accountable),
        oversees=roles(row.oversees),
        state=ClockState(row.state),
        met_at=row.met_at,
        late=row.late,
    )


def _meeting(row: Meeting) -> MeetingRow:
    fields = {name: getattr(row, name) for name in MeetingRow.model_fields}
    return MeetingRow.model_validate(fields)


def _review(row: Review) -> ReviewRow:
    return ReviewRow.model_validate({name: getattr(row, name) for name in ReviewRow.model_fields})


def _notice(row: Notice) -> NoticeView:
    return NoticeView(
        notice=row.notice,
        to=Role(role=row.role, agency=row.agency),
        at=row.at,
        clause=row.clause,
        stage=row.stage,
        due=row.due,
        state=Delivery(row.state),
        delivered_to=Target(row.delivered_to),
        settled_at=row.settled_at,
        attempts=row.attempts,
        reply=row.reply,
    )
