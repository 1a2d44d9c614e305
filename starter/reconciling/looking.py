"""Records and engine side by side.

Nothing is written or sent for looking. One call to the engine a workflow tells how far it is; the whole of a history is
read only where that differs, or where messages wait.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Engine as Database

from protocols.errors import CaseUnknown
from protocols.steps import Step
from protocols.working_days import LONDON
from records import reconciling
from records.reconciling import Stood
from records.streams import reference_of
from starter.printing import count
from starter.reconciling.history import Heard, Histories, Run, Story, workflows
from starter.temporal import Engine

LINES_SHOWN = 5
NOTHING = "nothing: it has ended"
FROM_ENGINE, FROM_RECORDS, SENT, SEND = "--from-engine", "--from-records", "--sent", "--send"


class Difference(NamedTuple):
    """What differs about a case.

    Attributes:
        case: its reference.
        lines: what differs, in plain words.
        remedies: what can be done about it.
    """

    case: str
    lines: tuple[str, ...]
    remedies: tuple[str, ...]


class Apart(NamedTuple):
    """What differs about one line of entries."""

    lines: list[str]
    remedies: list[str]


class Side(NamedTuple):
    """One line of entries on both sides; None where a side does not have it."""

    stream: str
    stood: Stood | None
    run: Run | None


class Looking:
    """Looks at both sides.

    Args:
        database: the records.
        engine: Temporal.
        now: the door's clock.
    """

    def __init__(self, database: Database, engine: Engine, now: Callable[[], datetime]) -> None:
        self._database, self._engine, self._now = database, engine, now

    async def differences(self, reference: str = "") -> list[Difference]:
        """What differs, by case; of one case all of it, of several the first lines.

        Raises:
            CaseUnknown: neither side knows the case.
            Unreachable: a side does not answer.
        """
        sides = await self._sides(reference)
        histories = await self._histories()
        found = await asyncio.gather(*(self._apart(histories, side) for side in sides))
        by_case: dict[str, Apart] = {}
        for side, apart in zip(sides, found, strict=True):
            if apart.lines:
                case = reference_of(side.stream)
                mine = by_case.setdefault(case, Apart([], []))
                which = side.stream.removeprefix(f"{case}-immediate-")
                before = f"immediate action {which}: " if which != side.stream else ""
                shown = _cut(apart.lines) if not reference else apart.lines
                mine.lines.extend(f"{before}{line}" for line in shown)
                mine.remedies.extend(one for one in apart.remedies if one not in mine.remedies)
        return [Difference(case, tuple(one.lines), tuple(one.remedies)) for case, one in sorted(by_case.items())]

    async def _sides(self, reference: str) -> list[Side]:
        try:
            stood = await self._standing(reference)
        except CaseUnknown:
            stood = {}
        there = await workflows(await self._engine.client(), reference)
        if reference and not (stood or there):
            await self._standing(reference)
        return [Side(stream, stood.get(stream), there.get(stream)) for stream in sorted({*stood, *there})]

    async def _standing(self, reference: str = "") -> dict[str, Stood]:
        return await asyncio.to_thread(reconciling.standing, self._database, reference)

    async def _histories(self) -> Histories:
        return Histories(await self._engine.client())

    async def _apart(self, histories: Histories, side: Side) -> Apart:
        match side:
            case Side(stood=None, run=Run() as run):
                return await self._lacking_here(run)
            case Side(stood=Stood() as stood, run=None):
                return _lacking_there(stood)
            case Side(stood=Stood() as stood, run=Run() as run):
                return await self._beside(histories, stood, run)
            case _:
                return Apart([], [])

    async def _lacking_here(self, run: Run) -> Apart:
        now = await self._again(run.id)
        if now:
            return Apart([], [])  # it was raised meanwhile
        how = "is open in Temporal" if run.open else "ended in Temporal"
        words = f"the records do not have it, and it {how}: who it is about is not in Temporal, and cannot come back"
        if reference_of(run.id) != run.id:
            return Apart([f"the records do not have it, and it {how}"], [_command(run.id, FROM_ENGINE)])
        end = f"temporal workflow terminate --workflow-id {run.id}, and raise it anew" if run.open else "raise it anew"
        return Apart([words], [f"put back records of a later moment; if there are none: {end}"])

    async def _beside(self, histories: Histories, before: Stood, run: Run) -> Apart:
        """Both sides are looked at once more, the records last: what moves meanwhile is no difference."""
        seen = await histories.end_of(run)
        other = seen.recorded > before.last_step or seen.made < before.last_step or run.open == before.ended
        if not (other or seen.heard or before.waiting or before.held or before.unjudged):
            return Apart([], [])
        stood = await self._again(run.id)
        if stood is None:
            return Apart([], [])
        lines: list[str] = []
        remedies: list[str] = []
        doubtful = (before.waiting & stood.waiting) | stood.held
        unheard = await self._unheard(run.id, seen.heard)
        if seen.recorded > stood.last_step or doubtful or unheard:
            await self._newer_there(histories, stood, run, doubtful, lines, remedies)
        if seen.made < before.last_step:
            lines += [f"Temporal has steps up to {seen.made} alone, the records up to {before.last_step}"]
            later = await asyncio.to_thread(reconciling.lines_after, self._database, run.id, seen.made)
            lines += [f"Temporal lacks: {_moment(one.at)}  {one.words}" for one in later]
            remedies.append(
                _command(run.id, FROM_RECORDS) if run.open else NOTHING if before.ended else _reopen(run.id)
            )
        elif not (run.open or stood.ended or lines):
            how = "was ended in Temporal by hand" if run.by_hand else "has ended in Temporal"
            lines.append(f"it {how}, and is open in the records")
            remedies.append(_reopen(run.id))
        if run.open and (lost := before.unjudged & stood.unjudged) and (lost := lost - await self._all_heard(run)):
            words = "signal that a door handed to it", "signals that a door handed to it"
            lines.append(f"Temporal lacks {count(len(lost), *words)}")
            remedies += [one for one in [_command(run.id, FROM_RECORDS)] if one not in remedies]
        return Apart(lines, remedies)

    async def _lines_lacking_there(self, stood: Stood, made: int) -> list[str]:
        later = await asyncio.to_thread(reconciling.lines_after, self._database, stood.stream, made)
        lacks = [f"Temporal lacks: {_moment(one.at)}  {one.words}" for one in later]
        return [f"Temporal has steps up to {made} alone, the records up to {stood.last_step}", *lacks]

    async def _all_heard(self, run: Run) -> set[str]:
        return {one.id for one in (await (await self._histories()).story_of(run)).heard}

    async def _newer_there(
        self,
        histories: Histories,
        stood: Stood,
        run: Run,
        doubtful: frozenset[int],
        lines: list[str],
        remedies: list[str],
    ) -> None:
        story = await histories.story_of(run)
        if of_another(story, stood):
            lines.append("Temporal has another case under this reference, which the records have lost")
            remedies.append(f"temporal workflow terminate --workflow-id {run.id}; datrys reopen {run.id} --reason TEXT")
            return
        lacking = [one for one in steps(story) if one.number > stood.last_step]
        if lacking:
            since = _moment(story.at[lacking[0].number])
            lines.append(f"the records are older than Temporal: they lack {len(lacking)} steps since {since}")
            remedies.append(_command(run.id, FROM_ENGINE))
        if gone := await self._gone_out(story, stood, doubtful):
            lines.append(f"{len(gone)} messages wait in the records and may have gone out already")
            remedies += [] if lacking else [f"{_command(run.id, SENT)}, or {SEND} to send them again"]
        for step in lacking:
            lines += [f"the records lack: {_moment(story.at[step.number])}  {one.words}" for one in step.entries]
        unheard = await self._unheard(run.id, story.heard)
        told = {entry.signal_id for step in lacking for entry in step.entries}
        for one in story.heard:
            if one.id in unheard - told:
                text = "; its text is lost" if one.texted else ""
                lines.append(f"said {_moment(one.at)} and not in the records: {one.name.replace('_', ' ')}{text}")
        if unheard - told and not lacking:
            remedies.append("nothing: the case judges it as it stands; ask whoever said it for the text")

    async def _gone_out(self, story: Story, stood: Stood, waiting: frozenset[int]) -> frozenset[int]:
        """What is held, and what waits here while the engine has it for mailed or knows of nothing that waits."""
        known = await asyncio.to_thread(reconciling.keys, self._database, waiting)
        return stood.held | {one for one, key in known.items() if story.idle or key in story.mailed}

    async def _unheard(self, stream: str, heard: Sequence[Heard]) -> set[str]:
        ids = {one.id for one in heard} - {""}
        return await asyncio.to_thread(reconciling.unheard, self._database, stream, ids) if ids else set()

    async def _again(self, stream: str) -> Stood | None:
        try:
            return (await self._standing(reference_of(stream))).get(stream)
        except CaseUnknown:
            return None

    async def references_ahead(self) -> dict[tuple[str, int], int]:
        """References that the engine has and the records would give to a new case: the last, by prefix and year."""
        given = await asyncio.to_thread(reconciling.next_numbers, self._database)
        ahead: dict[tuple[str, int], int] = {}
        for run in await workflows(await self._engine.client()):
            prefix, year, number = _parts(reference_of(run))
            if number > max(given.get((prefix, year), 0), ahead.get((prefix, year), 0)):
                ahead[prefix, year] = number
        return ahead


def _lacking_there(stood: Stood) -> Apart:
    if stood.ended or not stood.started:
        held = [f"{len(stood.held)} messages are held, and may have gone out already"] if stood.held else []
        return Apart(held, [f"{_command(stood.stream, SENT)}, or {SEND} to send them again"] if held else [])
    if reference_of(stood.stream) != stood.stream:
        words = "it runs in Temporal no more, and the referral is not confirmed in the records"
        return Apart([words], [_reopen(stood.stream)])
    return Apart(["it is open in the records, and Temporal does not have it"], [_reopen(stood.stream)])


def of_another(story: Story, stood: Stood) -> bool:
    """Whether the engine speaks of another case: its reference was given once more by records that had lost it."""
    return story.raised_at is not None and story.raised_at != stood.raised_at


def steps(story: Story) -> list[Step]:
    """The steps that were written."""
    return [one for one in story.made if not isinstance(one, frozenset)]


def _parts(reference: str) -> tuple[str, int, int]:
    """Prefix, year and number of a reference."""
    prefix, year, number = reference.rsplit("-", 2)
    return prefix, int(year), int(number)


def _cut(lines: Iterable[str]) -> list[str]:
    first = list(lines)
    more = len(first) - LINES_SHOWN
    return first if more <= 1 else [*first[:LINES_SHOWN], f"… and {more} more lines, which datrys reconcile CASE shows"]


def _command(stream: str, option: str) -> str:
    return f"datrys reconcile {reference_of(stream)} {option}"


def _reopen(stream: str) -> str:
    return f"datrys reopen {stream} --reason TEXT"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(LONDON):%d %b %Y %H:%M}"
