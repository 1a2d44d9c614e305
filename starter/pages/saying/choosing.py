"""What may be said in a case, and in whose name: what somebody chooses from, and how they begin to write."""

from collections.abc import Mapping

from fastapi import APIRouter
from fastapi.responses import Response

from protocols.errors import NotAllowed
from protocols.roles import Role
from protocols.says import ANY_TIME
from records import drafts
from starter.pages.forms import Form, Sent
from starter.pages.saying import words
from starter.pages.saying.speaker import Offer, Speaker, floor_of, speaker_in
from starter.pages.saying.titled import titles_of
from starter.pages.titles import Titles
from starter.pages.visit import Visit, Visiting
from starter.sayable import Floor
from starter.shown import STANDING

KIND, DANGER = "signal", "immediate_action"
FIRST_TURN = 1
"""Of the stage that a case will begin at, while Temporal is away."""
GET = ["GET", "HEAD"]
router = APIRouter()


@router.api_route("/cases/{reference}/say", methods=GET)
def what(visit: Visiting, reference: str, name: str = "") -> Response:
    """What may be said: in one's own name, or as the Business Unit in that of `name`."""
    return offer(visit, speaker_in(visit, reference), name)


@router.post("/cases/{reference}/say")
def begin(visit: Visiting, form: Sent, reference: str, name: str = "") -> Response:
    """Begin to say it."""
    return begun(visit, speaker_in(visit, reference), form, name)


@router.api_route("/cases/{reference}/danger", methods=GET)
def danger(visit: Visiting, reference: str) -> Response:
    """Whom to ring first, and then the button that tells the duty team."""
    return visit.page("saying/danger.html.j2", concerning=visit.sight(reference), reference=reference)


@router.post("/cases/{reference}/danger")
def alarm(visit: Visiting, form: Sent, reference: str) -> Response:
    """Begin to tell the duty team, in the first role that one holds."""
    speaker = speaker_in(visit, reference)
    on = floor_of(visit, speaker)
    if not (roles := speaker.roles(on)):
        raise NotAllowed("You hold no role in this case.")
    facts = {"signal": DANGER, "by": roles[0].model_dump(), "link": ""}
    return visit.go(f"/say/{drafts.begin(visit.door.database, speaker.email, KIND, reference, facts, visit.now).id}")


def offer(visit: Visit, speaker: Speaker, name: str, faults: Mapping[str, str] | None = None) -> Response:
    """The page that offers what may be said."""
    on = floor_of(visit, speaker)
    titles, names = titles_of(visit, on.edition), _names(speaker, on, name)
    return visit.page(
        "saying/what.html.j2",
        status=422 if faults else 200,
        concerning=speaker.seen,
        reference=speaker.reference,
        stage=on.edition.stages[on.standing.stage] if speaker.seen.parts & STANDING else None,
        roles=[titles.role(role) for role in names],
        options=_options(visit, speaker.offers(on, names), titles),
        others=_others(speaker, on, titles),
        name=name,
        begun=list(filter(speaker.may_go_on_with, drafts.drafts(visit.door.database, speaker.email, KIND))),
        words=words.SAID,
        faults=faults or {},
    )


def begun(visit: Visit, speaker: Speaker, form: Form, name: str) -> Response:
    """Begin to write what was chosen."""
    on = floor_of(visit, speaker)
    offers = {one.value: one for one in speaker.offers(on, _names(speaker, on, name))}
    chosen = offers.get(form.text("what"))
    if chosen is None:
        return offer(visit, speaker, name, {"what": visit.say("Choose what you want to say")})
    bound = chosen.row is not None and chosen.row.row.stage != ANY_TIME
    facts = {
        "signal": chosen.signal,
        "by": chosen.by.model_dump(),
        "link": speaker.link,
        **({"stage": on.standing.stage, "turn": on.standing.turn or FIRST_TURN} if bound else {}),
    }
    draft = drafts.begin(visit.door.database, speaker.email, KIND, speaker.case, facts, visit.now)
    return visit.go(f"/say/{draft.id}")


def _names(speaker: Speaker, on: Floor, name: str) -> list[Role]:
    """In whose names is spoken: one's own, or that of somebody else for whom the Business Unit enters it."""
    if not name:
        return speaker.roles(on)
    return [role for role in on.roles() if str(role) == name and speaker.may_say(role)]


def _others(speaker: Speaker, on: Floor, titles: Titles) -> list[tuple[str, str]]:
    """Whom a Business Unit may enter for."""
    if not speaker.serves_the_board() or speaker.link:
        return []
    own = speaker.roles(on)
    return [(str(role), titles.role(role)) for role in on.roles() if role not in own]


def _options(visit: Visit, offers: list[Offer], titles: Titles) -> list[tuple[str, str, str]]:
    """What may be said, as options; in which role, where somebody holds several."""
    several = len({one.by for one in offers}) > 1
    return [(one.value, visit.say(words.SAID[one.signal]), _hint(visit, one, titles, several)) for one in offers]


def _hint(visit: Visit, one: Offer, titles: Titles, several: bool) -> str:
    hint = visit.say(words.HINTS[one.signal]) if one.signal in words.HINTS else ""
    if one.row and one.row.proposal:
        hint = visit.say("This is a proposal to the agency that raised the case.")
    return f"{hint} ({titles.role(one.by)})".strip() if several else hint
