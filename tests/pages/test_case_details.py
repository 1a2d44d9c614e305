"""What a page about a case says of what became of an entry, of time limits, and of what the visitor may do."""

from datetime import timedelta
from typing import Any

import pytest
from httpx import Response
from lxml import html as lxml_html  # type: ignore[import-untyped]
from sqlalchemy import Engine

from protocols.roles import Role
from protocols.steps import Entry
from records.database import writing
from records.models import FreeText
from tests.pages.cases import BEGAN, clock, ctm_case, gwent, load_directories
from tests.pages.visiting import quiet_door, sign_in, text_of, visiting
from tests.records.making import LINE_MANAGER, MONDAY, PRACTITIONER, a_notice, a_step, an_entry, keep, next_step, write

MANAGER, UNIT = "line-manager.abuhb@example.invalid", "business-unit@example.invalid"


async def look(engine: Engine, email: str, path: str, language: str = "en") -> Response:
    """What this person finds at an address."""
    async with visiting(quiet_door(engine)) as client:
        sign_in(client, engine, email)
        return await client.get(path, headers={"accept-language": language})


def keep_text(engine: Engine, reference: str, record: str, words: Any) -> None:
    with writing(engine) as session:
        session.add(FreeText(reference=reference, id=record, about="signal", content=words, kept_at=MONDAY))


def said(what: str, key: str, **more: Any) -> Entry:
    facts = {"signal_id": key, "code": "accepted", "by": LINE_MANAGER, "stage": "line_managers", **more}
    return an_entry(what, **facts)


def line_with(page: Response, words: str) -> str:
    """The first line of the timeline that says this, as markup."""
    lines = lxml_html.fromstring(page.text).xpath("//ol/li")
    found = next(line for line in lines if words in " ".join(line.text_content().split()))
    return " ".join(lxml_html.tostring(found, encoding="unicode").split())


async def test_a_correction_stands_at_what_it_corrects(engine: Engine) -> None:
    """With its reason where the text may be read, and with its day in the timeline; the text itself stays."""
    reference = keep(engine)
    keep_text(engine, reference, "r1", {"text": "the first words"})
    keep_text(engine, reference, "r2", {"text": "the wrong child was meant"})
    unit = Role(role="business_unit")
    wrong = said("not_resolved", "s1", record="r1")
    mended = said("corrected", "s2", record="r2", by=unit, facts={"corrects": "s1"})
    write(engine, a_step(reference, entries=[wrong, mended], stage="team_manager"))
    page = await look(engine, MANAGER, f"/cases/{reference}")
    assert "the first words Corrected: the wrong child was meant" in text_of(page)
    assert "Corrected Monday 2 March 2026, 10:00 by the Business Unit" in line_with(page, "Said: it is not resolved")
    assert "the wrong child was meant" in line_with(page, "An earlier entry was corrected")


async def test_what_was_taken_back_is_struck_and_says_so(engine: Engine) -> None:
    """What a correction names that leads the case back, and what followed it; in words, not only in looks."""
    reference = keep(engine)
    keep_text(engine, reference, "r1", {"text": "a statement too early"})
    back = said(
        "corrected", "s3", by=Role(role="business_unit"), facts={"corrects": "s1", "return_to": "line_managers"}
    )
    entries = [
        an_entry(stage="line_managers"),
        said("not_resolved", "s1", record="r1"),
        an_entry(stage="team_manager"),
        said("discussion_recorded", "s2", stage="team_manager"),
        back,
        an_entry(stage="line_managers", turn=2),
    ]
    write(engine, a_step(reference, entries=entries, stage="line_managers", turn=2))
    page = await look(engine, MANAGER, f"/cases/{reference}")
    named, followed = line_with(page, "Said: it is not resolved"), line_with(page, "A discussion was recorded")
    assert "<s>Said: it is not resolved at this stage</s>" in named
    assert ">Corrected</strong>" in named
    assert "<s>A discussion was recorded</s>" in followed
    assert ">Taken back</strong>" in followed
    assert "<s>" not in line_with(page, "Stage: Between the line managers")
    assert "Taken back This does not count any more: see the timeline. a statement too early" in text_of(page)
    assert "the case goes back to: Between the line managers" in text_of(page)


