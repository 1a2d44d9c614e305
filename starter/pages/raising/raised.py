"""What is said once a case was raised: its reference, who is asked what by when, and what to do besides."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

from protocols.editions import Edition, Kind
from protocols.errors import CaseUnknown
from protocols.roles import Role
from protocols.steps import ClockState
from records import directory, reading
from records.directory import Agency
from records.reading import CaseView
from starter.pages.visit import Visit


class Asked(NamedTuple):
    """Somebody is asked something.

    Attributes:
        who: the roles, in words; what: is asked of them.
        due: by when, where the case has begun; limit: within which time, in words.
        of_protocol: whether the protocol sets this limit, and not the board for itself.
    """

    who: str
    what: str
    due: datetime | None
    limit: str
    of_protocol: bool


class Raised(NamedTuple):
    """A case that was raised, as whoever raised it is told.

    Attributes:
        kept: it is kept, and begins as soon as the engine answers.
        seen: whether they may open it.
        stage: at which it begins, in words.
        asked: by whom something is awaited; advice: what to do besides.
    """

    reference: str
    kept: bool
    seen: bool
    stage: str
    asked: list[Asked]
    advice: list[str]


def raised(visit: Visit, reference: str) -> Raised:
    """What is known of a case that the visitor has raised."""
    seen = False
    with suppress(CaseUnknown):
        seen = bool(visit.sight(reference).parts)
    view = reading.case_view(visit.door.database, reference)
    edition, of = view.facts.edition, visit.tongue.of
    screening = view.facts.facts.get("screening", {})
    return Raised(
        reference=reference,
        kept=not view.row.started,
        seen=seen,
        stage=of(edition.stages[view.row.stage]),
        asked=_asked(visit, view) if seen else [],
        advice=[of(words) for answer, words in edition.advice.items() if screening.get(answer)],
    )


def _asked(visit: Visit, view: CaseView) -> list[Asked]:
    """By the clocks that run; before the case has begun, by those that the edition sets for its first stage."""
    edition, tongue = view.facts.edition, visit.tongue
    agencies = directory.agencies(visit.door.database)
    if not view.clocks:
        rules = [rule for rule in edition.clocks.values() if view.row.stage in rule.stages]
        return [
            Asked(
                ", ".join(tongue.of(edition.roles[role]) for role in rule.accountable),
                tongue.of(rule),
                None,
                tongue.limit(rule.within),
                rule.kind is Kind.PROTOCOL,
            )
            for rule in rules
        ]
    running = [clock for clock in view.clocks if clock.state is ClockState.RUNNING and clock.clock in edition.clocks]
    return [
        Asked(
            "; ".join(_in_words(visit, edition, agencies, role) for role in clock.accountable),
            tongue.of(edition.clocks[clock.clock]),
            clock.due_time.due,
            tongue.limit(clock.limit),
            clock.kind is Kind.PROTOCOL,
        )
        for clock in running
    ]


def _in_words(visit: Visit, edition: Edition, agencies: Mapping[str, Agency], role: Role) -> str:
    title, agency = visit.tongue.of(edition.roles[role.role]), agencies.get(role.agency)
    if agency is None:
        return f"{title}, {role.agency}" if role.agency else title
    return f"{title}, {agency.name_cy if visit.language == 'cy' else agency.name_en}"
