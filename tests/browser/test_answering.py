"""From the mail to the confirmation in a browser: on a telephone, by keyboard, without scripts, in both languages."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Page
from sqlalchemy import Engine
from temporalio.testing import WorkflowEnvironment

from records import reading
from starter.doors import doors
from starter.parts import LOCALHOST, free_port
from tests.browser.browser import SCREEN, TELEPHONE, Visitors, picture, press, too_wide, violations
from tests.browser.site import serving
from tests.pages.desk import PRACTITIONER, Case, cases
from tests.pages.visiting import Post, read_numbers
from tests.starter.script import be_patient


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for a verdict as long as a busy machine needs."""
    be_patient(monkeypatch)


@asynccontextmanager
async def served(engine: Engine, server: WorkflowEnvironment, post: Post) -> AsyncIterator[Case]:
    """A case whose mails lead to pages that are served here."""
    port = free_port()
    async with cases(engine, server, base_url=f"http://{LOCALHOST}:{port}") as case:
        both = doors(case.story.door, post)
        await read_numbers(both, case.story.door)
        async with serving(both, port):
            yield case


async def looked_at(page: Page, name: str) -> None:
    """As it should be: nothing that axe finds, nothing to scroll sideways; a picture if any are wanted."""
    assert [] == await violations(page), name
    assert 0 == await too_wide(page), name
    await picture(page, name)


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize(
    ("width", "javascript", "language"),
    [(SCREEN, True, "en-GB"), (TELEPHONE, False, "cy-GB"), (TELEPHONE, True, "en-GB")],
    ids=["desk", "telephone-without-scripts-in-welsh", "telephone"],
)
async def test_from_the_mail_to_the_confirmation(
    engine: Engine,
    real_server: WorkflowEnvironment,
    visitors: Visitors,
    width: int,
    javascript: bool,
    language: str,
) -> None:
    """Link, code, choice, questions, a look at the answers, done: each page as it should be."""
    post, kind = Post(), f"{width}-{language[:2]}"
    async with served(engine, real_server, post) as case:
        visitor = await visitors(width=width, javascript=javascript, language=language)
        page = await visitor.new_page()
        await page.goto(await case.link("action-required", PRACTITIONER))
        await looked_at(page, f"answer-1-asked-{kind}")
        await press(page)
        await looked_at(page, f"answer-2-code-{kind}")
        await press(page)
        await page.locator("#code").fill("000000" if post.sent[-1][1] != "000000" else "111111")
        await press(page)
        await looked_at(page, f"answer-3-wrong-code-{kind}")
        await page.locator("#code").fill(f" {post.sent[-1][1][:3]}-{post.sent[-1][1][3:]} ")
        await press(page)
        await looked_at(page, f"answer-4-what-{kind}")
        assert 0 == await page.locator("input:checked").count()
        await page.locator("input[value^=resolved]").check()
        await press(page)
        await press(page)
        await looked_at(page, f"answer-5-questions-missing-{kind}")
        await page.locator("#text").fill("A strategy discussion is held. <script>alert(1)</script> {{ 7 * 7 }}")
        await page.locator("#agreed").check()
        await press(page)
        await looked_at(page, f"answer-6-check-{kind}")
        await press(page)
        await looked_at(page, f"answer-7-done-{kind}")
        assert case.reference in await page.locator("main").inner_text()
        assert "resolved" == reading.standing(engine, case.reference).outcome
