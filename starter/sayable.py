"""What may be said in a case now, by which role: what a page offers, by the very rules that a case judges by."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Engine as Database

from protocols.editions import Edition
from protocols.judging import Sayable, Standing, sayable
from protocols.messages import MESSAGES, Signal
from protocols.roles import Agency, Role
from protocols.says import Parties
from records import cases
from starter.delivery import Delivery, last_state
from workflows.registry import protocol_of
from workflows.state import Case

ENDED = "ended"
NAMES: Mapping[type[Signal], str] = {kind: name for name, kind in MESSAGES.items()}


class Floor(NamedTuple):
    """Who may speak in a case, and about what.

    Attributes:
        state: of the case, as its last step left it.
        standing: the same, as it is judged by.
    """

    state: Case[Any]
    standing: Standing

    @property
    def edition(self) -> Edition:
        """The case's."""
        return self.state.edition

    @property
    def agencies(self) -> list[Agency]:
        """All agencies of the case."""
        return self.state.agencies

    @property
    def parties(self) -> Parties:
        """Who takes part."""
        return self.standing.parties

    @property
    def begins(self) -> str:
        """The stage that a case of this protocol normally begins at."""
        return protocol_of(self.edition.protocol).starts[1]

    def says(self, sender: Role) -> list[Sayable]:
        """What this role may say now."""
        rules = protocol_of(self.edition.protocol).workflow.rules
        return sayable(self.parties.known_as(sender), self.standing, rules)

    def roles(self) -> list[Role]:
        """Every role that takes part, with its agency."""
        parties = self.parties
        return [
            Role(role=role, agency=agency)
            for role in self.edition.roles
            for agency in (sorted(parties.holders(role)) if role in parties.agency_roles else [""])
        ]


def floor(database: Database, delivery: Delivery, reference: str, now: datetime) -> Floor:
    """Who may speak in a case, and about what.

    Raises:
        CaseUnknown: there is no such case.
        Unreachable: the database does not answer.
    """
    facts = cases.case_facts(database, reference)
    state = last_state(facts) if facts.snapshot else delivery.first_state(facts)
    return Floor(state, state.standing(ENDED, now))
