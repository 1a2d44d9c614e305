"""Gwent: clocks that count from a meeting, where a correction leads back."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine

from protocols.steps import ClockState
from protocols.working_days import LONDON
from tests.story import Story, begin
from tests.workflows.test_signals import MONDAY, raised, said

MEETING = datetime(2026, 3, 12, 10, tzinfo=LONDON)
HELD = {"outcome": "not_resolved", "immediate_action_needed": False, "attended": [], "record": "r"}


async def arranged(story: Story, engine: Engine) -> str:
    """A case whose meeting is arranged for Thursday 12 March 2026."""
    case = await raised(story, engine)
    await story.say(case, "not_resolved", said("n1"))
    await story.say(case, "not_resolved", said("n2", "line_manager/ABUHB", record="r"))
    await story.say(case, "meeting_arranged", said("arranged", "team_manager", meeting_at=MEETING.isoformat()))
    return case


def correction(of: str, to: str, at: datetime) -> dict[str, object]:
    """The Business Unit takes a signal back."""
    moment = at.isoformat()
    return said("c", "business_unit", corrects=of, record="why", return_to=to, at=moment, sent_at=moment)


async def running(story: Story, case: str, name: str) -> list[datetime | None]:
    """Due times of the running clocks of a name."""
    clocks = (await story.status(case)).clocks
    return [one.due for one in clocks if one.clock == name and one.state is ClockState.RUNNING]


@pytest.mark.clause("common corrected", "gwent 3.4")
async def test_3_4_a_correction_before_the_meeting_leaves_the_time_to_record_its_outcome(engine: Engine) -> None:
    """The meeting of Thursday is still ahead: its outcome is due on Friday, whatever was corrected on Tuesday."""
    async with begin(MONDAY, engine) as story:
        case = await arranged(story, engine)
        await story.say(case, "discussion_recorded", said("d", "team_manager", record="r"))
        await story.skip_to(tuesday := datetime(2026, 3, 10, 10, tzinfo=LONDON))
        receipt = await story.say(case, "corrected", correction("d", "meeting", tuesday))
        due = await running(story, case, "record_outcome")
    assert receipt
    assert receipt.accepted
    assert [datetime(2026, 3, 13, 17, tzinfo=LONDON)] == due


@pytest.mark.clause("common corrected", "gwent 3.11 note")
async def test_3_11_note_minutes_that_a_correction_took_back_are_waited_for_again(engine: Engine) -> None:
    """The minutes followed the request that was wrong, and are void with it: the Chair has five working days anew."""
    async with begin(MONDAY, engine) as story:
        case = await arranged(story, engine)
        for name, hours, facts in (
            ("meeting_held", 1, HELD),
            ("review_requested", 2, {"believed_by": ["ABUHB"], "harm_through": ["NEWPORT"]}),
            ("minutes_recorded", 3, {"record": "m"}),
        ):
            await story.skip_to(at := MEETING + timedelta(hours=hours))
            moments = {"at": at.isoformat(), "sent_at": at.isoformat()}
            receipt = await story.say(case, name, said(name, "team_manager", **facts, **moments))
            assert receipt
            assert receipt.accepted, receipt
        await story.skip_to(friday := datetime(2026, 3, 13, 10, tzinfo=LONDON))
        await story.say(case, "corrected", correction("review_requested", "review_request", friday))
        due = await running(story, case, "minutes")
    assert [datetime(2026, 3, 20, 17, tzinfo=LONDON)] == due
