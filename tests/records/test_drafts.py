"""What is begun is claimed by one who acts on it; what came of it stays, and nothing that was written is lost."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from records import drafts
from records.drafts import CLAIMED, OUTCOME, Draft
from tests.records.making import MONDAY

OWNER, ANSWERS = "unit@example.invalid", {"reason": "as it was typed"}
SECOND = timedelta(seconds=1)


def begun(engine: Engine) -> str:
    """A draft with an answer."""
    made = drafts.begin(engine, OWNER, "board", "", {}, MONDAY)
    drafts.write(engine, made.id, ANSWERS, MONDAY)
    return made.id


def found(engine: Engine, draft_id: str) -> Draft:
    """As it stands."""
    draft = drafts.draft(engine, draft_id, OWNER)
    assert draft is not None
    return draft


def claimed(engine: Engine, draft_id: str, after: timedelta = timedelta()) -> Draft:
    """A draft that somebody acts on."""
    draft = drafts.claim(engine, draft_id, MONDAY + after)
    assert draft is not None
    return draft


def test_of_many_at_once_one_claims_a_draft(engine: Engine) -> None:
    """The others are told that somebody acts on it; its answers stay as they are."""
    draft = begun(engine)
    with ThreadPoolExecutor(4) as pool:
        claims = list(pool.map(lambda _: drafts.claim(engine, draft, MONDAY), range(8)))
    assert 1 == sum(claim is not None for claim in claims)
    assert ANSWERS == found(engine, draft).answers
    assert found(engine, draft).being_done(MONDAY)
    assert [] == drafts.drafts(engine, OWNER)


def test_an_outcome_is_never_overwritten_nor_claimed(engine: Engine) -> None:
    """The first that stands stays, whoever comes later."""
    draft = begun(engine)
    late = claimed(engine, draft)
    drafts.finish(engine, draft, {"rows": 1}, keep=False)
    drafts.finish(engine, draft, {"rows": 2}, keep=True)
    drafts.release(engine, late)
    assert {OUTCOME: {"rows": 1}} == found(engine, draft).answers
    assert drafts.claim(engine, draft, MONDAY + 2 * CLAIMED) is None
    assert found(engine, draft).over


@pytest.mark.parametrize("how", ["released", "lapsed"])
def test_where_nothing_came_of_it_a_draft_can_be_claimed_again(engine: Engine, how: str) -> None:
    """At once where that is said, else after a while; who was too slow releases nobody else's claim."""
    draft = begun(engine)
    first = claimed(engine, draft)
    if how == "released":
        drafts.release(engine, first)
    else:
        assert drafts.claim(engine, draft, MONDAY + CLAIMED - SECOND) is None
    claimed(engine, draft, CLAIMED)
    drafts.release(engine, first)
    assert found(engine, draft).being_done(MONDAY + CLAIMED)
    assert ANSWERS == found(engine, draft).answers


@pytest.mark.parametrize("keep", [True, False])
def test_what_was_written_is_kept_beside_an_outcome_only_where_that_is_asked(engine: Engine, keep: bool) -> None:
    """What counts stands in the records of the case; what was refused stands nowhere else."""
    draft = begun(engine)
    claimed(engine, draft)
    drafts.finish(engine, draft, {"refused": True}, keep=keep)
    assert (ANSWERS if keep else {}) | {OUTCOME: {"refused": True}} == found(engine, draft).answers
