"""Signed calls: what changes something is held to its signature and taken once; what we dropped may come again."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from httpx import AsyncClient, Response
from pydantic import SecretStr
from sqlalchemy import Engine, func, select
from standardwebhooks import Webhook

from protocols.errors import Unreachable
from records import signing, submissions
from records.database import reading
from records.keys import Keys
from records.models import SignedCall, Submission
from records.register import register
from records.tokens import Bound, make_token, tokens
from settings import Settings
from starter.use_cases import Datrys
from starter.web import web_app
from tests.people import case_file, load_directory
from tests.web.hook import BY_PRACTITIONER, hook, now, problem
from tests.web.test_callers import NoEngine

SECRET_KEY = "a secret of sixteen and more"
ROOT = Path(__file__).parent.parent.parent
BOUND = Bound("a program", ("practitioner", "line_manager"), agency="ABUHB", board="gwent")


@pytest.fixture
def door(engine: Engine) -> Datrys:
    """The use cases, with a key that seals."""
    load_directory(engine)
    return Datrys(Settings(secret_key=SecretStr(SECRET_KEY)), engine, NoEngine())  # type: ignore[arg-type]


@pytest_asyncio.fixture(loop_scope="session")
async def client(door: Datrys) -> AsyncIterator[AsyncClient]:
    async with hook(door) as found:
        yield found


class Program:
    """A program with a token that signs."""

    def __init__(self, engine: Engine) -> None:
        self.secret = signing.new_secret()
        sealed = Keys(SECRET_KEY).seal(self.secret.encode())
        self.token = make_token(engine, BOUND, now(), now() + timedelta(days=1), sealed)
        self.bearer = {"Authorization": f"Bearer {self.token.secret}"}

    def signed(self, body: str, message: str = "m1", at: datetime | None = None) -> dict[str, str]:
        """The headers of a call."""
        at = at or now()
        return {
            **self.bearer,
            "Content-Type": "application/json",
            "webhook-id": message,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(self.secret).sign(message, at, body),
        }

    async def send(self, client: AsyncClient, where: str, said: Any, message: str = "m1", **more: str) -> Response:
        """Send it signed."""
        body = json.dumps(said)
        return await client.post(where, content=body, headers=self.signed(body, message) | more)

    async def raised(self, client: AsyncClient) -> str:
        """Where its case is."""
        answer = await self.send(client, "/api/cases", case_file(now()), "raise")
        assert 201 == answer.status_code, answer.text
        return str(answer.headers["location"])


@pytest.fixture
def program(engine: Engine) -> Program:
    return Program(engine)


def rows(engine: Engine, table: Any) -> int:
    with reading(engine) as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


async def test_a_signed_call_is_taken_once(client: AsyncClient, program: Program, engine: Engine) -> None:
    """The same again is 409 and changes nothing; another token's message of the same name is another message."""
    here = await program.raised(client)
    where, said = f"{here}/signals/discussion_recorded", {**BY_PRACTITIONER, "text": "we spoke"}
    first, again = [await program.send(client, where, said) for _ in "12"]
    assert (202, "m1") == (first.status_code, first.json()["id"])
    assert "urn:datrys:problem:replayed" == problem(again, 409)["type"]
    assert 202 == (await Program(engine).send(client, where, {**said, "text": "t", "id": "other"})).status_code
    assert 2 == rows(engine, Submission)


async def test_of_two_at_once_exactly_one_is_taken(client: AsyncClient, program: Program, engine: Engine) -> None:
    """Of eight."""
    here = await program.raised(client)
    where, said = f"{here}/signals/discussion_recorded", {**BY_PRACTITIONER, "text": "we spoke"}
    answers = await asyncio.gather(*(program.send(client, where, said) for _ in range(8)))
    assert [202] + [409] * 7 == sorted(answer.status_code for answer in answers)
    assert 1 == rows(engine, Submission)


