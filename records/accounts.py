"""Who somebody is who signs in: known by issuer and subject, and bound to the address at which boards know them.

The binding is made once, at the first sign-in; from then on the address that counts is the one that was bound, whatever
the provider says. An authenticator enrolled here is an account too, of the issuer `AUTHENTICATOR`.
"""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Engine, Select, delete, select, update
from sqlalchemy.orm import Session as Transaction

from protocols.errors import Refused
from records.codes import one_at_a_time
from records.database import reading, writing
from records.holding import Asker, directory_of
from records.models import Account, CasePerson, OneTimeCode, Session

AUTHENTICATOR = "authenticator"


class Known(NamedTuple):
    """An account.

    Attributes:
        id: of the account.
        issuer: who vouches for it; `AUTHENTICATOR` for one enrolled here.
        email: the address that it is bound to, in lower case.
        made_at: when it was bound; last_used_at: when somebody last signed in by it.
    """

    id: int
    issuer: str
    email: str
    made_at: datetime
    last_used_at: datetime


class Released(NamedTuple):
    """How much was forgotten of an address, and how many sessions ended with it."""

    accounts: int
    sessions: int


def known(engine: Engine, issuer: str, subject: str, now: datetime) -> Known | None:
    """Who this is, and that they were here; None before their first sign-in.

    Raises:
        Unreachable: the database does not answer.
    """
    with writing(engine) as session:
        row = _of(session, issuer, subject)
        if row is None:
            return None
        row.last_used_at = now
        return _known(row)


def bind(engine: Engine, issuer: str, subject: str, email: str, now: datetime) -> Known | None:
    """Bind somebody to the address that was proved; a binding that there is stays as it is.

    Returns:
        The account; None if the address is bound to another subject of this issuer.

    Raises:
        Unreachable: the database does not answer.
    """
    address = email.strip().lower()
    with writing(engine) as session:
        one_at_a_time(session, address)
        one_at_a_time(session, f"{issuer} {subject}")
        row = _of(session, issuer, subject)
        if row is None:
            if session.scalars(_bound(issuer, address)).first() is not None:
                return None
            row = Account(issuer=issuer, subject=subject, email=address, made_at=now, last_used_at=now)
            session.add(row)
            session.flush()
        return _known(row)


def is_bound(engine: Engine, issuer: str, email: str) -> bool:
    """Whether somebody of this issuer is bound to this address.

    Raises:
        Unreachable: the database does not answer.
    """
    with reading(engine) as session:
        return session.scalars(_bound(issuer, email.strip().lower())).first() is not None


def holds_a_role(engine: Engine, email: str) -> bool:
    """Whether the holder or deputy of any role, in the directory or in a case, has this address.

    Raises:
        Unreachable: the database does not answer.
    """
    asker = Asker(email=email)
    with reading(engine) as session:
        standing = directory_of(session, asker).standing
        named = session.scalars(select(CasePerson.id).where(asker.names()).limit(1)).all()
    return bool(standing or named) and bool(asker.address)


def accounts(engine: Engine) -> list[Known]:
    """All accounts, by address.

    Raises:
        Unreachable: the database does not answer.
    """
    with reading(engine) as session:
        return [_known(row) for row in session.scalars(select(Account).order_by(Account.email, Account.id))]


def release(engine: Engine, email: str, now: datetime) -> Released:
    """Forget what an address is bound to, its authenticator included; whoever is signed in by it is so no more.

    Raises:
        Refused: nothing is bound to it.
        Unreachable: the database does not answer.
    """
    address = email.strip().lower()
    with writing(engine) as session:
        one_at_a_time(session, address)
        forgotten = list(session.scalars(delete(Account).where(Account.email == address).returning(Account.id)))
        if not forgotten:
            raise Refused(f"Nobody signs in with {address}. See who does with: datrys accounts list")
        session.execute(delete(OneTimeCode).where(OneTimeCode.email == address, OneTimeCode.purpose == "sign-in"))
        open_ones = (Session.email == address, Session.ended_at.is_(None))
        ended = session.scalars(update(Session).where(*open_ones).values(ended_at=now).returning(Session.expires_at))
        return Released(len(forgotten), sum(expires_at > now for expires_at in ended))


def _of(session: Transaction, issuer: str, subject: str) -> Account | None:
    rows = select(Account).where(Account.issuer == issuer, Account.subject == subject)
    return session.scalars(rows.with_for_update()).one_or_none()


def _bound(issuer: str, address: str) -> Select[int]:
    return select(Account.id).where(Account.issuer == issuer, Account.email == address).limit(1)


def _known(row: Account) -> Known:
    return Known(row.id, row.issuer, row.email, row.made_at, row.last_used_at)
