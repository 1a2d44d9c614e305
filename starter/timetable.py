"""`datrys timetable`: every clock of a protocol as if it began at one moment; no server needed."""

import csv
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from protocols.editions import ClockRule, Edition
from protocols.errors import BadFile
from protocols.limits import DueTime, Unit, due_time
from protocols.working_days import LONDON, BankHolidays, local_date

TEMPLATES = Path(__file__).parent.parent / "templates" / "timetable"
DAY_WIDTH, ROW_HEIGHT, LEFT, TOP = 14, 26, 340, 46


class Row(NamedTuple):
    """One clock, and when it would end."""

    clock: str
    rule: ClockRule
    due_time: DueTime


def timetable(
    edition: Edition, starts: datetime, holidays: BankHolidays, meetings: Mapping[str, list[datetime]] | None = None
) -> list[Row]:
    """Each clock of the edition from this moment.

    Args:
        edition: the protocol.
        starts: aware moment.
        holidays: the bank holidays to reckon with.
        meetings: planned meetings a group, for limits of the form ``next meeting``.
    """
    planned = sorted(at for group in (meetings or {}).values() for at in group if at > starts)
    following = planned[0] if planned else None
    return [
        Row(name, rule, due_time(rule.within, starts, holidays, following)) for name, rule in edition.clocks.items()
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


def as_svg(edition: Edition, rows: list[Row]) -> str:
    """The rows as a picture: a line a clock, a square a day."""
    dated = [row for row in rows if row.due_time.due]
    first = local_date(rows[0].due_time.starts)
    last = max((local_date(row.due_time.due) for row in dated if row.due_time.due), default=first)
    lines = [_line(n, row, first) for n, row in enumerate(dated)]
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    return environment.get_template("timetable.svg.j2").render(
        title=f"{edition.name.en}, {edition.edition}: from {rows[0].due_time.starts.astimezone(LONDON):%d.%m.%Y %H:%M}",
        lines=lines,
        width=LEFT + ((last - first).days + 12) * DAY_WIDTH,
        height=TOP + len(lines) * ROW_HEIGHT + 30,
        left=LEFT,
        side=DAY_WIDTH - 2,
    )


def _line(number: int, row: Row, first: date) -> dict[str, Any]:
    def x(day: date) -> int:
        return LEFT + (day - first).days * DAY_WIDTH

    due = row.due_time.due
    return {
        "y": TOP + number * ROW_HEIGHT,
        "words": f"{row.rule.en} ({row.rule.clause})",
        "local": row.rule.kind == "local",
        "counted": [(x(day), f"{day:%A %d %B %Y}: counts") for day in row.due_time.counted],
        "skipped": [(x(s.date), f"{s.date:%A %d %B %Y}: {s.why}") for s in row.due_time.skipped],
        "due": f"{due.astimezone(LONDON):%H:%M %a %d %b %Y}" if due else "",
        "end": x(local_date(due)) + DAY_WIDTH if due else LEFT,
    }


def read_meetings(file: Path) -> dict[str, list[datetime]]:
    """The planned meetings of a meetings file, a list a group.

    Raises:
        BadFile: it cannot be read.
    """
    meetings: dict[str, list[datetime]] = {}
    try:
        with file.open(encoding="utf-8-sig", newline="") as rows:
            for row in csv.DictReader(rows):
                if row["status"] == "planned":
                    meetings.setdefault(row["group"], []).append(datetime.fromisoformat(row["starts_at"]))
    except (OSError, ValueError, KeyError) as fault:
        raise BadFile(f"{file}: cannot be read as a meetings file ({fault}). See docs/files.md.") from None
    if any(at.tzinfo is None for group in meetings.values() for at in group):
        raise BadFile(f"{file}: starts_at needs an offset, such as 2026-04-01T10:00:00+01:00.")
    return meetings


def needs_meetings(rows: Iterable[Row]) -> bool:
    """Whether a clock waits for a meeting that is not planned."""
    return any(row.rule.within.unit is Unit.NEXT_MEETING and row.due_time.due is None for row in rows)
