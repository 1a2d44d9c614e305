"""Which cases do not go on, and why: their code fails, or what they have to do fails again and again.

Temporal itself flags a workflow whose task fails again and again (`TemporalReportedProblems`), so that none but these
has to be looked at, and those that the records find suspicious. An older server flags none: there all are looked at.
"""

import asyncio
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, GetWorkflowExecutionHistoryReverseRequest
from temporalio.client import Client, WorkflowExecutionDescription, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from protocols.errors import RecordsOlder, Unreachable
from records.streams import reference_of
from starter.checks.findings import Finding
from starter.temporal import CALL

FLAGGED = "ExecutionStatus = 'Running' AND TemporalReportedProblems IS NOT NULL"
RUNNING = "ExecutionStatus = 'Running'"
EMERGENCIES = "ExecutionStatus = 'Running' AND WorkflowType = 'ImmediateAction'"
MOST, SHOWN, AT_ONCE = 2000, 20, 20
"""So many workflows are looked at, so many of the stuck ones are named, so many are asked for at once."""

TASKS_FAILED, ACTIVITIES_FAILED = 2, 3
"""From so many failures on it is no accident: the next attempt comes at once, or within seconds."""

LAST_EVENTS, WORDS = 10, 160
NO_BUG = ("Waiting", "MailServerAway")
"""What a post says that waits for the mail server: `datrys check` looks at that itself."""

DOING = {
    "record": "recording a step",
    "post": "posting its mail",
    "next_meeting": "asking for the next meeting",
    "set_aside": "setting aside what waits",
    "take_back": "taking back what was set aside",
    "ahead": "asking what the records know",
}
MENDED = "put the release before back, or deploy one that is mended, and it goes on by itself"
REPLAYED = EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED
LATE = EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT
DONE = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED


class Stuck(NamedTuple):
    """A workflow that does not go on, and why with the remedy."""

    workflow_id: str
    words: str


async def findings(client: Client, suspects: Iterable[str]) -> list[Finding]:
    """A line for each stuck case.

    Args:
        client: of the namespace whose cases are looked at.
        suspects: ids of workflows that seem not to go on, as the records see it.

    Raises:
        Unreachable: Temporal does not answer.
    """
    try:
        looked_at = list(dict.fromkeys([*await _flagged(client), *suspects]))
        found = [one for one in await _look_at(client, looked_at[:MOST]) if one]
    except RPCError as fault:
        raise Unreachable(f"Temporal did not say how the cases stand ({fault.status.name.lower()}).") from None
    lines = [Finding("stuck", f"{one.workflow_id} does not go on: {one.words}", stops=True) for one in found[:SHOWN]]
    if len(found) > SHOWN:
        words = f"{len(found) - SHOWN} more do not go on: see them in the Temporal UI"
        lines.append(Finding("stuck", words, stops=True))
    if len(looked_at) > MOST:
        words = f"{len(looked_at) - MOST} more may be stuck and were not looked at: mend the above, and check again"
        lines.append(Finding("stuck", words, warns=True))
    return lines or [Finding("stuck", "no case")]


async def _flagged(client: Client) -> list[str]:
    """Those that the server flags and all immediate actions; where it flags none, all that run."""
    asked = DescribeNamespaceRequest(namespace=client.namespace)
    known = (await client.workflow_service.describe_namespace(asked, timeout=CALL)).namespace_info.capabilities
    queries = (FLAGGED, EMERGENCIES) if known.reported_problems_search_attribute else (RUNNING,)
    return [one.id for query in queries async for one in client.list_workflows(query, limit=MOST + 1)]


async def _look_at(client: Client, workflow_ids: Iterable[str]) -> list[Stuck | None]:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(workflow_id: str) -> Stuck | None:
        async with gate:
            return await _why_stuck(client, workflow_id)

    return await asyncio.gather(*map(one, workflow_ids))


async def _why_stuck(client: Client, workflow_id: str) -> Stuck | None:
    """Why it does not go on; None if it does, has ended, or is not there."""
    try:
        found = await client.get_workflow_handle(workflow_id).describe(rpc_timeout=CALL)
    except RPCError as fault:
        if fault.status is not RPCStatusCode.NOT_FOUND:
            raise
        return None  # a suspect that Temporal does not know: the relay starts it, or it is long over
    if found.status is not WorkflowExecutionStatus.RUNNING:
        return None
    words = await _task_words(client, found) or next(_activity_words(found), "")
    return Stuck(workflow_id, words) if words else None


async def _task_words(client: Client, found: WorkflowExecutionDescription) -> str:
    """What is wrong with the code of the workflow, if its task fails."""
    if found.raw_description.pending_workflow_task.attempt < TASKS_FAILED:
        return ""
    for event in await _last_events(client, found):
        if event.event_type == REPLAYED:
            said = event.workflow_task_failed_event_attributes
            if said.cause == WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR:
                return f"its code does other things now than when it began: {MENDED}"
            return f"its code fails ({await _failure_words(client, said.failure)}): {MENDED}"
        if event.event_type == DONE:
            return ""
        if event.event_type == LATE and found.raw_description.pending_workflow_task.attempt > TASKS_FAILED:
            return "its worker gives no answer in time: see the worker's log, and start it again"
    return ""


async def _last_events(client: Client, found: WorkflowExecutionDescription) -> list[HistoryEvent]:
    """The latest first."""
    asked = GetWorkflowExecutionHistoryReverseRequest(
        namespace=client.namespace,
        execution=WorkflowExecution(workflow_id=found.id, run_id=found.run_id),
        maximum_page_size=LAST_EVENTS,
    )
    answer = await client.workflow_service.get_workflow_execution_history_reverse(asked, timeout=CALL)
    return list(answer.history.events)


async def _failure_words(client: Client, failure: Failure) -> str:
    """“RuntimeError: no such stage”; in one line."""
    await client.data_converter.decode_failure(failure)
    kind = failure.application_failure_info.type
    words = " ".join(": ".join(part for part in (kind, failure.message) if part).split())
    return words if len(words) <= WORDS else words[: WORDS - 1] + "…"


def _activity_words(found: WorkflowExecutionDescription) -> Iterator[str]:
    """What fails again and again; its error by its kind alone, since an activity handles names and texts."""
    for one in found.raw_description.pending_activities:
        kind = one.last_failure.application_failure_info.type or "no answer in time"
        if kind == RecordsOlder.__name__:
            command = f"datrys reconcile {reference_of(found.id)}"
            yield f"the records are older than Temporal; see what differs with: {command}"
        elif one.attempt > ACTIVITIES_FAILED and one.HasField("last_failure") and kind not in NO_BUG:
            doing = DOING.get(one.activity_type.name, one.activity_type.name)
            failed = f"{doing} failed {one.attempt - 1} times ({kind})"
            yield f"{failed}: see that the lines above are in order, else what the worker's log says; it is tried again"
