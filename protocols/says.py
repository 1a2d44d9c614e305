"""Who may say what, at which stage, and what it must carry: rows of a table that stands beside each protocol."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from protocols.messages import (
    AgencyAdded,
    CalendarChanged,
    Corrected,
    DiscussionRecorded,
    ImmediateActionNeeded,
    RoleChanged,
    Signal,
    Withdrawn,
)
from protocols.roles import EITHER, RAISING, Role

ANY_TIME = "any"
ANYBODY = "anybody"


class Says(NamedTuple):
    """One row: at `stage`, `by` may say `signal`, which must carry `requires`.

    Attributes:
        stage: the stage, or `ANY_TIME`.
        signal: the message's type.
        by: roles; `ANYBODY` for every role that takes part in the case.
        side: whose agencies may say so: `EITHER`, `RAISING`, or a side that the protocol's facts name.
        requires: fields that this row wants beyond those that the message always has.
        moves: whether it can move the stage on; who may say so is waited for.
        proposes_to: role of the raising side that is told where another party says so (a proposal).
    """

    stage: str
    signal: type[Signal]
    by: tuple[str, ...]
    side: str = EITHER
    requires: tuple[str, ...] = ()
    moves: bool = False
    proposes_to: str = ""


SAID_AT_ANY_TIME = (
    Says(ANY_TIME, ImmediateActionNeeded, (ANYBODY,)),
    Says(ANY_TIME, DiscussionRecorded, (ANYBODY,)),
    Says(ANY_TIME, RoleChanged, (ANYBODY,)),
    Says(ANY_TIME, AgencyAdded, ("business_unit", "chair")),
    Says(ANY_TIME, Corrected, ("business_unit",)),
    Says(ANY_TIME, CalendarChanged, ("business_unit",)),
    Says(ANY_TIME, Withdrawn, ("line_manager", "manager", "safeguarding_lead"), RAISING),
)
"""Spec 1, Any time. Who may change which role is in `Parties.may_pass_on`."""


class Parties(NamedTuple):
    """Who takes part in a case.

    Attributes:
        agencies: codes of all its agencies.
        agency_roles: roles that agencies hold for themselves.
        other_roles: roles of no agency.
        held_by: the agencies that hold a role, where it is not one of every agency of the case (``reviewer``).
        sides: the agencies of each side; an empty code stands for the roles of no agency.
        stands_in: a role whose signals count as those of others as well.
        names: a role that may say who holds others.
    """

    agencies: frozenset[str]
    agency_roles: frozenset[str]
    other_roles: frozenset[str]
    held_by: Mapping[str, frozenset[str]] = {}
    sides: Mapping[str, frozenset[str]] = {}
    stands_in: Mapping[str, tuple[str, ...]] = {}
    names: Mapping[str, frozenset[str]] = {}

    def holders(self, role: str) -> frozenset[str]:
        """The agencies that hold this role in this case."""
        return self.held_by.get(role, self.agencies)

    def known_as(self, sender: Role) -> Role:
        """The sender with the agency that follows from its role: none, or the one that holds it in this case."""
        if sender.role not in self.agency_roles:
            return Role(role=sender.role)
        only = self.held_by.get(sender.role, frozenset())
        return Role(role=sender.role, agency=sender.agency or (next(iter(only)) if len(only) == 1 else ""))

    def involves(self, agency: str) -> bool:
        """Whether an agency takes part; that is no matter of spelling."""
        return agency.casefold() in {code.casefold() for code in self.agencies}

    def spelled(self, agency: str) -> str:
        """The code of an agency of the case as the case spells it; any other as it stands."""
        return next((code for code in self.agencies if code.casefold() == agency.casefold()), agency)

    def know(self, role: str) -> bool:
        """Whether the protocol knows this role."""
        return role in self.agency_roles | self.other_roles

    def take_part(self, sender: Role) -> bool:
        """Whether this role belongs to the case; an agency that is not said is found missing later."""
        if sender.role in self.other_roles:
            return True
        return sender.role in self.agency_roles and (not sender.agency or sender.agency in self.holders(sender.role))

    def may_say(self, row: Says, sender: Role) -> bool:
        """Whether the row is for this sender, by role and side."""
        if not self.take_part(sender):
            return False
        roles = {sender.role, *self.stands_in.get(sender.role, ())}
        return self._on_side(row, sender) and (ANYBODY in row.by or bool(roles & set(row.by)))

    def _on_side(self, row: Says, sender: Role) -> bool:
        unsaid = sender.role in self.agency_roles and not sender.agency
        return unsaid or row.side == EITHER or sender.agency in self.sides[row.side]

    def may_pass_on(self, sender: Role, changed: RoleChanged) -> bool:
        """Role changed: the Business Unit, an agency for its own roles, or whoever names the holder of that role."""
        return self.passes_on(sender, Role(role=changed.role, agency=changed.for_agency or ""))

    def passes_on(self, sender: Role, role: Role) -> bool:
        """The same of a role, which may lack the agency that follows from its sender."""
        if sender.role == "business_unit":
            return True
        if role.role in self.agency_roles:
            return bool(sender.agency) and role.agency in (sender.agency, "")
        return role.role in self.names.get(sender.role, frozenset())

    def expand(self, row: Says) -> list[Role]:
        """The roles of this case that a row names."""
        named = (
            Role(role=role, agency=agency)
            for role in row.by
            for agency in (sorted(self.holders(role)) if role in self.agency_roles else [""])
        )
        return [role for role in named if self._on_side(row, role)]


def lacking(signal: Signal, fields: Iterable[str]) -> tuple[str, ...]:
    """Those of `fields` that the signal does not carry."""
    absent: tuple[Any, ...] = (None,)
    return tuple(field for field in fields if getattr(signal, field, None) in absent)
