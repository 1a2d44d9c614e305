"""What a door keeps is delivered: with no worker, with no Temporal, after the end, and many at once."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine
from temporalio.testing import WorkflowEnvironment

from protocols.errors import Refused, Unreachable, WrongUse
from protocols.messages import ImmediateActionNeeded
from protocols.roles import Role
from protocols.steps import Code
from records import cases, drafts, reading, sweeping
from records.ahead import alarms
from records.submissions import Kept
from starter import delivery, temporal
from starter.delivery import Delivery
from starter.temporal import GONE, RUNNING
from starter.temporal import Engine as TemporalEngine
from starter.use_cases import Datrys
from tests.people import case_file
from tests.server import living
from tests.story import Story, free_port
from tests.web.test_callers import NoEngine
from worker import working

PRACTITIONER = Role(role="practitioner", agency="ABUHB")
LINE_MANAGER = Role(role="line_manager", agency="ABUHB")
BURST = 15
"""So many signals; the server begins no more than one run of a workflow a second."""


def now() -> datetime:
    """This moment, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


async def until_stage(story: Story, case: str, stage: str) -> None:
    """Wait until the records show a stage."""
    async with asyncio.timeout(60):
        while reading.case_view(story.database, case).row.stage != stage:
            await asyncio.sleep(0.05)


@pytest.mark.clause("common a stopped worker delays, never loses")
async def test_with_no_worker_a_signal_is_kept_and_counts_once_a_worker_is_back(
    engine: Engine, real_server: WorkflowEnvironment
) -> None:
    """The door says kept; the worker judges in order; who is refused hears it by mail."""
    async with living(real_server.client, engine, works=False) as story:
        case = (await story.door.raise_case(case_file(now()))).reference
        kept = [
            (await story.door.tell(case, "not_resolved", PRACTITIONER, {}, "one")).receipt,
            (await story.door.tell(case, "not_resolved", PRACTITIONER, {"stage": "practitioners"}, "two")).receipt,
        ]
        async with working(real_server.client, engine, story.setting):
            verdicts = [(await story.receipt(case, key)).code for key in ("one", "two")]
            await until_stage(story, case, "line_managers")
            mailed = await story.posted(case)
    assert [None, None] == kept
    assert [Code.ACCEPTED, Code.WRONG_STAGE] == verdicts
    assert ["practitioner/ABUHB"] == [mail.role for mail in mailed if mail.notice == "not-accepted"]


@pytest.mark.clause("common with no Temporal a raise and a signal are kept")
async def test_with_no_temporal_a_case_and_its_signals_are_kept_and_the_relay_delivers_them(
    engine: Engine, real_server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is lost while Temporal is away: case and signals reach it in order afterwards."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{free_port()}")
    monkeypatch.setattr(temporal, "CALL", timedelta(seconds=1))
    async with living(real_server.client, engine) as story:
        away = Datrys(story.setting, engine, TemporalEngine(story.setting), now)
        raised = await away.raise_case(case_file(now()))
        told = [
            await away.tell(raised.reference, "not_resolved", PRACTITIONER, {}, "first"),
            await away.tell(raised.reference, "not_resolved", LINE_MANAGER, {"text": "statement"}, "second"),
        ]
        await story.door.delivery.relay()
        await until_stage(story, raised.reference, "team_manager")
        verdict = await story.receipt(raised.reference, "second")
    assert raised.kept
    assert [None, None] == [one.receipt for one in told]
    assert Code.ACCEPTED == verdict.code


