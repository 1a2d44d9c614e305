"""The reading pages in a browser: on a screen and a telephone, in both languages, with scripts and without."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page
from sqlalchemy import Engine

from records import drafts
from starter.doors import doors
from tests.browser.browser import SCREEN, TELEPHONE, Visitors, picture, stand_for, too_wide, violations
from tests.browser.site import serving
from tests.pages.cases import ctm_case, gwent, load_directories
from tests.pages.test_cases import keep_many
from tests.pages.visiting import Post, quiet_door, read_numbers
from tests.web.hook import now

WHO = {
    "unit": "business-unit@example.invalid",
    "manager": "line-manager.abuhb@example.invalid",
    "network": "local-network@example.invalid",
}
PAGES = [
    ("manager", "/work"),
    ("unit", "/cases?state=open&page=2"),
    ("unit", "/cases/GWENT-2026-0001"),
    ("manager", "/cases/GWENT-2026-0001"),
    ("network", "/cases/GWENT-2026-0001"),
    ("unit", "/cases/CTM-2026-0001"),
]
WAYS = [(True, "en-GB", SCREEN), (False, "cy-GB", TELEPHONE)]


@pytest_asyncio.fixture(loop_scope="session")
async def site(engine: Engine) -> AsyncIterator[str]:
    """The pages, over cases that have something in every part."""
    door = quiet_door(engine)
    load_directories(engine)
    gwent(engine)
    gwent(engine, until="practitioners")
    ctm_case(engine)
    keep_many(engine, 30)
    drafts.begin(engine, WHO["manager"], "case", "", {}, now())
    both = doors(door, Post())
    await read_numbers(both, door)
    async with serving(both) as address:
        yield address


async def come(visitors: Visitors, engine: Engine, site: str, who: str, way: tuple[bool, str, int]) -> Page:
    """A visitor who is signed in."""
    javascript, language, width = way
    context = await visitors(javascript=javascript, language=language, width=width)
    await stand_for(context, engine, WHO[who], site)
    return await context.new_page()


async def test_each_page_is_for_everybody(visitors: Visitors, engine: Engine, site: str) -> None:
    """axe finds nothing against WCAG 2.2 AA, and nobody scrolls sideways."""
    for way in WAYS:
        for who, path in PAGES:
            page = await come(visitors, engine, site, who, way)
            answer = await page.goto(f"{site}{path}")
            assert answer
            assert 200 == answer.status, path
            for summary in await page.locator("main summary").all():
                await summary.click()
            assert [] == await violations(page), (path, way)
            assert 0 == await too_wide(page), (path, way)
            await picture(
                page, f"reading-{who}-{path.strip('/').partition('?')[0].replace('/', '-')}-{way[1]}-{way[2]}"
            )
            await page.context.close()


@pytest.mark.parametrize("javascript", [True, False])
async def test_an_explanation_opens_at_a_press(visitors: Visitors, engine: Engine, site: str, javascript: bool) -> None:
    """With scripts and without; until then it does not lengthen the page."""
    page = await come(visitors, engine, site, "manager", (javascript, "en-GB", TELEPHONE))
    await page.goto(f"{site}/cases/GWENT-2026-0001")
    days = page.get_by_text("Days that count:").first
    assert not await days.is_visible()
    await page.get_by_text("How this date was reckoned").first.click()
    assert await days.is_visible()


async def test_the_register_is_sifted_without_scripts(visitors: Visitors, engine: Engine, site: str) -> None:
    """The form is a plain one, and what was chosen stays chosen."""
    page = await come(visitors, engine, site, "unit", (False, "en-GB", TELEPHONE))
    await page.goto(f"{site}/cases")
    await page.get_by_text("Choose which cases to see").click()
    await page.select_option("#protocol", "cwm-taf-morgannwg")
    await page.get_by_role("button", name="Show these cases").click()
    assert await page.get_by_role("heading", name="1 case", exact=True).is_visible()
    assert "cwm-taf-morgannwg" == await page.input_value("#protocol")
