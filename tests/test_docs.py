"""The documentation is complete, its links resolve, and the walk in the README works as it stands."""

import json
import re
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import typer.main
from pydantic import BaseModel
from sqlalchemy import Engine

from examples import today
from protocols.case_file import CaseFile
from protocols.editions import Edition, read_editions
from protocols.messages import CONFIRMATION, MESSAGES, Signal
from protocols.roles import Role
from protocols.says import ANY_TIME, SAID_AT_ANY_TIME, Says
from protocols.steps import Code
from records import board_files, directory
from settings import Settings
from starter import cli, cli_accounts, cli_board, cli_documents, cli_parts, cli_reconcile, cli_tokens
from starter.told import Told
from tests.starter.script import datrys
from tests.story import Story, begin
from workflows.registry import PROTOCOLS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = ROOT / "docs"
PAGES = (ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md")))
DECISIONS = sorted(DOCS.glob("decisions/[0-9]*.md"))
COMMAND_MODULES = (cli, cli_accounts, cli_board, cli_documents, cli_parts, cli_reconcile, cli_tokens)
NOON = datetime(2026, 6, 3, 12, tzinfo=UTC)
ENVELOPE = {"by", "at", "sent_at"}
"""What the door adds to every signal."""


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def commands() -> dict[str, Any]:
    """Every command of the script, by its words: `raise`, `agencies import` …"""
    root: Any = typer.main.get_command(cli.app)
    found: dict[str, Any] = {}
    for name, command in root.commands.items():
        below = getattr(command, "commands", None)
        found |= {f"{name} {word}": sub for word, sub in below.items()} if below else {name: command}
    return found


def calls_in(text: str) -> Iterator[list[str]]:
    """The words after `datrys` wherever a command stands: in a block of code, or in backticks."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    lines = [line for block in blocks for line in block.splitlines()]
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))
    for said in [*lines, *spans]:
        if match := re.match(r"(?:\$ |\w+=\$\()?datrys ([a-z][^)#]*)", said):
            yield shlex.split(match[1])


def command_of(words: list[str]) -> str:
    """The command that the words begin with, of one word or two."""
    return next((name for name in (" ".join(words[:2]), words[0]) if name in commands()), " ".join(words[:2]))


def fields_of(model: type[BaseModel]) -> set[str]:
    """Every field of a model and of the models in it."""
    names = set(model.model_fields)
    for field in model.model_fields.values():
        for inner in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                names |= fields_of(inner)
    return names


def undocumented(names: set[str], text: str) -> list[str]:
    """The names that do not stand in the text in backticks."""
    return sorted(name for name in names if f"`{name}`" not in text)


# --- complete


def test_the_readme_names_every_command_and_no_other() -> None:
    """`datrys agencies import` as well as `datrys raise`."""
    assert set(commands()) == {command_of(words) for words in calls_in(README)}


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.name)
def test_every_command_that_a_page_shows_exists_with_its_options(file: Path) -> None:
    """Nobody copies a command that is not there."""
    for words in calls_in(file.read_text(encoding="utf-8")):
        command = commands().get(command_of(words))
        assert command or words[0] in {name.split()[0] for name in commands()}, words
        options = {option for parameter in command.params for option in parameter.opts} if command else set()
        assert {word for word in words if word.startswith("--")} <= options, words


def test_the_readme_names_every_setting() -> None:
    """With its prefix, and how a secret is given as a file."""
    variables = {f"DATRYS_{name.upper()}" for name in Settings.model_fields} | {"TEMPORAL_ADDRESS", "NAME_FILE"}
    assert [] == undocumented(variables, README)


def test_the_readme_names_every_folder_of_the_house() -> None:
    """Where each thing is."""
    packages = {f"{file.parent.name}/" for file in ROOT.glob("*/__init__.py")} | {
        "templates/",
        "worker.py",
        "settings.py",
    }
    assert [] == sorted(name for name in packages if not re.search(rf"^{re.escape(name)} ", README, re.MULTILINE))


def test_every_field_of_the_case_file_is_described() -> None:
    """Those of the parts in it included."""
    assert [] == undocumented(fields_of(CaseFile), page("case-file.md"))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_word_that_a_case_file_may_hold_is_listed(protocol: str) -> None:
    """Authorities, circumstances, grounds, and what the protocol is not for."""
    edition = read_editions()[protocol]
    words = {*edition.authorities, *edition.circumstances, *edition.grounds, *edition.exclusions, *edition.advice}
    assert [] == undocumented(words | {protocol}, page("case-file.md"))


def test_every_column_and_role_of_the_files_that_a_board_loads_is_described() -> None:
    """Column by column; the roles of each protocol."""
    rows = (board_files.AgencyRow, board_files.PersonRow, board_files.MeetingRow)
    columns = {field.alias or name for row in rows for name, field in row.model_fields.items()}
    roles = {role for edition in read_editions().values() for role in edition.roles}
    assert [] == undocumented(columns | roles | set(PROTOCOLS), page("files.md"))


def test_every_field_of_an_edition_is_described() -> None:
    """Those of its roles, stages and clocks included, and every way of holding a role."""
    held = {title.of for edition in read_editions().values() for title in edition.roles.values()}
    assert [] == undocumented(fields_of(Edition) | held, page("editions.md"))


def test_every_signal_with_what_it_carries_and_every_verdict_is_described() -> None:
    """The facts of the signals of every protocol."""
    said = {row.signal for protocol in PROTOCOLS.values() for row in protocol.workflow.rules.says}
    facts = {name for kind in said for name in kind.model_fields.keys() - Signal.model_fields.keys()}
    assert [] == undocumented({*MESSAGES, CONFIRMATION} | facts | set(Code), page("signals.md"))


def section(text: str, protocol: str) -> str:
    """What stands under the heading of a protocol: “Cwm Taf Morgannwg, stage by stage”."""
    parts = [part.partition("\n") for part in re.split(r"^## ", text, flags=re.MULTILINE)]
    found = {heading.partition(",")[0].lower().replace(" ", "-"): below for heading, _, below in parts}
    return found[protocol]


def told_rows(protocol: str) -> dict[tuple[str, str], str]:
    """Stage and signal of each row of a protocol's table of signals, and what the row says that it carries."""
    stage, rows = "", dict[tuple[str, str], str]()
    for line in section(page("signals.md"), protocol).splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) == 5 and (signal := re.fullmatch(r"`(\w+)`", cells[1])):
            stage = cells[0] or stage
            key = (match[1] if (match := re.fullmatch(r"`(\w+)`( [\d.]+)?", stage)) else ANY_TIME, signal[1])
            rows[key] = rows.get(key, "") + cells[3]
    return rows


