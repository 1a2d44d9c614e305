"""Databases for the records, on SQLite and on PostgreSQL servers that may be taken away."""

import os
import shutil
import signal
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import psycopg2
import psycopg2.extensions
from sqlalchemy import make_url

from records import migrate
from tests.databases import TEMPLATE, Postgres, binaries, roomy_folder

KINDS = ("sqlite", "postgresql")


class Stores:
    """New databases, already migrated, as many as are asked for.

    Args:
        folder: for SQLite's files.
        postgres: a running server.
    """

    def __init__(self, folder: Path, postgres: Postgres) -> None:
        self._folder, self._postgres = folder, postgres
        migrate(f"sqlite:///{folder}/{TEMPLATE}.db")

    def new(self, kind: str) -> str:
        """The address of a new one of this kind."""
        name = f"faults_{uuid4().hex}"
        if kind == "sqlite":
            shutil.copy(self._folder / f"{TEMPLATE}.db", self._folder / f"{name}.db")
            return f"sqlite:///{self._folder}/{name}.db"
        self._postgres.create(name, TEMPLATE)
        return self._postgres.url(name)

    def copy(self, url: str) -> str:
        """A copy of a database to which nobody is connected; answers the copy's name."""
        address, name = make_url(url), f"copy_{uuid4().hex}"
        if address.get_backend_name() == "sqlite":
            with closing(sqlite3.connect(address.database or "")) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            shutil.copy(address.database or "", self._folder / name)
        else:
            self._postgres.create(name, address.database or "")
        return name

    def put_back(self, copy: str, url: str) -> str:
        """Put a copy in the place of its database, to which nobody is connected; answers its address."""
        address = make_url(url)
        if address.get_backend_name() == "sqlite":
            for more in ("-wal", "-shm"):
                Path(f"{address.database}{more}").unlink(missing_ok=True)
            shutil.copy(self._folder / copy, address.database or "")
        else:
            self._postgres.drop(address.database or "")
            self._postgres.create(address.database or "", copy)
        return url


@contextmanager
def stores() -> Iterator[Stores]:
    """Databases that are gone afterwards, with the server that they were on."""
    with roomy_folder() as folder, roomy_folder() as other, binaries() as there:
        server = Postgres(folder, there)
        try:
            server.start()
            yield Stores(other, server)
        finally:
            server.stop()


class MortalPostgres(Postgres):
    """A server that can be killed, with every transaction under way, and started again on its files.

    It takes few connections, so that all of them can be used up.
    """

    options: Mapping[str, str | int] = {"max_connections": 20}

    def kill(self) -> None:
        """SIGKILL to the server and to each process that serves a connection."""
        server = int((self.folder / "data" / "postmaster.pid").read_text(encoding="utf-8").split()[0])
        children = Path(f"/proc/{server}/task/{server}/children").read_text(encoding="utf-8")
        for pid in (server, *map(int, children.split())):
            if Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip() != "postgres":
                raise ProcessLookupError(f"{pid} is no PostgreSQL")
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.stop()

    def session(self, database: str) -> psycopg2.extensions.connection:
        """A connection past the product."""
        return psycopg2.connect(f"host=127.0.0.1 port={self.port} user=datrys dbname={database}")

    def new(self) -> str:
        """The name of a new database, migrated."""
        name = f"faults_{uuid4().hex}"
        self.create(name, TEMPLATE)
        return name


@contextmanager
def mortal_postgres() -> Iterator[MortalPostgres]:
    """Such a server, gone afterwards."""
    with roomy_folder() as folder, binaries() as there:
        server = MortalPostgres(folder, there)
        try:
            server.start()
            yield server
        finally:
            server.stop()
