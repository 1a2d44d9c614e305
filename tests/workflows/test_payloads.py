"""What Temporal stores: encrypted where keys are set, read with any key of the ring, and never a reason to stop."""

import asyncio
import json
import os
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine
from temporalio.api.common.v1 import Payload, SearchAttributes
from temporalio.api.failure.v1 import Failure
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

import settings
from protocols.roles import Role
from protocols.steps import Code
from records import reading
from settings import PayloadKey
from starter.temporal import Engine as Connection
from starter.temporal import connect
from starter.use_cases import Datrys
from tests.people import case_file
from tests.server import living
from tests.starter.script import address_of, be_patient, now
from tests.story import Story
from tests.told import CASES, differences, play, read
from worker import working
from workflows.payloads import ENCRYPTED, KEY_NAME, Cipher, data_converter
from workflows.state import Case

OLD, NEW, STRANGE = (PayloadKey(name, bytes([n] * 32)) for n, name in enumerate(("old", "new", "strange")))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
LINE_MANAGER = Role(role="line_manager", agency="ABUHB")
PRACTITIONER = Role(role="practitioner", agency="ABUHB")


def encoded(keys: list[PayloadKey], *values: Any) -> list[Payload]:
    """As it is stored."""
    return asyncio.run(data_converter(keys).encode(values))


def decoded(keys: list[PayloadKey], payloads: list[Payload]) -> list[Any]:
    """As it is read again, with no type asked for."""
    return asyncio.run(data_converter(keys).decode(payloads))


# --- the ring of keys


@given(value=JSON)
def test_what_is_encrypted_is_read_again(value: Any) -> None:
    """Any JSON value comes back as it was, and what is stored says nothing but which key it needs."""
    (stored,) = encoded([NEW, OLD], value)
    assert {"encoding": ENCRYPTED, KEY_NAME: b"new"} == dict(stored.metadata)
    assert [value] == decoded([NEW, OLD], [stored])


def test_what_is_stored_cannot_be_read_and_never_looks_the_same_twice() -> None:
    """Neither the value nor that two values are alike."""
    one, two = encoded([NEW], {"stage": "line_managers"}, {"stage": "line_managers"})
    assert one.data != two.data
    assert b"line_managers" not in one.SerializeToString()


def test_an_older_key_of_the_ring_still_reads() -> None:
    """After a new key was put first, what the old one encrypted is read; without the old one it is not."""
    stored = encoded([OLD], {"stage": "meeting"})
    assert [{"stage": "meeting"}] == decoded([NEW, OLD], stored)
    (unread,) = decoded([NEW], stored)
    assert isinstance(unread, RawValue)


def test_without_keys_nothing_is_encrypted_and_plain_payloads_pass_once_there_are_keys() -> None:
    """A case that began before the keys were set goes on."""
    (stored,) = encoded([], {"stage": "meeting"})
    assert {"stage": "meeting"} == json.loads(stored.data)
    assert [{"stage": "meeting"}] == decoded([NEW], [stored])


def _sealed(data: bytes, name: bytes = b"new") -> Payload:
    return Payload(metadata={"encoding": ENCRYPTED, KEY_NAME: name}, data=data)


GARBAGE = {
    "nothing": _sealed(b""),
    "shorter than a nonce": _sealed(b"short"),
    "noise": _sealed(os.urandom(200)),
    "an unknown key": _sealed(os.urandom(200), b"strange"),
    "a key name that is no text": _sealed(os.urandom(200), b"\xff\xfe"),
    "no key name": Payload(metadata={"encoding": ENCRYPTED}, data=os.urandom(200)),
    "another encoding": Payload(metadata={"encoding": b"strange/encoding"}, data=b"\x00\x01"),
}


@pytest.mark.parametrize("what", GARBAGE)
async def test_what_cannot_be_decrypted_passes_unchanged(what: str) -> None:
    """An exception here would stop the case; what is handed on is judged as not understood."""
    cipher, stored = Cipher([NEW, OLD]), GARBAGE[what]
    assert [stored] == await cipher.decode([stored])
    assert [RawValue(stored)] == await data_converter([NEW]).decode([stored])


def test_a_changed_byte_is_noticed() -> None:
    """What somebody tampered with is not taken for what was said."""
    (stored,) = encoded([NEW], {"stage": "meeting"})
    changed = _sealed(stored.data[:-1] + bytes([stored.data[-1] ^ 1]))
    assert [changed] == asyncio.run(Cipher([NEW]).decode([changed]))


def _fail(words: str) -> None:
    raise ApplicationError(words, "details", type="Fault")


def test_failures_are_encoded() -> None:
    """Neither the words nor the trace of a failure can be read; with the keys they can."""
    converter, failure = data_converter([NEW]), Failure()
    with pytest.raises(ApplicationError) as raised:
        _fail("the words of a fault")
    asyncio.run(converter.encode_failure(raised.value, failure))
    stored = failure.SerializeToString()
    assert [] == [words for words in (b"the words", b"details", b"test_payloads") if words in stored]
    assert ENCRYPTED == failure.encoded_attributes.metadata["encoding"]
    again = asyncio.run(converter.decode_failure(failure))
    assert "the words of a fault" in str(again)


