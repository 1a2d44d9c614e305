"""What the web hook holds between two requests: the use cases, how much it takes, and what it has counted."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil
from typing import Annotated, NamedTuple

from fastapi import Depends, Request
from sqlalchemy import Engine as Database

from records import directory
from starter.use_cases import Datrys

DUTY_TEAM = "duty_team"


class Limits(NamedTuple):
    """How much the web hook takes.

    Attributes:
        body_bytes: of one request.
        requests: of one token within so many `seconds`, counted by each process for itself.
    """

    body_bytes: int = 256_000
    requests: int = 300
    seconds: float = 60


class Rates:
    """How many requests each token has made.

    Args:
        limits: how many it may make.
        clock: seconds that only go forward.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits, self._clock = limits, clock
        self._made: dict[str, tuple[float, int]] = {}

    def wait_seconds(self, token: str) -> int:
        """Count a request; answers how long its sender has to wait before it is taken, 0 if it is."""
        now = self._clock()
        began, made = self._made.get(token, (now, 0))
        if now - began >= self._limits.seconds:
            began, made = now, 0
        self._made[token] = (began, made + 1)
        return 0 if made < self._limits.requests else max(1, ceil(began + self._limits.seconds - now))


class DutyNumber(NamedTuple):
    """Whom to ring about somebody in danger: an office of an authority, never a person."""

    board: str
    authority: str
    group: str
    office: str
    office_hours: str
    out_of_hours: str


class DutyNumbers:
    """A copy of the duty teams' numbers and the bank holidays, for when the records do not answer."""

    def __init__(self) -> None:
        self.known: list[DutyNumber] = []
        self.holidays = directory.shipped_holidays()

    def read(self, database: Database) -> None:
        """Take a new copy.

        Raises:
            Unreachable: the database does not answer; the copy stays.
        """
        self.known = [
            DutyNumber(
                row.board,
                row.authority,
                row.group,
                row.name,
                row.phone_office_hours or row.phone,
                row.phone_out_of_hours,
            )
            for row in directory.people(database)
            if row.role == DUTY_TEAM
        ]
        self.holidays = directory.holidays(database)


@dataclass
class House:
    """What all requests share.

    Attributes:
        to_give_back: signed messages, by token, that came to nothing while the records were away.
    """

    door: Datrys
    limits: Limits
    rates: Rates
    duty: DutyNumbers = field(default_factory=DutyNumbers)
    answered: Counter[int] = field(default_factory=Counter)
    to_give_back: set[tuple[str, str]] = field(default_factory=set)
    giving_back: asyncio.Lock = field(default_factory=asyncio.Lock)


def house_of(request: Request) -> House:
    """The house that a request came to."""
    house: House = request.app.state.house
    return house


InHouse = Annotated[House, Depends(house_of)]
