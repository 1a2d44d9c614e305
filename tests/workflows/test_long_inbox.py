"""More signals wait than a new run can begin with: they are set aside in the records, and judged in their order."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func, select
from temporalio.client import Client, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from protocols.messages import CONFIRMATION, Resolved
from protocols.roles import Role
from records import cases, set_aside
from records.database import reading
from records.models import Entry, WaitingSignal
from tests.people import case_file
from tests.server import binary, living
from tests.story import Story, begin
from tests.workflows.test_clocks import away
from tests.workflows.test_ctm_clocks import JUST_BEFORE, RCT, hold_up, short
from tests.workflows.test_ctm_signals import DUE, MONDAY, dated, raised, said
from worker import TAKING_IN_SECONDS, working
from workflows import waiting
from workflows.bodies import body_of
from workflows.hearing import Hearing
from workflows.payloads import data_converter
from workflows.story import SEARCH_ATTRIBUTES

SAID = {"by": "practitioner", "agency": "ABUHB", "record": "r"}
PRACTITIONER = Role(role="practitioner", agency="ABUHB")
MANY = 40


async def _raised(story: Story) -> str:
    return (await story.door.raise_case(case_file(datetime.now(UTC).replace(microsecond=0)))).reference


async def _send(handle: WorkflowHandle[Any, Any], name: str, keys: Iterable[str], **facts: Any) -> None:
    for key in keys:
        await handle.signal(name, SAID | facts | {"id": key})


async def _until(look: Callable[[], bool]) -> None:
    async with asyncio.timeout(120):
        while not look():
            await asyncio.sleep(0.1)


def _recorded(engine: Engine, stream: str) -> list[str]:
    with reading(engine) as session:
        ids = select(Entry.signal_id).where(Entry.stream == stream, Entry.signal_id != "").order_by(Entry.number)
        return list(session.scalars(ids))


def _kept(engine: Engine, *which: Any) -> int:
    with reading(engine) as session:
        return session.scalar(select(func.count()).select_from(WaitingSignal).where(*which)) or 0


def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few signals are as much as a run can begin with, and as one batch takes."""
    monkeypatch.setattr(waiting, "CARRIED_BYTES", 500)
    monkeypatch.setattr(waiting, "BATCH_BYTES", 1_500)
    monkeypatch.setattr(set_aside, "TAKEN_SIGNALS", 3)