@pytest.mark.clause("common order of what is kept")
async def test_a_door_first_delivers_what_is_kept_for_the_case(
    engine: Engine, real_server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signal that was kept comes before one that is told directly afterwards."""
    monkeypatch.setattr(temporal, "CALL", timedelta(seconds=1))
    async with living(real_server.client, engine) as story:
        case = (await story.door.raise_case(case_file(now()))).reference
        monkeypatch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{free_port()}")
        away = Datrys(story.setting, engine, TemporalEngine(story.setting), now)
        await away.tell(case, "not_resolved", PRACTITIONER, {}, "kept")
        direct = await story.door.tell(case, "not_resolved", LINE_MANAGER, {"text": "t", "stage": "line_managers"})
        status = await story.status(case)
    assert direct.receipt
    assert (Code.ACCEPTED, "team_manager") == (direct.receipt.code, status.stage)


@pytest.mark.clause("common immediate action")
async def test_after_the_end_a_signal_is_refused_and_an_immediate_action_starts_all_the_same(
    engine: Engine, real_server: WorkflowEnvironment
) -> None:
    """The door answers for an ended case; somebody in danger is told of at once, and it outlives the case."""
    async with living(real_server.client, engine) as story:
        case = (await story.door.raise_case(case_file(now()))).reference
        facts: dict[str, Any] = {"agreed": True, "text": "settled"}
        await story.door.tell(case, "resolved", PRACTITIONER, facts)
        await story.handle(case).result()
        late = await story.door.tell(case, "discussion_recorded", PRACTITIONER, {"text": "d"})
        danger = await story.door.tell(case, "immediate_action", LINE_MANAGER, {}, "danger")
        immediate = f"{case}-immediate-1"
        async with asyncio.timeout(60):
            while not cases.immediate_actions(engine, case):
                await asyncio.sleep(0.05)
        await story.posted(immediate)
        told = {mail.role for mail in story.mailbox.mailed(case) if mail.notice == "immediate-action"}
        made = {"made_at": now().isoformat(), "text": "to the duty team"}
        confirmed = await story.door.tell(immediate, "immediate_action_confirmed", LINE_MANAGER, made)
        result = await story.handle(immediate).result()
    assert late.receipt
    assert danger.receipt
    assert confirmed.receipt
    assert [Code.ENDED, Code.ACCEPTED, Code.ACCEPTED] == [
        t.receipt.code for t in (late, danger, confirmed) if t.receipt
    ]
    assert {"duty_team", "safeguarding_lead/ABUHB"} == told
    assert "confirmed" == result


@pytest.mark.clause("common immediate action")
async def test_after_the_end_each_who_sees_danger_is_heard_once(
    engine: Engine, real_server: WorkflowEnvironment
) -> None:
    """Nobody has recorded the first as the second is said; and a door that did not note what it started begins none."""
    async with living(real_server.client, engine, works=False) as story:
        async with working(real_server.client, engine, story.setting):
            case = (await story.door.raise_case(case_file(now()))).reference
            await story.door.tell(case, "resolved", PRACTITIONER, {"agreed": True, "text": "settled"})
            await story.handle(case).result()
        one, two = (_danger(story, case, agency, key) for agency, key in (("ABUHB", "one"), ("NEWPORT", "two")))
        for kept in (one, two, one):
            await story.door.delivery.deliver(kept)
        async with working(real_server.client, engine, story.setting):
            async with asyncio.timeout(60):
                while len(begun := alarms(engine, case)) < 2:
                    await asyncio.sleep(0.05)
            for number in begun:
                await story.posted(f"{case}-immediate-{number}")
            await story.door.delivery.deliver(one)
        running = [await story.door.engine.how_it_runs(f"{case}-immediate-{number}") for number in (1, 2, 3)]
    assert {1: "one", 2: "two"} == begun
    assert [RUNNING, RUNNING, GONE] == running
    told = [mail.role for mail in story.mailbox.mailed(case) if mail.notice == "immediate-action"]
    assert ["duty_team", "duty_team", "safeguarding_lead/ABUHB", "safeguarding_lead/NEWPORT"] == sorted(told)


@pytest.mark.clause("common with no Temporal a raise and a signal are kept")
async def test_whoever_was_told_that_it_is_kept_hears_by_mail_that_the_case_has_ended(
    engine: Engine, real_server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The case ended meanwhile: the refusal is mailed, once, though no workflow of the case hears it."""
    async with living(real_server.client, engine) as story:
        case = (await story.door.raise_case(case_file(now()))).reference
        await story.door.tell(case, "resolved", PRACTITIONER, {"agreed": True, "text": "settled"})
        await story.handle(case).result()
        monkeypatch.setattr(temporal, "CALL", timedelta(seconds=0.5))
        monkeypatch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{free_port()}")
        away = Datrys(story.setting, engine, TemporalEngine(story.setting), now)
        told = await away.tell(case, "discussion_recorded", LINE_MANAGER, {"text": "d"}, "late")
        for _ in range(2):
            await story.door.delivery.relay()
        async with asyncio.timeout(60):
            while not (mailed := [m.role for m in story.mailbox.mailed(case) if m.notice == "not-accepted"]):
                await asyncio.sleep(0.05)
    assert told.receipt is None
    assert ["line_manager/ABUHB"] == mailed


@pytest.mark.clause("common immediate action")
async def test_a_confirmation_waits_for_an_immediate_action_that_nobody_follows(
    engine: Engine, real_server: WorkflowEnvironment
) -> None:
    """An operator ended its workflow: what is confirmed is kept, and counts once it is taken up."""
    async with living(real_server.client, engine) as story:
        case = (await story.door.raise_case(case_file(now()))).reference
        await story.door.tell(case, "immediate_action", LINE_MANAGER, {}, "danger")
        alarm, made = f"{case}-immediate-1", {"made_at": now().isoformat(), "text": "to the duty team"}
        async with asyncio.timeout(60):
            while not alarms(engine, case):
                await asyncio.sleep(0.05)
        await story.posted(alarm)
        await story.handle(alarm).terminate("an operator ends it")
        kept = await story.door.tell(alarm, "immediate_action_confirmed", LINE_MANAGER, made, "made")
        await story.door.take_up(alarm, "an operator ended it")
        await story.door.delivery.relay()
        result = await story.handle(alarm).result()
    assert kept.receipt is None
    assert "confirmed" == result


def _danger(story: Story, case: str, agency: str, key: str) -> Kept:
    """Kept, and not delivered yet."""
    sender = Role(role="line_manager", agency=agency)
    return story.door._keep_said(case, "immediate_action", ImmediateActionNeeded, sender, {}, key, "", "")


@pytest.mark.clause("common immediate action")
async def test_danger_is_told_of_though_nobody_follows_the_case(
    engine: Engine, real_server: WorkflowEnvironment
) -> None:
    """An operator ended its workflow: those who are waited for are told at once, and not again as it is taken up."""
    async with living(real_server.client, engine) as story:
        case = (await story.door.raise_case(case_file(now()))).reference
        await story.door.tell(case, "discussion_recorded", PRACTITIONER, {"text": "d"}, "said")
        await story.posted(case)
        await story.handle(case).terminate("an operator ends it")
        await story.door.tell(case, "discussion_recorded", PRACTITIONER, {"text": "d"}, "waits")
        danger = await story.door.tell(case, "immediate_action", PRACTITIONER, {}, "danger")
        async with asyncio.timeout(60):
            while not (begun := alarms(engine, case)):
                await asyncio.sleep(0.05)
        await story.posted(f"{case}-immediate-1")
        await story.door.take_up(case, "an operator ended it")
        async with asyncio.timeout(60):
            while not reading.verdict_recorded(engine, case, "danger"):
                await story.door.delivery.relay()
        await story.posted(case)
        again = alarms(engine, case)
    assert danger.receipt
    assert ({1: "danger"}, {1: "danger"}) == (begun, again)
    told = {mail.role for mail in story.mailbox.mailed(case) if mail.notice == "immediate-action"}
    assert {"duty_team", "safeguarding_lead/ABUHB", "practitioner/ABUHB", "practitioner/NEWPORT"} == told


@pytest.mark.clause("common immediate action")
async def test_each_who_confirms_is_answered_and_the_first_counts(
    engine: Engine, real_server: WorkflowEnvironment
) -> None:
    """Two confirm while no worker runs, the first of them twice: though the first ends it, the other hears so."""
    async with living(real_server.client, engine, works=False) as story:
        async with working(real_server.client, engine, story.setting):
            case = (await story.door.raise_case(case_file(now()))).reference
            await story.door.tell(case, "immediate_action", LINE_MANAGER, {}, "danger")
            async with asyncio.timeout(60):
                while not alarms(engine, case):
                    await asyncio.sleep(0.05)
        alarm, said = story.handle(f"{case}-immediate-1"), {"by": "line_manager", "agency": "ABUHB", "record": "r"}
        for key in ("one", "two", "one"):
            await alarm.signal("immediate_action_confirmed", said | {"id": key, "made_at": now().isoformat()})
        async with working(real_server.client, engine, story.setting):
            result = await alarm.result()
    judged = [line.entry for line in reading.timeline(engine, case) if line.case == f"{case}-immediate-1"]
    assert "confirmed" == result
    assert [("one", Code.ACCEPTED), ("two", Code.ALREADY)] == [(one.signal_id, one.code) for one in judged if one.code]


@pytest.mark.clause("common immediate action")
async def test_an_immediate_action_does_not_wait_behind_a_thousand_signals(
    engine: Engine, real_server: WorkflowEnvironment
) -> None:
    """1,000 signals wait to be judged; the immediate action that follows them starts before the last is judged."""
    async with living(real_server.client, engine, works=False) as story:
        case = (await story.door.raise_case(case_file(now()))).reference
        handle = story.handle(case)
        for key in range(1000):
            said = {"id": f"d{key}", "by": "practitioner", "agency": "ABUHB", "record": "r"}
            await handle.signal("discussion_recorded", said)
        await handle.signal("immediate_action", {"id": "now", "by": "practitioner", "agency": "ABUHB"})
        async with working(real_server.client, engine, story.setting):
            async with asyncio.timeout(120):
                while not cases.immediate_actions(engine, case):
                    await asyncio.sleep(0.02)
            judged = _discussions(engine, case)
            await handle.terminate("the rest is not waited for")
    assert judged < 1000


@pytest.mark.clause("common the same case file is asked about")
async def test_the_same_case_file_again_within_a_day_is_asked_about(
    engine: Engine, real_server: WorkflowEnvironment
) -> None:
    """The second raise of one case file names the first case, and starts nothing unless it is meant."""
    async with living(real_server.client, engine) as story:
        file = case_file(now())
        first = (await story.door.raise_case(file)).reference
        with pytest.raises(Refused, match=first):
            await story.door.raise_case(file)
        again = (await story.door.raise_case(file, again=True)).reference
    assert first != again


async def test_a_new_run_after_every_signal_loses_none_of_a_burst(
    engine: Engine, real_server: WorkflowEnvironment
) -> None:
    """Signals that arrive while a case goes on in a new run are all judged, once."""
    async with living(real_server.client, engine) as story:
        story.in_runs_of(1)
        case = (await story.door.raise_case(case_file(now()))).reference
        for key in range(BURST):
            said = {"id": f"d{key}", "by": "practitioner", "agency": "ABUHB", "record": "r"}
            await story.handle(case).signal("discussion_recorded", said)
        verdicts = [(await story.receipt(case, f"d{key}")).code for key in range(BURST)]
        async with asyncio.timeout(60):
            while (lines := _discussions(engine, case)) < BURST:
                await asyncio.sleep(0.05)
    assert {Code.ACCEPTED} == set(verdicts)
    assert BURST == lines


def _discussions(engine: Engine, case: str) -> int:
    return sum(line.entry.what == "discussion_recorded" for line in reading.timeline(engine, case))


async def test_a_quiet_stage_costs_at_most_nineteen_events(engine: Engine, real_server: WorkflowEnvironment) -> None:
    """From one answer to the next a case writes no more than 19 events to its history."""
    async with living(real_server.client, engine) as story:
        case = (await story.door.raise_case(case_file(now()))).reference
        lengths = []
        steps: list[tuple[Role, dict[str, Any]]] = [(PRACTITIONER, {}), (LINE_MANAGER, {"text": "statement"})]
        for by, facts in steps:
            lengths.append(await _settled_length(story, case))
            await story.door.tell(case, "not_resolved", by, facts)
        lengths.append(await _settled_length(story, case))
    assert [True, True] == [after - before <= 19 for before, after in pairwise(lengths)], lengths


async def _settled_length(story: Story, case: str) -> int:
    """The length of a history that has stopped growing."""
    length = 0
    async with asyncio.timeout(60):
        while True:
            await story.posted(case)
            now_long = (await story.handle(case).describe()).history_length
            if now_long == length:
                return length
            length = now_long
            await asyncio.sleep(0.5)


async def test_the_relay_forgets_what_is_old_every_hour(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """From its begin on; where that fails it goes on relaying, and tries again an hour later; so after a bad round."""
    monkeypatch.setattr(delivery, "RELAY_SECONDS", 0.01)
    monkeypatch.setattr(delivery, "SWEEP_SECONDS", 0.1)
    relay, told = Delivery(engine, NoEngine(), now), asyncio.Event()  # type: ignore[arg-type]
    long_ago = now() - timedelta(days=31)
    drafts.begin(engine, "somebody@example.invalid", "case", "", {}, long_ago)
    rounds: list[str] = []

    async def round_made() -> None:
        rounds.append("relay")
        if rounds.count("relay") == 1:
            raise RuntimeError("what nobody has thought of")

    def swept(database: Engine, moment: datetime) -> None:
        rounds.append("sweep")
        if rounds.count("sweep") == 1:
            raise Unreachable("The records database does not answer.")
        sweeping.sweep(database, moment)
        told.set()

    monkeypatch.setattr(relay, "relay", round_made)
    monkeypatch.setattr(delivery, "sweeping", SimpleNamespace(sweep=swept))
    relaying = asyncio.create_task(relay.keep_relaying())
    await asyncio.wait_for(told.wait(), 30)
    relaying.cancel()
    assert ["sweep", "relay", "relay"] == rounds[:3]
    assert drafts.drafts(engine, "somebody@example.invalid") == []


async def test_facts_that_are_too_long_are_refused_at_the_door(
    engine: Engine, real_server: WorkflowEnvironment
) -> None:
    """More than 8,000 bytes of facts are refused in one line, and hold up nothing that is said afterwards."""
    async with living(real_server.client, engine) as story:
        case = (await story.door.raise_case(case_file(now()))).reference
        with pytest.raises(WrongUse, match="put what is text under"):
            await story.door.tell(case, "not_resolved", PRACTITIONER, {"must_respond": ["A" * 9_000]})
        after = await story.door.tell(case, "not_resolved", PRACTITIONER, {"text": "x" * 100_000})
    assert after.receipt
    assert Code.ACCEPTED == after.receipt.code
