"""Accounts: bound once to one address, found by issuer and subject, released; and authenticators, each code once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pyotp
import pytest
from sqlalchemy import Engine, select

from protocols.access import Proof
from protocols.errors import Refused
from records import accounts, authenticators, sessions
from records.accounts import AUTHENTICATOR, Released
from records.codes import TRIES, Tried
from records.database import reading
from records.keys import Keys
from records.models import Account, OneTimeCode
from tests.people import address, load_directory
from tests.records.making import MONDAY, a_person, keep

KEYS = Keys("a secret of a test, long enough")
ISSUER, EMAIL, BROWSER = "https://provider.invalid", "somebody@example.invalid", "the word in a cookie"
STEP = timedelta(seconds=30)


def shown(secret: str, at: datetime) -> str:
    return pyotp.TOTP(secret).at(at)


def prove(engine: Engine, typed: str, begun: str, at: datetime = MONDAY, **more: str) -> tuple[Tried, int]:
    return authenticators.prove(
        engine, KEYS, **{"email": EMAIL, "browser": BROWSER, **more}, typed=typed, begun=begun, now=at
    )


def enrolled(engine: Engine) -> str:
    """The secret of an app that was set up on Monday."""
    secret, begun = authenticators.new_secret(), authenticators.begin(engine, BROWSER, MONDAY)
    assert Tried.COUNTS is prove(engine, shown(secret, MONDAY), begun, secret=secret)[0]
    return secret


def test_somebody_is_found_by_issuer_and_subject(engine: Engine) -> None:
    """By both together, and with the address as addresses are compared; the last time is noted."""
    bound = accounts.bind(engine, ISSUER, "s", " Some.Body@Example.invalid ", MONDAY)
    later = MONDAY + STEP
    found = accounts.known(engine, ISSUER, "s", later)
    assert bound
    assert found == bound._replace(last_used_at=later)
    assert "some.body@example.invalid" == found.email
    assert accounts.known(engine, ISSUER, "S", MONDAY) is None
    assert accounts.known(engine, "https://another.invalid", "s", MONDAY) is None


def test_a_binding_stays_and_an_address_is_one_subjects_of_an_issuer(engine: Engine) -> None:
    """Another issuer may vouch for it too: an organisation that changes its provider."""
    first = accounts.bind(engine, ISSUER, "s", EMAIL, MONDAY)
    assert accounts.bind(engine, ISSUER, "s", "other@example.invalid", MONDAY) == first
    assert accounts.bind(engine, ISSUER, "t", EMAIL.upper(), MONDAY) is None
    assert accounts.bind(engine, "https://another.invalid", "t", EMAIL, MONDAY)
    assert accounts.is_bound(engine, ISSUER, f" {EMAIL.upper()}")
    assert not accounts.is_bound(engine, ISSUER, "other@example.invalid")
    assert [ISSUER, "https://another.invalid"] == [one.issuer for one in accounts.accounts(engine)]


def test_of_two_at_once_one_is_bound(engine: Engine) -> None:
    """Neither twice nor both, whatever arrives together."""
    subjects = ["a", "b", "c", "a", "b", "c"]
    with ThreadPoolExecutor(len(subjects)) as pool:
        bound = list(pool.map(lambda subject: accounts.bind(engine, ISSUER, subject, EMAIL, MONDAY), subjects))
    assert 1 == len({one.id for one in bound if one})
    assert 1 == len(accounts.accounts(engine))


def test_a_released_address_is_bound_anew_and_its_sessions_are_over(engine: Engine) -> None:
    """Its authenticator is forgotten too; nobody else's is."""
    accounts.bind(engine, ISSUER, "s", EMAIL, MONDAY)
    accounts.bind(engine, ISSUER, "t", "other@example.invalid", MONDAY)
    secret = enrolled(engine)
    mine, _ = sessions.begin(engine, EMAIL, Proof.SIGNED_IN, MONDAY)
    sessions.begin(engine, EMAIL, Proof.SIGNED_IN, MONDAY - timedelta(days=1))
    theirs, _ = sessions.begin(engine, "other@example.invalid", Proof.SIGNED_IN, MONDAY)
    assert Released(accounts=2, sessions=1) == accounts.release(engine, f"{EMAIL.upper()} ", MONDAY)
    counts = [found.counts for key in (mine, theirs) if (found := sessions.visitor(engine, key, MONDAY))]
    assert [False, True] == counts
    assert ["other@example.invalid"] == [one.email for one in accounts.accounts(engine)]
    begun = authenticators.begin(engine, BROWSER, MONDAY)
    assert (Tried.NONE, 0) == prove(engine, shown(secret, MONDAY), begun)
    assert accounts.bind(engine, ISSUER, "u", EMAIL, MONDAY)
    with pytest.raises(Refused, match="Nobody signs in with nobody@"):
        accounts.release(engine, "nobody@example.invalid", MONDAY)


