"""What somebody says in a case, page by page: the questions that belong to it, a look at the answers, and done."""

import asyncio
from collections.abc import Mapping
from typing import Any, NamedTuple

from fastapi import APIRouter
from fastapi.responses import Response

from protocols.access import Part, Proof
from protocols.errors import CaseUnknown, NotAllowed
from protocols.messages import CONFIRMATION
from protocols.roles import Role
from protocols.says import ANY_TIME
from records import directory, drafts, reading, submissions
from records.drafts import Draft
from records.streams import reference_of
from starter.pages.forms import Faults, Form, Sent
from starter.pages.saying import questions, words
from starter.pages.saying.answered import answered
from starter.pages.saying.asked import Asking, sheets
from starter.pages.saying.choosing import FIRST_TURN, GET, KIND
from starter.pages.saying.facts import data_of
from starter.pages.saying.speaker import Speaker, floor_of, speaker_again
from starter.pages.saying.titled import titles_of
from starter.pages.visit import Visit, Visiting
from starter.shown import STANDING
from starter.told import Told

router = APIRouter()


# --- the questions


class Talk(NamedTuple):
    """What is being said: by whom, about what, as far as it is written."""

    draft: Draft
    speaker: Speaker
    asking: Asking
    form: Form

    @property
    def by(self) -> Role:
        """In whose name."""
        return self.asking.by

    @property
    def signal(self) -> str:
        """What is said."""
        return self.asking.signal


def _talk(visit: Visit, draft_id: str) -> Talk:
    """What somebody has begun.

    Raises:
        SignInFirst: nobody is there any more.
        CaseUnknown: there is no such thing, or it is somebody else's.
        NotAllowed: they may not speak in this name any more.
    """
    visitor, database = visit.visitor, visit.door.database
    draft = drafts.draft(database, draft_id, visitor.email if visitor else visit.person.email)
    if draft is None or draft.kind != KIND:
        raise CaseUnknown("nothing was begun under this address")
    speaker = speaker_again(visit, draft.case, draft.facts["link"])
    by = Role.model_validate(draft.facts["by"])
    if not speaker.may_say(by):
        raise NotAllowed("This role is not yours to speak for in this case.")
    return Talk(draft, speaker, _asking(visit, speaker, draft, by), questions.as_form(draft.answers))


def _asking(visit: Visit, speaker: Speaker, draft: Draft, by: Role) -> Asking:
    on, database = floor_of(visit, speaker), visit.door.database
    signal, language = draft.facts["signal"], visit.language
    rows = (one for one in speaker.offers(on, [by]) if one.signal == signal)
    listed = directory.people(database, on.edition.protocol)
    view = reading.case_view(database, speaker.reference)
    signed_in = speaker.proof is Proof.SIGNED_IN  # names are read by nobody else
    return Asking(
        signal=signal,
        row=next((one.row for one in rows), None),
        by=by,
        behalf=bool(speaker.enters_for(by)),
        floor=on,
        agencies={code: getattr(one, f"name_{language}") for code, one in directory.agencies(database).items()},
        chairs={one.id: one.name for one in listed if one.role == "chair" and one.name} if signed_in else {},
        meetings=tuple(one.meeting_at for one in view.meetings if one.held_at and not one.minutes_at),
        tongue=visit.tongue,
        titles=titles_of(visit, on.edition),
    )


@router.api_route("/say/{draft_id}", methods=GET)
def ask(visit: Visiting, draft_id: str, page: int = 1) -> Response:
    """A page of questions, with what was typed before."""
    talk = _talk(visit, draft_id)
    if talk.draft.sent_at:
        return visit.go(f"/say/{draft_id}/done")
    if moved_on := _moved_on(visit, talk):
        return moved_on
    return _sheet(visit, talk, page, {})


def _sheet(visit: Visit, talk: Talk, page: int, faults: Mapping[str, str]) -> Response:
    pages = sheets(talk.asking, talk.form)
    if not 1 <= page <= len(pages):
        return visit.go(f"/say/{talk.draft.id}/check")
    return visit.page(
        "saying/ask.html.j2",
        status=422 if faults else 200,
        concerning=talk.speaker.seen,
        talk=talk,
        page=page,
        heading=words.SAID[talk.signal],
        sheet=pages[page - 1],
        role=talk.asking.titles.role(talk.by),
        faults=faults,
    )


@router.post("/say/{draft_id}")
def answer(visit: Visiting, form: Sent, draft_id: str, page: int = 1) -> Response:
    """Keep what was typed, whether it is right or not; go on where it is."""
    talk = _talk(visit, draft_id)
    if talk.draft.sent_at:
        return visit.go(f"/say/{draft_id}/done")
    pages = sheets(talk.asking, talk.form)
    if not 1 <= page <= len(pages):
        return visit.go(f"/say/{draft_id}/check")
    sheet = pages[page - 1]
    typed = {name: said for one in sheet for name, said in questions.typed(one, form).items()}
    draft = drafts.write(visit.door.database, draft_id, typed, visit.now)
    talk = talk._replace(draft=draft, form=questions.as_form(draft.answers))
    faults = Faults()
    for question in sheet:
        questions.read(question, form, faults, visit.tongue)
    if faults:
        return _sheet(visit, talk, page, faults)
    return visit.go(f"/say/{draft_id}?page={page + 1}")


