"""When a clock speaks: rows to be checked with a wall calendar."""

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.limits import Limit, Unit, due_time
from protocols.moments import chasers, local_reminder, next_chaser, reminders, working_day_before
from tests.protocols.moments_in_words import SHIPPED, as_words, day, on


def reminded(limit: str, start: str) -> list[str]:
    """When a limit that begins at `start` is reminded, as the clocks of London show it."""
    due = due_time(Limit.parse(limit), on(start), SHIPPED).due
    assert due is not None
    return [as_words(moment).rpartition(" ")[0] for moment in reminders(Limit.parse(limit), on(start), due, SHIPPED)]


@pytest.mark.parametrize(
    ("start", "limit", "expected"),
    [
        # due on Monday 9 March: two working days before, one before, and on the day
        (
            "Mon 2 Mar 2026 10:00",
            "5 working days",
            ["Thu 5 Mar 2026 09:00", "Fri 6 Mar 2026 09:00", "Mon 9 Mar 2026 09:00"],
        ),
        # due on Tuesday 29 December: over Christmas
        (
            "Fri 18 Dec 2026 15:00",
            "5 working days",
            ["Wed 23 Dec 2026 09:00", "Thu 24 Dec 2026 09:00", "Tue 29 Dec 2026 09:00"],
        ),
        # due on Friday 10 April: after Easter
        (
            "Wed 1 Apr 2026 10:00",
            "5 working days",
            ["Wed 8 Apr 2026 09:00", "Thu 9 Apr 2026 09:00", "Fri 10 Apr 2026 09:00"],
        ),
        # due on Wednesday 8 April: two working days before is Thursday 2 April
        (
            "Wed 1 Apr 2026 10:00",
            "3 working days",
            ["Thu 2 Apr 2026 09:00", "Tue 7 Apr 2026 09:00", "Wed 8 Apr 2026 09:00"],
        ),
        # due on a working day, counted in calendar days
        (
            "Mon 2 Mar 2026 10:00",
            "10 days",
            ["Tue 10 Mar 2026 09:00", "Wed 11 Mar 2026 09:00", "Thu 12 Mar 2026 09:00"],
        ),
        # due on a Saturday, a Sunday, a bank holiday: the last working day before it, and no two on one moment
        ("Mon 2 Mar 2026 10:00", "5 days", ["Thu 5 Mar 2026 09:00", "Fri 6 Mar 2026 09:00"]),
        ("Mon 2 Mar 2026 10:00", "6 days", ["Thu 5 Mar 2026 09:00", "Fri 6 Mar 2026 09:00"]),
        ("Fri 18 Dec 2026 15:00", "10 days", ["Wed 23 Dec 2026 09:00", "Thu 24 Dec 2026 09:00"]),
        ("Wed 1 Apr 2026 10:00", "5 days", ["Wed 1 Apr 2026 09:00", "Thu 2 Apr 2026 09:00"]),
    ],
)
@pytest.mark.clause("common reminders")
def test_a_limit_of_days_is_reminded_on_two_working_days_before_and_on_the_day(
    start: str, limit: str, expected: list[str]
) -> None:
    """Days are reminded at 09:00 two working days before, one before, and on the due date or the working day before."""
    assert expected == reminded(limit, start)


