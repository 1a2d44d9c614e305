"""`datrys accounts`: who signs in, and how an address is released."""

import json

import pytest
from sqlalchemy import Engine

from protocols.access import Proof
from records import accounts, sessions
from records.accounts import AUTHENTICATOR
from starter.use_cases import utc_now
from tests.records.test_accounts import EMAIL, ISSUER, enrolled
from tests.starter.script import datrys, lines_of


def test_accounts_are_listed_and_released(board: Engine) -> None:
    """What stands in the list says how somebody signs in, and nothing that one could sign in with."""
    assert (0, "Nobody has signed in.\n", "") == datrys("accounts", "list")
    accounts.bind(board, ISSUER, "a-subject", EMAIL, utc_now())
    secret = enrolled(board)
    sessions.begin(board, EMAIL, Proof.SIGNED_IN, utc_now())
    listed = datrys("accounts", "list")
    assert [f"{EMAIL}  {ISSUER}", f"{EMAIL}  an authenticator app"] == [
        line.partition(";")[0] for line in listed.out.splitlines()
    ]
    assert [ISSUER, AUTHENTICATOR] == [one["issuer"] for one in json.loads(datrys("accounts", "list", "--json").out)]
    assert secret not in listed.out + datrys("accounts", "list", "--json").out
    released = datrys("accounts", "release", EMAIL)
    assert (0, f"{EMAIL}: released; 2 accounts forgotten, 1 session ended\n", "") == released
    assert (0, "Nobody has signed in.\n", "") == datrys("accounts", "list")


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_releasing_whom_nobody_knows_is_refused(board: Engine) -> None:
    """In one line."""
    assert [f"Nobody signs in with {EMAIL}. See who does with: datrys accounts list"] == lines_of(
        datrys("accounts", "release", EMAIL), 1
    )
