"""What a board loads through the script: whole or not at all, and open cases take the change."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from temporalio.testing import WorkflowEnvironment

from protocols.limits import Unit
from protocols.roles import Role
from protocols.status import ClockStatus
from records import reading
from tests import ctm
from tests.people import case_file
from tests.server import living
from tests.starter.script import Said, all_rows, datrys, find_here, lines_of, now
from tests.story import Story

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
AGENCIES = "code,name_en,name_cy,kind\n"
PEOPLE = "id,board,role,agency,authority,group,name,email,phone,language,deputy_name,deputy_email\n"
CTM = ctm.PROTOCOL
MEETINGS = "id,board,group,starts_at,papers_due,status\n"
GOOD = {
    "agencies": "A,A,A,school\n",
    "people": "a,gwent,business_unit,,,,A,a@b.invalid,,,,\n",
    "meetings": "m,gwent,board,2027-03-10T10:00:00+00:00,,planned\n",
}
BAD: list[tuple[str, str, list[str]]] = [
    ("agencies", AGENCIES + GOOD["agencies"] + "B,B,,school\n", ["agencies.csv, row 3, column name_cy: is empty."]),
    ("agencies", "code,name_en\nA,A\n", ["row 1, column name_cy: is missing.", "row 1, column kind: is missing."]),
    (
        "people",
        PEOPLE + GOOD["people"] + "b,powys,chair,NOBODY,,,B,nowhere,,fr,,\n",
        ["people.csv, row 3, column email: is no mail address.", "row 3, column language: must be 'cy', 'en' or ''."],
    ),
    (
        "people",
        PEOPLE + GOOD["people"] + "b,gwent,team_manager,NOBODY,Bridgend,,B,,,,,\n",
        [
            "column authority: is none of Blaenau Gwent, Caerphilly,",
            "column agency: is no agency that was loaded. Load",
        ],
    ),
    ("people", PEOPLE + "a,gwent\n", ["people.csv, row 2: has 2 cells, the header 12. See to commas and quotes."]),
    (
        "meetings",
        MEETINGS + GOOD["meetings"] + "n,gwent,qa,2027-03-10T10:00,,planned\n",
        ["row 3, column group: must be 'qa_children', 'qa_adults' or 'board'.", "column starts_at: is no time with an"],
    ),
    ("meetings", MEETINGS + GOOD["meetings"] * 2, ["meetings.csv, row 3: the same as row 2. Keep one of them."]),
]


@pytest.mark.parametrize(("what", "content", "expected"), BAD)
def test_a_file_with_a_bad_row_is_not_loaded_at_all(
    alone: Engine, tmp_path: Path, what: str, content: str, expected: list[str]
) -> None:
    """Every fault is a line with row and column, exit code 2, and the good rows before it are not loaded either."""
    file = tmp_path / f"{what}.csv"
    file.write_text(content, encoding="utf-8")
    before = all_rows(alone)
    lines = lines_of(datrys(what, "import", file), 2)
    assert len(expected) == len(lines), lines
    assert [] == [words for words, line in zip(expected, lines, strict=True) if words not in line]
    assert before == all_rows(alone)


def test_the_examples_are_loaded_counted_and_listed(alone: Engine) -> None:
    """What was loaded is said in a word, and the list shows it, for people and for programs."""
    files = {what: EXAMPLES / f"{what}.csv" for what in ("agencies", "people", "meetings")}
    numbers = {what: len(file.read_text(encoding="utf-8").splitlines()) - 1 for what, file in files.items()}
    assert [
        (0, f"{numbers['agencies']} agencies loaded\n", ""),
        (0, f"{numbers['people']} people loaded\n", ""),
        (0, f"{numbers['meetings']} meetings loaded; 0 open cases told\n", ""),
    ] == [datrys(what, "import", file) for what, file in files.items()]
    for what, number in numbers.items():
        listed = json.loads(datrys(what, "list", "--json").out)
        assert number == len(listed)
        key = "code" if what == "agencies" else "id"
        assert [] == [row[key] for row in listed if row[key] not in datrys(what, "list").out]


def test_a_list_of_nothing_says_so(alone: Engine) -> None:
    """An empty directory is no empty table."""
    assert ["Nothing is loaded yet.\n"] * 3 == [datrys(what, "list").out for what in ("agencies", "people", "meetings")]


# --- open cases


def bank_holidays(folder: Path, day: date) -> Path:
    """GOV.UK's list, with this day in England and Wales and another one in Scotland."""
    content = {
        name: {"division": name, "events": [{"title": "A bank holiday", "date": listed, "notes": ""}]}
        for name, listed in (("england-and-wales", day.isoformat()), ("scotland", "2027-01-04"))
    }
    file = folder / "bank-holidays.json"
    file.write_text(json.dumps(content), encoding="utf-8")
    return file


