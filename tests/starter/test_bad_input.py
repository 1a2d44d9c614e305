"""Bad input: a line a fault on standard error with the remedy, nothing changed, and never a traceback."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, update

from records.database import writing
from records.models import DirectoryPerson
from tests.people import case_file
from tests.starter.script import all_rows, datrys, lines_of, now, written

TOMORROW = (datetime.now(UTC) + timedelta(days=1)).isoformat()
Change = Callable[[dict[str, Any]], Any]


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
    "an unknown protocol": (instead(protocol="powys"), {"protocol": "is not one of gwent, cwm-taf-morgannwg"}),
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


FILES: dict[str, tuple[str | bytes | None, str]] = {
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
    (
        ("signal", "{case}-immediate-1", "resolved"),
        2,
        "resolved is told to the case: {case}. An immediate action hears",
    ),
    (
        ("signal", "{case}", "immediate_action_confirmed"),
        2,
        "immediate_action_confirmed is told to an immediate action, such as {case}-immediate-1, not to the case.",
    ),
    (("show", "GWENT-1999-0001"), 1, "There is no case GWENT-1999-0001. See the references with: datrys cases"),
    (("reopen", "GWENT-1999-0001", "--stage", "meeting", "--reason", "r"), 1, "There is no case GWENT-1999-0001."),
    (("reopen", "GWENT-1999-0001", "--reason", "r"), 1, "There is no case GWENT-1999-0001."),
    (("reopen", "{case}-immediate-7", "--reason", "r"), 1, "{case} had no immediate action {case}-immediate-7."),
    (("reopen", "{case}", "--stage", "meeting", "--reason", "r"), 1, "{case} has not ended. To lead it back, send"),
    (("cases", "--protocol", "powys"), 2, "--protocol: “powys” is none of cwm-taf-morgannwg, gwent"),
    (("cases", "--stage", "step_2"), 2, "--stage: “step_2” is none of single_agency, response, "),
    (("cases", "--waiting-for", "approver/ABUHB"), 2, "--waiting-for: “approver” is none of professional, manager, "),
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
