"""A case is led back on pages: a correction, a reopening; the record says who did it, the page what is taken back."""

import asyncio
import re
from datetime import timedelta
from typing import Any

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import Engine, select
from temporalio.testing import WorkflowEnvironment

from protocols.roles import Role
from protocols.steps import Code
from records import private, reading, submissions
from records.cases import mark_started
from records.database import reading as reading_session
from records.models import Submission
from tests.pages.unit import BY_UNIT, OTHER_UNIT, UNIT, entry, rows_of, summary, two_boards
from tests.pages.visiting import SECRET, SITE, heading, quiet_door, send, sign_in, text_of, visiting
from tests.people import case_file
from tests.records.making import PRACTITIONER, a_step, an_entry, keep, write
from tests.server import living
from tests.starter.script import be_patient
from tests.web.hook import now

SETTINGS: dict[str, Any] = {"secret_key": SECRET, "base_url": SITE}
BY = Role(role="practitioner", agency="ABUHB")
WHY = "It was {{ sent }} by <b>mistake</b>.\r\n\r\n\u202eSiân, 👩"


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for a verdict as long as a busy machine needs."""
    be_patient(monkeypatch)


async def chosen(client: AsyncClient, case: str, signal: str) -> Response:
    """The form about one entry."""
    return await client.get(f"/unit/cases/{case}/correct", params={"signal": signal})


async def test_a_correction_leads_the_case_back(engine: Engine, real_server: WorkflowEnvironment) -> None:
    """From the list to the verdict; what was said since is taken back, and the record says who corrected it."""
    async with living(real_server.client, engine, **SETTINGS) as story:
        two_boards(engine)
        case = (await story.door.raise_case(case_file(now()))).reference
        told = await story.door.tell(case, "not_resolved", BY, {})
        await story.door.tell(case, "discussion_recorded", BY, {"text": "a secret of the discussion"})
        async with visiting(story.door) as client:
            sign_in(client, engine, UNIT)
            which = await client.get(f"/unit/cases/{case}/correct")
            assert f'value="{told.signal_id}"' in which.text
            why = await chosen(client, case, told.signal_id)
            typed = {"reason": WHY, "return_to": "practitioners"}
            check = await send(client, why, typed)
            before = reading.standing(engine, case).stage
            done = await send(client, check, {})
            again = await send(client, check, {})
        assert "The correction is accepted" == heading(done), text_of(done) + text_of(check)
        line = entry(engine, case, "corrected")
    assert ["line_managers", "practitioners"] == [before, reading.standing(engine, case).stage]
    assert "Between the practitioners" == rows_of(check)["The case goes back to"]
    assert "Between the line managers" not in why.text.partition("return_to-2")[2]
    listed = re.findall(r"<li>(Said at [^<]+)</li>", check.text)
    assert 2 == len(listed), check.text
    assert ("The correction is accepted", str(done.url)) == (heading(done), str(again.url))
    assert "The case stands at: Between the practitioners" in text_of(done)
    assert (BY_UNIT, "practitioners", Code.ACCEPTED) == (line.person, line.entry.facts["return_to"], line.entry.code)
    said = private.texts_of(engine, case)[line.entry.record]
    assert {"text": "It was {{ sent }} by <b>mistake</b>.\n\nSiân, 👩"} == said
    assert 1 == sum(one.entry.what == "corrected" for one in reading.timeline(engine, case))


async def test_before_its_stage_the_unit_is_told_of_stages_alone(
    engine: Engine, real_server: WorkflowEnvironment
) -> None:
    """Neither who said what nor a word of it stands on its pages; nothing is taken back where the case stays."""
    async with living(real_server.client, engine, **SETTINGS) as story:
        two_boards(engine)
        case = (await story.door.raise_case(case_file(now()))).reference
        told = await story.door.tell(case, "discussion_recorded", BY, {"text": "a secret of the discussion"})
        async with visiting(story.door) as client:
            sign_in(client, engine, UNIT)
            pages = [await client.get(f"/unit/cases/{case}/correct"), await chosen(client, case, told.signal_id)]
            pages.append(await send(client, pages[-1], {"reason": "wrong", "return_to": "stays"}))
            pages.append(await send(client, pages[-1], {}))
    for page in pages[:-1]:
        assert "Said at “Between the practitioners”" in text_of(page)
    for words in ("secret", "Test Person", "Practitioner Abuhb", "Discussion", "Practitioner (ABUHB)"):
        assert [] == [heading(page) for page in pages if words in text_of(page)]
    assert "Nothing is taken back: the correction stands beside the entry." in text_of(pages[2])
    assert "The correction is accepted" == heading(pages[3])


async def test_an_ended_case_is_opened_again(engine: Engine, real_server: WorkflowEnvironment) -> None:
    """At a stage that it went through, with a reason, once; the record says who did it."""
    async with living(real_server.client, engine, **SETTINGS) as story:
        two_boards(engine)
        case = (await story.door.raise_case(case_file(now()))).reference
        await story.door.tell(case, "resolved", BY, {"agreed": True, "text": "settled"})
        await story.handle(case).result()
        await story.posted(case)
        async with visiting(story.door) as client:
            sign_in(client, engine, UNIT)
            correct = await client.get(f"/unit/cases/{case}/correct")
            form = await client.get(f"/unit/cases/{case}/reopen")
            empty = await send(client, form, {})
            check = await send(client, form, {"stage": "practitioners", "reason": WHY})
            done = await send(client, check, {})
            again = await send(client, check, {})
            line = await _once_there(engine, case)
            late = await send(client, form, {"stage": "practitioners", "reason": WHY})
    assert "Open it again, at the stage where it went wrong." in text_of(correct)
    assert ["Choose the stage that the case goes on from", "Enter why the case is opened again"] == summary(empty)
    assert {"Goes on from": "Between the practitioners"}.items() <= rows_of(check).items()
    assert "<b>mistake</b>" not in check.text
    assert ("The case is open again", str(done.url)) == (heading(done), str(again.url))
    assert (BY_UNIT, "practitioners") == (line.person, reading.standing(engine, case).stage)
    assert (422, True) == (late.status_code, "This case has not ended" in text_of(late))


async def test_two_that_open_a_case_at_once_open_it_once(
    engine: Engine, real_server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither knows of the other when it looks; the second is answered what the first kept."""
    async with living(real_server.client, engine, **SETTINGS) as story:
        two_boards(engine)
        case = (await story.door.raise_case(case_file(now()))).reference
        await story.door.tell(case, "resolved", BY, {"agreed": True, "text": "settled"})
        await story.handle(case).result()
        monkeypatch.setattr(submissions, "submission", lambda *_: None)
        moments = iter([now(), now() + timedelta(seconds=1)])
        monkeypatch.setattr(story.door, "now", lambda: next(moments))
        kept = [story.door._keep_reopening(case, "practitioners", WHY, BY_UNIT, "a-key") for _ in range(2)]
    assert kept[0]._replace(new=False) == kept[1]


