"""Who sees what of real cases: what the flow writes opens them to whom the table says, and at the right moment."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine

from records.access import visible
from records.holding import Asker
from records.reading import standing
from tests import ctm, people, told
from tests.story import Story, begin
from workflows.registry import ACCESS

MONDAY = datetime(2026, 6, 1, 9, tzinfo=UTC)


def parts_seen(engine: Engine, reference: str, *names: str) -> dict[str, int]:
    """How many parts of a case each of these may see: nine are all, none means that there is no such case for them."""
    asked = {name: visible(engine, Asker(f"{name}@example.invalid"), ACCESS) for name in names}
    return {name: len(seen[reference].parts) if reference in seen else 0 for name, seen in asked.items()}


async def raised(story: Story, file: dict[str, Any]) -> str:
    """Raise a case, and wait until its first step is recorded."""
    reference = await story.raise_case(file)
    async with asyncio.timeout(60):
        while not standing(story.database, reference).turn:
            await asyncio.sleep(0.02)
    return reference


async def say(story: Story, reference: str, days: int, name: str, by: str, **facts: Any) -> None:
    """Say something so many days after the beginning, and wait until it is recorded."""
    at = MONDAY + timedelta(days=days, hours=2)
    said = told.Said(at, name, by, {"record": "r", **facts}, "accepted")
    await story.skip_to(at)
    assert [] == await told._say(story, reference, f"{name}-{days}", said)
    await story.posted(reference)


async def test_3_1_to_3_8_a_gwent_case_opens_as_it_goes(engine: Engine) -> None:
    """To practitioners and Team Manager at once, to the Chair with the meeting, to the others with the review."""
    asked = (
        *("practitioner.abuhb", "line-manager.newport", "safeguarding-lead.newport", "team-manager"),
        *("chair.gwentpolice", "service-manager", "business-unit", "reviewer.torfaen", "safeguarding-lead.torfaen"),
    )
    rows: list[Mapping[str, int]] = []
    people.load_directory(engine)
    async with begin(MONDAY, engine) as story:
        reference = await raised(story, people.case_file(MONDAY))
        rows.append(parts_seen(engine, reference, *asked))
        await say(story, reference, 0, "not_resolved", "practitioner/ABUHB")
        await say(story, reference, 1, "not_resolved", "line_manager/ABUHB")
        meeting = (MONDAY + timedelta(days=3)).isoformat()
        arranged = {"meeting_at": meeting, "chair": "chair-gwentpolice"}
        await say(story, reference, 2, "meeting_arranged", "team_manager", **arranged)
        rows.append(parts_seen(engine, reference, *asked))
        held = {"outcome": "not_resolved", "immediate_action_needed": False, "attended": []}
        await say(story, reference, 3, "meeting_held", "chair", **held)
        rows.append(parts_seen(engine, reference, *asked))
        await say(story, reference, 4, "review_requested", "chair", believed_by=["ABUHB"], harm_through=["NEWPORT"])
        decided = {"criterion_i": True, "criterion_ii": True, "immediate_action_needed": False, "review": True}
        await say(story, reference, 7, "review_decided", "service_manager", reviewer="TORFAEN", **decided)
        rows.append(parts_seen(engine, reference, *asked))
    assert [
        (5, 6, 8, 9, 0, 0, 3, 0, 0),
        (6, 7, 8, 9, 8, 0, 3, 0, 0),
        (6, 7, 8, 9, 8, 0, 9, 0, 0),
        (6, 7, 8, 9, 8, 9, 9, 9, 0),
    ] == [tuple(row.values()) for row in rows]


async def test_1_to_3_a_case_of_cwm_taf_morgannwg_opens_as_it_goes(engine: Engine) -> None:
    """To managers at once, to the Business Unit from stage 2, to QA Chair and Co-Chair from their stage on."""
    asked = (
        *("professional.ctmuhb", "manager.ctmuhb", "counterpart-manager.rct", "representative.rct", "business-unit"),
        *("qa-chair", "co-chair", "board", "representative.probation", "independent-member", "review-group"),
    )
    rows: list[Mapping[str, int]] = []
    ctm.load_directory(engine)
    async with begin(MONDAY, engine) as story:
        await told._load(story, ["qa-1 qa_children 2026-06-05T10:00+01:00"])
        reference = await raised(story, ctm.case_file(MONDAY))
        rows.append(parts_seen(engine, reference, *asked))
        await say(story, reference, 0, "not_resolved", "manager/CTMUHB")
        rows.append(parts_seen(engine, reference, *asked))
        await say(story, reference, 1, "response_submitted", "counterpart_manager/RCT")
        rows.append(parts_seen(engine, reference, *asked))
        await say(story, reference, 2, "not_resolved", "manager/CTMUHB")
        await say(story, reference, 4, "not_resolved", "business_unit")
        rows.append(parts_seen(engine, reference, *asked))
        by = {"reviewer": "PROBATION", "panel_member_agency": "BRIDGEND", "review": True}
        at = (MONDAY + timedelta(days=7)).isoformat()
        await say(story, reference, 7, "review_decided", "co_chair/EDU", decided_at=at, **by)
        rows.append(parts_seen(engine, reference, *asked))
    assert [
        (5, 5, 6, 8, 3, 0, 0, 0, 0, 0, 0),
        (5, 5, 6, 8, 9, 0, 0, 0, 0, 0, 0),
        (6, 6, 6, 9, 9, 0, 0, 0, 0, 0, 0),
        (6, 6, 6, 9, 9, 9, 9, 1, 0, 0, 0),
        (6, 6, 6, 9, 9, 9, 9, 1, 9, 9, 0),
    ] == [tuple(row.values()) for row in rows]
