"""Who may see a case by the records: roles of the directory and of cases, and the facts that open a case."""

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event

from protocols.access import OPERATOR, Held, Part, ReportOf, reports
from protocols.editions import read_editions
from protocols.errors import CaseUnknown
from protocols.roles import Agency, Role
from protocols.steps import HolderRow, MeetingRow, ReviewRow
from records.access import Sight, sight, standing_roles, visible
from records.holding import Asker
from records.private import holders_of
from tests.records.making import (
    CHAIR,
    LINE_MANAGER,
    MONDAY,
    PRACTITIONER,
    TEAM_MANAGER,
    a_notice,
    a_person,
    a_step,
    an_entry,
    keep,
    list_person,
    write,
)
from workflows.registry import ACCESS

CTM = "cwm-taf-morgannwg"
UNIT, LEAD = Role(role="business_unit"), Role(role="safeguarding_lead", agency="ABUHB")


def asker(name: str) -> Asker:
    return Asker(f"{name}@example.invalid")


def seen(engine: Engine, who: str, reference: str) -> Sight:
    return sight(engine, asker(who), reference, ACCESS)


def roles_in(engine: Engine, who: str, reference: str) -> set[str]:
    """The roles that somebody holds now in a case that they may see; none where they may not."""
    try:
        return {str(held.role) for held in seen(engine, who, reference).held if not held.replaced}
    except CaseUnknown:
        return set()


def list_as(engine: Engine, role: Role, name: str, **more: str) -> None:
    """Put somebody into the directory, with the address `NAME@example.invalid`."""
    person = a_person(role.role, role.agency, name=name, email=f"{name}@example.invalid")
    addresses: dict[str, Any] = {key: more.pop(key) for key in ("email", "deputy_email") if key in more}
    list_person(engine, person.model_copy(update=addresses), id=f"{name}-{role.role}", **more)


def keep_ctm(engine: Engine, **more: Any) -> str:
    """A case of Cwm Taf Morgannwg."""
    agencies = (Agency(code="ABUHB", raising=True), Agency(code="NEWPORT", must_respond=True))
    facts = {"edition": read_editions()[CTM], "authority": "Bridgend", "stage": "single_agency"}
    return keep(engine, **{**facts, "agencies": agencies, "people": (a_person("manager", "ABUHB"),), **more})


# --- which roles somebody holds


def test_a_person_is_known_by_an_e_mail_address_however_it_is_written(engine: Engine) -> None:
    """The same human may be named for cases and listed several times; an empty address is nobody's."""
    one, other = keep(engine), keep(engine)
    list_as(engine, LEAD, "x", email="Practitioner.ABUHB@example.invalid ", deputy_email="")
    assert {"practitioner/ABUHB", "safeguarding_lead/ABUHB"} == roles_in(engine, " PRACTITIONER.abuhb", one)
    assert [one, other] == list(visible(engine, asker("practitioner.abuhb"), ACCESS))
    list_as(engine, UNIT, "vacant", email="")
    for nobody in ("", "  "):
        assert {} == visible(engine, Asker(nobody), ACCESS)


def test_a_deputy_holds_the_role_and_is_known_as_the_deputy(engine: Engine) -> None:
    """In the directory as for a case."""
    people = (a_person("line_manager", "ABUHB", deputy_email="stand-in@example.invalid"),)
    reference = keep(engine, people=people)
    list_as(engine, LEAD, "lead", deputy_email="stand-in@example.invalid")
    found = seen(engine, "stand-in", reference)
    assert [(LINE_MANAGER, True), (LEAD, True)] == [(held.role, held.deputy) for held in found.held]
    assert [False] == [held.deputy for held in seen(engine, "lead", reference).held]
    assert ["case:1", "directory:gwent/lead-safeguarding_lead"] == [held.person for held in found.held]


def test_whom_the_case_names_last_holds_the_role(engine: Engine) -> None:
    """Whoever held it before sees the case no more."""
    reference = keep(engine)
    list_as(engine, CHAIR, "next")
    assert {"line_manager/ABUHB"} == roles_in(engine, "line-manager.abuhb", reference)
    write(engine, a_step(reference, holders=[HolderRow(role=LINE_MANAGER, person="next-chair")]))
    assert set() == roles_in(engine, "line-manager.abuhb", reference)
    assert {"line_manager/ABUHB"} == roles_in(engine, "next", reference)


