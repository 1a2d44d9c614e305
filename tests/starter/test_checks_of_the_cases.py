"""`datrys check` names each case that does not go on, with the reason and the remedy; `make faults` shows the whole."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from temporalio import workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.testing import WorkflowEnvironment

from activities.recording import Records
from protocols.errors import Unreachable
from starter.checks import stuck
from starter.checks.findings import Finding
from tests.people import case_file
from tests.server import binary, living
from tests.starter.script import now
from tests.story import Story
from worker import working
from workflows import outbox
from workflows.hearing import Hearing
from workflows.payloads import data_converter
from workflows.story import SEARCH_ATTRIBUTES

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])
ONE = {"id": "s1", "by": "practitioner", "agency": "ABUHB", "stage": "practitioners"}
FAILS = "its code fails (KeyError: 'no such stage')"
OFTEN = RetryPolicy(initial_interval=timedelta(milliseconds=50), backoff_coefficient=1)
WELL = [Finding("stuck", "no case")]


async def found(client: Client, *suspects: str, wanted: int = 1) -> list[Finding]:
    """The findings, once as many cases are named."""
    async with asyncio.timeout(60):
        while True:
            lines = await stuck.findings(client, suspects)
            if sum(line.stops for line in lines) >= wanted:
                return lines
            await asyncio.sleep(0.2)


async def raised(story: Story) -> str:
    """A case that goes on."""
    case = (await story.door.raise_case(case_file(now()), again=True)).reference
    await story.posted(case)
    return case


def fails(*_: Any) -> None:
    raise KeyError("no such stage")


async def test_a_case_whose_code_fails_is_named_until_it_goes_on(
    engine: Engine, real_server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line with the reason and the remedy; one that goes on, and one that nobody knows, are not named."""
    async with living(real_server.client, engine) as story:
        case, other = await raised(story), await raised(story)
        assert WELL == await stuck.findings(real_server.client, [case, other, "GWENT-1999-0001"])
        with monkeypatch.context() as bug:
            bug.setattr(Hearing, "take", fails)
            await story.handle(case).signal("not_resolved", ONE)
            lines = await found(real_server.client, case, other, "GWENT-1999-0001")
        remedy = "put the release before back, or deploy one that is mended, and it goes on by itself"
        assert [Finding("stuck", f"{case} does not go on: {FAILS}: {remedy}", stops=True)] == lines
        assert (await story.receipt(case, "s1")).accepted
        assert WELL == await stuck.findings(real_server.client, [case])


async def test_code_that_does_other_things_than_before_is_said_to(
    engine: Engine, real_server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The case began with one release, and another worker has the next one."""
    record = outbox.Outbox.record

    async def later(self: outbox.Outbox, step: Any) -> None:
        await workflow.sleep(timedelta(seconds=1))
        await record(self, step)

    async with living(real_server.client, engine, works=False) as story:
        async with working(real_server.client, engine, story.setting):
            case = await raised(story)
        monkeypatch.setattr(outbox.Outbox, "record", later)
        async with working(real_server.client, engine, story.setting):
            await story.handle(case).signal("not_resolved", ONE)
            (line,) = await found(real_server.client, case)
        await story.handle(case).terminate("it has shown what it was for")
    assert line.words.startswith(f"{case} does not go on: its code does other things now than when it began: put ")


async def test_a_step_that_fails_again_and_again_is_named_without_its_words(
    engine: Engine, real_server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an activity says when it fails may hold a name; its kind holds none."""

    def faulty(*_: Any) -> None:
        raise TypeError("Test Person")

    monkeypatch.setattr(outbox, "RECORD_RETRIES", OFTEN)
    async with living(real_server.client, engine) as story:
        case = await raised(story)
        with monkeypatch.context() as bug:
            bug.setattr(Records, "_record", faulty)
            await story.handle(case).signal("not_resolved", ONE)
            (line,) = await found(real_server.client, case)
        await story.posted(case)
    assert line.words.startswith(f"{case} does not go on: recording a step failed ")
    assert "(TypeError): see that the lines above are in order" in line.words
    assert "Person" not in line.words


async def test_a_case_that_waits_for_the_mail_server_is_not_stuck(
    engine: Engine, real_server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often its post was tried: the mail server is looked at by itself."""
    monkeypatch.setattr(outbox, "POST_RETRIES", OFTEN)
    async with living(real_server.client, engine) as story:
        with story.without_mail():
            case = (await story.door.raise_case(case_file(now()), again=True)).reference
            async with asyncio.timeout(60):
                while not await tried(story, case) > stuck.ACTIVITIES_FAILED:
                    await asyncio.sleep(0.05)
            assert WELL == await stuck.findings(real_server.client, [case])
        await story.posted(case)


async def tried(story: Story, case: str) -> int:
    pending = (await story.handle(case).describe()).raw_description.pending_activities
    return max((int(one.attempt) for one in pending), default=0)


async def test_of_very_many_some_are_named_and_the_rest_counted(
    engine: Engine, real_server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that the first line is not out of sight; and no more are asked for than a server bears."""
    monkeypatch.setattr(stuck, "SHOWN", 1)
    async with living(real_server.client, engine) as story:
        cases = [await raised(story) for _ in range(2)]
        with monkeypatch.context() as bug:
            bug.setattr(Hearing, "take", fails)
            for case in cases:
                await story.handle(case).signal("not_resolved", ONE)
            await found(real_server.client, cases[0])
            await found(real_server.client, cases[1])
            first, more = await found(real_server.client, *cases, wanted=2)
            monkeypatch.setattr(stuck, "MOST", 1)
            _, left = await found(real_server.client, *cases)
        for case in cases:
            assert (await story.receipt(case, "s1")).accepted
    assert first.words.startswith(f"{cases[0]} does not go on: ")
    assert "1 more do not go on: see them in the Temporal UI" == more.words
    assert ("1 more may be stuck and were not looked at: mend the above, and check again", True) == (
        left.words,
        left.warns,
    )


@asynccontextmanager
async def server(problems: int) -> AsyncIterator[Client]:
    """A server of one's own, which flags a workflow after so many failures of its task; 0: never, as older ones."""
    setting = f"system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute={problems}"
    made = await WorkflowEnvironment.start_local(
        data_converter=data_converter(),
        dev_server_existing_path=binary("temporal"),
        dev_server_extra_args=["--dynamic-config-value", setting],
        search_attributes=SEARCH_ATTRIBUTES,
        dev_server_log_level="error",
    )
    async with made:
        yield made.client


@pytest.mark.parametrize("problems", [0, 1], ids=["unflagged", "flagged"])
async def test_nobody_need_suspect_it(engine: Engine, monkeypatch: pytest.MonkeyPatch, problems: int) -> None:
    """The server flags it; one that flags none is asked for every case that runs."""
    async with server(problems) as client, living(client, engine) as story:
        case = await raised(story)
        monkeypatch.setattr(Hearing, "take", fails)
        await story.handle(case).signal("not_resolved", ONE)
        (line,) = await found(client)
    assert line.words.startswith(f"{case} does not go on: {FAILS}")


async def test_a_namespace_that_is_not_there_is_said(engine: Engine, real_server: WorkflowEnvironment) -> None:
    """Never that no case is stuck."""
    config = real_server.client.config() | {"namespace": "nowhere"}
    with pytest.raises(Unreachable, match="did not say how the cases stand"):
        await stuck.findings(Client(**config), [])
