"""Signing in as people do it: in Chromium, with and without scripts, by keyboard, in either language."""

import json
from collections.abc import AsyncIterator, Iterator

import pyotp
import pytest
import pytest_asyncio
from playwright.async_api import Page, expect
from sqlalchemy import Engine

from records import accounts
from settings import Settings
from starter.doors import doors
from starter.parts import free_port
from starter.use_cases import Datrys
from tests.browser.browser import TELEPHONE, Visitors, picture, too_wide, violations
from tests.browser.site import serving
from tests.pages.signing_in import CLIENT, CLIENT_SECRET, mock_provider
from tests.pages.visiting import SECRET, Post
from tests.people import load_directory
from tests.web.hook import now
from tests.web.test_callers import NoEngine

MANAGER, OTHER = "team-manager@example.invalid", "service-manager@example.invalid"
AFTER = "/about/privacy"
STYLE = "asked elsewhere: https://cdn.jsdelivr.net/npm/@picocss/"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    claims = {"sub": MANAGER, "email": MANAGER, "email_verified": True}
    with mock_provider("--user-claims", json.dumps(claims)) as issuer:
        yield issuer


@pytest.fixture
def post() -> Post:
    return Post()


@pytest_asyncio.fixture(loop_scope="session")
async def site(engine: Engine, issuer: str, post: Post) -> AsyncIterator[str]:
    """The pages, as they are served; their address is known before they are."""
    load_directory(engine)
    port = free_port()
    oidc = {"oidc_issuer": issuer, "oidc_client_id": CLIENT, "oidc_client_secret": CLIENT_SECRET}
    own = Settings(secret_key=SECRET, base_url=f"http://127.0.0.1:{port}", **oidc)  # type: ignore[arg-type]
    door = Datrys(own, engine, NoEngine(), now)  # type: ignore[arg-type]
    async with serving(doors(door, post), port) as address:
        yield address


async def fair(page: Page) -> None:
    """Nothing that WCAG forbids, and nothing to scroll sideways for."""
    assert [] == await violations(page)
    assert 0 == await too_wide(page)


async def press(page: Page, what: str) -> None:
    """Go there with the tabulator alone, and press it."""
    wanted = page.get_by_role("main").locator("a, button").filter(has_text=what)
    for _ in range(40):
        await page.keyboard.press("Tab")
        if await wanted.evaluate("(it) => it === document.activeElement"):
            return await page.keyboard.press("Enter")
    pytest.fail(f"nobody comes to “{what}” by keyboard")


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize(("javascript", "width"), [(True, 1280), (False, TELEPHONE)])
async def test_one_signs_in_with_an_organisation_and_out(
    visitors: Visitors, site: str, javascript: bool, width: int
) -> None:
    """By keyboard, from the start page; who has signed out is told so."""
    page = await (await visitors(javascript=javascript, width=width)).new_page()
    await page.goto(f"{site}/sign-in?next={AFTER}")
    await fair(page)
    await picture(page, f"sign-in-{width}")
    await press(page, "Sign in with your organisation")
    await page.get_by_role("button", name=MANAGER).click()
    await expect(page).to_have_url(f"{site}{AFTER}")
    await page.get_by_role("button", name="Sign out").press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("You are signed out")
    await fair(page)
    await page.goto(f"{site}/sign-in/organisation")
    await page.get_by_role("button", name="Deny").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("You did not sign in")
    await fair(page)
    theirs = [fault for fault in visitors.faults if fault.startswith(STYLE)]  # of the provider's page, not of ours
    visitors.faults = [fault for fault in visitors.faults if fault not in theirs]


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize(("javascript", "width"), [(True, TELEPHONE), (False, 1280)])
async def test_one_signs_in_with_an_authenticator_app(
    visitors: Visitors, site: str, post: Post, engine: Engine, javascript: bool, width: int
) -> None:
    """By keyboard, a fault and its mending included; what the picture holds stands there in letters."""
    page = await (await visitors(javascript=javascript, width=width)).new_page()
    await page.goto(f"{site}/sign-in?next={AFTER}")
    await page.get_by_label("Your e-mail address at work").press_sequentially("nobody")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("link", name="Enter an e-mail address")).to_be_visible()
    await fair(page)
    await page.get_by_label("Your e-mail address at work").fill(OTHER)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Enter the code from your mail")
    await fair(page)
    await press(page, "Send a new code")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Enter the code from your mail")
    await page.get_by_label("Code", exact=True).fill(post.sent[-1][1])
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Set up your authenticator app")
    await fair(page)
    await picture(page, f"sign-in-enrol-{width}")
    assert await page.get_by_role("img", name="QR code").is_visible()
    secret = (await page.locator("main strong").inner_text()).replace(" ", "")
    await page.get_by_label("Code that the app shows").fill(pyotp.TOTP(secret).at(now()))
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{site}{AFTER}")
    assert [OTHER] == [one.email for one in accounts.accounts(engine)]
    await page.get_by_role("button", name="Sign out").click()
    await press(page, "Sign in")
    await page.get_by_label("Your e-mail address at work").fill(OTHER)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Enter the code from your mail")
    await page.get_by_label("Code", exact=True).fill(post.sent[-1][1])
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Enter the code of your authenticator app")
    await fair(page)
