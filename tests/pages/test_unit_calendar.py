"""Meetings and bank holidays on pages: added, moved, cancelled, loaded; open cases are told, by whom stands there."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine
from temporalio.testing import WorkflowEnvironment

from records import cases, directory
from tests import ctm
from tests.pages.unit import (
    BY_UNIT,
    CTM,
    GWENT,
    MEETINGS,
    OTHER_UNIT,
    UNIT,
    a_meeting,
    bank_holidays,
    csv_of,
    entry,
    hand_over,
    rows_of,
    summary,
    two_boards,
)
from tests.pages.visiting import SECRET, SITE, heading, quiet_door, send, sign_in, text_of, visiting
from tests.people import case_file
from tests.records.making import keep
from tests.server import living
from tests.starter.script import be_patient
from tests.web.hook import now

ADDED = {
    "group": "qa_children",
    "starts_at-day": "10",
    "starts_at-month": "6",
    "starts_at-year": "2031",
    "starts_at-time": "9.30",
}


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for a verdict as long as a busy machine needs."""
    be_patient(monkeypatch)


async def test_a_meeting_is_added_moved_and_cancelled(engine: Engine) -> None:
    """Times are those of the clocks in London; the list shows it, and nothing happens before the last button."""
    two_boards(engine)
    async with visiting(quiet_door(engine)) as client:
        sign_in(client, engine, OTHER_UNIT)
        check = await send(client, await client.get("/unit/meetings/add"), ADDED)
        before = directory.meetings(engine)
        await send(client, check, {})
        [added] = directory.meetings(engine)
        listed = await client.get("/unit/meetings")
        where = listed.text.partition('href="/unit/meetings/change/')[2].partition('"')[0]
        change = await client.get(f"/unit/meetings/change/{where}")
        moved_to = {"starts_at-day": "17", "papers_due-day": "3", "papers_due-month": "6", "papers_due-year": "2031"}
        moving = await send(client, change, {**moved_to, "papers_due-time": "17:00"})
        await send(client, moving, {})
        [moved] = directory.meetings(engine)
        await send(client, await send(client, await client.get(str(change.url)), {"status": "cancelled"}), {})
        [cancelled] = directory.meetings(engine)
        afterwards = text_of(await client.get("/unit/meetings"))
    assert [] == before
    assert (CTM, "qa_children", "planned") == (added.board, added.group, added.status)
    assert datetime(2031, 6, 10, 8, 30, tzinfo=UTC) == added.starts_at
    assert "Tuesday 10 June 2031, 09:30" == rows_of(moving)["Until now it was to start"]
    assert added._replace(starts_at=added.starts_at + timedelta(days=7), papers_due=moved.papers_due) == moved
    assert datetime(2031, 6, 3, 16, tzinfo=UTC) == moved.papers_due
    assert moved._replace(status="cancelled") == cancelled
    assert "Tuesday 17 June 2031, 09:30 cancelled" in afterwards
    assert "None is planned. Time limits that wait for it have no end." in afterwards


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"group": ""}, "group", "Choose who meets"),
        ({"group": "<b>"}, "group", "Choose who meets"),
        ({"starts_at-day": "31"}, "starts_at", "When it starts must be a real date, such as 27 3 2026"),
        ({"starts_at-time": "soon"}, "starts_at", "When it starts must be a time of day, such as 14:30"),
        ({"starts_at-year": "1"}, "starts_at", "When it starts must be a real date, such as 27 3 2026"),
        ({"starts_at-day": "{{ x }}"}, "starts_at", "When it starts must be a real date, such as 27 3 2026"),
        (
            {"papers_due-day": "11", "papers_due-month": "6", "papers_due-year": "2031", "papers_due-time": "12"},
            "papers_due",
            "When the papers are due: is later than the meeting. Mend one of the two.",
        ),
    ],
)
async def test_a_meeting_that_is_wrong_says_so(engine: Engine, typed: dict[str, str], field: str, words: str) -> None:
    """One fault a field, at its field; what was typed is kept."""
    two_boards(engine)
    if "papers_due-time" in typed:
        typed["papers_due-time"] = "12:00"
    async with visiting(quiet_door(engine)) as client:
        sign_in(client, engine, OTHER_UNIT)
        page = await send(client, await client.get("/unit/meetings/add"), {**ADDED, **typed})
    assert (422, [words]) == (page.status_code, summary(page))
    assert f'href="#{field}"' in page.text
    assert f'id="{field}"' in page.text
    assert 'value="2031"' in page.text or "starts_at-year" in typed