async def test_what_did_not_count_says_why_in_the_visitors_language(engine: Engine) -> None:
    """By its code: the reason in the records is English, and may repeat what somebody typed."""
    reference = keep(engine)
    refused = said("resolved", "s1", code="not_satisfied", reason="typed by somebody")
    write(engine, a_step(reference, entries=[refused]))
    english = await look(engine, MANAGER, f"/cases/{reference}")
    welsh = await look(engine, MANAGER, f"/cases/{reference}", "cy")
    assert "Did not count because the agency that raised the case is not satisfied" in text_of(english)
    assert "Ni chyfrifwyd oherwydd nid yw'r asiantaeth a gododd yr achos yn fodlon" in text_of(welsh)
    assert "typed by somebody" not in english.text + welsh.text


async def test_a_late_entry_and_one_for_somebody_else_are_marked(engine: Engine) -> None:
    """When it happened, when it was recorded, and that the Business Unit entered it."""
    reference = keep(engine)
    late = MONDAY + timedelta(days=3)
    entry = said("discussion_recorded", "s1", recorded_at=late, late_recorded=True, entered_by="business_unit")
    write(engine, a_step(reference, entries=[entry]))
    line = line_with(await look(engine, MANAGER, f"/cases/{reference}"), "A discussion was recorded")
    assert "Line manager, ABUHB (entered by the Business Unit)" in line
    assert "Recorded late: Thursday 5 March 2026, 10:00" in line


async def test_each_clock_explains_itself(engine: Engine) -> None:
    """From when it counts, which days, which not and why; who must act; protocol limit or local target."""
    rich = gwent(engine)
    text = text_of(await look(engine, UNIT, f"/cases/{rich.reference}"))
    assert "5 working days, limit of the protocol, clause 3.3" in text
    assert "local target, not a limit of the protocol, clause 3.11" in text
    assert "It counts from Friday 18 December 2026, 10:00." in text
    assert "Days that count: Monday 21 December 2026; Tuesday 22 December 2026; Wednesday 23 December 2026." in text
    assert "Days that do not count: Friday 25 December 2026 (bank holiday)." in text
    assert "Who must act: Line manager, ABUHB" in text


STATES: dict[str, dict[str, Any]] = {
    "running": {"state": "running"},
    "Overdue": {"state": "running", "late": True},
    "Done in time": {"state": "met", "met_at": BEGAN},
    "Done late": {"state": "met", "met_at": BEGAN, "late": True},
    "Not needed any more": {"state": "closed"},
    "Target passed": {"state": "running", "late": True, "kind": "local"},
}


async def test_a_clock_says_how_it_stands(engine: Engine) -> None:
    """In words, with whether its date may still change."""
    for number, (words, facts) in enumerate(STATES.items()):
        reference = keep(engine, fingerprint=f"f{number}")
        row = clock("contact_team_manager", LINE_MANAGER, **facts)
        row = row.model_copy(update={"due_time": row.due_time.model_copy(update={"provisional": True})})
        write(engine, a_step(reference, clocks=[row]))
        text = text_of(await look(engine, MANAGER, f"/cases/{reference}"))
        assert words.capitalize() in text.partition("Time limits")[2]
        assert "This date is provisional" in text


