"""The templates of mails, compiled once and held to a closed list: `MailFacts`, or `CodeFacts` (spec 1, Mail)."""

import re
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from pathlib import Path
from textwrap import fill
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateSyntaxError, meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from protocols.errors import BadEdition
from protocols.mail import DutyTeam, MailFacts, Raiser

SHIPPED = Path(__file__).parent.parent / "templates" / "mail"
FACTS = frozenset(MailFacts.model_fields)
MACHINERY = frozenset({"layout", "language", "halves", "subject"})
"""What the layouts are given beside the facts: nothing of the case but what was rendered from the facts."""
ATTRIBUTES = frozenset({*DutyTeam.model_fields, *Raiser.model_fields, "first"})
WORDS = ("subject", "happened", "asked")
"""The blocks that a notice has words for, in itself or in what it extends."""
LINE = 72


class Library:
    """The templates of one folder, as plain text and as HTML.

    Args:
        folder: where they are.
        facts: all that they may use.
    """

    def __init__(self, folder: Path, facts: frozenset[str] = FACTS) -> None:
        self._facts = facts
        loader = FileSystemLoader(folder)
        self.names = frozenset(name for name in loader.list_templates() if name.endswith(".j2"))
        self.text = _environment(loader, html=False)
        self.html = _environment(loader, html=True)

    @cached_property
    def faults(self) -> tuple[str, ...]:
        """What uses more than the closed list, or cannot be read; a line each."""
        return tuple(fault for name in sorted(self.names) for fault in self._faults_of(name))

    def wanting(self, name: str) -> list[str]:
        """The blocks for which this template has no words."""
        return sorted(set(WORDS) - set(self._blocks(name)))

    def _blocks(self, name: str) -> Iterator[str]:
        tree = self._tree(name)
        yield from (block.name for block in tree.find_all(nodes.Block) if not block.required)
        for parent in tree.find_all(nodes.Extends):
            if isinstance(parent.template, nodes.Const):
                yield from self._blocks(parent.template.value)

    def _tree(self, name: str) -> nodes.Template:
        source, _, _ = self.text.loader.get_source(self.text, name)  # type: ignore[union-attr]
        return self.text.parse(source, name)

    def _faults_of(self, name: str) -> Iterator[str]:
        try:
            tree = self._tree(name)
            names = meta.find_undeclared_variables(tree) - self._facts - MACHINERY
        except TemplateSyntaxError as fault:
            yield f"{name}, line {fault.lineno}: {fault.message}. Mend the template."
            return
        for other in {*meta.find_referenced_templates(tree)} - self.names - {None}:
            yield f"{name}: stands on {other}, which is missing. Add it."
        attributes = {node.attr for node in tree.find_all(nodes.Getattr)} - ATTRIBUTES
        for word in sorted(names | attributes):
            yield f"{name}: “{word}” is nothing that a mail may say (protocols/mail.py). Take it out."


@cache
def library(folder: Path, facts: frozenset[str] = FACTS) -> Library:
    """The templates of this folder, which may use these facts.

    Raises:
        BadEdition: one of them uses anything but the facts of a mail, or cannot be read.
    """
    found = Library(folder, facts)
    if found.faults:
        raise BadEdition(*found.faults)
    return found


def _environment(loader: FileSystemLoader, html: bool) -> Environment:
    environment = ImmutableSandboxedEnvironment(
        loader=loader,
        autoescape=html,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals.clear()
    environment.filters |= {"heading": _underlined, "prose": _prose_as_html if html else _prose_as_text}
    return environment


def render(environment: Environment, name: str, facts: Mapping[str, Any], **more: Any) -> str:
    """What a template says of these facts, without empty lines at either end or twice in a row."""
    said = environment.get_template(name).render(facts, **more)
    return re.sub(r"\n\s*\n\s*\n", "\n\n", said).strip()


def _paragraphs(words: str) -> Iterator[tuple[bool, list[str]]]:
    """Paragraphs, parted by empty lines: whether it is a list, and its items (or the one paragraph)."""
    for part in re.split(r"\n\s*\n", words.strip()):
        listed = part.lstrip().startswith("- ")
        items = re.split(r"(?m)^\s*- ", part)[1:] if listed else [part]
        yield listed, [" ".join(item.split()) for item in items]


def _prose_as_text(words: str) -> str:
    def wrapped(item: str, listed: bool) -> str:
        first, rest = ("- ", "  ") if listed else ("", "")
        return fill(
            item, LINE, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
        )

    parts = [(listed, items) for listed, items in _paragraphs(words) if any(items)]
    return "\n\n".join("\n".join(wrapped(item, listed) for item in items) for listed, items in parts) + "\n\n"


def _prose_as_html(words: str | Markup) -> Markup:
    def tagged(listed: bool, items: list[str]) -> str:
        if listed:
            return (
                '<ul style="margin:8px 0;padding-left:22px;">' + "".join(f"<li>{item}</li>" for item in items) + "</ul>"
            )
        return f'<p style="margin:8px 0;">{items[0]}</p>'

    safe = str(escape(words))  # autoescape has made it safe already; then it stays as it is
    return Markup("\n".join(tagged(*part) for part in _paragraphs(safe) if any(part[1])))  # noqa: S704


def _underlined(words: str) -> str:
    line = " ".join(words.split())
    return f"\n\n{line}\n{'-' * len(line)}"
