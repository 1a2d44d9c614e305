"""Signing in and out: where it leads, what it changes in a browser, when it is over, and in both languages."""

import logging
from datetime import timedelta

import pytest
from httpx import ASGITransport, AsyncClient, Response
from sqlalchemy import Engine
from starlette.responses import PlainTextResponse
from starlette.responses import Response as Answer

from protocols.access import Proof
from protocols.errors import Refused, Unreachable
from records import sessions
from starter.doors import doors
from starter.pages.sign_in import WHY_NOT
from starter.pages.visit import Visiting
from tests.pages.signing_in import AFTER, Clock, door_to, who
from tests.pages.test_authenticator import MANAGER, asked, secret_on, shows
from tests.pages.visiting import SITE, Post, heading, send, sign_in, text_of, visiting

OTHER = "service-manager@example.invalid"


async def at_the_app(client: AsyncClient, post: Post, next_page: str = AFTER) -> Response:
    """Somebody whose app is to be set up."""
    page = await asked(client, next_page=next_page)
    return await send(client, page, {"code": post.sent[-1][1]}, form="/sign-in/code")


async def with_the_app(client: AsyncClient, page: Response, clock: Clock) -> Response:
    """The last step."""
    app = type("App", (), {"now": clock})()
    return await send(client, page, {"code": shows(secret_on(page), app)}, form="/sign-in/enrol")


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize(
    "elsewhere", ["https://elsewhere.invalid", "//elsewhere.invalid", "/\\elsewhere.invalid", "x", "/\tx", "/" * 600]
)
async def test_a_sign_in_leads_to_a_page_of_ours_alone(engine: Engine, elsewhere: str) -> None:
    """Whatever the address of the page, or its form, asks for."""
    clock, post = Clock(), Post()
    async with visiting(door_to(engine, clock=clock), post) as client:
        ways = await client.get("/sign-in", params={"next": elsewhere})
        assert 'name="next" value="/work"' in ways.text
        page = await send(client, ways, {"email": MANAGER, "next": elsewhere}, form="/sign-in")
        page = await send(client, page, {"code": post.sent[-1][1]}, form="/sign-in/code")
        assert f"{SITE}/work" == (await with_the_app(client, page, clock)).url
        assert f"{SITE}/work" == (await client.get("/sign-in", params={"next": elsewhere})).url


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_a_sign_in_makes_new_secrets_and_ends_the_session_before(engine: Engine) -> None:
    """Whoever planted a cookie in this browser, or read its older ones, is not signed in by them."""
    clock, post = Clock(), Post()
    async with visiting(door_to(engine, clock=clock), post) as client:
        page = await at_the_app(client, post)
        word, half_way = client.cookies["datrys_browser"], client.cookies["datrys_half_way"]
        sign_in(client, engine, OTHER)
        planted = client.cookies["datrys_session"]
        await with_the_app(client, page, clock)
        assert MANAGER == who(client, engine)
        assert planted != client.cookies["datrys_session"]
        assert word != client.cookies["datrys_browser"]
        assert "datrys_half_way" not in client.cookies
        client.cookies.set("datrys_session", planted, domain="pages.invalid")
        assert "" == who(client, engine)
        client.cookies.set("datrys_half_way", half_way, domain="pages.invalid")
        assert "The sign-in took too long" == heading(await client.get("/sign-in/enrol"))


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_signing_out_ends_the_session_and_says_so(engine: Engine) -> None:
    """Its cookie is worth nothing any more, in this browser or elsewhere."""
    async with visiting(door_to(engine)) as client:
        sign_in(client, engine, MANAGER)
        secret = client.cookies["datrys_session"]
        page = await client.get(AFTER)
        assert 403 == (await client.post("/sign-out")).status_code
        assert MANAGER == who(client, engine)
        out = await send(client, page, {}, form="/sign-out")
        assert ("You are signed out", "/signed-out") == (heading(out), out.url.path)
        assert "datrys_session" not in client.cookies
        client.cookies.set("datrys_session", secret, domain="pages.invalid")
        assert "" == who(client, engine)
        assert "Sign out" not in (await client.get(AFTER)).text


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize(("after", "over"), [(29, False), (31, True)])
async def test_after_a_while_unused_one_is_asked_to_sign_in_and_told_why(
    engine: Engine, after: int, over: bool
) -> None:
    """30 minutes; whoever was never signed in is not told of a session."""
    clock = Clock()
    async with visiting(door_to(engine, clock=clock)) as client:
        page = await client.get(f"/sign-in?next={AFTER}")
        assert "You were signed out" not in text_of(page)
        sign_in(client, engine, MANAGER)
        clock.ahead = timedelta(minutes=after)
        page = await client.get(f"/sign-in?next={AFTER}")
        assert over == ("You were signed out, because you did nothing here for 30 minutes" in text_of(page))
        assert ("/sign-in" if over else AFTER) == page.url.path
        assert f'name="next" value="{AFTER}"' in page.text


