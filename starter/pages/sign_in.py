"""Signing in: the ways to it, the code that proves an address, every reason why somebody is not, and signing out."""

import asyncio
import logging
import re
from urllib.parse import quote

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.background import BackgroundTask

from protocols.access import Proof
from protocols.errors import Refused, Unreachable
from records import accounts, authenticators, codes
from records.accounts import AUTHENTICATOR
from records.codes import Tried
from starter.pages.forms import Faults, Form, Sent
from starter.pages.half_way import HALF_WAY, carried, forget, keep
from starter.pages.tongues import later
from starter.pages.visit import Visit, Visiting, where_to

router = APIRouter()
log = logging.getLogger(__name__)

PURPOSE = "sign-in"
CODE, BIND, ENROL, ASK = "code", "bind", "enrol", "ask"
"""Where a browser is half-way: it waits for a mailed code, or to be bound by one; sets up its app, or is asked."""
ADDRESS = re.compile(r"[^\s@<>\"(),:;\\\[\]]{1,64}@[^\s@<>\"(),:;\\\[\]]{1,190}")
LONGEST_NEXT = 500


def next_page(candidate: str) -> str:
    """Where a sign-in leads back to."""
    return where_to(candidate[:LONGEST_NEXT])


@router.api_route("/sign-in", methods=["GET", "HEAD"])
def sign_in(visit: Visiting, next: str = "") -> Response:  # noqa: A002  the name in the address
    """The ways to sign in; whoever is signed in is led on."""
    where = next_page(next)
    return visit.go(where) if visit.signed_in else _ways(visit, where)


def _ways(visit: Visit, where: str, form: Form | None = None, faults: Faults | None = None) -> Response:
    session = visit.session
    return visit.page(
        "sign-in/ways.html.j2",
        status=422 if faults else 200,
        next=where,
        over=bool(session and not session.counts and session.proof is Proof.SIGNED_IN),
        email=form.line("email") if form else "",
        faults=faults or {},
    )


@router.post("/sign-in")
async def ask_for_code(visit: Visiting, form: Sent) -> Response:
    """Mail a code to an address that a board knows; what is answered does not say whether one does."""
    where, email, faults = next_page(form.text("next")), form.line("email").lower(), Faults()
    if not ADDRESS.fullmatch(email):
        faults.add("email", visit.say(NO_ADDRESS))
        return _ways(visit, where, form, faults)
    known = await asyncio.to_thread(accounts.holds_a_role, visit.door.database, email)
    return await send_code(visit, CODE, known=known, email=email, next=where)


async def send_code(visit: Visit, step: str, *, known: bool, email: str, **facts: str) -> Response:
    """Lead on to where the code is typed; it is mailed afterwards, so that nobody sees by the time whether it was.

    Args:
        visit: of the browser; step: `CODE` or `BIND`.
        known: whether it is mailed at all.
        email: to which address.
        **facts: what is known by then.
    """
    asked = (visit.door.database, visit.keys, email, PURPOSE, visit.browser, visit.now)
    code = await asyncio.to_thread(codes.make, *asked)
    keep(visit, HALF_WAY, step, email=email, often="" if code else "yes", **facts)
    answer = visit.go("/sign-in/code")
    if known and code:
        answer.background = BackgroundTask(_mail, visit, email, code)
    return answer


async def _mail(visit: Visit, email: str, code: str) -> None:
    try:
        await visit.send_code(email, code)
    except (Unreachable, Refused) as fault:
        log.warning("A code to sign in with could not be mailed (%s)", type(fault).__name__)


# --- the code


@router.api_route("/sign-in/code", methods=["GET", "HEAD"])
def code_page(visit: Visiting) -> Response:
    """Where the mailed code is typed."""
    return _code_page(visit)


def _code_page(visit: Visit, fault: str = "") -> Response:
    facts = carried(visit, HALF_WAY, CODE, BIND)
    if facts is None:
        return not_signed_in(visit, "over")
    faults = Faults({"code": fault} if fault else {})
    return visit.page("sign-in/code.html.j2", status=422 if fault else 200, facts=facts, faults=faults)


@router.post("/sign-in/code/again")
async def another_code(visit: Visiting, form: Sent) -> Response:
    """A new code; the one before counts no more."""
    facts = carried(visit, HALF_WAY, CODE, BIND)
    if facts is None:
        return not_signed_in(visit, "over")
    kept = {name: facts[name] for name in ("email", "next", "issuer", "subject") if name in facts}
    known = facts["step"] == BIND or await asyncio.to_thread(accounts.holds_a_role, visit.door.database, facts["email"])
    return await send_code(visit, facts["step"], known=known, **kept)


@router.post("/sign-in/code")
async def try_code(visit: Visiting, form: Sent) -> Response:
    """Try the mailed code: it proves the address."""
    facts = carried(visit, HALF_WAY, CODE, BIND)
    if facts is None:
        return not_signed_in(visit, "over")
    tried = await asyncio.to_thread(_proved, visit, facts["email"], facts["step"], form.text("code"))
    if tried is not Tried.COUNTS:
        return _code_page(visit, visit.say(TRIED[tried]))
    where, email = facts["next"], facts["email"]
    if facts["step"] == BIND:
        return await bind(visit, facts["issuer"], facts["subject"], email, where)
    return await _to_the_app(visit, email, where)


