"""The addresses of raising a case: drafts, one page after the other, the check of all answers, and what came of it."""

import asyncio
from contextlib import suppress

from fastapi import APIRouter
from fastapi.responses import Response

from protocols.access import may_raise
from protocols.case_file import CaseFile
from protocols.errors import CaseRefused, CaseUnknown, NotAllowed, RaisedAlready
from protocols.roles import Role
from records import directory, drafts
from records.drafts import KEPT, Draft
from records.holding import Asker
from records.people import Holder
from starter.pages.forms import Faults, Form, Sent
from starter.pages.raising.asking import Asking
from starter.pages.raising.kinds import ANSWER, Page
from starter.pages.raising.raised import raised
from starter.pages.raising.screening import AWAY, SCREENING, advised, why_not
from starter.pages.raising.telling import BEGUN, NOW, Carers
from starter.pages.raising.way import OWN_NAME_ONLY, RAISER, Way, to_mend
from starter.pages.visit import Visit, Visiting

KIND, CHECK, COUNTED = "case", "check", "counted"
LATER, MORE, LESS = "later", "more", "less-"
SHOWN = ["GET", "HEAD"]
router = APIRouter(prefix="/raise")


# --- drafts


@router.api_route("", methods=SHOWN)
def begun(visit: Visiting) -> Response:
    """What was begun and not sent, and the way to begin anew."""
    mine = drafts.drafts(visit.door.database, visit.person.email, KIND)
    listed = [(Asking(visit, one), one.changed_at + KEPT) for one in mine]
    return visit.page("raise/begin.html.j2", drafts=listed)


@router.post("")
def begin(visit: Visiting, form: Sent) -> Response:
    """Begin anew."""
    made = drafts.begin(visit.door.database, visit.person.email, KIND, "", {}, visit.now)
    return visit.go(f"/raise/{made.id}")


@router.api_route("/elsewhere/{protocol}/{why}", methods=SHOWN)
def elsewhere(visit: Visiting, protocol: str, why: str) -> Response:
    """Where to go instead, once nothing is kept of what was answered."""
    edition, _ = visit.door.editions.get(protocol), visit.person
    if edition is None or why not in edition.exclusions:
        raise CaseUnknown("There is no such page.")
    words = [visit.tongue.of(edition.exclusions[why])]
    return visit.page("raise/elsewhere.html.j2", words=words, unit=_unit(visit, protocol), back="", draft=None)


@router.api_route("/{draft}", methods=SHOWN)
def go_on(visit: Visiting, draft: str) -> Response:
    """Where somebody left off; once it was sent, what came of it."""
    mine = _mine(visit, draft)
    if mine.sent_at:
        return visit.page("raise/raised.html.j2", raised=raised(visit, mine.case))
    unfinished = Way(Asking(visit, mine)).unfinished
    return visit.go(f"/raise/{draft}/{unfinished[0].name if unfinished else CHECK}")


@router.api_route("/{draft}/throw-away", methods=SHOWN)
def ask_to_throw_away(visit: Visiting, draft: str) -> Response:
    """Asked once more, since nobody can bring it back."""
    mine = _mine(visit, draft)
    return _sent(visit, mine) or visit.page("raise/throw_away.html.j2", asking=Asking(visit, mine))


@router.post("/{draft}/throw-away")
def throw_away(visit: Visiting, form: Sent, draft: str) -> Response:
    """Nothing of it is kept; what was sent stands in its case, and stays."""
    mine = _mine(visit, draft)
    if not mine.sent_at:
        drafts.forget(visit.door.database, mine.id)
    return visit.go("/raise")


# --- the check of all answers, before the pages that have names


@router.api_route("/{draft}/check", methods=SHOWN)
def check(visit: Visiting, draft: str) -> Response:
    """All answers, each with a way to change it."""
    mine = _mine(visit, draft)
    if mine.sent_at:
        return visit.go(f"/raise/{draft}")
    way = Way(Asking(visit, mine))
    if way.unfinished:
        return visit.go(f"/raise/{draft}/{way.unfinished[0].name}")
    return _checked(way, {})


