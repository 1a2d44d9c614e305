"""The lines of entries of a case: its own, and one for each immediate action; each chained by hash."""

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from protocols import steps
from records.database import insert_for, reading
from records.models import Entry, Stream

_IMMEDIATE = re.compile(r"(?P<reference>.+)-immediate-\d+")
_CHAINED = [column.key for column in Entry.__table__.columns if column.key not in ("previous", "hash")]


class Through(StrEnum):
    """How an entry came about."""

    DOOR = "door"
    ENGINE = "engine"
    PROCESS = "process"


class Breach(NamedTuple):
    """The first place at which a line of entries is not as it was written."""

    stream: str
    number: int
    what: str


def reference_of(case: str) -> str:
    """The reference of the case that a stream belongs to (`GWENT-2026-0001-immediate-1` → `GWENT-2026-0001`)."""
    match = _IMMEDIATE.fullmatch(case)
    return match["reference"] if match else case


def open_stream(session: Session, case: str) -> Stream:
    """The stream, made if it is new, locked until the transaction ends."""
    new = insert_for(session, Stream).values(stream=case, reference=reference_of(case), entries=0, last_hash="")
    session.execute(new.on_conflict_do_nothing())
    return session.scalars(select(Stream).where(Stream.stream == case).with_for_update()).one()


def append(
    session: Session, stream: Stream, entry: steps.Entry, *, person: str, through: Through, step: int | None = None
) -> Entry:
    """Write one more entry at the end of a stream, chained to the one before.

    Args:
        session: a writing session that holds the stream.
        stream: where it belongs.
        entry: what happened.
        person: who said so, as a reference to a person kept elsewhere; empty if nobody is known.
        through: how it came about.
        step: number of the step that it came with; None for what a door notes about an ended case.
    """
    by = entry.by
    row = Entry(
        **entry.model_dump(exclude={"by", "code", "facts"}),
        stream=stream.stream,
        number=stream.entries + 1,
        reference=stream.reference,
        step=step,
        by_role=by.role if by else "",
        by_agency=by.agency if by else "",
        code=entry.code or "",
        facts=entry.model_dump(mode="json")["facts"],
        person=person,
        through=through,
        previous=stream.last_hash,
    )
    row.hash = _digest(row)
    session.add(row)
    stream.entries, stream.last_hash = row.number, row.hash
    return row


def verify_chain(engine: Engine, reference: str) -> Breach | None:
    """The first breach in the entries of a case and its immediate actions, or None if they are as written.

    Raises:
        Unreachable: the database does not answer.
    """
    with reading(engine) as session:
        streams = session.scalars(select(Stream).where(Stream.reference == reference).order_by(Stream.stream)).all()
        return next((breach for stream in streams for breach in _breaches(session, stream)), None)


def _breaches(session: Session, stream: Stream) -> Iterator[Breach]:
    previous, number = "", 0
    entries = select(Entry).where(Entry.stream == stream.stream).order_by(Entry.number)
    for number, entry in enumerate(session.scalars(entries), start=1):
        if entry.number != number:
            yield Breach(stream.stream, number, "an entry is missing")
        if entry.previous != previous or entry.hash != _digest(entry):
            yield Breach(stream.stream, entry.number, "an entry is not as it was written")
        previous = entry.hash
    if (number, previous) != (stream.entries, stream.last_hash):
        yield Breach(stream.stream, number + 1, "entries are missing at the end")


def _digest(entry: Entry) -> str:
    """The hash before, and everything that the entry says in one settled form."""
    said = {name: _settled(getattr(entry, name)) for name in _CHAINED}
    line = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(f"{entry.previous}{line}".encode()).hexdigest()


def _settled(value: Any) -> Any:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