@pytest.mark.parametrize(
    ("start", "limit", "expected"),
    [
        ("Mon 2 Mar 2026 10:00", "48 hours", ["Tue 3 Mar 2026 10:00", "Wed 4 Mar 2026 06:00"]),
        ("Fri 6 Mar 2026 16:30", "48 hours", ["Sat 7 Mar 2026 16:30", "Sun 8 Mar 2026 12:30"]),
        # over the clocks' going forward: due on Sunday at 16:00 in summer time
        ("Fri 27 Mar 2026 15:00", "48 hours", ["Sat 28 Mar 2026 15:00", "Sun 29 Mar 2026 12:00"]),
        ("Sat 28 Mar 2026 23:30", "24 hours", ["Sun 29 Mar 2026 12:30", "Sun 29 Mar 2026 20:30"]),
        # over their going back: due on Monday at 14:00
        ("Sat 24 Oct 2026 15:00", "48 hours", ["Sun 25 Oct 2026 14:00", "Mon 26 Oct 2026 10:00"]),
        # due on Sunday at 04:00: 4 hours before it, it is 01:00 and still summer time
        ("Sat 24 Oct 2026 17:00", "12 hours", ["Sat 24 Oct 2026 23:00", "Sun 25 Oct 2026 01:00"]),
        # half of eight hours is four hours before the end: one reminder
        ("Mon 2 Mar 2026 10:00", "8 hours", ["Mon 2 Mar 2026 14:00"]),
    ],
)
@pytest.mark.clause("common reminders", "gwent 3.6")
def test_3_6_a_limit_of_hours_is_reminded_at_half_and_4_hours_before(
    start: str, limit: str, expected: list[str]
) -> None:
    """Hours are reminded at half of the time and 4 hours before the end, in elapsed hours."""
    assert expected == reminded(limit, start)


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.integers(1, 60),
    st.sampled_from([Unit.WORKING_DAYS, Unit.DAYS, Unit.HOURS]),
)
@settings(deadline=None, derandomize=True)
@pytest.mark.clause("common reminders")
def test_no_two_reminders_fall_on_one_moment(start: datetime, count: int, unit: Unit) -> None:
    """Whatever the limit and the start: reminders are sorted, none twice, all before the end."""
    limit = Limit(count, unit)
    due = due_time(limit, start, SHIPPED).due
    assert due is not None
    moments = reminders(limit, start, due, SHIPPED)
    assert sorted(set(moments)) == moments
    assert all(moment < due for moment in moments)


@pytest.mark.parametrize(
    ("meeting", "papers", "expected"),
    [
        ("Thu 14 Jan 2027 10:00", "Tue 12 Jan 2027 12:00", "Tue 12 Jan 2027 12:00"),
        ("Thu 14 Jan 2027 10:00", None, "Thu 7 Jan 2027 09:00"),
        ("Tue 5 Jan 2027 10:00", None, "Thu 24 Dec 2026 09:00"),
        ("Thu 9 Apr 2026 10:00", None, "Tue 31 Mar 2026 09:00"),
    ],
)
@pytest.mark.clause("common next meeting")
def test_next_meeting_is_reminded_when_its_papers_are_due(meeting: str, papers: str | None, expected: str) -> None:
    """The meeting is reminded when its papers are due; if that is not said, at 09:00 five working days before."""
    limit, start = Limit.parse("next meeting"), on("Mon 2 Mar 2026 10:00")
    due = due_time(limit, start, SHIPPED, on(meeting)).due
    assert due is not None
    assert [on(expected)] == reminders(limit, start, due, SHIPPED, on(papers) if papers else None)


@pytest.mark.parametrize(
    ("start", "limit", "expected"),
    [
        ("Mon 2 Mar 2026 10:00", "5 working days", "Fri 6 Mar 2026 09:00"),
        ("Mon 2 Mar 2026 10:00", "2 working days", "Tue 3 Mar 2026 09:00"),
        ("Fri 18 Dec 2026 15:00", "5 working days", "Thu 24 Dec 2026 09:00"),
        ("Wed 1 Apr 2026 10:00", "2 working days", "Thu 2 Apr 2026 09:00"),
        # one working day: the day before is not after the start, so on the day itself
        ("Mon 2 Mar 2026 10:00", "1 working day", "Tue 3 Mar 2026 09:00"),
        ("Thu 24 Dec 2026 10:00", "1 working day", "Tue 29 Dec 2026 09:00"),
        ("Fri 6 Mar 2026 23:30", "1 working day", "Mon 9 Mar 2026 09:00"),
        ("Sat 7 Mar 2026 10:00", "1 working day", "Mon 9 Mar 2026 09:00"),
    ],
)
@pytest.mark.clause("common local targets")
def test_a_local_target_is_reminded_once(start: str, limit: str, expected: str) -> None:
    """One reminder of a local target: 09:00 one working day before, or on the day where that is not after the start."""
    due = due_time(Limit.parse(limit), on(start), SHIPPED).due
    assert due is not None
    assert on(expected) == local_reminder(on(start), due, SHIPPED)