@router.post("/{draft}/check")
async def send(visit: Visiting, form: Sent, draft: str) -> Response:
    """Raise the case: once, however often this is sent."""
    mine = await asyncio.to_thread(_mine, visit, draft)
    if mine.sent_at:
        return visit.go(f"/raise/{draft}")
    way = await asyncio.to_thread(lambda: Way(Asking(visit, mine)))
    if way.asking.edition is None:  # nothing is there to be looked at
        return visit.go(f"/raise/{draft}/{way.unfinished[0].name}")
    if way.unfinished:
        return await asyncio.to_thread(_checked, way, {one.name: one.heading(way.asking) for one in way.unfinished})
    try:
        again = form.text("again") == "yes"
        await visit.door.raise_case(way.case_file, again, lambda file: _may_raise(visit, file), draft=mine.id)
    except CaseRefused as refused:
        return await asyncio.to_thread(_checked, way, to_mend(way, refused.faults))
    except NotAllowed:
        return await asyncio.to_thread(_checked, way, {RAISER: visit.say(OWN_NAME_ONLY)})
    except RaisedAlready as before:
        return await asyncio.to_thread(_already, way, before.reference)
    return visit.go(f"/raise/{draft}")


def _may_raise(visit: Visit, file: CaseFile) -> bool:
    asker, raiser = Asker(email=visit.person.email), file.raised_by
    themself = Asker(email=raiser.email).address == asker.address
    role = Role(role=raiser.role, agency=raiser.agency)
    return may_raise(role, visit.held, file.protocol, file.authority, file.group, themself=themself)


def _checked(way: Way, mend: dict[str, str]) -> Response:
    asking = way.asking
    rows = [(page.name, label, words) for page in way.pages for label, words in page.answered(asking)]
    return asking.visit.page(
        "raise/check.html.j2",
        status=422 if mend else 200,
        concerning=asking.here,
        asking=asking,
        rows=rows,
        mend=mend,
        advised=advised(asking),
        back=way.pages[-1].name,
    )


def _already(way: Way, reference: str) -> Response:
    visit, seen = way.asking.visit, False
    with suppress(CaseUnknown):
        seen = bool(visit.sight(reference).parts)
    shown = reference if seen else ""
    return visit.page("raise/already.html.j2", status=409, asking=way.asking, reference=shown)


# --- one page after the other


@router.api_route("/{draft}/elsewhere", methods=SHOWN)
def led_away(visit: Visiting, draft: str) -> Response:
    """Where to go instead, with what was answered still here."""
    mine = _mine(visit, draft)
    way = Way(Asking(visit, mine))
    page = next((one for one in way.pages if one.leads_away(way.asking)), None)
    if page is None:
        return visit.go(f"/raise/{draft}")
    asking = way.asking
    why = why_not(asking)
    words = [visit.tongue.of(asking.rules.exclusions[why])] if why else [visit.say(one) for one in AWAY[page.name]]
    unit = _unit(visit, asking.board, asking.authority, asking.group)
    return visit.page(
        "raise/elsewhere.html.j2", concerning=asking.here, words=words, unit=unit, back=page.name, draft=mine
    )


@router.api_route("/{draft}/{name}", methods=SHOWN)
def ask(visit: Visiting, draft: str, name: str) -> Response:
    """One page, with what was answered before."""
    mine = _mine(visit, draft)
    if mine.sent_at:
        return visit.go(f"/raise/{draft}")
    way = Way(Asking(visit, mine))
    return _page(way, way.page(name), Faults())


