"""Gwent, Resolving Practitioner Differences: who may say what, what is remembered, and the rules that are no number.

Source: spec 2; clauses of the protocol of March 2023 stand beside each rule.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self

from pydantic import BaseModel, Field

from protocols.case_file import Screening
from protocols.coming_in import Faults, Surroundings, vacant
from protocols.facts import Facts
from protocols.judging import Refusal, Rules, Standing
from protocols.messages import (
    AgencyAdded,
    FeedbackGiven,
    HeadOfServiceConsulted,
    MeetingArranged,
    MeetingHeld,
    MinutesRecorded,
    NotResolved,
    ProgressNoted,
    ReportAccepted,
    Resolved,
    ReviewCompleted,
    ReviewDecided,
    ReviewRequested,
)
from protocols.roles import RAISING, Agency, Role
from protocols.says import ANY_TIME, SAID_AT_ANY_TIME, Says, lacking
from protocols.steps import Code, MeetingRow, ReviewRow

PROTOCOL = "gwent"
OUTCOME_WITHIN = timedelta(hours=24)
"""A meeting's outcome is dated at or after its start and within 24 hours of it (3.4)."""


class Stage(StrEnum):
    """The stages, in the text's order."""

    PRACTITIONERS = "practitioners"
    LINE_MANAGERS = "line_managers"
    TEAM_MANAGER = "team_manager"
    MEETING = "meeting"
    REVIEW_REQUEST = "review_request"
    DECISION = "decision"
    REVIEW = "review"
    REPORT = "report"
    FEEDBACK = "feedback"
    ENDED = "ended"


# --- Who says what


def _says() -> Iterable[Says]:
    stage = Stage
    yield Says(stage.PRACTITIONERS, Resolved, ("practitioner",), RAISING, moves=True, proposes_to="practitioner")
    yield Says(stage.PRACTITIONERS, NotResolved, ("practitioner",), moves=True)
    yield Says(stage.LINE_MANAGERS, Resolved, ("line_manager",), RAISING, moves=True, proposes_to="line_manager")
    yield Says(stage.LINE_MANAGERS, NotResolved, ("line_manager",), RAISING, ("record",), moves=True)
    yield Says(stage.TEAM_MANAGER, Resolved, ("line_manager",), RAISING, moves=True, proposes_to="line_manager")
    yield Says(stage.TEAM_MANAGER, NotResolved, ("line_manager",), RAISING, moves=True)
    yield Says(stage.TEAM_MANAGER, NotResolved, ("team_manager",), moves=True)
    yield Says(stage.TEAM_MANAGER, MeetingArranged, ("team_manager",), moves=True)
    yield Says(stage.MEETING, MeetingArranged, ("team_manager", "chair"), moves=True)
    yield Says(stage.MEETING, MeetingHeld, ("chair",), requires=("immediate_action_needed", "attended"), moves=True)
    yield Says(ANY_TIME, MinutesRecorded, ("chair",))
    yield Says(stage.REVIEW_REQUEST, ReviewRequested, ("chair",), moves=True)
    yield Says(stage.DECISION, HeadOfServiceConsulted, ("service_manager",))
    decided = ("criterion_i", "criterion_ii", "immediate_action_needed")
    yield Says(stage.DECISION, ReviewDecided, ("service_manager",), requires=decided, moves=True)
    yield Says(stage.REVIEW, ProgressNoted, ("reviewer",))
    included = ("practitioners_included",)
    yield Says(stage.REVIEW, ReviewCompleted, ("reviewer", "service_manager"), requires=included, moves=True)
    yield Says(stage.REPORT, ReportAccepted, ("service_manager",), moves=True)
    yield Says(stage.FEEDBACK, FeedbackGiven, ("chair",), moves=True)


# --- What is remembered


class Meeting(BaseModel):
    """A multi-agency meeting (3.4); numbers are those of the signals that said so.

    Attributes:
        dates: each date that was set, the last one being in force.
        watched_from: its reminder counts if it is later than this.
        held, minutes: numbers of the signals; 0 until then.
    """

    dates: list[tuple[int, datetime]]
    watched_from: datetime
    held: int = 0
    held_at: datetime | None = None
    outcome: str = ""
    attended: tuple[Role, ...] = ()
    record: str = ""
    minutes: int = 0
    minutes_at: datetime | None = None
    minutes_record: str = ""

    @property
    def meeting_at(self) -> datetime:
        """The date in force."""
        return self.dates[-1][1]

    def set_date(self, number: int, meeting_at: datetime) -> None:
        """It is moved by signal `number`."""
        self.dates.append((number, meeting_at))

    def without(self, since: int) -> "Meeting | None":
        """The meeting as if signal `since` and all after it had not been said; None if it was not arranged then."""
        dates = [(number, at) for number, at in self.dates if number < since]
        if not dates:
            return None
        if self.held >= since:
            return Meeting(dates=dates, watched_from=self.watched_from)
        if self.minutes >= since:
            return self.model_copy(update={"minutes": 0, "minutes_at": None, "minutes_record": ""})
        return self.model_copy(update={"dates": dates})


