"""Cwm Taf Morgannwg: who must respond, and what a correction or an opening again takes back."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from protocols.steps import ClockState, Code
from protocols.working_days import LONDON
from records import reading
from tests.story import Story, begin
from tests.workflows.test_ctm_signals import DUE, MONDAY, QA_BEGINS, UNIT, clock, raised, said, told

RCT, SWP = "counterpart_manager/RCT", "counterpart_manager/SWP"
MANAGER = "manager/CTMUHB"
QA_2 = "qa-2 qa_children 2026-04-29T10:00+01:00"
JOINS = {"agency_code": "EDU", "must_respond": True}


async def entered(story: Story, case: str, stage: str) -> None:
    """The case stands in a stage, and has written down what entering it sets off."""
    await story.posted(case)
    assert stage == (await story.status(case)).stage


# --- 2 who must respond


@pytest.mark.clause("ctm 1", "ctm 2")
async def test_1_an_agency_that_part_a_names_twice_is_asked_once(engine: Engine) -> None:
    """The same code twice in part A is one agency: one request, one clock, met by its one answer."""
    async with begin(MONDAY, engine) as story:
        case = await raised(story, engine, start="1", agencies="RCT,(SWP)")
        named = ["RCT", "RCT", "SWP"]
        assert Code.ACCEPTED == await told(story, case, "not_resolved", said("a", MANAGER, must_respond=named))
        await told(story, case, "response_submitted", said("b", RCT))
        await story.skip_to(DUE + timedelta(hours=1))
        overdue = {mail.role for mail in await story.posted(case) if mail.notice == "overdue"}
        asked = [one.agency for one in (await story.status(case)).clocks if one.clock == "response"]
    assert ["RCT", "SWP"] == asked
    assert {SWP, "safeguarding_lead/SWP"} == overdue


@pytest.mark.clause("ctm 2", "common agency added")
async def test_2_an_agency_that_joined_has_its_own_time_though_the_case_moved(engine: Engine) -> None:
    """RCT misses its limit and the case goes to QA; EDU, which joined a week later, has a week left, and answers."""
    joined = MONDAY + timedelta(days=7)
    async with begin(MONDAY, engine) as story:
        case = await raised(story, engine)
        await story.skip_to(joined)
        await told(story, case, "agency_added", said("j", UNIT, **JOINS))
        await story.skip_to(DUE + timedelta(days=1))
        await entered(story, case, "qa")
        (missed,) = [line.entry for line in reading.timeline(engine, case) if line.entry.what == "not-answered"]
        running = await clock(story, case, "response", "EDU")
        await story.skip_to(DUE + timedelta(days=7, hours=-1))
        assert Code.ACCEPTED == await told(story, case, "response_submitted", said("b", "representative/EDU"))
        late = {mail.role for mail in await story.posted(case) if mail.notice in {"overdue", "chaser"}}
        answered = await clock(story, case, "response", "EDU")
    assert {"agencies": ["RCT", "EDU"]} == missed.facts
    assert (ClockState.RUNNING, DUE + timedelta(days=7)) == (running.state, running.due)
    assert (ClockState.MET, False) == (answered.state, answered.late)
    assert {RCT, "safeguarding_lead/RCT"} == late


@pytest.mark.clause("ctm 2", "common corrected", "common agency added")
async def test_2_an_agency_that_was_added_by_mistake_need_not_respond_once_that_is_corrected(engine: Engine) -> None:
    """What the corrected signal said is void for the process: the case does not wait for that agency any more."""
    async with begin(MONDAY, engine) as story:
        case = await raised(story, engine)
        await told(story, case, "agency_added", said("j", UNIT, **JOINS))
        correction = said("c", UNIT, corrects="j", return_to="response")
        assert Code.ACCEPTED == await told(story, case, "corrected", correction)
        await entered(story, case, "response")
        waited_for = {role.agency for role in (await story.status(case)).waiting_for}
        await told(story, case, "response_submitted", said("b", RCT))
        await story.posted(case)
        stage = (await story.status(case)).stage
    assert {"RCT"} == waited_for
    assert "agreement" == stage


# --- Corrections


@pytest.mark.clause("ctm 2", "common corrected")
async def test_2_nothing_leads_back_to_responses_whose_limit_is_past(engine: Engine) -> None:
    """Until 17:00 on the tenth working day a correction leads back to the responses, a minute later not any more."""
    async with begin(MONDAY, engine) as story:
        case = await raised(story, engine)
        await told(story, case, "response_submitted", said("wrong", RCT))
        await entered(story, case, "agreement")
        back = {"corrects": "wrong", "return_to": "response"}
        await story.skip_to(DUE - timedelta(minutes=2))
        verdicts = [await told(story, case, "corrected", said("in time", UNIT, **back))]
        await told(story, case, "response_submitted", said("right", RCT))
        await entered(story, case, "agreement")
        await story.skip_to(DUE + timedelta(minutes=1))
        verdicts.append(await told(story, case, "corrected", said("too late", UNIT, corrects="right") | back))
        response = await clock(story, case, "response")
        stage = (await story.status(case)).stage
    assert [Code.ACCEPTED, Code.WRONG_STAGE] == verdicts
    assert (ClockState.MET, False, DUE) == (response.state, response.late, response.due)
    assert "agreement" == stage


@pytest.mark.clause("ctm 2", "common corrected")
async def test_2_the_limit_of_requests_that_were_taken_back_bars_no_return(engine: Engine) -> None:
    """Part A came too early and was taken back; the limit that counts is that of the requests put out since."""
    second = MONDAY + timedelta(days=10)
    async with begin(MONDAY, engine) as story:
        case = await raised(story, engine, start="1")
        await told(story, case, "not_resolved", said("too early", MANAGER))
        await told(story, case, "corrected", said("c1", UNIT, corrects="too early", return_to="single_agency"))
        await story.skip_to(second)
        await told(story, case, "not_resolved", said("a", MANAGER))
        await told(story, case, "response_submitted", said("wrong", RCT))
        await entered(story, case, "agreement")
        await story.skip_to(DUE + timedelta(days=1))  # the first requests would have been due, the second are not
        back = said("c2", UNIT, corrects="wrong", return_to="response")
        assert Code.ACCEPTED == await told(story, case, "corrected", back)
        await entered(story, case, "response")
        response = await clock(story, case, "response")
    assert (ClockState.RUNNING, datetime(2026, 3, 26, 17, tzinfo=LONDON)) == (response.state, response.due)


@pytest.mark.clause("ctm 2", "common corrected")
async def test_2_a_late_response_that_was_wrong_is_asked_for_again(engine: Engine) -> None:
    """At QA a wrong late response is taken back: the agency has not answered, is chased on, and may answer again."""
    async with begin(MONDAY, engine) as story:
        case = await raised(story, engine)
        await story.skip_to(DUE + timedelta(days=1))
        await told(story, case, "response_submitted", said("wrong", RCT))
        await story.skip_to(DUE + timedelta(days=2))
        assert Code.ALREADY == await told(story, case, "response_submitted", said("again", RCT))
        await told(story, case, "corrected", said("c", UNIT, corrects="wrong", return_to="qa"))
        await entered(story, case, "qa")
        running = await clock(story, case, "response")
        assert Code.ACCEPTED == await told(story, case, "response_submitted", said("again", RCT))
        met = await clock(story, case, "response")
        overdue = [mail.role for mail in await story.posted(case) if mail.notice == "overdue"]
    assert (ClockState.RUNNING, True, DUE) == (running.state, running.late, running.due)
    assert (ClockState.MET, True) == (met.state, met.late)
    assert [RCT, "safeguarding_lead/RCT"] == sorted(overdue)


@pytest.mark.clause("ctm 2", "common corrected", "common reopened")
async def test_2_back_at_qa_after_the_meeting_only_its_outcome_is_waited_for(engine: Engine) -> None:
    """Ended in error at QA and opened again there: the meeting has been, and the Business Unit says what came of it."""
    async with begin(MONDAY, engine) as story:
        case = await raised(story, engine)
        await story.skip_to(QA_BEGINS + timedelta(hours=2))
        await told(story, case, "resolved", said("wrong", UNIT, agreed=True))
        await story.handle(case).result()
        await story.skip_to(QA_BEGINS + timedelta(days=1))
        await story.door.reopen(case, "qa", "ended in error")
        assert Code.ACCEPTED == await told(story, case, "not_resolved", said("right", UNIT))
        await entered(story, case, "co_chair")
        mails = [mail for mail in await story.posted(case) if mail.at > QA_BEGINS + timedelta(hours=3)]
        outcomes = [one for one in (await story.status(case)).clocks if one.clock == "qa_outcome"]
    assert not [mail for mail in mails if mail.notice == "informed" and mail.role.startswith("rep") and mail.due]
    assert [QA_BEGINS + timedelta(days=1)] == [one.starts.replace(microsecond=0) for one in outcomes[1:]]


@pytest.mark.clause("common reopened", "common calendar")
async def test_a_bank_holiday_proclaimed_while_a_case_was_ended_counts_once_it_is_opened_again(
    engine: Engine, tmp_path: Path
) -> None:
    """Wednesday 11 March becomes a bank holiday after the end: five working days of Monday 9 March end on the 17th."""
    async with begin(MONDAY, engine) as story:
        case = await raised(story, engine)
        await told(story, case, "response_submitted", said("b", RCT))
        await told(story, case, "resolved", said("wrong", MANAGER, agreed=True))
        await story.handle(case).result()
        await story.skip_to(MONDAY + timedelta(days=1))
        listed = {"division": "england-and-wales", "events": [{"date": "2026-03-11"}]}
        (tmp_path / "holidays.json").write_text(json.dumps({"england-and-wales": listed}), encoding="utf-8")
        await story.door.load_holidays(tmp_path / "holidays.json")
        await story.skip_to(MONDAY + timedelta(days=7))
        await story.door.reopen(case, "agreement", "ended in error")
        await told(story, case, "discussion_recorded", said("d", MANAGER))
        agreement = await clock(story, case, "agreement")
    assert datetime(2026, 3, 17, 17, tzinfo=LONDON) == agreement.due


@pytest.mark.clause("ctm 3", "common corrected")
async def test_3_a_decision_cannot_be_taken_back_and_its_review_go_on(engine: Engine) -> None:
    """Corrected with the review as the stage to return to it is refused, and the case hears what comes after it."""
    async with begin(MONDAY, engine) as story:
        case = await raised(story, engine, start="3")
        decided = {"review": True, "reviewer": "review_group", "decided_at": MONDAY.isoformat()}
        await told(story, case, "review_decided", said("d", "co_chair/BRIDGEND", **decided))
        wrong = await told(story, case, "corrected", said("c1", UNIT, corrects="d", return_to="review"))
        right = await told(story, case, "corrected", said("c2", UNIT, corrects="d", return_to="co_chair"))
        await entered(story, case, "co_chair")
    assert [Code.WRONG_STAGE, Code.ACCEPTED] == [wrong, right]


@pytest.mark.clause("common reopened", "common agency added")
async def test_an_agency_that_joined_is_still_in_the_case_when_it_is_opened_again(engine: Engine) -> None:
    """The first that a stage heard was that an agency joins: opened again there, the case keeps the agency."""
    async with begin(MONDAY, engine) as story:
        case = await raised(story, engine)
        await told(story, case, "agency_added", said("j", UNIT, **JOINS))
        await told(story, case, "withdrawn", said("w", MANAGER))
        await story.handle(case).result()
        await story.door.reopen(case, "response", "withdrawn in error")
        await entered(story, case, "response")
        assert Code.ACCEPTED == await told(story, case, "response_submitted", said("b", "representative/EDU"))
        waited_for = {role.agency for role in (await story.status(case)).waiting_for}
    assert {"RCT"} == waited_for


@pytest.mark.clause("ctm 2", "common reopened", "common next meeting")
async def test_2_a_meeting_that_took_place_while_the_case_was_withdrawn_was_not_for_it(engine: Engine) -> None:
    """Withdrawn before the meeting and opened again after it, the case waits for the next one, and all are told."""
    following = datetime(2026, 4, 29, 10, tzinfo=LONDON)
    async with begin(MONDAY, engine) as story:
        case = await raised(story, engine, meetings=("qa-1 qa_children 2026-04-01T10:00+01:00", QA_2))
        await told(story, case, "response_submitted", said("b", RCT))
        await told(story, case, "not_resolved", said("n", MANAGER))
        await entered(story, case, "qa")
        await told(story, case, "withdrawn", said("w", MANAGER))
        await story.handle(case).result()
        await story.skip_to(QA_BEGINS + timedelta(days=1))
        await story.door.reopen(case, "qa", "withdrawn in error")
        await told(story, case, "discussion_recorded", said("d", MANAGER))
        meeting = await clock(story, case, "qa_meeting")
        mails = [m for m in await story.posted(case) if m.notice == "informed" and m.due == following]
    assert (ClockState.RUNNING, following.replace(hour=17)) == (meeting.state, meeting.due)
    assert {"representative/CTMUHB", "representative/RCT"} == {mail.role for mail in mails}
