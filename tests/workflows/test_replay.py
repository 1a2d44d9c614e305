"""Stored histories: what an older release began, this one goes on with, step by step and due time by due time."""

from datetime import datetime
from pathlib import Path

import pytest
from temporalio.worker import Replayer

from protocols.limits import due_time
from protocols.working_days import BankHolidays
from tests.stored import clock_rows, files, history, holidays_of
from worker import sandbox
from workflows.enduring import Enduring
from workflows.payloads import data_converter
from workflows.registry import WORKFLOWS


@pytest.mark.parametrize("file", files(), ids=lambda file: f"{file.parent.name}/{file.name}")
async def test_a_stored_history_replays(file: Path) -> None:
    """The same commands in the same order come out of today's code."""
    replayer = Replayer(
        workflows=WORKFLOWS, data_converter=data_converter(), workflow_runner=sandbox(), interceptors=[Enduring()]
    )
    replayed = await replayer.replay_workflow(history(file), raise_on_replay_failure=False)
    assert replayed.replay_failure is None


@pytest.mark.parametrize("file", files(), ids=lambda file: f"{file.parent.name}/{file.name}")
def test_the_due_times_of_a_stored_history_come_out_again(file: Path) -> None:
    """Replay does not see a changed due time: today's rule reckons each one again from its start."""
    stored = history(file)
    holidays: BankHolidays = holidays_of(stored)
    rows = [row for row in clock_rows(stored) if row.due_time.holidays_version in ("", holidays.version)]
    told: list[datetime | None] = [row.due_time.due for row in rows]
    assert told == [due_time(r.limit, r.due_time.starts, holidays, r.due_time.meeting_at).due for r in rows]
    assert rows
