"""The mail with a one-time code: sent at once, while somebody waits for it. It belongs to no case and no outbox."""

import secrets
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path

from activities.envelope import sender_of
from activities.in_words import one_line
from activities.mail_templates import SHIPPED, library, render
from activities.smtp import MailServer, NotEver
from protocols.mail import CodeFacts, Language, Letter
from protocols.working_days import LONDON
from records.targets import usable

TEMPLATES = Path(__file__).parent.parent / "templates" / "code"
FACTS = frozenset(CodeFacts.model_fields)
NO_SUCH_ADDRESS = 553
KEY_BYTES = 20


def write_code(facts: CodeFacts, first: Language) -> Letter:
    """The letter with a code, in both languages.

    Args:
        facts: all that it says.
        first: the language that comes first.
    """
    own, shared = library(TEMPLATES, FACTS), library(SHIPPED)
    languages: tuple[Language, Language] = ("en", "cy") if first == "en" else ("cy", "en")
    said = facts.model_dump()

    def halves(kind: str) -> list[tuple[Language, str]]:
        environment = own.html if kind == "half.html.j2" else own.text
        return [(language, render(environment, f"{language}.j2", said, layout=kind)) for language in languages]

    subject = one_line(" / ".join(title for _, title in halves("subject.j2")))
    text = render(shared.text, "layout.txt.j2", {}, halves=halves("half.txt.j2"))
    html = render(shared.html, "layout.html.j2", {}, halves=halves("half.html.j2"), subject=subject)
    return Letter(subject=subject, text=f"{text}\n", html=f"{html}\n")


async def send_code(
    server: MailServer, mail_from: str, email: str, facts: CodeFacts, first: Language, at: datetime
) -> None:
    """Send a code to whoever asked for it.

    Args:
        server: where mail is handed over.
        mail_from: who it comes from.
        email: where it goes.
        facts: the code, and how long it counts.
        first: the language that comes first.
        at: now.

    Raises:
        Away, NotNow, NotEver: it was not taken.
    """
    if not usable(email):
        raise NotEver(NO_SUCH_ADDRESS)
    message = _message(write_code(facts, first), mail_from, email, first, at)
    async with server.line() as line:
        await line.ready()
        await line.send(email, message)


def _message(letter: Letter, mail_from: str, email: str, first: Language, at: datetime) -> bytes:
    mail = EmailMessage(policy=SMTP)
    mail["From"] = mail_from
    mail["To"] = email
    mail["Subject"] = letter.subject
    mail["Date"] = format_datetime(at.astimezone(LONDON))
    mail["Message-ID"] = f"<{secrets.token_hex(KEY_BYTES)}@{sender_of(mail_from).rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Datrys-Notice"] = "code"
    mail.set_content(letter.text, cte="quoted-printable")
    mail.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    mail["Content-Language"] = "en, cy" if first == "en" else "cy, en"
    return mail.as_bytes()
