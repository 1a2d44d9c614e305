"""The records beside the engine: how far each line of entries is, and how what they lack is written from the engine.

What a message is known by on both sides is its notice, occasion and role (`key_of`).
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Engine, and_, exists, func, or_, select, update
from sqlalchemy.orm import Session

from protocols import steps
from protocols.messages import CONFIRMATION, MESSAGES
from protocols.says import ANY_TIME
from protocols.steps import Step
from records.cases import unknown
from records.database import insert_for, reading, writing
from records.models import Case, Delivery, Entry, FreeText, Notice, Receiver, ReferenceCounter, Stream, Submission
from records.streams import Through, append, open_stream, reference_of
from records.writing import apply

WAITING = (Delivery.QUEUED, Delivery.SENDING)
ENDED = "ended"
UNSETTLED = (*WAITING, Delivery.HELD)
NOBODY_SENDS: dict[str, Any] = {"leased_by": "", "leased_until": None}
RECONCILED, RELEASED = "reconciled", "released"
"""What the timeline calls an operator's decisions."""

Key = tuple[str, str, str, str]


class Stood(NamedTuple):
    """How far one line of entries is in the records.

    Attributes:
        stream: the reference, or `REFERENCE-immediate-N`.
        last_step: the number of the last step; 0 before the first.
        ended: nothing more is to come.
        started: the engine has taken the case.
        waiting: ids of the notices that wait, those aside that an operator let go.
        held: ids of those that are held until somebody decides.
        raised_at: when its case was raised.
        unjudged: ids of the signals that a door handed to Temporal, and of which no line speaks.
    """

    stream: str
    last_step: int
    ended: bool
    started: bool
    waiting: frozenset[int]
    held: frozenset[int]
    raised_at: datetime
    unjudged: frozenset[str]


class Line(NamedTuple):
    """An entry, in short."""

    number: int
    step: int | None
    at: datetime
    words: str


class Written(NamedTuple):
    """What `complete` wrote: from which step to which, how many entries, those whose text is gone, and what waits.

    Attributes:
        steps: how many; entries: how many, the operator's own aside.
        lost_text: what was said with these entries stood in the lost records alone, in words.
        settled: messages that are taken as sent, since the engine posted them.
        held: messages of which nobody knows.
    """

    steps: int
    entries: int
    lost_text: tuple[str, ...]
    settled: int
    held: int


def key_of(notice: steps.Notice) -> Key:
    """What a message is known by within its case."""
    return notice.notice, notice.occasion, notice.to.role, notice.to.agency


def standing(engine: Engine, reference: str = "") -> dict[str, Stood]:
    """How far each line of entries is, or each of one case.

    Raises:
        CaseUnknown: there is no such case.
        Unreachable: the database does not answer.
    """
    confirmed = exists().where(
        Entry.stream == Stream.stream, Entry.what == CONFIRMATION, Entry.code == steps.Code.ACCEPTED
    )
    over = or_(and_(Stream.stream == Case.reference, Case.stage == ENDED), confirmed)
    columns = (Stream.stream, Stream.last_step, over, Case.started, Case.raised_at)
    rows = select(*columns).join(Case, Case.reference == Stream.reference)
    with reading(engine) as session:
        if reference and session.get(Case, reference) is None:
            raise unknown(reference)
        waiting = _notices(session, reference, Notice.state.in_(WAITING) & Notice.released.is_(False))
        held = _notices(session, reference, Notice.state == Delivery.HELD)
        unjudged = _unjudged(session, reference)
        if reference:
            rows = rows.where(Stream.reference == reference)
        return {
            row[0]: Stood(
                row[0], row[1] or 0, bool(row[2]), row[3], waiting[row[0]], held[row[0]], row[4], unjudged[row[0]]
            )
            for row in session.execute(rows)
        }


def _notices(session: Session, reference: str, which: ColumnElement[bool]) -> defaultdict[str, frozenset[int]]:
    rows = select(Notice.case, Notice.id).where(which)
    return _by_stream(session.execute(rows.where(Notice.reference == reference) if reference else rows))


