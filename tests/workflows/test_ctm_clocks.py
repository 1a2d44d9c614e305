"""Cwm Taf Morgannwg's clocks in a running case: in time or late, over outages, and the limit that moves a case."""

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from protocols.editions import SHIPPED
from protocols.steps import ClockState, Code
from protocols.working_days import LONDON
from records import reading
from tests.story import Mailed, Story, begin, minute
from tests.told import CASES, play, read
from tests.workflows.test_clocks import away
from tests.workflows.test_ctm_signals import (
    DUE,
    MONDAY,
    QA_BEGINS,
    UNIT,
    clock,
    dated,
    load,
    raised,
    said,
    to_qa,
    told,
)

MET, RUNNING, CLOSED = ClockState.MET, ClockState.RUNNING, ClockState.CLOSED
RCT = "counterpart_manager/RCT"
JUST_BEFORE = DUE - timedelta(minutes=5)


def short(mails: list[Mailed], *notices: str) -> list[tuple[str, str, str]]:
    """“10.03. 09:00”, notice, role of the mails of some kinds."""
    local = [(minute(mail.at).astimezone(LONDON), mail.notice, mail.role) for mail in mails]
    return [(f"{at:%d.%m. %H:%M}", notice, role) for at, notice, role in local if notice in notices]


async def hold_up(story: Story, case: str) -> None:
    """With the database away, give the case something to write down: it waits for it from now on."""
    await story.handle(case).signal("discussion_recorded", said("held up", RCT))


# --- 2 the limit that moves a case


@pytest.mark.clause("ctm 2", "common in time")
@pytest.mark.parametrize(("at", "late"), [(DUE, False), (DUE + timedelta(seconds=1), True)], ids=["at due", "after"])
async def test_2_an_answer_in_time_that_is_learned_of_late_is_in_time_though_the_case_moved(
    engine: Engine, at: datetime, late: bool
) -> None:
    """Written at the due time and entered two days later it is in time; the case is at QA all the same, and stays."""
    async with begin(MONDAY, engine) as story:
        case = await raised(story, engine)
        entered = DUE + timedelta(days=2)
        await story.skip_to(entered)
        moved = await story.status(case)
        facts = said("b", RCT) | {"at": at.isoformat(), "sent_at": entered.isoformat()}
        assert Code.ACCEPTED == await told(story, case, "response_submitted", facts)
        response = await clock(story, case, "response")
        status = await story.status(case)
        mails = short(await story.posted(case), "overdue", "response-received")
    assert ("qa", 1) == (moved.stage, moved.turn) == (status.stage, status.turn)
    assert (MET, late, at) == (response.state, response.late, response.met_at)
    overdue = [("16.03. 17:00", "overdue", role) for role in (RCT, "safeguarding_lead/RCT")]
    assert [*overdue, ("18.03. 17:00", "response-received", UNIT)] == mails


@pytest.mark.clause("ctm 2", "common in time")
async def test_2_an_answer_at_the_due_time_comes_before_the_due_time(engine: Engine) -> None:
    """Case and answer wait for the database over the due time: the answer, given at that instant, is judged first."""
    async with begin(MONDAY, engine) as story:
        case = await raised(story, engine)
        await story.skip_to(JUST_BEFORE)
        await story.posted(case)
        with away(engine):
            await hold_up(story, case)
            await story.skip_to(DUE)
            await story.handle(case).signal("response_submitted", said("b", RCT) | dated(DUE))
            await story.skip_to(DUE + timedelta(hours=1))
        await story.receipt(case, "b")
        mails = short(await story.posted(case), "overdue", "response-received")
        response, status = await clock(story, case, "response"), await story.status(case)
    assert (MET, False, DUE) == (response.state, response.late, response.met_at)
    assert "agreement" == status.stage
    assert [("response-received", "manager/CTMUHB")] == [mail[1:] for mail in mails]


