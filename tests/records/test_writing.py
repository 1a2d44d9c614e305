"""A step is written once, whole or not at all."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import DBAPIError

from protocols.errors import CaseUnknown
from protocols.roles import Agency, Role
from protocols.steps import ClockState, Code, HolderRow, MeetingRow, Receipt, Recorded, ReviewRow
from records.cases import case_facts
from records.database import reading
from records.models import CasePerson, Delivery, Entry, Notice
from records.models.base import Base
from records.private import people_in
from records.reading import case_view
from records.streams import Through
from records.submissions import give_verdict, keep_submission, leave, submission
from tests.records.making import (
    LINE_MANAGER,
    MONDAY,
    PRACTITIONER,
    TEAM_MANAGER,
    a_clock,
    a_notice,
    a_person,
    a_refusal,
    a_step,
    a_submission,
    an_entry,
    keep,
    list_person,
    write,
)


def number_of(engine: Engine, table: type[Base]) -> int:
    with reading(engine) as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def entries(engine: Engine) -> list[Entry]:
    with reading(engine) as session:
        return list(session.scalars(select(Entry).order_by(Entry.stream, Entry.number)))


def notices(engine: Engine, **fields: Any) -> list[Notice]:
    with reading(engine) as session:
        return list(session.scalars(select(Notice).filter_by(**fields).order_by(Notice.id)))


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


# --- who said it


def test_an_entry_knows_the_submission_that_it_judges(engine: Engine) -> None:
    """Who said so comes from the door; the verdict goes back to the submission."""
    reference = keep(engine)
    kept = keep_submission(
        engine, a_submission(reference, person="directory:gwent/x", record="r1", text={"text": "no"})
    )
    write(engine, a_step(reference, entries=[a_refusal(record="r1")]))
    entry = entries(engine)[0]
    assert (Through.DOOR, "directory:gwent/x", "r1") == (entry.through, entry.person, entry.record)
    found = submission(engine, kept.id)
    assert found
    assert (True, Code.WRONG_STAGE) == (found.delivered, found.receipt and found.receipt.code)


def test_a_signal_that_no_door_kept_was_entered_through_the_engine(engine: Engine) -> None:
    """A record that it names is not in the records: it is dropped, since it may name somebody."""
    reference = keep(engine)
    raw = an_entry("resolved", signal_id="raw", code=Code.ACCEPTED, by=PRACTITIONER, record="Test Person")
    write(engine, a_step(reference, entries=[raw, an_entry()]))
    assert [(Through.ENGINE, ""), (Through.PROCESS, "")] == [(e.through, e.record) for e in entries(engine)]


def test_a_raw_signal_does_not_take_the_verdict_of_a_submission(engine: Engine) -> None:
    """The same id, but another signal, or another text, is somebody else's."""
    reference = keep(engine)
    kept = keep_submission(engine, a_submission(reference, record="r1", text={"text": "no"}))
    write(engine, a_step(reference, entries=[a_refusal(record="other")]))
    found = submission(engine, kept.id)
    assert found
    assert found.receipt is None


def test_a_verdict_that_the_door_had_already_given_stays_tied_to_its_entry(engine: Engine) -> None:
    """The query may answer before the step is written."""
    reference = keep(engine)
    kept = keep_submission(engine, a_submission(reference))
    give_verdict(engine, kept.id, Receipt(id="s1", accepted=False, code=Code.WRONG_STAGE))
    write(engine, a_step(reference, entries=[a_refusal()]))
    assert [Through.DOOR] == [entry.through for entry in entries(engine)]
    assert [] == notices(engine)


# --- `not-accepted` by mail, where the verdict could not be given at once


def test_whom_the_door_could_not_answer_hears_by_mail(engine: Engine) -> None:
    """Kept for delivery, refused later: the sender is told."""
    reference = keep(engine)
    assert leave(engine, keep_submission(engine, a_submission(reference)).id) is None
    write(engine, a_step(reference, entries=[a_refusal()]))
    assert [("not-accepted", "practitioner", "ABUHB", "any", "s1")] == [
        (notice.notice, notice.role, notice.agency, notice.clause, notice.occasion) for notice in notices(engine)
    ]


def test_whom_the_door_answered_gets_no_mail(engine: Engine) -> None:
    """The verdict stood while the door waited."""
    reference = keep(engine)
    kept = keep_submission(engine, a_submission(reference))
    write(engine, a_step(reference, entries=[a_refusal()]))
    verdict = leave(engine, kept.id)
    assert verdict
    assert Code.WRONG_STAGE == verdict.code
    assert [] == notices(engine)


def test_an_accepted_signal_needs_no_mail(engine: Engine) -> None:
    """What counted shows in what it set off."""
    reference = keep(engine)
    leave(engine, keep_submission(engine, a_submission(reference)).id)
    write(engine, a_step(reference, entries=[a_refusal(code=Code.ACCEPTED)]))
    assert [] == notices(engine)


