"""The documents of a case: words from `templates/documents`, facts from the records; one page, three formats."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape
from sqlalchemy import Engine

from protocols.errors import WrongUse
from protocols.working_days import local_date
from records import cases, directory
from records.form import form_of
from starter.pdf import as_pdf
from starter.word import as_docx
from workflows.registry import protocol_of

TEMPLATES = Path(__file__).parent.parent / "templates" / "documents"
LANGUAGES = ("en", "cy")
NO_TEXT = re.compile(r"[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
INSTEAD = "\ufffd"
"""Stands for a sign that no document can hold."""
LONG_WORD, MAY_BREAK = re.compile(r"(\S{500})"), Markup("<wbr/>")
"""A word of 50,000 letters takes a minute to lay out as one, and a second in pieces."""


def document(database: Engine, reference: str, name: str, language: str, made_at: datetime) -> str:
    """A document of a case as an HTML page, which is well-formed XML.

    Args:
        database: the records.
        reference: the case.
        name: which of the documents of its protocol.
        language: one of `LANGUAGES`.
        made_at: the moment that it says it was made.

    Raises:
        CaseUnknown: there is no such case.
        WrongUse: its protocol has no such document.
    """
    edition = cases.case_facts(database, reference).edition
    documents = protocol_of(edition.protocol).documents
    if name not in documents:
        has = f"It has: {', '.join(documents)}." if documents else "It has none: see the case with datrys show."
        raise WrongUse(f"“{name}” is no document of {edition.name.en}, the protocol of {reference}. {has}")
    form = form_of(database, reference, documents[name])
    template = _environment(database, language).get_template(f"{language}/{edition.protocol}/{name}.html.j2")
    return template.render(form=form, language=language, made_at=made_at)


def _environment(database: Engine, language: str) -> ImmutableSandboxedEnvironment:
    """Values are escaped, never templates themselves; what is not there yet is an empty field."""
    names = {code: getattr(agency, f"name_{language}") for code, agency in directory.agencies(database).items()}
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["day"] = _day
    environment.filters["agency"] = lambda code: names.get(code, code)
    return environment


def _shown(value: Any) -> Any:
    """A value as text: line breaks of one kind, no sign that XML forbids, and long words that may be broken."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return "" if value is None else value
    text = NO_TEXT.sub(INSTEAD, value.replace("\r\n", "\n").replace("\r", "\n"))
    return MAY_BREAK.join(map(escape, filter(None, LONG_WORD.split(text))))


def _day(value: date | str | None) -> str:
    """`02/03/2026`, which reads the same in Welsh and in English; of a moment, the day on the wall in Wales."""
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value)
        except ValueError:
            return str(value)  # as somebody wrote it
    if value is None:
        return ""
    return f"{local_date(value) if isinstance(value, datetime) else value:%d/%m/%Y}"


FORMATS: Mapping[str, Callable[[str], bytes]] = {".pdf": as_pdf, ".docx": as_docx, ".html": str.encode}
"""How a page is written, by the end of the file's name."""
