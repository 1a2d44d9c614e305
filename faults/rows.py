"""All rows, in the order of the table."""

from collections.abc import Awaitable
from typing import Protocol

from faults import (
    at_the_limit,
    bugged,
    days_away,
    disorder,
    engine_away,
    gone_for_days,
    killed_worker,
    long_inbox,
    mail,
    older,
    one_moment,
    operators,
    race,
    random_story,
    records_away,
    same_second,
    stepped_clock,
)
from faults.found import Found
from faults.yard import Yard


class Row(Protocol):
    """What tries a fault, cut short or not."""

    def __call__(self, yard: Yard, *, short: bool) -> Awaitable[list[Found]]: ...


ROWS: dict[str, Row] = {
    "points": killed_worker.at_each_point,
    "random": killed_worker.at_random_moments,
    "mail": mail.misbehaving,
    "engine": engine_away.in_the_middle_of_signals,
    "due": engine_away.across_a_due_time,
    "records": records_away.gone,
    "days": days_away.for_days,
    "doubled": disorder.doubled,
    "early": disorder.too_early,
    "late": disorder.too_late,
    "bombarded": disorder.bombarded,
    "race": race.kept_and_direct,
    "aside": long_inbox.set_aside,
    "moment": one_moment.ends_for_many,
    "gone": gone_for_days.over_a_clock_change,
    "clock": stepped_clock.by_an_hour,
    "change": same_second.with_a_change,
    "limit": at_the_limit.met_as_it_ends,
    "bug": bugged.until_mended,
    "histories": bugged.old_histories,
    "reset": operators.resets,
    "terminated": operators.terminations,
    "restored": older.records_restored,
    "engine-restored": older.engine_restored,
    "stories": random_story.against_the_model,
}
"""Each row by a name that `python -m faults NAME` takes; called with `short` it is cut short."""

SHORT = ("points", "mail", "doubled", "limit", "histories", "terminated", "stories")
"""Those whose short cut `make test` runs; of what the others show, tests of the pieces show a part."""
