"""Every route of the web hook, by everybody who may hold a token, on a case of theirs and on a foreign one.

What is answered is compared with what `protocols/access.py` says. A route without a row here fails.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any, NamedTuple

import pytest
import pytest_asyncio
from httpx import AsyncClient, Response
from sqlalchemy import Engine

from protocols.access import OF_AN_AGENCY, may_raise
from protocols.roles import Role
from settings import Settings
from starter.use_cases import Datrys
from starter.web import web_app
from tests.walking import SECRET, Ground, Place, Someone, everybody
from tests.web.hook import hook
from tests.web.test_callers import NoEngine

Status = Callable[[Someone, Place], int]


class Call(NamedTuple):
    """How a route is called, and what the policy says of the answer.

    Attributes:
        where: the rest of the address, after `/api/cases`.
        body: what is sent.
        status: what is to be answered.
    """

    where: Callable[[Place], str]
    status: Status
    body: Callable[[Someone, Place], Any] | None = None


def seen(someone: Someone, place: Place) -> int:
    return 200 if someone.sees(place) else 404


def kept(someone: Someone, place: Place, role: Role) -> int:
    """No engine hears it: what is accepted is kept."""
    if not someone.sees(place):
        return 404
    return 202 if someone.may_speak_as(role, place) else 403


def own_role(someone: Someone) -> Role:
    return someone.role if someone.role.role in OF_AN_AGENCY else Role(role=someone.role.role)


def another(place: Place) -> Role:
    return Role(role="line_manager" if place.board == "gwent" else "manager", agency=place.raising)


def raised(someone: Someone, place: Place) -> int:
    said = place.file["raised_by"]
    by = Role(role=said["role"], agency=said["agency"])
    return 201 if may_raise(by, someone.held, place.board, place.affair.authority, "children") else 403


def saying(by: Role) -> Mapping[str, str]:
    return {"by": by.role, "agency": by.agency, "text": "said"}


CASE, SIGNAL = "/api/cases/{reference}", "/api/cases/{reference}/signals/{name}"
CALLS: dict[tuple[str, str], list[Call]] = {
    ("GET", CASE): [Call(lambda p: f"/api/cases/{p.reference}", seen)],
    ("POST", SIGNAL): [
        Call(
            lambda p: f"/api/cases/{p.reference}/signals/discussion_recorded",
            lambda s, p: kept(s, p, own_role(s)),
            lambda s, p: saying(own_role(s)),
        ),
        Call(
            lambda p: f"/api/cases/{p.reference}/signals/discussion_recorded",
            lambda s, p: kept(s, p, another(p)),
            lambda s, p: saying(another(p)),
        ),
    ],
    ("GET", "/api/cases"): [Call(lambda p: "/api/cases", lambda s, p: 200)],
    **{
        ("GET", path): [Call(lambda p, path=path: path, lambda s, p: 200)]  # type: ignore[misc]
        for path in ("/healthz", "/readyz", "/metrics", "/openapi.json")
    },
    ("POST", "/api/cases"): [Call(lambda p: "/api/cases?again=true", raised, lambda s, p: p.file)],
}
"""The last makes cases."""


@pytest.fixture
def ground(engine: Engine) -> Ground:
    return Ground(engine)


@pytest_asyncio.fixture(loop_scope="session")
async def client(ground: Ground) -> AsyncIterator[AsyncClient]:
    async with hook(Datrys(Settings(), ground.engine, NoEngine())) as found:  # type: ignore[arg-type]
        yield found


def routes(router: Any) -> Iterator[tuple[str, str]]:
    """Every route with its methods, those of the routers that it includes too."""
    for route in router.routes:
        if inner := getattr(route, "original_router", None):
            yield from routes(inner)
        else:
            yield from ((method, route.path) for method in route.methods - {"HEAD"})


def test_every_route_has_its_walk(ground: Ground) -> None:
    """A new one without a row has to say who may call it."""
    app = web_app(Datrys(Settings(), ground.engine, NoEngine()))  # type: ignore[arg-type]
    assert set(CALLS) == set(routes(app))


async def answer(client: AsyncClient, method: str, call: Call, someone: Someone, place: Place, secret: str) -> Response:
    body = call.body(someone, place) if call.body else None
    headers = {"Authorization": f"Bearer {secret}"}
    return await client.request(method, call.where(place), json=body, headers=headers)


async def test_everybody_is_answered_on_every_route_what_the_policy_says(client: AsyncClient, ground: Ground) -> None:
    """On their own case and on a foreign one, which is answered word by word as one that does not exist."""
    wrong = []
    tokens = [(someone, someone.token(ground.engine)) for someone in everybody()]
    for (method, _), calls in CALLS.items():
        for call in calls:
            for someone, secret in tokens:
                theirs = {place.reference for place in ground.places if someone.sees(place)}
                for place in ground.both(someone):
                    said = await answer(client, method, call, someone, place, secret)
                    shown = {one.reference for one in ground.places if one.reference in said.text}
                    if said.status_code != call.status(someone, place) or shown - theirs or SECRET in said.text:
                        wrong.append((str(someone), method, call.where(place), said.status_code, said.text[:200]))
                    if said.status_code == 404:
                        missing = place._replace(affair=place.affair._replace(reference="GWENT-1999-0001"))
                        never = await answer(client, method, call, someone, missing, secret)
                        assert (never.text, never.headers) == (said.text, said.headers)
    assert [] == wrong


async def test_the_register_and_each_case_show_what_the_policy_says(client: AsyncClient, ground: Ground) -> None:
    """Every case that anything may be seen of, with the parts that may, and no other."""
    for someone in everybody():
        headers = {"Authorization": f"Bearer {someone.token(ground.engine)}"}
        seen = {place.reference: sorted(parts) for place in ground.places if (parts := someone.sees(place))}
        rows = (await client.get("/api/cases", headers=headers)).json()
        shown = {row["reference"]: await client.get(f"/api/cases/{row['reference']}", headers=headers) for row in rows}
        assert seen == {reference: case.json()["sees"] for reference, case in shown.items()}, someone
