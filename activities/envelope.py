"""A mail as it goes over the wire: the headers that programs rely on (spec 4, Mail headers), and both bodies."""

from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from protocols.mail import Language, Letter, MailFacts
from protocols.working_days import LONDON
from records.outbox import Draft

Write = Callable[[MailFacts, tuple[Language, Language]], Letter]


def message(draft: Draft, letter: Letter, mail_from: str) -> bytes:
    """The message, the same to the byte however often it is written.

    Args:
        draft: where it goes, and what its headers say.
        letter: subject and bodies.
        mail_from: who it comes from.
    """
    mail = EmailMessage(policy=SMTP)
    mail["From"] = mail_from
    mail["To"] = draft.email
    mail["Subject"] = letter.subject
    mail["Date"] = format_datetime(draft.at.astimezone(LONDON))
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(letter.text, cte="quoted-printable")
    mail.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    mail["Content-Language"] = ", ".join(draft.languages)  # set before, it would move into the first body
    mail.set_boundary(f"={draft.key}")
    return _own_headers(draft, mail_from) + mail.as_bytes()


def sender_of(mail_from: str) -> str:
    """The bare address in `DATRYS_MAIL_FROM`."""
    return parseaddr(mail_from)[1]


def _own_headers(draft: Draft, mail_from: str) -> bytes:
    """Written by hand: the email package would break a long list of roles and encode what it breaks."""
    facts = draft.facts
    headers = {
        "Message-ID": f"<{draft.key}@{sender_of(mail_from).rpartition('@')[2]}>",
        "X-Datrys-Case": facts.reference,
        "X-Datrys-Notice": facts.notice,
        "X-Datrys-Role": ",".join(map(str, draft.roles)),
        "X-Datrys-Clause": facts.clause,
    }
    if facts.due:
        headers["X-Datrys-Due"] = facts.due.astimezone(LONDON).isoformat()
    lines = "".join(f"{name}: {' '.join(value.split())}\r\n" for name, value in headers.items())
    return lines.encode("ascii", "replace")
