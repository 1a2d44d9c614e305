"""As whom the script acts, beyond what the walk passes: what a file claims, whose rows are loaded, the real script."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from protocols.editions import read_editions
from records import cases
from records.database import reading
from records.models import Submission
from records.streams import verify_chain
from records.tokens import Bound, make_token, revoke_token, tokens
from settings import Settings
from starter import checks
from starter.acting import NEEDED, NO_TOKEN
from starter.checks.findings import Finding
from starter.use_cases import Datrys, utc_now
from tests import ctm
from tests.people import case_file
from tests.records.making import MONDAY, a_step, an_entry, keep, write
from tests.starter.conftest import nothing_answers
from tests.starter.script import all_rows, datrys, lines_of, now, real_datrys, written
from tests.starter.test_board_files import MEETINGS, PEOPLE, bank_holidays
from tests.web.test_callers import NoEngine

GWENT, UNIT = "gwent", "business_unit"


def secret_of(engine: Engine, *roles: str, **limits: str) -> str:
    """A new token that counts."""
    return make_token(engine, Bound("x", roles, **limits), utc_now(), utc_now() + timedelta(days=1)).secret


@pytest.fixture
def case(board: Engine, monkeypatch: pytest.MonkeyPatch) -> str:
    """A case of ABUHB; the script acts as the practitioner's system there, while an operator's token counts too."""
    secret_of(board, "operator")
    monkeypatch.setenv("DATRYS_TOKEN", secret_of(board, "practitioner", agency="ABUHB", board=GWENT))
    return keep(board)


def last_said(engine: Engine) -> Submission:
    """What was told last."""
    with reading(engine) as session:
        return session.scalars(select(Submission).order_by(Submission.number.desc())).first() or Submission()


# --- speaking


def test_what_a_file_claims_of_its_sender_the_token_says(board: Engine, case: str, tmp_path: Path) -> None:
    """Role and agency may stand there, if they are the token's; who entered it, and the id of the text, may not."""
    claims = {"by": "practitioner", "entered_by": UNIT, "record": "another", "sent_at": MONDAY.isoformat(), "id": "k"}
    said = datrys("signal", case, "discussion_recorded", "--data", written(tmp_path / "a.json", claims | {"text": "t"}))
    kept = last_said(board)
    assert (0, "k") == (said.code, kept.signal_id)
    assert ("practitioner", "ABUHB", "") == (kept.by_role, kept.by_agency, kept.entered_by)
    assert "entered_by" not in kept.facts
    assert "another" != kept.facts["record"]
    assert MONDAY.isoformat() != kept.facts["sent_at"]
    other = written(tmp_path / "b.json", {"by": "line_manager", "agency": "NEWPORT"})
    assert ["This token does not speak for line_manager/NEWPORT in this case."] == lines_of(
        datrys("signal", case, "discussion_recorded", "--data", other), 1
    )


