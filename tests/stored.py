"""Histories of whole cases, kept with the release that wrote them: `python -m tests.stored` adds those of this one.

Only a new release writes new ones; what older ones wrote is never changed, since cases of that time still run.
"""

import asyncio
import gzip
import json
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHistory

from protocols.steps import ClockRow
from protocols.working_days import BankHolidays
from records import connect, migrate
from tests.story import begin
from tests.told import CASES, play_in, read

FOLDER = Path(__file__).parent / "histories"


def files() -> list[Path]:
    """The stored histories of all releases."""
    return sorted(FOLDER.glob("*/*.json.gz"))


def history(file: Path) -> WorkflowHistory:
    """A stored history."""
    return WorkflowHistory.from_json(file.name.partition(".")[0], gzip.decompress(file.read_bytes()).decode())


def clock_rows(stored: WorkflowHistory) -> list[ClockRow]:
    """Each clock of each step that a history recorded, in order."""
    return [ClockRow.model_validate(clock) for step in _steps(stored) for clock in step["clocks"]]


def holidays_of(stored: WorkflowHistory) -> BankHolidays:
    """The bank holidays that the case began with."""
    started = stored.events[0].workflow_execution_started_event_attributes
    return BankHolidays.model_validate(json.loads(started.input.payloads[0].data)["holidays"])


def _steps(stored: WorkflowHistory) -> Iterator[Any]:
    for event in stored.events:
        scheduled = event.activity_task_scheduled_event_attributes
        if scheduled.activity_type.name == "record":
            yield json.loads(scheduled.input.payloads[0].data)


async def _store(file: Path, folder: Path) -> None:
    with tempfile.TemporaryDirectory() as kept:
        url = f"sqlite:///{kept}/records.db"
        migrate(url)
        database, told = connect(url), read(file)
        async with begin(told.begins, database) as story:
            played = await play_in(story, told, database)
            lines = (await story.handle(played.reference).fetch_history()).to_json()
    (folder / f"{file.stem}.json.gz").write_bytes(gzip.compress(lines.encode(), mtime=0))


def main() -> None:
    """Play every told case that this release has not stored yet, and store its history."""
    folder = FOLDER / version("datrys")
    folder.mkdir(parents=True, exist_ok=True)
    for file in sorted(CASES.glob("*.txt")):
        if not (folder / f"{file.stem}.json.gz").exists():
            asyncio.run(_store(file, folder))


if __name__ == "__main__":
    main()