def whose(visit: Visiting) -> Answer:
    """A page for whoever is signed in."""
    return visit.answer(PlainTextResponse(visit.person.email))


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_a_page_after_the_end_of_a_session_leads_to_the_sign_in_and_back(engine: Engine) -> None:
    """With the reason; what is there is not shown before."""
    clock, post = Clock(), Post()
    both = doors(door_to(engine, clock=clock), post)
    both._pages.add_api_route("/case/{reference}", whose)  # type: ignore[attr-defined]
    both._pages.router.routes.insert(0, both._pages.router.routes.pop())  # type: ignore[attr-defined]
    async with AsyncClient(transport=ASGITransport(both), base_url=SITE, follow_redirects=True) as client:
        sign_in(client, engine, MANAGER)
        assert MANAGER == (await client.get("/case/GWENT-2026-0001")).text
        clock.ahead = timedelta(minutes=30)
        page = await client.get("/case/GWENT-2026-0001")
        assert ("Sign in", "/sign-in") == (heading(page), page.url.path)
        assert "You were signed out" in text_of(page)
        page = await send(client, page, {"email": MANAGER}, form="/sign-in")
        page = await send(client, page, {"code": post.sent[-1][1]}, form="/sign-in/code")
        page = await with_the_app(client, page, clock)
        assert (MANAGER, "/case/GWENT-2026-0001") == (page.text, page.url.path)


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_ten_hours_are_the_most(engine: Engine) -> None:
    """However often a page is asked for."""
    clock = Clock()
    async with visiting(door_to(engine, clock=clock)) as client:
        sign_in(client, engine, MANAGER)
        for minutes in range(0, 10 * 60, 25):
            clock.ahead = timedelta(minutes=minutes)
            assert "Sign out" in (await client.get(AFTER)).text
        clock.ahead = timedelta(hours=10, seconds=1)
        assert "You were signed out" in text_of(await client.get("/sign-in"))


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_with_https_no_cookie_goes_another_way(engine: Engine) -> None:
    """Each is for this host alone, for no script, and for no form of another site."""
    post, door = Post(), door_to(engine, base_url="https://pages.invalid")
    async with visiting(door, post) as client:
        client.base_url = "https://pages.invalid"
        page = await asked(client)
        kept = page.history[0].headers.get_list("set-cookie")
        page = await send(client, page, {"code": post.sent[-1][1]}, form="/sign-in/code")
        app = type("App", (), {"now": door.now})()
        done = await send(client, page, {"code": shows(secret_on(page), app)}, form="/sign-in/enrol")
        kept += done.history[0].headers.get_list("set-cookie")
    names = {cookie.partition("=")[0] for cookie in kept}
    assert {"__Host-half_way", "__Host-session", "__Host-browser", "__Host-organisation"} == names
    for cookie in kept:
        attributes = {part.strip().partition("=")[0].lower(): part.strip() for part in cookie.split(";")[1:]}
        assert {"secure", "httponly"} <= attributes.keys()
        assert ("SameSite=lax", "Path=/") == (attributes["samesite"], attributes["path"])
        assert "domain" not in attributes
    [half_way] = [cookie for cookie in kept if cookie.startswith("__Host-half_way=") and "Max-Age=0" not in cookie][:1]
    assert "Max-Age=600" in half_way


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize(
    "typed",
    [
        "",
        "somebody",
        "a@",
        "@b",
        "a b@c",
        "a@b@c",
        "a@b\r\nBcc: c@d",
        "<script>@x",
        "{{ 7*7 }}",
        "x" * 99_999,
        "\u202ea",
    ],
)
async def test_what_is_no_address_is_said_to_be_none_and_kept(engine: Engine, typed: str) -> None:
    """One fault at its field; nothing is mailed."""
    post = Post()
    async with visiting(door_to(engine), post) as client:
        page = await asked(client, typed)
    assert (422, "/sign-in") == (page.status_code, page.url.path)
    assert 1 == page.text.count('class="govuk-error-summary"')
    assert "Enter an e-mail address, such as name@example.org" in text_of(page)
    assert "<script>@" not in page.text
    assert 'autocomplete="email"' in page.text
    assert [] == post.sent


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize("fault", [Unreachable("no server"), Refused("no such mailbox")])
async def test_a_mail_that_cannot_be_sent_shows_nobody_that_it_was_to_be(
    engine: Engine, fault: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """The page is the same; the log says so without the address."""

    async def failing(email: str, code: str, language: str) -> None:
        raise fault

    with caplog.at_level(logging.WARNING):
        async with visiting(door_to(engine), failing) as client:  # type: ignore[arg-type]
            page = await asked(client)
    assert ("Enter the code from your mail", 200) == (heading(page), page.status_code)
    assert f"could not be mailed ({type(fault).__name__})" in caplog.text
    assert MANAGER not in caplog.text


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_a_code_of_a_link_is_no_sign_in(engine: Engine) -> None:
    """Nor is whoever had one told of a session that is over."""
    clock = Clock()
    async with visiting(door_to(engine, clock=clock)) as client:
        secret, _ = sessions.begin(engine, MANAGER, Proof.CODE, clock(), "a-link")
        client.cookies.set("datrys_session", secret, domain="pages.invalid")
        assert "/sign-in" == (await client.get("/sign-in")).url.path
        clock.ahead = timedelta(hours=2)
        assert "You were signed out" not in text_of(await client.get("/sign-in"))


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_every_page_of_a_sign_in_is_welsh_too(engine: Engine) -> None:
    """Changing the language in the middle loses nothing: neither the step, nor where it leads back to."""
    clock, post = Clock(), Post()
    async with visiting(door_to(engine, clock=clock), post) as client:
        ways = await client.get(f"/sign-in?next={AFTER}")
        ways = await send(client, ways, {"language": "cy"}, form="/language")
        assert ("Mewngofnodi", f"/sign-in?next={AFTER}") == (heading(ways), f"{ways.url.path}?next={AFTER}")
        assert f'name="next" value="{AFTER}"' in ways.text
        page = await send(client, ways, {"email": MANAGER}, form="/sign-in")
        assert ("Rhowch y cod o'ch e-bost", "cy") == (heading(page), post.sent[0][2])
        page = await send(client, page, {"code": post.sent[0][1]}, form="/sign-in/code")
        assert "Gosod eich ap dilysu" == heading(page)
        page = await send(client, page, {"language": "en"}, form="/language")
        assert "Set up your authenticator app" == heading(page)
        assert AFTER == (await with_the_app(client, page, clock)).url.path


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_every_reason_is_a_page_and_no_other_is(engine: Engine) -> None:
    """To GET and HEAD alike."""
    async with visiting(door_to(engine)) as client:
        for why, (words, _) in WHY_NOT.items():
            page, head = [await client.request(method, f"/sign-in/not/{why}") for method in ("GET", "HEAD")]
            assert (words, 403, 403) == (heading(page), page.status_code, head.status_code)
        assert 404 == (await client.get("/sign-in/not/elsewhere")).status_code


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize("shown", [True, False])
async def test_a_try_out_says_as_whom_to_sign_in(engine: Engine, shown: bool) -> None:
    """And nothing else does."""
    mailbox = "http://127.0.0.1:8025" if shown else ""
    async with visiting(door_to(engine, mailbox_url=mailbox)) as client:
        for where in ("/", "/sign-in"):
            assert shown == ("This is a try-out" in text_of(await client.get(where)))