def test_who_enters_it_follows_from_the_token(board: Engine, case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Said all the same it has to be true; an operator enters for somebody who holds the Business Unit as well."""
    words = ("signal", case, "discussion_recorded", "--by", "practitioner", "--agency", "ABUHB", "--entered-by", UNIT)
    assert ["--entered-by follows from the token: leave it out."] == lines_of(datrys(*words), 2)
    monkeypatch.setenv("DATRYS_TOKEN", secret_of(board, "operator", board=GWENT))
    assert ["This token does not speak for practitioner/ABUHB in this case."] == lines_of(datrys(*words), 1)
    monkeypatch.setenv("DATRYS_TOKEN", secret_of(board, "operator", UNIT, board=GWENT))
    assert [0, 0] == [datrys(*words).code, datrys(*words[:-2]).code]
    assert (UNIT, f"token:{tokens(board)[-1].id}") == (last_said(board).entered_by, last_said(board).person)


def test_the_stages_are_all_of_a_case_that_an_operator_sees(
    board: Engine, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not what was said at any of them, nor by whom; in words and as JSON."""
    entries = [an_entry(words="Begun"), an_entry("discussion_recorded", words="Spoke with Enw Prawf")]
    write(board, a_step(case, entries=entries))
    assert "Spoke with" in datrys("show", case).out
    monkeypatch.setenv("DATRYS_TOKEN", secret_of(board, "operator"))
    for words in (("show", case), ("show", case, "--json")):
        out = datrys(*words).out
        assert "Begun" in out
        assert "Spoke with" not in out


def test_an_ended_case_is_opened_by_its_business_unit_and_the_records_say_by_which_token(
    board: Engine, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever only takes part in it does not."""
    door = Datrys(Settings(), board, NoEngine())  # type: ignore[arg-type]
    state = door.delivery.first_state(cases.case_facts(board, case))
    state.first_after["practitioners"] = 1
    write(board, a_step(case, entries=[an_entry()], stage="ended", outcome="resolved", snapshot=state.snapshot()))
    words = ("reopen", case, "--stage", "practitioners", "--reason", "why")
    assert ["This token does not speak for business_unit in this case."] == lines_of(datrys(*words), 1)
    monkeypatch.setenv("DATRYS_TOKEN", secret_of(board, UNIT, board=GWENT))
    assert 0 == datrys(*words).code
    assert ("reopened", f"token:{tokens(board)[-1].id}") == (last_said(board).signal, last_said(board).person)


# --- loading


def test_a_business_unit_loads_rows_of_its_own_board_only(
    alone: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file with one row of another board is refused whole; one narrowed to an authority loads nothing."""
    monkeypatch.setenv("DATRYS_TOKEN", secret_of(alone, UNIT, board=GWENT))
    rows = {
        "people": (PEOPLE, "{},{},business_unit,,,,A,a@b.invalid,,,,\n"),
        "meetings": (MEETINGS, "{},{},board,2099-03-10T10:00:00+00:00,,planned\n"),
    }
    for what, (header, row) in rows.items():
        own = written(tmp_path / f"{what}.csv", header + row.format("a", GWENT))
        mixed = written(tmp_path / "mixed.csv", header + row.format("a", GWENT) + row.format("b", ctm.PROTOCOL))
        assert 0 == datrys(what, "import", own).code
        before = all_rows(alone)
        line = "mixed.csv, row 3, column board: is not the board that you load for. Take this row out."
        assert [line] == lines_of(datrys(what, "import", mixed), 2)
        assert before == all_rows(alone)
    monkeypatch.setenv("DATRYS_TOKEN", secret_of(alone, UNIT, board=GWENT, authority="Newport"))
    (said,) = lines_of(datrys("people", "import", tmp_path / "people.csv"), 1)
    assert said.startswith("This token loads nothing: ")


def test_a_change_of_the_calendar_says_which_token_loaded_it(
    board: Engine, case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In each case that is told."""
    monkeypatch.setenv("DATRYS_TOKEN", secret_of(board, "operator"))
    said = datrys("holidays", "update", bank_holidays(tmp_path, MONDAY.date() + timedelta(days=365)))
    assert (0, "1 bank holiday loaded; 1 open case told\n") == (said.code, said.out)
    assert ("calendar_changed", f"token:{tokens(board)[-1].id}") == (last_said(board).signal, last_said(board).person)
    assert verify_chain(board, case) is None
    other = keep(board, edition=read_editions()[ctm.PROTOCOL], authority="Bridgend", stage="single_agency")
    planned = ctm.meetings_file(tmp_path, ["a qa_children 2099-03-10T10:00+00:00"])
    assert "1 meeting loaded; 1 open case told\n" == datrys("meetings", "import", planned).out
    assert (other, f"token:{tokens(board)[-1].id}") == (last_said(board).reference, last_said(board).person)


# --- the check, and the real script


def test_the_check_says_whether_the_script_asks_for_a_token(board: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A warning with the remedy while it acts for whoever has the shell: before the first token, and after the last."""
    parts = checks.Parts(lambda editions: None, list, _no_trouble)

    def found() -> Finding:
        return next(finding for finding in checks.checks(parts) if finding.what == "script")

    remedy = "datrys tokens make NAME --role operator, then set DATRYS_TOKEN for the script"
    is_open = Finding(
        "script", f"acts for whoever has the shell, since no operator's token counts: {remedy}", warns=True
    )
    assert is_open == found()
    secret_of(board, UNIT, board=GWENT)
    assert is_open == found()
    secret_of(board, "operator")
    assert Finding("script", "asks for a token, since an operator's counts (DATRYS_TOKEN)") == found()
    revoke_token(board, tokens(board)[-1].id, utc_now())
    assert is_open == found()


async def _no_trouble(_: object) -> str:
    return ""


def test_the_real_script_takes_the_token_from_a_file(board: Engine, database_url: str, tmp_path: Path) -> None:
    """Which may be empty until there is one; what came before it goes on as before."""
    here = nothing_answers() | {"DATRYS_DATABASE_URL": database_url, "DATRYS_TOKEN_FILE": str(tmp_path / "token")}
    file = written(tmp_path / "case.json", case_file(now()))
    (tmp_path / "token").write_text("")
    raised = real_datrys("raise", file, folder=tmp_path, **here)
    made = real_datrys("tokens", "make", "x", "--role", "operator", folder=tmp_path, **here)
    shut = real_datrys("cases", folder=tmp_path, **here)
    (tmp_path / "token").write_text(made.out)
    seen = real_datrys("cases", "--json", folder=tmp_path, **here)
    refused = real_datrys("raise", file, "--again", folder=tmp_path, **here)
    (tmp_path / "token").write_text("datrys_1_2")
    unknown = real_datrys("cases", folder=tmp_path, **here)
    assert [raised.out.strip()] == [row["reference"] for row in json.loads(seen.out)]
    assert [NEEDED] == lines_of(shut, 1)
    assert ["You may not raise a case as practitioner of ABUHB."] == lines_of(refused, 1)
    assert [NO_TOKEN] == lines_of(unknown, 1)


def test_where_the_records_cannot_be_asked_a_token_is_no_hindrance(
    alone: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else nobody could prepare them, or be told that they are away."""
    monkeypatch.setenv("DATRYS_DATABASE_URL", f"sqlite:///{tmp_path}/new.db")
    monkeypatch.setenv("DATRYS_TOKEN", "datrys_1_2")
    assert [0, 1] == [datrys("migrate").code, datrys("migrate").code]