async def test_a_meeting_of_another_board_is_not_there(engine: Engine) -> None:
    """Not to be looked at, moved or found by its address."""
    two_boards(engine)
    async with visiting(quiet_door(engine)) as client:
        sign_in(client, engine, OTHER_UNIT)
        await send(client, await hand_over(client, "/unit/meetings/upload", csv_of(MEETINGS, a_meeting())), {})
        listed = await client.get("/unit/meetings")
        where = listed.text.partition('href="/unit/meetings/change/')[2].partition('"')[0]
        theirs = await client.get(f"/unit/meetings/change/{where}")
        sign_in(client, engine, UNIT)
        ours = await client.get(f"/unit/meetings/change/{where}")
    assert [200, 404] == [theirs.status_code, ours.status_code]


async def test_what_a_file_would_change_is_counted_first(engine: Engine) -> None:
    """New, changed, and how many open cases it concerns; the same file again changes nothing."""
    two_boards(engine)
    file = csv_of(MEETINGS, a_meeting(), a_meeting(id="n", group="board", starts_at="2031-04-10T10:00:00+00:00"))
    async with visiting(quiet_door(engine)) as client:
        sign_in(client, engine, OTHER_UNIT)
        check = await hand_over(client, "/unit/meetings/upload", file)
        done = await send(client, check, {})
        again = await hand_over(client, "/unit/meetings/upload", file)
    assert "2" == rows_of(check)["Meetings in the file"]
    assert "QA Sub Group, children: Monday 10 March 2031, 10:00" in rows_of(check)["New"]
    assert "No open case waits for this group: nobody is told." in text_of(check)
    assert ["2 meetings are loaded", "Nothing changes"] == [heading(done), heading(again)]
    assert "<button" not in again.text.partition("<main")[2].partition("</main>")[0]


async def test_a_meeting_moved_on_a_page_is_told_to_the_open_case(
    engine: Engine, real_server: WorkflowEnvironment
) -> None:
    """The page before counts it, the page after names it, and the record says who did it."""
    async with living(real_server.client, engine, secret_key=SECRET, base_url=SITE) as story:
        two_boards(engine)
        case = await _raised(story, ctm.case_file(now()))
        async with visiting(story.door) as client:
            sign_in(client, engine, OTHER_UNIT)
            check = await send(client, await client.get("/unit/meetings/add"), ADDED)
            done = await send(client, check, {})
            sign_in(client, engine, UNIT)
            theirs = await client.get(str(done.url))
        told = entry(engine, case, "calendar_changed")
    assert "1 open case will be told." in text_of(check)
    assert f"1 open case was told: {case}" in text_of(done)
    assert {"meetings": "qa_children"} == told.entry.facts
    assert f"directory:{CTM}/business_unit" == told.person
    assert 404 == theirs.status_code


async def _raised(story: object, file: dict[str, object]) -> str:
    door = story.door  # type: ignore[attr-defined]
    return str((await door.raise_case(file)).reference)


async def test_bank_holidays_are_loaded_for_every_board_and_each_counts_its_own_cases(
    engine: Engine, real_server: WorkflowEnvironment
) -> None:
    """Both boards' cases are told; the page names and counts those of the own board alone."""
    async with living(real_server.client, engine, secret_key=SECRET, base_url=SITE) as story:
        two_boards(engine)
        mine, other = await _raised(story, case_file(now())), await _raised(story, ctm.case_file(now()))
        async with visiting(story.door) as client:
            sign_in(client, engine, UNIT)
            check = await hand_over(client, "/unit/holidays", bank_holidays("2028-06-01"))
            done = await send(client, check, {})
            shown = text_of(await client.get("/unit/holidays"))
            again = await hand_over(client, "/unit/holidays", bank_holidays("2028-06-01"))
        told = [entry(engine, case, "calendar_changed") for case in (mine, other)]
    assert ("1", "0") == (
        rows_of(check)["Days that become bank holidays"],
        rows_of(check)["Days that are none any more"],
    )
    assert "1 open case of your board will be told." in text_of(check)
    assert "1 open case of your board was told." in text_of(done)
    assert other not in text_of(done)
    assert "Thursday 1 June 2028" in shown
    assert [BY_UNIT] * 2 == [line.person for line in told]
    assert "Nothing changes" == heading(again)
    assert date(2028, 6, 1) in directory.holidays(engine).dates


async def test_a_case_kept_while_temporal_is_away_is_not_lost_when_the_calendar_changes(engine: Engine) -> None:
    """The meeting is loaded; what the case is to be told is kept."""
    two_boards(engine)
    case = keep(engine)
    async with visiting(quiet_door(engine)) as client:
        sign_in(client, engine, UNIT)
        file = json.dumps(json.loads(bank_holidays("2028-06-01"))).encode()
        done = await send(client, await hand_over(client, "/unit/holidays", file), {})
    assert "1 open case of your board was told." in text_of(done)
    assert [case] == cases.open_cases(engine, GWENT)
