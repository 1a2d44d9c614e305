"""A clock of the model: when it is due, when it speaks, to whom (spec 1, Clocks)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any, NamedTuple

from faults.model.days import Days, at, local

HORIZON = timedelta(days=400)


class Limit(NamedTuple):
    """One row of a protocol's table of clocks.

    Attributes:
        clause: that it stands under.
        local: a local target; else a limit of the protocol.
        stages: in which it runs; it is left when another is entered.
        working_days, days, hours: its length, of one kind; none of them where it is the next meeting.
        group: of the board's calendar, where it is the next meeting.
        met_by_leaving: leaving its stages meets it; else that closes it.
        runs_on: it is not closed with its stage.
        met_at_start: the meeting's start meets it, by itself.
        moves: a miss moves the case; then it is not kept once it was taken back.
    """

    clause: str
    local: bool
    stages: tuple[str, ...]
    working_days: int = 0
    days: int = 0
    hours: int = 0
    group: str = ""
    met_by_leaving: bool = False
    runs_on: bool = False
    met_at_start: bool = False
    moves: bool = False


def limit(clause: str, *stages: str, **more: Any) -> Limit:
    """A limit that the protocol states."""
    return Limit(clause, local=False, stages=stages, **more)


def target(clause: str, *stages: str, **more: Any) -> Limit:
    """A local target."""
    return Limit(clause, local=True, stages=stages, **more)


class Meeting(NamedTuple):
    """A meeting of the board's calendar."""

    starts_at: datetime
    papers_due: datetime | None = None


@dataclass
class Clock:
    """A time limit that runs, or ran.

    Attributes:
        name, agency: which; agency is empty where there is one for all.
        since: what lies at or before it was spoken of, or was past when the case learned of the clock.
        begun, ended: numbers of the signals that did so.
        sure: the specification says from when it runs; false where a correction leaves that open.
        taken_back: what began it is void.
    """

    name: str
    limit: Limit
    start: datetime
    accountable: list[str]
    oversees: list[str]
    since: datetime
    begun: int
    agency: str = ""
    meeting: Meeting | None = None
    unplanned: datetime | None = None
    due: datetime | None = None
    state: str = "running"
    met_at: datetime | None = None
    late: bool = False
    told_late: bool = False
    ended: int = 0
    sure: bool = True
    taken_back: bool = field(default=False)

    @property
    def running(self) -> bool:
        return self.state == "running"

    def reckon(self, days: Days) -> datetime | None:
        """When it is due."""
        rule = self.limit
        if rule.hours:
            return self.start + timedelta(hours=rule.hours)
        if rule.days:
            return at(local(self.start) + timedelta(days=rule.days), 17)
        if rule.working_days:
            return at(days.after(local(self.start), rule.working_days), 17)
        return at(local(self.meeting.starts_at), 17) if self.meeting else None

    def _reminders(self, days: Days) -> list[datetime]:
        if not self.due:
            return []
        if self.limit.local:
            return [days.local_reminder(self.start, self.due)]
        if self.limit.hours:
            return sorted({self.start + (self.due - self.start) / 2, self.due - timedelta(hours=4)})
        if self.meeting:
            return [self.meeting.papers_due or at(days.after(local(self.due), -5), 9)]
        return days.reminders_by_day(self.due)

    def speaks(self, days: Days) -> Iterator[tuple[datetime, str]]:
        """When it will say what, if nothing meets it; in order."""
        if self.due:
            yield from ((m, "reminder") for m in self._reminders(days) if self.since < m < self.due)
            if not self.told_late:
                yield self.due, "overdue"
        if not self.limit.local:
            since = self.due or self.unplanned or self.start
            chasers = takewhile(lambda moment: moment < self.since + HORIZON, days.chasers(local(since)))
            yield from ((moment, "chaser") for moment in chasers if moment > self.since)

    def meet(self, met_at: datetime, number: int) -> None:
        """It is met, in time if that was at or before its due time."""
        self.state, self.met_at, self.ended = "met", met_at, number
        self.late = bool(self.due and met_at > self.due)

    def close(self, when: datetime, number: int) -> None:
        """It ends without being met."""
        self.state, self.ended = "closed", number
        self.late = self.late or bool(self.due and when > self.due)
