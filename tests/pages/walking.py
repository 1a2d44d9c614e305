"""Everybody who may come to the pages, and what each of them has begun there: what the walk over them is made of."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple

from httpx import AsyncClient
from sqlalchemy import Engine, select

from protocols.access import BUSINESS_UNIT, OF_AN_AGENCY, Held, Part, Proof, boards_served, sees, shown
from protocols.roles import Role
from records import drafts
from records.database import reading
from records.models import CasePerson, DirectoryPerson, Target
from starter.pages.unit.meetings import key_of
from starter.pages.visit import BROWSER
from starter.use_cases import Datrys
from tests.pages.linking import id_of, mailed, with_code
from tests.pages.unit import OTHER_UNIT, UNIT, two_boards
from tests.pages.visiting import Post, keys, sign_in, visiting
from tests.people import address
from tests.walking import BOTH, CTM, GWENT, OWN, Ground, Place
from tests.web.hook import now
from workflows.registry import ACCESS

STRANGER = "stranger@example.invalid"
AT_THE_BROWSER = "a browser of this walk, as long as they are"
UNITS = {GWENT: UNIT, CTM: OTHER_UNIT}
DUTY = "duty_team"
VACATED = {GWENT: "reviewer-torfaen", CTM: "review_group"}
"""A row of each board's people, which its Business Unit vacates."""


class Visitor(NamedTuple):
    """Whoever comes.

    Attributes:
        email, board: who, and whose case is their own; proof: how that is known.
        link, case: the token that a code is for, and its case.
        held: the roles that they hold, as the walk has made them.
    """

    email: str
    board: str
    proof: Proof = Proof.SIGNED_IN
    link: str = ""
    case: str = ""
    held: tuple[Held, ...] = ()

    def __str__(self) -> str:
        return f"{self.email or 'nobody'} ({self.board}, {self.proof})"

    @property
    def signed_in(self) -> bool:
        return bool(self.email) and self.proof is Proof.SIGNED_IN

    def sees(self, place: Place) -> frozenset[Part]:
        return sees(self.held, place.affair, ACCESS[place.board])

    def is_shown(self, place: Place) -> frozenset[Part]:
        """By the proof that they have given."""
        mine = bool(self.email) and self.case in ("", place.reference)
        return shown(self.sees(place), self.proof) if mine else frozenset()

    def serves(self, board: str = "") -> bool:
        served = boards_served(self.held)
        return bool(served) if not board else board in served


class Begun(NamedTuple):
    """Something begun in a case, by whom, and the link that it was begun by."""

    id: str
    owner: str
    link: str = ""


class Walked(NamedTuple):
    """What is walked on: the cases, what was begun in each, and who comes.

    Attributes:
        begun: by reference, then by name.
        links: by reference, then by a name: token and receiver.
    """

    ground: Ground
    begun: Mapping[str, Mapping[str, Begun]]
    links: Mapping[str, Mapping[str, tuple[str, str]]]
    visitors: list[Visitor]


# --- who comes


def held_by(engine: Engine) -> dict[str, list[tuple[str, Held]]]:
    """By address, each role with the board of it: as the directory lists it, or the case names it."""
    found: dict[str, list[tuple[str, Held]]] = {}
    until_named = {"chair"}
    with reading(engine) as session:
        for row in session.scalars(select(DirectoryPerson)):
            role = Role(role=row.role, agency=row.agency if row.role in {*OF_AN_AGENCY, "independent_member"} else "")
            if row.role not in until_named:
                one = Held(role, board=row.board, authority=row.authority, group=row.group)
                found.setdefault(row.email, []).append((row.board, one))
        for person in session.scalars(select(CasePerson)):
            board = GWENT if person.reference.startswith("GWENT") else CTM
            held = Held(Role(role=person.role, agency=person.agency), case=person.reference)
            found.setdefault(person.email, []).append((board, held))
    chair = [(board, one._replace(role=Role(role="chair"))) for board, one in found["team-manager@example.invalid"]]
    found["team-manager@example.invalid"] += chair  # until a case names one
    return found


