"""When and how stories begin, and what a run of them came to."""

from collections import Counter
from datetime import date, datetime, timedelta
from functools import cache
from typing import IO

from govuk_bank_holidays.bank_holidays import BankHolidays  # type: ignore[import-untyped]

from faults.model.board import Planned
from faults.model.cwm_taf_morgannwg import CwmTafMorgannwg
from faults.model.gwent import Gwent
from faults.model.signals import Model

DAY = timedelta(days=1)
BEGINNINGS = [
    datetime.fromisoformat(moment)
    for moment in (
        "2026-03-27T10:00+00:00",
        "2026-03-31T16:50+01:00",
        "2026-05-21T09:00+01:00",
        "2026-08-27T19:30+01:00",
        "2026-10-22T08:15+01:00",
        "2026-12-17T15:00+00:00",
        "2026-12-25T03:00+00:00",
        "2027-02-08T11:00+00:00",
        "2027-06-05T12:00+01:00",
    )
]
"""Before Easter and clock changes, bank holidays, Christmas; by night, at a weekend, and on a plain Monday."""


@cache
def bank_holidays() -> frozenset[date]:
    """Those of England and Wales, as GOV.UK lists them."""
    listed = BankHolidays(use_cached_holidays=True).get_holidays(division="england-and-wales")
    return frozenset(day["date"] for day in listed)


class Met:
    """What the examples of a run came to.

    Attributes:
        stories: of those that disagree, each with its difference.
        seen: how often each occasion was met; steps, examples: how many there were.
        silent: how many were given up since the time-skipping server did not answer.
        log: where each example is told as it ends, and each difference with its story.
    """

    def __init__(self, log: IO[str] | None = None) -> None:
        self.log = log
        self.seen: Counter[str] = Counter()
        self.steps = self.examples = self.silent = 0
        self.stories: list[tuple[str, list[str]]] = []

    def tell(self, *lines: str) -> None:
        """Lines of the log."""
        for line in lines:
            print(line, file=self.log, flush=True) if self.log else None

    def differs(self, words: str, story: list[str]) -> None:
        """A difference; the machine plays a story that differs once more, so each is told once."""
        if words not in [known for known, _ in self.stories]:
            self.stories.append((words, story))
            self.tell(f"DIFFERS: {words}", *(f"    {line}" for line in story))


def planned(group: str, starts: datetime, papers_days: int | None, *, cancelled: bool) -> Planned:
    starts = starts.replace(minute=0)
    return Planned(group, starts, starts - papers_days * DAY if papers_days else None, cancelled)


def awaited_start(model: Model) -> datetime | None:
    """When the meeting begins that the stage waits for."""
    if isinstance(model, Gwent):
        ahead = model.ahead() if model.stage == "meeting" and not model.ending else None
        return ahead.at if ahead else None
    if not isinstance(model, CwmTafMorgannwg):
        return None
    name = {"qa": "qa_meeting", "board": "present_report"}.get(model.stage)
    meeting = model.awaited(name) if name else None
    return meeting.starts_at if meeting else None