async def test_reading_needs_no_signature(client: AsyncClient, program: Program) -> None:
    """The bearer token is enough to look."""
    here = await program.raised(client)
    answers = [await client.get(where, headers=program.bearer) for where in ("/api/cases", here)]
    assert [200, 200] == [answer.status_code for answer in answers]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"webhook-id": ""}, "are missing"),
        ({"webhook-timestamp": ""}, "are missing"),
        ({"webhook-signature": ""}, "are missing"),
        ({"webhook-id": "m2"}, "does not match"),
        ({"webhook-timestamp": "1"}, "5 minutes away"),
        ({"webhook-timestamp": "99999999999"}, "5 minutes away"),
        ({"webhook-timestamp": "now"}, "does not match"),
        ({"webhook-timestamp": "nan"}, "does not match"),
        ({"webhook-signature": "v1"}, "does not match"),
        ({"webhook-signature": "v1,x"}, "does not match"),
        ({"webhook-signature": "v1,a,b"}, "does not match"),
        ({"webhook-signature": "v1,\u00e9"}, "does not match"),
        ({"webhook-signature": "v2,AAAA v1,AAAA"}, "does not match"),
    ],
)
async def test_a_signature_that_does_not_hold_is_nobodys(
    client: AsyncClient, program: Program, engine: Engine, wrong: dict[str, str], words: str
) -> None:
    """401 that says what to do; nothing is done, and the message may still come."""
    body = json.dumps(case_file(now()))
    headers = [(name.encode(), value.encode()) for name, value in (program.signed(body) | wrong).items()]
    answer = await client.post("/api/cases", content=body, headers=headers)
    document = problem(answer, 401)
    assert words in document["detail"]
    assert ("urn:datrys:problem:signature", 'Bearer realm="datrys"') == (
        document["type"],
        answer.headers["www-authenticate"],
    )
    assert (0, 0) == (len(register(engine)), rows(engine, SignedCall))


async def test_another_body_and_another_secret_do_not_match(
    client: AsyncClient, program: Program, engine: Engine
) -> None:
    """One byte more is another body; the secret is that of this very token."""
    body = json.dumps(case_file(now()))
    signed = program.signed(body)
    for content, headers in ((body + " ", signed), (body, Program(engine).signed(body) | program.bearer)):
        answer = await client.post("/api/cases", content=content, headers=headers)
        assert "does not match" in problem(answer, 401)["detail"]
    assert 201 == (await client.post("/api/cases", content=body, headers=signed)).status_code


async def test_a_body_that_is_no_json_is_refused_and_its_message_not_used_up(
    client: AsyncClient, program: Program, engine: Engine
) -> None:
    """400, signed or not; nothing of it is kept."""
    headers = program.signed("{")
    assert problem(await client.post("/api/cases", content=b"{", headers=headers), 400)
    assert problem(await client.post("/api/cases", content=b"\xff", headers=headers), 400)
    assert 0 == rows(engine, SignedCall)


