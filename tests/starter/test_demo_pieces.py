"""The pieces of the demo, each without a server: reading a story, telling a moment, drawing a clock."""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from protocols.editions import Kind, read_editions
from protocols.limits import Limit, due_time
from protocols.roles import Role
from protocols.steps import ClockRow, ClockState, Code, Entry
from protocols.working_days import BankHolidays
from starter.demo import moments, page, stories, telling
from starter.demo.moments import Changed, Half, Mailed, Moment
from starter.demo.playing import Opening, Played

GWENT = read_editions()["gwent"]
CHRISTMAS = BankHolidays(dates=(date(2026, 12, 25), date(2026, 12, 28), date(2027, 1, 1)))
FRIDAY = datetime(2026, 12, 18, 15, tzinfo=UTC)
CHAIR, LEAD = Role(role="chair"), Role(role="safeguarding_lead", agency="ABUHB")


def entry(what: str, words: str, at: datetime = FRIDAY, **more: Any) -> Entry:
    fields = {"happened_at": at, "recorded_at": at, "clause": "3.4", "stage": "meeting", "turn": 1, **more}
    return Entry(what=what, words=words, **fields)


def clock(within: str = "5 working days", **more: Any) -> ClockRow:
    due = due_time(Limit.parse(within), FRIDAY, CHRISTMAS)
    fields: dict[str, Any] = {"state": ClockState.RUNNING, "met_at": None, "late": False, "agency": ""}
    return ClockRow(
        key="minutes#1",
        clock="minutes",
        clause="3.11 note",
        kind=Kind.LOCAL,
        limit=Limit.parse(within),
        due_time=due,
        accountable=(CHAIR,),
        oversees=(LEAD,),
        **{**fields, **more},
    )


def mail(notice: str, *roles: Role, at: datetime = FRIDAY, due: datetime | None = None) -> Mailed:
    return Mailed(at, notice, roles, "3.4", due, "a@b.invalid", "Subject", (Half("cy", "Testun"), Half("en", "Text")))


def told(*entries: Entry, changes: tuple[Changed, ...] = (), mails: tuple[Mailed, ...] = ()) -> list[tuple[str, str]]:
    """What is said of a moment: labels and words."""
    lines = telling.lines(Moment(FRIDAY, None, entries, changes, mails), GWENT)
    return [(line.label, line.words) for line in lines]


# --- reading a story


def test_a_story_is_told_by_the_clock_on_the_wall_and_in_order_of_time() -> None:
    """In summer it is an hour ahead of UTC; an offset that is given counts; what is loaded stands where it belongs."""
    said = {"by": "chair", "signal": "not_resolved", "words": "No."}
    story = stories.Story.model_validate(
        {
            "title": "A story",
            "words": "It begins.",
            "begins": datetime(2026, 6, 1, 10),  # noqa: DTZ001 - as TOML gives it
            "case": "case.json",
            "agencies": "agencies.csv",
            "people": "../people.csv",
            "said": [{**said, "at": "2026-06-04T10:00:00+00:00", "data": {"decided_at": datetime(2026, 6, 3, 9)}}],  # noqa: DTZ001
            "loaded": [{"at": datetime(2026, 6, 2, 10), "meetings": "moved.csv", "words": "Moved."}],  # noqa: DTZ001
        },
        context=Path("/stories"),
    )
    assert datetime(2026, 6, 1, 9, tzinfo=UTC) == story.begins
    assert ["Moved.", "No."] == [happening.words for happening in story.happenings]
    assert {"decided_at": "2026-06-03T09:00:00+01:00"} == story.said[0].data
    assert (Path("/stories/case.json"), Path("/stories/../people.csv")) == (story.case, story.people)


def test_the_stories_that_come_with_datrys_can_be_read() -> None:
    """In their order, each with files that are there."""
    for file in stories.shipped_stories():
        story = stories.read_story(file)
        assert all(named.is_file() for named in (story.case, story.agencies, story.people))


