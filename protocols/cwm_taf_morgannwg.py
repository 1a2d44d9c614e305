"""Cwm Taf Morgannwg, Concerns Regarding Inter-Agency Safeguarding Practice: who says what, what is remembered, rules.

Source: spec 3. The text has no clause numbers: 1, 2 and 3 are its stages, S its scope.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, Field

from protocols.facts import Facts
from protocols.judging import GRACE, Refusal, Rules, Standing
from protocols.messages import (
    AgencyAdded,
    LearningDisseminated,
    MeetingHeld,
    NotResolved,
    PanelSetUp,
    ProgressNoted,
    ReportPresented,
    Resolved,
    ResponseSubmitted,
    ReviewCompleted,
    ReviewDecided,
    Signal,
)
from protocols.roles import RAISING, Agency
from protocols.says import ANY_TIME, SAID_AT_ANY_TIME, Says, lacking
from protocols.steps import Code, MeetingRow, ReviewRow

PROTOCOL = "cwm-taf-morgannwg"
REVIEW_GROUP = "review_group"
RESPONDING, REVIEWING = "responding", "reviewing"
"""Sides of a case: the agencies that must respond; the agency that reviews it, or nobody's (the review group)."""


class Stage(StrEnum):
    """The stages, in the text's order."""

    SINGLE_AGENCY = "single_agency"
    RESPONSE = "response"
    AGREEMENT = "agreement"
    QA = "qa"
    CO_CHAIR = "co_chair"
    REVIEW = "review"
    BOARD = "board"
    LEARNING = "learning"
    ENDED = "ended"


QA_AND_LATER = (Stage.QA, Stage.CO_CHAIR, Stage.REVIEW, Stage.BOARD, Stage.LEARNING)


# --- Who says what


def _says() -> Iterable[Says]:
    stage, unit, answers = Stage, ("business_unit",), ("counterpart_manager", "representative")
    yield Says(stage.SINGLE_AGENCY, Resolved, ("manager",), RAISING, moves=True, proposes_to="manager")
    yield Says(stage.SINGLE_AGENCY, NotResolved, ("manager",), RAISING, ("record",), moves=True)
    yield Says(stage.RESPONSE, ResponseSubmitted, answers, RESPONDING, moves=True)
    yield Says(stage.AGREEMENT, Resolved, ("manager",), RAISING, moves=True, proposes_to="manager")
    yield Says(stage.AGREEMENT, NotResolved, ("manager",), RAISING, ("record",), moves=True)
    yield Says(ANY_TIME, ResponseSubmitted, answers, RESPONDING)
    yield Says(stage.QA, Resolved, unit, moves=True)
    yield Says(stage.QA, NotResolved, unit, requires=("record",), moves=True)
    yield Says(stage.QA, MeetingHeld, unit, moves=True)
    yield Says(stage.CO_CHAIR, ReviewDecided, ("co_chair",), requires=("agency", "decided_at"), moves=True)
    yield Says(stage.REVIEW, PanelSetUp, unit)
    yield Says(stage.REVIEW, ProgressNoted, (REVIEW_GROUP, "representative"), REVIEWING)
    yield Says(stage.REVIEW, ReviewCompleted, (REVIEW_GROUP, "representative"), REVIEWING, moves=True)
    yield Says(stage.REVIEW, ReviewCompleted, unit, moves=True)
    yield Says(stage.BOARD, ReportPresented, unit, moves=True)
    yield Says(stage.LEARNING, LearningDisseminated, unit, moves=True)


# --- What is remembered


class Asked(BaseModel):
    """Which agencies must respond, as part A (signal `number`) named them in place of the case file."""

    number: int
    agencies: tuple[str, ...]


class Response(BaseModel):
    """Part B of an agency; `number` is that of the signal."""

    number: int
    agency: str
    at: datetime


class QaMeeting(BaseModel):
    """A meeting of the QA Sub Group and its outcome (part D); `number` is that of the signal that said it."""

    number: int
    meeting_at: datetime
    held_at: datetime
    outcome: str
    record: str = ""


