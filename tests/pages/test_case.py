"""A case as each visitor sees it: what the policy opens to them, and not one name, text or date beyond it."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import Engine, event, select

from protocols.access import Part, sees
from records.access import visible
from records.database import reading
from records.holding import Asker
from records.models import CasePerson, DirectoryPerson
from tests.pages.cases import Rich, ctm_case, gwent, load_directories
from tests.pages.visiting import heading, quiet_door, sign_in, text_of, visiting
from workflows.registry import ACCESS

CASES: dict[str, Callable[[Engine], Rich]] = {
    "gwent-early": lambda engine: gwent(engine, until="practitioners"),
    "gwent-late": gwent,
    "ctm-early": lambda engine: ctm_case(engine, until="single_agency"),
    "ctm-middle": lambda engine: ctm_case(engine, until="response"),
    "ctm-late": ctm_case,
}
STANDING = {Part.REQUEST, Part.WITHOUT_TEXT, Part.WITHOUT_TEXT_OR_NAMES}


def everybody(engine: Engine) -> list[str]:
    """The address of everybody whom a board or a case names, and of somebody whom none does."""
    with reading(engine) as session:
        named = {*session.scalars(select(CasePerson.email)), *session.scalars(select(DirectoryPerson.email))}
    return [*sorted(named), "stranger@example.invalid"]


def agency_answering(email: str, engine: Engine, rich: Rich) -> set[str]:
    """The agencies whose response is this person's own."""
    found = visible(engine, Asker(email), ACCESS)[rich.reference]
    access = ACCESS[rich.board]
    return {one.role.agency for one in found.held if Part.OWN_RESPONSE in sees([one], found.case, access)}


def expected(email: str, engine: Engine, rich: Rich, parts: frozenset[Part]) -> set[str]:
    """The marks that the policy opens."""
    own = agency_answering(email, engine, rich)
    seen = set()
    for mark in rich.marks:
        opened = mark.parts
        if {Part.OWN_RESPONSE, Part.OTHERS_RESPONSES} <= opened:
            opened = frozenset({Part.OWN_RESPONSE if mark.agency in own else Part.OTHERS_RESPONSES})
        if opened & parts:
            seen.add(mark.word)
    if Part.WHO_RAISED_IT in parts:
        seen |= {mark.word for mark in rich.marks if mark.word.lower() in ("namedlinemanagerabuhb", RAISER)}
    return seen


RAISER = "namedcounterpartmanagerrct"


@pytest.mark.parametrize("name", CASES)
async def test_everybody_sees_what_the_policy_opens_to_them_and_nothing_else(engine: Engine, name: str) -> None:
    """Text by text, name by name, part by part; a case that they may see nothing of is not there for them."""
    door = quiet_door(engine)
    load_directories(engine)
    rich = CASES[name](engine)
    addresses = everybody(engine)
    for email in addresses:
        found = visible(engine, Asker(email), ACCESS).get(rich.reference)
        parts = found.parts if found else frozenset()
        async with visiting(door) as client:
            sign_in(client, engine, email)
            page = await client.get(f"/cases/{rich.reference}")
        assert (200 if found else 404) == page.status_code, email
        wanted = expected(email, engine, rich, parts) if found else set()
        assert wanted == {mark.word for mark in rich.marks if mark.word in page.text}, email
        assert shown_parts(page) == allowed_parts(parts), email
        contacts = set(re.findall(r"[\w.-]+@example\.invalid", page.text))
        raiser = {one for one in contacts if one.startswith(("line-manager.abuhb", "counterpart-manager.rct"))}
        assert contacts <= (contacts if Part.NAMES in parts else raiser if Part.WHO_RAISED_IT in parts else set())


def shown_parts(page: Response) -> dict[str, bool]:
    """Which parts without a text of their own a page shows."""
    text = text_of(page)
    return {
        "stage": "Waiting for" in text,
        "clocks": "How this date was reckoned" in text,
        "people": 'id="people"' in page.text,
        "stages": 'id="timeline"' in page.text,
        "timeline": bool(re.search(r"Said: it is not", text)) or "Did not count" in text,
        "notice": "What you were sent" in text,
    }


def allowed_parts(parts: frozenset[Part]) -> dict[str, bool]:
    """Which of them the policy opens."""
    stands = bool(parts & STANDING)
    return {
        "stage": stands,
        "clocks": stands,
        "people": bool(parts & {Part.NAMES, Part.ROLES_ONLY}),
        "stages": bool(parts & {Part.TIMELINE, Part.STAGES_ONLY}),
        "timeline": Part.TIMELINE in parts,
        "notice": Part.OWN_NOTICE in parts,
    }


# --- a case that is foreign


@pytest.fixture
def queries(engine: Engine) -> Iterator[list[str]]:
    """Every statement that goes to the database."""
    said: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        said.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield said
    event.remove(engine, "before_cursor_execute", note)


def alike(page: Response, reference: str) -> str:
    """A page without the form token and the reference that was asked for."""
    return re.sub(r'(name="form_token" value=")[^"]*', r"\1", page.text.replace(reference, "CASE"))


async def there(client: AsyncClient, queries: list[str], path: str) -> tuple[Response, list[str]]:
    """A page, and what it asked of the records."""
    queries.clear()
    return await client.get(path), list(queries)


async def test_a_foreign_case_is_answered_as_one_that_does_not_exist(engine: Engine, queries: list[str]) -> None:
    """The same page after the same queries; so is its form, and one of its immediate actions."""
    door = quiet_door(engine)
    load_directories(engine)
    foreign = ctm_case(engine).reference
    none = foreign.replace("0001", "0009")
    async with visiting(door) as client:
        sign_in(client, engine, "safeguarding-lead.torfaen@example.invalid")
        for end in ("", "/form.pdf", "-immediate-1"):
            page, asked = await there(client, queries, f"/cases/{foreign}{end}")
            nothing, asked_then = await there(client, queries, f"/cases/{none}{end}")
            assert (404, "This page is not there") == (page.status_code, heading(page))
            assert alike(nothing, none) == alike(page, foreign)
            assert asked_then == asked


@pytest.mark.parametrize("odd", ["%00", "GWENT-2026-0001%00", "x" * 5000, "%F0%9F%98%80", "a.b", "%E2%80%AE"])
async def test_what_is_no_reference_is_not_there(engine: Engine, odd: str) -> None:
    """Whatever stands in the address; and nobody who is not signed in learns even that."""
    async with visiting(quiet_door(engine)) as client:
        sign_in(client, engine, "team-manager@example.invalid")
        page = await client.get(f"/cases/{odd}")
        client.cookies.clear()
        client.follow_redirects = False
        away = await client.get("/cases/GWENT-2026-0001")
    assert 404 == page.status_code
    assert (303, "/sign-in?next=/cases/GWENT-2026-0001") == (away.status_code, away.headers["location"])
