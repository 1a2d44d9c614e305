"""The register page by page: only as many cases are read as a page needs, and those that it is asked from within."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from sqlalchemy import Engine

from protocols.access import Access
from records.access import Sight, reached, visible
from records.holding import Asker
from records.register import RegisterRow, conditions, register

BATCH = 200
"""So many cases at least are looked at together: not all of them may be seen, or answer the question."""


class Question(NamedTuple):
    """Which cases are asked for, as `register` takes it; empty for all."""

    protocol: str = ""
    stage: str = ""
    overdue: bool = False
    waiting_for: str = ""


class Page(NamedTuple):
    """Lines of the register, each with what may be seen of its case, and whether there are more after them."""

    lines: list[tuple[RegisterRow, Sight]]
    more: bool


def page(
    engine: Engine,
    asker: Asker,
    rules: Mapping[str, Access],
    question: Question,
    after: str,
    limit: int,
    fits: Callable[[Sight], bool] = lambda seen: True,
) -> Page:
    """A page of somebody's register, the oldest case first.

    Args:
        engine: the records.
        asker: whose register.
        rules: what each protocol says of access (`workflows.registry.ACCESS`).
        question: which cases are asked for.
        after: the reference of the last case of the page before; empty for the first page.
        limit: how many lines.
        fits: whether a case of which so much may be seen belongs to the answer.

    Raises:
        Unreachable: the database does not answer.
    """
    size, lines = max(limit + 1, BATCH), list[tuple[RegisterRow, Sight]]()
    wanted = conditions(question.protocol, question.stage, question.overdue)
    while len(lines) <= limit and (batch := reached(engine, asker, wanted, after, size)):
        seen = {one: sight for one, sight in visible(engine, asker, rules, batch).items() if fits(sight)}
        lines += [(row, seen[row.reference]) for row in register(engine, **question._asdict(), among=list(seen))]
        after = batch[-1]
    return Page(lines[:limit], len(lines) > limit)
