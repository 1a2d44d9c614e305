"""`datrys up`: everything on this machine with one command, kept in `.datrys` for the next start."""

import asyncio
import fcntl
import os
import secrets
import shlex
import shutil
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError

import settings
from protocols.errors import Refused
from records import migrate
from starter import up_sign_in
from starter.parts import LOCALHOST, Part, beside_python

TASK_QUEUE = "disagreements"
NAMESPACE = "default"
SEARCH_ATTRIBUTES = {
    "DatrysProtocol": "Keyword",
    "DatrysStage": "Keyword",
    "DatrysWaitingFor": "Keyword",
    "DatrysAuthority": "Keyword",
    "DatrysDue": "Datetime",
    "DatrysOverdue": "Bool",
}
FLAGS_EARLY = "system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute=2"
"""For a server's dynamic configuration: a workflow shows as stuck after 10 seconds; by itself it does after 50."""

NEXT = (
    "cases",
    "raise .datrys/today/gwent.json  # once `python -m examples.today` has written it: see the README",
    "raise .datrys/today/cwm-taf-morgannwg.json  # the same under the other protocol",
)
OVERRULED = ("TEMPORAL_", "DATRYS_SMTP_URL", "DATRYS_BASE_URL", "DATRYS_MAILBOX_URL", up_sign_in.SETTINGS)
SECRET_BYTES = 32
WORKER_GRACE_SECONDS = 35  # The worker gives its activities 30.


@dataclass(frozen=True)
class Ports:
    """Where each part listens, on this machine only."""

    temporal: int = 7233
    temporal_ui: int = 8233
    smtp: int = 1025
    mailbox: int = 8025
    web: int = 8000
    sign_in: int = 8090


def up(folder: Path, ports: Ports, first_load: Callable[[], str | None] = lambda: None) -> None:
    """Run Temporal, records, mailbox, sign-in, worker and both doors until Ctrl-C or SIGTERM.

    Args:
        folder: where `.datrys` is, or is made.
        ports: where the parts listen.
        first_load: called once all answer; loads the examples where the directory is still empty, and returns
            what it loaded, in words.

    Raises:
        Refused: if a port is in use, or the same folder already.
        Unreachable: if a part cannot be started.
        WrongSetting: if the environment is wrong.
    """
    data = folder.resolve() / ".datrys"
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone_in(data):
        _refuse_used(ports)
        _point_here(data, ports)
        settings.load()  # A wrong setting is said before anything is started.
        with suppress(asyncio.CancelledError):
            asyncio.run(_run(data, ports, first_load))
        _say("Stopped; the next start goes on from here.")


@contextmanager
def _alone_in(data: Path) -> Iterator[None]:
    with (data / "lock").open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            other = f"Datrys already runs in {data.parent} (process {lock.read()})"
            raise Refused(f"{other}: use that one, or stop it first.") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _refuse_used(ports: Ports) -> None:
    faults = []
    for name, port in asdict(ports).items():
        try:
            socket.create_server((LOCALHOST, port)).close()
        except OSError as error:
            remedy = f"stop what uses it, or give another with --{name.replace('_', '-')}-port"
            faults.append(f"Port {port} cannot be had ({os.strerror(error.errno or 0)}): {remedy}.")
    if faults:
        raise Refused(*faults)


def _point_here(data: Path, ports: Ports) -> None:
    """Set the environment, for this program and its parts, to what runs here.

    Whatever else it says of Temporal, mail and pages is overruled: a try-out must reach neither a real server nor a
    real mailbox, and its links lead here. Database and secret key alone may be others.
    """
    for name in [name for name in os.environ if name.startswith(OVERRULED)]:
        del os.environ[name]
    os.environ["TEMPORAL_CONFIG_FILE"] = os.devnull
    os.environ |= _addresses(ports) | _pages(ports)
    if not os.environ.get("DATRYS_SECRET_KEY") and not os.environ.get("DATRYS_SECRET_KEY_FILE"):
        os.environ["DATRYS_SECRET_KEY"] = _secret_kept(data / "secret-key")
    if not {"DATRYS_DATABASE_URL", "DATRYS_DATABASE_URL_FILE"} & os.environ.keys():
        os.environ["DATRYS_DATABASE_URL"] = f"sqlite:///{data}/records.db"


def _addresses(ports: Ports) -> dict[str, str]:
    return {
        "TEMPORAL_ADDRESS": f"{LOCALHOST}:{ports.temporal}",
        "DATRYS_SMTP_URL": f"smtp://{LOCALHOST}:{ports.smtp}",
    }


def _pages(ports: Ports) -> dict[str, str]:
    """Where links lead, and where the pages say that mail is caught."""
    return {
        "DATRYS_BASE_URL": f"http://{LOCALHOST}:{ports.web}",
        "DATRYS_MAILBOX_URL": f"http://{LOCALHOST}:{ports.mailbox}",
    }


def _secret_kept(file: Path) -> str:
    """The secret key of this folder, made at the first start, so that links count after the next one too."""
    file.touch(mode=0o600)
    if not file.read_text(encoding="utf-8").strip():
        file.write_text(secrets.token_urlsafe(SECRET_BYTES), encoding="utf-8")
    return file.read_text(encoding="utf-8").strip()


