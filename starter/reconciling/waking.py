"""A case that Temporal has from an earlier day is begun anew: it then goes on from the records (`workflows.behind`)."""

from uuid import uuid4

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import Client
from temporalio.service import RPCError

from protocols.errors import Unreachable
from starter.reconciling.history import Histories, Run
from starter.temporal import CALL


async def wake(client: Client, run: Run) -> None:
    """Reset its latest run to its last decision: nothing of it is lost, and it asks the records what it does not know.

    Raises:
        Unreachable: the engine does not answer, or did not do it.
    """
    async for event in Histories(client).backwards(run):
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
            break
    else:
        return  # it has decided nothing, and learns it with its first step
    asked = ResetWorkflowExecutionRequest(
        namespace=client.namespace,
        workflow_execution=WorkflowExecution(workflow_id=run.id, run_id=run.runs[-1]),
        reason="the records know more (datrys reconcile --from-records)",
        workflow_task_finish_event_id=event.event_id,
        request_id=str(uuid4()),
    )
    try:
        await client.workflow_service.reset_workflow_execution(asked, timeout=CALL)
    except RPCError as fault:
        words = f"Temporal did not begin {run.id} anew ({fault.status.name.lower()}): see it in the Temporal UI."
        raise Unreachable(words) from None
