"""The script in use: a case from raise to reopen, shown to people on a terminal or not, and to programs."""

import asyncio
import csv
import fcntl
import io
import json
import os
import pty
import re
import struct
import subprocess
import termios
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, redirect_stdout, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from temporalio.testing import WorkflowEnvironment

from protocols.roles import Role
from protocols.status import Status
from records.register import RegisterRow
from starter import cli, printing, up
from tests.people import case_file
from tests.server import living
from tests.starter.conftest import nothing_answers
from tests.starter.script import SCRIPT, Said, address_of, all_rows, datrys, now, written
from tests.story import Story

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
LINE_MANAGER = ("--by", "line_manager", "--agency", "ABUHB")
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


@asynccontextmanager
async def at_work(engine: Engine, server: WorkflowEnvironment, patch: pytest.MonkeyPatch) -> AsyncIterator[Story]:
    """Server, worker, records and mailbox, which the script finds through its settings."""
    patch.setenv("DATRYS_DATABASE_URL", engine.url.render_as_string(hide_password=False))
    patch.setenv("TEMPORAL_ADDRESS", address_of(server))
    async with living(server.client, engine) as story:
        yield story


async def script(*words: str | Path) -> Said:
    """The script, while the worker works."""
    return await asyncio.to_thread(datrys, *words)


# --- a case


