"""The organisation's sign-in by OpenID Connect: the way there, and what it says of whoever comes back.

Authlib makes the requests and judges the claims; here is what is asked for (PKCE, state and nonce, always), what is
remembered (the provider's document and keys), and that every fault of it ends in one of a few words.
"""

import secrets
import time
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx
from authlib.common.errors import AuthlibBaseError  # type: ignore[import-untyped]
from authlib.oauth2.auth import ClientAuth  # type: ignore[import-untyped]
from authlib.oauth2.client import OAuth2Client  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749.parameters import prepare_token_request  # type: ignore[import-untyped]
from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.errors import BadSignatureError, InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from settings import Settings

TIMEOUT_SECONDS = 10
REMEMBERED_SECONDS, AGAIN_SECONDS = 3600, 60
"""How long what the provider published is used; and how soon its keys are asked for anew, where one is unknown."""
LEEWAY_SECONDS = 60
LONGEST_SUBJECT = 255
SIGNED_BY = [f"{kind}{bits}" for kind in ("RS", "PS", "ES") for bits in (256, 384, 512)]
DISCOVERY = "/.well-known/openid-configuration"
FAULTS = (httpx.HTTPError, httpx.InvalidURL, AuthlibBaseError, JoseError, ValueError, TypeError, KeyError)


class NotProved(Exception):
    """The provider did not say who somebody is; `why` names the page that says so.

    Args:
        why: ``away``, ``unproved`` or ``second-factor``.
        fault: what was wrong, for the log: no claim stands in it.
    """

    def __init__(self, why: str, fault: str) -> None:
        super().__init__(fault)
        self.why = why


class Departure(NamedTuple):
    """The way to the provider, and what has to fit when somebody comes back."""

    url: str
    state: str
    nonce: str
    verifier: str


class Vouched(NamedTuple):
    """Whom the provider vouches for; `email` is empty where it names none, and `verified` where it stands for it."""

    issuer: str
    subject: str
    email: str
    verified: bool


