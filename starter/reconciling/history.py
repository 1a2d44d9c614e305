"""What the engine knows of a case: its workflows, and what their histories say was recorded, posted and heard."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from temporalio.api.common.v1 import Payload, WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryReverseRequest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError

from protocols.errors import Unreachable
from protocols.steps import Step
from records.reconciling import Key, key_of
from starter.temporal import CALL
from workflows.immediate import ImmediateAction
from workflows.registry import PROTOCOLS

RECORD, POST = "record", "post"
PAGE = 40
"""So many of its last events are asked for first: mostly the last step is among them."""

AT_ONCE = 16
CASES = {protocol.workflow.__name__: name for name, protocol in PROTOCOLS.items()} | {ImmediateAction.__name__: ""}
"""The workflows that record steps."""


class Run(NamedTuple):
    """A workflow as the engine lists it: the latest of its runs, and the ids of all that are there, oldest first."""

    id: str
    open: bool
    by_hand: bool
    runs: tuple[str, ...]


class Heard(NamedTuple):
    """A signal that stands in the history, with the sender's key; `texted` where a text belongs to it."""

    name: str
    id: str
    at: datetime
    texted: bool


class Seen(NamedTuple):
    """The end of a history.

    Attributes:
        recorded: number of the last step that the records said was written.
        made: number of the last step that was made: the same, or one more that waits to be written.
        heard: signals after that.
    """

    recorded: int
    made: int
    heard: tuple[Heard, ...]


class Story(NamedTuple):
    """All that is left of a workflow's histories.

    Attributes:
        made: in their order, steps that were written, and what was known to be mailed or settled by then.
        at: when each step was made, by number.
        heard: every signal.
        idle: by the last word, nothing waits to be mailed.
        mailed: what was mailed or settled at the end.
        raised_at: when the case was raised, as its workflow was told; None for an immediate action.
    """

    made: tuple[Step | frozenset[Key], ...]
    at: Mapping[int, datetime]
    heard: tuple[Heard, ...]
    idle: bool
    mailed: frozenset[Key]
    raised_at: datetime | None


async def workflows(client: Client, reference: str = "") -> dict[str, Run]:
    """Every workflow that records steps, running or kept since it ended; or those of one case.

    Raises:
        Unreachable: the engine does not answer.
    """
    found: dict[str, list[Any]] = {}
    query = f"WorkflowId STARTS_WITH '{reference}'" if reference else None
    try:
        async for one in client.list_workflows(query, rpc_timeout=CALL):
            mine = one.id == reference or one.id.startswith(f"{reference}-immediate-")
            if one.workflow_type in CASES and (mine or not reference):
                found.setdefault(one.id, []).append(one)
    except RPCError as fault:
        raise _unreachable(fault) from None
    return {name: _latest(name, sorted(runs, key=lambda run: run.start_time)) for name, runs in found.items()}


def _latest(id: str, runs: Sequence[Any]) -> Run:  # noqa: A002 - the name that the engine gives it
    status = runs[-1].status
    over = (WorkflowExecutionStatus.COMPLETED, WorkflowExecutionStatus.CONTINUED_AS_NEW)
    running = status is WorkflowExecutionStatus.RUNNING
    return Run(id, running, not running and status not in over, tuple(run.run_id for run in runs))


