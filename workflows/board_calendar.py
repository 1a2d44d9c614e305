"""Clocks that wait for a meeting of the board's calendar: planned, moved, cancelled, begun (spec 1, next meeting)."""

from datetime import datetime, timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.recording import Records
    from protocols.editions import ClockRule
    from protocols.limits import DueTime
    from protocols.roles import Role
    from protocols.says import ANY_TIME
    from protocols.steps import ClockState, MeetingQuery, PlannedMeeting
    from workflows import story
    from workflows.outbox import RECORD_RETRIES
    from workflows.recording import Roles
    from workflows.state import Clock, F
    from workflows.timekeeping import Timekeeping

LOOK_UP_TIMEOUT = timedelta(seconds=30)


class BoardCalendar(Timekeeping[F]):
    """Asks the records for the next meeting of a group, and follows what the board changes."""

    # --- verbs

    async def start_until_meeting(self, name: str, of: datetime, accountable: Roles, oversees: Roles) -> Clock | None:
        """Start a clock that runs until the next meeting of its group; answers it.

        Args:
            name: the clock.
            of: aware moment; the first meeting planned to start after it counts.
            accountable, oversees: roles.
        """
        rule = self.case.edition.clocks.get(name)
        if rule is None or self.joining:
            return self.awaited_meeting(name)
        old = self.kept(name)
        stopped = old is not None and old.state is ClockState.CLOSED
        meeting = None if old else await self._next_meeting(rule, of)
        self.start(name, of, accountable, oversees, meeting=meeting)
        clock = self.running(name)[-1]
        if stopped or (old and not self._over(clock, workflow.now())):  # the calendar may have changed meanwhile
            before = await self._plan_anew(clock, workflow.now(), stopped)
            if before:
                self._note_new_date(clock, before)
        if rule.met_at_start and clock.meeting_at and clock.meeting_at <= workflow.now():
            self.begin_meeting(clock)
        return clock

    def awaited_meeting(self, name: str) -> Clock | None:
        """The clock of this name that was started last and not taken back."""
        return next((c for c in reversed(self.case.clocks) if c.clock == name and not c.void), None)

    def told_of_meeting(self, clock: Clock) -> list[Role]:
        """Who is told of the date of this clock's meeting, beside the accountable roles."""
        return []

    # --- machinery

    async def meetings_changed(self, group: str, loaded_at: datetime) -> None:
        """The board loaded meetings of this group: every clock that waits for one is reckoned anew.

        Args:
            group: the group of the board's calendar.
            loaded_at: aware moment; what was due or had begun by then does not move.
        """
        rules = self.case.edition.clocks
        for clock in self.case.running_clocks():
            waits = rules[clock.clock].meeting and self._group(rules[clock.clock]) == group
            if waits and not self._over(clock, loaded_at) and (before := await self._plan_anew(clock, loaded_at)):
                self._note_new_date(clock, before)
                self._tell_new_date(clock, before.meeting_at)

    def _group(self, rule: ClockRule) -> str:
        return rule.meeting.format(group=self.case.group)

    def _over(self, clock: Clock, moment: datetime) -> bool:
        """Whether the clock was due, or the meeting that meets it had begun, by a moment."""
        rule = self.case.edition.clocks[clock.clock]
        ends = clock.meeting_at if rule.met_at_start else clock.due
        return ends is not None and ends <= moment

    async def _next_meeting(self, rule: ClockRule, after: datetime) -> PlannedMeeting | None:
        return await workflow.execute_activity_method(
            Records.next_meeting,
            MeetingQuery(board=self.case.edition.protocol, group=self._group(rule), after=after),
            start_to_close_timeout=LOOK_UP_TIMEOUT,
            retry_policy=RECORD_RETRIES,
            summary=f"when is the next meeting: {rule.en}",
        )

    async def _plan_anew(self, clock: Clock, loaded_at: datetime, stopped: bool = False) -> DueTime | None:
        """Ask the calendar again; answers the due time that it had, if its meeting is another one now.

        Args:
            clock: it waits for a meeting.
            loaded_at: aware moment at which the calendar changed, or is asked again.
            stopped: the clock did not run: a meeting that took place meanwhile was not for this case.
        """
        rule = self.case.edition.clocks[clock.clock]
        meeting = await self._next_meeting(rule, clock.starts)
        another = stopped or (meeting and meeting.starts_at != clock.meeting_at)
        if meeting and another and meeting.starts_at <= loaded_at:  # or one of the past was entered afterwards
            meeting = await self._next_meeting(rule, loaded_at)
        planned = (meeting.starts_at, meeting.papers_due) if meeting else (None, None)
        if planned == (clock.meeting_at, clock.papers_due):
            return None
        before = clock.due_time
        clock.plan(meeting, clock.unplanned_since or loaded_at)
        clock.due_time, clock.learned = self.case.reckon(clock), workflow.now()
        self._superseded.append(self.case.key_of(clock))
        self.touch(clock)
        return before if before.meeting_at != clock.meeting_at else None

    def _note_new_date(self, clock: Clock, before: DueTime) -> None:
        words = story.meeting_words(before.meeting_at, clock.meeting_at)
        self.note_recalculated(clock, before.due, f"the meeting is {words}")

    def _tell_new_date(self, clock: Clock, before: datetime | None) -> None:
        """Whoever knows of a date hears that it is another one or none; a first date goes to those told of dates."""
        if before is None:
            return self.tell("informed", self.told_of_meeting(clock), clause=ANY_TIME, due=clock.meeting_at)
        self.tell_date_changed(clock, clock.accountable, clock.due)
        self.tell_date_changed(clock, self.told_of_meeting(clock), clock.meeting_at)
