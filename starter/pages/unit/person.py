"""One holder of a role: added, changed, vacated; and what loading people comes to."""

import asyncio
import re
import secrets
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from protocols.errors import BadFile, CaseUnknown
from protocols.roles import Role
from records import directory
from records.board_files import PersonRow
from records.csv_rows import one_row
from records.directory import Listed
from records.drafts import Draft
from records.targets import usable
from starter.checks.board import DUTY_TEAM
from starter.loads import PeopleAhead
from starter.pages.forms import Faults, Form, Sent, read_choice, read_line
from starter.pages.tongues import later
from starter.pages.unit.begun import Check, Done, Kind, begin, typed_before
from starter.pages.unit.files import answer_of, file_of, of_file, of_row
from starter.pages.unit.meetings import key_of
from starter.pages.unit.who import GROUPS, NOT_THERE, UNIT, AsUnit, Unit, unit_for
from starter.pages.visit import Visit

router = APIRouter()
WHAT = "people"
FILE_NAME = "people.csv"
EVERY = "every"
"""Stands in a form for no limit; in the files it is an empty cell."""
LABELS = {
    "name": later("Name"),
    "email": later("Mail address"),
    "agency": later("Agency"),
    "authority": later("Local authority"),
    "group": later("Whose cases"),
    "phone": later("Work telephone"),
    "language": later("Which language comes first in mails"),
    "deputy_name": later("Name of the deputy"),
    "deputy_email": later("Mail address of the deputy"),
    "phone_office_hours": later("Number in office hours"),
    "phone_out_of_hours": later("Number at night and at weekends"),
}
LANGUAGES = {"cy": later("Welsh"), "en": later("English")}
CLEARED = ("name", "email", "phone", "language")
"""What goes where a role is vacated; the deputy stays."""
NUMBER = re.compile(r"\+?[0-9][0-9 ()-]{2,28}[0-9]")


@router.api_route("/unit/people/add", methods=["GET", "HEAD"])
def add(unit: AsUnit, role: str, draft: str = "") -> Response:
    """Ask for a new holder of a role."""
    return _form(unit, _role(unit, role), typed_before(unit.visit, draft, WHAT))


@router.post("/unit/people/add")
def added(form: Sent, unit: AsUnit, role: str) -> Response:
    """Show the new one once more."""
    return _take(unit, _role(unit, role), form, None)


@router.api_route("/unit/people/change/{key}", methods=["GET", "HEAD"])
def change(unit: AsUnit, key: str, draft: str = "") -> Response:
    """Ask what is different about a holder."""
    row = _known(unit, key)
    return _form(unit, row.role, typed_before(unit.visit, draft, WHAT) or _as_typed(row), row)


@router.post("/unit/people/change/{key}")
def changed(form: Sent, unit: AsUnit, key: str) -> Response:
    """Show the change once more."""
    row = _known(unit, key)
    return _take(unit, row.role, form, row)


@router.post("/unit/people/vacate/{key}")
def vacate(form: Sent, unit: AsUnit, key: str) -> Response:
    """Show once more that nobody is to hold it."""
    row = _known(unit, key)
    values = row._asdict() | dict.fromkeys(CLEARED, "")
    facts = {"what": WHAT, "board": unit.board, "form": unit.to("/unit/people", role=row.role)}
    return begin(unit.visit, facts, answer_of(one_row(FILE_NAME, values)))


def _role(unit: Unit, role: str) -> str:
    if role not in unit.edition.roles:
        raise CaseUnknown(NOT_THERE)
    return role


def _known(unit: Unit, key: str) -> Listed:
    rows = directory.people(unit.visit.door.database, unit.board)
    found = next((row for row in rows if key_of(row.id) == key and row.role in unit.edition.roles), None)
    if found is None:
        raise CaseUnknown(NOT_THERE)
    return found


def fields_of(unit: Unit, role: str) -> list[str]:
    """The columns that are asked for of a role."""
    of = unit.edition.roles[role].of
    left_out = set() if of.endswith("agency") or of == "case" else {"agency"}
    left_out |= set() if of == "authority" else {"authority"}
    left_out |= set() if role == DUTY_TEAM else {"phone_office_hours", "phone_out_of_hours"}
    return [name for name in LABELS if name not in left_out]


