"""Plays a story with the real worker, records and mail, all in a temporary folder, on a server of its own."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from sqlalchemy import Engine as Database
from temporalio.client import Client

from protocols.editions import Edition
from protocols.errors import Unreachable, WrongUse
from protocols.steps import Receipt
from protocols.working_days import OFFICE_CLOSES, ONE_DAY, BankHolidays, at_local, local_date
from records import connect, directory, loading, migrate
from records.database import writing
from records.directory import Agency
from records.models import ReferenceCounter
from records.reading import CaseView
from settings import Settings, SmtpServer
from starter.arguments import read_json
from starter.demo.moments import PATIENCE_SECONDS, TRY_AGAIN, Moment, Watch
from starter.demo.stories import Happening, Loaded, Said, Story, Told
from starter.kept_mail import Mailbox
from starter.mailbox import taking
from starter.parts import LOCALHOST
from starter.skipping import SkippedTime, time_skipping
from starter.temporal import Engine
from starter.use_cases import Datrys

Working = Callable[[Client, Database, Settings], AbstractAsyncContextManager[None]]
AFTER_WORK = timedelta(hours=1)
"""So long after the offices close it is told what the day brought."""
A_MINUTE = timedelta(minutes=1)


class Opening(NamedTuple):
    """A story as its case begins.

    Attributes:
        agencies: those of the case, whoever raised it first.
        holidays: the bank holidays that the case reckons with.
    """

    story: Story
    reference: str
    edition: Edition
    agencies: tuple[Agency, ...]
    holidays: BankHolidays


class Played(NamedTuple):
    """A story from beginning to end, and how its case stands then."""

    opening: Opening
    moments: list[Moment]
    view: CaseView


Tell = Callable[[Opening | Moment], None]


async def play(story: Story, working: Working, tell: Tell) -> Played:
    """Play a story.

    Args:
        story: what happens.
        working: what follows the cases as long as it is entered (`worker.working`).
        tell: told everything as soon as it happened.

    Raises:
        DatrysError: the story's files cannot be used, a signal is answered otherwise than the story says, or the
            time-skipping server does not start.
    """
    case = read_json(story.case)
    async with _surroundings(story.begins, working) as (door, mailbox, time):
        await time.now()
        await _load(story, door, case)
        play = _Play(story, (await door.raise_case(case)).reference, door, mailbox, time, tell)
        opening = play.opening()
        tell(opening)
        await play.follow()
        return Played(opening, play.moments, door.case(play.reference).view)


async def _load(story: Story, door: Datrys, case: Any) -> None:
    """What is there before the case begins: the board's directory and calendar, and its earlier cases by number.

    Raises:
        BadFile: every fault of a file.
    """
    if edition := door.editions.get(case.get("protocol", "") if isinstance(case, dict) else ""):
        with writing(door.database) as session:
            year = local_date(story.begins).year
            session.add(ReferenceCounter(prefix=edition.reference, year=year, last=story.cases_before))
    loading.load_agencies(door.database, story.agencies)
    door.load_people(story.people)
    if story.meetings:
        await door.load_meetings(story.meetings)


@asynccontextmanager
async def _surroundings(begins: datetime, working: Working) -> AsyncIterator[tuple[Datrys, Mailbox, SkippedTime]]:
    """Everything that a case needs, of its own: nothing that the environment says is read, or reached."""
    with TemporaryDirectory() as folder, socket.create_server((LOCALHOST, 0)) as smtp:
        url = f"sqlite:///{folder}/records.db"
        setting = Settings.model_construct(
            database_url=url, smtp_url=SmtpServer(host=LOCALHOST, port=smtp.getsockname()[1])
        )
        migrate(url)  # not in a thread: alembic knows one migration at a time, and it takes a moment only
        database, mailbox = connect(url), Mailbox(Path(folder) / "mails")
        try:
            async with (
                taking(mailbox, smtp),
                time_skipping(begins, setting) as time,
                working(time.client, database, setting),
            ):
                yield Datrys(setting, database, Engine(setting, time.client), lambda: time.moment), mailbox, time
        finally:
            database.dispose()


class _Play:
    """One case being played.

    Attributes:
        moments: what was told so far.
    """

    def __init__(
        self, story: Story, reference: str, door: Datrys, mailbox: Mailbox, time: SkippedTime, tell: Tell
    ) -> None:
        self.reference, self.moments = reference, list[Moment]()
        self._story = story
        self._door, self._time, self._tell = door, time, tell
        self._watch = Watch(reference, door.database, mailbox)

    def opening(self) -> Opening:
        """How the case begins."""
        database, facts = self._door.database, self._door.case(self.reference).view.facts
        known = directory.agencies(database)
        parties = [known[party.code] for party in sorted(facts.agencies, key=lambda party: not party.raising)]
        return Opening(self._story, self.reference, facts.edition, tuple(parties), directory.holidays(database))

    async def follow(self) -> None:
        """From the beginning to the last happening, day by day."""
        await self._pass_to(self._story.begins + A_MINUTE)
        for happening in self._story.happenings:
            for evening in self._evenings(happening.at):
                await self._pass_to(evening)
            await self._pass_to(happening.at - A_MINUTE)
            await self._time.skip_to(happening.at)
            await self._let_happen(happening)
            await self._pass_to(happening.at + A_MINUTE, happening)

    async def _pass_to(self, moment: datetime, happening: Happening | None = None) -> None:
        """Let the time pass, and tell what it brought."""
        await self._time.skip_to(moment)
        for new in await self._watch.news(happening):
            self._tell(new)
            self.moments.append(new)

    def _evenings(self, until: datetime) -> Iterator[datetime]:
        day = local_date(self._time.moment)
        while (evening := at_local(day, OFFICE_CLOSES) + AFTER_WORK) < until - A_MINUTE:
            if evening > self._time.moment:
                yield evening
            day += ONE_DAY

    async def _let_happen(self, happening: Happening) -> None:
        match happening:
            case Said():
                await self._say(happening)
            case Loaded():
                await self._door.load_meetings(happening.meetings)
            case Told():
                pass

    async def _say(self, said: Said) -> None:
        case = f"{self.reference}-immediate-{said.of}" if said.of else self.reference
        facts = {**said.data, "at": (said.happened or said.at).isoformat()}
        told = await self._door.tell(case, said.signal, said.sender, facts)
        receipt = told.receipt or await self._verdict(case, told.signal_id)
        if receipt.code != said.answer:
            reason = f" ({receipt.reason})" if receipt.reason else ""
            what = f"“{self._story.title}”, {said.at:%Y-%m-%d %H:%M}: {said.signal} by {said.by}"
            raise WrongUse(f"{what} is answered {receipt.code}{reason}, not {said.answer}. Mend the story.")

    async def _verdict(self, case: str, signal_id: str) -> Receipt:
        """The verdict, waited for longer than a door waits: a machine may be busy."""
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE_SECONDS
        while loop.time() < until:
            if receipt := await self._door.engine.receipt(case, signal_id):
                return receipt
        raise Unreachable(f"{case} gave no answer in a minute: {TRY_AGAIN}")
