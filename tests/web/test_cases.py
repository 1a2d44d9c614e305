"""Programs raise cases and tell them something: every answer that there is, and nothing counted twice."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from temporalio.testing import WorkflowEnvironment

from records import cases, reading
from records.register import register
from starter import temporal
from starter.temporal import Engine as TemporalEngine
from starter.use_cases import Datrys
from starter.web.models import CaseShown, Line
from tests.people import case_file
from tests.server import living
from tests.starter.script import be_patient
from tests.story import Story, free_port
from tests.web.hook import BY_LINE_MANAGER, BY_PRACTITIONER, faults, hook, now, problem, token
from worker import working


def away(story: Story, monkeypatch: pytest.MonkeyPatch) -> Datrys:
    """A door to the same records that finds no Temporal."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{free_port()}")
    monkeypatch.setattr(temporal, "CALL", timedelta(seconds=1))
    return Datrys(story.setting, story.database, TemporalEngine(story.setting), now)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for a verdict as long as a busy machine needs."""
    be_patient(monkeypatch)


async def test_a_case_is_raised_told_and_shown(engine: Engine, real_server: WorkflowEnvironment) -> None:
    """201 with where to go on, 200 with the verdict, then the case as it stands and its line in the register."""
    async with living(real_server.client, engine) as story, hook(story.door) as client:
        client.headers.update(token(engine))
        raised = await client.post("/api/cases", json=case_file(now()))
        here = raised.headers["location"]
        told = await client.post(f"{here}/signals/not_resolved", json=BY_PRACTITIONER)
        case = (await client.get(here)).json()
        rows = (await client.get("/api/cases", params={"stage": "line_managers", "protocol": "gwent"})).json()
        none = (await client.get("/api/cases", params={"overdue": "true"})).json()
    reference = raised.json()["reference"]
    assert CaseShown.model_validate(case).clocks
    assert (201, f"/api/cases/{reference}") == (raised.status_code, here)
    assert {"self": here, "signals": f"{here}/signals/{{name}}"} == raised.json()["links"]
    assert (200, True, "accepted", True) == (told.status_code, *(told.json()[k] for k in ("accepted", "code", "new")))
    assert (reference, "line_managers") == (case["reference"], case["stage"])
    assert "not_resolved" in [line["what"] for line in case["timeline"]]
    assert [reference] == [Line.model_validate(row).reference for row in rows]
    assert [] == none


async def test_the_same_key_counts_once(engine: Engine, real_server: WorkflowEnvironment) -> None:
    """Sent again it has the same answer, and stands in the timeline once; it is no key for another signal."""
    async with living(real_server.client, engine) as story, hook(story.door) as client:
        headers = token(engine) | {"Idempotency-Key": "k-1"}
        here = (await client.post("/api/cases", json=case_file(now()), headers=headers)).headers["location"]
        said = {**BY_PRACTITIONER, "text": "we spoke"}
        answers = [await client.post(f"{here}/signals/discussion_recorded", json=said, headers=headers) for _ in "12"]
        other = await client.post(f"{here}/signals/not_resolved", json=BY_PRACTITIONER, headers=headers)
        unlike = await client.post(
            f"{here}/signals/not_resolved", json=BY_PRACTITIONER | {"id": "k-2"}, headers=headers
        )
        timeline = reading.timeline(engine, here.rpartition("/")[2])
    assert [(200, "k-1", True), (200, "k-1", False)] == [
        (a.status_code, a.json()["id"], a.json()["new"]) for a in answers
    ]
    assert 1 == sum(line.entry.what == "discussion_recorded" for line in timeline)
    assert "was given to discussion_recorded already" in problem(other, 409)["detail"]
    assert ["id"] == list(faults(unlike))


async def test_the_same_key_at_once_counts_once(engine: Engine, real_server: WorkflowEnvironment) -> None:
    """Eight together: all are accepted, one was new, and one line stands in the timeline."""
    async with living(real_server.client, engine) as story, hook(story.door) as client:
        headers = token(engine) | {"Idempotency-Key": "k"}
        here = (await client.post("/api/cases", json=case_file(now()), headers=headers)).headers["location"]
        said = {**BY_PRACTITIONER, "text": "we spoke"}
        where = f"{here}/signals/discussion_recorded"
        answers = await asyncio.gather(*(client.post(where, json=said, headers=headers) for _ in range(8)))
        timeline = reading.timeline(engine, here.rpartition("/")[2])
    assert [200] * 8 == [answer.status_code for answer in answers]
    assert [False] * 7 + [True] == sorted(answer.json()["new"] for answer in answers)
    assert 1 == sum(line.entry.what == "discussion_recorded" for line in timeline)


async def test_the_records_say_which_program_spoke(engine: Engine, real_server: WorkflowEnvironment) -> None:
    """By its token, and for whom the Business Unit entered it."""
    async with living(real_server.client, engine) as story, hook(story.door) as client:
        unit = token(engine, "business_unit", agency="")
        here = (await client.post("/api/cases", json=case_file(now()), headers=unit)).headers["location"]
        told = await client.post(
            f"{here}/signals/discussion_recorded", json={**BY_LINE_MANAGER, "text": "d"}, headers=unit
        )
        line = next(
            x for x in reading.timeline(engine, here.rpartition("/")[2]) if x.entry.what == "discussion_recorded"
        )
    key = unit["Authorization"].split("_")[1]
    assert 200 == told.status_code
    assert (f"token:{key}", "business_unit", "line_manager/ABUHB") == (
        line.person,
        line.entry.entered_by,
        str(line.entry.by),
    )


async def test_what_is_not_accepted_says_why_and_what_is_waited_for(
    engine: Engine, real_server: WorkflowEnvironment
) -> None:
    """409 in the words of the script, and in words for programs."""
    async with living(real_server.client, engine) as story, hook(story.door) as client:
        headers = token(engine)
        here = (await client.post("/api/cases", json=case_file(now()), headers=headers)).headers["location"]
        said = {**BY_LINE_MANAGER, "text": "statement"}
        early = problem(await client.post(f"{here}/signals/not_resolved", json=said, headers=headers), 409)
    assert ("urn:datrys:problem:not-accepted", "wrong_stage", "practitioners") == (
        early["type"],
        early["code"],
        early["stage"],
    )
    assert "waits for: practitioner" in early["detail"]
    assert "practitioner" in {role["role"] for role in early["waiting_for"]}


async def test_with_no_temporal_both_are_kept_and_delivered_later(
    engine: Engine, real_server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """202; the relay delivers them once Temporal is back."""
    async with living(real_server.client, engine) as story:
        headers = token(engine) | {"Idempotency-Key": "first"}
        async with hook(away(story, monkeypatch)) as client:
            raised = await client.post("/api/cases", json=case_file(now()), headers=headers)
            here = raised.headers["location"]
            told = await client.post(f"{here}/signals/not_resolved", json=BY_PRACTITIONER, headers=headers)
        await story.door.delivery.relay()
        verdict = await story.receipt(raised.json()["reference"], "first")
    assert (202, True) == (raised.status_code, raised.json()["kept"])
    assert (202, None, None) == (told.status_code, told.json()["accepted"], told.json()["code"])
    assert verdict.accepted


async def test_with_no_worker_a_signal_is_kept(
    engine: Engine, real_server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """202 as soon as the door's patience ends; the worker judges it afterwards."""
    monkeypatch.setattr(temporal, "PATIENCE", timedelta(seconds=0.2))
    async with living(real_server.client, engine, works=False) as story, hook(story.door) as client:
        headers = token(engine) | {"Idempotency-Key": "k"}
        here = (await client.post("/api/cases", json=case_file(now()), headers=headers)).headers["location"]
        told = await client.post(f"{here}/signals/not_resolved", json=BY_PRACTITIONER, headers=headers)
        async with working(real_server.client, engine, story.setting):
            verdict = await story.receipt(here.rpartition("/")[2], "k")
    assert 202 == told.status_code
    assert verdict.accepted


