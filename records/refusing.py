"""What is told to a case that has ended, or to an immediate action that is over: no workflow hears it."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Engine, select

from protocols.roles import Role
from protocols.says import ANY_TIME
from protocols.steps import Code, Entry, Receipt
from records.database import writing
from records.models import Case, Submission
from records.streams import Through, append, open_stream
from records.submissions import judge, receipt_of, row_of
from records.writing import not_accepted, queue


class Refusal(NamedTuple):
    """The verdict, and whether a mail waits that tells it to whoever was told that it is kept."""

    receipt: Receipt
    to_mail: bool = False


def refuse_ended(engine: Engine, submission_id: str, reason: str, words: str, at: datetime) -> Refusal:
    """What is told to what is over, which no workflow hears: its verdict, and its line in the timeline.

    Whoever was told that it is kept gets a mail; the others hear it at once.

    Args:
        engine: the records.
        submission_id: the door's own id.
        reason: why, in plain words; words: the entry as a sentence.
        at: the moment of the refusal.
    """
    with writing(engine) as session:
        case = session.scalars(select(Submission.case).where(Submission.id == submission_id)).one()
        stream = open_stream(session, case)  # first, as a step does: two that lock crosswise stop each other
        row = row_of(session, submission_id)
        if verdict := receipt_of(row):
            return Refusal(verdict)
        judge(row, Code.ENDED, reason)
        row.delivered = True
        entry = _refusal(row, stands := session.get_one(Case, row.reference), words, at)
        row.entry = append(session, stream, entry, person=row.person, through=Through.DOOR).number
        if row.answer_kept:
            by = Role(role=row.by_role, agency=row.by_agency)
            notice = not_accepted(session, stream, by, row.signal_id, row.entry, at, stands.stage)
            queue(session, stream, notice, stands.turn)
        return Refusal(Receipt(id=row.signal_id, accepted=False, code=Code.ENDED, reason=reason), row.answer_kept)


def _refusal(row: Submission, case: Case, words: str, at: datetime) -> Entry:
    return Entry(
        what=row.signal,
        happened_at=at,
        recorded_at=row.sent_at,
        clause=ANY_TIME,
        stage=case.stage,
        turn=case.turn,
        by=Role(role=row.by_role, agency=row.by_agency),
        entered_by=row.entered_by,
        signal_id=row.signal_id,
        code=Code.ENDED,
        reason=row.reason,
        record=row.facts.get("record", ""),
        words=words,
    )
