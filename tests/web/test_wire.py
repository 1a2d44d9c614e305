"""What no client sends that means well: each gets one answer or none, nothing is taken, and the next one is served."""

import json
import logging
import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from sqlalchemy import Engine

from records.register import register
from starter.parts import LOCALHOST
from starter.use_cases import Datrys
from starter.web import Limits
from tests.people import case_file
from tests.web.hook import now, served, token
from tests.web.test_callers import door

__all__ = ["door"]

SECONDS = 20
METRICS = b"GET /metrics HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
POST = b"POST /api/cases HTTP/1.1\r\nHost: hook.invalid\r\nConnection: close\r\n"
JSON = b"Content-Type: application/json\r\n"


class Wire:
    """Connections to a running web hook."""

    def __init__(self, port: int, bearer: str) -> None:
        self.port = port
        self.bearer = f"Authorization: {bearer}\r\n".encode()

    def say(self, said: bytes, *, hang_up: bool = False) -> bytes:
        """All that is answered, or as much of it as comes before the other side breaks off."""
        heard = b""
        there = (LOCALHOST, self.port)
        with socket.create_connection(there, timeout=SECONDS) as connection, suppress(ConnectionError):
            connection.sendall(said)
            if hang_up:
                connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(65536):
                heard += piece
        return heard

    def post(self, headers: bytes, body: bytes, *, hang_up: bool = False) -> bytes:
        """Raise a case."""
        return self.say(POST + self.bearer + JSON + headers + b"\r\n" + body, hang_up=hang_up)


@pytest.fixture
def wire(door: Datrys, engine: Engine, caplog: pytest.LogCaptureFixture) -> Iterator[Wire]:
    """Afterwards it answers still, no case has come of it, and nothing failed where it should not."""
    with served(door, Limits()) as port:
        made = Wire(port, token(engine)["Authorization"])
        yield made
        assert b"200" == status(made.say(b"GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"))
        assert [] == register(engine)
        assert [] == [record.message for record in caplog.get_records("call") if record.levelno >= logging.ERROR]


def status(answer: bytes) -> bytes:
    """Of an answer; there is one only."""
    assert 1 == answer.count(b"HTTP/1.1 "), answer
    return answer.split(b" ", 2)[1]


def content() -> bytes:
    """A case that would be raised."""
    return json.dumps(case_file(now())).encode()


sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])


@sqlite
@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Length: -1\r\n",
        b"Content-Length: 0x10\r\n",
        b"Content-Length: 1e3\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Content-Length: 5, 6\r\n",
        b"Content-Length : 5\r\n",
        b"Transfer-Encoding: gzip\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
    ],
)
def test_a_length_that_is_none_is_refused(wire: Wire, headers: bytes) -> None:
    """400, or 501 for a transfer encoding that is not known."""
    assert status(wire.post(headers, content())) in {b"400", b"501"}


@sqlite
def test_a_body_that_ends_too_early_is_nothing(wire: Wire) -> None:
    """Whoever hangs up in the middle has said nothing, and that is no failure of ours."""
    body = content()
    for headers, cut in ((b"Content-Length: %d\r\n" % len(body), body[:-1]), (CHUNKED, b"5\r\nabc")):
        assert b"HTTP/1.1 2" not in wire.post(headers, cut, hang_up=True)
    until = time.monotonic() + SECONDS
    while b'status="400"} 2' not in (counted := wire.say(METRICS)):
        assert b'status="5' not in counted, counted
        assert time.monotonic() < until, counted
        time.sleep(0.02)


CHUNKED = b"Transfer-Encoding: chunked\r\n"


@sqlite
@pytest.mark.parametrize(
    "garbage",
    [
        b"zz\r\nabc\r\n0\r\n\r\n",
        b"-1\r\nabc\r\n0\r\n\r\n",
        b"3\r\nabcdef\r\n0\r\n\r\n",
        b"f" * 40 + b"\r\nabc\r\n",
        b"\r\n\r\n",
    ],
)
def test_chunks_that_are_none_are_refused(wire: Wire, garbage: bytes) -> None:
    """400."""
    assert b"400" == status(wire.post(CHUNKED, garbage))


