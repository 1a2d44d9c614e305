"""The examples are what they say: readable, complete, invented, and reaching nobody."""

import csv
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from examples import today
from protocols.case_file import CaseFile
from protocols.coming_in import Surroundings, read_case_file
from protocols.editions import read_editions
from protocols.gwent import COMING_IN, RULES
from protocols.messages import CONFIRMATION, MESSAGES, CalendarChanged, ImmediateActionConfirmed, Signal, read
from protocols.roles import Role
from records import directory

EXAMPLES = today.HERE
CASES = ("gwent.json", "gwent-adult.json")
SIGNALS = sorted((EXAMPLES / "signals").glob("*.json"))
GWENT = read_editions()["gwent"]
AFTERWARDS = datetime(2025, 7, 1, 9, tzinfo=UTC)

DUTY_TEAMS = {
    ("Blaenau Gwent", "adults"): ["01495 315700"],
    ("Caerphilly", "adults"): ["0808 100 2500"],
    ("Monmouthshire", "adults"): ["01600 773041", "01873 735885", "01291 635666"],
    ("Newport", "adults"): ["01633 656656"],
    ("Torfaen", "adults"): ["01633 647248"],
    ("Blaenau Gwent", "children"): ["01495 315700"],
    ("Caerphilly", "children"): ["0808 100 1727"],
    ("Monmouthshire", "children"): ["01291 635669"],
    ("Newport", "children"): ["01633 656656"],
    ("Torfaen", "children"): ["01633 647249"],
}
"""As the protocol of March 2023 lists them, in its order (Information, Advice and Assistance Service)."""


@cache
def rows(file: str) -> list[dict[str, str]]:
    with (EXAMPLES / file).open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def holders(role: Role, authority: str, group: str) -> list[dict[str, str]]:
    """The rows of people.csv that fit a role, read without the help of the code that is to read them."""
    return [
        row
        for row in rows("people.csv")
        if (row["role"], row["agency"]) == (role.role, role.agency)
        and row["authority"] in ("", authority)
        and row["group"] in ("", group)
        and row["email"]
    ]


def has_number(authority: str, group: str) -> bool:
    return any(row["phone_office_hours"] for row in holders(Role(role="duty_team"), authority, group))


def case_file(name: str) -> CaseFile:
    data = json.loads((EXAMPLES / name).read_text(encoding="utf-8"))
    codes = frozenset(row["code"] for row in rows("agencies.csv"))

    def held(role: Role, authority: str, group: str) -> bool:
        return bool(holders(role, authority, group))

    return read_case_file(data, Surroundings(AFTERWARDS, GWENT, codes, held, has_number), COMING_IN)


def signal_of(file: Path) -> str:
    """`meeting_held.resolved.json` is a `meeting_held`."""
    return file.name.split(".")[0]


def kind_of(name: str) -> type[Signal]:
    return ImmediateActionConfirmed if name == CONFIRMATION else MESSAGES[name]


def strings_in(value: Any) -> Iterator[tuple[str, str]]:
    """Every field of a JSON file that holds a text."""
    if isinstance(value, list):
        value = {str(n): item for n, item in enumerate(value)}
    for field, content in value.items():
        if isinstance(content, str):
            yield field, content
        elif isinstance(content, dict | list):
            yield from strings_in(content)


# --- cases


@pytest.mark.parametrize("name", CASES)
def test_a_case_file_starts_a_case_with_the_directory_that_stands_beside_it(name: str) -> None:
    """Nothing is wrong with it: roles, agencies and duty team are all there."""
    assert "gwent" == case_file(name).protocol


def test_one_case_is_about_a_child_and_one_about_an_adult() -> None:
    """Both kinds are shown, and both have whoever answers for that kind."""
    assert ["children", "adults"] == [case_file(name).group for name in CASES]


def test_the_example_of_today_begins_now_and_keeps_the_order_of_its_dates(tmp_path: Path) -> None:
    """The walk of the README begins with a case that is not overdue."""
    now = datetime(2027, 1, 5, 8, 30, tzinfo=UTC)
    today.write(tmp_path, now)
    data = json.loads((tmp_path / "gwent.json").read_text(encoding="utf-8"))
    assert today.WRITTEN_FOR == case_file("gwent.json").instigated_at.date()
    assert now == datetime.fromisoformat(data["instigated_at"])
    assert datetime.fromisoformat(data["duty_to_report"]["submitted_at"]) < now
    assert "2016-05-09" == data["subject"]["date_of_birth"]
    arranged = json.loads((tmp_path / "signals" / "meeting_arranged.json").read_text(encoding="utf-8"))
    assert now + timedelta(minutes=1) == datetime.fromisoformat(arranged["meeting_at"])


# --- the directory


