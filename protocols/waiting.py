"""Signals that wait to be judged, and how they pass between a case and the records where very many wait."""

import hashlib
import json
from datetime import datetime

from pydantic import BaseModel

from protocols.messages import read


class Received(BaseModel, frozen=True):
    """A signal as it came in.

    Attributes:
        name: of the signal.
        body: its one JSON object as text, None where there was no such thing.
        seen: when the case saw it.
        position: where it stands among what is set aside in the records, for one that was taken back from there.
    """

    name: str
    body: str | None
    seen: datetime
    position: int | None = None


def happened_at(received: Received) -> datetime:
    """When a signal that waits to be judged happened, as it says itself; else when it was seen."""
    envelope = read(received.name, received.body, received.seen).envelope
    return envelope.at if envelope else received.seen


def sending(received: Received) -> str:
    """By what a copy of the same sending is known; empty where nothing tells a copy from the same said once more.

    A door says when it took what it sends. It and the relay may both deliver what it kept, in the same moment.
    """
    said = json.loads(received.body) if received.body else None
    if not isinstance(said, dict) or not (said.get("id") and said.get("sent_at")):
        return ""
    return hashlib.sha256(json.dumps([received.name, said], sort_keys=True).encode()).hexdigest()[:12]


class SetAside(BaseModel, frozen=True):
    """What is set aside in one transaction.

    Attributes:
        case: the reference, or `REFERENCE-immediate-N`.
        batch: its number among those of one run; of a run the same number is written once.
        signals: in their order, behind all that is set aside already.
    """

    case: str
    batch: int
    signals: list[Received]


class TakeBack(BaseModel, frozen=True):
    """What is asked for of what was set aside: the oldest, a batch at most.

    Attributes:
        case: the reference, or `REFERENCE-immediate-N`.
        held: positions of those that were taken back already, and wait still.
        happened_by: only what happened by this moment, where a missed limit is to move the case.
    """

    case: str
    held: list[int] = []
    happened_by: datetime | None = None
