"""Whether people and programs can come in, and how: the key, the address, how they sign in, and what is risked."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx

from settings import Settings
from starter.checks.findings import Finding

SECONDS = 5
HERE = ("127.0.0.1", "::1", "localhost")
WELL_KNOWN = "/.well-known/openid-configuration"


def findings(setting: Settings) -> Iterator[Finding]:
    """Key, address, sign-in, risks."""
    if setting.secret_key:
        yield Finding("secret key", "DATRYS_SECRET_KEY is set")
    else:
        words = "DATRYS_SECRET_KEY is not set, so that there are no links in mail, no pages and no signed calls"
        yield Finding("secret key", f"{words}: set the same one for worker and web hook", warns=True)
    yield _address(setting.base_url)
    yield from _sign_in(setting)
    if setting.code_reads:
        words = "DATRYS_CODE_READS lets whoever reads somebody's mail read names and statements: a risk taken"
        yield Finding("sign-in", f"{words}; leave it out for a second factor", warns=True)
    if setting.mailbox_url:
        words = "DATRYS_MAILBOX_URL is set, so that every page links to the mailbox: leave it out but to try out"
        yield Finding("web", words, warns=True)


def _address(base_url: str) -> Finding:
    parts = urlsplit(base_url)
    if parts.scheme != "https" and parts.hostname not in HERE:
        words = f"DATRYS_BASE_URL is {base_url}, and what is read there travels without TLS: make it https://"
        return Finding("web", words, warns=True)
    if _asked(f"{base_url}/healthz") == {"status": "runs"}:
        return Finding("web", f"answers at {base_url}")
    words = f"nothing of Datrys answers at {base_url}: see that datrys web runs, and that DATRYS_BASE_URL is right"
    return Finding("web", words, warns=True)


def _sign_in(setting: Settings) -> Iterator[Finding]:
    issuer = setting.oidc_issuer
    if not issuer:
        yield Finding("sign-in", "only with an authenticator: DATRYS_OIDC_ISSUER is not set")
        return
    said = _asked(issuer + WELL_KNOWN)
    if isinstance(said, dict) and str(said.get("issuer", "")).rstrip("/") == issuer:
        yield Finding("sign-in", f"by OpenID Connect, {issuer} answers")
    else:
        words = f"{issuer} does not answer as a provider, and nobody can sign in with it"
        yield Finding("sign-in", f"{words}: see that it runs and that DATRYS_OIDC_ISSUER is right", warns=True)
    if not setting.oidc_client_id:
        words = f"DATRYS_OIDC_CLIENT_ID is not set: set what {issuer} knows Datrys by"
        yield Finding("sign-in", words, warns=True)
    if not setting.oidc_acr:
        words = f"DATRYS_OIDC_ACR is not set: it is trusted that {issuer} demands a second factor"
        yield Finding("sign-in", f"{words}; set what it calls one", warns=True)


def _asked(address: str) -> Any:
    """The JSON that is answered there; None for anything else."""
    try:
        answer = httpx.get(address, timeout=SECONDS)
        return answer.json() if answer.status_code == httpx.codes.OK else None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        return None
