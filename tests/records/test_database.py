"""One way to write: nothing is lost, nothing is half written, and an outage is said in one line."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import StatementError

from protocols.errors import Unreachable
from records import connect
from records.database import reading, writing
from records.models import Entry, PlannedMeeting
from tests.records.making import keep

STEPS, WRITERS = 40, 3


def test_writers_in_several_processes_lose_nothing(engine: Engine, database_url: str) -> None:
    """Worker, web hook and script write at the same time, each after having read."""
    references = [keep(engine, fingerprint=str(number)) for number in range(WRITERS)]
    writers = [
        subprocess.Popen([sys.executable, "-m", "tests.records.writer", database_url, reference, str(STEPS)])
        for reference in references
    ]
    assert [0] * WRITERS == [writer.wait() for writer in writers]
    with reading(engine) as session:
        for reference in references:
            numbers = session.scalars(select(Entry.number).where(Entry.stream == reference).order_by(Entry.number))
            assert list(range(1, STEPS + 1)) == list(numbers)


def test_a_moment_without_offset_is_not_kept(engine: Engine) -> None:
    """A naive time would be read as another hour in summer."""
    naive = datetime(2026, 6, 1, 10)  # noqa: DTZ001
    with pytest.raises(StatementError), writing(engine) as session:
        session.add(_meeting(naive))


def test_a_moment_comes_back_as_the_same_instant_in_utc(engine: Engine) -> None:
    """Whatever offset it was said with."""
    summer = datetime(2026, 6, 1, 10, tzinfo=timezone(timedelta(hours=1)))
    with writing(engine) as session:
        session.add(_meeting(summer))
    with reading(engine) as session:
        found = session.scalars(select(PlannedMeeting.starts_at)).one()
    assert (datetime(2026, 6, 1, 9, tzinfo=UTC), UTC) == (found, found.tzinfo)


@pytest.mark.parametrize("url", ["postgresql://datrys:secret@127.0.0.1:1/records", "sqlite:////nowhere/records.db"])
def test_an_outage_is_one_line_without_the_password(url: str) -> None:
    """What the driver says about a connection may hold more than a user should read."""
    with pytest.raises(Unreachable) as fault, reading(connect(url)) as session:
        session.scalars(select(Entry)).all()
    assert 1 == len(str(fault.value).splitlines())
    assert "secret" not in str(fault.value)


def test_a_database_without_tables_names_the_remedy(empty_database_url: str) -> None:
    """Whoever forgot to migrate is told so."""
    engine = connect(empty_database_url)
    with pytest.raises(Unreachable, match="datrys migrate"), reading(engine) as session:
        session.scalars(select(Entry)).all()
    engine.dispose()


def test_what_stands_in_a_statement_never_stands_in_its_error(engine: Engine) -> None:
    """Parameters are about people."""
    with pytest.raises(StatementError) as fault, writing(engine) as session:
        session.add(_meeting(datetime(2026, 6, 1, tzinfo=UTC), group="Test Person", status=None))
    assert "Test Person" not in str(fault.value).partition("DETAIL")[0]


def _meeting(starts_at: datetime, **more: object) -> PlannedMeeting:
    fields = {"board": "gwent", "id": "m1", "group": "board", "starts_at": starts_at, "status": "planned", "load": 0}
    return PlannedMeeting(**{**fields, **more})