def test_nobody_in_a_story_is_real() -> None:
    """Addresses end in `.invalid`; telephone numbers are of the ranges that Ofcom keeps for drama."""
    text = "".join(file.read_text(encoding="utf-8") for file in stories.SHIPPED.iterdir())
    assert [] == [found for found in re.findall(r"[^\s\",]+@[^\s\",]+", text) if not found.endswith(".invalid")]
    numbers = re.findall(r'phone"?[:=] *"(.*?)"', text.replace(" = ", "="))
    assert numbers
    assert [] == [number for number in numbers if not re.fullmatch(r"01632 960\d{3}|07700 900\d{3}", number)]


# --- what is new


def test_news_are_told_by_minutes_and_changes_with_the_last() -> None:
    """A server takes a moment for everything: what follows in the same minute belongs together."""
    morning = FRIDAY - timedelta(hours=6)
    entries = [entry("reminder", "Reminder", morning + timedelta(seconds=2)), entry("chair", "Said")]
    mails = [mail("reminder", CHAIR, at=morning), mail("informed", LEAD)]
    change = Changed(None, clock())
    first, second = moments._by_minutes(None, entries, [change], mails)
    assert (morning, (entries[0],), (), (mails[0],)) == (first.at, first.entries, first.changes, first.mails)
    assert (FRIDAY, (entries[1],), (change,), (mails[1],)) == (second.at, second.entries, second.changes, second.mails)


def test_a_word_to_the_reader_stands_where_nothing_happens() -> None:
    """A story may tell of a minute in which the case does nothing."""
    (moment,) = moments._by_minutes(stories.Told(at=FRIDAY, words="Nothing."), [], [], [])
    assert (FRIDAY, ()) == (moment.at, moment.entries)


# --- telling


def test_what_was_said_is_told_with_its_verdict() -> None:
    """Accepted, a proposal, or refused with the reason; what was recorded late says when it happened."""
    days_ago: dict[str, Any] = {"happened_at": FRIDAY - timedelta(days=4), "late_recorded": True, "clause": "any"}
    assert [
        ("accepted", "Chair: meeting held (clause 3.4)"),
        ("accepted", "Chair: discussion; it happened on Mon 14 Dec 15:00, and is recorded late"),
        ("proposal", "Chair: resolved (clause 3.4)"),
        ("refused", "Chair: meeting held (clause 3.4): the meeting has not begun"),
    ] == told(
        entry(
            "meeting_held", "Chair: meeting held – too early", code=Code.TOO_EARLY, reason="the meeting has not begun"
        ),
        entry("resolved", "Chair: resolved – proposal", code=Code.PROPOSAL),
        entry("meeting_held", "Chair: meeting held", code=Code.ACCEPTED),
        entry("discussion", "Chair: discussion", code=Code.ACCEPTED, **days_ago),
    )


def test_what_fell_due_is_told_with_its_rule() -> None:
    """Task, due time, clause, limit, and whose limit it is."""
    facts = {"clock": "inform_service_manager", "agency": "", "due": "2026-12-20T12:30:00+00:00"}
    rule = "Inform the Safeguarding Service Manager and request a review, due Sun 20 Dec 12:30"
    assert [
        ("due", f"reminder: {rule} (clause 3.6, 48 hours, protocol limit)"),
        ("late", f"overdue: {rule} (clause 3.6, 48 hours, protocol limit)"),
        ("noted", "Reminder of the meeting"),
    ] == told(
        entry("reminder", "Reminder of the meeting"),
        entry("overdue", "Overdue", facts=facts),
        entry("reminder", "Reminder", facts=facts),
    )


def test_a_clock_is_told_when_it_begins_moves_and_ends() -> None:
    """With the days that did not count; a change that tells nobody anything is left out."""
    begun, longer = clock(), clock("6 working days")
    met = clock(state=ClockState.MET, met_at=FRIDAY)
    late = clock(state=ClockState.MET, met_at=FRIDAY, late=True)
    task = "Record the minutes of the meeting (clause 3.11 note)"
    rule = (
        "local target, 5 working days of the meeting, weekends and Fri 25 Dec, Mon 28 Dec (bank holidays) not counted"
    )
    assert [("clock", f"by Tue 29 Dec 17:00: {task}; {rule}")] == told(changes=(Changed(None, begun),))
    assert told(changes=(Changed(begun, longer),))[0][1].endswith(", reckoned anew")
    assert [("met", f"in time: {task}")] == told(changes=(Changed(begun, met),))
    assert [("late", f"met late: {task}")] == told(changes=(Changed(begun, late),))
    assert [] == told(changes=(Changed(begun, begun), Changed(met, met)))


