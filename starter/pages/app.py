"""The pages as one application: who is let in where, and how every fault becomes a page that says what to do."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from protocols.errors import CaseUnknown, DatrysError, NotAllowed, Unreachable
from records.keys import Keys
from starter.pages import authenticator, case, organisation, raising, register, sign_in, start, unit, work
from starter.pages.forms import NotFromHere, TooLong
from starter.pages.saying import choosing, links, say
from starter.pages.visit import LinkOver, SendCode, SignInFirst, Visit, visit_of
from starter.web.answering import Answering, Headers
from starter.web.house import House

ASSETS = Path(__file__).parent / "assets"
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"x-robots-tag", b"noindex, nofollow"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)
NOT_KEPT = (b"cache-control", b"no-store")
A_DAY = (b"cache-control", b"max-age=86400")
ROUTERS = (
    start.router,
    sign_in.router,
    organisation.router,
    authenticator.router,
    work.router,
    register.router,
    case.router,
    links.router,
    choosing.router,
    say.router,
    raising.router,
    unit.router,
)


def pages_app(house: House, keys: Keys, send_code: SendCode) -> FastAPI:
    """The pages.

    Args:
        house: what they share with the web hook.
        keys: of this deployment.
        send_code: mails a one-time code.
    """
    app = FastAPI(
        openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False, exception_handlers=dict(HANDLERS)
    )
    app.state.house, app.state.keys, app.state.send_code = house, keys, send_code
    app.mount("/assets", StaticFiles(directory=ASSETS), name="assets")
    for router in ROUTERS:
        app.include_router(router)
    app.add_middleware(
        Answering, house=house, headers=_headers, trouble=lambda scope, status: _trouble(Request(scope), status)
    )
    return app


def _headers(scope: Scope) -> Headers:
    """What a browser may do with an answer; only what every page is dressed with is kept."""
    return (*HEADERS, A_DAY if scope["path"].startswith("/assets/") else NOT_KEPT)


# --- faults


def _trouble(request: Request, status: int, kind: str = "", **more: Any) -> Response:
    """A page about a fault, with what was typed, so that it can be copied and nothing is lost."""
    visit: Visit = getattr(request.state, "visit", None) or visit_of(request)
    typed = getattr(request.state, "typed", {})
    return visit.page("trouble.html.j2", status=status, kind=kind or KINDS.get(status, "failed"), typed=typed, **more)


KINDS: Mapping[int, str] = {
    400: "no-form",
    403: "not-allowed",
    404: "not-there",
    405: "not-there",
    413: "too-long",
    503: "away",
}
"""Which words a status is answered with."""


def of_sign_in_first(request: Request, fault: Exception) -> Response:
    """Asked to sign in, then led back; what was sent meanwhile is shown."""
    visit: Visit = request.state.visit
    over = visit.session if visit.session and not visit.session.counts else None
    link = over.link if over else ""  # a code's time is over: its link asks for the next one
    if request.method not in ("GET", "HEAD"):
        return _trouble(request, 403, "code-over" if link else "signed-out", link=link)
    if link:
        return visit.go(f"/asked/{link}")
    where = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return visit.go(f"/sign-in?next={quote(where)}")


def of_link_over(request: Request, fault: Exception) -> Response:
    """One page for every reason why a link does not count, so that it says nothing of any."""
    visit: Visit = request.state.visit
    return visit.page("saying/over.html.j2", status=404)


def of_not_from_here(request: Request, fault: Exception) -> Response:
    """The form is too old, or from elsewhere: nothing was done."""
    return _trouble(request, 403, "form-expired")


def of_error(request: Request, fault: Exception) -> Response:
    """The page to an error with words for the user."""
    match fault:
        case CaseUnknown():
            return _trouble(request, 404)
        case NotAllowed():
            return _trouble(request, 403)
        case Unreachable() | NoConnectionFree():
            return _trouble(request, 503)
        case TooLong():
            return _trouble(request, 413)
        case _:
            return _trouble(request, 409, "refused", why=str(fault))


def of_http(request: Request, fault: Exception) -> Response:
    """No such page, or no form of these pages."""
    assert isinstance(fault, HTTPException)  # noqa: S101 - for this alone it is registered
    return _trouble(request, fault.status_code)


def of_validation(request: Request, fault: Exception) -> Response:
    """An address with something in it that is none of ours."""
    return _trouble(request, 404)


HANDLERS: Mapping[Any, Any] = {
    SignInFirst: of_sign_in_first,
    LinkOver: of_link_over,
    NotFromHere: of_not_from_here,
    TooLong: of_error,
    DatrysError: of_error,
    NoConnectionFree: of_error,
    HTTPException: of_http,
    RequestValidationError: of_validation,
}
"""Which page answers which."""
