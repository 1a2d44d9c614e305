"""The stories as one page of their own: what happened day by day, the way each case took, its clocks, every mail."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from protocols.limits import DueTime
from protocols.steps import ClockRow
from protocols.working_days import LONDON, ONE_DAY, local_date
from starter.demo import telling
from starter.demo.moments import Moment
from starter.demo.playing import Opening, Played
from starter.printing_case import explanation, kind

TEMPLATES = Path(__file__).parent.parent.parent / "templates" / "demo"
MARK = '<meta name="generator" content="datrys demo">'
"""By this a page of the demo is known, and may be written over."""
MARK_WITHIN = 500
ENDED = "ended"
MAIL_WIDTH = 72
"""So many signs a line of a mail has at most; a narrower page wraps it once more, unless the lines flow."""


class Cell(NamedTuple):
    """A day in the small calendar of a clock.

    Attributes:
        number: of the day in its month; name: the month's, where it begins or is first seen.
        words: what the day is to the clock: ``starts``, which of the days that count, or why it does not.
        sort: ``start``, ``counted``, ``due``, ``skipped``, ``holiday`` or empty.
    """

    number: int
    name: str
    words: str
    sort: str


def page(played: Sequence[Played]) -> str:
    """The page of these stories."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(telling=telling, kind=kind, explanation=explanation, calendar=calendar, local=_local)
    environment.filters["flowing"] = flowing
    return environment.get_template("page.html.j2").render(mark=MARK, stories=[_story(one) for one in played])


def is_page(file: Path) -> bool:
    """Whether a file is such a page; one that cannot be read is not."""
    try:
        with file.open("rb") as opened:
            return MARK.encode() in opened.read(MARK_WITHIN)
    except OSError:
        return False


def _local(at: datetime) -> datetime:
    """As the clocks in Wales show it."""
    return at.astimezone(LONDON)


def _story(played: Played) -> dict[str, Any]:
    return {
        "played": played,
        "opening": played.opening,
        "edition": played.opening.edition,
        "path": _path(played),
        "days": list(_days(played)),
        "clocks": sorted(played.view.clocks, key=lambda clock: int(clock.key.rpartition("#")[2])),
        "mails": telling.mails_of(played),
        "last_day": local_date(played.moments[-1].at),
    }


def _path(played: Played) -> list[dict[str, Any]]:
    """The protocol's stages in its order, each with the times that the case stood in it."""
    entered = [(e.stage, m.at) for m in played.moments for e in m.entries if e.what == "stage-entered"]
    left = [*(at for _, at in entered[1:]), None]
    visits: dict[str, list[tuple[datetime, datetime | None]]] = {}
    for (stage, at), until in zip(entered, left, strict=True):
        visits.setdefault(stage, []).append((at, until))
    stages = played.opening.edition.stages
    return [{"title": stages[name], "ended": name == ENDED, "visits": visits.get(name, [])} for name in stages]


def _days(played: Played) -> Iterator[dict[str, Any]]:
    """The days on which something happened, and which bank holidays lie before each."""
    before: date | None = None
    for day, moments in groupby(played.moments, key=lambda moment: local_date(moment.at)):
        passed = telling.bank_holidays_between(before, day, played.opening.holidays) if before else ""
        yield {"date": day, "passed": passed, "moments": [_moment(moment, played.opening) for moment in moments]}
        before = day


def _moment(moment: Moment, opening: Opening) -> dict[str, Any]:
    return {
        "at": moment.at,
        "words": moment.happening.words if moment.happening else "",
        "lines": telling.lines(moment, opening.edition),
    }


def flowing(text: str) -> str:
    """The text without the line breaks that only the width of a mail made."""
    flows: list[str] = []
    before = ""
    for line in text.split("\n"):
        word, _, _ = line.strip().partition(" ")
        if before.strip("-") and word.strip("-") and len(before) + 1 + len(word) > MAIL_WIDTH:
            flows[-1] += f" {line.strip()}"
        else:
            flows.append(line)
        before = line
    return "\n".join(flows)


def calendar(clock: ClockRow) -> list[list[Cell | None]]:
    """The weeks from the start of a clock to its due day; empty where it counts no days."""
    due = clock.due_time
    if not due.counted:
        return []
    first, last = local_date(due.starts), due.counted[-1]
    day = first - ONE_DAY * first.weekday()
    weeks: list[list[Cell | None]] = []
    while day <= last:
        week = [day + ONE_DAY * n for n in range(7)]
        weeks.append([_cell(one, first, due) if first <= one <= last else None for one in week])
        day = week[-1] + ONE_DAY
    return weeks


def _cell(day: date, first: date, due: DueTime) -> Cell:
    why = {skipped.date: skipped.why for skipped in due.skipped}
    name = f"{day:%b}" if day == first or day.day == 1 else ""
    if day == first:
        return Cell(day.day, name, "starts", "start")
    if day in due.counted:
        return Cell(day.day, name, str(due.counted.index(day) + 1), "due" if day == due.counted[-1] else "counted")
    weekend = why[day] in ("Saturday", "Sunday")
    return Cell(day.day, name, "weekend" if weekend else why[day], "skipped" if weekend else "holiday")
