"""Names, birth dates, addresses and free text: here and nowhere else, so that they can be erased by case."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from records.models.base import Base, Json


class Subject(Base):
    """The child or adult at risk."""

    __tablename__ = "subjects"

    reference: Mapped[str] = mapped_column(ForeignKey("cases.reference"), primary_key=True)
    name: Mapped[str]
    date_of_birth: Mapped[date | None]
    address: Mapped[str]
    occurrence_number: Mapped[str]
    parents_or_carers: Mapped[list[Any]]
    on_child_protection_register: Mapped[bool]


class CasePerson(Base):
    """Somebody who holds a role in a case; of several for one role the latest holds it.

    `directory_id` where the directory says who it is: then the rest is what it said on that day.
    """

    __tablename__ = "case_people"
    __table_args__ = (Index(None, "reference", "role", "agency"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(ForeignKey("cases.reference"))
    role: Mapped[str]
    agency: Mapped[str]
    name: Mapped[str]
    email: Mapped[str]
    phone: Mapped[str]
    language: Mapped[str]
    deputy_name: Mapped[str]
    deputy_email: Mapped[str]
    directory_id: Mapped[str]
    since: Mapped[datetime]


class FreeText(Base):
    """A text of a case: a field of its case file, or what came with a submission, by its id (`record`)."""

    __tablename__ = "texts"

    reference: Mapped[str] = mapped_column(ForeignKey("cases.reference"), primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    about: Mapped[str]
    content: Mapped[Json] = mapped_column(JSON)
    kept_at: Mapped[datetime]


class Receiver(Base):
    """Who a notice is sent to, fixed at the first attempt, and the very message, until it is settled."""

    __tablename__ = "receivers"
    __table_args__ = (Index(None, "reference"),)

    notice_id: Mapped[int] = mapped_column(ForeignKey("notices.id"), primary_key=True)
    reference: Mapped[str] = mapped_column(ForeignKey("cases.reference"))
    person: Mapped[str]
    email: Mapped[str]
    tried: Mapped[list[Any]]
    message: Mapped[bytes | None]


class Document(Base):
    """A form, agenda, minutes or case copy as it was made."""

    __tablename__ = "documents"
    __table_args__ = (Index(None, "reference"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(ForeignKey("cases.reference"))
    name: Mapped[str]
    media_type: Mapped[str]
    record: Mapped[str]
    made_at: Mapped[datetime]
    digest: Mapped[str]
    content: Mapped[bytes]


class WaitingSignal(Base):
    """A signal that a case set aside, since more waited than it can carry; what it said may name people.

    `case` is the reference, or that of an immediate action; `run` and `batch` say with what it was written, once. It
    is emptied as it is judged, at `judged_at`.
    """

    __tablename__ = "waiting_signals"
    __table_args__ = (Index(None, "case", "run", "batch"), Index(None, "judged_at"))

    case: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(ForeignKey("cases.reference"))
    run: Mapped[str]
    batch: Mapped[int]
    signal: Mapped[str]
    body: Mapped[str | None]
    seen_at: Mapped[datetime]
    happened_at: Mapped[datetime]
    judged_at: Mapped[datetime | None]
