"""How the script shows things: tables for people, JSON and CSV for programs; nothing here decides anything."""

import csv
import json
import re
import sys
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import typer
from pydantic_core import to_jsonable_python
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from protocols.errors import WrongUse
from protocols.roles import Role
from protocols.working_days import LONDON
from records.directory import Listed
from records.register import RegisterRow
from starter.told import Told

WIDTH = 120
THERE = ("reference", "protocol", "authority", "group")
"""What of a case is shown to whoever was sent a notice of it and sees no more."""
LONGEST_LINE, ITS_END = 1000, 300
FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n\0]")
LINE_BREAKS = re.compile(r"[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+")


def console() -> Console:
    """As wide as the terminal; elsewhere lines stay whole, and tables are 120 columns wide."""
    return Console(width=None if sys.stdout.isatty() else WIDTH, highlight=False, soft_wrap=not sys.stdout.isatty())


def plain(words: str) -> str:
    """One line, as a terminal shows it: what somebody typed may hold line breaks, escapes, or a whole novel."""
    line = "".join(sign if sign.isprintable() else " " for sign in words)
    return line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE - ITS_END]} … {line[-ITS_END:]}"


def count(number: int, one: str, many: str) -> str:
    """`1 open case`, `2 open cases`."""
    return f"{number} {one if number == 1 else many}"


def moment(at: datetime | None) -> str:
    """As the clocks in Wales show it."""
    return f"{at.astimezone(LONDON):%a %d %b %Y %H:%M}" if at else "–"


def as_json(value: Any) -> None:
    """Print as JSON."""
    typer.echo(json.dumps(to_jsonable_python(value), indent=2, ensure_ascii=False))


def write(file: Path, text: str) -> None:
    """Write a file that the user named.

    Raises:
        WrongUse: it cannot be written.
    """
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as fault:
        raise WrongUse(f"{file} cannot be written ({fault.strerror}). Name a file that can.") from None


def write_private(file: Path, content: bytes) -> None:
    """Write a file that the user named so that nobody else can read it; one that is there is replaced as a whole.

    Raises:
        WrongUse: it cannot be written.
    """
    try:
        with TemporaryDirectory(dir=file.parent, prefix=".datrys-") as folder:
            unfinished = Path(folder) / "unfinished"
            unfinished.touch(mode=0o600)
            unfinished.write_bytes(content)
            unfinished.replace(file)
    except OSError as fault:
        raise WrongUse(f"{file} cannot be written ({fault.strerror}). Name a file that can.") from None


def not_accepted(told: Told) -> str:
    """Why a signal was not accepted, and what the case waits for."""
    receipt = told.receipt
    if receipt is None:
        return ""
    reason = f": {receipt.reason}" if receipt.reason else ""
    return f"not accepted, {receipt.code}{reason}. {told.waits_for}"


def _table(*headings: str) -> Table:
    """Cells are folded where they are too long, never cut off."""
    shown = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    for heading in headings:
        shown.add_column(heading, overflow="fold")
    return shown


def _add(shown: Table, *cells: Any) -> None:
    """A row; what stands in it is never taken for markup."""
    words = (moment(cell) if isinstance(cell, datetime) else "" if cell is None else str(cell) for cell in cells)
    shown.add_row(*map(Text, words))


def table(rows: Iterable[Any], json_wanted: bool) -> None:
    """Rows of named fields, all alike."""
    listed = [row._asdict() for row in rows]
    if json_wanted:
        return as_json(listed)
    if not listed:
        return typer.echo("Nothing is loaded yet.")
    shown = _table(*listed[0])
    for row in listed:
        _add(shown, *row.values())
    console().print(shown)


def people(rows: Sequence[Listed]) -> None:
    """Who holds which role, two lines each and a table a board; `--json` shows the rest."""
    if not rows:
        return typer.echo("Nothing is loaded yet.")
    for board in dict.fromkeys(row.board for row in rows):
        shown = _table("id", "role and of whom", "name, language, e-mail", "deputy")
        for row in rows:
            if row.board == board:
                held_of = ", ".join(filter(None, (row.agency or row.authority, row.group))) or board
                name = ", ".join(filter(None, (row.name, row.language)))
                deputy = row.deputy_name or row.deputy_email
                _add(shown, row.id, f"{row.role}\n{held_of}", f"{name}\n{row.email or 'vacant'}", deputy)
        console().print(shown)


def roles(listed: Sequence[Role]) -> str:
    """`line_manager/ABUHB, team_manager`."""
    return ", ".join(map(str, listed)) or "nobody"


# --- the register


def register_row(row: RegisterRow) -> dict[str, Any]:
    """A row of the register, for programs."""
    return {**row._asdict(), "waiting_for": [role.model_dump() for role in row.waiting_for]}


def register(rows: Iterable[RegisterRow], there: Collection[str] = ()) -> None:
    """The register, for people.

    Args:
        rows: its lines.
        there: the cases of which no more than that they are there is shown.
    """
    rows = list(rows)
    if not rows:
        return typer.echo("No cases.")
    shown = _table("case", "authority", "stage", "waits for", "next protocol limit")
    shown.columns[0].no_wrap = True
    for row in rows:
        standing = ("", "", "") if row.reference in there else (_stage(row), _waits_for(row), _next_due(row))
        _add(shown, row.reference, row.authority, *standing)
    return console().print(shown)


def _stage(row: RegisterRow) -> str:
    if not row.started:
        return f"{row.stage}: kept, not started"
    return f"{row.stage}: {row.outcome}" if row.outcome else f"{row.stage} ({row.clause})"


def _waits_for(row: RegisterRow) -> str:
    undelivered = f" ({count(row.undelivered, 'mail', 'mails')} undelivered)" if row.undelivered else ""
    return (roles(row.waiting_for) if row.started else "Temporal") + undelivered


def _next_due(row: RegisterRow) -> str:
    state = " OVERDUE" if row.overdue else " (a local target is late)" if row.late else ""
    return moment(row.next_due) + state


def register_as_csv(rows: Iterable[RegisterRow], there: Collection[str] = ()) -> None:
    """The register as CSV, as `register` takes it; nothing in it is a formula to a spreadsheet."""
    writer = csv.writer(sys.stdout)
    writer.writerow(RegisterRow._fields)
    for row in rows:
        fields = {**row._asdict(), "waiting_for": roles(row.waiting_for), "late": ", ".join(row.late)}
        hidden = fields.keys() - {*THERE} if row.reference in there else ()
        writer.writerow(["" if name in hidden else defused(value) for name, value in fields.items()])


def defused(value: Any) -> str:
    """A cell that no spreadsheet takes for a formula, and that stays in its row."""
    text = "" if value is None else value.isoformat() if isinstance(value, datetime) else str(value)
    safe = LINE_BREAKS.sub(" ", text).replace("\0", "")
    return f"'{safe}" if FORMULA.match(text) else safe
