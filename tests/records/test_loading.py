"""What a board loads: a file is loaded whole or not at all, and every fault in it is said."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from protocols.editions import read_editions
from protocols.errors import BadFile
from records import directory
from records.directory import GroupLoaded, Loaded, MeetingsLoaded
from tests.records.making import MONDAY

AGENCIES = "code,name_en,name_cy,kind\nABUHB,Aneurin Bevan,Aneurin Bevan,health\nNEWPORT,Newport,Casnewydd,authority\n"
PEOPLE = "id,board,role,agency,authority,group,name,email,phone,language,deputy_name,deputy_email"
MEETINGS = "id,board,group,starts_at,papers_due,status"
ROW = "p1,gwent,team_manager,,Newport,children,Test Manager,tm@example.invalid,01632 960000,cy,,"
MEETING = "m1,gwent,qa_children,2026-04-01T10:00:00+01:00,2026-03-25T09:00:00+00:00,planned"

Write = Callable[..., Path]


@pytest.fixture
def file(tmp_path: Path) -> Write:
    """Writes a file of lines."""

    def write(*lines: str, name: str = "file.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes("\r\n".join(lines).encode(encoding))
        return path

    return write


def faults(load: Callable[[], object]) -> list[str]:
    with pytest.raises(BadFile) as fault:
        load()
    return list(fault.value.lines)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_agencies_are_loaded_with_or_without_a_byte_order_mark(engine: Engine, file: Write, encoding: str) -> None:
    """Spreadsheets write one; Welsh names keep their accents."""
    rows = ("code,name_en,name_cy,kind", "RCT,Rhondda,Rhondda â ŵ,authority", "")
    assert Loaded(1, 1) == directory.load_agencies(engine, file(*rows, encoding=encoding))
    assert "Rhondda â ŵ" == directory.agencies(engine)["RCT"].name_cy


def test_the_same_code_again_is_a_change_and_rows_not_named_stay(engine: Engine, file: Write) -> None:
    """Nothing is taken away by a shorter file."""
    directory.load_agencies(engine, file(AGENCIES))
    again = file("code,name_en,name_cy,kind", "NEWPORT,Newport City Council,Cyngor Casnewydd,authority")
    assert Loaded(1, 1) == directory.load_agencies(engine, again)
    assert Loaded(1, 0) == directory.load_agencies(engine, again)
    assert ["Aneurin Bevan", "Newport City Council"] == [a.name_en for a in directory.agencies(engine).values()]
    assert {"ABUHB", "NEWPORT"} == directory.agency_codes(engine)


def test_people_are_loaded_and_changed(engine: Engine, file: Write) -> None:
    """The columns of a duty team's telephones may be left out."""
    assert Loaded(1, 1) == directory.load_people(engine, file(PEOPLE, ROW), read_editions())
    duty = "p1,gwent,duty_team,,Newport,,Duty Team,,,,,,01632 960001,01632 960002"
    assert Loaded(1, 1) == directory.load_people(engine, file(f"{PEOPLE},phone_office_hours,phone_out_of_hours", duty))
    assert [("duty_team", "", "01632 960002")] == [
        (p.role, p.email, p.phone_out_of_hours) for p in directory.people(engine, "gwent")
    ]


def test_every_fault_is_named_with_row_and_column_and_nothing_is_loaded(engine: Engine, file: Write) -> None:
    """A board mends its file once, not once a fault; no cell is repeated, since it may hold a name."""
    rows = [
        PEOPLE,
        ROW,
        "p2,gwent,team_manager,,Newport,childen,Test,no address,,welsh,,",
        "p3,gwent,team manager,,,,Test,,,,,",
        "p4,gwent,team_manager",
        ROW,
        "p5,gwemt,team_manager,NOWHERE,,,Test,,,,,",
        "p6,gwent,team_manager,,Swansea,,Test,,,,,",
    ]
    said = faults(lambda: directory.load_people(engine, file(*rows), read_editions()))
    assert [
        "file.csv, row 3, column group",
        "file.csv, row 3, column email",
        "file.csv, row 3, column language",
        "file.csv, row 4, column role",
        "file.csv, row 5",
        "file.csv, row 6",
        "file.csv, row 7, column board",
        "file.csv, row 7, column agency",
        "file.csv, row 8, column authority",
    ] == [line.partition(":")[0] for line in said]
    assert "childen" not in "".join(said)
    assert [] == directory.people(engine)


def test_columns_that_are_missing_or_unknown_are_named(engine: Engine, file: Write) -> None:
    """A misspelt heading would leave a column empty without a word."""
    said = faults(lambda: directory.load_agencies(engine, file("code,name_en,name_cym,kind,code", "A,B,C,D,E")))
    assert ["column name_cy: is missing", "column code: is there twice", "column name_cym: is not known"] == [
        line.removeprefix("file.csv, row 1, ").partition(".")[0] for line in dict.fromkeys(said)
    ]


@pytest.mark.parametrize("content", [b"\xff\xfe,\x00", b'code,name_en,name_cy,kind\n"A,B', b""])
def test_what_is_no_csv_file_is_said_to_be_none(engine: Engine, tmp_path: Path, content: bytes) -> None:
    """Not a traceback."""
    (tmp_path / "x.csv").write_bytes(content)
    assert faults(lambda: directory.load_agencies(engine, tmp_path / "x.csv"))
    assert faults(lambda: directory.load_agencies(engine, tmp_path / "none.csv"))


