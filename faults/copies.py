"""More cases that stand where one stands, without the way there: as a case that goes on in a new run begins."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from sqlalchemy import insert, select
from temporalio.service import RPCError

from faults.ground import LONGEST_SECONDS, Ground
from protocols.errors import Unreachable
from records import cases
from records.database import writing
from records.models import Case, CaseAgency, CasePerson, Clock, Meeting, Stream
from starter.delivery import last_state
from workflows.state import Case as State

AT_ONCE = 25
COPIED = (Case, CaseAgency, CasePerson, Clock, Meeting)


async def copies(place: Ground, first: str, many: int) -> list[str]:
    """Begin so many cases like this one; returns once each waits for what comes next.

    Args:
        place: where the case is, and a worker works.
        first: a case at rest.
        many: how many, besides.

    Returns:
        their references.
    """
    others = [f"{first}{number:05}" for number in range(1, many + 1)]
    await asyncio.to_thread(_copy, place, first, others)
    gate, facts = asyncio.Semaphore(AT_ONCE), cases.case_facts(place.records, first)

    async def begin(reference: str) -> None:
        async with gate:
            await _begun(place, last_state(facts).model_copy(update={"reference": reference}))

    await asyncio.gather(*map(begin, others))
    return others


async def _begun(place: Ground, state: State[Any]) -> None:
    """It has answered a query: so it has seen what it waits for. A busy server has to be asked again."""
    async with asyncio.timeout(LONGEST_SECONDS):
        while True:
            with suppress(RPCError, Unreachable):
                await place.door.engine.start(state)
                await place.client.get_workflow_handle(state.reference).query("status")
                return


def _copy(place: Ground, first: str, others: Iterable[str]) -> None:
    """The same rows once more for each of the others, but for what happened so far and was mailed."""
    with writing(place.records) as session:
        step = session.get_one(Stream, first).last_step
        for table in (Case.metadata.tables[kind.__tablename__] for kind in COPIED):
            rows = session.execute(select(table).where(table.c.reference == first)).mappings().all()
            kept = [{name: value for name, value in row.items() if name != "id"} for row in rows]
            if kept:
                session.execute(insert(table), [row | {"reference": one} for one in others for row in kept])
        empty = {"last_step": step, "entries": 0, "last_hash": ""}
        if others:
            session.execute(insert(Stream), [{"stream": one, "reference": one, **empty} for one in others])
