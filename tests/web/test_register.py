"""The register page by page: each case once, as much of it as the token may see, and no more read than is needed."""

from datetime import timedelta
from typing import Any

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import Engine, update

from protocols.roles import Role
from records import paging
from records.access import visible
from records.database import writing
from records.models import Case
from tests.people import case_file
from tests.records.making import MONDAY, a_notice, a_step, write
from tests.web.hook import faults, now, token
from tests.web.test_callers import client, door

__all__ = ["client", "door"]


async def some(client: AsyncClient, engine: Engine, number: int) -> list[str]:
    """The references of so many cases, two raised at each moment."""
    references = []
    for n in range(number):
        answer = await client.post("/api/cases", json=case_file(now()) | {"issue": f"{n}"}, headers=token(engine))
        references.append(answer.json()["reference"])
        with writing(engine) as session:
            moment = MONDAY + timedelta(minutes=n // 2)
            session.execute(update(Case).where(Case.reference == references[-1]).values(raised_at=moment))
    return references


def named(answer: Response) -> list[str]:
    assert 200 == answer.status_code, answer.text
    return [line["reference"] for line in answer.json()]


async def pages(client: AsyncClient, headers: dict[str, str], **asked: Any) -> list[list[str]]:
    """All pages, one after the other, as the header Link leads."""
    answer = await client.get("/api/cases", params=asked, headers=headers)
    found = [named(answer)]
    while "next" in answer.links:
        answer = await client.get(answer.links["next"]["url"], headers=headers)
        found.append(named(answer))
    return found


@pytest.mark.parametrize("batch", [1, 2, 200])
async def test_each_case_stands_on_one_page(
    client: AsyncClient, engine: Engine, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the order in which they came, whatever the size of a page; the last one leads nowhere."""
    monkeypatch.setattr(paging, "BATCH", batch)
    cases, headers = await some(client, engine, 5), token(engine)
    assert [cases] == await pages(client, headers)
    assert [cases[:2], cases[2:4], cases[4:]] == await pages(client, headers, limit=2)
    assert [cases] == await pages(client, headers, limit=5)
    assert [cases[3:]] == await pages(client, headers, after=cases[2])
    assert [[]] == await pages(client, headers, after=cases[4])


@pytest.mark.parametrize("batch", [1, 200])
async def test_the_question_goes_along_and_cases_between_are_passed_over(
    client: AsyncClient, engine: Engine, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that do not answer it, and those of others; a page is full all the same."""
    monkeypatch.setattr(paging, "BATCH", batch)
    cases = await some(client, engine, 6)
    for one in cases[::2]:
        write(engine, a_step(one, stage="meeting", waiting_for=[Role(role="chair")]))
    asked = {"stage": "meeting", "waiting_for": "chair", "protocol": "gwent", "limit": 2}
    assert [cases[0:4:2], [cases[4]]] == await pages(client, token(engine), **asked)
    assert [[]] == await pages(client, token(engine, agency="EDU"), limit=2)
    assert [[]] == await pages(client, token(engine), stage="meeting", waiting_for="practitioner")


async def test_no_more_is_read_than_a_page_needs(
    client: AsyncClient, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One case beyond it, to know that there is more."""
    cases, read = await some(client, engine, 5), list[str]()

    def spied(engine: Any, asker: Any, rules: Any, among: list[str]) -> Any:
        read.extend(among)
        return visible(engine, asker, rules, among)

    monkeypatch.setattr("records.paging.visible", spied)
    monkeypatch.setattr(paging, "BATCH", 1)
    answer = await client.get("/api/cases", params={"limit": 2, "after": cases[0]}, headers=token(engine))
    assert cases[1:3] == named(answer)
    assert cases[1:4] == read


async def test_one_goes_on_only_after_a_case_that_one_may_see(client: AsyncClient, engine: Engine) -> None:
    """A foreign case and none are answered alike; a number that is none, or too large, is refused."""
    [case] = await some(client, engine, 1)
    foreign = token(engine, agency="EDU")
    answers = [
        faults(await client.get("/api/cases", params={"after": after}, headers=headers))
        for after, headers in (
            (case, foreign),
            ("GWENT-2026-0999", foreign),
            ("x\x00'", foreign),
            (f"{case}-immediate-1", token(engine)),
        )
    ]
    assert [answers[0]] * 4 == answers
    assert ["after"] == list(answers[0])
    for limit in ("0", "-1", "1001", "ten", "1e2", "9" * 5000):
        wrong = await client.get("/api/cases", params={"limit": limit}, headers=token(engine))
        assert ["limit"] == list(faults(wrong))


async def test_a_question_tells_nobody_how_a_case_stands_that_may_not_see_it(
    client: AsyncClient, engine: Engine
) -> None:
    """The duty team sees that the case is there, and finds it by no stage, role or limit."""
    [case] = await some(client, engine, 1)
    alarm = [a_notice("immediate-action", to=Role(role="duty_team"))]
    write(engine, a_step(case, stage="meeting", waiting_for=[Role(role="chair")], overdue=True))
    write(engine, a_step(f"{case}-immediate-1", notices=alarm))
    team = token(engine, "duty_team", agency="")
    for asked in ({"stage": "meeting"}, {"waiting_for": "chair"}, {"overdue": "true"}):
        found = [named(await client.get("/api/cases", params=asked, headers=h)) for h in (token(engine), team)]
        assert [[case], []] == found, asked
    assert [case] == named(await client.get("/api/cases", params={"protocol": "gwent"}, headers=team))
