"""The steps that bring a database to the tables of today, run by alembic."""

from pathlib import Path
from typing import NamedTuple

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError

from protocols.errors import Unreachable
from records.database import CONNECT_SECONDS, connect, make_folder, place, read_url, reading

MIGRATING = 0x44617472
"""Number of the lock on PostgreSQL that keeps two migrations apart."""


class Revision(NamedTuple):
    """Where the tables are, and where they should be; `current` is None before the first step."""

    current: str | None
    head: str

    @property
    def up_to_date(self) -> bool:
        """Whether nothing is left to migrate."""
        return self.current == self.head


def migrate(url: str) -> None:
    """Bring the database to the tables of today, all steps in one transaction; two at once do no harm.

    Raises:
        WrongUse: the address cannot be read.
        Unreachable: the database does not answer, or its file cannot be made.
    """
    address = read_url(url)
    make_folder(address)
    sqlite = address.get_backend_name() == "sqlite"
    engine = create_engine(
        address,
        hide_parameters=True,
        connect_args={} if sqlite else {"connect_timeout": CONNECT_SECONDS},
        isolation_level="AUTOCOMMIT",  # the transaction is opened by hand: it has to cover SQLite's tables too
    )
    try:
        with engine.connect() as connection:
            _upgrade(connection)
    except DBAPIError as fault:
        if fault.connection_invalidated or connection_failed(fault):
            raise Unreachable(f"{place(address)} does not answer: see that it runs and may be written to.") from None
        raise
    finally:
        engine.dispose()


def revision(url: str) -> Revision:
    """How far the database is migrated, and how far it can be.

    Raises:
        WrongUse: the address cannot be read.
        Unreachable: the database does not answer.
    """
    engine = connect(url)
    try:
        with reading(engine) as session:
            current = MigrationContext.configure(session.connection()).get_current_revision()
    finally:
        engine.dispose()
    return Revision(current, ScriptDirectory.from_config(config()).get_current_head() or "")


def config(connection: Connection | None = None) -> Config:
    """What alembic has to know; it reads no file for it."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    made.attributes["connection"] = connection
    return made


def connection_failed(fault: DBAPIError) -> bool:
    """Whether the database was not there at all, rather than refusing a statement."""
    return fault.statement is None or "locked" in str(fault.orig) or "readonly" in str(fault.orig)


def _upgrade(connection: Connection) -> None:
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:
        connection.exec_driver_sql("PRAGMA busy_timeout = 30000")
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")  # a table that is built anew is missing for a while
    connection.exec_driver_sql("BEGIN IMMEDIATE" if sqlite else "BEGIN")
    try:
        if not sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": MIGRATING})
        command.upgrade(config(connection), "head")
    except BaseException:
        connection.exec_driver_sql("ROLLBACK")
        raise
    connection.exec_driver_sql("COMMIT")
