"""`datrys document`: the form of a case, filled from what was said to it, on screen, on paper and in Word."""

import re
import stat
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from importlib.machinery import ModuleSpec
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

import docx
import pypdfium2  # type: ignore[import-untyped]
import pytest
from sqlalchemy import Engine

from protocols.errors import Refused
from protocols.roles import Role
from records.loading import load_agencies
from starter import documents
from starter.pdf import NO_PANGO, as_pdf, drawing
from starter.word import as_docx
from tests import ctm, people
from tests.doors.test_delivery import until_stage
from tests.starter.script import be_patient, datrys, lines_of, written
from tests.story import Story, begin
from workflows.registry import PROTOCOLS

MONDAY = datetime(2026, 3, 2, 10, tzinfo=UTC)
MEETINGS = ("qa-1 qa_children 2026-04-01T10:00+01:00", "qa-2 qa_children 2026-05-06T10:00+01:00")
RCT = "code,name_en,name_cy,kind\nRCT,Rhondda Cynon Taf Council,Cyngor Rhondda Cynon Taf,local_authority\n"
HOSTILE = (
    "one\r\ntwo {{ form.reference }} {% raw %} <script>alert(1)</script> &amp; ]]> 'a' \"b\" \u05e9\u05dc\u200f"
    " \u202eabc\u202c \x1b[1m\x00 😀 ŵ"
)
SHOWN = HOSTILE.replace("\r\n", "\n").replace("\x1b", "\ufffd").replace("\x00", "\ufffd")
LONG = "safeguarding " * 4000 + "x" * 50_000

Fields = dict[tuple[str, str], str]


def day(month: int, day: int) -> datetime:
    """Noon of a day in the year of the story."""
    return datetime(2026, month, day, 12, tzinfo=UTC)


def concern(begins: datetime = MONDAY, **more: Any) -> dict[str, Any]:
    """A case file of CTMUHB, to which RCT and SWP must respond, and PROBATION not."""
    file = ctm.case_file(begins, {"agencies": "RCT,SWP,(PROBATION)"})
    parents = [{"name": "Parent Prawf", "date_of_birth": "1985-02-03"}, {"name": "Carer Example"}]
    return file | {"subject": file["subject"] | {"address": "1 Test Street", "parents_or_carers": parents}} | more


async def tell(story: Story, case: str, signal: str, by: str, **data: Any) -> None:
    """Tell a case something through the door, now."""
    await story.now()
    role, _, agency = by.partition("/")
    told = await story.door.tell(case, signal, Role(role=role, agency=agency), data)
    assert told.receipt
    assert told.receipt.accepted, told


def page_of(story: Story, case: str, language: str = "en") -> str:
    """The form as a page."""
    return documents.document(story.database, case, "form", language, story.door.now())


def tables(page: str) -> list[list[list[str]]]:
    """The words of a page, table by table, row by row."""
    html = ElementTree.fromstring(page)  # noqa: S314 - our own page
    return [
        [["".join(cell.itertext()).strip() for cell in row] for row in table.iter("tr")] for table in html.iter("table")
    ]


def fields(page: str) -> Fields:
    """What stands in each field, by the caption of its table and its label."""
    captions = [caption.text or "" for caption in ElementTree.fromstring(page).iter("caption")]  # noqa: S314
    return {
        (caption, label): value for caption, table in zip(captions, tables(page), strict=True) for label, value in table
    }


def of(found: Fields, caption: str) -> dict[str, str]:
    """The fields of one table."""
    return {label: value for (table, label), value in found.items() if table == caption}


def in_word(page: str) -> list[list[list[str]]]:
    """The words of the page's Word file, as `tables` has them."""
    word = docx.Document(BytesIO(as_docx(page)))
    return [[[cell.text for cell in row.cells] for row in table.rows] for table in word.tables]


def in_pdf(page: str) -> str:
    """The words of the page's PDF, which is tagged for readers and has a title, without spaces."""
    drawn = as_pdf(page)
    with pypdfium2.PdfDocument(drawn) as pdf:
        assert pypdfium2.raw.FPDFCatalog_IsTagged(pdf)
        assert pdf.get_metadata_dict()["Title"].startswith("CTM-2026-")
        return without_spaces("".join(sheet.get_textpage().get_text_range() for sheet in pdf))


def draws_pdf() -> bool:
    """Whether this machine has the library that a PDF is drawn with."""
    with suppress(Refused):
        return bool(drawing())
    return False


def without_spaces(words: str) -> str:
    """Where lines break is no matter."""
    return "".join(words.split())


# --- filled from the record


