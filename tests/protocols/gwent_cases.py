"""A Gwent case as it stands at each stage, and signals to it: what the tables of the judge are made of."""

import json
from datetime import datetime, timedelta
from typing import Any

from protocols.editions import read_editions
from protocols.facts import parties_of
from protocols.gwent import RULES, GwentFacts, Meeting, Review, Stage
from protocols.judging import Standing, Verdict, judge
from protocols.messages import read
from protocols.roles import Agency
from protocols.says import Parties
from tests.protocols.moments_in_words import on

EDITION = read_editions()["gwent"]
RAISING, OTHER, REVIEWING = "ABUHB", "NEWPORT", "TORFAEN"
STAGES = tuple(stage for stage in Stage if stage is not Stage.ENDED)

CASE_BEGAN = on("Mon 2 Mar 2026 09:00")
STAGE_BEGAN = on("Tue 10 Mar 2026 10:00")
MEETING_AT = on("Wed 11 Mar 2026 10:00")
NOW = on("Wed 11 Mar 2026 12:00")
KNOWN_ID = "an-accepted-signal"

ONCE = "team_manager service_manager head_of_service duty_team chair business_unit local_network"
OF_AN_AGENCY = ("practitioner", "line_manager", "safeguarding_lead")
SENDERS = (*(f"{role}/{agency}" for role in OF_AN_AGENCY for agency in (RAISING, OTHER)), *ONCE.split())
"""Everybody who takes part in the case before a reviewer is named."""
OUTSIDERS = ("practitioner/TORFAEN", "safeguarding_lead/TORFAEN", "professional/ABUHB", "stranger")
"""An agency that is not in the case, and roles that the protocol does not know."""

BODIES: dict[str, dict[str, Any]] = {
    "resolved": {"record": "outcome", "agreed": True},
    "not_resolved": {"record": "statement"},
    "meeting_arranged": {"meeting_at": "2026-03-18T10:00:00+00:00"},
    "meeting_held": {
        "outcome": "not_resolved",
        "immediate_action_needed": False,
        "attended": [{"role": "chair"}],
        "record": "minutes to follow",
    },
    "minutes_recorded": {"record": "minutes"},
    "review_requested": {"believed_by": ["ABUHB"], "harm_through": ["NEWPORT"]},
    "head_of_service_consulted": {},
    "review_decided": {
        "criterion_i": True,
        "criterion_ii": True,
        "immediate_action_needed": False,
        "review": True,
        "reviewer": REVIEWING,
        "record": "reasons",
    },
    "progress_noted": {},
    "review_completed": {"record": "report", "practitioners_included": True},
    "report_accepted": {"agreed": True},
    "feedback_given": {},
    "immediate_action": {},
    "discussion_recorded": {"record": "notes"},
    "role_changed": {"role": "line_manager", "for_agency": "ABUHB", "record": "new holder"},
    "agency_added": {"agency_code": "POLICE", "must_respond": False, "record": "its people"},
    "corrected": {"corrects": KNOWN_ID, "record": "reason"},
    "calendar_changed": {"holidays": ["2026-09-14"]},
    "withdrawn": {"record": "reason and outcome"},
}
"""A complete body of each signal of this protocol; without `review` the record holds the outcome."""


def facts_at(stage: Stage) -> GwentFacts:
    """What a case remembers that went through the stages in order and stands in `stage`."""
    facts, at = GwentFacts(), STAGES.index(stage)
    if at >= STAGES.index(Stage.MEETING):
        meeting = Meeting(dates=[(4, MEETING_AT)], watched_from=STAGE_BEGAN)
        if at > STAGES.index(Stage.MEETING):
            meeting.held, meeting.held_at, meeting.outcome = 5, MEETING_AT, "not_resolved"
        facts.meetings.append(meeting)
    if at >= STAGES.index(Stage.DECISION):
        review = Review(number=6, requested_at=STAGE_BEGAN)
        if at > STAGES.index(Stage.DECISION):
            review.decided, review.review, review.reviewer = 7, True, REVIEWING
        facts.reviews.append(review)
    return facts


def parties(facts: GwentFacts) -> Parties:
    """Two agencies, ABUHB raising, with the roles of the shipped edition."""
    return parties_of(EDITION, (Agency(code=RAISING, raising=True), Agency(code=OTHER)), facts)


def standing(stage: Stage, **changed: Any) -> Standing:
    """A case in its first turn of `stage`, with some of its standing changed."""
    facts = changed.get("facts", facts_at(stage))
    case = Standing(
        stage=stage,
        turn=1,
        ended=False,
        ending=False,
        stages=frozenset(STAGES),
        gone_through=dict.fromkeys(STAGES[: STAGES.index(stage) + 1], 1),
        missed=frozenset(),
        case_began=CASE_BEGAN,
        stage_began=CASE_BEGAN if stage is Stage.PRACTITIONERS else STAGE_BEGAN,
        meeting_at=None,
        parties=parties(facts),
        facts=facts,
        accepted=lambda signal_id: int(signal_id == KNOWN_ID),
    )
    return case._replace(**changed)


def said(name: str, sender: str, **changed: Any) -> str:
    """A complete body of `name`, with some fields changed; what is changed to None is left out."""
    role, _, agency = sender.partition("/")
    body = {"by": role, "agency": agency, **BODIES.get(name, {}), **changed}
    return json.dumps({field: value for field, value in body.items() if value is not None})


def verdict(case: Standing, name: str, sender: str, **changed: Any) -> Verdict:
    """What the case makes of a signal that is complete, timely and said now, but for what is changed."""
    body = said(name, sender, **changed)
    envelope = read(name, body, NOW).envelope
    seen = max(NOW, envelope.sent_at) if envelope else NOW
    return judge(read(name, body, seen), case, RULES)


def after(moment: datetime, **later: int) -> str:
    """A moment so much later, as a signal writes it."""
    return (moment + timedelta(**later)).isoformat()
