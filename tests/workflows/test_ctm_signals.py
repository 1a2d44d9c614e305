"""Cwm Taf Morgannwg: bad input to a running case, each refused with its reason, and nothing changed by it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from sqlalchemy import Engine

from protocols.errors import BadFile
from protocols.status import ClockStatus
from protocols.steps import ClockState, Code
from protocols.working_days import LONDON
from records import directory, reading
from tests import ctm
from tests.story import Story, begin

MONDAY = datetime(2026, 3, 2, 10, tzinfo=LONDON)
DUE = datetime(2026, 3, 16, 17, tzinfo=LONDON)
"""Ten working days of that Monday."""
UNIT = "business_unit"
QA_1 = "qa-1 qa_children 2026-04-01T10:00+01:00 2026-03-25T12:00+00:00"
QA_BEGINS = datetime(2026, 4, 1, 10, tzinfo=LONDON)


def said(key: str, by: str, **facts: Any) -> dict[str, Any]:
    """A signal's object."""
    role, _, agency = by.partition("/")
    return {"id": key, "by": role, "agency": agency, "record": "r"} | facts


def dated(moment: datetime) -> dict[str, str]:
    """It happened, and was sent, at this moment."""
    return {"at": moment.isoformat(), "sent_at": moment.isoformat()}


async def load(story: Story, *rows: str) -> None:
    """Load rows of meetings through the door, as a board does."""
    await story.now()
    with TemporaryDirectory() as folder:
        await story.door.load_meetings(ctm.meetings_file(Path(folder), rows))


async def raised(story: Story, engine: Engine, meetings: Iterable[str] = (QA_1,), **options: str) -> str:
    """A case just raised, at stage 2 unless another is said; RCT must respond."""
    ctm.load_directory(engine)
    if rows := tuple(meetings):
        await load(story, *rows)
    return await story.raise_case(ctm.case_file(await story.now(), {"start": "2"} | options))


async def told(story: Story, case: str, name: str, facts: dict[str, Any]) -> Code:
    """The verdict on a signal."""
    receipt = await story.say(case, name, facts)
    assert receipt
    return receipt.code


async def clock(story: Story, case: str, name: str, agency: str = "") -> ClockStatus:
    """The last clock of a name (and an agency)."""
    clocks = (await story.status(case)).clocks
    return [one for one in clocks if one.clock == name and one.agency in {agency or one.agency}][-1]


async def to_qa(story: Story, case: str) -> None:
    """RCT answers, and the raising manager is not satisfied; returns once the stage is entered."""
    assert Code.ACCEPTED == await told(story, case, "response_submitted", said("b", "counterpart_manager/RCT"))
    assert Code.ACCEPTED == await told(story, case, "not_resolved", said("why", "manager/CTMUHB"))
    await story.posted(case)


# --- 2 the responses


@pytest.mark.clause("ctm 2", "common a signal that does not fit")
async def test_2_responses_that_do_not_fit_change_nothing(engine: Engine) -> None:
    """By an agency that need not answer, by the raising one, a second one, one after the end: each has its reason."""
    async with begin(MONDAY, engine) as story:
        case = await raised(story, engine, agencies="RCT,EDU,(SWP)")
        verdicts = [
            await told(story, case, "response_submitted", said("need not", "counterpart_manager/SWP")),
            await told(story, case, "response_submitted", said("raising", "representative/CTMUHB")),
            await told(story, case, "response_submitted", said("first", "counterpart_manager/RCT")),
            await told(story, case, "response_submitted", said("second", "representative/RCT")),
        ]
        before = await story.status(case)
        await told(story, case, "response_submitted", said("last", "representative/EDU"))
        verdicts.append(await told(story, case, "response_submitted", said("agreement", "representative/RCT")))
        await told(story, case, "resolved", said("end", "manager/CTMUHB", agreed=True))
        verdicts.append(await told(story, case, "response_submitted", said("after", "representative/EDU")))
        mails = await story.posted(case)
    assert ["wrong_role", "wrong_role", "accepted", "already", "wrong_stage", "ended"] == verdicts
    assert ("response", ["EDU"]) == (before.stage, sorted({role.agency for role in before.waiting_for}))
    assert 1 == [mail.notice for mail in mails].count("response-received")


# --- 3 who is independent


