"""The facts of a form, gathered from the record of a case; nothing is decided here, and nothing written."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Engine

from protocols.documents import FormParts, Part
from protocols.editions import Edition
from protocols.roles import Role
from records import private, reading
from records.cases import CaseFacts
from records.intake import Subject
from records.said import STAGE_ENTERED, Said, in_words, said

PLACED = NAME, PHONE, ACCEPTED_BY, FEEDBACK_SENT, TEXT = "name", "phone", "accepted_by", "feedback_sent", "text"
"""What somebody writes under these names has a place of its own in a form."""


class Answer(NamedTuple):
    """What one agency or body said in a part; empty where nothing was said yet.

    Attributes:
        agency: its code.
        name, phone: of whoever said so: as they wrote it, else of the holder of the role at that time.
        at: when; for the outcome of a meeting, when that began.
        outcome: ``resolved``, ``not_resolved``, ``further_meeting``.
        agreed: False where the parties still see it differently.
        feedback_sent: when the agencies had their feedback, if whoever said so wrote it.
        text: what was written; more: what else was written, by its name.
        corrections: why it was wrong, where that was said later.
    """

    agency: str = ""
    name: str = ""
    phone: str = ""
    at: datetime | None = None
    outcome: str = ""
    agreed: bool = True
    feedback_sent: str = ""
    text: str = ""
    more: tuple[tuple[str, str], ...] = ()
    corrections: tuple[str, ...] = ()


class Form(NamedTuple):
    """The form of a case, as far as its record fills it.

    Attributes:
        reference, edition: of the case.
        group: ``children`` or ``adults``; subject: the child or adult at risk, empty once erased.
        raised: who raised the concern; issue, done_already, outcome_sought: as the case file has them.
        referral: what was added when the concern was passed on.
        must_respond: codes of the agencies that must respond.
        responses: one of each agency that must respond, empty where it has not, then those of others.
        responses_sent: when the responses went to the agency that raised the case.
        agreement: whether that settled it.
        outcomes: one of each meeting; one that is empty, while there was none.
    """

    reference: str
    edition: Edition
    group: str
    subject: Subject
    raised: Answer
    issue: str
    done_already: str
    outcome_sought: str
    referral: Answer
    must_respond: tuple[str, ...]
    responses: tuple[Answer, ...]
    responses_sent: datetime | None
    agreement: Answer
    outcomes: tuple[Answer, ...]

    @property
    def accepted_by(self) -> str:
        """Name of who accepts the responses; empty while nobody does."""
        return self.agreement.name if self.agreement.outcome == "resolved" else ""


def form_of(engine: Engine, reference: str, parts: FormParts) -> Form:
    """The form of a case.

    Args:
        engine: the records.
        reference: the case.
        parts: what fills each part.

    Raises:
        CaseUnknown: there is no such case.
        Unreachable: the database does not answer.
    """
    view = reading.case_view(engine, reference)
    facts, lines, texts = view.facts, said(engine, reference), private.texts_of(engine, reference)
    began = {meeting.held_at: meeting.meeting_at for meeting in view.meetings}

    def answers(part: Part) -> list[Answer]:
        return [_answer(engine, reference, line) for line in lines if part.takes(line.entry)]

    def written(field: str) -> str:
        return in_words(texts.get(field)).get(TEXT, "")

    must_respond = tuple(agency.code for agency in facts.agencies if agency.must_respond and not agency.raising)
    agreeing = (line.entry for line in lines if line.entry.what == STAGE_ENTERED)
    return Form(
        reference=reference,
        edition=facts.edition,
        group=facts.group,
        subject=private.subject_of(engine, reference) or Subject(name=""),
        raised=_raised(engine, facts, parts.raised_by),
        issue=written("issue"),
        done_already=written("done_already"),
        outcome_sought=written("outcome_sought"),
        referral=_last(answers(parts.referral)),
        must_respond=must_respond,
        responses=_responses(must_respond, answers(parts.responses)),
        responses_sent=max((e.happened_at for e in agreeing if e.stage == parts.agreement.stage), default=None),
        agreement=_last(answers(parts.agreement)),
        outcomes=tuple(one._replace(at=began.get(one.at, one.at)) for one in answers(parts.outcomes)) or (Answer(),),
    )


def _raised(engine: Engine, facts: CaseFacts, role: str) -> Answer:
    """Who raised the concern: the holder of that role on that day."""
    agency = next(agency.code for agency in facts.agencies if agency.raising)
    raiser = _holder(engine, facts.reference, Role(role=role, agency=agency), facts.raised_at)
    return Answer(agency, raiser.name, raiser.phone, facts.raised_at)


def _answer(engine: Engine, reference: str, line: Said) -> Answer:
    entry, words = line.entry, line.words
    sender = entry.by or Role(role="")
    holder = _holder(engine, reference, sender, entry.recorded_at)
    named = words.get(ACCEPTED_BY) or words.get(NAME)
    return Answer(
        agency=sender.agency,
        name=named or holder.name,
        phone=words.get(PHONE, "" if named else holder.phone),
        at=entry.happened_at,
        outcome=entry.facts.get("outcome", entry.what),
        agreed=entry.facts.get("agreed", True),
        feedback_sent=words.get(FEEDBACK_SENT, ""),
        text=words.get(TEXT, ""),
        more=tuple((name, said) for name, said in words.items() if name not in PLACED),
        corrections=line.corrections,
    )


def _holder(engine: Engine, reference: str, role: Role, at: datetime) -> Answer:
    """Who held a role at a moment; empty if nobody did."""
    found = private.holders_of(engine, reference, role, at)
    return Answer(name=found[0].name, phone=found[0].phone) if found else Answer()


def _last(answers: Sequence[Answer]) -> Answer:
    return answers[-1] if answers else Answer()


def _responses(must_respond: Iterable[str], answers: Iterable[Answer]) -> tuple[Answer, ...]:
    """Each agency's, in the order of the case, and an empty one for whoever has not answered."""
    answered = {answer.agency: answer for answer in answers}
    return tuple(({agency: Answer(agency) for agency in must_respond} | answered).values())
