"""What a case does, minute by minute: read from its records and from the mailbox as soon as it happened."""

import asyncio
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from sqlalchemy import Engine as Database

from protocols.errors import Unreachable
from protocols.roles import Role
from protocols.steps import ClockRow, Entry
from records import cases, outbox, reading
from starter.demo.stories import Happening
from starter.kept_mail import Mail, Mailbox
from starter.skipping import minute
from starter.temporal import PAUSE_SECONDS

PATIENCE_SECONDS = 60
TRY_AGAIN = "try again when this machine has less to do."
LANGUAGES = {"Cymraeg": "cy", "English": "en"}
HALF = re.compile(r"^(Cymraeg|English)\n=+\n+", re.MULTILINE)
"""What stands above each half of a mail as plain text."""


class Half(NamedTuple):
    """A mail in one of its two languages."""

    language: str
    text: str


class Mailed(NamedTuple):
    """A mail that arrived.

    Attributes:
        at: the minute in which it came about.
        notice: its kind; roles: whom it names; clause, due: as its headers say.
        to: the address; subject: of both languages; halves: its text, the receiver's language first.
    """

    at: datetime
    notice: str
    roles: tuple[Role, ...]
    clause: str
    due: datetime | None
    to: str
    subject: str
    halves: tuple[Half, ...]


class Changed(NamedTuple):
    """A clock that began (`before` is None), or that is no more what it was."""

    before: ClockRow | None
    now: ClockRow


class Moment(NamedTuple):
    """What happened in one minute of a story, in the order of its fields.

    Attributes:
        at: that minute, aware.
        happening: what the story tells of it, if anything.
        entries: what the case wrote down; changes: what became of clocks; mails: who was written to.
    """

    at: datetime
    happening: Happening | None
    entries: tuple[Entry, ...]
    changes: tuple[Changed, ...]
    mails: tuple[Mailed, ...]


class Watch:
    """Looks at one case, and tells what is new since it looked last."""

    def __init__(self, reference: str, database: Database, mailbox: Mailbox) -> None:
        self._reference, self._database, self._mailbox = reference, database, mailbox
        self._entries: set[tuple[str, int]] = set()
        self._clocks: dict[str, ClockRow] = {}
        self._last_mail = 0

    async def news(self, happening: Happening | None) -> list[Moment]:
        """What is new, by minutes, once all mail of the case is out."""
        await self._posted()
        lines = reading.timeline(self._database, self._reference)
        entries = [line.entry for line in lines if (line.case, line.number) not in self._entries]
        self._entries = {(line.case, line.number) for line in lines}
        clocks = reading.case_view(self._database, self._reference).clocks
        changes = [Changed(self._clocks.get(clock.key), clock) for clock in clocks]
        self._clocks = {clock.key: clock for clock in clocks}
        return list(_by_minutes(happening, entries, [c for c in changes if c.before != c.now], self._new_mails()))

    def _new_mails(self) -> list[Mailed]:
        new = [mail for mail in self._mailbox.mails() if mail.number > self._last_mail][::-1]
        self._last_mail += len(new)
        return [_mailed(mail, self._mailbox.content(mail.number).text) for mail in new]

    async def _posted(self) -> None:
        streams = [self._reference, *cases.immediate_actions(self._database, self._reference)]
        until = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        while any(outbox.waiting(self._database, stream) for stream in streams):
            if asyncio.get_running_loop().time() > until:
                raise Unreachable(f"The mail of {self._reference} does not go out: {TRY_AGAIN}")
            await asyncio.sleep(PAUSE_SECONDS)


def _mailed(mail: Mail, text: str) -> Mailed:
    due = mail.header("X-Datrys-Due")
    roles = (role.strip().partition("/") for role in mail.header("X-Datrys-Role").split(","))
    _, *halves = HALF.split(text.replace("\r\n", "\n"))
    return Mailed(
        at=minute(parsedate_to_datetime(mail.header("Date"))),
        notice=mail.header("X-Datrys-Notice"),
        roles=tuple(Role(role=role, agency=agency) for role, _, agency in roles),
        clause=mail.header("X-Datrys-Clause"),
        due=datetime.fromisoformat(due) if due else None,
        to=mail.header("To"),
        subject=mail.header("Subject"),
        halves=tuple(
            Half(LANGUAGES[name], words.strip()) for name, words in zip(halves[::2], halves[1::2], strict=True)
        ),
    )


def _by_minutes(
    happening: Happening | None, entries: Sequence[Entry], changes: Sequence[Changed], mails: Sequence[Mailed]
) -> Iterator[Moment]:
    """The news in order of time; a clock changes with what is said or entered last."""
    came = minute(happening.at) if happening else None
    minutes = (
        {minute(entry.recorded_at) for entry in entries} | {mail.at for mail in mails} | ({came} if came else set())
    )
    for at in sorted(minutes):
        yield Moment(
            at,
            happening if at == came else None,
            tuple(entry for entry in entries if minute(entry.recorded_at) == at),
            tuple(changes) if at == max(minutes) else (),
            tuple(mail for mail in mails if mail.at == at),
        )