async def test_what_is_asked_stands_first_with_its_button(engine: Engine) -> None:
    """For whom it is asked; others may say something; the Business Unit corrects, and opens an ended case again."""
    reference = gwent(engine, until="practitioners").reference
    here = f"/cases/{reference}"
    asked = await look(engine, "practitioner.abuhb@example.invalid", here)
    other = await look(engine, "team-manager@example.invalid", here)
    assert "What is asked of you" in text_of(asked)
    assert "What is asked of you" not in text_of(other)
    for page in (asked, other):
        assert f'href="{here}/say"' in page.text
        assert f'href="{here}/danger"' in page.text
        assert "/correct" not in page.text
    done = ctm_case(engine).reference
    load_directories(engine)
    write(engine, a_step(done, next_step(engine, done), stage="ended", outcome="reviewed"))
    page = await look(engine, UNIT, f"/cases/{done}")
    assert f'href="/unit/cases/{done}/reopen"' in page.text
    assert f'href="/unit/cases/{done}/correct?signal=' in page.text


async def test_whatever_was_typed_is_shown_as_it_is(engine: Engine) -> None:
    """Never as markup or as a template, and never too long."""
    typed = "<script>alert(1)</script> {{ 7 * 7 }} ‮turned 👩‍👧 it's & so\r\non\n\nfurther"
    reference = keep(engine, texts={"issue": {"text": typed}, "outcome_sought": {"text": "x" * 100_000}})
    page = await look(engine, MANAGER, f"/cases/{reference}")
    assert 200 == page.status_code
    assert "<script>alert" not in page.text
    assert "<script>alert(1)</script> {{ 7 * 7 }} ‮turned 👩‍👧 it's & so on further" in text_of(page)
    assert "x" * 100_000 in page.text


async def test_the_form_is_for_those_who_see_all_that_stands_in_it(engine: Engine) -> None:
    """As a document to read or to edit; for everybody else there is none, nor where the protocol has none."""
    load_directories(engine)
    ctm, other = ctm_case(engine).reference, gwent(engine).reference
    docx = await look(engine, UNIT, f"/cases/{ctm}/form.docx")
    assert (200, b"PK") == (docx.status_code, docx.content[:2])
    assert f'filename="{ctm}-form.docx"' in docx.headers["content-disposition"]
    assert f"/cases/{ctm}/form.pdf" in (await look(engine, UNIT, f"/cases/{ctm}")).text
    manager = "manager.ctmuhb@example.invalid"
    assert "/form.pdf" not in (await look(engine, manager, f"/cases/{ctm}")).text
    for email, path in ((manager, f"{ctm}/form.docx"), (UNIT, f"{ctm}/form.html"), (UNIT, f"{other}/form.docx")):
        assert 404 == (await look(engine, email, f"/cases/{path}")).status_code


async def test_whoever_was_sent_a_notice_sees_that_one_and_no_other(engine: Engine) -> None:
    """Of several roles' notices only those to their own, each with its own day and stage."""
    reference = keep(engine)
    to = [a_notice("feedback", Role(role="local_network"), stage="feedback"), a_notice(to=PRACTITIONER)]
    write(engine, a_step(reference, notices=to, stage="feedback"))
    text = text_of(await look(engine, "local-network@example.invalid", f"/cases/{reference}"))
    assert text.count("a notice to the role") == 1
    assert "Local Safeguarding Network, about the stage “Feedback”" in text
    assert "Practitioner" not in text.replace("Resolving Practitioner Differences", "")


@pytest.mark.parametrize("path", ["/work", "/cases", "/cases.csv", "/cases/GWENT-2026-0001"])
async def test_pages_answer_get_and_head_alike(engine: Engine, path: str) -> None:
    """For whoever is signed in; anybody else is asked to."""
    gwent(engine)
    async with visiting(quiet_door(engine)) as client:
        client.follow_redirects = False
        away = await client.get(path)
        sign_in(client, engine, UNIT)
        answers = [await client.request(method, path) for method in ("GET", "HEAD")]
    assert (303, f"/sign-in?next={path}") == (away.status_code, away.headers["location"])
    assert [200, 200] == [answer.status_code for answer in answers]
    assert b"" == answers[1].content
