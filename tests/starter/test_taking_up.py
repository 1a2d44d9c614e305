"""A case whose workflow an operator terminated: `datrys check` names it, `datrys reopen` goes on from the record."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import Engine, select
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from records import cases, submissions
from records.database import reading
from records.models import Clock, Entry, FreeText, Notice
from records.submissions import Kept
from starter.checks import followed
from starter.temporal import Engine as TemporalEngine
from starter.use_cases import Datrys
from tests.doors.test_delivery import LINE_MANAGER, PRACTITIONER, until_stage
from tests.people import case_file
from tests.server import living
from tests.starter.script import find_here, lines_of, now
from tests.starter.test_cli import script
from tests.story import Story
from worker import working

RAW = {"by": "practitioner", "agency": "NEWPORT", "record": "r"}
GONE = "an operator ended it"
REMEDY = "--reason TEXT"


def clocks(database: Engine) -> list[tuple[Any, ...]]:
    """Each clock with its start and its due time."""
    with reading(database) as session:
        rows = session.scalars(select(Clock).order_by(Clock.key))
        return [(one.key, one.starts, one.due, one.state) for one in rows]


def notices(database: Engine, stream: str) -> list[str]:
    """Every notice of a stream, by its identity."""
    with reading(database) as session:
        return sorted(one.identity for one in session.scalars(select(Notice).where(Notice.case == stream)))


def lines(database: Engine, stream: str) -> list[Entry]:
    """The entries of a stream, in order."""
    with reading(database) as session:
        return list(session.scalars(select(Entry).where(Entry.stream == stream).order_by(Entry.number)))


async def said_by_check(story: Story) -> list[str]:
    """What the check says of the cases that somebody follows."""
    return [str(finding) for finding in await followed.findings(story.setting, story.database)]


async def until_line(database: Engine, stream: str, key: str) -> Entry:
    """Wait until what was said under this key stands in the records."""
    async with asyncio.timeout(60):
        while not (found := [one for one in lines(database, stream) if one.signal_id == key]):
            await asyncio.sleep(0.05)
    return found[0]


async def test_a_terminated_case_goes_on_from_the_record_and_hears_what_was_said_to_it(
    engine: Engine, real_server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Named by the check, taken up once: what waited is judged, nothing is told again, no clock moves."""
    find_here(real_server, engine, monkeypatch)
    async with living(real_server.client, engine, works=False) as story:
        async with working(real_server.client, engine, story.setting):
            case = (await story.door.raise_case(case_file(now()))).reference
            await story.door.tell(case, "not_resolved", PRACTITIONER, {}, "one")
            await until_stage(story, case, "line_managers")
            await story.posted(case)
        before, told, handle = clocks(engine), notices(engine, case), story.handle(case)
        kept = story.door._keep_said(case, "not_resolved", *_statement(story))  # told to a case that nobody followed
        await story.door.engine.signal(case, "not_resolved", kept.facts)
        for raw in (RAW, RAW, RAW | {"id": "raw"}):
            await handle.signal("discussion_recorded", raw)
        await handle.signal("immediate_action", {"id": "danger", "by": "practitioner", "agency": "ABUHB"})
        assert ["ok       cases: each of the 1 that run is followed"] == await said_by_check(story)
        await handle.terminate(GONE)
        (named,) = await said_by_check(story)
        async with working(real_server.client, engine, story.setting):
            taken_up = await script("reopen", case, "--reason", GONE)
            await until_stage(story, case, "team_manager")
            await until_line(engine, case, "danger")
            async with asyncio.timeout(60):
                while len(lines(engine, case)) < 10:
                    await asyncio.sleep(0.05)
            again = await script("reopen", case, "--reason", GONE)
            well = await said_by_check(story)
            await story.posted(case)
    assert named.startswith(f"stops    cases: {case} is followed by nobody")
    assert named.endswith(f"(its workflow is terminated), at line_managers: datrys reopen {case} {REMEDY}")
    assert (0, f"{case} goes on where it stood\n", "") == taken_up
    (refused,) = lines_of(again, 1)
    assert refused.startswith(f"{case} is followed by a workflow that runs: there is nothing to take up.")
    assert ["ok       cases: each of the 2 that run is followed"] == well
    found = [(one.what, one.signal_id, one.code) for one in lines(engine, case)]
    assert [
        ("stage-entered", "", ""),
        ("not_resolved", "one", "accepted"),
        ("stage-entered", "", ""),
        ("resumed", found[3][1], ""),
        ("not_resolved", "two", "accepted"),
        ("stage-entered", "", ""),
        ("discussion_recorded", "", "accepted"),
        ("discussion_recorded", "", "accepted"),
        ("discussion_recorded", "raw", "accepted"),
        ("immediate_action", "danger", "accepted"),
    ] == found
    assert set(told) < set(notices(engine, case))
    assert len(notices(engine, case)) == len(set(notices(engine, case)))
    started = [(key, starts) for key, starts, _, _ in before]
    assert started == [(key, starts) for key, starts, _, _ in clocks(engine)][: len(started)]
    assert 1 == len(cases.immediate_actions(engine, case))
    with reading(engine) as session:
        text = session.get_one(FreeText, (case, found[3][1]))
    assert {"text": GONE} == text.content


def _statement(story: Story) -> tuple[Any, ...]:
    from protocols.messages import NotResolved

    return (NotResolved, LINE_MANAGER, {"text": "statement"}, "two", "", "")


