"""Working days, written from the specification anew: so that the product's own reckoning is not asked to judge itself.

Source: spec 1, Clocks. Moments are aware, in UTC where they are answered.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")
DAILY_CHASERS = 5


class Days(NamedTuple):
    """The calendar of England and Wales with these bank holidays."""

    bank_holidays: frozenset[date]

    def works(self, day: date) -> bool:
        """Monday to Friday and no bank holiday."""
        return day.weekday() < 5 and day not in self.bank_holidays

    def after(self, day: date, working_days: int) -> date:
        """The so-manieth working day after a day; before it, if the number is negative."""
        step = timedelta(days=1 if working_days > 0 else -1)
        for _ in range(abs(working_days)):
            day += step
            while not self.works(day):
                day += step
        return day

    def reminders_by_day(self, due: datetime) -> list[datetime]:
        """09:00 two working days before, one before, and on the due date or the last working day before it."""
        day = local(due)
        on_the_day = day if self.works(day) else self.after(day, -1)
        return sorted({at(one, 9) for one in (self.after(day, -2), self.after(day, -1), on_the_day)})

    def local_reminder(self, start: datetime, due: datetime) -> datetime:
        """09:00 one working day before, or on the due date where that is not after the start."""
        before = at(self.after(local(due), -1), 9)
        return before if before > start else at(local(due), 9)

    def chasers(self, since: date) -> Iterator[datetime]:
        """09:00 on each of the first five working days after a day, and on every fifth from there."""
        for number in range(1, DAILY_CHASERS + 1):
            yield at(self.after(since, number), 9)
        while True:
            number += DAILY_CHASERS
            yield at(self.after(since, number), 9)


def local(moment: datetime) -> date:
    """The date on the wall in Wales."""
    return moment.astimezone(LONDON).date()


def at(day: date, hour: int) -> datetime:
    """The moment at which the clock on the wall shows this full hour."""
    return datetime.combine(day, time(hour), tzinfo=LONDON).astimezone(UTC)
