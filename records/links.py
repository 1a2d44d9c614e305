"""The links of mails: made where a mail is fixed, looked at by whoever shows one, ended with a role.

A link shows what its mail asks for; it never acts. Of its token only the SHA-256 is kept, as with other secrets; the
token itself stands in the message that waits to be sent, and nowhere once that is gone.
"""

import hmac
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from protocols.access import OF_AN_AGENCY
from protocols.roles import Role
from records.database import insert_for, reading, writing
from records.keys import Keys, digest
from records.models import Case, Link, Notice, Receiver, Target
from records.people import BUSINESS_UNIT, holders

COUNTS_FOR = timedelta(days=90)
ID_DIGITS = 20
_ID = re.compile(rf"[0-9a-f]{{{ID_DIGITS}}}")


class Doorway(NamedTuple):
    """What makes the address of a link: the keys of the deployment, and where its pages are, without a last slash."""

    keys: Keys
    base_url: str

    def address(self, token: str) -> str:
        """Where a link leads."""
        return f"{self.base_url}/l/{token}"


class LinkSeen(NamedTuple):
    """A link that counts, and what its mail was about.

    Attributes:
        id: its name, which is no secret.
        reference: the case.
        case: the line of entries that the notice came of: the reference, or `REFERENCE-immediate-N`.
        notice: the kind; concerns: the kind that was sent once more, where a role had passed on.
        stage, turn: what it speaks of; the turn is 0 where it is not known.
        clock, due: of the mail, so of several roles' the soonest.
        at: when the notice came about.
        roles: whom it went to, as roles; those that passed to somebody else meanwhile are left out.
        person: for whom the mail was meant, as a reference without a name.
        to: the holder, or who stands in.
        email: where the mail went, in lower case.
        expires_at: when the link is over.
    """

    id: str
    reference: str
    case: str
    notice: str
    concerns: str
    stage: str
    turn: int
    clock: str
    due: datetime | None
    at: datetime
    roles: tuple[Role, ...]
    person: str
    to: Target
    email: str
    expires_at: datetime


def make(
    session: Session, keys: Keys, group: Sequence[Notice], reference: str, person: str, to: Target, now: datetime
) -> str:
    """The token of a mail's link; made once more for the same mail it is the same, and its row stays as it is.

    Args:
        session: a writing session, in which the mail is fixed.
        keys: of the deployment.
        group: the notices that the mail answers, the first one first.
        reference: the case.
        person: whose mail it is, as a reference without a name.
        to: the holder, or who stands in.
        now: the link counts from now on.
    """
    token = keys.token("link", group[0].identity, to, person)
    kept = digest(token)
    roles = dict.fromkeys((notice.role, notice.agency) for notice in group)
    row = insert_for(session, Link).values(
        id=_id_of(kept),
        digest=kept,
        notice_id=group[0].id,
        reference=reference,
        roles=[{"role": role, "agency": agency} for role, agency in roles],
        person=person,
        to=to,
        made_at=now,
        expires_at=now + COUNTS_FOR,
    )
    session.execute(row.on_conflict_do_nothing())
    return token


def opened(engine: Engine, token: str, now: datetime) -> LinkSeen | None:
    """What the link with this token shows; None if it does not count. Nothing is written.

    Raises:
        Unreachable: the database does not answer.
    """
    shown = digest(token)
    return _seen(engine, _id_of(shown), now, shown)


def link(engine: Engine, link_id: str, now: datetime) -> LinkSeen | None:
    """The same by the link's id, which the browser's signed cookie remembers."""
    return _seen(engine, link_id, now) if _ID.fullmatch(link_id) else None


def revoke(engine: Engine, reference: str, role: Role, now: datetime) -> None:
    """The links that were made for this role in this case count no more; for its next holder others are made."""
    with writing(engine) as session:
        end(session, reference, role, now)


def end(session: Session, reference: str, role: Role, now: datetime) -> None:
    """The same, in the transaction in which the role passes on. A link that is for other roles too stays for those."""
    rows = select(Link).where(Link.reference == reference, Link.revoked_at.is_(None))
    for row in session.scalars(rows.order_by(Link.id).with_for_update()):
        stands_in = row.to == Target.BUSINESS_UNIT and role.role == BUSINESS_UNIT
        left = [] if stands_in else [one for one in row.roles if _seat(Role.model_validate(one)) != _seat(role)]
        if left:
            row.roles = left
        else:
            row.revoked_at = now


def end_mail(session: Session, notice: Notice, now: datetime) -> None:
    """The mail of this notice was refused for good and goes to somebody else: so does the link."""
    rows = select(Link).where(Link.notice_id == notice.id, Link.revoked_at.is_(None))
    for row in session.scalars(rows.with_for_update()):
        row.revoked_at = now


def soonest(group: Sequence[Notice]) -> Notice:
    """Of the notices that one mail answers, the one whose clock it names."""
    return min(group, key=lambda notice: (notice.due is None, notice.due or notice.at))


def _seen(engine: Engine, link_id: str, now: datetime, shown: bytes | None = None) -> LinkSeen | None:
    with reading(engine) as session:
        row = session.get(Link, link_id)
        if row is None or (shown is not None and not hmac.compare_digest(row.digest, shown)):
            return None
        receiver = session.get(Receiver, row.notice_id)
        if row.revoked_at is not None or row.expires_at <= now or receiver is None:
            return None
        first = session.get_one(Notice, row.notice_id)
        email, case = receiver.email.strip().lower(), session.get_one(Case, row.reference)
        every = map(Role.model_validate, row.roles)
        roles = tuple(role for role in every if _holds(session, case, email, role, row.to))
        if not roles:
            return None
        about = soonest([first, *_others(session, first, roles)])
        return LinkSeen(
            row.id,
            row.reference,
            first.case,
            first.notice,
            first.concerns,
            first.stage,
            first.turn,
            about.clock,
            about.due,
            first.at,
            roles,
            row.person,
            Target(row.to),
            email,
            row.expires_at,
        )


def _holds(session: Session, case: Case, email: str, role: Role, to: str) -> bool:
    """Whether the mail would go there still: another name in the directory ends no link by itself."""
    held = Role(role=BUSINESS_UNIT) if to == Target.BUSINESS_UNIT else role
    now = holders(session, case, held)
    return email in {one.strip().lower() for holder in now for one in (holder.email, holder.deputy_email)}


def _others(session: Session, first: Notice, roles: tuple[Role, ...]) -> list[Notice]:
    """The notices to these roles that the same mail answers."""
    rows = select(Notice).where(Notice.case == first.case, Notice.message_id == first.message_id)
    same = session.scalars(rows.where(Notice.id != first.id).order_by(Notice.id))
    return [notice for notice in same if Role(role=notice.role, agency=notice.agency) in roles]


def _id_of(kept: bytes) -> str:
    return kept.hex()[:ID_DIGITS]


def _seat(role: Role) -> Role:
    """The role that one person holds at a time in a case."""
    return role if role.role in OF_AN_AGENCY else Role(role=role.role)