@asynccontextmanager
async def two_open_cases(
    engine: Engine, server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Story, list[str]]]:
    """On the real server, beside a case that has ended; the script finds server and records."""
    find_here(server, engine, monkeypatch)
    async with living(server.client, engine) as story:
        files = [case_file(now()) | {"issue": issue} for issue in ("one", "two", "three")]
        *open_ones, ended = [(await story.door.raise_case(file)).reference for file in files]
        settled = {"agreed": True, "text": "settled"}
        await story.door.tell(ended, "resolved", Role(role="practitioner", agency="ABUHB"), settled)
        await story.handle(ended).result()
        for case in (*open_ones, ended):
            await story.posted(case)
        yield story, open_ones


async def script(*words: str | Path) -> Said:
    """The script, while the worker works."""
    return await asyncio.to_thread(datrys, *words)


async def first_working_day() -> date:
    """The first day that counts from now."""
    rows = json.loads((await script("timetable", "gwent", "--from", now().isoformat(), "--json")).out)
    return next(date.fromisoformat(row["counted"][0]) for row in rows if row["counted"])


async def entries(engine: Engine, case: str, what: str, number: int = 1) -> list[dict[str, Any]]:
    """The facts of the entries of a kind, once there are so many."""
    async with asyncio.timeout(60):
        while len(found := [line.entry for line in reading.timeline(engine, case) if line.entry.what == what]) < number:
            await asyncio.sleep(0.05)
    return [entry.facts for entry in found]


def dues(clocks: tuple[ClockStatus, ...]) -> dict[str, datetime]:
    """When each clock of working days is due."""
    return {clock.clock: clock.due for clock in clocks if clock.limit.unit is Unit.WORKING_DAYS and clock.due}


@pytest.mark.clause("common calendar")
async def test_a_proclaimed_bank_holiday_moves_the_running_clocks_and_is_told_once(
    engine: Engine, real_server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Old, new and why are written down, the accountable roles hear it, and the same file again tells nobody."""
    async with two_open_cases(engine, real_server, monkeypatch) as (story, open_cases):
        case, other = open_cases
        old = dues((await story.status(case)).clocks)
        file = bank_holidays(tmp_path, day := await first_working_day())
        first = await script("holidays", "update", file)
        facts, _ = [await entries(engine, one, "recalculated", len(old)) for one in (case, other)]
        clocks = (await story.status(case)).clocks
        mails = [[mail for mail in await story.posted(one) if mail.notice == "date-changed"] for one in (case, other)]
        before = all_rows(engine)
        again = await script("holidays", "update", file)
        after = all_rows(engine)
        page = await script("show", case)
    assert [(0, f"1 bank holiday loaded; {number} open cases told\n", "") for number in (2, 0)] == [first, again]
    assert before == after
    why, new = "the bank holidays changed", dues(clocks)
    assert [True, True] == [old[name] < new[name] for name in new]
    expected = {(name, old[name].isoformat(), new[name].isoformat(), why) for name in new}
    assert expected == {(one["clock"], one["old"], one["new"], one["why"]) for one in facts}
    accountable = {(str(role), clock.due) for clock in clocks for role in clock.accountable}
    assert [accountable, accountable] == [{(mail.role, mail.due) for mail in one} for one in mails]
    assert 2 == page.out.count(f"{day:%a %d %b} (bank holiday)")


@pytest.mark.clause("common calendar")
async def test_a_meeting_is_told_once_to_each_open_case_that_can_wait_for_it(
    engine: Engine, real_server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The Sub Group for children is told to the cases of children of its board; the same file again to nobody."""
    row = "m,cwm-taf-morgannwg,qa_children,2027-03-10T10:00:00+00:00,,planned\n"
    files = {"new": row, "again": row, "other board": row.replace(CTM, "gwent"), "moved": row.replace("03-10", "03-17")}
    for name, content in files.items():
        (tmp_path / f"{name}.csv").write_text(MEETINGS + content, encoding="utf-8")
    async with two_open_cases(engine, real_server, monkeypatch) as (story, gwent):
        ctm.load_directory(engine)
        child, adult = [
            (await story.door.raise_case(ctm.case_file(now(), options))).reference for options in ({}, {"adult": ""})
        ]
        said = [await script("meetings", "import", tmp_path / f"{name}.csv") for name in files]
        facts = await entries(engine, child, "calendar_changed", 2)
        lines = [line for case in (*gwent, adult) for line in reading.timeline(engine, case)]
    told = [f"1 meeting loaded; {words} told\n" for words in ("1 open case", *["0 open cases"] * 2, "1 open case")]
    assert [(0, words, "") for words in told] == said
    assert [{"meetings": "qa_children"}] * 2 == facts
    assert [] == [line for line in lines if line.entry.what == "calendar_changed"]
