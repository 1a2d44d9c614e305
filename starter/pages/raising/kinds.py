"""Kinds of pages: a choice, yes or no, a text. Each knows what it asks, reads and shows."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from typing_extensions import override

from protocols.judging import GRACE
from protocols.working_days import local_date
from starter.pages.forms import NO_DAY, Faults, Form, capital, read_choice, read_day, read_moment, read_text
from starter.pages.raising.asking import NO, YES, Asking
from starter.pages.tongues import later

Part = dict[str, Any]
Options = list[tuple[str, str, str]]
ANSWER, EARLIEST_YEAR = "answer", 1900
YES_OR_NO = later("yes or no")
IN_FUTURE = later("%(what)s lies in the future")


def always(asking: Asking) -> bool:
    """A page that everybody comes to."""
    return True


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of the sequence, which asks one thing.

    Attributes:
        name: its address; title: what it asks; what: the same as “the local authority”, for faults.
        label: what the answer goes by, if it is something else; hint: a sentence below the title.
        fields: the names of its fields, or what these begin with before a hyphen.
        applies: whether it is asked at all.
    """

    name: str
    title: str
    what: str = ""
    label: str = ""
    hint: str = ""
    fields: tuple[str, ...] = (ANSWER,)
    applies: Callable[[Asking], bool] = always
    template: ClassVar[str]

    def heading(self, asking: Asking) -> str:
        """The title in the visitor's language."""
        return asking.say(self.title)

    def below(self, asking: Asking) -> str:
        """The hint in the visitor's language."""
        return asking.say(self.hint) if self.hint else ""

    def read(self, asking: Asking, faults: Faults) -> Part:
        """What it adds to the case file; what is wrong with it is added to the faults."""
        raise NotImplementedError

    def answered(self, asking: Asking) -> list[tuple[str, str]]:
        """What was answered: label and words."""
        return [(capital(asking.say(self.label or self.what)), self.in_words(asking))]

    def in_words(self, asking: Asking) -> str:
        """The answer in words."""
        return asking.form(self.name).text(ANSWER)

    def leads_away(self, asking: Asking) -> bool:
        """Whether the answer means that this protocol is not the way."""
        return False

    def kept(self, form: Form) -> dict[str, list[str]]:
        """What of a form is of this page, as it was typed."""
        mine = (name for name in form.fields if name.partition("-")[0] in self.fields)
        return {name: list(form.fields[name]) for name in mine}


@dataclass(frozen=True, kw_only=True)
class Choice(Page):
    """One of several.

    Attributes:
        options: value, words, hint of each.
        put: what a value adds to the case file.
        boxed: whether there are too many for anything but a list to choose from.
    """

    options: Callable[[Asking], Options]
    put: Callable[[str], Part]
    boxed: bool = False
    template: ClassVar[str] = "raise/choice.html.j2"

    @override
    def read(self, asking: Asking, faults: Faults) -> Part:
        values = [value for value, *_ in self.options(asking)]
        chosen = read_choice(asking.form(self.name), ANSWER, values, asking.say(self.what), faults, asking.say)
        return self.put(chosen) if chosen else {}

    @override
    def in_words(self, asking: Asking) -> str:
        said = asking.said(self.name)
        return next((words for value, words, _ in self.options(asking) if value == said), "")


def yes_or_no(asking: Asking) -> Options:
    """The two answers."""
    return [(YES, asking.say(later("Yes")), ""), (NO, asking.say(later("No")), "")]


@dataclass(frozen=True, kw_only=True)
class YesNo(Choice):
    """Yes or no.

    Attributes:
        away: whether “no” means that this protocol is not the way.
    """

    away: bool = False
    what: str = YES_OR_NO
    options: Callable[[Asking], Options] = yes_or_no
    put: Callable[[str], Part] = lambda value: {}

    @override
    def leads_away(self, asking: Asking) -> bool:
        return self.away and asking.said(self.name) == NO


@dataclass(frozen=True, kw_only=True)
class Text(Page):
    """A text of several lines.

    Attributes:
        field: of the case file.
        required: whether it may not be empty.
    """

    field: str
    required: Callable[[Asking], bool] = always
    template: ClassVar[str] = "raise/text.html.j2"

    @override
    def read(self, asking: Asking, faults: Faults) -> Part:
        form, required = asking.form(self.name), self.required(asking)
        text = read_text(form, ANSWER, asking.say(self.what), faults, asking.say, required=required)
        return {self.field: text} if text else {}


# --- times and lists


def moment_before_now(asking: Asking, form: Form, name: str, what: str, faults: Faults) -> datetime | None:
    """A moment that does not lie in the future."""
    moment = read_moment(form, name, what, faults, asking.say)
    if moment and moment.year < EARLIEST_YEAR:
        faults.add(name, asking.say(NO_DAY, what=capital(what)))
    elif moment and moment > asking.visit.now + GRACE:
        faults.add(name, asking.say(IN_FUTURE, what=capital(what)))
    return moment


def born(asking: Asking, form: Form, name: str, what: str, faults: Faults) -> dict[str, str]:
    """A date of birth, if one is given."""
    day = read_day(form, name, what, faults, asking.say, required=False)
    if day and day.year < EARLIEST_YEAR:
        faults.add(name, asking.say(NO_DAY, what=capital(what)))
    elif day and day > local_date(asking.visit.now):
        faults.add(name, asking.say(IN_FUTURE, what=capital(what)))
    return {"date_of_birth": day.isoformat()} if day else {}


def lines(words: Iterable[str]) -> str:
    """Each on a line of its own, without those that are empty."""
    return "\n".join(one for one in words if one)