class Review(BaseModel):
    """A review as requested (3.6), decided (3.8) and completed (3.10); `number` is that of the request's signal."""

    number: int
    requested_at: datetime
    decided: int = 0
    decided_at: datetime | None = None
    review: bool | None = None
    reviewer: str = ""
    findings: dict[str, Any] = {}
    completed: int = 0
    completed_at: datetime | None = None
    record: str = ""

    def without(self, since: int) -> "Review | None":
        """The review as if signal `since` and all after it had not been said; None if it was not requested then."""
        if self.number >= since:
            return None
        said = {"requested": self.number, "decided": self.decided, "completed": self.completed}
        left = {what: self.findings[what] for what, number in said.items() if what in self.findings and number < since}
        if self.decided >= since:
            return Review(number=self.number, requested_at=self.requested_at, findings=left)
        if self.completed >= since:
            return self.model_copy(update={"completed": 0, "completed_at": None, "record": "", "findings": left})
        return self


class GwentFacts(Facts):
    """What a Gwent case remembers.

    Attributes:
        meetings: in the order in which they were arranged.
        reviews: in the order of the requests.
        chairs: numbers of the signals that named a Chair other than the Team Manager.
    """

    meetings: list[Meeting] = Field(default_factory=list)
    reviews: list[Review] = Field(default_factory=list)
    chairs: list[int] = Field(default_factory=list)

    @property
    def chair_named(self) -> bool:
        """Whether the Chair is another person than the Team Manager."""
        return bool(self.chairs)

    def without(self, since: int) -> Self:
        """See `Facts.without`."""
        meetings = [left for meeting in self.meetings if (left := meeting.without(since))]
        reviews = [kept for review in self.reviews if (kept := review.without(since))]
        chairs = [number for number in self.chairs if number < since]
        return self.model_copy(update={"meetings": meetings, "reviews": reviews, "chairs": chairs})

    @property
    def reviewer(self) -> str:
        """The code of the agency that was asked to review the case; empty while there is none."""
        return self.reviews[-1].reviewer if self.reviews else ""

    def held_by(self, agencies: Sequence[Agency]) -> dict[str, frozenset[str]]:
        """3.8 The reviewer is of an agency that has no part in the case."""
        return {"reviewer": frozenset({self.reviewer} - {""})}

    def stands_in(self) -> dict[str, tuple[str, ...]]:
        """3.2 A designated safeguarding officer may act as line manager; 3.4 normally the Team Manager is the Chair."""
        chair = {} if self.chair_named else {"team_manager": ("chair",)}
        return {"safeguarding_lead": ("line_manager",), **chair}

    def names(self) -> dict[str, frozenset[str]]:
        """3.4 The Team Manager names the Chair."""
        return {"team_manager": frozenset({"chair"})}

    def waits_for_minutes(self) -> bool:
        """Whether the minutes of a meeting held are not recorded."""
        return self.meeting_without_minutes() is not None

    def meeting_rows(self) -> list[MeetingRow]:
        """See `Facts.meeting_rows`."""
        own = {"dates", "watched_from", "held", "minutes"}
        return [
            MeetingRow(number=number, meeting_at=meeting.meeting_at, **meeting.model_dump(exclude=own))
            for number, meeting in enumerate(self.meetings, start=1)
        ]

    def review_rows(self) -> list[ReviewRow]:
        """See `Facts.review_rows`."""
        own = {"number", "decided", "completed"}
        return [
            ReviewRow(number=number, **review.model_dump(exclude=own))
            for number, review in enumerate(self.reviews, start=1)
        ]

    def meeting_ahead(self) -> Meeting | None:
        """The meeting that is arranged and not yet held."""
        return next((m for m in reversed(self.meetings) if not m.held), None)

    def meeting_without_minutes(self, meeting_at: datetime | None = None) -> Meeting | None:
        """The meeting held at that moment, or the oldest one, whose minutes are not recorded."""
        return next((m for m in self._held(meeting_at) if not m.minutes), None)

    def _held(self, meeting_at: datetime | None) -> list[Meeting]:
        return [m for m in self.meetings if m.held and meeting_at in (None, m.meeting_at)]

    def was_held(self, meeting_at: datetime | None) -> bool:
        """Whether a meeting was held (at that moment, if one is given)."""
        return bool(self._held(meeting_at))


# --- Rules that are no number


def criterion_i(believed_by: Iterable[str], harm_through: Iterable[str]) -> bool:
    """3.7 i: an agency believes that there is risk of harm through the action or inaction of another one."""
    return any(believer != agency for believer in believed_by for agency in harm_through)


def criterion_ii(gone_through: Iterable[str]) -> bool:
    """3.7 ii: steps 1 to 4 were followed, read as practitioners, line managers, Team Manager and meeting."""
    steps = {Stage.PRACTITIONERS, Stage.LINE_MANAGERS, Stage.TEAM_MANAGER, Stage.MEETING}
    return steps <= set(gone_through)


