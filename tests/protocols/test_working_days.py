"""Working days of England and Wales: rows to be checked with a wall calendar."""

from datetime import date, datetime, timedelta
from itertools import islice

import pytest

from protocols.working_days import LONDON, BankHolidays, at_local, local_date, recorded_late
from tests.protocols.moments_in_words import PACKAGE, SHIPPED, as_words, day, days, listed, on

A_YEAR = timedelta(days=365)


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        ("Thu 24 Dec 2026", None),
        ("Fri 25 Dec 2026", "bank holiday"),
        ("Sat 26 Dec 2026", "Saturday"),
        ("Sun 27 Dec 2026", "Sunday"),
        ("Mon 28 Dec 2026", "bank holiday"),  # the substitute day for Boxing Day, a Saturday
        ("Tue 29 Dec 2026", None),
        ("Thu 31 Dec 2026", None),
        ("Fri 1 Jan 2027", "bank holiday"),
        ("Mon 4 Jan 2027", None),
        ("Thu 2 Apr 2026", None),
        ("Fri 3 Apr 2026", "bank holiday"),  # Good Friday
        ("Sat 4 Apr 2026", "Saturday"),
        ("Sun 5 Apr 2026", "Sunday"),
        ("Mon 6 Apr 2026", "bank holiday"),  # Easter Monday
        ("Tue 7 Apr 2026", None),
        ("Fri 26 Mar 2027", "bank holiday"),  # Good Friday
        ("Mon 29 Mar 2027", "bank holiday"),  # Easter Monday
        ("Mon 4 May 2026", "bank holiday"),
        ("Mon 25 May 2026", "bank holiday"),
        ("Mon 31 Aug 2026", "bank holiday"),
        ("Mon 3 Aug 2026", None),  # a bank holiday of Scotland only
        ("Tue 17 Mar 2026", None),  # a bank holiday of Northern Ireland only
        ("Mon 27 Dec 2027", "bank holiday"),  # substitutes for Christmas Day and Boxing Day, a weekend
        ("Tue 28 Dec 2027", "bank holiday"),
    ],
)
@pytest.mark.clause("common working day")
def test_a_working_day_is_monday_to_friday_and_no_bank_holiday_of_england_and_wales(
    which: str, expected: str | None
) -> None:
    """A working day is Monday to Friday and no bank holiday of England and Wales; any other day says why it is none."""
    assert expected == SHIPPED.why_not(day(which))
    assert (expected is None) == SHIPPED.is_working_day(day(which))


def test_without_its_division_easter_monday_would_be_a_working_day() -> None:
    """The list is that of England and Wales: what all of the United Kingdom shares lacks Easter Monday."""
    easter_monday = day("Mon 6 Apr 2026")
    assert easter_monday in listed()
    assert easter_monday not in listed(division=None)


