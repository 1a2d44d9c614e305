"""What stands around both doors: it counts answers, says what may be done with each, and lets no traceback out."""

import logging
import os
import traceback
from collections.abc import Callable, Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from starter.web.house import House

Headers = Sequence[tuple[bytes, bytes]]
LENGTHS = {b"content-length", b"transfer-encoding"}
log = logging.getLogger(__name__)


class Answering:
    """Around one door.

    Args:
        app: what answers.
        house: where it is counted.
        headers: what is said with the answer to a request, beside what the answer says itself.
        trouble: answers a request that has two lengths (400), so that nobody knows where it ends, or on which the
            door failed (500).
    """

    def __init__(
        self,
        app: ASGIApp,
        house: House,
        headers: Callable[[Scope], Headers],
        trouble: Callable[[Scope, int], ASGIApp],
    ) -> None:
        self._app, self._house, self._headers, self._trouble = app, house, headers, trouble

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        begun = False

        async def answer(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                self._house.answered[message["status"]] += 1
                message["headers"] = [*message.get("headers", ()), *self._headers(scope)]
            await send(message)

        try:
            if {name for name, _ in scope["headers"]} >= LENGTHS:
                return await self._trouble(scope, 400)(scope, receive, answer)
            await self._app(scope, receive, answer)
        except Exception as fault:
            if begun or os.environ.get("DATRYS_TRACEBACK"):
                raise
            where = "".join(traceback.format_tb(fault.__traceback__))  # not its words: they may be about somebody
            log.error("Failed where it should not (%s)\n%s", type(fault).__name__, where)  # noqa: TRY400
            await self._trouble(scope, 500)(scope, receive, answer)
