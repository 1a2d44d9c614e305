"""How the script shows things: on a terminal or not, in a spreadsheet, whatever stands in the fields."""

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
from contextlib import redirect_stdout, suppress
from pathlib import Path

import pytest
from sqlalchemy import Engine

from protocols.roles import Role
from records.register import RegisterRow
from starter import printing
from tests.people import case_file
from tests.starter.conftest import nothing_answers
from tests.starter.script import SCRIPT, datrys, now, real_datrys, written

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


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
        *("=GWENT", "gwent", "New\nport", "children", now(), now(), True, "practitioners", "3.1"),
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


def test_a_terminal_that_knows_no_welsh_gets_the_rest(tmp_path: Path) -> None:
    """A sign that it cannot show becomes a question mark, not a failure."""
    said = real_datrys(
        *("timetable", "gŵent", "--from", "2026-12-18"),
        folder=tmp_path,
        PYTHONIOENCODING="latin-1",
        **nothing_answers(),
    )
    assert (2, "", "?g?ent? is no protocol. These are: cwm-taf-morgannwg, gwent.\n") == said
