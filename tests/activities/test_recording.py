"""Writing a step is safe to run again, and says nothing of what stands in it when it fails."""

from pathlib import Path

import pytest
from sqlalchemy import Engine
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.recording import Records
from protocols.steps import MeetingQuery, PlannedMeeting, Recorded
from records import connect
from records.directory import load_meetings
from records.reading import timeline
from tests.records.making import MONDAY, a_notice, a_step, an_entry, keep


async def test_a_step_is_written_and_may_be_written_again(engine: Engine) -> None:
    """The engine runs an activity again whose answer it did not hear."""
    reference = keep(engine)
    step, records = a_step(reference, entries=[an_entry()], notices=[a_notice()]), Records(engine)
    for _ in range(2):
        assert Recorded(unposted=True) == await ActivityEnvironment().run(records.record, step)
    assert 1 == len(timeline(engine, reference))


async def test_the_next_meeting_comes_from_the_calendar(engine: Engine, tmp_path: Path) -> None:
    """What the database alone knows."""
    file = tmp_path / "meetings.csv"
    row = "m1,gwent,board,2026-04-01T10:00:00+01:00,,planned"
    file.write_text(f"id,board,group,starts_at,papers_due,status\n{row}\n", encoding="utf-8")
    load_meetings(engine, file, MONDAY)
    query = MeetingQuery(board="gwent", group="board", after=MONDAY)
    found = await ActivityEnvironment().run(Records(engine).next_meeting, query)
    assert isinstance(found, PlannedMeeting)
    assert ("m1", None) == (found.id, found.papers_due)
    later = query.model_copy(update={"after": found.starts_at})
    assert await ActivityEnvironment().run(Records(engine).next_meeting, later) is None


async def test_with_the_database_away_the_step_is_tried_again() -> None:
    """In one line, without a password."""
    engine = connect("postgresql://datrys:secret@127.0.0.1:1/records")
    with pytest.raises(ApplicationError) as fault:
        await ActivityEnvironment().run(Records(engine).record, a_step("GWENT-2026-0001"))
    assert (False, "Unreachable") == (fault.value.non_retryable, fault.value.type)
    assert "secret" not in str(fault.value)


async def test_what_the_database_refuses_stays_out_of_the_fault(engine: Engine) -> None:
    """Its words repeat rows, and rows are about people."""
    reference = keep(engine)
    broken = a_notice().model_copy(update={"clause": None, "occasion": "Test Person"})
    with pytest.raises(ApplicationError) as fault:
        await ActivityEnvironment().run(Records(engine).record, a_step(reference, notices=[broken]))
    assert "Test Person" not in f"{fault.value} {fault.value.details} {fault.value.__cause__}"
    assert fault.value.__suppress_context__
