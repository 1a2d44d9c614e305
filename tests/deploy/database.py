"""PostgreSQL as its own image sets it up: a superuser, passwords by TCP, and deploy/postgres/roles.sql run once."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from typing_extensions import override

from tests.databases import Postgres, binaries, roomy_folder
from tests.deploy.compose import ROOT

ROLES = ROOT / "deploy" / "postgres" / "roles.sql"


class Deployed(Postgres):
    """A new server; only its users from the script can come in by TCP, with the passwords of the secrets."""

    def prepare(self, secrets: Path) -> None:
        """Run the script, by a socket as the image does."""
        words = ("-h", self.folder / "data", "-p", self.port, "-U", "postgres", "-f", ROLES)
        done = subprocess.run(
            [self.binaries / "psql", *map(str, words)],
            env={"SECRETS": str(secrets), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (0, "") == (done.returncode, done.stderr)

    @override
    def _address(self) -> str:
        return f"host={self.folder}/data port={self.port} user=postgres dbname=postgres"

    @override
    def _options(self) -> tuple[str, ...]:
        return ("-U", "postgres", "--auth-local=trust", "--auth-host=scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8")


@contextmanager
def deployed() -> Iterator[Deployed]:
    """Such a server, without its roles yet."""
    with roomy_folder() as folder, binaries() as there:
        server = Deployed(folder, there)
        server.run()
        try:
            yield server
        finally:
            server.stop()
