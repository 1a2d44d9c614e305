"""Signing in with an authenticator app: a mailed code, then the app's; half-way, one has nothing of worth elsewhere."""

import re
from datetime import timedelta

import pyotp
import pytest
from httpx import AsyncClient, Response
from lxml import html as lxml_html  # type: ignore[import-untyped]
from sqlalchemy import Engine

from records import accounts
from records.accounts import AUTHENTICATOR
from starter.use_cases import Datrys
from tests.pages.signing_in import AFTER, Clock, door_to, who
from tests.pages.visiting import Post, heading, send, text_of, visiting

MANAGER, NOBODY = "team-manager@example.invalid", "nobody@example.invalid"
STEP = timedelta(seconds=30)


async def asked(client: AsyncClient, email: str = MANAGER, next_page: str = AFTER) -> Response:
    """Ask for a code by mail."""
    ways = await client.get(f"/sign-in?next={next_page}")
    return await send(client, ways, {"email": email}, form="/sign-in")


async def proved(client: AsyncClient, post: Post, email: str = MANAGER) -> Response:
    """Enter the mailed code too."""
    page = await asked(client, email)
    return await send(client, page, {"code": post.sent[-1][1]}, form="/sign-in/code")


def secret_on(page: Response) -> str:
    """What the page says that the app is set up with."""
    [said] = lxml_html.fromstring(page.text).xpath("//main//strong")
    return str(said.text).replace(" ", "")


def shows(secret: str, door: Datrys) -> str:
    """What the app shows now."""
    return pyotp.TOTP(secret).at(door.now())


async def enrolled(door: Datrys, post: Post) -> str:
    """Somebody who has set up an app; its secret."""
    async with visiting(door, post) as client:
        page = await proved(client, post)
        await send(client, page, {"code": shows(secret_on(page), door)}, form="/sign-in/enrol")
        assert MANAGER == who(client, door.database)
    return secret_on(page)


