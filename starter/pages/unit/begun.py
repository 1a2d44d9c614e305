"""What is checked before it is done: kept as begun, shown once more in full, then done once."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from fastapi.responses import Response

from protocols.errors import CaseUnknown
from records import drafts
from records.drafts import Draft
from starter.pages.unit.who import NOT_THERE
from starter.pages.visit import Visit

BEGUN = "board"
"""What drafts of these pages are called in the records."""


REFUSED = "refused"
"""In what came of it: set where it counts for nothing."""


class Check(NamedTuple):
    """What is shown before it is done, in the visitor's language.

    Attributes:
        title, rows: what it is: pairs of label and value; a value may have several lines.
        notes: what comes of it; warnings: what somebody may not want.
        listing, listed: the head of a list, and its lines.
        button: what its button says; none where it cannot be done.
        back: where it can be changed.
        faults: why it cannot be done.
    """

    title: str
    rows: tuple[tuple[str, str], ...]
    button: str
    back: str
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    listing: str = ""
    listed: tuple[str, ...] = ()
    faults: Mapping[str, str] = {}


class Done(NamedTuple):
    """What came of it, in the visitor's language.

    Attributes:
        title: in short; good: whether it was done, or at least is kept.
        notes: what comes of it.
        cases: the references of the cases that were told.
        onward: pairs of address and words.
        english: what there is in English alone.
        rows: what was written, where it counts for nothing: pairs of label and value.
        again: where that can be changed and sent again.
    """

    title: str
    notes: tuple[str, ...]
    onward: tuple[tuple[str, str], ...]
    good: bool = True
    cases: tuple[str, ...] = ()
    english: str = ""
    rows: tuple[tuple[str, str], ...] = ()
    again: str = ""


class Kind(NamedTuple):
    """A kind of work that is checked first.

    Attributes:
        check: shows what would be done.
        act: does it; what it answers is kept for `done`, and with `REFUSED` set all that was written too.
        done: says what came of it.
    """

    check: Callable[[Visit, Draft], Check]
    act: Callable[[Visit, Draft], Awaitable[Mapping[str, Any]]]
    done: Callable[[Visit, Draft], Done]


def begin(visit: Visit, facts: Mapping[str, Any], answers: Mapping[str, Any], case: str = "") -> Response:
    """Keep what was typed, and lead on to the page that shows it once more."""
    database, now = visit.door.database, visit.now
    begun = drafts.begin(database, visit.person.email, BEGUN, case, facts, now)
    drafts.write(database, begun.id, answers, now)
    return visit.go(f"/unit/check/{begun.id}")


async def begin_in_thread(
    visit: Visit, facts: Mapping[str, Any], answers: Mapping[str, Any], case: str = ""
) -> Response:
    """The same from an endpoint that waits for others meanwhile."""
    return await asyncio.to_thread(begin, visit, facts, answers, case)


def begun(visit: Visit, draft_id: str) -> Draft:
    """What this person has begun here.

    Raises:
        CaseUnknown: there is no such thing, or it is somebody else's.
    """
    found = drafts.draft(visit.door.database, draft_id, visit.person.email)
    if found is None or found.kind != BEGUN:
        raise CaseUnknown(NOT_THERE)
    return found


def typed_before(visit: Visit, draft_id: str, what: str) -> dict[str, str]:
    """What was typed into the form of something begun, so that it can be changed; nothing where there is none."""
    found = drafts.draft(visit.door.database, draft_id, visit.person.email) if draft_id else None
    same = found is not None and found.kind == BEGUN and found.facts.get("what") == what
    return dict(found.answers.get("typed", {})) if found and same else {}
