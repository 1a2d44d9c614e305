"""The Business Unit's work in a browser: on a telephone without scripts in Welsh, and at a desk."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Page
from sqlalchemy import Engine

from records import cases, directory
from records.cases import mark_started
from starter.doors import doors
from starter.parts import LOCALHOST, free_port
from tests.browser.browser import SCREEN, TELEPHONE, Visitors, picture, press, stand_for, too_wide, violations
from tests.browser.site import serving
from tests.pages.unit import CTM, GWENT, OTHER_UNIT, PEOPLE, UNIT, a_person, csv_of, two_boards
from tests.pages.visiting import Post, quiet_door, read_numbers
from tests.records.making import PRACTITIONER, a_step, an_entry, keep, write

KINDS = pytest.mark.parametrize(
    ("width", "javascript", "language"),
    [(SCREEN, True, "en-GB"), (TELEPHONE, False, "cy-GB")],
    ids=["desk", "telephone-without-scripts-in-welsh"],
)
ONE_DATABASE = pytest.mark.parametrize("database_kind", ["sqlite"])


@asynccontextmanager
async def served(engine: Engine) -> AsyncIterator[str]:
    """The pages, with two boards and a case in which something was said."""
    two_boards(engine)
    case, port = keep(engine), free_port()
    said = an_entry("not_resolved", signal_id="s1", code="accepted", by=PRACTITIONER)
    write(engine, a_step(case, entries=[an_entry(), said]))
    mark_started(engine, case)
    door = quiet_door(engine, base_url=f"http://{LOCALHOST}:{port}")
    both = doors(door, Post())
    await read_numbers(both, door)
    async with serving(both, port) as address:
        yield address


async def signed_in(visitors: Visitors, engine: Engine, address: str, who: str, **how: object) -> Page:
    """The browser of somebody who has signed in."""
    visitor = await visitors(**how)  # type: ignore[arg-type]
    await stand_for(visitor, engine, who, address)
    return await visitor.new_page()


async def looked_at(page: Page, name: str) -> None:
    """As it should be: nothing that axe finds, nothing to scroll sideways; a picture if any are wanted."""
    assert [] == await violations(page), name
    assert 0 == await too_wide(page), name
    await picture(page, name)


@ONE_DATABASE
@KINDS
async def test_a_meeting_from_the_overview_to_the_calendar(
    engine: Engine, visitors: Visitors, width: int, javascript: bool, language: str
) -> None:
    """Overview, calendar, form with its faults, the look before, the page after: each as it should be."""
    kind = f"{width}-{language[:2]}"
    how = {"width": width, "javascript": javascript, "language": language}
    async with served(engine) as address:
        page = await signed_in(visitors, engine, address, OTHER_UNIT, **how)
        await page.goto(f"{address}/unit")
        await looked_at(page, f"unit-1-overview-{kind}")
        await page.locator('main a[href="/unit/meetings"]').click()
        await page.locator('main a[href="/unit/meetings/add"]').click()
        assert 0 == await page.locator("input:checked").count()
        await press(page)
        await looked_at(page, f"unit-2-meeting-missing-{kind}")
        await page.locator("input[value=qa_children]").check()
        for field, typed in (("day", "10"), ("month", "6"), ("year", "2031"), ("time", "9.30")):
            await page.locator(f"[name=starts_at-{field}]").fill(typed)
        await press(page)
        await looked_at(page, f"unit-3-meeting-check-{kind}")
        await press(page)
        await looked_at(page, f"unit-4-meeting-done-{kind}")
        await page.goto(f"{address}/unit/meetings")
        await looked_at(page, f"unit-5-meetings-{kind}")
    assert ["qa_children"] == [one.group for one in directory.meetings(engine, CTM)]


@ONE_DATABASE
@KINDS
async def test_people_files_and_a_correction(
    engine: Engine, visitors: Visitors, width: int, javascript: bool, language: str
) -> None:
    """A file with faults, a form for a holder, the list, bank holidays, and an entry that is corrected."""
    kind = f"{width}-{language[:2]}"
    how = {"width": width, "javascript": javascript, "language": language}
    bad = csv_of(PEOPLE, a_person(email="x"), a_person(id="b", board=CTM))
    async with served(engine) as address:
        page = await signed_in(visitors, engine, address, UNIT, **how)
        for number, where in enumerate(("people", "people?role=team_manager", "people/add?role=duty_team", "holidays")):
            await page.goto(f"{address}/unit/{where}")
            await looked_at(page, f"unit-{6 + number}-{where.partition('?')[0].replace('/', '-')}-{kind}")
        await page.goto(f"{address}/unit/people/upload")
        await page.locator("#file").set_input_files({"name": "p.csv", "mimeType": "text/csv", "buffer": bad})
        await press(page)
        await looked_at(page, f"unit-10-file-faults-{kind}")
        [case] = cases.open_cases(engine)
        await page.goto(f"{address}/unit/cases/{case}/correct")
        await page.locator("input[value=s1]").check()
        await press(page)
        await page.locator("#reason").fill("It was sent by mistake.")
        await page.locator("input[value=stays]").check()
        await looked_at(page, f"unit-11-correct-{kind}")
        await press(page)
        await looked_at(page, f"unit-12-correct-check-{kind}")
        await press(page)
        await looked_at(page, f"unit-13-correct-kept-{kind}")
    assert [] == [one for one in directory.people(engine, GWENT) if one.id in ("new", "b")]


@ONE_DATABASE
@pytest.mark.parametrize("page_about", ["cookies", "privacy", "accessibility"])
async def test_the_pages_about_these_pages_fit_a_telephone(engine: Engine, visitors: Visitors, page_about: str) -> None:
    """In Welsh, whose words are longer."""
    async with served(engine) as address:
        page = await (await visitors(width=TELEPHONE, language="cy-GB")).new_page()
        await page.goto(f"{address}/about/{page_about}")
        await looked_at(page, f"about-{page_about}-cy")