def test_a_load_of_meetings_says_whose_calendar_changed(engine: Engine, file: Write) -> None:
    """Open cases that wait for that group are told; a file without news tells nobody."""
    loaded = directory.load_meetings(engine, file(MEETINGS, MEETING), MONDAY)
    assert MeetingsLoaded(1, 1, (GroupLoaded("gwent", "qa_children", 1),)) == loaded
    assert loaded._replace(changed=0) == directory.load_meetings(engine, file(MEETINGS, MEETING), MONDAY)
    moved = MEETING.replace("qa_children", "board")
    loaded = directory.load_meetings(engine, file(MEETINGS, moved), MONDAY)
    assert (GroupLoaded("gwent", "board", 2), GroupLoaded("gwent", "qa_children", 2)) == loaded.groups


@pytest.mark.clause("common calendar")
def test_a_meeting_that_lies_ahead_cannot_be_moved_into_the_past(engine: Engine, file: Write) -> None:
    """It would be over for every case that waits for it; the row and the column are named, nothing is loaded."""
    directory.load_meetings(engine, file(MEETINGS, MEETING), MONDAY)
    past = MEETING.replace("2026-04-01T10", "2026-02-27T10").replace("2026-03-25", "2026-02-20")
    said = faults(lambda: directory.load_meetings(engine, file(MEETINGS, past), MONDAY))
    assert ["file.csv, row 2, column starts_at: moves a meeting that lies ahead into the past."] == [
        line.partition(" Give")[0] for line in said
    ]
    assert datetime(2026, 4, 1, 9, tzinfo=UTC) == directory.meetings(engine)[0].starts_at


def test_a_meeting_is_of_a_known_board_and_its_papers_are_due_before_it(engine: Engine, file: Write) -> None:
    """A board without an edition has no cases; papers after the meeting help nobody."""
    rows = (MEETINGS, MEETING.replace("gwent", "dyfed"), MEETING.replace("2026-03-25", "2026-04-02"))
    said = faults(lambda: directory.load_meetings(engine, file(*rows), MONDAY, read_editions()))
    assert [
        "file.csv, row 2, column board: is none of cwm-taf-morgannwg, gwent.",
        "file.csv, row 3, column papers_due: is later than the meeting. Mend one of the two.",
    ] == said


def test_the_next_meeting_is_the_first_planned_one_after_a_moment(engine: Engine, file: Write) -> None:
    """Cancelled ones and other groups are passed over; one that starts at the moment itself is not after it."""
    first = datetime(2026, 4, 1, 9, tzinfo=UTC)
    rows = [
        MEETING,
        MEETING.replace("m1", "m2").replace("04-01", "04-08").replace("planned", "cancelled"),
        MEETING.replace("m1", "m3").replace("04-01", "04-15").replace("2026-03-25T09:00:00+00:00", ""),
        MEETING.replace("m1", "m4").replace("04-01", "04-02").replace("qa_children", "qa_adults"),
    ]
    directory.load_meetings(engine, file(MEETINGS, *rows), MONDAY)

    def after(moment: datetime) -> str | None:
        found = directory.next_meeting(engine, "gwent", "qa_children", moment)
        return found and found.id

    assert ["m1", "m3", None] == [after(MONDAY), after(first), after(datetime(2026, 5, 1, tzinfo=UTC))]
    assert ["m1", "m2", "m3"] == [m.id for m in directory.meetings(engine, "gwent", "qa_children")]


def test_a_meeting_needs_a_time_with_an_offset(engine: Engine, file: Write) -> None:
    """Ten o'clock is another moment in summer."""
    rows = (MEETINGS, MEETING.replace("+01:00", ""), MEETING.replace("2026-04-01T10:00:00+01:00", "1 April"))
    said = faults(lambda: directory.load_meetings(engine, file(*rows), MONDAY))
    assert ["file.csv, row 2, column starts_at", "file.csv, row 3, column starts_at"] == [
        line.partition(":")[0] for line in said
    ]


# --- bank holidays


def govuk(*days: str, division: str = "england-and-wales") -> str:
    return json.dumps({division: {"division": division, "events": [{"title": "x", "date": day} for day in days]}})


def test_without_a_load_the_bank_holidays_that_come_with_datrys_count(engine: Engine) -> None:
    """Those of England and Wales: Easter Monday is one."""
    holidays = directory.holidays(engine)
    assert date(2026, 4, 6) in holidays.dates
    assert date(2026, 1, 2) not in holidays.dates
    assert "govuk-bank-holidays" in holidays.version


def test_a_proclaimed_bank_holiday_is_added_to_those_in_force(engine: Engine, file: Write) -> None:
    """A short list takes none away; the same list again changes nothing."""
    path = file(govuk("2026-06-15"), name="h.json")
    loaded = directory.load_holidays(engine, path, MONDAY)
    assert (True, (date(2026, 6, 15),)) == (loaded.changed, loaded.dates)
    now = directory.holidays(engine)
    assert (loaded.holidays, "as loaded on 2026-03-02") == (now, now.version)
    assert {date(2026, 6, 15), date(2026, 4, 6)} <= set(now.dates)
    assert not directory.load_holidays(engine, path, MONDAY).changed


@pytest.mark.parametrize("content", ["", "[]", "{}", govuk(), govuk("2026-06-15", division="scotland"), govuk("soon")])
def test_what_is_not_gov_uk_s_list_is_refused(engine: Engine, file: Write, content: str) -> None:
    """Scotland's days off would make wrong due times."""
    assert faults(lambda: directory.load_holidays(engine, file(content, name="h.json"), MONDAY))
    assert directory.shipped_holidays() == directory.holidays(engine)


def test_the_bank_holidays_reach_a_year_ahead() -> None:
    """Should this fail: update govuk-bank-holidays in the lock file (make lock), its list has run out."""
    last = directory.shipped_holidays().last_day
    assert last >= date(datetime.now(UTC).year + 1, 12, 31)
