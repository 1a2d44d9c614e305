"""The time-skipping server: Temporal under a clock of its own, which begins on any day and skips ahead."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from google.protobuf.duration_pb2 import Duration
from google.protobuf.empty_pb2 import Empty
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.api.testservice.v1 import LockTimeSkippingRequest, SleepRequest
from temporalio.client import Client
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter

from protocols.errors import Refused
from settings import Settings
from starter.parts import LOCALHOST, Part, beside_python, free_port
from workflows.payloads import data_converter
from workflows.story import SEARCH_ATTRIBUTES

NAMESPACE = "default"
BEFORE = timedelta(minutes=10)
"""The server is started so long before the story begins, since starting takes its time."""


def minute(at: datetime) -> datetime:
    """The nearest whole minute: a server takes a moment for everything."""
    return (at.astimezone(UTC) + timedelta(seconds=30)).replace(second=0, microsecond=0)


class SkippedTime:
    """The server's clock.

    Attributes:
        client: connected to the server.
        moment: what the clock showed when it was last looked at.
    """

    def __init__(self, client: Client, moment: datetime) -> None:
        self.client, self.moment = client, moment

    async def now(self) -> datetime:
        """The server's time."""
        answer = await self.client.test_service.get_current_time(Empty())
        self.moment = answer.time.ToDatetime().replace(tzinfo=UTC)
        return self.moment

    async def skip_to(self, moment: datetime) -> None:
        """Let the time pass up to an aware moment; whatever falls due until then happens."""
        left = moment - await self.now()
        if left > timedelta(0):
            duration = Duration()
            duration.FromTimedelta(left)
            await self.client.test_service.unlock_time_skipping_with_sleep(SleepRequest(duration=duration))
        await self.now()


@asynccontextmanager
async def time_skipping(begins: datetime, setting: Settings, wall: Path | None = None) -> AsyncIterator[SkippedTime]:
    """A time-skipping server of one's own, whose clock shows the aware moment `begins`.

    Args:
        begins: aware moment.
        setting: with which it is spoken to.
        wall: a file to keep its wall clock in, so that this can be stepped (`wall_clock`).

    Raises:
        Refused, Unreachable: the server is not installed, or does not start.
    """
    port = free_port()
    clients: list[Client] = []

    async def answers() -> bool:
        converter = data_converter(setting.payload_keys)
        with suppress(RuntimeError):
            clients.append(await Client.connect(f"{LOCALHOST}:{port}", data_converter=converter, runtime=_quiet()))
        return bool(clients)

    with TemporaryDirectory() as folder:
        command = (beside_python("temporal-test-server"), str(port), "--enable-time-skipping")
        log = Path(folder) / "server.log"
        server = Part("The time-skipping server", command, log, answers, environment=_clock(begins - BEFORE, wall))
        try:
            await server.start()
            await server.until_it_answers()
            await _prepare(clients[0])
            time = SkippedTime(clients[0], begins)
            await time.skip_to(begins)
            yield time
        finally:
            await server.end()


def wall_clock(shows: datetime) -> str:
    """An aware moment as libfaketime reads it."""
    return f"@{shows.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def _clock(shows: datetime, wall: Path | None) -> dict[str, str]:
    """What lets a program run under a wall clock of another day."""
    given = {"TZ": "UTC", "LD_PRELOAD": clock_library()}
    if wall is None:
        return given | {"FAKETIME": wall_clock(shows)}
    wall.write_text(f"{wall_clock(shows)}\n", encoding="utf-8")
    return given | {"FAKETIME_TIMESTAMP_FILE": str(wall), "FAKETIME_NO_CACHE": "1"}


def clock_library() -> str:
    """Where the library is that gives a program another clock.

    Raises:
        Refused: it is not installed.
    """
    try:
        import libfaketime  # type: ignore[import-untyped]
    except ImportError:
        raise Refused("The package libfaketime is missing from the environment: run make setup.") from None
    return str(next(Path(libfaketime.__file__).parent.rglob("libfaketime.so*")))


async def _prepare(client: Client) -> None:
    """The search attributes are known, and time passes only when it is told to."""
    attributes = {key.name: IndexedValueType.ValueType(int(key.indexed_value_type)) for key in SEARCH_ATTRIBUTES}
    await client.operator_service.add_search_attributes(
        AddSearchAttributesRequest(namespace=NAMESPACE, search_attributes=attributes)
    )
    await client.test_service.lock_time_skipping(LockTimeSkippingRequest())


@cache
def _quiet() -> Runtime:
    """The SDK warns of what this server cannot do, and nobody here needs."""
    errors = TelemetryFilter(core_level="ERROR", other_level="ERROR")
    return Runtime(telemetry=TelemetryConfig(logging=LoggingConfig(filter=errors)))
