"""Signing in with one's organisation: the whole way with a real provider, and every fault with a false one."""

import base64
import hashlib
import json
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from httpx import AsyncClient, Response
from joserfc.jwk import OctKey, RSAKey
from sqlalchemy import Engine

from records import accounts
from starter.pages import provider
from starter.parts import free_port
from tests.pages.signing_in import (
    AFTER,
    CLIENT,
    Clock,
    Forger,
    agree,
    asked_with,
    back_without,
    come_in,
    door_to,
    forging,
    leave,
    mock_provider,
    who,
)
from tests.pages.visiting import SITE, Post, heading, send, text_of, visiting

MANAGER, OTHER = "team-manager@example.invalid", "service-manager@example.invalid"
CLAIMS = {"sub": "s-manager", "email": "Team-Manager@example.invalid", "email_verified": True}


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """The provider that `make run` starts."""
    with mock_provider("--user-claims", json.dumps(CLAIMS), "--require-nonce", "true") as issuer:
        yield issuer


@pytest_asyncio.fixture(loop_scope="session")
async def forger() -> AsyncIterator[Forger]:
    async with forging() as forger:
        yield forger


def says(issuer: str, subject: str, **claims: Any) -> None:
    """Change what the provider says of somebody."""
    assert 204 == httpx.put(f"{issuer}/users/{subject}", json=claims).status_code


def not_in(page: Response, client: AsyncClient, engine: Engine) -> str:
    """The heading of the page that says why nobody was signed in."""
    assert 403 == page.status_code
    assert page.url.path.startswith("/sign-in/not/")
    assert "" == who(client, engine)
    assert "Nobody was signed in." in text_of(page)
    assert "Start again" in text_of(page)
    return heading(page)


async def test_whoever_signs_in_is_known_by_the_address_at_which_boards_know_them(engine: Engine, issuer: str) -> None:
    """They are led back to where they came from; the next time it is the same account."""
    door = door_to(engine, issuer)
    async with visiting(door) as client:
        ways = await client.get(f"/sign-in?next={AFTER}")
        assert f"/sign-in/organisation?next={AFTER}" in ways.text
        first = await come_in(client, "s-manager")
        assert (AFTER, MANAGER) == (first.url.path, who(client, engine))
    async with visiting(door) as client:
        await come_in(client, "s-manager")
        assert MANAGER == who(client, engine)
    assert [(issuer, MANAGER)] == [(one.issuer, one.email) for one in accounts.accounts(engine)]


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_an_address_that_the_provider_does_not_vouch_for_is_proved_by_a_mailed_code(
    engine: Engine, issuer: str
) -> None:
    """Once; whoever cannot read that mailbox is not bound to its address."""
    door, post = door_to(engine, issuer), Post()
    async with visiting(door, post) as client:
        page = await come_in(client, OTHER)
        assert ("Enter the code from your mail", "") == (heading(page), who(client, engine))
        assert f"your address is {OTHER}" in text_of(page)
        wrong = await send(client, page, {"code": "no code"}, form="/sign-in/code")
        assert (422, "") == (wrong.status_code, who(client, engine))
        [(address, code, _)] = post.sent
        done = await send(client, wrong, {"code": code}, form="/sign-in/code")
        assert (OTHER, AFTER, OTHER) == (address, done.url.path, who(client, engine))
    async with visiting(door, post) as client:
        await come_in(client, OTHER)
        assert (OTHER, 1) == (who(client, engine), len(post.sent))


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_the_bound_address_counts_whatever_is_claimed_later(engine: Engine, issuer: str) -> None:
    """Nobody comes to somebody else's cases by having their address at the provider changed."""
    says(issuer, "moving", email=OTHER, email_verified=True)
    door = door_to(engine, issuer)
    for claimed in (OTHER, MANAGER):
        says(issuer, "moving", email=claimed, email_verified=True)
        async with visiting(door) as client:
            await come_in(client, "moving")
            assert OTHER == who(client, engine)


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize("verified", [True, False])
async def test_an_address_that_is_bound_is_nobody_elses(engine: Engine, issuer: str, verified: bool) -> None:
    """Until it is released, and nothing is mailed to it."""
    door, post = door_to(engine, issuer), Post()
    says(issuer, "second", email=MANAGER.upper(), email_verified=verified)
    async with visiting(door, post) as client:
        await come_in(client, "s-manager")
        client.cookies.clear()
        refused = await come_in(client, "second")
        assert "Your e-mail address belongs to another account" == not_in(refused, client, engine)
        assert "ask the Business Unit to have the address released" in text_of(refused)
        assert [] == post.sent
        accounts.release(engine, MANAGER, door.now())
        page = await come_in(client, "second")
        assert (AFTER if verified else "/sign-in/code") == page.url.path


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_whoever_leaves_the_providers_page_is_told_so(engine: Engine, issuer: str) -> None:
    """And is led back to where they came from when they start again."""
    async with visiting(door_to(engine, issuer)) as client:
        page = await client.get(await agree(await leave(client), "", "deny"))
        assert "You did not sign in" == not_in(page, client, engine)
        assert f'href="/sign-in?next={AFTER}"' in page.text


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_what_is_asked_of_a_provider(engine: Engine, forger: Forger) -> None:
    """PKCE, state and nonce; nothing of where somebody wants to go; the language that they read."""
    async with visiting(door_to(engine, forger.issuer)) as client:
        client.cookies.set("datrys_language", "cy", domain="pages.invalid")
        first, second = [asked_with(await leave(client, "/case/GWENT-2026-0001")) for _ in range(2)]
        address = await leave(client)
        await client.get(forger.back(address))
        assert MANAGER == who(client, engine)
    assert ("S256", "openid email", "code", f"{SITE}/sign-in/back", "cy en") == tuple(
        first[name] for name in ("code_challenge_method", "scope", "response_type", "redirect_uri", "ui_locales")
    )
    assert "GWENT" not in str(first)
    assert all(first[name] != second[name] for name in ("state", "nonce", "code_challenge"))
    [asked] = forger.asked
    made = base64.urlsafe_b64encode(hashlib.sha256(asked["code_verifier"].encode()).digest()).rstrip(b"=").decode()
    assert asked_with(address)["code_challenge"] == made
    assert f"{SITE}/sign-in/back" == asked["redirect_uri"]
    assert asked["authorization"].startswith("Basic ")


