"""An operator resets the workflow of a case: it goes on from the records, and nothing goes out twice."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from sqlalchemy import Engine, select
from temporalio.testing import WorkflowEnvironment

from protocols.roles import Role
from records import cases, outbox
from records.database import reading
from records.models import Clock, Entry, Notice
from starter.delivery import last_state
from tests.doors.test_delivery import now, until_stage
from tests.people import case_file
from tests.resetting import points, reset, run_of
from tests.server import living
from tests.story import Story
from worker import working

PRACTITIONER = Role(role="practitioner", agency="ABUHB")
LINE_MANAGER = Role(role="line_manager", agency="ABUHB")
RAW = {"by": "practitioner", "agency": "NEWPORT", "record": "r"}


def everything(database: Engine) -> tuple[list[Any], ...]:
    """All lines, notices and clocks of the records."""
    with reading(database) as session:
        return (
            [
                (one.stream, one.number, one.what, one.signal_id, one.code, one.words)
                for one in session.scalars(select(Entry).order_by(Entry.stream, Entry.number))
            ],
            sorted((one.case, one.identity, one.state) for one in session.scalars(select(Notice))),
            [
                (one.key, one.starts, one.due, one.state, one.met_at)
                for one in session.scalars(select(Clock).order_by(Clock.key))
            ],
        )


async def until(look: Callable[[], bool | Awaitable[bool]]) -> None:
    """Look until it is so."""
    async with asyncio.timeout(60):
        while True:
            found = look()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.05)


def _posted(database: Engine, stream: str) -> bool:
    return outbox.waiting(database, stream) == 0


async def caught_up(story: Story, workflow_id: str, run: str) -> None:
    """Wait until another run than this one follows the case, has heard all that waits, and posted it."""

    async def it_has() -> bool:
        current = await run_of(story.client, workflow_id)
        found = await story.client.get_workflow_handle(workflow_id).describe()
        raw = found.raw_description
        return current != run and not raw.pending_activities and not raw.HasField("pending_workflow_task")

    await until(it_has)
    await until(partial(_posted, story.database, workflow_id))


async def a_case_with_a_past(story: Story) -> str:
    """One that heard an answer, refused one, heard something without an id and of a danger, and runs clocks."""
    case = (await story.door.raise_case(case_file(now()))).reference
    handle = story.handle(case)
    await story.door.tell(case, "not_resolved", PRACTITIONER, {}, "one")
    await story.door.tell(case, "not_resolved", PRACTITIONER, {"stage": "practitioners"}, "two")
    await handle.signal("discussion_recorded", RAW)
    await handle.signal("no_such_thing", 1)
    await story.door.tell(case, "immediate_action", PRACTITIONER, {}, "danger")
    await handle.signal("immediate_action", {"by": "practitioner", "agency": "ABUHB"})
    await handle.signal("discussion_recorded", RAW)
    await story.door.tell(case, "not_resolved", LINE_MANAGER, {"text": "statement"}, "three")
    await until_stage(story, case, "team_manager")
    await until(lambda: 2 == len(cases.immediate_actions(story.database, case)))
    return case


async def test_a_case_that_is_reset_to_any_point_writes_and_mails_nothing_again(
    engine: Engine, real_server: WorkflowEnvironment
) -> None:
    """Every line, notice, mail and clock stays as it was, and the case goes on: what is said next counts."""
    async with living(real_server.client, engine) as story:
        case = await a_case_with_a_past(story)
        first = await run_of(story.client, case)
        for stream in [case, *cases.immediate_actions(engine, case)]:
            await until(partial(_posted, engine, stream))
        before, mails = everything(engine), len(story.mailbox.messages)
        for point in await points(story.client, case, first):
            new = await reset(story.client, case, point, first)
            await caught_up(story, case, new)
            assert before == everything(engine), point
        assert mails == len(story.mailbox.messages)
        status = await story.status(case)
        told = await story.door.tell(case, "not_resolved", Role(role="team_manager"), {}, "four")
        await until_stage(story, case, "meeting")
    assert "team_manager" == status.stage
    assert told.receipt
    assert told.receipt.accepted
    assert 2 == len(cases.immediate_actions(engine, case))


async def test_an_immediate_action_that_is_reset_to_any_point_tells_nobody_again(
    engine: Engine, real_server: WorkflowEnvironment
) -> None:
    """Its lines and mails stay as they were, also once it is over; what is said to it next counts."""
    async with living(real_server.client, engine) as story:
        case = (await story.door.raise_case(case_file(now()))).reference
        await story.door.tell(case, "immediate_action", PRACTITIONER, {}, "danger")
        alarm = f"{case}-immediate-1"
        await until(lambda: bool(cases.immediate_actions(engine, case)))
        await until(partial(_posted, engine, alarm))
        await until(partial(_posted, engine, case))
        first = await run_of(story.client, alarm)
        before, mails = everything(engine), len(story.mailbox.messages)
        for point in await points(story.client, alarm, first):
            await caught_up(story, alarm, await reset(story.client, alarm, point, first))
        assert (before, mails) == (everything(engine), len(story.mailbox.messages))
        made = {"made_at": now().isoformat(), "text": "to the duty team"}
        told = await story.door.tell(alarm, "immediate_action_confirmed", PRACTITIONER, made, "made")
        await story.handle(alarm).result()
        over = everything(engine)
        again = await reset(story.client, alarm, (await points(story.client, alarm))[0])
        await until(partial(_another_has_ended, story, alarm, again))
        assert (over, mails) == (everything(engine), len(story.mailbox.messages))
    assert told.receipt
    assert told.receipt.accepted


async def _another_has_ended(story: Story, workflow_id: str, run: str) -> bool:
    found = await story.client.get_workflow_handle(workflow_id).describe()
    return found.run_id != run and found.close_time is not None


async def test_what_a_case_has_not_judged_as_it_is_reset_is_judged_once(
    engine: Engine, real_server: WorkflowEnvironment
) -> None:
    """No worker is there: what was said with an id and without, and of a danger, counts once each after two resets."""
    async with living(real_server.client, engine, works=False) as story:
        async with working(real_server.client, engine, story.setting):
            case = (await story.door.raise_case(case_file(now()))).reference
            await story.door.tell(case, "not_resolved", PRACTITIONER, {}, "one")
            await until_stage(story, case, "line_managers")
            await story.posted(case)
        handle = story.handle(case)
        for said in (RAW, RAW, RAW | {"id": "raw"}):
            await handle.signal("discussion_recorded", said)
        await handle.signal("immediate_action", {"id": "danger", "by": "practitioner", "agency": "ABUHB"})
        run = await run_of(story.client, case)
        point, *_ = await points(story.client, case, run)
        for _ in range(2):
            await reset(story.client, case, point, run)
        async with working(real_server.client, engine, story.setting):
            await until(lambda: _said(engine).count("danger") == 1 and len(_said(engine)) == 5)
            await story.posted(case)
            await until(lambda: bool(cases.immediate_actions(engine, case)))
    assert ["", "", "danger", "one", "raw"] == sorted(_said(engine))
    assert 1 == len(cases.immediate_actions(engine, case))


def _said(database: Engine) -> list[str]:
    with reading(database) as session:
        return list(session.scalars(select(Entry.signal_id).where(Entry.code == "accepted")))


async def test_danger_that_a_restored_case_hears_first_is_told_to_those_who_are_waited_for(
    engine: Engine, real_server: WorkflowEnvironment
) -> None:
    """Temporal is of yesterday, the records are of today: they name whom an immediate action tells."""
    async with living(real_server.client, engine) as story:
        case = (await story.door.raise_case(case_file(now()))).reference
        await until(lambda: bool(cases.case_facts(engine, case).snapshot))
        yesterday = last_state(cases.case_facts(engine, case))
        await story.door.tell(case, "not_resolved", PRACTITIONER, {}, "one")
        await until_stage(story, case, "line_managers")
        await story.posted(case)
        await story.handle(case).terminate("as if it had never been")
        await story.door.engine.start(yesterday)
        await story.handle(case).signal("immediate_action", {"id": "danger", "by": "practitioner", "agency": "ABUHB"})
        await until(lambda: _said(engine).count("danger") == 1)
        alarm = f"{case}-immediate-1"
        await until(lambda: bool(_told(engine, alarm)))
    lead = ("safeguarding_lead", "ABUHB", "line_managers")
    waited_for = ("line_manager", "ABUHB", "line_managers")
    assert [("duty_team", "", "line_managers"), waited_for, lead] == _told(engine, alarm)


def _told(database: Engine, stream: str) -> list[tuple[str, str, str]]:
    with reading(database) as session:
        rows = session.scalars(select(Notice).where(Notice.case == stream))
        return sorted((one.role, one.agency, one.stage) for one in rows)
