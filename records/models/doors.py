"""How people come in: the links in mails, one-time codes, sessions, and what somebody has begun to write.

Of every link, code and session only a hash is kept. A visitor is known by an e-mail address; it stands here, and goes
with the code, the session or the draft.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from records.models.base import Base


class Link(Base):
    """The link of one mail: bound to who it went to, the case, and the step that it asks for; it only shows.

    `id` follows from the hash of the token. `person`, `to` say for whom the mail was meant, without a name
    (`people.reference_to`, `Target`); where it went is in `receivers`.
    """

    __tablename__ = "links"
    __table_args__ = (Index(None, "reference"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[bytes]
    notice_id: Mapped[int] = mapped_column(ForeignKey("notices.id"))
    reference: Mapped[str] = mapped_column(ForeignKey("cases.reference"))
    roles: Mapped[list[Any]]
    person: Mapped[str]
    to: Mapped[str]
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class OneTimeCode(Base):
    """A code that was mailed to somebody: counts for one browser, a few minutes and a few tries, and once.

    `digest` is keyed: whoever reads the table cannot try all codes. `purpose` is ``answer``, with the link, or
    ``sign-in``.
    """

    __tablename__ = "one_time_codes"
    __table_args__ = (Index(None, "email", "made_at"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    browser: Mapped[bytes]
    purpose: Mapped[str]
    link: Mapped[str]
    email: Mapped[str]
    digest: Mapped[bytes]
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)
    used_at: Mapped[datetime | None]


class Account(Base):
    """How somebody signs in: known by issuer and subject, and bound to the address at which boards know them.

    An authenticator enrolled here has the issuer ``authenticator``; its secret is sealed, and `last_step` is the last
    of its codes that counted.
    """

    __tablename__ = "accounts"
    __table_args__ = (
        UniqueConstraint("issuer", "subject"),
        Index(None, "email"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    issuer: Mapped[str]
    subject: Mapped[str]
    email: Mapped[str]
    sealed: Mapped[bytes | None]
    last_step: Mapped[int] = mapped_column(default=0)
    made_at: Mapped[datetime]
    last_used_at: Mapped[datetime]


class Session(Base):
    """A visit after a code or a sign-in; `digest` is the SHA-256 of the cookie. A code's is for its link alone."""

    __tablename__ = "sessions"
    __table_args__ = (UniqueConstraint("digest"), Index(None, "email"))

    id: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[bytes]
    email: Mapped[str]
    proof: Mapped[str]
    link: Mapped[str]
    account: Mapped[int | None]
    made_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Draft(Base):
    """What somebody has begun to write and not sent: a case, or an answer; `owner` is their address.

    `id` becomes the key of what is sent, so that it counts once however often the button is pressed.
    """

    __tablename__ = "drafts"
    __table_args__ = (Index(None, "owner", "changed_at"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str]
    kind: Mapped[str]
    case: Mapped[str]
    facts: Mapped[dict[str, Any]]
    answers: Mapped[dict[str, Any]]
    made_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]


class SignedCall(Base):
    """A signed call that was taken: the same message of the same token is not taken again."""

    __tablename__ = "signed_calls"
    __table_args__ = (Index(None, "seen_at"),)

    token: Mapped[str] = mapped_column(primary_key=True)
    message: Mapped[str] = mapped_column(primary_key=True)
    seen_at: Mapped[datetime]
