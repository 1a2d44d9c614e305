"""Immediate action does not queue: it is started beside the flow, once, before anything is recorded."""

from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, WorkflowAlreadyStartedError

with workflow.unsafe.imports_passed_through():
    from activities.recording import Records
    from protocols.judging import judge
    from protocols.messages import Signal, read
    from protocols.roles import Role
    from workflows.hearing import Hearing
    from workflows.immediate import Emergency, ImmediateAction
    from workflows.outbox import RECORD_TIMEOUT
    from workflows.recording import flat
    from workflows.state import F, short_hash

ASKED = "asks-what-a-running-immediate-action-is-about"
ASKED_FOR = timedelta(minutes=1)
"""So long the records are asked; told twice is better than never."""


class Danger(Hearing[F]):
    """Starts immediate actions."""

    async def watch_for_danger(self) -> None:
        """Beside the flow: neither a database away nor a long inbox holds up an immediate action."""
        while True:
            await workflow.wait_condition(lambda: bool(self.case.urgent))
            received = self.case.urgent[0]
            understood = read(received.name, received.body, received.seen)
            verdict = judge(understood, self.case.standing(self.ended_stage, workflow.now()), self.rules)
            key = short_hash(understood.id) if understood.id else ""
            known = key in self.case.alarmed or key in self.case.accepted
            if verdict.code.accepted and understood.signal and not known:
                self.case.alarmed += [key] if key else []
                await self.start_immediate_action(understood.signal)
            self.case.inbox.append(self.case.urgent.pop(0))  # judged and recorded in its turn

    async def start_immediate_action(self, said: Signal) -> None:
        """Start it under the next number that is free, unless the records know that it was started for this signal."""
        case = self.case
        if said.id and said.id in case.alarms.values():
            return
        sender = case.parties().known_as(said.sender)
        lead = [Role(role="safeguarding_lead", agency=sender.agency)] if sender.agency else []
        while True:
            case.immediate += 1
            emergency = Emergency(
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
            if case.immediate in case.alarms:
                if case.alarms[case.immediate] == emergency.occasion:
                    return
                continue
            try:
                await workflow.start_child_workflow(
                    ImmediateAction.run,
                    emergency,
                    id=emergency.workflow_id,
                    parent_close_policy=workflow.ParentClosePolicy.ABANDON,
                    cancellation_type=workflow.ChildWorkflowCancellationType.ABANDON,
                    static_summary=f"Immediate action, {case.reference}",
                )
                return
            except WorkflowAlreadyStartedError:
                if await self._is_about(emergency):
                    return
                continue  # a door started that number while the case was ended

    async def _is_about(self, emergency: Emergency) -> bool:
        """Whether the immediate action that runs under this number was set off by the same signal.

        That is so where a run before a reset started it and nothing of it stood in the records as this one asked them.
        """
        if not workflow.patched(ASKED):
            return False
        try:
            told: str = await workflow.execute_activity_method(
                Records.alarm_of,
                emergency.workflow_id,
                start_to_close_timeout=RECORD_TIMEOUT,
                schedule_to_close_timeout=ASKED_FOR,
                summary=f"what {emergency.workflow_id} was set off by",
            )
        except ActivityError:
            return False
        return told == emergency.occasion
