"""Immediate action: told at once, at any hour, and chased until somebody says that the referral was made.

It neither stops nor waits for the case that it belongs to, and outlives it (spec 1, Any time).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NoReturn

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import WorkflowAlreadyStartedError

with workflow.unsafe.imports_passed_through():
    from pydantic import BaseModel

    from protocols.judging import GRACE
    from protocols.messages import CONFIRMATION, ImmediateActionConfirmed, Read, read
    from protocols.roles import Role
    from protocols.says import ANY_TIME
    from protocols.steps import Ahead, Code, Entry, Notice, Receipt, Step
    from protocols.waiting import Received, sending
    from protocols.working_days import BankHolidays, recorded_late
    from workflows.alarm import Alarm
    from workflows.behind import Course, unheard
    from workflows.bodies import body_of
    from workflows.outbox import Behind, Outbox
    from workflows.state import Reopening
    from workflows.waiting import Waiting, forget_refusal

CHASED_AFTER_HOURS = (1, 4, 24)
CHASED_EVERY_HOURS = 24
POSTS = "posts-what-a-run-before-left-unposted"
HEARS_ALL = "answers-whoever-confirms-after-it-was-confirmed"
GOES_ON = "goes-on-in-a-new-run-while-signals-wait"


def chased_after(chased: int) -> timedelta:
    """How long after the beginning the next chaser goes out: 1, 4 and 24 hours, then every 24."""
    if chased < len(CHASED_AFTER_HOURS):
        return timedelta(hours=CHASED_AFTER_HOURS[chased])
    return timedelta(hours=CHASED_EVERY_HOURS * (chased - len(CHASED_AFTER_HOURS) + 2))


def next_telling(began: datetime, chased: int) -> datetime:
    """When everybody is told next: at the beginning, then as chased."""
    return began if chased < 0 else began + chased_after(chased)


class Emergency(BaseModel):
    """Somebody sees that a child or adult needs protection now.

    Attributes:
        case, number: the case it belongs to, and which of its immediate actions this is.
        stage: the stage that the case stood in.
        raised_by: the role that said so; at, sent_at: when it happened and when the door took it.
        occasion: the id of the signal that set it off.
        to: the roles to tell.
        holidays: to mark what was recorded late.
        began, chased, step, unposted, inbox, aside, confirmed: how far it is, for a new run.
        resumed: where this run takes it up after its workflow was gone.
    """

    case: str
    number: int
    stage: str
    raised_by: Role
    at: datetime
    sent_at: datetime
    occasion: str
    to: list[Role]
    holidays: BankHolidays
    began: datetime | None = None
    chased: int = -1
    step: int = 1
    unposted: bool | None = None
    inbox: list[Received] = []
    aside: bool = False
    confirmed: bool = False
    resumed: Reopening | None = None

    @property
    def workflow_id(self) -> str:
        """`REFERENCE-immediate-N`."""
        return f"{self.case}-immediate-{self.number}"


def begun_anew(emergency: Emergency) -> Emergency:
    """The same, of which nobody has been told."""
    fresh = {"began", "chased", "step", "unposted", "inbox", "aside", "confirmed", "resumed"}
    return Emergency(**{field: value for field, value in emergency if field not in fresh})


def as_recorded(emergency: Emergency, ahead: Ahead, waiting: list[Received]) -> Emergency:
    """How far it is by the records.

    Args:
        emergency: what it is about.
        ahead: what the records know.
        waiting: what it has heard and they have not.
    """
    state = begun_anew(emergency).model_copy(update={"inbox": waiting, "aside": True, "unposted": True})
    state.step, state.confirmed = ahead.last_step + 1, ahead.confirmed
    if ahead.told:
        state.began = ahead.told[0]
        while next_telling(state.began, state.chased) <= ahead.told[-1]:
            state.chased += 1
    return state


@workflow.defn
class ImmediateAction:
    """Tells the duty team, the sender's safeguarding lead and the roles waited for, and chases them."""

    @workflow.init
    def __init__(self, emergency: Emergency) -> None:
        self.emergency = emergency
        self._outbox = Outbox(emergency.workflow_id, emergency.unposted, emergency.step - 1)
        self._waiting = Waiting(emergency.workflow_id, emergency)
        self._entries: list[Entry] = []
        self._receipts: dict[str, Receipt] = {}
        self._refused: set[str] = set()
        self._alarm = Alarm()
        self._course = Course()
        self._recorded = emergency.step - 1
        self._unrecorded: list[Received] = []
        self._resumed = emergency.resumed

    @workflow.signal(name=CONFIRMATION)
    def hear_confirmed(self, *args: Any) -> None:
        """The referral was made: when, and to whom."""
        self._keep(CONFIRMATION, args)

    @workflow.signal(dynamic=True)
    def anything_else(self, name: str, args: Sequence[RawValue]) -> None:
        """A signal that does not belong here: it is recorded as not accepted."""
        self._keep(name, ())

    def _keep(self, name: str, args: Sequence[Any]) -> None:
        kind = ImmediateActionConfirmed if name == CONFIRMATION else None
        received = Received(name=name, body=body_of(args, kind), seen=workflow.now())
        self.emergency.inbox.append(received)
        forget_refusal(received, self._receipts, self._refused)

    @workflow.query
    def receipt(self, id: str) -> Receipt | None:  # noqa: A002 - the name that the interface gives it
        """The verdict on a signal, or null while it has not been judged."""
        return self._receipts.get(id)

    @workflow.run
    async def run(self, emergency: Emergency) -> str:
        """Tell, chase, and end once the referral is confirmed; answers what became of it."""
        try:
            return await self._course.take(self._until_confirmed())
        except Behind:
            return await self._go_on_from_the_records()

    async def _until_confirmed(self) -> str:
        await self._begin()
        while not self.emergency.confirmed:
            await self._hear_or_tell()
        while (self._waiting.more or self._outbox.busy) and workflow.patched(HEARS_ALL):
            await self._hear_the_rest()
        await workflow.wait_condition(lambda: not self._outbox.busy)
        await workflow.wait_condition(workflow.all_handlers_finished)
        return "confirmed"

    async def _begin(self) -> None:
        emergency = self.emergency
        if emergency.unposted and workflow.patched(POSTS):
            self._outbox.post()
        emergency.began = emergency.began or workflow.now()
        if emergency.resumed:
            self._entries.append(emergency.resumed.entry(emergency.stage, 0))
            emergency.resumed = None
            await self._record([])

    async def _hear_the_rest(self) -> None:
        """Once it is confirmed: whoever says so too is answered, until the last mail is out."""
        following = self._waiting.next()
        if following is not None:
            self._judge(self._waiting.take(following))
            await self._record([])
        elif not await self._waiting.take_back():
            await workflow.wait_condition(lambda: bool(self.emergency.inbox) or not self._outbox.busy)

    async def _hear_or_tell(self) -> None:
        """What is next: a signal is judged, somebody told, a new run begun; or it is waited."""
        if self._waiting.more and workflow.info().is_continue_as_new_suggested() and workflow.patched(GOES_ON):
            if self.emergency.chased < 0:
                await self._tell()  # what others say holds up nobody's being told
            await self._go_on()
        following = self._waiting.next()
        if following is not None:
            self._judge(self._waiting.take(following))
            await self._record([])
        elif await self._waiting.take_back():
            return
        elif workflow.now() >= self._next():
            await self._tell()
        elif workflow.info().is_continue_as_new_suggested():
            await self._go_on()
        else:
            summary = "chase until the referral is confirmed"
            await self._alarm.wait(self._next(), summary, lambda: bool(self.emergency.inbox))

    async def _go_on_from_the_records(self) -> str:
        """This run is behind them: an operator reset it, or Temporal was restored."""
        mine = self.emergency
        await self._outbox.hand_over()
        ahead = await self._course.ask(mine.workflow_id, self._recorded)
        if ahead.alarms.get(mine.number, mine.occasion) != mine.occasion:
            return await self._under_another_number(ahead)
        waiting = unheard([*self._unrecorded, *mine.inbox], ahead.heard)
        state = as_recorded(mine, ahead, waiting)
        if self._resumed and self._resumed.id not in {one.signal_id for one in ahead.heard}:
            state.resumed = self._resumed
        workflow.continue_as_new(state)

    async def _under_another_number(self, ahead: Ahead) -> str:
        """The records know another immediate action under this number: nobody was told of this one."""
        emergency = begun_anew(self.emergency).model_copy(update={"number": max(ahead.alarms)})
        while True:
            emergency.number += 1
            emergency.inbox = [*self._unrecorded, *self.emergency.inbox]
            try:
                await workflow.start_child_workflow(
                    ImmediateAction.run,
                    emergency,
                    id=emergency.workflow_id,
                    parent_close_policy=workflow.ParentClosePolicy.ABANDON,
                    static_summary=f"Immediate action, {emergency.case}",
                )
                return f"goes on as {emergency.workflow_id}"
            except WorkflowAlreadyStartedError:
                continue

    async def _go_on(self) -> NoReturn:
        """A new run, with the state as it stands."""
        self.emergency.unposted = await self._outbox.hand_over()
        await self._waiting.lighten()
        self._waiting.hand_over()
        workflow.continue_as_new(self.emergency)

    def _next(self) -> datetime:
        return next_telling(self.emergency.began or workflow.now(), self.emergency.chased)

    async def _tell(self) -> None:
        """Tell everybody, first or once more; what an outage swallowed is told once."""
        emergency, now = self.emergency, workflow.now()
        moment = self._next()
        while self._next() <= now:
            emergency.chased += 1
        first = moment == emergency.began
        words = "Immediate action is needed: the duty team is told" if first else "No referral confirmed yet: chased"
        self._note("immediate-action" if first else "chased", words, emergency.at if first else moment, first)
        occasion = emergency.occasion if first else f"{emergency.workflow_id}@{moment.isoformat()}"
        await self._record(
            [
                Notice(
                    notice="immediate-action",
                    occasion=f"{occasion}/{ANY_TIME}",
                    to=role,
                    at=now,
                    stage=emergency.stage,
                    clause=ANY_TIME,
                )
                for role in emergency.to
            ]
        )

    def _note(self, what: str, words: str, at: datetime, said: bool = False, **more: Any) -> None:
        emergency = self.emergency
        recorded_at = more.pop("recorded_at", emergency.sent_at if said else workflow.now())
        self._entries.append(
            Entry(
                what=what,
                words=words,
                happened_at=at,
                recorded_at=recorded_at,
                clause=ANY_TIME,
                stage=emergency.stage,
                turn=0,
                by=more.pop("by", emergency.raised_by if said else None),
                late_recorded=recorded_late(at, recorded_at, emergency.holidays),
                **more,
            )
        )

    def _judge(self, received: Received) -> None:
        if (copied := sending(received)) and copied in self._refused:
            return  # door and relay delivered the same
        understood = read(received.name, received.body, received.seen)
        if (known := self._receipts.get(understood.id)) and known.accepted:
            return  # an accepted id counts once
        code, reason = self._verdict(understood)
        self.emergency.confirmed |= code.accepted
        self._unrecorded.append(received)
        self._refused |= set() if code.accepted or not copied else {copied}
        said = understood.envelope
        self._note(
            received.name if understood.kind else "unknown-signal",
            "The referral was made" if code.accepted else f"A confirmation was not accepted: {code}",
            said.at if said else received.seen,
            recorded_at=said.sent_at if said else received.seen,
            by=said.sender if said and code.accepted else None,
            signal_id=understood.id,
            code=code,
            reason=reason,
            record=(said.record or "") if said else "",
        )
        if understood.id:
            self._receipts[understood.id] = Receipt(id=understood.id, accepted=code.accepted, code=code, reason=reason)

    def _verdict(self, understood: Read) -> tuple[Code, str]:
        if understood.kind is not ImmediateActionConfirmed:
            return Code.UNKNOWN, "an immediate action only hears that the referral was made"
        if understood.envelope is None:
            return Code.NOT_UNDERSTOOD, "it is not one JSON object with the fields of this signal"
        if understood.missing:
            return Code.MISSING, ", ".join(understood.missing)
        if self.emergency.confirmed:
            return Code.ALREADY, "the referral is confirmed already"
        said = understood.signal
        if isinstance(said, ImmediateActionConfirmed) and max(said.made_at, said.at) > said.sent_at + GRACE:
            return Code.IN_FUTURE, "it is said to have happened later than it was sent"
        return Code.ACCEPTED, ""

    async def _record(self, notices: list[Notice]) -> None:
        emergency = self.emergency
        step = Step(
            case=emergency.workflow_id,
            number=emergency.step,
            at=workflow.now(),
            entries=self._entries,
            notices=notices,
            judged=self._waiting.judged(),
            stage=emergency.stage,
            turn=0,
            clause=ANY_TIME,
        )
        emergency.step, self._entries = emergency.step + 1, []
        await self._outbox.record(step)
        self._recorded, self._unrecorded = step.number, []
        self._outbox.post()