@pytest.mark.clause("ctm 2", "common in time", "common a stopped worker delays, never loses")
async def test_2_an_answer_after_the_due_time_does_not_undo_the_miss_because_of_an_outage(engine: Engine) -> None:
    """Nobody had answered at the due time: the case goes to QA, though it learns of due time and answer at once."""
    async with begin(MONDAY, engine) as story:
        case = await raised(story, engine)
        await story.skip_to(JUST_BEFORE)
        await story.posted(case)
        with away(engine):
            await hold_up(story, case)
            answered = DUE + timedelta(hours=1)
            await story.skip_to(answered)
            await story.handle(case).signal("response_submitted", said("b", RCT) | dated(answered))
            await story.skip_to(DUE + timedelta(hours=2))
        await story.receipt(case, "b")
        mails = short(await story.posted(case), "overdue", "response-received")
        response, status = await clock(story, case, "response"), await story.status(case)
    assert (MET, True, answered) == (response.state, response.late, response.met_at)
    assert "qa" == status.stage
    assert ("response-received", UNIT) in [mail[1:] for mail in mails]
    assert 2 == [mail[1] for mail in mails].count("overdue")


@pytest.mark.clause("ctm 2", "common in time", "common a stopped worker delays, never loses")
async def test_2_of_answers_that_waited_only_those_in_time_come_before_the_miss(engine: Engine) -> None:
    """SWP answers an hour late, and then RCT's answer of the hour before is entered: the case goes to QA for SWP."""
    async with begin(MONDAY, engine) as story:
        case = await raised(story, engine, agencies="RCT,SWP")
        await story.skip_to(JUST_BEFORE)
        await story.posted(case)
        with away(engine):
            await hold_up(story, case)
            late = DUE + timedelta(hours=1)
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


@pytest.mark.clause("ctm 2", "common calendar", "common a stopped worker delays, never loses")
async def test_2_a_bank_holiday_that_was_loaded_in_time_counts_though_it_is_learned_of_late(engine: Engine) -> None:
    """Loaded before the due time and heard after it, for the database was away: the limit is a working day longer."""
    async with begin(MONDAY, engine) as story:
        case = await raised(story, engine)
        await story.skip_to(JUST_BEFORE)
        await story.posted(case)
        with away(engine):
            await hold_up(story, case)
            loaded = {"id": "h", "by": "business_unit", "holidays": ["2026-03-11"]} | dated(JUST_BEFORE)
            await story.handle(case).signal("calendar_changed", loaded)
            await story.skip_to(DUE + timedelta(hours=2))
        await story.receipt(case, "h")
        await story.posted(case)
        response, status = await clock(story, case, "response"), await story.status(case)
    assert ("response", RUNNING) == (status.stage, response.state)
    assert DUE + timedelta(days=1) == response.due


@pytest.mark.clause("ctm 2", "common a stopped worker delays, never loses")
async def test_2_an_outage_over_the_due_time_moves_the_case_at_the_due_time(engine: Engine) -> None:
    """The database is away over the due time and the first chaser: overdue once, QA from the due time on."""
    async with begin(MONDAY, engine) as story:
        case = await raised(story, engine)
        await story.skip_to(JUST_BEFORE)
        await story.posted(case)
        with away(engine):
            await hold_up(story, case)
            await story.skip_to(DUE + timedelta(hours=18))
        await story.skip_to(DUE + timedelta(hours=41))
        mails = short(await story.posted(case), "overdue", "chaser")
        meeting, status = await clock(story, case, "qa_meeting"), await story.status(case)
    lead = [(at[:6], notice) for at, notice, role in mails if role == "safeguarding_lead/RCT"]
    assert [("17.03.", "overdue"), ("18.03.", "chaser")] == lead
    assert ("qa", DUE) == (status.stage, meeting.starts)


