"""`start.js` in a browser, under the policy of the pages: components start, and a session's end is warned of."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio
from playwright.async_api import Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from tests.browser.browser import Visitors, violations
from tests.browser.site import serving
from tests.test_assets import ASSETS

POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'"
PAGE = """<!doctype html><html lang="en" class="govuk-template"><head><title>A page</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="/assets/favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/datrys.css"><script type="module" src="/assets/start.js"></script></head>
<body class="govuk-template__body"{ends}><main class="govuk-main-wrapper"><h1 class="govuk-heading-l">A page</h1>
<div id="session-warning" hidden><p class="govuk-body">Your session ends soon.</p></div>
<form method="post"><div class="govuk-form-group govuk-character-count" data-module="govuk-character-count"
 data-maxlength="10"><label class="govuk-label" for="text">Text</label>
<textarea class="govuk-textarea govuk-js-character-count" id="text" name="text" rows="2"
 aria-describedby="text-info"></textarea><div id="text-info" class="govuk-hint govuk-character-count__message">
You can enter up to 10 characters</div></div><button class="govuk-button">Send</button></form></main></body></html>"""
ENDS = {
    "/": ' data-session-ends="2026-06-03T12:00:00Z"',
    "/with-offset": ' data-session-ends="2026-06-03T13:00:00+01:00"',
    "/without-end": "",
    "/no-time": ' data-session-ends="soon"',
}


def show(request: Request) -> Response:
    return HTMLResponse(PAGE.replace("{ends}", ENDS[request.url.path]), headers={"Content-Security-Policy": POLICY})


@pytest_asyncio.fixture(loop_scope="session")
async def site() -> AsyncIterator[str]:
    routes = [Route(path, show) for path in ENDS]
    async with serving(Starlette(routes=[*routes, Mount("/assets", StaticFiles(directory=ASSETS))])) as address:
        yield address


async def at_eleven(visitors: Visitors, address: str) -> Page:
    """The page at 11:00, with a clock that goes on when it is told to."""
    page = await (await visitors()).new_page()
    await page.clock.install(time=datetime(2026, 6, 3, 11, tzinfo=UTC))
    await page.goto(address)
    return page


async def test_components_start(visitors: Visitors, site: str) -> None:
    """The classes are there, and the characters are counted."""
    page = await (await visitors()).new_page()
    await page.goto(f"{site}/without-end")
    await page.fill("#text", "abc")
    await page.get_by_text("You have 7 characters remaining").first.wait_for()
    classes = await page.get_attribute("body", "class")
    assert "govuk-template__body js-enabled govuk-frontend-supported" == classes
    assert [] == await violations(page)


async def test_without_scripts_the_page_is_whole(visitors: Visitors, site: str) -> None:
    """The form can be filled in, and says its limit; the warning stays hidden."""
    page = await (await visitors(javascript=False)).new_page()
    await page.goto(site)
    await page.fill("#text", "abc")
    assert await page.get_by_text("You can enter up to 10 characters").is_visible()
    assert not await page.locator("#session-warning").is_visible()
    assert "govuk-template__body" == await page.get_attribute("body", "class")
    assert [] == await violations(page)


@pytest.mark.parametrize("path", ["/", "/with-offset"])
async def test_a_session_that_ends_is_warned_of_five_minutes_before(visitors: Visitors, site: str, path: str) -> None:
    """Not a minute earlier; it is read out, whoever writes goes on writing, and nothing is sent."""
    page = await at_eleven(visitors, f"{site}{path}")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    warning = page.locator("#session-warning")
    await page.focus("#text")
    await page.clock.run_for("54:00")
    assert not await warning.is_visible()
    await page.clock.run_for("01:00")
    assert await warning.is_visible()
    assert "alert" == await warning.get_attribute("role")
    assert "text" == await page.evaluate("document.activeElement.id")
    await page.clock.run_for("10:00")
    assert set() == set(sent) - {f"{site}/assets/favicon.svg"}


async def test_a_computer_that_slept_warns_when_it_wakes(visitors: Visitors, site: str) -> None:
    """It has lost its timers' sense of time."""
    page = await at_eleven(visitors, site)
    await page.clock.fast_forward("58:00")
    await page.clock.run_for("00:31")
    assert await page.locator("#session-warning").is_visible()


@pytest.mark.parametrize("path", ["/without-end", "/no-time"])
async def test_a_page_without_an_end_warns_of_none(visitors: Visitors, site: str, path: str) -> None:
    """However long it is open."""
    page = await at_eleven(visitors, f"{site}{path}")
    await page.clock.fast_forward("10:00:00")
    assert not await page.locator("#session-warning").is_visible()
