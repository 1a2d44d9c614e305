"""The board's calendar: meetings of each group, added, moved and cancelled one by one or by a file."""

import asyncio
import secrets
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from fastapi import APIRouter
from fastapi.responses import Response

from protocols.errors import BadFile, CaseUnknown
from protocols.working_days import LONDON
from records import directory
from records.board_files import MeetingRow
from records.csv_rows import one_row
from records.directory import Meeting
from records.drafts import Draft
from starter.checks.board import next_meetings
from starter.loads import MeetingsAhead
from starter.pages.forms import Faults, Form, Sent, read_choice, read_moment
from starter.pages.tongues import later
from starter.pages.unit.begun import Check, Done, Kind, begin, typed_before
from starter.pages.unit.files import answer_of, file_of, handed_over, of_file, of_row
from starter.pages.unit.who import NOT_THERE, AsUnit, Unit, cases_of, unit_for
from starter.pages.visit import Visit

router = APIRouter()
WHAT = "meetings"
GROUPS = {
    "qa_children": later("QA Sub Group, children"),
    "qa_adults": later("QA Sub Group, adults"),
    "board": later("The Board"),
}
STATUSES = {"planned": later("It takes place"), "cancelled": later("It is cancelled")}
LABELS = {
    "group": later("Who meets"),
    "starts_at": later("When it starts"),
    "papers_due": later("When the papers are due"),
    "status": later("Whether it takes place"),
}
FILE_NAME = "meetings.csv"
KEY_DIGITS = 16


class Group(NamedTuple):
    """The meetings of one group: those ahead, and those of the past."""

    name: str
    awaited: bool
    ahead: tuple[Meeting, ...]
    past: tuple[Meeting, ...]


def key_of(row_id: str) -> str:
    """What an address calls a row of the board's files: its own id may be anything, a name too."""
    return sha256(row_id.encode()).hexdigest()[:KEY_DIGITS]


@router.api_route("/unit/meetings", methods=["GET", "HEAD"])
def meetings(unit: AsUnit) -> Response:
    """All meetings, by group."""
    listed = groups(unit)
    return unit.visit.page("unit/meetings.html.j2", unit=unit, groups=listed, names=GROUPS, key_of=key_of)


def groups(unit: Unit) -> list[Group]:
    """The groups of the board that meet, or that a time limit waits for."""
    database, now = unit.visit.door.database, unit.visit.now
    known = directory.meetings(database, unit.board)
    awaited = next_meetings(database, unit.edition, now)
    names = [name for name in GROUPS if name in awaited or any(one.group == name for one in known)]
    return [
        Group(
            name,
            name in awaited,
            tuple(one for one in known if one.group == name and one.starts_at > now),
            tuple(one for one in reversed(known) if one.group == name and one.starts_at <= now),
        )
        for name in names
    ]


# --- one meeting


@router.api_route("/unit/meetings/add", methods=["GET", "HEAD"])
def add(unit: AsUnit, draft: str = "") -> Response:
    """Ask for a new one."""
    return _form(unit, typed_before(unit.visit, draft, WHAT))


@router.post("/unit/meetings/add")
def added(form: Sent, unit: AsUnit) -> Response:
    """Show the new one once more."""
    return _take(unit, form, None)


@router.api_route("/unit/meetings/change/{key}", methods=["GET", "HEAD"])
def change(unit: AsUnit, key: str, draft: str = "") -> Response:
    """Ask what is different about one."""
    meeting = _known(unit, key)
    return _form(unit, typed_before(unit.visit, draft, WHAT) or _as_typed(meeting), meeting)


@router.post("/unit/meetings/change/{key}")
def changed(form: Sent, unit: AsUnit, key: str) -> Response:
    """Show the change once more."""
    return _take(unit, form, _known(unit, key))


def _known(unit: Unit, key: str) -> Meeting:
    known = directory.meetings(unit.visit.door.database, unit.board)
    found = next((one for one in known if key_of(one.id) == key), None)
    if found is None:
        raise CaseUnknown(NOT_THERE)
    return found


def _form(
    unit: Unit, typed: Mapping[str, str], meeting: Meeting | None = None, faults: Faults | None = None
) -> Response:
    names = [one.name for one in groups(unit)] or list(GROUPS)
    say = unit.visit.say
    return unit.visit.page(
        "unit/meeting.html.j2",
        422 if faults else 200,
        unit=unit,
        typed=typed,
        faults=faults or Faults(),
        meeting=meeting,
        groups=[(name, say(GROUPS[name])) for name in names],
        statuses=[(name, say(words)) for name, words in STATUSES.items()],
        labels={name: say(words) for name, words in LABELS.items()},
    )


