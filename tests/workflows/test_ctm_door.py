"""Cwm Taf Morgannwg through the door: what is refused, counted and advised, and at which stage a case starts."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from protocols.errors import CaseRefused
from protocols.steps import ClockState
from protocols.working_days import LONDON
from records import reading
from records.database import reading as session_of
from records.models import Tally
from settings import Settings, SmtpServer
from starter.temporal import Engine as Temporal
from starter.use_cases import Datrys
from tests import ctm
from tests.starter.conftest import nothing_answers
from tests.starter.script import all_rows
from tests.story import begin, free_port
from tests.workflows.test_ctm_signals import MONDAY, clock, said, told

LAST_OF_MAY = datetime(2026, 5, 31, 23, 30, tzinfo=LONDON)
"""Half an hour before June in Wales, an hour and a half before it in UTC."""
EXCLUSIONS = (
    *("single_agency", "family_complaint", "complaint_about_professional"),
    *("conference_decision", "registered_child_not_protected", "core_group_drift"),
)
NAME = "Gwenllian Powell"


@pytest.fixture
def door(engine: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Datrys:
    """A door with a directory, on Monday 2 March 2026; no Temporal answers, so what it starts is kept."""
    for name, value in nothing_answers().items():
        monkeypatch.setenv(name, value)
    ctm.load_directory(engine)
    setting = Settings(database_url=database_url, smtp_url=SmtpServer(host="127.0.0.1", port=free_port()))
    return Datrys(setting, engine, Temporal(setting), lambda: MONDAY)


def screened(**screening: Any) -> dict[str, Any]:
    """A case file with these answers of the screening."""
    file = ctm.case_file(MONDAY)
    file["subject"]["name"] = NAME
    return file | {"screening": screening}


def counted(database: Engine) -> list[tuple[str, str, str, int]]:
    """What was counted: protocol, what, month, how often."""
    with session_of(database) as session:
        rows = session.scalars(select(Tally).order_by(Tally.what, Tally.month))
        return [(row.protocol, row.what, row.month, row.count) for row in rows]


@pytest.mark.parametrize("why", EXCLUSIONS)
@pytest.mark.clause("ctm S")
async def test_s_a_case_that_is_not_for_this_protocol_is_counted_and_leaves_nothing_else(
    door: Datrys, engine: Engine, why: str
) -> None:
    """Refused with where to go; the refusal is counted by month, and no row, name or text is kept."""
    before, words = all_rows(engine), ""
    for _ in range(2):
        with pytest.raises(CaseRefused, match="this is not the right procedure") as refused:
            await door.raise_case(screened(excluded_because=why))
        words += str(refused.value)
    after = all_rows(engine)
    assert [(ctm.PROTOCOL, f"excluded: {why}", "2026-03", 2)] == counted(engine)
    assert {"tallies": after["tallies"]} == {name: rows for name, rows in after.items() if rows != before[name]}
    assert NAME not in words
    assert NAME not in str(after)


@pytest.mark.parametrize(
    ("at", "month"),
    [(MONDAY, "2026-03"), (LAST_OF_MAY, "2026-05"), (LAST_OF_MAY + timedelta(hours=1), "2026-06")],
)
@pytest.mark.clause("ctm S")
async def test_s_a_refusal_is_counted_in_its_month_in_wales(
    door: Datrys, engine: Engine, at: datetime, month: str
) -> None:
    """The month is that of the clocks in Wales."""
    door.now = lambda: at
    with pytest.raises(CaseRefused):
        await door.raise_case(ctm.case_file(at) | {"screening": {"excluded_because": "single_agency"}})
    assert [month] == [row[2] for row in counted(engine)]


@pytest.mark.clause("ctm S")
async def test_s_what_is_refused_for_another_reason_is_not_counted(door: Datrys, engine: Engine) -> None:
    """Faults of a case file, an unknown exclusion among them, are no refusals of scope."""
    file = screened()
    for faulty in (file | {"people": []}, file | {"issue": ""}, screened(excluded_because="too_difficult")):
        with pytest.raises(CaseRefused):
            await door.raise_case(faulty)
    assert [] == counted(engine)


@pytest.mark.clause("ctm S")
async def test_s_excluded_and_faulty_at_once_is_told_both_and_counted(door: Datrys, engine: Engine) -> None:
    """Where a case file is not for this protocol and faulty besides, all is said, and the refusal of scope counts."""
    with pytest.raises(CaseRefused) as refused:
        await door.raise_case(screened(excluded_because="family_complaint") | {"issue": "", "people": []})
    assert {"screening.excluded_because", "issue", "people"} == set(refused.value.faults)
    assert ["excluded: family_complaint"] == [row[1] for row in counted(engine)]


@pytest.mark.parametrize(
    ("screening", "advice"),
    [
        ({}, False),
        ({"procedure_missing": False}, False),
        ({"procedure_missing": True}, True),
        ({"excluded_because": "conference_decision", "remains_practitioner_difference": True}, False),
    ],
)
@pytest.mark.clause("ctm S")
async def test_s_who_is_taken_and_what_they_are_told(
    door: Datrys, engine: Engine, screening: dict[str, Any], advice: bool
) -> None:
    """A missing procedure is taken, and the person is told to tell their own Board representative; nobody else is."""
    raised = await door.raise_case(screened(**screening))
    assert ("CTM-2026-0001", True) == (raised.reference, raised.kept)
    assert advice == any("representative on the Board" in words for words in raised.advice)
    assert [] == counted(engine)
    assert "single_agency" == reading.case_view(engine, raised.reference).row.stage


@pytest.mark.parametrize(
    ("start", "stage", "running", "addressed"),
    [
        ("1", "single_agency", {"stage_1"}, {"manager/CTMUHB", "counterpart_manager/RCT"}),
        ("2", "response", {"response"}, {"business_unit", "manager/CTMUHB", "counterpart_manager/RCT"}),
        (
            "3",
            "co_chair",
            {"co_chair_decides"},
            {
                *("co_chair", "qa_chair", "business_unit", "board", "manager/CTMUHB"),
                *("safeguarding_lead/CTMUHB", "representative/CTMUHB", "representative/RCT"),
            },
        ),
    ],
)
@pytest.mark.clause("ctm S", "ctm 1", "ctm 2", "ctm 3")
async def test_s_a_case_begins_at_the_stage_that_its_file_names(
    engine: Engine, start: str, stage: str, running: set[str], addressed: set[str]
) -> None:
    """It stands there, those whom that stage names are told, and its clocks run: at 2 and 3 from the raising."""
    instigated = MONDAY - timedelta(days=10)
    async with begin(MONDAY, engine) as story:
        ctm.load_directory(engine)
        options = {"start": start, "instigated": instigated.isoformat()}
        case = await story.raise_case(ctm.case_file(MONDAY, options))
        await told(story, case, "discussion_recorded", said("d", "manager/CTMUHB"))  # once that is recorded, all is
        roles = {mail.role for mail in await story.posted(case) if mail.clause != "any" and mail.notice != "overdue"}
        status = await story.status(case)
        (name,) = running
        begun = (await clock(story, case, name)).starts
    assert (stage, 1) == (status.stage, status.turn)
    assert running == {one.clock for one in status.clocks if one.state is ClockState.RUNNING}
    assert addressed == roles
    assert (instigated if start == "1" else MONDAY) == begun.replace(microsecond=0, second=0)