@pytest.mark.clause("ctm 2")
async def test_2_the_form_is_filled_from_what_was_said(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A case that goes through the QA Sub Group fills parts A to D, each field where it belongs."""
    be_patient(monkeypatch)
    ctm.load_directory(engine)
    load_agencies(engine, written(tmp_path / "agencies.csv", RCT))
    async with begin(MONDAY, engine) as story:
        await story.now()
        await story.door.load_meetings(ctm.meetings_file(tmp_path, MEETINGS))
        case = await story.raise_case(concern())
        await tell(
            story, case, "not_resolved", "manager/CTMUHB", text="The managers spoke.", must_respond=["RCT", "SWP"]
        )
        await story.skip_to(day(3, 4))
        await tell(story, case, "response_submitted", "counterpart_manager/RCT", text="We hold to it.")
        await story.skip_to(day(3, 5))
        sergeant = {"name": "Sgt Example", "phone": "01632 960555"}
        await tell(story, case, "response_submitted", "representative/SWP", text="We agree.", **sergeant)
        await story.skip_to(day(3, 6))
        await tell(story, case, "not_resolved", "manager/CTMUHB", text="Not the pattern.", id="no")
        await tell(story, case, "corrected", "business_unit", corrects="no", text="It names the wrong date.")
        await story.skip_to(day(4, 2))
        actions = [{"what": "bring the chronology", "owner": "RCT"}]
        further = {"outcome": "further_meeting", "text": "Seen once.", "actions": actions}
        await tell(story, case, "meeting_held", "business_unit", at="2026-04-01T12:00:00+01:00", **further)
        await story.skip_to(day(5, 6))
        await tell(story, case, "resolved", "business_unit", agreed=True, text="A strategy discussion was held.")
        page, welsh = page_of(story, case), page_of(story, case, "cy")
    found = fields(page)
    assert {
        "Name": "Test Person",
        "Date of birth": "01/04/2015",
        "Address": "1 Test Street",
        "Occurrence number, if there is one": "OCC-1",
    } == of(found, "The child")
    assert {"Name": "Date of birth", "Parent Prawf": "03/02/1985", "Carer Example": ""} == of(
        found, "Parents or carers"
    )
    assert {
        "Person who raises the concern": "Professional Ctmuhb",
        "Organisation": "CTMUHB",
        "Contact number": "01632 960002",
        "Date": "02/03/2026",
        "What is the issue?": "the threshold for action",
        "What has been done already to resolve it?": "spoke twice\n\nThe managers spoke.",
        "What outcome is sought?": "a strategy discussion",
        "Agencies that must respond": "Rhondda Cynon Taf Council\nSWP",
    } == of(found, "The concern")
    assert {
        "Person who responds": "Counterpart Manager Rct",
        "Organisation": "Rhondda Cynon Taf Council",
        "Contact number": "01632 960001",
        "Date": "04/03/2026",
        "Response": "We hold to it.",
    } == of(found, "Response of Rhondda Cynon Taf Council")
    assert ["Sgt Example", "SWP", "01632 960555", "05/03/2026", "We agree."] == [*of(found, "Response of SWP").values()]
    assert {
        "Date on which the agencies had their feedback": "05/03/2026",
        "Resolution reached (yes or no)": "No: it goes to the QA Sub Group",
        "If yes, name of the person who accepts the response": "",
        "Date": "06/03/2026",
        "What was agreed, or why it is not resolved": "Not the pattern.",
        "Corrected later": "It names the wrong date.",
    } == of(found, "Whether the responses settle the concern")
    assert {
        "Reference of the Business Unit": case,
        "Date reported to the QA Sub Group": "01/04/2026",
    } == of(found, "The QA Sub Group")
    assert {
        "Is it resolved?": "It is taken to a further meeting",
        "Outcome and follow-on actions": "Seen once.",
        "actions": "what: bring the chronology, owner: RCT",
    } == of(found, "Meeting of 01/04/2026")
    assert ["Resolved", "A strategy discussion was held."] == [*of(found, "Meeting of 06/05/2026").values()]
    assert ["Y plentyn", "Name"] == [next(table for table, _ in fields(welsh)), next(label for _, label in found)]
    assert "Cyngor Rhondda Cynon Taf\nSWP" in of(fields(welsh), "Y pryder").values()


@pytest.mark.clause("ctm 2", "common corrected")
async def test_2_the_form_shows_what_counts(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a correction or a reopening made void is an empty field again; whoever said it then stays named there."""
    be_patient(monkeypatch)
    ctm.load_directory(engine)
    answer = ("response_submitted", "counterpart_manager/RCT")
    async with begin(MONDAY, engine) as story:
        case = await story.raise_case(ctm.case_file(MONDAY))
        await tell(story, case, "not_resolved", "manager/CTMUHB", text="The managers spoke.")
        await tell(story, case, *answer, text="Sent to the wrong case.", id="wrong")
        back = {"corrects": "wrong", "return_to": "response", "text": "Wrong case."}
        await tell(story, case, "corrected", "business_unit", **back)
        taken_back = fields(page_of(story, case))
        await tell(story, case, *answer, text="We agree now.")
        holder = people.person("counterpart_manager", "RCT") | {"name": "New Manager"}
        await story.skip_to(day(3, 3))
        passed = {"role": "counterpart_manager", "for_agency": "RCT", "holder": holder}
        await tell(story, case, "role_changed", "business_unit", **passed)
        settled = {"agreed": False, "accepted_by": "Dr Accepting", "feedback_sent": "2026-03-01", "text": "Settled."}
        await tell(story, case, "resolved", "manager/CTMUHB", **settled)
        ended = fields(page_of(story, case))
        await story.handle(case).result()
        await story.door.reopen(case, "response", "it came back")
        await until_stage(story, case, "response")
        opened = fields(page_of(story, case))
    empty = ["", "RCT", "", "", ""]
    agreement = "Whether the responses settle the concern"
    assert empty == [*of(taken_back, "Response of RCT").values()]
    assert "spoke twice\n\nThe managers spoke." in of(taken_back, "The concern").values()
    first = "Counterpart Manager Rct"
    assert [first, "RCT", "01632 960001", "02/03/2026", "We agree now."] == [*of(ended, "Response of RCT").values()]
    yes = "Yes, though the parties still see it differently"
    assert ["01/03/2026", yes, "Dr Accepting", "03/03/2026", "Settled."] == [*of(ended, agreement).values()]
    assert empty == [*of(opened, "Response of RCT").values()]
    assert {""} == {*of(opened, agreement).values()}


# --- the script


@pytest.fixture
def kept(alone: Engine, tmp_path: Path) -> str:
    """A case of which the record holds only the case file, with everything hostile in it."""
    ctm.load_directory(alone)
    now = datetime.now(UTC).replace(microsecond=0)
    subject = {"kind": "adult", "name": HOSTILE, "address": LONG}
    file = concern(now, subject=subject, issue=HOSTILE, outcome_sought=LONG, done_already=None)
    raised = datrys("raise", written(tmp_path / "case.json", file))
    assert 0 == raised.code, raised
    return raised.out.strip()


@pytest.mark.parametrize("ending", documents.FORMATS)
def test_the_script_writes_a_file_that_nobody_else_can_read(kept: str, ending: str, tmp_path: Path) -> None:
    """In place of one that anybody could read; it says that there are names in it."""
    file = written(tmp_path / f"form{ending}", "old")
    file.chmod(0o644)
    said = datrys("document", kept, "form", "--out", file)
    if ending == ".pdf" and not draws_pdf():
        assert [NO_PANGO] == lines_of(said, 1)
        assert "old" == file.read_text(encoding="utf-8")
        return
    assert (0, "", 1) == (said.code, said.out, len(said.lines))
    assert said.err.startswith(f"{file} holds names and what was written about {kept}: only your login can read it.")
    assert {".pdf": b"%PDF", ".docx": b"PK\x03\x04", ".html": b"<!DO"}[ending] == file.read_bytes()[:4]
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)
    assert [] == [left.name for left in tmp_path.iterdir() if left.name.startswith(".datrys-")]


