"""Whole cases: the worked ones of the specification's kind, and those told in `tests/cases`, notice by notice."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.told import CASES, differences, play, read

FILES = sorted(CASES.glob("*.txt"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
async def test_a_whole_case_sends_exactly_the_notices_that_its_file_tells(file: Path, engine: Engine) -> None:
    """Every notice of the case, its minute, role, clause and due time, is the one that the file tells."""
    told = read(file)
    assert [] == differences(told, await play(told, engine))