class Review(BaseModel):
    """A decision of the Co-Chair and the review that follows; numbers are those of the signals, 0 until then.

    Attributes:
        reviewer: ``review_group``, or the code of the agency that reviews; empty where there is no review.
        panel_member_agency: the agency of the independent Board member on an agency's panel.
    """

    number: int
    decided_at: datetime
    review: bool
    reviewer: str = ""
    panel_member_agency: str = ""
    completed: int = 0
    completed_at: datetime | None = None
    record: str = ""

    def without(self, since: int) -> "Review | None":
        """The review as if signal `since` and all after it had not been said; None if it was not decided then."""
        if self.number >= since:
            return None
        if self.completed >= since:
            return self.model_copy(update={"completed": 0, "completed_at": None, "record": ""})
        return self


class CwmTafMorgannwgFacts(Facts):
    """What a case remembers.

    Attributes:
        asked: which agencies must respond, each time that this changed.
        responses: in the order in which they came.
        meetings: those of the QA Sub Group that had an outcome.
        reviews: in the order of the decisions.
    """

    asked: list[Asked] = Field(default_factory=list)
    responses: list[Response] = Field(default_factory=list)
    meetings: list[QaMeeting] = Field(default_factory=list)
    reviews: list[Review] = Field(default_factory=list)

    def without(self, since: int) -> Self:
        """See `Facts.without`."""
        return self.model_copy(
            update={
                "asked": [asked for asked in self.asked if asked.number < since],
                "responses": [response for response in self.responses if response.number < since],
                "meetings": [meeting for meeting in self.meetings if meeting.number < since],
                "reviews": [kept for review in self.reviews if (kept := review.without(since))],
            }
        )

    def must_respond(self, agencies: Sequence[Agency]) -> tuple[str, ...]:
        """The codes of those that must respond: of part A, else of the case file, and those that joined since."""
        named, since = (self.asked[-1].agencies, self.asked[-1].number) if self.asked else ((), -1)
        flagged = (a.code for a in agencies if a.must_respond and not a.raising and a.joined > since)
        return (*named, *flagged)

    def unanswered(self, agencies: Sequence[Agency]) -> list[str]:
        """The codes of the agencies that must respond and have not."""
        return [code for code in self.must_respond(agencies) if not self.has_answered(code)]

    def has_answered(self, agency: str) -> bool:
        """Whether this agency has submitted its response."""
        return any(response.agency == agency for response in self.responses)

    @property
    def reviewer(self) -> str:
        """Who reviews the case: ``review_group`` or an agency's code; empty while nobody does."""
        return self.reviews[-1].reviewer if self.reviews else ""

    @property
    def reviewing_agency(self) -> str:
        """The code of the agency that reviews the case; empty for the review group, or while nobody does."""
        return "" if self.reviewer == REVIEW_GROUP else self.reviewer

    def held_by(self, agencies: Sequence[Agency]) -> dict[str, frozenset[str]]:
        """The representative of the agency that reviews takes part, though it need be no agency of the case."""
        codes = {agency.code for agency in agencies}
        return {"representative": frozenset(codes | {self.reviewing_agency} - {""})}

    def sides(self, agencies: Sequence[Agency]) -> dict[str, frozenset[str]]:
        """See `RESPONDING`, `REVIEWING`."""
        reviewing = frozenset({self.reviewing_agency}) if self.reviewer else frozenset[str]()
        return {RESPONDING: frozenset(self.must_respond(agencies)), REVIEWING: reviewing}

    def stands_in(self) -> dict[str, tuple[str, ...]]:
        """1 The safeguarding lead acts as manager, or as counterpart manager, of its agency."""
        return {"safeguarding_lead": ("manager", "counterpart_manager")}

    def meeting_rows(self) -> list[MeetingRow]:
        """See `Facts.meeting_rows`."""
        return [
            MeetingRow(number=number, **meeting.model_dump(exclude={"number"}))
            for number, meeting in enumerate(self.meetings, start=1)
        ]

    def review_rows(self) -> list[ReviewRow]:
        """See `Facts.review_rows`."""
        own = {"number", "completed", "panel_member_agency"}
        return [
            ReviewRow(
                number=number,
                findings={"panel_member_agency": review.panel_member_agency},
                **review.model_dump(exclude=own),
            )
            for number, review in enumerate(self.reviews, start=1)
        ]


# --- Rules that are no number


def _late_response(case: Standing) -> None:
    """2 Whoever has not answered in time may do so from QA on, until the case ends."""
    if case.stage not in QA_AND_LATER:
        raise Refusal(Code.WRONG_STAGE, "responses are submitted once the Business Unit has asked for them")


def _one_response(response: ResponseSubmitted, case: Standing) -> None:
    if case.facts.has_answered(response.agency):
        raise Refusal(Code.ALREADY, "this agency has answered")


