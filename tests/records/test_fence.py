"""Records that are older than the engine take no step and send nothing until somebody has decided."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, select
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.recording import Records
from protocols.errors import RecordsOlder
from protocols.steps import Step
from records import fence, outbox, reconciling
from records.database import reading
from records.models import Notice
from records.reading import timeline
from records.streams import verify_chain
from tests.records.making import MONDAY, PRACTITIONER, TEAM_MANAGER, a_notice, a_step, an_entry, keep, write

NOW = MONDAY + timedelta(days=1)


def states(engine: Engine) -> list[str]:
    with reading(engine) as session:
        return list(session.scalars(select(Notice.state).order_by(Notice.id)))


def test_a_step_that_does_not_follow_the_last_one_is_refused(engine: Engine) -> None:
    """Of a case and of an immediate action; the steps between are what an older copy lacks."""
    case = keep(engine)
    for stream in (case, f"{case}-immediate-1"):
        with pytest.raises(RecordsOlder, match="this is step 2, and they end with step 0"):
            write(engine, a_step(stream, 2))
        write(engine, a_step(stream, 1))
        with pytest.raises(RecordsOlder, match="this is step 3, and they end with step 1"):
            write(engine, a_step(stream, 3, entries=[an_entry()]))
        write(engine, a_step(stream, 2))
    assert [] == timeline(engine, case)


def test_a_step_whose_workflow_posted_what_waits_here_is_refused(engine: Engine) -> None:
    """A message that waits went out in another copy; one that an operator lets go holds up nothing."""
    case = keep(engine)
    write(engine, a_step(case, notices=[a_notice()]))
    with pytest.raises(RecordsOlder, match="messages of before step 2 wait here"):
        write(engine, a_step(case, 2, posted=True))
    ids = reconciling.standing(engine)[case].waiting
    assert 1 == reconciling.decide(engine, case, ids, send=True, person="", at=NOW)
    assert write(engine, a_step(case, 2, posted=True)).unposted


def test_what_was_refused_is_remembered_until_it_is_written(engine: Engine) -> None:
    """For `datrys check`; a step that its workflow asked for again was written already, and is never refused."""
    case = keep(engine)
    write(engine, a_step(case, 1, notices=[a_notice()]))
    fence.note_refused(engine, case, 3)
    assert [case] == fence.refused(engine)
    assert write(engine, a_step(case, 1, posted=True)).unposted
    write(engine, a_step(case, 2))
    assert [] == fence.refused(engine)


async def test_the_activity_refuses_and_is_tried_again(engine: Engine) -> None:
    """With words for whoever looks at it in the Temporal UI."""
    case = keep(engine)
    with pytest.raises(ApplicationError) as fault:
        await ActivityEnvironment().run(Records(engine).record, a_step(case, 5))
    assert ("RecordsOlder", False) == (fault.value.type, fault.value.non_retryable)
    assert f"datrys reconcile {case}" in str(fault.value)
    assert [case] == fence.refused(engine)


def test_nothing_is_leased_or_counted_from_records_that_lack_a_step(engine: Engine) -> None:
    """Else what waits would go out, or a post would end though its messages stand nowhere."""
    case = keep(engine)
    write(engine, a_step(case, notices=[a_notice()]))
    with pytest.raises(RecordsOlder):
        outbox.lease_next(engine, case, (), lambda draft: b"", recorded=2)
    with pytest.raises(RecordsOlder):
        outbox.waiting(engine, case, 2)
    assert 1 == outbox.waiting(engine, case, 1)


def test_what_is_held_waits_and_is_not_sent(engine: Engine) -> None:
    """Whoever posts goes on asking, until an operator has decided."""
    case = keep(engine)
    write(engine, a_step(case, notices=[a_notice(), a_notice(to=TEAM_MANAGER)]))
    assert 2 == reconciling.hold(engine)
    assert outbox.lease_next(engine, case, (), lambda draft: b"") is None
    assert 2 == outbox.waiting(engine, case)
    held = reconciling.standing(engine)[case].held
    assert 2 == reconciling.decide(engine, case, held, send=False, person="token:x", at=NOW)
    assert ["sent", "sent"] == states(engine)
    assert 0 == outbox.waiting(engine, case)
    assert "Decided by an operator: 2 messages are taken as sent" == timeline(engine, case)[-1].entry.words


def test_a_reminder_that_is_held_is_superseded_as_one_that_waits(engine: Engine) -> None:
    """What has become pointless is nothing to decide."""
    case = keep(engine)
    write(engine, a_step(case, notices=[a_notice("reminder", supersede_by="clock#1")]))
    reconciling.hold(engine)
    write(engine, a_step(case, 2, superseded=["clock#1"]))
    assert ["superseded"] == states(engine)


def test_the_records_are_completed_from_steps(engine: Engine) -> None:
    """What was mailed by then is taken as sent, the rest is held; what had a text is named; the chain holds."""
    case = keep(engine)
    write(engine, a_step(case, 1, entries=[an_entry()], notices=[a_notice()]))
    mailed = a_notice(to=PRACTITIONER), a_notice("informed", to=TEAM_MANAGER)
    second = a_step(case, 2, entries=[an_entry("not_resolved", record="lost")], notices=[mailed[1]], posted=True)
    third = a_step(case, 3, entries=[an_entry("overdue")], notices=[a_notice("overdue")])
    known = frozenset(reconciling.key_of(one) for one in mailed)
    made: list[Step | frozenset[reconciling.Key]] = [a_step(case, 1), second, known, third]
    written = reconciling.complete(engine, case, made, "token:x", NOW)
    assert (2, 2, ("not_resolved",), 2, 1) == written
    assert ["sent", "sent", "held"] == states(engine)
    assert ["stage-entered", "not_resolved", "overdue", "reconciled"] == [
        line.entry.what for line in timeline(engine, case)
    ]
    assert verify_chain(engine, case) is None


def test_steps_that_the_engine_forgot_cannot_be_written(engine: Engine) -> None:
    """Nothing is written then: a gap would never be seen again."""
    case = keep(engine)
    with pytest.raises(RecordsOlder):
        reconciling.complete(engine, case, [a_step(case, 4, entries=[an_entry()])], "", NOW)
    assert [] == timeline(engine, case)


def test_a_reference_that_the_engine_has_is_given_to_no_new_case(engine: Engine) -> None:
    """The counter goes up, never down."""
    first = keep(engine, fingerprint="f1")
    reconciling.give_no_more(engine, "GWENT", 2026, 7)
    reconciling.give_no_more(engine, "GWENT", 2026, 3)
    assert ("GWENT-2026-0001", "GWENT-2026-0008") == (first, keep(engine, fingerprint="f2"))
