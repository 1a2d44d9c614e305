"""The verbs that both protocols are written in, and the loop that follows a case from stage to stage."""

import asyncio
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import NoReturn, TypeVar, overload

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from protocols.messages import (
        AgencyAdded,
        CalendarChanged,
        Corrected,
        DiscussionRecorded,
        ImmediateActionNeeded,
        RoleChanged,
        Signal,
        Withdrawn,
    )
    from protocols.roles import Agency, Role
    from protocols.says import ANY_TIME
    from protocols.steps import Code
    from protocols.waiting import Received
    from workflows.alarm import Alarm
    from workflows.catching_up import CatchingUp
    from workflows.danger import let_go
    from workflows.state import Case, F, Reopening, short_hash
    from workflows.timekeeping import Left

A = TypeVar("A", bound=Signal)
B = TypeVar("B", bound=Signal)
C = TypeVar("C", bound=Signal)
StageMethod = Callable[[], Awaitable[str]]


class Joined(Exception):
    """An agency joined: the stage's entry is made for it alone."""


class Finished(Exception):
    """The case has ended, and nothing waits."""


class Disagreement(CatchingUp[F]):
    """A case under one protocol: `from_stage_to_stage` is its loop, the rest are the verbs of its stages."""

    speaks_for_agency: str  # the role that stands for each agency where all agencies are told
    heard_before_the_end: tuple[type[Signal], ...] = ()  # what a case still waits for once its last word is said

    def __init__(self, case: Case[F]) -> None:
        super().__init__(case)
        self.led_at = self.led_sent_at = case.stage_began
        self._alarm = Alarm()

    # --- the loop

    @abstractmethod
    def stages(self) -> Mapping[str, StageMethod]:
        """The method of each stage, in the text's order."""

    async def from_stage_to_stage(self) -> str:
        """Follow the case, and what goes wrong in the lane of immediate actions too: that must not die unseen."""
        flow = asyncio.create_task(self._until_the_end())
        watch = asyncio.create_task(self.watch_for_danger())
        self.lanes = [flow, watch]
        for lane in self.lanes:
            lane.add_done_callback(let_go)
        await workflow.wait_condition(lambda: flow.done() or watch.done())
        if watch.done():
            watch.result()
        watch.cancel()
        return flow.result()

    async def _until_the_end(self) -> str:
        if self.case.reopened:
            self._reopen(self.case.reopened)
        if not self.case.turns:
            self._go_to(self.case.stage, self.case.stage_began)
        while self.case.stage != self.ended_stage:
            await self._one_stage()
        with suppress(Finished):
            await self.hear()
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self.case.outcome or ""

    async def _one_stage(self) -> None:
        try:
            to = self.ended_stage if self.case.ending else await self.stages()[self.case.stage]()
            while to == self.ended_stage and self.case.facts.waits_for_minutes():
                self.aside(await self.hear(*self.heard_before_the_end))  # until then it stays in its last stage
            if to == self.ended_stage:
                self._end()
            self.leave_clocks(to, self.led_at, returning=False)
            self._go_to(to, self.led_at)
        except Joined:
            pass
        except Left as left:
            self._leave(left)

    def _leave(self, left: Left) -> None:
        self.case.ending = None
        self.led_at = self.led_sent_at = left.at
        if not left.returning:
            self.leave_clocks(left.to, left.at, returning=False)
            return self._go_to(left.to, left.at)
        self.case.facts = self.case.facts.without(left.since)
        self.case.first_after = {stage: n for stage, n in self.case.gone_through.items() if n <= left.since}
        self.leave_clocks(left.to, left.at, returning=True)
        self.void_clocks(left.since, left.to, left.at)
        self._go_to(left.to, left.at)
        self.case.returned_at = left.at
        self.case.stage_began = self.case.first_begins[left.to]

    def _go_to(self, stage: str, at: datetime) -> None:
        case = self.case
        case.stage, case.stage_began, case.entered = stage, at, False
        case.turns[stage] = case.turn + 1
        case.entered_after[stage] = case.heard + 1
        case.first_after = {**case.gone_through, stage: case.gone_through.get(stage, case.heard + 1)}
        case.first_begins.setdefault(stage, at)
        title = case.edition.stages[stage]
        self.note("stage-entered", f"Stage: {title.en} ({title.clause})" if title.clause else title.en, at)

    @property
    def entering(self) -> bool:
        """True once on the way into a stage, and once more for an agency that joins it."""
        if self.joining:
            return True
        first, self.case.entered = not self.case.entered, True
        return first

    # --- the verbs

    def each(self, role: str) -> list[Role]:
        """This role of each agency that holds it: both sides, all agencies, every other agency."""
        holders = self.case.parties().holders(role)
        return [Role(role=role, agency=agency.code) for agency in self.case.agencies if agency.code in holders]

    def raising(self, role: str) -> Role:
        """This role of the agency that raised the case."""
        return Role(role=role, agency=self.case.raising)

    def end(self, outcome: str) -> str:
        """The case ends with this outcome, once the minutes of each meeting held are recorded."""
        self.case.ending = outcome
        return self.ended_stage

    @overload
    async def hear(self, a: type[A], /) -> A: ...
    @overload
    async def hear(self, a: type[A], b: type[B], /) -> A | B: ...
    @overload
    async def hear(self, a: type[A], b: type[B], c: type[C], /) -> A | B | C: ...
    @overload
    async def hear(self, *kinds: type[Signal]) -> Signal: ...
    async def hear(self, *kinds: type[Signal]) -> Signal:
        """The next signal of these kinds that counts; whatever else happens meanwhile is dealt with here.

        Raises:
            Left, Joined: by what may be said at any time.
            Finished: the case has ended and nothing waits.
        """
        self.joining, self.case.returned_at = "", None
        while True:
            await self._settle_or_go_on()
            waking = self.next_waking()
            due = waking is not None and waking.at <= workflow.now()
            if not due:  # what falls due now may supersede a reminder that waits to be posted
                self.outbox.post()
            following = self.waiting.next(missed := self.next_miss())  # before it moves the case, one said in time
            if following is not None:
                if said := await self._heard(self.waiting.take(following), kinds):
                    return said
            elif await self.waiting.take_back(missed):
                continue
            elif due:
                self.fall_due()
            elif self._idle():
                raise Finished
            else:
                await self._alarm.wait(waking.at if waking else None, waking.what if waking else "", self._stirs)

    def aside(self, said: Signal) -> None:
        """What the protocol itself hears at any stage, such as minutes."""

    def role_passed(self, changed: RoleChanged) -> None:
        """What it means for the protocol that another person holds a role."""

    # --- machinery

    async def _settle_or_go_on(self) -> None:
        await self.settle()
        if self.case.judged >= self.case.signals_a_run or workflow.info().is_continue_as_new_suggested():
            await self._go_on()

    async def _heard(self, received: Received, kinds: tuple[type[Signal], ...]) -> Signal | None:
        taken = self.take(received)
        if taken is None:
            return None
        said, verdict = taken
        if getattr(said, "immediate_action_needed", False):
            await self.start_immediate_action(said)
        if verdict.code is Code.PROPOSAL and verdict.row:
            self.tell("proposed", self.raising(verdict.row.proposes_to))
        elif isinstance(said, kinds):
            self.led_at, self.led_sent_at = said.at, said.sent_at
            return said
        else:
            await self._at_any_time(said)
        return None

    async def _at_any_time(self, said: Signal) -> None:
        match said:
            case ImmediateActionNeeded():
                pass  # it was started in its own lane
            case DiscussionRecorded():
                self.tell("informed", self.each(self.speaks_for_agency), clause=ANY_TIME)
            case RoleChanged():
                self._role_changed(said)
            case AgencyAdded():
                self._agency_added(said)
            case CalendarChanged():
                await self._calendar_changed(said)
            case Corrected():
                self._corrected(said)
            case Withdrawn():
                self._withdrawn(said)
            case _:
                self.led_at = said.at
                self.aside(said)

    def _role_changed(self, said: RoleChanged) -> None:
        agency_role = said.role in self.case.edition.agency_roles()
        role = Role(role=said.role, agency=(said.for_agency or "") if agency_role else "")
        self.pass_on(role, record=said.record)
        self.role_passed(said)
        asked = self.case.asked.get(str(role))
        if asked and role in self.waiting_for():
            self.tell(asked.notice, role, clause=ANY_TIME, concerns=asked.notice)

    def _agency_added(self, said: AgencyAdded) -> NoReturn:
        agency = Agency(code=said.agency_code, must_respond=said.must_respond, joined=self.case.heard)
        self.case.agencies.append(agency)
        self.pass_on(Role(role="*", agency=said.agency_code), record=said.record)
        self.joining, self.led_at, self.led_sent_at = said.agency_code, said.at, said.sent_at
        raise Joined

    async def _calendar_changed(self, said: CalendarChanged) -> None:
        if said.holidays is not None:
            version = f"as loaded on {said.sent_at.date().isoformat()}"
            self.case.holidays = self.case.holidays.changed_by(said.holidays, version)
            self.reckon_anew("the bank holidays changed", said.sent_at)
        if said.meetings is not None:
            await self.meetings_changed(said.meetings, said.sent_at)

    def _corrected(self, said: Corrected) -> None:
        told, to = list(self.case.told), said.return_to or ""
        self.tell("informed", told, clause=ANY_TIME, stage=to, about="corrected")
        if said.return_to:
            since = self.case.accepted[short_hash(said.corrects)]
            self.case.agencies = [agency for agency in self.case.agencies if agency.joined != since]
            raise Left(said.return_to, said.at, since=since)

    def _withdrawn(self, said: Withdrawn) -> NoReturn:
        self.case.outcome = "withdrawn"
        self.tell("withdrawn", list(self.case.told), clause=ANY_TIME)
        raise Left(self.ended_stage, said.at)

    def _end(self) -> None:
        """The last act: everybody told hears of the end."""
        self.case.outcome, self.case.ending = self.case.ending, None
        self.tell("ended", list(self.case.told), clause=ANY_TIME)

    def _reopen(self, reopening: Reopening) -> None:
        """An ended case is opened again at a named stage, as after a correction (`datrys reopen`)."""
        case = self.case
        case.reopened = None
        if not reopening.to:
            return self.take_up(reopening)
        case.outcome, case.heard = None, case.heard + 1
        self._occasion, self._changed = reopening.id, True
        self.note(
            "reopened",
            f"Opened again by the Business Unit at: {case.edition.stages[reopening.to].en}",
            reopening.at,
            clause=ANY_TIME,
            by=Role(role="business_unit"),
            signal_id=reopening.id,
            record=reopening.record,
        )
        self.tell("informed", list(case.told), clause=ANY_TIME, stage=reopening.to, about="corrected")
        self._leave(Left(reopening.to, reopening.at, since=case.entered_after[reopening.to]))

    def _stirs(self) -> bool:
        return bool(self.case.inbox) or self._idle()

    def _idle(self) -> bool:
        """Whether an ended case has nothing more to do: its last post is out, and nothing waits to be judged."""
        ended = self.case.stage == self.ended_stage
        return ended and not (self.outbox.busy or self.waiting.more or self.case.urgent)

    async def _go_on(self) -> NoReturn:
        """A new run, once no immediate action is about to start: the server may drop one that has only been asked for.

        That is so before the last mail of this run is waited for, and again after it.
        """
        await workflow.wait_condition(lambda: not self.case.urgent)
        self.case.unposted = await self.outbox.hand_over()
        await self.waiting.lighten()
        while self.case.urgent:  # to be judged as well
            await workflow.wait_condition(lambda: not self.case.urgent)
            await self.waiting.lighten()
        self.go_on_in_a_new_run()
