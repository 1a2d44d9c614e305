"""Loading what a board hands over: agencies, people, meetings, bank holidays. A file is loaded whole or not at all."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from protocols.editions import Edition
from protocols.errors import BadFile, FileFault
from protocols.working_days import EARLIEST_YEAR, LATEST_YEAR, BankHolidays, local_date
from records.board_files import AgencyRow, MeetingRow, PersonRow
from records.csv_rows import Fault, File, opened, read_rows
from records.database import writing
from records.listings import DIVISION, Meeting, agencies, current_holidays, meetings
from records.models import Agency, Base, DirectoryPerson, HolidayList, PlannedMeeting

MayLoad = Callable[[str], bool]
"""Whether whoever loads a file may load rows of this board."""


def for_every_board(board: str) -> bool:
    """Whoever has the shell of a server that nobody operates yet loads for all boards."""
    return True


class Loaded(NamedTuple):
    """What a load did: rows in the file, and how many of them were new or changed."""

    rows: int
    changed: int


class GroupLoaded(NamedTuple):
    """A group of a board's calendar, and the number of the load that last changed it."""

    board: str
    group: str
    load: int


class MeetingsLoaded(NamedTuple):
    """What a load of meetings did; `groups` are those that the file names, or named before."""

    rows: int
    changed: int
    groups: tuple[GroupLoaded, ...]


class HolidaysLoaded(NamedTuple):
    """What a load of bank holidays did.

    Attributes:
        changed: whether any working day became a bank holiday or the reverse.
        dates: the dates that the file lists: what `calendar_changed` tells open cases.
        holidays: the bank holidays in force now.
        load: number of the list in force; 0 for the one that comes with Datrys.
    """

    changed: bool
    dates: tuple[date, ...]
    holidays: BankHolidays
    load: int


Editions = Mapping[str, Edition]


def load_agencies(engine: Engine, file: Path | File) -> Loaded:
    """Load agencies; the same code again is a change, a code not named stays.

    Raises:
        BadFile: every fault of the file; nothing was loaded.
        Unreachable: the database does not answer.
    """
    rows = read_rows(file, AgencyRow, lambda row: (row.code,))
    with writing(engine) as session:
        changed = [row for row in rows if _keep(session, Agency, (row.code,), row.model_dump())]
        return Loaded(len(rows), len(changed))


def people_in(
    engine: Engine, file: Path | File, editions: Editions | None = None, may_load: MayLoad = for_every_board
) -> list[PersonRow]:
    """The rows of a file of people; nothing is loaded.

    Args:
        engine: the records.
        file: the file.
        editions: the editions in use, which say what boards and authorities there are; unchecked if not given.
        may_load: whether rows of a board may be in it.

    Raises:
        BadFile: every fault of the file.
        Unreachable: the database does not answer.
    """
    check = partial(_wrong_with, editions=editions, agencies=agencies(engine).keys(), may_load=may_load)
    return read_rows(file, PersonRow, lambda row: (row.board, row.id), check)


def load_people(
    engine: Engine, file: Path | File, editions: Editions | None = None, may_load: MayLoad = for_every_board
) -> Loaded:
    """Load people; the same board and id again is a change, a row not named stays. Arguments as for `people_in`.

    Raises:
        BadFile: every fault of the file; nothing was loaded.
        Unreachable: the database does not answer.
    """
    rows = people_in(engine, file, editions, may_load)
    with writing(engine) as session:
        load = (session.scalar(select(func.max(DirectoryPerson.load))) or 0) + 1
        changed = 0
        for row in rows:
            if _keep(session, DirectoryPerson, (row.board, row.id), row.model_dump()):
                session.get_one(DirectoryPerson, (row.board, row.id)).load = load
                changed += 1
        return Loaded(len(rows), changed)


def meetings_in(
    engine: Engine,
    file: Path | File,
    now: datetime,
    editions: Editions | None = None,
    may_load: MayLoad = for_every_board,
) -> list[MeetingRow]:
    """The rows of a file of meetings; nothing is loaded.

    Args:
        engine: the records.
        file: the file.
        now: aware moment; a meeting that lies ahead of it cannot be moved behind it.
        editions: the editions in use, which say what boards there are; unchecked if not given.
        may_load: whether rows of a board may be in it.

    Raises:
        BadFile: every fault of the file.
        Unreachable: the database does not answer.
    """
    known = {(meeting.board, meeting.id): meeting for meeting in meetings(engine)}
    check = partial(_wrong_with_meeting, editions=editions, known=known, now=now, may_load=may_load)
    return read_rows(file, MeetingRow, lambda row: (row.board, row.id), check)


