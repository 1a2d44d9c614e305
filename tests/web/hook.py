"""The web hook as programs meet it: a client, and tokens to show."""

import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from httpx import ASGITransport, AsyncClient, Response
from sqlalchemy import Engine

from records.tokens import Bound, make_token
from starter.parts import LOCALHOST
from starter.use_cases import Datrys
from starter.web import Limits, web_app
from starter.web.serving import listen, server_of

BY_PRACTITIONER = {"by": "practitioner", "agency": "ABUHB"}
BY_LINE_MANAGER = {"by": "line_manager", "agency": "ABUHB"}
AT_WORK = ("practitioner", "line_manager")


def now() -> datetime:
    """This moment, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


@asynccontextmanager
async def hook(door: Datrys, limits: Limits | None = None) -> AsyncIterator[AsyncClient]:
    """The running application."""
    app = web_app(door, limits)
    transport = ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=transport, base_url="http://hook.invalid") as client,
    ):
        yield client


def token(engine: Engine, *roles: str, **limits: str) -> dict[str, str]:
    """The headers of a program that holds these roles, by default those at work in ABUHB."""
    of = {"agency": "ABUHB", "board": "gwent", **limits}
    bound = Bound("a program", roles or AT_WORK, **of)
    return {"Authorization": f"Bearer {make_token(engine, bound, now(), now() + timedelta(days=1)).secret}"}


def problem(answer: Response, status: int) -> Any:
    """The problem document of an answer."""
    assert (status, "application/problem+json") == (answer.status_code, answer.headers["content-type"]), answer.text
    document = answer.json()
    assert status == document["status"]
    assert document["detail"]
    assert "Traceback" not in answer.text
    return document


def faults(answer: Response) -> dict[str, str]:
    """What is wrong, by field."""
    return {one["field"]: one["detail"] for one in problem(answer, 422)["errors"]}


@contextmanager
def served(door: Datrys, limits: Limits) -> Iterator[int]:
    """The application on a real server of this machine, as `datrys web` runs it; answers the port."""
    listening = listen(LOCALHOST, 0)
    server = server_of(web_app(door, limits))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()
        listening.close()
