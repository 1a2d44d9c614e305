"""The register: the cases that somebody may see, as much of each as they may, and nothing by way of a filter."""

import csv
import re
from datetime import timedelta
from io import StringIO

from httpx import Response
from lxml import html as lxml_html  # type: ignore[import-untyped]
from sqlalchemy import Engine

from protocols.access import Part
from records.access import visible
from records.holding import Asker
from tests.pages.cases import BEGAN, ctm_case, gwent, load_directories
from tests.pages.test_case import everybody, queries, there
from tests.pages.visiting import heading, quiet_door, sign_in, text_of, visiting
from tests.records.making import PRACTITIONER, a_step, keep, next_step, write
from workflows.registry import ACCESS

__all__ = ["queries"]
STANDING = {Part.REQUEST, Part.WITHOUT_TEXT, Part.WITHOUT_TEXT_OR_NAMES}
UNIT, BOARD = "business-unit@example.invalid", "local-network@example.invalid"


def listed(page: Response) -> list[str]:
    """The references that a page of the register lists, with the stage where it shows one."""
    links = lxml_html.fromstring(page.text).xpath("//a[contains(@class, 'task-list__link')]")
    return [" ".join(link.text_content().split()) for link in links]


def in_csv(page: Response) -> list[dict[str, str]]:
    """The lines of the file."""
    return list(csv.DictReader(StringIO(page.content.decode("utf-8-sig"))))


async def test_everybody_sees_the_cases_and_lines_that_the_policy_opens(engine: Engine) -> None:
    """Page, count and file alike; where only a notice may be seen, neither stage nor dates nor roles."""
    door = quiet_door(engine)
    load_directories(engine)
    made = [gwent(engine), gwent(engine, until="practitioners"), ctm_case(engine), ctm_case(engine, until="response")]
    for email in everybody(engine):
        seen = visible(engine, Asker(email), ACCESS)
        async with visiting(door) as client:
            sign_in(client, engine, email)
            page, file = await client.get("/cases"), await client.get("/cases.csv")
        with_stage = {reference for reference, found in seen.items() if found.parts & STANDING}
        expected = {reference: reference in with_stage for reference in seen}
        assert expected == {line.partition(":")[0]: ":" in line for line in listed(page)}, email
        assert expected == {row["Case"]: bool(row["Stage"]) for row in in_csv(file)}, email
        shown = re.search(r"(\d+) cases?\b", text_of(page).removeprefix("Cases"))
        assert len(seen) == (int(shown[1]) if shown else 0), email
        for mark in (mark for rich in made for mark in rich.marks):
            assert mark.word not in page.text + file.text


async def test_no_filter_tells_what_may_not_be_seen(engine: Engine) -> None:
    """Whoever sees only that there is their notice finds it by nothing else."""
    door = quiet_door(engine)
    reference = gwent(engine).reference
    for sifting in ("stage=gwent/feedback", "state=open", "state=ended", "overdue=yes", "waiting=chair"):
        async with visiting(door) as client:
            sign_in(client, engine, BOARD)
            sifted = await client.get(f"/cases?{sifting}")
            by_reference = await client.get(f"/cases?sort=next&reference={reference.lower()}")
        assert [] == listed(sifted), sifting
        assert [reference] == listed(by_reference)


ALL = "CTM-2026-0001 GWENT-2026-0001 GWENT-2026-0002"
SIFTED = {
    "protocol=gwent": "GWENT-2026-0001 GWENT-2026-0002",
    "protocol=cwm-taf-morgannwg": "CTM-2026-0001",
    "stage=gwent/feedback": "GWENT-2026-0001",
    "stage=gwent/ended": "",
    "waiting=practitioner": "GWENT-2026-0002",
    "state=ended": "",
    "overdue=yes": "GWENT-2026-0002",
    "sort=next": "GWENT-2026-0002 CTM-2026-0001 GWENT-2026-0001",
    "state=open&protocol=gwent&sort=newest": "GWENT-2026-0002 GWENT-2026-0001",
    "reference=gwent-2026-0002 ": "GWENT-2026-0002",
    "reference=GWENT-2026": "",
    "protocol=%00&stage=x&sort=%F0%9F%98%80&page=-1&overdue=maybe": ALL,
}


