"""A case as one visitor sees it: what is asked of them, how it stands, its papers, people and timeline."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from protocols.access import BUSINESS_UNIT, EVERYTHING, Proof, holds, may_speak_as
from protocols.errors import CaseUnknown
from protocols.roles import Role
from records import directory, links
from records.access import Sight, sight
from records.holding import Asker
from starter.pages.case_parts import case_shown
from starter.pages.due import in_words
from starter.pages.titles import Titles
from starter.pages.tongues import later
from starter.pages.visit import SignInFirst, Visit, Visiting
from starter.web.callers import LONGEST_REFERENCE, REFERENCE
from workflows.registry import ACCESS, protocol_of

router = APIRouter()
KINDS = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
"""As what a form can be had."""


@router.api_route("/cases/{reference}", methods=["GET", "HEAD"])
def case(visit: Visiting, reference: str) -> Response:
    """A case, with the parts of it that the visitor may see."""
    seen = reader_of(visit, reference)
    report = visit.door.case(reference)
    titles = Titles(visit.tongue, report.view.facts.edition, directory.agencies(visit.door.database))
    shown = case_shown(visit.door, seen, report, titles)
    return visit.page(
        "case.html.j2",
        concerning=seen,
        shown=shown,
        titles=titles,
        reference=reference,
        authority=seen.case.authority,
        group=visit.say(GROUPS[seen.case.group]),
        may=_may(visit, seen),
        answer_at=f"/cases/{reference}/say" if visit.signed_in else f"/asked/{_link(visit)}/say",
        until=lambda due: in_words(due, visit.now, visit.house.duty.holidays, visit.tongue),
        fields=lambda name: visit.say(FIELDS[name]) if name in FIELDS else name.replace("_", " "),
    )


@router.api_route("/cases/{reference}/form.{kind}", methods=["GET", "HEAD"])
def form(visit: Visiting, reference: str, kind: str) -> Response:
    """The form of a case, filled from its record, for whoever may see all that stands in it."""
    seen = reader_of(visit, reference)
    if kind not in KINDS or "form" not in protocol_of(seen.case.board).documents or not seen.parts >= EVERYTHING:
        raise CaseUnknown(reference)
    from starter import documents

    made = documents.document(visit.door.database, reference, "form", visit.language, visit.now)
    headers = {"content-disposition": f'attachment; filename="{reference}-form.{kind}"'}
    return visit.answer(Response(documents.FORMATS[f".{kind}"](made), media_type=KINDS[kind], headers=headers))


def reader_of(visit: Visit, reference: str) -> Sight:
    """What the visitor may read of a case: signed in; or with a code, of the case of its link alone, where codes read.

    Raises:
        SignInFirst: nobody is signed in, and no code is for this case, or none reads.
        CaseUnknown: there is no such case, or they may see nothing of it any more.
        Unreachable: the records do not answer.
    """
    visitor, database = visit.visitor, visit.door.database
    if visitor is None or visitor.proof is not Proof.CODE or not visit.door.settings.code_reads:
        return sight_of(visit, reference)
    link = links.link(database, visitor.link, visit.now)
    if link is None or (link.reference, link.email) != (reference, visitor.email):
        raise SignInFirst
    seen = sight(database, Asker(email=visitor.email), reference, ACCESS)
    return seen._replace(parts=visit.shown(seen, visitor.proof))


def sight_of(visit: Visit, reference: str) -> Sight:
    """What whoever is signed in may see of a case.

    Raises:
        SignInFirst: nobody is signed in.
        CaseUnknown: this is no reference, there is no such case, or they may see nothing of it.
        Unreachable: the records do not answer.
    """
    known = len(reference) <= LONGEST_REFERENCE and REFERENCE.issuperset(reference)
    seen = visit.sight(reference if known else "")
    if seen.case.reference != reference:
        raise CaseUnknown(reference)
    return seen


def _link(visit: Visit) -> str:
    """The link that the visitor's code is for."""
    return visit.session.link if visit.session else ""


def _may(visit: Visit, seen: Sight) -> dict[str, Any]:
    """What the visitor may do beside reading; with a code that is to answer, and no more."""
    access = ACCESS[seen.case.board]
    speaks = any(may_speak_as(one.role, seen.held, seen.case, access) for one in seen.held if not one.replaced)
    unit = holds(Role(role=BUSINESS_UNIT), seen.held, seen.case)
    return {"speak": speaks, "alarm": speaks and visit.signed_in, "correct": unit and visit.signed_in}


GROUPS = {"children": later("children"), "adults": later("adults")}

FIELDS = {
    "issue": later("What the concern is about"),
    "circumstance_other": later("The circumstance, in words"),
    "done_already": later("What was done already"),
    "outcome_sought": later("The outcome that is sought"),
    "informal_attempt": later("Who tried to settle it before"),
    "duty_to_report": later("Reference of the Duty to Report"),
    "start_reason": later("Why it began at a later stage"),
    "text": later("What was written"),
    "place": later("Place"),
    "apologies": later("Apologies"),
    "actions": later("Actions agreed"),
    "name": later("Name"),
    "phone": later("Telephone"),
    "accepted_by": later("Accepted by"),
    "feedback_sent": later("Feedback was sent"),
    "between": later("Between whom"),
    "who": later("Who took part"),
    "reason": later("Reason"),
    "outcome": later("Outcome for the child or adult"),
    "report": later("The report"),
    "learning": later("Key learning points"),
    "members": later("Members of the panel"),
    "to_whom": later("To whom"),
}
"""Names of texts, as somebody reads them; any other stands as it was written."""