async def _run(data: Path, ports: Ports, first_load: Callable[[], str | None]) -> None:
    task = asyncio.current_task()
    assert task is not None  # noqa: S101
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    temporal, mailbox, sign_in, worker, web = parts = _parts(data, ports)
    async with AsyncExitStack() as ending:
        for part in parts:
            ending.push_async_callback(part.end)
        ending.callback(_say, "Stopping …")
        _say("Starting Temporal, the mailbox and the sign-in …")
        await temporal.start()
        await mailbox.start()
        await sign_in.start()
        await asyncio.to_thread(migrate, settings.load().database_url)
        await asyncio.gather(*(part.until_it_answers() for part in (temporal, mailbox, sign_in)))
        _say("Starting the worker and the pages …")
        await worker.start()
        await web.start()
        await asyncio.gather(worker.until_it_answers(), web.until_it_answers())
        if loaded := await asyncio.to_thread(first_load):
            _say(loaded)
        _tell_addresses(data, ports)
        await asyncio.gather(*(part.keep_running(_say) for part in parts))


def _say(words: str) -> None:
    Console(stderr=True, soft_wrap=True).print(words, markup=False, highlight=False)


def _parts(data: Path, ports: Ports) -> tuple[Part, Part, Part, Part, Part]:
    """In the order in which they are started; they are ended the other way round."""
    temporal = (
        *(beside_python("temporal"), "server", "start-dev", "--db-filename", str(data / "temporal.db")),
        *("--ip", LOCALHOST, "--port", str(ports.temporal), "--ui-port", str(ports.temporal_ui)),
        *("--log-level", "error", "--dynamic-config-value", FLAGS_EARLY),
        *(f"--search-attribute={name}={kind}" for name, kind in SEARCH_ATTRIBUTES.items()),
    )
    mailbox = (
        *(sys.executable, "-m", "starter.mailbox", str(data / "mailbox")),
        *("--smtp-port", str(ports.smtp), "--http-port", str(ports.mailbox)),
    )
    worker = (sys.executable, "-m", "worker")
    web = (beside_python("datrys"), "web", "--port", str(ports.web))
    return (
        Part("Temporal", temporal, data / "temporal.log", partial(_temporal_answers, ports)),
        Part("The mailbox", mailbox, data / "mailbox.log", partial(_mailbox_answers, ports)),
        up_sign_in.provider(ports.sign_in, data / "sign-in.log", partial(_web_answers, ports.sign_in)),
        Part("The worker", worker, data / "worker.log", partial(_worker_polls, ports), WORKER_GRACE_SECONDS),
        Part(
            "The web hook",
            web,
            data / "web.log",
            partial(_web_answers, ports.web),
            WORKER_GRACE_SECONDS,
            environment=up_sign_in.settings_of(ports.sign_in),
        ),
    )


async def _temporal_answers(ports: Ports) -> bool:
    return await _pollers(ports) is not None and await _web_answers(ports.temporal_ui)


async def _worker_polls(ports: Ports) -> bool:
    return bool(await _pollers(ports))


async def _pollers(ports: Ports) -> int | None:
    """How many workers ask for work on the task queue; nothing while Temporal does not answer."""
    question = DescribeTaskQueueRequest(
        namespace=NAMESPACE,
        task_queue=TaskQueue(name=TASK_QUEUE),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    try:
        client = await Client.connect(f"{LOCALHOST}:{ports.temporal}", namespace=NAMESPACE)
        answer = await client.workflow_service.describe_task_queue(question, timeout=timedelta(seconds=5))
    except (RPCError, RuntimeError):
        return None
    return len(answer.pollers)


async def _mailbox_answers(ports: Ports) -> bool:
    return await _first_words(ports.smtp, b"") == b"220" and await _web_answers(ports.mailbox)


async def _web_answers(port: int) -> bool:
    return await _first_words(port, b"GET / HTTP/1.0\r\n\r\n") == b"HTT"


async def _first_words(port: int, question: bytes) -> bytes:
    try:
        async with asyncio.timeout(5):
            reader, writer = await asyncio.open_connection(LOCALHOST, port)
            writer.write(question)
            answer = await reader.read(3)
            writer.close()
    except (OSError, TimeoutError):
        return b""
    return answer


def _tell_addresses(data: Path, ports: Ports) -> None:
    """On standard output, so that it can be read by a program; all else goes to standard error."""
    records = os.environ.get("DATRYS_DATABASE_URL", "")
    where = f"{data}/records.db" if records.startswith("sqlite") else "the database of DATRYS_DATABASE_URL"
    tell = Console(soft_wrap=True, highlight=False).print
    tell("\n[bold green]Datrys is ready.[/]")
    tell(f"  Pages        http://{LOCALHOST}:{ports.web}")
    tell(f"  Temporal UI  http://{LOCALHOST}:{ports.temporal_ui}")
    tell(f"  Mailbox      http://{LOCALHOST}:{ports.mailbox}  (all mail is caught here)")
    tell(f"  Web hook     http://{LOCALHOST}:{ports.web}  (for programs: docs/web.md)")
    tell(f"  Records      {escape(where)}")
    _tell_people(tell)
    tell("In another terminal, in this folder:")
    for name, value in _addresses(ports).items() if ports != Ports() else ():
        tell(f"  export {name}={value}")
    for command in NEXT:
        tell(f"  {escape(_script())} {command}")
    tell("Ctrl-C stops it all; nothing is lost.\n")


def _tell_people(tell: Callable[[str], None]) -> None:
    people = up_sign_in.people()
    widest = max((len(one.email) for one in people), default=0)
    for board in dict.fromkeys(one.board for one in people):
        tell(f"Sign in as, in {escape(board)}:")
        for one in people:
            if one.board == board:
                tell(f"  {one.email:<{widest}}  {escape(one.role)}")


def _script() -> str:
    """How `datrys` is called from a terminal in which the environment may not be active."""
    beside = Path(sys.executable).parent / "datrys"
    if shutil.which("datrys") or not beside.is_relative_to(Path.cwd()):
        return "datrys"
    return shlex.quote(str(beside.relative_to(Path.cwd())))
