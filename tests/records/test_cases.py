"""Cases as doors keep them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select

from protocols.editions import read_editions
from protocols.errors import CaseUnknown, KeyReused
from records import cases, drafts
from records.cases import keep_case
from records.database import reading
from records.intake import KeptCase
from records.models import Tally
from records.private import people_in, subject_of, texts_of
from tests.records.making import MONDAY, a_case, a_person, a_step, keep, write

AGAIN = MONDAY - timedelta(days=1)


def test_references_count_within_prefix_and_local_year(engine: Engine) -> None:
    """The last hour of the year by UTC is still that year in Wales; in summer an hour makes no year."""
    new_year = datetime(2027, 1, 1, tzinfo=UTC)
    assert "GWENT-2026-0001" == keep(engine)
    assert "GWENT-2026-0002" == keep(engine, raised_at=new_year - timedelta(seconds=1))
    assert "GWENT-2027-0001" == keep(engine, raised_at=new_year)
    other = read_editions()["gwent"].model_copy(update={"reference": "CTM"})
    assert "CTM-2026-0001" == keep(engine, edition=other)


def test_references_have_no_gap_and_no_double_under_concurrency(engine: Engine) -> None:
    """Ten doors raise four cases each at once."""
    with ThreadPoolExecutor(10) as doors:
        references = list(doors.map(lambda number: keep(engine, fingerprint=str(number)), range(40)))
    assert [f"GWENT-2026-{number:04d}" for number in range(1, 41)] == sorted(references)


def test_the_same_case_file_within_a_day_is_not_kept_twice(engine: Engine) -> None:
    """It is asked about: the answer is the case that stands, and no number is used up."""
    first = keep_case(engine, a_case(), same_since=AGAIN)
    assert KeptCase(first.reference, new=False) == keep_case(engine, a_case(), same_since=AGAIN)
    assert KeptCase("GWENT-2026-0002", new=True) == keep_case(engine, a_case(), same_since=MONDAY)
    assert "GWENT-2026-0003" == keep(engine)


def test_a_case_is_kept_once_under_its_key(engine: Engine) -> None:
    """Another file under the same key is refused; after a while the key is forgotten."""
    first = keep_case(engine, a_case(key="k"), None, AGAIN)
    assert KeptCase(first.reference, new=False, same_key=True) == keep_case(engine, a_case(key="k"), AGAIN, AGAIN)
    with pytest.raises(KeyReused, match="another case file"):
        keep_case(engine, a_case(key="k", fingerprint="f2"), None, AGAIN)
    assert keep_case(engine, a_case(key="k", fingerprint="f2"), None, MONDAY).new
    assert keep_case(engine, a_case(), None, AGAIN).new


def test_the_same_case_file_raised_by_two_doors_at_once_is_one_case(engine: Engine) -> None:
    """A double click is no second case."""
    with ThreadPoolExecutor(8) as doors:
        kept = list(doors.map(lambda _: keep_case(engine, a_case(), same_since=AGAIN), range(8)))
    assert (1, {"GWENT-2026-0001"}) == (sum(one.new for one in kept), {one.reference for one in kept})


def test_a_draft_becomes_one_case_however_often_it_is_sent_at_once(engine: Engine) -> None:
    """Also where the same is raised once more on purpose; a draft that was thrown away becomes none."""
    draft = drafts.begin(engine, "somebody@example.invalid", "case", "", {}, MONDAY)
    with ThreadPoolExecutor(8) as doors:
        kept = list(doors.map(lambda n: keep_case(engine, a_case(fingerprint=str(n)), draft=draft.id), range(8)))
    assert [KeptCase("GWENT-2026-0001", new=True)] * 8 == kept
    sent = drafts.draft(engine, draft.id, draft.owner)
    assert sent
    assert ("GWENT-2026-0001", {}) == (sent.case, sent.answers)
    drafts.forget(engine, draft.id)
    with pytest.raises(CaseUnknown):
        keep_case(engine, a_case(), draft=draft.id)
    assert "GWENT-2026-0002" == keep(engine)


def test_a_kept_case_waits_until_the_engine_has_taken_it(engine: Engine) -> None:
    """Raised with no Temporal: the relay finds it, with all that a workflow begins with."""
    reference = keep(engine, facts={"start_at_stage": 1})
    waiting = cases.not_started(engine)
    assert [(reference, "practitioners", {"start_at_stage": 1}, None, 0)] == [
        (facts.reference, facts.stage, facts.facts, facts.snapshot, facts.last_step) for facts in waiting
    ]
    assert read_editions()["gwent"] == waiting[0].edition
    assert a_case().agencies == waiting[0].agencies
    cases.mark_started(engine, reference)
    assert [] == cases.not_started(engine)


def test_a_case_that_wrote_a_step_has_started(engine: Engine) -> None:
    """The door may have missed that the engine took it."""
    reference = keep(engine)
    write(engine, a_step(reference))
    assert [] == cases.not_started(engine)


def test_names_and_texts_of_a_case_are_kept_apart(engine: Engine) -> None:
    """They come back by themselves, for whoever may see them."""
    reference = keep(engine)
    subject = subject_of(engine, reference)
    assert subject
    assert ("Test Person", "1 Test Street") == (subject.name, subject.address)
    assert {"issue": {"text": "the threshold"}} == texts_of(engine, reference)
    assert {"text": "the threshold"} == texts_of(engine, reference)["issue"]
    assert ["practitioner.abuhb@example.invalid", "line-manager.abuhb@example.invalid"] == [
        person.holder.email for person in people_in(engine, reference)
    ]


def test_open_cases_are_those_without_an_outcome(engine: Engine) -> None:
    """They are told when the calendar changes."""
    ended, running = keep(engine), keep(engine)
    write(engine, a_step(ended, stage="ended", clause="", outcome="resolved"))
    assert [running] == cases.open_cases(engine)
    assert [running] == cases.open_cases(engine, "gwent")
    assert [] == cases.open_cases(engine, "cwm-taf-morgannwg")


def test_immediate_actions_of_a_case_are_counted(engine: Engine) -> None:
    """A door that starts one after the end has to know the next number."""
    reference = keep(engine)
    for number in (1, 2, 10):
        write(engine, a_step(f"{reference}-immediate-{number}"))
    assert [f"{reference}-immediate-{number}" for number in (1, 2, 10)] == cases.immediate_actions(engine, reference)


def test_an_unknown_case_is_said_to_be_unknown(engine: Engine) -> None:
    """With where to look."""
    with pytest.raises(CaseUnknown, match="GWENT-2026-0099"):
        cases.case_facts(engine, "GWENT-2026-0099")


def test_what_leaves_no_trace_is_counted_by_month(engine: Engine) -> None:
    """A refusal for its ground, without a case or a person."""
    for at in (MONDAY, MONDAY, MONDAY + timedelta(days=40)):
        cases.count(engine, "gwent", "refused: no duty to report", at)
    with reading(engine) as session:
        assert [("2026-03", 2), ("2026-04", 1)] == [
            (row.month, row.count) for row in session.scalars(select(Tally).order_by(Tally.month))
        ]


def test_a_sign_that_no_database_keeps_refuses_no_case(engine: Engine) -> None:
    """A text pasted from elsewhere may hold it."""
    reference = keep(engine, people=(a_person("practitioner", "ABUHB", name="A\x00B"),), texts={"issue": ["\x00"]})
    assert ["A\ufffdB"] == [person.holder.name for person in people_in(engine, reference)]
    assert ["\ufffd"] == texts_of(engine, reference)["issue"]
