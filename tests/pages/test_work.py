"""My work: what is asked of somebody, when, as whom; and nothing of cases or roles that are not theirs."""

from datetime import UTC, datetime, timedelta

from httpx import Response
from sqlalchemy import Engine

from protocols.access import holds
from protocols.roles import Role
from protocols.steps import MeetingRow
from records import drafts
from records.access import visible
from records.holding import Asker
from records.reading import case_view
from tests.pages.cases import clock, ctm_case, gwent, load_directories
from tests.pages.test_case import everybody, queries, there
from tests.pages.test_cases import keep_many
from tests.pages.visiting import heading, quiet_door, sign_in, text_of, visiting
from tests.records.making import LINE_MANAGER, a_notice, a_step, an_entry, keep, write
from tests.web.hook import now
from workflows.registry import ACCESS

__all__ = ["queries"]
MANAGER = "line-manager.abuhb@example.invalid"


WEDNESDAY = datetime(2026, 3, 4, 10, tzinfo=UTC)


async def work_of(engine: Engine, email: str, at: datetime | None = None) -> Response:
    """What this person finds under my work: now, or at a moment."""
    door = quiet_door(engine, business_unit="01633 000000")
    if at:
        door.now = lambda: at
    async with visiting(door) as client:
        sign_in(client, engine, email)
        return await client.get("/work")


async def test_everybody_finds_the_cases_that_wait_for_them_and_no_other(engine: Engine) -> None:
    """By whom a case waits for and by whose clocks run, as the roles that they hold in it; no text and no name."""
    load_directories(engine)
    door = quiet_door(engine)
    made = [gwent(engine), gwent(engine, until="practitioners"), ctm_case(engine), ctm_case(engine, until="response")]
    views = {rich.reference: case_view(engine, rich.reference) for rich in made}
    for email in everybody(engine):
        seen = visible(engine, Asker(email), ACCESS)
        asked = set()
        for reference, found in seen.items():
            view = views[reference]
            roles = {*view.row.waiting_for, *(role for one in view.clocks for role in one.accountable)}
            roles |= {role for kind, role in found.case.notices if kind == "immediate-action"}
            if any(holds(role, found.held, found.case) for role in roles):
                asked.add(reference)
        async with visiting(door) as client:
            sign_in(client, engine, email)
            page = await client.get("/work")
        assert asked == {reference for reference in views if reference in page.text}, email
        assert not [mark.word for rich in made for mark in rich.marks if mark.word in page.text], email


async def test_tasks_stand_in_groups_the_most_pressing_first(engine: Engine) -> None:
    """Each with what is to be done, as whom, by when and who set that limit, and where to answer."""
    reference = keep(engine)
    times = {"contact_team_manager": -timedelta(days=40), "practitioners_try": timedelta(days=40)}
    clocks = []
    for name, after in times.items():
        made = clock(name, LINE_MANAGER, kind="local" if after > timedelta(0) else "protocol")
        clocks.append(made.model_copy(update={"due_time": made.due_time.model_copy(update={"due": now() + after})}))
    write(engine, a_step(reference, clocks=clocks, waiting_for=[LINE_MANAGER], stage="line_managers"))
    page = await work_of(engine, MANAGER)
    text = text_of(page)
    order = ["Overdue", "Write to the Safeguarding Team Manager", "limit of the protocol", "Later", "Try to settle"]
    assert sorted(order, key=text.index) == order
    assert "local target, not a limit of the protocol" in text
    assert "as Line manager, ABUHB" in text
    assert f'href="/cases/{reference}/say"' in page.text


async def test_a_case_that_waits_without_a_clock_is_a_task_without_a_date(engine: Engine) -> None:
    """It is said which stage waits; where a clock of that stage says what to do, it is not said twice."""
    reference, waited = keep(engine), clock("contact_team_manager", LINE_MANAGER)
    write(engine, a_step(reference, 1, waiting_for=[LINE_MANAGER], stage="line_managers"))
    assert "The case waits for your answer: Between the line managers" in text_of(await work_of(engine, MANAGER))
    write(engine, a_step(reference, 2, waiting_for=[LINE_MANAGER], stage="line_managers", clocks=[waited]))
    assert "The case waits" not in text_of(await work_of(engine, MANAGER))


