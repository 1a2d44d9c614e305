"""Working days and office hours of England and Wales: Monday to Friday, no bank holiday, Europe/London."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pydantic import BaseModel

LONDON = ZoneInfo("Europe/London")
OFFICE_OPENS, OFFICE_CLOSES = time(9), time(17)
ONE_DAY = timedelta(days=1)
EARLIEST_YEAR, LATEST_YEAR = 1900, 2200
WHOLE_YEAR = 8
"""England and Wales have at least eight bank holidays a year: a list with as many for a year is that year's whole."""


def local_date(moment: datetime) -> date:
    """The date in Europe/London at an aware moment."""
    return moment.astimezone(LONDON).date()


def at_local(day: date, hour: time) -> datetime:
    """The moment at which the clocks of Europe/London show `hour` on `day`."""
    return datetime.combine(day, hour, tzinfo=LONDON)


def countable(moment: datetime) -> datetime:
    """The moment, if working days can be counted from it.

    Raises:
        ValueError: it lies so far off that the calendar ends before the count does.
    """
    if not EARLIEST_YEAR <= moment.year <= LATEST_YEAR:
        raise ValueError(f"lies outside the years {EARLIEST_YEAR} to {LATEST_YEAR}")
    return moment


class BankHolidays(BaseModel, frozen=True):
    """The bank holidays that a case reckons with, and where they come from.

    Attributes:
        dates: bank holidays, sorted.
        version: words that say which list this is; part of every explanation.
    """

    dates: tuple[date, ...]
    version: str = ""

    @property
    def last_day(self) -> date:
        """31 December of the last year listed: beyond it due times are provisional (spec 1, Clocks)."""
        return date(max(self.dates).year, 12, 31) if self.dates else date.min

    def why_not(self, day: date) -> str | None:
        """Why `day` is no working day ("Saturday", "bank holiday"), or None if it is one."""
        if day.weekday() >= 5:
            return f"{day:%A}"
        return "bank holiday" if day in self.dates else None

    def is_working_day(self, day: date) -> bool:
        """Monday to Friday and no bank holiday."""
        return self.why_not(day) is None

    def working_days_after(self, day: date) -> Iterator[date]:
        """Every working day after `day`, in order, without end."""
        while True:
            day += ONE_DAY
            if self.is_working_day(day):
                yield day

    def working_days_before(self, day: date) -> Iterator[date]:
        """Every working day before `day`, the latest first, without end."""
        while True:
            day -= ONE_DAY
            if self.is_working_day(day):
                yield day

    def last_working_day_up_to(self, day: date) -> date:
        """`day` itself if it is a working day, else the last one before it."""
        return day if self.is_working_day(day) else next(self.working_days_before(day))

    def changed_by(self, proclaimed: tuple[date, ...], version: str) -> "BankHolidays":
        """These holidays with newly loaded ones.

        A year for which the new list is whole is replaced (a bank holiday can be moved); to any other year
        the new dates are added, so that a short list never makes Easter Monday a working day.
        """
        whole = {d.year for d in proclaimed if sum(x.year == d.year for x in proclaimed) >= WHOLE_YEAR}
        kept = {d for d in self.dates if d.year not in whole}
        return BankHolidays(dates=tuple(sorted(kept | set(proclaimed))), version=version)


def recorded_late(happened_at: datetime, recorded_at: datetime, holidays: BankHolidays) -> bool:
    """Whether an entry was recorded after the end of the next working day after it happened (spec 1, Times)."""
    return local_date(recorded_at) > next(holidays.working_days_after(local_date(happened_at)))
