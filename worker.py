"""The worker: the one place where the parts are put together."""

import asyncio
import logging
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from email.utils import parseaddr

from sqlalchemy import Engine as Database
from temporalio.client import Client
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

import settings
from activities.code_mail import send_code
from activities.letters import check_templates, unreviewed
from activities.posting import Post
from activities.recording import Records
from activities.smtp import TIMEOUT_SECONDS, Away, MailServer, NotEver, NotNow
from protocols.editions import read_editions
from protocols.errors import DatrysError, Refused, Unreachable
from protocols.mail import CodeFacts, Language
from records import connect as connect_records
from records.codes import LASTS
from records.keys import Keys
from records.links import Doorway
from starter.checks.life import give_signs
from starter.delivery import Delivery
from starter.temporal import TASK_QUEUE, Engine
from starter.use_cases import utc_now
from workflows.enduring import Enduring
from workflows.registry import WORKFLOWS

AT_ONCE = 1000
"""So many activities: where the mail server hangs, each case that has mail holds one, and the others record on."""

GRACE = timedelta(seconds=30)
TAKING_IN_SECONDS = 60
"""So long a workflow may think without a pause: as many signals as the engine keeps for one run (10,000) are taken in
at once where no worker was there, and the 2 seconds that the SDK allows are too few for that on a busy machine. Worse
than waiting is to be interrupted: what is left of it then cannot be put away, and this worker never takes up that case
again. The engine itself waits for 10 seconds, and then has it done once more."""

PARTING_SECONDS = 0.25
CODE_SECONDS = 10
"""So long the mail server may take over a mail with a code: somebody waits for it in front of a page."""

AGAIN = "Try again in a few minutes."
ASK = "Ask the Business Unit which address it has for you."

SendCode = Callable[[str, str, Language], Awaitable[None]]
"""Sends a code: to whom, the code, and the language that comes first."""

log = logging.getLogger(__name__)
PASSED_THROUGH = (
    "protocols",
    "workflows",
    "activities",
    "records",
    "pydantic",
    "pydantic_core",
    "sqlalchemy",
    "jinja2",
)


def sandbox() -> SandboxedWorkflowRunner:
    """How workflows are run and replayed: what is pure or passed by value is not imported anew for each."""
    return SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH))


def mail_server(setting: settings.Settings, timeout_seconds: float = TIMEOUT_SECONDS) -> MailServer:
    """Where mail is handed over."""
    return MailServer(setting.smtp_url, parseaddr(setting.mail_from)[1], timeout_seconds=timeout_seconds)


async def mail_trouble(setting: settings.Settings) -> str:
    """Why the mail server would take no mail, in words with the remedy; empty if it would. It is sent none."""
    try:
        await mail_server(setting).greet()
    except Away as fault:
        return fault.words
    finally:
        await asyncio.sleep(PARTING_SECONDS)  # the loop ends with this: a connection broken off is closed first
    return ""


def code_sender(setting: settings.Settings) -> SendCode:
    """What mails one-time codes, at once and past the outbox: it needs neither Temporal nor the records.

    What it answers with raises `Unreachable` where the mail server takes no mail for now, and `Refused` where it
    takes none for that address; both in words for whoever asked for the code.
    """
    minutes = LASTS // timedelta(minutes=1)

    async def send(email: str, code: str, first: Language) -> None:
        server = mail_server(setting, CODE_SECONDS)
        try:
            await send_code(server, setting.mail_from, email, CodeFacts(code=code, minutes=minutes), first, utc_now())
        except Away as fault:
            log.warning("A one-time code was not sent: %s", fault.words)
            raise Unreachable("The code could not be sent: the mail server does not answer.", AGAIN) from None
        except NotNow:
            raise Unreachable("The code could not be sent: the mail server did not take it.", AGAIN) from None
        except NotEver:
            raise Refused("The code could not be sent: the mail server takes no mail for this address.", ASK) from None
        finally:
            await server.close()

    return send


def doorway(setting: settings.Settings) -> Doorway | None:
    """What makes the addresses of links; nothing, where there is no secret key."""
    secret = setting.secret_key
    return Doorway(Keys(secret.get_secret_value()), setting.base_url) if secret else None


def make_worker(client: Client, database: Database, setting: settings.Settings, server: MailServer) -> Worker:
    """A worker for all workflows and activities; nothing runs before it is entered.

    Args:
        client: connected with the converter of `workflows.payloads`.
        database: the records.
        setting: what the environment says.
        server: where mail is handed over.
    """
    records = Records(database)
    post = Post(database, server, setting.mail_from, setting.business_unit, doorway=doorway(setting))
    made = Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=WORKFLOWS,
        activities=[
            records.record,
            records.next_meeting,
            records.set_aside,
            records.take_back,
            records.ahead,
            records.last_step,
            records.alarm_of,
            post.post,
        ],
        max_concurrent_activities=AT_ONCE,
        graceful_shutdown_timeout=GRACE,
        workflow_runner=sandbox(),
        interceptors=[Enduring()],
    )
    think(made, TAKING_IN_SECONDS)
    return made


def think(made: Worker, seconds: float) -> None:
    """Let workflows think for so long; the SDK has no option for it but to switch the limit off.

    Raises:
        AttributeError: the SDK names it otherwise by now.
    """
    workflows = made._workflow_worker  # noqa: SLF001
    if workflows is None or not hasattr(workflows, "_deadlock_timeout_seconds"):
        raise AttributeError("the SDK keeps its limit for a workflow's thinking elsewhere")
    if workflows._deadlock_timeout_seconds is not None:  # noqa: SLF001  with TEMPORAL_DEBUG there is none
        workflows._deadlock_timeout_seconds = seconds  # type: ignore[assignment]  # noqa: SLF001


@asynccontextmanager
async def working(client: Client, database: Database, setting: settings.Settings) -> AsyncIterator[None]:
    """Work as long as this is entered; take leave of the mail server afterwards."""
    server = mail_server(setting)
    try:
        async with make_worker(client, database, setting, server):
            yield
    finally:
        await server.close()


async def run() -> None:
    """Work until told to stop; what is under way is given 30 seconds."""
    setting = settings.load()
    check_templates(read_editions(setting.editions))
    database = connect_records(setting.database_url)
    engine = Engine(setting)
    client = await engine.client()
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with working(client, database, setting):
        beside = [asyncio.create_task(Delivery(database, engine, utc_now).keep_relaying())]
        if setting.sign_of_life:
            beside.append(asyncio.create_task(give_signs(setting.sign_of_life)))
        await stopped.wait()
        for task in beside:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def main() -> None:
    """Run, and say in one line why if that cannot be."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        asyncio.run(run())
    except DatrysError as fault:
        print(fault, file=sys.stderr)
        sys.exit(fault.exit_code)


__all__ = ["SendCode", "check_templates", "code_sender", "mail_trouble", "main", "sandbox", "unreviewed", "working"]

if __name__ == "__main__":
    main()