def _form(
    unit: Unit, role: str, typed: Mapping[str, str], row: Listed | None = None, faults: Faults | None = None
) -> Response:
    visit, say = unit.visit, unit.visit.say
    agencies = directory.agencies(visit.door.database).values()
    names = [(one.code, f"{one.name_cy if visit.language == 'cy' else one.name_en} ({one.code})") for one in agencies]
    return visit.page(
        "unit/person.html.j2",
        422 if faults else 200,
        unit=unit,
        role=role,
        row=row,
        key=key_of(row.id) if row else "",
        typed=typed,
        faults=faults or Faults(),
        fields=fields_of(unit, role),
        labels={name: say(words) for name, words in LABELS.items()},
        agencies=names,
        authorities=[*((name, name) for name in unit.edition.authorities), (EVERY, say("All local authorities"))],
        groups=[*((name, capital_of(say(words))) for name, words in GROUPS.items()), (EVERY, say("Both"))],
        languages=[(name, say(words)) for name, words in LANGUAGES.items()],
    )


def capital_of(words: str) -> str:
    """With a capital at its begin."""
    return words[:1].upper() + words[1:]


def _take(unit: Unit, role: str, form: Form, row: Listed | None) -> Response:
    visit, faults = unit.visit, Faults()
    fields = fields_of(unit, role)
    kept = row._asdict() if row else dict.fromkeys(PersonRow.model_fields, "")
    own = {"id": row.id if row else f"{role}-{secrets.token_hex(4)}", "board": unit.board, "role": role}
    values = kept | own | {name: _read(unit, role, name, form, faults) for name in fields}
    file = one_row(FILE_NAME, values)
    try:
        if not faults:
            visit.door.people_ahead(file, unit.may_load)
    except BadFile as bad:
        faults.update(of_row(visit, bad, [(name, visit.say(LABELS[name])) for name in fields]))
    if faults:
        return _form(unit, role, form.typed(), row, faults)
    where = f"/unit/people/change/{key_of(row.id)}" if row else "/unit/people/add"
    facts = {"what": WHAT, "board": unit.board, "form": unit.to(where, **({} if row else {"role": role}))}
    return begin(visit, facts, {"file": file.content.decode(), "typed": form.typed()})


def _read(unit: Unit, role: str, name: str, form: Form, faults: Faults) -> str:
    """One column as the file has it."""
    say = unit.visit.say
    words = say(LABELS[name])
    what = words[:1].lower() + words[1:]
    match name:
        case "agency":
            codes = directory.agencies(unit.visit.door.database)
            required = unit.edition.roles[role].of != "case"
            return read_choice(form, name, codes, what, faults, say, required=required)
        case "authority":
            chosen = read_choice(form, name, [*unit.edition.authorities, EVERY], what, faults, say)
            return "" if chosen == EVERY else chosen
        case "group":
            chosen = read_choice(form, name, [*GROUPS, EVERY], what, faults, say)
            return "" if chosen == EVERY else chosen
        case "language":
            return read_choice(form, name, LANGUAGES, what, faults, say, required=False)
        case _:
            return _read_words(role, name, what, form, faults, say)


def _read_words(role: str, name: str, what: str, form: Form, faults: Faults, say: Any) -> str:
    required = {"name", "phone_office_hours"} | ({"email"} if role != DUTY_TEAM else set())
    words = read_line(form, name, what, faults, say, required=name in required)
    if words and name.endswith("email") and not usable(words):
        faults.add(name, say("Enter a mail address in the form name@example.org"))
    if words and name.startswith("phone_") and not NUMBER.fullmatch(words):
        faults.add(name, say("Enter a telephone number, such as 01632 960001"))
    return words


def _as_typed(row: Listed) -> dict[str, str]:
    """A row as somebody would have typed it."""
    return row._asdict() | {"authority": row.authority or EVERY, "group": row.group or EVERY}


# --- before, doing it, after