def load_meetings(
    engine: Engine,
    file: Path | File,
    now: datetime,
    editions: Editions | None = None,
    may_load: MayLoad = for_every_board,
) -> MeetingsLoaded:
    """Load meetings; the same board and id again is a change, a row not named stays. Arguments as for `meetings_in`.

    Raises:
        BadFile: every fault of the file; nothing was loaded.
        Unreachable: the database does not answer.
    """
    known = {(meeting.board, meeting.id): meeting for meeting in meetings(engine)}
    rows = meetings_in(engine, file, now, editions, may_load)
    changed = 0
    groups: dict[tuple[str, str], int] = dict.fromkeys(((row.board, row.group) for row in rows), 0)
    with writing(engine) as session:
        load = (session.scalar(select(func.max(PlannedMeeting.load))) or 0) + 1
        for row in rows:
            before = known.get((row.board, row.id))
            if _keep(session, PlannedMeeting, (row.board, row.id), row.model_dump()):
                session.get_one(PlannedMeeting, (row.board, row.id)).load = load
                groups |= {(row.board, group): load for group in (row.group, before.group if before else row.group)}
                changed += 1
        loads = [GroupLoaded(*pair, number or _last_load(session, *pair)) for pair, number in sorted(groups.items())]
    return MeetingsLoaded(len(rows), changed, tuple(loads))


def _last_load(session: Session, board: str, group: str) -> int:
    rows = select(func.max(PlannedMeeting.load)).where(PlannedMeeting.board == board, PlannedMeeting.group == group)
    return session.scalar(rows) or 0


def load_holidays(engine: Engine, file: Path | File, at: datetime) -> HolidaysLoaded:
    """Load bank holidays from GOV.UK's own JSON, as of the moment `at`.

    Raises:
        BadFile: it is no such file; nothing was loaded.
        Unreachable: the database does not answer.
    """
    dates = holidays_in(file)
    with writing(engine) as session:
        before = current_holidays(session)
        now = before.changed_by(dates, f"as loaded on {local_date(at).isoformat()}")
        changed = now.dates != before.dates
        if changed:
            kept = [day.isoformat() for day in now.dates]
            session.add(HolidayList(version=now.version, dates=kept, loaded_at=at))
            session.flush()
        load = session.scalar(select(func.max(HolidayList.id))) or 0
        return HolidaysLoaded(changed, dates, now if changed else before, load)


def _keep(session: Session, model: type[Base], key: tuple[str, ...], values: dict[str, Any]) -> bool:
    """Keep a row; whether it is new or changed."""
    found = session.get(model, key if len(key) > 1 else key[0])
    if found is None:
        defaults = {"load": 0} if model in {DirectoryPerson, PlannedMeeting} else {}
        session.add(model(**values, **defaults))
        session.flush()
        return True
    changed = [name for name, value in values.items() if getattr(found, name) != value]
    for name in changed:
        setattr(found, name, values[name])
    return bool(changed)


def _wrong_with(
    row: PersonRow, editions: Editions | None, agencies: Collection[str], may_load: MayLoad
) -> Iterator[Fault]:
    yield from _wrong_with_board(row.board, editions, may_load)
    edition = editions.get(row.board) if editions else None
    if editions and not any(row.role in edition.roles for edition in editions.values()):
        yield Fault("role", NO_ROLE)
    if edition and row.authority and row.authority not in edition.authorities:
        yield Fault("authority", NONE_OF, {"known": ", ".join(edition.authorities)})
    if row.agency and row.agency not in agencies:
        yield Fault("agency", NO_AGENCY)


def _wrong_with_meeting(
    row: MeetingRow,
    editions: Editions | None,
    known: Mapping[tuple[str, str], Meeting],
    now: datetime,
    may_load: MayLoad,
) -> Iterator[Fault]:
    yield from _wrong_with_board(row.board, editions, may_load)
    if not may_load(row.board):
        return
    if row.papers_due and row.papers_due > row.starts_at:
        yield Fault("papers_due", PAPERS_LATE)
    before = known.get((row.board, row.id))
    if before and before.status == row.status == "planned" and row.starts_at <= now < before.starts_at:
        yield Fault("starts_at", INTO_THE_PAST)


def _wrong_with_board(board: str, editions: Editions | None, may_load: MayLoad) -> Iterator[Fault]:
    """Whoever loads for one board is told of no other what it is."""
    if not may_load(board):
        yield Fault("board", NOT_YOURS)
    elif editions and board not in editions:
        yield Fault("board", NONE_OF, {"known": ", ".join(sorted(editions))})


NONE_OF = "is none of %(known)s."
NOT_YOURS = "is not the board that you load for. Take this row out."
NO_ROLE = "is no role of any protocol. See the roles in docs/files.md."
NO_AGENCY = "is no agency that was loaded. Load agencies first."
PAPERS_LATE = "is later than the meeting. Mend one of the two."
INTO_THE_PAST = "moves a meeting that lies ahead into the past. Give its new date, or cancel it."
NO_HOLIDAYS = (
    "is not GOV.UK's list of bank holidays with the division %(division)s."
    " Load https://www.gov.uk/bank-holidays.json as it is."
)


def holidays_in(file: Path | File) -> tuple[date, ...]:
    """The bank holidays in GOV.UK's own JSON; nothing is loaded.

    Raises:
        BadFile: it is no such file.
    """
    given = opened(file)
    try:
        found = json.loads(given.content.decode("utf-8-sig"))
        division = found.get(DIVISION, found)
        events = division["events"] if division["division"] == DIVISION else []
        dates = {date.fromisoformat(event["date"]) for event in events}
        dates = dates if all(EARLIEST_YEAR <= day.year <= LATEST_YEAR for day in dates) else set()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        dates = set()
    if not dates:
        raise BadFile(FileFault(given.name, NO_HOLIDAYS, facts={"division": DIVISION}))
    return tuple(sorted(dates))