def test_a_lead_oversees_a_case_that_names_another_lead(engine: Engine) -> None:
    """All cases of their agency are theirs to see; only the one who is named speaks."""
    reference = keep(engine, people=(a_person("safeguarding_lead", "ABUHB", email="named@example.invalid"),))
    list_as(engine, LEAD, "listed")
    list_as(engine, TEAM_MANAGER, "listed", authority="Newport")
    assert seen(engine, "named", reference).parts == seen(engine, "listed", reference).parts
    assert {"safeguarding_lead/ABUHB"} == roles_in(engine, "named", reference)
    assert {"team_manager", "chair"} == roles_in(engine, "listed", reference)


def test_the_directory_gives_a_role_to_whom_mail_would_go_to(engine: Engine) -> None:
    """The authority's own before the board's, children's before both's, and of two the one loaded last."""
    reference = keep(engine)
    write(engine, a_step(reference, notices=[a_notice(to=TEAM_MANAGER)]))
    list_as(engine, TEAM_MANAGER, "board")
    assert {"team_manager", "chair"} == roles_in(engine, "board", reference)
    list_as(engine, TEAM_MANAGER, "first", authority="Newport", group="children")
    list_as(engine, TEAM_MANAGER, "second", authority="Newport", group="children")
    list_as(engine, TEAM_MANAGER, "both", authority="Newport")
    list_as(engine, TEAM_MANAGER, "torfaen", authority="Torfaen")
    holders = [name for name in ("board", "first", "second", "both", "torfaen") if roles_in(engine, name, reference)]
    assert ["second"] == holders


def test_whoever_gets_the_mail_of_a_role_holds_it_and_nobody_else(engine: Engine) -> None:
    """Of forty rows of the directory and some names in the case, for every role and each of their addresses."""
    chance, agencies = random.Random(5), ("ABUHB", "NEWPORT")
    reference = keep(engine, people=(a_person("line_manager", "ABUHB"), a_person("service_manager", "NEWPORT")))
    edition = read_editions()["gwent"]
    names = [f"n{number}" for number in range(40)]
    for name in names:
        role = Role(role=chance.choice(sorted(edition.roles)), agency=chance.choice(["", *agencies]))
        place = {
            "authority": chance.choice(["", "Newport", "Torfaen"]),
            "group": chance.choice(["", "children", "adults"]),
        }
        list_as(engine, role, name, **place)
    operator = Held(Role(role=OPERATOR))
    held = {n: sight(engine, Asker(f"{n}@example.invalid", (operator,)), reference, ACCESS).held for n in names}
    for name in edition.roles:
        for agency in agencies if name in edition.agency_roles() else [""]:
            role = Role(role=name, agency=agency)
            holding = [n for n in names if any(h.role == role and not h.replaced for h in held[n])]
            mailed = {holder.name for holder in holders_of(engine, reference, role)} & set(names)
            assert mailed == set(holding), role


def test_3_4_the_team_manager_is_the_chair_until_somebody_is_named(engine: Engine) -> None:
    """Whoever stands in the directory as a chair is but somebody who may be named."""
    reference = keep(engine)
    list_as(engine, TEAM_MANAGER, "manager", authority="Newport")
    list_as(engine, CHAIR, "possible")
    write(engine, a_step(reference, notices=[a_notice("opened", TEAM_MANAGER)], stage="meeting"))
    assert ({"team_manager", "chair"}, set()) == tuple(
        roles_in(engine, name, reference) for name in ("manager", "possible")
    )
    write(engine, a_step(reference, 2, holders=[HolderRow(role=CHAIR, person="possible-chair")], stage="meeting"))
    assert ({"team_manager"}, {"chair"}) == tuple(roles_in(engine, name, reference) for name in ("manager", "possible"))


def test_every_office_of_a_duty_team_holds_its_role_once_an_immediate_action_reached_it(engine: Engine) -> None:
    """An emergency opens the person and the call to the duty team, and nothing to a manager told beside it."""
    reference = keep(engine)
    for office in ("east", "west"):
        list_as(engine, Role(role="duty_team"), office, authority="Newport")
    list_as(engine, TEAM_MANAGER, "manager", authority="Newport")
    assert set() == roles_in(engine, "east", reference)
    alarm = [a_notice("immediate-action", role) for role in (Role(role="duty_team"), TEAM_MANAGER)]
    write(engine, a_step(f"{reference}-immediate-1", notices=alarm))
    for office in ("east", "west"):
        found = seen(engine, office, f"{reference}-immediate-1")
        assert {Part.IMMEDIATE_ACTION, Part.PERSON, Part.WHO_RAISED_IT} == found.parts
    assert set() == roles_in(engine, "manager", reference)


