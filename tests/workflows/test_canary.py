"""The canary: what names people or was said in free text is in the records and nowhere else."""

import json
import logging
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Engine
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionRequest
from temporalio.client import Client

from protocols.roles import Role
from protocols.working_days import LONDON
from records import reading
from tests.people import case_file, load_directory
from tests.story import NAMESPACE, Story, begin

MARK = "CANARY"
BEGINS = datetime(2026, 3, 2, 10, tzinfo=LONDON)
RAISING, LEAD = Role(role="practitioner", agency="ABUHB"), Role(role="line_manager", agency="ABUHB")
TEAM_MANAGER, CHAIR, SERVICE_MANAGER = (Role(role=role) for role in ("team_manager", "chair", "service_manager"))
REVIEWER, UNIT = Role(role="reviewer", agency="TORFAEN"), Role(role="business_unit")
TEXT = {"text": f"{MARK} said in free text"}
HOLDER = {"name": f"{MARK} New Holder", "email": "new-holder@example.invalid", "phone": f"{MARK} 2"}


def marked(file: dict[str, Any]) -> dict[str, Any]:
    """A case file whose every personal field and free text is marked.

    A mail goes to an address, and an immediate action gives the work telephone of whoever raised it: these are not.
    """
    parent = {"name": f"{MARK} Parent", "date_of_birth": "1985-02-03"}
    subject = {"name": f"{MARK} Child", "address": f"1 {MARK} Street", "occurrence_number": f"{MARK}-OCC"}
    texts = {field: f"{MARK} {field}" for field in ("issue", "done_already", "outcome_sought", "circumstance_other")}
    people = [person | {"name": f"{MARK} {person['name']}", "phone": f"{MARK} 1"} for person in file["people"]]
    return file | {
        **texts,
        "circumstance": "other",
        "subject": file["subject"] | subject | {"parents_or_carers": [parent]},
        "informal_attempt": file["informal_attempt"] | {"between": f"{MARK} two"},
        "duty_to_report": file["duty_to_report"] | {"reference": f"{MARK}-DTR"},
        "raised_by": file["raised_by"] | {"name": f"{MARK} Raiser"},
        "people": people,
    }


MEETING = {"meeting_at": "2026-03-12T10:00:00+00:00"}
HELD = {
    "outcome": "not_resolved",
    "immediate_action_needed": True,
    "attended": [{"role": "practitioner", "agency": "ABUHB"}],
}
DECIDED = {"review": True, "reviewer": "TORFAEN", "criterion_i": True, "criterion_ii": True}
WALK: list[tuple[int, str, Role, dict[str, Any]]] = [
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


@pytest.mark.clause("common mail cannot carry case detail", "common what is kept")
async def test_no_name_and_no_free_text_leaves_the_records(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    """Every personal field and free text is marked; the marks are in no history, id, attribute, log or mail."""
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.CRITICAL, "mail.log")
    async with begin(BEGINS, engine) as story:
        load_directory(engine)
        case = await story.raise_case(marked(case_file(BEGINS)))
        verdicts = await _walk(story, case)
        await story.posted(case)
        seen = [await _everything(story.client, one) for one in (case, f"{case}-immediate-1", f"{case}-immediate-2")]
        mails = [message.as_string() for message in story.mailbox.messages]
        bodies = [
            str(part.get_content()) for m in story.mailbox.messages for part in m.walk() if not part.is_multipart()
        ]
    refused = [name for name, accepted in verdicts if not accepted]
    assert ["not_resolved"] == refused
    assert "reviewed" == reading.case_view(engine, case).row.outcome
    assert len(mails) > 60
    assert [] == [text[:200] for text in [*seen, *mails, *bodies, caplog.text] if MARK.lower() in text.lower()]


async def _walk(story: Story, case: str) -> list[tuple[str, bool]]:
    """Through all stages; answers what was said and whether it was accepted."""
    verdicts = []
    for day, name, by, facts in WALK:
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
