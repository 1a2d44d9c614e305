"""The local mailbox: takes every mail by SMTP, lets none out, and shows what came on a page of its own.

Nothing here is for real mail: whoever reaches the ports may send and read.
"""

import argparse
import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import uvicorn
from aiosmtpd.smtp import SMTP, Envelope, Session
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from typing_extensions import override

from starter.kept_mail import Mail, Mailbox
from starter.parts import LOCALHOST

PAGES = Path(__file__).parent.parent / "templates" / "mailbox"
ON_ONE_PAGE = 500
# A mail may look as it likes, and run or fetch nothing.
CONTENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'"


class Intake:
    """The SMTP side: whatever comes is taken."""

    def __init__(self, mailbox: Mailbox) -> None:
        self.mailbox = mailbox

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep the message, with who sent it to whom on top, as a mail server does on delivery."""
        receivers = "".join(f"Delivered-To: {receiver}\r\n" for receiver in envelope.rcpt_tos)
        head = f"Return-Path: <{envelope.mail_from}>\r\n{receivers}"
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        return f"250 kept as message {self.mailbox.keep(head.encode() + content)}"


class Viewer:
    """The pages."""

    def __init__(self, mailbox: Mailbox) -> None:
        self.mailbox = mailbox
        self.pages = Environment(loader=FileSystemLoader(PAGES), autoescape=True, undefined=StrictUndefined)

    def app(self) -> Starlette:
        """The application that serves them."""
        return Starlette(
            routes=[
                Route("/", self.list),
                Route("/messages.json", self.list_for_programs),
                Route("/messages/{number:int}", self.one),
                Route("/messages/{number:int}.eml", self.raw),
                Route("/messages/{number:int}/attachments/{position:int}", self.attachment),
            ]
        )

    async def list(self, request: Request) -> Response:
        case = request.query_params.get("case", "")
        mails = self.mailbox.mails(case)
        return self._page("list.html.j2", mails=mails[:ON_ONE_PAGE], count=len(mails), case=case)

    async def list_for_programs(self, request: Request) -> Response:
        mails = self.mailbox.mails(request.query_params.get("case", ""))
        return JSONResponse([mail.as_json() for mail in mails])

    async def one(self, request: Request) -> Response:
        mail = self._asked_for(request)
        return self._page("message.html.j2", mail=mail, content=self.mailbox.content(mail.number))

    async def raw(self, request: Request) -> Response:
        mail = self._asked_for(request)
        return _download(self.mailbox.path(mail.number).read_bytes(), f"{mail.number}.eml", "message/rfc822")

    async def attachment(self, request: Request) -> Response:
        mail = self._asked_for(request)
        attachments = self.mailbox.content(mail.number).attachments
        position = request.path_params["position"]
        if position >= len(attachments):
            raise HTTPException(404, "The message has no such attachment.")
        return _download(attachments[position].content, attachments[position].name, "application/octet-stream")

    def _asked_for(self, request: Request) -> Mail:
        mail = self.mailbox.mail(request.path_params["number"])
        if mail is None:
            raise HTTPException(404, "There is no such message.")
        return mail

    def _page(self, template: str, **shown: object) -> Response:
        page = self.pages.get_template(template).render(**shown)
        return HTMLResponse(page, headers={"Content-Security-Policy": CONTENT_POLICY})


def _download(content: bytes, name: str, media_type: str) -> Response:
    disposition = f"attachment; filename*=UTF-8''{quote(name)}"
    return Response(content, media_type=media_type, headers={"Content-Disposition": disposition})


class _Server(uvicorn.Server):
    """Leaves the signals to whoever started it."""

    @override
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass(frozen=True)
class Served:
    """Where a running mailbox is reached."""

    smtp_port: int
    http_port: int


@asynccontextmanager
async def taking(mailbox: Mailbox, smtp: socket.socket) -> AsyncIterator[None]:
    """Take every mail that comes in on this socket."""
    intake = await asyncio.get_running_loop().create_server(
        lambda: SMTP(Intake(mailbox), enable_SMTPUTF8=True, hostname="mailbox.invalid"), sock=smtp
    )
    try:
        yield
    finally:
        intake.close()


@asynccontextmanager
async def serving(folder: Path, smtp_port: int = 0, http_port: int = 0, host: str = LOCALHOST) -> AsyncIterator[Served]:
    """Run the mailbox; with port 0 on any that is free.

    Raises:
        OSError: where a port is in use.
    """
    mailbox = Mailbox(folder)
    with socket.create_server((host, http_port)) as http, socket.create_server((host, smtp_port)) as smtp:
        pages = _Server(uvicorn.Config(Viewer(mailbox).app(), log_config=None, lifespan="off"))
        served = asyncio.create_task(pages.serve(sockets=[http]))
        try:
            async with taking(mailbox, smtp):
                yield Served(smtp.getsockname()[1], http.getsockname()[1])
        finally:
            pages.should_exit = True
            await served


async def _serve_until_told(folder: Path, smtp_port: int, http_port: int, host: str) -> None:
    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    async with serving(folder, smtp_port, http_port, host):
        await told.wait()


def main() -> None:
    """``python -m starter.mailbox FOLDER``, which `datrys up` starts."""
    parser = argparse.ArgumentParser(prog="python -m starter.mailbox", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the messages are kept")
    parser.add_argument("--smtp-port", type=int, default=1025)
    parser.add_argument("--http-port", type=int, default=8025)
    parser.add_argument("--host", default=LOCALHOST)
    chosen = parser.parse_args()
    asyncio.run(_serve_until_told(chosen.folder, chosen.smtp_port, chosen.http_port, chosen.host))


if __name__ == "__main__":
    main()
