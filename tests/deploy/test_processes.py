"""The services of docker-compose.yml as processes, PostgreSQL and Temporal real; a worker is killed in mid-case.

Each is started with the command and the environment that stand there; only addresses and folders are those of here.
"""

import json
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, TypeVar

import psycopg2
import pytest
from sqlalchemy import Engine
from temporalio.testing import WorkflowEnvironment

from records import cases, connect, outbox
from records.streams import verify_chain
from tests.deploy.compose import LONGEST_SECONDS, ROOT, Deployment
from tests.deploy.database import deployed
from tests.deploy.test_scripts import write_secrets
from tests.people import case_file
from tests.records.looking import entries, notices
from tests.starter.script import address_of, written
from tests.story import Mailbox

Found = TypeVar("Found")
EXAMPLES = ROOT / "examples"
WORKERS = ("first", "second")


class Running(NamedTuple):
    """A deployment whose workers run."""

    services: Deployment
    workers: "dict[str, subprocess.Popen[bytes]]"
    records: Engine
    mailbox: Mailbox
    administrator: str


@pytest.fixture
def running(real_server: WorkflowEnvironment, tmp_path: Path) -> Iterator[Running]:
    """What `docker compose up` starts, in its order."""
    secrets, mailbox = tmp_path / "secrets", Mailbox()
    write_secrets(secrets, "try")
    with ExitStack() as ending:
        server = ending.enter_context(deployed())
        server.prepare(secrets)
        _point_to(secrets / "datrys_database_url", "@postgresql/", f"@127.0.0.1:{server.port}/")
        _point_to(secrets / "datrys_smtp_url", "mailbox:1025", f"127.0.0.1:{mailbox.port}")
        instead = {"/run/secrets": str(secrets), "temporal:7233": address_of(real_server)}
        services = Deployment(instead)
        mailbox.open()
        ending.callback(mailbox.close)
        services.run("migrate")
        services.run("temporal-namespace")
        workers = {name: ending.enter_context(_worker(services, tmp_path, name)) for name in WORKERS}
        records = connect((secrets / "datrys_database_url").read_text().strip())
        ending.callback(records.dispose)
        administrator = f"host={server.folder}/data port={server.port} user=postgres dbname=datrys"
        yield Running(services, workers, records, mailbox, administrator)


def _point_to(secret: Path, there: str, here: str) -> None:
    text = secret.read_text()
    secret.unlink()
    secret.write_text(text.replace(there, here))
    assert here in secret.read_text()


@contextmanager
def _worker(services: Deployment, folder: Path, name: str) -> "Iterator[subprocess.Popen[bytes]]":
    """Known to the database by its name, and with a sign of life of its own, as in a container."""
    process = services.start("worker", folder / f"{name}.log", **_own(folder, name))
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _own(folder: Path, name: str) -> dict[str, str]:
    return {"PGAPPNAME": name, "DATRYS_SIGN_OF_LIFE": str(folder / f"{name}.alive")}


def until(look: Callable[[], Found]) -> Found:
    """Look until something is found."""
    end = time.monotonic() + LONGEST_SECONDS
    while not (found := look()):
        assert time.monotonic() < end
        time.sleep(0.1)
    return found


@contextmanager
def nothing_can_be_recorded(running: Running) -> Iterator[Callable[[], str]]:
    """Whoever writes an entry waits meanwhile; answers who does."""
    with closing(psycopg2.connect(running.administrator)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("LOCK TABLE entries IN EXCLUSIVE MODE")

        def waits() -> str:
            blocked = "wait_event_type = 'Lock' AND application_name = ANY(%s)"
            cursor.execute(f"SELECT application_name FROM pg_stat_activity WHERE {blocked}", (list(WORKERS),))  # noqa: S608
            row = cursor.fetchone()
            return str(row[0]) if row else ""

        yield waits


def until_it_works(worker: "subprocess.Popen[bytes]", folder: Path, name: str) -> None:
    """Wait for its first sign of life; one that ends instead has said why."""
    until(lambda: (folder / f"{name}.alive").exists() or worker.poll() is not None)
    assert worker.poll() is None, (folder / f"{name}.log").read_text(encoding="utf-8")


def until_posted(running: Running, case: str, stage: str) -> None:
    """Wait until the case has come to a stage, and all its mail has left."""
    until(lambda: stage == cases.case_facts(running.records, case).stage)
    until(lambda: not outbox.waiting(running.records, case))


def test_a_worker_that_is_killed_in_mid_case_is_replaced_by_the_other(running: Running, tmp_path: Path) -> None:
    """It dies while it records a step. The other one does that step, and leads the case to its end."""
    services, workers = running.services, running.workers
    for name in ("agencies", "people"):
        services.run("datrys", name, "import", EXAMPLES / f"{name}.csv")
    for name, worker in workers.items():
        until_it_works(worker, tmp_path, name)
    begins = datetime.now(UTC).replace(microsecond=0)
    case = services.run("datrys", "raise", written(tmp_path / "case.json", case_file(begins))).strip()
    until_posted(running, case, "practitioners")
    with ThreadPoolExecutor() as aside, nothing_can_be_recorded(running) as who_waits:
        words = ("signal", case, "not_resolved", "--by", "practitioner", "--agency", "ABUHB")
        told = aside.submit(services.run, "datrys", *words)  # it waits for the record too
        killed = until(who_waits)
        workers[killed].kill()
        assert -signal.SIGKILL == workers[killed].wait(LONGEST_SECONDS)
    assert "accepted" in told.result()
    until_posted(running, case, "line_managers")
    data = written(tmp_path / "resolved.json", {"agreed": True, "text": "A strategy discussion is held this week."})
    services.run("datrys", "signal", case, "resolved", "--by", "line_manager", "--agency", "ABUHB", "--data", data)
    until_posted(running, case, "ended")
    nothing_is_lost_and_nothing_doubled(running, case)

    (other,) = set(WORKERS) - {killed}
    assert "ok       worker: lives" in services.run("worker", "check", "--worker", **_own(tmp_path, other))
    assert "stops" not in services.run("datrys")
    workers[other].terminate()
    assert 0 == workers[other].wait(LONGEST_SECONDS)


def nothing_is_lost_and_nothing_doubled(running: Running, case: str) -> None:
    """Each step stands in the records once, each notice was sent, and each mail came once."""
    assert "ended" == json.loads(running.services.run("datrys", "show", case, "--json"))["stage"]
    steps = ["stage-entered", "not_resolved", "stage-entered", "resolved", "stage-entered"]
    assert steps == [entry.what for entry in entries(running.records)]
    assert verify_chain(running.records, case) is None
    sent = [notice.state for notice in notices(running.records)]
    assert {"sent"} == set(sent)
    mails = Counter((mail["Message-ID"], mail["To"]) for mail in running.mailbox.messages)
    assert ({1}, len(sent)) == (set(mails.values()), len(mails))
