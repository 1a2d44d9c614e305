"""Whatever a body holds: it is refused with a reason or kept as it is, and never brings down the hook."""

import json
from datetime import timedelta
from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy import Engine

from records.private import texts_of
from starter.use_cases import Datrys
from starter.web import Limits
from tests.people import case_file
from tests.web.hook import BY_PRACTITIONER, faults, hook, now, problem, token
from tests.web.test_callers import client, door, raised

__all__ = ["client", "door"]

JSON = {"Content-Type": "application/json"}
STRANGE = (
    "one\r\nBcc: everybody@example.invalid",
    "<script>alert(1)</script>",
    "\u202etxet desrever\u202c",
    "👩‍👧 ŵ ŷ ŴŶ",
    "\x00\x07\x1b[31m",
    "{{ 7 * 7 }} ${7} %s",
    "x" * 100_000,
)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is no JSON"),
        (b"{", "is no JSON: see line 1"),
        (b"[]", "is no JSON object"),
        (b'"text"', "is no JSON object"),
        (b"null", "is no JSON object"),
        (b'{"by": "a", "by": "b"}', "says \u201cby\u201d twice"),
        (b'{"a": {"\\r\\n<b>": 1, "\\r\\n<b>": 2}}', "twice in one object"),
        (b'{"turn": NaN}', "a number that is none"),
        (b'{"turn": -Infinity}', "a number that is none"),
        (b'{"turn": 1e999}', "a number that is none"),
        (b'{"turn": ' + b"9" * 5000 + b"}", "a number that is none"),
        (b'{"a":' * 40_000, "too much in one another"),
        (b'{"text": ' + b"[" * 20 + b"]" * 20 + b"}", "too much in one another"),
        (b'{"text": "\\ud800"}', "is not UTF-8"),
        (b'{"text": "\xff"}', "is not UTF-8"),
        (json.dumps({"by": "practitioner"}).encode("utf-16"), "is not UTF-8"),
    ],
)
@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_what_is_no_single_meaning_is_refused(
    client: AsyncClient, engine: Engine, content: bytes, words: str
) -> None:
    """400 at both calls, saying what is wrong."""
    here = await raised(client, engine)
    for where in ("/api/cases", f"{here}/signals/not_resolved"):
        answer = await client.post(where, content=content, headers=token(engine) | JSON)
        assert words in problem(answer, 400)["detail"]


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/jsonp", "application/json; charset=utf-16", "multipart/form-data", "\u00e9"]
)
@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_only_json_is_taken(client: AsyncClient, engine: Engine, kind: str) -> None:
    """415; a browser's form can send nothing here."""
    headers = token(engine) | {"Content-Type": kind}
    encoded = [(name.encode(), value.encode()) for name, value in headers.items() if value]
    assert problem(await client.post("/api/cases", content=b"{}", headers=encoded), 415)


async def test_a_body_that_is_too_long_is_refused(door: Datrys, engine: Engine) -> None:
    """413, whether its length is said beforehand or not."""

    async def pieces() -> Any:
        for _ in range(100):
            yield b" " * 100

    async with hook(door, Limits(body_bytes=1000)) as client:
        for content in (b" " * 1001, pieces()):
            answer = await client.post("/api/cases", content=content, headers=token(engine) | JSON)
            assert "longer than 1000 bytes" in problem(answer, 413)["detail"]


@pytest.mark.parametrize("text", STRANGE, ids=lambda text: ascii(text[:12]))
async def test_a_strange_text_is_kept_as_it_is(client: AsyncClient, engine: Engine, text: str) -> None:
    """It goes to the records and to nowhere else; a sign that no database keeps is replaced."""
    here = await raised(client, engine)
    reference = here.rpartition("/")[2]
    said = {**BY_PRACTITIONER, "text": text}
    answer = await client.post(f"{here}/signals/discussion_recorded", json=said, headers=token(engine))
    kept = [one["text"] for one in texts_of(engine, reference).values() if isinstance(one, dict) and "text" in one]
    assert 202 == answer.status_code
    assert text.replace("\0", "\ufffd") in kept
    assert text[:12] not in (await client.get(here, headers=token(engine))).text


@pytest.mark.parametrize("text", STRANGE[:-1], ids=lambda text: ascii(text[:12]))
@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_a_strange_word_where_a_fact_belongs_is_refused(client: AsyncClient, engine: Engine, text: str) -> None:
    """All of them at once, and the words are not repeated; in a case file too."""
    here = await raised(client, engine)
    said = {"by": text, "agency": text, "at": text, "stage": text * 20, "turn": text, "must_respond": text}
    answer = await client.post(f"{here}/signals/not_resolved", json=said, headers=token(engine))
    assert said.keys() - {"stage"} <= faults(answer).keys()
    file = case_file(now() + timedelta(seconds=1)) | {"authority": text, "circumstance": text, "instigated_at": text}
    refused = await client.post("/api/cases", json=file, headers=token(engine))
    assert {"authority", "circumstance", "instigated_at"} <= faults(refused).keys()
    assert text[:12] not in answer.text + refused.text


@pytest.mark.parametrize("value", [None, 1, 1.5, True, [], {}, [[]], {"a": {"b": []}}], ids=json.dumps)
@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_no_kind_of_value_fails_anywhere(client: AsyncClient, engine: Engine, value: Any) -> None:
    """In every field of a case file and of a signal, in place of the field or of the whole."""
    here, headers = await raised(client, engine), token(engine)
    file = case_file(now())
    statuses = set()
    for field in file:
        statuses.add((await client.post("/api/cases", json=file | {field: value}, headers=headers)).status_code)
    for field in (
        "by",
        "agency",
        "entered_by",
        "id",
        "at",
        "stage",
        "turn",
        "record",
        "text",
        "holder",
        "people",
        "sent_at",
    ):
        said = {**BY_PRACTITIONER, field: value}
        answer = await client.post(f"{here}/signals/role_changed", json=said, headers=headers)
        statuses.add(answer.status_code)
    assert statuses <= {201, 202, 403, 409, 422}


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_what_is_nested_as_deep_as_is_allowed_is_kept(client: AsyncClient, engine: Engine) -> None:
    """Nineteen lists in one another, in the object that is the body."""
    here = await raised(client, engine)
    content = json.dumps(BY_PRACTITIONER)[:-1].encode() + b', "text": ' + b"[" * 19 + b"]" * 19 + b"}"
    answer = await client.post(f"{here}/signals/discussion_recorded", content=content, headers=token(engine) | JSON)
    assert 202 == answer.status_code


async def test_facts_that_are_too_long_are_refused(client: AsyncClient, engine: Engine) -> None:
    """422 with the remedy."""
    here = await raised(client, engine)
    said = {**BY_PRACTITIONER, "must_respond": ["AB"] * 3000}
    answer = await client.post(f"{here}/signals/not_resolved", json=said, headers=token(engine))
    assert problem(answer, 422)


@pytest.mark.parametrize("key", ["k" * 201, ""])
async def test_a_key_is_no_longer_than_200_signs(client: AsyncClient, engine: Engine, key: str) -> None:
    """A longer one is refused; an empty one is none."""
    here = await raised(client, engine)
    headers = token(engine) | {"Idempotency-Key": key}
    answer = await client.post(f"{here}/signals/not_resolved", json=BY_PRACTITIONER, headers=headers)
    assert (422 if key else 202) == answer.status_code
