"""What a board loads, whichever door it comes through: people, meetings, bank holidays; open cases take the change."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Engine as Database

from protocols.editions import Edition
from protocols.roles import Role
from protocols.working_days import BankHolidays
from records import cases, directory, loading
from records.board_files import MeetingRow, PersonRow
from records.csv_rows import File
from records.loading import MayLoad, for_every_board
from starter.told import Told

UNIT = Role(role="business_unit")


class PeopleAhead(NamedTuple):
    """What a file of people would do: its rows that are new, and those that change one."""

    rows: int
    new: tuple[PersonRow, ...]
    changed: tuple[PersonRow, ...]


class MeetingsAhead(NamedTuple):
    """What a file of meetings would do; `concerned` are the open cases that would be told."""

    rows: int
    new: tuple[MeetingRow, ...]
    changed: tuple[MeetingRow, ...]
    concerned: tuple[str, ...]


class HolidaysAhead(NamedTuple):
    """What a list of bank holidays would do; `concerned` are the open cases that would be told."""

    holidays: BankHolidays
    new: int
    gone: int
    concerned: tuple[str, ...]


class Loads(ABC):
    """The use cases of files that a board loads; a file is taken whole or not at all."""

    database: Database
    now: Callable[[], datetime]

    @property
    @abstractmethod
    def editions(self) -> Mapping[str, Edition]:
        """The editions in force."""

    @abstractmethod
    async def tell(
        self,
        case: str,
        name: str,
        by: Role,
        data: Mapping[str, Any],
        signal_id: str = "",
        entered_by: str = "",
        person: str = "",
    ) -> Told:
        """Tell a case something."""

    # --- what would come of it

    def people_ahead(self, file: Path | File, may_load: MayLoad = for_every_board) -> PeopleAhead:
        """What loading these people would do.

        Raises:
            BadFile: every fault of the file.
        """
        rows = loading.people_in(self.database, file, self.editions, may_load)
        known = {(one.board, one.id): one._asdict() for one in directory.people(self.database)}
        return PeopleAhead(len(rows), *_new_and_changed(rows, known))

    def meetings_ahead(self, file: Path | File, may_load: MayLoad = for_every_board) -> MeetingsAhead:
        """What loading these meetings would do.

        Raises:
            BadFile: every fault of the file.
        """
        rows = loading.meetings_in(self.database, file, self.now(), self.editions, may_load)
        known = {(one.board, one.id): one._asdict() for one in directory.meetings(self.database)}
        new, changed = _new_and_changed(rows, known)
        groups = {(row.board, row.group) for row in (*new, *changed)}
        groups |= {(row.board, known[row.board, row.id]["group"]) for row in changed}
        concerned = dict.fromkeys(case for board, group in sorted(groups) for case in self._waiting(board, group))
        return MeetingsAhead(len(rows), new, changed, tuple(concerned))

    def holidays_ahead(self, file: Path | File) -> HolidaysAhead:
        """What loading these bank holidays would do.

        Raises:
            BadFile: it is no list of them.
        """
        before = directory.holidays(self.database)
        after = before.changed_by(loading.holidays_in(file), before.version)
        new, gone = ({*one.dates} - {*other.dates} for one, other in ((after, before), (before, after)))
        concerned = cases.open_cases(self.database) if new or gone else []
        return HolidaysAhead(after, len(new), len(gone), tuple(concerned))

    # --- doing it

    def load_people(self, file: Path | File, may_load: MayLoad = for_every_board) -> loading.Loaded:
        """Load who holds which role (`records.loading.load_people`)."""
        return loading.load_people(self.database, file, self.editions, may_load)

    async def load_meetings(
        self, file: Path | File, may_load: MayLoad = for_every_board, person: str = ""
    ) -> tuple[int, list[str]]:
        """Load meetings; answers how many rows there were, and the open cases that were told.

        Args:
            file: the file.
            may_load: whether whoever loads it may load rows of a board.
            person: who it is, where known, as a reference without a name.

        Raises:
            BadFile: every fault of the file; nothing was loaded.
        """
        loaded = await asyncio.to_thread(
            loading.load_meetings, self.database, file, self.now(), self.editions, may_load
        )
        told: set[str] = set()
        for board, group, load in loaded.groups:  # known by its load: a second try tells whom the first missed
            waiting = await asyncio.to_thread(self._waiting, board, group)
            told |= {*await self._tell_calendar(waiting, {"meetings": group}, f"meetings-{group}-{load}", person)}
        return loaded.rows, sorted(told)

    async def load_holidays(self, file: Path | File, person: str = "") -> tuple[int, list[str]]:
        """Load bank holidays; answers how many there are, and the open cases that were told."""
        loaded = await asyncio.to_thread(loading.load_holidays, self.database, file, self.now())
        change = {"holidays": [day.isoformat() for day in loaded.holidays.dates]}
        waiting = await asyncio.to_thread(cases.open_cases, self.database)
        told = await self._tell_calendar(waiting, change, f"holidays-{loaded.load}", person)
        return len(loaded.dates), told

    def _waiting(self, board: str, group: str) -> list[str]:
        """The open cases that can wait for a meeting of this group."""
        return cases.open_cases(self.database, board, self.editions[board].groups_that_wait_for(group))

    async def _tell_calendar(
        self, references: Iterable[str], change: Mapping[str, Any], key: str, person: str
    ) -> list[str]:
        """Tell these cases that the calendar changed; answers those that did not know it yet."""
        told = {one: await self.tell(one, "calendar_changed", UNIT, change, key, "", person) for one in references}
        return [reference for reference, answer in told.items() if answer.new]


def _new_and_changed(
    rows: Sequence[Any], known: Mapping[tuple[str, str], Mapping[str, Any]]
) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    before = [known.get((row.board, row.id)) for row in rows]
    new = tuple(row for row, old in zip(rows, before, strict=True) if old is None)
    changed = tuple(
        row for row, old in zip(rows, before, strict=True) if old is not None and row.model_dump() != dict(old)
    )
    return new, changed
