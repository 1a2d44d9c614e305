"""What is open across all cases: clocks that run, immediate actions that nobody confirmed, meetings ahead.

One query each, however many the cases; whose they are the policy says. Nothing here names anybody.
"""

from collections import defaultdict
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Engine, select
from sqlalchemy.orm import aliased

from protocols.editions import Kind
from protocols.messages import CONFIRMATION
from protocols.roles import Role
from protocols.steps import ClockState, Code
from records.database import reading
from records.models import Clock, Entry, Meeting
from records.register import roles

ALARM = "immediate-action"


class RunningClock(NamedTuple):
    """A clock that runs: what is to be done by when, by whom."""

    clock: str
    agency: str
    kind: Kind
    due: datetime | None
    accountable: tuple[Role, ...]


class Danger(NamedTuple):
    """An immediate action that is not confirmed: its id, when it began, which role raised it."""

    id: str
    began: datetime
    by: Role | None


def running_clocks(engine: Engine) -> dict[str, list[RunningClock]]:
    """The clocks that run, by case.

    Raises:
        Unreachable: the database does not answer.
    """
    columns = (Clock.reference, Clock.clock, Clock.agency, Clock.kind, Clock.due, Clock.accountable)
    rows = select(*columns).where(Clock.state == ClockState.RUNNING).order_by(Clock.reference, Clock.due, Clock.key)
    found: dict[str, list[RunningClock]] = defaultdict(list)
    with reading(engine) as session:
        for case, clock, agency, kind, due, accountable in session.execute(rows):
            found[case].append(RunningClock(clock, agency, Kind(kind), due, roles(accountable)))
    return found


def dangers(engine: Engine) -> dict[str, list[Danger]]:
    """The immediate actions that nobody confirmed, by case."""
    answer = aliased(Entry)
    confirmed = select(answer.stream).where(answer.what == CONFIRMATION, answer.code == Code.ACCEPTED)
    columns = (Entry.stream, Entry.reference, Entry.happened_at, Entry.by_role, Entry.by_agency)
    rows = select(*columns).where(Entry.what == ALARM, Entry.stream != Entry.reference, Entry.stream.not_in(confirmed))
    found: dict[str, list[Danger]] = defaultdict(list)
    with reading(engine) as session:
        for stream, case, at, role, agency in session.execute(rows.order_by(Entry.happened_at)):
            found[case].append(Danger(stream, at, Role(role=role, agency=agency) if role else None))
    return found


def meetings_ahead(engine: Engine, after: datetime, before: datetime) -> dict[str, list[datetime]]:
    """When the meetings of cases begin that are arranged for this time, and not held, by case."""
    rows = select(Meeting.reference, Meeting.meeting_at).where(
        Meeting.held_at.is_(None), Meeting.meeting_at > after, Meeting.meeting_at < before
    )
    found: dict[str, list[datetime]] = defaultdict(list)
    with reading(engine) as session:
        for case, at in session.execute(rows.order_by(Meeting.meeting_at)):
            found[case].append(at)
    return found
