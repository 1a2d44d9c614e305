"""A real Temporal server on a file, which can be killed and started again on the same file and port."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from temporalio.api.testservice.v1 import LockTimeSkippingRequest, UnlockTimeSkippingRequest
from temporalio.client import Client
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter
from temporalio.service import RPCError

from settings import Settings
from starter.parts import LOCALHOST, Part, beside_python, free_port
from starter.skipping import SkippedTime, time_skipping
from starter.up import FLAGS_EARLY
from workflows.payloads import data_converter
from workflows.story import SEARCH_ATTRIBUTES

QUIET = Runtime(
    telemetry=TelemetryConfig(logging=LoggingConfig(TelemetryFilter(core_level="ERROR", other_level="ERROR")))
)
"""A server that is away on purpose is nothing to warn of."""

STANDS_STILL_SECONDS = 1


class Server(Protocol):
    """What a worker and a door need of a server."""

    @property
    def address(self) -> str:
        """Where it listens."""

    async def client(self, namespace: str) -> Client:
        """A client for whoever is told something there."""


class SkippingServer:
    """The time-skipping server, for real workers in processes of their own; it has one namespace, `default`.

    Attributes:
        time: its clock.
        address: where it listens.
    """

    def __init__(self, time: SkippedTime) -> None:
        self.time, self.address = time, time.client.service_client.config.target_host

    async def client(self, namespace: str) -> Client:
        """The one client."""
        return self.time.client

    async def skip_with_no_worker(self, moment: datetime) -> None:
        """Let the time pass up to a moment though there is work that nobody does.

        This server stands still while a workflow has work to do: each such stop is lifted, and put back afterwards.
        """
        skipping, lifted = asyncio.create_task(self.time.skip_to(moment)), 0
        ask = self.time.client.test_service
        while not (await asyncio.wait([skipping], timeout=STANDS_STILL_SECONDS))[0]:
            with suppress(RPCError):  # it went on meanwhile
                await ask.unlock_time_skipping(UnlockTimeSkippingRequest())
                lifted += 1
        await skipping
        for _ in range(lifted):
            await ask.lock_time_skipping(LockTimeSkippingRequest())


@asynccontextmanager
async def skipping_server(begins: datetime) -> AsyncIterator[SkippingServer]:
    """A time-skipping server whose clock shows this aware moment, gone afterwards."""
    async with time_skipping(begins, Settings()) as time:
        yield SkippingServer(time)


class TemporalServer:
    """One server with some namespaces; a fault has one to itself, since workers share a task queue.

    Attributes:
        address: where it listens, killed or not.
    """

    def __init__(self, folder: Path, namespaces: Sequence[str]) -> None:
        self.port = free_port()
        self.address = f"{LOCALHOST}:{self.port}"
        command = (
            *(beside_python("temporal"), "server", "start-dev", "--headless", "--log-level", "error"),
            *("--db-filename", str(folder / "temporal.db"), "--ip", LOCALHOST, "--port", str(self.port)),
            *("--dynamic-config-value", FLAGS_EARLY),
            *(f"--namespace={name}" for name in namespaces),
            *(f"--search-attribute={key.name}={_kind(key.indexed_value_type.name)}" for key in SEARCH_ATTRIBUTES),
        )
        self.namespaces = tuple(namespaces)
        self._file = folder / "temporal.db"
        self._part = Part("Temporal", command, folder / "temporal.log", self._answers)

    async def start(self) -> None:
        """Start it, or start it again on its file; returns once the last namespace answers."""
        await self._part.start()
        await self._part.until_it_answers()

    async def kill(self) -> None:
        """SIGKILL."""
        if self._part.process and self._part.process.returncode is None:
            self._part.process.kill()
            await self._part.process.wait()

    async def copy(self) -> None:
        """Kill it, copy its file, and start it again."""
        await self.kill()
        for file in (self._file, Path(f"{self._file}-wal")):
            if file.exists():
                shutil.copy(file, f"{file}.copy")
        await self.start()

    async def put_back(self) -> None:
        """Kill it, put the copy in the place of its file, and start it again."""
        await self.kill()
        for file in (self._file, Path(f"{self._file}-wal")):
            file.unlink(missing_ok=True)
            if Path(f"{file}.copy").exists():
                shutil.copy(f"{file}.copy", file)
        Path(f"{self._file}-shm").unlink(missing_ok=True)
        await self.start()

    async def client(self, namespace: str) -> Client:
        """A client of its own for whoever is told something there."""
        return await Client.connect(self.address, namespace=namespace, data_converter=data_converter(), runtime=QUIET)

    async def _answers(self) -> bool:
        with suppress(RuntimeError, RPCError):
            client = await Client.connect(self.address, namespace=self.namespaces[-1], runtime=QUIET)
            async for _ in client.list_workflows(limit=1):
                pass
            return True
        return False


def _kind(name: str) -> str:
    return name.rpartition("_")[2].capitalize()


@asynccontextmanager
async def temporal_server(*namespaces: str) -> AsyncIterator[TemporalServer]:
    """A server that runs meanwhile, and is gone afterwards whatever happened."""
    with TemporaryDirectory(prefix="datrys-faults-", ignore_cleanup_errors=True) as folder:
        server = TemporalServer(Path(folder), namespaces)
        try:
            await server.start()
            yield server
        finally:
            await server.kill()
