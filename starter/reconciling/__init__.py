"""`datrys reconcile`: where records and engine differ, and what an operator decides then."""

import asyncio
from functools import partial

from protocols.errors import Refused
from records import cases, reconciling
from records.followed import deliver_again
from records.reconciling import ENDED, Written
from records.streams import reference_of
from starter.reconciling.history import CASES, workflows
from starter.reconciling.looking import Difference, Looking, of_another, steps
from starter.reconciling.waking import wake
from starter.taking_up import REOPENED
from workflows.posting_again import PostAgain
from workflows.state import RESUMED


class Reconciling(Looking):
    """Looks at both sides, and does what an operator decides."""

    async def hold(self) -> int:
        """After a copy was put back: what waits is held, and what the engine has is neither begun nor numbered again.

        Answers how many messages are held.
        """
        there = await workflows(await self._engine.client())
        for stream, stood in (await self._standing()).items():
            if stream in there and not stood.started:
                await asyncio.to_thread(cases.mark_started, self._database, reference_of(stream))
        for (prefix, year), last in (await self.references_ahead()).items():
            await asyncio.to_thread(reconciling.give_no_more, self._database, prefix, year, last)
        return await asyncio.to_thread(reconciling.hold, self._database)

    async def from_engine(self, reference: str, person: str) -> dict[str, Written]:
        """Write what the records of a case lack; answers it by line of entries.

        Raises:
            CaseUnknown: the records do not have the case at all.
            Refused: nothing is lacking; or the engine has forgotten what came between.
        """
        await self._standing(reference)
        histories, written = await self._histories(), {}
        for side in await self._sides(reference):
            if side.run is None:
                continue
            story, last = await histories.story_of(side.run), side.stood.last_step if side.stood else 0
            if side.stood and of_another(story, side.stood):
                raise Refused(f"Temporal has another case under {reference}. Nothing was written.")
            lacks = any(step.number > last for step in steps(story))
            if lacks or (side.stood and await self._gone_out(story, side.stood, side.stood.waiting)):
                complete = partial(reconciling.complete, made=story.made, person=person, at=self._now())
                written[side.stream] = await asyncio.to_thread(complete, self._database, side.stream)
        if not written:
            raise Refused(f"The records of {reference} lack nothing that Temporal has. Nothing was written.")
        return written

    async def from_records(self, reference: str) -> list[str]:
        """Tell Temporal what it lacks of a case that runs: it goes on from the records, and hears what was said.

        Returns:
            the workflows that were told.

        Raises:
            CaseUnknown: there is no such case.
            Refused: it lacks nothing, or nothing of it runs.
        """
        await self._standing(reference)
        client, histories, told = await self._engine.client(), await self._histories(), list[str]()
        for side in await self._sides(reference):
            stood, run = side.stood, side.run
            if stood is None or run is None or not run.open:
                continue
            heard = await self._all_heard(run)
            lost, behind = stood.unjudged - heard, (await histories.end_of(run)).made < stood.last_step
            if lost:
                await asyncio.to_thread(deliver_again, self._database, run.id, heard, (RESUMED, REOPENED))
            if behind:
                await wake(client, run)
            if lost or behind:
                told.append(run.id)
        if not told:
            raise Refused(f"Temporal lacks nothing of {reference} that the records have. Nothing was changed.")
        return told

    async def decide(self, reference: str, send: bool, person: str) -> int:
        """Messages in doubt are sent, or taken as sent; answers how many.

        Raises:
            CaseUnknown: there is no such case.
            Refused: none is in doubt.
        """
        histories, changed = await self._histories(), 0
        await self._standing(reference)
        for side in await self._sides(reference):
            if side.stood and (side.stood.waiting or side.stood.held):
                story = await histories.story_of(side.run) if side.run else None
                ids = await self._gone_out(story, side.stood, side.stood.waiting) if story else side.stood.held
                decided = partial(reconciling.decide, ids=ids, send=send, person=person, at=self._now())
                changed += await asyncio.to_thread(decided, self._database, side.stream)
            if send and (left := await asyncio.to_thread(reconciling.let_go, self._database, side.stream)):
                changed = max(changed, left)  # of an earlier decision, too, that died before it began to send
                await self._engine.start_workflow(PostAgain, side.stream, f"{side.stream}-post", f"Post, {side.stream}")
        if not changed:
            raise Refused(f"No message of {reference} is in doubt. Nothing was changed.")
        return changed


__all__ = ["CASES", "ENDED", "Difference", "Reconciling"]