def _unjudged(session: Session, reference: str) -> defaultdict[str, frozenset[str]]:
    rows = select(Submission.case, Submission.signal_id).where(
        Submission.delivered.is_(True),
        Submission.entry.is_(None),
        Submission.code.is_(None),
        Submission.signal.in_([*MESSAGES, CONFIRMATION]),
    )
    return _by_stream(session.execute(rows.where(Submission.reference == reference) if reference else rows))


def _by_stream(rows: Iterable[Any]) -> defaultdict[str, frozenset[Any]]:
    found: defaultdict[str, frozenset[Any]] = defaultdict(frozenset)
    for stream, one in rows:
        found[stream] |= {one}
    return found


def let_go(engine: Engine, stream: str) -> int:
    """How many messages an operator has let go that wait still."""
    rows = select(func.count()).where(Notice.case == stream, Notice.state.in_(WAITING), Notice.released.is_(True))
    with reading(engine) as session:
        return session.scalar(rows) or 0


def keys(engine: Engine, ids: Collection[int]) -> dict[int, Key]:
    """What these messages are known by."""
    columns = (Notice.id, Notice.notice, Notice.occasion, Notice.role, Notice.agency)
    with reading(engine) as session:
        rows = session.execute(select(*columns).where(Notice.id.in_(ids)))
        return {number: (notice, occasion, role, agency) for number, notice, occasion, role, agency in rows}


def lines_after(engine: Engine, stream: str, step: int) -> list[Line]:
    """The entries of the steps after this one."""
    with reading(engine) as session:
        rows = select(Entry).where(Entry.stream == stream, Entry.step > step).order_by(Entry.number)
        return [Line(row.number, row.step, row.recorded_at, row.words) for row in session.scalars(rows)]


def unheard(engine: Engine, stream: str, signal_ids: Collection[str]) -> set[str]:
    """Those of the senders' keys that the records know neither from a door nor as an entry."""
    with reading(engine) as session:
        said = session.scalars(
            select(Submission.signal_id).where(Submission.case == stream, Submission.signal_id.in_(signal_ids))
        )
        entered = session.scalars(
            select(Entry.signal_id).where(Entry.stream == stream, Entry.signal_id.in_(signal_ids))
        )
        return {*signal_ids} - {*said} - {*entered}


def hold(engine: Engine) -> int:
    """Whatever waits to be mailed goes out no more by itself; answers how many messages are held now."""
    with writing(engine) as session:
        mine = update(Notice).where(Notice.state.in_(WAITING)).values(released=False, **NOBODY_SENDS)
        session.execute(mine.where(Notice.pointless).values(state=Delivery.SUPERSEDED))
        session.execute(mine.where(~Notice.pointless).values(state=Delivery.HELD))
        return session.scalar(select(func.count()).where(Notice.state == Delivery.HELD)) or 0


def next_numbers(engine: Engine) -> dict[tuple[str, int], int]:
    """The last number given to a case, by prefix and year."""
    with reading(engine) as session:
        return {(row.prefix, row.year): row.last for row in session.scalars(select(ReferenceCounter))}


def give_no_more(engine: Engine, prefix: str, year: int, last: int) -> None:
    """References up to this number are given to no new case: the engine has them."""
    with writing(engine) as session:
        new = insert_for(session, ReferenceCounter).values(prefix=prefix, year=year, last=last)
        keyed = ["prefix", "year"]
        session.execute(
            new.on_conflict_do_update(index_elements=keyed, set_={"last": last}, where=ReferenceCounter.last < last)
        )


# --- what an operator decides


