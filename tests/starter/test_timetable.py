"""`datrys timetable`: dates that can be checked with a wall calendar, in words and as JSON."""

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from records.directory import shipped_holidays
from tests.starter.conftest import nothing_answers
from tests.starter.script import Said, datrys, lines_of, real_datrys

FRIDAY_BEFORE_CHRISTMAS = "2026-12-18T15:00"
ROOT = Path(__file__).parent.parent.parent

DUE_OVER_CHRISTMAS = {
    # Friday 25 and Monday 28 December (for Saturday 26) and Friday 1 January are bank holidays.
    "contact_team_manager": "2026-12-29T17:00:00+00:00",  # 5 working days: 21, 22, 23, 24, 29
    "inform_service_manager": "2026-12-20T15:00:00+00:00",  # 48 hours, Sunday or not
    "decide": "2026-12-29T17:00:00+00:00",
    "practitioners_try": "2026-12-22T17:00:00+00:00",  # 2 working days: 21, 22
    "team_manager_answers": "2026-12-29T17:00:00+00:00",
    "arrange_meeting": "2026-12-29T17:00:00+00:00",
    "record_outcome": "2026-12-21T17:00:00+00:00",  # 1 working day: Monday
    "minutes": "2026-12-29T17:00:00+00:00",
    "consult_head_of_service": "2026-12-22T17:00:00+00:00",
    "review_progress": "2027-01-20T17:00:00+00:00",  # 20 working days: 4 + 3 (29–31) + 5 + 5 + 3 (18–20 January)
    "accept_report": "2026-12-29T17:00:00+00:00",
    "feedback": "2026-12-29T17:00:00+00:00",
}


@pytest.fixture(autouse=True)
def nothing_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither Temporal nor records."""
    for name, value in nothing_answers().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DATRYS_DATABASE_URL", "sqlite:////nowhere/records.db")


def gwent(*words: str | Path, starts: str = FRIDAY_BEFORE_CHRISTMAS) -> Said:
    """The timetable of Gwent."""
    return datrys("timetable", "gwent", "--from", starts, *words)


def rows(*words: str | Path, starts: str = FRIDAY_BEFORE_CHRISTMAS) -> dict[str, dict[str, Any]]:
    """The same as JSON, by the name of the clock."""
    said = gwent("--json", *words, starts=starts)
    assert (0, "") == (said.code, said.err)
    return {row["clock"]: row for row in json.loads(said.out)}


@pytest.mark.clause("common limits", "common working day")
def test_every_due_time_over_christmas_is_the_one_of_the_wall_calendar() -> None:
    """From the Friday before Christmas at 15:00."""
    assert DUE_OVER_CHRISTMAS == {name: row["due"] for name, row in rows().items()}


@pytest.mark.clause("common explanation")
def test_the_json_has_the_keys_of_the_interface_and_explains_each_day() -> None:
    """What programs rely on, and the days that a reader can check."""
    row = rows()["contact_team_manager"]
    expected = {
        "clock": "contact_team_manager",
        "clause": "3.3",
        "kind": "protocol",
        "limit": "5 working days",
        "starts": "2026-12-18T15:00:00+00:00",
        "due": "2026-12-29T17:00:00+00:00",
        "counted": ["2026-12-21", "2026-12-22", "2026-12-23", "2026-12-24", "2026-12-29"],
        "skipped": [
            {"date": "2026-12-19", "why": "Saturday"},
            {"date": "2026-12-20", "why": "Sunday"},
            {"date": "2026-12-25", "why": "bank holiday"},
            {"date": "2026-12-26", "why": "Saturday"},
            {"date": "2026-12-27", "why": "Sunday"},
            {"date": "2026-12-28", "why": "bank holiday"},
        ],
        "provisional": False,
    }
    assert expected == row
    assert {tuple(expected)} == {tuple(row) for row in rows().values()}


def test_the_words_are_those_that_the_readme_shows() -> None:
    """Whoever follows the README sees what stands there, up to its dots."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.search(r"\$ datrys timetable gwent --from 2026-12-18T15:00\n(.*?)\n…", readme, re.DOTALL)
    assert shown
    said = gwent()
    assert said.out.startswith(shown[1])
    assert 12 == len(re.findall(r"^  due ", said.out, re.MULTILINE))
    assert 3 == len(re.findall(r"protocol limit$", said.out, re.MULTILINE))


def test_a_time_without_offset_is_the_one_on_the_wall_in_wales() -> None:
    """In July an hour before Greenwich; with an offset it is what it says."""
    starts = {words: rows(starts=words)["decide"]["starts"] for words in ("2026-07-01T10:00", "2026-07-01T10:00Z")}
    assert ["2026-07-01T10:00:00+01:00", "2026-07-01T11:00:00+01:00"] == list(starts.values())


def test_hours_pass_through_the_change_of_the_clocks() -> None:
    """48 hours from Friday 15:00 end on Sunday at 14:00 where the night between has an hour more."""
    assert "2026-10-25T14:00:00+00:00" == rows(starts="2026-10-23T15:00")["inform_service_manager"]["due"]


@pytest.mark.clause("common limits")
def test_past_the_bank_holiday_data_a_due_time_is_provisional() -> None:
    """It is said in words, and stands in the JSON; what falls due before is not."""
    starts = date(shipped_holidays().last_day.year, 12, 28).isoformat()
    found = rows(starts=starts)
    assert (True, False) == (found["review_progress"]["provisional"], found["inform_service_manager"]["provisional"])
    assert "provisional: the bank holidays are not known so far ahead" in gwent(starts=starts).out


