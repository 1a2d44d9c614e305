"""The examples are what they say: readable, complete, invented, and reaching nobody."""

import csv
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from examples import today
from protocols.case_file import CaseFile
from protocols.coming_in import Surroundings, read_case_file
from protocols.editions import read_editions
from protocols.messages import CONFIRMATION, MESSAGES, CalendarChanged, ImmediateActionConfirmed, Signal, read
from protocols.roles import Role
from records import directory
from starter import cli_parts, up
from workflows.registry import PROTOCOLS

EXAMPLES = today.HERE
GWENT, CTM = "gwent", "cwm-taf-morgannwg"
EDITIONS = read_editions()
CASES = ("gwent.json", "gwent-adult.json", "cwm-taf-morgannwg.json", "cwm-taf-morgannwg-adult.json")
SIGNALS = sorted((EXAMPLES / "signals").glob("*/*.json"))
AFTERWARDS = datetime(2025, 7, 1, 9, tzinfo=UTC)
DRAMA = r"01632 960\d{3}|07700 900\d{3}"
"""The telephone numbers that Ofcom keeps for drama: 01632 960000 to 960999, and 07700 900000 to 900999."""

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
"""As Gwent's protocol of March 2023 lists them, in its order (Information, Advice and Assistance Service)."""


@cache
def rows(file: str) -> list[dict[str, str]]:
    with (EXAMPLES / file).open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def holders(board: str, role: Role, authority: str, group: str) -> list[dict[str, str]]:
    """The rows of people.csv that fit a role, read without the help of the code that is to read them."""
    return [
        row
        for row in rows("people.csv")
        if (row["board"], row["role"], row["agency"]) == (board, role.role, role.agency)
        and row["authority"] in ("", authority)
        and row["group"] in ("", group)
        and row["email"]
    ]


def agencies_of(board: str, role: str) -> set[str]:
    """The agencies that hold a role for this board."""
    return {row["agency"] for row in rows("people.csv") if (row["board"], row["role"]) == (board, role)}


