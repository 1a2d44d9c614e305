"""What has been kept as long as it may be is forgotten, whether or not anybody makes another of its kind."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, delete, inspect, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from records import codes, drafts, sessions, set_aside, signing
from records.database import writing
from records.models import Draft, OneTimeCode, Session, SignedCall, WaitingSignal

Since = InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None]
LASTING: Sequence[tuple[type[Any], Since, timedelta]] = (
    (Draft, Draft.changed_at, drafts.KEPT),
    (OneTimeCode, OneTimeCode.made_at, codes.KEPT),
    (Session, Session.expires_at, sessions.FORGOTTEN),
    (SignedCall, SignedCall.seen_at, signing.KEPT),
    (WaitingSignal, WaitingSignal.judged_at, set_aside.KEPT),
)
"""From which moment on a row is kept, and for how long; one without the moment stays."""


def sweep(engine: Engine, now: datetime) -> None:
    """Forget all that is older than it may be.

    Raises:
        Unreachable: the database does not answer.
    """
    for model, since, kept in LASTING:
        key = inspect(model).primary_key
        # What another one is at work on is left for the next time: two that wait for each other's rows would stop.
        old = select(*key).where(since < now - kept).with_for_update(skip_locked=True)
        with writing(engine) as session:
            session.execute(delete(model).where(tuple_(*key).in_(old)))