@pytest.mark.parametrize(
    ("words", "code", "line"),
    [
        (("powys", "--from", "2026-12-18"), 2, "“powys” is no protocol. These are: cwm-taf-morgannwg, gwent."),
        (("gwent", "--from", "soon"), 2, "--from: “soon” is no time. Write it as 2026-12-18T15:00 or with an offset."),
        (("gwent", "--from", "0001-01-01"), 2, "--from: the year 1 is too far away. Write it as 2026-12-18T15:00."),
        (
            ("gwent", "--from", "1999-12-20"),
            1,
            "The bank holidays are known from 2012 on only: name a moment of that year or later.",
        ),
        (
            ("gwent", "--from", "2026-12-18", "--svg", "/nowhere/t.svg"),
            2,
            "/nowhere/t.svg cannot be written (No such file or directory). Name a file that can.",
        ),
        (
            ("gwent", "--from", "2026-12-18", "--meetings", "/nowhere.csv"),
            2,
            "/nowhere.csv: cannot be read (No such file or directory). Name a file that can.",
        ),
    ],
)
def test_what_cannot_be_reckoned_is_one_line(words: tuple[str, ...], code: int, line: str) -> None:
    """With the remedy: 2 for wrong use, 1 where no honest answer is known."""
    assert [line] == lines_of(datrys("timetable", *words), code)


def test_the_real_script_needs_no_server_and_no_records(tmp_path: Path) -> None:
    """The same dates come from the program that people call."""
    words = ("timetable", "gwent", "--from", FRIDAY_BEFORE_CHRISTMAS, "--json")
    said = real_datrys(*words, folder=tmp_path, **nothing_answers())
    assert DUE_OVER_CHRISTMAS == {row["clock"]: row["due"] for row in json.loads(said.out)}
    assert [] == list(tmp_path.iterdir())


# --- meetings

MEETINGS = """id,board,group,starts_at,papers_due,status
before,cwm-taf-morgannwg,board,2026-12-18T15:00:00+00:00,,planned
other,gwent,board,2026-12-21T10:00:00+00:00,,planned
off,cwm-taf-morgannwg,board,2026-12-22T10:00:00+00:00,,cancelled
late,cwm-taf-morgannwg,board,2027-06-09T10:00:00+01:00,,planned
next,cwm-taf-morgannwg,board,2027-01-13T10:00:00+00:00,2027-01-06T09:00:00+00:00,planned
qa-c,cwm-taf-morgannwg,qa_children,2027-01-07T10:00:00+00:00,,planned
qa-a,cwm-taf-morgannwg,qa_adults,2027-01-05T10:00:00+00:00,,planned
"""


def cwm_taf_morgannwg(*words: str | Path) -> dict[str, dict[str, Any]]:
    """The timetable of the protocol that waits for meetings, by the name of the clock."""
    said = datrys("timetable", "cwm-taf-morgannwg", "--from", FRIDAY_BEFORE_CHRISTMAS, "--json", *words)
    assert (0, "") == (said.code, said.err)
    return {row["clock"]: row for row in json.loads(said.out)}


@pytest.fixture
def meetings(tmp_path: Path) -> Path:
    """The board's calendar as a file."""
    file = tmp_path / "meetings.csv"
    file.write_text(MEETINGS, encoding="utf-8")
    return file


@pytest.mark.clause("common next meeting")
def test_the_next_meeting_is_the_first_one_planned_by_the_board_after_the_moment(meetings: Path) -> None:
    """Not one at that moment, not another board's, not a cancelled one; due at 17:00 of its day."""
    row = cwm_taf_morgannwg("--meetings", meetings)["present_report"]
    assert ("next meeting", "2027-01-13T17:00:00+00:00") == (row["limit"], row["due"])


@pytest.mark.clause("ctm 2")
def test_2_the_qa_sub_group_meets_for_children_and_for_adults(meetings: Path) -> None:
    """Each has its own calendar: the one for children is taken unless adults are asked for."""
    children = cwm_taf_morgannwg("--meetings", meetings)["qa_meeting"]
    adults = cwm_taf_morgannwg("--meetings", meetings, "--adults")["qa_meeting"]
    assert ["2027-01-07T17:00:00+00:00", "2027-01-05T17:00:00+00:00"] == [children["due"], adults["due"]]


def test_without_a_meeting_there_is_no_due_time_and_the_remedy_is_said() -> None:
    """Null for programs; for people which option gives the meetings."""
    assert cwm_taf_morgannwg()["present_report"]["due"] is None
    remedy = "; give the planned ones with --meetings FILE.csv (docs/files.md)"
    said = datrys("timetable", "cwm-taf-morgannwg", "--from", FRIDAY_BEFORE_CHRISTMAS).out
    assert f"  no meeting is planned: next meeting after the completed review, protocol limit{remedy}" in said


def test_a_bad_row_of_the_meetings_is_named(tmp_path: Path) -> None:
    """With its row and column, all at once."""
    file = tmp_path / "meetings.csv"
    file.write_text(MEETINGS.replace("10:00:00+01:00", "10:00:00").replace("cancelled", "off"), encoding="utf-8")
    assert [
        "meetings.csv, row 4, column status: must be 'planned' or 'cancelled'.",
        "meetings.csv, row 5, column starts_at: is no time with an offset, such as 2026-04-01T10:00:00+01:00.",
    ] == lines_of(gwent("--meetings", file), 2)
