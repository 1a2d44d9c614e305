"""What a board loads: `datrys agencies`, `people`, `meetings`, `holidays`; open cases take the change."""

from pathlib import Path
from typing import Annotated

import typer

from records import directory, loading
from starter import printing
from starter.acting import Acting
from starter.cli import AsJson, app, run, somebody

File = Annotated[Path, typer.Argument(help="The file to load (docs/files.md).")]

agencies = typer.Typer(help="The agencies of the directory.", no_args_is_help=True)
people = typer.Typer(help="Who holds which role.", no_args_is_help=True)
meetings = typer.Typer(help="The boards' calendar of meetings.", no_args_is_help=True)
holidays = typer.Typer(help="Bank holidays of England and Wales.", no_args_is_help=True)
for name, commands in (("agencies", agencies), ("people", people), ("meetings", meetings), ("holidays", holidays)):
    app.add_typer(commands, name=name)


def _told(cases: list[str]) -> str:
    return f"{printing.count(len(cases), 'open case', 'open cases')} told"


def _may_load(who: Acting) -> Acting:
    who.loading()
    return who


def _loader() -> Acting:
    """Whoever loads, if they may."""
    return _may_load(somebody())


def _reader() -> Acting:
    """Whoever reads what was loaded, if they may."""
    who = somebody()
    who.listing()
    return who


@agencies.command("import")
def import_agencies(file: File) -> None:
    """Load agencies; rows not named stay."""
    rows = loading.load_agencies(_loader().door.database, file).rows
    typer.echo(f"{printing.count(rows, 'agency', 'agencies')} loaded")


@agencies.command("list")
def list_agencies(as_json: AsJson = False) -> None:
    """The agencies of the directory."""
    printing.table(directory.agencies(_reader().door.database).values(), as_json)


@people.command("import")
def import_people(file: File) -> None:
    """Load people; rows not named stay."""
    who = _loader()
    typer.echo(f"{printing.count(who.door.load_people(file, who.may_load).rows, 'person', 'people')} loaded")


@people.command("list")
def list_people(as_json: AsJson = False) -> None:
    """Who holds which role."""
    who = _reader()
    rows = [row for row in directory.people(who.door.database) if who.may_list(row.board)]
    if as_json:
        printing.table(rows, as_json)
    else:
        printing.people(rows)


@meetings.command("import")
def import_meetings(file: File) -> None:
    """Load meetings; open cases that wait for one take the change."""
    rows, told = run(lambda who: _may_load(who).door.load_meetings(file, who.may_load, who.person))
    typer.echo(f"{printing.count(rows, 'meeting', 'meetings')} loaded; {_told(told)}")


@meetings.command("list")
def list_meetings(as_json: AsJson = False) -> None:
    """The meetings of the calendar."""
    who = _reader()
    rows = [row for row in directory.meetings(who.door.database) if who.may_list(row.board)]
    printing.table(rows, as_json)


@holidays.command("update")
def update_holidays(file: File) -> None:
    """Load GOV.UK's bank holidays; running clocks are reckoned anew."""
    rows, told = run(lambda who: _may_load(who).door.load_holidays(file, who.person))
    typer.echo(f"{printing.count(rows, 'bank holiday', 'bank holidays')} loaded; {_told(told)}")
