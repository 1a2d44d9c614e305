"""The fence: records that are older than the engine take no step and send no mail until somebody has decided.

Steps of a case are counted by its workflow, and each is written before the next is made. So a step that does not
follow the last one written tells that the records lack some, as a copy of another day does; and so does a message that
waits here while the workflow was told that none does.
"""

from sqlalchemy import Engine, Exists, exists, select
from sqlalchemy.orm import Session

from protocols.errors import RecordsOlder
from protocols.steps import Step
from records.database import reading, writing
from records.models import Delivery, Notice, Stream
from records.streams import open_stream


def check_follows(session: Session, stream: Stream, step: Step) -> None:
    """Refuse a step that the records are too old for.

    Raises:
        RecordsOlder: steps before it are missing, or messages wait that its workflow knows to be settled.
    """
    last = stream.last_step or 0
    if step.number > last + 1:
        raise RecordsOlder(stream.stream, f"this is step {step.number}, and they end with step {last}")
    if step.posted and session.scalar(select(_waits_unknown(stream.stream))):
        raise RecordsOlder(stream.stream, f"messages of before step {step.number} wait here, and Temporal posted them")


def check_knows(session: Session, stream: Stream, step: int) -> None:
    """Refuse to send from records that lack this step.

    Raises:
        RecordsOlder: they do.
    """
    last = stream.last_step or 0
    if step > last:
        raise RecordsOlder(stream.stream, f"step {step} was written, and they end with step {last}")


def note_refused(engine: Engine, case: str, step: int) -> None:
    """Remember that a step was refused, so that `datrys check` can name the case."""
    with writing(engine) as session:
        open_stream(session, case).refused_step = step


def refused(engine: Engine) -> list[str]:
    """The streams whose next step was refused, and not written since."""
    with reading(engine) as session:
        return list(session.scalars(select(Stream.stream).where(Stream.refused_step.is_not(None)).order_by("stream")))


def _waits_unknown(case: str) -> Exists:
    return exists().where(
        Notice.case == case,
        Notice.state.in_([Delivery.QUEUED, Delivery.SENDING]),
        Notice.released.is_(False),
    )
