"""A real Temporal server on a file, which can be killed and started again on the same file and port."""

import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from temporalio.client import Client

from starter.parts import LOCALHOST, Part, beside_python, free_port
from workflows.payloads import data_converter
from workflows.story import SEARCH_ATTRIBUTES


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
            *(f"--namespace={name}" for name in namespaces),
            *(f"--search-attribute={key.name}={_kind(key.indexed_value_type.name)}" for key in SEARCH_ATTRIBUTES),
        )
        self.namespaces = tuple(namespaces)
        self._file = folder / "temporal.db"
        self._part = Part("Temporal", command, folder / "temporal.log", self._answers)

    async def start(self) -> None:
        """Start it, or start it again on its file; returns once each namespace answers."""
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
        return await Client.connect(self.address, namespace=namespace, data_converter=data_converter())

    async def _answers(self) -> bool:
        with suppress(RuntimeError):
            for name in self.namespaces:
                client = await Client.connect(self.address, namespace=name)
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
