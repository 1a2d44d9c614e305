"""`datrys check --worker`, which says whether a container is well: the loop turns, and Temporal hears it."""

import asyncio
import os
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import Engine
from temporalio.testing import WorkflowEnvironment

from starter.checks import engine
from starter.checks.life import OLDEST_SECONDS, give_signs
from tests.server import living
from tests.starter.script import address_of, datrys, lines_of

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])


@pytest.fixture
def sign(alone: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("DATRYS_SIGN_OF_LIFE", str(tmp_path / "alive"))
    return tmp_path / "alive"


async def checked() -> tuple[int, list[str]]:
    said = await asyncio.to_thread(datrys, "check", "--worker")
    assert "" == said.err
    return said.code, said.out.splitlines()


async def test_a_worker_that_lives_and_is_heard_is_well(
    real_server: WorkflowEnvironment, alone: Engine, sign: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both are said, and the exit code is 0."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", address_of(real_server))
    giving = asyncio.create_task(give_signs(sign))
    async with living(real_server.client, alone):
        code, (life, heard) = await checked()
        while code:  # its first question may not have reached the server yet
            code, (life, heard) = await checked()
    giving.cancel()
    with suppress(asyncio.CancelledError):
        await giving
    assert "ok       worker: lives" == life
    assert heard.startswith(f"ok       Temporal: the worker {os.getpid()}@")
    assert heard.endswith(" asks for work")


async def test_a_loop_that_hangs_is_not_well(sign: Path) -> None:
    """Nor one that never turned; and Temporal is away here too."""
    code, (life, heard) = await checked()
    assert "stops    worker: has given no sign of life yet: start it with datrys worker" == life
    assert heard.startswith("stops    Temporal: Temporal at ")
    sign.touch()
    os.utime(sign, (0, sign.stat().st_mtime - OLDEST_SECONDS - 1))
    code, (life, _) = await checked()
    assert 1 == code
    assert life.startswith(f"stops    worker: has given no sign of life for {OLDEST_SECONDS + 1} seconds: see its log,")
    sign.touch()
    assert "ok       worker: lives" == (await checked())[1][0]


async def test_a_worker_that_temporal_does_not_hear_is_not_well(
    real_server: WorkflowEnvironment, sign: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its loop may turn, and yet nothing is done."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", address_of(real_server))
    monkeypatch.setattr(engine, "TASK_QUEUE", "nobody-asks-here")
    sign.touch()
    words = "no worker of this machine asks for work: see that datrys worker runs, and what its log says"
    assert (1, ["ok       worker: lives", f"stops    Temporal: {words}"]) == await checked()


def test_it_needs_the_setting(alone: Engine) -> None:
    """Without the file nobody knows; that is said."""
    (line,) = lines_of(datrys("check", "--worker"), 2)
    assert "datrys check --worker needs DATRYS_SIGN_OF_LIFE: set it here and for the worker alike." == line