def check(visit: Visit, draft: Draft) -> Check:
    """What the rows would change, and who is affected."""
    say, unit = visit.say, unit_for(visit, draft.facts["board"])
    form = draft.facts["form"]
    back = f"{form}{'&' if '?' in form else '?'}draft={draft.id}" if form else unit.to("/unit/people/upload")
    try:
        ahead = visit.door.people_ahead(file_of(draft, FILE_NAME), unit.may_load)
    except BadFile as bad:
        return Check(say("This cannot be loaded any more"), (), "", back, faults=of_file(visit, bad))
    rows = (*ahead.new, *ahead.changed)
    shown = _of_one(unit, rows[0]) if form and rows else _of_many(unit, ahead)
    if not rows:
        return Check(say("Nothing changes"), shown, "", back, (say("All of this is in the directory already."),))
    notes = [say("New notices go to them; mails already sent do not.")]
    if form and not rows[0].email and not rows[0].deputy_email:
        notes = [say("Nobody holds the role then: its mails go to the Business Unit.")]
    elif form and not rows[0].email:
        notes = [say("Nobody holds the role then: its mails go to the deputy.")]
    title, button = (say("Check who holds the role"), say("Save")) if form else (say("Check the people"), say("Load"))
    return Check(title, shown, button, back, tuple(notes), tuple(_warnings(unit, ahead)))


def _of_many(unit: Unit, ahead: PeopleAhead) -> tuple[tuple[str, str], ...]:
    say = unit.visit.say
    roles = dict.fromkeys(unit.role(row.role) for row in (*ahead.new, *ahead.changed))
    counts = ((say("Rows in the file"), ahead.rows), (say("New"), len(ahead.new)), (say("Changed"), len(ahead.changed)))
    lines = tuple((label, str(number)) for label, number in counts)
    return (*lines, (say("Roles concerned"), "\n".join(roles))) if roles else lines


def _of_one(unit: Unit, row: PersonRow) -> tuple[tuple[str, str], ...]:
    say = unit.visit.say
    everything = {"authority": say("All local authorities"), "group": say("Both")}
    values = row.model_dump()
    said = {name: str(values[name]) for name in fields_of(unit, row.role)}
    said["group"] = capital_of(say(GROUPS[row.group])) if row.group else ""
    said["language"] = say(LANGUAGES[row.language]) if row.language else ""
    lines = [(say(LABELS[name]), value or everything.get(name) or say("Not said")) for name, value in said.items()]
    return ((say("Role"), unit.role(row.role)), *lines)


def _warnings(unit: Unit, ahead: PeopleAhead) -> list[str]:
    """Whoever holds a role until now and will not any more; above all whoever does this."""
    visit, me = unit.visit, unit.visit.person.email
    rows, warnings = (*ahead.new, *ahead.changed), []
    if any(row.role == UNIT.role and me not in (row.email.lower(), row.deputy_email.lower()) for row in rows):
        warnings.append(visit.say("You may no longer be able to open these pages afterwards."))
    known = {one.id: one for one in directory.people(visit.door.database, unit.board)}
    for row in rows if len(rows) == 1 else ():
        before = known.get(row.id) or directory.listed_holder(
            visit.door.database, unit.board, Role(role=row.role, agency=row.agency), row.authority, row.group
        )
        named = before is not None and before.email and before.email.lower() != row.email.lower()
        if before and named and row.role != DUTY_TEAM:
            warnings.append(visit.say("%(name)s holds it until now, and will not any more.", name=before.name))
    if warnings:
        links = visit.say("Whoever no longer holds the role can no longer open its cases, nor the links of its mails.")
        warnings.append(links)
    return warnings


async def act(visit: Visit, draft: Draft) -> dict[str, Any]:
    """Load them; the numbers to ring are read anew."""
    unit = await asyncio.to_thread(unit_for, visit, draft.facts["board"])
    loaded = await asyncio.to_thread(visit.door.load_people, file_of(draft, FILE_NAME), unit.may_load)
    await asyncio.to_thread(visit.house.duty.read, visit.door.database)
    return {"rows": loaded.changed}


def done(visit: Visit, draft: Draft) -> Done:
    """How many rows are different now."""
    say, unit = visit.say, unit_for(visit, draft.facts["board"])
    number = draft.answers["outcome"]["rows"]
    loaded = visit.tongue.many("%(number)s row is loaded", "%(number)s rows are loaded", number)
    title = say("The change is saved") if draft.facts["form"] else loaded
    notes = (say("New notices go to them; mails already sent do not."),)
    onward = ((unit.to("/unit/people"), say("People")), (unit.to("/unit"), say("Business Unit")))
    return Done(title, notes, onward)


KIND = Kind(check, act, done)
