"""Whom to ring about somebody in danger: 999, and the duty team at the number that answers at this hour."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from protocols.access import Affair
from protocols.editions import Edition, Words
from protocols.working_days import LONDON, BankHolidays, local_date
from settings import OfficeHours
from starter.web.house import DutyNumber, DutyNumbers


class Line(NamedTuple):
    """A telephone number that answers now; `office` is the duty team's name."""

    office: str
    number: str


class Place(NamedTuple):
    """The duty teams of one authority."""

    authority: str
    lines: tuple[Line, ...]


class Ring(NamedTuple):
    """Whom to ring at this hour: the lines of one case, or those of every authority by board.

    Attributes:
        here: of the case that a page is about; empty where it is about none.
        boards: of all authorities, by the name of the board.
        office: whether offices answer at this hour.
    """

    here: tuple[Line, ...]
    boards: tuple[tuple[Words, tuple[Place, ...]], ...]
    office: bool

    @property
    def silent(self) -> bool:
        """Whether no duty team has a number that answers at this hour."""
        return not any(place.lines for _, places in self.boards for place in places)


def ring(
    duty: DutyNumbers,
    now: datetime,
    hours: OfficeHours,
    editions: Mapping[str, Edition],
    about: Affair | None = None,
) -> Ring:
    """Whom to ring.

    Args:
        duty: the numbers as they were last read.
        now: the moment at which somebody looks.
        hours: between which an office answers on a working day.
        editions: the boards' names.
        about: the case that a page is about.
    """
    office = answers(now, hours, duty.holidays)
    known = [number for number in duty.known if number.board in editions]
    here = [one for one in known if about and _serves(one, about)]
    boards = tuple(
        (edition.board, tuple(_places([one for one in known if one.board == board], office)))
        for board, edition in editions.items()
    )
    return Ring(_lines(here, office), boards, office)


def answers(now: datetime, hours: OfficeHours, holidays: BankHolidays) -> bool:
    """Whether offices answer at this hour: on a working day between these times."""
    local = now.astimezone(LONDON)
    return holidays.is_working_day(local_date(now)) and hours.opens <= local.time() < hours.closes


def _serves(number: DutyNumber, about: Affair) -> bool:
    wanted = (about.board, about.authority, about.group)
    offered = (number.board, number.authority or about.authority, number.group or about.group)
    return wanted == offered


def _places(known: list[DutyNumber], office: bool) -> list[Place]:
    by_authority: dict[str, list[DutyNumber]] = {}
    for one in known:
        by_authority.setdefault(one.authority, []).append(one)
    return [Place(authority, _lines(numbers, office)) for authority, numbers in sorted(by_authority.items())]


def _lines(numbers: list[DutyNumber], office: bool) -> tuple[Line, ...]:
    """A number that does not answer at this hour is not shown: somebody would wait for it to."""
    lines = (Line(one.office, one.office_hours if office else one.out_of_hours) for one in numbers)
    return tuple(dict.fromkeys(line for line in lines if line.number))
