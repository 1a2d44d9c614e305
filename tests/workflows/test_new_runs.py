"""What comes in the moment at which a case goes on in a new run, on the real server."""

import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine
from temporalio import workflow
from temporalio.testing import WorkflowEnvironment

from records import cases, reading
from tests.people import case_file
from tests.server import living
from workflows.outbox import Outbox

SAID = {"by": "practitioner", "agency": "ABUHB", "record": "r"}
LET_OUT = Outbox.hand_over


@pytest.mark.clause("common immediate action")
async def test_danger_that_is_seen_as_a_new_run_begins_is_told_once(
    engine: Engine, real_server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server drops what a run only asked it to start: the new run waits until the immediate action runs."""
    let_out = asyncio.Event()

    async def until_danger_is_seen(self: Outbox) -> bool:
        unposted = await LET_OUT(self)
        if workflow.info().continued_run_id is None:
            let_out.set()
            await workflow.wait_condition(lambda: bool(workflow.instance().case.urgent))
        return unposted

    monkeypatch.setattr(Outbox, "hand_over", until_danger_is_seen)
    async with living(real_server.client, engine) as story, asyncio.timeout(30):
        story.in_runs_of(1)
        case = (await story.door.raise_case(case_file(datetime.now(UTC).replace(microsecond=0)))).reference
        await story.handle(case).signal("discussion_recorded", SAID | {"id": "discussed"})
        while not let_out.is_set():
            await asyncio.sleep(0.05)
        await story.handle(case).signal("immediate_action", SAID | {"id": "danger"})
        await story.receipt(case, "danger")
        while not cases.immediate_actions(engine, case):
            await asyncio.sleep(0.05)
        for stream in (case, f"{case}-immediate-1"):
            await story.posted(stream)
        told = [mail.role for mail in story.mailbox.mailed(case)]
    assert 1 == told.count("duty_team")
    assert [f"{case}-immediate-1"] == cases.immediate_actions(engine, case)


@pytest.mark.clause("common mail order")
async def test_a_post_that_fails_just_as_a_new_run_begins_holds_up_nothing(
    engine: Engine, real_server: WorkflowEnvironment
) -> None:
    """The mail server takes four seconds to say nothing; the attempt is cancelled meanwhile, and the case goes on."""
    async with living(real_server.client, engine) as story, asyncio.timeout(50):
        story.in_runs_of(1)
        story.mailbox.close()
        async with await asyncio.start_server(_says_nothing, "127.0.0.1", story.mailbox.port):
            case = (await story.door.raise_case(case_file(datetime.now(UTC).replace(microsecond=0)))).reference
            for key in ("one", "two", "three"):
                await story.handle(case).signal("discussion_recorded", SAID | {"id": key})
                while not reading.verdict_recorded(engine, case, key):
                    await asyncio.sleep(0.05)
        story.mailbox.open()
        await story.handle(case).terminate("it has shown what it was for")


async def _says_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(4)
    writer.close()
