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
        side: `RAISING` where only the agency that raised the case may say so.
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
"""Spec 1, Any time. Who may change which role is in `may_change_role`."""


class Parties(NamedTuple):
    """Who takes part in a case.

    Attributes:
        raising: code of the agency that raised it.
        agencies: codes of all its agencies.
        agency_roles: roles that each agency holds for itself.
        other_roles: roles held once in a case.
        once: the agency of a role that only one agency holds in this case (``reviewer``).
        stands_in: a role whose signals count as another's as well.
    """

    raising: str
    agencies: frozenset[str]
    agency_roles: frozenset[str]
    other_roles: frozenset[str]
    once: Mapping[str, str] = {}
    stands_in: Mapping[str, str] = {}

    def known_as(self, sender: Role) -> Role:
        """The sender with the agency that follows from its role: none for a role of no agency."""
        if sender.role not in self.agency_roles:
            return Role(role=sender.role)
        return Role(role=sender.role, agency=sender.agency or self.once.get(sender.role, ""))

    def involves(self, agency: str) -> bool:
        """Whether an agency takes part; that is no matter of spelling."""
        return agency.casefold() in {code.casefold() for code in self.agencies}

    def know(self, role: str) -> bool:
        """Whether the protocol knows this role."""
        return role in self.agency_roles | self.other_roles

    def take_part(self, sender: Role) -> bool:
        """Whether this role belongs to the case; an agency that is not said is found missing later."""
        if sender.role in self.other_roles:
            return True
        allowed = {self.once[sender.role]} if sender.role in self.once else self.agencies
        return sender.role in self.agency_roles and (not sender.agency or sender.agency in allowed)

    def may_say(self, row: Says, sender: Role) -> bool:
        """Whether the row is for this sender, by role and side."""
        if not self.take_part(sender):
            return False
        roles = {sender.role, self.stands_in.get(sender.role, sender.role)}
        on_side = row.side == EITHER or sender.role not in self.agency_roles or sender.agency in ("", self.raising)
        return on_side and (ANYBODY in row.by or bool(roles & set(row.by)))

    def expand(self, row: Says) -> list[Role]:
        """The roles of this case that a row names."""
        roles: list[Role] = []
        for role in row.by:
            if role not in self.agency_roles:
                roles.append(Role(role=role))
            elif role in self.once:
                roles += [Role(role=role, agency=self.once[role])] if self.once[role] else []
            else:
                sides = [self.raising] if row.side == RAISING else sorted(self.agencies)
                roles += [Role(role=role, agency=agency) for agency in sides]
        return roles


def may_change_role(signal: RoleChanged, sender: Role, agency_roles: Iterable[str]) -> bool:
    """Role changed: the Business Unit, or an agency for its own roles; the Team Manager names the Chair (Gwent 3.4)."""
    if sender.role == "business_unit":
        return True
    if signal.role in agency_roles:
        return bool(sender.agency) and signal.for_agency in (sender.agency, None)
    return (sender.role, signal.role) == ("team_manager", "chair")


def lacking(signal: Signal, fields: Iterable[str]) -> tuple[str, ...]:
    """Those of `fields` that the signal does not carry."""
    absent: tuple[Any, ...] = (None,)
    return tuple(field for field in fields if getattr(signal, field, None) in absent)
