"""The clocks of a case: begun, met, closed, reminded, overdue, chased, and reckoned anew (spec 1, Clocks)."""

from datetime import datetime, timedelta
from typing import NamedTuple

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from protocols import moments
    from protocols.editions import Kind
    from protocols.limits import DueTime
    from protocols.roles import Role
    from protocols.steps import ClockState, PlannedMeeting
    from protocols.working_days import local_date
    from workflows import story
    from workflows.reckoning import Reckoning
    from workflows.recording import Roles, flat
    from workflows.state import Clock, F

ON_TIME = timedelta(hours=1)
"""A chaser that the case wakes up for within this is on time; what an outage swallowed for longer is left out."""

MEETING_AHEAD, MINUTES_AGAIN = "target-of-a-meeting-ahead", "minutes-run-again"
"""What cases of 0.1.0 did otherwise (decision 64)."""


class Waking(NamedTuple):
    """The next moment at which a case has to do something by itself, and what for."""

    at: datetime
    what: str


class Left(Exception):
    """The stage is left by what no stage method sees: a missed limit, or what may be said at any time."""

    def __init__(self, to: str, at: datetime, since: int = 0) -> None:
        super().__init__(to)
        self.to, self.at, self.since = to, at, since

    @property
    def returning(self) -> bool:
        """Whether it leads back to a stage gone through."""
        return self.since > 0


