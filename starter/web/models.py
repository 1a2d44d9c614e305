"""What the web hook answers about cases, as `/openapi.json` describes it; what a token may not see is left out."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from protocols.access import Part
from protocols.editions import Kind
from protocols.roles import Role
from protocols.steps import ClockState, Code


class _Shown(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Line(_Shown):
    """A case in the register."""

    reference: str
    protocol: str
    authority: str
    group: str
    instigated_at: datetime | None = None
    raised_at: datetime | None = None
    started: bool | None = Field(None, description="False while Temporal is away and the case is kept.")
    stage: str | None = None
    clause: str | None = None
    waiting_for: list[Role] | None = None
    next_due: datetime | None = None
    overdue: bool | None = Field(None, description="A limit of the protocol passed unmet.")
    late: list[str] | None = Field(None, description="The clocks that run and are late, local targets too.")
    outcome: str | None = None
    undelivered: int | None = Field(None, description="How many mails did not reach whoever holds the role.")


class Clock(_Shown):
    """A time limit of a case, with the days that were counted and skipped."""

    clock: str
    agency: str
    clause: str
    kind: Kind
    limit: str
    starts: datetime
    due: datetime | None
    accountable: list[Role]
    state: ClockState
    met_at: datetime | None
    late: bool
    provisional: bool
    explanation: str
    request: str | None = Field(description="Whether the request reached the agency that has to answer it.")


class Happened(_Shown):
    """A line of a timeline; only the first six fields where a token sees stages only."""

    what: str
    stage: str
    turn: int
    clause: str
    happened_at: datetime
    words: str
    case: str | None = None
    through: str | None = None
    recorded_at: datetime | None = None
    by: Role | None = None
    entered_by: str | None = None
    signal_id: str | None = None
    code: Code | None = None
    reason: str | None = None
    record: str | None = None
    late_recorded: bool | None = None
    facts: dict[str, Any] | None = None


class CaseShown(_Shown):
    """A case as it stands, as much of it as the token may see."""

    reference: str
    protocol: str
    sees: list[Part] = Field(description="The parts of the case that the token may see.")
    authority: str | None = None
    group: str | None = None
    edition: str | None = None
    stage: str | None = None
    turn: int | None = None
    clause: str | None = None
    waiting_for: list[Role] | None = None
    clocks: list[Clock] | None = None
    outcome: str | None = None
    undelivered: int | None = None
    timeline: list[Happened] | None = None