UNPROVED = "The sign-in of your organisation could not be checked"
AWAY = "The sign-in of your organisation does not answer"


def _name(fault: dict[str, Any]) -> str:
    """The same in every process."""
    said = {name: value if isinstance(value, dict | str | int) else value.kid for name, value in fault.items()}
    return str(said)[:60]


FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"claims": {"iss": "https://elsewhere.invalid"}}, UNPROVED),
    ({"claims": {"iss": None}}, UNPROVED),
    ({"claims": {"aud": "another-client"}}, UNPROVED),
    ({"claims": {"aud": "another-client", "azp": CLIENT}}, UNPROVED),
    ({"claims": {"aud": [CLIENT, "another-client"]}}, UNPROVED),
    ({"claims": {"nonce": "another"}}, UNPROVED),
    ({"claims": {"nonce": None}}, UNPROVED),
    ({"claims": {"exp": 1_000_000_000}}, UNPROVED),
    ({"claims": {"exp": None}}, UNPROVED),
    ({"claims": {"iat": 4_000_000_000}}, UNPROVED),
    ({"claims": {"sub": ""}}, UNPROVED),
    ({"claims": {"sub": None}}, UNPROVED),
    ({"claims": {"sub": "s" * 256}}, UNPROVED),
    ({"claims": {"at_hash": "another"}}, UNPROVED),
    ({"key": RSAKey.generate_key(2048, {"kid": "first"})}, UNPROVED),
    ({"key": RSAKey.generate_key(2048, {"kid": "unknown"})}, UNPROVED),
    ({"key": OctKey.import_key("a" * 32, {"kid": "first"}), "algorithm": "HS256"}, UNPROVED),
    ({"key": OctKey.import_key("a" * 32, {"kid": "first"}), "algorithm": "none"}, UNPROVED),
    ({"gives": {"id_token": None}}, UNPROVED),
    ({"gives": {"id_token": "a.b.c"}}, UNPROVED),
    ({"gives": {"id_token": 7}}, UNPROVED),
    ({"gives": {"error": "invalid_grant"}, "status": 400}, UNPROVED),
    ({"status": 500}, AWAY),
    ({"published": {"token_endpoint": "http://127.0.0.1:1/token"}}, AWAY),
    ({"published": {"token_endpoint": None}}, UNPROVED),
    ({"published": {"jwks_uri": "{}/nowhere"}}, AWAY),
    ({"claims": {"email": None}, "told": {"sub": "s-1"}}, "Your organisation did not say your e-mail address"),
    ({"claims": {"email": "no address"}}, "Your organisation did not say your e-mail address"),
    ({"claims": {"email": ["a@b.invalid"]}}, "Your organisation did not say your e-mail address"),
    ({"claims": {"email": None}, "told": {"sub": "s-2", "email": MANAGER}}, UNPROVED),
]


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize(("fault", "said"), FAULTS, ids=[_name(fault) for fault, _ in FAULTS])
async def test_a_fault_of_the_provider_signs_nobody_in_and_says_what_to_do(
    engine: Engine, forger: Forger, fault: dict[str, Any], said: str
) -> None:
    """Each ends on one page in plain words."""
    for name, value in fault.items():
        found = getattr(forger, name)
        filled = json.loads(json.dumps(value).replace("{}", forger.issuer)) if isinstance(value, dict) else value
        setattr(forger, name, {**found, **filled} if isinstance(found, dict) else filled)
    async with visiting(door_to(engine, forger.issuer)) as client:
        page = await client.get(forger.back(await leave(client)))
        assert said == not_in(page, client, engine)
    assert [] == accounts.accounts(engine)


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_a_provider_without_a_fault_signs_in(engine: Engine, forger: Forger) -> None:
    """So that what the faults show is the faults; the address may be told where the token names none."""
    forger.claims |= {"email": None, "aud": [CLIENT]}
    forger.told = {"sub": "s-1", "email": MANAGER, "email_verified": "true"}
    async with visiting(door_to(engine, forger.issuer)) as client:
        page = await client.get(forger.back(await leave(client)))
        assert (AFTER, MANAGER) == (page.url.path, who(client, engine))


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize(
    "document", [{"issuer": "https://elsewhere.invalid"}, {"authorization_endpoint": None}, {"issuer": None}]
)
async def test_a_provider_that_publishes_what_cannot_be_used_is_not_left_for(
    engine: Engine, forger: Forger, document: dict[str, Any]
) -> None:
    """It says so before anybody types a password anywhere."""
    forger.published = document
    async with visiting(door_to(engine, forger.issuer)) as client:
        assert AWAY == not_in(await client.get("/sign-in/organisation"), client, engine)


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_a_provider_that_is_away_is_said_to_be(engine: Engine) -> None:
    """With what to do instead."""
    async with visiting(door_to(engine, f"http://127.0.0.1:{free_port()}")) as client:
        page = await client.get("/sign-in/organisation")
        assert AWAY == not_in(page, client, engine)
        assert "authenticator app" in text_of(page)


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_only_who_left_from_this_browser_comes_back(engine: Engine, forger: Forger) -> None:
    """Another state, another browser, and the same answer once more all sign nobody in."""
    door = door_to(engine, forger.issuer)
    over = "The sign-in took too long"
    async with visiting(door) as client, visiting(door) as stranger:
        back = forger.back(await leave(client))
        assert over == not_in(await stranger.get(back), stranger, engine)
        assert over == not_in(await client.get(forger.back(await leave(client), state="x")), client, engine)
        back = forger.back(await leave(client))
        carried = client.cookies["datrys_organisation"]
        await client.get(back)
        assert MANAGER == who(client, engine)
        client.cookies.delete("datrys_session")
        assert over == not_in(await client.get(back), client, engine)
        client.cookies.set("datrys_organisation", carried, domain="pages.invalid")
        assert over == not_in(await client.get(back), client, engine)
    assert 1 == len(forger.asked)


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_a_code_that_was_used_is_refused_by_the_provider(engine: Engine, issuer: str) -> None:
    """Who has read the address over somebody's shoulder is nobody."""
    door = door_to(engine, issuer)
    async with visiting(door) as client, visiting(door) as thief:
        back = await agree(await leave(client), "s-manager")
        await client.get(back)
        mine = asked_with(await leave(thief))
        page = await thief.get(f"{back_without(back)}?code={asked_with(back)['code']}&state={mine['state']}")
        assert UNPROVED == not_in(page, thief, engine)


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_it_is_over_after_ten_minutes(engine: Engine, forger: Forger) -> None:
    """By the door's clock."""
    clock = Clock()
    async with visiting(door_to(engine, forger.issuer, clock)) as client:
        back = forger.back(await leave(client))
        clock.ahead = timedelta(minutes=10, seconds=2)
        assert "The sign-in took too long" == not_in(await client.get(back), client, engine)


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize(("acr", "comes_in"), [(None, False), ("1", False), ("two-factors", True)])
async def test_the_strength_of_sign_in_that_is_set_is_asked_for_and_held_to(
    engine: Engine, forger: Forger, acr: str | None, comes_in: bool
) -> None:
    """`DATRYS_OIDC_ACR`: a provider that passes over it signs nobody in."""
    forger.claims["acr"] = acr
    async with visiting(door_to(engine, forger.issuer, oidc_acr="two-factors")) as client:
        address = await leave(client)
        assert "two-factors" == asked_with(address)["acr_values"]
        page = await client.get(forger.back(address))
        if comes_in:
            assert MANAGER == who(client, engine)
        else:
            assert "A stronger sign-in is needed" == not_in(page, client, engine)


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_a_provider_may_change_its_key(engine: Engine, forger: Forger, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked anew for its keys where one is unknown, but not at every false one."""
    async with visiting(door_to(engine, forger.issuer)) as client:
        await client.get(forger.back(await leave(client)))
        forger.key = forger.known = RSAKey.generate_key(2048, {"kid": "second"})
        client.cookies.clear()
        assert UNPROVED == not_in(await client.get(forger.back(await leave(client))), client, engine)
        monkeypatch.setattr(provider, "AGAIN_SECONDS", 0)
        await client.get(forger.back(await leave(client)))
        assert MANAGER == who(client, engine)


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_without_a_provider_there_is_no_such_way(engine: Engine) -> None:
    """Neither a button nor a page."""
    async with visiting(door_to(engine)) as client:
        assert "organisation" not in text_of(await client.get("/sign-in"))
        for where in ("/sign-in/organisation", "/sign-in/back?code=x&state=y"):
            assert 404 == (await client.get(where)).status_code
