"""Authenticator apps: one an address, enrolled and asked after a mailed code, each of its codes counting once.

Between the mailed code and the app's, a row of `one_time_codes` without address or hash stands for the browser: it
counts the tries, so that none is gained by sending an older cookie again, and it is good for one sign-in.
"""

import hmac
import secrets
from datetime import datetime

import pyotp
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from records.accounts import AUTHENTICATOR
from records.codes import ID_BYTES, LASTS, TRIES, Tried, digits_of, one_at_a_time
from records.database import writing
from records.keys import Keys, digest
from records.models import Account, OneTimeCode

STEP_SECONDS = 30
AROUND = (-1, 0, 1)
"""How many steps the clock of a telephone may be off."""


def new_secret() -> str:
    """What an app is set up with, as it is typed in."""
    return pyotp.random_base32()


def begin(engine: Engine, browser: str, now: datetime) -> str:
    """A mailed code counted: for ten minutes this browser may try an authenticator's; answers an id for `prove`.

    Raises:
        Unreachable: the database does not answer.
    """
    row = OneTimeCode(
        id=secrets.token_hex(ID_BYTES),
        browser=digest(browser),
        purpose=AUTHENTICATOR,
        link="",
        email="",
        digest=b"",
        made_at=now,
        expires_at=now + LASTS,
        tries=0,
        used_at=None,
    )
    with writing(engine) as session:
        session.add(row)
    return row.id


def prove(
    engine: Engine, keys: Keys, email: str, typed: str, begun: str, browser: str, now: datetime, secret: str = ""
) -> tuple[Tried, int]:
    """Try a code of an authenticator; with a secret, the app that was just set up with it is enrolled if it counts.

    Args:
        engine: the records.
        keys: of the deployment.
        email: the address, which a mailed code has proved.
        typed: the code, as it was typed or pasted.
        begun: what `begin` answered; browser: as it was begun.
        now: when it is tried.
        secret: of an app that is not enrolled yet.

    Returns:
        What became of it, and the id of the account where it counts; else 0. `Tried.NONE`: start again.

    Raises:
        Refused: the authenticator was sealed with another secret key.
        Unreachable: the database does not answer.
    """
    address = email.strip().lower()
    with writing(engine) as session:
        one_at_a_time(session, address)
        asked = select(OneTimeCode).where(OneTimeCode.id == begun, OneTimeCode.browser == digest(browser))
        row = session.scalars(asked.where(OneTimeCode.purpose == AUTHENTICATOR).with_for_update()).one_or_none()
        account = _account(session, address)
        if row is None or row.used_at is not None or bool(secret) == bool(account):
            return Tried.NONE, 0
        if row.expires_at <= now:
            return Tried.EXPIRED, 0
        if row.tries >= TRIES:
            return Tried.TOO_MANY, 0
        row.tries += 1
        own = keys.unseal(account.sealed or b"").decode() if account else secret
        step = _step(own, digits_of(typed), now)
        if not step:
            return Tried.WRONG if row.tries < TRIES else Tried.TOO_MANY, 0
        if account is None:
            account = _enrolled(session, address, keys.seal(own.encode()), now)
        if step <= account.last_step:
            return Tried.USED, 0
        row.used_at = account.last_used_at = now
        account.last_step = step
        return Tried.COUNTS, account.id


def _enrolled(session: Session, address: str, sealed: bytes, now: datetime) -> Account:
    account = Account(issuer=AUTHENTICATOR, subject=address, email=address, sealed=sealed, last_step=0)
    account.made_at = account.last_used_at = now
    session.add(account)
    session.flush()
    return account


def _account(session: Session, address: str) -> Account | None:
    rows = select(Account).where(Account.issuer == AUTHENTICATOR, Account.subject == address)
    return session.scalars(rows.with_for_update()).one_or_none()


def _step(secret: str, digits: str, now: datetime) -> int:
    """The step of time whose code this is; 0 if it is of none around now."""
    current = int(now.timestamp()) // STEP_SECONDS
    app = pyotp.TOTP(secret)
    found = 0
    for step in (current + off for off in AROUND):
        if hmac.compare_digest(app.generate_otp(step), digits):
            found = step
    return found
