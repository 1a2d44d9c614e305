"""`datrys check` speaks to the mail server as the worker does, TLS and sign-in included, and sends nothing."""

import asyncio
import ssl
from pathlib import Path

import pytest
import trustme
from sqlalchemy import Engine

from tests.smtp import mailhost
from tests.starter.script import Said, datrys

AUTHORITY = trustme.CA()
REMEDY = "see that it runs and that DATRYS_SMTP_URL is right"

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])


def certificate() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("localhost").configure_cert(context)
    return context


@pytest.fixture
def trusting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """This machine trusts whoever made the certificates here."""
    AUTHORITY.cert_pem.write_to_path(tmp_path / "trusted.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "trusted.pem"))


async def said_of_mail(monkeypatch: pytest.MonkeyPatch, url: str) -> list[str]:
    """The lines about mail."""
    monkeypatch.setenv("DATRYS_SMTP_URL", url)
    said: Said = await asyncio.to_thread(datrys, "check")
    assert "hunter22" not in said.out + said.err
    return [line for line in said.out.splitlines() if " mail: " in line]


async def test_a_server_without_tls(alone: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes mail; none is sent to it."""
    async with mailhost() as host:
        said = await said_of_mail(monkeypatch, f"smtp://localhost:{host.port}")
    assert [f"ok       mail: the server localhost:{host.port} takes mail, without TLS, not asked to sign in"] == said
    assert ([], []) == (host.taken, host.attempts)


async def test_tls_and_sign_in_are_done_as_they_are_set(
    alone: Engine, monkeypatch: pytest.MonkeyPatch, trusting: None
) -> None:
    """With STARTTLS, or TLS from the first byte."""
    async with mailhost(starttls=certificate(), password="hunter22") as host:
        url = f"smtp://datrys:hunter22@localhost:{host.port}?starttls=required"
        said = await said_of_mail(monkeypatch, url)
    assert [f"ok       mail: the server localhost:{host.port} takes mail, with STARTTLS, signed in"] == said
    async with mailhost(implicit=certificate()) as host:
        said = await said_of_mail(monkeypatch, f"smtps://localhost:{host.port}")
    assert [f"ok       mail: the server localhost:{host.port} takes mail, with TLS, not asked to sign in"] == said


async def test_what_is_wrong_is_said_with_the_remedy(alone: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """No TLS, a certificate of nobody: mail would wait for ever."""
    async with mailhost() as host:
        said = await said_of_mail(monkeypatch, f"smtp://localhost:{host.port}?starttls=required")
    words = "does not offer TLS, which DATRYS_SMTP_URL asks for: see to either"
    assert [f"stops    mail: the mail server localhost:{host.port} {words}"] == said
    async with mailhost(implicit=certificate()) as host:
        said = await said_of_mail(monkeypatch, f"smtps://localhost:{host.port}")
    words = "shows no certificate that can be trusted: see to it or to DATRYS_SMTP_URL"
    assert [f"stops    mail: the mail server localhost:{host.port} {words}"] == said


async def test_a_sign_in_that_fails_or_is_missing(
    alone: Engine, monkeypatch: pytest.MonkeyPatch, trusting: None
) -> None:
    """Each is the fault of the setting."""
    async with mailhost(starttls=certificate(), password="right") as host:
        wrong = await said_of_mail(monkeypatch, f"smtp://datrys:hunter22@localhost:{host.port}?starttls=required")
        none = await said_of_mail(monkeypatch, f"smtp://localhost:{host.port}?starttls=required")
    refuses = "refuses to let Datrys sign in: see to DATRYS_SMTP_URL"
    assert [f"stops    mail: the mail server localhost:{host.port} {refuses}"] == wrong
    assert ["stops    mail: the mail server wants Datrys to sign in: see to DATRYS_SMTP_URL"] == none


async def test_a_sender_that_the_server_does_not_take(alone: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """For good, or for now."""
    async with mailhost() as host:
        host.from_ = "550 unknown"
        for_good = await said_of_mail(monkeypatch, f"smtp://localhost:{host.port}")
        host.from_ = "451 later"
        for_now = await said_of_mail(monkeypatch, f"smtp://localhost:{host.port}")
    assert ["stops    mail: the mail server takes no mail from DATRYS_MAIL_FROM: see to either"] == for_good
    words = f"takes no mail for now, or does not answer: {REMEDY}"
    assert [f"stops    mail: the mail server localhost:{host.port} {words}"] == for_now


async def test_a_server_that_hangs_up(alone: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever listens there is no mail server."""
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        said = await said_of_mail(monkeypatch, f"smtp://127.0.0.1:{port}")
    words = f"takes no mail for now, or does not answer: {REMEDY}"
    assert [f"stops    mail: the mail server 127.0.0.1:{port} {words}"] == said


async def test_a_password_without_tls_is_warned_of(alone: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """It could be read on its way; whether the server takes it or not."""
    async with mailhost() as host:
        warning, _ = await said_of_mail(monkeypatch, f"smtp://datrys:hunter22@localhost:{host.port}")
    words = "the password of DATRYS_SMTP_URL travels without TLS: use smtps:// or ?starttls=required"
    assert f"warning  mail: {words}" == warning
