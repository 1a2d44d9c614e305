"""Whole cases told in plain text files: what was said, and every notice that left, for a reader to check by hand.

A file under `tests/cases` holds lines of these kinds; times are those on the wall in Wales:

    begins 2026-03-02 10:00 child            the case is raised; further words: adult, instigated=2026-02-27T15:00,
                                             protocol=cwm-taf-morgannwg with start=2, agencies=RCT,(SWP)
    meeting qa-1 qa_children 2026-04-01T10:00+01:00 2026-03-25T09:00+00:00     in the board's calendar before that
    2026-03-10 12:00 load qa-1 qa_children 2026-04-02T10:00+01:00 cancelled    the board loads a row of meetings
    2026-03-03 11:00 say not_resolved practitioner/ABUHB {"record": "r"} => wrong_role
    2026-03-03 11:00 > action-required line_manager/ABUHB 3.2 due 2026-03-09 17:00
    until 2026-06-01 00:00
    ends stage review, waiting for reviewer/TORFAEN

`say` may end in `=> code` where the verdict is another than `accepted`. `python -m tests.told FILE` plays a file and
writes it anew with what happened, for a reader to check before it is kept.
"""

import asyncio
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from sqlalchemy import Engine as Database

from protocols.working_days import LONDON
from tests import ctm, people
from tests.story import Mailed, Story, begin, minute

CASES = Path(__file__).parent / "cases"
LINE = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d) (say|load|>) (.*)")
SAID = re.compile(r"(\w+) ([\w/-]+)(?: (\{.*\}))?(?: => (\w+))?")


class Loading(NamedTuple):
    """One `load` line."""

    at: datetime
    row: str


class Said(NamedTuple):
    """One `say` line."""

    at: datetime
    name: str
    by: str
    facts: dict[str, Any]
    code: str


class Told(NamedTuple):
    """A whole case as its file tells it."""

    title: str
    begins: datetime
    options: dict[str, str]
    meetings: list[str]
    said: list[Said | Loading]
    notices: list[str]
    until: datetime
    ends: str


def read(file: Path) -> Told:
    """The case that a file tells."""
    lines = file.read_text(encoding="utf-8").splitlines()

    def after(word: str) -> list[str]:
        return [line.removeprefix(word) for line in lines if line.startswith(word)]

    begins, until = after("begins "), after("until ")
    assert begins, f"{file}: no line begins with “begins”"
    assert until, f"{file}: no line begins with “until”"
    timed = [match for line in lines if (match := LINE.fullmatch(line.strip()))]
    return Told(
        title=(after("# ") or [""])[0],
        begins=_local(begins[0][:16]),
        options=dict(_option(word) for word in begins[0][16:].split()),
        meetings=after("meeting "),
        said=[_step(_local(match[1]), match[2], match[3]) for match in timed if match[2] != ">"],
        notices=[match[0] for match in timed if match[2] == ">"],
        until=_local(until[0]),
        ends=next((line for line in lines if line.startswith("ends ")), ""),
    )


def _step(at: datetime, kind: str, words: str) -> Said | Loading:
    return Loading(at, words) if kind == "load" else _said(at, words)


def _local(words: str) -> datetime:
    return datetime.fromisoformat(words).replace(tzinfo=LONDON)


def _option(word: str) -> tuple[str, str]:
    name, _, value = word.partition("=")
    return name, value


def _said(at: datetime, words: str) -> Said:
    match = SAID.fullmatch(words)
    assert match, words
    return Said(at, match[1], match[2], json.loads(match[3] or "{}"), match[4] or "accepted")


def line_of(mailed: Mailed) -> str:
    """A mail as a line of the file."""
    due = f" due {_wall(mailed.due)}" if mailed.due else ""
    return f"{_wall(minute(mailed.at))} > {mailed.notice} {mailed.role} {mailed.clause}{due}"


def _wall(at: datetime) -> str:
    return f"{at.astimezone(LONDON):%Y-%m-%d %H:%M}"


