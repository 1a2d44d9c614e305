"""Nothing about a person is kept longer than the pages say, though nobody makes another of its kind."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from protocols.access import Proof
from protocols.waiting import Received, SetAside
from records import codes, drafts, models, sessions, set_aside, signing
from records.database import reading, writing
from records.keys import Keys
from records.models import Draft, OneTimeCode, Session, SignedCall, WaitingSignal
from records.models.base import Base
from records.sweeping import sweep
from tests.records.making import MONDAY, a_step, keep, write

EMAIL, SECOND = "somebody@example.invalid", timedelta(seconds=1)
KEPT = {
    Draft: timedelta(days=30),
    OneTimeCode: timedelta(days=1),
    Session: sessions.LONGEST[Proof.SIGNED_IN] + timedelta(days=30),
    SignedCall: timedelta(hours=1),
    WaitingSignal: timedelta(days=1),
}


def make_all(engine: Engine, at: datetime) -> None:
    """One of each."""
    drafts.begin(engine, EMAIL, "case", "", {}, at)
    codes.make(engine, Keys("a secret of a test, long enough"), EMAIL, "answer", "a browser", at)
    sessions.begin(engine, EMAIL, Proof.SIGNED_IN, at)
    signing.take(engine, "a-token", "a message", at)
    case = keep(engine)
    set_aside.set_aside(engine, SetAside(case=case, batch=1, signals=[Received(name="x", body=None, seen=at)]), "run")
    write(engine, a_step(case, judged=[1], at=at))


def left(engine: Engine, model: type[Base]) -> int:
    """How many there are."""
    with reading(engine) as session:
        return session.scalars(select(func.count()).select_from(model)).one()


@pytest.mark.parametrize("model", KEPT)
def test_what_is_kept_for_a_while_goes_by_itself(engine: Engine, model: type[Base]) -> None:
    """To the second, and nothing goes before its time."""
    make_all(engine, MONDAY)
    sweep(engine, MONDAY + KEPT[model])
    before = left(engine, model)
    sweep(engine, MONDAY + KEPT[model] + SECOND)
    assert (1, 0) == (before, left(engine, model))


def test_what_waits_to_be_judged_stays_however_long_that_takes(engine: Engine) -> None:
    """A case whose worker is away for months judges it afterwards."""
    signals = [Received(name="x", body=None, seen=MONDAY)]
    set_aside.set_aside(engine, SetAside(case=keep(engine), batch=1, signals=signals), "run")
    sweep(engine, MONDAY + timedelta(days=400))
    assert 1 == left(engine, WaitingSignal)


def test_several_may_sweep_at_once(engine: Engine) -> None:
    """As several workers do; none waits for another for ever, and all that is old is gone."""
    with writing(engine) as session:
        facts: dict[str, Any] = {
            "owner": EMAIL,
            "kind": "case",
            "case": "",
            "facts": {},
            "answers": {},
            "sent_at": None,
        }
        session.add_all(
            models.Draft(id=str(number), made_at=MONDAY, changed_at=MONDAY, **facts) for number in range(200)
        )
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: sweep(engine, MONDAY + timedelta(days=31)), range(8)))
    sweep(engine, MONDAY + timedelta(days=31))
    assert 0 == left(engine, models.Draft)
