"""Bad input: a line a fault on standard error with the remedy, nothing changed, and never a traceback."""

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, update

from protocols.editions import SHIPPED
from protocols.errors import Refused
from records.database import writing
from records.models import DirectoryPerson
from settings import load
from starter.temporal import Engine as TemporalEngine
from starter.use_cases import Datrys
from tests.people import case_file
from tests.starter.script import Said, address_of, all_rows, datrys, written

TOMORROW = (datetime.now(UTC) + timedelta(days=1)).isoformat()
Change = Callable[[dict[str, Any]], Any]


def now() -> datetime:
    """This moment, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


def lines_of(said: Said, code: int) -> list[str]:
    """The lines of a refusal, which are sentences for people."""
    assert (code, "") == (said.code, said.out), said
    assert "Traceback" not in said.err
    assert "failed where it should not" not in said.err
    return said.lines


def within(field: str, **changes: Any) -> Change:
    """A part of the case file with other values."""
    return lambda file: file | {field: file[field] | changes}


def without(*fields: str) -> Change:
    """A case file that lacks fields."""
    return lambda file: {name: value for name, value in file.items() if name not in fields}


def instead(**changes: Any) -> Change:
    """A case file with other values."""
    return lambda file: file | changes


AGENCIES = [{"code": "ABUHB", "raising": True}, {"code": "NOBODY"}]
STRANGER = {"role": "approver", "agency": "ABUHB", "name": "A", "email": "a@b.invalid"}
CASE_FILES: dict[str, tuple[Change, dict[str, str]]] = {
    "no object": (lambda _: ["gwent"], {"case file": "is no JSON object; see docs/case-file.md"}),
    "an unknown protocol": (instead(protocol="powys"), {"protocol": "is not one of gwent"}),
    "fields that lack": (
        without("subject", "issue", "raised_by"),
        {"subject": "is missing; add it", "issue": "is missing; add it", "raised_by": "is missing; add it"},
    ),
    "an unknown authority": (instead(authority="Bridgend"), {"authority": "is not one of Blaenau Gwent, Caerphilly"}),
    "an unknown circumstance": (instead(circumstance="mood"), {"circumstance": "is not one of thresholds, roles"}),
    "an unknown agency": (
        instead(agencies=AGENCIES),
        {"agencies.1.code": "load it with `datrys agencies import`", "people": "nobody holds practitioner/NOBODY"},
    ),
    "an unknown role": (
        lambda file: file | {"people": [*file["people"], STRANGER]},
        {"people.3.role": "“approver” is no role of this protocol"},
    ),
    "a birth date in the future": (
        within("subject", date_of_birth="2099-01-01"),
        {"subject.date_of_birth": "lies in the future; mend the date"},
    ),
    "a beginning in the future": (instead(instigated_at=TOMORROW), {"instigated_at": "lies in the future"}),
    "a time without offset": (
        instead(instigated_at="2026-03-02T10:00:00"),
        {"instigated_at": "write the time with its offset from UTC, such as 2026-03-02T10:00:00+00:00"},
    ),
    "no Duty to Report": (without("duty_to_report"), {"duty_to_report": "submit one first"}),
    "a role that nobody holds": (
        lambda file: file | {"people": file["people"][:2]},
        {"people": "nobody holds line_manager/NEWPORT; name them in the case file or load them with"},
    ),
    "several faults": (
        lambda file: within("subject", kind="pet")(instead(authority="Bridgend", agencies=[])(without("issue")(file))),
        {
            "subject.kind": "is not one of 'child' or 'adult'",
            "issue": "is missing; add it",
            "authority": "is not one of",
            "agencies": "a disagreement needs at least two agencies",
        },
    ),
}


@pytest.mark.parametrize("fault", CASE_FILES)
def test_what_is_wrong_with_a_case_file_is_said_all_at_once(board: Engine, tmp_path: Path, fault: str) -> None:
    """A line a field, exit code 1, and no case is kept."""
    change, expected = CASE_FILES[fault]
    before = all_rows(board)
    said = datrys("raise", written(tmp_path / "case.json", change(case_file(now()))))
    found = dict(line.split(": ", 1) for line in lines_of(said, 1))
    assert sorted(expected) == sorted(found), said.err
    assert [] == [(field, found[field]) for field, words in expected.items() if words not in found[field]]
    assert before == all_rows(board)


def test_a_duty_team_without_a_number_refuses_the_case(board: Engine, tmp_path: Path) -> None:
    """Nobody is told to ring somebody whose number is not known."""
    with writing(board) as session:
        session.execute(update(DirectoryPerson).values(phone="", phone_office_hours="", phone_out_of_hours=""))
    before = all_rows(board)
    said = datrys("raise", written(tmp_path / "case.json", case_file(now())))
    words = "the duty team of Newport for children has no telephone number; load it with `datrys people import`"
    assert [f"duty_team: {words}"] == lines_of(said, 1)
    assert before == all_rows(board)


FILES = {
    "no JSON": ('{"protocol":\n "gwent",,}', "is no JSON file (see line 2, column 10). See docs/case-file.md"),
    "half a sign": ('{"text": "\\ud83d"}', "is not UTF-8 text throughout. Save it as UTF-8."),
    "Latin 1": (b'{"text": "\xe2"}', "is not UTF-8 text throughout. Save it as UTF-8."),
    "no number": ('{"text": NaN}', "holds a number that is none, or too much in one another. See docs"),
    "too deep": ("[" * 100_000, "holds a number that is none, or too much in one another. See docs"),
    "too large": ('"' + "a" * 1_000_000 + '"', "is larger than 1 MB, which no case file and no signal needs. See docs"),
    "not there": (None, "cannot be read (No such file or directory). Name a file that can."),
}


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize("command", [("raise",), ("signal", "GWENT-2026-0001", "withdrawn", "--data")])
@pytest.mark.parametrize("fault", FILES)
def test_a_file_that_cannot_be_kept_is_wrong_use(
    board: Engine, tmp_path: Path, command: tuple[str, ...], fault: str
) -> None:
    """The file is named, what is wrong, and what to do."""
    content, words = FILES[fault]
    file = tmp_path / "file.json"
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    before = all_rows(board)
    (line,) = lines_of(datrys(*command, file), 2)
    assert line.startswith(f"{file} {words}")
    assert before == all_rows(board)


SIGNAL = ("signal", "{case}", "not_resolved", "--by", "practitioner", "--agency", "ABUHB")
WORDS: list[tuple[tuple[str, ...], int, str]] = [
    ((*SIGNAL, "--data", "{list}"), 2, '{list} holds no JSON object, such as {"text": "…"}. See docs/signals.md.'),
    ((*SIGNAL, "--at", "noon"), 2, "--at: “noon” is no time. Write it as 2026-12-18T15:00 or with an offset."),
    ((*SIGNAL, "--at", "9999-12-31T23:59"), 2, "--at: the year 9999 is too far away. Write it as 2026-12-18T15:00."),
    (("signal", "{case}", "nonsense"), 2, "“nonsense” is no signal. Signals are: resolved, not_resolved, "),
    (("signal", "{case}", "a\nb\x1b[2J"), 2, "“a b [2J” is no signal. Signals are: resolved, not_resolved, "),
    (("signal", "GWENT-1999-0001", "resolved"), 1, "There is no case GWENT-1999-0001. See the references with: datrys"),
    (("signal", "{case}-immediate-1", "resolved"), 1, "There is no case {case}-immediate-1. See the references with"),
    (("show", "GWENT-1999-0001"), 1, "There is no case GWENT-1999-0001. See the references with: datrys cases"),
    (("reopen", "GWENT-1999-0001", "--stage", "meeting", "--reason", "r"), 1, "There is no case GWENT-1999-0001."),
    (("reopen", "{case}", "--stage", "meeting", "--reason", "r"), 1, "{case} has not ended; to lead it back, send"),
    (("cases", "--protocol", "powys"), 2, "--protocol: “powys” is none of gwent"),
    (("cases", "--stage", "step_2"), 2, "--stage: “step_2” is none of practitioners, line_managers, "),
    (("cases", "--waiting-for", "approver/ABUHB"), 2, "--waiting-for: “approver” is none of practitioner, "),
    (("holidays", "update", "{list}"), 2, "list.json: is not GOV.UK's list of bank holidays with the division"),
]


@pytest.mark.parametrize(("words", "code", "expected"), WORDS, ids=[" ".join(row[0][:4]) for row in WORDS])
def test_wrong_words_are_one_line_and_change_nothing(
    board: Engine, tmp_path: Path, words: tuple[str, ...], code: int, expected: str
) -> None:
    """What a word should have been, or where to look it up; exit code 1 for a refusal and 2 for wrong use."""
    raised = datrys("raise", written(tmp_path / "case.json", case_file(now())))
    assert (0, ["Kept: Temporal does not answer; the case begins as soon as it does."]) == (raised.code, raised.lines)
    given = {"case": raised.out.strip(), "list": str(written(tmp_path / "list.json", []))}
    before = all_rows(board)
    (line,) = lines_of(datrys(*(filled(word, given) for word in words)), code)
    assert line.startswith(filled(expected, given)), line
    assert before == all_rows(board)


def filled(words: str, given: dict[str, str]) -> str:
    """`{case}` and `{list}` stand for what is known only once the test runs."""
    return re.sub(r"\{(case|list)\}", lambda match: given[match[1]], words)


@pytest.mark.parametrize("words", [(), ("nonsense",), ("raise",), ("reopen", "X", "--stage", "s"), ("show", "--no")])
def test_wrong_use_of_the_script_ends_with_2(words: tuple[str, ...]) -> None:
    """A command, an argument or an option that is missing or unknown; reopening without a reason is one of them."""
    said = datrys(*words)
    assert 2 == said.code
    assert "Traceback" not in said.err + said.out


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
    engine: Engine, real_server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    """Anything else is refused, and the case stays as it is."""
    monkeypatch.setenv("DATRYS_DATABASE_URL", database_url)
    monkeypatch.setenv("TEMPORAL_ADDRESS", address_of(real_server))
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
    assert [f"{case} has not ended; to lead it back, send corrected with return_to."] == lines_of(early, 1)
    assert [f"{case} did not go through “meeting”. It went through: practitioners."] == lines_of(skipped, 1)
    assert ["Say why the case is opened again: --reason TEXT."] == lines_of(silent, 2)
    assert before == after


# --- as a program of its own


def test_the_real_script_refuses_in_plain_lines(board: Engine, database_url: str, tmp_path: Path) -> None:
    """What was tested above within this process holds for the program that people call."""
    here = nothing_answers() | {"DATRYS_DATABASE_URL": database_url}
    wrong = written(tmp_path / "wrong.json", without("issue")(case_file(now())))
    before = all_rows(board)
    calls: list[tuple[tuple[str | Path, ...], dict[str, str], int, str]] = [
        (("raise", wrong), {}, 1, "issue: is missing; add it"),
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
    port = free_port()
    for url, line in (
        (empty_database_url, f"The records database {tmp_path}/records.db was not prepared: run datrys migrate."),
        (
            f"postgresql://u:secret@127.0.0.1:{port}/records",
            f"The records database records at 127.0.0.1:{port} does not answer: "
            "see that it runs and that DATRYS_DATABASE_URL is right.",
        ),
    ):
        monkeypatch.setenv("DATRYS_DATABASE_URL", url)
        assert [[line]] * len(commands) == [lines_of(datrys(*words), 1) for words in commands]