def _take(unit: Unit, form: Form, meeting: Meeting | None) -> Response:
    visit, say, faults = unit.visit, unit.visit.say, Faults()
    group = read_choice(form, "group", GROUPS, say("who meets"), faults, say)
    starts_at = read_moment(form, "starts_at", say("when it starts"), faults, say)
    papers_due = read_moment(form, "papers_due", say("when the papers are due"), faults, say, required=False)
    status = read_choice(form, "status", STATUSES, say("whether it takes place"), faults, say) if meeting else "planned"
    row = {
        "id": meeting.id if meeting else f"{group}-{secrets.token_hex(4)}",
        "board": unit.board,
        "group": group,
        "starts_at": starts_at.isoformat() if starts_at else "",
        "papers_due": papers_due.isoformat() if papers_due else "",
        "status": status,
    }
    file = one_row(FILE_NAME, row)
    try:
        if not faults:
            visit.door.meetings_ahead(file, unit.may_load)
    except BadFile as bad:
        labels = [(name, say(words)) for name, words in LABELS.items()]
        faults.update(of_row(visit, bad, labels))
    if faults:
        return _form(unit, form.typed(), meeting, faults)
    facts = {"what": WHAT, "board": unit.board, "changes": key_of(meeting.id) if meeting else "", "one": True}
    return begin(visit, facts, {**answer_of(file), "typed": form.typed()})


def _as_typed(meeting: Meeting) -> dict[str, str]:
    """A meeting as somebody would have typed it."""
    typed = {"group": meeting.group, "status": meeting.status}
    return typed | _moment("starts_at", meeting.starts_at) | _moment("papers_due", meeting.papers_due)


def _moment(name: str, moment: datetime | None) -> dict[str, str]:
    if moment is None:
        return {}
    here = moment.astimezone(LONDON)
    day, month, year, hour = here.day, here.month, here.year, f"{here:%H:%M}"
    return {f"{name}-day": str(day), f"{name}-month": str(month), f"{name}-year": str(year), f"{name}-time": hour}


# --- a file of them


@router.api_route("/unit/meetings/upload", methods=["GET", "HEAD"])
def upload(unit: AsUnit) -> Response:
    """Ask for a file."""
    return _ask_for_file(unit, Faults())


@router.post("/unit/meetings/upload")
def uploaded(form: Sent, unit: AsUnit) -> Response:
    """Show what the file would do."""
    visit, words = unit.visit, unit.visit.say("a file of meetings")
    file = handed_over(visit, form, FILE_NAME, words, lambda file: visit.door.meetings_ahead(file, unit.may_load))
    if isinstance(file, Faults):
        return _ask_for_file(unit, file)
    return begin(visit, {"what": WHAT, "board": unit.board, "changes": "", "one": False}, answer_of(file))


def _ask_for_file(unit: Unit, faults: Faults) -> Response:
    say = unit.visit.say
    return unit.visit.page(
        "unit/upload.html.j2",
        422 if faults else 200,
        unit=unit,
        faults=faults,
        title=say("Load a file of meetings"),
        label=say("File of meetings"),
        hint=say("A CSV file in UTF-8 with these columns:"),
        columns=list(MeetingRow.model_fields),
        notes=[say("A meeting with the same id again is a change. Meetings that the file does not name stay.")],
        back=(unit.to("/unit/meetings"), say("Meetings")),
    )


# --- before, doing it, after


def _ahead(visit: Visit, draft: Draft) -> tuple[Unit, MeetingsAhead]:
    unit = unit_for(visit, draft.facts["board"])
    return unit, visit.door.meetings_ahead(file_of(draft, FILE_NAME), unit.may_load)


