"""The script in use: a case from raise to reopen, shown to people on a terminal or not, and to programs."""

import asyncio
import csv
import io
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from temporalio.testing import WorkflowEnvironment

from protocols.roles import Role
from protocols.status import Status
from records.register import RegisterRow, register
from starter import cli, up
from tests.people import case_file
from tests.server import living
from tests.starter.script import Said, all_rows, datrys, find_here, lines_of, now, written
from tests.story import Story

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


@asynccontextmanager
async def at_work(engine: Engine, server: WorkflowEnvironment, patch: pytest.MonkeyPatch) -> AsyncIterator[Story]:
    """Server, worker, records and mailbox, which the script finds through its settings."""
    find_here(server, engine, patch)
    async with living(server.client, engine) as story:
        yield story


async def script(*words: str | Path) -> Said:
    """The script, while the worker works."""
    return await asyncio.to_thread(datrys, *words)


# --- a case


async def test_a_case_is_raised_once_and_told(
    engine: Engine, real_server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Results on standard output, all else on standard error; what is not accepted ends with 1 and says what is."""
    file = written(tmp_path / "case.json", case_file(now()))
    async with at_work(engine, real_server, monkeypatch):
        raised = await script("raise", file)
        case = raised.out.strip()
        same = await script("raise", file)
        words = ("signal", case, "not_resolved", "--by", "practitioner", "--agency", "ABUHB", "--id", "k1")
        told = [await script(*words), await script(*words)]
        wrong = await script("signal", case, "meeting_held", "--by", "chair")
        reused = await script("signal", case, "withdrawn", *words[3:])
    assert (0, f"{case}\n", "") == raised
    assert (1, "") == same[:2]
    assert same.err.startswith(f"The same case file was raised within a day, as {case}. Nothing was started. ")
    assert [(0, "accepted (id k1)\n", "")] * 2 == told
    used = "The key k1 was given to not_resolved already, and said something else: send this under a key of its own."
    assert [used] == lines_of(reused, 1)
    waits = "The case is at line_managers and waits for: line_manager/ABUHB."
    assert (1, "") == wrong[:2]
    assert re.fullmatch(rf"not accepted, wrong_stage: .* {waits}\n", wrong.err), wrong.err


@pytest.mark.clause("common reopened")
async def test_an_ended_case_hears_nothing_and_is_opened_again(
    engine: Engine, real_server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Refused with the reason after its end, and open at the named stage afterwards."""
    outcome = written(tmp_path / "outcome.json", {"agreed": True, "text": "settled by telephone"})
    async with at_work(engine, real_server, monkeypatch) as story:
        case = (await story.door.raise_case(case_file(now()))).reference
        words = ("signal", case, "resolved", "--by", "practitioner", "--agency", "ABUHB", "--data", outcome)
        ended = await script(*words, "--id", "k")
        await story.handle(case).result()
        late = await script(*words)
        again = await script("reopen", case, "--stage", "practitioners", "--reason", "it came back")
        status = await story.status(case)
    assert (0, "accepted (id k)\n", "") == ended
    assert (1, "", "not accepted, ended: the case has ended. The case has ended and waits for nobody.\n") == late
    assert (0, f"{case} is open at practitioners\n", "") == again
    assert ("practitioners", None) == (status.stage, status.outcome)


async def test_show_answers_as_the_case_itself_does(
    engine: Engine, real_server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For programs what `status` answers, with explanations and timeline; for people the same in words."""
    async with at_work(engine, real_server, monkeypatch) as story:
        case = (await story.door.raise_case(case_file(now()))).reference
        await story.door.tell(case, "not_resolved", Role(role="practitioner", agency="ABUHB"), {})
        status = await story.status(case)
        shown = json.loads((await script("show", case, "--json")).out)
        page = (await script("show", case)).out
    assert status == Status.model_validate(shown)
    assert {*Status.model_fields, "undelivered", "timeline"} == set(shown)
    assert ["not_resolved"] == [entry["what"] for entry in shown["timeline"] if entry["signal_id"]]
    assert [] == [clock["clock"] for clock in shown["clocks"] if clock["explanation"] not in page]
    assert "Stage: Between the line managers (clause 3.2)\nWaits for: line_manager/ABUHB" in page
    assert "5 working days, protocol limit; from " in page
    assert "2 working days, local target; from " in page


@asynccontextmanager
async def two_cases(
    engine: Engine, server: WorkflowEnvironment, patch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[str, str]]:
    """One on time, with the line managers; one that began long ago, with the practitioners."""
    long_ago = datetime(2025, 4, 14, 10, tzinfo=UTC)
    async with at_work(engine, server, patch) as story:
        on_time = (await story.door.raise_case(case_file(now()))).reference
        late = (await story.door.raise_case(case_file(long_ago))).reference
        await story.door.tell(on_time, "not_resolved", Role(role="practitioner", agency="ABUHB"), {})
        async with asyncio.timeout(60):
            while not register(engine, overdue=True):  # the opening and the lateness are two steps
                await asyncio.sleep(0.05)
        for case in (on_time, late):
            await story.posted(case)
        yield on_time, late


async def test_the_register_is_filtered_and_comes_as_table_json_and_csv(
    engine: Engine, real_server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A case that began late is overdue; each filter finds its case, and the three forms show the same cases."""
    async with two_cases(engine, real_server, monkeypatch) as (on_time, late):
        filters = {
            (): [on_time, late],
            ("--overdue",): [late],
            ("--stage", "practitioners"): [late],
            ("--waiting-for", "line_manager"): [on_time],
            ("--waiting-for", "practitioner/ABUHB"): [late],
            ("--protocol", "gwent", "--stage", "meeting"): [],
        }
        found = {words: json.loads((await script("cases", *words, "--json")).out) for words in filters}
        table = (await script("cases")).out
        rows = list(csv.DictReader(io.StringIO((await script("cases", "--csv")).out)))
    assert filters == {words: [row["reference"] for row in listed] for words, listed in found.items()}
    assert [on_time, late] == re.findall(r"^GWENT-\d+-\d+", table, re.MULTILINE) == [row["reference"] for row in rows]
    assert 1 == table.count("OVERDUE")
    assert set(RegisterRow._fields) == set(rows[0]) == set(found[()][0])
    assert ["False", "True"] == [row["overdue"] for row in rows]


def test_looking_changes_nothing(board: Engine, tmp_path: Path) -> None:
    """Register, case and lists are read, whoever looks."""
    case = datrys("raise", written(tmp_path / "case.json", case_file(now()))).out.strip()
    before = all_rows(board)
    looks: list[tuple[str, ...]] = [("cases",), ("cases", "--csv"), ("show", case), ("people", "list"), ("check",)]
    for words in looks:
        datrys(*words)
    assert before == all_rows(board)


def test_what_up_suggests_next_can_be_typed() -> None:
    """Each is a command of the script, and none names a case that may not be there."""
    known: Any = cli.app.registered_commands
    names = {command.name or command.callback.__name__ for command in known}
    assert set() == {words.split()[0] for words in up.NEXT} - names
    assert [] == [words for words in up.NEXT if re.search(r"[A-Z]+-\d{4}-\d{4}", words)]