def test_at_the_begin_the_parts_to_come_are_empty_fields(kept: str, alone: Engine) -> None:
    """Part A says what the case file said; nothing says “None”, and each agency that must respond has its part B."""
    page = documents.document(alone, kept, "form", "en", MONDAY)
    found = fields(page)
    assert "None" not in page
    assert ["", "RCT", "", "", ""] == [*of(found, "Response of RCT").values()]
    assert ["", "SWP", "", "", ""] == [*of(found, "Response of SWP").values()]
    assert ["", ""] == [*of(found, "Meeting").values()]
    assert {kept, ""} == {*of(found, "The QA Sub Group").values()}
    assert {""} == {*of(found, "Whether the responses settle the concern").values()}
    assert {"Name": "Date of birth", "": ""} == of(found, "Parents or carers")
    assert "" == of(found, "The concern")["What has been done already to resolve it?"]
    assert "" == of(found, "The adult at risk")["Date of birth"]


def test_whatever_somebody_wrote_comes_out_as_text(kept: str, alone: Engine) -> None:
    """Markup, templates, line breaks, marks, signs that no document can hold, and 100,000 characters; in Word too."""
    page = documents.document(alone, kept, "form", "en", MONDAY)
    found = of(fields(page), "The concern")
    assert SHOWN == found["What is the issue?"]
    assert LONG == found["What outcome is sought?"]
    assert (SHOWN, LONG) == tuple(of(fields(page), "The adult at risk")[label] for label in ("Name", "Address"))
    assert "<script" not in page
    assert tables(page) == in_word(page)


