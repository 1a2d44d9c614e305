"""What the tests in a browser share: one Chromium for all, and visitors of its own for each."""

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests.browser.browser import Visitors, launch


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium, started once."""
    async with async_playwright() as playwright:
        browser = await launch(playwright)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def visitors(browser: Browser) -> AsyncIterator[Visitors]:
    """Makes visitors; the test fails if a page did to one of them what no page may do."""
    visitors = Visitors(browser)
    yield visitors
    await visitors.leave()
    assert [] == visitors.faults