def test_the_directory_loads_and_loading_it_again_changes_nothing(engine: Engine) -> None:
    """The files are as `docs/files.md` says."""
    people, agencies, meetings = (EXAMPLES / f"{name}.csv" for name in ("people", "agencies", "meetings"))
    assert len(rows("agencies.csv")) == directory.load_agencies(engine, agencies).changed
    assert len(rows("people.csv")) == directory.load_people(engine, people, read_editions()).changed
    assert len(rows("meetings.csv")) == directory.load_meetings(engine, meetings, datetime.now(UTC)).changed
    assert 0 == directory.load_people(engine, people, read_editions()).changed


def test_duty_teams_have_the_numbers_of_the_protocol() -> None:
    """In its order, the three offices of Monmouthshire for adults included."""
    for (authority, group), numbers in DUTY_TEAMS.items():
        listed = holders(Role(role="duty_team"), authority, group)
        assert numbers == [row["phone_office_hours"] for row in listed], (authority, group)


def test_no_number_for_the_night_is_made_up() -> None:
    """Decision 13: the protocol names none, and a wrong number is worse than none."""
    assert {""} == {row["phone_out_of_hours"] for row in rows("people.csv")}


@pytest.mark.parametrize("group", ["children", "adults"])
def test_every_role_of_gwent_is_held_for_newport(group: str) -> None:
    """The Chair is the Team Manager until somebody else is named."""
    vacant = [
        role
        for role, title in GWENT.roles.items()
        if title.of != "case"
        and not holders(Role(role=role, agency="NEWPORT" if title.of == "agency" else ""), "Newport", group)
    ]
    assert [] == vacant


@pytest.mark.parametrize("group", ["children", "adults"])
@pytest.mark.parametrize("authority", GWENT.authorities)
def test_every_authority_has_its_managers_and_its_duty_team(authority: str, group: str) -> None:
    """For children and for adults."""
    for role, title in GWENT.roles.items():
        if title.of in ("authority", "board"):
            assert holders(Role(role=role), authority, group), role


def test_every_agency_has_a_safeguarding_lead_and_the_directory_knows_every_agency() -> None:
    """The decision of 3.8 goes to the safeguarding lead of each agency."""
    codes = {row["code"] for row in rows("agencies.csv")}
    assert codes == {row["agency"] for row in rows("people.csv") if row["role"] == "safeguarding_lead"}
    assert codes | {""} >= {row["agency"] for row in rows("people.csv")}


def test_languages_and_deputies_are_mixed() -> None:
    """Welsh first, English first, and not known; some roles have a deputy, some have none."""
    assert {"cy", "en", ""} == {row["language"] for row in rows("people.csv")}
    assert {True, False} == {bool(row["deputy_email"]) for row in rows("people.csv")}


# --- nobody is reached


@pytest.mark.parametrize(
    "file", [f for f in EXAMPLES.rglob("*") if f.suffix in (".csv", ".json")], ids=lambda f: f.name
)
def test_no_address_is_outside_invalid(file: Path) -> None:
    """The mailboxes in the protocol are real, and get no mail from us."""
    text = file.read_text(encoding="utf-8")
    assert [] == [found for found in re.findall(r"[^\s\",]+@[^\s\",]+", text) if not found.endswith(".invalid")]


def test_telephone_numbers_of_invented_people_are_of_the_ranges_kept_for_drama() -> None:
    """Ofcom: 01632 960000 to 960999, and 07700 900000 to 900999."""
    listed = [row["phone"] for row in rows("people.csv") if row["phone"]]
    for file in (EXAMPLES / name for name in (*CASES, *(f"signals/{s.name}" for s in SIGNALS))):
        fields = strings_in(json.loads(file.read_text(encoding="utf-8")))
        listed += [text for field, text in fields if field == "phone"]
    assert [] == [phone for phone in listed if not re.fullmatch(r"01632 960\d{3}|07700 900\d{3}", phone)]


# --- what is said


@pytest.mark.parametrize("file", SIGNALS, ids=lambda file: file.stem)
def test_a_data_file_holds_all_that_its_signal_must_carry(file: Path) -> None:
    """Split into facts and free text as the door does it, it is complete for the role that says it."""
    name, data = signal_of(file), json.loads(file.read_text(encoding="utf-8"))
    facts = {field: value for field, value in data.items() if field in kind_of(name).model_fields}
    text = data.keys() - facts.keys()
    said = read(name, json.dumps(facts | {"by": "somebody"} | ({"record": "text"} if text else {})), AFTERWARDS)
    assert () == said.missing
    assert said.signal is not None, "it holds something that is not understood"
    wanted = [set(row.requires) for row in RULES.says if row.signal is kind_of(name)]
    assert name == CONFIRMATION or any(required <= facts.keys() | {"record"} for required in wanted)


def test_every_signal_of_gwent_that_carries_something_has_an_example() -> None:
    """What doors send by themselves aside."""
    own = {
        row.signal for row in RULES.says if row.requires or row.signal.model_fields.keys() - Signal.model_fields.keys()
    }
    carrying = {name for name, kind in MESSAGES.items() if kind in own - {CalendarChanged}}
    assert carrying | {CONFIRMATION} <= {signal_of(file) for file in SIGNALS}