class Played(NamedTuple):
    """What came of a case: every notice as a line, the verdicts that differ, and how it stands."""

    reference: str
    notices: list[str]
    verdicts: list[str]
    ends: str


async def play(told: Told, database: Database, **settings: Any) -> Played:
    """Play a case on the time-skipping server."""
    async with begin(told.begins, database, **settings) as story:
        return await play_in(story, told, database)


async def play_in(story: Story, told: Told, database: Database) -> Played:
    """Play a case in a story that has begun."""
    board = ctm if told.options.get("protocol") == ctm.PROTOCOL else people
    board.load_directory(database)
    await _load(story, told.meetings)
    reference = await story.raise_case(board.case_file(told.begins, told.options))
    verdicts: list[str] = []
    for number, said in enumerate(told.said, start=1):
        await story.skip_to(said.at)
        if isinstance(said, Loading):
            await _load(story, [said.row])
        else:
            verdicts += await _say(story, reference, f"s{number}", said)
    await story.skip_to(told.until)
    notices = [line_of(mailed) for mailed in await story.posted(reference)]
    status = await story.status(reference)
    waiting = ", ".join(sorted(map(str, status.waiting_for))) or "nobody"
    ends = f"ends stage {status.stage}, outcome {status.outcome or 'none'}, waiting for {waiting}"
    return Played(reference, sorted(notices), verdicts, ends)


async def _load(story: Story, rows: list[str]) -> None:
    """Load meetings through the door, as a board does."""
    await story.now()
    with TemporaryDirectory() as folder:
        await story.door.load_meetings(ctm.meetings_file(Path(folder), rows))


async def _say(story: Story, reference: str, key: str, said: Said) -> list[str]:
    role, _, agency = said.by.partition("/")
    moment = said.at.isoformat()
    facts = {"id": key, "by": role, "agency": agency, "at": moment, "sent_at": moment} | said.facts
    if said.name == "reopened":
        await story.now()
        await story.door.reopen(reference, facts["to"], "a reason")
        return []
    case = f"{reference}-immediate-{facts.pop('of')}" if "of" in facts else reference
    receipt = await story.say(case, said.name, facts)
    assert receipt
    return [] if receipt.code == said.code else [f"{_wall(said.at)} {said.name}: {receipt.code} {receipt.reason}"]


def differences(told: Told, played: Played) -> list[str]:
    """What was told and did not happen, and what happened and was not told."""
    expected, actual = Counter(told.notices), Counter(played.notices)
    lacking = [f"lacks  {line}" for line in (expected - actual).elements()]
    extra = [f"extra  {line}" for line in (actual - expected).elements()]
    ends = [] if told.ends == played.ends else [f"told   {told.ends}", f"actual {played.ends}"]
    return [*played.verdicts, *lacking, *extra, *ends]


def write(file: Path, played: Played) -> None:
    """The file anew, with what happened: each line where its moment belongs, what was said before what it set off."""
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if " > " not in line]
    head = [line for line in lines if not line.startswith(("until ", "ends ")) and not LINE.fullmatch(line)]
    said = [line for line in lines if LINE.fullmatch(line)]
    until = [line for line in lines if line.startswith("until ")]
    body = sorted([*said, *played.notices], key=lambda line: (line[:16], " say " not in line))
    file.write_text("\n".join([*_trimmed(head), "", *body, "", *until, played.ends, ""]), encoding="utf-8")


def _trimmed(lines: Iterable[str]) -> list[str]:
    kept = list(lines)
    while kept and not kept[-1].strip():
        kept.pop()
    return kept


def main() -> None:
    """Play the files that are named, and write them anew."""
    import tempfile

    from records import connect, migrate

    for name in sys.argv[1:]:
        file = Path(name)
        with tempfile.TemporaryDirectory() as folder:
            url = f"sqlite:///{folder}/records.db"
            migrate(url)
            played = asyncio.run(play(read(file), connect(url)))
        for verdict in played.verdicts:
            print(f"{file.name}: {verdict}", file=sys.stderr)
        write(file, played)


if __name__ == "__main__":
    main()