@pytest.mark.parametrize(
    ("of", "before", "after"),
    [
        ("Thu 24 Dec 2026", "Wed 23 Dec 2026, Tue 22 Dec 2026", "Tue 29 Dec 2026, Wed 30 Dec 2026"),
        ("Sat 26 Dec 2026", "Thu 24 Dec 2026, Wed 23 Dec 2026", "Tue 29 Dec 2026, Wed 30 Dec 2026"),
        ("Tue 29 Dec 2026", "Thu 24 Dec 2026, Wed 23 Dec 2026", "Wed 30 Dec 2026, Thu 31 Dec 2026"),
        ("Thu 31 Dec 2026", "Wed 30 Dec 2026, Tue 29 Dec 2026", "Mon 4 Jan 2027, Tue 5 Jan 2027"),
        ("Thu 2 Apr 2026", "Wed 1 Apr 2026, Tue 31 Mar 2026", "Tue 7 Apr 2026, Wed 8 Apr 2026"),
        ("Mon 6 Apr 2026", "Thu 2 Apr 2026, Wed 1 Apr 2026", "Tue 7 Apr 2026, Wed 8 Apr 2026"),
    ],
)
def test_working_days_before_and_after_a_day(of: str, before: str, after: str) -> None:
    """Working days are counted away from a day in both directions, and the day itself never counts."""
    assert days(before) == tuple(islice(SHIPPED.working_days_before(day(of)), 2))
    assert days(after) == tuple(islice(SHIPPED.working_days_after(day(of)), 2))


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        ("Thu 24 Dec 2026", "Thu 24 Dec 2026"),
        ("Mon 28 Dec 2026", "Thu 24 Dec 2026"),
        ("Fri 1 Jan 2027", "Thu 31 Dec 2026"),
        ("Mon 6 Apr 2026", "Thu 2 Apr 2026"),
        ("Sun 8 Mar 2026", "Fri 6 Mar 2026"),
    ],
)
def test_the_last_working_day_up_to_a_day(of: str, expected: str) -> None:
    """A working day is its own last working day; any other has the one before it."""
    assert day(expected) == SHIPPED.last_working_day_up_to(day(of))


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-07-06T22:59:59+00:00", "Mon 6 Jul 2026"),
        ("2026-07-06T23:00:00+00:00", "Tue 7 Jul 2026"),  # midnight in summer time
        ("2026-12-07T23:59:59+00:00", "Mon 7 Dec 2026"),
        ("2026-12-08T00:00:00+00:00", "Tue 8 Dec 2026"),  # midnight in winter
        ("2026-12-07T23:30:00-05:00", "Tue 8 Dec 2026"),
    ],
)
@pytest.mark.clause("common times")
def test_a_day_is_a_day_in_london(moment: str, expected: str) -> None:
    """The date of a moment is the date in Europe/London, also where another date is written elsewhere."""
    assert day(expected) == local_date(datetime.fromisoformat(moment))


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        ("Fri 27 Mar 2026", "2026-03-27T17:00:00+00:00"),
        ("Mon 30 Mar 2026", "2026-03-30T16:00:00+00:00"),
        ("Fri 23 Oct 2026", "2026-10-23T16:00:00+00:00"),
        ("Mon 26 Oct 2026", "2026-10-26T17:00:00+00:00"),
    ],
)
@pytest.mark.clause("common times")
def test_five_o_clock_is_five_o_clock_on_the_wall(which: str, expected: str) -> None:
    """17:00 is 17:00 on the clocks of Europe/London, before and after they change."""
    wall = at_local(day(which), datetime.strptime("17:00", "%H:%M").replace(tzinfo=LONDON).time())
    assert datetime.fromisoformat(expected) == wall


@pytest.mark.parametrize(
    ("happened", "recorded", "expected"),
    [
        ("Mon 2 Mar 2026 10:00", "Mon 2 Mar 2026 10:05", False),
        ("Mon 2 Mar 2026 10:00", "Tue 3 Mar 2026 16:59", False),
        ("Mon 2 Mar 2026 10:00", "Wed 4 Mar 2026 00:01", True),
        ("Mon 2 Mar 2026 23:30", "Tue 3 Mar 2026 16:59", False),
        ("Fri 6 Mar 2026 10:00", "Mon 9 Mar 2026 16:59", False),
        ("Fri 6 Mar 2026 10:00", "Tue 10 Mar 2026 00:01", True),
        ("Sat 7 Mar 2026 10:00", "Mon 9 Mar 2026 16:59", False),
        ("Thu 24 Dec 2026 10:00", "Tue 29 Dec 2026 16:59", False),
        ("Thu 24 Dec 2026 10:00", "Wed 30 Dec 2026 00:01", True),
        ("Thu 2 Apr 2026 10:00", "Tue 7 Apr 2026 16:59", False),
    ],
)
@pytest.mark.clause("common late-recorded")
def test_recorded_late_is_after_the_next_working_day(happened: str, recorded: str, *, expected: bool) -> None:
    """What is recorded after the end of the next working day after it happened is marked late-recorded."""
    assert expected == recorded_late(on(happened), on(recorded), SHIPPED)


# --- The calendar may change under a running case

MOVED = days(
    "Fri 1 Jan 2027, Fri 26 Mar 2027, Mon 29 Mar 2027, Mon 3 May 2027, Mon 31 May 2027, Mon 30 Aug 2027, "
    "Fri 24 Dec 2027, Mon 27 Dec 2027"
)


