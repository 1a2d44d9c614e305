"""What watches the service and what describes it; and what is answered where something is away or fails."""

import asyncio
import pkgutil
import threading
from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy import Engine, text

from records import connect
from records.database import writing
from settings import Settings
from starter.use_cases import Datrys
from starter.web import web_app
from starter.web.house import Limits, Rates
from tests.people import case_file
from tests.story import free_port
from tests.web.hook import BY_PRACTITIONER, hook, now, problem, token
from tests.web.test_callers import NoEngine, client, door, raised

__all__ = ["client", "door"]


async def test_it_says_that_it_runs_is_ready_and_how_much_waits(client: AsyncClient, engine: Engine) -> None:
    """Without a token, and without a name."""
    here = await raised(client, engine)
    await client.post(f"{here}/signals/not_resolved", json=BY_PRACTITIONER, headers=token(engine))
    answers = [await client.get(where) for where in ("/healthz", "/readyz", "/metrics")]
    assert [200] * 3 == [answer.status_code for answer in answers]
    lines = answers[2].text.splitlines()
    assert answers[2].headers["content-type"].startswith("text/plain")
    assert {"datrys_records_up 1", "datrys_waiting_cases 0", 'datrys_answers_total{status="201"} 1'} <= set(lines)
    assert not any(word in answers[2].text for word in ("GWENT", "practitioner", "ABUHB"))


async def test_with_no_database_whoever_asks_is_told_whom_to_ring(
    client: AsyncClient, door: Datrys, engine: Engine
) -> None:
    """503 with Retry-After and the numbers as they were last read; only the signs of life answer otherwise."""
    here, headers = await raised(client, engine), token(engine)
    door.database = connect(f"postgresql://nobody@127.0.0.1:{free_port()}/none")
    answers = [
        await client.post("/api/cases", json=case_file(now()), headers=headers),
        await client.post(f"{here}/signals/immediate_action", json=BY_PRACTITIONER, headers=headers),
        await client.get(here, headers=headers),
        await client.get("/api/cases", headers=headers),
        await client.get("/readyz"),
    ]
    others = [await client.get(where) for where in ("/healthz", "/metrics")]
    for answer in answers:
        document = problem(answer, 503)
        assert 0 < int(answer.headers["retry-after"])
        assert "127.0.0.1" not in answer.text
        [team] = document["duty_teams"]
        assert ("gwent", "Newport", "01633 656656", "01632 960999") == (
            team["board"],
            team["authority"],
            team["office_hours"],
            team["out_of_hours"],
        )
    assert [200, 200] == [answer.status_code for answer in others]
    assert "datrys_records_up 0" in others[1].text


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_records_that_were_not_prepared_are_away(empty_database_url: str) -> None:
    """It starts all the same, and says so."""
    nowhere = Datrys(Settings(), connect(empty_database_url), NoEngine())  # type: ignore[arg-type]
    async with hook(nowhere) as client:
        answer = await client.get("/api/cases", headers={"Authorization": "Bearer datrys_a_b"})
    assert [] == problem(answer, 503)["duty_teams"]
    assert ".db" not in answer.text


@pytest.mark.parametrize("slow", ["starter.web.callers.bearer_of", "records.submissions.keep_submission"])
async def test_while_the_records_are_slow_others_are_answered(
    client: AsyncClient, engine: Engine, slow: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waits for the database holds up nobody else: the loop goes on."""
    here, headers = await raised(client, engine), token(engine)
    let_go, waits, ask = threading.Event(), threading.Event(), pkgutil.resolve_name(slow)

    def slowly(*arguments: Any) -> Any:
        waits.set()
        assert let_go.wait(60)
        return ask(*arguments)

    monkeypatch.setattr(slow, slowly)
    telling = client.post(f"{here}/signals/not_resolved", json=BY_PRACTITIONER, headers=headers)
    told = asyncio.create_task(telling)
    assert await asyncio.to_thread(waits.wait, 60)
    meanwhile = await client.get("/healthz")
    early = told.done()
    let_go.set()
    assert (200, False, 202) == (meanwhile.status_code, early, (await told).status_code)


async def test_what_fails_where_it_should_not_says_nothing_of_it(
    client: AsyncClient, door: Datrys, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    """500 as a problem document; the log has where it was, and not the words, which may be about somebody."""
    here, headers = await raised(client, engine), token(engine)
    with writing(engine) as session:
        session.execute(text('UPDATE cases SET edition = \'{"name": "Marker"}\''))
    answer = await client.get(here, headers=headers)
    assert "Marker" not in answer.text + caplog.text
    assert problem(answer, 500)
    assert "cases.py" in caplog.text


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_what_is_not_there_is_a_problem_document_too(client: AsyncClient) -> None:
    """404 and 405, with the methods that are there; no answer is kept by anybody."""
    assert problem(await client.get("/nothing"), 404)
    assert problem(await client.get("/api/cases/"), 404)
    wrong = await client.delete("/api/cases")
    assert problem(wrong, 405)
    assert "GET, POST" == wrong.headers["allow"]
    assert ("no-store", "nosniff") == (wrong.headers["cache-control"], wrong.headers["x-content-type-options"])


def test_the_rate_of_a_token_begins_anew() -> None:
    """So many in each span of time; the seconds to wait are whole and never none."""
    clock = iter([0.0, 1.0, 2.0, 59.9, 60.0])
    rates = Rates(Limits(requests=2, seconds=60), lambda: next(clock))
    assert [0, 0, 58, 1, 0] == [rates.wait_seconds("t") for _ in range(5)]


# --- the description


STATUSES = {
    ("/api/cases", "get"): {200, 401, 422, 429, 500, 503},
    ("/api/cases", "post"): {200, 201, 202, 400, 401, 403, 409, 413, 415, 422, 429, 500, 503},
    ("/api/cases/{reference}", "get"): {200, 401, 404, 429, 500, 503},
    ("/api/cases/{reference}/signals/{name}", "post"): {
        200,
        202,
        400,
        401,
        403,
        404,
        409,
        413,
        415,
        422,
        429,
        500,
        503,
    },
    ("/healthz", "get"): {200, 500},
    ("/readyz", "get"): {200, 500, 503},
    ("/metrics", "get"): {200, 500},
}


def test_the_description_names_every_answer(door: Datrys) -> None:
    """Its status, and for all that goes wrong the schema of a problem; every reference leads somewhere."""
    described: Any = web_app(door).openapi()
    calls = {(path, method): call for path, calls in described["paths"].items() for method, call in calls.items()}
    assert STATUSES == {name: set(map(int, call["responses"])) for name, call in calls.items()}
    for call in calls.values():
        for status, answer in call["responses"].items():
            problems = int(status) >= 400
            assert problems == ("application/problem+json" in answer["content"]), (status, answer)
    assert {"token"} == {name for call in calls.values() for one in call.get("security", ()) for name in one}
    names = described["components"]["schemas"]
    assert [] == [ref for ref in _references(described) if ref.rpartition("/")[2] not in names]


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        found = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return found + [ref for one in value.values() for ref in _references(one)]
    return [ref for one in value for ref in _references(one)] if isinstance(value, list) else []


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_the_description_is_served(client: AsyncClient) -> None:
    """To everybody."""
    answer = await client.get("/openapi.json")
    assert (200, "Datrys") == (answer.status_code, answer.json()["info"]["title"])
