"""The page before something is done, doing it once, and the page after it; whatever it is."""

import asyncio
from collections.abc import Mapping

from fastapi import APIRouter
from fastapi.responses import Response

from records import drafts
from starter.pages.forms import Sent
from starter.pages.unit import correcting, holidays, meetings, person, reopening
from starter.pages.unit.begun import Kind, begun
from starter.pages.visit import Visiting

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
    if draft.sent_at:
        return visit.go(f"/unit/done/{draft_id}")
    shown = KINDS[draft.facts["what"]].check(visit, draft)
    return visit.page("unit/check.html.j2", 422 if shown.faults else 200, check=shown, faults=shown.faults)


@router.post("/unit/check/{draft_id}")
async def act(visit: Visiting, form: Sent, draft_id: str) -> Response:
    """Do it, once."""
    draft = await asyncio.to_thread(begun, visit, draft_id)
    kind = KINDS[draft.facts["what"]]
    if not draft.sent_at:
        shown = await asyncio.to_thread(kind.check, visit, draft)
        if shown.faults or not shown.button:
            return visit.go(f"/unit/check/{draft_id}")
        outcome = await kind.act(visit, draft)
        await asyncio.to_thread(drafts.sent, visit.door.database, draft_id, visit.now, outcome=outcome)
    return visit.go(f"/unit/done/{draft_id}")


@router.api_route("/unit/done/{draft_id}", methods=["GET", "HEAD"])
def done(visit: Visiting, draft_id: str) -> Response:
    """What came of it."""
    draft = begun(visit, draft_id)
    if not draft.sent_at:
        return visit.go(f"/unit/check/{draft_id}")
    return visit.page("unit/done.html.j2", done=KINDS[draft.facts["what"]].done(visit, draft))
