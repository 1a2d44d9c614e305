"""In whose name a token raises a case and speaks in it: asked alike by the web hook and by the script."""

from typing import NamedTuple

from protocols.access import OF_AN_AGENCY, entered_by, may_raise, may_speak_as
from protocols.case_file import CaseFile
from protocols.errors import NotAllowed
from protocols.roles import Role
from records.access import Sight
from records.holding import Asker
from records.tokens import Listed
from workflows.registry import ACCESS

THE_DOORS_OWN = ("by", "agency", "entered_by", "id", "sent_at", "record")
"""What the door itself puts into a signal, whatever its sender says of it."""


class Caller(NamedTuple):
    """A program, by the id of its token, and the roles that it asks with; whether it signs what it sends."""

    id: str
    asker: Asker
    signs: bool

    @property
    def person(self) -> str:
        """By which the records know who said something."""
        return f"token:{self.id}"


class Said(NamedTuple):
    """Who says something, and who enters it for them (`protocols.access.entered_by`)."""

    by: Role
    entered_by: str


def caller_with(token: Listed) -> Caller:
    """Whoever shows this token."""
    return Caller(token.id, token.bound.asker, token.signed)


def may_raise_this(caller: Caller, file: CaseFile) -> bool:
    """Whether a token may raise the case of this file."""
    role = Role(role=file.raised_by.role, agency=file.raised_by.agency)
    return may_raise(role, caller.asker.bound, file.protocol, file.authority, file.group)


def speaking(role: str, agency: str, caller: Caller, seen: Sight) -> Said:
    """In whose name a token speaks in a case; an agency that is not said is its own, where it holds this very role.

    Raises:
        NotAllowed: it does not speak for this role.
    """
    own = {held.role.agency for held in caller.asker.bound if held.role.role == role}
    by = Role(role=role, agency=agency or (own.pop() if len(own) == 1 else ""))
    seat = (
        by if by.role in OF_AN_AGENCY else Role(role=by.role)
    )  # held once in a case: without an agency, whoever says so
    if not may_speak_as(seat, seen.held, seen.case, ACCESS[seen.case.board]):
        raise NotAllowed(f"This token does not speak for {seat} in this case.")
    return Said(by, entered_by(seat, seen.held, seen.case))
