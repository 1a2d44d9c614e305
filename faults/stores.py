"""Databases for the records, on SQLite and on PostgreSQL servers that may be taken away."""

import os
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import psycopg2
import psycopg2.extensions
from sqlalchemy import make_url

from records import migrate
from tests.databases import TEMPLATE, Postgres, binaries, roomy_folder

KINDS = ("sqlite", "postgresql")
ALONE = ("unshare", "--user", "--map-current-user", "--keep-caps", "--mount")
"""Starts a program that may mount what it alone sees."""


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

    def new_folder(self) -> str:
        """The address of a new SQLite database in a folder of its own, which can be taken away."""
        folder = self._folder / f"faults_{uuid4().hex}"
        folder.mkdir()
        shutil.copy(self._folder / f"{TEMPLATE}.db", folder / "records.db")
        return f"sqlite:///{folder}/records.db"

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

    It takes few connections, so that all of them can be used up; and what it has committed, it keeps.
    """

    options: Mapping[str, str | int] = {"max_connections": 20, "synchronous_commit": "on"}

    def kill(self) -> None:
        """SIGKILL to the server and to each process that serves a connection."""
        server = self._server()
        children = Path(f"/proc/{server}/task/{server}/children").read_text(encoding="utf-8")
        for pid in (server, *map(int, children.split())):
            if Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip() != "postgres":
                raise ProcessLookupError(f"{pid} is no PostgreSQL")
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.stop()

    def _server(self) -> int:
        return int((self.folder / "data" / "postmaster.pid").read_text(encoding="utf-8").split()[0])

    def session(self, database: str) -> psycopg2.extensions.connection:
        """A connection past the product."""
        return psycopg2.connect(f"host=127.0.0.1 port={self.port} user=datrys dbname={database}")

    def new(self) -> str:
        """The name of a new database, migrated."""
        name = f"faults_{uuid4().hex}"
        self.create(name, TEMPLATE)
        return name


P = TypeVar("P", bound=MortalPostgres)


class CrampedPostgres(MortalPostgres):
    """A server that keeps its databases on a file system of 32 MB, which can be filled.

    That is mounted in a namespace of its own, for which no special right is needed; others do not see it.
    """

    def __init__(self, folder: Path, binaries: Path) -> None:
        super().__init__(folder, binaries)
        self.cramped = folder / "cramped"
        self.cramped.mkdir()
        mounting = 'mount -t tmpfs -o size=32m tmpfs "$0" && exec "$@"'
        self.within = (*ALONE, "sh", "-c", mounting, str(self.cramped))

    @staticmethod
    def can_be() -> bool:
        """Whether this system lets one make such a namespace."""
        try:
            return subprocess.run([*ALONE, "true"], capture_output=True, check=False).returncode == 0
        except FileNotFoundError:
            return False

    def new(self) -> str:
        """The name of a new database, migrated, in the little room there is."""
        name = f"faults_{uuid4().hex}"
        self._execute(f"CREATE TABLESPACE cramped LOCATION '{self.cramped}'")
        self._execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} TABLESPACE cramped")
        return name

    def fill(self) -> None:
        """Leave no room."""
        self._there("cat /dev/zero > filler")

    def clear(self) -> None:
        """Leave as much room as there was."""
        self._there("rm filler")

    def _there(self, command: str) -> None:
        """Run a line of the shell in the folder as the server sees it, as whom it runs."""
        there = f"/proc/{self._server()}/root{self.cramped}"
        subprocess.run(["/bin/sh", "-c", command], cwd=there, user=self.user, capture_output=True, check=False)

    def complained(self) -> bool:
        """Whether somebody met the full disk."""
        return "No space left on device" in (self.folder / "log").read_text(encoding="utf-8")


@contextmanager
def mortal_postgres() -> Iterator[MortalPostgres]:
    """Such a server, gone afterwards."""
    with _served(MortalPostgres) as server:
        yield server


@contextmanager
def cramped_postgres() -> Iterator[CrampedPostgres]:
    """Such a server, gone afterwards."""
    with _served(CrampedPostgres) as server:
        yield server


@contextmanager
def _served(kind: type[P]) -> Iterator[P]:
    with roomy_folder() as folder, binaries() as there:
        server = kind(folder, there)
        try:
            server.start()
            yield server
        finally:
            server.stop()
