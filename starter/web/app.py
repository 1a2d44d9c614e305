"""The web hook as one application: who may come in, what there is, and how every fault is answered."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from http import HTTPStatus

from fastapi import FastAPI
from starlette.types import ASGIApp, Scope

from protocols.errors import Unreachable
from starter.use_cases import Datrys
from starter.web import cases, machines
from starter.web.answering import Answering
from starter.web.house import House, Limits, Rates
from starter.web.openapi import describe
from starter.web.problems import HANDLERS, Trouble

REFRESH_SECONDS = 60
HEADERS = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
)
DESCRIPTION = (
    "Disagreements between safeguarding agencies, run as their board's protocol says. Programs raise cases, tell "
    "them something and look, with a bearer token that is bound to roles. Faults are problem documents (RFC 9457)."
)
TWO_LENGTHS = "The length of the body is said in two ways; who passed it on may have read another body than this one."


def web_app(door: Datrys, limits: Limits | None = None) -> FastAPI:
    """The web hook.

    Args:
        door: the use cases, with records and Temporal.
        limits: how much it takes.
    """
    limits = limits or Limits()
    app = FastAPI(
        title="Datrys",
        version="1",
        description=DESCRIPTION,
        docs_url=None,  # their pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_keeping_numbers,
        exception_handlers=dict(HANDLERS),
    )
    app.state.house = house = House(door, limits, Rates(limits))
    app.include_router(cases.router)
    app.include_router(machines.router)
    app.add_middleware(Answering, house=house, headers=lambda scope: HEADERS, trouble=_trouble)
    app.openapi = partial(describe, app)  # type: ignore[method-assign]  # as FastAPI's own documentation does it
    return app


@asynccontextmanager
async def _keeping_numbers(app: FastAPI) -> AsyncIterator[None]:
    """Keep a copy of the duty teams' numbers as long as the application runs."""
    house: House = app.state.house

    async def keep() -> None:
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            await read()

    async def read() -> None:
        with suppress(Unreachable):
            await asyncio.to_thread(house.duty.read, house.door.database)

    await read()
    keeping = asyncio.create_task(keep())
    yield
    keeping.cancel()
    with suppress(asyncio.CancelledError):
        await keeping


def _trouble(scope: Scope, status: int) -> ASGIApp:
    """Two lengths, or a failure of ours, as a problem document."""
    if status == HTTPStatus.BAD_REQUEST:
        return Trouble(status, TWO_LENGTHS, headers={"Connection": "close"}).answer()
    return Trouble(status, "Datrys failed where it should not; please report it.").answer()