def _who_must_respond(said: NotResolved, case: Standing) -> None:
    """1 Part A names agencies of the case, and at least one other than the raising agency."""
    if case.stage != Stage.SINGLE_AGENCY or said.must_respond is None:
        return
    if not said.must_respond:
        raise Refusal(Code.MISSING, "must_respond: at least one agency must respond")
    others = case.parties.agencies - case.parties.sides[RAISING]
    if unknown := sorted(set(said.must_respond) - others):
        raise Refusal(Code.UNKNOWN, f"must_respond: {', '.join(unknown)} is no other agency of the case")


def _further_meeting_only(held: MeetingHeld, case: Standing) -> None:
    if held.outcome != "further_meeting":
        what = "the outcome is resolved or not_resolved, a signal of its own; meeting_held says further_meeting"
        raise Refusal(Code.NOT_UNDERSTOOD, what)


def by_an_agency(decided: ReviewDecided) -> bool:
    """3 Whether an agency is asked for a review, and not the review group."""
    return decided.review and decided.reviewer != REVIEW_GROUP


def _decision_content(decided: ReviewDecided, case: Standing) -> None:
    if missing := lacking(decided, ("reviewer",) if decided.review else ("record",)):
        raise Refusal(Code.MISSING, ", ".join(missing))
    if by_an_agency(decided) and not decided.panel_member_agency:
        raise Refusal(Code.MISSING, "panel_member_agency: an agency's panel has an independent Board member")


def _learning_for_somebody(learning: LearningDisseminated, case: Standing) -> None:
    """3 The case does not end before the learning points have gone to an agency."""
    if not learning.agencies:
        raise Refusal(Code.MISSING, "agencies")


def _after_the_meeting_began(said: Signal, case: Standing) -> None:
    """2 The outcome of a meeting of the QA Sub Group is said after its start."""
    if case.stage == Stage.QA and not (case.meeting_at and said.at > case.meeting_at):
        raise Refusal(Code.TOO_EARLY, _not_begun(case))


def _presented_at_the_meeting(presented: ReportPresented, case: Standing) -> None:
    if not (case.meeting_at and presented.at >= case.meeting_at):
        raise Refusal(Code.TOO_EARLY, _not_begun(case))


def _not_begun(case: Standing) -> str:
    return "the meeting has not begun" if case.meeting_at else "no meeting is planned"


def _decided_in_time(decided: ReviewDecided, case: Standing) -> None:
    when = decided.decided_at or decided.at
    if when > decided.at:
        raise Refusal(Code.IN_FUTURE, "it is said to have been decided later than it was said")
    if when < case.stage_began - GRACE:
        raise Refusal(Code.BEFORE_STAGE, "it is said to have been decided before it was escalated")


def _independent(decided: ReviewDecided, case: Standing) -> None:
    """3 The Co-Chair is independent of the case, and so is the Board member on an agency's panel."""
    if case.parties.involves(decided.agency or ""):
        raise Refusal(Code.NOT_INDEPENDENT, "the Co-Chair's agency takes part in the case: another Co-Chair decides")
    member = (decided.panel_member_agency or "").casefold()
    if by_an_agency(decided) and (case.parties.involves(member) or member == (decided.reviewer or "").casefold()):
        raise Refusal(Code.NOT_INDEPENDENT, "the panel member's agency takes part in the case, or reviews it")


def _stays_independent(added: AgencyAdded, case: Standing) -> None:
    reviews = case.facts.reviews
    if reviews and added.agency_code.casefold() == reviews[-1].panel_member_agency.casefold():
        raise Refusal(Code.NOT_INDEPENDENT, "the independent member of the review panel is of this agency")


RULES = Rules(
    says=(*_says(), *SAID_AT_ANY_TIME),
    stage={ResponseSubmitted: _late_response},
    content={
        ResponseSubmitted: _one_response,
        NotResolved: _who_must_respond,
        MeetingHeld: _further_meeting_only,
        ReviewDecided: _decision_content,
        LearningDisseminated: _learning_for_somebody,
    },
    times={
        Resolved: _after_the_meeting_began,
        NotResolved: _after_the_meeting_began,
        MeetingHeld: _after_the_meeting_began,
        ReviewDecided: _decided_in_time,
        ReportPresented: _presented_at_the_meeting,
    },
    independence={ReviewDecided: _independent, AgencyAdded: _stays_independent},
)