@pytest.mark.parametrize(("waited_seconds", "mails"), [(60, 0), (61, 1)])
def test_a_raw_signal_judged_late_is_answered_by_mail(engine: Engine, waited_seconds: int, mails: int) -> None:
    """After more than a minute nobody waits for the receipt any longer."""
    reference = keep(engine)
    at = MONDAY + timedelta(seconds=waited_seconds)
    write(engine, a_step(reference, at=at, entries=[a_refusal(signal_id="")]))
    assert mails == len(notices(engine, notice="not-accepted"))


def test_nobody_is_told_where_nobody_is_known(engine: Engine) -> None:
    """A raw signal without a role of the case has no mailbox."""
    reference = keep(engine)
    entry = a_refusal().model_copy(update={"by": None})
    write(engine, a_step(reference, at=MONDAY + timedelta(days=1), entries=[entry]))
    assert [] == notices(engine)


def test_an_id_refused_again_is_answered_again(engine: Engine) -> None:
    """A refused id may be sent again and is judged anew."""
    reference = keep(engine)
    for number in (1, 2):
        kept = keep_submission(engine, a_submission(reference, id=f"door-{number}"))
        assert kept.new
        leave(engine, kept.id)
        write(engine, a_step(reference, number, entries=[a_refusal()]))
    assert 2 == len(notices(engine, notice="not-accepted"))


# --- people


def test_a_role_passes_to_whom_the_text_names(engine: Engine) -> None:
    """The name stands in the text, and from there in the people of the case; the step knows the role only."""
    reference = keep(engine)
    holder = a_person("line_manager", "ABUHB", email="new@example.invalid").model_dump()
    keep_submission(engine, a_submission(reference, record="r1", text={"holder": holder}))
    write(engine, a_step(reference, holders=[HolderRow(role=LINE_MANAGER, record="r1")]))
    assert "new@example.invalid" == {p.role: p.holder.email for p in people_in(engine, reference)}[LINE_MANAGER]


def test_the_chair_is_named_from_the_directory(engine: Engine) -> None:
    """A person's id, as the board loaded it."""
    reference = keep(engine)
    list_person(engine, a_person("chair", "GWENTPOLICE"), id="chair-1")
    write(engine, a_step(reference, holders=[HolderRow(role=Role(role="chair"), person="chair-1")]))
    assert (
        "chair.gwentpolice@example.invalid"
        == {p.role: p.holder.email for p in people_in(engine, reference)}[Role(role="chair")]
    )


def test_an_agency_joins_with_its_people(engine: Engine) -> None:
    """It belongs to the case, and its people are those of its own roles."""
    reference = keep(engine)
    listed = [a_person("practitioner", "SWP").model_dump(), a_person("line_manager", "SWP").model_dump(), {"role": "?"}]
    keep_submission(engine, a_submission(reference, signal="agency_added", record="r1", text={"people": listed}))
    entry = an_entry("agency_added", code=Code.ACCEPTED, facts={"agency_code": "SWP", "must_respond": True})
    holders = [HolderRow(role=Role(role="*", agency="SWP"), record="r1")]
    write(engine, a_step(reference, entries=[entry], holders=holders))
    assert Agency(code="SWP", must_respond=True) == case_facts(engine, reference).agencies[-1]
    assert {"practitioner", "line_manager"} == {
        p.role.role for p in people_in(engine, reference) if p.role.agency == "SWP"
    }


@pytest.mark.parametrize(
    "holder", [HolderRow(role=LINE_MANAGER, record="none"), HolderRow(role=LINE_MANAGER, person="none")]
)
def test_an_unknown_record_or_person_changes_nobody(engine: Engine, holder: HolderRow) -> None:
    """A raw signal may name an id that is nowhere."""
    reference = keep(engine)
    write(engine, a_step(reference, holders=[holder], entries=[an_entry()]))
    assert (2, 1) == (number_of(engine, CasePerson), number_of(engine, Entry))


def test_a_text_that_names_no_person_changes_nobody(engine: Engine) -> None:
    """Neither a wrong shape nor another role's holder takes the role."""
    reference = keep(engine)
    for number, text in enumerate(
        ({"holder": "Test"}, {"people": "Test"}, ["Test"], {"holder": a_person("chair").model_dump()})
    ):
        keep_submission(engine, a_submission(reference, f"s{number}", record=f"r{number}", text=text))
        write(engine, a_step(reference, number + 1, holders=[HolderRow(role=LINE_MANAGER, record=f"r{number}")]))
    assert 2 == number_of(engine, CasePerson)


def test_whose_answer_is_asked_for_may_be_said_anew(engine: Engine) -> None:
    """Part A names the agencies that must respond, in place of those in the case file."""
    agencies = tuple(Agency(code=code, raising=code == "A", must_respond=code == "B") for code in "ABC")
    reference = keep(engine, agencies=agencies)
    entry = an_entry("not_resolved", code=Code.ACCEPTED, facts={"must_respond": ["C"]})
    write(engine, a_step(reference, entries=[entry]))
    assert ["C"] == [agency.code for agency in case_facts(engine, reference).agencies if agency.must_respond]
