"""A case as the Temporal UI tells it: plain words, roles and clauses, no person and no free text."""

from datetime import datetime
from typing import Any

from temporalio.common import SearchAttributeKey, SearchAttributeUpdate

from protocols.messages import (
    AgencyAdded,
    Corrected,
    MeetingArranged,
    MeetingHeld,
    ReviewDecided,
    RoleChanged,
    Signal,
)
from protocols.roles import Role
from protocols.steps import Step
from protocols.working_days import LONDON
from workflows.state import Case, Clock

PROTOCOL = SearchAttributeKey.for_keyword("DatrysProtocol")
STAGE = SearchAttributeKey.for_keyword("DatrysStage")
WAITING_FOR = SearchAttributeKey.for_keyword("DatrysWaitingFor")
AUTHORITY = SearchAttributeKey.for_keyword("DatrysAuthority")
DUE = SearchAttributeKey.for_datetime("DatrysDue")
OVERDUE = SearchAttributeKey.for_bool("DatrysOverdue")
SEARCH_ATTRIBUTES = (PROTOCOL, STAGE, WAITING_FOR, AUTHORITY, DUE, OVERDUE)
SUMMARY_LENGTH = 200
LINES_SHOWN = 40


def moment(at: datetime | None) -> str:
    """“17:00 on Monday 9 March 2026”, as the clocks in Wales show it."""
    if at is None:
        return "no date yet"
    local = at.astimezone(LONDON)
    return f"{local:%H:%M} on {local:%A} {local.day} {local:%B %Y}"


def meeting_words(before: datetime | None, now: datetime | None) -> str:
    """“moved from … to …”: what the board did to a meeting."""
    if now is None:
        return f"cancelled, and no other is planned; it was to begin at {moment(before)}"
    return f"moved from {moment(before)} to {moment(now)}" if before else f"planned for {moment(now)}"


def role_words(case: Case[Any], role: Role) -> str:
    """“Line manager ABUHB”."""
    title = case.edition.roles[role.role].en if role.role in case.edition.roles else role.role
    return f"{title} {role.agency}".strip()


def said_words(name: str, signal: Signal | None) -> str:
    """“meeting held: further meeting”: a signal in plain words, with what a reader asks first."""
    words = name.replace("_", " ")
    match signal:
        case MeetingArranged():
            return f"{words}, for {moment(signal.meeting_at)}"
        case MeetingHeld():
            return f"{words}: {signal.outcome.replace('_', ' ')}"
        case ReviewDecided(review=True):
            return f"{words}: a review by {(signal.reviewer or '').replace('_', ' ')}"
        case ReviewDecided():
            return f"{words}: no review"
        case Corrected(return_to=str(stage)):
            return f"{words}, back to {stage.replace('_', ' ')}"
        case AgencyAdded():
            return f"{words}: {signal.agency_code}"
        case RoleChanged():
            return f"{words}: {signal.role.replace('_', ' ')} {signal.for_agency or ''}".rstrip()
        case _:
            return words


def summary(step: Step) -> str:
    """One line for an activity: what is being recorded."""
    said = "; ".join(entry.words for entry in step.entries) or "notices"
    return said if len(said) <= SUMMARY_LENGTH else said[: SUMMARY_LENGTH - 1] + "…"


def clock_words(case: Case[Any], clock: Clock) -> str:
    """“Write to the Team Manager (3.3): by 17:00 on …, 5 working days, protocol limit”."""
    rule = case.edition.clocks[clock.clock]
    who = "protocol limit" if rule.kind == "protocol" else "local target"
    whose = ", ".join(role_words(case, role) for role in clock.accountable)
    return f"{rule.en} ({rule.clause}): {moment(clock.due)} – {rule.within}, {who}; {whose}"


def details(case: Case[Any], step: Step) -> str:
    """The story of a case in Markdown."""
    title = case.edition.stages[case.stage]
    clause = f" (clause {title.clause})" if title.clause else ""
    lines = [f"**{title.en}**{clause}" + (f" – {case.outcome}" if case.outcome else "")]
    if step.waiting_for:
        lines += ["", "Waiting for: " + ", ".join(role_words(case, role) for role in step.waiting_for)]
    if clocks := case.running_clocks():
        lines += ["", "Clocks:", ""]
        lines += [f"- {clock_words(case, clock)}{' – **late**' if clock.told_late else ''}" for clock in clocks]
    lines += ["", "What happened, the latest first:", ""]
    lines += [f"- {moment(entry.happened_at)}: {entry.words}" for entry in reversed(case.timeline[-LINES_SHOWN:])]
    return "\n".join(lines)


def search_attributes(case: Case[Any], step: Step) -> dict[str, SearchAttributeUpdate[Any]]:
    """What operators can search by, by name."""
    waiting = ", ".join(map(str, step.waiting_for))
    updates: list[SearchAttributeUpdate[Any]] = [
        PROTOCOL.value_set(case.edition.protocol),
        STAGE.value_set(case.stage),
        WAITING_FOR.value_set(waiting) if waiting else WAITING_FOR.value_unset(),
        AUTHORITY.value_set(case.authority),
        DUE.value_set(step.next_due) if step.next_due else DUE.value_unset(),
        OVERDUE.value_set(step.overdue),
    ]
    return {update.key.name: update for update in updates}
