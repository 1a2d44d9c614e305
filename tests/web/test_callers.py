"""Who may come in, what they see, and in whose name they speak: a foreign case answers as none."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from httpx import AsyncClient, Response
from sqlalchemy import Engine

from protocols.errors import Unreachable
from protocols.roles import Role
from protocols.steps import Receipt
from records.register import register
from records.tokens import Bound, make_token, revoke_token
from settings import Settings
from starter.temporal import RUNNING
from starter.use_cases import Datrys
from starter.web import Limits
from starter.web.models import CaseShown, Line
from tests.people import case_file, load_directory
from tests.records.making import CHAIR, a_notice, a_step, an_entry, write
from tests.web.hook import BY_PRACTITIONER, hook, now, problem, token


class NoEngine:
    """Takes every case and hears nothing: what is told is kept."""

    async def start(self, case: Any) -> bool:
        return True

    async def signal(self, workflow_id: str, name: str, facts: Any) -> None:
        pass

    async def receipt(self, workflow_id: str, signal_id: str) -> Receipt | None:
        return None

    async def how_it_runs(self, workflow_id: str) -> str:
        return RUNNING

    async def last_run(self, workflow_id: str) -> None:
        return None

    async def client(self) -> Any:
        raise Unreachable("There is no engine")


@pytest.fixture
def door(engine: Engine) -> Datrys:
    """The use cases on records with a directory."""
    load_directory(engine)
    return Datrys(Settings(), engine, NoEngine())  # type: ignore[arg-type]


@pytest_asyncio.fixture(loop_scope="session")
async def client(door: Datrys) -> AsyncIterator[AsyncClient]:
    async with hook(door) as found:
        yield found


async def raised(client: AsyncClient, engine: Engine) -> str:
    """A case of ABUHB about a child in Newport; answers where it is."""
    answer = await client.post("/api/cases", json=case_file(now()), headers=token(engine))
    assert 201 == answer.status_code, answer.text
    return str(answer.headers["location"])


async def everything(client: AsyncClient, here: str, headers: Mapping[str, str]) -> list[Response]:
    """All that can be asked about one case."""
    return [
        await client.get(here, headers=headers),
        await client.post(f"{here}/signals/not_resolved", json=BY_PRACTITIONER, headers=headers),
        await client.post(f"{here}/signals/nonsense", json=BY_PRACTITIONER, headers=headers),
        await client.post(f"{here}/signals/not_resolved", json={}, headers=headers),
        await client.get(f"{here}-immediate-1", headers=headers),
    ]


# --- tokens


async def test_without_a_token_that_counts_nothing_is_answered(client: AsyncClient, engine: Engine) -> None:
    """None, another scheme, an unknown, revoked or expired one: the same words, whatever was asked."""
    here, when = await raised(client, engine), now()
    bound = Bound("a program", ("practitioner",), agency="ABUHB")
    revoked, expired = (make_token(engine, bound, when, when + timedelta(days=days)) for days in (1, -1))
    revoke_token(engine, revoked.id, when)
    shown = ["", "Basic YTpi", "Bearer", "Bearer datrys_x_y", f"Bearer {revoked.secret}", f"Bearer {expired.secret}"]
    answers = [a for one in shown for a in await everything(client, here, {"Authorization": one} if one else {})]
    answers += [await client.post("/api/cases", content=b"{", headers={"Authorization": one}) for one in shown]
    assert 1 == len({str(problem(answer, 401)) for answer in answers})
    assert {'Bearer realm="datrys"'} == {answer.headers["www-authenticate"] for answer in answers}


async def test_a_token_that_asks_too_often_waits(door: Datrys, engine: Engine) -> None:
    """429 with the seconds to wait; another token is not held up."""
    headers = token(engine)
    async with hook(door, Limits(requests=2, seconds=3600)) as client:
        answers = [await client.get("/api/cases", headers=headers) for _ in range(3)]
        other = await client.get("/api/cases", headers=token(engine))
    assert [200, 200, 429] == [answer.status_code for answer in answers]
    assert problem(answers[2], 429)
    assert 0 < int(answers[2].headers["retry-after"]) <= 3600
    assert 200 == other.status_code


# --- seeing


async def test_a_foreign_case_answers_as_one_that_does_not_exist(client: AsyncClient, engine: Engine) -> None:
    """Whatever is asked about it, by whoever has no part in it, word by word."""
    here = await raised(client, engine)
    missing = here.replace("-0001", "-0999")
    never = await client.get(missing, headers=token(engine))
    foreign = [
        token(engine, agency="EDU"),
        token(engine, "safeguarding_lead", agency="TORFAEN"),
        token(engine, "team_manager", agency=""),
        token(engine, "business_unit", agency="", board="cwm-taf-morgannwg"),
        token(engine, authority="Torfaen"),
        token(engine, group="adults"),
    ]
    for headers in foreign:
        answers, none = [await everything(client, where, headers) for where in (here, missing)]
        assert [problem(answer, 404) for answer in none] == [problem(answer, 404) for answer in answers]
        assert [dict(answer.headers) for answer in none] == [dict(answer.headers) for answer in answers]
        assert [] == (await client.get("/api/cases", headers=headers)).json()
    for strange in ("x", "%00", "%F0%9F%92%A9", "A" * 500, "GWENT-2026-0001'--"):
        assert problem(never, 404) == problem(await client.get(f"/api/cases/{strange}", headers=foreign[0]), 404)


async def test_each_sees_their_part_of_a_case(client: AsyncClient, engine: Engine) -> None:
    """The Business Unit and the operator before their time the stages only; the duty team that there is an alarm."""
    here = await raised(client, engine)
    reference = here.rpartition("/")[2]
    entries = [an_entry(), an_entry("discussion_recorded", facts={"id": "x"})]
    write(engine, a_step(reference, entries=entries))
    write(engine, a_step(f"{reference}-immediate-1", notices=[a_notice("immediate-action", to=Role(role="duty_team"))]))
    seen = {}
    for role, limits in (("line_manager", {}), ("business_unit", {"agency": ""}), ("operator", {}), ("duty_team", {})):
        headers = token(engine, role, **limits)
        case = (await client.get(here, headers=headers)).json()
        [row] = (await client.get("/api/cases", headers=headers)).json()
        assert reference == Line.model_validate(row).reference == CaseShown.model_validate(case).reference
        seen[role] = ("clocks" in case, "stage" in row, [line["what"] for line in case.get("timeline", ())])
    assert {
        "line_manager": (True, True, ["stage-entered", "discussion_recorded"]),
        "business_unit": (True, True, ["stage-entered"]),
        "operator": (True, True, ["stage-entered"]),
        "duty_team": (False, False, []),
    } == seen


async def test_words_of_a_question_that_are_misspelt_are_all_named(client: AsyncClient, engine: Engine) -> None:
    """A register that is empty for that reason alone would be believed."""
    asked = {"protocol": "Gwent", "stage": "meating", "waiting_for": "chairman/EDU", "overdue": "maybe"}
    answer = await client.get("/api/cases", params=asked, headers=token(engine))
    known = await client.get(
        "/api/cases", params={k: v for k, v in asked.items() if k != "overdue"}, headers=token(engine)
    )
    assert ["overdue"] == [one["field"] for one in problem(answer, 422)["errors"]]
    assert ["protocol", "stage", "waiting_for"] == [one["field"] for one in problem(known, 422)["errors"]]


# --- speaking


async def test_a_token_speaks_for_its_roles_only(client: AsyncClient, engine: Engine) -> None:
    """In a case that it may see: 403, and nothing is kept; nor may it raise one in another's name."""
    here = await raised(client, engine)
    for by in (
        {"by": "line_manager", "agency": "NEWPORT"},
        {"by": "team_manager"},
        {"by": "practitioner", "agency": "EDU"},
    ):
        answer = await client.post(
            f"{here}/signals/discussion_recorded", json={**by, "text": "t"}, headers=token(engine)
        )
        assert "does not speak for" in problem(answer, 403)["detail"]
    operator = await client.post(f"{here}/signals/withdrawn", json=BY_PRACTITIONER, headers=token(engine, "operator"))
    assert problem(operator, 403)
    for headers in (token(engine, agency="NEWPORT"), token(engine, "operator"), token(engine, authority="Torfaen")):
        answer = await client.post("/api/cases", json=case_file(datetime.now(UTC)), headers=headers)
        assert "You may not raise a case as practitioner of ABUHB." == problem(answer, 403)["detail"]
    assert 1 == len(register(engine))


async def test_an_agency_that_is_not_said_is_the_tokens(client: AsyncClient, engine: Engine) -> None:
    """And a role that there is once in a case is held without one, whatever is said."""
    here = await raised(client, engine)
    own = await client.post(f"{here}/signals/not_resolved", json={"by": "practitioner"}, headers=token(engine))
    reference = here.rpartition("/")[2]
    write(
        engine,
        a_step(
            reference,
            notices=[a_notice("opened", to=CHAIR)],
            stage="meeting",
        ),
    )
    said = {"by": "chair", "agency": "GWENTPOLICE", "text": "t"}
    chair = token(engine, "chair", agency="")
    answer = await client.post(f"{here}/signals/discussion_recorded", json=said, headers=chair)
    assert [202, 202] == [own.status_code, answer.status_code], answer.text
