"""A case that is behind the records goes on from them: nothing goes out twice, and nothing that was said is lost."""

import asyncio
import json
from abc import abstractmethod
from typing import NoReturn

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from protocols.steps import Ahead
    from workflows.behind import Course, as_it_began, as_recorded, go_on, stop
    from workflows.danger import Danger
    from workflows.outbox import Behind
    from workflows.state import Case, F


class CatchingUp(Danger[F]):
    """Follows a case, and lets it go on from the records where an operator reset it or Temporal was restored."""

    def __init__(self, case: Case[F]) -> None:
        super().__init__(case)
        self.watch: asyncio.Task[None] | None = None
        self._course, self._begun_by = Course(), case.reopened

    @abstractmethod
    async def from_stage_to_stage(self) -> str:
        """Until the case has ended; answers the outcome."""

    async def follow(self) -> str:
        """From stage to stage until the case has ended; answers the outcome."""
        try:
            return await self._course.take(self.from_stage_to_stage())
        except Behind:
            await self._go_on_from_the_records()

    async def _go_on_from_the_records(self) -> NoReturn:
        await stop(self.watch)
        await self.outbox.hand_over()
        ahead = await self._course.ask(self.case.reference, self.recorded)
        workflow.continue_as_new(self._caught_up(ahead))

    def _caught_up(self, ahead: Ahead) -> Case[F]:
        """What the records say, and what they have not heard yet."""
        mine = self.case
        if ahead.snapshot is None:
            case = as_it_began(mine)
        else:
            case = as_recorded(type(mine), mine.edition, json.loads(ahead.snapshot), ahead.last_step)
        if self._begun_by and self._begun_by.id not in {one.signal_id for one in ahead.heard}:
            case.reopened = self._begun_by
        return go_on(case, ahead, [*self.unrecorded, *mine.inbox, *mine.urgent])