async def test_every_fault_of_a_case_file_is_said_at_once(engine: Engine, real_server: WorkflowEnvironment) -> None:
    """422, and nothing is started."""
    wrong: dict[str, Any] = {"authority": "Cardiff", "issue": " ", "instigated_at": "today", "subject": 5}
    async with living(real_server.client, engine, works=False) as story, hook(story.door) as client:
        answer = await client.post("/api/cases", json=case_file(now()) | wrong, headers=token(engine))
        nothing = await client.post("/api/cases", json={}, headers=token(engine))
    assert wrong.keys() <= faults(answer).keys()
    assert ["protocol"] == [field for field in faults(nothing) if field == "protocol"]
    assert [] == register(engine)


async def test_the_same_case_file_is_asked_about(engine: Engine, real_server: WorkflowEnvironment) -> None:
    """409 with the case that it started; meant once more it starts another."""
    async with living(real_server.client, engine, works=False) as story, hook(story.door) as client:
        file, headers = case_file(now()), token(engine)
        first = (await client.post("/api/cases", json=file, headers=headers)).json()["reference"]
        same = problem(await client.post("/api/cases", json=file, headers=headers), 409)
        again = await client.post("/api/cases", json=file, headers=headers, params={"again": "true"})
    assert ("urn:datrys:problem:raised-already", first) == (same["type"], same["reference"])
    assert 201 == again.status_code
    assert 2 == len(register(engine))


async def test_after_the_end_an_immediate_action_is_taken_and_confirmed(
    engine: Engine, real_server: WorkflowEnvironment
) -> None:
    """The case itself hears nothing any more; a confirmation goes to the immediate action."""
    async with living(real_server.client, engine) as story, hook(story.door) as client:
        headers = token(engine)
        here = (await client.post("/api/cases", json=case_file(now()), headers=headers)).headers["location"]
        settled = {**BY_PRACTITIONER, "agreed": True, "text": "settled"}
        await client.post(f"{here}/signals/resolved", json=settled, headers=headers)
        await story.handle(here.rpartition("/")[2]).result()
        late = await client.post(f"{here}/signals/withdrawn", json={**BY_PRACTITIONER, "text": "t"}, headers=headers)
        danger = await client.post(f"{here}/signals/immediate_action", json=BY_LINE_MANAGER, headers=headers)
        made = {**BY_LINE_MANAGER, "made_at": now().isoformat(), "text": "to the duty team"}
        confirmation = f"{here}-immediate-1/signals/immediate_action_confirmed"
        confirmed = await client.post(confirmation, json=made, headers=headers)
        misdirected = await client.post(f"{here}/signals/immediate_action_confirmed", json=made, headers=headers)
        result = await story.handle(f"{here.rpartition('/')[2]}-immediate-1").result()
    assert "ended" == problem(late, 409)["code"]
    assert [200, 200] == [danger.status_code, confirmed.status_code]
    assert "is told to an immediate action" in problem(misdirected, 404)["detail"]
    assert "confirmed" == result
    assert cases.immediate_actions(engine, here.rpartition("/")[2])
