"""Cwm Taf Morgannwg's clocks: when each ends and when it is reminded, rows to be checked with a wall calendar.

Bank holidays of 2026: 3 and 6 April, 4 and 25 May, 31 August, 25 and 28 December; of 2027: 1 January, 26 and 29 March,
3 and 31 May. The limits come from the edition. Source: spec 3, Clocks; spec 1, Clocks.
"""

import pytest

from protocols.editions import Kind
from protocols.limits import due_time
from protocols.moments import local_reminder, reminders
from tests.protocols.ctm_cases import EDITION
from tests.protocols.moments_in_words import SHIPPED, as_words, on

LIMITS = {
    # clock: whose limit, clause, limit, accountable, overseeing
    "stage_1": ("protocol", "1", "5 working days", "manager", "safeguarding_lead"),
    "response": ("protocol", "2", "10 working days", "counterpart_manager", "safeguarding_lead"),
    "agreement": ("local", "2", "5 working days", "manager", "business_unit"),
    "qa_meeting": ("protocol", "2", "next meeting", "business_unit", "qa_chair"),
    "qa_outcome": ("local", "2", "2 working days", "business_unit", "qa_chair"),
    "co_chair_decides": ("local", "3", "10 working days", "co_chair", "business_unit"),
    "inform_agencies": ("protocol", "3", "5 days", "co_chair", "business_unit"),
    "panel": ("local", "3", "10 working days", "business_unit", "co_chair"),
    "review_progress": ("local", "3", "20 working days", "review_group representative", "business_unit"),
    "present_report": ("protocol", "3", "next meeting", "business_unit", "co_chair"),
    "learning": ("local", "3", "10 working days", "business_unit", "co_chair"),
}


@pytest.mark.clause("ctm 1", "ctm 2", "ctm 3")
def test_1_to_3_the_edition_has_each_clock_of_the_table_and_no_other() -> None:
    """Each clock's kind, clause, limit, accountable and overseeing role are those of spec 3."""
    found = {
        name: (str(rule.kind), rule.clause, str(rule.within), " ".join(rule.accountable), " ".join(rule.oversees))
        for name, rule in EDITION.clocks.items()
    }
    assert LIMITS == found


def short(words: str) -> str:
    """“Tue 29 Dec 2026 17:00” of a moment in words with its zone."""
    return words.rpartition(" ")[0]


def reckoned(clock: str, start: str, meeting: str = "", papers: str = "") -> tuple[str, list[str]]:
    """When a clock that begins at `start` ends, and when it is reminded, as the clocks of London show it."""
    rule, starts = EDITION.clocks[clock], on(start)
    due = due_time(rule.within, starts, SHIPPED, on(meeting) if meeting else None).due
    assert due is not None
    if rule.kind is Kind.LOCAL:
        planned = [local_reminder(starts, due, SHIPPED)]
    else:
        planned = reminders(rule.within, starts, due, SHIPPED, on(papers) if papers else None)
    return short(as_words(due)), [short(as_words(moment)) for moment in planned]


