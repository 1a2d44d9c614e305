"""The one timer of a workflow: set for the next moment, and left alone while that stays the same."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from temporalio import workflow


class Alarm:
    """Waits for something to stir, or for the moment that it is set to.

    A timer whose moment has come is never cancelled: the server may have fired it in the same instant.
    """

    def __init__(self) -> None:
        self._at: datetime | None = None
        self._timer: asyncio.Task[None] | None = None

    async def wait(self, until: datetime | None, what: str, stirs: Callable[[], bool]) -> None:
        """Wait.

        Args:
            until: the moment, later than now; None where only something stirring ends the wait.
            what: what the timer is for, in plain words for the Temporal UI.
            stirs: whether something has happened.
        """
        self._set(until, what)
        await workflow.wait_condition(lambda: stirs() or self._rings())

    def _rings(self) -> bool:
        return self._timer is not None and self._timer.done()

    def _set(self, at: datetime | None, what: str) -> None:
        if self._timer and not self._timer.done() and at == self._at:
            return
        if self._timer and self._at and self._at > workflow.now():
            self._timer.cancel()
        self._at = at
        self._timer = asyncio.create_task(workflow.sleep(at - workflow.now(), summary=what)) if at else None
