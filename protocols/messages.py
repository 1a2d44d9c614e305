"""What people tell a case: one typed message a signal (spec 4, Temporal).

A message is read in two breaths. `read` says what was understood and what is missing, since a missing field is
judged after stage and role; only a message that is complete reaches the flow, so its fields are never in doubt.
"""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictInt, ValidationError

from protocols.roles import Role
from protocols.working_days import LONDON, countable

BODY_BYTES = 8_000
"""A larger body is not read: its facts are few, and text belongs into the records."""

NOBODY = "nobody"
"""Stands for the role of a signal that does not say who sends it."""


def _moment(value: Any) -> Any:
    """ISO 8601; a time without offset is a time on the wall in Europe/London."""
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str):
        raise ValueError("is no ISO 8601 time")
    moment = countable(datetime.fromisoformat(value))
    return (moment if moment.tzinfo else moment.replace(tzinfo=LONDON)).astimezone(UTC)


def _day(value: Any) -> Any:
    if isinstance(value, date):
        return value
    if not isinstance(value, str):
        raise ValueError("is no ISO 8601 date")
    return date.fromisoformat(value)


Moment = Annotated[datetime, BeforeValidator(_moment)]
Day = Annotated[date, BeforeValidator(_day)]
Word = Annotated[str, Field(strict=True, min_length=1, max_length=200)]
Code = Annotated[str, Field(strict=True, min_length=1, max_length=40, pattern=r"^[A-Za-z0-9_.-]+$")]


class Signal(BaseModel):
    """What every signal carries.

    Attributes:
        id: the sender's key; an accepted id counts once.
        stage, turn: the stage and its turn that the sender answers.
        by, agency: the role that says so, and its agency.
        entered_by: ``business_unit`` where it enters for that role.
        at: when it happened; sent_at: when the door took it.
        record: id of the free text kept in the records.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: Word | None = None
    stage: Word | None = None
    turn: StrictInt | None = None
    by: Code
    agency: Code | None = None
    entered_by: Literal["business_unit"] | None = None
    at: Moment
    sent_at: Moment
    record: Word | None = None

    @property
    def sender(self) -> Role:
        """The role that says so, with its agency."""
        return Role(role=self.by, agency=self.agency or "")


class Attendance(BaseModel):
    """A role that attended a meeting."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    role: Code
    agency: Code | Literal[""] | None = ""


class Resolved(Signal):
    """The difference is settled; `agreed` is false where the parties still see it differently."""

    record: Word
    agreed: StrictBool


class NotResolved(Signal):
    """It is not settled at this stage."""

    must_respond: tuple[Code, ...] | None = None


class ResponseSubmitted(Signal):
    """Part B of an agency that must respond."""

    agency: Code
    record: Word


class MeetingArranged(Signal):
    """A meeting has a date; a second one moves it."""

    meeting_at: Moment
    chair: Word | None = None


class MeetingHeld(Signal):
    """What came of a meeting."""

    outcome: Literal["resolved", "not_resolved", "further_meeting"]
    record: Word
    immediate_action_needed: StrictBool | None = None
    attended: tuple[Attendance, ...] | None = None
    raising_agency_satisfied: StrictBool | None = None
    agreed: StrictBool | None = None


class MinutesRecorded(Signal):
    """The minutes of a meeting; of the oldest without, if `meeting_at` is not said."""

    record: Word
    meeting_at: Moment | None = None


class ReviewRequested(Signal):
    """Which agencies believe that there is a risk of harm, and through whose action or inaction."""

    believed_by: tuple[Code, ...]
    harm_through: tuple[Code, ...]


class HeadOfServiceConsulted(Signal):
    """The Head of Service was informed and consulted."""


class ReviewDecided(Signal):
    """Whether there is a review, and by whom."""

    review: StrictBool
    reviewer: Code | None = None
    criterion_i: StrictBool | None = None
    criterion_ii: StrictBool | None = None
    immediate_action_needed: StrictBool | None = None
    decided_at: Moment | None = None
    panel_member_agency: Code | None = None


class PanelSetUp(Signal):
    """The review panel has its members."""


class ProgressNoted(Signal):
    """A note on the progress of a review."""


class ReviewCompleted(Signal):
    """The review is complete; the record holds its report, actions and the outcome."""

    record: Word
    practitioners_included: StrictBool | None = None


class ReportAccepted(Signal):
    """The report of the review was accepted."""

    agreed: StrictBool


class ReportPresented(Signal):
    """The report of the review was presented to the Board."""

    agreed: StrictBool


class FeedbackGiven(Signal):
    """The Chair gave feedback."""


class LearningDisseminated(Signal):
    """The key learning points went to these agencies."""

    agencies: tuple[Code, ...]


