"""The time-skipping server: a clock of its own, begun on any day, and gone afterwards."""

import socket
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from settings import Settings
from starter.skipping import minute, time_skipping

CHRISTMAS_EVE = datetime(2031, 12, 24, 17, tzinfo=UTC)


async def test_a_server_begins_on_the_day_that_is_wanted_skips_ahead_and_ends() -> None:
    """Two at once have their own clocks; nothing listens once they are left."""
    later = CHRISTMAS_EVE + timedelta(days=400)
    async with time_skipping(CHRISTMAS_EVE, Settings()) as one, time_skipping(later, Settings()) as other:
        begun = [await one.now(), await other.now()]
        await one.skip_to(CHRISTMAS_EVE + timedelta(days=90))
        skipped = [one.moment, await other.now()]
        await one.skip_to(CHRISTMAS_EVE)
        ports = [int(time.client.service_client.config.target_host.rpartition(":")[2]) for time in (one, other)]
    assert [CHRISTMAS_EVE, later] == [minute(moment) for moment in begun]
    assert [CHRISTMAS_EVE + timedelta(days=90), later] == [minute(moment) for moment in skipped]
    assert CHRISTMAS_EVE + timedelta(days=90) == minute(one.moment), "time does not go back"
    assert [] == [port for port in ports if listens(port)]


def listens(port: int) -> bool:
    """Whether anybody takes connections there."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False
