"""What passes between a case and the records, free of people: what a step leaves behind, and the board's meetings."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel

from protocols.editions import Kind
from protocols.limits import DueTime, Limit
from protocols.roles import Role


class Code(StrEnum):
    """The verdict on a signal (spec 4, `receipt`)."""

    ACCEPTED = "accepted"
    PROPOSAL = "proposal"
    WRONG_STAGE = "wrong_stage"
    WRONG_ROLE = "wrong_role"
    MISSING = "missing"
    TOO_EARLY = "too_early"
    IN_FUTURE = "in_future"
    BEFORE_STAGE = "before_stage"
    TOO_LATE = "too_late"
    ALREADY = "already"
    NOT_INDEPENDENT = "not_independent"
    NOT_SATISFIED = "not_satisfied"
    ENDED = "ended"
    UNKNOWN = "unknown"
    NOT_UNDERSTOOD = "not_understood"

    @property
    def accepted(self) -> bool:
        """Whether the signal counts."""
        return self in (Code.ACCEPTED, Code.PROPOSAL)


class Receipt(BaseModel, frozen=True):
    """The verdict on one signal, with the reason in plain words."""

    id: str
    accepted: bool
    code: Code
    reason: str = ""


class ClockState(StrEnum):
    """Running, met (in time or late), or closed: its stage was left or the case ended without it."""

    RUNNING = "running"
    MET = "met"
    CLOSED = "closed"


class Entry(BaseModel, frozen=True):
    """One line of a case's timeline: codes and roles, no text and nobody's name.

    Attributes:
        what: what happened, as an identifier: a signal's name, ``stage-entered``, ``overdue``, ``recalculated`` …
        happened_at, recorded_at: when it happened, and when the door took it or the case learned of it.
        clause: the clause it falls under, or ``any``.
        stage, turn: the stage that the case stood in.
        by: the role that said so; None for what happened by itself.
        entered_by: ``business_unit`` where it entered for that role.
        signal_id: the sender's key.
        code, reason: the verdict, for a signal.
        record: id of the free text that belongs to it.
        late_recorded: recorded after the end of the next working day after it happened.
        facts: the few facts that the signal carried, or the clock and its dates.
        words: the entry as a plain English sentence, for the Temporal UI and the timeline.
    """

    what: str
    happened_at: datetime
    recorded_at: datetime
    clause: str
    stage: str
    turn: int
    by: Role | None = None
    entered_by: str = ""
    signal_id: str = ""
    code: Code | None = None
    reason: str = ""
    record: str = ""
    late_recorded: bool = False
    facts: dict[str, Any] = {}
    words: str


class Notice(BaseModel, frozen=True):
    """One message about one occasion to one role.

    Its identity is (case, notice, occasion, to): the person is no part of it.

    Attributes:
        notice: the kind (``action-required``).
        occasion: the id of the signal, or the clock with its start and moment, that set it off.
        to: the role that it is for.
        at: when it came about.
        stage: the stage that it speaks of.
        clause: what `X-Datrys-Clause` says.
        due: what `X-Datrys-Due` says, if anything.
        clock: the clock that it is about, or whose due time it names.
        limit: that clock's limit in words; kind: protocol limit or local target.
        concerns: the notice that is sent once more, for a role that passed to another person.
        supersede_by: key of the clock (`ClockRow.key`) that makes it pointless once met, closed or due: reminders.
    """

    notice: str
    occasion: str
    to: Role
    at: datetime
    stage: str
    clause: str
    due: datetime | None = None
    clock: str = ""
    limit: str = ""
    kind: Kind | None = None
    concerns: str = ""
    supersede_by: str = ""


class ClockRow(BaseModel, frozen=True):
    """A clock as it stands after a step; `key` is its identity within the case."""

    key: str
    clock: str
    agency: str
    clause: str
    kind: Kind
    limit: Limit
    due_time: DueTime
    accountable: tuple[Role, ...]
    oversees: tuple[Role, ...]
    state: ClockState
    met_at: datetime | None
    late: bool


class MeetingRow(BaseModel, frozen=True):
    """A meeting of the case; `number` counts from 1 within it."""

    number: int
    meeting_at: datetime
    held_at: datetime | None = None
    outcome: str = ""
    attended: tuple[Role, ...] = ()
    record: str = ""
    minutes_at: datetime | None = None
    minutes_record: str = ""


class ReviewRow(BaseModel, frozen=True):
    """A review request, its decision and what became of it; `number` counts from 1 within the case."""

    number: int
    requested_at: datetime | None = None
    decided_at: datetime | None = None
    review: bool | None = None
    reviewer: str = ""
    findings: dict[str, Any] = {}
    completed_at: datetime | None = None
    record: str = ""


class HolderRow(BaseModel, frozen=True):
    """Somebody else holds a role in this case from now on.

    The person stands in the directory (`person`, an id) or in the free text `record`; never here.
    """

    role: Role
    person: str = ""
    record: str = ""


class Step(BaseModel):
    """What one step of a case leaves behind; one transaction.

    Attributes:
        case: the reference, or `REFERENCE-immediate-N`.
        number: counts the steps of a case; the same number is written once.
        at: the workflow's time.
        entries, notices: in the order in which they came about.
        clocks: those that changed.
        meetings, reviews: all of the case, where any may have changed.
        must_respond: the agencies that must respond, where that may have changed.
        holders: roles that passed to another person.
        superseded: keys of clocks whose waiting reminders are pointless now.
        judged: positions of what had been set aside (`protocols.waiting`) and is judged with this step.
        stage, turn, clause, waiting_for, next_due, overdue, outcome: how the case stands.
        snapshot: the state of the case, from which it can be opened again; None where nothing of it changed.
        posted: before this step the records had said that nothing waits to be mailed, or a post had ended.
    """

    case: str
    number: int
    at: datetime
    entries: list[Entry] = []
    notices: list[Notice] = []
    clocks: list[ClockRow] = []
    meetings: list[MeetingRow] | None = None
    reviews: list[ReviewRow] | None = None
    must_respond: list[str] | None = None
    holders: list[HolderRow] = []
    superseded: list[str] = []
    judged: list[int] = []
    stage: str
    turn: int
    clause: str
    waiting_for: list[Role] = []
    next_due: datetime | None = None
    overdue: bool = False
    outcome: str | None = None
    snapshot: str | None = None
    posted: bool = False


class Recorded(BaseModel, frozen=True):
    """What `record` answers.

    Attributes:
        unposted: whether notices of this case wait to be posted.
        behind: nothing was written, since another run wrote a step of this number before: whoever asks goes on from
            what it once knew, and the records know more.
    """

    unposted: bool
    behind: bool = False


class AheadQuery(BaseModel, frozen=True):
    """What the records know of a case, or of an immediate action, beyond the last step that a run knows of."""

    case: str
    after: int


class Heard(BaseModel, frozen=True):
    """A signal that stands in the records, as far as it takes to know it again.

    Attributes:
        what, signal_id, by, happened_at: as in its entry.
        facts: what it carried, where it counted and bore no id; else None.
    """

    what: str
    signal_id: str
    by: Role | None
    happened_at: datetime
    facts: dict[str, Any] | None


class Ahead(BaseModel, frozen=True):
    """What a run that is behind the records goes on from.

    Attributes:
        last_step: number of the last step written; 0 before the first.
        snapshot: the state that it left; None before the first, and for an immediate action.
        heard: the signals recorded with later steps than the run knows of.
        alarms: what set off each immediate action of the case, by its number.
        told: the moments at which this immediate action told its roles, in order.
        confirmed: whether its referral is confirmed.
    """

    last_step: int
    snapshot: str | None
    heard: list[Heard]
    alarms: dict[int, str]
    told: list[datetime]
    confirmed: bool


class MeetingQuery(BaseModel, frozen=True):
    """Which meeting is asked for: the first of a board's group that starts after a moment."""

    board: str
    group: str
    after: datetime


class PlannedMeeting(BaseModel, frozen=True):
    """A meeting of the board's calendar; `papers_due` where the board said so."""

    id: str
    starts_at: datetime
    papers_due: datetime | None = None
