"""Something that was said in a case was wrong: which entry, why, and whether the case goes back."""

import asyncio
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter
from fastapi.responses import Response

from protocols.steps import Code, Entry
from records import reading
from records.drafts import Draft
from records.said import standing
from starter.going_back import ENDED, stages_to_return_to
from starter.pages.forms import Faults, Sent, read_choice, read_text
from starter.pages.saying.words import VERDICTS
from starter.pages.unit.begun import REFUSED, Check, Done, Kind, begin_in_thread, typed_before
from starter.pages.unit.reopening import facts_of
from starter.pages.unit.saying import REASONS, SIGNALS
from starter.pages.unit.who import UNIT, AsCase, UnitCase, case_of
from starter.pages.visit import Visit

router = APIRouter()
WHAT = "correct"
STAYS = "stays"
NOT_OFFERED = ("calendar_changed",)
"""What the board's files say is put right by loading them again."""
CORRECTED = "corrected"
ADDRESS = "/unit/cases/{reference}/correct"


def counting(case: UnitCase) -> list[Entry]:
    """What was said in the case itself and counts still, stages entered among it."""
    lines = reading.timeline(case.unit.visit.door.database, case.reference)
    return standing(line.entry for line in lines if line.case == case.reference)


def correctable(entries: Sequence[Entry]) -> list[Entry]:
    """Those that can be corrected."""
    said = (entry for entry in entries if entry.signal_id and entry.code is Code.ACCEPTED)
    return [entry for entry in said if entry.what not in NOT_OFFERED]


def words_of(case: UnitCase, entry: Entry) -> str:
    """An entry in a line; before its stage the Business Unit is told of the stage alone."""
    unit, when = case.unit, case.unit.visit.tongue.moment(entry.happened_at)
    if not case.sees_what_was_said:
        return unit.visit.say("Said at “%(stage)s”, %(when)s", stage=unit.stage(entry.stage), when=when)
    who = unit.role(entry.by.role, entry.by.agency) if entry.by else ""
    what = unit.visit.say(SIGNALS.get(entry.what, entry.what))
    return ": ".join(filter(None, (who, what))) + f" – {when}"


@router.api_route(ADDRESS, methods=["GET", "HEAD"])
def correct(case: AsCase, signal: str = "", chosen: str = "", draft: str = "") -> Response:
    """Ask which entry; then, of one, why it is wrong and where the case goes."""
    entries = counting(case)
    typed = typed_before(case.unit.visit, draft, WHAT)
    entry = next((one for one in correctable(entries) if one.signal_id == signal), None)
    if entry:
        return _ask_why(case, entry, typed, Faults())
    return _ask_which(case, entries, wanted=bool(chosen or signal))


def _ask_which(case: UnitCase, entries: Sequence[Entry], *, wanted: bool) -> Response:
    visit, faults = case.unit.visit, Faults()
    offered = [(entry.signal_id, words_of(case, entry)) for entry in reversed(correctable(entries))]
    if wanted and offered:
        faults.add("signal", visit.say("Choose what was wrong"))
    page, status = "unit/correct_which.html.j2", 422 if faults else 200
    return visit.page(
        page,
        status,
        concerning=case.seen,
        unit=case.unit,
        reference=case.reference,
        offered=offered,
        ended=facts_of(case).stage == ENDED,
        faults=faults,
    )


def _ask_why(case: UnitCase, entry: Entry, typed: dict[str, str], faults: Faults) -> Response:
    facts, visit = facts_of(case), case.unit.visit
    stages = stages_to_return_to(facts, entry.signal_id, visit.now)
    return visit.page(
        "unit/correct.html.j2",
        422 if faults else 200,
        concerning=case.seen,
        unit=case.unit,
        reference=case.reference,
        signal=entry.signal_id,
        entry=words_of(case, entry),
        ended=facts.stage == ENDED,
        stages=[*_stays(case, facts.stage), *((stage, case.unit.stage(stage), "") for stage in stages)],
        typed=typed,
        faults=faults,
    )


def _stays(case: UnitCase, stage: str) -> list[tuple[str, str, str]]:
    say, here = case.unit.visit.say, case.unit.stage(stage)
    hint = say("It stands at: %(stage)s. Nothing is taken back; the reason stands beside the entry.", stage=here)
    return [(STAYS, say("The case stays where it is"), hint)]