async def test_a_call_that_our_side_dropped_may_come_again(
    client: AsyncClient, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 and 500 use up no message; what was sent is taken when it comes again, and then no more."""
    here = await program.raised(client)
    where, said = f"{here}/signals/discussion_recorded", {**BY_PRACTITIONER, "text": "we spoke"}
    for fault, status in ((Unreachable("away"), 503), (RuntimeError("a fault"), 500)):
        with monkeypatch.context() as broken:
            broken.setattr(submissions, "keep_submission", _raising(fault))
            assert problem(await program.send(client, where, said), status)
    answers = [await program.send(client, where, said) for _ in "12"]
    assert [202, 409] == [answer.status_code for answer in answers]


async def test_a_message_is_given_back_once_the_records_are_there_again(
    client: AsyncClient, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where they were away for giving it back as well."""
    here = await program.raised(client)
    where, said = f"{here}/signals/discussion_recorded", {**BY_PRACTITIONER, "text": "we spoke"}
    with monkeypatch.context() as broken:
        broken.setattr(submissions, "keep_submission", _raising(Unreachable("away")))
        broken.setattr(signing, "give_back", _raising(Unreachable("away")))
        assert problem(await program.send(client, where, said), 503)
    answers = [await program.send(client, where, said) for _ in "12"]
    assert [202, 409] == [answer.status_code for answer in answers]


async def test_what_was_refused_is_used_up(client: AsyncClient, program: Program) -> None:
    """Whoever overheard it cannot send it again when it would be accepted."""
    file = case_file(now()) | {"authority": "Cardiff"}
    signal = f"{await program.raised(client)}/signals/not_resolved"
    answers = [await program.send(client, "/api/cases", file) for _ in "12"]
    answers += [await program.send(client, signal, {}, "m2") for _ in "12"]
    assert [422, 409] * 2 == [answer.status_code for answer in answers]


async def test_after_a_lost_answer_a_new_message_with_the_first_ones_name_as_key_hears_it(
    client: AsyncClient, program: Program, engine: Engine
) -> None:
    """Where no key is sent, the name of the message is the key: it counts once however it comes."""
    here = await program.raised(client)
    where, said = f"{here}/signals/discussion_recorded", {**BY_PRACTITIONER, "text": "we spoke"}
    first = await program.send(client, where, said)
    again = await program.send(client, where, said, "m2", **{"Idempotency-Key": "m1"})
    assert [("m1", True), ("m1", False)] == [(a.json()["id"], a.json()["new"]) for a in (first, again)]
    assert 1 == rows(engine, Submission)


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize("key", [None, "another secret of some length"])
async def test_without_the_key_that_sealed_it_no_signature_is_believed(
    door: Datrys, program: Program, engine: Engine, key: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    """500 and a line in the log for whoever runs it; nothing is taken."""
    door.settings = Settings(secret_key=SecretStr(key) if key else None)
    async with hook(door) as client:
        answer = await program.send(client, "/api/cases", case_file(now()))
    assert "DATRYS_SECRET_KEY" not in problem(answer, 500)["detail"]
    assert "DATRYS_SECRET_KEY" in caplog.text
    assert 0 == len(register(engine))


def test_what_cannot_come_again_is_forgotten(engine: Engine) -> None:
    """Only then: a timestamp may lie 5 minutes ahead, and counts for 5 minutes after it."""
    when = datetime(2026, 6, 1, 12, tzinfo=UTC)
    assert signing.take(engine, "t", "early", when)
    assert not signing.take(engine, "t", "early", when + timedelta(minutes=10))
    assert signing.take(engine, "t", "late", when + signing.KEPT + timedelta(seconds=1))
    assert 1 == rows(engine, SignedCall)
    assert signing.KEPT > timedelta(minutes=10)


def test_the_secret_is_kept_sealed(program: Program, engine: Engine) -> None:
    """Whoever reads the records cannot sign; the list says that the token signs, and not with what."""
    sealed = signing.sealed_secret(engine, program.token.id)
    assert sealed
    assert program.secret.removeprefix("whsec_").encode() not in sealed
    assert [True] == [row.signed for row in tokens(engine)]
    assert signing.sealed_secret(engine, "nobody") is None


def test_the_description_says_which_headers_a_signed_call_carries(door: Datrys) -> None:
    """At both calls that change something, and at no other."""
    described: Any = web_app(door).openapi()
    named = {
        (path, method): {one["name"] for one in call.get("parameters", ()) if one["in"] == "header"}
        for path, calls in described["paths"].items()
        for method, call in calls.items()
    }
    signs = {"webhook-id", "webhook-timestamp", "webhook-signature"}
    assert {("/api/cases", "post"), ("/api/cases/{reference}/signals/{name}", "post")} == {
        call for call, names in named.items() if signs <= names
    }
    assert not any(signs & names for (_, method), names in named.items() if method == "get")


async def test_the_example_of_the_documentation_runs(
    client: AsyncClient, program: Program, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it stands there, with the secrets and the case of here."""
    here = await program.raised(client)
    [example] = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "web.md").read_text(encoding="utf-8"), re.DOTALL)
    for there, ours in (
        ("datrys_…", program.token.secret),
        ("whsec_…", program.secret),
        ("/api/cases/GWENT-2026-0001", here),
    ):
        assert there in example
        example = example.replace(there, ours)
    sent: dict[str, Any] = {}

    def post(where: str, **call: Any) -> Response:
        sent[where] = call
        return Response(200, text="{}")

    monkeypatch.setattr(httpx, "post", post)
    exec(example, {})  # noqa: S102 - our own page
    [(where, call)] = sent.items()
    assert 202 == (await client.post(where.removeprefix("http://127.0.0.1:8000"), **call)).status_code


def _raising(fault: Exception) -> Any:
    def fail(*arguments: Any) -> None:
        raise fault

    return fail