def _held_content(held: MeetingHeld, case: Standing) -> None:
    if held.outcome == "resolved":
        if missing := lacking(held, ("raising_agency_satisfied", "agreed")):
            raise Refusal(Code.MISSING, ", ".join(missing))
        if not held.raising_agency_satisfied:
            raise Refusal(Code.NOT_SATISFIED, "it is not resolved while the raising agency is not satisfied")


def _after_a_meeting(case: Standing) -> None:
    if not case.facts.was_held(None):
        raise Refusal(Code.WRONG_STAGE, "no meeting has been held")


def _minutes_content(minutes: MinutesRecorded, case: Standing) -> None:
    facts: GwentFacts = case.facts
    if not facts.was_held(minutes.meeting_at):
        raise Refusal(Code.UNKNOWN, "no meeting was held at that moment")
    if not facts.meeting_without_minutes(minutes.meeting_at):
        raise Refusal(Code.ALREADY, "the minutes are recorded")


def _decision_content(decided: ReviewDecided, case: Standing) -> None:
    if missing := lacking(decided, ("reviewer",) if decided.review else ("record",)):
        raise Refusal(Code.MISSING, ", ".join(missing))


def _arranged_ahead(arranged: MeetingArranged, case: Standing) -> None:
    if arranged.meeting_at <= arranged.at:
        raise Refusal(Code.TOO_EARLY, "meeting_at is not after the signal's own time")


def _held_in_time(held: MeetingHeld, case: Standing) -> None:
    meeting = case.facts.meeting_ahead()
    if meeting is None:
        raise Refusal(Code.TOO_EARLY, "no meeting is arranged")
    if held.at < meeting.meeting_at:
        raise Refusal(Code.TOO_EARLY, "the meeting has not begun")
    if held.at > meeting.meeting_at + OUTCOME_WITHIN:
        raise Refusal(Code.TOO_LATE, "more than 24 hours after its start")


def _independent(decided: ReviewDecided, case: Standing) -> None:
    if decided.review and case.parties.involves(decided.reviewer or ""):
        raise Refusal(Code.NOT_INDEPENDENT, "the reviewer's agency takes part in the case (3.8)")


def _stays_independent(added: AgencyAdded, case: Standing) -> None:
    facts: GwentFacts = case.facts
    if added.agency_code.casefold() == facts.reviewer.casefold():
        raise Refusal(Code.NOT_INDEPENDENT, "this agency reviews the case, and had no part in it (3.8)")


RULES = Rules(
    says=(*_says(), *SAID_AT_ANY_TIME),
    stage={MinutesRecorded: _after_a_meeting},
    content={MeetingHeld: _held_content, MinutesRecorded: _minutes_content, ReviewDecided: _decision_content},
    times={MeetingArranged: _arranged_ahead, MeetingHeld: _held_in_time},
    independence={ReviewDecided: _independent, AgencyAdded: _stays_independent},
)


# --- Coming in


def _duty_to_report(file: Any, around: Surroundings) -> Faults:
    """1.1, 3.1 Only where a Duty to Report was submitted for the child or adult."""
    if not hasattr(file, "duty_to_report") or file.duty_to_report:
        return {}
    what = "this protocol is only for a child or adult for whom a Duty to Report was submitted; submit one first"
    return {"duty_to_report": what}


def _supervision_considered(file: Any, around: Surroundings) -> Faults:
    """1.6 For a child on the Child Protection Register Multi-Agency Supervision may serve instead."""
    subject, screening = getattr(file, "subject", None), getattr(file, "screening", Screening())
    if not subject or not subject.on_child_protection_register or screening.multi_agency_supervision_declined:
        return {}
    what = (
        "the child is on the Child Protection Register: Multi-Agency Supervision may serve instead; say true to go on"
    )
    return {"screening.multi_agency_supervision_declined": what}


def _raised_by_a_practitioner(file: Any, around: Surroundings) -> Faults:
    faults = {}
    if getattr(getattr(file, "raised_by", None), "role", "practitioner") != "practitioner":
        faults["raised_by.role"] = "a practitioner raises the case under this protocol"
    if getattr(file, "start_at_stage", 1) != 1:
        faults["start_at_stage"] = "this protocol begins at stage 1"
    return faults


def _first_stages_held(file: Any, around: Surroundings) -> Faults:
    """3.1 to 3.3: practitioners, line managers, the Team Manager; and who is told where nobody else can be."""
    agencies = [agency.code for agency in getattr(file, "agencies", ())]
    needed = [Role(role=role, agency=code) for role in ("practitioner", "line_manager") for code in agencies]
    return vacant(file, [*needed, Role(role="team_manager"), Role(role="business_unit")], around)


COMING_IN = (_duty_to_report, _supervision_considered, _raised_by_a_practitioner, _first_stages_held)