def own_rows(protocol: str) -> list[Says]:
    """The rows of a protocol's table of who says what, those that every protocol has aside."""
    return [row for row in PROTOCOLS[protocol].workflow.rules.says if row not in SAID_AT_ANY_TIME]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_row_of_who_says_what_stands_in_the_table_of_signals(protocol: str) -> None:
    """Stage by stage, in the order of the protocol, and no row that is none."""
    names = {kind: name for name, kind in MESSAGES.items()}
    rows = [(str(row.stage), names[row.signal]) for row in own_rows(protocol)]
    told = list(told_rows(protocol))
    assert set(rows) == set(told)
    stages = [stage for stage, _ in told if stage != ANY_TIME]
    assert sorted(stages, key=list(read_editions()[protocol].stages).index) == stages


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_table_of_signals_says_what_each_row_must_carry(protocol: str) -> None:
    """Text or a fact: without it the signal is not accepted."""
    names, carried = {kind: name for name, kind in MESSAGES.items()}, told_rows(protocol)
    for row in own_rows(protocol):
        cell = carried[row.stage, names[row.signal]]
        must = {name for name, field in row.signal.model_fields.items() if field.is_required()} - ENVELOPE
        for field in must | set(row.requires):
            assert ("text" if field == "record" else f"`{field}`") in cell, (row.stage, names[row.signal], field)


@pytest.mark.parametrize("file", DECISIONS, ids=lambda file: file.stem)
def test_a_decision_is_short_and_says_question_decision_why_and_clause(file: Path) -> None:
    """And it stands in the list of decisions."""
    text = file.read_text(encoding="utf-8")
    assert ["Question.", "Decision.", "Why.", "Clause:"] == re.findall(r"^\*\*([\w.:]+)\*\*", text, re.MULTILINE)
    assert 20 >= len(text.splitlines())
    title = text.splitlines()[0].removeprefix("# ").partition(". ")[2]
    assert f"[{title}]({file.name})" in page("decisions/README.md")


# --- links and picture


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.name)
def test_every_relative_link_resolves(file: Path) -> None:
    """In README, changelog and all pages below docs/."""
    links = re.findall(r"\]\(([^)\s]+)\)", file.read_text(encoding="utf-8"))
    relative = [link.partition("#")[0] for link in links if not re.match(r"\w+:", link)]
    assert [] == [link for link in relative if not (file.parent / link).exists()]


