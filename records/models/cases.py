"""A case as it stands, and what it went through. Names, addresses and free text are in `personal`."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from records.models.base import Base


class ReferenceCounter(Base):
    """The last number given to a case, a prefix and year."""

    __tablename__ = "reference_counters"

    prefix: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int]


class Case(Base):
    """One disagreement, as the last step left it."""

    __tablename__ = "cases"
    __table_args__ = (Index(None, "fingerprint", "raised_at"), Index(None, "protocol", "stage"))

    reference: Mapped[str] = mapped_column(primary_key=True)
    protocol: Mapped[str]
    edition: Mapped[str]
    authority: Mapped[str]
    group: Mapped[str]
    circumstance: Mapped[str]
    instigated_at: Mapped[datetime]
    raised_at: Mapped[datetime]
    facts: Mapped[dict[str, Any]]
    fingerprint: Mapped[str]
    started: Mapped[bool] = mapped_column(default=False)
    stage: Mapped[str]
    turn: Mapped[int]
    clause: Mapped[str]
    waiting_for: Mapped[list[Any]]
    next_due: Mapped[datetime | None]
    overdue: Mapped[bool] = mapped_column(default=False)
    outcome: Mapped[str | None]
    snapshot: Mapped[str | None]


class CaseAgency(Base):
    """An agency of a case; `position` is the order in which they came in."""

    __tablename__ = "case_agencies"

    reference: Mapped[str] = mapped_column(ForeignKey("cases.reference"), primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    raising: Mapped[bool]
    must_respond: Mapped[bool]


class Stream(Base):
    """One line of entries: the case's own, or that of an immediate action (`REFERENCE-immediate-N`).

    Its end is kept here, so that entries cut off at the end of the chain are missed too; and who wrote the last step,
    so that the same step asked for again is told from another one that bears its number. `refused_step` is a step that
    was refused since steps before it are missing: the records are older than the engine.
    """

    __tablename__ = "streams"
    __table_args__ = (Index(None, "reference"),)

    stream: Mapped[str] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(ForeignKey("cases.reference"))
    last_step: Mapped[int | None]
    refused_step: Mapped[int | None]
    last_writer: Mapped[str] = mapped_column(default="")
    entries: Mapped[int] = mapped_column(default=0)
    last_hash: Mapped[str] = mapped_column(default="")


class Entry(Base):
    """One line of a timeline, for good: triggers refuse to change it; `hash` chains it to the one before."""

    __tablename__ = "entries"
    __table_args__ = (Index(None, "reference", "recorded_at"),)

    stream: Mapped[str] = mapped_column(ForeignKey("streams.stream"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(ForeignKey("cases.reference"))
    step: Mapped[int | None]
    what: Mapped[str]
    happened_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    clause: Mapped[str]
    stage: Mapped[str]
    turn: Mapped[int]
    by_role: Mapped[str]
    by_agency: Mapped[str]
    person: Mapped[str]
    entered_by: Mapped[str]
    through: Mapped[str]
    signal_id: Mapped[str]
    code: Mapped[str]
    reason: Mapped[str]
    record: Mapped[str]
    late_recorded: Mapped[bool]
    facts: Mapped[dict[str, Any]]
    words: Mapped[str]
    previous: Mapped[str]
    hash: Mapped[str]


class Clock(Base):
    """A time limit of a case as the last step left it."""

    __tablename__ = "clocks"

    reference: Mapped[str] = mapped_column(ForeignKey("cases.reference"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    clock: Mapped[str]
    agency: Mapped[str]
    clause: Mapped[str]
    kind: Mapped[str]
    limit: Mapped[str]
    starts: Mapped[datetime]
    due: Mapped[datetime | None]
    explanation: Mapped[dict[str, Any]]
    accountable: Mapped[list[Any]]
    oversees: Mapped[list[Any]]
    state: Mapped[str]
    met_at: Mapped[datetime | None]
    late: Mapped[bool]


class Meeting(Base):
    """A meeting of a case; who attended is kept as roles."""

    __tablename__ = "meetings"

    reference: Mapped[str] = mapped_column(ForeignKey("cases.reference"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    meeting_at: Mapped[datetime]
    held_at: Mapped[datetime | None]
    outcome: Mapped[str]
    attended: Mapped[list[Any]]
    record: Mapped[str]
    minutes_at: Mapped[datetime | None]
    minutes_record: Mapped[str]


class Review(Base):
    """A request for a review, the decision on it with its findings, and what became of it."""

    __tablename__ = "reviews"

    reference: Mapped[str] = mapped_column(ForeignKey("cases.reference"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    requested_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    review: Mapped[bool | None]
    reviewer: Mapped[str]
    findings: Mapped[dict[str, Any]]
    completed_at: Mapped[datetime | None]
    record: Mapped[str]


class Submission(Base):
    """What somebody told a case through a door: kept first, then delivered, then judged."""

    __tablename__ = "submissions"
    __table_args__ = (UniqueConstraint("id"), {"sqlite_autoincrement": True})

    number: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str]
    reference: Mapped[str] = mapped_column(ForeignKey("cases.reference"))
    case: Mapped[str]
    signal: Mapped[str]
    signal_id: Mapped[str]
    facts: Mapped[dict[str, Any]]
    by_role: Mapped[str]
    by_agency: Mapped[str]
    entered_by: Mapped[str]
    person: Mapped[str]
    sent_at: Mapped[datetime]
    delivered: Mapped[bool] = mapped_column(default=False)
    code: Mapped[str | None]
    reason: Mapped[str] = mapped_column(default="")
    accepted: Mapped[bool | None]
    answer_kept: Mapped[bool] = mapped_column(default=False)
    entry: Mapped[int | None]


Index(
    "uq_submissions_case_signal_id",
    Submission.case,
    Submission.signal_id,
    unique=True,
    sqlite_where=text("accepted IS NOT false"),
    postgresql_where=text("accepted IS NOT false"),
)


class Tally(Base):
    """A count without a case: refusals by reason, visits of a page that leaves no trace."""

    __tablename__ = "tallies"

    protocol: Mapped[str] = mapped_column(primary_key=True)
    what: Mapped[str] = mapped_column(primary_key=True)
    month: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]
