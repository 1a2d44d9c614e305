"""What the link of a mail opens: what is asked, by when and why; and a code by mail for whoever answers there.

Opening never acts and writes nothing: the browser gets a signed cookie and is led to an address without the token.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from protocols.access import Part, Proof
from protocols.errors import CaseUnknown, Refused, Unreachable
from protocols.steps import ClockRow, ClockState
from records import codes, links, private, reading
from records.access import Sight, sight
from records.codes import Tried
from records.holding import Asker
from records.links import LinkSeen
from records.reading import CaseView
from starter.pages.forms import Sent
from starter.pages.saying import choosing, words
from starter.pages.saying.answered import Answered, answered
from starter.pages.saying.asked import moves
from starter.pages.saying.speaker import Speaker, floor_of, speaker_by
from starter.pages.saying.titled import titles_of
from starter.pages.tongues import later
from starter.pages.visit import Visit, Visiting
from starter.shown import STANDING
from workflows.registry import ACCESS

GET = ["GET", "HEAD"]
PURPOSE = "answer"
TRIED: Mapping[Tried, str] = {
    Tried.WRONG: later("This is not the code. Look at it again, or ask for a new one."),
    Tried.EXPIRED: later("This code is more than ten minutes old. Ask for a new one."),
    Tried.USED: later("This code was used already. Ask for a new one."),
    Tried.TOO_MANY: later("Too many wrong codes were tried. Ask for a new one."),
    Tried.NONE: later("No code was asked for in this browser. Ask for one."),
}
router = APIRouter()


@router.api_route("/l/{token}", methods=GET)
def open_link(visit: Visiting, token: str) -> Response:
    """Remember in the browser that it was opened, and lead to an address that says nothing."""
    seen = links.opened(visit.door.database, token, visit.now)
    if seen is None:
        return over(visit)
    visit.remember_link(seen.id)
    return visit.go(f"/asked/{seen.id}")


def over(visit: Visit) -> Response:
    """The page of a link that does not count: one page for all reasons, so that it says nothing of any."""
    return visit.page("saying/over.html.j2", status=404)


def _opened(visit: Visit, link_id: str) -> tuple[LinkSeen, Sight]:
    """The link, which this browser has opened, and what its receiver may see.

    Raises:
        CaseUnknown: it does not count, or the role has passed to somebody else.
    """
    visitor = visit.visitor
    mine = visitor is not None and visitor.link == link_id
    seen = links.link(visit.door.database, link_id, visit.now) if mine or link_id in visit.links() else None
    if seen is None:
        raise CaseUnknown("this link does not count")
    return seen, sight(visit.door.database, Asker(email=seen.email), seen.reference, ACCESS)


# --- what is asked


@router.api_route("/asked/{link_id}", methods=GET)
def asked(visit: Visiting, link_id: str) -> Response:
    """What is asked, of which role, by when and why."""
    try:
        seen, held = _opened(visit, link_id)
    except CaseUnknown:
        return over(visit)
    return _asked(visit, seen, held)


def _asked(visit: Visit, seen: LinkSeen, held: Sight) -> Response:
    speaker = speaker_by(visit, seen)
    proof = speaker.proof if speaker else Proof.LINK
    parts = visit.shown(held, proof)
    view = reading.case_view(visit.door.database, seen.reference)
    edition = view.facts.edition
    titles, open_now = titles_of(visit, edition), _open(seen, view)
    return visit.page(
        "saying/asked.html.j2",
        concerning=held,
        link=seen,
        speaker=speaker,
        parts=parts,
        stage=edition.stages[view.row.stage] if parts & STANDING else None,
        edition=edition,
        roles=[titles.role(role) for role in seen.roles],
        clocks=_clocks(seen, view) if parts & STANDING else [],
        choices=_choices(visit, seen, held) if open_now else [],
        open=open_now,
        urgent=_urgent(visit, seen, parts),
        by=None if open_now else _answered_by(visit, seen),
        said=words.SAID,
    )


def _answered_by(visit: Visit, seen: LinkSeen) -> Answered | None:
    """Who was first: for whoever is signed in and may themselves see what happened in the case."""
    if not visit.signed_in:
        return None
    try:
        own = visit.sight(seen.reference)
    except CaseUnknown:
        return None
    return answered(visit, seen.reference, seen.stage, seen.turn) if Part.TIMELINE in own.parts else None


def _open(seen: LinkSeen, view: CaseView) -> bool:
    """Whether the step that the mail asked for stands open still."""
    if seen.case != seen.reference:
        return True
    if any(
        clock.clock == seen.clock and clock.met_at is None for clock in view.clocks if clock.state is ClockState.RUNNING
    ):
        return True
    return view.row.outcome is None and seen.stage == view.row.stage and seen.turn in (0, view.turn)


def _clocks(seen: LinkSeen, view: CaseView) -> list[ClockRow]:
    """The time limits that run for the receiver's roles, the soonest first."""
    mine = [
        c for c in view.clocks if c.state is ClockState.RUNNING and {*c.accountable} & {*seen.roles} and c.due_time.due
    ]
    return sorted(mine, key=lambda clock: (clock.clock != seen.clock, clock.due_time.due))


