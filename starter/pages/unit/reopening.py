"""An ended case is opened again, at a stage that it went through."""

import asyncio
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from protocols.errors import Refused
from records import cases
from records.cases import CaseFacts
from records.drafts import Draft
from starter.going_back import ENDED, stages_to_open
from starter.pages.forms import Faults, Form, Sent, read_choice, read_text
from starter.pages.unit.begun import REFUSED, Check, Done, Kind, begin, typed_before
from starter.pages.unit.who import AsCase, UnitCase, case_of
from starter.pages.visit import Visit

router = APIRouter()
WHAT = "reopen"


def facts_of(case: UnitCase) -> CaseFacts:
    """How the case stands."""
    return cases.case_facts(case.unit.visit.door.database, case.reference)


@router.api_route("/unit/cases/{reference}/reopen", methods=["GET", "HEAD"])
def reopen(case: AsCase, draft: str = "") -> Response:
    """Ask for the stage and the reason."""
    return _form(case, Form({}), Faults(), typed_before(case.unit.visit, draft, WHAT))


@router.post("/unit/cases/{reference}/reopen")
def reopened(form: Sent, case: AsCase) -> Response:
    """Show it once more."""
    visit, facts, faults = case.unit.visit, facts_of(case), Faults()
    stages = stages_to_open(facts, visit.now) if facts.stage == ENDED else []
    stage = read_choice(form, "stage", stages, visit.say("the stage that the case goes on from"), faults, visit.say)
    reason = read_text(form, "reason", visit.say("why the case is opened again"), faults, visit.say)
    if faults:
        return _form(case, form, faults, form.typed())
    told = {"what": WHAT, "stage": stage}
    return begin(visit, told, {"reason": reason, "typed": form.typed()}, case.reference)


def _form(case: UnitCase, form: Form, faults: Faults, typed: dict[str, str]) -> Response:
    facts, visit = facts_of(case), case.unit.visit
    stages = stages_to_open(facts, visit.now) if facts.stage == ENDED else []
    return visit.page(
        "unit/reopen.html.j2",
        422 if faults else 200,
        concerning=case.seen,
        unit=case.unit,
        reference=case.reference,
        ended=facts.stage == ENDED,
        stages=[(stage, case.unit.stage(stage)) for stage in stages],
        typed=typed,
        faults=faults,
    )


def check(visit: Visit, draft: Draft) -> Check:
    """The stage, the reason, and who hears of it."""
    say, case = visit.say, case_of(visit, draft.case)
    stage, back = draft.facts["stage"], _back(draft)
    facts = facts_of(case)
    rows = (
        (say("Case"), draft.case),
        (say("Goes on from"), case.unit.stage(stage)),
        (say("Reason"), str(draft.answers["reason"])),
    )
    if facts.stage != ENDED or stage not in stages_to_open(facts, visit.now):
        faults = {"back": say("The case cannot be opened at this stage any more. Go back and look again.")}
        return Check(say("Check before the case is opened again"), rows, "", back, faults=faults)
    notes = (
        say("What was said after the case came to this stage counts no more. It stays in the record."),
        say("Everybody who was told of the case gets a mail. The reason stays in the record and in no mail."),
    )
    return Check(say("Check before the case is opened again"), rows, say("Open the case again"), back, notes)


async def act(visit: Visit, draft: Draft) -> dict[str, Any]:
    """Open it; a second press opens nothing more."""
    case = await asyncio.to_thread(case_of, visit, draft.case)
    stage, reason = draft.facts["stage"], str(draft.answers["reason"])
    try:
        opened = await visit.door.reopen(draft.case, stage, reason, case.held.person, draft.id)
    except Refused:
        return {REFUSED: True}
    return {"kept": opened.kept}


def done(visit: Visit, draft: Draft) -> Done:
    """Open, or kept until it can be."""
    say, case = visit.say, case_of(visit, draft.case)
    outcome, onward = draft.answers["outcome"], _onward(visit, draft.case)
    stage = case.unit.stage(draft.facts["stage"])
    if outcome.get(REFUSED):
        rows = ((say("Goes on from"), stage), (say("Reason"), str(draft.answers["reason"])))
        words = (say("It stands differently by now."),)
        return Done(say("The case was not opened"), words, onward, good=False, rows=rows, again=_back(draft))
    if outcome["kept"]:
        kept = say("It is kept, and the case opens as soon as Datrys can reach it.")
        return Done(say("The case will be opened again"), (kept,), onward)
    return Done(say("The case is open again"), (say("It goes on from: %(stage)s", stage=stage),), onward)


def _back(draft: Draft) -> str:
    return f"/unit/cases/{draft.case}/reopen?draft={draft.id}"


def _onward(visit: Visit, reference: str) -> tuple[tuple[str, str], ...]:
    return ((f"/cases/{reference}", visit.say("Case %(reference)s", reference=reference)), ("/unit", visit.say(HOME)))


HOME = "Business Unit"
KIND = Kind(check, act, done)