@pytest.mark.clause("ctm 2", "common a stopped worker delays, never loses", "common next meeting")
async def test_2_an_outage_over_the_due_time_and_the_meeting_after_it_loses_neither(engine: Engine) -> None:
    """The miss moved the case to the meeting of the next morning, which began meanwhile: its outcome is waited for."""
    next_morning = datetime(2026, 3, 17, 8, tzinfo=LONDON)
    async with begin(MONDAY, engine) as story:
        case = await raised(story, engine, meetings=("qa-1 qa_children 2026-03-17T08:00+00:00",))
        await story.skip_to(JUST_BEFORE)
        await story.posted(case)
        with away(engine):
            await hold_up(story, case)
            await story.skip_to(next_morning + timedelta(minutes=30))
        await story.skip_to(next_morning + timedelta(minutes=40))
        mails = short(await story.posted(case), "overdue", "action-required", "informed")
        meeting, outcome = await clock(story, case, "qa_meeting"), await clock(story, case, "qa_outcome")
    assert (MET, False, DUE, next_morning) == (meeting.state, meeting.late, meeting.starts, meeting.met_at)
    assert (RUNNING, next_morning) == (outcome.state, outcome.starts)
    assert {("overdue", RCT), ("overdue", "safeguarding_lead/RCT"), ("action-required", UNIT)} == {
        mail[1:] for mail in mails if mail[0].startswith("17.03.")
    }


@pytest.mark.clause("ctm 2", "common clock states")
async def test_2_chasers_end_when_qa_is_left_and_go_on_when_a_correction_leads_back(engine: Engine) -> None:
    """The clock of a missing response closes as QA is left; led back to QA, it runs from its old start, and chases."""
    async with begin(MONDAY, engine) as story:
        case = await raised(story, engine)
        await story.skip_to(QA_BEGINS + timedelta(hours=2))
        await told(story, case, "not_resolved", said("wrong", UNIT))
        await story.posted(case)
        left = await clock(story, case, "response")
        await story.skip_to(QA_BEGINS + timedelta(days=1))
        await told(story, case, "corrected", said("c", UNIT, corrects="wrong", return_to="qa"))
        await story.posted(case)
        back = await clock(story, case, "response")
        await story.skip_to(QA_BEGINS + timedelta(days=7))
        mails = short(await story.posted(case), "chaser", "overdue")
    assert (CLOSED, True) == (left.state, left.late)
    assert (RUNNING, MONDAY, DUE) == (back.state, minute(back.starts), back.due)
    chased = [at[:6] for at, notice, role in mails if role == RCT and notice == "chaser"]
    # each of the first five working days after 16 March, and the tenth; after the return the fifteenth (8 April)
    assert ["17.03.", "18.03.", "19.03.", "20.03.", "23.03.", "30.03.", "08.04."] == chased
    assert 1 == [mail[1:] for mail in mails].count(("overdue", RCT))


# --- 2 the meeting of the QA Sub Group


@pytest.mark.clause("ctm 2", "common next meeting")
async def test_2_the_meeting_meets_its_clock_by_itself(engine: Engine) -> None:
    """At its start, whether or not anybody says so; from there the Business Unit has two working days."""
    async with begin(MONDAY, engine) as story:
        case = await raised(story, engine)
        await to_qa(story, case)
        await story.skip_to(QA_BEGINS + timedelta(minutes=1))
        await story.posted(case)
        meeting, outcome = await clock(story, case, "qa_meeting"), await clock(story, case, "qa_outcome")
        status = await story.status(case)
    assert (MET, False, QA_BEGINS) == (meeting.state, meeting.late, meeting.met_at)
    assert (RUNNING, QA_BEGINS, datetime(2026, 4, 7, 17, tzinfo=LONDON)) == (
        outcome.state,
        outcome.starts,
        outcome.due,
    )
    assert [UNIT] == [str(role) for role in status.waiting_for]


