"""What is asked of somebody in a case: by the clocks that their roles answer for, and where the case waits for them."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from protocols.access import holds
from protocols.editions import Edition, Kind
from protocols.roles import Role
from records.access import Sight
from records.asked import RunningClock
from records.register import RegisterRow
from starter.shown import STANDING


class Asked(NamedTuple):
    """One thing that is asked of somebody.

    Attributes:
        case: the reference.
        stage: that the case stands in.
        clock: the clock that says what is to be done; empty where the case waits without one.
        agency: whose, where each has its own.
        roles: as which of their roles it is asked.
        due: by when.
        kind: who set that limit.
    """

    case: str
    stage: str
    clock: str
    agency: str
    roles: tuple[Role, ...]
    due: datetime | None
    kind: Kind | None


def asked(seen: Sight, row: RegisterRow, clocks: Iterable[RunningClock], edition: Edition) -> list[Asked]:
    """What is asked of somebody in one case; nothing, where they may not see how it stands.

    Args:
        seen: what they may see, and the roles that they hold.
        row: how the case stands.
        clocks: of the case, those that run.
        edition: of the case.
    """
    if not seen.parts & STANDING:
        return []
    case, stage = row.reference, row.stage
    found = [
        Asked(case, stage, clock.clock, clock.agency, mine, clock.due, clock.kind)
        for clock in clocks
        if (mine := _mine(clock.accountable, seen))
    ]
    here = {role for one in found for role in one.roles if _belongs(one.clock, stage, edition)}
    waited = tuple(role for role in _mine(row.waiting_for, seen) if role not in here)
    return [*found, Asked(case, stage, "", "", waited, None, None)] if waited else found


def _mine(roles: Iterable[Role], seen: Sight) -> tuple[Role, ...]:
    return tuple(role for role in roles if holds(role, seen.held, seen.case))


def _belongs(clock: str, stage: str, edition: Edition) -> bool:
    return clock in edition.clocks and stage in edition.clocks[clock].stages
