"""How soon something is due: rows that a lay reader can check with a wall calendar of Wales."""

from datetime import UTC, datetime

import pytest

from protocols.working_days import LONDON
from records.directory import shipped_holidays
from starter.pages.due import Group, group_of, in_words
from starter.pages.tongues import tongue

ROWS = """
now                    due                    group      in words
Mon 2026-03-02 10:00   Mon 2026-03-02 17:00   TODAY      today, by 17:00
Mon 2026-03-02 10:00   Mon 2026-03-02 10:00   TODAY      today, by 10:00
Mon 2026-03-02 10:00   Mon 2026-03-02 09:59   OVERDUE    since 09:59 today
Mon 2026-03-02 10:00   Tue 2026-03-03 17:00   THIS_WEEK  tomorrow, by 17:00
Mon 2026-03-02 10:00   Wed 2026-03-04 17:00   THIS_WEEK  in 2 working days
Mon 2026-03-02 10:00   Sun 2026-03-08 23:59   THIS_WEEK  in 6 days
Mon 2026-03-02 10:00   Mon 2026-03-09 00:00   LATER      in 5 working days
Fri 2026-03-06 16:00   Mon 2026-03-09 17:00   LATER      in 1 working day
Fri 2026-03-06 18:00   Fri 2026-03-06 17:00   OVERDUE    since 17:00 today
Sun 2026-03-08 23:00   Sun 2026-03-08 23:30   TODAY      today, by 23:30
Sun 2026-03-08 23:00   Mon 2026-03-09 17:00   THIS_WEEK  tomorrow, by 17:00
Wed 2026-03-11 09:00   Mon 2026-03-09 17:00   OVERDUE    since Monday
Mon 2026-03-16 09:00   Mon 2026-03-09 17:00   OVERDUE    since 9 March 2026
Thu 2026-12-24 10:00   Fri 2026-12-25 12:00   THIS_WEEK  tomorrow, by 12:00
Thu 2026-12-24 10:00   Tue 2026-12-29 17:00   LATER      in 1 working day
Thu 2026-12-24 10:00   Mon 2026-12-28 17:00   LATER      in 4 days
Thu 2026-04-02 10:00   Tue 2026-04-07 17:00   LATER      in 1 working day
Sat 2026-03-28 23:30   Sun 2026-03-29 23:30   THIS_WEEK  tomorrow, by 23:30
Fri 2026-03-27 10:00   Sun 2026-03-29 23:59   THIS_WEEK  in 2 days
Sat 2026-03-28 09:00   Sun 2026-04-05 23:59   THIS_WEEK  in 8 days
Sat 2026-03-28 09:00   Mon 2026-04-06 00:00   LATER      in 9 days
Sun 2026-03-29 00:30   Sun 2026-03-29 02:30   TODAY      today, by 02:30
Sun 2026-03-29 10:00   Mon 2026-03-30 00:00   THIS_WEEK  tomorrow, by 00:00
Fri 2026-10-23 10:00   Sun 2026-10-25 23:59   THIS_WEEK  in 2 days
Sun 2026-10-25 00:30   Sun 2026-10-25 23:59   TODAY      today, by 23:59
Sun 2026-10-25 00:30   Mon 2026-10-26 00:00   THIS_WEEK  tomorrow, by 00:00
"""


def moment(words: str) -> datetime:
    """The moment at which the clocks in Wales show this; the weekday is for the reader, and must be right."""
    found = datetime.strptime(words, "%a %Y-%m-%d %H:%M").replace(tzinfo=LONDON)
    assert f"{found:%a}" == words[:3], words
    return found.astimezone(UTC)


@pytest.mark.parametrize("row", ROWS.strip().splitlines()[1:])
def test_each_is_in_its_group_and_in_plain_words(row: str) -> None:
    """Around a weekend, a bank holiday and each clock change; a week ends on a Sunday, at a weekend the next."""
    now, due, group, words = row[:20], row[23:43], row[46:56].strip(), row[57:]
    now_at, due_at = moment(now), moment(due)
    assert Group[group] is group_of(due_at, now_at)
    assert words == in_words(due_at, now_at, shipped_holidays(), tongue("en"))


def test_what_has_no_date_is_for_later() -> None:
    """And says so."""
    now = moment("Mon 2026-03-02 10:00")
    assert Group.LATER is group_of(None, now)
    assert "no date yet" == in_words(None, now, shipped_holidays(), tongue("en"))


def test_it_is_said_in_welsh() -> None:
    """A weekday stands small within a sentence."""
    now, due = moment("Wed 2026-03-11 09:00"), moment("Mon 2026-03-09 17:00")
    assert "ers dydd Llun" == in_words(due, now, shipped_holidays(), tongue("cy"))
    assert "ymhen 2 diwrnod gwaith" == in_words(moment("Fri 2026-03-13 17:00"), now, shipped_holidays(), tongue("cy"))
