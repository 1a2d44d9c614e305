"""Both languages: whatever a page says in English it says in Welsh, and times read as each language writes them."""

import ast
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

from protocols.limits import Limit
from starter.pages.tongues import PAGES, tongue

MODULES = Path(__file__).parent.parent.parent / "starter" / "pages"
SAID = {"say", "later", "many", "_", "ngettext"}


def in_templates() -> Iterator[tuple[str, str]]:
    """What templates say: the words, or the words for one of several."""
    for file in sorted(PAGES.rglob("*.j2")):
        with file.open("rb") as lines:
            for _, _, words, _ in babel_extract(lines, ("_", "gettext", "ngettext", "say"), (), {"trimmed": "true"}):
                if words and one_of(words):  # what a template says by a variable's name a module marks
                    yield file.name, one_of(words)


def in_modules() -> Iterator[tuple[str, str]]:
    """What modules say."""
    for file in sorted(MODULES.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if name in SAID and isinstance(node.args[0].value, str):
                    yield file.name, node.args[0].value


def test_whatever_is_said_in_english_is_said_in_welsh() -> None:
    """No page falls back to English in the middle of a Welsh one; and no Welsh is left that nobody says."""
    welsh: dict[str, str] = {}
    for file in sorted((PAGES / "cy").glob("*.po")):
        with file.open(encoding="utf-8") as lines:
            catalogue = read_po(lines, locale="cy")
        for message in catalogue:
            words, said = one_of(message.id), one_of(message.string)
            if words:
                assert not message.fuzzy, f"{file.name}: “{words}” is not settled"
                welsh[words] = said
                assert places(words) == places(said), f"{file.name}: “{words}” has other facts in Welsh"
    spoken = {*in_templates(), *in_modules()}
    assert [] == sorted(f"{file}: {words}" for file, words in spoken if not welsh.get(words))
    assert [] == sorted(welsh.keys() - {words for _, words in spoken})


def one_of(words: Any) -> str:
    """The words, or those of the first of several forms."""
    return words if isinstance(words, str) else str(words[0])


def places(words: str) -> set[str]:
    """The facts that words have places for."""
    return {part.partition(")")[0] for part in words.split("%(")[1:]}


def test_times_read_as_each_language_writes_them() -> None:
    """In London's time, on both sides of the clock change."""
    winter, summer = datetime(2026, 3, 9, 17, 0, tzinfo=UTC), datetime(2026, 7, 9, 16, 0, tzinfo=UTC)
    assert "Monday 9 March 2026, 17:00" == tongue("en").moment(winter)
    assert "Dydd Llun 9 Mawrth 2026, 17:00" == tongue("cy").moment(winter)
    assert "Thursday 9 July 2026, 17:00" == tongue("en").moment(summer)
    assert ("5 working days", "1 day") == tuple(tongue("en").limit(Limit.parse(w)) for w in ("5 working days", "1 day"))
    assert ("5 diwrnod gwaith", "48 awr") == tuple(
        tongue("cy").limit(Limit.parse(words)) for words in ("5 working days", "48 hours")
    )