@router.post("/{draft}/{name}")
async def answer(visit: Visiting, form: Sent, draft: str, name: str) -> Response:
    """Keep what was answered, whatever is wrong with it; then go on, or say what is wrong."""
    mine = await asyncio.to_thread(_mine, visit, draft)
    if mine.sent_at:
        return visit.go(f"/raise/{draft}")
    way = await asyncio.to_thread(_keep, visit, mine, name, form)
    do = form.text("do")
    if do == LATER:
        return visit.go("/raise")
    if do == MORE or do.startswith(LESS):
        return visit.go(f"/raise/{draft}/{name}")
    page, faults = way.page(name), Faults()
    await asyncio.to_thread(page.read, way.asking, faults)
    if faults:
        return await asyncio.to_thread(_page, way, page, faults)
    if page.leads_away(way.asking):
        return await _lead_away(way)
    return visit.go(f"/raise/{draft}/{await asyncio.to_thread(way.after, name)}")


def _keep(visit: Visit, mine: Draft, name: str, form: Form) -> Way:
    """What a page brings, as it was typed, into the draft."""
    asking = Asking(visit, mine)
    page = Way(asking).page(name)
    typed, do = page.kept(form), form.text("do")
    if page is BEGUN and form.text(ANSWER) == NOW:
        typed["fixed"] = [visit.now.isoformat()]
    if isinstance(page, Carers):
        shown = Asking(visit, mine._replace(answers={**mine.answers, name: typed}))
        if do == MORE:
            typed = page.with_one_more(typed, shown)
        elif do.startswith(LESS) and do.removeprefix(LESS).isdecimal():
            typed = page.without(typed, int(do.removeprefix(LESS)), shown)
    return Way(Asking(visit, drafts.write(visit.door.database, mine.id, {name: typed}, visit.now)))


async def _lead_away(way: Way) -> Response:
    """To where to go instead. What the protocol is not for is counted; and forgotten, if nobody was named yet."""
    asking, visit = way.asking, way.asking.visit
    mine, why = asking.draft, why_not(asking)
    if why and asking.said(COUNTED) != why:
        with suppress(CaseRefused):  # as any case file with this answer is: the door counts it
            await visit.door.raise_case({"protocol": asking.board, "screening": {"excluded_because": why}})
        await asyncio.to_thread(drafts.write, visit.door.database, mine.id, {COUNTED: {ANSWER: [why]}}, visit.now)
    if why and not mine.answers.keys() - {*SCREENING, COUNTED}:
        await asyncio.to_thread(drafts.forget, visit.door.database, mine.id)
        return visit.go(f"/raise/elsewhere/{asking.board}/{why}")
    return visit.go(f"/raise/{mine.id}/elsewhere")


def _page(way: Way, page: Page, faults: Faults) -> Response:
    asking = way.asking
    typed = {name: "\n".join(values) for name, values in asking.form(page.name).fields.items()}
    changing = not way.unfinished or (page.name in asking.draft.answers and way.unfinished == [page])
    back = CHECK if changing and not faults else way.before(page.name)
    return asking.visit.page(
        page.template,
        status=422 if faults else 200,
        concerning=asking.here,
        asking=asking,
        asked=page,
        typed=typed,
        ticked=asking.form(page.name).every(ANSWER),
        back=f"/raise/{asking.draft.id}/{back}" if back else "/raise",
        faults=faults,
    )


# --- what all need


def _mine(visit: Visit, draft: str) -> Draft:
    """What the visitor has begun.

    Raises:
        CaseUnknown: there is no such thing, or it is somebody else's.
    """
    found = drafts.draft(visit.door.database, draft, visit.person.email)
    if found is None or found.kind != KIND:
        raise CaseUnknown("There is nothing begun here.")
    return found


def _sent(visit: Visit, mine: Draft) -> Response | None:
    return visit.go(f"/raise/{mine.id}") if mine.sent_at else None


def _unit(visit: Visit, board: str, authority: str = "", group: str = "") -> Holder | None:
    """The Business Unit, as the directory lists it."""
    return directory.listed_holder(visit.door.database, board, Role(role="business_unit"), authority, group)