@pytest.mark.clause("ctm 2", "common a stopped worker delays, never loses")
@pytest.mark.parametrize("hours", [2, 8], ids=["back before 17:00", "back after 17:00"])
async def test_2_an_outage_over_papers_and_meeting_makes_nothing_late(engine: Engine, hours: int) -> None:
    """The database is away from before the papers were due until after the meeting: it met its clock all the same."""
    meeting_and_papers = "qa-1 qa_children 2026-04-01T10:00+01:00 2026-04-01T09:00+01:00"
    async with begin(MONDAY, engine) as story:
        case = await raised(story, engine, meetings=(meeting_and_papers,))
        await to_qa(story, case)
        await story.skip_to(QA_BEGINS.replace(hour=8, minute=55))
        await story.posted(case)
        with away(engine):
            await hold_up(story, case)
            await story.skip_to(QA_BEGINS + timedelta(hours=hours))
        await story.receipt(case, "held up")
        mails = short(await story.posted(case), "overdue", "reminder", "chaser")
        meeting, outcome = await clock(story, case, "qa_meeting"), await clock(story, case, "qa_outcome")
    assert [] == mails
    assert (MET, False, QA_BEGINS) == (meeting.state, meeting.late, meeting.met_at)
    assert (RUNNING, QA_BEGINS) == (outcome.state, outcome.starts)


@pytest.mark.clause("ctm 2", "common a stopped worker delays, never loses")
async def test_2_an_outcome_said_while_the_database_was_away_counts(engine: Engine) -> None:
    """Meeting and outcome fall into an outage: afterwards both stand, the meeting met at its start."""
    async with begin(MONDAY, engine) as story:
        case = await raised(story, engine)
        await to_qa(story, case)
        await story.skip_to(QA_BEGINS - timedelta(minutes=5))
        await story.posted(case)
        with away(engine):
            await hold_up(story, case)
            await story.skip_to(QA_BEGINS + timedelta(hours=1))
            await story.handle(case).signal("not_resolved", said("d", UNIT))
            await story.skip_to(QA_BEGINS + timedelta(hours=2))
        assert Code.ACCEPTED == (await story.receipt(case, "d")).code
        mails = short(await story.posted(case), "overdue", "escalated")
        meeting, outcome = await clock(story, case, "qa_meeting"), await clock(story, case, "qa_outcome")
    assert (MET, False, QA_BEGINS) == (meeting.state, meeting.late, meeting.met_at)
    assert (MET, False) == (outcome.state, outcome.late)
    assert [("escalated", "co_chair")] == [mail[1:] for mail in mails]


@pytest.mark.clause("ctm 2", "common times")
async def test_2_the_outcome_is_recorded_when_it_is_sent(engine: Engine) -> None:
    """An outcome that was reached in time and entered a week later is late: that target is about recording."""
    async with begin(MONDAY, engine) as story:
        case = await raised(story, engine)
        await to_qa(story, case)
        entered = QA_BEGINS + timedelta(days=8)
        await story.skip_to(entered)
        at = (QA_BEGINS + timedelta(hours=2)).isoformat()
        facts = said("d", UNIT) | {"at": at, "sent_at": entered.isoformat()}
        assert Code.ACCEPTED == await told(story, case, "not_resolved", facts)
        mails = short(await story.posted(case), "overdue")
        outcome = await clock(story, case, "qa_outcome")
    assert (MET, True, entered) == (outcome.state, outcome.late, outcome.met_at)
    assert [] == mails


# --- 3 the decision


@pytest.mark.clause("ctm 3", "common times")
@pytest.mark.parametrize(
    ("sent_at", "late"),
    [(datetime(2026, 4, 5, 17, tzinfo=LONDON), False), (datetime(2026, 4, 5, 17, 1, tzinfo=LONDON), True)],
    ids=["on the fifth day", "after it"],
)
async def test_3_the_agencies_are_informed_within_five_calendar_days(
    engine: Engine, sent_at: datetime, late: bool
) -> None:
    """Decided on 31 March and recorded on Easter Sunday, 5 April: in time until 17:00, then late, without a mail."""
    decided_at = datetime(2026, 3, 31, 12, tzinfo=LONDON)
    async with begin(MONDAY, engine) as story:
        case = await raised(story, engine, start="3")
        await story.skip_to(sent_at)
        decided = {"review": False, "decided_at": decided_at.isoformat()}
        facts = said("d", "co_chair/BRIDGEND", **decided) | dated(sent_at)
        assert Code.ACCEPTED == await told(story, case, "review_decided", facts)
        mails = await story.posted(case)
        clocks = {one.clock: one for one in reading.case_view(engine, case).clocks}
    informed, decides = clocks["inform_agencies"], clocks["co_chair_decides"]
    assert (MET, late, sent_at) == (informed.state, informed.late, informed.met_at)
    assert datetime(2026, 4, 5, 17, tzinfo=LONDON) == informed.due_time.due
    assert (MET, True, decided_at) == (decides.state, decides.late, decides.met_at)  # due on 16 March
    assert not [mail for mail in mails if mail.clause == "3" and mail.notice in {"overdue", "chaser"}]


