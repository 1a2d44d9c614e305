"""Signing in with one's organisation: the way there, and the way back."""

import asyncio
import logging

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from records import accounts
from records.keys import Keys
from starter.pages.half_way import AWAY, carried, keep
from starter.pages.provider import NotProved, Provider, Vouched
from starter.pages.sign_in import ADDRESS, BIND, bind, next_page, not_signed_in, send_code, signed_in
from starter.pages.visit import Visit, Visiting

router = APIRouter()
log = logging.getLogger(__name__)


def provider_of(visit: Visit) -> Provider:
    """The provider, one for all visits.

    Raises:
        HTTPException: 404, there is none.
    """
    settings, state = visit.door.settings, visit.request.app.state
    if not settings.oidc_issuer:
        raise HTTPException(404)
    if not hasattr(state, "provider"):
        state.provider = Provider(settings)
    found: Provider = state.provider
    return found


@router.api_route("/sign-in/organisation", methods=["GET", "HEAD"])
async def leave(visit: Visiting, next: str = "") -> Response:  # noqa: A002  the name in the address
    """Lead to the organisation's sign-in."""
    where = next_page(next)
    try:
        way = await provider_of(visit).way_in(f"{visit.language} {visit.tongue.other}")
    except NotProved as fault:
        log.warning("The provider of sign-in: %s", fault)
        return not_signed_in(visit, fault.why, where)
    keep(visit, AWAY, AWAY, state=way.state, nonce=way.nonce, verifier=way.verifier, next=where)
    return visit.answer(RedirectResponse(way.url, 303))


@router.api_route("/sign-in/back", methods=["GET", "HEAD"])
async def come_back(visit: Visiting, state: str = "", code: str = "", error: str = "") -> Response:
    """Whoever comes back is signed in, if they left from this browser and the provider vouches for them."""
    provider = provider_of(visit)
    left = carried(visit, AWAY, AWAY)
    if error:  # some say so without the state; nothing comes of it
        return not_signed_in(visit, "left", left["next"] if left else "")
    if left is None or not code or not Keys.same(left["state"], state):
        return not_signed_in(visit, "over")
    visit.set_cookie(AWAY, "")
    try:
        found = await provider.who(code, left["nonce"], left["verifier"], visit.now.timestamp())
    except NotProved as fault:
        log.warning("The provider of sign-in: %s", fault)
        return not_signed_in(visit, fault.why, left["next"])
    return await _come_in(visit, found, left["next"])


async def _come_in(visit: Visit, found: Vouched, where: str) -> Response:
    """By the address that was bound; at the first time by the one that is claimed, once it is proved."""
    who = (visit.door.database, found.issuer, found.subject)
    if known := await asyncio.to_thread(accounts.known, *who, visit.now):
        return await signed_in(visit, known.email, known.id, where)
    email = found.email.strip().lower()
    if not ADDRESS.fullmatch(email):
        return not_signed_in(visit, "no-email", where)
    if found.verified:
        return await bind(visit, found.issuer, found.subject, email, where)
    if await asyncio.to_thread(accounts.is_bound, visit.door.database, found.issuer, email):
        return not_signed_in(visit, "taken", where)
    return await send_code(visit, BIND, known=True, email=email, issuer=found.issuer, subject=found.subject, next=where)
