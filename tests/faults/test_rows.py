"""The short cut of every row of `make faults`: all at once, since each mostly waits."""

import asyncio

from faults.rows import ROWS
from faults.yard import yard


async def test_no_promise_is_broken_by_any_fault() -> None:
    """Whatever is killed, taken away or misbehaves: nothing is lost, doubled or told to the wrong person."""
    async with yard() as made:
        found = await asyncio.gather(*(row(made, short=True) for row in ROWS.values()))
    assert [] == [f"{row.fault}: {broken}" for rows in found for row in rows for broken in row.broken]