class ImmediateActionNeeded(Signal):
    """Somebody sees that a child or adult needs protection now."""


class DiscussionRecorded(Signal):
    """A telephone call, e-mail or informal meeting took place."""

    record: Word


class RoleChanged(Signal):
    """Another person holds a role in this case."""

    role: Code
    for_agency: Code | None = None
    record: Word


class AgencyAdded(Signal):
    """One more agency takes part."""

    agency_code: Code
    must_respond: StrictBool
    record: Word


class Corrected(Signal):
    """An earlier signal was wrong; `return_to` where it moved the case."""

    corrects: Word
    record: Word
    return_to: Code | None = None


class CalendarChanged(Signal):
    """Bank holidays were proclaimed, or meetings of a group loaded."""

    by: Code = "business_unit"
    holidays: tuple[Day, ...] | None = None
    meetings: Code | None = None


class Withdrawn(Signal):
    """The raising agency takes the case back; the record holds the reason and the outcome."""

    record: Word


class ImmediateActionConfirmed(Signal):
    """The referral was made: when, and (in the record) to whom."""

    made_at: Moment
    record: Word


MESSAGES: Mapping[str, type[Signal]] = {
    "resolved": Resolved,
    "not_resolved": NotResolved,
    "response_submitted": ResponseSubmitted,
    "meeting_arranged": MeetingArranged,
    "meeting_held": MeetingHeld,
    "minutes_recorded": MinutesRecorded,
    "review_requested": ReviewRequested,
    "head_of_service_consulted": HeadOfServiceConsulted,
    "review_decided": ReviewDecided,
    "panel_set_up": PanelSetUp,
    "progress_noted": ProgressNoted,
    "review_completed": ReviewCompleted,
    "report_accepted": ReportAccepted,
    "report_presented": ReportPresented,
    "feedback_given": FeedbackGiven,
    "learning_disseminated": LearningDisseminated,
    "immediate_action": ImmediateActionNeeded,
    "discussion_recorded": DiscussionRecorded,
    "role_changed": RoleChanged,
    "agency_added": AgencyAdded,
    "corrected": Corrected,
    "calendar_changed": CalendarChanged,
    "withdrawn": Withdrawn,
}
"""The signals of a case, by name."""

CONFIRMATION = "immediate_action_confirmed"
"""The one signal of the workflow `ImmediateAction`."""


class Read(NamedTuple):
    """What was understood of a signal.

    Attributes:
        id: the sender's key, where there is a readable one.
        kind: the message's type, None for an unknown name.
        seen: when the case saw it.
        envelope: who says so and when, even where the message misses something; None if not understood.
        signal: the complete message.
        missing: required fields that are absent.
        carried: fields that are there, whether or not the message is complete.
    """

    id: str
    kind: type[Signal] | None
    seen: datetime
    envelope: Signal | None = None
    signal: Signal | None = None
    missing: tuple[str, ...] = ()
    carried: frozenset[str] = frozenset()


def read(name: str, body: str | None, seen: datetime) -> Read:
    """Understand a signal as far as it can be understood; never raises.

    Args:
        name: the signal's name.
        body: its one JSON object as text, or None where there was no such thing.
        seen: when the case saw it, which stands in for `at` and `sent_at` where they are absent.
    """
    kind = ImmediateActionConfirmed if name == CONFIRMATION else MESSAGES.get(name)
    facts = _object(body)
    nothing = Read(_key(facts), kind, seen)
    if kind is None or facts is None:
        return nothing
    known = {field: facts[field] for field in kind.model_fields if facts.get(field) not in (None, "")}
    carried = nothing._replace(carried=frozenset(known))
    try:
        signal = kind.model_validate({"at": seen, "sent_at": seen, **known})
        return carried._replace(envelope=signal, signal=signal)
    except ValidationError as fault:
        errors = fault.errors(include_url=False, include_context=False, include_input=False)
    if any(error["type"] != "missing" or len(error["loc"]) > 1 for error in errors):
        return nothing
    envelope = Signal.model_validate({"at": seen, "sent_at": seen, "by": NOBODY, **known})
    return carried._replace(envelope=envelope, missing=tuple(str(error["loc"][0]) for error in errors))


def _key(facts: dict[str, Any] | None) -> str:
    key = facts.get("id") if facts else None
    return key.encode(errors="replace").decode()[:200] if isinstance(key, str) else ""


def _object(body: str | None) -> dict[str, Any] | None:
    try:
        facts = json.loads(body) if body is not None and len(body.encode()) <= BODY_BYTES else None
    except (ValueError, RecursionError):
        return None
    return facts if isinstance(facts, dict) else None
