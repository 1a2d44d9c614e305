"""The page before something is done, doing it once, and the page after it; whatever it is."""

import asyncio
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from protocols.errors import BadFile
from records import drafts
from records.drafts import Draft
from starter.pages.forms import Sent
from starter.pages.unit import correcting, holidays, meetings, person, reopening
from starter.pages.unit.begun import REFUSED, Done, Kind, begun
from starter.pages.visit import Visit, Visiting

router = APIRouter()
KINDS: Mapping[str, Kind] = {
    meetings.WHAT: meetings.KIND,
    person.WHAT: person.KIND,
    holidays.WHAT: holidays.KIND,
    reopening.WHAT: reopening.KIND,
    correcting.WHAT: correcting.KIND,
}


@router.api_route("/unit/check/{draft_id}", methods=["GET", "HEAD"])
def check(visit: Visiting, draft_id: str) -> Response:
    """What is about to be done, in full."""
    draft = begun(visit, draft_id)
    if draft.over or draft.being_done(visit.now):
        return visit.go(f"/unit/done/{draft_id}")
    shown = KINDS[draft.facts["what"]].check(visit, draft)
    return visit.page("unit/check.html.j2", 422 if shown.faults else 200, check=shown, faults=shown.faults)


@router.post("/unit/check/{draft_id}")
async def act(visit: Visiting, form: Sent, draft_id: str) -> Response:
    """Do it, once: a second press meanwhile, or later, leads to what comes of the first."""
    await asyncio.to_thread(begun, visit, draft_id)  # nobody claims what is somebody else's
    database = visit.door.database
    claimed = await asyncio.to_thread(drafts.claim, database, draft_id, visit.now)
    if claimed is None:
        return visit.go(f"/unit/done/{draft_id}")
    try:
        outcome = await _act(visit, claimed)
    except BaseException as fault:  # a request that is broken off too
        await asyncio.to_thread(drafts.release, database, claimed)
        if isinstance(fault, BadFile):
            return visit.go(f"/unit/check/{draft_id}")  # which names every fault
        raise
    if outcome is None:
        await asyncio.to_thread(drafts.release, database, claimed)
        return visit.go(f"/unit/check/{draft_id}")
    await asyncio.to_thread(drafts.finish, database, draft_id, outcome, keep=bool(outcome.get(REFUSED)))
    return visit.go(f"/unit/done/{draft_id}")


async def _act(visit: Visit, draft: Draft) -> Mapping[str, Any] | None:
    """What came of it; None where it cannot be done any more, as the check says."""
    kind = KINDS[draft.facts["what"]]
    shown = await asyncio.to_thread(kind.check, visit, draft)
    return await kind.act(visit, draft) if shown.button and not shown.faults else None


@router.api_route("/unit/done/{draft_id}", methods=["GET", "HEAD"])
def done(visit: Visiting, draft_id: str) -> Response:
    """What came of it."""
    draft = begun(visit, draft_id)
    if draft.over:
        return visit.page("unit/done.html.j2", done=KINDS[draft.facts["what"]].done(visit, draft))
    if draft.being_done(visit.now):
        return visit.page("unit/done.html.j2", done=_being_done(visit, draft))
    return visit.go(f"/unit/check/{draft_id}")


def _being_done(visit: Visit, draft: Draft) -> Done:
    say = visit.say
    words = say("You need not press anything again. Look again in a moment.")
    onward = ((f"/unit/done/{draft.id}", say("Look again")), ("/unit", say("Business Unit")))
    return Done(say("It is being done"), (words,), onward, good=False)
