"""Editions: a protocol as one board adopted it on one date, read from TOML."""

import tomllib
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from protocols.errors import BadEdition
from protocols.limits import Limit, Unit
from protocols.roles import OTHERS, RAISING

SHIPPED = Path(__file__).parent


class Kind(StrEnum):
    """Who set a time limit: the protocol's text, or the board for itself."""

    PROTOCOL = "protocol"
    LOCAL = "local"


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Words(_Data):
    """The same words in English and Welsh; neither may be empty."""

    en: str = Field(min_length=1)
    cy: str = Field(min_length=1)


class Exclusion(Words):
    """Where to go instead; `unless` names the answer of the screening with which the case is taken all the same.

    `about` says what it is in a few words, for whoever is asked; without it, they are shown where to go.
    """

    unless: str = ""
    about: Words | None = None


class RoleTitle(Words):
    """A role's title, and what holds it: each agency, one side of them, the authority, the board, or the case.

    Until somebody is named for it, the holder of the role `until_named` holds it.
    """

    of: Literal["agency", "raising agency", "other agency", "authority", "board", "case"]
    until_named: str = ""


class StageTitle(Words):
    """A stage's name and clause."""

    clause: str


class ClockRule(Words):
    """A time limit as the edition sets it; the words say what is to be done in time.

    Attributes:
        kind: protocol limit or local target.
        clause: the clause that it comes from.
        within: the limit.
        of: what starts it, in words.
        meeting: for the limit ``next meeting`` the group of the board's calendar; ``{group}`` stands for
            children or adults.
        stages: the stages that it belongs to; it closes when the last of them is left.
        missed_in: where a miss moves the case: the stage that it is missed in, and the one that it moves to.
        met_at_start: the start of the meeting meets it.
        met_on_leaving: leaving its stages meets it, an ending included.
        runs_on: it outlives its stage, until met.
        met_by: what meets it, in words.
        accountable, oversees: roles, as the flow names them.
    """

    kind: Kind
    clause: str
    within: Limit
    of: str
    meeting: str = ""
    stages: tuple[str, ...]
    missed_in: dict[str, str] = {}
    met_at_start: bool = False
    met_on_leaving: bool = False
    runs_on: bool = False
    met_by: str
    accountable: tuple[str, ...]
    oversees: tuple[str, ...]


class Edition(_Data):
    """A protocol as one board adopted it on one date.

    Attributes:
        reference: what its cases' references begin with.
        circumstances: what a difference may be about.
        exclusions: what the protocol is not for, and where to go instead.
        advice: what is said to whoever answers a question of the screening with yes.
        grounds: what lets a case begin at a later stage.
    """

    protocol: str
    edition: str
    adopted: date
    review_due: date
    reference: str
    authorities: tuple[str, ...]
    name: Words
    board: Words
    circumstances: dict[str, Words]
    exclusions: dict[str, Exclusion] = {}
    advice: dict[str, Words] = {}
    grounds: dict[str, Words] = {}
    roles: dict[str, RoleTitle]
    stages: dict[str, StageTitle]
    clocks: dict[str, ClockRule]

    def agency_roles(self) -> frozenset[str]:
        """The roles that each agency holds for itself."""
        return frozenset(role for role, title in self.roles.items() if title.of.endswith("agency"))

    def groups_that_wait_for(self, meetings: str) -> list[str]:
        """Whose cases can wait for meetings of this group of the calendar: children's, adults', both or neither's."""
        rules = [rule.meeting for rule in self.clocks.values() if rule.meeting]
        return [group for group in ("children", "adults") if meetings in {rule.format(group=group) for rule in rules}]

    def sides_of_roles(self) -> list[tuple[str, str]]:
        """The roles that only one side holds, with that side."""
        sides = {"raising agency": RAISING, "other agency": OTHERS}
        return [(role, sides[title.of]) for role, title in self.roles.items() if title.of in sides]


def read_edition(file: Path) -> Edition:
    """The edition in a TOML file.

    Raises:
        BadEdition: every fault of the file, a line each.
    """
    try:
        edition = Edition.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise BadEdition(f"{file.name}: is no TOML file: {fault}. Mend the file.") from None
    except ValidationError as fault:
        raise BadEdition(*(_fault(file, error["loc"], error["msg"]) for error in fault.errors())) from None
    _check_names(file, edition)
    return edition


def read_editions(folder: Path | None = None) -> dict[str, Edition]:
    """The newest edition of each protocol found in `folder` (those shipped, if none is given).

    Raises:
        BadEdition: a file is at fault, or the folder holds none.
    """
    return _read_folder(folder or SHIPPED)


@cache
def _read_folder(folder: Path) -> dict[str, Edition]:
    editions = sorted((read_edition(file) for file in folder.glob("*.toml")), key=lambda e: e.adopted)
    if not editions:
        raise BadEdition(f"{folder}: holds no edition (*.toml). Set DATRYS_EDITIONS to a folder of editions.")
    return {edition.protocol: edition for edition in editions}


def _fault(file: Path, where: tuple[int | str, ...], what: str) -> str:
    field = ".".join(map(str, where))
    if where and where[-1] in {"en", "cy"}:
        return f"{file.name}: {field}: the {'Welsh' if where[-1] == 'cy' else 'English'} words are missing. Add them."
    return f"{file.name}: {field}: {what.removeprefix('Value error, ').rstrip('.')}. Mend the file."


def _check_names(file: Path, edition: Edition) -> None:
    faults = [
        f"{file.name}: clocks.{name}: “{word}” is no {kind} of this edition. Mend the file."
        for name, rule in edition.clocks.items()
        for kind, words, known in (
            ("stage", (*rule.stages, *rule.missed_in, *rule.missed_in.values()), edition.stages),
            ("role", rule.accountable + rule.oversees, edition.roles),
        )
        for word in words
        if word not in known
    ]
    faults += [
        f"{file.name}: clocks.{name}: “next meeting”, and nothing else, names the group that meets. Mend the file."
        for name, rule in edition.clocks.items()
        if (rule.within.unit is Unit.NEXT_MEETING) != bool(rule.meeting)
    ]
    if faults:
        raise BadEdition(*faults)
