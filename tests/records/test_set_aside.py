"""Signals that a case set aside: kept once and in their order, taken back in batches, emptied as they are judged."""

from datetime import timedelta

from sqlalchemy import Engine, select

from protocols.waiting import Received, SetAside, TakeBack, sending
from records import set_aside
from records.database import reading
from records.models import WaitingSignal
from tests.records.making import MONDAY, a_step, keep, write

SIZE = 1_000


def received(key: str, size: int = 0, **facts: str) -> Received:
    """A signal of one key."""
    said = "".join(f', "{name}": "{value}"' for name, value in {"record": "r" * size, **facts}.items() if value)
    body = f'{{"id": "{key}", "by": "practitioner"{said}}}'
    return Received(name="discussion_recorded", body=body, seen=MONDAY)


def put(engine: Engine, case: str, batch: int, *signals: Received, run: str = "run") -> None:
    """Set them aside."""
    set_aside.set_aside(engine, SetAside(case=case, batch=batch, signals=list(signals)), run)


def taken(engine: Engine, case: str, *held: int) -> list[tuple[int | None, str | None]]:
    """What is taken back: where it stands, and what it says."""
    return [(one.position, one.body) for one in set_aside.take_back(engine, TakeBack(case=case, held=list(held)))]


def test_what_is_set_aside_comes_back_in_its_order(engine: Engine) -> None:
    """Of several batches and runs, and of one case alone."""
    one, other = keep(engine), keep(engine)
    signals = [received(f"s{n}") for n in range(4)]
    put(engine, one, 1, *signals[:2])
    put(engine, other, 1, received("other"))
    put(engine, one, 2, signals[2])
    put(engine, one, 1, signals[3], run="the next run")
    assert [(n, signal.body) for n, signal in enumerate(signals, start=1)] == taken(engine, one)
    assert [(1, received("other").body)] == taken(engine, other)


def test_a_batch_that_is_written_again_is_written_once(engine: Engine) -> None:
    """Though what it held is judged by then: an activity may come late."""
    case, signals = keep(engine), [received("a"), received("b")]
    put(engine, case, 1, *signals)
    put(engine, case, 1, *signals)
    before = taken(engine, case)
    write(engine, a_step(case, judged=[1, 2]))
    put(engine, case, 1, *signals)
    assert [1, 2] == [position for position, _ in before]
    assert [] == taken(engine, case)


def test_what_is_judged_is_emptied_with_its_step(engine: Engine) -> None:
    """What it said stays nowhere; what waits stays as it was."""
    case = keep(engine)
    put(engine, case, 1, received("a"), received("b"))
    write(engine, a_step(case, judged=[1]))
    with reading(engine) as session:
        rows = session.scalars(select(WaitingSignal).order_by(WaitingSignal.position)).all()
    assert [("", None), ("discussion_recorded", received("b").body)] == [(row.signal, row.body) for row in rows]
    assert [(2, received("b").body)] == taken(engine, case)


def test_no_more_is_taken_back_than_the_engine_takes_in_one_piece(engine: Engine) -> None:
    """A quarter of a megabyte at once; one that is held already is left out."""
    case = keep(engine)
    put(engine, case, 1, *(received(f"s{n}", size=7_000) for n in range(100)))
    first = taken(engine, case)
    positions = [position or 0 for position, _ in first]
    then = taken(engine, case, *positions)
    assert 200_000 < sum(len(body or "") for _, body in first) < set_aside.TAKEN_BYTES
    assert [*positions, len(positions) + 1] == [*range(1, len(positions) + 1), then[0][0]]


def test_what_happened_in_time_is_found_among_the_others(engine: Engine) -> None:
    """While a missed limit is to move the case, an answer in time comes first, wherever it stands."""
    case, late = keep(engine), MONDAY + timedelta(days=1)
    put(engine, case, 1, received("late", at=late.isoformat()), received("in-time", at=MONDAY.isoformat()))
    found = set_aside.take_back(engine, TakeBack(case=case, happened_by=MONDAY))
    assert [2] == [one.position for one in found]


def test_a_copy_of_one_sending_is_known_by_what_a_door_says_in_it() -> None:
    """The same key and the same moment at which the door took it; without these it may be said once more."""
    one, again = received("a", sent_at="2026-03-02T10:00:00"), received("a", sent_at="2026-03-02T10:00:01")
    assert sending(one) == sending(one.model_copy(update={"seen": MONDAY + timedelta(hours=1)}))
    assert sending(one) != sending(again)
    assert "" == sending(received("a"))
    assert "" == sending(Received(name="resolved", body="[1]", seen=MONDAY))
