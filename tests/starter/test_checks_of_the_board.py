"""`datrys check` knows what a board still has to load: from its edition, whatever the protocol."""

from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, update

from protocols.editions import Edition, read_editions
from records.database import writing
from records.models import DirectoryPerson
from starter.checks import board
from tests.people import COLUMNS
from tests.starter.script import datrys

NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
AGENCIES = ("HEALTH", "POLICE")
EDITIONS = read_editions()
NAMES = list(EDITIONS)


def of_all(edition: Edition) -> str:
    """Somebody for every role, at agencies, authorities and the board; one for children and adults."""
    held = [
        *((role, code, "") for (role, title), code in product(edition.roles.items(), AGENCIES) if "agency" in title.of),
        *(
            (role, "", authority)
            for (role, title), authority in product(edition.roles.items(), edition.authorities)
            if title.of == "authority"
        ),
        *((role, "", "") for role, title in edition.roles.items() if title.of == "board"),
    ]
    rows = [COLUMNS]
    for number, (role, agency, authority) in enumerate(held):
        address = f"{role}.{number}@example.invalid".replace("_", "-")
        numbers = "01632 960001,01632 960999"
        name = f"person-{number},{edition.protocol},{role},{agency},{authority},,Name {number},{address}"
        rows.append(f"{name},,,,,{numbers}")
    return "\n".join(rows) + "\n"


@pytest.fixture(params=NAMES)
def edition(request: pytest.FixtureRequest, alone: Engine, tmp_path: Path) -> Edition:
    """One board, whose directory is complete."""
    edition = EDITIONS[request.param]
    agencies = "code,name_en,name_cy,kind\n" + "".join(f"{code},{code},{code},agency\n" for code in AGENCIES)
    for name, text in (("agencies", agencies), ("people", of_all(edition))):
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
        said = datrys(name, "import", tmp_path / f"{name}.csv")
        assert 0 == said.code, said
    return edition


def lines(edition: Edition, records: Engine) -> list[str]:
    """What is said of the directory beyond that people are loaded."""
    first, *others = map(str, board.roles(records, {edition.protocol: edition}))
    assert first.startswith("ok       directory: ")
    return others


def vacate(records: Engine, **who: str) -> None:
    with writing(records) as session:
        session.execute(update(DirectoryPerson).filter_by(**who).values(email=""))


def test_a_complete_directory_is_complete(edition: Edition, alone: Engine) -> None:
    """Whoever acts for an agency is named by the case file, and not asked for."""
    assert [] == lines(edition, alone)
    vacate(alone, role=next(role for role, title in edition.roles.items() if title.of.endswith("agency")))
    assert [] == lines(edition, alone)


def test_a_role_of_the_board_that_nobody_holds(edition: Edition, alone: Engine) -> None:
    """One line for each of them."""
    ours = [role for role, title in edition.roles.items() if title.of == "board"]
    for role in ours:
        vacate(alone, role=role)
    who = f"of {edition.protocol}: load a row with datrys people import"
    assert [f"warning  directory: nobody with an address holds {role} {who}" for role in ours] == lines(edition, alone)


def test_a_role_of_an_agency_that_oversees_a_clock(edition: Edition, alone: Engine) -> None:
    """It is asked of each agency that the directory names for this board; a deputy's address is enough."""
    vacate(alone, role="safeguarding_lead", agency="POLICE")
    who = f"safeguarding_lead of {edition.protocol} for POLICE: load a row with datrys people import"
    assert [f"warning  directory: nobody with an address holds {who}"] == lines(edition, alone)
    with writing(alone) as session:
        session.execute(
            update(DirectoryPerson)
            .filter_by(role="safeguarding_lead", agency="POLICE")
            .values(deputy_name="Deputy", deputy_email="deputy@example.invalid")
        )
    assert [] == lines(edition, alone)


@pytest.mark.parametrize("edition", ["gwent"], indirect=True)
def test_a_role_of_an_authority_for_children_or_adults(edition: Edition, alone: Engine) -> None:
    """The places are named, with the group where only one of them is missing."""
    vacate(alone, role="team_manager", authority="Torfaen")
    with writing(alone) as session:
        session.execute(
            update(DirectoryPerson).filter_by(role="team_manager", authority="Newport").values(group="children")
        )
    who = "team_manager of gwent for Newport (adults), Torfaen: load a row with datrys people import"
    assert [f"warning  directory: nobody with an address holds {who}"] == lines(edition, alone)


def test_a_board_that_loaded_nobody_is_one_line(edition: Edition, alone: Engine) -> None:
    """Not one for each role and meeting."""
    with writing(alone) as session:
        session.execute(delete(DirectoryPerson))
    editions = {edition.protocol: edition}
    (line,) = map(str, board.roles(alone, editions))
    words = f"nobody of {edition.protocol} is loaded, and none of its cases can be started"
    assert f"warning  directory: {words}: datrys agencies import, then datrys people import" == line
    assert [] == list(board.meetings(alone, editions, NOW))


def test_a_meeting_that_a_clock_waits_for_is_planned(edition: Edition, alone: Engine, tmp_path: Path) -> None:
    """A group a line, for children and for adults where the edition says so; past and cancelled ones do not count."""
    named = [rule.meeting for rule in edition.clocks.values() if rule.meeting]
    groups = [group for group in ("qa_children", "qa_adults", "board") if group.partition("_")[0] in str(named)]
    editions, protocol = {edition.protocol: edition}, edition.protocol
    assert [
        f"warning  meetings: none of {group} of {protocol} is planned, so that clocks have no due time:"
        " load it with datrys meetings import"
        for group in groups
    ] == list(map(str, board.meetings(alone, editions, NOW)))
    rows = ["id,board,group,starts_at,papers_due,status"]
    for group in groups:
        for days, status in ((-1, "planned"), (1, "cancelled"), (2, "planned")):
            rows.append(f"{group}-{days},{protocol},{group},{(NOW + timedelta(days)).isoformat()},,{status}")
    (tmp_path / "meetings.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    assert 0 == datrys("meetings", "import", tmp_path / "meetings.csv").code
    assert [f"ok       meetings: {group} of {protocol} meets next on 2026-06-03" for group in groups] == list(
        map(str, board.meetings(alone, editions, NOW))
    )
