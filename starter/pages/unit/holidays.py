"""Bank holidays: until when they are known, and loading GOV.UK's list; all boards share it."""

import asyncio
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from protocols.errors import BadFile
from records import directory
from records.drafts import Draft
from starter.checks.board import Known, known_until
from starter.pages.forms import Faults, Sent
from starter.pages.unit.begun import Check, Done, Kind, begin
from starter.pages.unit.files import answer_of, file_of, handed_over, of_file
from starter.pages.unit.who import AsUnit, Unit, cases_of, unit_for
from starter.pages.visit import Visit

router = APIRouter()
WHAT = "holidays"
FILE_NAME = "bank-holidays.json"


@router.api_route("/unit/holidays", methods=["GET", "HEAD"])
def holidays(unit: AsUnit) -> Response:
    """Until when they are known, and a form for newer ones."""
    return _page(unit, Faults())


@router.post("/unit/holidays")
def uploaded(form: Sent, unit: AsUnit) -> Response:
    """Show what the list would change."""
    visit, words = unit.visit, unit.visit.say("a list of bank holidays")
    file = handed_over(visit, form, FILE_NAME, words, visit.door.holidays_ahead)
    if isinstance(file, Faults):
        return _page(unit, file)
    return begin(visit, {"what": WHAT, "board": unit.board}, answer_of(file))


def _page(unit: Unit, faults: Faults) -> Response:
    visit = unit.visit
    last, known = known_until(visit.door.database, visit.now)
    ahead = [day for day in directory.holidays(visit.door.database).dates if day >= visit.now.date()]
    status = 422 if faults else 200
    ends, ended = known is not Known.LONG, known is Known.ENDED
    page = "unit/holidays.html.j2"
    return visit.page(page, status, unit=unit, faults=faults, last=last, ends=ends, ended=ended, ahead=ahead)


def check(visit: Visit, draft: Draft) -> Check:
    """How many days are new or gone, and how many open cases are told."""
    say, unit = visit.say, unit_for(visit, draft.facts["board"])
    back = unit.to("/unit/holidays")
    try:
        ahead = visit.door.holidays_ahead(file_of(draft, FILE_NAME))
    except BadFile as bad:
        return Check(say("This cannot be loaded any more"), (), "", back, faults=of_file(visit, bad))
    rows = (
        (say("Days that become bank holidays"), str(ahead.new)),
        (say("Days that are none any more"), str(ahead.gone)),
        (say("Known until"), visit.tongue.day(ahead.holidays.last_day)),
    )
    if not ahead.new and not ahead.gone:
        return Check(say("Nothing changes"), rows, "", back, (say("All these bank holidays are known already."),))
    mine = len(cases_of(unit).keys() & set(ahead.concerned))
    tells = visit.tongue.many(
        "%(number)s open case of your board will be told.", "%(number)s open cases of your board will be told.", mine
    )
    anew = say("Time limits may become longer, never shorter; those concerned get a mail. This holds for every board.")
    return Check(say("Check the bank holidays"), rows, say("Load"), back, (tells, anew))


async def act(visit: Visit, draft: Draft) -> dict[str, Any]:
    """Load them, and tell the open cases."""
    unit = await asyncio.to_thread(unit_for, visit, draft.facts["board"])
    number, told = await visit.door.load_holidays(file_of(draft, FILE_NAME), unit.held.person)
    await asyncio.to_thread(visit.house.duty.read, visit.door.database)
    mine = await asyncio.to_thread(cases_of, unit)
    return {"rows": number, "told": len(mine.keys() & set(told))}


def done(visit: Visit, draft: Draft) -> Done:
    """How many cases were told: those of other boards are not named here."""
    say, unit = visit.say, unit_for(visit, draft.facts["board"])
    outcome = draft.answers["outcome"]
    title = visit.tongue.many(
        "%(number)s bank holiday is loaded", "%(number)s bank holidays are loaded", outcome["rows"]
    )
    told = visit.tongue.many(
        "%(number)s open case of your board was told.",
        "%(number)s open cases of your board were told.",
        outcome["told"],
    )
    onward = ((unit.to("/unit/holidays"), say("Bank holidays")), (unit.to("/unit"), say("Business Unit")))
    return Done(title, (told if outcome["told"] else say("No open case had to be told."),), onward)


KIND = Kind(check, act, done)