def test_a_program_sees_and_says_what_its_roles_may(engine: Engine) -> None:
    """Its token names agency and roles; an operator's names an operator."""
    gwent, ctm = keep(engine), keep_ctm(engine)
    bound = Asker(bound=(Held(LEAD, board="gwent"),))
    assert [gwent] == list(visible(engine, bound, ACCESS))
    operator = Asker(bound=(Held(Role(role=OPERATOR)),))
    assert [{Part.WITHOUT_TEXT_OR_NAMES, Part.STAGES_ONLY}] * 2 == [
        set(found.parts) for found in visible(engine, operator, ACCESS).values()
    ]
    assert {gwent, ctm} == visible(engine, operator, ACCESS).keys()


# --- what opens a case


def test_3_6_gwents_business_unit_sees_text_from_the_request_for_a_review_on(engine: Engine) -> None:
    """Before that the register shows it the case without text; a case that ended before stays so."""
    reference, settled = keep(engine), keep(engine)
    list_as(engine, UNIT, "unit")
    write(engine, a_step(settled, entries=[an_entry()], stage="ended", outcome="resolved"))
    assert [3, 3] == [len(found.parts) for found in visible(engine, asker("unit"), ACCESS).values()]
    write(engine, a_step(reference, 1, entries=[an_entry(stage="review_request")], stage="review_request"))
    write(engine, a_step(reference, 2, entries=[an_entry(stage="ended")], stage="ended", outcome="no_review"))
    assert {reference: 9, settled: 3} == {
        name: len(found.parts) for name, found in visible(engine, asker("unit"), ACCESS).items()
    }


def test_2_the_other_boards_business_unit_sees_it_from_stage_2_on(engine: Engine) -> None:
    """Each board's Business Unit sees its own cases only."""
    gwent, ctm = keep(engine, stage="feedback"), keep_ctm(engine)
    list_as(engine, UNIT, "unit", board=CTM)
    assert {ctm: 3} == {name: len(found.parts) for name, found in visible(engine, asker("unit"), ACCESS).items()}
    write(engine, a_step(ctm, stage="response"))
    assert 9 == len(seen(engine, "unit", ctm).parts)
    with pytest.raises(CaseUnknown):
        seen(engine, "unit", gwent)


def test_the_team_manager_sees_the_case_from_the_first_notice_on(engine: Engine) -> None:
    """Cases of their authority and group: the refusal of a signal, which is mailed too, is no such notice."""
    reference = keep(engine)
    list_as(engine, TEAM_MANAGER, "manager", authority="Newport")
    write(engine, a_step(reference, 1, notices=[a_notice("not-accepted", TEAM_MANAGER)]))
    assert set() == roles_in(engine, "manager", reference)
    write(engine, a_step(reference, 2, notices=[a_notice("opened", TEAM_MANAGER)]))
    assert 9 == len(seen(engine, "manager", reference).parts)


def test_meeting_papers_are_for_whoever_was_invited_or_attended(engine: Engine) -> None:
    """Of those who are at work on the case."""
    reference = keep(engine)
    meeting = MeetingRow(number=1, meeting_at=MONDAY, attended=(LINE_MANAGER,))
    invited = a_notice("meeting-invitation", PRACTITIONER)
    for who in ("practitioner.abuhb", "line-manager.abuhb"):
        assert Part.MEETINGS not in seen(engine, who, reference).parts
    write(engine, a_step(reference, meetings=[meeting], notices=[invited], stage="meeting"))
    for who in ("practitioner.abuhb", "line-manager.abuhb"):
        assert Part.MEETINGS in seen(engine, who, reference).parts


def test_3_8_the_reviewer_sees_the_case_from_the_decision_on(engine: Engine) -> None:
    """An agency that is listed as a possible reviewer and was not asked never does."""
    reference = keep(engine)
    for code in ("TORFAEN", "EDU"):
        list_as(engine, Role(role="reviewer", agency=code), code.lower())
    write(engine, a_step(reference, 1, reviews=[ReviewRow(number=1, requested_at=MONDAY)], stage="decision"))
    assert set() == roles_in(engine, "torfaen", reference)
    decided = ReviewRow(number=1, requested_at=MONDAY, decided_at=MONDAY, review=True, reviewer="TORFAEN")
    write(engine, a_step(reference, 2, reviews=[decided], stage="review"))
    assert ({"reviewer/TORFAEN"}, set()) == tuple(roles_in(engine, code, reference) for code in ("torfaen", "edu"))


