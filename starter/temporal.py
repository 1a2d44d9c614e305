"""The one connection to Temporal: made when it is first needed, never waited for longer than a person would."""

import asyncio
from datetime import timedelta
from typing import Any

from temporalio.client import Client, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from protocols.errors import Unreachable
from protocols.steps import Receipt
from settings import Settings, temporal_config
from starter.last_run import LastRun, read_run
from workflows.payloads import data_converter
from workflows.registry import protocol_of
from workflows.state import Case

TASK_QUEUE = "disagreements"
PATIENCE = timedelta(seconds=2)
"""A door waits as long for a verdict, then says that it is kept."""
CALL = timedelta(seconds=5)
PAUSE_SECONDS = 0.05
GONE, RUNNING = "gone", "running"
LISTED = 1000
"""So many workflows the engine lists at a time."""


async def connect(settings: Settings) -> Client:
    """A client for the server that the SDK's own settings name.

    Raises:
        Unreachable: it does not answer.
    """
    config: dict[str, Any] = dict(temporal_config())
    address = config.get("target_host")
    try:
        async with asyncio.timeout(CALL.total_seconds()):
            return await Client.connect(**config, data_converter=data_converter(settings.payload_keys))
    except (RuntimeError, TimeoutError, OSError, RPCError):
        words = f"Temporal at {address} does not answer: see that it runs and that TEMPORAL_ADDRESS is right."
        raise Unreachable(words) from None


class NoSuchRun(Exception):
    """No open workflow has this id."""


class Engine:
    """Starts, signals and asks workflows; what the engine's absence means is for the caller to say.

    Args:
        settings: how the server is reached, if it is ever needed.
        client: a client that is connected already.
    """

    def __init__(self, settings: Settings, client: Client | None = None) -> None:
        self._settings, self._client = settings, client

    async def client(self) -> Client:
        """The client, connected at the first call.

        Raises:
            Unreachable: the server does not answer.
        """
        self._client = self._client or await connect(self._settings)
        return self._client

    async def start(self, case: Case[Any]) -> bool:
        """Start the workflow of a case; False where it runs already."""
        edition = case.edition
        workflow = protocol_of(edition.protocol).workflow
        return await self.start_workflow(workflow, case, case.reference, f"{edition.name.en} – {case.authority}")

    async def start_workflow(self, workflow: Any, argument: Any, workflow_id: str, summary: str) -> bool:
        """Start a workflow; False where one with this id runs.

        Raises:
            Unreachable: the server does not answer.
        """
        client = await self.client()
        try:
            await client.start_workflow(
                workflow.run,
                argument,
                id=workflow_id,
                task_queue=TASK_QUEUE,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                static_summary=summary,
                rpc_timeout=CALL,
            )
        except WorkflowAlreadyStartedError:
            return False
        except RPCError as fault:
            raise _unreachable(fault) from None
        return True

    async def signal(self, workflow_id: str, name: str, facts: dict[str, Any]) -> None:
        """Send a signal.

        Raises:
            NoSuchRun: no open workflow has this id.
            Unreachable: the server does not answer.
        """
        handle = await self._handle(workflow_id)
        try:
            await handle.signal(name, facts, rpc_timeout=CALL)
        except RPCError as fault:
            if fault.status is RPCStatusCode.NOT_FOUND:
                raise NoSuchRun(workflow_id) from None
            raise _unreachable(fault) from None

    async def how_it_runs(self, workflow_id: str) -> str:
        """“running”, “terminated”, “failed” …, as Temporal says of the latest run; “gone” where it knows of none.

        Raises:
            Unreachable: the server does not answer.
        """
        handle = await self._handle(workflow_id)
        try:
            status = (await handle.describe(rpc_timeout=CALL)).status
        except RPCError as fault:
            if fault.status is RPCStatusCode.NOT_FOUND:
                return GONE
            raise _unreachable(fault) from None
        return status.name.lower().replace("_", " ") if status else GONE

    async def running(self) -> set[str]:
        """The ids of all workflows that run, as the engine's lists say, which are a moment late.

        Raises:
            Unreachable: the server does not answer.
        """
        asked = f"ExecutionStatus = 'Running' AND TaskQueue = '{TASK_QUEUE}'"
        try:
            return {one.id async for one in (await self.client()).list_workflows(asked, page_size=LISTED)}
        except RPCError as fault:
            raise _unreachable(fault) from None

    async def last_run(self, workflow_id: str) -> LastRun | None:
        """What the latest run of a workflow was started with and heard; None where its history is gone.

        Raises:
            Unreachable: the server does not answer.
        """
        client, handle = await self.client(), await self._handle(workflow_id)
        try:
            run = (await handle.describe(rpc_timeout=CALL)).run_id
            history = await client.get_workflow_handle(workflow_id, run_id=run).fetch_history(rpc_timeout=CALL)
        except RPCError as fault:
            if fault.status is RPCStatusCode.NOT_FOUND:
                return None
            raise _unreachable(fault) from None
        return await read_run(client.data_converter, history.events)

    async def receipt(self, workflow_id: str, signal_id: str) -> Receipt | None:
        """The verdict on a signal, asked for up to 2 seconds; without a worker one query would hang for 30."""
        handle = await self._handle(workflow_id)
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE.total_seconds()
        while (left := until - loop.time()) > 0:
            try:
                answer = await handle.query("receipt", signal_id, rpc_timeout=timedelta(seconds=left))
            except RPCError:
                return None
            if answer:
                return Receipt.model_validate(answer)
            await asyncio.sleep(PAUSE_SECONDS)
        return None

    async def _handle(self, workflow_id: str) -> WorkflowHandle[Any, Any]:
        return (await self.client()).get_workflow_handle(workflow_id)


def _unreachable(fault: RPCError) -> Unreachable:
    return Unreachable(f"Temporal did not take it ({fault.status.name.lower()}): see that it runs.")