def test_mails_of_a_kind_are_told_together() -> None:
    """To whom, each role once, and by when."""
    due = datetime(2026, 12, 29, 17, tzinfo=UTC)
    assert [
        ("mail", "asked to act (3.4), by Tue 29 Dec 17:00: Chair"),
        ("mail", "informed (3.4): Safeguarding lead ABUHB, Chair"),
    ] == told(mails=(mail("action-required", CHAIR, due=due), mail("informed", LEAD, CHAIR), mail("informed", CHAIR)))


def test_every_kind_of_notice_has_words() -> None:
    """Those of every protocol."""
    kinds = set(telling.NOTICES)
    shipped = (Path(__file__).parent.parent.parent / "templates/mail/sent.toml").read_text(encoding="utf-8")
    assert {line.split(" =")[0] for line in shipped.splitlines() if " = [" in line and line[0] != "#"} <= kinds


# --- the page


def test_a_calendar_numbers_the_days_that_count_and_says_why_others_do_not() -> None:
    """Five working days from the Friday before Christmas: two weeks and a bit, whole weeks from Monday on."""
    weeks = page.calendar(clock())
    cells = [cell for week in weeks for cell in week if cell]
    assert [7, 7, 7] == [len(week) for week in weeks]
    assert [
        "starts",
        "weekend",
        "weekend",
        "1",
        "2",
        "3",
        "4",
        "bank holiday",
        "weekend",
        "weekend",
        "bank holiday",
        "5",
    ] == [cell.words for cell in cells]
    assert ("18 Dec", "start") == (f"{cells[0].number} {cells[0].name}", cells[0].sort)
    assert (29, "due") == (cells[-1].number, cells[-1].sort)
    assert [] == page.calendar(clock("48 hours"))


@pytest.mark.parametrize(
    ("text", "flowing"),
    [
        (f"{'a ' * 35}\nlonger words", f"{'a ' * 35} longer words"),
        ("Reference: X\nYou receive this as: Y", "Reference: X\nYou receive this as: Y"),
        (f"- {'b ' * 35}\n  longer\n- next", f"- {'b ' * 35} longer\n- next"),
        (f"{'What happened ' * 5}\n{'-' * 70}\nIt", f"{'What happened ' * 5}\n{'-' * 70}\nIt"),
        ("one\n\ntwo", "one\n\ntwo"),
    ],
)
def test_a_mail_flows_where_only_its_width_broke_a_line(text: str, flowing: str) -> None:
    """Paragraphs, lists and headings stay as they are."""
    assert flowing == page.flowing(text)


def test_what_somebody_wrote_cannot_break_the_page() -> None:
    """Titles and words of a story, and the text of mails, are text."""
    evil = "</pre><script>alert('x')</script>"
    story = stories.read_story(stories.shipped_stories()[0]).model_copy(update={"title": evil, "words": evil})
    row = SimpleNamespace(outcome="reviewed", reference="GWENT-2026-0001", stage="ended")
    view: Any = SimpleNamespace(row=row, clocks=(clock(),))
    letter = mail("informed", LEAD)._replace(subject=evil, to=evil, halves=(Half("cy", evil),))
    entries = (entry("stage-entered", "Stage"), entry("x", evil))
    moment = Moment(FRIDAY, story.happenings[0], entries, (), (letter,))
    shown = page.page([Played(Opening(story, "GWENT-2026-0001", GWENT, (), CHRISTMAS), [moment], view)])
    assert "<script" not in shown
    assert 7 <= shown.count("&lt;script&gt;")