# --- a look at the answers, and done


@router.api_route("/say/{draft_id}/check", methods=GET)
def check(visit: Visiting, draft_id: str) -> Response:
    """All answers, to be looked at once more."""
    talk = _talk(visit, draft_id)
    if talk.draft.sent_at:
        return visit.go(f"/say/{draft_id}/done")
    return _moved_on(visit, talk) or _checked(visit, talk)


def _checked(visit: Visit, talk: Talk, told: Told | None = None) -> Response:
    """The answers; with why they were not taken, where they were sent."""
    rows = [
        (one.words, said, f"/say/{talk.draft.id}?page={number}#{one.name}")
        for number, sheet in enumerate(sheets(talk.asking, talk.form), start=1)
        for one in sheet
        if (said := questions.answer_in_words(one, talk.form, visit.tongue))
    ]
    faults = Faults()
    data_of(talk.asking, talk.form, faults)
    receipt = told.receipt if told else None
    return visit.page(
        "saying/check.html.j2",
        status=409 if receipt else 200,
        concerning=talk.speaker.seen,
        talk=talk,
        heading=words.SAID[talk.signal],
        role=talk.asking.titles.role(talk.by),
        rows=rows,
        faults=faults,
        why=words.VERDICTS.get(receipt.code, "") if receipt else "",
        reason=receipt.reason if receipt else "",
    )


@router.post("/say/{draft_id}/check")
async def send(visit: Visiting, form: Sent, draft_id: str) -> Response:
    """Say it: once, however often the button is pressed."""
    talk = await asyncio.to_thread(_talk, visit, draft_id)
    if talk.draft.sent_at:
        return visit.go(f"/say/{draft_id}/done")
    faults = Faults()
    data = data_of(talk.asking, talk.form, faults)
    if faults:
        return await asyncio.to_thread(_checked, visit, talk)
    told = await visit.door.tell(talk.draft.case, talk.signal, talk.by, {**data, **_bound(talk.draft)}, *_sent_by(talk))
    if told.receipt and not told.receipt.accepted:
        return await asyncio.to_thread(lambda: _moved_on(visit, talk) or _checked(visit, talk, told))
    left = {} if told.receipt else talk.draft.answers  # what is kept for delivery may come back
    await asyncio.to_thread(drafts.sent, visit.door.database, draft_id, visit.now, left=left)
    return visit.go(f"/say/{draft_id}/done")


def _bound(draft: Draft) -> dict[str, Any]:
    return {name: draft.facts[name] for name in ("stage", "turn") if name in draft.facts}


def _sent_by(talk: Talk) -> tuple[str, str, str]:
    return talk.draft.id, talk.speaker.enters_for(talk.by), talk.speaker.person(talk.by)


@router.api_route("/say/{draft_id}/done", methods=GET)
def done(visit: Visiting, draft_id: str) -> Response:
    """What became of it, and what happens next."""
    talk = _talk(visit, draft_id)
    kept = submissions.told(visit.door.database, talk.draft.case, draft_id)
    if kept is None:
        return visit.go(f"/say/{draft_id}")
    standing = reading.standing(visit.door.database, reference_of(talk.draft.case))
    edition, shown = talk.asking.floor.edition, talk.speaker.seen.parts & STANDING
    return visit.page(
        "saying/done.html.j2",
        concerning=talk.speaker.seen,
        talk=talk,
        heading=words.SAID[talk.signal],
        receipt=kept.receipt,
        why=words.VERDICTS.get(kept.receipt.code, "") if kept.receipt else "",
        stage=edition.stages[standing.stage] if shown else None,
        ended=standing.outcome is not None,
        typed=_typed(talk),
        confirmed=talk.signal == CONFIRMATION,
        waiting_for=talk.asking.titles.roles(standing.waiting_for) if shown else [],
    )


def _moved_on(visit: Visit, talk: Talk) -> Response | None:
    """The page that says that somebody else answered meanwhile; nothing where the step is open still."""
    bound = _bound(talk.draft)
    standing = talk.asking.floor.standing
    taken_still = talk.asking.row is not None and talk.asking.row.row.stage == ANY_TIME
    if not bound or taken_still or (bound["stage"], bound["turn"]) == (standing.stage, standing.turn or FIRST_TURN):
        return None
    told = visit.signed_in and Part.TIMELINE in talk.speaker.seen.parts
    return visit.page(
        "saying/moved_on.html.j2",
        status=409,
        concerning=talk.speaker.seen,
        talk=talk,
        by=answered(visit, talk.speaker.reference, bound["stage"], bound["turn"]) if told else None,
        typed=_typed(talk),
    )


def _typed(talk: Talk) -> list[str]:
    """What was written and is kept, to be copied."""
    return [one for said in talk.draft.answers.values() for one in said if one]
