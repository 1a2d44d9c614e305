"""Time limits and their due times: rows (start, limit, due, days skipped) to be checked with a wall calendar."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from protocols.errors import BadEdition
from protocols.limits import DueTime, Limit, Unit, due_time
from protocols.working_days import local_date
from tests.protocols.moments_in_words import SHIPPED, UNTIL_2026, as_words, day, days, on

WEEKEND_AND_CHRISTMAS_2026 = (
    "Sat 19 Dec 2026, Sun 20 Dec 2026, Fri 25 Dec 2026, Sat 26 Dec 2026, Sun 27 Dec 2026, Mon 28 Dec 2026"
)
CHRISTMAS_2026 = "Fri 25 Dec 2026, Sat 26 Dec 2026, Sun 27 Dec 2026, Mon 28 Dec 2026"
NEW_YEAR_2027 = "Fri 1 Jan 2027, Sat 2 Jan 2027, Sun 3 Jan 2027"
EASTER_2026 = "Fri 3 Apr 2026, Sat 4 Apr 2026, Sun 5 Apr 2026, Mon 6 Apr 2026"
EASTER_2027 = "Fri 26 Mar 2027, Sat 27 Mar 2027, Sun 28 Mar 2027, Mon 29 Mar 2027"

WORKING_DAYS = [
    # an ordinary week: the day of the start never counts
    ("Mon 2 Mar 2026 10:00", "1 working day", "Tue 3 Mar 2026", ""),
    ("Mon 2 Mar 2026 10:00", "5 working days", "Mon 9 Mar 2026", "Sat 7 Mar 2026, Sun 8 Mar 2026"),
    # whatever hour it fell at
    ("Mon 2 Mar 2026 00:00", "1 working day", "Tue 3 Mar 2026", ""),
    ("Mon 2 Mar 2026 16:59", "1 working day", "Tue 3 Mar 2026", ""),
    ("Mon 2 Mar 2026 17:01", "1 working day", "Tue 3 Mar 2026", ""),
    ("Mon 2 Mar 2026 23:30", "1 working day", "Tue 3 Mar 2026", ""),
    ("Fri 3 Jul 2026 23:30", "1 working day", "Mon 6 Jul 2026", "Sat 4 Jul 2026, Sun 5 Jul 2026"),
    # a start at the weekend
    ("Sat 7 Mar 2026 10:00", "1 working day", "Mon 9 Mar 2026", "Sun 8 Mar 2026"),
    ("Sun 8 Mar 2026 10:00", "5 working days", "Fri 13 Mar 2026", ""),
    # Christmas and New Year 2026
    ("Fri 18 Dec 2026 15:00", "5 working days", "Tue 29 Dec 2026", WEEKEND_AND_CHRISTMAS_2026),
    ("Thu 24 Dec 2026 10:00", "1 working day", "Tue 29 Dec 2026", CHRISTMAS_2026),
    ("Thu 24 Dec 2026 10:00", "5 working days", "Tue 5 Jan 2027", f"{CHRISTMAS_2026}, {NEW_YEAR_2027}"),
    ("Thu 31 Dec 2026 10:00", "2 working days", "Tue 5 Jan 2027", NEW_YEAR_2027),
    (
        "Mon 30 Nov 2026 10:00",
        "20 working days",
        "Wed 30 Dec 2026",
        f"Sat 5 Dec 2026, Sun 6 Dec 2026, Sat 12 Dec 2026, Sun 13 Dec 2026, {WEEKEND_AND_CHRISTMAS_2026}",
    ),
    # a start on a bank holiday
    (
        "Fri 25 Dec 2026 10:00",
        "5 working days",
        "Tue 5 Jan 2027",
        f"Sat 26 Dec 2026, Sun 27 Dec 2026, Mon 28 Dec 2026, {NEW_YEAR_2027}",
    ),
    ("Mon 28 Dec 2026 10:00", "1 working day", "Tue 29 Dec 2026", ""),
    (
        "Fri 3 Apr 2026 10:00",
        "5 working days",
        "Mon 13 Apr 2026",
        "Sat 4 Apr 2026, Sun 5 Apr 2026, Mon 6 Apr 2026, Sat 11 Apr 2026, Sun 12 Apr 2026",
    ),
    # Easter, which the change of the clocks of 2027 falls into
    ("Wed 1 Apr 2026 10:00", "5 working days", "Fri 10 Apr 2026", EASTER_2026),
    ("Thu 2 Apr 2026 10:00", "1 working day", "Tue 7 Apr 2026", EASTER_2026),
    ("Wed 24 Mar 2027 10:00", "5 working days", "Fri 2 Apr 2027", EASTER_2027),
    # May and August
    ("Fri 1 May 2026 10:00", "1 working day", "Tue 5 May 2026", "Sat 2 May 2026, Sun 3 May 2026, Mon 4 May 2026"),
    ("Fri 28 Aug 2026 10:00", "1 working day", "Tue 1 Sep 2026", "Sat 29 Aug 2026, Sun 30 Aug 2026, Mon 31 Aug 2026"),
    # Christmas 2027: both days at a weekend, two substitutes
    (
        "Fri 24 Dec 2027 10:00",
        "1 working day",
        "Wed 29 Dec 2027",
        "Sat 25 Dec 2027, Sun 26 Dec 2027, Mon 27 Dec 2027, Tue 28 Dec 2027",
    ),
]


@pytest.mark.parametrize(("start", "limit", "due", "skipped"), WORKING_DAYS)
@pytest.mark.clause("common limits")
def test_working_days_end_at_17_on_the_nth_working_day(start: str, limit: str, due: str, skipped: str) -> None:
    """N working days end at 17:00 on the Nth working day after the day of the start, which itself never counts."""
    reckoned = due_time(Limit.parse(limit), on(start), SHIPPED)
    assert on(f"{due} 17:00") == reckoned.due
    assert days(skipped) == tuple(one.date for one in reckoned.skipped)


@pytest.mark.parametrize(
    ("start", "due"),
    [
        # 23:30 UTC is half past midnight of the next day in summer time
        ("2026-07-06T23:30:00+00:00", "Wed 8 Jul 2026"),
        ("2026-07-06T22:30:00+00:00", "Tue 7 Jul 2026"),
        ("2026-07-05T23:30:00+00:00", "Tue 7 Jul 2026"),  # Sunday in UTC, Monday in London
        ("2026-07-03T23:30:00+00:00", "Mon 6 Jul 2026"),  # Friday in UTC, Saturday in London
        ("2026-12-07T23:30:00+00:00", "Tue 8 Dec 2026"),  # the same day in winter
        ("2026-03-03T01:00:00+05:00", "Tue 3 Mar 2026"),  # still Monday evening in London
    ],
)
@pytest.mark.clause("common limits", "common times")
def test_the_day_of_the_start_is_the_day_in_london(start: str, due: str) -> None:
    """One working day runs from the date that the start has in Europe/London, not from that of UTC."""
    limit = Limit(1, Unit.WORKING_DAYS)
    assert on(f"{due} 17:00") == due_time(limit, datetime.fromisoformat(start), SHIPPED).due


@pytest.mark.parametrize(
    ("start", "limit", "due"),
    [
        ("Mon 2 Mar 2026 10:00", "1 day", "Tue 3 Mar 2026"),
        ("Mon 2 Mar 2026 23:30", "1 day", "Tue 3 Mar 2026"),
        ("Mon 2 Mar 2026 10:00", "5 days", "Sat 7 Mar 2026"),  # a Saturday: due all the same
        ("Mon 2 Mar 2026 10:00", "10 days", "Thu 12 Mar 2026"),
        ("Fri 18 Dec 2026 15:00", "10 days", "Mon 28 Dec 2026"),  # a bank holiday: due all the same
        ("Thu 24 Dec 2026 10:00", "5 days", "Tue 29 Dec 2026"),  # 5 working days end on Tuesday 5 January
        ("Wed 1 Apr 2026 10:00", "5 days", "Mon 6 Apr 2026"),  # Easter Monday; 5 working days end on Friday 10 April
        ("Fri 27 Mar 2026 10:00", "3 days", "Mon 30 Mar 2026"),  # over the change of the clocks
        ("Sat 31 Jan 2026 10:00", "28 days", "Sat 28 Feb 2026"),
    ],
)
@pytest.mark.clause("common limits")
def test_days_end_at_17_on_the_nth_day_working_day_or_not(start: str, limit: str, due: str) -> None:
    """N days end at 17:00 on the Nth calendar day after the day of the start, working day or not."""
    reckoned = due_time(Limit.parse(limit), on(start), SHIPPED)
    assert on(f"{due} 17:00") == reckoned.due
    assert () == reckoned.skipped
    assert Limit.parse(limit).count == len(reckoned.counted)


@pytest.mark.parametrize(
    ("start", "limit", "due", "in_utc"),
    [
        ("Mon 2 Mar 2026 10:00", "48 hours", "Wed 4 Mar 2026 10:00 GMT", "2026-03-04T10:00:00+00:00"),
        ("Fri 6 Mar 2026 16:30", "48 hours", "Sun 8 Mar 2026 16:30 GMT", "2026-03-08T16:30:00+00:00"),
        ("Thu 24 Dec 2026 16:00", "48 hours", "Sat 26 Dec 2026 16:00 GMT", "2026-12-26T16:00:00+00:00"),
        # the clocks go forward on 29 March 2026 at 01:00: a day of 23 hours
        ("Fri 27 Mar 2026 15:00", "48 hours", "Sun 29 Mar 2026 16:00 BST", "2026-03-29T15:00:00+00:00"),
        ("Sat 28 Mar 2026 23:30", "1 hour", "Sun 29 Mar 2026 00:30 GMT", "2026-03-29T00:30:00+00:00"),
        ("Sat 28 Mar 2026 23:30", "2 hours", "Sun 29 Mar 2026 02:30 BST", "2026-03-29T01:30:00+00:00"),
        ("Sat 28 Mar 2026 23:30", "24 hours", "Mon 30 Mar 2026 00:30 BST", "2026-03-29T23:30:00+00:00"),
        # the clocks go back on 25 October 2026 at 02:00: a day of 25 hours
        ("Sat 24 Oct 2026 15:00", "48 hours", "Mon 26 Oct 2026 14:00 GMT", "2026-10-26T14:00:00+00:00"),
        ("Sun 25 Oct 2026 00:30", "1 hour", "Sun 25 Oct 2026 01:30 BST", "2026-10-25T00:30:00+00:00"),
        ("Sun 25 Oct 2026 00:30", "2 hours", "Sun 25 Oct 2026 01:30 GMT", "2026-10-25T01:30:00+00:00"),
        ("Sun 25 Oct 2026 00:30", "24 hours", "Sun 25 Oct 2026 23:30 GMT", "2026-10-25T23:30:00+00:00"),
    ],
)
@pytest.mark.clause("common limits", "gwent 3.6")
def test_3_6_hours_are_elapsed_hours(start: str, limit: str, due: str, in_utc: str) -> None:
    """N hours end exactly N elapsed hours later, nights, weekends, bank holidays and changes of the clocks included."""
    reckoned = due_time(Limit.parse(limit), on(start), SHIPPED).due
    assert reckoned is not None
    assert due == as_words(reckoned)
    assert datetime.fromisoformat(in_utc) == reckoned


@pytest.mark.parametrize(
    ("start", "limit", "in_utc"),
    [
        ("Thu 26 Mar 2026 10:00", "1 working day", "2026-03-27T17:00:00+00:00"),
        ("Thu 26 Mar 2026 10:00", "2 working days", "2026-03-30T16:00:00+00:00"),
        ("Thu 26 Mar 2026 10:00", "4 days", "2026-03-30T16:00:00+00:00"),
        ("Thu 22 Oct 2026 10:00", "1 working day", "2026-10-23T16:00:00+00:00"),
        ("Thu 22 Oct 2026 10:00", "2 working days", "2026-10-26T17:00:00+00:00"),
        ("Thu 22 Oct 2026 10:00", "4 days", "2026-10-26T17:00:00+00:00"),
    ],
)
@pytest.mark.clause("common limits")
def test_days_end_at_17_on_the_wall_across_a_change_of_the_clocks(start: str, limit: str, in_utc: str) -> None:
    """A limit of days ends at 17:00 on the clocks of its own day, whichever time they showed at the start."""
    assert datetime.fromisoformat(in_utc) == due_time(Limit.parse(limit), on(start), SHIPPED).due


@pytest.mark.parametrize(
    ("meeting", "due"),
    [
        ("2027-01-14T10:00:00+00:00", "Thu 14 Jan 2027 17:00"),
        ("2027-01-14T18:00:00+00:00", "Thu 14 Jan 2027 17:00"),  # an evening meeting: its day, not its hour
        ("2026-07-06T23:30:00+00:00", "Tue 7 Jul 2026 17:00"),  # the day in London
        ("2026-12-26T10:00:00+00:00", "Sat 26 Dec 2026 17:00"),  # when the board says it is
        (None, None),
    ],
)
@pytest.mark.clause("common next meeting")
def test_next_meeting_ends_at_17_on_its_day(meeting: str | None, due: str | None) -> None:
    """“Next meeting” ends at 17:00 on the local day of that meeting; with none planned there is no due time yet."""
    at = datetime.fromisoformat(meeting) if meeting else None
    reckoned = due_time(Limit.parse("next meeting"), on("Mon 2 Mar 2026 10:00"), SHIPPED, at)
    assert (on(due) if due else None) == reckoned.due


# --- Every due time can explain itself


@pytest.mark.clause("common explanation")
def test_working_days_explain_each_day_counted_and_skipped() -> None:
    """Five working days of 18 December 2026 name each day counted, each skipped and why, and the list reckoned with."""
    start = on("Fri 18 Dec 2026 15:00")
    reckoned = due_time(Limit.parse("5 working days"), start, SHIPPED)
    assert start == reckoned.starts
    assert (
        days("Mon 21 Dec 2026, Tue 22 Dec 2026, Wed 23 Dec 2026, Thu 24 Dec 2026, Tue 29 Dec 2026") == reckoned.counted
    )
    assert [
        (day("Sat 19 Dec 2026"), "Saturday"),
        (day("Sun 20 Dec 2026"), "Sunday"),
        (day("Fri 25 Dec 2026"), "bank holiday"),
        (day("Sat 26 Dec 2026"), "Saturday"),
        (day("Sun 27 Dec 2026"), "Sunday"),
        (day("Mon 28 Dec 2026"), "bank holiday"),
    ] == [(one.date, one.why) for one in reckoned.skipped]
    assert SHIPPED.version == reckoned.holidays_version
    assert "govuk-bank-holidays" in reckoned.holidays_version


@pytest.mark.clause("common explanation")
def test_days_explain_each_day_counted() -> None:
    """Five days of 24 December 2026 count every day, Christmas too."""
    reckoned = due_time(Limit.parse("5 days"), on("Thu 24 Dec 2026 10:00"), SHIPPED)
    assert (
        days("Fri 25 Dec 2026, Sat 26 Dec 2026, Sun 27 Dec 2026, Mon 28 Dec 2026, Tue 29 Dec 2026") == reckoned.counted
    )


@pytest.mark.clause("common explanation")
def test_an_explanation_survives_being_kept() -> None:
    """A due time that was written down reads back as the same."""
    reckoned = due_time(Limit.parse("5 working days"), on("Fri 18 Dec 2026 15:00"), SHIPPED)
    assert reckoned == DueTime.model_validate_json(reckoned.model_dump_json())


# --- Past the end of the data


@pytest.mark.parametrize(
    ("start", "limit", "due", "provisional"),
    [
        ("Thu 24 Dec 2026 10:00", "3 working days", "Thu 31 Dec 2026", False),
        ("Thu 24 Dec 2026 10:00", "4 working days", "Fri 1 Jan 2027", True),  # nobody has listed New Year's Day yet
        ("Thu 24 Dec 2026 10:00", "5 working days", "Mon 4 Jan 2027", True),
        ("Thu 24 Dec 2026 10:00", "10 days", "Sun 3 Jan 2027", False),  # no bank holiday changes these
    ],
)
@pytest.mark.clause("common calendar")
def test_past_the_end_of_the_data_a_due_time_is_provisional(
    start: str, limit: str, due: str, *, provisional: bool
) -> None:
    """A due time of working days past 31 December of the last year listed is marked provisional."""
    reckoned = due_time(Limit.parse(limit), on(start), UNTIL_2026)
    assert on(f"{due} 17:00") == reckoned.due
    assert provisional == reckoned.provisional


@pytest.mark.clause("common calendar")
def test_newer_data_make_it_final() -> None:
    """Once New Year's Day 2027 is listed, the same limit ends a day later and is provisional no more."""
    limit, start = Limit.parse("5 working days"), on("Thu 24 Dec 2026 10:00")
    reckoned = due_time(limit, start, UNTIL_2026.changed_by(SHIPPED.dates, "newer"))
    assert on("Tue 5 Jan 2027 17:00") == reckoned.due
    assert not reckoned.provisional