def test_3_the_independent_member_of_the_agency_named_sees_the_case(engine: Engine) -> None:
    """With the representative of the agency that reviews; members of other agencies do not."""
    reference = keep_ctm(engine)
    for code in ("SWP", "EDU"):
        list_as(engine, Role(role="independent_member", agency=code), f"member-{code.lower()}", board=CTM)
    list_as(engine, Role(role="representative", agency="PROBATION"), "representative", board=CTM)
    findings = {"panel_member_agency": "SWP"}
    review = ReviewRow(number=1, decided_at=MONDAY, review=True, reviewer="PROBATION", findings=findings)
    write(engine, a_step(reference, reviews=[review], stage="review"))
    names = ("member-swp", "member-edu", "representative")
    assert [True, False, True] == [bool(roles_in(engine, name, reference)) for name in names]


def test_an_agency_that_joins_sees_the_case_with_its_lead(engine: Engine) -> None:
    """From the entry on that adds it."""
    reference = keep(engine)
    list_as(engine, Role(role="safeguarding_lead", agency="EDU"), "lead")
    assert set() == roles_in(engine, "lead", reference)
    joined = an_entry("agency_added", code="accepted", facts={"agency_code": "EDU", "must_respond": False})
    write(engine, a_step(reference, entries=[joined]))
    assert {"safeguarding_lead/EDU"} == roles_in(engine, "lead", reference)


# --- a case that somebody may not see


@pytest.fixture
def queries(engine: Engine) -> Iterator[list[str]]:
    """Every statement that goes to the database."""
    said: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        said.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield said
    event.remove(engine, "before_cursor_execute", note)


def test_a_foreign_case_answers_as_one_that_does_not_exist(engine: Engine, queries: list[str]) -> None:
    """In the same words, after the same queries."""
    foreign = keep_ctm(engine)
    list_as(engine, Role(role="safeguarding_lead", agency="EDU"), "lead", board=CTM)
    answers = []
    for reference in (foreign, foreign.replace("0001", "0002")):
        queries.clear()
        with pytest.raises(CaseUnknown) as refused:
            seen(engine, "lead", reference)
        answers.append((str(refused.value).replace(reference, "CASE"), list(queries)))
    assert answers[0] == answers[1]


def test_an_agency_reaches_the_cases_that_it_takes_part_in_or_reviews(engine: Engine) -> None:
    """A lead of a third agency sees nothing, and who reviews for that agency sees the case once it was asked to."""
    reference = keep(engine)
    for code in ("NEWPORT", "EDU"):
        list_as(engine, Role(role="safeguarding_lead", agency=code), code.lower())
    list_as(engine, Role(role="reviewer", agency="EDU"), "edu")
    assert [[reference], []] == [list(visible(engine, asker(name), ACCESS)) for name in ("newport", "edu")]
    write(engine, a_step(reference, reviews=[ReviewRow(number=1, reviewer="EDU")], stage="review"))
    assert {"reviewer/EDU", "safeguarding_lead/EDU"} == roles_in(engine, "edu", reference)


def test_the_register_takes_as_many_queries_for_many_cases_as_for_one(engine: Engine, queries: list[str]) -> None:
    """Cases are not loaded one by one."""
    list_as(engine, UNIT, "unit")
    counts: list[tuple[int, int]] = []
    for _ in range(2):
        keep(engine, raised_at=MONDAY + timedelta(days=len(counts)))
        queries.clear()
        counts.append((len(visible(engine, asker("unit"), ACCESS)), len(queries)))
    assert [1, 2] == [cases for cases, _ in counts]
    assert counts[0][1] == counts[1][1] <= 9


# --- the report


@pytest.mark.clause("ctm M")
def test_m_the_report_is_for_those_who_stand_in_the_directory_now(engine: Engine) -> None:
    """A successor loaded later takes it over; who is named for one case alone has none."""
    keep(engine, people=(a_person("safeguarding_lead", "ABUHB", email="once@example.invalid"),))
    list_as(engine, UNIT, "before", board=CTM)
    list_as(engine, UNIT, "unit", board=CTM)
    list_as(engine, LEAD, "unit")
    expected = {"before": set(), "unit": {ReportOf(CTM), ReportOf("gwent", "ABUHB")}, "once": set()}
    assert expected == {name: reports(standing_roles(engine, asker(name))) for name in expected}
