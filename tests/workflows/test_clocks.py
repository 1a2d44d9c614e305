"""Clocks in a running case: in time or late, closed, silent, and over outages of worker, mail server and database."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

from protocols.steps import ClockState, Code
from protocols.working_days import LONDON
from records import outbox, reading
from records.models import Delivery
from tests.story import Story, begin, minute
from tests.workflows.test_signals import MONDAY, raised, said

DUE = datetime(2026, 3, 9, 17, tzinfo=LONDON)


async def clock(story: Story, case: str, name: str) -> tuple[ClockState, bool, datetime | None]:
    """State, lateness and moment of meeting of the last clock of a name."""
    found = [one for one in (await story.status(case)).clocks if one.clock == name][-1]
    return found.state, found.late, found.met_at


def statement(key: str, at: datetime, sent_at: datetime) -> dict[str, object]:
    """The statement of 3.3."""
    return said(key, "line_manager/ABUHB", record="r", at=at.isoformat(), sent_at=sent_at.isoformat())


@pytest.mark.clause("common in time")
@pytest.mark.parametrize(("at", "late"), [(DUE, False), (DUE + timedelta(seconds=1), True)], ids=["at due", "after"])
async def test_in_time_is_when_it_happened_not_when_the_case_learns_of_it(
    engine: Engine, at: datetime, late: bool
) -> None:
    """Written at the due time and entered two days later it is in time, though overdue was mailed meanwhile."""
    async with begin(MONDAY, engine) as story:
        case = await raised(story, engine)
        await story.say(case, "not_resolved", said("one"))
        entered = DUE + timedelta(days=2)
        await story.skip_to(entered)
        await story.say(case, "not_resolved", statement("late", at, entered))
        state = await clock(story, case, "contact_team_manager")
        overdue = [mail for mail in await story.posted(case) if mail.notice == "overdue"]
    assert (ClockState.MET, late, at) == state
    assert 2 == len(overdue)


@pytest.mark.clause("common clock states", "common lateness")
async def test_lateness_moves_no_case_and_silence_closes_none(engine: Engine) -> None:
    """For three months nobody answers: the case stands where it stood, its clocks run late, and it goes on chasing."""
    async with begin(MONDAY, engine) as story:
        case = await raised(story, engine)
        await story.skip_to(MONDAY + timedelta(days=90))
        status = await story.status(case)
        states = {(one.clock, one.state, one.late) for one in status.clocks}
        chased = [mail.at for mail in await story.posted(case) if mail.notice == "chaser" and "lead" in mail.role]
    assert "practitioners" == status.stage
    assert {("contact_team_manager", "running", True), ("practitioners_try", "running", True)} == states
    days = [minute(at).astimezone(LONDON).strftime("%d.%m.") for at in chased]
    assert ["10.03.", "11.03.", "12.03.", "13.03.", "16.03.", "23.03.", "30.03.", "08.04."] == days[:8]


@pytest.mark.clause("common clock states", "gwent 3.6", "gwent 3.8")
async def test_3_8_a_consultation_left_out_is_closed_with_its_stage(engine: Engine) -> None:
    """The Service Manager decides without consulting: that target is closed, not met; the decision itself is met."""
    async with begin(MONDAY, engine) as story:
        case = await raised(story, engine)
        await to_decision(story, case)
        decided = said("decided", "service_manager", review=True, reviewer="TORFAEN", immediate_action_needed=False)
        receipt = await story.say(case, "review_decided", decided | {"criterion_i": True, "criterion_ii": True})
        consulted = await clock(story, case, "consult_head_of_service")
        decide = await clock(story, case, "decide")
    assert receipt
    assert Code.ACCEPTED == receipt.code
    assert (ClockState.CLOSED, False, None) == consulted
    assert (ClockState.MET, False) == decide[:2]


async def to_decision(story: Story, case: str) -> None:
    """Through practitioners, line managers, Team Manager and meeting, to the decision."""
    await story.say(case, "not_resolved", said("p"))
    await story.say(case, "not_resolved", said("l", "line_manager/ABUHB", record="r"))
    meeting_at = (await story.now()) + timedelta(hours=1)
    await story.say(case, "meeting_arranged", said("m", "team_manager", meeting_at=meeting_at.isoformat()))
    await story.skip_to(meeting_at + timedelta(minutes=30))
    held = {"outcome": "not_resolved", "immediate_action_needed": False, "attended": [], "record": "r"}
    await story.say(case, "meeting_held", said("h", "chair", **held))
    await story.say(case, "review_requested", said("q", "chair", believed_by=["ABUHB"], harm_through=["NEWPORT"]))


@pytest.mark.clause("common on behalf")
async def test_what_the_business_unit_enters_for_a_role_keeps_both(engine: Engine) -> None:
    """The entry says whose word it is, and who entered it."""
    async with begin(MONDAY, engine) as story:
        case = await raised(story, engine)
        receipt = await story.say(case, "not_resolved", said("gp") | {"entered_by": "business_unit"})
        await story.posted(case)
    entry = next(line.entry for line in reading.timeline(engine, case) if line.entry.signal_id == "gp")
    assert receipt
    assert (Code.ACCEPTED, "practitioner/ABUHB", "business_unit") == (receipt.code, str(entry.by), entry.entered_by)


@pytest.mark.clause("common reopened", "common corrected")
async def test_a_reopened_case_goes_on_as_after_a_correction(engine: Engine) -> None:
    """The protocol limit keeps its start, the stage is entered anew, what ended the case stays in the record."""
    async with begin(MONDAY, engine) as story:
        case = await raised(story, engine)
        await story.say(case, "resolved", said("end", record="r", agreed=True))
        await story.handle(case).result()
        await story.skip_to(MONDAY + timedelta(days=1))
        await story.door.reopen(case, "practitioners", "ended in error")
        await until(story, case, "practitioners")
        status = await story.status(case)
        again = await story.say(case, "not_resolved", said("again"))
    contact = [one for one in status.clocks if one.clock == "contact_team_manager"]
    words = [line.entry.words for line in reading.timeline(engine, case)]
    assert ("practitioners", 2, None) == (status.stage, status.turn, status.outcome)
    assert [(ClockState.RUNNING, MONDAY)] == [(one.state, one.starts) for one in contact]
    assert again
    assert Code.ACCEPTED == again.code
    assert any("Opened again" in line for line in words)
    assert any("resolved" in line for line in words)


async def until(story: Story, case: str, stage: str) -> None:
    """Wait until the records show a stage."""
    async with asyncio.timeout(60):
        while reading.case_view(story.database, case).row.stage != stage:
            await asyncio.sleep(0.02)


@contextmanager
def away(engine: Engine) -> Iterator[None]:
    """The database answers nothing."""

    def fail(*_: Any) -> None:
        raise OperationalError("gone", None, Exception("gone"))

    event.listen(engine, "before_cursor_execute", fail)
    yield
    event.remove(engine, "before_cursor_execute", fail)


@pytest.mark.clause("common a stopped worker delays, never loses", "common overdue")
async def test_an_outage_over_reminders_due_time_and_chasers_ends_in_one_overdue(engine: Engine) -> None:
    """The database is away over due time and first chaser: overdue at once, and only the chasers still to come."""
    async with begin(MONDAY, engine) as story:
        case = await raised(story, engine)
        await story.skip_to(datetime(2026, 3, 9, 8, 55, tzinfo=LONDON))
        reminded = await story.posted(case)
        with away(engine):
            await story.skip_to(datetime(2026, 3, 10, 12, tzinfo=LONDON))
        await story.skip_to(datetime(2026, 3, 11, 12, tzinfo=LONDON))
        told = [(minute(m.at).astimezone(LONDON), m.notice, m.role) for m in await story.posted(case)]
    lead = [(f"{at:%d.%m.}", notice) for at, notice, role in told if role == "safeguarding_lead/ABUHB"]
    assert [("10.03.", "overdue"), ("11.03.", "chaser")] == lead
    assert [row.notice for row in reminded].count("reminder") == [row[1] for row in told].count("reminder")


@pytest.mark.clause("common a stopped worker delays, never loses", "common mail order")
async def test_days_without_mail_move_no_clock_and_send_no_pointless_reminder(engine: Engine) -> None:
    """With the mail server away the case is late as ever; afterwards the mails go out in order, reminders left out."""
    async with begin(MONDAY, engine) as story:
        case = await raised(story, engine)
        before = datetime(2026, 3, 9, 8, tzinfo=LONDON)
        await story.skip_to(before)
        await story.posted(case)
        with story.without_mail():
            await story.skip_to(datetime(2026, 3, 10, 12, tzinfo=LONDON))
            late = await clock(story, case, "contact_team_manager")
            waiting = outbox.waiting(engine, case)
        await story.skip_to(datetime(2026, 3, 10, 13, tzinfo=LONDON))
        mailed = [m for m in await story.posted(case) if minute(m.at) > before]
    reminders = [one for one in reading.case_view(engine, case).notices if one.notice == "reminder"]
    states = {notice.state for notice in reminders if notice.at > before}
    assert (ClockState.RUNNING, True, None) == late
    assert waiting
    assert {Delivery.SUPERSEDED} == states
    assert {"overdue", "chaser"} == {mail.notice for mail in mailed}
    order = [message["Date"].datetime for message in story.mailbox.messages]
    assert sorted(order) == order
