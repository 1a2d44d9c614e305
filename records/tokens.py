"""Tokens of programs: made, listed, revoked, and looked up by whoever shows one.

A token reads `datrys_ID_SECRET`. The id finds its row; of the whole only a SHA-256 is kept, which is enough for a
secret of 256 random bits, and two hashes are compared in constant time.
"""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Engine, select

from protocols.access import INDEPENDENT_MEMBER, OF_AN_AGENCY, Held
from protocols.errors import Refused
from protocols.roles import Role
from records.database import reading, writing
from records.holding import Asker
from records.models import Token

PREFIX = "datrys"
ID_BYTES, SECRET_BYTES = 6, 32
USED_AGAIN = timedelta(minutes=1)
"""Within this time the last use is not written anew: a program that asks often does not make the records write."""
_NOBODY = hashlib.sha256(secrets.token_bytes(SECRET_BYTES)).digest()


class Bound(NamedTuple):
    """What a token is bound to; an empty limit is none.

    Attributes:
        label: what its maker calls it; no secret and no name of a person.
        roles: as the protocols name them, or ``operator``.
        agency: code of the agency for which the roles of an agency are held.
        board, authority, group: whose cases the roles reach; a board goes by the name of its protocol.
    """

    label: str
    roles: tuple[str, ...]
    agency: str = ""
    board: str = ""
    authority: str = ""
    group: str = ""

    @property
    def asker(self) -> Asker:
        """Whoever shows the token, as the policy asks for them."""
        return Asker(bound=tuple(self._held(role) for role in self.roles))

    def _held(self, role: str) -> Held:
        agency = self.agency if role in {*OF_AN_AGENCY, INDEPENDENT_MEMBER} else ""
        return Held(Role(role=role, agency=agency), board=self.board, authority=self.authority, group=self.group)


class Made(NamedTuple):
    """A new token: its id, and the secret, which nobody can be told a second time."""

    id: str
    secret: str


class Listed(NamedTuple):
    """A token as it is listed; `signed` is one whose calls are signed."""

    id: str
    bound: Bound
    made_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None
    signed: bool


def make_token(engine: Engine, bound: Bound, now: datetime, expires_at: datetime, signing: bytes | None = None) -> Made:
    """Make a token; the secret is answered here and kept nowhere.

    Args:
        engine: the records.
        bound: what it is bound to.
        now: the moment; expires_at: from when on it counts no more.
        signing: the secret that its calls are signed with, sealed.

    Raises:
        Unreachable: the database does not answer.
    """
    key = secrets.token_hex(ID_BYTES)
    made = Made(key, f"{PREFIX}_{key}_{secrets.token_urlsafe(SECRET_BYTES)}")
    fields = bound._asdict() | {"roles": list(bound.roles)}
    with writing(engine) as session:
        session.add(
            Token(id=key, digest=_digest(made.secret), made_at=now, expires_at=expires_at, signing=signing, **fields)
        )
    return made


def tokens(engine: Engine) -> list[Listed]:
    """All tokens, the oldest first, revoked and expired ones too."""
    with reading(engine) as session:
        rows = session.scalars(select(Token).order_by(Token.made_at, Token.id))
        return [_listed(row, row.last_used_at) for row in rows]


def revoke_token(engine: Engine, token_id: str, now: datetime) -> None:
    """Let a token count no more, from this moment on; one that is revoked already stays so.

    Raises:
        Refused: there is no such token.
    """
    with writing(engine) as session:
        row = session.get(Token, token_id, with_for_update=True)
        if row is None:
            raise Refused(f"There is no token {token_id}. See them with: datrys tokens list")
        row.revoked_at = row.revoked_at or now


def bearer_of(engine: Engine, secret: str, now: datetime) -> Listed | None:
    """The token that somebody shows, and its use is noted; None if it is unknown, revoked or expired.

    Raises:
        Unreachable: the database does not answer.
    """
    key = secret.split("_", 2)[1] if secret.count("_") >= 2 else ""
    shown = _digest(secret)
    with reading(engine) as session:
        row = session.get(Token, key)
    known = hmac.compare_digest(row.digest if row else _NOBODY, shown)
    if row is None or not known or row.revoked_at is not None or row.expires_at <= now:
        return None
    if row.last_used_at is None or now - row.last_used_at >= USED_AGAIN:
        with writing(engine) as session:
            session.get_one(Token, key).last_used_at = now
    return _listed(row, now)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode(errors="replace")).digest()


def _listed(row: Token, used: datetime | None) -> Listed:
    return Listed(row.id, _bound(row), row.made_at, row.expires_at, row.revoked_at, used, row.signing is not None)


def _bound(row: Token) -> Bound:
    fields = {name: getattr(row, name) for name in Bound._fields}
    return Bound(**{**fields, "roles": tuple(row.roles)})
