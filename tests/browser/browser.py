"""A page as people meet it: in Chromium, on a screen or a telephone, with scripts or without, and as axe judges it."""

import os
import shutil
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Error, Page, Playwright, Request, WebError
from sqlalchemy import Engine

from protocols.access import Proof
from records import sessions
from starter.pages.visit import SESSION
from tests.web.hook import now

SCREEN, TELEPHONE = 1280, 360
"""Widths in pixels."""
HEIGHT = 800
HERE = ("127.0.0.1", "localhost")
NOWHERE = f"MAP * ~NOTFOUND , {' , '.join(f'EXCLUDE {host}' for host in HERE)}"
"""No name of the world outside has an address."""
PICTURES = Path(__file__).parent.parent.parent / "docs" / "pages"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
LOOKS, SETTLING_MS = 3, 300
LOOK = """async (tags) => {
  const scripts = matchMedia("(scripting: enabled)").matches;
  if (!scripts) {  // no timer runs then, and axe waits for some
    window.setTimeout = (then, _, ...words) => { Promise.resolve().then(() => then(...words)); return 0; };
  }
  const found = await axe.run(document, { preload: scripts, runOnly: { type: "tag", values: tags } });
  return {
    judged: found.passes.length + found.violations.length,
    lines: found.violations.flatMap((rule) => rule.nodes.map((node) =>
      `${rule.id} (${node.impact}): ${node.target.flat().join(" ")}: ${rule.help}`)),
  };
}"""


def chromium() -> str:
    """Where Chromium is; a test fails without it, and none is left out."""
    found = shutil.which("chromium")
    if not found:
        pytest.fail(
            "The tests of the pages need Chromium, and it is not there: apt-get install chromium", pytrace=False
        )
    return found


async def launch(playwright: Playwright) -> Browser:
    """Chromium, with no way out of this machine."""
    return await playwright.chromium.launch(
        executable_path=chromium(), args=["--no-sandbox", f"--host-resolver-rules={NOWHERE}"]
    )


class Visitors:
    """Makes visitors to the pages, each a browser context of its own, and notes what no page may do.

    `faults` holds it: a script that failed, something the content security policy forbade, a request to anywhere else.

    Args:
        browser: where they look.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self.faults: list[str] = []

    async def __call__(
        self, *, javascript: bool = True, language: str = "en-GB", width: int = SCREEN
    ) -> BrowserContext:
        """A visitor whom no page knows yet.

        Args:
            javascript: whether scripts run. What stands in `noscript` is not shown even without: Chromium switches them
                off too late for that.
            language: what the browser asks for.
            width: of the window, in pixels.
        """
        context = await self._browser.new_context(
            java_script_enabled=javascript,
            locale=language,
            timezone_id="Europe/London",
            viewport={"width": width, "height": HEIGHT},
        )
        context.on("console", self._on_console)
        context.on("weberror", self._on_error)
        context.on("request", self._on_request)
        self._contexts.append(context)
        return context

    async def leave(self) -> None:
        """All go."""
        for context in self._contexts:
            await context.close()

    def _on_console(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            self.faults.append(f"forbidden: {message.text}")

    def _on_error(self, error: WebError) -> None:
        self.faults.append(f"failed: {error.error}")

    def _on_request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in {"http", "https"} and address.hostname not in HERE:
            self.faults.append(f"asked elsewhere: {request.url}")


async def stand_for(context: BrowserContext, engine: Engine, email: str, site: str) -> None:
    """This browser stands for whoever has this address, as after a sign-in."""
    secret, _ = sessions.begin(engine, email, Proof.SIGNED_IN, now())
    await context.add_cookies([{"name": f"datrys_{SESSION}", "value": secret, "url": site}])


async def press(page: Page, selector: str = "main button") -> None:
    """Press the first of these buttons or links, and wait for the page that it leads to."""
    async with page.expect_navigation():
        await page.locator(selector).first.click()


async def violations(page: Page) -> list[str]:
    """What axe finds against WCAG 2.2 AA on the page as it is shown: rule, impact, selector, what it wants."""
    found = await _judged(page)
    assert found["judged"], "axe found nothing to judge"
    return [str(line) for line in found["lines"]]


async def _judged(page: Page) -> Any:
    """What axe says; a page that was left while it looked is followed by the next one, which it looks at instead."""
    axe = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    for left in reversed(range(LOOKS)):
        await page.wait_for_load_state()
        try:
            await page.evaluate(axe)
            return await page.evaluate(LOOK, WCAG)
        except Error:
            if not left:
                raise
            await page.wait_for_timeout(SETTLING_MS)


async def too_wide(page: Page) -> int:
    """By how many pixels the page is wider than the window: what somebody would have to scroll sideways."""
    return int(await page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth"))


async def picture(page: Page, name: str) -> None:
    """Keep what the whole page looks like, for the documentation; only with DATRYS_PICTURES=1."""
    if os.environ.get("DATRYS_PICTURES") == "1":
        PICTURES.mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=PICTURES / f"{name}.png", full_page=True, animations="disabled")
