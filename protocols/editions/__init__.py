"""Editions: a protocol as one board adopted it on one date, read from TOML."""

import tomllib
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from protocols.errors import BadEdition
from protocols.limits import Limit

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


class RoleTitle(Words):
    """A role's title, and what it is held of: each agency, the authority, the board, or the case."""

    of: Literal["agency", "authority", "board", "case"]


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
        stages: the stages that it belongs to; it closes when the last of them is left.
        met_on_leaving: leaving its stages meets it, an ending included.
        runs_on: it outlives its stage, until met.
        met_by: what meets it, in words.
        accountable, oversees: roles, as the flow names them.
    """

    kind: Kind
    clause: str
    within: Limit
    of: str
    stages: tuple[str, ...]
    met_on_leaving: bool = False
    runs_on: bool = False
    met_by: str
    accountable: tuple[str, ...]
    oversees: tuple[str, ...]


class Edition(_Data):
    """A protocol as one board adopted it on one date."""

    protocol: str
    edition: str
    adopted: date
    review_due: date
    reference: str
    authorities: tuple[str, ...]
    name: Words
    board: Words
    circumstances: dict[str, Words]
    roles: dict[str, RoleTitle]
    stages: dict[str, StageTitle]
    clocks: dict[str, ClockRule]

    def agency_roles(self) -> frozenset[str]:
        """The roles that each agency holds for itself."""
        return frozenset(role for role, title in self.roles.items() if title.of == "agency")


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
            ("stage", rule.stages, edition.stages),
            ("role", rule.accountable + rule.oversees, edition.roles),
        )
        for word in words
        if word not in known
    ]
    if faults:
        raise BadEdition(*faults)