@pytest.mark.parametrize(
    ("meeting", "expected"),
    [
        ("Thu 12 Mar 2026 14:00", "Wed 11 Mar 2026 09:00"),
        ("Mon 9 Mar 2026 09:00", "Fri 6 Mar 2026 09:00"),
        ("Tue 29 Dec 2026 10:00", "Thu 24 Dec 2026 09:00"),
        ("Tue 7 Apr 2026 10:00", "Thu 2 Apr 2026 09:00"),
        ("Mon 30 Mar 2026 10:00", "Fri 27 Mar 2026 09:00"),
    ],
)
@pytest.mark.clause("gwent 3.4")
def test_3_4_everybody_involved_is_reminded_of_a_meeting_one_working_day_before(meeting: str, expected: str) -> None:
    """A meeting is reminded at 09:00 one working day before it."""
    assert on(expected) == working_day_before(on(meeting), SHIPPED)


FIRST_CHASERS = [
    (
        "Tue 29 Dec 2026",
        # each of the first five working days after
        ["Wed 30 Dec 2026", "Thu 31 Dec 2026", "Mon 4 Jan 2027", "Tue 5 Jan 2027", "Wed 6 Jan 2027"],
        # then the tenth, the fifteenth, the twentieth
        ["Wed 13 Jan 2027", "Wed 20 Jan 2027", "Wed 27 Jan 2027"],
    ),
    (
        "Thu 2 Apr 2026",
        ["Tue 7 Apr 2026", "Wed 8 Apr 2026", "Thu 9 Apr 2026", "Fri 10 Apr 2026", "Mon 13 Apr 2026"],
        ["Mon 20 Apr 2026", "Mon 27 Apr 2026", "Tue 5 May 2026"],
    ),
    (
        "Sat 7 Mar 2026",
        ["Mon 9 Mar 2026", "Tue 10 Mar 2026", "Wed 11 Mar 2026", "Thu 12 Mar 2026", "Fri 13 Mar 2026"],
        ["Fri 20 Mar 2026", "Fri 27 Mar 2026", "Tue 7 Apr 2026"],  # the twentieth: not Good Friday, not Easter Monday
    ),
]


@pytest.mark.parametrize(("due", "first_five", "then"), FIRST_CHASERS)
@pytest.mark.clause("common overdue")
def test_chasers_on_the_first_five_working_days_then_on_every_fifth(
    due: str, first_five: list[str], then: list[str]
) -> None:
    """Chasers go at 09:00 on each of the first 5 working days after the due date, then on every fifth working day."""
    expected = [on(f"{one} 09:00") for one in first_five + then]
    assert expected == list(islice(chasers(day(due), SHIPPED), 8))


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("Tue 29 Dec 2026 17:00", "Wed 30 Dec 2026 09:00"),
        ("Wed 30 Dec 2026 08:59", "Wed 30 Dec 2026 09:00"),
        ("Wed 30 Dec 2026 09:00", "Thu 31 Dec 2026 09:00"),
        ("Thu 31 Dec 2026 09:00", "Mon 4 Jan 2027 09:00"),
        ("Wed 6 Jan 2027 09:00", "Wed 13 Jan 2027 09:00"),  # after the first five
        ("Fri 8 Jan 2027 12:00", "Wed 13 Jan 2027 09:00"),  # learned of late: only those still to come
        ("Thu 14 Jan 2027 12:00", "Wed 20 Jan 2027 09:00"),
    ],
)
@pytest.mark.clause("common overdue")
def test_the_next_chaser_is_the_first_still_to_come(after: str, expected: str) -> None:
    """What was due on 29 December 2026 is chased next at the first chaser later than the moment at hand."""
    assert on(expected) == next_chaser(day("Tue 29 Dec 2026"), on(after), SHIPPED)


def test_chasers_have_no_end() -> None:
    """Silence never closes a case: after a year there is still a chaser to come, five working days apart."""
    late = list(islice(chasers(day("Mon 2 Mar 2026"), SHIPPED), 60))
    assert late[-1] - late[0] > timedelta(days=365)
