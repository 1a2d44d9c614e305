"""Welsh and English: the words of the pages, and times as each language writes them, in Europe/London.

The words stand in English in the templates and modules; `templates/pages/cy/*.po` says each of them in Welsh. The
files are read as they are, so that nobody has to compile them.
"""

import gettext
from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol

from babel.dates import format_date, format_datetime, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from protocols.limits import Limit, Unit
from protocols.mail import Language
from protocols.working_days import LONDON

PAGES = Path(__file__).parent.parent.parent / "templates" / "pages"
LANGUAGES: dict[Language, str] = {"cy": "Cymraeg", "en": "English"}


class Worded(Protocol):
    """The same words in both languages, as an edition has them."""

    @property
    def en(self) -> str:
        """In English."""

    @property
    def cy(self) -> str:
        """In Welsh."""


class Tongue:
    """One language of the pages.

    Args:
        language: which.
        words: what its catalogues say.
    """

    def __init__(self, language: Language, words: gettext.NullTranslations) -> None:
        self.language, self.words = language, words

    @property
    def other(self) -> Language:
        """The other language."""
        return "en" if self.language == "cy" else "cy"

    def say(self, words: str, /, **facts: Any) -> str:
        """These words in this language; `%(name)s` stands for a fact."""
        said = self.words.gettext(words)
        return said % facts if facts else said

    def many(self, one: str, several: str, number: int) -> str:
        """As many of them: “1 case”, “2 cases”."""
        return self.words.ngettext(one, several, number) % {"number": number}

    def of(self, worded: Worded) -> str:
        """What an edition says in both, in this one."""
        return worded.cy if self.language == "cy" else worded.en

    def day(self, day: date) -> str:
        """“Monday 9 March 2026”."""
        return format_date(day, "EEEE d MMMM y", locale=self.language)

    def moment(self, moment: datetime) -> str:
        """“Monday 9 March 2026, 17:00”."""
        return format_datetime(moment, "EEEE d MMMM y, HH:mm", tzinfo=LONDON, locale=self.language)

    def hour(self, moment: datetime) -> str:
        """“17:00”."""
        return format_time(moment, "HH:mm", tzinfo=LONDON, locale=self.language)

    def limit(self, limit: Limit) -> str:
        """A time limit in words."""
        match limit.unit:
            case Unit.WORKING_DAYS:
                return self.many("%(number)s working day", "%(number)s working days", limit.count)
            case Unit.DAYS:
                return self.many("%(number)s day", "%(number)s days", limit.count)
            case Unit.HOURS:
                return self.many("%(number)s hour", "%(number)s hours", limit.count)
            case _:
                return self.say("until the next meeting")


def tongue(language: str) -> Tongue:
    """One of the two; English for any other word."""
    return _tongue("cy" if language == "cy" else "en")


@cache
def _tongue(language: Language) -> Tongue:
    return Tongue(language, _catalogue() if language == "cy" else gettext.NullTranslations())


def _catalogue() -> gettext.GNUTranslations:
    """All Welsh catalogues as one; each part of the pages has its own."""
    all_of_them: gettext.GNUTranslations | None = None
    for file in sorted((PAGES / "cy").glob("*.po")):
        with file.open(encoding="utf-8") as lines:
            catalogue = read_po(lines, locale="cy")
        compiled = BytesIO()
        write_mo(compiled, catalogue)
        compiled.seek(0)
        found = gettext.GNUTranslations(compiled)
        if all_of_them is None:
            all_of_them = found
        else:
            all_of_them.add_fallback(found)
    assert all_of_them is not None, "the Welsh of the pages is shipped with them"  # noqa: S101
    return all_of_them


Say = Callable[[str], str]


def later(words: str) -> str:
    """Marks words that are said in a visitor's language later; for whoever collects them."""
    return words
