"""Tokens: the secret is shown once, only its hash is kept, and it counts until it is revoked or expires."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, select

from protocols.access import Held
from protocols.errors import Refused
from protocols.roles import Role
from records.database import reading
from records.models import Token
from records.tokens import USED_AGAIN, Bound, bearer_of, make_token, revoke_token, tokens
from tests.records.making import LINE_MANAGER, MONDAY

BOUND = Bound("a program", ("line_manager", "business_unit"), agency="ABUHB", board="gwent", authority="Newport")
LATER = MONDAY + timedelta(days=365)


def test_a_token_is_known_by_its_secret_and_holds_its_roles(engine: Engine) -> None:
    """Those of an agency with the agency, all others without; each within the token's limits."""
    made = make_token(engine, BOUND, MONDAY, LATER)
    found = bearer_of(engine, made.secret, MONDAY)
    assert found
    assert (made.id, BOUND) == (found.id, found.bound)
    unit = Role(role="business_unit")
    assert tuple(Held(role, board="gwent", authority="Newport") for role in (LINE_MANAGER, unit)) == (
        found.bound.asker.bound
    )


def test_only_a_hash_of_the_secret_is_kept(engine: Engine) -> None:
    """Whoever reads the records cannot come in by them."""
    made = make_token(engine, BOUND, MONDAY, LATER)
    with reading(engine) as session:
        row = session.execute(select(Token.__table__)).one()
    assert made.secret not in str(row)
    assert made.secret.rpartition("_")[2] not in str(row)


@pytest.mark.parametrize(
    "wrong", ["", "datrys", "datrys__", "{id}", "datrys_{id}_", "{secret}x", "x{secret}", "\udcff_{id}_"]
)
def test_another_secret_is_nobodys(engine: Engine, wrong: str) -> None:
    """Neither the id alone nor anything close to the secret."""
    made = make_token(engine, BOUND, MONDAY, LATER)
    assert bearer_of(engine, wrong.format(**made._asdict()), MONDAY) is None


def test_a_token_counts_until_it_expires_or_is_revoked(engine: Engine) -> None:
    """From that very moment on; what was revoked stays revoked since then."""
    made, other = (make_token(engine, BOUND, MONDAY, LATER) for _ in range(2))
    second = timedelta(seconds=1)
    assert bearer_of(engine, made.secret, LATER - second)
    assert bearer_of(engine, made.secret, LATER) is None
    for when in (MONDAY, MONDAY + second):
        revoke_token(engine, other.id, when)
    assert bearer_of(engine, other.secret, MONDAY) is None
    assert {made.id: None, other.id: MONDAY} == {row.id: row.revoked_at for row in tokens(engine)}
    with pytest.raises(Refused, match="There is no token nothing"):
        revoke_token(engine, "nothing", MONDAY)


def test_the_last_use_is_noted_at_most_once_a_minute(engine: Engine) -> None:
    """So that asking does not make the records write each time."""
    made = make_token(engine, BOUND, MONDAY, LATER)
    used = []
    for at in (MONDAY, MONDAY + USED_AGAIN / 2, MONDAY + USED_AGAIN):
        bearer_of(engine, made.secret, at)
        used.append(tokens(engine)[0].last_used_at)
    assert [MONDAY, MONDAY, MONDAY + USED_AGAIN] == used