def test_the_pdf_says_what_the_page_says(kept: str, alone: Engine) -> None:
    """Or, where this machine lacks the library that draws it, what to install."""
    page = documents.document(alone, kept, "form", "en", MONDAY)
    if not draws_pdf():
        with pytest.raises(Refused, match=re.escape(NO_PANGO)):
            as_pdf(page)
        return
    paper = in_pdf(page)
    assert without_spaces("two {{ form.reference }} {% raw %} <script>alert(1)</script> &amp; ]]> 'a'") in paper
    assert len(without_spaces(LONG)) * 2 < len(paper)
    assert [] == [
        cell for table in tables(page) for row in table for cell in row[:1] if without_spaces(cell) not in paper
    ]


def test_both_languages_ask_for_the_same(kept: str, alone: Engine) -> None:
    """Every document of a protocol has its words in both languages, and as many fields in the one as in the other."""
    names = [(protocol, name) for protocol, rules in PROTOCOLS.items() for name in rules.documents]
    wanted = {f"{language}/{of}/{name}.html.j2" for language in documents.LANGUAGES for of, name in names}
    shipped = {file.relative_to(documents.TEMPLATES).as_posix() for file in documents.TEMPLATES.rglob("*/*/*.j2")}
    assert wanted == shipped
    english, welsh = (tables(documents.document(alone, kept, "form", language, MONDAY)) for language in ("en", "cy"))
    assert [[row[1:] for row in table[1:]] for table in english] == [[row[1:] for row in table[1:]] for table in welsh]
    labels = [
        (mine[0], theirs[0]) for a, b in zip(english, welsh, strict=True) for mine, theirs in zip(a, b, strict=True)
    ]
    assert [] == [label for label, theirs in labels if label == theirs != ""]


REFUSED = {
    "no such case": (("CTM-2026-9999", "form", "--out", "f.html"), 1, "There is no case CTM-2026-9999. See the"),
    "no such document": (("CASE", "agenda", "--out", "f.html"), 2, "“agenda” is no document of Concerns Regarding"),
    "another kind of file": (("CASE", "form", "--out", "f.odt"), 2, "--out: “f.odt” is no .pdf, .docx, .html file."),
    "another language": (("CASE", "form", "--out", "f.html", "--language", ""), 2, "--language: “” is none of en, cy."),
    "no such folder": (("CASE", "form", "--out", "none/f.html"), 2, "none/f.html cannot be written (No such file or"),
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_cannot_be_written_is_said_in_one_line(
    kept: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what to do instead; and no file is there."""
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    words, code, line = REFUSED[why]
    (said,) = lines_of(datrys("document", *(kept if word == "CASE" else word for word in words)), code)
    assert said.startswith(line)
    assert before == sorted(tmp_path.iterdir())


def test_a_protocol_without_a_form_says_so(board: Engine, tmp_path: Path) -> None:
    """Gwent's has none."""
    case = datrys("raise", written(tmp_path / "case.json", people.case_file(datetime.now(UTC)))).out.strip()
    (said,) = lines_of(datrys("document", case, "form", "--out", tmp_path / "form.pdf"), 2)
    name = "Resolving Practitioner Differences"
    assert (
        f"“form” is no document of {name}, the protocol of {case}. It has none: see the case with datrys show." == said
    )


class NoPango:
    """Where WeasyPrint is looked for, as on a machine without Pango."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name == "weasyprint":
            print("a page of advice")
            raise OSError("cannot load library 'libpango-1.0-0'")
        return None


def test_without_pango_the_script_says_what_to_install(
    kept: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one line, and so does `datrys check`; the other formats need nothing."""
    monkeypatch.setattr(sys, "meta_path", [NoPango(), *sys.meta_path])
    monkeypatch.delitem(sys.modules, "weasyprint", raising=False)
    assert [NO_PANGO] == lines_of(datrys("document", kept, "form", "--out", tmp_path / "form.pdf"), 1)
    assert 0 == datrys("document", kept, "form", "--out", tmp_path / "form.docx").code
    assert f"warning  documents: {NO_PANGO}" in datrys("check").out.splitlines()
