"""The canary: what names people or was said in free text is in the records and nowhere else."""

import json
import logging
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import Engine
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionRequest
from temporalio.client import Client

from protocols.roles import Role
from protocols.working_days import LONDON
from records import reading
from tests import ctm, people
from tests.story import NAMESPACE, Story, begin

MARK = "CANARY"
BEGINS = datetime(2026, 3, 2, 10, tzinfo=LONDON)
Walk = list[tuple[int, str, Role, dict[str, Any]]]
RAISING, LEAD = Role(role="practitioner", agency="ABUHB"), Role(role="line_manager", agency="ABUHB")
TEAM_MANAGER, CHAIR, SERVICE_MANAGER = (Role(role=role) for role in ("team_manager", "chair", "service_manager"))
REVIEWER, UNIT = Role(role="reviewer", agency="TORFAEN"), Role(role="business_unit")
TEXT = {"text": f"{MARK} said in free text"}
HOLDER = {"name": f"{MARK} New Holder", "email": "new-holder@example.invalid", "phone": f"{MARK} 2"}


def marked(file: dict[str, Any]) -> dict[str, Any]:
    """A case file whose every personal field and free text is marked.

    A mail goes to an address, and an immediate action gives the work telephone of whoever raised it: these are not.
    """
    report = file.get("duty_to_report")
    parent = {"name": f"{MARK} Parent", "date_of_birth": "1985-02-03"}
    subject = {"name": f"{MARK} Child", "address": f"1 {MARK} Street", "occurrence_number": f"{MARK}-OCC"}
    texts = {field: f"{MARK} {field}" for field in ("issue", "done_already", "outcome_sought", "circumstance_other")}
    holders = [person | {"name": f"{MARK} {person['name']}", "phone": f"{MARK} 1"} for person in file["people"]]
    return file | {
        **texts,
        "circumstance": "other",
        "subject": file["subject"] | subject | {"parents_or_carers": [parent]},
        "informal_attempt": file["informal_attempt"] | {"between": f"{MARK} two"},
        "duty_to_report": report and report | {"reference": f"{MARK}-DTR"},
        "raised_by": file["raised_by"] | {"name": f"{MARK} Raiser"},
        "people": holders,
    }


MEETING = {"meeting_at": "2026-03-12T10:00:00+00:00"}
HELD = {
    "outcome": "not_resolved",
    "immediate_action_needed": True,
    "attended": [{"role": "practitioner", "agency": "ABUHB"}],
}
DECIDED = {"review": True, "reviewer": "TORFAEN", "criterion_i": True, "criterion_ii": True}
GWENT: Walk = [
    (3, "discussion_recorded", RAISING, TEXT),
    (3, "immediate_action", RAISING, TEXT),
    (
        3,
        "role_changed",
        UNIT,
        {
            "role": "line_manager",
            "for_agency": "NEWPORT",
            "holder": HOLDER | {"role": "line_manager", "agency": "NEWPORT"},
        },
    ),
    (
        3,
        "agency_added",
        UNIT,
        {"agency_code": "EDU", "must_respond": False, "people": [HOLDER | {"role": "practitioner", "agency": "EDU"}]},
    ),
    (4, "not_resolved", RAISING, TEXT),
    (5, "not_resolved", LEAD, TEXT),
    (6, "meeting_arranged", TEAM_MANAGER, MEETING | TEXT),
    (12, "meeting_held", CHAIR, HELD | TEXT),
    (12, "not_resolved", RAISING, TEXT),
    (13, "minutes_recorded", CHAIR, TEXT),
    (13, "review_requested", CHAIR, {"believed_by": ["ABUHB"], "harm_through": ["NEWPORT"]} | TEXT),
    (16, "head_of_service_consulted", SERVICE_MANAGER, TEXT),
    (16, "review_decided", SERVICE_MANAGER, DECIDED | {"immediate_action_needed": False} | TEXT),
    (17, "progress_noted", REVIEWER, TEXT),
    (18, "review_completed", REVIEWER, {"practitioners_included": True} | TEXT),
    (19, "report_accepted", SERVICE_MANAGER, {"agreed": True} | TEXT),
    (20, "feedback_given", CHAIR, TEXT),
]