# --- the real server


@pytest.fixture
def patch(real_server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Settings that name the server, and doors that wait as long as a busy machine needs."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", address_of(real_server))
    be_patient(monkeypatch)
    return monkeypatch


def payloads_in(message: Message) -> Iterator[Payload]:
    """Every payload, search attributes aside: these are for the register of the Temporal UI, and name nobody."""
    if isinstance(message, Payload):
        yield message
    elif not isinstance(message, SearchAttributes):
        for field, value in message.ListFields():
            if field.type == field.TYPE_MESSAGE:
                many = value.values() if _is_map(field) else value if field.is_repeated else [value]
                for one in many:
                    if isinstance(one, Message):
                        yield from payloads_in(one)


def _is_map(field: Any) -> bool:
    return bool(field.message_type.GetOptions().map_entry)


@asynccontextmanager
async def working_with(story: Story, patch: pytest.MonkeyPatch, *keys: PayloadKey) -> AsyncIterator[None]:
    """Door and worker, with these keys in their settings."""
    patch.setenv("DATRYS_PAYLOAD_KEYS", ",".join(f"{name}:{b64encode(key).decode()}" for name, key in keys))
    client = await connect(settings.load())
    story.client = client
    story.door = Datrys(story.setting, story.database, Connection(story.setting, client))
    async with working(client, story.database, story.setting):
        yield


async def stored_of(server: WorkflowEnvironment, case: str) -> list[Any]:
    """The raw history of a case, fetched without any key."""
    history = await server.client.get_workflow_handle(case).fetch_history()
    return list(history.events)


async def settled(story: Story) -> str:
    """A case that the practitioners could not settle and the line managers did."""
    case = (await story.door.raise_case(case_file(now()), again=True)).reference
    await story.door.tell(case, "not_resolved", PRACTITIONER, {})
    outcome = {"agreed": True, "text": "settled"}
    told = await story.door.tell(case, "resolved", LINE_MANAGER, outcome)
    assert told.receipt
    assert Code.ACCEPTED == told.receipt.code
    await story.handle(case).result()
    return case


@pytest.mark.clause("common what is kept")
async def test_nothing_that_temporal_stores_of_a_case_can_be_read(
    engine: Engine, real_server: WorkflowEnvironment, patch: pytest.MonkeyPatch
) -> None:
    """Every payload of the raw history is encrypted, and no field of the state stands in it; without keys they do."""
    async with living(real_server.client, engine, works=False) as story:
        async with working_with(story, patch, NEW):
            events = await stored_of(real_server, await settled(story))
        async with working_with(story, patch):
            plain = await stored_of(real_server, await settled(story))
    payloads = [payload for event in events for payload in payloads_in(event)]
    assert {(ENCRYPTED, b"new")} == {(p.metadata["encoding"], p.metadata[KEY_NAME]) for p in payloads}
    assert len(payloads) > 10
    fields = [f'"{field}"'.encode() for field in Case.model_fields]
    named = [field for field in fields if any(field in event.SerializeToString() for event in plain)]
    assert len(named) > 10
    assert [] == [field for field in named if any(field in event.SerializeToString() for event in events)]


async def test_a_case_goes_on_after_a_new_key_was_put_first(
    engine: Engine, real_server: WorkflowEnvironment, patch: pytest.MonkeyPatch
) -> None:
    """What the old key encrypted is read, what comes is encrypted with the new one."""
    async with living(real_server.client, engine, works=False) as story:
        async with working_with(story, patch, OLD):
            case = (await story.door.raise_case(case_file(now()))).reference
            await story.door.tell(case, "not_resolved", PRACTITIONER, {})
        async with working_with(story, patch, NEW, OLD):
            await story.door.tell(case, "not_resolved", LINE_MANAGER, {"text": "statement"})
            status = await story.status(case)
    names = [p.metadata[KEY_NAME] for event in await stored_of(real_server, case) for p in payloads_in(event)]
    assert "team_manager" == status.stage
    assert {b"old", b"new"} == set(names)


async def test_a_signal_that_no_key_opens_does_not_stop_the_case(
    engine: Engine, real_server: WorkflowEnvironment, patch: pytest.MonkeyPatch
) -> None:
    """It is recorded as not accepted, and the case goes on."""
    async with living(real_server.client, engine, works=False) as story, working_with(story, patch, NEW):
        case = (await story.door.raise_case(case_file(now()))).reference
        await real_server.client.get_workflow_handle(case).signal("not_resolved", RawValue(GARBAGE["an unknown key"]))
        told = await story.door.tell(case, "not_resolved", PRACTITIONER, {})
        entries = [line.entry for line in reading.timeline(engine, case) if line.entry.what == "not_resolved"]
    assert told.receipt
    assert Code.ACCEPTED == told.receipt.code
    assert [Code.NOT_UNDERSTOOD, Code.ACCEPTED] == [entry.code for entry in entries]


async def test_a_whole_case_is_the_same_with_keys(engine: Engine) -> None:
    """Through every stage to the review: the same notices at the same minutes as without."""
    told = read(next(CASES.glob("10-*.txt")))
    assert [] == differences(told, await play(told, engine, payload_keys=(NEW, OLD)))
