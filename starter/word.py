"""A page as a Word document: headings, paragraphs and tables, for somebody to go on writing in."""

from datetime import UTC, datetime
from io import BytesIO
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import docx
from docx.document import Document
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt, RGBColor
from docx.table import _Row

HEADINGS = {"h1": 1, "h2": 2, "h3": 3}
PAGE, MARGIN, COLUMNS = (Mm(210), Mm(297)), Mm(18), (Mm(58), Mm(116))
STYLES = {"Normal": Pt(10), "Caption": Pt(10), "Heading 1": Pt(18), "Heading 2": Pt(13)}
FONT, INK = "Arial", RGBColor(0x0B, 0x0C, 0x0C)
SHADE = f'<w:shd {nsdecls("w")} w:val="clear" w:color="auto" w:fill="F3F2F1"/>'
REPEATED = f"<w:tblHeader {nsdecls('w')}/>"


def as_docx(page: str) -> bytes:
    """The page as a Word document.

    Args:
        page: HTML that is well-formed XML; what stands in its `main` is taken over: headings, paragraphs, and
            tables of two columns with a caption.
    """
    html = ElementTree.fromstring(page)  # noqa: S314 - a template of ours, in which every value is escaped
    word = _empty(html)
    for block in html.iterfind("body/main/*"):
        if block.tag == "table":
            _add_table(word, block)
        elif block.tag in HEADINGS:
            word.add_heading(_text(block), HEADINGS[block.tag])
        else:
            word.add_paragraph(_text(block))
    written = BytesIO()
    word.save(written)
    return written.getvalue()


def _empty(html: Element) -> Document:
    """A document without words: A4, with the title, language and moment of the page."""
    word = docx.Document()
    section, about = word.sections[0], word.core_properties
    section.page_width, section.page_height = PAGE
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = MARGIN
    about.title, about.author, about.comments = html.findtext("head/title"), "", ""
    about.created = about.modified = _made_at(html)
    about.language = html.get("lang")
    for language in word.styles.element.iter(qn("w:lang")):
        language.set(qn("w:val"), f"{html.get('lang')}-GB")
    for name, size in STYLES.items():
        style = word.styles[name]
        style.element.get_or_add_rPr().get_or_add_rFonts().attrib.clear()  # else the theme's font wins
        style.font.name, style.font.size, style.font.color.rgb = FONT, size, INK
    word.styles["Caption"].paragraph_format.space_after = Pt(3)
    return word


def _made_at(html: Element) -> datetime:
    said = html.find("head/meta[@name='dcterms.created']")
    return datetime.fromisoformat(said.get("content", "") if said is not None else "").astimezone(UTC)


def _add_table(word: Document, block: Element) -> None:
    word.add_paragraph(_text(block.find("caption")), "Caption").paragraph_format.keep_with_next = True
    rows = list(block.iter("tr"))
    table = word.add_table(len(rows), len(COLUMNS), "Table Grid")
    table.autofit = False
    for column, width in zip(table.columns, COLUMNS, strict=True):
        column.width = width
    for said, row in zip(rows, table.rows, strict=True):
        _fill(row, said)
    word.add_paragraph()


def _fill(row: _Row, said: Element) -> None:
    if all(cell.tag == "th" for cell in said):
        row._tr.get_or_add_trPr().append(parse_xml(REPEATED))  # noqa: SLF001 - it has no public name
    for words, cell, width in zip(said, row.cells, COLUMNS, strict=True):
        cell.width, cell.text = width, _text(words)
        if words.tag == "th":
            cell.paragraphs[0].runs[0].bold = True
            cell._tc.get_or_add_tcPr().append(parse_xml(SHADE))  # noqa: SLF001


def _text(block: Element | None) -> str:
    return "".join(block.itertext()).strip() if block is not None else ""
