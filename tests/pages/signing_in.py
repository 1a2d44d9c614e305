"""Providers of sign-in: the one that `make run` starts, as a process; and one that says whatever a test tells it to."""

import socket
import subprocess
import sys
import time
import warnings
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from httpx import AsyncClient, Response
from joserfc import jwt
from joserfc.jwk import RSAKey
from joserfc.jws import JWSRegistry
from sqlalchemy import Engine
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.responses import Response as Answer
from starlette.routing import Route

from records import sessions
from starter.parts import free_port
from starter.use_cases import Datrys
from tests.browser.site import serving
from tests.pages.visiting import SITE, settings
from tests.people import load_directory
from tests.web.hook import now
from tests.web.test_callers import NoEngine

LONGEST_SECONDS = 60
CLIENT, CLIENT_SECRET = "datrys", "between the two"
AFTER = "/about/privacy"
"""A page to be led back to."""


class Clock:
    """The door's clock, which a test moves on."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return now() + self.ahead


def door_to(engine: Engine, issuer: str = "", clock: Clock | None = None, **more: Any) -> Datrys:
    """The use cases, with this provider of sign-in."""
    load_directory(engine)
    oidc = {"oidc_issuer": issuer, "oidc_client_id": CLIENT, "oidc_client_secret": CLIENT_SECRET} if issuer else {}
    return Datrys(settings(**oidc, **more), engine, NoEngine(), clock or Clock())  # type: ignore[arg-type]


def who(client: AsyncClient, engine: Engine) -> str:
    """The address that this browser is signed in with; empty if it is not."""
    found = sessions.visitor(engine, client.cookies.get("datrys_session") or "", now())
    return found.email if found and found.counts else ""


async def leave(client: AsyncClient, next_page: str = AFTER) -> str:
    """Press the button for one's organisation; the address there."""
    answer = await client.get(f"/sign-in/organisation?next={quote(next_page)}", follow_redirects=False)
    assert 303 == answer.status_code
    return str(answer.headers["location"])


def asked_with(address: str) -> dict[str, str]:
    """What stands in the address of a provider."""
    return {name: value for name, [value] in parse_qs(urlsplit(address).query).items()}


async def agree(address: str, subject: str, action: str = "") -> str:
    """Sign in at the provider that `make run` starts; the address that it leads back to."""
    async with AsyncClient() as client:
        assert 200 == (await client.get(address)).status_code
        answer = await client.post(address, data={"action": action} if action else {"sub": subject})
    return str(answer.headers["location"])


async def come_in(client: AsyncClient, subject: str, next_page: str = AFTER) -> Response:
    """The whole way."""
    return await client.get(await agree(await leave(client, next_page), subject))


@contextmanager
def mock_provider(*words: str) -> Iterator[str]:
    """The provider as a process of its own; its issuer."""
    port = free_port()
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port), *words]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            until = time.monotonic() + LONGEST_SECONDS
            while not _listens(port):
                assert process.poll() is None
                assert time.monotonic() < until
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


class Forger:
    """A provider that says what it is told to say.

    Attributes:
        issuer: where it is.
        claims: what it says beside what is right, or instead; None leaves a claim out.
        published: the same of its document.
        gives: the same of its answer to a code; `status` is that of the answer.
        told: what it says at the address for questions about somebody.
        key, algorithm: with which it signs; `known` is the key that it publishes.
        asked: the forms that came for a code.
    """

    def __init__(self) -> None:
        self.issuer = ""
        self.claims: dict[str, Any] = {"email": "team-manager@example.invalid", "email_verified": True}
        self.published: dict[str, Any] = {}
        self.gives: dict[str, Any] = {}
        self.told: dict[str, Any] = {}
        self.status = 200
        self.key = self.known = RSAKey.generate_key(2048, {"kid": "first"})
        self.algorithm = "RS256"
        self.asked: list[Mapping[str, Any]] = []
        self.nonce = ""

    def back(self, address: str, **more: str) -> str:
        """Where it leads back to whoever came by this address."""
        asked = asked_with(address)
        self.nonce = asked["nonce"]
        return f"{asked['redirect_uri']}?" + "&".join(
            f"{name}={quote(value)}" for name, value in {"state": asked["state"], "code": "a-code", **more}.items()
        )

    def document(self, request: Request) -> Answer:
        names = {"authorization_endpoint": "authorize", "token_endpoint": "token", "userinfo_endpoint": "told"}
        said = {name: f"{self.issuer}/{path}" for name, path in {**names, "jwks_uri": "keys"}.items()}
        return JSONResponse(_without_none({"issuer": self.issuer, **said, **self.published}))

    def keys(self, request: Request) -> Answer:
        return JSONResponse({"keys": [self.known.as_dict(private=False)]})

    async def token(self, request: Request) -> Answer:
        async with request.form() as form:
            self.asked.append({**form, "authorization": request.headers.get("authorization", "")})
        at = int(time.time())
        right = {"iss": self.issuer, "aud": CLIENT, "sub": "s-1", "iat": at, "exp": at + 60, "nonce": self.nonce}
        claims = _without_none({**right, **self.claims})
        registry = JWSRegistry(algorithms=[self.algorithm])
        header = {"alg": self.algorithm, "kid": self.key.kid}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # some algorithms should not be used, and are here to be refused
            signed = jwt.encode(header, claims, self.key, registry=registry)
        given = {"access_token": "a-token", "token_type": "Bearer", "id_token": signed, **self.gives}
        return JSONResponse(_without_none(given), self.status)

    def about(self, request: Request) -> Answer:
        assert "Bearer a-token" == request.headers["authorization"]
        return JSONResponse(self.told)


def _without_none(said: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if value is not None}


@asynccontextmanager
async def forging() -> AsyncIterator[Forger]:
    """The provider, as long as it runs."""
    forger = Forger()
    routes = [
        Route("/.well-known/openid-configuration", forger.document),
        Route("/keys", forger.keys),
        Route("/token", forger.token, methods=["POST"]),
        Route("/told", forger.about),
    ]
    async with serving(Starlette(routes=routes)) as forger.issuer:
        yield forger


def back_without(address: str) -> str:
    """An address on our site, without what stands behind the question mark."""
    return address.removeprefix(SITE).partition("?")[0]
