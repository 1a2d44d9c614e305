"""The state of a case: one model, which a new run, a correction and a reopening start from."""

import hashlib
from datetime import datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, model_validator

from protocols.editions import Edition, Kind
from protocols.facts import Facts, parties_of
from protocols.judging import Standing
from protocols.limits import DueTime, due_time
from protocols.roles import Agency, Role
from protocols.says import ANY_TIME, Parties
from protocols.status import ClockStatus
from protocols.steps import ClockRow, ClockState, Entry, Notice, PlannedMeeting, Receipt
from protocols.waiting import Received
from protocols.working_days import BankHolidays

F = TypeVar("F", bound=Facts)
VERDICTS_KEPT = 200
ENTRIES_KEPT = 200
SIGNALS_A_RUN = 1_000
"""After as many signals a case goes on in a new run: the server refuses the 10,001st of one run for good."""


def short_hash(signal_id: str) -> str:
    """What is kept of an accepted id for good."""
    return hashlib.sha256(signal_id.encode()).hexdigest()[:12]


RESUMED = "resumed"


class Reopening(BaseModel, frozen=True):
    """A case is opened again: where, when, by whom, and the record that holds the reason.

    Attributes:
        to: the stage that an ended case goes on at; empty where one whose workflow is gone is taken up as it stood.
        by: the Business Unit; None for an operator.
    """

    id: str
    to: str
    at: datetime
    record: str
    by: Role | None = Role(role="business_unit")

    def entry(self, stage: str, turn: int) -> Entry:
        """The line that says that a workflow that was gone was taken up again."""
        return Entry(
            what=RESUMED,
            words="Taken up again where it stood: its workflow was gone",
            happened_at=self.at,
            recorded_at=self.at,
            clause=ANY_TIME,
            stage=stage,
            turn=turn,
            by=self.by,
            signal_id=self.id,
            record=self.record,
        )


class Clock(BaseModel):
    """A time limit of this case.

    Attributes:
        clock, agency: its name in the edition, and the agency that it is for, where each has its own.
        starts, meeting_at, papers_due: what it runs from; the meeting it waits for, and when its papers are due.
        unplanned_since: since when it waits for a meeting and none is planned.
        due_time: when it ends, and why.
        accountable, oversees: the roles.
        learned: moments up to this one are done with.
        told_late: its lateness was recorded (and mailed, for a protocol limit).
        begun_by, ended_by: numbers of the signals that began it, and met or closed it; 0 for what began with the
            case, or runs.
        void: what began it was taken back.
    """

    clock: str
    agency: str = ""
    kind: Kind
    starts: datetime
    meeting_at: datetime | None = None
    papers_due: datetime | None = None
    unplanned_since: datetime | None = None
    due_time: DueTime
    accountable: list[Role]
    oversees: list[Role]
    learned: datetime
    told_late: bool = False
    state: ClockState = ClockState.RUNNING
    met_at: datetime | None = None
    late: bool = False
    begun_by: int = 0
    ended_by: int = 0
    void: bool = False

    @model_validator(mode="before")
    @classmethod
    def _of_0_1_0(cls, data: Any) -> Any:
        """That release kept the number of the signal that met it alone, and its cases still run."""
        if isinstance(data, dict) and "met_by" in data:
            return {**data, "ended_by": data["met_by"]}
        return data

    @property
    def due(self) -> datetime | None:
        """When it ends; None while no meeting is planned."""
        return self.due_time.due

    @property
    def running(self) -> bool:
        """Neither met nor closed."""
        return self.state is ClockState.RUNNING

    def is_late_at(self, moment: datetime) -> bool:
        """In time is at or before the due time."""
        return self.due is not None and moment > self.due

    def plan(self, meeting: PlannedMeeting | None, since: datetime) -> None:
        """It waits for this meeting, or for one to be planned since a moment."""
        self.meeting_at = meeting.starts_at if meeting else None
        self.papers_due = meeting.papers_due if meeting else None
        self.unplanned_since = None if meeting else since

    def meet(self, at: datetime, by: int) -> None:
        """It is met, in time or late."""
        self.state, self.met_at, self.ended_by, self.late = ClockState.MET, at, by, self.is_late_at(at)

    def close(self, at: datetime, by: int) -> None:
        """Its stage was left, or the case ended, without it."""
        self.state, self.ended_by, self.late = ClockState.CLOSED, by, self.late or self.is_late_at(at)

    def resume(self, now: datetime) -> None:
        """It runs again from its old start; what it announced is not announced again."""
        self.state, self.met_at, self.ended_by, self.void = ClockState.RUNNING, None, 0, False
        self.late, self.learned = self.told_late, now


