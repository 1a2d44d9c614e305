"""Who is let in here: the Business Unit of a board, for its own board; to all others there is no such page."""

from collections.abc import Iterable
from typing import Annotated, NamedTuple
from urllib.parse import urlencode

from fastapi import Depends

from protocols.access import BUSINESS_UNIT, Held, Part, boards_served, holds
from protocols.editions import Edition, Words
from protocols.errors import CaseUnknown
from protocols.roles import Role
from records.access import Sight, standing_roles, visible
from records.holding import Asker
from starter.checks.board import groups_by_place
from starter.pages.tongues import later
from starter.pages.visit import Visit, Visiting
from workflows.registry import ACCESS

UNIT = Role(role=BUSINESS_UNIT)
NOT_THERE = "There is no such page."
CHILDREN, ADULTS = later("children"), later("adults")
GROUPS = {"children": CHILDREN, "adults": ADULTS}
"""Whose cases, in words."""


class Unit(NamedTuple):
    """The Business Unit of a board, at work.

    Attributes:
        visit: the request.
        edition: the board's.
        held: the role as it is held.
        boards: all boards that this person works for.
    """

    visit: Visit
    edition: Edition
    held: Held
    boards: tuple[str, ...]

    @property
    def board(self) -> str:
        """The board, by the name of its protocol."""
        return self.edition.protocol

    def may_load(self, board: str) -> bool:
        """Whether rows of a board may be loaded: those of the own board alone."""
        return board == self.board

    def to(self, address: str, **more: str) -> str:
        """An address here, of this board where there are several to choose from."""
        asked = {**({"board": self.board} if len(self.boards) > 1 else {}), **more}
        return f"{address}?{urlencode(asked)}" if asked else address

    def others(self) -> list[tuple[str, Words]]:
        """The other boards that this person works for: the address of their overview, and their name."""
        editions = self.visit.door.editions
        return [(f"/unit?board={board}", editions[board].board) for board in self.boards if board != self.board]

    def role(self, role: str, agency: str = "") -> str:
        """A role in the visitor's language, with its agency."""
        title = self.edition.roles.get(role)
        words = self.visit.tongue.of(title) if title else role
        return f"{words} ({agency})" if agency else words

    def stage(self, stage: str) -> str:
        """A stage in the visitor's language."""
        title = self.edition.stages.get(stage)
        return self.visit.tongue.of(title) if title else stage

    def places(self, where: Iterable[tuple[str, str]]) -> str:
        """“Torfaen, Newport (adults)”, in the visitor's language."""
        by_place = groups_by_place(where).items()
        say = self.visit.say
        return ", ".join(name if len(of) > 1 else f"{name} ({say(GROUPS[of[0]])})" for name, of in by_place)

    def clocks(self, names: Iterable[str]) -> str:
        """Time limits in the visitor's language: what is to be done in time."""
        known = self.edition.clocks
        return "; ".join(dict.fromkeys(self.visit.tongue.of(known[name]) if name in known else name for name in names))


def unit_for(visit: Visit, board: str = "") -> Unit:
    """The Business Unit of this board, or of the only one that this person works for.

    Raises:
        SignInFirst: nobody is signed in.
        CaseUnknown: they are of no Business Unit, or of another board's.
    """
    _ = visit.person
    known = visit.held or standing_roles(visit.door.database, Asker(email=visit.person.email))  # which may be away
    editions, served = visit.door.editions, boards_served(known)
    boards = tuple(name for name in editions if name in served)
    if not boards or board not in ("", *boards):
        raise CaseUnknown(NOT_THERE)
    chosen = board or boards[0]
    held = next(one for one in known if one.role == UNIT and one.board == chosen and not one.case)
    return Unit(visit, editions[chosen], held, boards)


def _as_unit(visit: Visiting, board: str = "") -> Unit:
    return unit_for(visit, board)


AsUnit = Annotated[Unit, Depends(_as_unit)]


def cases_of(unit: Unit) -> dict[str, Sight]:
    """What the Business Unit may see of the cases of its board, by reference: no other case is listed or counted."""
    every = visible(unit.visit.door.database, Asker(email=unit.visit.person.email), ACCESS)
    theirs = {name: seen for name, seen in every.items() if seen.case.board == unit.board}
    return {name: seen for name, seen in theirs.items() if holds(UNIT, seen.held, seen.case)}


class UnitCase(NamedTuple):
    """A case that a Business Unit looks after.

    Attributes:
        unit: whose.
        seen: what it may see of the case.
        held: the role as it is held in this case.
    """

    unit: Unit
    seen: Sight
    held: Held

    @property
    def reference(self) -> str:
        """Of the case."""
        return self.seen.case.reference

    @property
    def sees_what_was_said(self) -> bool:
        """Whether it may see who said what; before its stage it sees the stages alone."""
        return Part.TIMELINE in self.seen.parts


def case_of(visit: Visit, reference: str) -> UnitCase:
    """A case of the board, as its Business Unit sees it.

    Raises:
        SignInFirst: nobody is signed in.
        CaseUnknown: there is no such case, or they are not its Business Unit: nobody can tell which.
    """
    seen = visit.sight(reference)
    if reference != seen.case.reference or not holds(UNIT, seen.held, seen.case):
        raise CaseUnknown(NOT_THERE)
    held = next(one for one in seen.held if one.role == UNIT and one.reaches(seen.case) and not one.replaced)
    return UnitCase(unit_for(visit, seen.case.board), seen, held)


def _as_case(visit: Visiting, reference: str) -> UnitCase:
    return case_of(visit, reference)


AsCase = Annotated[UnitCase, Depends(_as_case)]