def everybody(engine: Engine) -> Iterator[Visitor]:
    """Somebody for each role of both protocols, of an agency on either side; somebody with none; and nobody."""
    yield Visitor("", CTM)
    yield Visitor(STRANGER, GWENT)
    known: set[tuple[str, Role]] = set()
    for email, roles in held_by(engine).items():
        held = tuple(one for _, one in roles)
        for board, one in roles:
            ours = one.role.agency in ("", *OWN[board][1:]) or one.role.role == "reviewer"
            if ours and (board, one.role) not in known:
                known.add((board, one.role))
                yield Visitor(email, board, held=held)


# --- what is walked on


def mail(engine: Engine, place: Place) -> dict[str, tuple[str, str]]:
    """The links of a case: to a manager, to the duty team, and to the Business Unit where a lead is not known."""
    manager, duty = place.manager, Role(role=DUTY)
    lead = Role(role="safeguarding_lead", agency=next(a.code for a in place.affair.agencies if not a.raising))
    to = (address(manager.role, manager.agency), address(DUTY), UNITS[place.board])
    links = {"manager": mailed(engine, place.reference, manager, to[0])}
    if place.affair.authority == OWN[place.board][0]:  # the other has no duty team
        links["duty"] = mailed(engine, place.reference, duty, to[1])
    links["unit"] = mailed(engine, place.reference, lead, to[2], Target.BUSINESS_UNIT)
    return {name: (token, to[("manager", "duty", "unit").index(name)]) for name, token in links.items()}


def begin(engine: Engine, place: Place, links: Mapping[str, tuple[str, str]]) -> dict[str, Begun]:
    """What somebody has begun in a case: signed in, by a link, by a link but for a role that it is not for; a case."""
    manager, unit = links["manager"][1], UNITS[place.board]

    def begun(owner: str, by: Role, link: str = "", kind: str = "signal") -> Begun:
        facts = {"signal": "discussion_recorded", "by": by.model_dump(), "link": id_of(link) if link else ""}
        made = drafts.begin(engine, owner, kind, place.reference if kind == "signal" else "", facts, now())
        return Begun(made.id, owner, link)

    return {
        "signed in": begun(manager, place.manager),
        "linked": begun(manager, place.manager, links["manager"][0]),
        "beyond": begun(unit, Role(role=BUSINESS_UNIT), links["unit"][0]),
        "case": begun(manager, place.manager, kind="case"),
        "to throw away": begun(manager, place.manager, kind="case"),
    }


async def begin_at_the_board(client: AsyncClient, engine: Engine, board: str) -> Begun:
    """What a Business Unit has begun: to vacate a role."""
    sign_in(client, engine, UNITS[board])
    answer = await client.post(f"/unit/people/vacate/{key_of(VACATED[board])}", data=token())
    return Begun(answer.headers["location"].rpartition("/")[2], UNITS[board])


def token() -> dict[str, str]:
    """Shows that a form comes from the browser that walks."""
    return {"form_token": keys().token("form", AT_THE_BROWSER)}


@asynccontextmanager
async def walking(door: Datrys) -> AsyncIterator[AsyncClient]:
    """The browser that walks; it follows nothing."""
    async with visiting(door, Post()) as client:
        client.follow_redirects = False
        client.cookies.set(f"datrys_{BROWSER}", AT_THE_BROWSER, domain="pages.invalid")
        yield client


def appear(client: AsyncClient, engine: Engine, visitor: Visitor) -> None:
    """The browser stands for this visitor from now on, and for nobody else."""
    client.cookies.clear()
    client.cookies.set(f"datrys_{BROWSER}", AT_THE_BROWSER, domain="pages.invalid")
    if visitor.link:
        with_code(client, engine, visitor.email, visitor.link)
    elif visitor.email:
        sign_in(client, engine, visitor.email)


async def walked(door: Datrys, client: AsyncClient) -> Walked:
    """Make all of it."""
    engine = door.database
    ground = Ground(engine)
    two_boards(engine)
    links = {place.reference: mail(engine, place) for place in ground.places}
    begun = {place.reference: begin(engine, place, links[place.reference]) for place in ground.places}
    boards = {board: await begin_at_the_board(client, engine, board) for board in BOTH}
    for place in ground.places:
        begun[place.reference]["board"] = boards[place.board]
    signed_in = list(everybody(engine))
    held = {one.email: one.held for one in signed_in}
    coded = [
        Visitor(email, place.board, Proof.CODE, token, place.reference, held[email])
        for place in ground.own.values()
        for token, email in links[place.reference].values()
    ]
    return Walked(ground, begun, links, [*coded, *signed_in])
