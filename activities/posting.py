"""The post: drains a case's outbox, oldest first to each receiver; whoever cannot take mail now holds up nobody."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial

from sqlalchemy import Engine
from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.envelope import Write, message
from activities.in_thread import in_thread
from activities.letters import write_letter
from activities.smtp import Away, Line, MailServer, NotEver, NotNow
from records import outbox
from records.links import Doorway
from records.outbox import Draft, Leased

log = logging.getLogger(__name__)
LAST_MAIL_SECONDS = 10
"""So long a mail that is being handed over may take when the post is cancelled; then it is broken off."""

BEAT_SECONDS = 3


class Post:
    """The activity that sends what `record` queued.

    Args:
        engine: the records.
        server: where mail is handed over.
        mail_from: who it comes from.
        contact: how to reach the Business Unit, in a few words.
        write: writes a letter from its facts.
        doorway: what makes the address of a mail's link; without it mails have none.
    """

    def __init__(
        self,
        engine: Engine,
        server: MailServer,
        mail_from: str,
        contact: str = "",
        write: Write = write_letter,
        doorway: Doorway | None = None,
    ) -> None:
        self._engine, self._server, self._write = engine, server, write
        self._mail_from, self._contact, self._doorway = mail_from, contact, doorway

    @activity.defn
    async def post(self, case: str, recorded: int = 0) -> None:
        """Send all that waits in the outbox of a case, or of an immediate action.

        Args:
            case: the reference, or `REFERENCE-immediate-N`.
            recorded: the last step that the workflow knows to be written; 0 for what asks whatever is written.

        Raises:
            ApplicationError: something waits still, or the records lack that step; to be tried again.
        """
        stop = asyncio.Event()
        draining = asyncio.create_task(self._drain(case, recorded, stop))
        async with _heartbeat():
            try:
                await asyncio.shield(draining)
            except asyncio.CancelledError:
                stop.set()
                await _finish(draining)
                raise
        left = await in_thread(partial(outbox.waiting, self._engine, case, recorded))
        if left and not stop.is_set():
            raise ApplicationError(
                f"{left} notices wait for the mail server, their receiver, or an operator's decision",
                type="Waiting",
                category=ApplicationErrorCategory.BENIGN,
            )

    async def _drain(self, case: str, recorded: int, stop: asyncio.Event) -> None:
        held: set[str] = set()
        if not await in_thread(partial(outbox.waiting, self._engine, case, recorded)):
            return  # no connection for nothing
        async with self._server.line() as line:
            while not stop.is_set():
                await _ready(line)
                leased = await in_thread(
                    partial(outbox.lease_next, self._engine, case, held, self._compose, self._doorway, recorded)
                )
                if leased is None:
                    return
                await self._send(line, leased, held)

    async def _send(self, line: Line, leased: Leased, held: set[str]) -> None:
        """Send one message and write down what became of it, whatever happens meanwhile."""
        became: Callable[[], None] = partial(outbox.not_now, self._engine, leased)
        try:
            await line.send(leased.email, leased.message)
            became = partial(outbox.sent, self._engine, leased)
        except NotNow as fault:
            held.add(leased.email.lower())
            became = partial(outbox.not_now, self._engine, leased, fault.reply)
        except NotEver as fault:
            log.warning("Mail was refused for good (%d): it goes on to a deputy or the Business Unit", fault.reply)
            became = partial(outbox.not_ever, self._engine, leased, fault.reply)
        except Away as fault:
            raise _away(fault) from None
        finally:
            await in_thread(became)

    def _compose(self, draft: Draft) -> bytes:
        facts = draft.facts.model_copy(update={"contact": self._contact})
        return message(draft, self._write(facts, draft.languages), self._mail_from)


async def _ready(line: Line) -> None:
    try:
        await line.ready()
    except Away as fault:
        raise _away(fault) from None


def _away(fault: Away) -> ApplicationError:
    """An outage is nothing to alarm anybody with each time it is tried; a wrong setting is. Neither drops a mail."""
    category = ApplicationErrorCategory.UNSPECIFIED if fault.mend else ApplicationErrorCategory.BENIGN
    return ApplicationError(fault.words, type="MailServerAway", category=category)


async def _finish(draining: asyncio.Task[None]) -> None:
    """The mail in flight is finished, so that nobody gets it twice; one that takes too long is broken off."""
    await asyncio.wait([draining], timeout=LAST_MAIL_SECONDS)
    draining.cancel()
    with suppress(asyncio.CancelledError, ApplicationError):
        await draining


@asynccontextmanager
async def _heartbeat() -> AsyncIterator[None]:
    async def beat() -> None:
        while True:
            activity.heartbeat()
            await asyncio.sleep(BEAT_SECONDS)

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()