@pytest.mark.clause("ctm 3", "common a signal that does not fit")
async def test_3_nobody_of_the_case_decides_or_sits_on_the_panel(engine: Engine) -> None:
    """A Co-Chair from the case, a panel member from it or from the reviewing agency: refused, and the case waits."""
    review = {"review": True, "reviewer": "SWP", "decided_at": MONDAY.isoformat()}
    refused = [
        said("1", "co_chair/RCT", **review, panel_member_agency="EDU"),
        said("2", "co_chair/swp", **review, panel_member_agency="EDU"),
        said("3", "co_chair/BRIDGEND", **review, panel_member_agency="CTMUHB"),
        said("4", "co_chair/BRIDGEND", **review, panel_member_agency="Swp"),
        said("5", "co_chair/BRIDGEND", **review | {"reviewer": "EDU"}, panel_member_agency="EDU"),
    ]
    async with begin(MONDAY, engine) as story:
        case = await raised(story, engine, start="3", agencies="RCT,(SWP)")
        verdicts = [await told(story, case, "review_decided", facts) for facts in refused]
        before = await story.status(case)
        decided = said("6", "co_chair/BRIDGEND", **review, panel_member_agency="EDU")
        verdicts.append(await told(story, case, "review_decided", decided))
        joined = {"agency_code": "EDU", "must_respond": False}
        verdicts.append(await told(story, case, "agency_added", said("7", UNIT, **joined)))
        after = await story.status(case)
    assert [*["not_independent"] * 5, "accepted", "not_independent"] == verdicts
    assert ("co_chair", ["co_chair"]) == (before.stage, [str(role) for role in before.waiting_for])
    assert ("review", {"representative/SWP", UNIT}) == (after.stage, {str(role) for role in after.waiting_for})


# --- Meetings


@pytest.mark.clause("ctm 2", "common next meeting")
async def test_2_an_outcome_before_its_meeting_is_too_early(engine: Engine) -> None:
    """Before the start, and without any meeting planned, no outcome counts; a minute after the start it does."""
    async with begin(MONDAY, engine) as story:
        case = await raised(story, engine, meetings=())
        await to_qa(story, case)
        further = {"outcome": "further_meeting"}
        verdicts = [await told(story, case, "meeting_held", said("none planned", UNIT, **further))]
        await load(story, QA_1)
        await story.skip_to(QA_BEGINS - timedelta(minutes=1))
        for name, facts in (("meeting_held", further), ("not_resolved", {}), ("resolved", {"agreed": True})):
            verdicts.append(await told(story, case, name, said(f"early {name}", UNIT, **facts)))
        await story.skip_to(QA_BEGINS + timedelta(minutes=1))
        verdicts.append(await told(story, case, "not_resolved", said("after", UNIT)))
        status = await story.status(case)
    assert [*["too_early"] * 4, "accepted"] == verdicts
    assert "co_chair" == status.stage


@pytest.mark.clause("ctm 2", "common next meeting", "common calendar")
async def test_2_a_file_that_moves_a_meeting_into_the_past_is_refused_whole(engine: Engine) -> None:
    """Nothing of such a file is loaded, no case hears of it, and the meeting stays where it was."""
    async with begin(MONDAY, engine) as story:
        case = await raised(story, engine)
        await to_qa(story, case)
        before, mails = await story.status(case), len(await story.posted(case))
        await story.skip_to(MONDAY + timedelta(days=8))
        with pytest.raises(BadFile, match="into the past"):
            await load(story, "qa-0 qa_children 2026-03-20T10:00+00:00", "qa-1 qa_children 2026-03-03T10:00+00:00")
        after = await story.status(case)
        entries = {line.entry.what for line in reading.timeline(engine, case)}
        assert mails == len(await story.posted(case))
    assert before == after
    assert "calendar-changed" not in entries
    assert [("qa-1", QA_BEGINS)] == [(one.id, one.starts_at) for one in directory.meetings(engine, ctm.PROTOCOL)]


@pytest.mark.clause("ctm 2", "common next meeting")
async def test_2_a_meeting_entered_after_it_took_place_is_passed_over(engine: Engine) -> None:
    """A meeting of the time since the case came to QA, loaded too late, is not the one that it waits for."""
    async with begin(MONDAY, engine) as story:
        case = await raised(story, engine)
        await to_qa(story, case)
        await story.skip_to(MONDAY + timedelta(days=8))
        await load(story, "qa-0 qa_children 2026-03-05T10:00+00:00")
        await story.posted(case)
        waits = await clock(story, case, "qa_meeting")
        changed = [mail for mail in await story.posted(case) if mail.notice == "date-changed"]
    assert (ClockState.RUNNING, QA_BEGINS.replace(hour=17)) == (waits.state, waits.due)
    assert [] == changed


@pytest.mark.clause("ctm 2", "common next meeting")
async def test_2_for_sixty_days_no_meeting_is_planned(engine: Engine) -> None:
    """Two months at QA without a date: the case stays and runs no due time, and is not late; then it has one."""
    async with begin(MONDAY, engine) as story:
        case = await raised(story, engine, meetings=())
        await to_qa(story, case)
        await story.skip_to(MONDAY + timedelta(days=60))
        waiting, stage = await clock(story, case, "qa_meeting"), (await story.status(case)).stage
        row = reading.case_view(engine, case).row
        await load(story, "qa-9 qa_children 2026-06-03T10:00+01:00")
        chased = {mail.role for mail in await story.posted(case) if mail.notice == "chaser"}
        planned = await clock(story, case, "qa_meeting")
    assert ("qa", ClockState.RUNNING, None, False) == (stage, waiting.state, waiting.due, waiting.late)
    assert (None, False) == (row.next_due, row.overdue)
    assert datetime(2026, 6, 3, 17, tzinfo=LONDON) == planned.due
    assert {UNIT} == chased