@pytest.mark.clause("ctm 3", "common clock states")
async def test_3_a_panel_that_nobody_set_up_closes_with_the_review(engine: Engine) -> None:
    """The review is completed without a panel having been set up: that target is closed, the progress is met."""
    async with begin(MONDAY, engine) as story:
        case = await raised(story, engine, start="3")
        decided = {"review": True, "reviewer": "review_group", "decided_at": MONDAY.isoformat()}
        await told(story, case, "review_decided", said("d", "co_chair/BRIDGEND", **decided))
        await story.skip_to(MONDAY + timedelta(days=30))
        await told(story, case, "review_completed", said("r", UNIT))
        await story.posted(case)
        panel, progress = await clock(story, case, "panel"), await clock(story, case, "review_progress")
        board = await clock(story, case, "present_report")
    assert (CLOSED, True, None) == (panel.state, panel.late, panel.met_at)
    assert (MET, True) == (progress.state, progress.late)
    assert (RUNNING, None) == (board.state, board.due)


# --- Local targets are the board's own

LOCAL_REMINDERS = [
    "2026-06-16 09:00 > reminder business_unit 3",  # panel
    "2026-07-22 09:00 > reminder representative/SWP 3",  # review_progress
    "2026-10-13 09:00 > reminder business_unit 3",  # learning
]


@pytest.mark.clause("common local target", "common edition", "ctm 3")
async def test_3_a_board_may_take_every_local_target_out(engine: Engine, tmp_path: Path) -> None:
    """With no local target in its edition a case goes the same way, and only their reminders are not sent."""
    text = (SHIPPED / "cwm-taf-morgannwg-2019-09.toml").read_text(encoding="utf-8")
    stated, _, _ = text.partition("# --- Local targets")
    (tmp_path / "ctm.toml").write_text(stated, encoding="utf-8")
    (file,) = CASES.glob("28-*.txt")
    case = read(file)
    played = await play(case, engine, editions=tmp_path)
    expected = Counter(line.partition(" due ")[0] for line in case.notices)
    actual = Counter(line.partition(" due ")[0] for line in played.notices)
    assert (case.ends, []) == (played.ends, played.verdicts)
    assert (LOCAL_REMINDERS, []) == (sorted((expected - actual).elements()), list((actual - expected).elements()))


async def story_of_two(story: Story, engine: Engine) -> tuple[str, str]:
    """Two cases at QA, one of a child and one of an adult."""
    child = await raised(story, engine)
    adult = await raised(story, engine, meetings=("a-1 qa_adults 2026-04-08T10:00+01:00",), adult="")
    for case in (child, adult):
        await to_qa(story, case)
    return child, adult


@pytest.mark.clause("ctm 2", "common next meeting", "common calendar")
async def test_2_each_group_has_its_own_meetings(engine: Engine) -> None:
    """A case of a child waits for the Sub Group for children, one of an adult for the other; a change touches one."""
    async with begin(MONDAY, engine) as story:
        child, adult = await story_of_two(story, engine)
        await load(story, "a-1 qa_adults 2026-04-15T10:00+01:00")
        changed = [[m.role for m in await story.posted(c) if m.notice == "date-changed"] for c in (child, adult)]
        dues = [(await clock(story, case, "qa_meeting")).due for case in (child, adult)]
    assert [[], [UNIT, "representative/CTMUHB", "representative/RCT"]] == changed
    assert [QA_BEGINS.replace(hour=17), datetime(2026, 4, 15, 17, tzinfo=LONDON)] == dues
