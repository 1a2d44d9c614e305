"""Signals: whatever comes is kept, judged one at a time, and answered; nothing stops a case."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue

from protocols.steps import Code, Entry, Receipt
from protocols.waiting import Received, sending
from protocols.working_days import LONDON
from records import reading
from tests.people import case_file, load_directory
from tests.story import Story, begin, minute
from workflows.waiting import forget_refusal

MONDAY = datetime(2026, 3, 2, 10, tzinfo=LONDON)


def said(key: str, by: str = "practitioner/ABUHB", **facts: Any) -> dict[str, Any]:
    """A signal's object."""
    role, _, agency = by.partition("/")
    return {"id": key, "by": role, "agency": agency} | facts


async def raised(story: Story, engine: Engine) -> str:
    """A case just raised."""
    load_directory(engine)
    return await story.raise_case(case_file(MONDAY))


def raw(encoding: bytes, data: bytes) -> RawValue:
    """A payload as no SDK of ours would write it."""
    return RawValue(Payload(metadata={"encoding": encoding}, data=data))


async def recorded(engine: Engine, case: str, verdicts: int) -> list[Entry]:
    """The entries of judged signals, once there are as many."""
    async with asyncio.timeout(60):
        while True:
            judged = [line.entry for line in reading.timeline(engine, case) if line.entry.code]
            if len(judged) >= verdicts:
                return judged
            await asyncio.sleep(0.02)


@pytest.mark.clause("common judged one at a time")
async def test_a_refused_sending_that_is_delivered_twice_is_judged_once(engine: Engine) -> None:
    """Two doors may both deliver what is kept: it stands once as not accepted; sent again later it is judged anew."""
    async with begin(MONDAY, engine) as story:
        case = await raised(story, engine)
        too_early = said("once", "line_manager/ABUHB", record="r") | {"sent_at": MONDAY.isoformat()}
        await story.say(case, "not_resolved", too_early)
        await story.say(case, "not_resolved", said("moves"))
        await story.say(case, "not_resolved", too_early)
        await story.say(case, "discussion_recorded", said("later", record="r"))
        stage = (await story.status(case)).stage
        again = (await story.now()).isoformat()
        receipt = await story.receipt(case, "once")
        await story.handle(case).signal("not_resolved", too_early | {"at": again, "sent_at": again})
        judged = await recorded(engine, case, 4)
    assert (Code.WRONG_STAGE, "line_managers") == (receipt.code, stage)
    codes = [entry.code for entry in judged if entry.signal_id == "once"]
    assert [Code.WRONG_STAGE, Code.ACCEPTED] == codes


@pytest.mark.clause("common immediate action")
@pytest.mark.parametrize("hours", [1, -1], ids=["ahead", "behind"])
async def test_a_call_for_help_is_not_refused_for_the_clock_of_its_door(engine: Engine, hours: int) -> None:
    """An hour ahead, or before the case began: it counts from when the case saw it; anything else is refused."""
    async with begin(MONDAY, engine) as story:
        case = await raised(story, engine)
        moment = (MONDAY + timedelta(hours=hours)).isoformat()
        refused = await story.say(case, "not_resolved", said("other") | {"at": moment, "sent_at": moment})
        taken = await story.say(case, "immediate_action", said("danger") | {"at": moment, "sent_at": moment})
        entry = (await recorded(engine, case, 2))[-1]
        async with asyncio.timeout(60):  # the duty team is told
            while ("immediate-action", "duty_team") not in [row[1:3] for row in story.mailbox.mailed(case)]:
                await asyncio.sleep(0.02)
    assert refused
    assert not refused.accepted
    assert taken
    assert (Code.ACCEPTED, MONDAY, MONDAY) == (taken.code, minute(entry.happened_at), minute(entry.recorded_at))


ODD: list[tuple[Any, ...]] = [
    (),
    ({"id": "a"}, {"id": "b"}),
    (7,),
    ([1, 2],),
    ("text",),
    (None,),
    ({"id": "large", "by": "practitioner", "agency": "ABUHB", "record": "x" * 1_900_000},),
    (raw(b"json/plain", b"{broken"),),
    (raw(b"json/plain", b"\xff\xfe"),),
    (raw(b"binary/encrypted", b"no key for this"),),
    (raw(b"nobody/knows", b"?"),),
]


@pytest.mark.clause("common a signal that does not fit")
async def test_odd_payloads_and_unknown_names_are_recorded_and_stop_nothing(engine: Engine) -> None:
    """No payload, two, a number, a list, 1.9 MB, garbage and unknown names are not accepted, and the case goes on."""
    async with begin(MONDAY, engine) as story:
        case = await raised(story, engine)
        for payload in ODD:
            await story.handle(case).signal("not_resolved", args=payload)
        await story.handle(case).signal("nonsense", {"id": "n", "by": "practitioner"})
        await story.handle(case).signal("immediate_action", 3)
        accepted = await story.say(case, "not_resolved", said("good"))
        status = await story.status(case)
        judged = await recorded(engine, case, len(ODD) + 3)
    assert accepted
    assert (Code.ACCEPTED, "line_managers") == (accepted.code, status.stage)
    assert len(ODD) + 3 == len(judged)
    assert {Code.NOT_UNDERSTOOD, Code.UNKNOWN, Code.ACCEPTED} == {entry.code for entry in judged}