def _choices(visit: Visit, seen: LinkSeen, held: Sight) -> list[str]:
    """What may be said by whoever the mail went to, in the words of a choice."""
    speaker = Speaker.of_link(seen, held, Proof.LINK)
    on = floor_of(visit, speaker)
    offers = speaker.offers(on, speaker.roles(on))
    return [words.SAID[one.signal] for one in offers if one.row is None or moves(one.row)]


def _urgent(visit: Visit, seen: LinkSeen, parts: frozenset[Part]) -> Mapping[str, Any] | None:
    """Of an immediate action: the person, after a code, and who raised it."""
    if Part.IMMEDIATE_ACTION not in parts or Part.PERSON not in parts:
        return None
    subject = private.subject_of(visit.door.database, seen.reference)
    first = next(
        (
            line.entry.by
            for line in reading.timeline(visit.door.database, seen.reference)
            if line.case == seen.case and line.entry.by
        ),
        None,
    )
    raiser = private.holders_of(visit.door.database, seen.reference, first) if first else []
    return {"subject": subject, "raised_by": first, "raiser": raiser[0] if raiser else None}


# --- a code


@router.post("/asked/{link_id}/code")
async def send_code(visit: Visiting, form: Sent, link_id: str) -> Response:
    """Mail a code to whoever the link went to; the address is not shown."""
    try:
        seen, held = await asyncio.to_thread(_opened, visit, link_id)
    except CaseUnknown:
        return over(visit)
    database, keys = visit.door.database, visit.keys
    code = await asyncio.to_thread(codes.make, database, keys, seen.email, PURPOSE, visit.browser, visit.now, seen.id)
    if code is None:
        return _code(
            visit, seen, held, visit.say("Too many codes were asked for. Wait an hour, or sign in."), status=429
        )
    try:
        await visit.send_code(seen.email, code)
    except (Unreachable, Refused):
        await asyncio.to_thread(codes.take_back, database, PURPOSE, visit.browser, seen.id)
        return _code(
            visit, seen, held, visit.say("The code could not be mailed. Try again later, or sign in."), status=503
        )
    return visit.go(f"/asked/{link_id}/code")


@router.api_route("/asked/{link_id}/code", methods=GET)
def code(visit: Visiting, link_id: str) -> Response:
    """Where the code is typed or pasted."""
    try:
        seen, held = _opened(visit, link_id)
    except CaseUnknown:
        return over(visit)
    return _code(visit, seen, held)


@router.api_route("/asked/{link_id}/code/try", methods=GET)
def code_again(visit: Visiting, link_id: str) -> Response:
    """Where somebody comes to who chooses the other language after a wrong code."""
    return visit.go(f"/asked/{link_id}/code")


def _code(visit: Visit, seen: LinkSeen, held: Sight, fault: str = "", status: int = 200) -> Response:
    faults = {"code": fault} if fault else {}
    return visit.page("saying/code.html.j2", status=status, concerning=held, link=seen, faults=faults)


@router.post("/asked/{link_id}/code/try")
def try_code(visit: Visiting, form: Sent, link_id: str) -> Response:
    """Try a code; with the right one whoever has it may answer, for an hour."""
    try:
        seen, held = _opened(visit, link_id)
    except CaseUnknown:
        return over(visit)
    database, typed = visit.door.database, form.line("code")
    if not typed:
        return _code(visit, seen, held, visit.say("Enter the code from the mail"), status=422)
    tried, email = codes.try_code(database, visit.keys, typed, PURPOSE, visit.browser, visit.now, seen.id)
    if tried is not Tried.COUNTS:
        return _code(visit, seen, held, visit.say(TRIED[tried]), status=422)
    visit.begin_session(email, Proof.CODE, seen.id)
    return visit.go(f"/asked/{link_id}/say")


# --- what is said there


@router.api_route("/asked/{link_id}/say", methods=GET)
def what(visit: Visiting, link_id: str) -> Response:
    """What may be said by this link."""
    speaker = _speaker(visit, link_id)
    return choosing.offer(visit, speaker, "") if speaker else visit.go(f"/asked/{link_id}")


@router.post("/asked/{link_id}/say")
def begin(visit: Visiting, form: Sent, link_id: str) -> Response:
    """Begin to say it."""
    speaker = _speaker(visit, link_id)
    return choosing.begun(visit, speaker, form, "") if speaker else visit.go(f"/asked/{link_id}")


def _speaker(visit: Visit, link_id: str) -> Speaker | None:
    """Whoever may answer by this link; nobody before a code or a sign-in."""
    try:
        seen, _ = _opened(visit, link_id)
    except CaseUnknown:
        return None
    return speaker_by(visit, seen)
