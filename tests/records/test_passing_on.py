"""Roles that pass to other people, and agencies that join: a step names roles, the texts name people."""

import pytest
from sqlalchemy import Engine

from protocols.roles import Agency, Role
from protocols.steps import Code, HolderRow
from records.cases import case_facts
from records.models import CasePerson, Entry
from records.outbox import lease_next
from records.private import people_in
from records.submissions import keep_submission
from tests.records.looking import notices, number_of
from tests.records.making import (
    LINE_MANAGER,
    a_notice,
    a_person,
    a_step,
    a_submission,
    an_entry,
    keep,
    list_person,
    write,
)


def test_a_role_passes_to_whom_the_text_names(engine: Engine) -> None:
    """The name stands in the text, and from there in the people of the case; the step knows the role only."""
    reference = keep(engine)
    holder = a_person("line_manager", "ABUHB", email="new@example.invalid").model_dump()
    keep_submission(engine, a_submission(reference, record="r1", text={"holder": holder}))
    write(engine, a_step(reference, holders=[HolderRow(role=LINE_MANAGER, record="r1")]))
    assert "new@example.invalid" == {p.role: p.holder.email for p in people_in(engine, reference)}[LINE_MANAGER]


@pytest.mark.parametrize(("tried", "sent_to"), [(False, [""]), (True, ["", "change"])], ids=["waits", "was tried"])
def test_a_request_that_was_never_tried_is_not_repeated_for_the_new_holder(
    engine: Engine, tried: bool, sent_to: list[str]
) -> None:
    """It goes to the new holder itself, once; one that the former holder may have had is sent to the new one too."""
    reference = keep(engine)
    write(engine, a_step(reference, notices=[a_notice(to=LINE_MANAGER, occasion="")]))
    if tried:
        lease_next(engine, reference, (), lambda draft: b"a mail")
    repeated = a_notice(to=LINE_MANAGER, occasion="change", concerns="action-required")
    write(engine, a_step(reference, 2, notices=[repeated], holders=[HolderRow(role=LINE_MANAGER, record="none")]))
    assert sent_to == [notice.occasion for notice in notices(engine, role="line_manager")]


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
    write(engine, a_step(reference, must_respond=["C"]))
    assert ["C"] == [agency.code for agency in case_facts(engine, reference).agencies if agency.must_respond]
