"""To whom a notice goes: whoever holds the role, failing that the deputy, failing that the Business Unit."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.orm import Session

from protocols.roles import Role
from records import links, models
from records.database import insert_for
from records.models import Case, Notice, Receiver, Target
from records.people import BUSINESS_UNIT, Holder, holders

ORDER = (Target.HOLDER, Target.DEPUTY, Target.BUSINESS_UNIT)


class Addressee(NamedTuple):
    """One mail address to try, whose it is, and the language that its owner reads first."""

    target: Target
    person: str
    email: str
    language: str


def addressee(session: Session, case: Case, notice: Notice) -> Addressee | None:
    """The next one to try: not before the target that the notice has come to, and no address twice.

    Nobody if holder, deputy and Business Unit are vacant or were tried in vain.
    """
    return next(_untried(session, case, notice, ORDER.index(Target(notice.delivered_to))), None)


def refused(session: Session, case: Case, notice: Notice, now: datetime) -> bool:
    """The address was refused for good: the notice goes on to whom it is to try next; whether there is nobody.

    Then it stays with the one who was tried last: nobody else was ever written to. The link that was made for this
    address ends.
    """
    links.end_mail(session, notice, now)
    receiver = session.get_one(Receiver, notice.id)
    receiver.tried = [*receiver.tried, receiver.email.lower()]
    receiver.message = None
    notice.message_id = ""
    following = _after(session, case, notice)
    if following:
        notice.delivered_to = following.target
    return following is None


def usable(email: str) -> bool:
    """Whether mail can be sent to this at all: one address, in the signs that every mail server takes."""
    local, at, domain = email.rpartition("@")
    return bool(local and at and domain) and email.isascii() and not set(email) & set(' \t\r\n<>,;:"()[]\\')


def _after(session: Session, case: Case, notice: Notice) -> Addressee | None:
    """The next one to try after the target that refused, even if somebody else is that target by now."""
    return next(_untried(session, case, notice, ORDER.index(Target(notice.delivered_to)) + 1), None)


def _untried(session: Session, case: Case, notice: Notice, reached: int) -> Iterator[Addressee]:
    receiver = session.get(Receiver, notice.id)
    tried = set(receiver.tried) if receiver else set()
    for one in _in_order(session, case, notice):
        if ORDER.index(one.target) >= reached and usable(one.email) and one.email.lower() not in tried:
            yield one


def _in_order(session: Session, case: Case, notice: Notice) -> Iterator[Addressee]:
    found = holders(session, case, Role(role=notice.role, agency=notice.agency))
    if notice.office == 0:
        _one_for_each_office(session, notice, len(found))
    holder = found[notice.office] if notice.office < len(found) else None
    if holder:
        yield _addressee(Target.HOLDER, holder, holder.email)
        yield _addressee(Target.DEPUTY, holder, holder.deputy_email)
    for unit in holders(session, case, Role(role=BUSINESS_UNIT)):
        yield _addressee(Target.BUSINESS_UNIT, unit, unit.email)


def _addressee(target: Target, holder: Holder, email: str) -> Addressee:
    return Addressee(target, holder.person, email.strip(), holder.language)


def _one_for_each_office(session: Session, notice: Notice, offices: int) -> None:
    """A duty team with several offices gets a mail in each of them."""
    same = {
        column.key: getattr(notice, column.key)
        for column in models.Notice.__table__.columns
        if column.key
        in {"reference", "case", "notice", "occasion", "role", "agency", "at", "stage", "clause", "due", "clock"}
        | {"limit", "kind", "concerns", "supersede_by"}
    }
    for office in range(1, offices):
        new = insert_for(session, Notice).values(**same, office=office)
        session.execute(new.on_conflict_do_nothing())
