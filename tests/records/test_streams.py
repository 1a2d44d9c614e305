"""Entries are there for good, and whoever changes them all the same is found out."""

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from protocols.steps import Code
from records.append_only import REFUSAL, protect
from records.streams import verify_chain
from tests.records.making import LINE_MANAGER, a_step, an_entry, keep, write

CHANGES = {
    "update": "UPDATE entries SET words = 'another' WHERE number = 2",
    "delete": "DELETE FROM entries WHERE number = 2",
    "delete the last": "DELETE FROM entries WHERE number = 3",
}
REPLACE = "INSERT OR REPLACE INTO entries SELECT * FROM entries WHERE number = 2"
TRUNCATE = "TRUNCATE entries"


@pytest.fixture
def reference(engine: Engine) -> str:
    """A case with three entries, and an immediate action with one."""
    made = keep(engine)
    facts = {"due": "2026-03-09T17:00:00+00:00", "ŵ": ["ŷ", 1, 2.5, None, {"b": 1, "a": True}]}
    write(engine, a_step(made, 1, entries=[an_entry(), an_entry("overdue", facts=facts)]))
    entry = an_entry("not_resolved", by=LINE_MANAGER, code=Code.ACCEPTED, signal_id="s1", late_recorded=True)
    write(engine, a_step(made, 2, entries=[entry]))
    write(engine, a_step(f"{made}-immediate-1", 1, entries=[an_entry("immediate-action")]))
    return made


@pytest.mark.parametrize("change", [*CHANGES.values(), REPLACE, TRUNCATE])
@pytest.mark.clause("common append-only")
def test_entries_are_append_only(engine: Engine, reference: str, change: str) -> None:
    """The database itself refuses to change, replace, delete or empty."""
    foreign = {"sqlite": TRUNCATE, "postgresql": REPLACE}[engine.dialect.name]
    if change == foreign:
        return  # no statement of this dialect
    with engine.connect() as connection, pytest.raises(DBAPIError, match=REFUSAL):
        connection.execute(text(change))


def test_the_chain_holds_over_all_entries_of_a_case(engine: Engine, reference: str) -> None:
    """What was written is what is read, immediate actions included."""
    assert verify_chain(engine, reference) is None


@pytest.mark.parametrize(("kind", "found_at"), [("update", 2), ("delete", 2), ("delete the last", 3)])
@pytest.mark.clause("common append-only")
def test_a_breach_of_the_chain_is_found(engine: Engine, reference: str, kind: str, found_at: int) -> None:
    """Somebody with all rights takes the triggers away, changes a line, and puts them back."""
    _behind_the_back(engine, f"{CHANGES[kind]} AND stream = '{reference}'")
    breach = verify_chain(engine, reference)
    assert breach
    assert (reference, found_at) == (breach.stream, breach.number)


def test_a_breach_in_an_immediate_action_is_found(engine: Engine, reference: str) -> None:
    """Its line is chained as well."""
    _behind_the_back(engine, "UPDATE entries SET words = 'x' WHERE stream LIKE '%-immediate-1'")
    breach = verify_chain(engine, reference)
    assert breach
    assert f"{reference}-immediate-1" == breach.stream


def _behind_the_back(engine: Engine, change: str) -> None:
    with engine.execution_options(datrys_writing=True).begin() as connection:
        if engine.dialect.name == "sqlite":
            for kind in ("update", "delete", "replace"):
                connection.execute(text(f"DROP TRIGGER entries_refuse_{kind}"))
        else:
            connection.execute(text("ALTER TABLE entries DISABLE TRIGGER USER"))
        connection.execute(text(change))
        if engine.dialect.name == "postgresql":
            connection.execute(text("ALTER TABLE entries ENABLE TRIGGER USER"))
        protect(connection)
