"""Nothing that goes wrong ends a case: it waits, shows as stuck, and goes on once a mended worker runs.

An exception of Python's own fails only the task of a workflow, which is tried again. One of Temporal's (an activity
that failed for good, an `ApplicationError`), a timeout and a stray cancellation end the whole workflow, for good.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from temporalio import workflow
from temporalio.exceptions import FailureError, is_cancelled_exception
from temporalio.worker import (
    ExecuteWorkflowInput,
    HandleSignalInput,
    Interceptor,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)


class WouldHaveEnded(Exception):
    """Something went wrong that would have ended the case; its task fails instead, and is tried again."""


class Enduring(Interceptor):
    """For the worker of all cases."""

    def workflow_interceptor_class(
        self,
        input: WorkflowInterceptorClassInput,  # noqa: A002 - the SDK's name
    ) -> type[WorkflowInboundInterceptor]:
        """What is laid around each workflow and its handlers."""
        return _Endures


class _Endures(WorkflowInboundInterceptor):
    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:  # noqa: A002 - the SDK's name
        with _enduring():
            return await super().execute_workflow(input)

    async def handle_signal(self, input: HandleSignalInput) -> None:  # noqa: A002 - the SDK's name
        with _enduring():
            await super().handle_signal(input)


@contextmanager
def _enduring() -> Iterator[None]:
    try:
        yield
    except (FailureError, TimeoutError, asyncio.CancelledError) as fault:
        if workflow.cancellation_reason() is not None and is_cancelled_exception(fault):
            raise  # somebody cancelled the workflow itself, on purpose
        cause = getattr(fault, "cause", None) or fault
        raise WouldHaveEnded(f"{type(cause).__name__}: {cause}") from fault
