"""Row 3: the database is gone, is killed in mid-transaction, has no connection left, has no room left, is locked.

A door that cannot keep what it is told says so, and whoever said it says it again: only what was kept counts as said.
PostgreSQL gets a file system of its own that can be filled, in a user namespace; where a system allows none, that is
said and not tried.

Seen to fail: with a step that could not be recorded taken for recorded (`activities.recording.Records._record`) a case
told in an outage never came to rest; with mails excused by none, the two that could not be noted as sent (PostgreSQL
killed just then) showed as twins.
"""

import asyncio
import sqlite3
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, closing, suppress

import psycopg2
from sqlalchemy import make_url

from faults.found import Found, together
from faults.ground import Ground
from faults.stores import CrampedPostgres, MortalPostgres, cramped_postgres, mortal_postgres
from faults.tales import CWM_TAF_MORGANNWG
from faults.yard import Yard

PROMISE = "what was kept is neither lost nor doubled; a mail twice only where its sending could not be noted"
IN_FLIGHT = 2
"""So many mails may be on their way as the database goes: the case's and its immediate action's."""

AWAY_SECONDS, LONG_SECONDS = 4, 40
MET_SECONDS = 60
"""Within this somebody meets the full disk: a page of a table lasts for some steps."""

BEFORE_SECONDS = 1.5
Trouble = Callable[[Ground], Awaitable[None]]


async def gone(yard: Yard, *, short: bool) -> list[Found]:
    """Each fault in the middle of a case."""
    seconds = AWAY_SECONDS if short else LONG_SECONDS
    with ExitStack() as ending:
        servers = [await asyncio.to_thread(ending.enter_context, mortal_postgres()) for _ in range(3)]
        killed, locked, crowded = servers
        rows = await asyncio.gather(
            *_cramped(yard, seconds, ending),
            _through(yard, "PostgreSQL killed, and gone for a while", _killed(killed, seconds), killed),
            _through(yard, "PostgreSQL killed in mid-transaction", _in_mid_transaction(locked), locked),
            _through(yard, "PostgreSQL without a free connection", _crowded(crowded, seconds), crowded),
            _through(yard, "SQLite on a full disk", _full(seconds)),
            _through(yard, "SQLite locked by somebody else", _locked(seconds)),
        )
    return [together(row.fault, PROMISE, [row]) for row in rows]


async def _through(yard: Yard, fault: str, trouble: Trouble, server: MortalPostgres | None = None) -> Found:
    found, tale = Found(fault, PROMISE, runs=1, excused=IN_FLIGHT), CWM_TAF_MORGANNWG
    url = server.url(server.new()) if server else ""
    async with yard.ground("sqlite", url) as place:
        await place.start_worker()
        case, begins = await place.raise_case(tale)
        playing = asyncio.create_task(place.play(tale, case, begins))
        try:
            await asyncio.sleep(BEFORE_SECONDS)
            if playing.done():
                found.wrong.append("the case was over before the fault began")
            await trouble(place)
            over = time.monotonic()
            await playing
        finally:
            playing.cancel()
        await place.rest(case)
        found.seconds.append(time.monotonic() - over)
        found.hold_against(yard.undisturbed[tale.protocol], await place.account(case))
    return found


def _killed(server: MortalPostgres, seconds: float) -> Trouble:
    async def trouble(place: Ground) -> None:
        await asyncio.to_thread(server.kill)
        await asyncio.sleep(seconds)
        await asyncio.to_thread(server.serve)

    return trouble


def _in_mid_transaction(server: MortalPostgres) -> Trouble:
    """Whoever records a step waits, in its transaction, for a lock; then the server dies."""

    def wait_and_kill(database: str) -> None:
        with closing(server.session(database)) as connection, connection.cursor() as cursor:
            cursor.execute("LOCK TABLE entries IN EXCLUSIVE MODE")
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
                row = cursor.fetchone()
                if row and row[0]:
                    break
                time.sleep(0.05)
            server.kill()
        server.serve()

    async def trouble(place: Ground) -> None:
        await asyncio.to_thread(wait_and_kill, make_url(place.url).database or "")

    return trouble


def _crowded(server: MortalPostgres, seconds: float) -> Trouble:
    """Everybody's connections are ended, and strangers take all there are."""

    def crowd(database: str) -> None:
        with ExitStack() as strangers:
            first = strangers.enter_context(closing(server.session(database)))
            first.autocommit = True
            others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            with first.cursor() as cursor:
                cursor.execute(f"{others} AND backend_type = 'client backend'")
            with suppress(psycopg2.OperationalError):
                while True:
                    strangers.enter_context(closing(server.session(database)))
            time.sleep(seconds)

    async def trouble(place: Ground) -> None:
        await asyncio.to_thread(crowd, make_url(place.url).database or "")

    return trouble


def _full(seconds: float) -> Trouble:
    async def trouble(place: Ground) -> None:
        place.full.touch()
        await asyncio.sleep(seconds)
        place.full.unlink()

    return trouble


def _cramped(yard: Yard, seconds: float, ending: ExitStack) -> list[Awaitable[Found]]:
    if not CrampedPostgres.can_be():
        print("PostgreSQL on a full disk is not tried: this system allows no user namespace", file=sys.stderr)
        return []
    server = ending.enter_context(cramped_postgres())
    return [_through(yard, "PostgreSQL on a full disk", _no_room(server, seconds), server)]


def _no_room(server: CrampedPostgres, seconds: float) -> Trouble:
    async def trouble(place: Ground) -> None:
        await asyncio.to_thread(server.fill)
        try:
            async with asyncio.timeout(MET_SECONDS):
                while not await asyncio.to_thread(server.complained):
                    await asyncio.sleep(0.1)
            await asyncio.sleep(seconds)
        finally:
            await asyncio.to_thread(server.clear)

    return trouble


def _locked(seconds: float) -> Trouble:
    """Somebody holds the right to write for longer than a writer waits for it."""

    def hold(database: str) -> None:
        with closing(sqlite3.connect(database, isolation_level=None, timeout=30)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            time.sleep(seconds)
            connection.execute("ROLLBACK")

    async def trouble(place: Ground) -> None:
        await asyncio.to_thread(hold, make_url(place.url).database or "")

    return trouble
