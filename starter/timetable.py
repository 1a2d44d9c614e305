"""`datrys timetable`: every clock of a protocol as if it began at one moment; no server needed."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from protocols.editions import ClockRule, Edition
from protocols.errors import Refused
from protocols.limits import DueTime, due_time
from protocols.working_days import LONDON, BankHolidays, local_date
from records.board_files import MeetingRow
from records.csv_rows import read_rows


class Row(NamedTuple):
    """One clock, and when it would end."""

    clock: str
    rule: ClockRule
    due_time: DueTime


def timetable(
    edition: Edition,
    starts: datetime,
    holidays: BankHolidays,
    meetings: Mapping[str, list[datetime]] | None = None,
    group: str = "children",
) -> list[Row]:
    """Each clock of the edition from this moment.

    Args:
        edition: the protocol.
        starts: aware moment.
        holidays: the bank holidays to reckon with.
        meetings: planned meetings a group of the board's calendar, for limits of the form ``next meeting``.
        group: ``children`` or ``adults``, where their meetings differ.

    Raises:
        Refused: the moment lies before the first bank holiday that is known, where weeks would look too short.
    """
    if holidays.dates and local_date(starts).year < holidays.dates[0].year:
        known = holidays.dates[0].year
        raise Refused(f"The bank holidays are known from {known} on only: name a moment of that year or later.")

    def next_meeting(rule: ClockRule) -> datetime | None:
        planned = (meetings or {}).get(rule.meeting.format(group=group), [])
        return min((at for at in planned if at > starts), default=None)

    return [
        Row(name, rule, due_time(rule.within, starts, holidays, next_meeting(rule)))
        for name, rule in edition.clocks.items()
    ]


def as_json(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """The rows as `--json` answers them (spec 4)."""
    return [
        {
            "clock": row.clock,
            "clause": row.rule.clause,
            "kind": row.rule.kind,
            "limit": str(row.rule.within),
            "starts": row.due_time.starts.astimezone(LONDON).isoformat(),
            "due": row.due_time.due.astimezone(LONDON).isoformat() if row.due_time.due else None,
            "counted": [day.isoformat() for day in row.due_time.counted],
            "skipped": [{"date": day.date.isoformat(), "why": day.why} for day in row.due_time.skipped],
            "provisional": row.due_time.provisional,
        }
        for row in rows
    ]


def read_meetings(file: Path, board: str) -> dict[str, list[datetime]]:
    """The planned meetings of a board in a meetings file, a list a group.

    Raises:
        BadFile: every fault of the file, with its row and column.
    """
    meetings: dict[str, list[datetime]] = {}
    for row in read_rows(file, MeetingRow, lambda row: (row.board, row.id)):
        if row.board == board and row.status == "planned":
            meetings.setdefault(row.group, []).append(row.starts_at)
    return meetings