@router.post(ADDRESS)
async def corrected(form: Sent, case: AsCase, signal: str = "") -> Response:
    """Show it once more."""
    visit, say, faults = case.unit.visit, case.unit.visit.say, Faults()
    entries = await asyncio.to_thread(counting, case)
    entry = next((one for one in correctable(entries) if one.signal_id == signal), None)
    if entry is None:
        return await asyncio.to_thread(_ask_which, case, entries, wanted=True)
    facts = await asyncio.to_thread(facts_of, case)
    stages = stages_to_return_to(facts, signal, visit.now)
    reason = read_text(form, "reason", say("why it was wrong"), faults, say)
    to = read_choice(form, "return_to", [STAYS, *stages], say("whether the case goes back"), faults, say)
    if facts.stage == ENDED:
        faults.add("return_to", say("The case has ended: open it again instead"))
    if faults:
        return await asyncio.to_thread(_ask_why, case, entry, form.typed(), faults)
    told = {"what": WHAT, "corrects": signal, "return_to": "" if to == STAYS else to}
    return await begin_in_thread(visit, told, {"reason": reason, "typed": form.typed()}, case.reference)


# --- before, doing it, after


def check(visit: Visit, draft: Draft) -> Check:
    """What is corrected, and what is taken back with it."""
    say, case = visit.say, case_of(visit, draft.case)
    signal, to = draft.facts["corrects"], draft.facts["return_to"]
    back = _back(draft)
    title, entries, facts = say("Check the correction"), counting(case), facts_of(case)
    place = next((number for number, one in enumerate(entries) if one.signal_id == signal), None)
    gone = facts.stage == ENDED or (to and to not in stages_to_return_to(facts, signal, visit.now))
    if place is None or gone:
        faults = {"back": say("The case stands differently by now. Go back and look again.")}
        return Check(title, ((say("Case"), draft.case),), "", back, faults=faults)
    rows: tuple[tuple[str, str], ...] = (
        (say("Case"), draft.case),
        (say("What was wrong"), words_of(case, entries[place])),
        (say("Reason"), str(draft.answers["reason"])),
        (say("The case goes back to"), _goes_to(case, to)),
    )
    mails = say("Everybody who was told of the case gets a mail. The reason stays in the record and in no mail.")
    if not to:
        beside = say("Nothing is taken back: the correction stands beside the entry.")
        return Check(title, rows, say("Send the correction"), back, (beside, mails))
    notes = (
        say("What is taken back counts no more for the process. It stays in the record."),
        say("Limits of the protocol keep their start; targets of the board begin anew."),
        mails,
    )
    listed = tuple(words_of(case, one) for one in correctable(entries[place:]))
    return Check(title, rows, say("Send the correction"), back, notes, (), say("This is taken back"), listed)


def _goes_to(case: UnitCase, to: str) -> str:
    return case.unit.stage(to) if to else case.unit.visit.say("Nowhere: it stays where it is")


def _back(draft: Draft) -> str:
    """Where it can be changed, with what was typed."""
    query = urlencode({"signal": draft.facts["corrects"], "draft": draft.id})
    return f"{ADDRESS.format(reference=draft.case)}?{query}"


async def act(visit: Visit, draft: Draft) -> dict[str, Any]:
    """Tell the case; its verdict is kept for the page after."""
    case = await asyncio.to_thread(case_of, visit, draft.case)
    said = {"corrects": draft.facts["corrects"], "return_to": draft.facts["return_to"] or None}
    data = {**said, "text": str(draft.answers["reason"])}
    told = await visit.door.tell(draft.case, CORRECTED, UNIT, data, draft.id, "", case.held.person)
    if told.receipt is None:
        return {"kept": True}
    if not told.receipt.accepted:
        return {REFUSED: told.receipt.code, "why": told.receipt.reason}
    return {"kept": False}


def done(visit: Visit, draft: Draft) -> Done:
    """The verdict, and where the case stands."""
    say, case = visit.say, case_of(visit, draft.case)
    outcome = draft.answers["outcome"]
    onward = (
        (f"/cases/{draft.case}", say("Case %(reference)s", reference=draft.case)),
        (case.unit.to("/unit"), say("Business Unit")),
    )
    if outcome.get(REFUSED):
        return _refused(case, draft, onward)
    if outcome["kept"]:
        kept = say("It is kept and will be delivered. If it is not accepted, you get a mail.")
        return Done(say("The correction is kept"), (kept,), onward)
    stands = say("The case stands at: %(stage)s", stage=case.unit.stage(facts_of(case).stage))
    return Done(say("The correction is accepted"), (stands,), onward)


def _refused(case: UnitCase, draft: Draft, onward: tuple[tuple[str, str], ...]) -> Done:
    """Why, in the visitor's language as far as that can be had, and what was written."""
    say, outcome = case.unit.visit.say, draft.answers["outcome"]
    known = REASONS.get(outcome["why"])
    words = say("Why: %(why)s", why=say(known)) if known else say(VERDICTS[Code(outcome[REFUSED])])
    return Done(
        say("The correction was not accepted"),
        (words,),
        onward,
        good=False,
        english="" if known else outcome["why"],
        rows=(
            (say("Reason"), str(draft.answers["reason"])),
            (say("The case goes back to"), _goes_to(case, draft.facts["return_to"])),
        ),
        again=_back(draft),
    )


KIND = Kind(check, act, done)