class Provider:
    """The provider that the settings name.

    Args:
        settings: issuer, client, and the strength that is asked for.
    """

    def __init__(self, settings: Settings) -> None:
        secret = settings.oidc_client_secret
        self._issuer, self._acr = settings.oidc_issuer, settings.oidc_acr
        self._client, self._secret = settings.oidc_client_id, secret.get_secret_value() if secret else ""
        self.back = f"{settings.base_url}/sign-in/back"
        self._remembered: dict[str, tuple[float, Any]] = {}

    async def way_in(self, language: str) -> Departure:
        """Where to send somebody who wants to sign in.

        Args:
            language: in which the provider is asked to speak.

        Raises:
            NotProved: it does not answer, or nothing that can be used.
        """
        try:
            published = await self._published()
            state, nonce, verifier = (secrets.token_urlsafe(48) for _ in range(3))
            client = OAuth2Client(
                None, self._client, scope="openid email", redirect_uri=self.back, code_challenge_method="S256"
            )
            asked = {"nonce": nonce, "ui_locales": language, **({"acr_values": self._acr} if self._acr else {})}
            endpoint = self._own(published["authorization_endpoint"])
            url, _ = client.create_authorization_url(endpoint, state, verifier, **asked)
        except FAULTS as fault:
            raise NotProved("away", type(fault).__name__) from None
        return Departure(str(url), state, nonce, verifier)

    async def who(self, code: str, nonce: str, verifier: str, now: float) -> Vouched:
        """Who came back with this code.

        Args:
            code: as the provider gave it; nonce, verifier: as they left with.
            now: seconds since 1970, by the door's clock.

        Raises:
            NotProved: nobody is vouched for.
        """
        try:
            published = await self._published()
            answer = await self._redeem(published, code, verifier)
            claims = await self._claims(published, answer, nonce, now)
            if self._acr and claims.get("acr") != self._acr:
                raise NotProved("second-factor", "another acr than was asked for")
            told = claims if claims.get("email") else await self._told(published, answer, claims)
        except (httpx.TransportError, httpx.HTTPStatusError) as fault:
            raise NotProved("away", type(fault).__name__) from None
        except FAULTS as fault:
            raise NotProved("unproved", type(fault).__name__) from None
        verified = told.get("email_verified") in (True, "true")
        return Vouched(published["issuer"], claims["sub"], str(told.get("email") or ""), verified)

    # --- what it publishes

    async def _published(self) -> Mapping[str, Any]:
        """Its discovery document."""
        published: Mapping[str, Any] = await self._get(f"{self._issuer}{DISCOVERY}", REMEMBERED_SECONDS)
        if str(published["issuer"]).rstrip("/") != self._issuer:
            raise ValueError("published by another issuer")
        return published

    async def _get(self, url: str, seconds: float) -> Any:
        """A document of the provider, at most so many seconds old."""
        got_at, document = self._remembered.get(url, (0.0, None))
        if document is None or time.monotonic() - got_at > seconds:
            async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS) as client:
                document = (await client.get(url)).raise_for_status().json()
            if not isinstance(document, dict):
                raise ValueError("no object")
            self._remembered[url] = (time.monotonic(), document)
        return document

    def _own(self, endpoint: str) -> str:
        """An address that the provider publishes; one without TLS only where it has none itself."""
        if urlsplit(endpoint).scheme not in ("https", urlsplit(self._issuer).scheme):
            raise ValueError("an address without TLS")
        return endpoint

    # --- what it says of somebody

    async def _redeem(self, published: Mapping[str, Any], code: str, verifier: str) -> Mapping[str, Any]:
        """What the provider gives for the code.

        Raises:
            NotProved: nothing: the code was used, is too old, or was not this one's.
        """
        methods = published.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        method = "none" if not self._secret else "client_secret_basic"
        if self._secret and method not in methods and "client_secret_post" in methods:
            method = "client_secret_post"
        body = prepare_token_request("authorization_code", redirect_uri=self.back, code=code, code_verifier=verifier)
        headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        url, headers, body = ClientAuth(self._client, self._secret, method).prepare(
            "POST", self._own(published["token_endpoint"]), headers, body
        )
        async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS) as client:
            answer = await client.post(url, content=body, headers=headers)
        if answer.is_server_error:
            raise NotProved("away", f"answered {answer.status_code}")
        given = answer.json()
        if not answer.is_success or "id_token" not in given:
            raise NotProved("unproved", f"gave nothing for the code ({answer.status_code})")
        return dict(given)

    async def _claims(
        self, published: Mapping[str, Any], answer: Mapping[str, Any], nonce: str, now: float
    ) -> Mapping[str, Any]:
        """What its token says, if it signed it, now, for us and for this very sign-in."""
        url, token = self._own(published["jwks_uri"]), str(answer["id_token"])
        try:
            signed = _decode(token, await self._get(url, REMEMBERED_SECONDS))
        except (BadSignatureError, InvalidKeyIdError, ValueError):  # it may have a new key
            signed = _decode(token, await self._get(url, AGAIN_SECONDS))
        options = {
            "iss": {"essential": True, "value": published["issuer"]},
            "aud": {"essential": True, "value": self._client},
        }
        fits = {"nonce": nonce, "client_id": self._client, "access_token": answer.get("access_token")}
        claims = CodeIDToken(signed.claims, signed.header, options, fits)
        claims.validate(now=int(now), leeway=LEEWAY_SECONDS)
        if not 0 < len(claims["sub"]) <= LONGEST_SUBJECT:
            raise ValueError("no subject")
        return dict(claims)

    async def _told(
        self, published: Mapping[str, Any], answer: Mapping[str, Any], claims: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """What its address for such questions says, where the token names no e-mail address."""
        if not published.get("userinfo_endpoint") or not answer.get("access_token"):
            return {}
        headers = {"Authorization": f"Bearer {answer['access_token']}"}
        async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS) as client:
            asked = await client.get(self._own(published["userinfo_endpoint"]), headers=headers)
        told = asked.raise_for_status().json()
        if told["sub"] != claims["sub"]:
            raise ValueError("about somebody else")
        return dict(told)


def _decode(token: str, keys: Any) -> jwt.Token:
    registry = JWSRegistry(algorithms=SIGNED_BY, strict_check_header=False)
    return jwt.decode(token, KeySet.import_key_set(keys), registry=registry)
