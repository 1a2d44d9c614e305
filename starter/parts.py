"""One program that Datrys runs beside itself: started, watched, ended."""

import asyncio
import ctypes
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from protocols.errors import Refused, Unreachable

LOCALHOST = "127.0.0.1"
PATIENCE_SECONDS = 60
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1


def _end_with_parent() -> None:
    """In the child, before it starts: were Datrys killed, its parts would hold the ports for ever."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def beside_python(command: str) -> str:
    """Where a program of the environment is.

    Raises:
        Refused: it is not installed.
    """
    found = shutil.which(command, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if found is None:
        raise Refused(f"The command {command} is missing from the environment: run make setup.")
    return found


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.create_server((LOCALHOST, 0)) as server:
        return int(server.getsockname()[1])


@dataclass
class Part:
    """A program with a log file of its own.

    Args:
        name: as the user reads it.
        command: what is run.
        log: where its output goes.
        answers: whether it does its work by now.
        grace_seconds: how long it may take to end.
        pause_seconds: how long to wait before it is started again.
        environment: variables that it is given beside those of this program.
    """

    name: str
    command: tuple[str, ...]
    log: Path
    answers: Callable[[], Awaitable[bool]]
    grace_seconds: float = 10
    pause_seconds: float = 3
    environment: Mapping[str, str] = field(default_factory=dict)
    process: asyncio.subprocess.Process | None = field(default=None, init=False)

    async def start(self) -> None:
        """Start it; Ctrl-C in the terminal reaches Datrys alone, which ends its parts in order."""
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **self.environment},
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )

    async def until_it_answers(self) -> None:
        """Wait for it.

        Raises:
            Unreachable: if it ends instead, or does not answer in a minute.
        """
        until = time.monotonic() + PATIENCE_SECONDS
        while not await self.answers():
            if self.process is not None and self.process.returncode is not None:
                raise Unreachable(f"{self.name} ended as soon as it was started: {self.last_words()}")
            if time.monotonic() > until:
                raise Unreachable(f"{self.name} does not answer; {self.log} says why.")
            await asyncio.sleep(0.1)

    async def keep_running(self, say: Callable[[str], None]) -> None:
        """Start it again, after a pause, whenever it ends."""
        while self.process is not None:
            code = await self.process.wait()
            again = f"is started again in {self.pause_seconds:g} s"
            say(f"{self.name} ended ({code}) and {again}: {self.last_words()}")
            await asyncio.sleep(self.pause_seconds)
            await self.start()

    async def end(self) -> None:
        """End it: asked first, and made to when its grace is over or the user does not want to wait."""
        if self.process is None or self.process.returncode is not None:
            return
        self.process.terminate()
        try:
            await asyncio.wait_for(self.process.wait(), self.grace_seconds)
        except (TimeoutError, asyncio.CancelledError):
            with suppress(ProcessLookupError):
                self.process.kill()
            await self.process.wait()

    def last_words(self) -> str:
        """The last line of its log, and where the rest is."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
        return f"{last} ({self.log})"
