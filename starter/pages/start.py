"""The way in, the choice of language, and the pages about these pages."""

from fastapi import APIRouter
from fastapi.responses import Response

from starter.pages.forms import Sent
from starter.pages.tongues import LANGUAGES
from starter.pages.visit import LANGUAGE, YEAR_SECONDS, Visiting, where_to

router = APIRouter()


@router.api_route("/", methods=["GET", "HEAD"])
def start(visit: Visiting) -> Response:
    """The start page: what this is, and the ways in."""
    return visit.page("start.html.j2")


@router.post("/language")
def choose_language(visit: Visiting, form: Sent) -> Response:
    """Remember the language for a year, and lead back."""
    if form.text("language") in LANGUAGES:
        visit.set_cookie(LANGUAGE, form.text("language"), YEAR_SECONDS)
    return visit.go(where_to(form.text("next"), "/"))


@router.api_route("/about/{page}", methods=["GET", "HEAD"])
def about(visit: Visiting, page: str) -> Response:
    """Accessibility statement, privacy, cookies."""
    if page not in ABOUT:
        return visit.page("trouble.html.j2", status=404, kind="not-there")
    contact = visit.door.settings.business_unit or visit.say("the Business Unit of your Safeguarding Board")
    return visit.page(f"about/{page}.html.j2", contact=contact)


ABOUT = ("accessibility", "privacy", "cookies")
