"""Databases for the records, on SQLite and on PostgreSQL servers that may be taken away."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

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
