"""What both protocols share, as a small model: who is told what, which clocks run, what a signal does.

Written from spec 1 and the project's decisions, and from nothing in the product. A role is a word, `chair` or
`practitioner/ABUHB`. Everything here happens in an instant and in one place: that is what makes it small.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, NamedTuple

from faults.model.days import Days
from faults.model.limits import Clock, Limit, Meeting

ENDED, ANY = "ended", "any"
GRACE = timedelta(minutes=5)
REQUESTS = {"action-required", "review-requested", "review-report", "response-received", "escalated"}


class Row(NamedTuple):
    """At a stage, one of these roles may say this; `side` is of the raising agency, or one that the protocol names."""

    stage: str
    signal: str
    by: tuple[str, ...]
    requires: tuple[str, ...] = ()
    side: str = ""


@dataclass(frozen=True)
class Said:
    """One signal."""

    name: str
    id: str
    by: str
    at: datetime
    sent_at: datetime
    facts: dict[str, Any]

    @property
    def role(self) -> str:
        return self.by.partition("/")[0]

    @property
    def agency(self) -> str:
        return self.by.partition("/")[2]

    def moment(self, name: str) -> datetime:
        """One of its facts that is a moment."""
        return datetime.fromisoformat(self.facts[name])


class Notice(NamedTuple):
    """What a role is told, when, and the date that the message speaks of."""

    notice: str
    to: str
    at: datetime
    due: datetime | None


@dataclass
class Alarm:
    """An immediate action: chased until the referral is confirmed."""

    began: datetime
    to: list[str]
    chased: int = 0
    confirmed: bool = False

    @property
    def next(self) -> datetime:
        """After 1, 4 and 24 hours, then every 24."""
        hours = (1, 4, 24)[self.chased] if self.chased < 3 else 24 * (self.chased - 1)
        return self.began + timedelta(hours=hours)


class Refused(Exception):
    """A signal that does not fit; its word is the code of the receipt."""


@dataclass
class Facts:
    """What a protocol remembers, and forgets where a correction takes it back."""


@dataclass
class Reached:
    """What was known before a signal: what it takes back where it is corrected."""

    said: Said
    facts: Facts
    stages: tuple[str, ...]


class State:
    """A case as the specification has it; a protocol says the rest.

    Attributes:
        now: the latest moment that was looked at; began: the instigation.
        stage, turn, stage_began: where it is; at and sent_at: of what led there.
        notices: all that were sent; told: every role that had one; asked: the latest request to each role.
        before: of each accepted signal, by its number; void: numbers of those taken back.
        accepted, answers: the number of each, and what was answered, by its id.
        log: words for each occasion that was met, for the record of a run.
    """

    ROWS: ClassVar[tuple[Row, ...]]
    LIMITS: ClassVar[dict[str, Limit]]
    OF_AGENCIES: ClassVar[tuple[str, ...]]
    OF_NO_AGENCY: ClassVar[tuple[str, ...]]
    SPEAKER: ClassVar[str]
    PROPOSED: ClassVar[dict[str, str]]
    WITHDRAWS: ClassVar[tuple[str, ...]]
    STAGES: ClassVar[tuple[str, ...]]

    def __init__(self, began: datetime, raised: datetime, bank_holidays: Iterable[date], agencies: list[str]) -> None:
        self.began, self.now, self.days = began, raised, Days(frozenset(bank_holidays))
        self.agencies, self.raising = list(agencies), agencies[0]
        self.facts = Facts()
        self.stage, self.stage_began, self.turns = "", began, dict[str, int]()
        self.first_began: dict[str, datetime] = {}
        self.reached: tuple[str, ...] = ()
        self.clocks: list[Clock] = []
        self.notices: list[Notice] = []
        self.told: list[str] = []
        self.asked: dict[str, str] = {}
        self.accepted: dict[str, int] = {}
        self.answers: dict[str, str] = {}
        self.before: list[Reached] = []
        self.void: set[int] = set()
        self.alarms: list[Alarm] = []
        self.ending, self.outcome, self.joining = "", "", ""
        self.returned: datetime | None = None
        self.led_at = self.led_sent_at = began
        self._drafts: list[tuple[str, str, str, datetime | None, bool]] = []
        self.log: list[str] = []

    # --- who takes part

    def each(self, role: str) -> list[str]:
        """This role of each agency that holds it."""
        return [f"{role}/{code}" for code in self.agencies if self.holds(role, code)]

    def holds(self, role: str, agency: str) -> bool:
        """Whether this agency has such a role in this case."""
        return agency in self.agencies

    def of_raising(self, role: str) -> str:
        """This role of the raising agency."""
        return f"{role}/{self.raising}"

    def party(self, said: Said) -> bool:
        """Whether the sender takes part."""
        if said.role in self.OF_AGENCIES:
            return self.holds(said.role, said.agency)
        return said.role in self.OF_NO_AGENCY

    def acts_as(self, role: str) -> set[str]:
        """The roles whose signals this one's count as."""
        return {role}

    def on_side(self, side: str, said: Said) -> bool:
        """Whether the sender is on the side that a row names."""
        return said.agency == self.raising if side == "raising" else True

    def waited_for(self) -> set[str]:
        """The roles whose signal can move the stage on now."""
        raise NotImplementedError

    # --- verbs

    def tell(
        self, notice: str, to: Iterable[str], due: datetime | None = None, of_clock: bool = False, stage: str = ""
    ) -> None:
        """A notice to each of these roles; what date it speaks of is known at the end of the step."""
        for role in dict.fromkeys(to):
            if self.joining and not role.endswith(f"/{self.joining}"):
                continue
            self._drafts.append((notice, role, stage or self.stage, due, of_clock))
            if notice in REQUESTS:
                self.asked[role] = notice
            if role not in self.told:
                self.told.append(role)

    def start(self, name: str, of: datetime, accountable: list[str], oversees: list[str], **more: Any) -> None:
        """A clock runs; after a return a protocol limit goes on from its old start, and a local target begins now."""
        rule, agency = self.LIMITS[name], more.get("agency", "")
        if self.joining and agency != self.joining:
            if not agency:
                self._share(name, accountable, oversees)
            return
        if self.returned and not rule.local and (old := self.kept(name, agency)):
            self.resume(old)
            old.accountable, old.oversees = accountable, oversees
            return
        start = max(of, self.returned) if self.returned and rule.local else of  # not before its meeting (decision 64)
        clock = Clock(name, rule, start, accountable, oversees, self.now, len(self.before), **more)
        clock.due = clock.reckon(self.days)
        self.clocks.append(clock)

    def kept(self, name: str, agency: str = "") -> Clock | None:
        """After a return: the clock of this limit that goes on, rather one that was not taken back."""
        mine = [clock for clock in reversed(self.clocks) if (clock.name, clock.agency) == (name, agency)]
        mine = [clock for clock in mine if not (clock.taken_back and clock.limit.moves)]
        return min(mine, key=lambda clock: clock.taken_back, default=None)

    def resume(self, clock: Clock) -> None:
        """It runs again from its old start; what it announced is not announced again."""
        clock.state, clock.met_at, clock.ended, clock.taken_back = "running", None, 0, False
        clock.since, clock.late = self.now, clock.told_late
        self.reckon_anew(clock)

    def reckon_anew(self, clock: Clock) -> bool:
        """By the bank holidays of now; answers whether it moved."""
        new = clock.reckon(self.days)
        if not clock.due or not new or new <= clock.due or clock.due <= self.now or clock.told_late:
            return False
        clock.due = new
        return True

    def _share(self, name: str, accountable: list[str], oversees: list[str]) -> None:
        for clock in self.running(name):
            clock.accountable = [*clock.accountable, *(r for r in accountable if r.endswith(f"/{self.joining}"))]
            clock.oversees = [*clock.oversees, *(r for r in oversees if r.endswith(f"/{self.joining}"))]

    def running(self, name: str = "", agency: str = "") -> list[Clock]:
        """The running clocks, of this name and agency if one is said."""
        return [c for c in self.clocks if c.running and (not name or (c.name, c.agency) == (name, agency))]

    def meet(self, name: str, met_at: datetime, agency: str = "") -> None:
        """The oldest running clock of this name is met."""
        for clock in self.running(name, agency)[:1]:
            clock.meet(met_at, len(self.before))

    def go(self, stage: str, at: datetime, sent_at: datetime) -> None:
        """The case comes to a stage."""
        self._leave(stage, at)
        self.stage, self.stage_began, self.led_at, self.led_sent_at = stage, at, at, sent_at
        self.turns[stage] = self.turns.get(stage, 0) + 1
        self.first_began.setdefault(stage, at)
        self.reached = (*self.reached, stage) if stage not in self.reached else self.reached
        self.log.append(f"stage {stage}")
        self.enter()

    def _leave(self, stage: str, at: datetime) -> None:
        returning = self.returned is not None
        for clock in self.running():
            rule = clock.limit
            goes_on = stage in rule.stages and not (returning and rule.local)
            if goes_on or (rule.runs_on and self.outcome != "withdrawn"):
                continue
            if rule.met_by_leaving:
                clock.meet(at, len(self.before))
            else:
                clock.close(at, len(self.before))

    def enter(self) -> None:
        """What happens on entering the stage."""
        if self.stage != ENDED:
            getattr(self, f"enter_{self.stage}")()
        self.returned = None

    def end(self, outcome: str, said: Said) -> None:
        """The case ends so, once the minutes of each meeting held are recorded."""
        self.ending = outcome
        self.led_at, self.led_sent_at = said.at, said.sent_at
        self.end_if_nothing_is_missing()

    def end_if_nothing_is_missing(self) -> None:
        """In its last act everybody told hears of the end."""
        if self.ending and not self.lacks_minutes():
            self.outcome, self.ending = self.ending, ""
            self.log.append(f"outcome {self.outcome}")
            self.tell("ended", list(self.told))
            self.go(ENDED, self.led_at, self.led_sent_at)

    def lacks_minutes(self) -> bool:
        """Whether a meeting was held whose minutes are missing."""
        return False

    # --- time

    def pass_time(self, to: datetime) -> None:
        """Whatever falls due until then happens, each at its moment."""
        while (coming := min(self._coming(), key=lambda one: one[0], default=None)) and coming[0] <= to:
            self.now = max(self.now, coming[0])
            coming[1](*coming[2:])
            self.settle()
        self.now = max(self.now, to)

    def next_moment(self) -> datetime | None:
        """When something happens by itself."""
        return min((one[0] for one in self._coming()), default=None)

    def _coming(self) -> Iterator[Any]:
        for clock in self.running():
            if clock.limit.met_at_start and clock.meeting:
                yield clock.meeting.starts_at, self.begin_meeting, clock
            if first := next(clock.speaks(self.days), None):
                yield first[0], self._speak, clock, first[1], first[0]
        for alarm in self.alarms:
            if not alarm.confirmed:
                yield alarm.next, self._chase, alarm
        yield from self.own_moments()

    def own_moments(self) -> Iterator[Any]:
        """What the protocol watches beside its clocks."""
        yield from ()

    def begin_meeting(self, clock: Clock) -> None:
        """The meeting that a clock waits for begins."""

    def _sound(self, alarm: Alarm) -> None:
        self.notices += [Notice("immediate-action", role, self.now, None) for role in alarm.to]

    def _chase(self, alarm: Alarm) -> None:
        alarm.chased += 1
        self._sound(alarm)

    def _speak(self, clock: Clock, what: str, moment: datetime) -> None:
        clock.since = max(clock.since, moment)
        self.log.append(f"{what} {clock.name}")
        oversees = clock.oversees if what != "reminder" and clock.due else []
        if what == "overdue":
            clock.told_late = clock.late = True
        if what != "overdue" or not clock.limit.local:
            self.tell(what, [*clock.accountable, *oversees], clock.due, of_clock=True)
        if what == "overdue":
            self.fell_late(clock)

    def fell_late(self, clock: Clock) -> None:
        """Lateness alone moves no case, with the one exception that a protocol states."""

    def settle(self) -> None:
        """The notices of the step, each with the earliest clock of the stage for which its role is accountable."""
        for notice, role, stage, due, of_clock in self._drafts:
            mine = [c.due for c in self.running() if c.due and stage in c.limit.stages and role in c.accountable]
            self.notices.append(Notice(notice, role, self.now, due if due or of_clock else min(mine, default=None)))
            self.log.append(f"notice {notice}")
        self._drafts = []

    def next_meeting(self, group: str, after: datetime) -> Meeting | None:
        """The first planned meeting of a group that starts after a moment."""
        return None
