"""The verdict on a signal: known and understood, stage, role and side, content, times, independence, in this order.

Source: spec 1, "A signal that does not fit"; spec 4, `receipt`.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from protocols.messages import (
    NOBODY,
    AgencyAdded,
    CalendarChanged,
    Corrected,
    ImmediateActionNeeded,
    Read,
    RoleChanged,
    Signal,
)
from protocols.roles import Role
from protocols.says import ANY_TIME, Parties, Says
from protocols.steps import Code

GRACE = timedelta(minutes=5)
"""Clocks of people and machines differ by as much."""


class Verdict(NamedTuple):
    """What a case makes of a signal; `row` is the row of the table that it falls under."""

    code: Code
    reason: str = ""
    row: Says | None = None


class Refusal(Exception):
    """A signal that does not fit; caught where the verdict is made."""

    def __init__(self, code: Code, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


Check = Callable[[Any, Any], None]
"""A rule of one protocol about one message: takes the message and the case's facts, raises `Refusal`."""


class Rules(NamedTuple):
    """What one protocol says about its signals.

    Attributes:
        says: the table, any-time rows included.
        stage: whether a message that is said at any time fits the stage; takes the standing.
        content, times, independence: further checks a message type, in the order of judging.
    """

    says: Sequence[Says]
    stage: Mapping[type[Signal], Callable[[Any], None]] = {}
    content: Mapping[type[Signal], Check] = {}
    times: Mapping[type[Signal], Check] = {}
    independence: Mapping[type[Signal], Check] = {}


class Standing(NamedTuple):
    """How a case stands when it hears a signal.

    Attributes:
        stage, turn: where it is; ended: it has ended; ending: its last word is said, only minutes are awaited.
        stages: all stages of the edition; gone_through: stages entered so far, with the number of the first
            signal after the entry.
        missed: stages whose limit that moves a case is past.
        case_began, stage_began: aware moments.
        meeting_at: start of the meeting of the board's calendar that the stage waits for, if one is planned.
        parties: who takes part.
        facts: what the protocol remembers of the case.
        accepted: the number of the accepted signal with this id; 0 if there is none.
    """

    stage: str
    turn: int
    ended: bool
    ending: bool
    stages: frozenset[str]
    gone_through: Mapping[str, int]
    missed: frozenset[str]
    case_began: datetime
    stage_began: datetime
    meeting_at: datetime | None
    parties: Parties
    facts: Any
    accepted: Callable[[str], int]


def judge(read: Read, case: Standing, rules: Rules) -> Verdict:
    """The verdict on a signal; changes nothing."""
    try:
        envelope = _understood(read, case)
        row, proposal = _allowed(read.kind or Signal, envelope, case, rules)
        _complete(read, envelope, row, case)
        if read.signal:
            _fits(read.signal, read.seen, row, case, rules)
    except Refusal as refusal:
        return Verdict(refusal.code, refusal.reason)
    return Verdict(Code.PROPOSAL if proposal else Code.ACCEPTED, "", row)


class Sayable(NamedTuple):
    """What somebody may say now, and under which row; `proposal`: whether it would be but a proposal."""

    kind: type[Signal]
    row: Says
    proposal: bool


def sayable(sender: Role, case: Standing, rules: Rules) -> list[Sayable]:
    """What this role may say as the case stands, in the order of the table: as `judge` would allow it.

    Whether its content, times and senders are right is judged once it is said.
    """
    moment = case.stage_began
    envelope = Signal(by=sender.role, agency=sender.agency or None, at=moment, sent_at=moment)
    found: list[Sayable] = []
    for kind in dict.fromkeys(row.signal for row in rules.says):
        try:
            row, proposal = _allowed(kind, envelope, case, rules)
        except Refusal:
            continue
        if not case.ending or row.stage == ANY_TIME:
            found.append(Sayable(kind, row, proposal))
    return found


def _understood(read: Read, case: Standing) -> Signal:
    if read.kind is None:
        raise Refusal(Code.UNKNOWN, "there is no signal of this name")
    if read.envelope is None:
        raise Refusal(Code.NOT_UNDERSTOOD, "it is not one JSON object with the fields of this signal")
    if isinstance(read.signal, Corrected):
        if not case.accepted(read.signal.corrects):
            raise Refusal(Code.UNKNOWN, "no accepted signal has this id")
        if read.signal.return_to and read.signal.return_to not in case.stages:
            raise Refusal(Code.NOT_UNDERSTOOD, "return_to is no stage of this protocol")
    if isinstance(read.signal, RoleChanged) and not case.parties.know(read.signal.role):
        raise Refusal(Code.NOT_UNDERSTOOD, "the protocol knows no such role")
    return read.envelope


