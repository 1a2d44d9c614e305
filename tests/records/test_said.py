"""What was said in a case and counts still, and the words that were written with it."""

from typing import Any

import pytest
from sqlalchemy import Engine

from protocols.steps import Code, Entry
from records.said import in_words, said, standing
from records.submissions import keep_submission
from tests.records.making import a_step, a_submission, an_entry, keep, write


def entered(stage: str) -> Entry:
    return an_entry("stage-entered", stage=stage)


def told(what: str, signal_id: str, stage: str = "meeting", code: Code = Code.ACCEPTED, **facts: Any) -> Entry:
    return an_entry(what, signal_id=signal_id, stage=stage, code=code, facts=facts)


def corrected(corrects: str, return_to: str = "", signal_id: str = "c") -> Entry:
    back: dict[str, Any] = {"return_to": return_to} if return_to else {}
    return told("corrected", signal_id, corrects=corrects, **back)


FIRST = [entered("practitioners"), told("not_resolved", "s1"), entered("line_managers"), told("not_resolved", "s2")]
REOPENED = an_entry("reopened", signal_id="r")


def counting(*entries: Entry) -> list[str]:
    return [entry.signal_id or entry.stage for entry in standing(entries)]


def test_what_was_accepted_counts() -> None:
    """Not what was refused, what was only proposed, or what happened by itself."""
    others = (told("resolved", "s3", code=Code.PROPOSAL), told("resolved", "s4", code=Code.ENDED), an_entry("overdue"))
    assert ["practitioners", "s1", "line_managers", "s2"] == counting(*FIRST, *others)


@pytest.mark.clause("common corrected")
def test_a_correction_that_leads_back_makes_void_what_it_names_and_all_after_it() -> None:
    """Another after it may name something that is void already."""
    back = [corrected("s1", "practitioners"), entered("practitioners")]
    assert ["practitioners", "c", "practitioners"] == counting(*FIRST, *back)
    again = [corrected("s2", "practitioners", "c2"), entered("practitioners")]
    assert ["practitioners", "c2", "practitioners"] == counting(*FIRST, *back, told("not_resolved", "s3"), *again)


@pytest.mark.clause("common corrected")
def test_a_correction_that_does_not_lead_back_leaves_what_it_names_with_the_reason(engine: Engine) -> None:
    """It was wrong, and stands with why."""
    case = keep(engine)
    keep_submission(engine, a_submission(case, record="r1", text={"text": "as it was"}))
    keep_submission(engine, a_submission(case, "c", signal="corrected", record="r2", text={"text": "a slip"}))
    entries = [told("not_resolved", "s1"), corrected("s1")]
    recorded = [one.model_copy(update={"record": record}) for one, record in zip(entries, ("r1", "r2"), strict=True)]
    write(engine, a_step(case, entries=recorded))
    first, _ = said(engine, case)
    assert ({"text": "as it was"}, ("a slip",)) == (first.words, first.corrections)


@pytest.mark.clause("common reopened")
def test_a_case_opened_again_forgets_what_was_said_since_that_stage_was_entered() -> None:
    """Only what came before it counts still."""
    again = (REOPENED, entered("line_managers"))
    assert ["practitioners", "s1", "line_managers"] == counting(*FIRST, entered("ended"), *again)
    assert ["practitioners"] == counting(*FIRST, entered("ended"), *again, REOPENED, entered("practitioners"))


def test_a_text_is_told_by_its_names_in_words() -> None:
    """Whatever somebody wrote there; what is empty is left out."""
    actions = [{"what": "call", "owner": "RCT"}, {"what": "write", "by": 3, "done": True}]
    written = {"text": " said \n", "none": None, "list": [], "actions": actions, "deep": [[[[1]]]]}
    words = {"text": "said", "actions": "what: call, owner: RCT\nwhat: write, by: 3, done: true", "deep": "[1]"}
    assert words == in_words(written)
    assert [{"text": "one\ntwo"}, {}] == [in_words(["one", "two"]), in_words(None)]


def test_a_record_that_nobody_kept_has_no_words(engine: Engine) -> None:
    """A raw signal may name any."""
    case = keep(engine)
    write(engine, a_step(case, entries=[told("not_resolved", "s1").model_copy(update={"record": "unknown"})]))
    (line,) = said(engine, case)
    assert ({}, ()) == (line.words, line.corrections)