class Histories:
    """Reads histories; several at once.

    Args:
        client: connected with the converter of `workflows.payloads`.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._places = asyncio.Semaphore(AT_ONCE)

    async def end_of(self, run: Run) -> Seen:
        """The last steps of the latest run.

        Raises:
            Unreachable: the engine does not answer, or what it stores cannot be read.
        """
        async with self._places:
            done: set[int] = set()
            heard: list[Heard] = []
            made = 0
            async for event in self.backwards(run):
                match event.event_type:
                    case EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
                        done.add(event.activity_task_completed_event_attributes.scheduled_event_id)
                    case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
                        heard.append(await self._heard(event))
                    case EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED if _kind(event) == RECORD:
                        number = (await self._step(event)).number
                        made = made or number
                        if event.event_id in done:
                            return Seen(number, made, tuple(reversed(heard)))
                    case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
                        begun = await self._read(event.workflow_execution_started_event_attributes.input.payloads, dict)
                        last = int(begun.get("step", 1)) - 1
                        return Seen(last, made or last, tuple(reversed(heard)))
                    case _:
                        pass
            raise Unreachable(f"What Temporal stores of {run.id} has no begin.")

    async def story_of(self, run: Run) -> Story:
        """All that its runs tell.

        Raises:
            Unreachable: the engine does not answer, or what it stores cannot be read.
        """
        told = _Telling()
        async with self._places:
            for run_id in run.runs:
                told.begin()
                async for event in self._forwards(run.id, run_id):
                    match event.event_type:
                        case EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED if _kind(event) == RECORD:
                            told.recording(event, await self._step(event))
                        case EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED if _kind(event) == POST:
                            told.posting(event)
                        case EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
                            answer = event.activity_task_completed_event_attributes
                            recorded = told.records(answer.scheduled_event_id)
                            said = await self._read(answer.result.payloads, dict) if recorded else {}
                            told.completed(answer.scheduled_event_id, said)
                        case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
                            told.heard.append(await self._heard(event))
                        case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
                            begun = event.workflow_execution_started_event_attributes.input.payloads
                            told.begun(await self._read(begun, dict))
                        case _:
                            pass
        return told.story()

    async def backwards(self, run: Run) -> AsyncIterator[HistoryEvent]:
        """The events of the latest run, the last first.

        Raises:
            Unreachable: the engine does not answer.
        """
        token = b""
        while True:
            asked = GetWorkflowExecutionHistoryReverseRequest(
                namespace=self._client.namespace,
                execution=WorkflowExecution(workflow_id=run.id, run_id=run.runs[-1]),
                maximum_page_size=PAGE,
                next_page_token=token,
            )
            try:
                page = await self._client.workflow_service.get_workflow_execution_history_reverse(asked, timeout=CALL)
            except RPCError as fault:
                raise _unreachable(fault) from None
            for event in page.history.events:
                yield event
            token = page.next_page_token
            if not token:
                return

    async def _forwards(self, id: str, run_id: str) -> AsyncIterator[HistoryEvent]:  # noqa: A002 - as above
        try:
            async for event in self._client.get_workflow_handle(id, run_id=run_id).fetch_history_events():
                yield event
        except RPCError as fault:
            raise _unreachable(fault) from None

    async def _step(self, event: HistoryEvent) -> Step:
        step: Step = await self._read(event.activity_task_scheduled_event_attributes.input.payloads, Step)
        return step

    async def _heard(self, event: HistoryEvent) -> Heard:
        said = event.workflow_execution_signaled_event_attributes
        try:
            facts = (await self._client.data_converter.decode(said.input.payloads))[0]
        except Exception:  # noqa: BLE001 - whatever somebody sent past the doors
            facts = {}
        facts = facts if isinstance(facts, dict) else {}
        return Heard(said.signal_name, str(facts.get("id") or ""), _at(event), bool(facts.get("record")))

    async def _read(self, payloads: Sequence[Payload], kind: type) -> Any:
        try:
            return (await self._client.data_converter.decode(payloads, [kind]))[0]
        except Exception:  # noqa: BLE001 - a key that is missing shows in many ways
            words = "What Temporal stores cannot be read: set DATRYS_PAYLOAD_KEYS here as for the worker."
            raise Unreachable(words) from None


class _Telling:
    """Puts the events of one workflow together, run after run."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self._made: list[Step | frozenset[Key]] = []
        self._at: dict[int, datetime] = {}
        self._unmailed: frozenset[Key] = frozenset()
        self._mailed: frozenset[Key] = frozenset()
        self._owed, self._under_way = False, 0  # what is to be mailed yet, and the post that does so
        self._raised_at: datetime | None = None
        self.begin()

    def begin(self) -> None:
        """Another run: events are counted anew; a post that did not end is owed."""
        self._owed, self._under_way = self._owed or bool(self._under_way), 0
        self._recording: dict[int, tuple[Step, datetime]] = {}
        self._posting: dict[int, frozenset[Key]] = {}

    def begun(self, state: Mapping[str, Any]) -> None:
        """What a run began with."""
        said = state.get("raised_at")
        self._raised_at = datetime.fromisoformat(said) if said else None

    def recording(self, event: HistoryEvent, step: Step) -> None:
        """A step is to be written."""
        self._recording[event.event_id] = (step, _at(event))

    def posting(self, event: HistoryEvent) -> None:
        """What is written by now is to be mailed."""
        self._posting[event.event_id] = self._unmailed
        self._owed, self._under_way = False, event.event_id

    def records(self, scheduled: int) -> bool:
        """Whether it is a step that this activity writes: nothing else that one answers is asked for."""
        return scheduled in self._recording

    def completed(self, scheduled: int, said: Mapping[str, Any]) -> None:
        """An activity ended well; of a step that a run asked for once more, the first time counts.

        Args:
            scheduled: the event that asked for it.
            said: what it answered, if it wrote a step.
        """
        if scheduled in self._recording:
            step, at = self._recording[scheduled]
            self._owed = bool(said.get("unposted"))
            if step.number not in self._at and not said.get("behind"):
                self._at[step.number] = at
                self._made.append(step)
                self._unmailed |= {key_of(notice) for notice in step.notices}
        elif scheduled in self._posting:
            mailed = self._posting[scheduled]
            self._under_way = 0
            self._unmailed -= mailed
            self._mailed |= mailed
            self._made.append(mailed)

    def story(self) -> Story:
        """All of it."""
        idle = not (self._owed or self._under_way)
        return Story(tuple(self._made), self._at, tuple(self.heard), idle, self._mailed, self._raised_at)


def _unreachable(fault: RPCError) -> Unreachable:
    return Unreachable(f"Temporal could not be asked ({fault.status.name.lower()}): see that it runs.")


def _kind(event: HistoryEvent) -> str:
    return event.activity_task_scheduled_event_attributes.activity_type.name


def _at(event: HistoryEvent) -> datetime:
    return event.event_time.ToDatetime(UTC)
