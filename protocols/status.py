"""What a case answers when it is asked (spec 4, `status`)."""

from datetime import datetime

from pydantic import BaseModel

from protocols.editions import Kind
from protocols.limits import Limit
from protocols.roles import Role
from protocols.steps import ClockState


class ClockStatus(BaseModel, frozen=True):
    """One clock as it stands."""

    clock: str
    agency: str
    clause: str
    kind: Kind
    limit: Limit
    starts: datetime
    due: datetime | None
    accountable: tuple[Role, ...]
    state: ClockState
    met_at: datetime | None
    late: bool
    provisional: bool


class Status(BaseModel, frozen=True):
    """How a case stands."""

    reference: str
    protocol: str
    edition: str
    stage: str
    turn: int
    clause: str | None
    waiting_for: tuple[Role, ...]
    clocks: tuple[ClockStatus, ...]
    outcome: str | None
