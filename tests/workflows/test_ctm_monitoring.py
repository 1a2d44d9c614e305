"""Cwm Taf Morgannwg, monitoring and reporting: the register of the Business Unit, the updates of the Board."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from tests.story import Story, begin
from tests.workflows.test_ctm_signals import DUE, MONDAY, UNIT, load, raised, said, told

AT_EACH_STAGE = [
    # begun at, the register's line: stage, clause, whom it waits for, whether overdue after the ten working days
    ("1", "single_agency", "1", "manager/CTMUHB", True),
    ("2", "qa", "2", "business_unit", True),
    ("3", "co_chair", "3", "co_chair", False),  # a local target only: no limit of the protocol is past
]


@pytest.mark.clause("ctm M", "common local target")
async def test_m_the_register_shows_where_each_case_stands(engine: Engine) -> None:
    """Stage, clause, whom it waits for and whether a limit of the protocol is past; nobody is named."""
    async with begin(MONDAY, engine) as story:
        cases = [await raised(story, engine, start=row[0]) for row in AT_EACH_STAGE]
        await story.skip_to(DUE + timedelta(hours=1))
        await told(story, cases[-1], "discussion_recorded", said("d", UNIT))
        await story.posted(cases[-1])
        rows = story.door.register("cwm-taf-morgannwg", "", overdue=False, waiting_for="")
        overdue = story.door.register("cwm-taf-morgannwg", "", overdue=True, waiting_for="")
    assert [row[1:4] for row in AT_EACH_STAGE] == [
        (row.stage, row.clause, ", ".join(map(str, row.waiting_for))) for row in rows
    ]
    assert [row[4] for row in AT_EACH_STAGE] == [row.overdue for row in rows]
    assert [row.reference for row in rows if row.overdue] == [row.reference for row in overdue]
    assert [("stage_1",), ("response",), ("co_chair_decides",)] == [row.late for row in rows]
    assert "Test Person" not in str(rows)


async def updates(story: Story, case: str) -> int:
    """How many updates the Board has had."""
    return [mail.notice for mail in await story.posted(case)].count("board-update")


@pytest.mark.clause("ctm M", "ctm 3")
async def test_m_the_board_hears_of_every_step_of_stage_3(engine: Engine) -> None:
    """As a case comes to the Co-Chair, at the decision, and when the review is complete; and nothing before."""
    decided = {"review": True, "reviewer": "review_group", "decided_at": (DUE + timedelta(days=16)).isoformat()}
    async with begin(MONDAY, engine) as story:
        case = await raised(story, engine)
        await story.skip_to(DUE + timedelta(days=16))  # 1 April, the day of the meeting
        counted = [await updates(story, case)]
        for name, facts in (
            ("not_resolved", said("1", UNIT)),
            ("review_decided", said("2", "co_chair/BRIDGEND", **decided)),
            ("panel_set_up", said("3", UNIT)),
            ("progress_noted", said("4", "review_group")),
            ("review_completed", said("5", "review_group")),
        ):
            await told(story, case, name, facts)
            counted.append(await updates(story, case))
        await load(story, "b-1 board 2026-04-02T10:00+01:00")
        counted.append(await updates(story, case))
    assert [0, 1, 2, 2, 2, 3, 3] == counted