async def test_the_register_is_sifted_and_sorted(engine: Engine) -> None:
    """By what is chosen, in the page and in the file; words that mean nothing choose nothing."""
    door = quiet_door(engine)
    load_directories(engine)
    gwent(engine)
    late = gwent(engine, until="practitioners").reference
    ctm_case(engine)
    write(engine, a_step(late, next_step(engine, late), waiting_for=[PRACTITIONER], overdue=True, next_due=BEGAN))
    async with visiting(door) as client:
        sign_in(client, engine, UNIT)
        for sifting, expected in SIFTED.items():
            page, file = await client.get(f"/cases?{sifting}"), await client.get(f"/cases.csv?{sifting}")
            assert expected.split() == [line.partition(":")[0] for line in listed(page)], sifting
            assert expected.split() == [row["Case"] for row in in_csv(file)], sifting


async def test_nothing_in_the_file_is_a_formula(engine: Engine) -> None:
    """Whatever a board calls an authority; and both languages are written."""
    door = quiet_door(engine)
    keep(engine, authority="=cmd|' /C calc'!A0", people=(), raised_at=BEGAN)
    async with visiting(door) as client:
        sign_in(client, engine, UNIT)
        english = await client.get("/cases.csv")
        welsh = await client.get("/cases.csv", headers={"accept-language": "cy"})
    assert ["'=cmd|' /C calc'!A0"] == [row["Authority"] for row in in_csv(english)]
    assert "Rhwng yr ymarferwyr" == in_csv(welsh)[0]["Cam"]
    assert 'attachment; filename="cases.csv"' == english.headers["content-disposition"]


def keep_many(engine: Engine, count: int) -> None:
    for number in range(count):
        keep(engine, raised_at=BEGAN + timedelta(minutes=number), fingerprint=f"many-{number}")


async def test_cases_come_in_pages_of_twenty_five(engine: Engine) -> None:
    """With links to the others, which keep what was chosen; past the end the last is shown."""
    door = quiet_door(engine)
    keep_many(engine, 60)
    async with visiting(door) as client:
        sign_in(client, engine, UNIT)
        pages = [await client.get(f"/cases?protocol=gwent&page={page}") for page in ("1", "2", "3", "99", "x")]
    assert [25, 25, 10, 10, 25] == [len(listed(page)) for page in pages]
    assert "60 cases" in text_of(pages[0])
    assert 'href="/cases?protocol=gwent&amp;page=2"' in pages[0].text
    assert 'href="/cases?protocol=gwent&amp;page=3"' in pages[0].text
    assert 'rel="prev"' not in pages[0].text


async def test_many_cases_take_as_many_queries_as_one(engine: Engine, queries: list[str]) -> None:
    """Neither the page nor the file asks for cases one by one."""
    door = quiet_door(engine)
    counts: list[int] = []
    for many in (1, 40):
        keep_many(engine, many)
        async with visiting(door) as client:
            sign_in(client, engine, UNIT)
            for path in ("/cases", "/cases.csv"):
                page, asked = await there(client, queries, path)
                assert 200 == page.status_code
                counts.append(len(asked))
    assert counts[:2] == counts[2:]


async def test_whoever_may_see_no_case_is_told_so(engine: Engine) -> None:
    """Whether there are cases or not."""
    door = quiet_door(engine)
    pages: list[str] = []
    for make in (lambda: None, lambda: gwent(engine)):
        make()
        async with visiting(door) as client:
            sign_in(client, engine, "stranger@example.invalid")
            page = await client.get("/cases")
        assert "Cases" == heading(page)
        pages.append(text_of(page))
    assert pages[0] == pages[1]
    assert "There is no case yet that you may see" in pages[0]
