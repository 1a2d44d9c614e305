"""Handing mail over: a few connections a worker, each used for many mails, and what a server's answer means."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPException,
    SMTPResponseException,
    SMTPSenderRefused,
)

from settings import SmtpServer

TIMEOUT_SECONDS = 30
"""So long a server may take to answer, and so long the handing over of one mail may take in all."""

CONNECTIONS = 4
HANGS_UP = frozenset({421, -1})
"""The service closes, or what came was no reply at all."""

WANTS_SIGN_IN = frozenset({530, 534, 535, 538})
TROUBLE = (SMTPException, OSError, TimeoutError)
"""What goes wrong with a connection; TLS faults are an OSError."""


class NotNow(Exception):
    """This mail was refused for now, or nobody knows whether it arrived."""

    def __init__(self, reply: int | None = None) -> None:
        super().__init__(reply)
        self.reply = reply


class NotEver(Exception):
    """This mail was refused for good."""

    def __init__(self, reply: int) -> None:
        super().__init__(reply)
        self.reply = reply


class Away(Exception):
    """The mail server takes no mail at all for now; `mend` where an operator has to mend something.

    The words name no person and repeat nothing that the server said.
    """

    def __init__(self, words: str, *, mend: bool = False) -> None:
        super().__init__(words)
        self.words, self.mend = words, mend


class MailServer:
    """The server that mail is handed over to.

    Args:
        server: where it is, and how it is spoken to.
        sender: the bare address that mail comes from.
        tls: what certificates are trusted; those of the system if none is given.
        timeout_seconds: so long it may take to answer.
    """

    def __init__(
        self,
        server: SmtpServer,
        sender: str,
        tls: ssl.SSLContext | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._server, self._sender, self._tls = server, sender, tls
        self.timeout_seconds = timeout_seconds
        self._idle: list[SMTP] = []
        self._lines = asyncio.Semaphore(CONNECTIONS)

    @asynccontextmanager
    async def line(self) -> AsyncIterator["Line"]:
        """A connection for one user at a time; it is put back afterwards if it is sound."""
        async with self._lines:
            line = Line(self, self._sender)
            try:
                yield line
            finally:
                self._idle += line.give_up()

    async def close(self) -> None:
        """Take leave on all connections that are not in use."""
        while self._idle:
            with suppress(*TROUBLE):
                await self._idle.pop().quit(timeout=1)

    async def greet(self) -> None:
        """Speak to it as before a mail, as far as the sender's address, and take leave; nothing is sent.

        Raises:
            Away: it would take no mail.
        """
        client = await self.take()
        try:
            await client.mail(self._sender)
        except SMTPResponseException as fault:
            meaning = _meaning(fault)
            raise meaning if isinstance(meaning, Away) else self._why_away(fault) from None
        except TROUBLE as fault:
            raise self._why_away(fault) from None
        finally:
            with suppress(*TROUBLE):
                await client.quit(timeout=1)

    async def take(self) -> SMTP:
        """A connection that answers.

        Raises:
            Away: none can be made.
        """
        while self._idle:
            client = self._idle.pop()
            try:
                await client.rset()
            except TROUBLE:
                client.close()
            else:
                return client
        return await self._connect()

    async def _connect(self) -> SMTP:
        server = self._server
        client = SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            use_tls=server.tls == "implicit",
            start_tls=server.tls == "starttls",
            tls_context=self._tls,
            timeout=self.timeout_seconds,
        )
        try:
            await client.connect()
        except TROUBLE as fault:
            client.close()
            raise self._why_away(fault) from None
        return client

    def _why_away(self, fault: BaseException) -> Away:
        where = f"the mail server {self._server.host}:{self._server.port}"
        if isinstance(fault, ssl.SSLError) or isinstance(fault.__cause__, ssl.SSLError):
            return Away(f"{where} shows no certificate that can be trusted: see to it or to DATRYS_SMTP_URL", mend=True)
        if type(fault) is SMTPException:  # it lacks an extension that was asked for
            lacks = "TLS" if "STARTTLS extension" in str(fault) else "to let Datrys sign in"
            return Away(f"{where} does not offer {lacks}, which DATRYS_SMTP_URL asks for: see to either", mend=True)
        if isinstance(fault, SMTPAuthenticationError) and fault.code >= 500:
            return Away(f"{where} refuses to let Datrys sign in: see to DATRYS_SMTP_URL", mend=True)
        remedy = "see that it runs and that DATRYS_SMTP_URL is right"
        return Away(f"{where} takes no mail for now, or does not answer: {remedy}")


class Line:
    """One connection in use; made anew when it breaks."""

    def __init__(self, server: MailServer, sender: str) -> None:
        self._server, self._sender = server, sender
        self._client: SMTP | None = None

    async def ready(self) -> None:
        """See that there is a connection.

        Raises:
            Away: there is none to be had.
        """
        if self._client is None:
            self._client = await self._server.take()

    async def send(self, receiver: str, message: bytes) -> None:
        """Hand one mail over; the line must be ready.

        Raises:
            NotNow, NotEver, Away: it was not taken.
        """
        client, self._client = self._client, None
        assert client is not None, "the line is not ready"  # noqa: S101
        try:
            async with asyncio.timeout(self._server.timeout_seconds):
                await client.mail(self._sender)
                await client.rcpt(receiver)
                await client.data(message)
        except SMTPResponseException as fault:
            await self._recover(client, fault.code)
            raise _meaning(fault) from None
        except TROUBLE:
            client.close()
            raise NotNow from None
        except asyncio.CancelledError:
            client.close()
            raise
        self._client = client

    def give_up(self) -> list[SMTP]:
        """The connection, if it is sound; it is no longer this line's."""
        client, self._client = self._client, None
        return [client] if client and client.is_connected else []

    async def _recover(self, client: SMTP, reply: int) -> None:
        """After a plain refusal the connection is as good as before, unless the server hangs up."""
        if reply in HANGS_UP:
            return client.close()
        try:
            await client.rset()
        except TROUBLE:
            return client.close()
        self._client = client
        return None


def _meaning(fault: SMTPResponseException) -> Exception:
    if fault.code in WANTS_SIGN_IN:
        return Away("the mail server wants Datrys to sign in: see to DATRYS_SMTP_URL", mend=True)
    if fault.code < 500:
        return NotNow(fault.code)
    if isinstance(fault, SMTPSenderRefused):
        return Away("the mail server takes no mail from DATRYS_MAIL_FROM: see to either", mend=True)
    return NotEver(fault.code)
