"""Who answered a step before: told to whoever is signed in, and to nobody else."""

from datetime import datetime
from typing import NamedTuple

from protocols.steps import Code
from records import reading
from records.said import STAGE_ENTERED
from starter.pages.saying.titled import titles_of
from starter.pages.visit import Visit


class Answered(NamedTuple):
    """The role that answered, in words, and when."""

    role: str
    at: datetime


def answered(visit: Visit, reference: str, stage: str, turn: int) -> Answered | None:
    """Who said what moved the case on from this turn of a stage; nothing where that was time alone.

    Args:
        visit: whose language it is said in.
        reference: the case.
        stage: the stage that was left; turn: which of its turns, 0 if that is not known.
    """
    view = reading.case_view(visit.door.database, reference)
    entries = (line.entry for line in reading.timeline(visit.door.database, reference) if line.case == reference)
    here = [one for one in entries if one.stage == stage and turn in (0, one.turn) and one.what != STAGE_ENTERED]
    last = here[-1] if here else None
    if last is None or last.by is None or last.code is not Code.ACCEPTED:
        return None  # the last thing that happened there is that its time ran out
    titles = titles_of(visit, view.facts.edition)
    return Answered(titles.role(last.by), last.recorded_at)
