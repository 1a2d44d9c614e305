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
    document = problem(other, 422)
    assert "urn:datrys:problem:key-reused" == document["type"]
    assert "was given to discussion_recorded already" in document["detail"]
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


async def test_a_key_is_for_what_was_said_first(engine: Engine, real_server: WorkflowEnvironment) -> None:
    """422 with other facts, another text, another sender or none of the text; the first verdict for the same again."""
    async with living(real_server.client, engine) as story, hook(story.door) as client:
        headers = token(engine) | {"Idempotency-Key": "k"}
        here = (await client.post("/api/cases", json=case_file(now()), headers=headers)).headers["location"]
        where, said = f"{here}/signals/discussion_recorded", {**BY_PRACTITIONER, "text": "we spoke"}
        first = await client.post(where, json=said, headers=headers)
        others: list[dict[str, Any]] = [
            said | {"text": "we did not speak"},
            said | {"text": "we spoke", "more": 1},
            said | {"by": "line_manager"},
            said | {"at": "2026-01-01T00:00:00+00:00"},
            said | {"stage": "meeting"},
            dict(BY_PRACTITIONER),
        ]
        unlike = [await client.post(where, json=other, headers=headers) for other in others]
        again = await client.post(where, json={**said, "at": None}, headers=headers)
    assert (200, True) == (first.status_code, first.json()["new"])
    assert ["urn:datrys:problem:key-reused"] * 6 == [problem(answer, 422)["type"] for answer in unlike]
    assert (200, False) == (again.status_code, again.json()["new"])


async def test_what_the_door_adds_by_itself_makes_no_other_signal(
    engine: Engine, real_server: WorkflowEnvironment
) -> None:
    """A case has moved on since: the same again is still the same."""
    async with living(real_server.client, engine) as story, hook(story.door) as client:
        headers = token(engine)
        here = (await client.post("/api/cases", json=case_file(now()), headers=headers)).headers["location"]
        where, key = f"{here}/signals/not_resolved", {"Idempotency-Key": "k"}
        answers = [await client.post(where, json=BY_PRACTITIONER, headers=headers | key) for _ in "12"]
        stage = (await client.get(here, headers=headers)).json()["stage"]
    assert "line_managers" == stage
    assert [(200, True), (200, False)] == [(a.status_code, a.json()["new"]) for a in answers]


async def test_a_case_is_raised_once_under_its_key(engine: Engine, real_server: WorkflowEnvironment) -> None:
    """200 and the same reference for the same again, whatever else is asked; 422 for another file.

    Another token's key is another key.
    """
    async with living(real_server.client, engine, works=False) as story, hook(story.door) as client:
        file, headers = case_file(now()), token(engine)
        key = headers | {"Idempotency-Key": "k"}
        first, same = [await client.post("/api/cases", json=file, headers=key) for _ in "12"]
        meant = await client.post("/api/cases", json=file, headers=key, params={"again": "true"})
        other = await client.post("/api/cases", json=file | {"issue": "Another"}, headers=key)
        without = await client.post("/api/cases", json=file, headers=headers)
        foreign = await client.post(
            "/api/cases", json=file | {"issue": "Another"}, headers=token(engine) | {"Idempotency-Key": "k"}
        )
    assert [(201, True), (200, False), (200, False)] == [(a.status_code, a.json()["new"]) for a in (first, same, meant)]
    assert 1 == len({answer.json()["reference"] for answer in (first, same, meant)})
    assert {first.headers["location"]} == {answer.headers["location"] for answer in (same, meant)}
    assert "urn:datrys:problem:key-reused" == problem(other, 422)["type"]
    assert "urn:datrys:problem:raised-already" == problem(without, 409)["type"]
    assert 201 == foreign.status_code
    assert 2 == len(register(engine))


async def test_a_case_raised_again_under_its_key_does_not_begin_again(
    engine: Engine, real_server: WorkflowEnvironment
) -> None:
    """Not even where it has ended meanwhile."""
    async with living(real_server.client, engine) as story, hook(story.door) as client:
        file, key = case_file(now()), token(engine) | {"Idempotency-Key": "k"}
        raised = await client.post("/api/cases", json=file, headers=key)
        reference = raised.json()["reference"]
        settled = {**BY_PRACTITIONER, "agreed": True, "text": "settled"}
        await client.post(f"/api/cases/{reference}/signals/resolved", json=settled, headers=token(engine))
        run = (await story.handle(reference).describe()).run_id
        await story.handle(reference).result()
        again = await client.post("/api/cases", json=file, headers=key)
        assert run == (await story.handle(reference).describe()).run_id
    assert (200, reference) == (again.status_code, again.json()["reference"])


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