def _proved(visit: Visit, email: str, step: str, typed: str) -> Tried:
    """What became of the code; one that was guessed for an address that nobody knows was never right."""
    database = visit.door.database
    tried, proved = codes.try_code(database, visit.keys, typed, PURPOSE, visit.browser, visit.now)
    if tried is Tried.COUNTS and proved != email:
        return Tried.NONE
    if tried is Tried.COUNTS and step == CODE and not accounts.holds_a_role(database, email):
        return Tried.WRONG
    return tried


async def _to_the_app(visit: Visit, email: str, where: str) -> Response:
    """The address is proved: on to the authenticator, which is enrolled where there is none yet."""
    database, issuer = visit.door.database, visit.door.settings.oidc_issuer
    enrolled = await asyncio.to_thread(accounts.is_bound, database, AUTHENTICATOR, email)
    if not enrolled and issuer and await asyncio.to_thread(accounts.is_bound, database, issuer, email):
        return not_signed_in(visit, "organisation-only", where)
    begun = await asyncio.to_thread(authenticators.begin, database, visit.browser, visit.now)
    facts = {"email": email, "next": where, "begun": begun}
    if enrolled:
        keep(visit, HALF_WAY, ASK, **facts)
        return visit.go("/sign-in/authenticator")
    keep(visit, HALF_WAY, ENROL, secret=authenticators.new_secret(), **facts)
    return visit.go("/sign-in/enrol")


# --- the ends


async def bind(visit: Visit, issuer: str, subject: str, email: str, where: str) -> Response:
    """Bind whoever comes from their organisation to the address that was proved, and sign them in."""
    bound = await asyncio.to_thread(accounts.bind, visit.door.database, issuer, subject, email, visit.now)
    if bound is None:
        return not_signed_in(visit, "taken", where)
    return await signed_in(visit, bound.email, bound.id, where)


async def signed_in(visit: Visit, email: str, account: int, where: str) -> Response:
    """The sign-in is done: a session with new secrets, and on to where it was asked for."""
    await asyncio.to_thread(visit.begin_session, email, Proof.SIGNED_IN, account=account)
    forget(visit)
    return visit.go(where)


def not_signed_in(visit: Visit, why: str, where: str = "") -> Response:
    """Nobody is signed in: on to the page that says why."""
    forget(visit)
    back = f"?next={quote(where)}" if where and where != where_to("") else ""
    return visit.go(f"/sign-in/not/{why}{back}")


@router.api_route("/sign-in/not/{why}", methods=["GET", "HEAD"])
def why_not(visit: Visiting, why: str, next: str = "") -> Response:  # noqa: A002  the name in the address
    """Why somebody is not signed in, and what to do."""
    if why not in WHY_NOT:
        return visit.page("trouble.html.j2", status=404, kind="not-there", typed={})
    heading, words = map(visit.say, WHY_NOT[why])
    return visit.page("sign-in/not.html.j2", status=403, heading=heading, words=words, next=next_page(next))


@router.post("/sign-out")
async def sign_out(visit: Visiting, form: Sent) -> Response:
    """End the session."""
    await asyncio.to_thread(visit.end_session)
    forget(visit)
    return visit.go("/signed-out")


@router.api_route("/signed-out", methods=["GET", "HEAD"])
def signed_out(visit: Visiting) -> Response:
    """Say so."""
    return visit.page("sign-in/signed-out.html.j2")


# --- words

NO_ADDRESS = later("Enter an e-mail address, such as name@example.org")
TRIED = {
    Tried.WRONG: later("This is not the code of the newest mail. Check it, and enter its 6 digits again"),
    Tried.EXPIRED: later("This code is older than 10 minutes. Ask for a new one"),
    Tried.USED: later("This code was used once already. Ask for a new one"),
    Tried.TOO_MANY: later("A code was tried too often. Ask for a new one"),
    Tried.NONE: later("There is no code for this browser. Ask for a new one"),
}
WHY_NOT = {
    "over": (
        later("The sign-in took too long"),
        later("It has to be done within 10 minutes and in one browser. Nothing is lost. Start again."),
    ),
    "left": (
        later("You did not sign in"),
        later("The sign-in of your organisation was left, or it refused. Start again, or ask its IT support."),
    ),
    "away": (
        later("The sign-in of your organisation does not answer"),
        later("Start again in a few minutes. If you have set up an authenticator app here, you can use it meanwhile."),
    ),
    "unproved": (
        later("The sign-in of your organisation could not be checked"),
        later("What it answered is not what Datrys asked for. Start again. If it fails twice, tell its IT support."),
    ),
    "second-factor": (
        later("A stronger sign-in is needed"),
        later("Your organisation did not ask you for a second proof, such as a code. Ask its IT support to set it up."),
    ),
    "no-email": (
        later("Your organisation did not say your e-mail address"),
        later("Your board knows you by it. Ask your IT support to pass it on to Datrys when you sign in."),
    ),
    "taken": (
        later("Your e-mail address belongs to another account"),
        later(
            "Somebody signs in with it by another account of your organisation."
            " If your account was changed, ask the Business Unit to have the address released. Then start again."
        ),
    ),
    "organisation-only": (
        later("Sign in with your organisation"),
        later(
            "Your e-mail address is bound to your organisation's sign-in."
            " If you cannot use that any more, ask the Business Unit to have the address released."
        ),
    ),
    "app-unreadable": (
        later("Your authenticator app has to be set up again"),
        later("Datrys can no longer check it. Ask the Business Unit to have your address released. Then start again."),
    ),
    "too-many": (
        later("Too many wrong codes"),
        later("Start again with a new code by mail."),
    ),
}
"""Why nobody was signed in: heading, and what to do."""
