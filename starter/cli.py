"""The script `datrys`: a thin door. Results on standard output, progress and errors on standard error."""

import asyncio
import io
import os
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar

import typer

import settings
from protocols.editions import read_editions
from protocols.errors import DatrysError, WrongUse
from protocols.roles import Role
from records import connect, directory
from records.paging import Question
from starter import printing, printing_case
from starter.acting import Acting, acting, operating
from starter.arguments import addressed, known, read_json, read_time
from starter.shown import case_as_seen, report_as_seen, row_as_seen, shows_standing
from starter.temporal import Engine
from starter.told import Told
from starter.use_cases import Datrys

T = TypeVar("T")

app = typer.Typer(
    name="datrys",
    help="Runs disagreements between safeguarding agencies as their board's protocol says.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Reference = Annotated[str, typer.Argument(help="The case, such as GWENT-2026-0001.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]


def datrys() -> Datrys:
    """The use cases, with what the environment says."""
    setting = settings.load()
    return Datrys(setting, connect(setting.database_url), Engine(setting))


def somebody() -> Acting:
    """The use cases, as whoever's token the environment names; without one, while that may be, as anybody."""
    return acting(datrys())


def run(work: Callable[[Acting], Awaitable[T]]) -> T:
    """Do what needs Temporal."""

    async def doing() -> T:
        return await work(somebody())

    return asyncio.run(doing())


def operators_only() -> None:
    """Refuse what is the operators' business to a token that is no operator's."""
    if settings.load().token is not None:
        operating(datrys())


@app.command("raise")
def raise_case(
    file: Annotated[Path, typer.Argument(help="The case file (docs/case-file.md).")],
    again: Annotated[bool, typer.Option("--again", help="It was raised within a day, and is meant once more.")] = False,
) -> None:
    """Start a case from a case file; print its reference."""
    data = read_json(file)
    raised = run(lambda who: who.raise_case(data, again))
    if raised.kept:
        typer.echo("Kept: Temporal does not answer; the case begins as soon as it does.", err=True)
    for advice in raised.advice:
        typer.echo(advice, err=True)
    typer.echo(raised.reference)


@app.command()
def signal(
    reference: Reference,
    name: Annotated[str, typer.Argument(help="What is said, such as not_resolved (docs/signals.md).")],
    by: Annotated[str, typer.Option(help="The role that says so.")] = "",
    agency: Annotated[str, typer.Option(help="Code of its agency.")] = "",
    at: Annotated[str, typer.Option(help="When it happened; now, if not said.")] = "",
    key: Annotated[str, typer.Option("--id", help="The sender's key: said twice, it counts once.")] = "",
    data: Annotated[Path | None, typer.Option(help="JSON file with the facts and the text.")] = None,
    entered_by: Annotated[str, typer.Option(help="business_unit, where it enters for that role.")] = "",
) -> None:
    """Tell a case something; print accepted, why not, or that it is kept for delivery."""
    addressed(reference, name)
    facts = read_json(data) if data else {}
    if not isinstance(facts, dict):
        raise WrongUse(f'{data} holds no JSON object, such as {{"text": "…"}}. See docs/signals.md.')
    if at:
        facts["at"] = read_time(at, "--at").isoformat()
    told = run(lambda who: who.tell(reference, name, Role(role=by, agency=agency), facts, key, entered_by))
    _answer(told)


def _answer(told: Told) -> None:
    key = printing.plain(told.signal_id)
    if told.receipt is None:
        typer.echo(f"kept: it will be delivered, and the sender told if it is not accepted (id {key})")
    elif told.receipt.accepted:
        typer.echo(f"{told.receipt.code} (id {key})")
    else:
        typer.echo(printing.plain(printing.not_accepted(told)), err=True)
        raise typer.Exit(1)


@app.command()
def show(reference: Reference, as_json: AsJson = False) -> None:
    """A case: its stage, what it waits for, its clocks with their explanation, its timeline."""
    who = somebody()
    seen = who.sight(reference)
    report = who.door.case(reference)
    if as_json:
        printing.as_json(case_as_seen(report, seen) if seen else printing_case.case_as_json(report))
    elif seen and not shows_standing(seen):
        printing_case.there(report.view.row)
    else:
        printing_case.case(report_as_seen(report, seen) if seen else report)


