"""The timetable as a picture: a line a clock, a column a day, the counted days numbered."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from protocols.editions import Edition, Kind
from protocols.limits import Unit
from protocols.working_days import LONDON, ONE_DAY, local_date
from starter.timetable import Row

TEMPLATES = Path(__file__).parent.parent / "templates" / "timetable"
DAY, LINE, TOP, BOTTOM, GAP = 20, 30, 92, 44, 12
MONTH_DAYS = 6
"""So many columns the name of a month takes."""
SIGN_WIDTH = 6.8
"""What a sign of 12 pixels takes at most on average; text in SVG cannot be measured, and must not be cut off."""


class Frame(NamedTuple):
    """Where things stand: `left` is where the column of the day `first` begins; `last` is the last column."""

    left: float
    first: date
    last: date

    def column(self, day: date) -> float:
        """The left edge of a day."""
        return self.left + (day - self.first).days * DAY

    def place(self, moment: datetime) -> float:
        """A moment within its day."""
        local = moment.astimezone(LONDON)
        passed = timedelta(hours=local.hour, minutes=local.minute) / ONE_DAY
        return round(self.column(local.date()) + passed * DAY, 1)


def as_svg(edition: Edition, rows: list[Row]) -> str:
    """The rows as a picture.

    Args:
        edition: the protocol.
        rows: its clocks, at least one, all from the same moment.
    """
    starts = rows[0].due_time.starts
    dues = [local_date(row.due_time.due) for row in rows if row.due_time.due]
    left = _width(_words(row) for row in rows) + 2 * GAP
    frame = Frame(left, local_date(starts), max([local_date(starts), *dues]))
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    return environment.get_template("timetable.svg.j2").render(
        title=f"{edition.name.en}, {edition.edition}: every clock from {starts.astimezone(LONDON):%A %d %B %Y, %H:%M}",
        lines=[_line(TOP + n * LINE, row, frame) for n, row in enumerate(rows)],
        days=list(_days(rows, frame)),
        start=frame.place(starts),
        frame=frame,
        day=DAY,
        top=TOP,
        width=round(frame.column(frame.last + ONE_DAY) + _width(_due_words(row) for row in rows) + 2 * GAP),
        height=TOP + len(rows) * LINE + BOTTOM,
    )


def _width(texts: Any) -> float:
    return max(len(text) for text in texts) * SIGN_WIDTH


def _words(row: Row) -> str:
    return f"{row.rule.en} ({row.rule.clause})"


def _due_words(row: Row) -> str:
    kind = "local target" if row.rule.kind is Kind.LOCAL else "protocol limit"
    if row.due_time.due is None:
        return f"no meeting is planned ({kind})"
    provisional = ", provisional" if row.due_time.provisional else ""
    return f"{row.due_time.due.astimezone(LONDON):%a %d %b %Y %H:%M} ({kind}{provisional})"


def _days(rows: list[Row], frame: Frame) -> Any:
    """The columns; a day that some clock skips is shaded in all lines."""
    reasons = {day.date: day.why for row in rows for day in row.due_time.skipped}
    for n in range((frame.last - frame.first).days + 1):
        day = frame.first + ONE_DAY * n
        why = reasons.get(day) or (f"{day:%A}" if day.weekday() >= 5 else "")
        yield {
            "x": frame.column(day),
            "number": day.day,
            "letter": f"{day:%a}"[:2],
            "month": f"{day:%B %Y}" if day.day == 1 or (n == 0 and _has_room(day)) else "",
            "why": f"{day:%A %d %B %Y}: {why}" if why else "",
            "holiday": why == "bank holiday",
        }


def _has_room(day: date) -> bool:
    """Whether the name of its month ends before the next month begins."""
    return (day + ONE_DAY * MONTH_DAYS).month == day.month


def _line(y: int, row: Row, frame: Frame) -> dict[str, Any]:
    due, limit = row.due_time.due, row.rule.within
    return {
        "y": y,
        "words": _words(row),
        "local": row.rule.kind is Kind.LOCAL,
        "counted": [
            (frame.column(day), n, f"{day:%A %d %B %Y}: {limit.unit.removesuffix('s')} {n} of {limit.count}")
            for n, day in enumerate(row.due_time.counted, start=1)
        ],
        "bar": frame.place(due) if due and limit.unit in (Unit.HOURS, Unit.NEXT_MEETING) else None,
        "due": _due_words(row),
        "end": frame.column(local_date(due) + ONE_DAY) if due else frame.left,
    }