def _allowed(kind: type[Signal], envelope: Signal, case: Standing, rules: Rules) -> tuple[Says, bool]:
    """The row that lets this sender say this now, and whether it is but a proposal."""
    if case.ended and kind is not ImmediateActionNeeded:
        raise Refusal(Code.ENDED, "the case has ended")
    rows = [row for row in rules.says if row.signal is kind]
    at_any_time = [row for row in rows if row.stage == ANY_TIME]
    now = [row for row in rows if row.stage == case.stage] or at_any_time
    bound = not any(row.stage == ANY_TIME for row in now)
    if bound and (envelope.stage not in (None, case.stage) or envelope.turn not in (None, case.turn)):
        raise Refusal(Code.WRONG_STAGE, "the case has moved on")
    sender = case.parties.known_as(envelope.sender)
    if sender.role == NOBODY:
        raise Refusal(Code.MISSING, "by")
    if said := next((row for row in now if case.parties.may_say(row, sender)), None):
        if said.stage == ANY_TIME and (check := rules.stage.get(kind)):
            check(case)
        return said, False
    if proposed := next((row for row in now if row.proposes_to and case.parties.take_part(sender)), None):
        return proposed, True
    if any(case.parties.may_say(row, sender) for row in rows):
        raise Refusal(Code.WRONG_STAGE, "this is not said at this stage")
    raise Refusal(Code.WRONG_ROLE, "this role, or this side, does not say so")


def _complete(read: Read, envelope: Signal, row: Says, case: Standing) -> None:
    missing = [*read.missing, *(f for f in row.requires if f not in read.carried and f not in read.missing)]
    parties = case.parties
    if not parties.known_as(envelope.sender).agency and envelope.by in parties.agency_roles and "agency" not in missing:
        missing.append("agency")
    if isinstance(read.signal, RoleChanged) and read.signal.role in parties.agency_roles and not read.signal.for_agency:
        missing.append("for_agency")
    if read.kind is CalendarChanged and not read.carried & {"holidays", "meetings"}:
        missing.append("holidays or meetings")
    if missing:
        raise Refusal(Code.MISSING, ", ".join(missing))


def _fits(signal: Signal, seen: datetime, row: Says, case: Standing, rules: Rules) -> None:
    sender = case.parties.known_as(signal.sender)
    if isinstance(signal, RoleChanged) and not case.parties.may_pass_on(sender, signal):
        raise Refusal(Code.WRONG_ROLE, "this role is not this sender's to pass on")
    if isinstance(signal, AgencyAdded) and case.parties.involves(signal.agency_code):
        raise Refusal(Code.ALREADY, "in the case already")
    if case.ending and row.stage != ANY_TIME:
        raise Refusal(Code.ALREADY, "the case only waits for the minutes")
    if isinstance(signal, Corrected) and signal.return_to:
        _leads_back(signal, signal.return_to, case)
    _ask(rules.content, signal, case)
    _timely(signal, seen, row, case)
    _ask(rules.times, signal, case)
    _ask(rules.independence, signal, case)


def _leads_back(corrected: Corrected, to: str, case: Standing) -> None:
    if to not in case.gone_through:
        raise Refusal(Code.WRONG_STAGE, "the case has not gone through the stage to return to")
    if case.accepted(corrected.corrects) < case.gone_through[to]:
        raise Refusal(Code.WRONG_STAGE, "without the corrected signal the case would not have come to that stage")
    if to in case.missed:
        raise Refusal(Code.WRONG_STAGE, "the time limit of the stage to return to is past, and moved the case on")


def _timely(signal: Signal, seen: datetime, row: Says, case: Standing) -> None:
    if signal.at > signal.sent_at + GRACE:
        raise Refusal(Code.IN_FUTURE, "it is said to have happened later than it was sent")
    if signal.sent_at > seen + GRACE:
        raise Refusal(Code.IN_FUTURE, "it is said to have been sent later than it arrived")
    if signal.at < case.case_began:
        raise Refusal(Code.BEFORE_STAGE, "it is said to have happened before the case began")
    if row.stage != ANY_TIME and signal.at < case.stage_began - GRACE:
        raise Refusal(Code.BEFORE_STAGE, "it is said to have happened before this stage began")


def _ask(checks: Mapping[type[Signal], Check], signal: Signal, case: Standing) -> None:
    if check := checks.get(type(signal)):
        check(signal, case)


def sender_of(envelope: Signal | None, parties: Parties) -> Role | None:
    """The role that a readable signal names, if it takes part in the case."""
    if envelope is None or envelope.by == NOBODY:
        return None
    sender = parties.known_as(envelope.sender)
    return sender if parties.take_part(sender) else None