@app.command()
def cases(
    protocol: Annotated[str, typer.Option(help="Only this protocol.")] = "",
    stage: Annotated[str, typer.Option(help="Only cases at this stage.")] = "",
    overdue: Annotated[bool, typer.Option("--overdue", help="Only cases with a protocol limit overdue.")] = False,
    waiting_for: Annotated[str, typer.Option(help="Only cases that wait for this role.")] = "",
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="As CSV, for a spreadsheet.")] = False,
) -> None:
    """The register of cases."""
    who = somebody()
    editions = who.door.editions.values()
    known(protocol, "--protocol", (edition.protocol for edition in editions))
    known(stage, "--stage", (name for edition in editions for name in edition.stages))
    known(waiting_for.partition("/")[0], "--waiting-for", (role for edition in editions for role in edition.roles))
    lines = who.register(Question(protocol, stage, overdue, waiting_for))
    rows = [row for row, _ in lines]
    there = {row.reference for row, seen in lines if seen and not shows_standing(seen)}
    if as_json:
        printing.as_json([row_as_seen(row, seen) if seen else printing.register_row(row) for row, seen in lines])
    elif as_csv:
        printing.register_as_csv(rows, there)
    else:
        printing.register(rows, there)


@app.command()
def reopen(
    reference: Reference,
    reason: Annotated[str, typer.Option(help="Why; kept in the records.")],
    stage: Annotated[str, typer.Option(help="The stage that an ended case goes on from.")] = "",
) -> None:
    """Open an ended case again at a stage, or take up one whose workflow is gone (datrys check) where it stood."""
    if not stage:
        kept = run(lambda who: who.take_up(reference, reason)).kept
        typer.echo(f"{reference}: kept, it is taken up shortly" if kept else f"{reference} goes on where it stood")
        return
    kept = run(lambda who: who.reopen(reference, stage, reason)).kept
    typer.echo(f"{reference}: kept, it opens again at {stage} shortly" if kept else f"{reference} is open at {stage}")


@app.command()
def timetable(
    protocol: Annotated[str, typer.Argument(help="The protocol, such as gwent.")],
    starts: Annotated[str, typer.Option("--from", help="The moment at which every clock is to begin.")],
    meetings: Annotated[Path | None, typer.Option(help="CSV file of planned meetings.")] = None,
    adults: Annotated[bool, typer.Option("--adults", help="With the meetings for adults, not for children.")] = False,
    as_json: AsJson = False,
    svg: Annotated[Path | None, typer.Option(help="Draw it into this file.")] = None,
) -> None:
    """Every clock of a protocol from one moment, with the days counted and skipped; no server needed."""
    from starter import timetable as tables
    from starter.timetable_picture import as_svg

    editions = read_editions(settings.load().editions)
    if protocol not in editions:
        raise WrongUse(f"“{protocol}” is no protocol. These are: {', '.join(editions)}.")
    planned = tables.read_meetings(meetings, protocol) if meetings else None
    group, begin = "adults" if adults else "children", read_time(starts, "--from")
    rows = tables.timetable(editions[protocol], begin, directory.shipped_holidays(), planned, group)
    if svg:
        printing.write(svg, as_svg(editions[protocol], rows))
    if as_json:
        printing.as_json(tables.as_json(rows))
    elif not svg:
        printing_case.timetable(rows)


def script() -> NoReturn:
    """Run `main` and leave at once: the engine's client has threads that can abort an interpreter on its way out."""
    code = 0
    try:
        main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 0
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(code)


def main() -> None:
    """Run the script; whatever goes wrong is said in one plain line."""
    from starter import (  # noqa: F401 - they add their commands
        cli_accounts,
        cli_board,
        cli_documents,
        cli_parts,
        cli_reconcile,
        cli_tokens,
    )

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that knows no “ŵ” shows “?”, and the rest
    try:
        app()
    except DatrysError as fault:
        for line in fault.lines:
            typer.echo(printing.plain(line), err=True)
        sys.exit(fault.exit_code)
    except Exception as fault:
        if os.environ.get("DATRYS_TRACEBACK"):
            raise
        what = f"Datrys failed where it should not ({type(fault).__name__})"
        typer.echo(f"{what}; please report it. DATRYS_TRACEBACK=1 shows more.", err=True)
        sys.exit(1)