MANAGER, COUNTERPART = Role(role="manager", agency="CTMUHB"), Role(role="counterpart_manager", agency="RCT")
CO_CHAIR, REVIEW_GROUP = Role(role="co_chair"), Role(role="review_group")
NEW_REPRESENTATIVE = HOLDER | {"role": "representative", "agency": "EDU"}
DECISION = {"agency": "BRIDGEND", "review": True, "reviewer": "review_group", "decided_at": "2026-03-17T10:00:00+00:00"}
CWM_TAF_MORGANNWG: Walk = [
    (3, "discussion_recorded", MANAGER, TEXT),
    (3, "immediate_action", Role(role="professional", agency="CTMUHB"), TEXT),
    (3, "agency_added", UNIT, {"agency_code": "EDU", "must_respond": False, "people": [NEW_REPRESENTATIVE]}),
    (4, "not_resolved", MANAGER, {"must_respond": ["RCT", "SWP"]} | TEXT),
    (5, "response_submitted", COUNTERPART, {"agency": "RCT"} | TEXT),
    (5, "role_changed", COUNTERPART, {"role": "counterpart_manager", "for_agency": "RCT", "holder": HOLDER}),
    (5, "response_submitted", COUNTERPART, {"agency": "RCT"} | TEXT),
    (6, "response_submitted", Role(role="representative", agency="SWP"), {"agency": "SWP"} | TEXT),
    (9, "not_resolved", MANAGER, TEXT),
    (16, "immediate_action", UNIT, TEXT),
    (16, "not_resolved", UNIT, TEXT),
    (18, "review_decided", CO_CHAIR, DECISION | TEXT),
    (19, "panel_set_up", UNIT, TEXT),
    (20, "progress_noted", REVIEW_GROUP, TEXT),
    (23, "review_completed", REVIEW_GROUP, TEXT),
    (27, "report_presented", UNIT, {"agreed": True} | TEXT),
    (30, "learning_disseminated", UNIT, {"agencies": ["RCT"]} | TEXT),
]
BOARDS: dict[str, tuple[ModuleType, Walk, str]] = {
    "gwent": (people, GWENT, "not_resolved"),
    "cwm-taf-morgannwg": (ctm, CWM_TAF_MORGANNWG, "response_submitted"),
}
"""Each board's people, a walk through all stages of its protocol, and the one signal of it that is not accepted."""
MEETINGS = ["qa qa_children 2026-03-16T10:00+00:00", "b board 2026-03-27T10:00+00:00"]


@pytest.mark.parametrize("protocol", BOARDS)
@pytest.mark.clause("common mail cannot carry case detail", "common what is kept")
async def test_no_name_and_no_free_text_leaves_the_records(
    protocol: str, engine: Engine, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """Every personal field and free text is marked; the marks are in no history, id, attribute, log or mail."""
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.CRITICAL, "mail.log")
    board, walk, expected = BOARDS[protocol]
    async with begin(BEGINS, engine) as story:
        board.load_directory(engine)
        await story.door.load_meetings(ctm.meetings_file(tmp_path, MEETINGS))
        case = await story.raise_case(marked(board.case_file(BEGINS, {"agencies": "RCT,SWP"})))
        verdicts = await _walk(story, case, walk)
        await story.posted(case)
        seen = [await _everything(story.client, one) for one in (case, f"{case}-immediate-1", f"{case}-immediate-2")]
        mails = [message.as_string() for message in story.mailbox.messages]
        bodies = [
            str(part.get_content()) for m in story.mailbox.messages for part in m.walk() if not part.is_multipart()
        ]
    refused = [name for name, accepted in verdicts if not accepted]
    assert [expected] == refused
    assert "reviewed" == reading.case_view(engine, case).row.outcome
    assert len(mails) > 60
    assert [] == [text[:200] for text in [*seen, *mails, *bodies, caplog.text] if MARK.lower() in text.lower()]


async def _walk(story: Story, case: str, walk: Walk) -> list[tuple[str, bool]]:
    """Through all stages; answers what was said and whether it was accepted."""
    verdicts = []
    for day, name, by, facts in walk:
        await story.skip_to(BEGINS.replace(day=day, hour=12))
        told = await story.door.tell(case, name, by, facts)
        verdicts.append((name, bool(told.receipt and told.receipt.accepted)))
    return verdicts


async def _everything(client: Client, case: str) -> str:
    """All that the engine stores of a workflow, and all that it answers."""
    handle = client.get_workflow_handle(case)
    history = (await handle.fetch_history()).to_json()
    execution = WorkflowExecution(workflow_id=handle.id)
    request = DescribeWorkflowExecutionRequest(namespace=NAMESPACE, execution=execution)
    described = str(await client.workflow_service.describe_workflow_execution(request))
    answers = [await handle.query("status"), await handle.query("timeline")] if "immediate" not in handle.id else []
    metadata = await handle.query("__temporal_workflow_metadata")
    return history + described + json.dumps(answers, default=str) + str(metadata)
