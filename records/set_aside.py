"""Signals that a case cannot carry into its next run: kept here in their order until each is judged.

What is judged is emptied with the very transaction that writes its entry. An empty row stays for a while: an activity
that comes late would otherwise write its signals again.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session

from protocols.waiting import Received, SetAside, TakeBack, happened_at
from records.cases import case_row
from records.database import reading, writing
from records.models import WaitingSignal
from records.storable import storable
from records.streams import open_stream, reference_of

KEPT = timedelta(days=1)
"""So long an empty row stays; no activity comes as late."""

TAKEN_BYTES, TAKEN_SIGNALS = 256_000, 400
"""As much is taken back at once at most: well below the 2 MB that the engine takes in one piece, and what one run of a
case can judge."""


def set_aside(engine: Engine, waiting: SetAside, run: str) -> None:
    """Keep these behind all that is kept for the case; once, however often it is asked for.

    Args:
        engine: the records.
        waiting: the signals.
        run: id of the run of the workflow, which numbers its batches.

    Raises:
        CaseUnknown: there is no such case.
        Unreachable: the database does not answer.
    """
    with writing(engine) as session:
        case_row(session, reference_of(waiting.case))
        stream = open_stream(session, waiting.case)  # of two at once the second waits, and finds it written
        mine = (WaitingSignal.case == waiting.case, WaitingSignal.run == run, WaitingSignal.batch == waiting.batch)
        if session.scalar(select(func.count()).where(*mine)):
            return
        last = session.scalar(select(func.max(WaitingSignal.position)).where(WaitingSignal.case == waiting.case)) or 0
        session.add_all(
            WaitingSignal(
                case=waiting.case,
                position=position,
                reference=stream.reference,
                run=run,
                batch=waiting.batch,
                signal=storable(received).name,
                body=received.body,
                seen_at=received.seen,
                happened_at=happened_at(received),
            )
            for position, received in enumerate(waiting.signals, start=last + 1)
        )


def take_back(engine: Engine, asked: TakeBack) -> list[Received]:
    """The oldest that are not judged yet; they stay here until they are.

    Raises:
        Unreachable: the database does not answer.
    """
    rows = select(WaitingSignal).where(WaitingSignal.case == asked.case, WaitingSignal.judged_at.is_(None))
    if asked.happened_by:
        rows = rows.where(WaitingSignal.happened_at <= asked.happened_by)
    held, taken, size = set(asked.held), list[Received](), 0
    rows = rows.order_by(WaitingSignal.position).limit(TAKEN_SIGNALS + len(held))
    with reading(engine) as session:
        for row in session.scalars(rows):
            if row.position in held:
                continue
            one = Received(name=row.signal, body=row.body, seen=row.seen_at, position=row.position)
            size += len(one.model_dump_json())
            if taken and (size > TAKEN_BYTES or len(taken) == TAKEN_SIGNALS):
                break
            taken.append(one)
    return taken


def judged(session: Session, case: str, positions: Sequence[int], at: datetime) -> None:
    """These are judged, and nothing of what they said stays here.

    Args:
        session: a writing session, in which their entries are written.
        case: the reference, or `REFERENCE-immediate-N`.
        positions: where they stood.
        at: the moment.
    """
    if positions:
        mine = update(WaitingSignal).where(WaitingSignal.case == case, WaitingSignal.position.in_(positions))
        session.execute(mine.values(signal="", body=None, judged_at=at))