class Timekeeping(Reckoning[F]):
    """Starts and meets clocks, and does what falls due."""

    # --- verbs

    def start(
        self,
        name: str,
        of: datetime,
        accountable: Roles,
        oversees: Roles,
        agency: str = "",
        meeting: PlannedMeeting | None = None,
    ) -> None:
        """Start a clock of the edition; nothing happens where the board took a local target out.

        Args:
            name: the clock.
            of: aware moment from which it runs; after a return a local target runs from the return (from its
                meeting, if that lies ahead), and a protocol limit goes on from its old start.
            accountable, oversees: roles.
            agency: the agency that it is for, where each has its own.
            meeting: the one that it waits for, where its limit is the next meeting.
        """
        rule = self.case.edition.clocks.get(name)
        if rule is None:
            return None
        if self.joining and agency != self.joining:
            return None if agency else self._share(name, accountable, oversees)
        if old := self.kept(name, agency):
            self._resume(old)
            old.accountable, old.oversees = flat(accountable), flat(oversees)
            return self.touch(old)
        starts = self._begin_after_a_return(of) if self.case.returned_at and rule.kind is Kind.LOCAL else of
        clock = Clock(
            clock=name,
            agency=agency,
            kind=rule.kind,
            starts=starts,
            due_time=DueTime(due=None, starts=starts),
            accountable=flat(accountable),
            oversees=flat(oversees),
            learned=workflow.now(),
            begun_by=self.case.heard,
        )
        if rule.meeting:
            clock.plan(meeting, starts)
        clock.due_time = self.case.reckon(clock)
        self.case.clocks.append(clock)
        self.touch(clock)

    def restart(self, name: str, of: datetime, accountable: Roles, oversees: Roles) -> None:
        """Start a clock, or let the one that runs begin anew: what it counts from was moved."""
        running = self.running(name)
        if not running or self.joining:
            return self.start(name, of, accountable, oversees)
        clock = running[0]
        self._superseded.append(self.case.key_of(clock))
        clock.starts, clock.learned = of, workflow.now()
        clock.due_time, clock.told_late, clock.late = self.case.reckon(clock), False, False
        self.touch(clock)

    def meet(self, name: str, at: datetime, agency: str = "", of: datetime | None = None) -> None:
        """The running clock of this name (that counts from `of`) is met; nothing happens if none runs."""
        running = self.running(name, agency)
        for clock in [c for c in running if of in (None, c.starts)][:1] or running[:1]:
            clock.meet(at, self.case.heard)
            self.touch(clock)

    def hand_over(self, name: str, accountable: Roles) -> None:
        """From now on others are accountable for the running clock of this name."""
        for clock in self.running(name):
            clock.accountable = flat(accountable)
            self.touch(clock)

    # --- machinery

    def _begin_after_a_return(self, of: datetime) -> datetime:
        """A local target begins now; not before the meeting that it counts from (decision 64)."""
        returned = self.case.returned_at or of
        return of if of > returned and workflow.patched(MEETING_AHEAD) else returned

    def running(self, name: str, agency: str = "") -> list[Clock]:
        """The running clocks of this name, in the order of their begin."""
        return [c for c in self.case.running_clocks() if c.clock == name and c.agency == agency]

    def kept(self, name: str, agency: str = "") -> Clock | None:
        """After a return: the clock of a protocol limit that keeps its start, rather one that was not taken back.

        One that would move the case is not kept once it was taken back: its time may be over.
        """
        rule = self.case.edition.clocks[name]
        mine = [c for c in reversed(self.case.clocks) if (c.clock, c.agency) == (name, agency)]
        mine = [c for c in mine if not (c.void and rule.missed_in)]
        kept = min(mine, key=lambda clock: clock.void, default=None)
        return kept if self.case.returned_at and rule.kind is Kind.PROTOCOL else None

    def resume_closed(self, name: str, agency: str) -> None:
        """After a return: a clock that was closed, and is waited for again, runs from its old start."""
        old = self.kept(name, agency)
        if old and old.state is ClockState.CLOSED:
            self._resume(old)

    def _resume(self, clock: Clock) -> None:
        """It runs again from its old start, by the bank holidays of now."""
        clock.resume(workflow.now())
        self.touch(clock)
        if moved := self.reckon(clock, workflow.now()):
            self.note_recalculated(clock, moved, "the bank holidays changed while it did not run")

    def _share(self, name: str, accountable: Roles, oversees: Roles) -> None:
        """An agency that joins shares the running clocks of its roles."""
        for clock in self.running(name):
            clock.accountable = flat(clock.accountable, [r for r in flat(accountable) if r.agency == self.joining])
            clock.oversees = flat(clock.oversees, [r for r in flat(oversees) if r.agency == self.joining])
            self.touch(clock)

    def leave_clocks(self, to: str, at: datetime, returning: bool) -> None:
        """What becomes of the running clocks when the stage is left for another, or returned to."""
        for clock in self.case.running_clocks():
            rule = self.case.edition.clocks[clock.clock]
            goes_on = to in rule.stages and not (returning and rule.kind is Kind.LOCAL)
            if goes_on or (rule.runs_on and self.case.outcome != "withdrawn"):
                continue
            if rule.met_on_leaving:
                clock.meet(at, self.case.heard)
            else:
                clock.close(at, self.case.heard)
            self.touch(clock)

    def void_clocks(self, since: int, back_to: str, at: datetime) -> None:
        """What signal `since` and its followers began or met is void: closed, or running again."""
        again = []
        for clock in self.case.clocks:
            rule = self.case.edition.clocks[clock.clock]
            clock.void |= clock.begun_by >= since
            if clock.running and clock.void:
                clock.close(workflow.now(), self.case.heard)
                self.touch(clock)
            elif rule.meeting:
                continue  # its stage asks the calendar when it is entered anew
            elif not clock.ended_by >= since > clock.begun_by:
                continue
            elif rule.kind is Kind.PROTOCOL and back_to in rule.stages:
                self._resume(clock)
            elif rule.runs_on and workflow.patched(MINUTES_AGAIN):
                again.append(clock)
        for old in again:  # it is of no stage: nothing else would begin it anew
            self.start(old.clock, at, old.accountable, old.oversees)

    def next_waking(self) -> Waking | None:
        """The next moment of all clocks and of what the protocol itself watches."""
        wakings = [waking for clock in self.case.running_clocks() if (waking := self._next_of(clock))]
        return min([*wakings, *self.own_wakings()], key=lambda waking: waking.at, default=None)

    def own_wakings(self) -> list[Waking]:
        """Moments that the protocol watches beside its clocks, such as the reminder of a meeting."""
        return []

    def own_moments_due(self) -> None:
        """Do what such a moment is for."""

    def _next_of(self, clock: Clock) -> Waking | None:
        rule, words = self.case.edition.clocks[clock.clock], self.case.edition.clocks[clock.clock].en
        begins = clock.meeting_at if rule.met_at_start else None
        spoken = self._next_spoken(clock, words)
        if begins and (spoken is None or begins <= spoken.at):
            return Waking(begins, f"the meeting begins: {words}")
        return spoken

    def _next_spoken(self, clock: Clock, words: str) -> Waking | None:
        coming = [moment for moment in self._reminders(clock) if moment > clock.learned]
        if coming:
            return Waking(coming[0], f"reminder: {words}, due {story.moment(clock.due)}")
        if clock.due and not clock.told_late:
            return Waking(clock.due, f"due: {words}")
        if clock.kind is Kind.PROTOCOL:
            was = f"was due {story.moment(clock.due)}" if clock.due else "no meeting is planned"
            return Waking(self._next_chaser(clock, clock.learned), f"chaser: {words}, {was}")
        return None

    def _reminders(self, clock: Clock) -> list[datetime]:
        """All moments before the due time at which the clock is reminded, sorted."""
        if clock.due is None:
            return []
        limit, holidays = self.case.edition.clocks[clock.clock].within, self.case.holidays
        if clock.kind is Kind.LOCAL:
            planned = [moments.local_reminder(clock.starts, clock.due, holidays)]
        else:
            planned = moments.reminders(limit, clock.starts, clock.due, holidays, clock.papers_due)
        return [moment for moment in planned if moment < clock.due]

    def _next_chaser(self, clock: Clock, after: datetime) -> datetime:
        since = clock.due or clock.unplanned_since or clock.starts
        return moments.next_chaser(local_date(since), after, self.case.holidays)

    def fall_due(self) -> None:
        """Do whatever is due by now, once: the due time counts, older reminders collapse into the latest."""
        now, missed, first = workflow.now(), [], self.next_miss()
        for clock in self.case.running_clocks():
            waking = self._next_of(clock)
            if waking is None or waking.at > now:
                continue
            if first and clock.due != first:
                continue  # its turn comes once the case has moved, after what waits to be judged there
            rule = self.case.edition.clocks[clock.clock]
            if rule.met_at_start and clock.meeting_at and clock.meeting_at <= now:
                self.begin_meeting(clock)
                continue
            if clock.due and clock.due <= now and not clock.told_late:
                self._fell_late(clock)
                missed += [Left(to, clock.due) for stage, to in rule.missed_in.items() if stage == self.case.stage]
            elif clock.due and clock.due > now:
                passed = [m for m in self._reminders(clock) if clock.learned < m <= now]
                self._speak("reminder", clock, passed[-1], clock.accountable)
            else:
                self._chase(clock, now)
            clock.learned = now
            self.touch(clock)
        self.own_moments_due()
        if missed:
            raise min(missed, key=lambda left: left.at)

    def next_miss(self) -> datetime | None:
        """When the first limit was missed that moves the case on from its stage, where that is past and not done."""
        rules, now = self.case.edition.clocks, workflow.now()
        here = [c for c in self.case.running_clocks() if self.case.stage in rules[c.clock].missed_in]
        return min((c.due for c in here if c.due and c.due <= now and not c.told_late), default=None)

    def begin_meeting(self, clock: Clock) -> None:
        """The meeting that a clock waits for begins, and meets it; `meeting_began` is what follows."""
        if clock.meeting_at:
            clock.meet(clock.meeting_at, self.case.heard)
            self.touch(clock)
            rule = self.case.edition.clocks[clock.clock]
            self.note("meeting-began", "The meeting began", clock.meeting_at, clause=rule.clause)
            self.meeting_began(clock.meeting_at)

    def meeting_began(self, meeting_at: datetime) -> None:
        """What begins with the meeting of the board's calendar that the stage waits for."""

    def _fell_late(self, clock: Clock) -> None:
        """The lateness is recorded; a protocol limit is announced, a local target stands in the weekly list."""
        clock.told_late = clock.late = True
        moment = clock.due or clock.starts
        if clock.kind is Kind.PROTOCOL:
            self._speak("overdue", clock, moment, flat(clock.accountable, clock.oversees))
        else:
            self._note_moment("late", clock, moment)

    def _chase(self, clock: Clock, now: datetime) -> None:
        """The chaser of now; of those that an outage swallowed none is made up for."""
        latest = clock.learned
        while (following := self._next_chaser(clock, latest)) <= now:
            latest = following
        if now - latest <= ON_TIME:
            oversees = clock.oversees if clock.due else []  # only the accountable role can have a meeting planned
            self._speak("chaser", clock, latest, flat(clock.accountable, oversees))

    def _speak(self, notice: str, clock: Clock, moment: datetime, to: list[Role]) -> None:
        """A reminder, overdue or chaser: its occasion is the clock with its start and this moment."""
        rule = self.case.edition.clocks[clock.clock]
        self._occasion = f"{self.case.key_of(clock)}@{clock.starts.isoformat()}@{moment.isoformat()}"
        self._note_moment(notice, clock, moment)
        self.tell(
            notice,
            to,
            clause=rule.clause,
            due=clock.due,
            clock=clock.clock,
            limit=str(rule.within),
            kind=rule.kind,
            supersede_by=self.case.key_of(clock) if notice == "reminder" else "",
        )

    def _note_moment(self, what: str, clock: Clock, moment: datetime) -> None:
        rule = self.case.edition.clocks[clock.clock]
        facts = {
            "clock": clock.clock,
            "agency": clock.agency,
            "due": clock.due.isoformat() if clock.due else "",
        }
        due = f"due {story.moment(clock.due)}" if clock.due else "no meeting is planned"
        words = f"{what.capitalize()}: {rule.en} ({rule.clause}), {due}"
        self.note(what, words, moment, clause=rule.clause, facts=facts)
