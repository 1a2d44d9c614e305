"""What a case remembers of what was said, so that a correction can take it back."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Self

from pydantic import BaseModel

from protocols.editions import Edition
from protocols.roles import OTHERS, RAISING, Agency
from protocols.says import Parties
from protocols.steps import MeetingRow, ReviewRow


class Facts(BaseModel, ABC):
    """What a protocol remembers of a case beyond stage and clocks; each fact knows the signal that said it.

    Signals that count are numbered from 1 within a case.
    """

    @abstractmethod
    def without(self, since: int) -> Self:
        """These facts as if signal number `since` and all after it had not been said (spec 1, corrected)."""

    def held_by(self, agencies: Sequence[Agency]) -> Mapping[str, frozenset[str]]:
        """The agencies that hold a role, where they are not all agencies of the case."""
        return {}

    def sides(self, agencies: Sequence[Agency]) -> Mapping[str, frozenset[str]]:
        """The agencies of each side that the table of who says what names, beside the raising one."""
        return {}

    def stands_in(self) -> Mapping[str, tuple[str, ...]]:
        """Roles whose signals count as those of other roles as well."""
        return {}

    def must_respond(self, agencies: Sequence[Agency]) -> Sequence[str] | None:
        """The codes of the agencies that must respond; None where the protocol asks for no responses."""
        return None

    def names(self) -> Mapping[str, frozenset[str]]:
        """Roles that may say who holds another role, beside those that may for every role."""
        return {}

    def waits_for_minutes(self) -> bool:
        """Whether a meeting was held whose minutes are not recorded."""
        return False

    def meeting_rows(self) -> list[MeetingRow]:
        """The meetings, for the records."""
        return []

    def review_rows(self) -> list[ReviewRow]:
        """The reviews, for the records."""
        return []


def parties_of(edition: Edition, agencies: Sequence[Agency], facts: Facts) -> Parties:
    """Who takes part in a case of these agencies, by the edition's roles and what the case remembers."""
    codes = frozenset(agency.code for agency in agencies)
    raising = frozenset(agency.code for agency in agencies if agency.raising)
    sides = {RAISING: raising, OTHERS: codes - raising}
    agency_roles = edition.agency_roles()
    return Parties(
        agencies=codes,
        agency_roles=agency_roles,
        other_roles=frozenset(edition.roles) - agency_roles,
        held_by={**{role: sides[side] for role, side in edition.sides_of_roles()}, **facts.held_by(agencies)},
        sides={**sides, **facts.sides(agencies)},
        stands_in=facts.stands_in(),
        names=facts.names(),
    )
