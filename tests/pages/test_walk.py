"""Every route of the pages, by everybody who may come, on a case of theirs and on a foreign one.

What is answered is compared with what `protocols/access.py` says of facts written down in `tests/walking.py`. A route
without a row here fails.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any, NamedTuple

from httpx import AsyncClient, Response
from sqlalchemy import Engine

from protocols.access import BUSINESS_UNIT, EVERYTHING, Part, holds
from protocols.editions import read_editions
from protocols.roles import Role
from records.database import reading
from records.models import Base
from starter.doors import doors
from starter.pages.unit.meetings import key_of
from tests.pages.linking import id_of
from tests.pages.visiting import Post, quiet_door, text_of
from tests.pages.walking import VACATED, Begun, Visitor, Walked, appear, token, walked, walking
from tests.walking import BOTH, REACHED, Place
from workflows.registry import protocol_of

IN, AWAY, REFUSED, HIDDEN = "let in", "led to where one signs in", "refused", "as if there were none"
STANDING = {Part.REQUEST, Part.WITHOUT_TEXT, Part.WITHOUT_TEXT_OR_NAMES}
EVERY = 10
"""What is the same for nearly everybody is asked by every tenth."""
UNIT_ROLE = Role(role=BUSINESS_UNIT)


class Step(NamedTuple):
    """One visitor at one case."""

    walked: Walked
    who: Visitor
    place: Place

    def begun(self, name: str) -> Begun:
        return self.walked.begun[self.place.reference][name]

    def link(self, name: str) -> str:
        links = self.walked.links[self.place.reference]
        return links.get(name, links["manager"])[0]


Expected = Callable[[Step], str | None]


class Call(NamedTuple):
    """How a route is called, and what the policy says of the answer.

    Attributes:
        where: the address.
        expected: what becomes of it; None where it is all the same who comes.
        fields: what is typed.
    """

    where: Callable[[Step], str]
    expected: Expected
    fields: Mapping[str, str] = {}


# --- what the policy says


def anybody(step: Step) -> None:
    return None


def signed_in(step: Step) -> str:
    return IN if step.who.signed_in else AWAY


def unit(step: Step) -> str:
    """The Business Unit of any board; to all others there is no such page."""
    return (IN if step.who.serves() else HIDDEN) if step.who.signed_in else AWAY


def scheduling(step: Step) -> str:
    """There is no meeting with this name."""
    return HIDDEN if step.who.signed_in else AWAY


def unit_of_the_case(step: Step) -> str:
    theirs = step.who.sees(step.place) and holds(UNIT_ROLE, step.who.held, step.place.affair)
    return (IN if theirs else HIDDEN) if step.who.signed_in else AWAY


def reader(step: Step) -> str:
    return (IN if step.who.sees(step.place) else HIDDEN) if step.who.signed_in else AWAY


def reader_of_all(step: Step) -> str:
    has_one = "form" in protocol_of(step.place.board).documents
    return (IN if has_one and step.who.sees(step.place) >= EVERYTHING else HIDDEN) if step.who.signed_in else AWAY


def owner(name: str) -> Expected:
    """Whoever has begun it, signed in."""
    return lambda s: (IN if s.who.email == s.begun(name).owner else HIDDEN) if s.who.signed_in else AWAY


def speaker(name: str) -> Expected:
    """The same, or whoever has a code for the link that it was begun by."""

    def expected(step: Step) -> str:
        begun = step.begun(name)
        if step.who.email and step.who.email != begun.owner:
            return HIDDEN
        if step.who.signed_in:
            return IN
        return IN if begun.link and begun.link == step.who.link else AWAY

    return expected


def beyond(step: Step) -> str | None:
    """What was begun in a role that the link is not for: with the code for it, refused."""
    found = speaker("beyond")(step)
    return REFUSED if found == IN and not step.who.signed_in else found


def opener(step: Step) -> str:
    """Nobody has opened the link here; a code's session is for its own."""
    return IN if step.who.link and step.who.link == step.link("manager") else HIDDEN


