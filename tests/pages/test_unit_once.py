"""What the Business Unit does is done once: presses at the same time, presses that fail, and what is refused."""

import asyncio
from typing import Any

import pytest
from httpx import AsyncClient, Response
from lxml import html as lxml_html  # type: ignore[import-untyped]
from sqlalchemy import Engine

from protocols.errors import Refused, Unreachable
from protocols.steps import Code, Receipt
from records import loading
from records.loading import Loaded
from starter.pages.unit import reopening
from starter.told import Told
from starter.use_cases import Datrys, Raised
from tests.pages.test_unit_cases import said_in
from tests.pages.unit import GWENT, PEOPLE, UNIT, a_person, csv_of, hand_over, rows_of, two_boards
from tests.pages.visiting import heading, quiet_door, send, sign_in, text_of, visiting
from tests.records.making import a_step, write

TYPED = "what was typed,\nand more of it"
ENGLISH = "a reason that nobody foresaw"


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


@pytest.mark.parametrize(
    ("code", "reason", "words", "english"),
    [
        (Code.ENDED, "the case has ended", "Why: the case has ended", ""),
        (Code.NOT_UNDERSTOOD, ENGLISH, "It could not be understood.", ENGLISH),
    ],
)
async def test_a_refused_correction_can_be_changed_and_sent_again(
    engine: Engine, code: Code, reason: str, words: str, english: str
) -> None:
    """Why stands there in the visitor's language, what is English alone is marked; what was typed is not lost."""
    door = quiet_door(engine)

    async def refused(*_: Any) -> Told:
        return Told("s2", Receipt(id="s2", accepted=False, code=code, reason=reason))

    door.tell = refused  # type: ignore[method-assign, assignment]
    two_boards(engine)
    case = said_in(engine)
    async with visiting(door) as client:
        sign_in(client, engine, UNIT)
        form = await client.get(f"/unit/cases/{case}/correct", params={"signal": "s1"})
        done = await send(client, await send(client, form, {"reason": TYPED, "return_to": "stays"}), {})
        again = await client.get(link(done, "Change it and send it again"))
        welsh = await send(client, done, {"language": "cy"}, form="/language")
    assert "The correction was not accepted" == heading(done)
    assert words in text_of(done)
    assert TYPED.replace("\n", " ") == rows_of(done)["Reason"]
    assert (TYPED, True) == (typed_in(again, "reason"), 'value="stays" checked' in again.text)
    assert words not in welsh.text
    assert ([english] if english else []) == marked(welsh)


async def test_a_refused_reopening_can_be_changed_and_sent_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was typed stands on the page, and in the form once more."""
    door = quiet_door(engine)

    async def refused(*_: Any) -> Raised:
        raise Refused(ENGLISH)

    door.reopen = refused  # type: ignore[method-assign, assignment]
    monkeypatch.setattr(reopening, "stages_to_open", lambda *_: ["practitioners"])
    two_boards(engine)
    case = said_in(engine)
    write(engine, a_step(case, 2, stage="ended", outcome="resolved"))
    async with visiting(door) as client:
        sign_in(client, engine, UNIT)
        form = await client.get(f"/unit/cases/{case}/reopen")
        done = await send(client, await send(client, form, {"stage": "practitioners", "reason": TYPED}), {})
        again = await client.get(link(done, "Change it and send it again"))
    assert "The case was not opened" == heading(done)
    assert "It stands differently by now." in text_of(done)
    assert TYPED.replace("\n", " ") == rows_of(done)["Reason"]
    assert TYPED == typed_in(again, "reason")


def link(page: Response, words: str) -> str:
    """Where the link with these words leads."""
    [found] = lxml_html.fromstring(page.text).xpath("//a[normalize-space()=$words]/@href", words=words)
    return str(found)


def typed_in(page: Response, name: str) -> str:
    """What stands in a field."""
    return str(lxml_html.fromstring(page.text).forms[-1].fields[name]).strip("\n")


def marked(page: Response) -> list[str]:
    """What of the main part is marked as English."""
    tree = lxml_html.fromstring(page.text).get_element_by_id("main-content")
    return [one.text_content() for one in tree.xpath(".//*[@lang='en']")]


async def test_a_fault_that_is_told_in_english_alone_is_marked(engine: Engine) -> None:
    """Whatever a Welsh page cannot say in Welsh, a screen reader reads as English."""
    door = quiet_door(engine)

    def refused(*_: Any) -> Loaded:
        raise Refused(ENGLISH)

    door.load_people = refused  # type: ignore[method-assign, assignment]
    async with visiting(door) as client:
        check = await a_load(client, engine)
        welsh = await send(client, check, {"language": "cy"}, form="/language")
        trouble = await send(client, welsh, {})
    assert (409, [ENGLISH]) == (trouble.status_code, marked(trouble))