@sqlite
@pytest.mark.parametrize("both", [b"Content-Length: 4\r\n" + CHUNKED, CHUNKED + b"Content-Length: 4\r\n"])
def test_a_body_with_two_lengths_is_refused(wire: Wire, both: bytes) -> None:
    """A proxy may have taken what follows it for another request: 400, and the connection ends."""
    body = content()
    chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    hidden = b"GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n"
    answer = wire.say(
        POST.replace(b"Connection: close\r\n", b"") + wire.bearer + JSON + both + b"\r\n" + chunk + hidden
    )
    assert b"400" == status(answer)
    looked = wire.say(b"GET /healthz HTTP/1.1\r\nHost: h\r\n" + both + b"\r\n" + chunk + hidden)
    assert b"400" == status(looked)


@sqlite
@pytest.mark.parametrize("encoding", [b"gzip", b"GZIP", b"br", b"identity, gzip", b"nonsense"])
def test_a_body_that_is_compressed_is_refused(wire: Wire, encoding: bytes) -> None:
    """415, whatever is in it: a few bytes could become very many."""
    body = content()
    answer = wire.post(b"Content-Encoding: %b\r\nContent-Length: %d\r\n" % (encoding, len(body)), body)
    assert b"415" == status(answer)
    assert b"accept-encoding: identity" in answer.lower()


@sqlite
def test_ten_megabytes_are_refused(wire: Wire) -> None:
    """413 to whoever still listens, whether their number is said beforehand or not; nobody waits for the rest."""
    body = b" " * 10_000_000
    for headers, sent in (
        (b"Content-Length: %d\r\n" % len(body), body),
        (CHUNKED, b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)),
    ):
        answer = wire.post(headers, sent)
        assert not answer or b"413" == status(answer)


@sqlite
@pytest.mark.parametrize(
    "header",
    [
        b"X: a\rSet-Cookie: b\r\n",
        b"X: a\nSet-Cookie: b\r\n",
        b"X: a\x00b\r\n",
        b"X\x00: a\r\n",
        b": a\r\n",
        b"X: " + b"x" * 200_000,
    ],
)
def test_a_header_that_is_none_is_refused(wire: Wire, header: bytes) -> None:
    """400 (431 if it is too long), or it is a header of its own that means nothing; never part of an answer."""
    answer = wire.post(header + b"Content-Length: 1\r\n", b"{")
    assert not answer or status(answer) in {b"400", b"431"}
    assert b"set-cookie" not in answer.lower()


@sqlite
@pytest.mark.parametrize(
    "path",
    [
        b"/api/cases/\xe9",
        b"/api/cases/%E9",
        b"/api/cases/x%0d%0aSet-Cookie:%20a=b",
        b"/api/cases/x/signals/not_resolved%0d%0aSet-Cookie:%20a=b",
        b"/api/cases?after=x%0d%0aSet-Cookie:%20a=b",
        b"/api/cases?limit=1%0d%0aSet-Cookie:%20a=b",
        b"/api/cases/..%2f..%2fetc%2fpasswd",
        b"//api/cases",
        b"/api/cases/" + b"x" * 20_000,
    ],
)
def test_a_strange_address_is_no_case(wire: Wire, path: bytes) -> None:
    """400, 404, 405 or 422, and nothing of it becomes a header."""
    request = b"GET %b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n" % path
    answer = wire.say(request + wire.bearer + b"\r\n")
    assert status(answer) in {b"400", b"404", b"405", b"422"}
    head = answer.partition(b"\r\n\r\n")[0].lower()
    assert b"set-cookie" not in head


@sqlite
def test_what_is_no_http_is_refused(wire: Wire) -> None:
    """One answer, or none."""
    for said in (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20 + b"\r\n\r\n",
        b"hello\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
    ):
        answer = wire.say(said, hang_up=True)
        assert not answer or answer.startswith(b"HTTP/1.1 4")