PROTOCOL_LIMITS = [
    # clock, start, due (at 17:00), reminders (at 09:00)
    ("stage_1", "Mon 2 Mar 2026 10:00", "Mon 9 Mar 2026", "Thu 5 Mar 2026, Fri 6 Mar 2026, Mon 9 Mar 2026"),
    ("stage_1", "Fri 27 Mar 2026 23:30", "Tue 7 Apr 2026", "Wed 1 Apr 2026, Thu 2 Apr 2026, Tue 7 Apr 2026"),
    ("stage_1", "Mon 21 Dec 2026 10:00", "Wed 30 Dec 2026", "Thu 24 Dec 2026, Tue 29 Dec 2026, Wed 30 Dec 2026"),
    ("stage_1", "Fri 25 Dec 2026 12:00", "Tue 5 Jan 2027", "Thu 31 Dec 2026, Mon 4 Jan 2027, Tue 5 Jan 2027"),
    # over Christmas and New Year: 22, 23, 24, 29, 30, 31 December, 4, 5, 6, 7 January
    ("response", "Mon 21 Dec 2026 10:00", "Thu 7 Jan 2027", "Tue 5 Jan 2027, Wed 6 Jan 2027, Thu 7 Jan 2027"),
    ("response", "Thu 24 Dec 2026 16:00", "Tue 12 Jan 2027", "Fri 8 Jan 2027, Mon 11 Jan 2027, Tue 12 Jan 2027"),
    # over Easter 2026, and over Easter 2027 with the change of the clocks
    ("response", "Thu 2 Apr 2026 09:00", "Mon 20 Apr 2026", "Thu 16 Apr 2026, Fri 17 Apr 2026, Mon 20 Apr 2026"),
    ("response", "Mon 22 Mar 2027 09:00", "Wed 7 Apr 2027", "Mon 5 Apr 2027, Tue 6 Apr 2027, Wed 7 Apr 2027"),
    # over both May bank holidays
    ("response", "Fri 1 May 2026 15:00", "Mon 18 May 2026", "Thu 14 May 2026, Fri 15 May 2026, Mon 18 May 2026"),
    ("response", "Fri 15 May 2026 15:00", "Mon 1 Jun 2026", "Thu 28 May 2026, Fri 29 May 2026, Mon 1 Jun 2026"),
    # a start at the weekend, and over the autumn change of the clocks
    ("response", "Sat 17 Oct 2026 12:00", "Fri 30 Oct 2026", "Wed 28 Oct 2026, Thu 29 Oct 2026, Fri 30 Oct 2026"),
    # five calendar days: over Easter, ending on a Saturday, a Sunday, a bank holiday, over the change of the clocks
    ("inform_agencies", "Mon 9 Mar 2026 12:00", "Sat 14 Mar 2026", "Thu 12 Mar 2026, Fri 13 Mar 2026"),
    ("inform_agencies", "Tue 31 Mar 2026 12:00", "Sun 5 Apr 2026", "Wed 1 Apr 2026, Thu 2 Apr 2026"),
    ("inform_agencies", "Wed 1 Apr 2026 12:00", "Mon 6 Apr 2026", "Wed 1 Apr 2026, Thu 2 Apr 2026"),
    ("inform_agencies", "Thu 2 Apr 2026 23:30", "Tue 7 Apr 2026", "Wed 1 Apr 2026, Thu 2 Apr 2026, Tue 7 Apr 2026"),
    (
        "inform_agencies",
        "Wed 25 Mar 2026 12:00",
        "Mon 30 Mar 2026",
        "Thu 26 Mar 2026, Fri 27 Mar 2026, Mon 30 Mar 2026",
    ),
    ("inform_agencies", "Wed 23 Dec 2026 12:00", "Mon 28 Dec 2026", "Wed 23 Dec 2026, Thu 24 Dec 2026"),
]


@pytest.mark.parametrize(("clock", "start", "due", "reminded"), PROTOCOL_LIMITS)
@pytest.mark.clause("ctm 1", "ctm 2", "ctm 3", "common limits", "common reminders")
def test_1_to_3_what_the_text_limits(clock: str, start: str, due: str, reminded: str) -> None:
    """The text's limits end at 17:00, and are reminded at 09:00 two working days before, one before, and on the day."""
    assert (f"{due} 17:00", [f"{day} 09:00" for day in reminded.split(", ")]) == reckoned(clock, start)


LOCAL_TARGETS = [
    # clock, start, due (at 17:00), the one reminder (at 09:00)
    ("agreement", "Wed 11 Mar 2026 12:00", "Wed 18 Mar 2026", "Tue 17 Mar 2026"),
    ("agreement", "Thu 24 Dec 2026 12:00", "Tue 5 Jan 2027", "Mon 4 Jan 2027"),
    ("agreement", "Mon 30 Mar 2026 09:00", "Wed 8 Apr 2026", "Tue 7 Apr 2026"),
    ("qa_outcome", "Wed 1 Apr 2026 10:00", "Tue 7 Apr 2026", "Thu 2 Apr 2026"),
    ("qa_outcome", "Wed 23 Dec 2026 10:00", "Tue 29 Dec 2026", "Thu 24 Dec 2026"),
    ("qa_outcome", "Thu 21 May 2026 10:00", "Tue 26 May 2026", "Fri 22 May 2026"),
    ("co_chair_decides", "Thu 18 Mar 2027 22:00", "Mon 5 Apr 2027", "Fri 2 Apr 2027"),
    ("co_chair_decides", "Fri 18 Dec 2026 12:00", "Wed 6 Jan 2027", "Tue 5 Jan 2027"),
    ("panel", "Mon 17 Aug 2026 12:00", "Tue 1 Sep 2026", "Fri 28 Aug 2026"),
    ("review_progress", "Thu 4 Jun 2026 11:00", "Thu 2 Jul 2026", "Wed 1 Jul 2026"),
    ("review_progress", "Mon 30 Nov 2026 11:00", "Wed 30 Dec 2026", "Tue 29 Dec 2026"),
    ("learning", "Wed 30 Sep 2026 14:00", "Wed 14 Oct 2026", "Tue 13 Oct 2026"),
    ("learning", "Wed 16 Dec 2026 14:00", "Mon 4 Jan 2027", "Thu 31 Dec 2026"),
]