async def _once_there(engine: Engine, case: str) -> reading.TimelineEntry:
    async with asyncio.timeout(60):
        while not any(one.entry.what == "reopened" for one in reading.timeline(engine, case)):
            await asyncio.sleep(0.05)
    return entry(engine, case, "reopened")


async def test_a_correction_is_kept_while_no_worker_lives(
    engine: Engine,
) -> None:
    """The page says so, and that a mail comes if it is not accepted."""
    two_boards(engine)
    case = said_in(engine)
    async with visiting(quiet_door(engine)) as client:
        sign_in(client, engine, UNIT)
        form = await chosen(client, case, "s1")
        done = await send(client, await send(client, form, {"reason": "wrong", "return_to": "stays"}), {})
    assert "The correction is kept" == heading(done)
    with reading_session(engine) as session:
        [kept] = session.scalars(select(Submission).where(Submission.case == case))
    assert ("corrected", BY_UNIT, {"corrects": "s1"}) == (
        kept.signal,
        kept.person,
        _only(kept.facts, "corrects", "return_to"),
    )


def _only(facts: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: facts[name] for name in names if name in facts}


def said_in(engine: Engine) -> str:
    """A case in which something was said, that can be corrected."""
    case = keep(engine)
    said = an_entry("not_resolved", signal_id="s1", code=Code.ACCEPTED, by=PRACTITIONER)
    write(engine, a_step(case, entries=[an_entry(), said]))
    mark_started(engine, case)
    return case


async def test_what_cannot_be_corrected_is_not_offered(engine: Engine) -> None:
    """An unknown entry leads to the list, which says that one is to be chosen; faults keep what was typed."""
    two_boards(engine)
    case = said_in(engine)
    async with visiting(quiet_door(engine)) as client:
        sign_in(client, engine, UNIT)
        unknown = await chosen(client, case, "<script>")
        none = await client.get(f"/unit/cases/{case}/correct", params={"chosen": "yes"})
        form = await chosen(client, case, "s1")
        empty = await send(client, form, {"reason": "", "return_to": "review"})
        long = await send(client, form, {"reason": "x" * 100_000, "return_to": "stays"})
    assert [["Choose what was wrong"]] * 2 == [summary(page) for page in (unknown, none)]
    assert ["Enter why it was wrong", "Choose whether the case goes back"] == summary(empty)
    assert ["Why it was wrong must be 20000 characters or fewer; it has 100000"] == summary(long)
    assert "x" * 100_000 in long.text


async def test_a_case_of_the_other_board_is_not_there(engine: Engine) -> None:
    """It is answered like one that does not exist."""
    two_boards(engine)
    case = said_in(engine)
    async with visiting(quiet_door(engine)) as client:
        sign_in(client, engine, OTHER_UNIT)
        pages = [await client.get(f"/unit/cases/{one}/{what}") for one in (case, "X") for what in ("correct", "reopen")]
        sign_in(client, engine, UNIT)
        immediate = await client.get(f"/unit/cases/{case}-immediate-1/correct")
    assert {404} == {page.status_code for page in (*pages, immediate)}
    assert 1 == len({text_of(page) for page in pages})