@pytest.mark.clause("common judged one at a time")
async def test_two_not_resolved_that_arrive_together_move_a_case_by_one_stage(engine: Engine) -> None:
    """Two practitioners say at once that it is not resolved: one stage on, and the second is not accepted."""
    async with begin(MONDAY, engine) as story:
        case = await raised(story, engine)
        handle = story.handle(case)
        await handle.signal("not_resolved", said("first", "practitioner/ABUHB"))
        await handle.signal("not_resolved", said("second", "practitioner/NEWPORT"))
        verdicts = [(await story.receipt(case, key)).code for key in ("first", "second")]
        status = await story.status(case)
    assert [Code.ACCEPTED, Code.WRONG_STAGE] == verdicts
    assert "line_managers" == status.stage


@pytest.mark.clause("common an accepted id counts once")
async def test_an_accepted_id_counts_once_and_a_refused_one_is_judged_anew(engine: Engine) -> None:
    """The same id twice moves nothing twice; a refused id may be sent again, and can be accepted then."""
    async with begin(MONDAY, engine) as story:
        case = await raised(story, engine)
        await story.say(case, "not_resolved", said("click"))
        refused = await story.say(case, "not_resolved", said("statement", "line_manager/ABUHB"))
        again = await story.say(case, "not_resolved", said("click", "line_manager/ABUHB", record="r"))
        await story.handle(case).signal("not_resolved", said("statement", "line_manager/ABUHB", record="r"))
        await story.say(case, "discussion_recorded", said("later", record="r"))
        now_accepted = await story.receipt(case, "statement")
        status = await story.status(case)
    assert refused
    assert again
    assert [Code.MISSING, Code.ACCEPTED, Code.ACCEPTED] == [refused.code, again.code, now_accepted.code]
    assert "team_manager" == status.stage


@pytest.mark.clause("common an accepted id counts once")
def test_a_refusal_is_not_the_answer_to_what_is_said_once_more() -> None:
    """It lies in the inbox still: no verdict; but a copy of what was refused, and what counts, keep theirs."""
    first, again = (said("key", sent_at=f"2026-03-02T1{hour}:00:00+00:00") for hour in (0, 1))
    came = [Received(name="not_resolved", body=json.dumps(one), seen=MONDAY) for one in (first, again)]
    refused = Receipt(id="key", accepted=False, code=Code.MISSING)
    left = []
    for one, verdict in (
        (came[1], refused),
        (came[0], refused),
        (came[1], Receipt(id="key", accepted=True, code=Code.ACCEPTED)),
    ):
        receipts = {"key": verdict}
        forget_refusal(one, receipts, {sending(came[0])})
        left.append(len(receipts))
    assert [0, 1, 1] == left


@pytest.mark.clause("common one click never moves two stages")
async def test_a_signal_that_answers_another_stage_or_turn_is_refused(engine: Engine) -> None:
    """A door says which stage and turn it answers; if the case is no longer there, nothing moves."""
    async with begin(MONDAY, engine) as story:
        case = await raised(story, engine)
        await story.say(case, "not_resolved", said("one"))
        facts = said("two", "line_manager/ABUHB", record="r")
        stale = await story.say(case, "not_resolved", facts | {"stage": "practitioners", "turn": 1})
        other_turn = await story.say(case, "not_resolved", facts | {"id": "three", "stage": "line_managers", "turn": 2})
        fits = await story.say(case, "not_resolved", facts | {"id": "four", "stage": "line_managers", "turn": 1})
    assert [Code.WRONG_STAGE, Code.WRONG_STAGE, Code.ACCEPTED] == [r.code for r in (stale, other_turn, fits) if r]


async def test_a_new_run_after_every_signal_sends_the_same_as_none(engine: Engine) -> None:
    """Continue-as-new in mid-case leaves notices, clocks and timeline as they are without it."""
    async with begin(MONDAY, engine) as story:
        plain = await raised(story, engine)
        story.in_runs_of(1)
        often = (await story.door.raise_case(case_file(MONDAY), again=True)).reference
        for day, name, by in (
            (3, "discussion_recorded", "EDU"),
            (4, "not_resolved", "ABUHB"),
            (5, "withdrawn", "ABUHB"),
        ):
            await story.skip_to(MONDAY.replace(day=day))
            for case in (plain, often):
                role = "safeguarding_lead" if name == "withdrawn" else "practitioner"
                await story.say(case, name, said(f"{name}", f"{role}/{by}", record="r"))
        await story.skip_to(MONDAY.replace(day=20))
        told = [[(minute(mail.at), *mail[1:]) for mail in await story.posted(case)] for case in (plain, often)]
        clocks = [(await story.status(case)).model_dump(exclude={"reference"}) for case in (plain, often)]
    words = [[line.entry.words for line in reading.timeline(engine, case)] for case in (plain, often)]
    assert words[0] == words[1]
    assert told[0] == told[1]
    assert len(told[0]) > 10
    assert _without_milliseconds(clocks[0]) == _without_milliseconds(clocks[1])


def _without_milliseconds(status: dict[str, Any]) -> dict[str, Any]:
    times = ("starts", "met_at")
    clocks = [{k: minute(v) if v and k in times else v for k, v in clock.items()} for clock in status["clocks"]]
    return {**status, "clocks": clocks}
