"""Notices and their delivery; the address that one went to is in `personal`."""

import hashlib
import json
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from records.models.base import Base

IDENTITY_DIGITS = 40


class Delivery(StrEnum):
    """How far a notice has come; held is what may have gone out from records that another copy replaced."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    SUPERSEDED = "superseded"
    UNDELIVERED = "undelivered"
    HELD = "held"


class Target(StrEnum):
    """Who gets a notice: whoever holds the role, or who stands in where the holder cannot be reached."""

    HOLDER = "holder"
    DEPUTY = "deputy"
    BUSINESS_UNIT = "business_unit"


class Notice(Base):
    """One message about one occasion to one role; `office` counts from 0 where several hold the role.

    `released` where an operator said that it is to be sent, though the engine may have it for sent.
    """

    __tablename__ = "notices"
    __table_args__ = (
        UniqueConstraint("case", "notice", "occasion", "role", "agency", "office"),
        Index(None, "case", "state"),
        Index(None, "reference"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(ForeignKey("cases.reference"))
    case: Mapped[str] = mapped_column(ForeignKey("streams.stream"))
    notice: Mapped[str]
    occasion: Mapped[str]
    role: Mapped[str]
    agency: Mapped[str]
    office: Mapped[int] = mapped_column(default=0)
    at: Mapped[datetime]
    stage: Mapped[str]
    turn: Mapped[int] = mapped_column(default=0)
    clause: Mapped[str]
    due: Mapped[datetime | None]
    clock: Mapped[str]
    limit: Mapped[str]
    kind: Mapped[str]
    concerns: Mapped[str]
    supersede_by: Mapped[str]
    pointless: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str] = mapped_column(default=Delivery.QUEUED)
    released: Mapped[bool] = mapped_column(default=False)
    delivered_to: Mapped[str] = mapped_column(default=Target.HOLDER)
    leased_by: Mapped[str] = mapped_column(default="")
    leased_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    message_id: Mapped[str] = mapped_column(default="")
    settled_at: Mapped[datetime | None]
    reply: Mapped[int | None]
    """The last reply code of the mail server; its words may name people and are not kept."""

    @property
    def identity(self) -> str:
        """What follows from case, notice, occasion, role and agency, and never from the person."""
        parts = [self.case, self.notice, self.occasion, self.role, self.agency]
        parts += [str(self.office)] if self.office else []
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:IDENTITY_DIGITS]
