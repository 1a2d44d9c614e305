"""Where the faults are tried: one engine, databases of both kinds, and the undisturbed cases to hold against."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import count, cycle

from faults.engine import TemporalServer, temporal_server
from faults.ground import Ground, ground
from faults.ledger import Account
from faults.stores import KINDS, Stores, stores
from faults.tales import TALES, Tale

NAMESPACES = 64


class Yard:
    """Use `yard`.

    Attributes:
        server, stores: the engine that stands through all faults but its own, and where databases come from.
        undisturbed: what comes of each tale where nothing goes wrong, by its protocol.
    """

    def __init__(self, server: TemporalServer, databases: Stores) -> None:
        self.server, self.stores = server, databases
        self.undisturbed: dict[str, Account] = {}
        self._free = count()
        self._kinds: Iterator[str] = cycle(KINDS)

    def ground(self, kind: str = "", url: str = "") -> AbstractAsyncContextManager[Ground]:
        """A ground for one fault, on records of this kind; of each in turn if none is named; or on those at `url`."""
        namespace = self.server.namespaces[next(self._free)]
        return ground(self.server, namespace, url or self.stores.new(kind or next(self._kinds)))

    async def play_undisturbed(self) -> None:
        """Play each tale once with nothing going wrong."""
        async with self.ground() as place:
            await place.start_worker()
            await asyncio.gather(*(self._play(place, tale) for tale in TALES))

    async def _play(self, place: Ground, tale: Tale) -> None:
        case, begins = await place.raise_case(tale)
        await place.play(tale, case, begins)
        await place.rest(case)
        self.undisturbed[tale.protocol] = await place.account(case)


@asynccontextmanager
async def yard() -> AsyncIterator[Yard]:
    """A yard that is cleared afterwards."""
    with stores() as databases:
        async with temporal_server(*(f"ground-{number}" for number in range(NAMESPACES))) as server:
            made = Yard(server, databases)
            await made.play_undisturbed()
            yield made
