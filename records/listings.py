"""What is asked of what a board loaded: agencies, people, meetings, bank holidays."""

from datetime import date, datetime
from importlib.metadata import version
from typing import NamedTuple

from govuk_bank_holidays.bank_holidays import BankHolidays as Shipped  # type: ignore[import-untyped]
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from protocols.mail import DutyTeam
from protocols.roles import Role
from protocols.working_days import BankHolidays
from records import mail_facts, models
from records.database import reading
from records.models import DirectoryPerson, HolidayList, PlannedMeeting
from records.people import Holder, holder_of, listed_as

DIVISION = "england-and-wales"


class Agency(NamedTuple):
    """An organisation, known by its code."""

    code: str
    name_en: str
    name_cy: str
    kind: str


class Listed(NamedTuple):
    """A row of the people that a board loaded."""

    id: str
    board: str
    role: str
    agency: str
    authority: str
    group: str
    name: str
    email: str
    phone: str
    language: str
    deputy_name: str
    deputy_email: str
    phone_office_hours: str
    phone_out_of_hours: str


class Meeting(NamedTuple):
    """A meeting of a board's calendar."""

    id: str
    board: str
    group: str
    starts_at: datetime
    papers_due: datetime | None
    status: str


def agencies(engine: Engine) -> dict[str, Agency]:
    """All agencies by code."""
    with reading(engine) as session:
        rows = session.scalars(select(models.Agency).order_by(models.Agency.code))
        return {row.code: Agency(*(getattr(row, name) for name in Agency._fields)) for row in rows}


def agency_codes(engine: Engine) -> frozenset[str]:
    """The codes of all agencies."""
    return frozenset(agencies(engine))


def people(engine: Engine, board: str = "") -> list[Listed]:
    """The people of one board, or of all."""
    rows = select(DirectoryPerson).order_by(DirectoryPerson.board, DirectoryPerson.role, DirectoryPerson.id)
    with reading(engine) as session:
        found = session.scalars(rows.where(DirectoryPerson.board == board) if board else rows)
        return [Listed(*(getattr(row, name) for name in Listed._fields)) for row in found]


def meetings(engine: Engine, board: str = "", group: str = "") -> list[Meeting]:
    """The meetings of a board and group, or of all, cancelled ones included, in order of time."""
    rows = select(PlannedMeeting).order_by(PlannedMeeting.starts_at, PlannedMeeting.id)
    rows = rows.where(PlannedMeeting.board == board) if board else rows
    rows = rows.where(PlannedMeeting.group == group) if group else rows
    with reading(engine) as session:
        return [_meeting(row) for row in session.scalars(rows)]


def next_meeting(engine: Engine, board: str, group: str, after: datetime) -> Meeting | None:
    """The first meeting of a board's group that is planned to start after a moment."""
    rows = (
        select(PlannedMeeting)
        .where(
            PlannedMeeting.board == board,
            PlannedMeeting.group == group,
            PlannedMeeting.starts_at > after,
            PlannedMeeting.status == "planned",
        )
        .order_by(PlannedMeeting.starts_at, PlannedMeeting.id)
        .limit(1)
    )
    with reading(engine) as session:
        found = session.scalars(rows).one_or_none()
        return _meeting(found) if found else None


def listed_holder(engine: Engine, board: str, role: Role, authority: str, group: str) -> Holder | None:
    """Whom the directory names for a role of this authority, children's or adults'; None if it is vacant.

    For a case file, before there is a case: what the file itself names is not looked at.
    """
    with reading(engine) as session:
        found = listed_as(session, board, role, authority, group)[-1:]
        return next((holder_of(row) for row in found if row.email or row.deputy_email), None)


def is_held(engine: Engine, board: str, role: Role, authority: str, group: str) -> bool:
    """Whether the directory names somebody, or at least a deputy, for a role; for a case file, before the case."""
    return listed_holder(engine, board, role, authority, group) is not None


def duty_teams(engine: Engine, board: str, authority: str, group: str) -> tuple[DutyTeam, ...]:
    """The duty team's telephone numbers for children or adults; several where it has several offices."""
    with reading(engine) as session:
        return mail_facts.duty_teams(session, board, authority, group)


def duty_team_has_number(engine: Engine, board: str, authority: str, group: str) -> bool:
    """Whether there is a telephone number to ring."""
    return bool(duty_teams(engine, board, authority, group))


def holidays(engine: Engine) -> BankHolidays:
    """The bank holidays in force: as loaded, else as they come with Datrys."""
    with reading(engine) as session:
        return current_holidays(session)


def current_holidays(session: Session) -> BankHolidays:
    """See `holidays`."""
    newest = session.scalars(select(HolidayList).order_by(HolidayList.id.desc()).limit(1)).one_or_none()
    if newest is None:
        return shipped_holidays()
    dates = tuple(date.fromisoformat(day) for day in newest.dates)
    return BankHolidays(dates=dates, version=newest.version)


def shipped_holidays() -> BankHolidays:
    """The bank holidays of England and Wales that come with Datrys."""
    events = Shipped(use_cached_holidays=True).get_holidays(division=DIVISION)
    dates = tuple(sorted(event["date"] for event in events))
    return BankHolidays(dates=dates, version=f"govuk-bank-holidays {version('govuk-bank-holidays')}")


def _meeting(row: PlannedMeeting) -> Meeting:
    return Meeting(*(getattr(row, name) for name in Meeting._fields))
