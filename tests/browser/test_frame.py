"""The pages that belong to no task: the start, faults, a link that is over, danger; each as it should be."""

import pytest
from sqlalchemy import Engine

from starter.doors import doors
from tests.browser.browser import SCREEN, TELEPHONE, Visitors, picture, stand_for, too_wide, violations
from tests.browser.site import serving
from tests.pages.visiting import Post, quiet_door, read_numbers
from tests.people import address, case_file
from tests.web.hook import now

CASE = "GWENT-2026-0001"
PAGES = {
    "start": "/",
    "not-there": "/nowhere",
    "link-over": "/l/made-up",
    "danger": f"/cases/{CASE}/danger",
    "say": f"/cases/{CASE}/say",
}


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize(("width", "language"), [(SCREEN, "en-GB"), (TELEPHONE, "cy-GB")], ids=["desk", "telephone"])
async def test_each_page_of_the_frame_is_as_it_should_be(
    engine: Engine, visitors: Visitors, width: int, language: str
) -> None:
    """Nothing that axe finds, and nothing to scroll sideways, in either language."""
    door = quiet_door(engine)
    await door.raise_case(case_file(now()))
    both = doors(door, Post())
    await read_numbers(both, door)
    async with serving(both) as site:
        visitor = await visitors(width=width, language=language)
        await stand_for(visitor, engine, address("line_manager", "ABUHB"), site)
        page = await visitor.new_page()
        for name, path in PAGES.items():
            await page.goto(f"{site}{path}")
            assert [] == await violations(page), name
            assert 0 == await too_wide(page), name
            await picture(page, f"frame-{name}-{width}-{language[:2]}")
