"""Whole cases: the worked ones of the specification's kind, and those told in `tests/cases`, notice by notice."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.story import begin
from tests.told import CASES, differences, play, play_in, read

FILES = sorted(CASES.glob("*.txt"))
EVENTFUL = [file for file in FILES if file.name.startswith(("03", "22", "26", "28", "29", "30"))]
"""Cases whose clocks outlive their stage, follow the board's calendar, or are corrected."""


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
async def test_a_whole_case_sends_exactly_the_notices_that_its_file_tells(file: Path, engine: Engine) -> None:
    """Every notice of the case, its minute, role, clause and due time, is the one that the file tells."""
    told = read(file)
    assert [] == differences(told, await play(told, engine))


@pytest.mark.parametrize("file", EVENTFUL, ids=lambda file: file.stem)
async def test_a_new_run_after_every_signal_tells_the_same_story(file: Path, engine: Engine) -> None:
    """Continue-as-new at every turn loses no clock and no notice, and doubles none."""
    told = read(file)
    async with begin(told.begins, engine) as story:
        story.in_runs_of(1)
        assert [] == differences(told, await play_in(story, told, engine))
