"""Runs both doors until they are told to stop."""

import asyncio
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp
from typing_extensions import override

from protocols.errors import Refused

GRACE_SECONDS = 30


class _Server(uvicorn.Server):
    """Leaves the signals to `serve`: uvicorn raises them anew at its end, as if it had been killed."""

    @override
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(host: str, port: int) -> socket.socket:
    """A socket that takes requests.

    Raises:
        Refused: the port is in use, or the host is none of this machine.
    """
    try:
        listening = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else each answer waits for 0.04 s
        return listening
    except OSError as fault:
        why = os.strerror(fault.errno) if fault.errno and fault.errno > 0 else "no such host"
        raise Refused(
            f"Port {port} of {host} cannot be had ({why}): stop what uses it, or give another with --host and --port."
        ) from None


def server_of(app: ASGIApp) -> uvicorn.Server:
    """A server that is not yet started."""
    return _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,  # references of cases stand in the addresses
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
    )


async def serve(app: ASGIApp, listening: socket.socket) -> None:
    """Answer until SIGINT or SIGTERM; what is under way then is given 30 seconds."""
    server = server_of(app)

    def stop() -> None:
        server.should_exit = True

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    await server.serve(sockets=[listening])
