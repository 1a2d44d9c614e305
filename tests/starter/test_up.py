"""`datrys up` as a user starts and stops it: a process of its own, a folder of its own, the real parts."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import httpx
import pytest
from temporalio.client import Client, WorkflowExecutionStatus

from starter.up import SEARCH_ATTRIBUTES, Ports

PROGRAM = """
import sys
from pathlib import Path
import settings
from protocols.errors import DatrysError
from starter.up import Ports, up

def loaded():
    said = settings.load()
    words = [said.base_url, said.mailbox_url, said.secret_key.get_secret_value()]
    Path("said").write_text("\\n".join(words))
    return "Loaded the examples."

try:
    up(Path.cwd(), Ports(*map(int, sys.argv[1:])), loaded)
except DatrysError as error:
    print(error, file=sys.stderr)
    raise SystemExit(error.exit_code)
"""
LONGEST_SECONDS = 120


@pytest.fixture
def ports() -> Ports:
    with ExitStack() as held:
        free = [held.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1] for _ in range(5)]
    return Ports(*free)


def command(ports: Ports) -> list[str]:
    return [sys.executable, "-c", PROGRAM, *map(str, asdict(ports).values())]


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DATRYS_", "TEMPORAL_"))}
    return kept | more


@contextmanager
def running(folder: Path, ports: Ports, **more: str) -> Iterator[subprocess.Popen[str]]:
    """Started, ready, and stopped again as with Ctrl-C."""
    with subprocess.Popen(
        command(ports),
        cwd=folder,
        env=environment(**more),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            assert process.stdout is not None
            assert any("Ctrl-C" in line for line in process.stdout), process.stderr and process.stderr.read()
            yield process
        finally:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGINT)
            process.wait(LONGEST_SECONDS)


def refusal(folder: Path, ports: Ports, **more: str) -> tuple[int, list[str]]:
    """Exit code and error lines of a start that is expected to be refused."""
    done = subprocess.run(
        command(ports),
        cwd=folder,
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        check=False,
    )
    return done.returncode, done.stderr.splitlines()


def listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + LONGEST_SECONDS
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.05)


def said(folder: Path) -> list[str]:
    """Where links lead, where mail is caught, and the secret key: the environment that all parts were started in."""
    return (folder / "said").read_text().splitlines()


def lead_here(ports: Ports) -> list[str]:
    return [f"http://127.0.0.1:{ports.web}", f"http://127.0.0.1:{ports.mailbox}"]


async def test_all_answers_and_a_second_start_goes_on(tmp_path: Path, ports: Ports) -> None:
    """Each printed address answers, and after a stop and a start the cases and mails are still there."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "datrys@localhost.invalid", "chair@board.invalid", "Kept"
    mail.set_content("Cedwir hwn.")
    with running(tmp_path, ports):
        assert 200 == httpx.get(f"http://127.0.0.1:{ports.temporal_ui}", follow_redirects=True).status_code
        assert 200 == httpx.get(f"http://127.0.0.1:{ports.web}/readyz").status_code
        await aiosmtplib.send(mail, hostname="127.0.0.1", port=ports.smtp)
        temporal = await Client.connect(f"127.0.0.1:{ports.temporal}")
        await temporal.start_workflow("Kept", id="kept", task_queue="nobody-asks-here")
    with running(tmp_path, ports):
        assert ["Kept"] == [
            kept["subject"] for kept in httpx.get(f"http://127.0.0.1:{ports.mailbox}/messages.json").json()
        ]
        temporal = await Client.connect(f"127.0.0.1:{ports.temporal}")
        kept = await temporal.get_workflow_handle("kept").describe()
        assert WorkflowExecutionStatus.RUNNING == kept.status
        query = " AND ".join(f"{name} IS NULL" for name in SEARCH_ATTRIBUTES)
        assert 1 == (await temporal.count_workflows(query)).count


def test_links_lead_here_with_a_secret_that_is_made_once(tmp_path: Path, ports: Ports) -> None:
    """Whatever the environment says of the pages; only the owner of the folder can read the secret."""
    elsewhere = {"DATRYS_BASE_URL": "https://datrys.board.invalid", "DATRYS_MAILBOX_URL_FILE": "/nowhere"}
    with running(tmp_path, ports, **elsewhere, DATRYS_SECRET_KEY=""):
        *addresses, secret = said(tmp_path)
    kept = tmp_path / ".datrys" / "secret-key"
    assert lead_here(ports) == addresses
    assert (secret, 0o600) == (kept.read_text(), kept.stat().st_mode & 0o777)
    assert len(secret) > 40
    with running(tmp_path, ports):
        assert [*lead_here(ports), secret] == said(tmp_path)


def test_a_secret_of_the_environment_is_used(tmp_path: Path, ports: Ports) -> None:
    """From a file here; none is made then."""
    own = tmp_path / "own"
    own.write_text("a secret of a test, long enough")
    with running(tmp_path, ports, DATRYS_SECRET_KEY_FILE=str(own)):
        assert own.read_text() == said(tmp_path)[-1]
    assert not (tmp_path / ".datrys" / "secret-key").exists()


def test_a_stop_ends_every_part(tmp_path: Path, ports: Ports) -> None:
    """SIGTERM ends the parts too, with exit code 0, and says that nothing is lost."""
    with running(tmp_path, ports) as process:
        process.terminate()
        said = process.communicate(timeout=LONGEST_SECONDS)[1]
    assert 0 == process.returncode
    assert "Stopped; the next start goes on from here." == said.splitlines()[-1]
    assert not any(listens(port) for port in asdict(ports).values())


def test_parts_do_not_outlive_a_killed_start(tmp_path: Path, ports: Ports) -> None:
    """If `datrys up` itself is killed, its parts end too, and the next start finds the ports free."""
    with running(tmp_path, ports) as process:
        process.kill()
        process.wait(LONGEST_SECONDS)
        wait_until(lambda: not any(listens(port) for port in asdict(ports).values()))
    assert [] == [port for port in asdict(ports).values() if listens(port)]


def test_the_same_folder_is_not_used_twice(tmp_path: Path, ports: Ports) -> None:
    """A second start in the same folder is refused with one line that names the first."""
    with running(tmp_path, ports) as process:
        code, said = refusal(tmp_path, ports)
    assert 1 == code
    assert [f"Datrys already runs in {tmp_path} (process {process.pid}): use that one, or stop it first."] == said


def test_a_port_in_use_is_named_with_the_remedy(tmp_path: Path, ports: Ports) -> None:
    """Each port in use is refused with one line, before anything is started."""
    with socket.create_server(("127.0.0.1", ports.smtp)), socket.create_server(("127.0.0.1", ports.temporal)):
        code, said = refusal(tmp_path, ports)
    why = "cannot be had (Address already in use): stop what uses it, or give another with"
    assert 1 == code
    assert [
        f"Port {ports.temporal} {why} --temporal-port.",
        f"Port {ports.smtp} {why} --smtp-port.",
    ] == said


def test_a_wrong_setting_stops_the_start(tmp_path: Path, ports: Ports) -> None:
    """A wrong setting is said in one line with exit code 2, before anything is started."""
    code, said = refusal(tmp_path, ports, DATRYS_OFFICE_HOURS="nine to five")
    assert 2 == code
    assert ["DATRYS_OFFICE_HOURS 'nine to five' is no pair of times of a day; write it like 09:00-17:00."] == said
