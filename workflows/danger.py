"""Immediate action does not queue: it is started beside the flow, once, before anything is recorded."""

import asyncio
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, WorkflowAlreadyStartedError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.recording import Records
    from protocols.judging import judge
    from protocols.messages import Signal
    from protocols.roles import Role
    from workflows.hearing import Hearing
    from workflows.immediate import Emergency, ImmediateAction
    from workflows.outbox import RECORD_TIMEOUT, Behind
    from workflows.recording import flat
    from workflows.state import F, short_hash

ASKED = "asks-what-a-running-immediate-action-is-about"
LOOKS = "looks-whether-it-is-behind-the-records-before-an-immediate-action"
LOOKED_FOR = timedelta(seconds=2)
ASKED_FOR = timedelta(minutes=10)
"""So long the records are asked at a time."""

OFTEN = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=5))


class Danger(Hearing[F]):
    """Starts immediate actions."""

    async def watch_for_danger(self) -> None:
        """Beside the flow: neither a database away nor a long inbox holds up an immediate action."""
        while True:
            await workflow.wait_condition(lambda: bool(self.case.urgent))
            received = self.case.urgent[0]
            understood = self.understand(received)
            verdict = judge(understood, self.case.standing(self.ended_stage, workflow.now()), self.rules)
            key = short_hash(understood.id) if understood.id else ""
            known = key in self.case.alarmed or key in self.case.accepted
            if verdict.code.accepted and understood.signal and not known:
                self.case.alarmed += [key] if key else []
                await self.start_immediate_action(understood.signal)
            self.case.inbox.append(self.case.urgent.pop(0))  # judged and recorded in its turn

    async def start_immediate_action(self, said: Signal) -> None:
        """Start it under the next number that is free, unless the records know that it was started for this signal.

        Raises:
            Behind: the records know of a later stage than this run.
        """
        case = self.case
        if said.id and said.id in case.alarms.values():
            return
        await self._see_that_this_run_is_not_behind()
        while True:
            case.immediate += 1
            emergency = self._emergency(said)
            if case.immediate in case.alarms:
                if case.alarms[case.immediate] == emergency.occasion:
                    return
                continue
            try:
                child = await workflow.start_child_workflow(
                    ImmediateAction.run,
                    emergency,
                    id=emergency.workflow_id,
                    parent_close_policy=workflow.ParentClosePolicy.ABANDON,
                    cancellation_type=workflow.ChildWorkflowCancellationType.ABANDON,
                    static_summary=f"Immediate action, {case.reference}",
                )
                child.add_done_callback(let_go)
                return
            except WorkflowAlreadyStartedError:
                told = await self._set_off_by(emergency.workflow_id)
                if told == emergency.occasion:
                    return
                if told is None:
                    case.immediate -= 1  # if it has ended without telling anybody, its number is free
                continue  # a door started that number while the case was ended

    async def _see_that_this_run_is_not_behind(self) -> None:
        """Where Temporal was restored, the records may know of a later stage, at which others are to be told.

        Anything else is recorded before somebody is told, and recording shows it. Here records that do not answer at
        once hold up nothing.

        Raises:
            Behind: they do.
        """
        if not workflow.patched(LOOKS):
            return
        try:
            recorded: int = await workflow.execute_activity_method(
                Records.last_step,
                self.case.reference,
                schedule_to_close_timeout=LOOKED_FOR,
                summary="whether the records know more than this run",
            )
        except ActivityError as fault:
            if is_cancelled_exception(fault):
                raise  # this run has found out by itself
            return
        if recorded >= self.case.step:
            raise Behind

    def _emergency(self, said: Signal) -> Emergency:
        case = self.case
        sender = case.parties().known_as(said.sender)
        lead = [Role(role="safeguarding_lead", agency=sender.agency)] if sender.agency else []
        return Emergency(
            case=case.reference,
            number=case.immediate,
            stage=case.stage,
            raised_by=sender,
            at=said.at,
            sent_at=said.sent_at,
            occasion=said.id or f"{case.reference}-immediate-{case.immediate}",
            to=flat(Role(role="duty_team"), lead, self.waiting_for()),
            holidays=case.holidays,
        )

    async def _set_off_by(self, running: str) -> str | None:
        """What set off the immediate action that runs under a number; None if it has told nobody for long.

        It is the same where a run before a reset started it, and nothing of it stood in the records as this one asked
        them. Without the records neither of the two tells anybody.
        """
        if not workflow.patched(ASKED):
            return ""
        try:
            told: str = await workflow.execute_activity_method(
                Records.alarm_of,
                running,
                start_to_close_timeout=RECORD_TIMEOUT,
                schedule_to_close_timeout=ASKED_FOR,
                retry_policy=OFTEN,
                summary=f"what {running} was set off by",
            )
        except ActivityError as fault:
            if is_cancelled_exception(fault):
                raise  # this run is behind the records, and starts nothing more
            return None
        return told


def let_go(child: asyncio.Task[Any]) -> None:
    """What becomes of it is its own affair, and no line of the worker's log."""
    if not child.cancelled():
        child.exception()
