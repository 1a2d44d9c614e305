"""The authenticator app: set up after the mailed code, asked after it from then on."""

import asyncio
from collections.abc import Mapping

import pyotp
import segno
from fastapi import APIRouter
from fastapi.responses import Response
from markupsafe import Markup

from protocols.errors import Refused
from records import authenticators
from records.codes import Tried
from starter.pages.forms import Faults, Sent
from starter.pages.half_way import HALF_WAY, carried
from starter.pages.sign_in import ASK, ENROL, not_signed_in, signed_in
from starter.pages.tongues import later
from starter.pages.visit import Visit, Visiting

router = APIRouter()

NAME = "Datrys"
GROUP = 4


@router.api_route("/sign-in/authenticator", methods=["GET", "HEAD"])
def ask(visit: Visiting) -> Response:
    """Ask for the app's code."""
    facts = carried(visit, HALF_WAY, ASK)
    return _page(visit, facts) if facts else not_signed_in(visit, "over")


@router.api_route("/sign-in/enrol", methods=["GET", "HEAD"])
def enrol(visit: Visiting) -> Response:
    """Show what an app is set up with, and ask for its code."""
    facts = carried(visit, HALF_WAY, ENROL)
    return _page(visit, facts) if facts else not_signed_in(visit, "over")


@router.post("/sign-in/authenticator")
@router.post("/sign-in/enrol")
async def try_code(visit: Visiting, form: Sent) -> Response:
    """Try the app's code: it signs in, and enrols the app where it is new."""
    facts = carried(visit, HALF_WAY, ASK, ENROL)
    if facts is None:
        return not_signed_in(visit, "over")
    try:
        tried, account = await asyncio.to_thread(_prove, visit, facts, form.text("code"))
    except Refused:
        return not_signed_in(visit, "app-unreadable", facts["next"])
    if tried is Tried.COUNTS:
        return await signed_in(visit, facts["email"], account, facts["next"])
    if tried in WHY_NOT:
        return not_signed_in(visit, WHY_NOT[tried], facts["next"])
    return _page(visit, facts, visit.say(WORDS[tried]))


def _prove(visit: Visit, facts: Mapping[str, str], typed: str) -> tuple[Tried, int]:
    return authenticators.prove(
        visit.door.database,
        visit.keys,
        facts["email"],
        typed,
        facts["begun"],
        visit.browser,
        visit.now,
        facts.get("secret", ""),
    )


def _page(visit: Visit, facts: Mapping[str, str], fault: str = "") -> Response:
    faults = Faults({"code": fault} if fault else {})
    status = 422 if fault else 200
    if facts["step"] == ASK:
        return visit.page("sign-in/authenticator.html.j2", status=status, faults=faults)
    secret = facts["secret"]
    address = pyotp.TOTP(secret).provisioning_uri(name=facts["email"], issuer_name=NAME)
    spaced = " ".join(secret[begin : begin + GROUP] for begin in range(0, len(secret), GROUP))
    return visit.page(
        "sign-in/enrol.html.j2",
        status=status,
        faults=faults,
        picture=_picture(address),
        app_address=address,
        secret=spaced,
        email=facts["email"],
    )


def _picture(address: str) -> Markup:
    """The address as a QR code, which an app reads with the camera."""
    return Markup(segno.make(address, error="m").svg_inline(scale=4, light="#fff", svgclass=None, lineclass=None))  # noqa: S704  made by us of an address that segno draws as squares


WORDS = {
    Tried.WRONG: later("This is not the code that your app shows now. Enter the 6 digits that it shows for Datrys"),
    Tried.USED: later("This code was used once already. Wait until your app shows the next one"),
}
WHY_NOT = {Tried.NONE: "over", Tried.EXPIRED: "over", Tried.TOO_MANY: "too-many"}
