"""`datrys web` as a program of its own: it answers, stops when it is told to, and refuses in one line."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine

from starter.parts import LOCALHOST
from starter.web.serving import listen
from tests.starter.conftest import alone, nothing_answers
from tests.starter.script import SCRIPT, datrys, lines_of
from tests.story import free_port

__all__ = ["alone"]


def until_it_answers(address: str) -> httpx.Response:
    """Ask again until somebody listens."""
    until = time.monotonic() + 60
    while True:
        try:
            return httpx.get(f"{address}/readyz")
        except httpx.TransportError:
            assert time.monotonic() < until, "nobody listens"
            time.sleep(0.05)


def test_it_answers_until_it_is_told_to_stop(alone: Engine, database_url: str, tmp_path: Path) -> None:
    """With no Temporal too; it ends with 0 and without a traceback."""
    port = free_port()
    command: list[str | Path] = [SCRIPT, "web", "--port", str(port)]
    secret = {"DATRYS_SECRET_KEY": "a secret of this test alone"}
    here = os.environ | nothing_answers() | {"DATRYS_DATABASE_URL": database_url, **secret}
    with subprocess.Popen(command, env=here, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as program:
        try:
            ready = until_it_answers(f"http://{LOCALHOST}:{port}")
            refused = httpx.get(f"http://{LOCALHOST}:{port}/api/cases")
            page = httpx.get(f"http://{LOCALHOST}:{port}/")
        finally:
            program.send_signal(signal.SIGTERM)
        _, said = program.communicate(timeout=60)
    assert (200, 401) == (ready.status_code, refused.status_code)
    assert "server" not in ready.headers
    assert (200, True) == (page.status_code, "Datrys" in page.text)
    assert (0, [f"The pages and the web hook answer at http://{LOCALHOST}:{port}"]) == (
        program.returncode,
        said.splitlines(),
    )


def test_no_answer_waits_for_a_sign_that_the_one_before_came() -> None:
    """Nagle's algorithm is off, for the connections too: else each answer on an open connection takes 0.04 s more."""
    with listen(LOCALHOST, 0) as listening, socket.create_connection(listening.getsockname()):
        connection, _ = listening.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_port_in_use_is_said_with_the_remedy(alone: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 1, and no traceback; the same for a host that is none."""
    monkeypatch.setenv("DATRYS_SECRET_KEY", "a secret of this test alone")
    with socket.create_server((LOCALHOST, 0)) as server:
        port = server.getsockname()[1]
        used = lines_of(datrys("web", "--port", str(port)), 1)
    elsewhere = lines_of(datrys("web", "--host", "nowhere.invalid", "--port", "0"), 1)
    why = "stop what uses it, or give another with --host and --port."
    assert [f"Port {port} of {LOCALHOST} cannot be had (Address already in use): {why}"] == used
    assert [f"Port 0 of nowhere.invalid cannot be had (no such host): {why}"] == elsewhere


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_without_a_secret_it_does_not_start(alone: Engine) -> None:
    """One line that says what to set."""
    [line] = lines_of(datrys("web", "--port", "0"), 2)
    assert "DATRYS_SECRET_KEY is missing" in line
