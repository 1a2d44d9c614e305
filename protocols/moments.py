"""When a clock speaks: reminders before it is due, chasers after (spec 1, Clocks)."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice

from protocols.limits import Limit, Unit
from protocols.working_days import OFFICE_OPENS, BankHolidays, at_local, local_date

PAPERS_WORKING_DAYS = 5
CHASED_DAILY = 5
LAST_CALL_HOURS = 4


def reminders(
    limit: Limit, starts: datetime, due: datetime, holidays: BankHolidays, papers_due: datetime | None = None
) -> list[datetime]:
    """The moments at which a protocol limit is reminded, sorted, no two the same.

    Args:
        limit: the limit.
        starts: what it runs from.
        due: when it ends.
        holidays: the bank holidays to reckon with.
        papers_due: when the papers of the meeting are due, for the limit ``next meeting``.
    """
    day = local_date(due)
    match limit.unit:
        case Unit.HOURS:
            start = starts.astimezone(UTC)
            return sorted({start + (due - start) / 2, due - timedelta(hours=LAST_CALL_HOURS)})
        case Unit.NEXT_MEETING:
            return [papers_due or _opening(_working_days_before(day, PAPERS_WORKING_DAYS, holidays))]
        case _:
            days = {
                *islice(holidays.working_days_before(day), 2),
                holidays.last_working_day_up_to(day),
            }
            return [_opening(d) for d in sorted(days)]


def local_reminder(starts: datetime, due: datetime, holidays: BankHolidays) -> datetime:
    """The one reminder of a local target: a working day before, or on the day if that is not after the start."""
    before = _opening(_working_days_before(local_date(due), 1, holidays))
    return before if before > starts else _opening(local_date(due))


def working_day_before(moment: datetime, holidays: BankHolidays) -> datetime:
    """09:00 one working day before a meeting."""
    return _opening(_working_days_before(local_date(moment), 1, holidays))


def chasers(from_day: date, holidays: BankHolidays) -> Iterator[datetime]:
    """09:00 on each of the first 5 working days after `from_day`, then on every fifth, without end."""
    for n, day in enumerate(holidays.working_days_after(from_day), start=1):
        if n <= CHASED_DAILY or n % CHASED_DAILY == 0:
            yield _opening(day)


def next_chaser(from_day: date, after: datetime, holidays: BankHolidays) -> datetime:
    """The first chaser later than `after`."""
    return next(moment for moment in chasers(from_day, holidays) if moment > after)


def _working_days_before(day: date, working_days: int, holidays: BankHolidays) -> date:
    return next(islice(holidays.working_days_before(day), working_days - 1, None))


def _opening(day: date) -> datetime:
    return at_local(day, OFFICE_OPENS)