def test_the_picture_says_in_words_what_it_shows() -> None:
    """In itself, and where the README shows it."""
    picture = ElementTree.fromstring((DOCS / "picture.svg").read_text(encoding="utf-8"))  # noqa: S314 - our own file
    named = {child.tag.rpartition("}")[2]: child.text for child in picture}
    assert named["title"]
    assert named["desc"]
    assert "img" == picture.get("role")
    shown = re.search(r"!\[([^\]]{80,})\]\(docs/picture\.svg\)", README)
    assert shown, "the README shows it with a description"


@pytest.mark.parametrize("name", ["README.md", "docs/files.md"])
def test_a_timetable_that_a_page_shows_is_what_the_script_says(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Line by line, up to its dots."""
    monkeypatch.chdir(ROOT)
    text = (ROOT / name).read_text(encoding="utf-8")
    shown = re.findall(r"^\$ datrys (timetable [^\n]+)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert shown
    for words, lines in shown:
        said = datrys(*shlex.split(words)).out.splitlines()
        assert [] == [line for line in lines.splitlines() if line != "…" and line not in said]


# --- the walks


class Walk:
    """A block of the README that follows a case, done line by line at the pace of a story."""

    def __init__(self, story: Story, database: Engine, folder: Path) -> None:
        self.story, self.database, self.folder = story, database, folder
        self.reference = self.said = ""
        self.told: list[tuple[str, Told]] = []

    async def do(self, line: str) -> None:
        """One command."""
        now = await self.story.now()
        if line == "python -m examples.today":
            today.write(self.folder / ".datrys" / "today", now)
        elif line.startswith("sleep "):
            await self.story.skip_to(now + timedelta(seconds=int(line.removeprefix("sleep "))))
        elif match := re.fullmatch(r"CASE=\$\(datrys raise (\S+)\)", line):
            self.reference = await self.story.raise_case(json.loads(self._file(match[1]).read_text(encoding="utf-8")))
        elif match := re.fullmatch(r"SAID=(\S+)", line):
            self.said = match[1]
        elif line.startswith("datrys signal $CASE "):
            await self._signal(line.replace("$SAID", self.said))
        elif match := re.fullmatch(r"datrys (agencies|people|meetings) import (\S+)", line):
            await self._load(match[1], self._file(match[2]))
        else:
            assert line in {". .venv/bin/activate", "datrys show $CASE", "datrys cases"}

    async def _load(self, what: str, file: Path) -> None:
        if what == "agencies":
            directory.load_agencies(self.database, file)
        elif what == "people":
            self.story.door.load_people(file)
        else:
            await self.story.door.load_meetings(file)

    async def _signal(self, line: str) -> None:
        options = commands()["signal"].make_context("signal", shlex.split(line)[2:]).params
        data = json.loads(self._file(options["data"]).read_text(encoding="utf-8")) if options["data"] else {}
        by = Role(role=options["by"], agency=options["agency"])
        self.told.append((line, await self.story.door.tell(self.reference, options["name"], by, data)))

    def _file(self, name: str | Path) -> Path:
        return (self.folder if str(name).startswith(".datrys") else ROOT) / name


WALKS = [block for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) if "datrys raise" in block]
LOADED = [line for line in WALKS[0].splitlines() if " import examples/" in line]
"""What comes before the first case: the directory and calendar of both boards."""
REFUSED = {"gwent": [Code.WRONG_ROLE], "cwm-taf-morgannwg": []}
"""The lines of which the README says that they are not accepted."""


@pytest.mark.parametrize(("protocol", "block"), list(zip(PROTOCOLS, WALKS, strict=True)), ids=PROTOCOLS)
async def test_a_walk_in_the_readme_leads_a_case_to_its_end_and_no_limit_is_late(
    protocol: str, block: str, engine: Engine, tmp_path: Path
) -> None:
    """Each line as it stands there; the one that is not accepted is the one that says so."""
    async with begin(NOON, engine) as story:
        walk = Walk(story, engine, tmp_path)
        for line in [*LOADED, *block.splitlines()]:
            if line and not line.startswith("#"):
                await walk.do(line)
        status = await story.status(walk.reference)
        mails = await story.posted(walk.reference)
    refused = [(line, told.receipt) for line, told in walk.told if not (told.receipt and told.receipt.accepted)]
    assert REFUSED[protocol] == [receipt.code for _, receipt in refused if receipt], refused
    assert (protocol, "ended", "reviewed") == (status.protocol, status.stage, status.outcome)
    assert [] == [clock.clock for clock in status.clocks if clock.late]
    assert {"overdue", "chaser"}.isdisjoint(mail.notice for mail in mails)
