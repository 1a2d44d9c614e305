"""A form asks for all that a case would miss: every row of both tables of who says what, filled in and judged."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from protocols.editions import read_editions
from protocols.judging import Sayable
from protocols.messages import CONFIRMATION, read
from protocols.roles import Agency, Role
from protocols.says import ANYBODY, Says
from records import directory
from starter.pages.forms import Faults, Form
from starter.pages.saying import asked
from starter.pages.saying.asked import ASKED_ELSEWHERE, Asking, sheets
from starter.pages.saying.facts import data_of
from starter.pages.saying.questions import Kind, Question, answer_in_words
from starter.pages.saying.words import SAID
from starter.pages.titles import Titles
from starter.pages.tongues import tongue
from starter.sayable import NAMES, Floor
from workflows.registry import PROTOCOLS, protocol_of

AGENCIES = {"ABUHB": "Health", "NEWPORT": "Council", "TORFAEN": "Torfaen", "EDU": "School"}
MOMENT = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
NAMED_LATER = {"record", "by", "at", "sent_at", "agency"}
"""What the door puts in."""


def rows() -> Iterator[tuple[str, Says]]:
    """Every row of every table that is said on these pages."""
    for name, protocol in PROTOCOLS.items():
        for row in protocol.workflow.rules.says:
            if NAMES[row.signal] not in ASKED_ELSEWHERE:
                yield name, row


def asking(protocol: str, row: Says, language: str = "en") -> Asking:
    """A form for this row, in a case that stands there."""
    edition = read_editions()[protocol]
    brought = protocol_of(protocol)
    stage = row.stage if row.stage in edition.stages else brought.starts[1]
    state = brought.case(
        reference="X-2026-0001",
        edition=edition,
        authority=edition.authorities[0],
        group="children",
        agencies=[Agency(code="ABUHB", raising=True), Agency(code="NEWPORT", must_respond=True)],
        instigated_at=MOMENT,
        raised_at=MOMENT,
        holidays=directory.shipped_holidays(),
        facts=brought.facts(),
        stage=stage,
        stage_began=MOMENT,
    )
    role = "business_unit" if ANYBODY in row.by else row.by[0]
    by = Role(role=role, agency="ABUHB" if role in edition.agency_roles() else "")
    return Asking(
        signal=NAMES[row.signal],
        row=Sayable(row.signal, row, proposal=False),
        by=by,
        behalf=False,
        floor=Floor(state, state.standing("ended", MOMENT)),
        agencies=AGENCIES,
        chairs={"chair-1": "A Chair"},
        meetings=(MOMENT, MOMENT.replace(day=3)),
        tongue=tongue(language),
        titles=Titles(tongue(language), edition, {}),
    )


def filled(question: Question) -> dict[str, tuple[str, ...]]:
    """An answer to a question."""
    match question.kind:
        case Kind.YES_NO:
            return {question.name: ("yes",)}
        case Kind.ONE:
            return {question.name: (question.options[0][0],)}
        case Kind.SOME:
            return {question.name: tuple(value for value, _ in question.options[:2])}
        case Kind.MOMENT:
            parts = {"day": "3", "month": "3", "year": "2026", "time": "9.30"}
            return {f"{question.name}-{part}": (value,) for part, value in parts.items()}
        case Kind.EMAIL:
            return {question.name: ("somebody@example.invalid",)}
        case _:
            return {question.name: ("words",)}


def filled_in(form: Asking) -> Form:
    """A form with every question answered, also those that follow from an answer."""
    fields: dict[str, tuple[str, ...]] = {}
    for _ in range(2):
        for sheet in sheets(form, Form(fields)):
            for question in sheet:
                fields |= filled(question)
    return Form(fields)


@pytest.mark.parametrize(("protocol", "row"), [*rows()], ids=lambda one: getattr(one, "stage", one))
def test_a_form_asks_for_all_that_the_case_would_miss(protocol: str, row: Says) -> None:
    """Filled in, it is understood, and carries what the row and the message require."""
    form, faults = asking(protocol, row), Faults()
    data = data_of(form, filled_in(form), faults)
    assert {} == faults
    facts = {field: data[field] for field in row.signal.model_fields if field in data}
    texts = {field: value for field, value in data.items() if field not in row.signal.model_fields}
    sent = {"by": form.by.role, "agency": form.by.agency or "ABUHB", **facts, **({"record": "r"} if texts else {})}
    understood = read(NAMES[row.signal], json.dumps(sent), MOMENT)
    assert understood.signal is not None, (understood.missing, sent)
    assert {*row.requires} <= understood.carried
    assert not any(str(words).startswith("{") for words in texts.values() if isinstance(words, str))


@pytest.mark.parametrize(("protocol", "row"), [*rows()], ids=lambda one: getattr(one, "stage", one))
def test_an_empty_form_says_what_is_missing_and_in_welsh(protocol: str, row: Says) -> None:
    """Each question that must be answered says so; what may stay empty may; no English slips in."""
    form, faults = asking(protocol, row, "cy"), Faults()
    data_of(form, Form({}), faults)
    wanted = [q.name for sheet in sheets(form, Form({})) for q in sheet if q.required]
    assert sorted(wanted) == sorted(faults)
    english = asking(protocol, row)
    for sheet, other in zip(sheets(form, Form({})), sheets(english, Form({})), strict=True):
        assert not {question.words for question in sheet} & {question.words for question in other}


@pytest.mark.parametrize(("protocol", "row"), [*rows()], ids=lambda one: getattr(one, "stage", one))
def test_every_answer_is_shown_in_words_before_it_is_sent(protocol: str, row: Says) -> None:
    """No code of an option, and no empty line, on the page that is checked."""
    form = asking(protocol, row)
    answers = filled_in(form)
    for sheet in sheets(form, answers):
        for question in sheet:
            said = answer_in_words(question, answers, form.tongue)
            assert said
            assert said not in {value for value, words in question.options if value != words}


def test_everything_that_is_said_has_words() -> None:
    """Each signal of both protocols, and the confirmation of an immediate action."""
    assert {*NAMES.values(), CONFIRMATION} - {*ASKED_ELSEWHERE} == set(SAID)


def test_a_review_by_an_agency_asks_for_its_independent_member() -> None:
    """Where there is a review, who reviews is asked on a page of its own; where there is none, not."""
    [(protocol, row)] = [(p, r) for p, r in rows() if "decided_at" in r.requires]
    form = asking(protocol, row)
    none: Any = {**filled_in(form).fields, "review": ("no",)}
    assert 2 == len(sheets(form, filled_in(form)))
    assert 1 == len(sheets(form, Form(none)))
    assert "reviewer" not in data_of(form, Form(none), Faults())
    assert (
        asked.FURTHER
        == data_of(
            asking(
                *next((p, r) for p, r in rows() if NAMES[r.signal] == "meeting_held" and "attended" not in r.requires)
            ),
            Form({"text": ("words",)}),
            Faults(),
        )["outcome"]
    )
