"""A part that `datrys up` keeps running, tried with small real programs."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from protocols.errors import Unreachable
from starter.parts import Part

SLEEPER = "import time; print('ready', flush=True); time.sleep(600)"
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPER}"


def part(folder: Path, program: str, grace_seconds: float = 10) -> Part:
    log = folder / "part.log"

    async def answers() -> bool:
        return "ready" in log.read_text()

    return Part("The part", (sys.executable, "-c", program), log, answers, grace_seconds, pause_seconds=0)


@asynccontextmanager
async def started(what: Part) -> AsyncIterator[asyncio.subprocess.Process]:
    await what.start()
    try:
        await what.until_it_answers()
        assert what.process is not None
        yield what.process
    finally:
        await what.end()


async def test_a_part_is_started_and_ended(tmp_path: Path) -> None:
    """A part that answers is running, and one that was ended is not."""
    async with started(part(tmp_path, SLEEPER)) as process:
        assert process.returncode is None
    assert -signal.SIGTERM == process.returncode


async def test_a_part_that_does_not_listen_is_made_to_end(tmp_path: Path) -> None:
    """After its grace a part is killed, so that a stop always ends."""
    async with started(part(tmp_path, DEAF, grace_seconds=0.1)) as process:
        pass
    assert -signal.SIGKILL == process.returncode


async def test_a_second_interrupt_does_not_wait_for_the_grace(tmp_path: Path) -> None:
    """Whoever presses Ctrl-C again while a part takes its time ends it at once."""
    deaf = part(tmp_path, DEAF, grace_seconds=600)
    async with started(deaf) as process:
        ending = asyncio.create_task(deaf.end())
        await asyncio.sleep(0)
        ending.cancel()
        await ending
    assert -signal.SIGKILL == process.returncode


async def test_a_part_that_dies_is_started_again_and_says_why(tmp_path: Path) -> None:
    """After a death the part runs again under a new process, and its last line was told."""
    what = part(tmp_path, SLEEPER)
    told: list[str] = []
    async with started(what) as first:
        keeping = asyncio.create_task(what.keep_running(told.append))
        first.kill()
        while what.process is first:
            await asyncio.sleep(0.01)
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping
        assert what.process is not None
        assert first.pid != what.process.pid
    assert [f"The part ended (-9) and is started again in 0 s: ready ({tmp_path}/part.log)"] == told


async def test_a_part_that_cannot_start_is_told_with_its_last_line(tmp_path: Path) -> None:
    """A program that ends before it answers is an error that holds the last line it wrote."""
    with pytest.raises(Unreachable, match=r"The part ended as soon as it was started: no database here"):
        async with started(part(tmp_path, "raise SystemExit('no database here')")):
            pass
