"""How the mail server is spoken to: never without the TLS that is required, and no mail is lost to a wrong setting."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trustme
from sqlalchemy import Engine
from temporalio.exceptions import ApplicationErrorCategory

from activities.posting import Post
from tests.activities.posting import Posting
from tests.records.making import a_notice, keep
from tests.smtp import mailhost

AUTHORITY = trustme.CA()
QUEUED, SENT = ("queued", "holder"), ("sent", "holder")


def certificate() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("localhost").configure_cert(context)
    return context


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    return context


@asynccontextmanager
async def post_to(engine: Engine, **server: Any) -> AsyncIterator[Posting]:
    """A post with one notice for a mail server of this kind."""
    async with mailhost(**server) as host:
        posting = Posting(engine, host)
        posting.reference = keep(engine)
        posting.queue(a_notice())
        yield posting
        await posting.close()


async def test_required_tls_is_used(engine: Engine) -> None:
    """STARTTLS, or TLS from the first byte."""
    for kind, server in (("starttls", {"starttls": certificate()}), ("implicit", {"implicit": certificate()})):
        async with post_to(engine, **server) as posting:
            await posting.drain(post=posting.new_post(trusted=trusting(), tls=kind))
            assert 1 == len(posting.host.taken)


@pytest.mark.parametrize(
    ("server", "asked", "words"),
    [
        ({}, {"tls": "starttls"}, "does not offer TLS"),
        ({"starttls": certificate()}, {"tls": "starttls"}, "no certificate that can be trusted"),
        ({"implicit": certificate()}, {"tls": "implicit"}, "no certificate that can be trusted"),
        ({}, {"user": "datrys", "password": "secret"}, "let Datrys sign in"),
    ],
    ids=["no TLS", "STARTTLS with a certificate of nobody", "TLS with a certificate of nobody", "no sign-in"],
)
async def test_a_wrong_setting_is_for_an_operator_to_mend_and_loses_nothing(
    engine: Engine, server: dict[str, Any], asked: dict[str, Any], words: str
) -> None:
    """The mail waits, the fault is shown as one, and no password stands in it."""
    async with post_to(engine, **server) as posting:
        fault = await posting.drain_in_vain(posting.new_post(**asked))
        assert (False, ApplicationErrorCategory.UNSPECIFIED) == (fault.non_retryable, fault.category)
        assert words in str(fault)
        assert "secret" not in str(fault)
        assert [QUEUED] == posting.states()
        assert [] == posting.host.attempts


async def test_signing_in(engine: Engine) -> None:
    """With the right password mail is taken; with a wrong one, or none, it waits."""
    async with post_to(engine, starttls=certificate(), password="right") as posting:

        def post(user: str | None, password: str | None) -> Post:
            return posting.new_post(trusted=trusting(), tls="starttls", user=user, password=password)

        for wrong in (post("datrys", "wrong"), post(None, None)):
            fault = await posting.drain_in_vain(wrong)
            assert ApplicationErrorCategory.UNSPECIFIED == fault.category
            assert [QUEUED] == posting.states()
        await posting.drain(post=post("datrys", "right"))
        assert [SENT] == posting.states()


async def test_a_sender_that_is_not_taken_is_a_wrong_setting(posting: Posting) -> None:
    """Else every notice of every case would go to the Business Unit, and from there nowhere."""
    posting.host.from_ = "550 sender unknown"
    posting.queue(a_notice())
    fault = await posting.drain_in_vain()
    assert "DATRYS_MAIL_FROM" in str(fault)
    assert [QUEUED] == posting.states()
    posting.host.from_ = ""
    await posting.drain()
    assert [SENT] == posting.states()


async def test_a_server_that_asks_for_patience_is_given_it(posting: Posting) -> None:
    """4xx to the sender, or to the service as a whole."""
    posting.queue(a_notice())
    for reply in ("451 too much mail", "421 closing"):
        posting.host.from_ = reply
        fault = await posting.drain_in_vain()
        assert ApplicationErrorCategory.BENIGN == fault.category
    posting.host.from_ = ""
    await posting.drain()
    assert [SENT] == posting.states()


async def test_what_a_server_says_stays_out_of_the_fault(posting: Posting) -> None:
    """Servers repeat addresses; the engine's history keeps what a fault says."""
    posting.host.to["practitioner.abuhb@example.invalid"] = "451 practitioner.abuhb@example.invalid is greylisted"
    posting.queue(a_notice())
    fault = await posting.drain_in_vain()
    assert "practitioner" not in f"{fault} {fault.details} {fault.__cause__} {fault.__context__}"