async def test_an_app_is_set_up_once_and_asked_from_then_on(engine: Engine) -> None:
    """By its picture, a link or letters; a code of it proves that it works; and one is led back."""
    clock, post = Clock(), Post()
    door = door_to(engine, clock=clock)
    async with visiting(door, post) as client:
        page = await proved(client, post)
        assert ("Set up your authenticator app", "") == (heading(page), who(client, engine))
        tree = lxml_html.fromstring(page.text)
        [address] = tree.xpath("//main//a/@href[starts-with(., 'otpauth:')]")
        secret = secret_on(page)
        parsed = pyotp.parse_uri(address)
        assert (secret, "Datrys", MANAGER) == (parsed.secret, parsed.issuer, parsed.name)
        assert 1 == len(tree.xpath("//main//*[@role='img'][@aria-label]/svg"))
        assert secret == secret_on(await client.get("/sign-in/enrol"))
        wrong = await send(client, page, {"code": "x"}, form="/sign-in/enrol")
        assert (422, secret) == (wrong.status_code, secret_on(wrong))
        done = await send(client, wrong, {"code": shows(secret, door)}, form="/sign-in/enrol")
        assert (AFTER, MANAGER) == (done.url.path, who(client, engine))
    clock.ahead = STEP * 2
    async with visiting(door, post) as client:
        page = await proved(client, post)
        assert ("Enter the code of your authenticator app", "") == (heading(page), who(client, engine))
        assert secret not in page.text
        pasted = f" {shows(secret, door)[:3]} {shows(secret, door)[3:]}\r\n"
        done = await send(client, page, {"code": pasted}, form="/sign-in/authenticator")
        assert (AFTER, MANAGER) == (done.url.path, who(client, engine))
    assert [(AUTHENTICATOR, MANAGER)] == [(one.issuer, one.email) for one in accounts.accounts(engine)]


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_nobody_can_tell_which_addresses_a_board_knows(engine: Engine) -> None:
    """The same pages, the same words and as many tries; only the mail is missing."""
    post = Post()
    door = door_to(engine)
    read: list[list[str]] = []
    for email in (MANAGER, NOBODY):
        async with visiting(door, post) as client:
            page = await asked(client, email)
            pages = [page, *[await send(client, page, {"code": "1234567"}, form="/sign-in/code") for _ in range(6)]]
            pages += [await send(client, page, {}, form="/sign-in/code/again") for _ in range(5)]
            read.append([f"{one.status_code} {one.url} {text_of(one).replace(email, '…')}" for one in pages])
    assert read[0] == read[1]
    assert "A code was tried too often" in read[0][6]
    assert "this address had five within an hour" in read[0][-1]
    assert [MANAGER] * 5 == [address for address, _, _ in post.sent]


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_a_code_guessed_for_an_address_that_nobody_knows_is_wrong(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It leads no further."""
    monkeypatch.setattr("secrets.randbelow", lambda below: 7)
    async with visiting(door_to(engine)) as client:
        page = await send(client, await asked(client, NOBODY), {"code": "000007"}, form="/sign-in/code")
    assert (422, "/sign-in/code") == (page.status_code, page.url.path)
    assert "This is not the code of the newest mail" in text_of(page)


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_each_fault_of_a_mailed_code_says_what_to_do(engine: Engine) -> None:
    """Wrong, too often, replaced, used, too old."""
    clock, post = Clock(), Post()
    async with visiting(door_to(engine, clock=clock), post) as client:
        page = await asked(client)
        first = post.sent[0][1]
        wrong = await send(client, page, {"code": "12345"}, form="/sign-in/code")
        assert "This is not the code of the newest mail" in text_of(wrong)
        assert 'autocomplete="one-time-code"' in wrong.text
        assert 'inputmode="numeric"' in wrong.text
        for _ in range(5):
            wrong = await send(client, wrong, {"code": "12345"}, form="/sign-in/code")
        assert "A code was tried too often. Ask for a new one" in text_of(wrong)
        again = await send(client, wrong, {}, form="/sign-in/code/again")
        old = await send(client, again, {"code": first}, form="/sign-in/code")
        assert (first == post.sent[1][1]) != ("This is not the code of the newest mail" in text_of(old))
        carried = client.cookies["datrys_half_way"]
        await send(client, again, {"code": post.sent[1][1]}, form="/sign-in/code")
        client.cookies.delete("datrys_half_way")
        client.cookies.set("datrys_half_way", carried, domain="pages.invalid")
        used = await send(client, again, {"code": post.sent[1][1]}, form="/sign-in/code")
        assert "This code was used once already. Ask for a new one" in text_of(used)
        page = await send(client, again, {}, form="/sign-in/code/again")
        clock.ahead = timedelta(minutes=10, seconds=2)
        late = await send(client, page, {"code": post.sent[2][1]}, form="/sign-in/code")
        assert "The sign-in took too long" == heading(late)


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_a_code_of_an_app_counts_once(engine: Engine) -> None:
    """Whoever has seen it being typed cannot use it; the next one can be used."""
    clock, post = Clock(), Post()
    door = door_to(engine, clock=clock)
    secret = await enrolled(door, post)
    async with visiting(door, post) as client:
        page = await proved(client, post)
        seen = pyotp.TOTP(secret).at(door.now() - STEP)
        for code in (seen, shows(secret, door)):
            page = await send(client, page, {"code": code}, form="/sign-in/authenticator")
        assert "This code was used once already. Wait until your app shows the next one" in text_of(page)
        assert "" == who(client, engine)
        clock.ahead = STEP
        await send(client, page, {"code": shows(secret, door)}, form="/sign-in/authenticator")
        assert MANAGER == who(client, engine)


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_after_five_wrong_codes_of_an_app_one_starts_again(engine: Engine) -> None:
    """An older cookie, sent again, gains no try; nor does a right code then."""
    clock, post = Clock(), Post()
    door = door_to(engine, clock=clock)
    secret = await enrolled(door, post)
    clock.ahead = STEP * 2
    async with visiting(door, post) as client:
        page = await proved(client, post)
        carried = client.cookies["datrys_half_way"]
        *_, last = [await send(client, page, {"code": "x"}, form="/sign-in/authenticator") for _ in range(5)]
        assert ("Too many wrong codes", 403) == (heading(last), last.status_code)
        client.cookies.delete("datrys_half_way")
        client.cookies.set("datrys_half_way", carried, domain="pages.invalid")
        tried = await send(client, page, {"code": shows(secret, door)}, form="/sign-in/authenticator")
        assert ("Too many wrong codes", "") == (heading(tried), who(client, engine))


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_what_a_browser_carries_is_worth_nothing_in_another_or_changed(engine: Engine) -> None:
    """And nothing of it can be read there."""
    post = Post()
    door = door_to(engine)
    async with visiting(door, post) as client, visiting(door, post) as thief:
        page = await proved(client, post)
        carried = client.cookies["datrys_half_way"]
        await thief.get("/")
        changed = carried[:-6] + ("AAAAAA" if carried[-6:] != "AAAAAA" else "BBBBBB")
        for browser, stolen in ((thief, carried), (client, changed), (thief, "x"), (thief, '"\\303\\251"')):
            browser.cookies.set("datrys_half_way", stolen, domain="pages.invalid")
            assert "The sign-in took too long" == heading(await browser.get("/sign-in/enrol"))
        client.cookies.set("datrys_half_way", carried, domain="pages.invalid")
        assert re.fullmatch(r"[\w-]+", carried)
        assert "Set up" in heading(await client.get("/sign-in/enrol"))
        secret = secret_on(page)
        assert "The sign-in took too long" == heading(await client.get("/sign-in/authenticator"))
    assert secret not in carried


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_who_signs_in_with_an_organisation_does_not_get_round_it_by_mail(engine: Engine) -> None:
    """Whoever reads somebody's mailbox cannot set up an app for them; once released, they can do so themselves."""
    issuer, post = "http://provider.invalid", Post()
    door = door_to(engine, issuer)
    accounts.bind(engine, issuer, "s-1", MANAGER, door.now())
    async with visiting(door, post) as client:
        page = await proved(client, post)
        assert ("Sign in with your organisation", 403) == (heading(page), page.status_code)
        assert "ask the Business Unit to have the address released" in text_of(page)
        accounts.release(engine, MANAGER, door.now())
        assert "Set up your authenticator app" == heading(await proved(client, post))


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_an_app_that_can_no_longer_be_checked_is_said_to_be(engine: Engine) -> None:
    """After the secret key of the deployment was changed."""
    clock, post = Clock(), Post()
    await enrolled(door_to(engine, clock=clock), post)
    changed = door_to(engine, clock=clock, secret_key="another secret of these tests")
    async with visiting(changed, post) as client:
        page = await send(client, await proved(client, post), {"code": "123456"}, form="/sign-in/authenticator")
    assert ("Your authenticator app has to be set up again", 403) == (heading(page), page.status_code)
