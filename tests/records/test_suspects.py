"""Which cases the records find suspicious: something should have happened by now, and does not stand in them."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from protocols.steps import ClockState, Code, Receipt
from records.cases import mark_started
from records.submissions import give_verdict, keep_submission, mark_delivered
from records.suspects import MAIL_SOON, SOON, suspects
from tests.records.making import (
    MONDAY,
    PRACTITIONER,
    a_clock,
    a_notice,
    a_step,
    a_submission,
    an_entry,
    keep,
    write,
)

DUE = MONDAY + timedelta(days=7, hours=7)
MOMENT = timedelta(seconds=1)


def begun(engine: Engine) -> str:
    """A case of which nothing is suspicious."""
    case = keep(engine)
    mark_started(engine, case)
    write(engine, a_step(case, 1, entries=[an_entry()]))
    return case


def _never_began(engine: Engine) -> str:
    case = keep(engine)
    mark_started(engine, case)
    return case


def _told(engine: Engine) -> str:
    case = begun(engine)
    keep_submission(engine, a_submission(case))
    mark_delivered(engine, "door-s1")
    return case


def _judged_and_not_recorded(engine: Engine) -> str:
    case = _told(engine)
    give_verdict(engine, "door-s1", Receipt(id="s1", accepted=True, code=Code.ACCEPTED))
    return case


def _told_the_immediate_action(engine: Engine) -> str:
    case = f"{begun(engine)}-immediate-1"
    keep_submission(engine, a_submission(case))
    mark_delivered(engine, "door-s1")
    return case


@pytest.mark.parametrize(
    "given", [_never_began, _told, _judged_and_not_recorded, _told_the_immediate_action], ids=lambda one: one.__name__
)
def test_what_does_not_follow_soon_is_suspicious(engine: Engine, given: Callable[[Engine], str]) -> None:
    """Not while it may be under way."""
    workflow_id = given(engine)
    assert [] == suspects(engine, MONDAY + SOON)
    assert [workflow_id] == suspects(engine, MONDAY + SOON + MOMENT)


def test_a_limit_that_ended_and_was_not_spoken_of_is_suspicious(engine: Engine) -> None:
    """Once it is recorded as late, or met, it is not."""
    case = begun(engine)
    write(engine, a_step(case, 2, clocks=[a_clock()]))
    assert [] == suspects(engine, DUE + SOON)
    assert [case] == suspects(engine, DUE + SOON + MOMENT)
    write(engine, a_step(case, 3, clocks=[a_clock(late=True)]))
    assert [] == suspects(engine, DUE + SOON + MOMENT)
    write(engine, a_step(case, 4, clocks=[a_clock(state=ClockState.MET, met_at=DUE)]))
    assert [] == suspects(engine, DUE + SOON + MOMENT)


def test_mail_that_waits_is_suspicious(engine: Engine) -> None:
    """The code that writes it may fail; what Temporal says then tells this from a mail server that is away."""
    case = begun(engine)
    write(engine, a_step(case, 2, notices=[a_notice(to=PRACTITIONER)]))
    assert [] == suspects(engine, MONDAY + MAIL_SOON)
    assert [case] == suspects(engine, MONDAY + MAIL_SOON + MOMENT)


def test_what_is_as_it_should_be_is_not(engine: Engine) -> None:
    """A case that was not started waits for Temporal; what was recorded is over; each is named once."""
    keep(engine)
    case = begun(engine)
    keep_submission(engine, a_submission(case))
    mark_delivered(engine, "door-s1")
    write(engine, a_step(case, 2, clocks=[a_clock()]))
    later = DUE + timedelta(days=1)
    assert [case] == suspects(engine, later)
    said = an_entry("not_resolved", signal_id="s1", code=Code.ACCEPTED, by=PRACTITIONER)
    write(engine, a_step(case, 3, entries=[said], clocks=[a_clock(late=True)]))
    assert [] == suspects(engine, later)
