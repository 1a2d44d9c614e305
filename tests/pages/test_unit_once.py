"""What the Business Unit does is done once: presses at the same time, presses that fail, and what is refused."""

import asyncio
from typing import Any

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import Engine

from protocols.errors import Unreachable
from records import loading
from records.loading import Loaded
from starter.use_cases import Datrys
from tests.pages.unit import GWENT, PEOPLE, UNIT, a_person, csv_of, hand_over, two_boards
from tests.pages.visiting import heading, quiet_door, send, sign_in, text_of, visiting


async def a_load(client: AsyncClient, engine: Engine) -> Response:
    """The page that shows a file of people once more."""
    two_boards(engine)
    sign_in(client, engine, UNIT)
    return await hand_over(client, f"/unit/people/upload?board={GWENT}", csv_of(PEOPLE, a_person()))


class Slow:
    """Loads people, once it may; counts how often it was asked."""

    def __init__(self, door: Datrys) -> None:
        self.asked, self.begun, self.may = 0, asyncio.Event(), asyncio.Event()
        self._loop, self._load = asyncio.get_running_loop(), door.load_people

    def __call__(self, *args: Any) -> Loaded:
        self.asked += 1
        self._loop.call_soon_threadsafe(self.begun.set)
        asyncio.run_coroutine_threadsafe(self.may.wait(), self._loop).result(30)
        return self._load(*args)


async def test_a_second_press_meanwhile_leads_to_what_comes_of_the_first(engine: Engine) -> None:
    """It acts on nothing, says that it is being done, and then shows the outcome of the first."""
    door = quiet_door(engine)
    slow = Slow(door)
    door.load_people = slow  # type: ignore[method-assign, assignment]
    async with visiting(door) as client:
        check = await a_load(client, engine)
        first = asyncio.create_task(send(client, check, {}))
        await asyncio.wait_for(slow.begun.wait(), 30)
        second = await send(client, check, {})
        back = await client.get(str(check.url))
        slow.may.set()
        done = await first
        third, looked = await send(client, check, {}), await client.get(str(second.url))
    assert ["It is being done"] * 2 == [heading(second), heading(back)]
    assert "Look again" in text_of(second)
    assert {"1 row is loaded"} == {heading(page) for page in (done, third, looked)}
    assert 1 == slow.asked


async def test_where_acting_fails_nothing_is_lost_and_it_can_be_done_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page with the button is there again, and its next press counts."""

    def away(*_: Any) -> Loaded:
        raise Unreachable("The records do not answer.")

    async with visiting(quiet_door(engine)) as client:
        check = await a_load(client, engine)
        with monkeypatch.context() as broken:
            broken.setattr(loading, "load_people", away)
            failed = await send(client, check, {})
        again = await client.get(str(check.url))
        done = await send(client, again, {})
    assert (503, heading(check), "1 row is loaded") == (failed.status_code, heading(again), heading(done))
