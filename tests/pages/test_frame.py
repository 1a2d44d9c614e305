"""What every page has: both languages, whom to ring, and nothing that another site may use."""

import ast
from datetime import datetime
from importlib import import_module
from pathlib import Path

import pytest
from lxml import html as lxml_html  # type: ignore[import-untyped]
from sqlalchemy import Engine, update

from protocols.working_days import LONDON
from records.database import writing
from records.models import DirectoryPerson
from starter import pages
from tests.pages.visiting import heading, quiet_door, send, text_of, visiting

PAGES = Path(pages.__file__).parent


async def test_a_page_is_welsh_at_a_press_and_stays_so(engine: Engine) -> None:
    """The choice is remembered; where nobody chose, the browser's own language counts."""
    async with visiting(quiet_door(engine)) as client:
        english = await client.get("/")
        welsh = await send(client, english, {"language": "cy"}, form="/language")
        later = await client.get("/about/cookies")
        client.cookies.clear()
        asked = await client.get("/", headers={"accept-language": "cy-GB,cy;q=0.9,en;q=0.8"})
    assert ['lang="en"', 'lang="cy"', 'lang="cy"', 'lang="cy"'] == [
        page.text.partition("<html ")[2].partition(" class")[0] for page in (english, welsh, later, asked)
    ]
    assert "Neidio i'r prif gynnwys" in welsh.text.replace("&#39;", "'")


async def test_every_page_says_whom_to_ring(engine: Engine) -> None:
    """999, and the numbers that answer at this hour, a page about a fault included."""
    async with visiting(quiet_door(engine)) as client:
        pages = [await client.get(where) for where in ("/", "/about/privacy", "/nowhere")]
    for page in pages:
        assert 'href="tel:999"' in page.text
        assert ("01633 656656" in page.text) != ("01632 960999" in page.text)


@pytest.mark.parametrize("where", ["/", "/about/accessibility", "/nowhere", "/l/x"])
async def test_no_other_site_learns_of_or_frames_a_page(engine: Engine, where: str) -> None:
    """Nothing is kept, referred on, framed or loaded from elsewhere."""
    async with visiting(quiet_door(engine)) as client:
        page = await client.get(where)
    assert ("no-store", "no-referrer", "DENY", "nosniff") == tuple(
        page.headers[name] for name in ("cache-control", "referrer-policy", "x-frame-options", "x-content-type-options")
    )
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "style=" not in page.text
    assert "<script>" not in page.text


async def test_a_form_from_elsewhere_does_nothing_and_what_was_typed_is_shown(engine: Engine) -> None:
    """Forged, or open so long that the browser forgot it: the words can be copied."""
    async with visiting(quiet_door(engine)) as client:
        forged = await client.post("/language", data={"language": "cy", "words": "typed <b>long</b>"})
    assert (403, "This form was open too long") == (forged.status_code, heading(forged))
    assert "typed &lt;b&gt;long&lt;/b&gt;" in forged.text
    assert "typed <b>" not in forged.text
    assert not forged.cookies.get("datrys_language")


async def test_what_is_not_there_says_so_in_plain_words(engine: Engine) -> None:
    """A page, where a person asks; a problem document, where a program does."""
    async with visiting(quiet_door(engine)) as client:
        page, problem = await client.get("/nowhere"), await client.get("/api/nowhere")
    assert (404, "This page is not there") == (page.status_code, heading(page))
    assert "open the link in the mail again" in text_of(page)
    assert "application/problem+json" == problem.headers["content-type"]


@pytest.mark.parametrize("language", ["en", "cy"])
@pytest.mark.parametrize("page", ["accessibility", "privacy", "cookies"])
async def test_the_pages_about_these_pages_say_whom_to_turn_to(engine: Engine, page: str, language: str) -> None:
    """The Business Unit as the board has set it; and every cookie that is ever set is named."""
    async with visiting(quiet_door(engine, business_unit="unit@board.invalid")) as client:
        shown = await client.get(f"/about/{page}", headers={"accept-language": language})
    assert ("unit@board.invalid" in text_of(shown)) == (page != "cookies")
    if page == "cookies":
        named = lxml_html.fromstring(shown.text).xpath("//tbody//th/text()")
        assert cookies_set() == set(named)
        assert "“datrys_”" in text_of(shown)


def cookies_set() -> set[str]:
    """The name of every cookie that a module of the pages sets, itself or by what it keeps half-way."""
    found: set[str] = set()
    for file in sorted(PAGES.rglob("*.py")):
        module = ".".join(file.relative_to(PAGES.parent.parent).with_suffix("").parts)
        for call in (one for one in ast.walk(ast.parse(file.read_text())) if isinstance(one, ast.Call)):
            called = getattr(call.func, "attr", getattr(call.func, "id", ""))
            place = {"set_cookie": 0, "keep": 1}.get(called)
            if place is None or len(call.args) <= place:
                continue
            name = call.args[place]
            if isinstance(name, ast.Constant):
                found.add(str(name.value))
            elif isinstance(name, ast.Name) and name.id.isupper():
                found.add(getattr(import_module(module), name.id))
    return found


async def test_a_number_that_does_not_answer_at_this_hour_is_not_shown(engine: Engine) -> None:
    """By day the office's, at night and on bank holidays the other; where there is none, that is said."""
    door = quiet_door(engine)
    hours = {"2026-03-02T10:00": "01633 656656", "2026-03-02T17:00": "01632 960999", "2026-12-25T10:00": "01632 960999"}
    shown = {}
    async with visiting(door) as client:
        for hour in hours:
            door.now = lambda at=hour: datetime.fromisoformat(at).replace(tzinfo=LONDON)  # type: ignore[misc]
            page = await client.get("/")
            [shown[hour]] = (number for number in set(hours.values()) if number in page.text)
        with writing(engine) as session:
            session.execute(update(DirectoryPerson).values(phone_out_of_hours=""))
    async with visiting(door) as client:
        silent = await client.get("/")
    assert hours == shown
    assert "No number of a duty team is known for this hour" in silent.text
