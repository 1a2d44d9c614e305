"""Nothing that goes wrong in a case ends it: it waits, is tried again, and goes on."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine
from temporalio.client import WorkflowExecutionStatus
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from activities.posting import Post
from activities.recording import Records
from protocols.steps import Step
from records.cases import immediate_actions
from tests.people import case_file
from tests.server import living
from tests.starter.script import now
from tests.story import Story
from workflows import immediate
from workflows import outbox as of_a_case
from workflows.disagreement import Disagreement
from workflows.hearing import Hearing

ONE = {"id": "s1", "by": "practitioner", "agency": "ABUHB", "stage": "practitioners"}
DANGER = {"id": "s2", "by": "practitioner", "agency": "ABUHB"}

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])


def fails_once(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, fault: BaseException) -> list[int]:
    """Lay a fault before a method, for its first call; answers what counts the calls."""
    original: Callable[..., Any] = getattr(owner, name)
    calls: list[int] = []

    def faulty(*args: Any, **kwargs: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise fault
        return original(*args, **kwargs)

    monkeypatch.setattr(owner, name, faulty)
    return calls


async def until(look: Callable[[], Any]) -> None:
    async with asyncio.timeout(60):
        while not await asyncio.to_thread(look):
            await asyncio.sleep(0.05)


async def attempts(story: Story, case: str) -> int:
    """How often the present task of a workflow was tried."""
    found = await story.handle(case).describe()
    assert WorkflowExecutionStatus.RUNNING == found.status
    return int(found.raw_description.pending_workflow_task.attempt)


@pytest.mark.parametrize(
    "fault",
    [
        ApplicationError("no", non_retryable=True),
        TimeoutError("no"),
        asyncio.CancelledError("no"),
        RuntimeError("no"),
    ],
    ids=lambda fault: type(fault).__name__,
)
@pytest.mark.parametrize(("owner", "name"), [(Hearing, "take"), (Hearing, "keep")], ids=["run", "handler"])
async def test_whatever_is_raised_in_its_code_a_case_goes_on(
    engine: Engine,
    real_server: WorkflowEnvironment,
    monkeypatch: pytest.MonkeyPatch,
    owner: Any,
    name: str,
    fault: BaseException,
) -> None:
    """The signal counts as if nothing had been; three of these would end a workflow for good."""
    async with living(real_server.client, engine) as story:
        case = (await story.door.raise_case(case_file(now()))).reference
        await story.posted(case)
        calls = fails_once(monkeypatch, owner, name, fault)
        receipt = await story.say(case, "not_resolved", ONE)
        assert receipt
        assert receipt.accepted
        assert "line_managers" == (await story.status(case)).stage
    assert len(calls) > 1


async def test_a_step_that_can_never_be_recorded_ends_no_case(
    engine: Engine, real_server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits, and its task is tried again: whoever operates it sees it."""

    def never(self: Records, step: Step, run: str) -> None:
        raise ApplicationError("no", non_retryable=True)

    monkeypatch.setattr(Records, "_record", never)
    async with living(real_server.client, engine) as story:
        case = (await story.door.raise_case(case_file(now()))).reference
        async with asyncio.timeout(60):
            while await attempts(story, case) < 2:
                await asyncio.sleep(0.05)
        await story.handle(case).terminate("it has shown what it was for")


async def test_a_post_that_was_given_up_is_begun_anew(
    engine: Engine, real_server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing need happen to the case for that."""
    monkeypatch.setattr(of_a_case, "POST_ANEW", of_a_case.POST_ANEW / 600)
    calls = fails_once(monkeypatch, Post, "_drain", ApplicationError("no", non_retryable=True))
    async with living(real_server.client, engine) as story:
        case = (await story.door.raise_case(case_file(now()))).reference
        await until(lambda: len(calls) > 1 and bool(story.mailbox.mailed(case)))
        await story.posted(case)


async def test_an_immediate_action_does_not_vanish_where_its_lane_breaks(
    engine: Engine, real_server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is started once the code is in order again, though the flow of the case itself never stumbled."""
    calls = fails_once(monkeypatch, Disagreement, "start_immediate_action", RuntimeError("no"))
    async with living(real_server.client, engine) as story:
        case = (await story.door.raise_case(case_file(now()))).reference
        await story.posted(case)
        await story.handle(case).signal("immediate_action", DANGER)
        await until(lambda: immediate_actions(engine, case))
        await story.posted(case)
        assert (await story.receipt(case, "s2")).accepted
        assert 1 == len(immediate_actions(engine, case))
    assert 2 == len(calls)


async def test_an_immediate_action_waits_as_a_case_does(
    engine: Engine, real_server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes on to tell everybody."""
    fails_once(monkeypatch, immediate.ImmediateAction, "_tell", ApplicationError("no"))
    async with living(real_server.client, engine) as story:
        case = (await story.door.raise_case(case_file(now()))).reference
        await story.handle(case).signal("immediate_action", DANGER)
        await until(lambda: [one for one in story.mailbox.mailed(case) if one.notice == "immediate-action"])