def complete(engine: Engine, stream: str, made: Sequence[Step | frozenset[Key]], person: str, at: datetime) -> Written:
    """Write the steps that the records lack, as the engine's history holds them, and say so in the timeline.

    What was mailed by then is taken as sent; what may or may not have been is held. Nothing goes out for it.

    Args:
        engine: the records.
        stream: the reference, or `REFERENCE-immediate-N`.
        made: in the order in which the engine saw it: steps written, and what was known to be mailed or settled then.
        person: who decided it, as a reference without a name.
        at: when.

    Raises:
        CaseUnknown: there is no such case.
        RecordsOlder: the engine does not have all the steps between any more. Nothing is written then.
    """
    lost: list[str] = []
    count = settled = 0
    with writing(engine) as session:
        standing = open_stream(session, stream)
        first = standing.entries
        for one in made:
            if isinstance(one, frozenset):
                settled += _settle(session, stream, one, at)
            elif one.number > (standing.last_step or 0):
                lost += _without_text(session, stream, one)
                apply(session, one.model_copy(update={"posted": False}))
                count += 1
        unknown_of = _doubtful(session, stream, WAITING)
        _change(session, unknown_of, state=Delivery.HELD)
        held = len(_doubtful(session, stream, (Delivery.HELD,)))
        entries = standing.entries - first
        words = f"The records were completed from Temporal by an operator: {count} steps, {entries} entries"
        words += f"; the text is lost of: {', '.join(lost)}" if lost else ""
        facts = {"steps": count, "entries": entries, "taken_as_sent": settled, "held": held}
        _enter(session, standing, RECONCILED, words, facts, person, at)
        return Written(count, entries, tuple(lost), settled, held)


def decide(engine: Engine, stream: str, ids: Collection[int], *, send: bool, person: str, at: datetime) -> int:
    """Messages in doubt are sent, or taken as sent; answers how many it was. It stands in the timeline.

    Args:
        engine: the records.
        stream: the reference, or `REFERENCE-immediate-N`.
        ids: of the notices.
        send: they are to be sent; else they have gone out.
        person: who decided it; at: when.
    """
    with writing(engine) as session:
        standing = open_stream(session, stream)
        mine = [one for one in _doubtful(session, stream, UNSETTLED) if one.id in ids]
        if send:
            _change(session, mine, state=Delivery.QUEUED, released=True)
        else:
            _change(session, mine, state=Delivery.SENT, settled_at=at)
        if mine:
            what = "may have gone out, and are sent" if send else "are taken as sent"
            words = f"Decided by an operator: {len(mine)} messages {what}"
            _enter(session, standing, RELEASED if send else RECONCILED, words, {"messages": len(mine)}, person, at)
        return len(mine)


def _enter(
    session: Session, stream: Stream, what: str, words: str, facts: dict[str, int], person: str, at: datetime
) -> None:
    case = session.get_one(Case, stream.reference)
    entry = steps.Entry(
        what=what,
        happened_at=at,
        recorded_at=at,
        clause=ANY_TIME,
        stage=case.stage,
        turn=case.turn,
        facts=facts,
        words=words,
    )
    append(session, stream, entry, person=person, through=Through.PROCESS)


def _doubtful(session: Session, stream: str, states: Collection[Delivery]) -> Sequence[Notice]:
    rows = select(Notice).where(Notice.case == stream, Notice.state.in_(states), Notice.released.is_(False))
    return session.scalars(rows.order_by(Notice.id)).all()


def _settle(session: Session, stream: str, mailed: frozenset[Key], at: datetime) -> int:
    """What waits and was mailed, is settled; its very message is kept no longer."""
    waits = _doubtful(session, stream, UNSETTLED)
    found = [one for one in waits if (one.notice, one.occasion, one.role, one.agency) in mailed]
    _change(session, found, state=Delivery.SENT, settled_at=at)
    return len(found)


def _change(session: Session, notices: Iterable[Notice], **to: Any) -> None:
    for notice in notices:
        for name, value in {**NOBODY_SENDS, **to}.items():
            setattr(notice, name, value)
        if notice.settled_at and (receiver := session.get(Receiver, notice.id)):
            receiver.message = None
    session.flush()


def _without_text(session: Session, stream: str, step: Step) -> Iterator[str]:
    """The entries of a step that came with a text which the records do not have."""
    for entry in step.entries:
        if entry.record and session.get(FreeText, (reference_of(stream), entry.record)) is None:
            yield entry.words