# --- the rows


def at(path: str) -> Callable[[Step], str]:
    """An address with what stands in braces filled in."""

    def where(step: Step) -> str:
        begun = {name.replace(" ", "_"): one.id for name, one in step.walked.begun[step.place.reference].items()}
        key = key_of(VACATED[next((board for board in BOTH if step.who.serves(board)), step.who.board)])
        return path.format(reference=step.place.reference, link=id_of(step.link("manager")), key=key, **begun)

    return where


def both(route: str, path: str, expected: Expected, **fields: str) -> Iterator[tuple[tuple[str, str], Call]]:
    for method in ("GET", "POST"):
        yield (method, route), Call(at(path), expected, fields if method == "POST" else {})


def one(method: str, route: str, expected: Expected, path: str = "", **fields: str) -> Any:
    return [((method, route), Call(at(path or route), expected, fields))]


UNIT_BOTH = ("/unit/holidays", "/unit/meetings/add", "/unit/meetings/upload", "/unit/people", "/unit/people/upload")
ROWS: list[tuple[tuple[str, str], Call]] = [
    *chain.from_iterable(one("GET", path, anybody) for path in ("/", "/signed-out", "/sign-in/organisation")),
    *one("GET", "/sign-in/back", anybody),
    *one("GET", "/about/{page}", anybody, "/about/privacy"),
    *one("GET", "/sign-in/not/{why}", anybody, "/sign-in/not/over"),
    *both("/sign-in", "/sign-in", anybody),
    *both("/sign-in/code", "/sign-in/code", anybody),
    *both("/sign-in/authenticator", "/sign-in/authenticator", anybody),
    *both("/sign-in/enrol", "/sign-in/enrol", anybody),
    *one("POST", "/sign-in/code/again", anybody),
    *one("GET", "/l/{token}", anybody, "/l/no-such-token"),
    *chain.from_iterable(one("GET", path, signed_in) for path in ("/work", "/cases", "/cases.csv")),
    *both("/raise", "/raise", signed_in),
    *one("GET", "/raise/elsewhere/{protocol}/{why}", signed_in, "/raise/elsewhere/cwm-taf-morgannwg/family_complaint"),
    *one("GET", "/cases/{reference}", reader),
    *one("GET", "/cases/{reference}/form.{kind}", reader_of_all, "/cases/{reference}/form.docx"),
    *both("/cases/{reference}/say", "/cases/{reference}/say", reader),
    *both("/cases/{reference}/say", "/cases/{reference}-immediate-1/say", reader),
    *both("/cases/{reference}/danger", "/cases/{reference}/danger", reader),
    *both("/unit/cases/{reference}/correct", "/unit/cases/{reference}/correct", unit_of_the_case),
    *both("/unit/cases/{reference}/reopen", "/unit/cases/{reference}/reopen", unit_of_the_case),
    *chain.from_iterable(one("GET", path, unit) for path in ("/unit", "/unit/meetings")),
    *chain.from_iterable(both(path, path, unit) for path in UNIT_BOTH),
    *both("/unit/meetings/change/{key}", "/unit/meetings/change/none", scheduling),
    *both("/unit/people/add", "/unit/people/add?role=business_unit", unit),
    *both("/unit/people/change/{key}", "/unit/people/change/{key}", unit),
    *one("POST", "/unit/people/vacate/{key}", unit),
    *both("/unit/check/{draft_id}", "/unit/check/{board}", owner("board")),
    *one("GET", "/unit/done/{draft_id}", owner("board"), "/unit/done/{board}"),
    *chain.from_iterable(
        [
            *both("/say/{draft_id}", f"/say/{{{name}}}", expected),
            *both("/say/{draft_id}/check", f"/say/{{{name}}}/check", expected),
            *one("GET", "/say/{draft_id}/done", expected, f"/say/{{{name}}}/done"),
        ]
        for name, expected in (("signed_in", speaker("signed in")), ("linked", speaker("linked")), ("beyond", beyond))
    ),
    *one("GET", "/raise/{draft}", owner("case"), "/raise/{case}"),
    *one("GET", "/raise/{draft}/elsewhere", owner("case"), "/raise/{case}/elsewhere"),
    *both("/raise/{draft}/{name}", "/raise/{case}/protocol", owner("case")),
    *both("/raise/{draft}/check", "/raise/{case}/check", owner("case")),
    *one("GET", "/raise/{draft}/throw-away", owner("case"), "/raise/{case}/throw-away"),
    *one("POST", "/raise/{draft}/throw-away", owner("to throw away"), "/raise/{to_throw_away}/throw-away"),
    *one("GET", "/asked/{link_id}", opener, "/asked/{link}"),
    *both("/asked/{link_id}/code", "/asked/{link}/code", opener),
    *one("GET", "/asked/{link_id}/code/try", anybody, "/asked/{link}/code/try"),
    *one("POST", "/asked/{link_id}/code/try", opener, "/asked/{link}/code/try"),
    *both("/asked/{link_id}/say", "/asked/{link}/say", opener),
    *one("POST", "/language", anybody, language="cy"),
    *one("POST", "/sign-out", anybody),
]
"""The last two change what this browser is answered."""