# --- The words of a limit


@pytest.mark.parametrize(
    ("words", "count", "unit"),
    [
        ("1 working day", 1, Unit.WORKING_DAYS),
        ("5 working days", 5, Unit.WORKING_DAYS),
        ("1 day", 1, Unit.DAYS),
        ("5 days", 5, Unit.DAYS),
        ("1 hour", 1, Unit.HOURS),
        ("48 hours", 48, Unit.HOURS),
        ("next meeting", 1, Unit.NEXT_MEETING),
    ],
)
def test_a_limit_reads_and_writes_as_the_protocol_words_it(words: str, count: int, unit: Unit) -> None:
    """The four forms of a limit are read with their unit, and written as they were read."""
    assert Limit(count, unit) == Limit.parse(words)
    assert words == str(Limit(count, unit))


BAD_LIMITS = ["", "5", "5 weeks", "five days", "0 days", "-1 days", "5days", "5  days", "5.5 days", "5 Working Days"]


@pytest.mark.parametrize("words", [*BAD_LIMITS, "05 days", "next  meeting", "5 days ", "99999 days"])
def test_no_other_words_are_a_limit(words: str) -> None:
    """Anything but the four forms is refused in one line that shows how to write it."""
    with pytest.raises(BadEdition) as caught:
        Limit.parse(words)
    assert f"“{words}” is no time limit: write “5 working days”" in str(caught.value)
    assert 1 == len(caught.value.lines)


