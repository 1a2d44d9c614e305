"""What an operator does to a workflow: reset it to an earlier point, or terminate it."""

from uuid import uuid4

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import Client


async def points(client: Client, workflow_id: str, run: str = "") -> list[int]:
    """The events of a run that it can be reset to, in order."""
    handle = client.get_workflow_handle(workflow_id, run_id=run or None)
    done = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
    return [event.event_id async for event in handle.fetch_history_events() if event.event_type == done]


async def run_of(client: Client, workflow_id: str) -> str:
    """The run that is the current one."""
    return (await client.get_workflow_handle(workflow_id).describe()).run_id or ""


async def reset(client: Client, workflow_id: str, point: int, run: str = "") -> str:
    """Reset a run, the current one if none is named, to one of its `points`; answers the id of the new run."""
    asked = ResetWorkflowExecutionRequest(
        namespace=client.namespace,
        workflow_execution=WorkflowExecution(workflow_id=workflow_id, run_id=run),
        reason="an operator tries it",
        workflow_task_finish_event_id=point,
        request_id=str(uuid4()),
    )
    return (await client.workflow_service.reset_workflow_execution(asked)).run_id
