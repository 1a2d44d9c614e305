"""What becomes of a signal: who said it, and how the sender hears that it was not accepted."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from protocols.steps import Code, Receipt
from records.streams import Through
from records.submissions import give_verdict, keep_submission, leave, submission
from tests.records.looking import entries, notices
from tests.records.making import (
    MONDAY,
    PRACTITIONER,
    a_refusal,
    a_step,
    a_submission,
    an_entry,
    keep,
    write,
)


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


def test_a_submission_that_was_not_understood_has_its_verdict_too(engine: Engine) -> None:
    """Its entry names no text, since nothing of it could be read."""
    reference = keep(engine)
    kept = keep_submission(engine, a_submission(reference, record="r1", text={"text": "no"}))
    write(engine, a_step(reference, entries=[a_refusal(code=Code.NOT_UNDERSTOOD)]))
    found = submission(engine, kept.id)
    assert found
    assert Code.NOT_UNDERSTOOD == (found.receipt and found.receipt.code)


def test_a_verdict_that_the_door_had_already_given_stays_tied_to_its_entry(engine: Engine) -> None:
    """The query may answer before the step is written."""
    reference = keep(engine)
    kept = keep_submission(engine, a_submission(reference))
    give_verdict(engine, kept.id, Receipt(id="s1", accepted=False, code=Code.WRONG_STAGE))
    write(engine, a_step(reference, entries=[a_refusal()]))
    assert [Through.DOOR] == [entry.through for entry in entries(engine)]
    assert [] == notices(engine)


# --- `not-accepted` by mail, where the verdict could not be given at once


@pytest.mark.clause("common a signal that does not fit")
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