# --- what is answered


def verdict(visitor: Visitor, address: str, answer: Response) -> str:
    """What became of an attempt."""
    onward = answer.headers.get("location", "")
    led_away = onward.startswith("/sign-in?") or (
        onward.startswith("/asked/") and not onward.endswith(("/code", "/say"))
    )
    match answer.status_code:
        case 303:
            return AWAY if led_away else IN
        case 403:
            return REFUSED if visitor.email and "You were signed out" not in answer.text else AWAY
        case 404:
            return HIDDEN
        case 200 | 409 | 422 | 429:
            return IN
        case _:
            return f"answered {answer.status_code}"


def too_much(step: Step, address: str, answer: Response) -> list[str]:
    """What an answer shows that the visitor may not see: words of cases, their stage, references."""
    found = []
    for place in step.walked.ground.places:
        parts = step.who.is_shown(place)
        found += [word for word, opened in place.marks.items() if word in answer.text and not opened & parts]
        if place.reference in answer.text and not step.who.sees(place) and place.reference not in address:
            found.append(place.reference)
    about_it = address.startswith(("/say/", "/asked/")) or step.place.reference in address
    page = answer.headers.get("content-type", "").startswith("text/html") and answer.text
    if page and answer.status_code < 400 and about_it and not step.who.is_shown(step.place) & STANDING:
        stage = read_editions()[step.place.board].stages[REACHED[step.place.board][-1]].en
        found += [stage] if stage in text_of(answer) else []
    return found


def everything(engine: Engine) -> Mapping[str, list[str]]:
    """Every row of the records, but for when a session was last seen."""
    with reading(engine) as session:
        tables = Base.metadata.sorted_tables
        rows = {
            one.name: one.select().with_only_columns(*(c for c in one.columns if c.name != "seen_at")) for one in tables
        }
        return {name: sorted(map(str, session.execute(select))) for name, select in rows.items()}


async def tried(client: AsyncClient, method: str, call: Call, step: Step) -> tuple[str, ...]:
    """What is wrong with the answer to one call."""
    address = call.where(step)
    answer = await client.request(method, address, data={**token(), **call.fields} if method == "POST" else None)
    expected, found = call.expected(step), verdict(step.who, address, answer)
    wrong = [f"{found}, not {expected}"] if expected not in (None, found) or answer.status_code >= 500 else []
    wrong += [f"shows {word}" for word in too_much(step, address, answer)]
    return (f"{step.who}: {method} {address}: {', '.join(wrong)}",) if wrong else ()


# --- the walk


def test_every_route_has_its_walk(engine: Engine) -> None:
    """A new one without a row has to say who may call it."""
    both_doors = doors(quiet_door(engine), Post())
    assert {key for key, _ in ROWS} == set(routes(both_doors._pages))


