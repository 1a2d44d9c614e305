"""The JSON object that a request brings: of the right kind and size, UTF-8, and one that means one thing only."""

import json
from collections.abc import AsyncIterator
from email.message import Message
from typing import Annotated, Any, NoReturn

from fastapi import Depends, Request
from starlette.requests import ClientDisconnect

from starter.web.callers import Asking
from starter.web.house import House, InHouse
from starter.web.problems import Trouble
from starter.web.signatures import Shown, once, verify

JSON = "application/json"
NOT_UTF_8 = "The body is not UTF-8 text throughout."
DEEPEST = 20
HEARD_OUT = 20
"""So many times as much is heard out and forgotten: whoever still sends may not read the answer."""


async def json_body(request: Request, house: InHouse, caller: Asking, shown: Shown) -> AsyncIterator[dict[str, Any]]:
    """The object in the body; of a token that signs, held to its signature and taken once.

    Raises:
        Trouble: 415, 413 or 400, with what to send instead; 401 or 409 for its signature.
    """
    _of_json(request.headers.get("content-type", ""))
    _as_it_is(request.headers.get("content-encoding", ""))
    try:
        content = await _received(request, house)
    except ClientDisconnect:
        raise Trouble(400, "The body ended before it was whole.") from None
    if not caller.signs:
        yield _read(content)
        return
    try:
        await verify(house, caller, shown, content)
    except UnicodeError:
        raise Trouble(400, NOT_UTF_8) from None
    value = _read(content)
    async with once(house, caller, shown.id):
        yield value


async def _received(request: Request, house: House) -> bytes:
    content, size, most = bytearray(), 0, house.limits.body_bytes
    async for chunk in request.stream():
        size += len(chunk)
        if size <= most:
            content += chunk
        elif size > most * HEARD_OUT:
            break
    if size > most:
        raise Trouble(413, f"The body is longer than {most} bytes.", headers={"Connection": "close"})
    return bytes(content)


Body = Annotated[dict[str, Any], Depends(json_body)]


def _of_json(said: str) -> None:
    header = Message()
    header["Content-Type"] = said.replace("\n", " ").replace("\r", " ")
    if header.get_content_type() != JSON or header.get_content_charset("utf-8") != "utf-8" or not said:
        raise Trouble(415, f"Send JSON in UTF-8, and say so: Content-Type: {JSON}.", headers={"Accept": JSON})


def _as_it_is(encoding: str) -> None:
    if encoding.strip().lower() not in ("", "identity"):
        detail = "Send the body as it is, without Content-Encoding."
        raise Trouble(415, detail, headers={"Accept-Encoding": "identity"})


def _read(content: bytes) -> dict[str, Any]:
    try:
        value = json.loads(content.decode("utf-8-sig"), object_pairs_hook=_object, parse_constant=_no_number)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
        _shallow(value)
    except json.JSONDecodeError as fault:
        raise Trouble(400, f"The body is no JSON: see line {fault.lineno}, column {fault.colno}.") from None
    except UnicodeError:
        raise Trouble(400, NOT_UTF_8) from None
    except _Twice as fault:
        raise Trouble(400, f"The body says “{fault}” twice in one object.") from None
    except (ValueError, RecursionError):
        raise Trouble(400, "The body holds a number that is none, or too much in one another.") from None
    if not isinstance(value, dict):
        raise Trouble(400, "The body is no JSON object, such as {…}.")
    return value


class _Twice(ValueError):
    """A field stands twice in one object: programs do not agree on which one counts."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in pairs:
        if name in made:
            raise _Twice(ascii(name)[1:-1][:40])
        made[name] = value
    return made


def _shallow(value: Any, levels: int = DEEPEST) -> None:
    """Refuse what is nested deeper than anything that is asked for: not every part takes it."""
    if isinstance(value, dict | list):
        if not levels:
            raise ValueError("too much in one another")
        for one in value.values() if isinstance(value, dict) else value:
            _shallow(one, levels - 1)


def _no_number(word: str) -> NoReturn:
    raise ValueError(word)
