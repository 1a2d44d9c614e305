"""How the script shows things: tables for people, JSON and CSV for programs; nothing here decides anything."""

import csv
import json
import re
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import typer
from pydantic_core import to_jsonable_python
from rich.console import Console
from rich.table import Table

from protocols.errors import WrongUse
from protocols.limits import DueTime
from protocols.roles import Role
from protocols.steps import ClockRow
from protocols.working_days import LONDON
from records.register import RegisterRow
from starter.timetable import Row
from starter.use_cases import CaseReport, Told

WIDTH = 120
FORMULA = re.compile(r"^[=+\-@\t\r\n\0]")


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else WIDTH, highlight=False, soft_wrap=not sys.stdout.isatty())


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
        raise WrongUse(f"{file} cannot be written: {fault.strerror}.") from None


def not_accepted(told: Told) -> str:
    """Why a signal was not accepted, and what the case waits for."""
    receipt = told.receipt
    if receipt is None:
        return ""
    reason = f": {receipt.reason}" if receipt.reason else ""
    return f"not accepted, {receipt.code}{reason}. {told.waits_for}"


def table(rows: Iterable[Any], json_wanted: bool) -> None:
    """Rows of named fields, all alike."""
    listed = [row._asdict() for row in rows]
    if json_wanted:
        return as_json(listed)
    if not listed:
        return typer.echo("Nothing is loaded yet.")
    shown = Table(*listed[0])
    for row in listed:
        shown.add_row(*(moment(v) if isinstance(v, datetime) else "" if v is None else str(v) for v in row.values()))
    _console().print(shown)


def roles(listed: Sequence[Role]) -> str:
    """`line_manager/ABUHB, team_manager`."""
    return ", ".join(map(str, listed)) or "nobody"


# --- the register


def register_row(row: RegisterRow) -> dict[str, Any]:
    """A row of the register, for programs."""
    return {**row._asdict(), "waiting_for": [role.model_dump() for role in row.waiting_for]}


def register(rows: list[RegisterRow]) -> None:
    """The register, for people."""
    if not rows:
        return typer.echo("No cases.")
    shown = Table("case", "authority", "stage", "clause", "waits for", "next protocol limit", "overdue", "outcome")
    for row in rows:
        overdue = "OVERDUE" if row.overdue else "late: local" if row.late else ""
        undelivered = f" ({row.undelivered} mails undelivered)" if row.undelivered else ""
        shown.add_row(
            row.reference,
            row.authority,
            row.stage if row.started else f"{row.stage} (kept, not started)",
            row.clause,
            roles(row.waiting_for) + undelivered,
            moment(row.next_due),
            overdue,
            row.outcome or "",
        )
    return _console().print(shown)


def register_as_csv(rows: list[RegisterRow]) -> None:
    """The register as CSV; nothing in it is a formula to a spreadsheet."""
    writer = csv.writer(sys.stdout)
    writer.writerow(RegisterRow._fields)
    for row in rows:
        fields = {**row._asdict(), "waiting_for": roles(row.waiting_for), "late": ", ".join(row.late)}
        writer.writerow([defused(value) for value in fields.values()])


def defused(value: Any) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = "" if value is None else value.isoformat() if isinstance(value, datetime) else str(value)
    return f"'{text}" if FORMULA.match(text) else text


# --- one case


def explanation(due: DueTime) -> str:
    """“counted: Tue 22 Dec, …; skipped: Fri 25 Dec (bank holiday), …”."""
    counted = ", ".join(f"{day:%a %d %b}" for day in due.counted)
    skipped = ", ".join(f"{day.date:%a %d %b} ({day.why})" for day in due.skipped)
    parts = [f"from {moment(due.starts)}", counted and f"counted {counted}", skipped and f"skipped {skipped}"]
    if due.provisional:
        parts.append("provisional: the bank holidays are not known so far ahead")
    return "; ".join(part for part in parts if part)


def _number(clock: ClockRow) -> int:
    return int(clock.key.rpartition("#")[2])


def case_as_json(report: CaseReport) -> dict[str, Any]:
    """A case as `status` answers it, with explanations and timeline."""
    view = report.view
    edition = view.facts.edition
    clocks = [
        {
            **clock.model_dump(mode="json", exclude={"key", "due_time", "oversees"}),
            "starts": clock.due_time.starts,
            "due": clock.due_time.due,
            "provisional": clock.due_time.provisional,
            "explanation": explanation(clock.due_time),
        }
        for clock in sorted(view.clocks, key=_number)
    ]
    return {
        "reference": view.row.reference,
        "protocol": edition.protocol,
        "edition": edition.edition,
        "stage": view.row.stage,
        "turn": view.turn,
        "clause": view.row.clause or None,
        "waiting_for": list(view.row.waiting_for),
        "clocks": clocks,
        "outcome": view.row.outcome,
        "undelivered": view.row.undelivered,
        "timeline": [
            {"case": line.case, "through": line.through, **line.entry.model_dump()} for line in report.timeline
        ],
    }


def case(report: CaseReport) -> None:
    """A case, for people."""
    console, view = _console(), report.view
    edition = view.facts.edition
    title = edition.stages[view.row.stage]
    clause = f" (clause {title.clause})" if title.clause else ""
    console.print(f"[bold]{view.row.reference}[/]  {edition.name.en}, {edition.edition}; {view.row.authority}")
    console.print(f"Stage: {title.en}{clause}" + (f", outcome: {view.row.outcome}" if view.row.outcome else ""))
    if not view.row.started:
        console.print("Kept: Temporal did not answer yet; the case begins as soon as it does.")
    console.print(f"Waits for: {roles(view.row.waiting_for)}")
    if view.row.undelivered:
        console.print(f"{view.row.undelivered} mails did not reach who holds the role")
    if view.clocks:
        console.print("\n[bold]Clocks[/]")
    for clock in sorted(view.clocks, key=_number):
        _clock(console, edition.clocks[clock.clock].en, clock)
    console.print("\n[bold]Timeline[/]")
    for line in report.timeline:
        entry = line.entry
        late = " (recorded late)" if entry.late_recorded else ""
        behalf = " (entered by the Business Unit)" if entry.entered_by else ""
        console.print(f"  {moment(entry.happened_at)}  {entry.words}{behalf}{late}", markup=False)


def _clock(console: Console, words: str, clock: ClockRow) -> None:
    kind = "protocol limit" if clock.kind == "protocol" else "local target"
    met = f" {moment(clock.met_at)}" if clock.met_at else ""
    late = ", LATE" if clock.late else ""
    agency = f" {clock.agency}" if clock.agency else ""
    console.print(f"  {words}{agency} ({clock.clause}): {clock.state}{met}{late}", markup=False)
    due = moment(clock.due_time.due)
    console.print(f"    due {due}, {clock.limit}, {kind}; {explanation(clock.due_time)}", markup=False)


# --- the timetable


def timetable(rows: list[Row]) -> None:
    """Every clock from one moment, for people."""
    console = _console()
    for row in rows:
        kind = "protocol limit" if row.rule.kind == "protocol" else "local target"
        console.print(f"{row.rule.en} ({row.rule.clause})", markup=False, style="bold")
        console.print(f"  due {moment(row.due_time.due)}: {row.rule.within} of {row.rule.of}, {kind}", markup=False)
        console.print(f"  {explanation(row.due_time)}", markup=False)
