"""From the records to the engine: what a door kept is delivered in order, by the door or later by the relay."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Engine as Database
from sqlalchemy.exc import SQLAlchemyError

from protocols.errors import DatrysError, Unreachable
from protocols.steps import Code, Receipt
from records import cases, directory, reading, submissions, sweeping
from records.cases import CaseFacts
from records.followed import followed
from records.refusing import refuse_ended
from records.streams import reference_of
from records.submissions import Kept
from starter.alarms import IMMEDIATE_ACTION, danger_in, start_alarm
from starter.taking_up import REOPENED, case_taken_up, emergency_taken_up, in_order
from starter.temporal import PATIENCE, PAUSE_SECONDS, RUNNING, Engine, NoSuchRun, NotTaken
from workflows.behind import as_recorded
from workflows.immediate import ImmediateAction
from workflows.posting_again import PostAgain
from workflows.registry import protocol_of
from workflows.state import RESUMED, Case, Reopening

RELAY_SECONDS = 3
SWEEP_SECONDS = 3600
ENDED = "the case has ended"
NO_IMMEDIATE_ACTION = "this immediate action is over, or never was"
NO_PART = "its sender takes no part in the case"
log = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")


def last_state(facts: CaseFacts) -> Case[Any]:
    """The state that the last step of a case left."""
    model = protocol_of(facts.edition.protocol).case
    return as_recorded(model, facts.edition, json.loads(facts.snapshot or "{}"), facts.last_step)


class Delivery:
    """Delivers cases and signals that are kept.

    Args:
        database: the records.
        engine: Temporal.
        now: the door's clock.
    """

    def __init__(self, database: Database, engine: Engine, now: Callable[[], datetime]) -> None:
        self._database, self._engine, self._now = database, engine, now

    async def _in_records(self, work: Callable[Concatenate[Database, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Ask the records, or write to them, in a thread: a door's loop serves others meanwhile."""
        return await asyncio.to_thread(work, self._database, *args, **kwargs)

    async def start(self, reference: str) -> bool:
        """Start the workflow of a kept case, once; answers whether the engine took it."""
        facts = await self._in_records(cases.case_facts, reference)
        if facts.started:
            return True
        try:
            await self._start(facts)
        except Unreachable:
            return False
        return True

    async def _start(self, facts: CaseFacts) -> None:
        await self._engine.start(await asyncio.to_thread(self.first_state, facts))
        await self._in_records(cases.mark_started, facts.reference)

    async def deliver(self, kept: Kept) -> Receipt | None:
        """Deliver a submission after all that is kept for its case before it, and ask for its verdict.

        Returns:
            the verdict, or None where it could not be had at once: it is kept, and the sender will be told.
        """
        try:
            await self._begun(kept.case)
            for earlier in in_order(await self._in_records(submissions.kept, kept.case)):
                if earlier.id == kept.id:
                    break
                await self._send(earlier)
            if verdict := await self._send(kept):
                if kept.signal in (REOPENED, RESUMED):
                    await self._until_recorded(kept)
                return verdict
            verdict = await self._engine.receipt(kept.case, kept.facts["id"])
        except (Unreachable, NoSuchRun):
            verdict = None
        if verdict:
            await self._until_recorded(kept)
            await self._in_records(submissions.give_verdict, kept.id, verdict)
            return verdict
        return await self._in_records(submissions.leave, kept.id)

    async def _begun(self, case: str) -> None:
        """A case that was raised while Temporal was away begins before anything is told to it."""
        reference = case.partition("-immediate-")[0]
        if not (await self._in_records(cases.case_facts, reference)).started:
            await self.start(reference)

    async def relay(self) -> None:
        """Start what is not started and deliver what is not delivered, each case in its order; one round.

        What the engine does not take, or what fails here, holds up its own case alone, and `datrys check` names it.
        Only an engine that does not answer ends the round.
        """
        for facts in await self._in_records(cases.not_started):
            if not await self._goes_on(self._start(facts), set(), facts.reference):
                return
        held_up: set[str] = set()
        for kept in in_order(await self._in_records(submissions.kept)):
            if kept.case not in held_up and not await self._goes_on(self._send(kept), held_up, kept.case):
                return

    async def _goes_on(self, work: Awaitable[object], held_up: set[str], case: str) -> bool:
        """Do this for a case, which is held up where it cannot be done; False where nothing can be done for any."""
        try:
            await work
        except (NoSuchRun, NotTaken):  # neither open nor ended, ending still, or full
            held_up.add(case)
        except Unreachable:
            return False
        except Exception:
            log.exception("What is kept for %s cannot be delivered, and is tried again", case)
            held_up.add(case)
        return True

    async def keep_relaying(self) -> None:
        """Relay for ever, and every hour forget what is old; a round that fails is tried again."""
        loop = asyncio.get_running_loop()
        sweep_at = loop.time()
        while True:
            if loop.time() >= sweep_at:
                sweep_at = loop.time() + SWEEP_SECONDS
                await self._sweep()
            try:
                await self.relay()
            except DatrysError as fault:
                log.warning("The relay waits: %s", fault)
            except Exception:
                log.exception("The relay failed, and begins a new round")
            await asyncio.sleep(RELAY_SECONDS)

    async def _sweep(self) -> None:
        """Nothing is delivered later, or not at all, because this fails."""
        try:
            await self._in_records(sweeping.sweep, self._now())
        except (DatrysError, SQLAlchemyError) as fault:
            log.warning("What is old is forgotten later: %s", fault)

    async def _send(self, kept: Kept) -> Receipt | None:
        """Hand it to the engine; an ended case hears nothing, so its answer is given here."""
        if kept.signal == REOPENED:
            return await self._reopen(kept)
        if kept.signal == RESUMED:
            return await self._take_up(kept)
        try:
            await self._engine.signal(kept.case, kept.signal, kept.facts)
        except NoSuchRun:
            return await self._to_nobody(kept)
        await self._in_records(submissions.mark_delivered, kept.id)
        return None

    async def _to_nobody(self, kept: Kept) -> Receipt | None:
        """No workflow hears it: the door answers for what is over, and somebody who sees danger is heard in any case.

        Raises:
            NoSuchRun: it is not over; whoever takes it up is told.
        """
        facts = await self._in_records(cases.case_facts, reference_of(kept.case))
        if kept.case != facts.reference:
            over, why = not await self._in_records(followed, [kept.case]), NO_IMMEDIATE_ACTION
        elif kept.signal == IMMEDIATE_ACTION and facts.started:
            return await self._start_alarm(kept, facts)
        else:
            over, why = facts.stage == "ended" and facts.snapshot is not None, ENDED
        if not over:
            raise NoSuchRun(kept.case)
        return await self._refuse(kept, why)

    async def _refuse(self, kept: Kept, reason: str) -> Receipt:
        words = f"{kept.signal.replace('_', ' ')} – not accepted: {reason}"
        refused = await self._in_records(refuse_ended, kept.id, reason, words, self._now())
        if refused.to_mail:
            await self._engine.start_workflow(PostAgain, kept.case, f"{kept.case}-post", f"Post, {kept.case}")
        return refused.receipt

    async def _start_alarm(self, kept: Kept, facts: CaseFacts) -> Receipt:
        danger = danger_in(kept, self._state(facts).parties())
        if danger is None:
            return await self._refuse(kept, NO_PART)
        await start_alarm(self._database, self._engine, facts.reference, *danger)
        return await self._accept(kept)

    async def _reopen(self, kept: Kept) -> Receipt:
        """A new run begins where the records say; while the old one still posts its last mails, that waits."""
        if not (await self._known(kept) or await self._open_again(kept) or await self._began_with(kept)):
            raise NoSuchRun(kept.case)
        return await self._accept(kept)

    async def _open_again(self, kept: Kept) -> bool:
        """Whether the engine took it; not where it runs."""
        case = last_state(await self._in_records(cases.case_facts, kept.case))
        said, case.holidays = kept.facts, await self._in_records(directory.holidays)
        case.reopened = Reopening(
            id=said["id"], to=said["to"], at=datetime.fromisoformat(said["at"]), record=said["record"]
        )
        return await self._engine.start(case)

    async def _take_up(self, kept: Kept) -> Receipt:
        """A new run of what nobody follows begins where the records say; one that runs by now is left alone."""
        if await self._known(kept) or await self._start_again(kept) or await self._began_with(kept):
            return await self._accept(kept)
        reason = "its workflow runs: there is nothing to take up"
        refused = Receipt(id=kept.facts["id"], accepted=False, code=Code.ALREADY, reason=reason)
        await self._in_records(submissions.mark_delivered, kept.id)
        await self._in_records(submissions.give_verdict, kept.id, refused)
        return refused

    async def _known(self, kept: Kept) -> bool:
        return await self._in_records(reading.verdict_recorded, kept.case, kept.facts["id"])

    async def _began_with(self, kept: Kept) -> bool:
        """Whether it runs because of this: another door or the relay was faster, or died before it noted so.

        A run that has gone on in a new one says so no longer, but has recorded it by then.
        """
        run = await self._engine.last_run(kept.case)
        return bool(run and run.resumed == kept.facts["id"]) or await self._known(kept)

    async def _start_again(self, kept: Kept) -> bool:
        """Whether the engine took it; not where it runs."""
        run = await self._engine.last_run(kept.case)
        if await self._engine.how_it_runs(kept.case) == RUNNING:
            return False
        if kept.case == reference_of(kept.case):
            return await self._engine.start(await self._in_records(case_taken_up, kept, run, self._state))
        emergency = await self._in_records(emergency_taken_up, kept, run)
        words = f"Immediate action, {emergency.case}"
        return await self._engine.start_workflow(ImmediateAction, emergency, kept.case, words)

    def _state(self, facts: CaseFacts) -> Case[Any]:
        return last_state(facts) if facts.snapshot else self.first_state(facts)

    async def _accept(self, kept: Kept) -> Receipt:
        receipt = Receipt(id=kept.facts["id"], accepted=True, code=Code.ACCEPTED)
        await self._in_records(submissions.mark_delivered, kept.id)
        await self._in_records(submissions.give_verdict, kept.id, receipt)
        return receipt

    def first_state(self, facts: CaseFacts) -> Case[Any]:
        """The state that a case begins with."""
        protocol = protocol_of(facts.edition.protocol)
        return protocol.case(
            reference=facts.reference,
            edition=facts.edition,
            authority=facts.authority,
            group=facts.group,
            agencies=list(facts.agencies),
            instigated_at=facts.instigated_at,
            raised_at=facts.raised_at,
            holidays=directory.holidays(self._database),
            facts=protocol.facts(),
            stage=facts.stage,
            stage_began=facts.instigated_at if facts.stage == protocol.starts[1] else facts.raised_at,
        )

    async def _until_recorded(self, kept: Kept) -> None:
        """Wait until the entry stands in the records, so that whoever looks next sees it."""
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE.total_seconds()
        while loop.time() < until:
            if await self._in_records(reading.verdict_recorded, kept.case, kept.facts["id"]):
                return
            await asyncio.sleep(PAUSE_SECONDS)