class Case(BaseModel, Generic[F]):
    """The state of a case, free of people.

    Attributes:
        reference, edition, authority, group: what it is, under which rules, where, children or adults.
        agencies, instigated_at, raised_at: from the case file.
        holidays: the bank holidays to reckon with.
        facts: what the protocol remembers.
        stage, turns, first_begins, stage_began: where it is, how often each stage was entered, the begin of each
            stage's first entry, and the begin that signals of this stage are held against.
        first_after: number that the first signal after each stage's first entry has, of those not taken back.
        entered_after: number that the first signal after each stage's latest entry has.
        entered: whether the entry of the current stage was made.
        returned_at: when a correction or reopening led back into the current stage, until its entry is made.
        ending: the outcome that only awaits the minutes; outcome: how it ended.
        clocks: all that ever ran, in the order of their begin.
        inbox, urgent: signals to judge; immediate actions to start.
        aside: whether more signals to judge are set aside in the records.
        refused: the last sendings that were not accepted (`protocols.waiting.sending`), so that a copy is known.
        receipts, accepted: the last verdicts; short hashes of all accepted ids with the signals' numbers.
        alarmed: short hashes of immediate actions started.
        alarms: what set off the immediate actions that the records know, by number, where this run is to go on from
            them: they may have been told of what waits to be judged here.
        told, asked: everybody told; the latest request to each role.
        timeline: the last entries.
        heard, judged: signals that counted in this case; signals judged in this run.
        step: number of the next step; immediate: how many immediate actions were started.
        unposted: notices wait in the outbox; None where a case begins or goes on from its record.
        reopened: where this run opens an ended case again.
        signals_a_run: after as many the case goes on in a new run.
    """

    reference: str
    edition: Edition
    authority: str
    group: str
    agencies: list[Agency]
    instigated_at: datetime
    raised_at: datetime
    holidays: BankHolidays
    facts: F
    stage: str
    turns: dict[str, int] = {}
    first_begins: dict[str, datetime] = {}
    first_after: dict[str, int] = {}
    entered_after: dict[str, int] = {}
    stage_began: datetime
    entered: bool = False
    returned_at: datetime | None = None
    ending: str | None = None
    outcome: str | None = None
    clocks: list[Clock] = []
    inbox: list[Received] = []
    urgent: list[Received] = []
    aside: bool = False
    refused: list[str] = []
    receipts: dict[str, Receipt] = {}
    accepted: dict[str, int] = {}
    alarmed: list[str] = []
    alarms: dict[int, str] = {}
    told: list[Role] = []
    asked: dict[str, Notice] = {}
    timeline: list[Entry] = []
    heard: int = 0
    judged: int = 0
    step: int = 1
    immediate: int = 0
    unposted: bool | None = None
    reopened: Reopening | None = None
    signals_a_run: int = SIGNALS_A_RUN

    @property
    def raising(self) -> str:
        """Code of the agency that raised the case."""
        return next(agency.code for agency in self.agencies if agency.raising)

    @property
    def turn(self) -> int:
        """How often the current stage was entered."""
        return self.turns.get(self.stage, 0)

    @property
    def gone_through(self) -> dict[str, int]:
        """The stages that the case came to and that were not taken back; 0.1.0 did not number them."""
        return self.first_after or dict.fromkeys(self.turns, 0)

    @property
    def clause(self) -> str:
        """The current stage's clause."""
        return self.edition.stages[self.stage].clause

    def parties(self) -> Parties:
        """Who takes part."""
        return parties_of(self.edition, self.agencies, self.facts)

    def standing(self, ended: str, now: datetime) -> Standing:
        """How the case stands for the judge; `ended` is the name of the stage that it ends in."""
        return Standing(
            stage=self.stage,
            turn=self.turn,
            ended=self.stage == ended,
            ending=self.ending is not None,
            stages=frozenset(self.edition.stages) - {ended},
            gone_through={stage: number for stage, number in self.gone_through.items() if stage != ended},
            missed=self.missed(now),
            case_began=self.instigated_at,
            stage_began=self.stage_began,
            meeting_at=self._meeting_at(),
            parties=self.parties(),
            facts=self.facts,
            accepted=lambda signal_id: self.accepted.get(short_hash(signal_id), 0),
        )

    def missed(self, now: datetime) -> frozenset[str]:
        """The stages that cannot be returned to: their limit is past, and would move the case on at once."""
        past = (clock for clock in self.clocks if clock.due and clock.due <= now and not clock.void)
        return frozenset(stage for clock in past for stage in self.edition.clocks[clock.clock].missed_in)

    def _meeting_at(self) -> datetime | None:
        """Start of the board's meeting that the stage waits for."""
        rules = self.edition.clocks
        here = (c for c in reversed(self.clocks) if self.stage in rules[c.clock].stages and not c.void)
        return next((clock.meeting_at for clock in here if rules[clock.clock].meeting), None)

    def has_accepted(self, signal_id: str) -> bool:
        """Whether a signal with this id counted."""
        return short_hash(signal_id) in self.accepted

    def running_clocks(self) -> list[Clock]:
        """The clocks that run, in the order of their begin."""
        return [clock for clock in self.clocks if clock.running]

    def key_of(self, clock: Clock) -> str:
        """A clock's identity within the case."""
        number = next(n for n, other in enumerate(self.clocks, start=1) if other is clock)
        return f"{clock.clock}#{number}"

    def reckon(self, clock: Clock) -> DueTime:
        """When a clock ends by the bank holidays of now."""
        limit = self.edition.clocks[clock.clock].within
        return due_time(limit, clock.starts, self.holidays, clock.meeting_at)

    def snapshot(self) -> str:
        """The state from which the case can be opened again; what stands elsewhere in the records is left out."""
        return self.model_dump_json(
            exclude={
                "edition",
                "inbox",
                "urgent",
                "refused",
                "receipts",
                "timeline",
                "reopened",
                "unposted",
                "alarms",
            },
            exclude_defaults=True,
        )

    def row(self, clock: Clock) -> ClockRow:
        """A clock for the records."""
        rule = self.edition.clocks[clock.clock]
        return ClockRow(
            key=self.key_of(clock),
            clock=clock.clock,
            agency=clock.agency,
            clause=rule.clause,
            kind=clock.kind,
            limit=rule.within,
            due_time=clock.due_time,
            accountable=tuple(clock.accountable),
            oversees=tuple(clock.oversees),
            state=clock.state,
            met_at=clock.met_at,
            late=clock.late,
        )

    def status_of(self, clock: Clock) -> ClockStatus:
        """A clock for the query `status`."""
        row: dict[str, Any] = self.row(clock).model_dump(exclude={"key", "due_time", "oversees"})
        due = clock.due_time
        return ClockStatus(**row, starts=clock.starts, due=due.due, provisional=due.provisional)
