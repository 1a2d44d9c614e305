"""The directory of the board: who holds which role, by role, and what is found by a word."""

from collections.abc import Sequence
from typing import NamedTuple

from fastapi import APIRouter
from fastapi.responses import Response

from protocols.errors import CaseUnknown
from records import directory
from records.board_files import PersonRow
from records.directory import Listed
from starter.checks.board import Vacancy, vacancies
from starter.pages.forms import Faults, Sent, read_line
from starter.pages.unit.begun import begin
from starter.pages.unit.files import answer_of, handed_over
from starter.pages.unit.meetings import key_of
from starter.pages.unit.person import FILE_NAME, WHAT
from starter.pages.unit.who import GROUPS, NOT_THERE, AsUnit, Unit

router = APIRouter()


class Line(NamedTuple):
    """A role in the list: how many rows there are, and where nobody holds it."""

    role: str
    rows: int
    vacancy: Vacancy | None


@router.api_route("/unit/people", methods=["GET", "HEAD"])
def people(unit: AsUnit, role: str = "") -> Response:
    """The roles of the board; or, with one, everybody who holds it."""
    rows = directory.people(unit.visit.door.database, unit.board)
    if role:
        return _of_role(unit, role, rows)
    return _roles(unit, rows)


def _roles(unit: Unit, rows: Sequence[Listed], faults: Faults | None = None, typed: str = "") -> Response:
    vacant = {one.role: one for one in vacancies(unit.visit.door.database, unit.edition, rows)}
    lines = [Line(role, sum(row.role == role for row in rows), vacant.get(role)) for role in unit.edition.roles]
    status = 422 if faults else 200
    return unit.visit.page(
        "unit/people.html.j2", status, unit=unit, lines=lines, faults=faults or Faults(), typed=typed
    )


def _of_role(unit: Unit, role: str, rows: Sequence[Listed]) -> Response:
    if role not in unit.edition.roles:
        raise CaseUnknown(NOT_THERE)
    found = sorted((row for row in rows if row.role == role), key=lambda row: (row.agency, row.authority, row.group))
    vacant = next((one for one in vacancies(unit.visit.door.database, unit.edition, rows) if one.role == role), None)
    page = "unit/role.html.j2"
    where = unit.places(vacant.where) if vacant else ""
    return unit.visit.page(
        page, unit=unit, role=role, rows=found, vacancy=vacant, where=where, key_of=key_of, groups=GROUPS
    )


@router.post("/unit/people")
def search(form: Sent, unit: AsUnit) -> Response:
    """Find somebody by a word; not by the address of a page, which would keep a name."""
    say, faults = unit.visit.say, Faults()
    word = read_line(form, "word", say("a name, an address, an agency or an authority"), faults, say)
    rows = directory.people(unit.visit.door.database, unit.board)
    if faults:
        return _roles(unit, rows, faults, word)
    found = [row for row in rows if any(word.casefold() in cell.casefold() for cell in _searched(row))]
    page = "unit/found.html.j2"
    return unit.visit.page(page, unit=unit, rows=found, word=word, key_of=key_of, groups=GROUPS, faults=faults)


def _searched(row: Listed) -> tuple[str, ...]:
    return (row.name, row.email, row.deputy_name, row.deputy_email, row.agency, row.authority)


@router.api_route("/unit/people/upload", methods=["GET", "HEAD"])
def upload(unit: AsUnit) -> Response:
    """Ask for a file."""
    return _ask_for_file(unit, Faults())


@router.post("/unit/people/upload")
def uploaded(form: Sent, unit: AsUnit) -> Response:
    """Show what the file would do."""
    visit, words = unit.visit, unit.visit.say("a file of people")
    file = handed_over(visit, form, FILE_NAME, words, lambda file: visit.door.people_ahead(file, unit.may_load))
    if isinstance(file, Faults):
        return _ask_for_file(unit, file)
    return begin(visit, {"what": WHAT, "board": unit.board, "form": ""}, answer_of(file))


def _ask_for_file(unit: Unit, faults: Faults) -> Response:
    say = unit.visit.say
    return unit.visit.page(
        "unit/upload.html.j2",
        422 if faults else 200,
        unit=unit,
        faults=faults,
        title=say("Load a file of people"),
        label=say("File of people"),
        hint=say("A CSV file in UTF-8 with these columns:"),
        columns=list(PersonRow.model_fields),
        notes=[
            say("A row with the same id again is a change. People whom the file does not name stay."),
            say("New notices go to them; mails already sent do not."),
        ],
        back=(unit.to("/unit/people"), say("People")),
    )
