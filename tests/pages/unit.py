"""What the tests of the Business Unit's pages share: two boards, their units, and forms with files."""

import csv
import json
from collections.abc import Mapping
from io import StringIO

from httpx import AsyncClient, Response
from lxml import html as lxml_html  # type: ignore[import-untyped]
from sqlalchemy import Engine, update

from protocols.access import BUSINESS_UNIT
from records import reading
from records.database import writing
from records.models import DirectoryPerson
from records.reading import TimelineEntry
from tests import ctm, people

UNIT, OTHER_UNIT = people.address(BUSINESS_UNIT), "unit.of.the.other@example.invalid"
GWENT, CTM = "gwent", ctm.PROTOCOL
BY_UNIT = f"directory:{GWENT}/{BUSINESS_UNIT}"
PEOPLE = (*people.COLUMNS.split(","),)
MEETINGS = ("id", "board", "group", "starts_at", "papers_due", "status")


def two_boards(engine: Engine) -> None:
    """Both directories, each board with a Business Unit of its own."""
    people.load_directory(engine)
    ctm.load_directory(engine)
    with writing(engine) as session:
        theirs = update(DirectoryPerson).where(DirectoryPerson.board == CTM, DirectoryPerson.role == BUSINESS_UNIT)
        session.execute(theirs.values(email=OTHER_UNIT))


def csv_of(columns: tuple[str, ...], *rows: Mapping[str, str]) -> bytes:
    """A file with these rows; a column that a row does not name is empty."""
    written = StringIO()
    lines = csv.DictWriter(written, columns, restval="")
    lines.writeheader()
    lines.writerows(rows)
    return written.getvalue().encode()


def a_person(role: str = "service_manager", **more: str) -> dict[str, str]:
    """A row of people of Gwent's."""
    return {"id": "new", "board": GWENT, "role": role, "name": "New", "email": "new@example.invalid", **more}


def a_meeting(**more: str) -> dict[str, str]:
    """A row of meetings of Cwm Taf Morgannwg's."""
    row = {"id": "m", "board": CTM, "group": "qa_children", "starts_at": "2031-03-10T10:00:00+00:00"}
    return {**row, "status": "planned", **more}


def bank_holidays(*days: str) -> bytes:
    """GOV.UK's own list, with these days."""
    events = [{"title": "A bank holiday", "date": day, "notes": ""} for day in days]
    return json.dumps({"england-and-wales": {"division": "england-and-wales", "events": events}}).encode()


async def hand_over(client: AsyncClient, where: str, content: bytes, name: str = "a file.csv") -> Response:
    """Hand over a file on a page."""
    page = await client.get(where)
    [form] = [one for one in lxml_html.fromstring(page.text).forms if one.get("enctype")]
    hidden = {key: value for key, value in form.form_values() if key != "file"}
    return await client.post(str(page.url), data=hidden, files={"file": (name, content, "text/csv")})


def summary(page: Response) -> list[str]:
    """What the error summary says."""
    tree = lxml_html.fromstring(page.text)
    return [" ".join(one.split()) for one in tree.xpath("//*[contains(@class, 'govuk-error-summary__list')]//a/text()")]


def rows_of(page: Response) -> dict[str, str]:
    """What a page lists, by its label."""
    tree = lxml_html.fromstring(page.text)
    rows = tree.xpath("//*[contains(@class, 'govuk-summary-list__row')]")
    return {" ".join(row[0].text_content().split()): " ".join(row[1].text_content().split()) for row in rows}


def entry(engine: Engine, case: str, what: str) -> TimelineEntry:
    """The last entry of a kind."""
    return [line for line in reading.timeline(engine, case) if line.entry.what == what][-1]
