"""Cases that may be stuck: something should have happened by now, and the records do not show it."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Engine, Select, exists, select

from records.database import reading
from records.models import Case, Clock, Entry, Notice, Submission
from records.outbox import WAITING

SOON = timedelta(seconds=20)
"""A case judges what it is told, begins, and does what falls due in far less."""

MAIL_SOON = timedelta(minutes=2)
MOST = 1000
"""So many are named at most; with Temporal or the mail server away, every case is suspect."""


def suspects(engine: Engine, now: datetime) -> list[str]:
    """The ids of the workflows (cases and immediate actions) that seem not to go on, each once.

    Args:
        engine: the records.
        now: aware moment.

    Raises:
        Unreachable: the database does not answer.
    """
    with reading(engine) as session:
        found: Iterable[str] = (one for which in _questions(now) for one in session.scalars(which.limit(MOST)))
        return list(dict.fromkeys(found))[:MOST]


def _questions(now: datetime) -> tuple[Select[str], ...]:
    open_case = Case.started & (Case.stage != "ended")
    unrecorded = Submission.delivered & Submission.entry.is_(None) & (Submission.code.is_(None) | open_case)
    unspoken = (Clock.state == "running") & Clock.late.is_(False) & (Clock.due < now - SOON)
    begun = exists().where(Entry.stream == Case.reference)
    waiting = Notice.state.in_(WAITING) & (Notice.at < now - MAIL_SOON)
    return (
        select(Case.reference).where(open_case, ~begun, Case.raised_at < now - SOON),
        select(Submission.case)
        .join(Case, Case.reference == Submission.reference)
        .where(unrecorded, Submission.sent_at < now - SOON)
        .distinct(),
        select(Clock.reference).join(Case, Case.reference == Clock.reference).where(open_case, unspoken).distinct(),
        select(Notice.case).where(waiting).distinct(),
    )
