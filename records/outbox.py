"""The outbox of a case: which message is sent next, by whom, and what became of it.

A message is leased in the database while it is sent, so that two workers never send one twice. What was fixed at
the first attempt (person, roles, every byte) is what a retry sends.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import uuid4

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from protocols.mail import Language, MailFacts
from protocols.roles import Role
from records import links
from records.cases import case_row
from records.database import reading, writing
from records.fence import check_knows
from records.links import Doorway
from records.mail_facts import mail_facts
from records.models import Case, Delivery, Notice, Receiver, Stream, Target
from records.streams import open_stream, reference_of
from records.targets import Addressee, addressee, refused

LEASE = timedelta(seconds=60)
WAITING = (Delivery.QUEUED, Delivery.SENDING)


class Draft(NamedTuple):
    """A message to write.

    Attributes:
        key: what its Message-ID begins with; follows from the notice's identity.
        email: where it goes.
        languages: both, the receiver's first.
        facts: what it may say.
        roles: whom it names, as identifiers with agency.
        at: when the notice came about.
    """

    key: str
    email: str
    languages: tuple[Language, Language]
    facts: MailFacts
    roles: tuple[Role, ...]
    at: datetime


class Leased(NamedTuple):
    """A message to send now: `lease` stands for the right to do so, for a minute."""

    lease: str
    email: str
    message: bytes


def lease_next(
    engine: Engine,
    case: str,
    held: Collection[str],
    compose: Callable[[Draft], bytes],
    doorway: Doorway | None = None,
    recorded: int = 0,
) -> Leased | None:
    """The next message of a case to send, leased for a minute; None if there is none for now.

    Oldest first to each receiver; a message that was tried before lets those go ahead that go to somebody else.

    Args:
        engine: the records.
        case: the reference, or `REFERENCE-immediate-N`.
        held: addresses, in lower case, to which nothing is sent for now.
        compose: writes the message, at its first attempt.
        doorway: what makes the address of its link; without it a mail has none.
        recorded: the last step that the workflow knows to be written.

    Raises:
        RecordsOlder: the records lack that step.
    """
    with writing(engine) as session:
        check_knows(session, open_stream(session, case), recorded)  # locked: two workers choose one after the other
        row = case_row(session, reference_of(case))
        chosen = _choose(session, row, case, _now(session), {*held})
        if chosen is None:
            return None
        group, to = chosen
        message = _fixed(session, group) or _fix(session, row, group, to, compose, doorway)
        lease = uuid4().hex
        for notice in group:
            notice.state, notice.leased_by, notice.attempts = Delivery.SENDING, lease, notice.attempts + 1
            notice.leased_until = _now(session) + LEASE
        return Leased(lease, to.email, message)


def sent(engine: Engine, leased: Leased) -> None:
    """The mail server has taken it."""
    with writing(engine) as session:
        for notice in _group(session, leased):
            _settle(session, notice, Delivery.SENT)


def not_now(engine: Engine, leased: Leased, reply: int | None = None) -> None:
    """It was refused for now, or nobody knows whether it arrived: it will be sent again, unchanged."""
    with writing(engine) as session:
        for notice in _group(session, leased):
            notice.reply = reply
            if notice.pointless:
                _settle(session, notice, Delivery.SUPERSEDED)
            else:
                notice.state, notice.leased_by, notice.leased_until = Delivery.QUEUED, "", None


def not_ever(engine: Engine, leased: Leased, reply: int) -> None:
    """It was refused for good: each role's notice goes on to the role's deputy, or to the Business Unit."""
    with writing(engine) as session:
        for notice in _group(session, leased):
            notice.reply = reply
            notice.state, notice.leased_by, notice.leased_until = Delivery.QUEUED, "", None
            case = case_row(session, notice.reference)
            if refused(session, case, notice, _now(session)):
                _settle(session, notice, Delivery.UNDELIVERED)


def waiting(engine: Engine, case: str, recorded: int = 0) -> int:
    """How many notices of a case wait to be sent, those included that another worker is sending, or that are held.

    Raises:
        RecordsOlder: the records lack the step that the workflow knows to be written: nobody can tell.
    """
    with reading(engine) as session:
        if recorded:
            check_knows(session, session.get(Stream, case) or Stream(stream=case), recorded)
        rows = select(func.count()).where(Notice.case == case, Notice.state.in_([*WAITING, Delivery.HELD]))
        return session.scalar(rows) or 0


# --- which is next


def _choose(
    session: Session, case: Case, stream: str, now: datetime, busy: set[str]
) -> tuple[list[Notice], Addressee] | None:
    """The group of notices that make up the next message, and where it goes."""
    rows = session.scalars(
        select(Notice).where(Notice.case == stream, Notice.state.in_(WAITING)).order_by(Notice.id)
    ).all()
    rows = [notice for notice in rows if _free(session, notice, now, busy)]
    tried_before: list[tuple[list[Notice], Addressee]] = []
    for notice in rows:
        if notice.state != Delivery.QUEUED:
            continue  # taken into the message of an earlier notice, or given up
        to = _address(session, case, notice)
        if to is None:
            _settle(session, notice, Delivery.UNDELIVERED)
        elif to.email.lower() not in busy:
            busy.add(to.email.lower())
            group = _merged(session, case, notice, to, rows)
            if not notice.attempts:
                return group, to
            tried_before.append((group, to))
    return min(tried_before, key=lambda choice: choice[0][0].attempts, default=None)


def _free(session: Session, notice: Notice, now: datetime, busy: set[str]) -> bool:
    """Whether nobody else is sending it; a lease that ran out is taken back."""
    if notice.state == Delivery.SENDING:
        if notice.leased_until and notice.leased_until > now:
            notice.leased_until = min(notice.leased_until, now + LEASE)  # a clock that was set back holds up nobody
            busy.add(session.get_one(Receiver, notice.id).email.lower())
            return False
        notice.state = Delivery.QUEUED
        if notice.pointless:
            _settle(session, notice, Delivery.SUPERSEDED)
    return notice.state == Delivery.QUEUED


def _address(session: Session, case: Case, notice: Notice) -> Addressee | None:
    if notice.message_id:
        receiver = session.get_one(Receiver, notice.id)
        return Addressee(Target(notice.delivered_to), receiver.person, receiver.email, "")
    return addressee(session, case, notice)


def _merged(session: Session, case: Case, first: Notice, to: Addressee, rows: Sequence[Notice]) -> list[Notice]:
    """The notices that one message answers: those it was fixed with, else those of one occasion to one person."""
    group = [first]
    for other in rows:
        if other is first or other.state != Delivery.QUEUED or other.message_id != first.message_id:
            continue
        if first.message_id:
            group.append(other)
        elif (other.notice, other.occasion) == (first.notice, first.occasion):
            same = addressee(session, case, other)
            if same and (same.target, same.email.lower()) == (to.target, to.email.lower()):
                group.append(other)
    return group


# --- what is fixed at the first attempt


def _fixed(session: Session, group: list[Notice]) -> bytes | None:
    return session.get_one(Receiver, group[0].id).message if group[0].message_id else None


def _fix(
    session: Session,
    case: Case,
    group: list[Notice],
    to: Addressee,
    compose: Callable[[Draft], bytes],
    doorway: Doorway | None,
) -> bytes:
    first, link = group[0], ""
    if doorway:
        made = links.make(session, doorway.keys, group, case.reference, to.person, to.target, _now(session))
        link = doorway.address(made)
    for notice in group:
        notice.delivered_to, notice.message_id = to.target, first.identity
    draft = Draft(
        key=first.message_id,
        email=to.email,
        languages=("en", "cy") if to.language == "en" else ("cy", "en"),
        facts=mail_facts(session, case, group, link),
        roles=tuple(dict.fromkeys(Role(role=notice.role, agency=notice.agency) for notice in group)),
        at=first.at,
    )
    message = compose(draft)
    for notice in group:
        receiver = session.get(Receiver, notice.id) or Receiver(notice_id=notice.id, tried=[])
        receiver.reference, receiver.person, receiver.email = case.reference, to.person, to.email
        receiver.message = message if notice is first else None
        session.add(receiver)
    return message


# --- what became of it


def _group(session: Session, leased: Leased) -> Sequence[Notice]:
    """The notices that are sent under this lease; none if it ran out and somebody else took over."""
    rows = select(Notice).where(Notice.leased_by == leased.lease, Notice.state == Delivery.SENDING)
    return session.scalars(rows.order_by(Notice.id).with_for_update()).all()


def _settle(session: Session, notice: Notice, state: Delivery) -> None:
    notice.state, notice.settled_at = state, _now(session)
    notice.leased_by, notice.leased_until = "", None
    if receiver := session.get(Receiver, notice.id):
        receiver.message = None


def _now(session: Session) -> datetime:
    """The database's clock where it is a server, so that leases do not hang on the clocks of workers."""
    if session.get_bind().dialect.name == "postgresql":
        found: datetime = session.scalars(select(func.clock_timestamp())).one()
        return found.astimezone(UTC)
    return datetime.now(UTC)
