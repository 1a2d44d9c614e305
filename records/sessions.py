"""Sessions of people: begun after a code or a sign-in, found by the cookie's secret, over after a while unused."""

import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Engine, delete, select

from protocols.access import Proof
from records.database import reading, writing
from records.keys import digest
from records.models import Session

ID_BYTES, SECRET_BYTES = 9, 32
IDLE = timedelta(minutes=30)
LONGEST = {Proof.SIGNED_IN: timedelta(hours=10), Proof.CODE: timedelta(hours=1)}
SEEN_AGAIN = timedelta(minutes=1)
"""Within this time a visit is not written anew."""
FORGOTTEN = timedelta(days=30)


class Visitor(NamedTuple):
    """Who is there.

    Attributes:
        session: the id of the session, which is no secret.
        email: the address that was proved, in lower case.
        proof: a code, or a sign-in.
        link: the id of the link that a code's session is for; empty after a sign-in.
        expires_at: when it is over if nothing is asked before.
        counts: whether it is not over.
    """

    session: str
    email: str
    proof: Proof
    link: str
    expires_at: datetime
    counts: bool


def begin(
    engine: Engine, email: str, proof: Proof, now: datetime, link: str = "", account: int | None = None
) -> tuple[str, Visitor]:
    """Begin a session; answers the secret for the cookie, which is kept nowhere, and who it stands for.

    Raises:
        Unreachable: the database does not answer.
    """
    secret = secrets.token_urlsafe(SECRET_BYTES)
    row = Session(
        id=secrets.token_hex(ID_BYTES),
        digest=digest(secret),
        email=email.strip().lower(),
        proof=proof.name,
        link=link,
        account=account,
        made_at=now,
        seen_at=now,
        expires_at=now + LONGEST[proof],
        ended_at=None,
    )
    with writing(engine) as session:
        session.execute(delete(Session).where(Session.expires_at < now - FORGOTTEN))
        session.add(row)
        session.flush()
        return secret, _visitor(row, now)


def visitor(engine: Engine, secret: str, now: datetime) -> Visitor | None:
    """Who shows this secret, and that they were seen; None if nobody was ever given it.

    Raises:
        Unreachable: the database does not answer.
    """
    with reading(engine) as session:
        row = session.scalars(select(Session).where(Session.digest == digest(secret))).one_or_none()
    if row is None:
        return None
    found = _visitor(row, now)
    if found.counts and now - row.seen_at >= SEEN_AGAIN:
        with writing(engine) as session:
            seen = session.get_one(Session, row.id)
            seen.seen_at = now
            return _visitor(seen, now)
    return found


def end(engine: Engine, session_id: str, now: datetime) -> None:
    """It counts no more."""
    with writing(engine) as session:
        row = session.get_one(Session, session_id)
        row.ended_at = row.ended_at or now


def _visitor(row: Session, now: datetime) -> Visitor:
    expires_at = min(row.expires_at, row.seen_at + IDLE)
    counts = row.ended_at is None and now < expires_at
    return Visitor(row.id, row.email, Proof[row.proof], row.link, expires_at, counts)
