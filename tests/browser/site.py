"""Pages on a port of this machine, served as they are when Datrys runs."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp

from starter.parts import LOCALHOST
from starter.web.serving import _Server

GRACE_SECONDS = 5


@asynccontextmanager
async def serving(app: ASGIApp, port: int = 0) -> AsyncIterator[str]:
    """The address of the application, on any port that is free if none is given, as long as it runs."""
    with socket.create_server((LOCALHOST, port)) as listening:
        server = _Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=GRACE_SECONDS))
        served = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield f"http://{LOCALHOST}:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            await served
