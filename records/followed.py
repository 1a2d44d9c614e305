"""Which workflows there have to be, as the records say: of cases that have not ended, of alarms, of mail that waits."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Engine, exists, or_, select

from protocols.messages import CONFIRMATION
from protocols.roles import Role
from protocols.says import ANY_TIME
from protocols.steps import Code
from records.ahead import ALARM
from records.database import reading, writing
from records.models import Case, Entry, Notice, Stream, Submission
from records.outbox import WAITING

ENDED = "ended"


class Followed(NamedTuple):
    """A case, or an immediate action, that a workflow has to follow: by the workflow's id, and where it stands."""

    stream: str
    stage: str


class Alarm(NamedTuple):
    """What an immediate action began with.

    Attributes:
        stage, raised_by, at, sent_at: as `workflows.immediate.Emergency` has them.
        occasion: what set it off.
        to: the roles that it told.
    """

    stage: str
    raised_by: Role
    at: datetime
    sent_at: datetime
    occasion: str
    to: tuple[Role, ...]


def followed(engine: Engine, only: Collection[str] | None = None) -> list[Followed]:
    """What has begun and is not over: a case up to its end, an alarm until its referral, either until its mail is out.

    Args:
        engine: the records.
        only: look at these alone.

    Raises:
        Unreachable: the database does not answer.
    """
    mail = exists().where(Notice.case == Stream.stream, Notice.state.in_(WAITING))
    confirmed = exists().where(
        Entry.stream == Stream.stream, Entry.what == CONFIRMATION, Entry.code == Code.ACCEPTED.value
    )
    case = (Stream.stream == Case.reference) & (Case.stage != ENDED)
    rows = (
        select(Stream.stream, Case.stage)
        .join(Case, Case.reference == Stream.reference)
        .where(Case.started.is_(True), or_(mail, case, (Stream.stream != Case.reference) & ~confirmed))
        .order_by(Case.raised_at, Stream.stream)
    )
    with reading(engine) as session:
        asked = rows if only is None else rows.where(Stream.stream.in_(only))
        return [Followed(*row) for row in session.execute(asked)]


def alarm(engine: Engine, stream: str) -> Alarm | None:
    """What an immediate action began with; None if it has told nobody."""
    with reading(engine) as session:
        told = select(Notice).where(Notice.case == stream, Notice.notice == ALARM).order_by(Notice.id)
        notices = session.scalars(told).all()
        said = select(Entry).where(Entry.stream == stream, Entry.what == ALARM).order_by(Entry.number)
        entry = session.scalars(said.limit(1)).first()
        if entry is None or not notices:
            return None
        return Alarm(
            stage=entry.stage,
            raised_by=Role(role=entry.by_role, agency=entry.by_agency),
            at=entry.happened_at,
            sent_at=entry.recorded_at,
            occasion=notices[0].occasion.removesuffix(f"/{ANY_TIME}"),
            to=tuple(Role(role=one.role, agency=one.agency) for one in notices if one.at == notices[0].at),
        )


def deliver_again(engine: Engine, case: str, known: Collection[str], aside: Collection[str]) -> None:
    """What was handed to a workflow that is gone, and stands neither in the records nor in what is known of it.

    Args:
        engine: the records.
        case: the reference, or the id of an immediate action.
        known: ids of the signals that were found with the workflow.
        aside: kinds of submissions that are no signals.
    """
    with writing(engine) as session:
        rows = select(Submission).where(Submission.case == case, Submission.entry.is_(None))
        for row in session.scalars(rows.with_for_update()):
            if row.signal not in aside and row.signal_id not in known:
                row.delivered, row.code, row.accepted = False, None, None
