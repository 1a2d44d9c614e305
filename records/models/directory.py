"""What a board loads: agencies, people, meetings, bank holidays. It belongs to no case."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from records.models.base import Base


class Agency(Base):
    """An organisation, known by its code."""

    __tablename__ = "agencies"

    code: Mapped[str] = mapped_column(primary_key=True)
    name_en: Mapped[str]
    name_cy: Mapped[str]
    kind: Mapped[str]


class DirectoryPerson(Base):
    """Who holds a role for a board, an agency or an authority; an empty address means that it is vacant."""

    __tablename__ = "directory_people"
    __table_args__ = (Index(None, "board", "role"),)

    board: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[str]
    agency: Mapped[str]
    authority: Mapped[str]
    group: Mapped[str]
    name: Mapped[str]
    email: Mapped[str]
    phone: Mapped[str]
    language: Mapped[str]
    deputy_name: Mapped[str]
    deputy_email: Mapped[str]
    phone_office_hours: Mapped[str]
    phone_out_of_hours: Mapped[str]
    load: Mapped[int]
    """Number of the load that last changed it: of two holders of one role the one loaded later holds it."""


class PlannedMeeting(Base):
    """A meeting in the board's calendar."""

    __tablename__ = "planned_meetings"
    __table_args__ = (Index(None, "board", "group", "starts_at"),)

    board: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    group: Mapped[str]
    starts_at: Mapped[datetime]
    papers_due: Mapped[datetime | None]
    status: Mapped[str]
    load: Mapped[int]
    """Number of the load that last changed it: what open cases are told is known by it."""


class HolidayList(Base):
    """The bank holidays in force after one load; the newest counts."""

    __tablename__ = "holiday_lists"

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[str]
    dates: Mapped[list[Any]]
    loaded_at: Mapped[datetime]
