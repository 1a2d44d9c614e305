"""What looks at the pages sees: each kind of fault is found where it is, and none where there is none."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from tests.browser import browser
from tests.browser.browser import TELEPHONE, Visitors, chromium, picture, too_wide, violations
from tests.browser.site import serving

POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'"
SCRIPT = "document.body.dataset.script = 'ran';"
CLEAN = """<!doctype html><html lang="en"><head><title>Clean</title><script src="/script.js" defer></script></head>
<body><main><h1>Clean</h1><form><label for="name">Name</label> <input id="name"></form>
</main></body></html>"""
FAULTY = """<!doctype html><html><head><title></title></head><body>
<main><img src="/x.png"><form><input id="name"></form><a href="/"></a></main></body></html>"""
FAULTS = [
    "document-title (serious): html: Documents must have <title> element to aid in navigation",
    "html-has-lang (serious): html: <html> element must have a lang attribute",
    "image-alt (critical): img: Images must have alternative text",
    "label (critical): #name: Form elements must have labels",
    "link-name (serious): a: Links must have discernible text",
]
PAGES = {
    "/clean": CLEAN,
    "/faulty": FAULTY,
    "/wide": CLEAN.replace("<h1>Clean", f"<h1>{'w' * 200}"),
    "/inline": CLEAN.replace("<h1>", "<script>document.body.dataset.inline = 'ran';</script><h1>"),
    "/elsewhere": CLEAN.replace("<h1>", '<img src="http://elsewhere.invalid/x.png" alt="x"><h1>'),
    "/failing": CLEAN.replace("/script.js", "/failing.js"),
}


def show(request: Request) -> Response:
    """A page, with the policy that all pages have; `/elsewhere` may ask anybody."""
    policy = "img-src *" if request.url.path == "/elsewhere" else POLICY
    said = request.headers["accept-language"]
    return HTMLResponse(PAGES[request.url.path], headers={"Content-Security-Policy": policy, "X-Asked-For": said})


def script(request: Request) -> Response:
    code = SCRIPT if request.url.path == "/script.js" else "throw new Error('out of order');"
    return Response(code, media_type="text/javascript")


@pytest_asyncio.fixture(loop_scope="session")
async def site() -> AsyncIterator[str]:
    routes = [Route(path, show) for path in PAGES]
    scripts = [Route(path, script) for path in ("/script.js", "/failing.js")]
    pictures = [Route("/x.png", lambda _: Response(status_code=204))]
    async with serving(Starlette(routes=[*routes, *scripts, *pictures])) as address:
        yield address


@pytest.mark.parametrize("javascript", [True, False])
async def test_known_faults_are_found(visitors: Visitors, site: str, javascript: bool) -> None:
    """Each is a line with rule, impact, selector and what is wanted; with scripts and without."""
    page = await (await visitors(javascript=javascript)).new_page()
    await page.goto(f"{site}/faulty")
    assert FAULTS == sorted(await violations(page))


@pytest.mark.parametrize("javascript", [True, False])
async def test_a_clean_page_has_none(visitors: Visitors, site: str, javascript: bool) -> None:
    """Under the policy of all pages, which looking does not break."""
    page = await (await visitors(javascript=javascript)).new_page()
    await page.goto(f"{site}/clean")
    assert [] == await violations(page)


async def test_scripts_run_or_do_not(visitors: Visitors, site: str) -> None:
    """Nor do they after axe has looked, or when the page is loaded again."""
    page = await (await visitors()).new_page()
    await page.goto(f"{site}/clean")
    assert "ran" == await page.get_attribute("body", "data-script")
    page = await (await visitors(javascript=False)).new_page()
    await page.goto(f"{site}/clean")
    assert await page.get_attribute("body", "data-script") is None
    assert [] == await violations(page)
    await page.reload()
    assert await page.get_attribute("body", "data-script") is None


async def test_a_visitor_has_a_language_and_a_width(visitors: Visitors, site: str) -> None:
    """The server is asked for the language; what is wider than a telephone is told."""
    page = await (await visitors(language="cy", width=TELEPHONE)).new_page()
    answer = await page.goto(f"{site}/clean")
    assert answer
    assert "cy" == await answer.header_value("x-asked-for")
    assert TELEPHONE == await page.evaluate("innerWidth")
    assert 0 == await too_wide(page)
    await page.goto(f"{site}/wide")
    assert await too_wide(page) > 0


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("/inline", "forbidden: Executing inline script violates"),
        ("/elsewhere", "asked elsewhere: http://elsewhere.invalid/x.png"),
        ("/failing", "failed: out of order"),
    ],
)
async def test_what_no_page_may_do_is_noted(visitors: Visitors, site: str, path: str, fault: str) -> None:
    """It fails the test in which it happened; here it is what the test is about."""
    page = await (await visitors()).new_page()
    await page.goto(f"{site}{path}")
    noted, visitors.faults = visitors.faults, []
    assert [fault] == [one[: len(fault)] for one in noted]


async def test_without_chromium_a_test_fails_and_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not passed over."""
    monkeypatch.setenv("PATH", "")
    with pytest.raises(pytest.fail.Exception, match="apt-get install chromium"):
        chromium()


async def test_a_picture_is_kept_only_when_asked_for(
    visitors: Visitors, site: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A run of the tests leaves the documentation as it was."""
    monkeypatch.setattr(browser, "PICTURES", tmp_path / "pages")
    page = await (await visitors(width=TELEPHONE)).new_page()
    await page.goto(f"{site}/clean")
    monkeypatch.delenv("DATRYS_PICTURES", raising=False)
    await picture(page, "clean")
    assert [] == list(tmp_path.iterdir())
    monkeypatch.setenv("DATRYS_PICTURES", "1")
    await picture(page, "clean")
    assert (tmp_path / "pages" / "clean.png").read_bytes().startswith(b"\x89PNG")
