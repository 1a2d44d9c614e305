"""What stands between a worker or a door and Temporal: it can be cut, and mended."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from starter.parts import LOCALHOST, free_port

CHUNK = 2**16


class Wire:
    """Hands on every byte to a port of this machine and back, until it is cut; use `wire`.

    Attributes:
        address: where to connect to instead.
    """

    def __init__(self, to: int) -> None:
        self._to, self._port = to, free_port()
        self.address = f"{LOCALHOST}:{self._port}"
        self._server: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()

    async def mend(self) -> None:
        """Connections are made again from now on."""
        self._server = await asyncio.start_server(self._connected, LOCALHOST, self._port)

    def cut(self) -> None:
        """All connections break, and none is made."""
        if self._server:
            self._server.close()
            self._server = None
        for end in self._ends:
            end.transport.abort()
        self._ends.clear()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            there, back = await asyncio.open_connection(LOCALHOST, self._to)
            self._ends |= {writer, back}
            await asyncio.gather(_hand_on(reader, back), _hand_on(there, writer))
            self._ends -= {writer, back}


async def _hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while some := await reader.read(CHUNK):
            writer.write(some)
            await writer.drain()
    writer.transport.abort()


@asynccontextmanager
async def wire(to: int) -> AsyncIterator[Wire]:
    """One that is whole, to this port; gone afterwards."""
    made = Wire(to)
    await made.mend()
    try:
        yield made
    finally:
        made.cut()
