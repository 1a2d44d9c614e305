"""The short cut of most rows of `make faults`: some at once, since each mostly waits."""

import asyncio

from faults.found import Found
from faults.rows import ROWS, SHORT
from faults.yard import yard

AT_ONCE = 3


async def test_no_promise_is_broken_by_any_fault() -> None:
    """Whatever is killed, taken away or misbehaves: nothing is lost, doubled or told to the wrong person."""
    places = asyncio.Semaphore(AT_ONCE)
    async with yard() as made:

        async def one(name: str) -> list[Found]:
            async with places:
                return await ROWS[name](made, short=True)

        found = await asyncio.gather(*map(one, SHORT))
    assert [] == [f"{row.fault}: {broken}" for rows in found for row in rows for broken in row.broken]
