"""What cannot be had, or is not as it was left: said in a line with the remedy, and nothing changed."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine
from temporalio.testing import WorkflowEnvironment

from protocols.editions import SHIPPED
from protocols.errors import Refused
from protocols.roles import Role
from records import cases
from settings import load
from starter.temporal import Engine as TemporalEngine
from starter.use_cases import Datrys
from tests.people import case_file
from tests.server import living
from tests.starter.conftest import nothing_answers
from tests.starter.script import all_rows, datrys, find_here, lines_of, now, real_datrys, written
from tests.story import free_port


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_fault_in_the_editions_is_named_by_file_and_field(
    board: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A limit that is none, and a language that is missing: a line each, whatever was asked."""
    folder = tmp_path / "editions"
    folder.mkdir()
    text = (SHIPPED / "gwent-2023-03.toml").read_text(encoding="utf-8")
    text = text.replace('within = "48 hours"', 'within = "two days"').replace('cy = "Bwrdd Diogelu Gwent"\n', "")
    (folder / "gwent.toml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("DATRYS_EDITIONS", str(folder))
    file = written(tmp_path / "case.json", case_file(now()))
    for words in (("raise", file), ("timetable", "gwent", "--from", "2026-12-18"), ("cases",)):
        language, limit = lines_of(datrys(*words), 2)
        assert "gwent.toml: board.cy: the Welsh words are missing. Add them." == language
        assert limit.startswith("gwent.toml: clocks.inform_service_manager.within: “two days” is no time limit: write")


def test_past_the_bank_holidays_no_case_is_started(board: Engine) -> None:
    """In 2030 nobody knows what a working day is, so the case is refused with the remedy."""
    setting = load()
    door = Datrys(setting, board, TemporalEngine(setting), lambda: datetime(2030, 3, 4, 10, tzinfo=UTC))
    before = all_rows(board)
    with pytest.raises(Refused) as refused:
        asyncio.run(door.raise_case(case_file(now())))
    assert (
        "The bank holidays are known up to 2028-12-31 only: no case is started past that. "
        "Load newer ones with: datrys holidays update FILE.json"
    ) == str(refused.value)
    assert before == all_rows(board)


@pytest.mark.clause("common reopened")
async def test_only_an_ended_case_is_opened_again_at_a_stage_it_went_through_with_a_reason(
    engine: Engine, real_server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anything else is refused, and the case stays as it is."""
    find_here(real_server, engine, monkeypatch)
    async with living(real_server.client, engine) as story:
        case = (await story.door.raise_case(case_file(now()))).reference
        early = await asyncio.to_thread(datrys, "reopen", case, "--stage", "practitioners", "--reason", "why")
        settled = {"agreed": True, "text": "settled"}
        await story.door.tell(case, "resolved", Role(role="practitioner", agency="ABUHB"), settled)
        await story.handle(case).result()
        await story.posted(case)
        before = all_rows(engine)
        skipped = await asyncio.to_thread(datrys, "reopen", case, "--stage", "meeting", "--reason", "why")
        silent = await asyncio.to_thread(datrys, "reopen", case, "--stage", "practitioners", "--reason", " ")
        after = all_rows(engine)
    words = (
        "To lead it back, send corrected with return_to; if datrys check says that nobody follows it, leave out --stage"
    )
    assert [f"{case} has not ended. {words}."] == lines_of(early, 1)
    assert [f"{case} did not go through “meeting”. It went through: practitioners."] == lines_of(skipped, 1)
    assert ["Say why the case is opened again: --reason TEXT."] == lines_of(silent, 2)
    assert before == after


# --- as a program of its own


def test_the_real_script_refuses_in_plain_lines(board: Engine, database_url: str, tmp_path: Path) -> None:
    """What was tested above within this process holds for the program that people call."""
    here = nothing_answers() | {"DATRYS_DATABASE_URL": database_url}
    wrong = written(tmp_path / "wrong.json", case_file(now()) | {"issue": ""})
    before = all_rows(board)
    calls: list[tuple[tuple[str | Path, ...], dict[str, str], int, str]] = [
        (("raise", wrong), {}, 1, "issue: is empty; fill it in"),
        (("show", "GWENT-1999-0001"), {}, 1, "There is no case GWENT-1999-0001. See the references with: datrys cases"),
        (
            ("signal", "GWENT-1999-0001", "resolved", "--at", "noon"),
            {},
            2,
            "--at: “noon” is no time. Write it as 2026-12-18T15:00 or with an offset.",
        ),
        (
            ("cases",),
            {"DATRYS_MAIL_FROM": "nobody"},
            2,
            "DATRYS_MAIL_FROM 'nobody' is no mail address; write it like safeguarding@board.invalid.",
        ),
    ]
    for words, more, code, line in calls:
        assert [line] == lines_of(real_datrys(*words, folder=tmp_path, **here | more), code)
    assert before == all_rows(board)


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_with_no_database_every_command_says_so(
    empty_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not there, or not prepared: one line with the remedy; only migrate prepares it."""
    file = written(tmp_path / "case.json", case_file(now()))
    commands: list[tuple[str | Path, ...]] = [
        ("cases",),
        ("show", "GWENT-2026-0001"),
        ("raise", file),
        ("signal", "GWENT-2026-0001", "withdrawn"),
        ("people", "list"),
    ]
    port, see = free_port(), "see that it runs and that DATRYS_DATABASE_URL is right."
    for url, line in (
        (empty_database_url, f"The records database {tmp_path}/records.db was not prepared: run datrys migrate."),
        (
            f"postgresql://u:secret@127.0.0.1:{port}/records",
            f"The records database records at 127.0.0.1:{port} does not answer: {see}",
        ),
    ):
        monkeypatch.setenv("DATRYS_DATABASE_URL", url)
        assert [[line]] * len(commands) == [lines_of(datrys(*words), 1) for words in commands]


@pytest.mark.clause("common with no Temporal a raise and a signal are kept")
def test_with_no_temporal_the_script_says_kept_and_ends_with_0(
    board: Engine, database_url: str, tmp_path: Path
) -> None:
    """Nobody has to try again: the case and what is said to it are in the records, and will be delivered."""
    here = nothing_answers() | {"DATRYS_DATABASE_URL": database_url}
    raised = real_datrys("raise", written(tmp_path / "case.json", case_file(now())), folder=tmp_path, **here)
    case = raised.out.strip()
    by = ("--by", "practitioner", "--agency", "ABUHB")
    told = real_datrys("signal", case, "not_resolved", *by, "--id", "k", folder=tmp_path, **here)
    assert (0, ["Kept: Temporal does not answer; the case begins as soon as it does."]) == (raised.code, raised.lines)
    assert [case] == [facts.reference for facts in cases.not_started(board)]
    assert (0, "kept: it will be delivered, and the sender told if it is not accepted (id k)\n", "") == told
    shown = datrys("show", case)
    assert (0, "Kept: Temporal did not answer yet; the case begins as soon as it does.") == (
        shown.code,
        shown.out.splitlines()[-1],
    )
