"""What the latest run of a workflow was started with and heard, read from its history."""

from collections.abc import Iterable
from datetime import UTC
from typing import Any, NamedTuple

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.converter import DataConverter

from protocols.messages import CONFIRMATION, MESSAGES
from workflows.bodies import body_of
from workflows.state import Received

NAMED = frozenset({*MESSAGES, CONFIRMATION})


class LastRun(NamedTuple):
    """A run.

    Attributes:
        given: the state that it was started with, as JSON; empty if it cannot be read.
        heard: the signals that it was given to judge and those that came to it, in their order.
    """

    given: dict[str, Any]
    heard: list[Received]

    @property
    def resumed(self) -> str:
        """The id under which somebody took it up with this run; empty if nobody did."""
        reopened = self.given.get("reopened") or self.given.get("resumed") or {}
        return str(reopened.get("id", ""))

    @property
    def after(self) -> int:
        """Number of the last step before this run."""
        return int(self.given.get("step", 1)) - 1


async def read_run(converter: DataConverter, events: Iterable[HistoryEvent]) -> LastRun:
    """Read it; what cannot be decrypted counts as not understood, as in the workflow itself.

    Args:
        converter: the client's.
        events: the history.
    """
    given: dict[str, Any] = {}
    heard: list[Received] = []
    for event in events:
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
            (state,) = await converter.decode(event.workflow_execution_started_event_attributes.input.payloads)
            given = state if isinstance(state, dict) else {}
            heard += [Received.model_validate(one) for lane in ("inbox", "urgent") for one in given.get(lane, [])]
        elif event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
            signal = event.workflow_execution_signaled_event_attributes
            known = signal.signal_name in NAMED
            said = await converter.decode(signal.input.payloads) if known else []
            seen = event.event_time.ToDatetime(UTC)
            heard.append(Received(name=signal.signal_name, body=body_of(said), seen=seen))
    return LastRun(given, heard)