@pytest.mark.clause("common order of what is kept")
async def test_what_waits_is_judged_once_in_its_order_across_many_runs(
    engine: Engine, real_server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was sent first comes first, what came meanwhile last; of what it said nothing stays aside."""
    _small(monkeypatch)
    async with living(real_server.client, engine, works=False) as story:
        story.in_runs_of(7)
        case = await _raised(story)
        early, late = [f"early-{n}" for n in range(MANY)], [f"late-{n}" for n in range(15)]
        await _send(story.handle(case), "report_accepted", early)
        async with working(real_server.client, engine, story.setting):
            await _until(lambda: len(_recorded(engine, case)) > 9)
            await _send(story.handle(case), "report_accepted", late)
            await _until(lambda: len(_recorded(engine, case)) >= MANY + len(late))
            runs = _runs(engine)
    assert [*early, *late] == _recorded(engine, case)
    assert runs > 1
    assert 0 == _kept(engine, WaitingSignal.judged_at.is_(None))
    assert 0 == _kept(engine, (WaitingSignal.body != None) | (WaitingSignal.signal != ""))  # noqa: E711


def _runs(engine: Engine) -> int:
    with reading(engine) as session:
        return session.scalar(select(func.count(WaitingSignal.run.distinct()))) or 0


async def test_what_is_said_twice_counts_once_though_it_was_set_aside(
    engine: Engine, real_server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second of two under one id leaves no line, and nothing of it stays aside."""
    _small(monkeypatch)
    async with living(real_server.client, engine, works=False) as story:
        story.in_runs_of(2)
        case = await _raised(story)
        keys = [f"d{n}" for n in range(6)]
        await _send(story.handle(case), "discussion_recorded", [*keys, *keys])
        async with working(real_server.client, engine, story.setting):
            await _until(lambda: len(_recorded(engine, case)) >= len(keys) and not _kept(engine, _waits()))
    assert keys == _recorded(engine, case)


def _waits() -> Any:
    return WaitingSignal.judged_at.is_(None)


@pytest.mark.clause("ctm 2", "common in time", "common a stopped worker delays, never loses")
async def test_2_of_what_was_set_aside_only_what_is_in_time_comes_before_a_miss(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SWP answers an hour late, and then RCT's answer of the hour before is entered: the case goes to QA for SWP."""
    monkeypatch.setattr(waiting, "CARRIED_BYTES", 100)
    async with begin(MONDAY, engine) as story:
        story.in_runs_of(2)
        case, late = await raised(story, engine, agencies="RCT,SWP"), DUE + timedelta(hours=1)
        await story.say(case, "discussion_recorded", said("before", RCT))
        await story.skip_to(JUST_BEFORE)
        await story.posted(case)
        with away(engine):
            await hold_up(story, case)
            await story.skip_to(late)
            await story.handle(case).signal("response_submitted", said("late", "counterpart_manager/SWP") | dated(late))
            in_time = said("in time", RCT) | {"at": JUST_BEFORE.isoformat(), "sent_at": late.isoformat()}
            await story.handle(case).signal("response_submitted", in_time)
            await story.skip_to(DUE + timedelta(hours=2))
        await story.receipt(case, "late")
        overdue = {role for _, _, role in short(await story.posted(case), "overdue")}
        status = await story.status(case)
    assert "qa" == status.stage
    assert {"counterpart_manager/SWP", "safeguarding_lead/SWP"} == overdue
    assert ["in time", "late"] == [key for key in _recorded(engine, case) if key in ("in time", "late")]
    assert 2 == _kept(engine)


@pytest.mark.clause("common immediate action")
async def test_more_than_the_engine_takes_in_one_piece_does_not_stop_a_case(
    engine: Engine, real_server: WorkflowEnvironment
) -> None:
    """3 MB wait as the first run ends: the case goes on, and an immediate action waits for none of them."""
    large = {"record": "x" * 7_500}
    async with living(real_server.client, engine, works=False) as story:
        story.in_runs_of(1)
        case, keys = await _raised(story), [f"large-{n}" for n in range(400)]
        await _send(story.handle(case), "resolved", keys, **large)
        async with working(real_server.client, engine, story.setting):
            await _until(lambda: len(_recorded(engine, case)) > 3)
            await story.handle(case).signal("immediate_action", SAID | {"id": "danger"})
            await _until(lambda: bool(cases.immediate_actions(engine, case)))
        judged, aside = _recorded(engine, case), _kept(engine, _waits())
        await story.handle(case).terminate("it has shown what it was for")
    assert keys[: len(judged)] == judged
    assert len(judged) + aside in range(len(keys) - 40, len(keys) + 1)  # the others are carried in the state


async def test_an_immediate_action_goes_on_though_very_many_signals_wait(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes on in new runs, as the engine suggests, and judges each once and in its order; the last one ends it."""
    _small(monkeypatch)
    async with _suggesting(100) as client, living(client, engine, works=False) as story:
        case, wrong = await _raised(story), [f"wrong-{n}" for n in range(120)]
        immediate = f"{case}-immediate-1"
        async with working(client, engine, story.setting):
            await story.door.tell(case, "immediate_action", PRACTITIONER, {}, "danger")
            await _until(lambda: bool(cases.immediate_actions(engine, case)))
        made = SAID | {"id": "made", "made_at": datetime.now(UTC).isoformat()}
        await _send(story.handle(immediate), CONFIRMATION, wrong)
        await story.handle(immediate).signal(CONFIRMATION, made)
        async with working(client, engine, story.setting):
            await _until(lambda: "made" in _recorded(engine, immediate))
            outcome = await story.handle(immediate).result()
    assert [*wrong, "made"] == _recorded(engine, immediate)
    assert "confirmed" == outcome
    assert 100 < _kept(engine)
    assert 0 == _kept(engine, _waits())


@asynccontextmanager
async def _suggesting(events: int) -> AsyncIterator[Client]:
    """A real server that suggests a new run after so many events, and not after some thousand."""
    environment = await WorkflowEnvironment.start_local(
        data_converter=data_converter(),
        dev_server_existing_path=binary("temporal"),
        search_attributes=SEARCH_ATTRIBUTES,
        dev_server_log_level="error",
        dev_server_extra_args=["--dynamic-config-value", f"limit.historyCount.suggestContinueAsNew={events}"],
    )
    async with environment:
        yield environment.client


async def test_a_workflow_may_take_its_time_to_take_in_what_came(
    engine: Engine, real_server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What takes longer than the SDK's 2 seconds, as thousands of signals do on a busy machine, stops nothing."""
    keep, moment = Hearing.keep, timedelta(seconds=0.1)

    def slow(self: Hearing[Any], name: str, args: Any) -> None:
        until = _clock() + moment
        while _clock() < until:
            pass
        keep(self, name, args)

    monkeypatch.setattr(Hearing, "keep", slow)
    keys = [f"s{n}" for n in range(30)]
    async with living(real_server.client, engine, works=False) as story:
        case = await _raised(story)
        await _send(story.handle(case), "report_accepted", keys)
        async with working(real_server.client, engine, story.setting):
            await _until(lambda: len(_recorded(engine, case)) == len(keys))
    assert keys == _recorded(engine, case)
    assert TAKING_IN_SECONDS > len(keys) * moment.total_seconds() > 2


def _clock() -> datetime:
    return datetime.now(UTC)


def test_fields_that_belong_to_no_signal_are_not_carried_along() -> None:
    """They may name people, and fill the state; what belongs to it stays as it was said."""
    assert '{"agreed": true}' == body_of([{"agreed": True, "text": "somebody"}], Resolved)
    assert '{"agreed": 1, "id": "x"}' == body_of([{"agreed": 1, "id": "x"}], Resolved)
    assert "[1]" == body_of([[1]], Resolved)
    assert body_of([{"text": "x" * 8_000}], Resolved) is None