async def test_an_immediate_action_stays_first_until_it_is_confirmed(engine: Engine) -> None:
    """For the duty team and all who were told; then it is gone."""
    quiet_door(engine)
    reference = keep(engine)
    duty = "duty-team@example.invalid"
    begun = an_entry("immediate-action", by=LINE_MANAGER, happened_at=now(), recorded_at=now())
    told = [a_notice("immediate-action", role) for role in (Role(role="duty_team"), LINE_MANAGER)]
    write(engine, a_step(f"{reference}-immediate-1", 1, entries=[begun], notices=told))
    for email in (duty, MANAGER):
        text = text_of(await work_of(engine, email))
        assert text.startswith("What is asked of you Today Somebody may be in danger"), text
    assert f'href="/cases/{reference}-immediate-1/say"' in (await work_of(engine, duty)).text
    refused = an_entry("immediate_action_confirmed", code="missing")
    write(engine, a_step(f"{reference}-immediate-1", 2, entries=[refused]))
    assert reference in text_of(await work_of(engine, duty))
    confirmed = an_entry("immediate_action_confirmed", code="accepted")
    write(engine, a_step(f"{reference}-immediate-1", 3, entries=[confirmed]))
    for email in (duty, MANAGER):
        assert reference not in text_of(await work_of(engine, email))


async def test_meetings_of_this_week_are_listed_for_whoever_is_invited(engine: Engine) -> None:
    """Until they begin, and for nobody else of the case."""
    reference = keep(engine)
    sunday = datetime(2026, 3, 8, 23, 59, tzinfo=UTC)
    invited = [a_notice("meeting-invitation", LINE_MANAGER)]
    dates = (WEDNESDAY - timedelta(hours=1), sunday, sunday + timedelta(minutes=1))
    meetings = [MeetingRow(number=number, meeting_at=at) for number, at in enumerate(dates, 1)]
    write(engine, a_step(reference, meetings=meetings, notices=invited, stage="meeting"))
    text = text_of(await work_of(engine, MANAGER, WEDNESDAY))
    assert f"Meetings this week Sunday 8 March 2026, 23:59: {reference}" in text
    assert 1 == text.count(reference)
    for other in ("practitioner.abuhb", "safeguarding-lead.torfaen", "stranger"):
        assert reference not in text_of(await work_of(engine, f"{other}@example.invalid", WEDNESDAY)), other


async def test_what_was_begun_and_not_sent_can_be_gone_on_with(engine: Engine) -> None:
    """One's own only."""
    case = drafts.begin(engine, MANAGER, "case", "", {}, now())
    said = drafts.begin(engine, MANAGER, "signal", "GWENT-2026-0001", {}, now())
    other = drafts.begin(engine, "other@example.invalid", "case", "", {}, now())
    sent = drafts.begin(engine, MANAGER, "case", "", {}, now())
    drafts.sent(engine, sent.id, now())
    page = await work_of(engine, MANAGER)
    assert [True, True, False, False] == [
        link in page.text
        for link in (f"/raise/{case.id}", f"/say/{said.id}", f"/raise/{other.id}", f"/raise/{sent.id}")
    ]


async def test_whoever_has_nothing_to_do_is_told_so(engine: Engine) -> None:
    """And whoever holds no role, whom to ask."""
    holder = await work_of(engine, "team-manager@example.invalid")
    nobody = await work_of(engine, "stranger@example.invalid")
    assert "What is asked of you" == heading(holder)
    assert "Nothing is asked of you now" in text_of(holder)
    assert "ask the Business Unit: 01633 000000" in text_of(nobody)


async def test_many_cases_take_as_many_queries_as_one(engine: Engine, queries: list[str]) -> None:
    """My work does not ask for cases one by one."""
    door = quiet_door(engine)
    counts = []
    for many in (1, 30):
        keep_many(engine, many)
        async with visiting(door) as client:
            sign_in(client, engine, MANAGER)
            counts.append(len((await there(client, queries, "/work"))[1]))
    assert counts[0] == counts[1]
