"""Who holds a role, now and at a moment."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from protocols.mail import DutyTeam
from protocols.roles import Role
from records import directory
from records.database import writing
from records.people import name_for
from records.private import holders_of
from tests.records.making import CHAIR, LINE_MANAGER, MONDAY, TEAM_MANAGER, a_person, keep, list_person

DUTY_TEAM = Role(role="duty_team")


@pytest.fixture
def reference(engine: Engine) -> str:
    """A case of Newport about a child."""
    return keep(engine)


def holds(engine: Engine, reference: str, role: Role) -> list[str]:
    return [holder.name for holder in holders_of(engine, reference, role)]


def list_as(engine: Engine, role: str, name: str, agency: str = "", **more: str) -> None:
    list_person(engine, a_person(role, agency, name=name), id=name, **more)


def test_whom_the_case_names_comes_before_the_directory(engine: Engine, reference: str) -> None:
    """A case may name another holder."""
    list_as(engine, "line_manager", "Listed", "ABUHB")
    assert ["Line_Manager"] == holds(engine, reference, LINE_MANAGER)


def test_nobody_holds_what_nobody_is_named_for(engine: Engine, reference: str) -> None:
    """A vacant role is no error here."""
    assert [] == holds(engine, reference, TEAM_MANAGER)


def test_the_authority_and_group_of_the_case_decide(engine: Engine, reference: str) -> None:
    """Another authority's, or the adults' Team Manager, is not this case's; children's comes before both's."""
    list_as(engine, "team_manager", "Children", authority="Newport", group="children")
    list_as(engine, "team_manager", "Both", authority="Newport")
    list_as(engine, "team_manager", "Adults", authority="Newport", group="adults")
    list_as(engine, "team_manager", "Torfaen", authority="Torfaen")
    assert ["Children"] == holds(engine, reference, TEAM_MANAGER)


def test_of_two_the_one_loaded_last_holds_the_role(engine: Engine, reference: str) -> None:
    """A successor under an id of their own takes over with the next load."""
    list_as(engine, "team_manager", "Zoe", authority="Newport")
    list_as(engine, "team_manager", "Adam", authority="Newport")
    assert ["Adam"] == holds(engine, reference, TEAM_MANAGER)


def test_a_role_of_each_agency_is_looked_up_by_its_agency(engine: Engine, reference: str) -> None:
    """A role held once in a case may be held by somebody of any agency."""
    list_as(engine, "safeguarding_lead", "Police", "GWENTPOLICE")
    list_as(engine, "safeguarding_lead", "Health", "ABUHB")
    list_as(engine, "business_unit", "Unit", "NEWPORT")
    assert ["Health"] == holds(engine, reference, Role(role="safeguarding_lead", agency="ABUHB"))
    assert ["Unit"] == holds(engine, reference, Role(role="business_unit"))


def test_3_4_the_chair_is_the_team_manager_until_somebody_is_named(engine: Engine, reference: str) -> None:
    """Whoever stands in the directory as a chair is but somebody who may be named."""
    list_as(engine, "team_manager", "Manager", authority="Newport")
    list_as(engine, "chair", "Possible", "GWENTPOLICE")
    assert ["Manager"] == holds(engine, reference, CHAIR)


def test_another_board_s_people_hold_nothing_here(engine: Engine, reference: str) -> None:
    """Both boards have a Business Unit."""
    list_as(engine, "business_unit", "Theirs", board="cwm-taf-morgannwg")
    assert [] == holds(engine, reference, Role(role="business_unit"))


def test_a_duty_team_with_several_offices_is_all_of_them(engine: Engine, reference: str) -> None:
    """Monmouthshire has three for adults: nobody knows which one is nearest."""
    for name in ("Abergavenny", "Chepstow"):
        list_as(
            engine, "duty_team", name, authority="Newport", phone_office_hours=f"01 {name}", phone_out_of_hours="0800"
        )
    assert ["Abergavenny", "Chepstow"] == holds(engine, reference, DUTY_TEAM)
    assert (
        DutyTeam(office="Abergavenny", office_hours="01 Abergavenny", out_of_hours="0800"),
        DutyTeam(office="Chepstow", office_hours="01 Chepstow", out_of_hours="0800"),
    ) == directory.duty_teams(engine, "gwent", "Newport", "children")


def test_the_only_office_of_a_duty_team_needs_no_name(engine: Engine) -> None:
    """With one telephone number at least it can be rung."""
    list_as(engine, "duty_team", "Newport", authority="Newport")
    assert not directory.duty_team_has_number(engine, "gwent", "Newport", "children")
    list_as(engine, "duty_team", "New", authority="Newport", group="children", phone_office_hours="01")
    assert (DutyTeam(office_hours="01", out_of_hours=""),) == directory.duty_teams(
        engine, "gwent", "Newport", "children"
    )


def test_a_case_file_asks_the_directory_whether_a_role_is_held(engine: Engine) -> None:
    """Somebody without an address, and without a deputy, does not hold it."""
    list_person(engine, a_person("team_manager", email=""), authority="Newport")
    assert not directory.is_held(engine, "gwent", TEAM_MANAGER, "Newport", "children")
    list_person(
        engine, a_person("team_manager", email="", deputy_email="d@example.invalid"), id="2", authority="Newport"
    )
    assert directory.is_held(engine, "gwent", TEAM_MANAGER, "Newport", "children")


def test_who_held_a_role_at_a_moment_is_whom_the_case_named_by_then(engine: Engine, reference: str) -> None:
    """What is said later about who holds it changes nothing of what was said before."""
    later = MONDAY + timedelta(days=1)
    with writing(engine) as session:
        name_for(session, reference, a_person("line_manager", "ABUHB", name="Successor"), later)
    assert ["Line_Manager"] == [holder.name for holder in holders_of(engine, reference, LINE_MANAGER, MONDAY)]
    assert ["Successor"] == [holder.name for holder in holders_of(engine, reference, LINE_MANAGER, later)]
    assert ["Successor"] == holds(engine, reference, LINE_MANAGER)
