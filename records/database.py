"""SQLite for whoever starts small, PostgreSQL in real use; one way to read and one to write."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Session

from protocols.errors import Unreachable, WrongUse

BUSY_SECONDS = 30
"""So long a writer waits for another one."""

CONNECT_SECONDS = 10
_WRITING = "datrys_writing"


def connect(url: str) -> Engine:
    """An engine for the records; opens no connection yet.

    Raises:
        WrongUse: the address cannot be read.
    """
    address = read_url(url)
    if address.get_backend_name() == "sqlite":
        engine = create_engine(address, hide_parameters=True, connect_args={"timeout": BUSY_SECONDS})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    return create_engine(
        address,
        hide_parameters=True,  # what stands in them is about people
        pool_pre_ping=True,
        connect_args={"connect_timeout": CONNECT_SECONDS, "options": "-c timezone=utc"},
    )


def read_url(url: str) -> URL:
    """The address, with the driver that Datrys uses.

    Raises:
        WrongUse: it cannot be read, or is of another kind of database.
    """
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        raise WrongUse(
            "DATRYS_DATABASE_URL cannot be read. Write sqlite:////folder/records.db or"
            " postgresql+psycopg2://user:password@host/name."
        ) from None
    match address.get_backend_name():
        case "sqlite" if address.database and address.database != ":memory:":
            return address
        case "postgresql":
            return address.set(drivername="postgresql+psycopg2")
        case _:
            pass
    raise WrongUse("DATRYS_DATABASE_URL names no SQLite file and no PostgreSQL database. Name one of these.")


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """A session that only reads.

    Raises:
        Unreachable: the database does not answer, or was not prepared.
    """
    with _translated(engine), Session(engine, expire_on_commit=False) as session:
        yield session


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """A session whose transaction takes the right to write at its begin, and is committed at its end.

    SQLite gives that right to one at a time, and refuses to hand it to whoever has read before: a transaction
    that began by reading would lose its writes as soon as others write too.

    Raises:
        Unreachable: the database does not answer, or was not prepared.
    """
    writer = engine.execution_options(**{_WRITING: True})
    with _translated(engine), Session(writer, expire_on_commit=False) as session, session.begin():
        yield session


def insert_for(session: Session, model: type[DeclarativeBase]) -> sqlite.Insert | postgresql.Insert:
    """An INSERT of the session's dialect, for what to do where the row is there already."""
    sqlite_here = session.get_bind().dialect.name == "sqlite"
    return sqlite.insert(model) if sqlite_here else postgresql.insert(model)


@contextmanager
def _translated(engine: Engine) -> Iterator[None]:
    try:
        yield
    except DBAPIError as fault:
        if words := _why_unreachable(engine, fault):
            raise Unreachable(words) from None
        raise


def _why_unreachable(engine: Engine, fault: DBAPIError) -> str | None:
    said = str(fault.orig)
    if "no such table" in said or getattr(fault.orig, "pgcode", None) == "42P01":
        return f"{place(engine.url)} was not prepared: run datrys migrate."
    if "file is not a database" in said:
        return f"{place(engine.url)} is no database: see that DATRYS_DATABASE_URL names the right file."
    if isinstance(fault, OperationalError | InterfaceError) or fault.connection_invalidated:
        return f"{place(engine.url)} does not answer: see that it runs and that DATRYS_DATABASE_URL is right."
    return None


def place(url: URL) -> str:
    """Where the records are, without user and password."""
    if url.get_backend_name() == "sqlite":
        return f"The records database {url.database}"
    port = f":{url.port}" if url.port else ""
    return f"The records database {url.database} at {url.host or 'this machine'}{port}"


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # transactions begin where `_begin_sqlite` says, not where the driver guesses
    for setting in (
        f"busy_timeout = {BUSY_SECONDS * 1000}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "recursive_triggers = ON",  # else REPLACE deletes behind the back of a trigger
    ):
        connection.execute(f"PRAGMA {setting}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITING)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def make_folder(url: URL) -> None:
    """The folder of a SQLite file, if it is not there yet; only its owner may look into it.

    Raises:
        Unreachable: it cannot be made.
    """
    if url.get_backend_name() != "sqlite" or not url.database:
        return
    folder = Path(url.database).parent
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as fault:
        why = os.strerror(fault.errno or 0)
        raise Unreachable(f"{place(url)} cannot be made ({why}): see to the folder.") from None
