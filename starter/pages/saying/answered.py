"""Who answered a step before: told to whoever is signed in, and to nobody else."""

from datetime import datetime
from typing import NamedTuple

from records import reading
from records.said import standing
from starter.pages.saying.words import role_in_words
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
    said = [one for one in standing(entries) if one.by and one.stage == stage and turn in (0, one.turn)]
    if not said or said[-1].by is None:
        return None
    return Answered(role_in_words(said[-1].by, view.facts.edition, visit.tongue), said[-1].recorded_at)
