"""Who may come in by the web hook: the tokens of programs. The secret itself is nowhere, only its hash."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from records.models.base import Base


class Token(Base):
    """A program's token, bound to roles, and to an agency or board whose cases they reach.

    `digest` is the SHA-256 of the secret; an empty limit (`agency`, `board`, `authority`, `group`) is none. Where
    `signing` is given, sealed, its calls are signed with it.
    """

    __tablename__ = "tokens"

    id: Mapped[str] = mapped_column(primary_key=True)
    label: Mapped[str]
    digest: Mapped[bytes]
    roles: Mapped[list[Any]]
    agency: Mapped[str]
    board: Mapped[str]
    authority: Mapped[str]
    group: Mapped[str]
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    signing: Mapped[bytes | None]
