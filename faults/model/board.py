"""Clocks of the model that wait for a meeting of the board's calendar (spec 1, next meeting; decision 23)."""

from datetime import datetime
from typing import NamedTuple

from faults.model.cwm_taf_morgannwg_table import BU, QA_CHAIR
from faults.model.limits import Clock, Meeting
from faults.model.signals import Model


class Planned(NamedTuple):
    """A row of the board's calendar."""

    group: str
    starts_at: datetime
    papers_due: datetime | None
    cancelled: bool


class FollowsTheBoard(Model):
    """A case whose clocks may wait for a meeting; `calendar` holds what the board has loaded."""

    calendar: dict[str, Planned]

    def await_meeting(self, name: str, oversees: list[str]) -> None:
        if self.joining:
            return
        old = self.kept(name) if self.returned else None
        stopped, group = bool(old and old.state == "closed"), self.LIMITS[name].group
        if old:
            self.resume(old)
            if stopped or not self._over(old):
                self._plan(old, self.now if stopped else old.start)
        else:
            meeting = self.next_meeting(group, self.led_at)
            self.start(name, self.led_at, [BU], oversees, meeting=meeting, unplanned=None if meeting else self.led_at)
        for clock in self.running("qa_meeting"):
            if clock.meeting and clock.meeting.starts_at <= self.now:
                self.begin_meeting(clock)

    def _over(self, clock: Clock) -> bool:
        ends = clock.meeting.starts_at if clock.limit.met_at_start and clock.meeting else clock.due
        return bool(ends and ends <= self.now)

    def _plan(self, clock: Clock, after: datetime) -> Meeting | None:
        """It waits for the first meeting after a moment, or for one to be planned; answers the one before."""
        before, meeting = clock.meeting, self.next_meeting(clock.limit.group, after)
        if meeting and meeting.starts_at <= self.now and (not before or meeting.starts_at != before.starts_at):
            meeting = self.next_meeting(clock.limit.group, self.now)  # entered after it took place
        if meeting != before:
            clock.unplanned = None if meeting else clock.unplanned or self.now
            clock.meeting, clock.since = meeting, self.now
            clock.due = clock.reckon(self.days)
        return before

    def next_meeting(self, group: str, after: datetime) -> Meeting | None:
        ahead = [row for row in self.calendar.values() if row.group == group and row.starts_at > after]
        first = min((row for row in ahead if not row.cancelled), key=lambda row: row.starts_at, default=None)
        return Meeting(first.starts_at, first.papers_due) if first else None

    def load(self, key: str, planned: Planned) -> None:
        """The board loads a row of its calendar (decision 23)."""
        self.calendar[key] = planned
        for clock in self.running():
            if clock.limit.group != planned.group or self._over(clock):
                continue
            before = self._plan(clock, clock.start)
            new, told = clock.meeting, self.each("representative") if clock.name == "qa_meeting" else []
            if (new and new.starts_at) == (before and before.starts_at):
                continue
            if before:
                self.tell("date-changed", clock.accountable, clock.due, of_clock=True)
                self.tell("date-changed", told, new and new.starts_at, of_clock=True)
            else:
                self.tell("informed", told, new and new.starts_at)
        self.log.append("calendar loaded")
        self.settle()
        self.pass_time(self.now)

    def begin_meeting(self, clock: Clock) -> None:
        if not clock.meeting:
            return
        clock.meet(clock.meeting.starts_at, len(self.before))
        self.start("qa_outcome", clock.meeting.starts_at, [BU], [QA_CHAIR])
        self.log.append("meeting of the Sub Group began")

    def awaited(self, name: str) -> Meeting | None:
        clocks = [clock for clock in self.clocks if clock.name == name and not clock.taken_back]
        return clocks[-1].meeting if clocks else None