async def test_a_case_is_raised_told_shown_and_opened_again(
    engine: Engine, real_server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Results on standard output, all else on standard error; what is not accepted ends with 1 and says what is."""
    file = written(tmp_path / "case.json", case_file(now()))
    outcome = written(tmp_path / "outcome.json", {"agreed": True, "text": "settled by telephone"})
    async with at_work(engine, real_server, monkeypatch) as story:
        raised = await script("raise", file)
        case = raised.out.strip()
        same = await script("raise", file)
        moved = await script("signal", case, "not_resolved", "--by", "practitioner", "--agency", "ABUHB", "--id", "k1")
        twice = await script("signal", case, "not_resolved", "--by", "practitioner", "--agency", "ABUHB", "--id", "k1")
        wrong = await script("signal", case, "meeting_held", "--by", "chair")
        ended = await script("signal", case, "resolved", *LINE_MANAGER, "--data", outcome, "--id", "k2")
        await story.handle(case).result()
        late = await script("signal", case, "not_resolved", *LINE_MANAGER)
        again = await script("reopen", case, "--stage", "line_managers", "--reason", "it came back")
        status = await story.status(case)
    assert (0, f"{case}\n", "") == raised
    assert (1, f"The same case file was raised within a day, as {case}. Nothing was started. ") == (
        same.code,
        same.err[: same.err.index("If")],
    )
    assert [(0, "accepted (id k1)\n", "")] * 2 == [moved, twice]
    assert (1, "") == wrong[:2]
    assert re.fullmatch(
        rf"not accepted, wrong_\w+: .*The case is at line_managers and waits for: {WAITED}\.\n", wrong.err
    ), wrong.err
    assert (0, "accepted (id k2)\n", "") == ended
    assert (1, "", "not accepted, ended: the case has ended. The case has ended and waits for nobody.\n") == late
    assert (0, f"{case} is open at line_managers\n", "") == again
    assert ("line_managers", None) == (status.stage, status.outcome)


WAITED = "line_manager/ABUHB"


async def test_show_answers_as_the_case_itself_does(
    engine: Engine, real_server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For programs what `status` answers, with explanations and timeline; for people the same in words."""
    async with at_work(engine, real_server, monkeypatch) as story:
        case = (await story.door.raise_case(case_file(now()))).reference
        await story.door.tell(case, "not_resolved", Role(role="practitioner", agency="ABUHB"), {})
        status = await story.status(case)
        shown = json.loads((await script("show", case, "--json")).out)
        page = (await script("show", case)).out
    assert status == Status.model_validate(shown)
    assert {*Status.model_fields, "undelivered", "timeline"} == set(shown)
    assert ["not_resolved"] == [entry["what"] for entry in shown["timeline"] if entry["signal_id"]]
    assert [] == [clock["clock"] for clock in shown["clocks"] if clock["explanation"] not in page]
    assert "Stage: Between the line managers (clause 3.2)\nWaits for: line_manager/ABUHB" in page
    assert "5 working days, protocol limit; from " in page
    assert "2 working days, local target; from " in page


async def test_the_register_is_filtered_and_comes_as_table_json_and_csv(
    engine: Engine, real_server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A case that began late is overdue; each filter finds its case, and the three forms show the same cases."""
    long_ago = datetime(2025, 4, 14, 10, tzinfo=UTC)
    async with at_work(engine, real_server, monkeypatch) as story:
        on_time = (await story.door.raise_case(case_file(now()))).reference
        late = (await story.door.raise_case(case_file(long_ago))).reference
        await story.door.tell(on_time, "not_resolved", Role(role="practitioner", agency="ABUHB"), {})
        for case in (on_time, late):
            await story.posted(case)
        filters = {
            (): [on_time, late],
            ("--overdue",): [late],
            ("--stage", "practitioners"): [late],
            ("--waiting-for", "line_manager"): [on_time],
            ("--waiting-for", "practitioner/ABUHB"): [late],
            ("--protocol", "gwent", "--stage", "meeting"): [],
        }
        found = {words: json.loads((await script("cases", *words, "--json")).out) for words in filters}
        table = (await script("cases")).out
        rows = list(csv.DictReader(io.StringIO((await script("cases", "--csv")).out)))
    assert filters == {words: [row["reference"] for row in rows] for words, rows in found.items()}
    assert [on_time, late] == re.findall(r"^GWENT-\d+-\d+", table, re.MULTILINE) == [row["reference"] for row in rows]
    assert 1 == table.count("OVERDUE")
    assert set(RegisterRow._fields) == set(rows[0]) == set(found[()][0])
    assert ["False", "True"] == [row["overdue"] for row in rows]


# --- what people see


def on_a_terminal(columns: int, *words: str, **environment: str) -> list[str]:
    """The lines that the real script shows on a terminal of this width, without colours."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    here = os.environ | environment | {"TERM": "xterm-256color"}
    shown = b""
    with subprocess.Popen([SCRIPT, *words], stdin=theirs, stdout=theirs, stderr=theirs, env=here):
        os.close(theirs)
        with suppress(OSError):  # how a terminal ends
            while part := os.read(ours, 65536):
                shown += part
    os.close(ours)
    return ESCAPE.sub("", shown.decode()).splitlines()


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_the_register_fits_a_narrow_terminal_and_cuts_no_reference(board: Engine, tmp_path: Path) -> None:
    """On 80 columns nothing runs over, and whoever wants to type the reference can read it."""
    case = datrys("raise", written(tmp_path / "case.json", case_file(now()))).out.strip()
    lines = on_a_terminal(80, "cases")
    assert [] == [line for line in lines if len(line) > 80 or "…" in line]
    assert 1 == sum(line.startswith(f"{case} ") for line in lines)


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_what_does_not_fit_a_terminal_goes_on_as_far_in_as_it_began(alone: Engine) -> None:
    """A due time and its days stand in from the name of their clock."""
    lines = on_a_terminal(100, "timetable", "gwent", "--from", "2026-12-18T15:00", **nothing_answers())
    assert [] == [line for line in lines if len(line) > 100]
    begins = lines.index("Write to the Safeguarding Team Manager, or settle the difference before (3.3)")
    ends = lines.index("Inform the Safeguarding Service Manager and request a review (3.6)")
    assert {"  "} == {line[:2] for line in lines[begins + 1 : ends]}
    assert ends - begins > 3


def test_the_list_of_people_is_read_in_120_columns(alone: Engine) -> None:
    """Id, role, of whom, name, language, e-mail and deputy of everybody, folded but never cut off."""
    for name in ("agencies", "people"):
        datrys(name, "import", EXAMPLES / f"{name}.csv")
    shown = datrys("people", "list").out
    assert [] == [line for line in shown.splitlines() if len(line.rstrip()) > 120]
    assert "…" not in shown
    words = re.sub(r"\s", "", shown)
    for row in json.loads(datrys("people", "list", "--json").out):
        assert [] == [row[f] for f in ("id", "role", "name", "deputy_name") if row[f].replace(" ", "") not in words]
    first = re.search(r"^newport-team-manager-children +team_manager +(\S.*?)  +(\S.*)\n +(\S.*?)  +(\S+)", shown, re.M)
    assert first
    expected = ("Mair Enghraifft, cy", "Tom Sample", "Newport, children", "mair.enghraifft@newport.invalid")
    assert expected == tuple(words.strip() for words in first.groups())


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_name_is_never_taken_for_markup(alone: Engine, tmp_path: Path) -> None:
    """Brackets in what a board loads are shown, and do not end the script."""
    file = tmp_path / "agencies.csv"
    file.write_text("code,name_en,name_cy,kind\nA,School [/bold] [red]A,:smile: Ysgol [A],school\n", encoding="utf-8")
    assert 0 == datrys("agencies", "import", file).code
    assert "School [/bold] [red]A" in (shown := datrys("agencies", "list")).out
    assert (0, True) == (shown.code, ":smile: Ysgol [A]" in shown.out)


# --- for programs


HOSTILE = {
    "=1+1": "'=1+1",
    "+44 1632": "'+44 1632",
    "-2": "'-2",
    "@SUM(A1)": "'@SUM(A1)",
    "\t=1": "'\t=1",
    "\r=1": "' =1",
    "\n=1": "' =1",
    "\x00=1": "'=1",
    "  =1": "'  =1",
    "＝1": "'＝1",
    "two\r\nlines": "two lines",
    "two\u2028lines": "two lines",
    "plain, with a comma": "plain, with a comma",
    "2 - 1": "2 - 1",
    "": "",
}


@pytest.mark.parametrize("value", HOSTILE)
def test_no_cell_is_a_formula_or_leaves_its_row(value: str) -> None:
    """What begins like a formula is quoted, and line breaks are gone."""
    assert HOSTILE[value] == printing.defused(value)


def test_a_hostile_register_is_one_row_a_case() -> None:
    """Whatever stands in a field, a spreadsheet sees as many rows as there are cases, and no formula."""
    row = RegisterRow(
        *("=GWENT", "gwent", "New\nport", "children", now(), now(), True, "practitioners", "3.1"),  # noqa: FBT003
        *((Role(role="@practitioner"),), None, False, ("=late",), "\t=x", 0),
    )
    out = io.StringIO()
    with redirect_stdout(out):
        printing.register_as_csv([row, row])
    rows = list(csv.reader(io.StringIO(out.getvalue(), newline="")))
    assert 3 == len(rows) == len(out.getvalue().splitlines())
    assert [] == [cell for line in rows for cell in line if cell[:1] in set("=+-@\t\r\n\0")]


def test_a_filter_without_cases_is_an_empty_list(alone: Engine) -> None:
    """For programs an empty list, for people a word, and neither is an error."""
    assert [(0, "[]\n", ""), (0, "No cases.\n", "")] == [datrys("cases", "--json"), datrys("cases")]


def test_looking_changes_nothing(board: Engine, tmp_path: Path) -> None:
    """Register, case and lists are read, whoever looks."""
    case = datrys("raise", written(tmp_path / "case.json", case_file(now()))).out.strip()
    before = all_rows(board)
    looks: list[tuple[str, ...]] = [("cases",), ("cases", "--csv"), ("show", case), ("people", "list"), ("check",)]
    for words in looks:
        datrys(*words)
    assert before == all_rows(board)


def test_what_up_suggests_next_can_be_typed() -> None:
    """Each is a command of the script, and none names a case that may not be there."""
    known: Any = cli.app.registered_commands
    names = {command.name or command.callback.__name__ for command in known}
    assert set() == {words.split()[0] for words in up.NEXT} - names
    assert [] == [words for words in up.NEXT if re.search(r"[A-Z]+-\d{4}-\d{4}", words)]
