"""What the link of a mail opens: what is asked, by when and why; and a code by mail for whoever answers there.

Opening never acts and writes nothing: the browser gets a signed cookie and is led to an address without the token.
"""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Depends
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
from starter.pages.visit import LinkOver, Visit, Visiting
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
        raise LinkOver
    visit.remember_link(seen.id)
    return visit.go(f"/asked/{seen.id}")


class Opened(NamedTuple):
    """A link that this browser has opened, and what its receiver may see of the case."""

    visit: Visit
    link: LinkSeen
    held: Sight


def opened(visit: Visiting, link_id: str) -> Opened:
    """What a request below `/asked/` is about.

    Raises:
        LinkOver: it does not count, was not opened here, or the role has passed to somebody else.
    """
    visitor = visit.visitor
    mine = visitor is not None and visitor.link == link_id
    seen = links.link(visit.door.database, link_id, visit.now) if mine or link_id in visit.links() else None
    if seen is None:
        raise LinkOver
    try:
        held = sight(visit.door.database, Asker(email=seen.email), seen.reference, ACCESS)
    except CaseUnknown:
        raise LinkOver from None
    return Opened(visit, seen, held)


Opening = Annotated[Opened, Depends(opened)]


# --- what is asked


@router.api_route("/asked/{link_id}", methods=GET)
def asked(at: Opening) -> Response:
    """What is asked, of which role, by when and why."""
    visit, seen, held = at
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
async def send_code(form: Sent, at: Opening) -> Response:
    """Mail a code to whoever the link went to; the address is not shown."""
    visit, seen, _ = at
    database, keys = visit.door.database, visit.keys
    code = await asyncio.to_thread(codes.make, database, keys, seen.email, PURPOSE, visit.browser, visit.now, seen.id)
    if code is None:
        return _code(at, visit.say("Too many codes were asked for. Wait an hour, or sign in."), 429)
    try:
        await visit.send_code(seen.email, code)
    except (Unreachable, Refused):
        await asyncio.to_thread(codes.take_back, database, PURPOSE, visit.browser, seen.id)
        return _code(at, visit.say("The code could not be mailed. Try again later, or sign in."), 503)
    return visit.go(f"/asked/{seen.id}/code")


@router.api_route("/asked/{link_id}/code", methods=GET)
def code(at: Opening) -> Response:
    """Where the code is typed or pasted."""
    return _code(at)


@router.api_route("/asked/{link_id}/code/try", methods=GET)
def code_again(at: Opening) -> Response:
    """Where somebody comes to who chooses the other language after a wrong code."""
    return at.visit.go(f"/asked/{at.link.id}/code")


def _code(at: Opened, fault: str = "", status: int = 200) -> Response:
    faults = {"code": fault} if fault else {}
    return at.visit.page("saying/code.html.j2", status=status, concerning=at.held, link=at.link, faults=faults)


@router.post("/asked/{link_id}/code/try")
def try_code(form: Sent, at: Opening) -> Response:
    """Try a code; with the right one whoever has it may answer, for an hour."""
    visit, seen, _ = at
    typed = form.line("code")
    if not typed:
        return _code(at, visit.say("Enter the code from the mail"), 422)
    database, browser = visit.door.database, visit.browser
    tried, email = codes.try_code(database, visit.keys, typed, PURPOSE, browser, visit.now, seen.id)
    if tried is not Tried.COUNTS:
        return _code(at, visit.say(TRIED[tried]), 422)
    visit.begin_session(email, Proof.CODE, seen.id)
    return visit.go(f"/asked/{seen.id}/say")


# --- what is said there


@router.api_route("/asked/{link_id}/say", methods=GET)
def what(at: Opening) -> Response:
    """What may be said by this link; before a code, the page that asks for one."""
    speaker = speaker_by(at.visit, at.link)
    return choosing.offer(at.visit, speaker, "") if speaker else at.visit.go(f"/asked/{at.link.id}")


@router.post("/asked/{link_id}/say")
def begin(form: Sent, at: Opening) -> Response:
    """Begin to say it."""
    speaker = speaker_by(at.visit, at.link)
    return choosing.begun(at.visit, speaker, form, "") if speaker else at.visit.go(f"/asked/{at.link.id}")
