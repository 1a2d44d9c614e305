"""One case that the engine takes nothing for holds up no other: on a real server that keeps few signals of one run."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import Engine, select
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from protocols.errors import Unreachable
from protocols.roles import Role
from protocols.steps import Code
from records import cases, submissions
from records.cases import CaseFacts
from records.database import reading
from records.models import Entry
from starter import temporal
from starter.checks import board
from starter.taking_up import keep_taking_up
from starter.temporal import Engine as TemporalEngine
from starter.temporal import NotTaken
from starter.use_cases import Datrys
from tests.people import case_file
from tests.server import binary, living
from tests.story import Story, free_port
from worker import working
from workflows.payloads import data_converter
from workflows.state import Case
from workflows.story import SEARCH_ATTRIBUTES

PRACTITIONER = Role(role="practitioner", agency="ABUHB")
SAID = {"by": "practitioner", "agency": "ABUHB", "record": "r"}
OF_A_RUN = 3


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def short_server() -> AsyncIterator[Client]:
    """A server that refuses the fourth signal of a run for good, as any does the 10,001st."""
    environment = await WorkflowEnvironment.start_local(
        data_converter=data_converter(),
        dev_server_existing_path=binary("temporal"),
        search_attributes=SEARCH_ATTRIBUTES,
        dev_server_log_level="error",
        dev_server_extra_args=["--dynamic-config-value", f"history.maximumSignalsPerExecution={OF_A_RUN}"],
    )
    async with environment:
        yield environment.client


def _away(story: Story, monkeypatch: pytest.MonkeyPatch) -> Datrys:
    """A door that does not reach Temporal."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{free_port()}")
    monkeypatch.setattr(temporal, "CALL", timedelta(seconds=0.5))
    return Datrys(story.setting, story.database, TemporalEngine(story.setting), lambda: datetime.now(UTC))


async def _raised(door: Datrys) -> str:
    return (await door.raise_case(case_file(datetime.now(UTC).replace(microsecond=0)), again=True)).reference


def _kept(engine: Engine) -> list[tuple[str, str]]:
    return [(one.case, one.facts["id"]) for one in submissions.kept(engine)]


@pytest.mark.clause("common order of what is kept")
async def test_a_case_that_takes_no_more_signals_holds_up_no_other(
    engine: Engine, short_server: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other is told; this one's are kept in their order and named, and come to it once there is room."""
    async with living(short_server, engine, works=False) as story:
        story.in_runs_of(1)
        full, other = await _raised(story.door), await _raised(story.door)
        for number in range(OF_A_RUN):
            await story.handle(full).signal("discussion_recorded", SAID | {"id": f"raw-{number}"})
        with pytest.raises(NotTaken):
            await story.door.engine.signal(full, "discussion_recorded", SAID)
        away = _away(story, monkeypatch)
        for case, key in ((full, "first"), (full, "second"), (other, "third")):
            await away.tell(case, "discussion_recorded", PRACTITIONER, {"text": "t"}, key)
        await story.door.delivery.relay()
        kept, named = _kept(engine), [finding.words for finding in board.waiting(engine)]
        async with working(short_server, engine, story.setting):
            async with asyncio.timeout(60):
                while submissions.kept(engine):
                    await story.door.delivery.relay()
                    await asyncio.sleep(0.1)
            verdicts = [(await story.receipt(full, key)).code for key in ("first", "second")]
    assert [(full, "first"), (full, "second")] == kept
    assert [f"signals wait to be delivered (2), for {full} (2): see these in the Temporal UI"] == named
    assert [Code.ACCEPTED, Code.ACCEPTED] == verdicts


async def test_a_case_that_cannot_be_started_holds_up_no_other(
    engine: Engine, short_server: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other is started, though it was raised later; this one once it can be."""
    async with living(short_server, engine, works=False) as story:
        away = _away(story, monkeypatch)
        never, other = await _raised(away), await _raised(away)
        first_state, too_large = story.door.delivery.first_state, [never]

        def large(facts: CaseFacts) -> Case[Any]:
            more = {"alarmed": ["x" * 3_000_000]} if facts.reference in too_large else {}
            return first_state(facts).model_copy(update=more)

        story.door.delivery.first_state = large  # type: ignore[method-assign]
        raised = [facts.reference for facts in cases.not_started(engine)]
        await story.door.delivery.relay()
        waits = [facts.reference for facts in cases.not_started(engine)]
        too_large.clear()
        await story.door.delivery.relay()
    assert ([never, other], [never], []) == (raised, waits, cases.not_started(engine))


@pytest.mark.clause("common order of what is kept")
async def test_what_can_never_be_delivered_holds_up_no_other(
    engine: Engine, short_server: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An immediate action that told nobody is to be taken up: that stays and is named, and the other case is told."""
    async with living(short_server, engine, works=False) as story:
        other = await _raised(story.door)
        nobody = f"{await _raised(story.door)}-immediate-7"
        keep_taking_up(engine, nobody, "why", None, "", "never", datetime.now(UTC))
        away = _away(story, monkeypatch)
        await away.tell(other, "discussion_recorded", PRACTITIONER, {"text": "t"}, "told")
        await story.door.delivery.relay()
    assert [(nobody, "never")] == _kept(engine)
    assert [f"signals wait to be delivered (1), for {nobody} (1): see these in the Temporal UI"] == [
        finding.words for finding in board.waiting(engine)
    ]


async def test_a_refusal_that_is_delivered_twice_is_answered_once(engine: Engine, short_server: Client) -> None:
    """Door and relay may both deliver what a door kept; said once more by its sender, it is judged anew."""
    said = SAID | {"id": "refused", "sent_at": datetime.now(UTC).isoformat()}
    async with living(short_server, engine) as story:
        case = await _raised(story.door)
        for signal in (said, said, said | {"sent_at": datetime.now(UTC).isoformat()}):
            await story.handle(case).signal("report_accepted", signal)
        async with asyncio.timeout(60):
            while len(lines := _lines(engine, case)) < 2:
                await asyncio.sleep(0.05)
    assert ["refused", "refused"] == lines


def _lines(engine: Engine, case: str) -> list[str]:
    with reading(engine) as session:
        return list(session.scalars(select(Entry.signal_id).where(Entry.stream == case, Entry.signal_id != "")))


async def test_a_server_that_is_away_is_told_from_one_that_refuses(
    engine: Engine, short_server: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Away is what ends a round of the relay; what is kept for a case that runs stays."""
    async with living(short_server, engine, works=False) as story:
        case = await _raised(story.door)
        away = _away(story, monkeypatch)
        with pytest.raises(Unreachable) as fault:
            await away.engine.signal(case, "discussion_recorded", SAID)
        await away.tell(case, "discussion_recorded", PRACTITIONER, {"text": "t"}, "said")
        await away.delivery.relay()
    assert not isinstance(fault.value, NotTaken)
    assert [(case, "said")] == _kept(engine)