def routes(router: Any) -> Iterator[tuple[str, str]]:
    """Every route with its methods, those of the routers that it includes too; but for the files."""
    for route in router.routes:
        if inner := getattr(route, "original_router", None):
            prefix = getattr(getattr(route, "include_context", None), "prefix", "")
            yield from ((method, prefix + path) for method, path in routes(inner))
        elif hasattr(route, "methods"):
            assert "GET" not in route.methods or "HEAD" in route.methods, route.path
            yield from ((method, route.path) for method in route.methods - {"HEAD"})


async def test_everybody_is_answered_on_every_page_what_the_policy_says(engine: Engine) -> None:
    """On their own case and on a foreign one; whoever looks writes nothing."""
    door = quiet_door(engine)
    wrong: list[str] = []
    async with walking(door) as client:
        ground = await walked(door, client)
        for number, visitor in enumerate(ground.visitors):
            appear(client, engine, visitor)
            steps = [Step(ground, visitor, place) for place in places(ground, visitor)]
            calls = [(m, call, step) for (m, _), call in ROWS for step in steps]
            mine = [one for n, one in enumerate(calls) if worth_it(*one[1:]) or (n // 2 + number) % EVERY == 0]
            before = everything(engine)
            for n, (method, call, step) in enumerate(mine):
                if method == "GET":
                    wrong += await tried(client, method, call, step)
                    wrong += await tried(client, "HEAD", call, step) if n % EVERY == 0 else ()
            if everything(engine) != before:
                wrong.append(f"{visitor} wrote by looking")
            for method, call, step in mine:
                wrong += await tried(client, method, call, step) if method == "POST" else ()
    assert [] == wrong


def worth_it(call: Call, step: Step) -> bool:
    """Whether it is tried by each visitor: what is about a case, and what they have begun themselves or serve."""
    always = call.expected in (reader, reader_of_all, unit_of_the_case)
    return always or (call.expected not in (anybody, signed_in) and call.expected(step) in (IN, REFUSED))


async def test_a_forwarded_link_shows_nobody_more_than_its_mail(engine: Engine) -> None:
    """Whoever opens it: what is asked, and no name; who answered is told to those who may see what happened."""
    door = quiet_door(engine)
    wrong: list[str] = []
    async with walking(door) as client:
        ground = await walked(door, client)
        for number, visitor in enumerate(ground.visitors):
            appear(client, engine, visitor)
            step = Step(ground, visitor, places(ground, visitor)[number % 2])
            [link, receiver] = ground.links[step.place.reference]["manager"]
            before = everything(engine)
            await client.get(f"/l/{link}")
            page = await client.get(f"/asked/{id_of(link)}")
            say = await client.get(f"/asked/{id_of(link)}/say")
            if everything(engine) != before:
                wrong.append(f"{visitor} wrote by looking")
            theirs = visitor.email == receiver and visitor.link in ("", link)
            got = (page.status_code, verdict(visitor, "", say), names_in(page, step))
            if got != (200, IN if theirs else AWAY, []):
                wrong.append(f"{visitor} with the link to {receiver}: {got}")
            if "This was answered by" in page.text and Part.TIMELINE not in visitor.is_shown(step.place):
                wrong.append(f"{visitor} is told who answered {step.place.reference}")
    assert [] == wrong


def names_in(page: Response, step: Step) -> list[str]:
    """The words of cases that stand on a page."""
    return [word for place in step.walked.ground.places for word in place.marks if word in page.text]


def places(ground: Walked, visitor: Visitor) -> tuple[Place, Place]:
    """A case of theirs and a foreign one; to a Business Unit that is one of another board."""
    other = next(board for board in ground.ground.own if board != visitor.board)
    foreign = ground.ground.own[other] if visitor.serves() else ground.ground.foreign[visitor.board]
    return ground.ground.own[visitor.board], foreign