async def test_what_a_door_handed_over_is_handed_over_again_where_the_history_is_gone(
    engine: Engine, real_server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Temporal knows nothing of the case any more; the records do, and what was told through a door is judged once."""
    find_here(real_server, engine, monkeypatch)
    async with living(real_server.client, engine, works=False) as story:
        async with working(real_server.client, engine, story.setting):
            case = (await story.door.raise_case(case_file(now()))).reference
            await story.posted(case)
            await until_stage(story, case, "practitioners")
        kept = story.door._keep_said(case, "not_resolved", *_statement(story)[:1], PRACTITIONER, {}, "one", "", "")
        await story.door.delivery._send(kept)
        await forget(real_server.client, case)
        (named,) = await said_by_check(story)
        async with working(real_server.client, engine, story.setting):
            await script("reopen", case, "--reason", GONE)
            await story.door.delivery.relay()
            await until_stage(story, case, "line_managers")
    assert "(Temporal knows nothing of it)" in named
    assert ["one"] == [one.signal_id for one in lines(engine, case) if one.what == "not_resolved"]


async def test_what_another_door_began_meanwhile_is_accepted_and_begun_once(
    engine: Engine, real_server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Taken up and opened again: the relay may be faster than the door that kept it, or die before it notes so."""
    async with living(real_server.client, engine) as story:
        story.in_runs_of(1)
        case = (await story.door.raise_case(case_file(now()))).reference
        await until_line(engine, case, "")
        await story.handle(case).terminate(GONE)
        first = _overtaken(monkeypatch, story, "_start_again")
        taken_up = await story.door.take_up(case, GONE, key="again")
        await _withdrawn(story, case, "once")
        second = _overtaken(monkeypatch, story, "_open_again")
        opened = await story.door.reopen(case, "practitioners", GONE, key="opened")
        await _withdrawn(story, case, "twice")
        monkeypatch.undo()
        for kept in (delivered := first + second):  # once more, by one that died before it noted so
            await story.door.delivery.deliver(kept)
        await story.handle(case).result()
    assert (2, False, False, []) == (len(delivered), taken_up.kept, opened.kept, submissions.kept(engine))
    found, entered, ended = [one.what for one in lines(engine, case)], "stage-entered", ["withdrawn", "stage-entered"]
    assert [entered, "resumed", *ended, "reopened", entered, *ended] == found


async def _withdrawn(story: Story, case: str, key: str) -> None:
    await story.door.tell(case, "withdrawn", LINE_MANAGER, {"text": "by mistake"}, key)
    await until_line(story.database, case, key)
    await story.handle(case).result()


def _overtaken(monkeypatch: pytest.MonkeyPatch, story: Story, begin: str) -> list[Kept]:
    """As the door is about to begin a run, the relay does so, and notes it; answers what both of them deliver."""
    door, delivered = story.door.delivery, list[Kept]()
    relay = Datrys(story.setting, story.database, TemporalEngine(story.setting, story.client), now).delivery
    begins = getattr(door, begin)

    async def slowly(kept: Kept) -> bool:
        delivered.append(kept)
        await relay.deliver(kept)
        return bool(await begins(kept))

    monkeypatch.setattr(door, begin, slowly)
    return delivered


async def forget(client: Client, workflow_id: str) -> None:
    """Let Temporal forget a workflow, as it does after its retention."""
    gone = WorkflowExecution(workflow_id=workflow_id)
    asked = DeleteWorkflowExecutionRequest(namespace=client.namespace, workflow_execution=gone)
    await client.workflow_service.delete_workflow_execution(asked)
    async with asyncio.timeout(60):
        while [one async for one in client.list_workflows(f"WorkflowId = '{workflow_id}'")]:
            await asyncio.sleep(0.1)


async def test_an_immediate_action_that_was_terminated_is_named_and_taken_up(
    engine: Engine, real_server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It tells nobody again, hears what was said to it, and ends once the referral is confirmed."""
    find_here(real_server, engine, monkeypatch)
    async with living(real_server.client, engine) as story:
        case = (await story.door.raise_case(case_file(now()))).reference
        await story.door.tell(case, "immediate_action", PRACTITIONER, {}, "danger")
        alarm = f"{case}-immediate-1"
        async with asyncio.timeout(60):
            while not notices(engine, alarm):
                await asyncio.sleep(0.05)
        await story.posted(alarm)
        told = notices(engine, alarm)
        await story.handle(alarm).terminate(GONE)
        (named,) = await said_by_check(story)
        taken_up = await script("reopen", alarm, "--reason", GONE)
        made = {"made_at": now().isoformat(), "text": "to the duty team"}
        await story.door.tell(alarm, "immediate_action_confirmed", PRACTITIONER, made, "made")
        result = await story.handle(alarm).result()
        over = await script("reopen", alarm, "--reason", GONE)
    assert named.endswith(f": datrys reopen {alarm} {REMEDY}")
    assert (0, f"{alarm} goes on where it stood\n", "") == taken_up
    assert told == notices(engine, alarm)
    assert ["immediate-action", "resumed", "immediate_action_confirmed"] == [one.what for one in lines(engine, alarm)]
    assert "confirmed" == result
    assert [f"{alarm} is over: its referral was made, and nothing waits to be sent."] == lines_of(over, 1)
