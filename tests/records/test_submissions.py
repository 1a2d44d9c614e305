"""What people tell a case through a door: kept once, delivered in order, answered once."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Engine, delete

from protocols.errors import CaseUnknown, KeyReused
from protocols.steps import Code, Receipt
from records.cases import mark_started
from records.database import writing
from records.models import FreeText
from records.private import texts_of
from records.refusing import refuse_ended
from records.streams import verify_chain
from records.submissions import (
    give_verdict,
    keep_submission,
    kept,
    leave,
    mark_delivered,
    submission,
)
from tests.records.looking import entries
from tests.records.making import MONDAY, a_step, a_submission, keep, write

REFUSED = Receipt(id="s1", accepted=False, code=Code.WRONG_ROLE, reason="not yours")
ACCEPTED = Receipt(id="s1", accepted=True, code=Code.ACCEPTED)


@pytest.fixture
def reference(engine: Engine) -> str:
    """A case that the engine has taken."""
    made = keep(engine)
    mark_started(engine, made)
    return made


def test_a_submission_is_kept_with_its_text(engine: Engine, reference: str) -> None:
    """The text stays in the records; the facts that go to the engine name its id."""
    made = keep_submission(engine, a_submission(reference, record="r1", text={"text": "why"}))
    assert (True, False, None, "r1") == (made.new, made.delivered, made.receipt, made.facts["record"])
    assert {"text": "why"} == texts_of(engine, reference)["r1"]


def test_what_is_kept_is_delivered_in_the_order_in_which_it_came(engine: Engine, reference: str) -> None:
    """Of one workflow, or of all; what is delivered is no longer kept."""
    immediate = f"{reference}-immediate-1"
    for signal_id, case in (("s1", reference), ("s2", immediate), ("s3", reference)):
        keep_submission(engine, a_submission(case, signal_id))
    assert ["door-s1", "door-s2", "door-s3"] == [one.id for one in kept(engine)]
    mark_delivered(engine, "door-s1")
    assert ["door-s3"] == [one.id for one in kept(engine, reference)]


def test_what_belongs_to_a_case_not_yet_started_waits_for_it(engine: Engine) -> None:
    """There is no workflow that could take it."""
    unstarted = keep(engine)
    keep_submission(engine, a_submission(unstarted))
    assert [] == kept(engine)
    mark_started(engine, unstarted)
    assert ["door-s1"] == [one.id for one in kept(engine)]


def test_an_id_that_waits_or_was_accepted_counts_once(engine: Engine, reference: str) -> None:
    """A second click gets the answer of the first."""
    keep_submission(engine, a_submission(reference))
    again = keep_submission(engine, a_submission(reference, id="door-again"))
    assert ("door-s1", False) == (again.id, again.new)
    give_verdict(engine, "door-s1", ACCEPTED)
    again = keep_submission(engine, a_submission(reference, id="door-again"))
    assert ("door-s1", False, ACCEPTED) == (again.id, again.new, again.receipt)


@pytest.mark.parametrize(
    "other",
    [
        {"signal": "withdrawn"},
        {"facts": {"id": "s1", "by": "practitioner"}},
        {"text": {"text": "why not"}},
        {"text": None, "record": ""},
    ],
)
def test_an_id_is_for_what_was_said_first(engine: Engine, reference: str, other: dict[str, Any]) -> None:
    """Something else under it is refused, and the first stands; one that was refused is free for anything."""
    said: dict[str, Any] = {"record": "r1", "text": {"text": "why"}}
    keep_submission(engine, a_submission(reference, **said))
    with pytest.raises(KeyReused, match="The key s1 was given to not_resolved already, and said something else"):
        keep_submission(engine, a_submission(reference, id="other", **said | other))
    assert not keep_submission(engine, a_submission(reference, id="same", **said | {"record": "r2"})).new
    give_verdict(engine, "door-s1", REFUSED)
    assert keep_submission(engine, a_submission(reference, id="other", **said | other)).new


def test_what_nobody_said_makes_no_difference(engine: Engine, reference: str) -> None:
    """What the door filled in; the text of an id whose text was erased is believed."""
    first = a_submission(reference, record="r1", text={"text": "why"})
    keep_submission(engine, first.model_copy(update={"facts": first.facts | {"stage": "practitioners"}}))
    with pytest.raises(KeyReused):
        keep_submission(engine, first.model_copy(update={"id": "said"}))
    presumed = frozenset({"at", "stage"})
    again = first.model_copy(update={"id": "again", "presumed": presumed, "facts": first.facts | {"at": "now"}})
    assert not keep_submission(engine, again).new
    with writing(engine) as session:
        session.execute(delete(FreeText))
    assert not keep_submission(engine, again.model_copy(update={"text": {"text": "anything"}})).new


def test_a_refused_id_may_be_sent_again(engine: Engine, reference: str) -> None:
    """It is judged anew."""
    keep_submission(engine, a_submission(reference))
    give_verdict(engine, "door-s1", REFUSED)
    assert keep_submission(engine, a_submission(reference, id="door-again")).new


def test_one_id_sent_through_several_doors_at_once_is_kept_once(engine: Engine, reference: str) -> None:
    """Whoever comes second sees the first."""
    with ThreadPoolExecutor(8) as doors:
        made = list(doors.map(lambda n: keep_submission(engine, a_submission(reference, id=f"door-{n}")), range(8)))
    assert (1, 1) == (sum(one.new for one in made), len({one.id for one in made}))


def test_the_first_verdict_stands(engine: Engine, reference: str) -> None:
    """Query and step say the same; if not, the earlier was told already."""
    keep_submission(engine, a_submission(reference))
    give_verdict(engine, "door-s1", REFUSED)
    give_verdict(engine, "door-s1", ACCEPTED)
    found = submission(engine, "door-s1")
    assert found
    assert REFUSED == found.receipt


def test_a_door_that_leaves_either_has_the_verdict_or_mail_follows(engine: Engine, reference: str) -> None:
    """In one transaction: never neither, never both."""
    keep_submission(engine, a_submission(reference))
    assert leave(engine, "door-s1") is None
    give_verdict(engine, "door-s1", REFUSED)
    assert REFUSED == leave(engine, "door-s1")


def test_what_an_ended_case_is_told_is_refused_and_stands_in_its_timeline(engine: Engine, reference: str) -> None:
    """No workflow hears it, so the door judges; its text is kept."""
    write(engine, a_step(reference, stage="ended", clause="", outcome="resolved"))
    keep_submission(engine, a_submission(reference, record="r1", text={"text": "late"}))
    answer = refuse_ended(engine, "door-s1", "the case has ended", "Practitioner: not resolved", MONDAY)
    assert (False, Code.ENDED, False) == (answer.receipt.accepted, answer.receipt.code, answer.to_mail)
    assert answer == refuse_ended(engine, "door-s1", "again", "again", MONDAY)
    assert [("not_resolved", "ended", "r1", "practitioner", "door")] == [
        (entry.what, entry.code, entry.record, entry.by_role, entry.through) for entry in entries(engine)
    ]
    assert verify_chain(engine, reference) is None
    assert [] == kept(engine)


def test_nothing_is_kept_for_a_case_that_is_not_there(engine: Engine) -> None:
    """The door says so at once."""
    with pytest.raises(CaseUnknown):
        keep_submission(engine, a_submission("GWENT-2026-0099"))
