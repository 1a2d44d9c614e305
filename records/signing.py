"""Signed calls between systems: the secret that a token signs with, and which of its messages were taken.

A signature alone does not stop whoever overheard a call from sending it again: a message is taken once.
"""

import secrets
from base64 import b64encode
from datetime import datetime, timedelta

from sqlalchemy import Engine, delete, select, tuple_

from records.database import insert_for, reading, writing
from records.models import SignedCall, Token

PREFIX = "whsec_"
SECRET_BYTES = 32
KEPT = timedelta(hours=1)
"""Longer than a message can be sent again: 5 minutes from its timestamp, which may lie as long ahead of our clock."""


def new_secret() -> str:
    """A secret to sign with, as Standard Webhooks writes them."""
    return PREFIX + b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def sealed_secret(engine: Engine, token: str) -> bytes | None:
    """What the token signs with, sealed; None if it does not sign, or is none.

    Raises:
        Unreachable: the database does not answer.
    """
    with reading(engine) as session:
        return session.scalars(select(Token.signing).where(Token.id == token)).one_or_none()


def take(engine: Engine, token: str, message: str, now: datetime) -> bool:
    """Take a message, and forget those that are too old to come again; answers whether it had not been taken before.

    Raises:
        Unreachable: the database does not answer.
    """
    key = tuple_(SignedCall.token, SignedCall.message)
    old = select(SignedCall.token, SignedCall.message).where(SignedCall.seen_at < now - KEPT)
    with writing(engine) as session:
        # What another one is forgetting at this moment is left to it: two that wait for each other's rows would stop.
        session.execute(delete(SignedCall).where(key.in_(old.with_for_update(skip_locked=True))))
        new = insert_for(session, SignedCall).values(token=token, message=message, seen_at=now)
        taken = session.execute(new.on_conflict_do_nothing().returning(SignedCall.message))
        return taken.first() is not None


def give_back(engine: Engine, token: str, message: str) -> None:
    """A message that was taken came to nothing: it may be sent again.

    Raises:
        Unreachable: the database does not answer.
    """
    with writing(engine) as session:
        session.execute(delete(SignedCall).where(SignedCall.token == token, SignedCall.message == message))
