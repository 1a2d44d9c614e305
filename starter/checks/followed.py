"""Whether somebody follows each case: one that runs, as the records say, and of which Temporal has no open run."""

import asyncio
from collections.abc import Iterable

from sqlalchemy import Engine as Database

import settings
from records.followed import Followed, followed
from starter.checks.findings import Finding
from starter.temporal import GONE, RUNNING, Engine

AT_ONCE = 20
NAMED = 50
"""So many are named; a thousand lines help nobody, and the remedy is another one then."""


async def findings(setting: settings.Settings, database: Database) -> list[Finding]:
    """What `looked_at` finds at the server that the settings name."""
    return await looked_at(Engine(setting), database)


async def looked_at(engine: Engine, database: Database) -> list[Finding]:
    """A line for each that nobody follows.

    The engine's lists are a moment late, so whatever is missing there is asked for by itself, and the records are
    read again: a case that has just ended needs no workflow. One that ended in this very moment is named by the next
    check.

    Raises:
        Unreachable: Temporal or the records do not answer.
    """
    expected = followed(database)
    missing = {one.stream for one in expected} - await engine.running()
    ways = await _ways(engine, sorted(missing))
    gone = {stream: how for stream, how in ways.items() if how != RUNNING}
    alone = followed(database, list(gone)) if gone else []
    if not alone:
        return [Finding("cases", f"each of the {len(expected)} that run is followed")]
    found = [_alone(one, gone[one.stream]) for one in alone[:NAMED]]
    if more := len(alone) - len(found):
        words = f"{more} more are followed by no workflow: see that Temporal is the one that they were begun with"
        found.append(Finding("cases", words, stops=True))
    return found


async def _ways(engine: Engine, streams: Iterable[str]) -> dict[str, str]:
    """How each runs, asked of a few at once."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(stream: str) -> tuple[str, str]:
        async with gate:
            return stream, await engine.how_it_runs(stream)

    return dict(await asyncio.gather(*(one(stream) for stream in streams)))


def _alone(one: Followed, how: str) -> Finding:
    why = "Temporal knows nothing of it" if how == GONE else f"its workflow is {how}"
    words = f"{one.stream} is followed by nobody, and no date of it is kept ({why}), at {one.stage}"
    return Finding("cases", f"{words}: datrys reopen {one.stream} --reason TEXT", stops=True)
