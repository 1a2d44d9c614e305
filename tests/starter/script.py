"""The script `datrys` as its users meet it: words in, an exit code and two streams out."""

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

from pytest import MonkeyPatch  # noqa: PT013 - no test module
from sqlalchemy import Engine, select
from temporalio.testing import WorkflowEnvironment

from records.database import reading
from records.models import Base
from starter import cli, delivery, temporal

SCRIPT = Path(sys.executable).parent / "datrys"
LONGEST_SECONDS = 120


class Said(NamedTuple):
    """What a call of the script came to."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """What stands on standard error."""
        return self.err.splitlines()


def datrys(*words: str | Path) -> Said:
    """Call the script here, as `main` runs it; not from within an event loop (use a thread there)."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with patch.object(sys, "argv", ["datrys", *map(str, words)]), redirect_stdout(out), redirect_stderr(err):
        try:
            cli.main()
        except SystemExit as ended:
            code = int(ended.code or 0)
    return Said(code, out.getvalue(), err.getvalue())


def real_datrys(*words: str | Path, folder: Path, **environment: str) -> Said:
    """Call the script as a program of its own, with nothing of this environment's settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DATRYS_", "TEMPORAL_"))}
    done = subprocess.run(
        [SCRIPT, *map(str, words)],
        cwd=folder,
        env=kept | environment,
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr)


def address_of(server: WorkflowEnvironment) -> str:
    """What TEMPORAL_ADDRESS has to say."""
    return server.client.service_client.config.target_host


def find_here(server: WorkflowEnvironment, database: Engine, patch: MonkeyPatch) -> None:
    """Let the script find server and records, and wait for a verdict as long as a busy machine needs."""
    patch.setenv("DATRYS_DATABASE_URL", database.url.render_as_string(hide_password=False))
    patch.setenv("TEMPORAL_ADDRESS", address_of(server))
    be_patient(patch)


def be_patient(patch: MonkeyPatch) -> None:
    """Let doors wait for a verdict as long as a busy machine needs: what is tested is what they say then."""
    for module in (temporal, delivery):
        patch.setattr(module, "PATIENCE", timedelta(seconds=60))
    patch.setattr(temporal, "CALL", timedelta(seconds=30))


def written(file: Path, content: Any) -> Path:
    """A JSON file, or a text as it is."""
    text = content if isinstance(content, str) else json.dumps(content)
    file.write_text(text, encoding="utf-8", errors="surrogatepass")
    return file


def all_rows(database: Engine) -> dict[str, list[Any]]:
    """Every row of every table: what a refusal must leave as it was."""
    with reading(database) as session:
        return {
            name: sorted(map(repr, session.execute(select(table)).all()))
            for name, table in Base.metadata.tables.items()
        }


def now() -> datetime:
    """This moment, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


def lines_of(said: Said, code: int) -> list[str]:
    """The lines of a refusal, which are sentences for people."""
    assert (code, "") == (said.code, said.out), said
    assert "Traceback" not in said.err
    assert "failed where it should not" not in said.err
    return said.lines
