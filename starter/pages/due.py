"""When something is due, as somebody at work says it: overdue, today, this week, later; “in 2 working days”."""

from datetime import datetime, time, timedelta
from enum import StrEnum

from babel.dates import format_date

from protocols.working_days import ONE_DAY, BankHolidays, at_local, local_date
from starter.pages.titles import weekday
from starter.pages.tongues import Tongue

SATURDAY, A_WEEK = 5, 7


class Group(StrEnum):
    """How soon; a week ends with its Sunday, and at a weekend the next one is meant."""

    OVERDUE = "overdue"
    TODAY = "today"
    THIS_WEEK = "this week"
    LATER = "later"


def end_of_week(now: datetime) -> datetime:
    """The begin of the next Monday in Europe/London; at a weekend, when nobody plans the days that are left, of the one
    after it.
    """
    today = local_date(now)
    weeks = 2 if today.weekday() >= SATURDAY else 1
    return at_local(today + timedelta(days=A_WEEK * weeks - today.weekday()), time())


def group_of(due: datetime | None, now: datetime) -> Group:
    """How soon something is due; what has no date is for later.

    Args:
        due, now: aware moments. What is due at this very moment is in time.
    """
    if due is None or due >= end_of_week(now):
        return Group.LATER
    if due < now:
        return Group.OVERDUE
    return Group.TODAY if local_date(due) == local_date(now) else Group.THIS_WEEK


def in_words(due: datetime | None, now: datetime, holidays: BankHolidays, tongue: Tongue) -> str:
    """“in 2 working days”, “since Monday”.

    Args:
        due, now: aware moments; no date where no meeting is planned.
        holidays: by which working days are counted.
        tongue: the language.
    """
    if due is None:
        return tongue.say("no date yet")
    if due < now:
        return _since(due, now, tongue)
    today, day = local_date(now), local_date(due)
    if day == today:
        return tongue.say("today, by %(hour)s", hour=tongue.hour(due))
    if day == today + ONE_DAY:
        return tongue.say("tomorrow, by %(hour)s", hour=tongue.hour(due))
    if not holidays.is_working_day(day):
        return tongue.many("in %(number)s day", "in %(number)s days", (day - today).days)
    days = (today + ONE_DAY * n for n in range(1, (day - today).days + 1))
    count = sum(map(holidays.is_working_day, days))
    return tongue.many("in %(number)s working day", "in %(number)s working days", count)


def _since(due: datetime, now: datetime, tongue: Tongue) -> str:
    passed = (local_date(now) - local_date(due)).days
    if passed == 0:
        return tongue.say("since %(hour)s today", hour=tongue.hour(due))
    if passed < A_WEEK:
        return tongue.say("since %(day)s", day=weekday(local_date(due), tongue))
    return tongue.say("since %(day)s", day=format_date(local_date(due), "d MMMM y", locale=tongue.language))