def test_who_holds_a_role_anywhere_is_known(engine: Engine) -> None:
    """In the directory or in a case, as holder or deputy; nobody else, and nobody by an empty address."""
    load_directory(engine)
    keep(engine, people=(a_person("practitioner", "ABUHB", deputy_email="Deputy@example.invalid"),))
    known = (address("team_manager").upper(), "practitioner.abuhb@example.invalid", " deputy@example.invalid ")
    assert [True] * 3 == [accounts.holds_a_role(engine, email) for email in known]
    assert [False] * 3 == [accounts.holds_a_role(engine, email) for email in (EMAIL, "", " ")]


def test_an_app_is_enrolled_by_a_code_of_it(engine: Engine) -> None:
    """A wrong one enrols nothing; its secret is sealed."""
    secret, begun = authenticators.new_secret(), authenticators.begin(engine, BROWSER, MONDAY)
    assert (Tried.WRONG, 0) == prove(engine, "", begun, secret=secret)
    assert [] == accounts.accounts(engine)
    tried, account = prove(engine, shown(secret, MONDAY), begun, secret=secret)
    [row] = accounts.accounts(engine)
    assert (Tried.COUNTS, row.id, AUTHENTICATOR, EMAIL) == (tried, account, row.issuer, row.email)
    with reading(engine) as session:
        kept = session.scalars(select(Account)).one()
    assert kept.sealed
    assert secret.encode() not in kept.sealed
    assert secret.encode() == KEYS.unseal(kept.sealed)


def test_an_app_that_there_is_is_not_replaced(engine: Engine) -> None:
    """Not by whoever was setting one up at the same time."""
    begun = authenticators.begin(engine, BROWSER, MONDAY)
    secret, other = enrolled(engine), authenticators.new_secret()
    assert (Tried.NONE, 0) == prove(engine, shown(other, MONDAY), begun, secret=other)
    after = MONDAY + 2 * STEP
    assert Tried.COUNTS is prove(engine, shown(secret, after), begun, after)[0]


@pytest.mark.parametrize(("off", "tried"), [(-2, "wrong"), (-1, "used"), (0, "used"), (1, "counts"), (2, "wrong")])
def test_a_code_of_an_app_counts_within_a_step_and_never_again(engine: Engine, off: int, tried: str) -> None:
    """The last that counted, and those before it, count no more."""
    secret, begun = enrolled(engine), authenticators.begin(engine, BROWSER, MONDAY)
    assert tried == prove(engine, shown(secret, MONDAY + off * STEP), begun)[0]


def test_a_mailed_code_is_good_for_five_tries_ten_minutes_one_browser_and_one_sign_in(engine: Engine) -> None:
    """Even the right code of the app counts no more then."""
    secret, later = enrolled(engine), MONDAY + 2 * STEP
    right = shown(secret, later)
    begun = authenticators.begin(engine, BROWSER, later)
    assert (Tried.NONE, 0) == prove(engine, right, begun, later, browser="another")
    assert (Tried.NONE, 0) == prove(engine, right, "another", later)
    assert [Tried.WRONG] * (TRIES - 1) == [prove(engine, "x", begun, later)[0] for _ in range(TRIES - 1)]
    assert [Tried.TOO_MANY] * 2 == [prove(engine, typed, begun, later)[0] for typed in ("x", right)]
    begun = authenticators.begin(engine, BROWSER, later - timedelta(minutes=10))
    assert (Tried.EXPIRED, 0) == prove(engine, right, begun, later)
    begun = authenticators.begin(engine, BROWSER, later)
    assert Tried.COUNTS is prove(engine, right, begun, later)[0]
    assert (Tried.NONE, 0) == prove(engine, shown(secret, later + STEP), begun, later + STEP)


def test_of_the_same_code_at_once_one_counts(engine: Engine) -> None:
    """From as many browsers as one likes."""
    secret, later = enrolled(engine), MONDAY + 2 * STEP
    begun = [authenticators.begin(engine, BROWSER, later) for _ in range(6)]
    with ThreadPoolExecutor(len(begun)) as pool:
        tried = [one for one, _ in pool.map(lambda key: prove(engine, shown(secret, later), key, later), begun)]
    assert 1 == tried.count(Tried.COUNTS)
    assert 5 == tried.count(Tried.USED)


def test_nothing_of_somebody_stands_where_tries_are_counted(engine: Engine) -> None:
    """Nor does it count among the codes that an address gets within an hour."""
    authenticators.begin(engine, BROWSER, MONDAY)
    with reading(engine) as session:
        row = session.scalars(select(OneTimeCode)).one()
    assert ("", "", b"", AUTHENTICATOR) == (row.email, row.link, row.digest, row.purpose)
