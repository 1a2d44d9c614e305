"""The folder of the local mailbox: one ``.eml`` file a message, numbered in the order of arrival."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage, MIMEPart
from pathlib import Path

# What the email package raises for messages that break its rules; a mailbox shows them all the same.
MALFORMED = (ValueError, LookupError, TypeError, AttributeError)


@dataclass(frozen=True)
class Mail:
    """What the list shows of a message: all but its body."""

    number: int
    received_at: datetime
    headers: tuple[tuple[str, str], ...]

    def header(self, name: str) -> str:
        """All values of a header, with commas; empty without it."""
        return ", ".join(value for key, value in self.headers if key.lower() == name.lower())

    @property
    def receivers(self) -> str:
        """Whom the sending program named to the server, blind copies included."""
        return self.header("Delivered-To")

    @property
    def datrys(self) -> dict[str, str]:
        """The headers that say what the notice is about."""
        return {key: value for key, value in self.headers if key.lower().startswith("x-datrys-")}

    def as_json(self) -> dict[str, object]:
        return {
            "number": self.number,
            "received_at": self.received_at.isoformat(),
            "from": self.header("From"),
            "to": [value for key, value in self.headers if key == "Delivered-To"],
            "subject": self.header("Subject"),
            "message_id": self.header("Message-ID"),
            "headers": self.datrys,
            "raw": f"/messages/{self.number}.eml",
        }


@dataclass(frozen=True)
class Attachment:
    """A file that came with a message."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Content:
    """What a message says: empty where it has no such part."""

    html: str
    text: str
    attachments: tuple[Attachment, ...]


class Mailbox:
    """The folder of messages."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._seen: dict[int, Mail] = {}
        self._last = max(self._numbers(), default=0)

    def keep(self, raw: bytes) -> int:
        """Store a message for good before the sender is told that it was taken; returns its number."""
        self._last += 1
        path = self.path(self._last)
        unfinished = path.with_suffix(".part")
        with unfinished.open("wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
        return self._last

    def path(self, number: int) -> Path:
        return self.folder / f"{number:08d}.eml"

    def mails(self, case: str = "") -> list[Mail]:
        """The messages, newest first; with a reference, those of that case."""
        found = (self._mail(number) for number in sorted(self._numbers(), reverse=True))
        return [mail for mail in found if not case or mail.header("X-Datrys-Case") == case]

    def mail(self, number: int) -> Mail | None:
        """The message with this number, if there is one."""
        return self._mail(number) if self.path(number).is_file() else None

    def content(self, number: int) -> Content:
        message = self._message(number)
        html, text = (message.get_body((kind,)) for kind in ("html", "plain"))
        return Content(_text(html), _text(text), tuple(_attachments(message)))

    def _numbers(self) -> Iterator[int]:
        return (int(path.stem) for path in self.folder.glob("*.eml") if path.stem.isdecimal())

    def _mail(self, number: int) -> Mail:
        if number not in self._seen:
            arrived = datetime.fromtimestamp(self.path(number).stat().st_mtime, tz=UTC)
            self._seen[number] = Mail(number, arrived, tuple(_headers(self._message(number))))
        return self._seen[number]

    def _message(self, number: int) -> EmailMessage:
        message = message_from_bytes(self.path(number).read_bytes(), policy=policy.default)
        assert isinstance(message, EmailMessage)  # noqa: S101  what `policy.default` makes
        return message


def _headers(message: EmailMessage) -> Iterator[tuple[str, str]]:
    for name, raw in message.raw_items():
        try:
            value = str(message.policy.header_fetch_parse(name, raw))
        except MALFORMED:
            value = str(raw)
        yield name, _printable(value)


def _text(part: MIMEPart | None) -> str:
    if part is None:
        return ""
    try:
        return _printable(str(part.get_content()))
    except MALFORMED:
        return bytes(part.get_payload(decode=True) or b"").decode("latin-1")


def _attachments(message: EmailMessage) -> Iterator[Attachment]:
    for part in message.iter_attachments() if message.is_multipart() else ():
        content = part.get_payload(decode=True)
        name = part.get_filename() or part.get_content_type().replace("/", ".")
        yield Attachment(_printable(name), content if isinstance(content, bytes) else part.as_bytes())


def _printable(text: str) -> str:
    """Bytes that are no UTF-8 come out of the email package as lone surrogates, which no page can hold."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
