"""Triggers that keep the entries as they were written, in both dialects.

A batch migration on SQLite builds a table anew and loses its triggers, so they are made again after each
migration.
"""

from sqlalchemy import Connection, text

TABLES = ("entries",)
REFUSAL = "entries are append-only"

_SQLITE = {
    "update": "BEFORE UPDATE ON {table}",
    "delete": "BEFORE DELETE ON {table}",
    "replace": (
        "BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE stream = NEW.stream AND number = NEW.number)"
    ),
}
_POSTGRESQL = {
    "change": "BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW",
    "truncate": "BEFORE TRUNCATE ON {table} FOR EACH STATEMENT",
}
_REFUSE = f"""
CREATE OR REPLACE FUNCTION datrys_refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$
"""


def protect(connection: Connection) -> None:
    """Make the triggers, anew where they are there already."""
    sqlite = connection.dialect.name == "sqlite"
    if not sqlite:
        connection.exec_driver_sql(_REFUSE)
    for name, table, event in _triggers(sqlite):
        on = "" if sqlite else f" ON {table}"
        body = f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END" if sqlite else "EXECUTE FUNCTION datrys_refuse_change()"
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}{on}")
        connection.exec_driver_sql(f"CREATE TRIGGER {name} {event} {body}")


def unprotected(connection: Connection) -> list[str]:
    """The triggers that are missing, by name."""
    sqlite = connection.dialect.name == "sqlite"
    there = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if sqlite
        else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')"
    )
    found = set(connection.scalars(text(there)))
    return [name for name, _, _ in _triggers(sqlite) if name not in found]


def _triggers(sqlite: bool) -> list[tuple[str, str, str]]:
    """Name, table and event of each trigger."""
    events = _SQLITE if sqlite else _POSTGRESQL
    return [
        (f"{table}_refuse_{kind}", table, event.format(table=table))
        for table in TABLES
        for kind, event in events.items()
    ]