@pytest.mark.parametrize(
    ("proclaimed", "holidays", "working_days"),
    [
        # a short list adds, and takes nothing away, in this year or another
        (days("Mon 14 Sep 2026"), "Mon 14 Sep 2026, Mon 6 Apr 2026, Mon 28 Dec 2026, Mon 29 Mar 2027", ""),
        # a list of eight replaces its whole year: Tuesday 28 December 2027 is none any more
        (MOVED, "Fri 24 Dec 2027, Mon 29 Mar 2027, Mon 6 Apr 2026", "Tue 28 Dec 2027"),
        # seven dates are no whole year
        (MOVED[:7], "Fri 24 Dec 2027, Mon 27 Dec 2027, Tue 28 Dec 2027", ""),
        # an empty list changes nothing
        ((), "Mon 6 Apr 2026, Tue 28 Dec 2027", ""),
    ],
)
@pytest.mark.clause("common calendar")
def test_a_whole_year_replaces_and_a_short_list_adds(
    proclaimed: tuple[date, ...], holidays: str, working_days: str
) -> None:
    """A newly loaded list replaces a year that it holds as a whole, and only adds to any other year."""
    changed = SHIPPED.changed_by(proclaimed, "as loaded")
    assert [] == [d for d in days(holidays) if changed.is_working_day(d)]
    assert [] == [d for d in days(working_days) if not changed.is_working_day(d)]
    assert "as loaded" == changed.version
    assert sorted(set(changed.dates)) == list(changed.dates)


def test_a_change_leaves_the_list_that_it_came_from_alone() -> None:
    """A case that keeps the old list goes on reckoning with it."""
    SHIPPED.changed_by(days("Mon 14 Sep 2026"), "as loaded")
    assert SHIPPED.is_working_day(day("Mon 14 Sep 2026"))


# --- The end of the data


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        (days("Fri 1 Jan 2027"), date(2027, 12, 31)),
        (days("Tue 26 Dec 2028, Fri 25 Dec 2026"), date(2028, 12, 31)),
        ((), date.min),
    ],
)
@pytest.mark.clause("common calendar")
def test_a_list_reaches_to_the_end_of_its_last_year(dates: tuple[date, ...], expected: date) -> None:
    """The data end on 31 December of the last year listed; no list reaches nowhere."""
    assert expected == BankHolidays(dates=dates).last_day


def what_to_mend(last_day: date, today: date) -> str:
    """What whoever keeps this project has to do about the bank holidays, empty if nothing."""
    if last_day - today > A_YEAR:
        return ""
    return (
        f"The bank holidays of {PACKAGE} end on {last_day:%d %B %Y}. Install a newer {PACKAGE} (`make lock`); a board "
        "that runs meanwhile loads GOV.UK's list with `datrys holidays update bank-holidays.json`."
    )


def test_the_shipped_bank_holidays_reach_a_year_ahead() -> None:
    """The shipped list reaches more than a year ahead of today; a year before its end this fails and says the cure."""
    assert "" == what_to_mend(SHIPPED.last_day, datetime.now(LONDON).date())


def test_a_year_before_the_end_it_is_said_how_to_mend_it() -> None:
    """On 31 December of the year before the last one the cure is said, the day before it is not."""
    assert "" == what_to_mend(date(2028, 12, 31), date(2027, 12, 31) - timedelta(days=1))
    said = what_to_mend(date(2027, 12, 31), date(2026, 12, 31))
    assert "end on 31 December 2027" in said
    assert "datrys holidays update" in said
    assert PACKAGE in said


def test_the_rows_are_read_as_they_are_written() -> None:
    """A row that names a wrong weekday is refused, and what is written is what the clocks of London show."""
    assert "Fri 18 Dec 2026 15:00 GMT" == as_words(on("Fri 18 Dec 2026 15:00"))
    assert "Mon 6 Jul 2026 15:00 BST" == as_words(on("Mon 6 Jul 2026 15:00"))
    with pytest.raises(AssertionError, match="was no Mon"):
        on("Mon 18 Dec 2026 15:00")
