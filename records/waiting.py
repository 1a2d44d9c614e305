"""What waits to be done, as bare counts for whoever watches the service: of no case, role or person."""

from typing import NamedTuple

from sqlalchemy import Engine, func, select

from records.database import reading
from records.models import Case, Delivery, Notice, Submission


class Waiting(NamedTuple):
    """How many cases wait for their start, signals for delivery, and mails to be sent; and mails given up."""

    cases: int
    signals: int
    mails: int
    undelivered: int


def waiting(engine: Engine) -> Waiting:
    """What waits.

    Raises:
        Unreachable: the database does not answer, or was not prepared.
    """
    under_way = (Delivery.QUEUED, Delivery.SENDING)
    asked = (
        (Case, Case.started.is_(False)),
        (Submission, Submission.delivered.is_(False) & Submission.code.is_(None)),
        (Notice, Notice.state.in_(under_way)),
        (Notice, Notice.state == Delivery.UNDELIVERED),
    )
    with reading(engine) as session:
        return Waiting(
            *(session.scalar(select(func.count()).select_from(table).where(which)) or 0 for table, which in asked)
        )