class _Holder(BaseModel):
    within: Limit


def test_a_limit_in_a_model_stands_as_its_words() -> None:
    """A model keeps a limit as its words, reads it back, and names the field where they are none."""
    holder = _Holder(within=Limit(5, Unit.WORKING_DAYS))
    assert '{"within":"5 working days"}' == holder.model_dump_json()
    assert holder == _Holder.model_validate_json(holder.model_dump_json())
    with pytest.raises(ValidationError, match="within"):
        _Holder.model_validate({"within": "soon"})


# --- What holds for any start

STARTS = st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(STARTS, st.integers(1, 40))
@settings(deadline=None, derandomize=True)
def test_working_days_and_days_from_any_start(start: datetime, count: int) -> None:
    """From any start: as many days as the limit says, working days only, no day lost, never before calendar days."""
    working = due_time(Limit(count, Unit.WORKING_DAYS), start, SHIPPED)
    calendar = due_time(Limit(count, Unit.DAYS), start, SHIPPED)
    assert working.due is not None
    assert calendar.due is not None
    assert count == len(working.counted)
    assert all(SHIPPED.is_working_day(one) for one in working.counted)
    every: list[date] = sorted([*working.counted, *(one.date for one in working.skipped)])
    first = local_date(start).toordinal() + 1
    assert list(range(first, first + len(every))) == [one.toordinal() for one in every]
    assert start < calendar.due <= working.due