def content(name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((EXAMPLES / name).read_text(encoding="utf-8"))
    return data


def case_file(name: str) -> CaseFile:
    data = content(name)
    board = data["protocol"]
    codes = frozenset(row["code"] for row in rows("agencies.csv"))

    def held(role: Role, authority: str, group: str) -> bool:
        return bool(holders(board, role, authority, group))

    def has_number(authority: str, group: str) -> bool:
        return any(team["phone_office_hours"] for team in holders(board, Role(role="duty_team"), authority, group))

    around = Surroundings(AFTERWARDS, EDITIONS[board], codes, held, has_number)
    return read_case_file(data, around, PROTOCOLS[board].coming_in)


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
    assert name.startswith(case_file(name).protocol)


def test_each_protocol_has_a_case_about_a_child_and_one_about_an_adult() -> None:
    """Both kinds are shown, and both have whoever answers for that kind."""
    shown = [(case_file(name).protocol, case_file(name).group) for name in CASES]
    assert list(product(PROTOCOLS, ("children", "adults"))) == shown


def test_one_case_begins_at_stage_3_and_says_why() -> None:
    """With its grounds, and with a procedure that is missing, of which whoever raises it is told."""
    begins = {name: case_file(name).start_at_stage for name in CASES}
    assert {"cwm-taf-morgannwg-adult.json": 3} == {name: stage for name, stage in begins.items() if stage != 1}
    critical = case_file("cwm-taf-morgannwg-adult.json")
    assert critical.start_reason
    assert {"death_or_serious_harm", "senior_coordination"} == set(critical.stage_3_grounds)
    assert critical.screening.procedure_missing


@pytest.mark.parametrize("protocol", today.PROTOCOLS)
def test_the_example_of_today_begins_now_and_keeps_the_order_of_its_dates(protocol: str, tmp_path: Path) -> None:
    """The walks of the README begin with a case that is not overdue."""
    now = datetime(2027, 1, 5, 8, 30, tzinfo=UTC)
    today.write(tmp_path, now)
    before, data = content(f"{protocol}.json"), json.loads((tmp_path / f"{protocol}.json").read_text(encoding="utf-8"))
    assert now == datetime.fromisoformat(data["instigated_at"])
    attempts = [datetime.fromisoformat(case["informal_attempt"]["at"]) for case in (before, data)]
    days = now.date() - datetime.fromisoformat(before["instigated_at"]).date()
    assert attempts[0] + days == attempts[1] < now
    assert before["subject"] == data["subject"], "nobody is born on another day"


def test_what_is_said_today_is_of_today(tmp_path: Path) -> None:
    """A meeting is arranged for a minute from now, a decision was made now, the Duty to Report lies before the case."""
    now = datetime(2027, 1, 5, 8, 30, tzinfo=UTC)
    today.write(tmp_path, now)

    def written(name: str, *fields: str) -> datetime:
        value = json.loads((tmp_path / name).read_text(encoding="utf-8"))
        for field in fields:
            value = value[field]
        return datetime.fromisoformat(value)

    assert now + timedelta(minutes=1) == written("signals/gwent/meeting_arranged.json", "meeting_at")
    assert now == written("signals/cwm-taf-morgannwg/review_decided.json", "decided_at")
    assert written("gwent.json", "duty_to_report", "submitted_at") < now
    copied = {file.relative_to(tmp_path).as_posix() for file in (tmp_path / "signals").rglob("*.json")}
    assert {file.relative_to(EXAMPLES).as_posix() for file in SIGNALS} == copied


@pytest.mark.parametrize("group", ["qa_children", "qa_adults", "board"])
def test_the_calendar_of_today_has_a_meeting_of_each_group_in_a_minute(
    group: str, engine: Engine, tmp_path: Path
) -> None:
    """Written and loaded once more it has a further meeting, and the one that took place stays where it was."""
    minute, first, second = timedelta(minutes=1), *(datetime(2027, 1, 5, hour, tzinfo=UTC) for hour in (8, 9))
    for now in (first, second):
        today.write(tmp_path, now)
        assert 3 == directory.load_meetings(engine, tmp_path / "meetings.csv", now, EDITIONS).changed
    planned = [meeting.starts_at for meeting in directory.meetings(engine, CTM, group)]
    assert [first + minute, second + minute] == planned


def test_what_up_suggests_is_what_the_examples_of_today_write(tmp_path: Path) -> None:
    """A reader of the first lines of `make run` finds these files."""
    today.write(tmp_path / ".datrys" / "today", datetime.now(UTC))
    suggested = [match[1] for words in up.NEXT if (match := re.match(r"raise (\S+)", words))]
    assert {f".datrys/today/{protocol}.json" for protocol in PROTOCOLS} == set(suggested)
    assert [] == [file for file in suggested if not (tmp_path / file).exists()]


# --- the directory


def test_the_directory_loads_and_loading_it_again_changes_nothing(engine: Engine) -> None:
    """The files are as `docs/files.md` says."""
    people, agencies, meetings = (EXAMPLES / f"{name}.csv" for name in ("people", "agencies", "meetings"))
    now = datetime.now(UTC)
    loaded = [
        directory.load_agencies(engine, agencies).changed,
        directory.load_people(engine, people, EDITIONS).changed,
        directory.load_meetings(engine, meetings, now, EDITIONS).changed,
    ]
    assert [len(rows(f"{name}.csv")) for name in ("agencies", "people", "meetings")] == loaded
    assert 0 == directory.load_people(engine, people, EDITIONS).changed
    assert 0 == directory.load_meetings(engine, meetings, now, EDITIONS).changed


def test_the_first_start_loads_the_directory_and_the_second_nothing(
    engine: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`datrys up` says in words what it loaded."""
    monkeypatch.setenv("DATRYS_DATABASE_URL", database_url)
    said = cli_parts.first_load()
    assert said
    assert f"{len(rows('agencies.csv'))} agencies and {len(rows('people.csv'))} people" in said
    assert cli_parts.first_load() is None


def test_duty_teams_have_the_numbers_of_the_protocol() -> None:
    """In its order, the three offices of Monmouthshire for adults included."""
    for (authority, group), numbers in DUTY_TEAMS.items():
        listed = holders(GWENT, Role(role="duty_team"), authority, group)
        assert numbers == [row["phone_office_hours"] for row in listed], (authority, group)


def test_where_the_protocol_names_no_duty_team_the_number_is_invented() -> None:
    """Cwm Taf Morgannwg: of the range kept for drama, where nobody answers, as docs/files.md says."""
    teams = [row for row in rows("people.csv") if (row["board"], row["role"]) == (CTM, "duty_team")]
    assert len(EDITIONS[CTM].authorities) * 2 == len(teams) == len({team["phone_office_hours"] for team in teams})
    assert [] == [team for team in teams if not re.fullmatch(DRAMA, team["phone_office_hours"])]


def test_no_number_for_the_night_is_made_up() -> None:
    """Decision 13: the protocols name none, and a wrong number is worse than none."""
    assert {""} == {row["phone_out_of_hours"] for row in rows("people.csv")}


def test_every_row_is_of_a_role_that_its_protocol_has() -> None:
    """And every role has a row for somebody, whom only a case names aside."""
    listed = {(row["board"], row["role"]) for row in rows("people.csv")}
    known = {(board, role) for board, edition in EDITIONS.items() for role in edition.roles}
    assert set() == listed - known
    assert {(CTM, "professional"), (CTM, "manager")} == known - listed


@pytest.mark.parametrize("group", ["children", "adults"])
def test_every_role_of_gwent_is_held_for_newport(group: str) -> None:
    """The Chair is the Team Manager until somebody else is named."""
    vacant = [
        role
        for role, title in EDITIONS[GWENT].roles.items()
        if title.of != "case"
        and not holders(GWENT, Role(role=role, agency="NEWPORT" if title.of == "agency" else ""), "Newport", group)
    ]
    assert [] == vacant


@pytest.mark.parametrize("group", ["children", "adults"])
@pytest.mark.parametrize(
    ("board", "authority"), [(board, name) for board, edition in EDITIONS.items() for name in edition.authorities]
)
def test_every_authority_has_its_managers_and_its_duty_team(board: str, authority: str, group: str) -> None:
    """For children and for adults, and so has the board."""
    for role, title in EDITIONS[board].roles.items():
        if title.of in ("authority", "board"):
            assert holders(board, Role(role=role), authority, group), role


def test_every_agency_has_a_safeguarding_lead_and_the_directory_knows_every_agency() -> None:
    """The decision of 3.8 goes to the safeguarding lead of each agency; 3, to the representative of each agency."""
    codes = {row["code"] for row in rows("agencies.csv")}
    assert codes == agencies_of(GWENT, "safeguarding_lead") | agencies_of(CTM, "safeguarding_lead")
    assert agencies_of(CTM, "representative") == agencies_of(CTM, "safeguarding_lead")
    assert codes | {""} >= {row["agency"] for row in rows("people.csv")}


def test_languages_and_deputies_are_mixed() -> None:
    """Welsh first, English first, and not known; some roles have a deputy, some have none."""
    for board in EDITIONS:
        listed = [row for row in rows("people.csv") if row["board"] == board]
        assert {"cy", "en", ""} == {row["language"] for row in listed}
        assert {True, False} == {bool(row["deputy_email"]) for row in listed}


@pytest.mark.parametrize("group", ["qa_children", "qa_adults", "board"])
def test_the_calendar_has_meetings_of_each_group_for_a_year(group: str) -> None:
    """Papers are due before a meeting or not said to be; one of the calendar is cancelled."""
    planned = [
        row for row in rows("meetings.csv") if (row["board"], row["group"], row["status"]) == (CTM, group, "planned")
    ]
    assert 4 <= len(planned)
    assert {True, False} == {bool(row["papers_due"]) for row in planned}
    assert [] == [row for row in planned if row["papers_due"] > row["starts_at"]]
    assert sorted(planned, key=lambda row: row["starts_at"]) == planned
    assert (CTM, "cancelled") in {(row["board"], row["status"]) for row in rows("meetings.csv")}


# --- nobody is reached


@pytest.mark.parametrize(
    "file", [f for f in EXAMPLES.rglob("*") if f.suffix in (".csv", ".json")], ids=lambda f: f.name
)
def test_no_address_is_outside_invalid(file: Path) -> None:
    """The mailboxes in the protocol are real, and get no mail from us."""
    text = file.read_text(encoding="utf-8")
    assert [] == [found for found in re.findall(r"[^\s\",]+@[^\s\",]+", text) if not found.endswith(".invalid")]


def test_telephone_numbers_of_invented_people_are_of_the_ranges_kept_for_drama() -> None:
    """In the directory, in the cases, and in what is said."""
    listed = [row["phone"] for row in rows("people.csv") if row["phone"]]
    for file in (*(EXAMPLES / name for name in CASES), *SIGNALS):
        fields = strings_in(json.loads(file.read_text(encoding="utf-8")))
        listed += [text for field, text in fields if field == "phone"]
    assert [] == [phone for phone in listed if not re.fullmatch(DRAMA, phone)]


def test_no_two_people_share_a_number_or_an_address() -> None:
    """Who holds roles for both boards aside: then it is the same person."""
    for field in ("phone", "email"):
        holds = {(row[field], row["name"]) for row in rows("people.csv") if row[field]}
        assert len(holds) == len({value for value, _ in holds}), field


# --- what is said


def is_complete(protocol: str, name: str, facts: dict[str, Any], has_text: bool) -> bool:
    """Whether these facts are all that one row of the table of who says what wants."""
    carried = facts.keys() | ({"record"} if has_text else set())
    wanted = [set(row.requires) for row in PROTOCOLS[protocol].workflow.rules.says if row.signal is kind_of(name)]
    return any(required <= carried for required in wanted)


@pytest.mark.parametrize("file", SIGNALS, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_a_data_file_holds_all_that_its_signal_must_carry(file: Path) -> None:
    """Split into facts and free text as the door does it, it is complete for the role that says it."""
    name, data = signal_of(file), json.loads(file.read_text(encoding="utf-8"))
    facts = {field: value for field, value in data.items() if field in kind_of(name).model_fields}
    text = bool(data.keys() - facts.keys())
    said_by = facts | {"by": "somebody", "agency": "SOME"}  # said with --by and --agency
    said = read(name, json.dumps(said_by | ({"record": "text"} if text else {})), AFTERWARDS)
    assert () == said.missing
    assert said.signal is not None, "it holds something that is not understood"
    assert name == CONFIRMATION or is_complete(file.parent.name, name, said_by, text)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_signal_that_carries_something_has_an_example(protocol: str) -> None:
    """Of each protocol; what doors send by themselves aside."""
    says = PROTOCOLS[protocol].workflow.rules.says
    own = {row.signal for row in says if row.requires or row.signal.model_fields.keys() - Signal.model_fields.keys()}
    carrying = {name for name, kind in MESSAGES.items() if kind in own - {CalendarChanged}}
    shown = {signal_of(file) for file in SIGNALS if file.parent.name == protocol}
    assert carrying | {CONFIRMATION} <= shown
    assert shown <= {name for name, kind in MESSAGES.items() if kind in {row.signal for row in says}} | {CONFIRMATION}
