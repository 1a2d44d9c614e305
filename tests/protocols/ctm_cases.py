"""A case of Cwm Taf Morgannwg as it stands at each stage, and signals to it: what the tables of its judge are made of.

CTMUHB raises it; RCT and SWP must respond, PROBATION need not. From the QA Sub Group on SWP has not answered.
"""

import json
from datetime import datetime
from typing import Any

from protocols.cwm_taf_morgannwg import RULES, CwmTafMorgannwgFacts, QaMeeting, Response, Review, Stage
from protocols.editions import read_editions
from protocols.facts import parties_of
from protocols.judging import Standing, Verdict, judge
from protocols.messages import read
from protocols.roles import Agency
from protocols.says import Parties
from tests.protocols.moments_in_words import on

EDITION = read_editions()["cwm-taf-morgannwg"]
STAGES = tuple(stage for stage in Stage if stage is not Stage.ENDED)
AGENCIES = (
    Agency(code="CTMUHB", raising=True),
    Agency(code="RCT", must_respond=True),
    Agency(code="SWP", must_respond=True),
    Agency(code="PROBATION"),
)
REVIEW_GROUP, OUTSIDE = "review_group", "BRIDGEND"

CASE_BEGAN = on("Mon 2 Mar 2026 09:00")
STAGE_BEGAN = on("Tue 10 Mar 2026 10:00")
MEETING_AT = on("Wed 11 Mar 2026 10:00")
NOW = on("Wed 11 Mar 2026 12:00")
KNOWN_ID = "an-accepted-signal"

ONCE = "business_unit qa_chair co_chair review_group independent_member board duty_team"
SENDERS = (
    *("professional/CTMUHB", "manager/CTMUHB"),
    *(f"counterpart_manager/{code}" for code in ("RCT", "SWP", "PROBATION")),
    *(f"{role}/{agency.code}" for role in ("safeguarding_lead", "representative") for agency in AGENCIES),
    *ONCE.split(),
)
"""Everybody who takes part in the case, unless an agency from outside reviews it."""
OUTSIDERS = (
    *("manager/RCT", "professional/RCT", "counterpart_manager/CTMUHB"),  # roles of the other side
    *("representative/BRIDGEND", "safeguarding_lead/BRIDGEND"),  # an agency that is not in the case
    *("line_manager/CTMUHB", "chair", "stranger"),  # roles that the protocol does not know
)

BODIES: dict[str, dict[str, Any]] = {
    "resolved": {"record": "outcome", "agreed": True},
    "not_resolved": {"record": "part A, or why, or part D"},
    "response_submitted": {"record": "part B"},
    "meeting_held": {"outcome": "further_meeting", "record": "part D so far"},
    "review_decided": {
        "agency": OUTSIDE,
        "decided_at": "2026-03-11T11:00:00+00:00",
        "review": True,
        "reviewer": REVIEW_GROUP,
        "record": "reasons",
    },
    "panel_set_up": {},
    "progress_noted": {},
    "review_completed": {"record": "report"},
    "report_presented": {"agreed": True},
    "learning_disseminated": {"agencies": ["RCT"]},
    "immediate_action": {},
    "discussion_recorded": {"record": "notes"},
    "role_changed": {"role": "manager", "for_agency": "CTMUHB", "record": "new holder"},
    "agency_added": {"agency_code": "EDU", "must_respond": False, "record": "its people"},
    "corrected": {"corrects": KNOWN_ID, "record": "reason"},
    "calendar_changed": {"meetings": "qa_children"},
    "withdrawn": {"record": "reason and outcome"},
}
"""A complete body of each signal of this protocol."""


def answered(*agencies: str) -> list[Response]:
    """Responses of these agencies."""
    return [Response(number=2 + n, agency=code, at=STAGE_BEGAN) for n, code in enumerate(agencies)]


def facts_at(stage: Stage, reviewer: str = REVIEW_GROUP, panel_member: str = "") -> CwmTafMorgannwgFacts:
    """What a case remembers that went through the stages in order and stands in `stage`."""
    facts, at = CwmTafMorgannwgFacts(), STAGES.index(stage)
    if stage is Stage.AGREEMENT:
        facts.responses = answered("RCT", "SWP")
    elif at > STAGES.index(Stage.AGREEMENT):
        facts.responses = answered("RCT")
    if at > STAGES.index(Stage.QA):
        facts.meetings = [QaMeeting(number=5, meeting_at=STAGE_BEGAN, held_at=STAGE_BEGAN, outcome="not_resolved")]
    if at > STAGES.index(Stage.CO_CHAIR):
        decided = Review(
            number=6, decided_at=STAGE_BEGAN, review=True, reviewer=reviewer, panel_member_agency=panel_member
        )
        facts.reviews = [decided]
    return facts


def parties(facts: CwmTafMorgannwgFacts) -> Parties:
    """Who takes part, with the roles of the shipped edition."""
    return parties_of(EDITION, AGENCIES, facts)


def standing(stage: Stage, **changed: Any) -> Standing:
    """A case in its first turn of `stage`, a meeting that it waits for having begun, with some of that changed."""
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
        stage_began=CASE_BEGAN if stage is Stage.SINGLE_AGENCY else STAGE_BEGAN,
        meeting_at=MEETING_AT if stage in {Stage.QA, Stage.BOARD} else None,
        parties=parties(facts),
        facts=facts,
        accepted=lambda signal_id: int(signal_id == KNOWN_ID),
    )
    return case._replace(**changed)


def said(name: str, sender: str, **changed: Any) -> str:
    """A complete body of `name`, with some fields changed; what is changed to None is left out."""
    role, _, agency = sender.partition("/")
    own = {"agency": agency} if agency else {}
    body = {"by": role, **BODIES.get(name, {}), **own, **changed}
    return json.dumps({field: value for field, value in body.items() if value is not None})


def verdict(case: Standing, name: str, sender: str, **changed: Any) -> Verdict:
    """What the case makes of a signal that is complete, timely and said now, but for what is changed."""
    body = said(name, sender, **changed)
    envelope = read(name, body, NOW).envelope
    seen = max(NOW, envelope.sent_at) if envelope else NOW
    return judge(read(name, body, seen), case, RULES)


def at(moment: datetime) -> dict[str, str]:
    """Said, and sent, at this moment."""
    return {"at": moment.isoformat(), "sent_at": moment.isoformat()}
