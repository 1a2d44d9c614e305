"""A mail server that takes mail, or misbehaves as it is told to."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, NamedTuple

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from settings import SmtpServer

DROP = "drop"
"""Instead of a reply: the connection breaks."""

SILENCE = "silence"
"""Instead of a reply: nothing."""

TAKE_AND_DROP = "take and drop"
"""The mail is taken, and the connection breaks before anybody hears of it."""


class Mail(NamedTuple):
    """A mail that was taken."""

    receiver: str
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        parsed = message_from_bytes(self.raw, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    def header(self, name: str) -> str | None:
        found = self.message[name]
        return None if found is None else str(found)


@dataclass
class Mailhost:
    """What a mail server took, and what it is told to say.

    Attributes:
        taken: every mail that was taken, in order.
        attempts: the receiver of every attempt.
        to: what an address is answered with, reply by reply (a list that runs dry), or for ever (a string).
        after_data: the same, once the mail itself was handed over.
        from_: what the sender is answered with, if not well.
        connections, open: how many were made; those that are open.
        pause: set while mails are let through; cleared, one that was handed over waits.
    """

    port: int = 0
    taken: list[Mail] = field(default_factory=list)
    attempts: list[str] = field(default_factory=list)
    to: dict[str, list[str] | str] = field(default_factory=dict)
    after_data: dict[str, list[str] | str] = field(default_factory=dict)
    from_: str = ""
    connections: int = 0
    open: list[SMTP] = field(default_factory=list)
    server: asyncio.Server | None = None
    pause: asyncio.Event = field(default_factory=asyncio.Event)
    handed_over: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.pause.set()

    def stop(self) -> None:
        """No more connections, and an end to those there are."""
        assert self.server
        self.server.close()
        self.hang_up()

    def hang_up(self) -> None:
        """An end to all connections."""
        for connection in self.open:
            _abort(connection)
        self.open.clear()

    def address(self, **more: Any) -> SmtpServer:
        return SmtpServer(host="localhost", port=self.port, **more)

    def taken_by(self, receiver: str) -> list[Mail]:
        return [mail for mail in self.taken if mail.receiver == receiver]

    # --- what aiosmtpd calls

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.from_:
            return self.from_
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.attempts.append(address)
        reply = _next(self.to, address)
        if reply == DROP:
            _abort(server)
        if reply:
            return reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        receiver = envelope.rcpt_tos[0]
        self.handed_over.set()
        await self.pause.wait()
        reply = _next(self.after_data, receiver)
        if reply in ("", TAKE_AND_DROP):
            assert isinstance(envelope.content, bytes)
            self.taken.append(Mail(receiver, envelope.content))
        if reply in (DROP, TAKE_AND_DROP):
            _abort(server)
        if reply == SILENCE:
            await asyncio.Event().wait()
        return reply or "250 OK"


def _abort(connection: SMTP) -> None:
    if isinstance(connection.transport, asyncio.Transport):
        connection.transport.abort()


def _next(replies: dict[str, list[str] | str], address: str) -> str:
    waiting = replies.get(address, "")
    if isinstance(waiting, str):
        return waiting
    return waiting.pop(0) if waiting else ""


@asynccontextmanager
async def mailhost(
    *,
    starttls: ssl.SSLContext | None = None,
    implicit: ssl.SSLContext | None = None,
    password: str = "",
    port: int = 0,
) -> AsyncIterator[Mailhost]:
    """A mail server on a free port of this machine.

    Args:
        starttls, implicit: the certificate that it shows, and how; without one it offers no TLS.
        password: it wants everybody to sign in with it.
        port: a certain port.
    """
    host = Mailhost()

    def authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any) -> AuthResult:
        right = isinstance(given, LoginPassword) and given.password == password.encode()
        return AuthResult(success=right, handled=right)

    def connection() -> SMTP:
        host.connections += 1
        made = SMTP(
            host,
            hostname="mailhost.invalid",
            ident="test",
            tls_context=starttls,
            require_starttls=starttls is not None,
            auth_required=bool(password),
            auth_require_tls=starttls is not None,
            authenticator=authenticate if password else None,
            timeout=60,
        )
        host.open.append(made)
        return made

    server = await asyncio.get_running_loop().create_server(connection, "127.0.0.1", port, ssl=implicit)
    host.server = server
    host.port = server.sockets[0].getsockname()[1]
    try:
        yield host
    finally:
        host.stop()