@pytest.mark.parametrize(("clock", "start", "due", "reminded"), LOCAL_TARGETS)
@pytest.mark.clause("ctm 2", "ctm 3", "common local targets")
def test_2_and_3_local_targets(clock: str, start: str, due: str, reminded: str) -> None:
    """A local target ends at 17:00 as well, and has one reminder at 09:00 one working day before."""
    assert (f"{due} 17:00", [f"{reminded} 09:00"]) == reckoned(clock, start)


MEETINGS = [
    # the meeting, when its papers are due (none: not said), the reminder; due at 17:00 on the day of the meeting
    ("Wed 1 Apr 2026 10:00", "Wed 25 Mar 2026 09:00", "Wed 25 Mar 2026 09:00"),
    ("Wed 1 Apr 2026 10:00", "", "Wed 25 Mar 2026 09:00"),
    ("Thu 9 Apr 2026 14:00", "", "Tue 31 Mar 2026 09:00"),  # over Easter
    ("Thu 7 Jan 2027 10:00", "", "Wed 30 Dec 2026 09:00"),  # over New Year
    ("Wed 2 Sep 2026 10:00", "", "Tue 25 Aug 2026 09:00"),  # over the summer bank holiday
    ("Mon 26 Oct 2026 08:30", "Fri 23 Oct 2026 12:00", "Fri 23 Oct 2026 12:00"),  # over the change of the clocks
]


@pytest.mark.parametrize("clock", ["qa_meeting", "present_report"])
@pytest.mark.parametrize(("meeting", "papers", "reminded"), MEETINGS)
@pytest.mark.clause("ctm 2", "ctm 3", "common next meeting")
def test_2_and_3_the_next_meeting(clock: str, meeting: str, papers: str, reminded: str) -> None:
    """Due at 17:00 on the meeting's day, reminded when its papers are due, else 09:00 five working days before."""
    day = meeting.rpartition(" ")[0]
    assert (f"{day} 17:00", [reminded]) == reckoned(clock, "Mon 2 Mar 2026 10:00", meeting, papers)


@pytest.mark.parametrize("clock", ["qa_meeting", "present_report"])
@pytest.mark.clause("ctm 2", "ctm 3", "common next meeting")
def test_2_and_3_without_a_meeting_nothing_is_due(clock: str) -> None:
    """While no meeting is planned there is no due time."""
    starts = on("Mon 2 Mar 2026 10:00")
    assert due_time(EDITION.clocks[clock].within, starts, SHIPPED).due is None


@pytest.mark.clause("ctm 2", "common explanation")
def test_2_ten_working_days_over_christmas_explain_themselves() -> None:
    """From Monday 21 December 2026 each day counted and each day skipped is named, with the reason."""
    explained = due_time(EDITION.clocks["response"].within, on("Mon 21 Dec 2026 10:00"), SHIPPED)
    counted = "22 Dec, 23 Dec, 24 Dec, 29 Dec, 30 Dec, 31 Dec, 4 Jan, 5 Jan, 6 Jan, 7 Jan"
    skipped = (
        "25 Dec bank holiday, 26 Dec Saturday, 27 Dec Sunday, 28 Dec bank holiday, "
        "1 Jan bank holiday, 2 Jan Saturday, 3 Jan Sunday"
    )
    assert counted == ", ".join(f"{day.day} {day:%b}" for day in explained.counted)
    assert skipped == ", ".join(f"{one.date.day} {one.date:%b} {one.why}" for one in explained.skipped)
    assert not explained.provisional
