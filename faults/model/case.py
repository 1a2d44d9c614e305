"""What both protocols share, as a small model: who is told what, which clocks run, what a signal does.

Written from spec 1 and the project's decisions, and from nothing in the product. A role is a word, `chair` or
`practitioner/ABUHB`. Everything here happens in an instant and in one place: that is what makes it small.
"""

from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, NamedTuple

from faults.model.days import Days
from faults.model.limits import Clock, Limit, Meeting

ENDED, ANY = "ended", "any"
GRACE = timedelta(minutes=5)
REQUESTS = {"action-required", "review-requested", "review-report", "response-received", "escalated"}
ALWAYS = {
    "discussion_recorded": ("record",),
    "role_changed": ("role", "record"),
    "agency_added": ("agency_code", "must_respond", "record"),
    "corrected": ("corrects", "record"),
    "calendar_changed": (),
    "withdrawn": ("record",),
    "immediate_action": (),
}
"""What may be said at any time, and what it must carry."""


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


class Model:
    """A case as the specification has it; a protocol says the rest.

    Attributes:
        now: the latest moment that was looked at; began: the instigation.
        stage, turn, stage_began: where it is; at and sent_at: of what led there.
        notices: all that were sent; told: every role that had one; asked: the latest request to each role.
        before: of each accepted signal, by its number; void: numbers of those taken back.
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

    def tell(self, notice: str, to: Iterable[str], due: datetime | None = None, of_clock: bool = False) -> None:
        """A notice to each of these roles; what date it speaks of is known at the end of the step."""
        for role in dict.fromkeys(to):
            if self.joining and not role.endswith(f"/{self.joining}"):
                continue
            self._drafts.append((notice, role, self.stage, due, of_clock))
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
        start = self.returned if self.returned and rule.local else of
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

    # --- a signal

    def say(self, said: Said) -> str:
        """What becomes of a signal; answers the code of its receipt."""
        if said.id in self.accepted:
            return "accepted"
        try:
            proposal = self._allowed(said)
            self._complete(said, proposal)
            self._in_time(said)
            getattr(self, f"times_{said.name}", _anything)(said)
            getattr(self, f"independent_{said.name}", _anything)(said)
        except Refused as refused:
            self.log.append(f"refused {refused}")
            return str(refused)
        self.before.append(Reached(said, deepcopy(self.facts), self.reached))
        self.accepted[said.id] = len(self.before)
        if proposal:
            self.tell("proposed", [self.of_raising(self.PROPOSED[self.stage])])
        else:
            getattr(self, f"said_{said.name}")(said)
        self.settle()
        self.log.append(f"said {said.name}{' (proposal)' if proposal else ''}")
        return "proposal" if proposal else "accepted"

    def _allowed(self, said: Said) -> bool:
        """Known, understood, stage, role and side; answers whether it is but a proposal."""
        known = {row.signal for row in self.ROWS} | ALWAYS.keys()
        if self.stage == ENDED:
            raise Refused("ended")
        if said.name not in known:  # of the other protocol, or of none
            raise Refused("wrong_role" if said.name in EVERY_SIGNAL else "unknown")
        self._understood(said)
        asked_of = said.facts.get("stage"), said.facts.get("turn")
        if said.name not in ALWAYS and not self.at_any_time(said):
            if asked_of[0] not in (None, self.stage) or asked_of[1] not in (None, self.turns[self.stage]):
                raise Refused("wrong_stage")
        if self.row(said) or self._always(said):
            return False
        if said.name == "resolved" and self.stage in self.PROPOSED and self.party(said):
            return True
        elsewhere = any(self._may(row, said) for row in self.ROWS if row.signal == said.name)
        raise Refused("wrong_stage" if elsewhere else "wrong_role")

    def _understood(self, said: Said) -> None:
        if said.name == "corrected" and "corrects" in said.facts and "record" in said.facts:
            if said.facts["corrects"] not in self.accepted:
                raise Refused("unknown")
            if said.facts.get("return_to", self.STAGES[0]) not in self.STAGES:
                raise Refused("not_understood")

    def at_any_time(self, said: Said) -> bool:
        """Whether it may be said at any time, though a row of the table has it."""
        return False

    def row(self, said: Said) -> Row | None:
        """The row of the table that lets the sender say so now."""
        here = (row for row in self.ROWS if row.signal == said.name and self.stage_of(row))
        return next((row for row in here if self._may(row, said)), None)

    def stage_of(self, row: Row) -> bool:
        """Whether a row is of the current stage."""
        return row.stage == self.stage

    def _may(self, row: Row, said: Said) -> bool:
        return self.party(said) and bool(self.acts_as(said.role) & set(row.by)) and self.on_side(row.side, said)

    def _always(self, said: Said) -> bool:
        if said.name not in ALWAYS or not self.party(said):
            return False
        match said.name:
            case "agency_added":
                return bool(self.acts_as(said.role) & {"business_unit", "chair"})
            case "corrected" | "calendar_changed":
                return said.role == "business_unit"
            case "withdrawn":
                return said.role in self.WITHDRAWS and said.agency == self.raising
        return True

    def _complete(self, said: Said, proposal: bool) -> None:
        row = self.row(said)
        always = ("record", "agreed") if said.name == "resolved" else ()
        requires = always if proposal else (*always, *(row.requires if row else ALWAYS[said.name]))
        missing = any(said.facts.get(name) is None for name in requires)
        if said.name == "role_changed" and said.facts.get("role") in self.OF_AGENCIES:
            missing |= not said.facts.get("for_agency")
        if missing or (said.name == "calendar_changed" and not said.facts.keys() & {"holidays", "meetings"}):
            raise Refused("missing")
        if self.ending and said.name not in ALWAYS and not self.at_any_time(said):
            raise Refused("already")
        getattr(self, f"content_{said.name}", _anything)(said)

    def _in_time(self, said: Said) -> None:
        if said.at > said.sent_at + GRACE:
            raise Refused("in_future")
        if said.at < self.began:
            raise Refused("before_stage")
        if said.name not in ALWAYS and not self.at_any_time(said) and said.at < self.stage_began - GRACE:
            raise Refused("before_stage")

    # --- at any time

    def content_role_changed(self, said: Said) -> None:
        """The Business Unit, or the agency for its own roles; Gwent's Team Manager names the Chair."""
        of = said.facts.get("for_agency", "")
        own = said.facts["role"] in self.OF_AGENCIES and said.agency and said.agency == of
        if not (said.role == "business_unit" or own or self.names(said.role) == said.facts["role"]):
            raise Refused("wrong_role")

    def names(self, role: str) -> str:
        """The role whose holder this one may name."""
        return ""

    def said_role_changed(self, said: Said) -> None:
        """The latest request to that role goes to the new holder, if it is still waited for."""
        role = said.facts["role"] + (f"/{said.facts['for_agency']}" if said.facts["role"] in self.OF_AGENCIES else "")
        if role in self.asked and role in self.waited_for():
            self.tell(self.asked[role], [role])

    def content_agency_added(self, said: Said) -> None:
        """An agency that is in already cannot be added."""
        if said.facts["agency_code"] in self.agencies:
            raise Refused("already")

    def said_agency_added(self, said: Said) -> None:
        """It gets what both sides would get now."""
        self.joining = said.facts["agency_code"]
        self.agencies.append(self.joining)
        if not self.ending:
            self.enter()
        self.joining = ""

    def said_discussion_recorded(self, said: Said) -> None:
        """All agencies are informed."""
        self.tell("informed", self.each(self.SPEAKER))

    def said_immediate_action(self, said: Said) -> None:
        """The duty team, the sender's safeguarding lead and the roles waited for are told at once, and chased."""
        lead = [f"safeguarding_lead/{said.agency}"] if said.role in self.OF_AGENCIES else []
        alarm = Alarm(self.now, list(dict.fromkeys(["duty_team", *lead, *sorted(self.waited_for())])))
        self.alarms.append(alarm)
        self._sound(alarm)

    def _sound(self, alarm: Alarm) -> None:
        self.notices += [Notice("immediate-action", role, self.now, None) for role in alarm.to]

    def said_withdrawn(self, said: Said) -> None:
        """Everybody told hears so; the case ends whatever is missing."""
        self.outcome, self.ending = "withdrawn", ""
        self.log.append("outcome withdrawn")
        self.tell("withdrawn", list(self.told))
        self.go(ENDED, said.at, said.sent_at)

    def content_corrected(self, said: Said) -> None:
        """Only to a stage that the case had come to before, and whose limit has not moved it on (decision 50)."""
        to, number = said.facts.get("return_to"), self.accepted.get(said.facts["corrects"], 0)
        if to and (to not in self.reached or to not in self.before[number - 1].stages or to in self.missed()):
            raise Refused("wrong_stage")

    def missed(self) -> set[str]:
        """The stages whose limit is past, and moved the case on."""
        return set()

    def said_corrected(self, said: Said) -> None:
        """Everybody told is informed; the stage to return to, if any, is entered anew."""
        self.tell("informed", list(self.told))
        if not (to := said.facts.get("return_to")):
            return
        number = self.accepted[said.facts["corrects"]]
        self.void |= set(range(number, len(self.before) + 1))
        wrong = self.before[number - 1].said
        if wrong.name == "agency_added":  # any other agency that has come in meanwhile stays
            self.agencies.remove(wrong.facts["agency_code"])
        self.facts, self.reached = deepcopy(self.before[number - 1].facts), self.before[number - 1].stages
        self.ending, self.returned = "", said.at
        began = self.first_began[to]
        self._leave(to, said.at)
        self._take_back(number, to)
        self.go(to, said.at, said.sent_at)
        self.stage_began = began

    def _take_back(self, number: int, to: str) -> None:
        """What the signal and its followers began is closed; a protocol limit that they met runs again."""
        for clock in self.clocks:
            clock.taken_back |= clock.begun >= number
            if clock.running and clock.taken_back:
                clock.close(self.now, len(self.before))
            elif clock.limit.group or clock.limit.local or clock.taken_back:
                continue
            elif clock.ended >= number and to in clock.limit.stages:
                self.resume(clock)

    def said_calendar_changed(self, said: Said) -> None:
        """Bank holidays lengthen running clocks, never shorten them; what is past does not move."""
        holidays = {date.fromisoformat(day) for day in said.facts.get("holidays", ())}
        self.days = Days(self.days.bank_holidays | holidays)
        for clock in self.running():
            if self.reckon_anew(clock):
                self.tell("date-changed", clock.accountable, clock.due, of_clock=True)

    def reckon_anew(self, clock: Clock) -> bool:
        """By the bank holidays of now; answers whether it moved."""
        new = clock.reckon(self.days)
        if not clock.due or not new or new <= clock.due or clock.due <= self.now or clock.told_late:
            return False
        clock.due = new
        return True

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


def _anything(said: Said) -> None:
    """A signal that nothing more is asked of."""


EVERY_SIGNAL = frozenset(
    "resolved not_resolved response_submitted meeting_arranged meeting_held minutes_recorded review_requested"
    " head_of_service_consulted review_decided panel_set_up progress_noted review_completed report_accepted"
    " report_presented feedback_given learning_disseminated immediate_action discussion_recorded role_changed"
    " agency_added corrected calendar_changed withdrawn".split()
)
