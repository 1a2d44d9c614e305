"""Raising a case in a browser: the whole way without scripts on a telephone in Welsh, and with the keyboard alone."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest_asyncio
from playwright.async_api import Page
from sqlalchemy import Engine

from starter.doors import doors
from tests import ctm
from tests.browser.browser import TELEPHONE, Visitors, picture, press, stand_for, too_wide, violations
from tests.browser.site import serving
from tests.pages.raising import CHECK, answers
from tests.pages.visiting import Post, quiet_door, read_numbers
from tests.web.hook import now

FILE = ctm.case_file(now().replace(second=0), {"start": "3", "agencies": "RCT,(SWP)"})
FILE |= {"screening": {"procedure_missing": True, "excluded_because": "conference_decision"}}
FILE["screening"]["remains_practitioner_difference"] = True
FILE["subject"] |= {"parents_or_carers": [{"name": "Siwan Enghraifft", "date_of_birth": "1990-06-21"}]}
BUTTON = 'main button[value="on"]'


@pytest_asyncio.fixture(loop_scope="session")
async def site(engine: Engine) -> AsyncIterator[str]:
    """The pages, with the directory of a board."""
    door = quiet_door(engine)
    ctm.load_directory(engine)
    both = doors(door, Post())
    await read_numbers(both, door)
    async with serving(both) as address:
        yield address


async def fill(page: Page, fields: Mapping[str, Any]) -> None:
    """Type and choose what belongs into the fields of a page, those that it has."""
    await page.wait_for_load_state()
    for name, value in fields.items():
        found = page.locator(f'main [name="{name}"]:not([type="hidden"])')
        for one in await found.all():
            kind = await one.get_attribute("type")
            if kind in {"radio", "checkbox"}:
                if await one.get_attribute("value") in (value if isinstance(value, list) else [value]):
                    await one.check()
            elif await one.evaluate("field => field.tagName") == "SELECT":
                await one.select_option(value)
            else:
                await one.fill(value or "")


async def looked_at(page: Page) -> None:
    """Nothing is wrong with the page as axe judges it, and it fits its window."""
    assert [] == await violations(page), page.url
    assert 0 == await too_wide(page), page.url


async def test_the_whole_way_without_scripts_on_a_telephone_in_welsh(
    visitors: Visitors, site: str, engine: Engine
) -> None:
    """Every page is Welsh, fits, and has nothing that axe finds; a page with faults as well."""
    context = await visitors(javascript=False, language="cy", width=TELEPHONE)
    await stand_for(context, engine, FILE["raised_by"]["email"], site)
    page, typed, shown = await context.new_page(), answers(FILE), list[str]()
    await page.goto(f"{site}/raise")
    await looked_at(page)
    await picture(page, "raise-360-cy")
    await press(page, "main form button")
    while not page.url.endswith(f"/{CHECK}"):
        name = page.url.rpartition("/")[2]
        assert name not in shown
        shown.append(name)
        assert "cy" == await page.get_attribute("html", "lang")
        if name not in {"people", "carers", "done"}:
            await press(page, BUTTON)
            assert await page.locator(".govuk-error-summary").is_visible(), name
        await looked_at(page)
        await fill(page, typed[name])
        await press(page, BUTTON)
    await looked_at(page)
    await picture(page, "raise-check-360-cy")
    await press(page, "main form button")
    assert "Codwyd yr achos" == await page.inner_text("h1")
    await looked_at(page)
    assert {"scope", "remains", "start", "reason", "grounds", "answering", "begun"} <= set(shown)


async def test_a_page_is_answered_with_the_keyboard_alone(visitors: Visitors, site: str, engine: Engine) -> None:
    """Choosing, typing, a fault and its way to the field, and going on; with scripts, at a desk."""
    context = await visitors()
    await stand_for(context, engine, FILE["raised_by"]["email"], site)
    page = await context.new_page()
    await page.goto(f"{site}/raise")
    await to(page, "Begin")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/protocol")
    await to(page, "Continue")
    await page.keyboard.press("Enter")
    await page.wait_for_selector(".govuk-error-summary")
    assert "govuk-error-summary" in str(await page.evaluate("document.activeElement.className"))
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    assert "answer" == await page.evaluate("document.activeElement.name")
    await page.keyboard.press("Space")
    await to(page, "Continue")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/authority")
    await looked_at(page)


async def to(page: Page, words: str) -> None:
    """Press Tab until the button with these words has the focus."""
    for _ in range(60):
        await page.keyboard.press("Tab")
        if words == await page.evaluate("document.activeElement.innerText?.trim()"):
            return
    raise AssertionError(words)
