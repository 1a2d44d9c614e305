"""Time limits as a protocol words them, and the due time that follows, with its explanation (spec 1, Clocks)."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from protocols.errors import BadEdition
from protocols.working_days import OFFICE_CLOSES, ONE_DAY, BankHolidays, at_local, local_date


class Unit(StrEnum):
    """What a limit counts. Confusing two of these is the likeliest fault of all."""

    WORKING_DAYS = "working days"
    DAYS = "days"
    HOURS = "hours"
    NEXT_MEETING = "next meeting"


@dataclass(frozen=True)
class Limit:
    """A time limit such as ``5 working days``, ``5 days``, ``48 hours`` or ``next meeting``."""

    count: int
    unit: Unit

    def __str__(self) -> str:
        if self.unit is Unit.NEXT_MEETING:
            return self.unit
        return f"{self.count} {self.unit[:-1] if self.count == 1 else self.unit}"

    @classmethod
    def parse(cls, words: str) -> "Limit":
        """The limit that `words` say.

        Raises:
            BadEdition: the words are none of the four forms.
        """
        if words == Unit.NEXT_MEETING:
            return cls(1, Unit.NEXT_MEETING)
        if match := re.fullmatch(r"([1-9]\d{0,3}) (working day|day|hour)s?", words):
            return cls(int(match[1]), Unit(f"{match[2]}s"))
        raise BadEdition(f"“{words}” is no time limit: write “5 working days”, “5 days”, “48 hours” or “next meeting”.")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def read(value: Any) -> "Limit":
            try:
                return value if isinstance(value, Limit) else cls.parse(str(value))
            except BadEdition as fault:  # pydantic adds the place to a ValueError only
                raise ValueError(str(fault)) from None

        return core_schema.no_info_plain_validator_function(
            read, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )


class SkippedDay(BaseModel, frozen=True):
    """A day that did not count, and why."""

    date: date
    why: str


class DueTime(BaseModel, frozen=True):
    """When a limit ends, and how that came about.

    Attributes:
        due: aware moment; None while no meeting is planned.
        starts: what the limit counts from.
        counted: the days that count, the last being the day it is due.
        skipped: the days passed over, with the reason.
        provisional: whether it lies past the end of the bank-holiday data.
        holidays_version: which list of bank holidays it was reckoned with.
        meeting_at: start of the meeting that it waits for, where it waits for one.
    """

    due: datetime | None
    starts: datetime
    counted: tuple[date, ...] = ()
    skipped: tuple[SkippedDay, ...] = ()
    provisional: bool = False
    holidays_version: str = ""
    meeting_at: datetime | None = None


def due_time(limit: Limit, starts: datetime, holidays: BankHolidays, meeting_at: datetime | None = None) -> DueTime:
    """When `limit` ends (spec 1, Clocks: the table of limits).

    Args:
        limit: the limit.
        starts: aware moment from which it runs; the day of it never counts.
        holidays: the bank holidays to reckon with.
        meeting_at: start of the first meeting planned after `starts`, for the limit ``next meeting``.
    """
    match limit.unit:
        case Unit.HOURS:
            return DueTime(due=starts.astimezone(UTC) + timedelta(hours=limit.count), starts=starts)
        case Unit.NEXT_MEETING:
            due = at_local(local_date(meeting_at), OFFICE_CLOSES) if meeting_at else None
            return DueTime(due=due, starts=starts, meeting_at=meeting_at)
        case Unit.DAYS:
            first = local_date(starts)
            counted = tuple(first + ONE_DAY * (n + 1) for n in range(limit.count))
            return DueTime(due=at_local(counted[-1], OFFICE_CLOSES), starts=starts, counted=counted)
        case Unit.WORKING_DAYS:
            return _working_days(limit.count, starts, holidays)


def _working_days(working_days: int, starts: datetime, holidays: BankHolidays) -> DueTime:
    counted: list[date] = []
    skipped: list[SkippedDay] = []
    day = local_date(starts)
    while len(counted) < working_days:
        day += ONE_DAY
        if why := holidays.why_not(day):
            skipped.append(SkippedDay(date=day, why=why))
        else:
            counted.append(day)
    return DueTime(
        due=at_local(day, OFFICE_CLOSES),
        starts=starts,
        counted=tuple(counted),
        skipped=tuple(skipped),
        provisional=day > holidays.last_day,
        holidays_version=holidays.version,
    )
