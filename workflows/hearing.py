"""How a case hears: every signal is kept as it comes, judged one at a time, and answered with a receipt."""

from collections.abc import Callable, Sequence
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue

with workflow.unsafe.imports_passed_through():
    from pydantic_core import to_jsonable_python

    from protocols.judging import GRACE, Rules, Verdict, judge, sender_of
    from protocols.messages import MESSAGES, ImmediateActionNeeded, Read, Signal, read
    from protocols.roles import Role
    from protocols.says import ANY_TIME
    from protocols.status import Status
    from protocols.steps import Code, Entry, Receipt
    from protocols.waiting import Received, sending
    from workflows import story
    from workflows.board_calendar import BoardCalendar
    from workflows.bodies import body_of
    from workflows.state import VERDICTS_KEPT, F, short_hash
    from workflows.waiting import forget_refusal

HEARD_IN_ANY_CASE = "an immediate action is not refused for a door's clock"
"""A run that refused one is replayed so."""

ENVELOPE = set(Signal.model_fields)
KNOWS_COPIES = "knows-copies-of-what-was-refused"


class Hearing(BoardCalendar[F]):
    """Keeps what comes, judges it in its turn, and answers queries."""

    rules: Rules

    # --- handlers: they only keep what comes

    def keep(self, name: str, args: Sequence[Any]) -> None:
        """Keep a signal, whatever it carries; immediate actions go in a lane of their own."""
        received = Received(name=name, body=body_of(args, MESSAGES.get(name)), seen=workflow.now())
        lane = self.case.urgent if MESSAGES.get(name) is ImmediateActionNeeded else self.case.inbox
        lane.append(received)
        forget_refusal(received, self.case.receipts, self.case.refused)

    @workflow.signal(dynamic=True)
    def anything_else(self, name: str, args: Sequence[RawValue]) -> None:
        """A signal of a name that nobody knows: it is recorded as not accepted."""
        self.keep(name, ())

    # --- queries

    @workflow.query
    def receipt(self, id: str) -> Receipt | None:  # noqa: A002 - the name that the interface gives it
        """The verdict on a signal, or null while it has not been judged."""
        if verdict := self.case.receipts.get(id):
            return verdict
        if self.case.has_accepted(id):
            return Receipt(id=id, accepted=True, code=Code.ACCEPTED)
        return None

    @workflow.query
    def status(self) -> Status:
        """How the case stands."""
        case = self.case
        return Status(
            reference=case.reference,
            protocol=case.edition.protocol,
            edition=case.edition.edition,
            stage=case.stage,
            turn=case.turn,
            clause=case.clause or None,
            waiting_for=tuple(self.waiting_for()),
            clocks=tuple(case.status_of(clock) for clock in case.clocks),
            outcome=case.outcome,
        )

    @workflow.query
    def timeline(self) -> list[Entry]:
        """What happened, without text; older entries stand in the records."""
        return self.case.timeline

    # --- judging

    def waiting_for(self) -> list[Role]:
        """See `Recording.waiting_for`: read from the table of who says what."""
        case = self.case
        if case.stage == self.ended_stage:
            return []
        if case.ending:
            return self.keepers_of_minutes()
        parties = case.parties()
        rows = [row for row in self.rules.says if row.stage == case.stage and row.moves]
        return list(
            dict.fromkeys(role for row in rows for role in parties.expand(row) if self.awaits(row.signal, role))
        )

    def awaits(self, kind: type[Signal], role: Role) -> bool:
        """Whether this signal of this role, which can move the stage on, can do so now."""
        return True

    def keepers_of_minutes(self) -> list[Role]:
        """Who records the minutes without which the case does not end."""
        return []

    def take(self, received: Received) -> tuple[Signal, Verdict] | None:
        """Judge one signal and note the verdict; what counts is handed on."""
        self.case.judged += 1
        self.unrecorded.append(received)
        understood = self.understand(received)
        if understood.id and self.case.has_accepted(understood.id):
            return None  # an accepted id counts once, for good
        if (copied := sending(received)) and copied in self.case.refused and workflow.patched(KNOWS_COPIES):
            return None  # door and relay delivered the same; sent once more, it is judged anew
        verdict = judge(understood, self.case.standing(self.ended_stage, workflow.now()), self.rules)
        if verdict.code.accepted:
            self.case.heard += 1
            if understood.id:
                self.case.accepted[short_hash(understood.id)] = self.case.heard
        elif copied:
            self.case.refused = [*self.case.refused, copied][-VERDICTS_KEPT:]
        self._occasion = understood.id or f"#{self.case.step}.{self.case.judged}"
        self._answer(understood.id, verdict)
        self._enter(received, understood, verdict)
        if verdict.code.accepted and understood.signal:
            self._changed = True
            return understood.signal, verdict
        return None

    def understand(self, received: Received) -> Read:
        """Read a signal; what a door whose clock is wrong took as a call for help counts from when the case saw it."""
        understood, began = read(received.name, received.body, received.seen), self.case.instigated_at
        said = understood.signal
        if not isinstance(said, ImmediateActionNeeded) or began <= said.sent_at <= received.seen + GRACE:
            return understood
        if not workflow.patched(HEARD_IN_ANY_CASE):
            return understood
        seen = max(received.seen, began)
        said = said.model_copy(update={"at": min(max(said.at, began), seen), "sent_at": seen})
        return understood._replace(seen=seen, envelope=said, signal=said)

    def _answer(self, signal_id: str, verdict: Verdict) -> None:
        if not signal_id:
            return
        receipts = self.case.receipts
        receipts.pop(signal_id, None)
        receipts[signal_id] = Receipt(
            id=signal_id, accepted=verdict.code.accepted, code=verdict.code, reason=verdict.reason
        )
        while len(receipts) > VERDICTS_KEPT:
            receipts.pop(next(iter(receipts)))

    def _enter(self, received: Received, understood: Read, verdict: Verdict) -> None:
        """The signal's line in the timeline: its facts if it counts, nothing of it but the sender otherwise."""
        envelope, signal = understood.envelope, understood.signal
        parties = self.case.parties()
        sender = sender_of(envelope, parties)
        who = story.role_words(self.case, sender) if sender else "somebody"
        name = received.name if understood.kind else "unknown signal"
        outcome = "" if verdict.code is Code.ACCEPTED else f" – {verdict.code.replace('_', ' ')}"
        at_any_time = verdict.row is None or verdict.row.stage == ANY_TIME
        self.note(
            name.replace(" ", "-"),
            f"{who}: {story.said_words(name, signal)}{outcome}",
            envelope.at if envelope else received.seen,
            recorded_at=envelope.sent_at if envelope else received.seen,
            clause=ANY_TIME if at_any_time else self.case.clause or ANY_TIME,
            by=sender,
            entered_by=(envelope.entered_by or "") if envelope else "",
            signal_id=understood.id,
            code=verdict.code,
            reason=verdict.reason,
            record=(envelope.record or "") if envelope else "",
            facts=to_jsonable_python(signal.model_dump(exclude=ENVELOPE, exclude_none=True))
            if signal and verdict.code.accepted
            else {},
        )


def _handler(name: str) -> Callable[..., None]:
    def handle(self: Hearing[Any], *args: Any) -> None:
        self.keep(name, args)

    handle.__name__ = name
    handle.__doc__ = MESSAGES[name].__doc__
    return workflow.signal(name=name)(handle)


for _name in MESSAGES:  # named handlers, so that the Temporal UI lists them
    setattr(Hearing, f"hear_{_name}", _handler(_name))
