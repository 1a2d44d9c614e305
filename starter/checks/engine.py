"""What is asked of Temporal: does it answer, is it prepared, and does anybody work?"""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import IndexedValueType, TaskQueueType
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest, ListSearchAttributesResponse
from temporalio.api.taskqueue.v1 import PollerInfo, TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError

import settings
from starter.checks.findings import Finding
from starter.temporal import CALL, TASK_QUEUE, Engine
from workflows.story import SEARCH_ATTRIBUTES

HEARD_WITHIN = timedelta(minutes=2)
"""A worker asks for work anew at least once a minute."""


async def findings(setting: settings.Settings) -> list[Finding]:
    """Namespace, search attributes, workers, encryption.

    Raises:
        Unreachable: Temporal does not answer.
    """
    client = await Engine(setting).client()
    try:
        answer = await client.operator_service.list_search_attributes(
            ListSearchAttributesRequest(namespace=client.namespace), timeout=CALL
        )
    except RPCError as fault:
        return [_no_namespace(client, fault)]
    if unfit := list(_unfit(answer)):
        return unfit
    found = [Finding("Temporal", f"answers, namespace {client.namespace}, search attributes are there")]
    if not await _pollers(client):
        found.append(Finding("worker", "none asks for work: start one with datrys worker", warns=True))
    if not setting.payload_keys:
        words = "what Temporal stores is not encrypted; set DATRYS_PAYLOAD_KEYS"
        found.append(Finding("Temporal", words, warns=True))
    return found


def _unfit(answer: ListSearchAttributesResponse) -> Iterator[Finding]:
    missing = [key.name for key in SEARCH_ATTRIBUTES if key.name not in answer.custom_attributes]
    if missing:
        names = ", ".join(missing)
        words = f"search attributes are missing: create {names} with `temporal operator search-attribute create`"
        yield Finding("Temporal", words, stops=True)
    there = answer.custom_attributes
    for key in SEARCH_ATTRIBUTES:
        meant = _type(key.indexed_value_type)
        if key.name in there and (found := _type(there[key.name])) != meant:
            words = f"the search attribute {key.name} is of the type {found}, not {meant}"
            remedy = "remove it with `temporal operator search-attribute remove`, and create it anew"
            yield Finding("Temporal", f"{words}: {remedy}", stops=True)


def _type(number: int) -> str:
    """“Keyword”, as the commands of Temporal call it."""
    names = {value: name for name, value in IndexedValueType.items()}
    return names[IndexedValueType.ValueType(number)].removeprefix("INDEXED_VALUE_TYPE_").title().replace("_", "")


def _no_namespace(client: Client, fault: RPCError) -> Finding:
    why = fault.status.name.lower()
    words = f"the namespace {client.namespace} does not answer ({why}): see TEMPORAL_NAMESPACE"
    return Finding("Temporal", words, stops=True)


async def hears_this_machine(setting: settings.Settings) -> list[Finding]:
    """Whether a worker of this machine asked for work lately; in a container that is the one of the container.

    Raises:
        Unreachable: Temporal does not answer.
    """
    client = await Engine(setting).client()
    for poller in await _pollers(client):
        if poller.identity.endswith(f"@{socket.gethostname()}"):
            return [Finding("Temporal", f"the worker {poller.identity} asks for work")]
    words = "no worker of this machine asks for work: see that datrys worker runs, and what its log says"
    return [Finding("Temporal", words, stops=True)]


async def _pollers(client: Client) -> list[PollerInfo]:
    """Who asked for work lately."""
    question = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=TASK_QUEUE),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    try:
        answer = await client.workflow_service.describe_task_queue(question, timeout=CALL)
    except RPCError:
        return []
    since = datetime.now(UTC) - HEARD_WITHIN
    return [poller for poller in answer.pollers if poller.last_access_time.ToDatetime(UTC) > since]