def check(visit: Visit, draft: Draft) -> Check:
    """What these meetings would change, and how many open cases it concerns."""
    say, many = visit.say, visit.tongue.many
    unit = unit_for(visit, draft.facts["board"])
    back = _back(unit, draft)
    try:
        _, ahead = _ahead(visit, draft)
    except BadFile as bad:
        return Check(say("This cannot be loaded any more"), (), "", back, faults=of_file(visit, bad))
    one = draft.facts["one"]
    rows = _rows_of_one(unit, ahead) if one else ()
    rows = rows or (
        (say("Meetings in the file"), str(ahead.rows)),
        (say("New"), "\n".join(_line(unit, row) for row in ahead.new) or say("None")),
        (say("Changed"), "\n".join(_line(unit, row) for row in ahead.changed) or say("None")),
    )
    concerned = len(cases_of(unit).keys() & set(ahead.concerned))
    if not ahead.new and not ahead.changed:
        return Check(say("Nothing changes"), rows, "", back, (say("All of this is in the calendar already."),))
    tells = many("%(number)s open case will be told.", "%(number)s open cases will be told.", concerned)
    notes = (
        (tells, say("Its time limits that wait for the meeting are worked out anew, and those concerned get a mail."))
        if concerned
        else (say("No open case waits for this group: nobody is told."),)
    )
    title, button = (say("Check the meeting"), say("Save")) if one else (say("Check the meetings"), say("Load"))
    return Check(title, rows, button, back, notes, _twice(unit, ahead))


def _twice(unit: Unit, ahead: MeetingsAhead) -> tuple[str, ...]:
    """Whether a group would meet twice at the same time."""
    known = directory.meetings(unit.visit.door.database, unit.board)
    ids = {row.id for row in (*ahead.new, *ahead.changed)}
    stand = {(one.group, one.starts_at) for one in known if one.status == "planned" and one.id not in ids}
    twice = [row for row in (*ahead.new, *ahead.changed) if (row.group, row.starts_at) in stand]
    say = unit.visit.say
    planned = (_line(unit, row) for row in twice if row.status == "planned")
    return tuple(say("This group meets at this time already: %(what)s", what=what) for what in planned)


def _back(unit: Unit, draft: Draft) -> str:
    if not draft.facts["one"]:
        return unit.to("/unit/meetings/upload")
    key = draft.facts["changes"]
    return unit.to(f"/unit/meetings/change/{key}" if key else "/unit/meetings/add", draft=draft.id)


def _rows_of_one(unit: Unit, ahead: MeetingsAhead) -> tuple[tuple[str, str], ...]:
    say, moment = unit.visit.say, unit.visit.tongue.moment
    for row in (*ahead.new, *ahead.changed):
        known = directory.meetings(unit.visit.door.database, unit.board)
        before = next((one for one in known if one.id == row.id), None)
        was = before.starts_at if before and before.starts_at != row.starts_at else None
        return (
            (say(LABELS["group"]), say(GROUPS[row.group])),
            (say(LABELS["starts_at"]), moment(row.starts_at)),
            *(((say("Until now it was to start"), moment(was)),) if was else ()),
            (say(LABELS["papers_due"]), moment(row.papers_due) if row.papers_due else say("Not said")),
            (say(LABELS["status"]), say(STATUSES[row.status])),
        )
    return ()


def _line(unit: Unit, row: MeetingRow) -> str:
    cancelled = f" ({unit.visit.say('cancelled')})" if row.status == "cancelled" else ""
    return f"{unit.visit.say(GROUPS[row.group])}: {unit.visit.tongue.moment(row.starts_at)}{cancelled}"


async def act(visit: Visit, draft: Draft) -> dict[str, Any]:
    """Load them, and tell the open cases."""
    unit = await asyncio.to_thread(unit_for, visit, draft.facts["board"])
    rows, told = await visit.door.load_meetings(file_of(draft, FILE_NAME), unit.may_load, unit.held.person)
    mine = await asyncio.to_thread(cases_of, unit)
    return {"rows": rows, "told": [reference for reference in told if reference in mine]}


def done(visit: Visit, draft: Draft) -> Done:
    """Which cases were told."""
    say, unit = visit.say, unit_for(visit, draft.facts["board"])
    outcome = draft.answers["outcome"]
    told = tuple(outcome["told"])
    notes = (
        visit.tongue.many("%(number)s open case was told:", "%(number)s open cases were told:", len(told))
        if told
        else say("No open case had to be told."),
    )
    loaded = visit.tongue.many("%(number)s meeting is loaded", "%(number)s meetings are loaded", outcome["rows"])
    title = say("The meeting is saved") if draft.facts["one"] else loaded
    onward = ((unit.to("/unit/meetings"), say("Meetings")), (unit.to("/unit"), say("Business Unit")))
    return Done(title, notes, onward, cases=told)


KIND = Kind(check, act, done)
__all__ = ["GROUPS", "KIND", "WHAT", "groups", "key_of", "router"]
