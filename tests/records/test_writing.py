"""A step is written once, whole or not at all."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from protocols.errors import CaseUnknown
from protocols.steps import ClockState, MeetingRow, Recorded, ReviewRow
from records.cases import case_facts
from records.database import writing
from records.models import Delivery, Entry, Notice, Stream
from records.reading import case_view
from tests.records.looking import entries, notices, number_of
from tests.records.making import (
    LINE_MANAGER,
    MONDAY,
    PRACTITIONER,
    TEAM_MANAGER,
    a_clock,
    a_notice,
    a_step,
    an_entry,
    keep,
    write,
)

# --- one transaction, once


def test_a_step_leaves_entries_clocks_notices_and_how_the_case_stands(engine: Engine) -> None:
    """One transaction holds all of it, and the answer says that notices wait."""
    reference = keep(engine)
    clock = a_clock()
    step = a_step(
        reference,
        entries=[an_entry()],
        clocks=[clock],
        notices=[a_notice()],
        waiting_for=[LINE_MANAGER],
        next_due=MONDAY,
        overdue=True,
        snapshot="{}",
    )
    assert Recorded(unposted=True) == write(engine, step)
    view = case_view(engine, reference)
    assert ("practitioners", "3.1", MONDAY, True) == (
        view.row.stage,
        view.row.clause,
        view.row.next_due,
        view.row.overdue,
    )
    assert ((LINE_MANAGER,), (clock,), "{}") == (view.row.waiting_for, view.clocks, view.facts.snapshot)
    assert [("action-required", PRACTITIONER, Delivery.QUEUED)] == [
        (notice.notice, notice.to, notice.state) for notice in view.notices
    ]
    assert [MONDAY] == [entry.happened_at for entry in entries(engine)]


def test_a_step_written_twice_is_there_once_and_answers_the_same(engine: Engine) -> None:
    """An activity that ran but was not heard of is run again."""
    reference = keep(engine)
    step = a_step(reference, entries=[an_entry()], notices=[a_notice()])
    assert write(engine, step) == write(engine, step)
    assert (1, 1) == (number_of(engine, Entry), number_of(engine, Notice))


def test_a_run_is_behind_where_another_wrote_a_step_of_its_number(engine: Engine) -> None:
    """Told so, and nothing written: a run that was reset numbers other steps alike. The next number is written."""
    reference = keep(engine)
    step = a_step(reference, entries=[an_entry()])
    assert not write(engine, step, "run-1").behind
    assert write(engine, step, "run-2").behind
    assert not write(engine, step, "run-1").behind
    assert 1 == number_of(engine, Entry)
    assert not write(engine, a_step(reference, 2, entries=[an_entry()]), "run-2").behind
    assert write(engine, step, "run-1").behind
    assert 2 == number_of(engine, Entry)


def test_a_run_is_behind_where_it_says_something_else_under_a_number_that_it_wrote(engine: Engine) -> None:
    """A Temporal that was restored to yesterday goes on with the same runs, at another moment."""
    reference = keep(engine)
    write(engine, a_step(reference, entries=[an_entry()]))
    later = a_step(reference, entries=[an_entry("overdue")], at=MONDAY + timedelta(days=1))
    assert write(engine, later).behind
    assert 1 == number_of(engine, Entry)


def test_of_a_step_of_an_older_release_nobody_knows_who_wrote_it(engine: Engine) -> None:
    """Asked for again across the deploy it counts as the same, as it did."""
    reference = keep(engine)
    step = a_step(reference, entries=[an_entry()])
    write(engine, step)
    with writing(engine) as session:
        session.get_one(Stream, reference).last_writer = ""
    assert not write(engine, step, "run-1").behind


def test_an_earlier_step_that_comes_again_changes_nothing(engine: Engine) -> None:
    """A late double of the first step does not turn the case back."""
    reference = keep(engine)
    first = a_step(reference, 1, entries=[an_entry()])
    write(engine, first)
    write(engine, a_step(reference, 2, stage="meeting", clause="3.4", snapshot="later"))
    write(engine, first)
    facts = case_facts(engine, reference)
    assert ("meeting", "later", 2) == (facts.stage, facts.snapshot, facts.last_step)
    assert 1 == number_of(engine, Entry)


def test_a_step_without_snapshot_leaves_the_one_before(engine: Engine) -> None:
    """A signal that was not accepted changes nothing of the state."""
    reference = keep(engine)
    write(engine, a_step(reference, 1, snapshot="state"))
    write(engine, a_step(reference, 2))
    assert "state" == case_facts(engine, reference).snapshot


def test_nothing_of_a_step_stays_if_a_part_of_it_is_refused(engine: Engine) -> None:
    """A fault in the last part takes the first back."""
    reference = keep(engine)
    broken = a_notice().model_copy(update={"clause": None})
    with pytest.raises(DBAPIError):
        write(engine, a_step(reference, entries=[an_entry()], notices=[broken]))
    assert 0 == number_of(engine, Entry)


def test_a_step_of_no_known_case_is_refused(engine: Engine) -> None:
    """There are no entries without a case."""
    with pytest.raises(CaseUnknown):
        write(engine, a_step("GWENT-2026-0099"))


def test_clocks_meetings_and_reviews_are_kept_as_the_last_step_left_them(engine: Engine) -> None:
    """A row that comes again is a change of it."""
    reference = keep(engine)
    meeting = MeetingRow(number=1, meeting_at=MONDAY, attended=(PRACTITIONER, TEAM_MANAGER))
    review = ReviewRow(number=1, requested_at=MONDAY, findings={"believed_by": ["ABUHB"], "criterion_i": True})
    write(engine, a_step(reference, 1, clocks=[a_clock()], meetings=[meeting], reviews=[review]))
    met = a_clock(state=ClockState.MET, met_at=MONDAY, late=True)
    held = meeting.model_copy(update={"held_at": MONDAY, "outcome": "not_resolved"})
    decided = review.model_copy(update={"decided_at": MONDAY, "review": False})
    write(engine, a_step(reference, 2, clocks=[met], meetings=[held], reviews=[decided]))
    view = case_view(engine, reference)
    assert ((met,), (held,), (decided,)) == (view.clocks, view.meetings, view.reviews)


@pytest.mark.clause("common identity")
def test_a_notice_of_the_same_identity_is_queued_once(engine: Engine) -> None:
    """The same occasion does not tell the same role twice, whatever step says so."""
    reference = keep(engine)
    write(engine, a_step(reference, 1, notices=[a_notice(), a_notice(to=LINE_MANAGER)]))
    write(engine, a_step(reference, 2, notices=[a_notice(), a_notice(occasion="another")]))
    assert 3 == number_of(engine, Notice)


def test_an_immediate_action_has_entries_and_an_outbox_of_its_own(engine: Engine) -> None:
    """It belongs to its case, and leaves where the case stands alone."""
    reference = keep(engine)
    write(engine, a_step(reference, snapshot="{}"))
    immediate = f"{reference}-immediate-1"
    step = a_step(
        immediate, stage="meeting", entries=[an_entry("immediate-action")], notices=[a_notice("immediate-action")]
    )
    assert write(engine, step).unposted
    assert not write(engine, a_step(reference, 2)).unposted
    assert "practitioners" == case_facts(engine, reference).stage
    assert [(immediate, reference, 1)] == [(e.stream, e.reference, e.number) for e in entries(engine)]
    assert [(immediate, reference)] == [(n.case, n.reference) for n in notices(engine)]


# --- reminders that are pointless now


def test_waiting_reminders_of_a_clock_that_was_met_are_superseded(engine: Engine) -> None:
    """Only those of that clock, only those that wait, and none that the same step brings."""
    reference = keep(engine)
    reminders = [
        a_notice("reminder", occasion="of the clock", supersede_by="clock#1"),
        a_notice("reminder", occasion="of another", supersede_by="clock#2"),
        a_notice("overdue", occasion="overdue"),
    ]
    write(engine, a_step(reference, 1, notices=reminders))
    later = a_notice("reminder", occasion="later", supersede_by="clock#1")
    write(engine, a_step(reference, 2, superseded=["clock#1"], notices=[later]))
    assert [("of the clock", "superseded"), ("of another", "queued"), ("overdue", "queued"), ("later", "queued")] == [
        (notice.occasion, notice.state) for notice in notices(engine)
    ]


def test_a_step_whose_notices_are_all_superseded_leaves_nothing_to_post(engine: Engine) -> None:
    """The process need not wait for a post that has nothing to send."""
    reference = keep(engine)
    write(engine, a_step(reference, 1, notices=[a_notice("reminder", supersede_by="clock#1")]))
    assert not write(engine, a_step(reference, 2, superseded=["clock#1"])).unposted


def test_a_sign_that_no_database_keeps_stops_no_case(engine: Engine) -> None:
    """A raw signal may hold anything; what it said is recorded with another sign in its place."""
    reference = keep(engine)
    entry = an_entry(signal_id="a\x00b", facts={"\x00": ["\x00"]}, reason="\\u0000")
    write(engine, a_step(reference, entries=[entry], notices=[a_notice(occasion="\x00")]))
    found = entries(engine)[0]
    assert ("a\ufffdb", {"\ufffd": ["\ufffd"]}, "\\u0000") == (found.signal_id, found.facts, found.reason)
