"""The kinds of question that a form asks, how each is read, and how its answer is shown to be checked."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from starter.pages.forms import (
    Faults,
    Form,
    read_choice,
    read_choices,
    read_email,
    read_line,
    read_moment,
    read_text,
)
from starter.pages.tongues import Tongue, later

YES, NO = "yes", "no"
YES_WORDS, NO_WORDS = later("Yes"), later("No")
Option = tuple[str, str]


class Kind(StrEnum):
    """How a question is asked."""

    TEXT = "text"
    LINE = "line"
    EMAIL = "email"
    YES_NO = "yes-no"
    ONE = "one"
    SOME = "some"
    MOMENT = "moment"


class Question(NamedTuple):
    """One question.

    Attributes:
        name: of its field.
        kind: how it is asked.
        words: the question, as the page asks it; what: what is asked for, as it fits after “Enter” or “Choose”.
            Both in the visitor's language.
        hint: what helps to answer.
        options: of those with options: value and words.
        required: whether it may stay empty.
    """

    name: str
    kind: Kind
    words: str
    what: str
    hint: str = ""
    options: Sequence[Option] = ()
    required: bool = True


Sheet = tuple[Question, ...]
"""One page of questions that belong together."""


def as_form(answers: Mapping[str, Any]) -> Form:
    """What a draft keeps, as the form that it came from."""
    return Form({name: tuple(values) for name, values in answers.items()})


def typed(question: Question, form: Form) -> dict[str, list[str]]:
    """What stands in the fields of a question, to be kept just as it was typed."""
    if question.kind is Kind.MOMENT:
        names = [f"{question.name}-{part}" for part in ("day", "month", "year", "time")]
    else:
        names = [question.name]
    return {name: list(form.fields.get(name, ())) for name in names}


def read(question: Question, form: Form, faults: Faults, tongue: Tongue) -> Any:
    """The answer; what is wrong with it goes to `faults`.

    Returns:
        A text, a yes or no, a moment, or a list; None where nothing was answered.
    """
    name, what, required = question.name, question.what, question.required
    match question.kind:
        case Kind.TEXT:
            return read_text(form, name, what, faults, tongue.say, required=required) or None
        case Kind.LINE:
            return read_line(form, name, what, faults, tongue.say, required=required) or None
        case Kind.EMAIL:
            return read_email(form, name, what, faults, tongue.say, required=required) or None
        case Kind.YES_NO:
            chosen = read_choice(form, name, (YES, NO), what, faults, tongue.say, required=required)
            return {YES: True, NO: False}.get(chosen)
        case Kind.ONE:
            known = [value for value, _ in question.options]
            return read_choice(form, name, known, what, faults, tongue.say, required=required) or None
        case Kind.SOME:
            known = [value for value, _ in question.options]
            return read_choices(form, name, known, what, faults, tongue.say, required=required)
        case Kind.MOMENT:
            return read_moment(form, name, what, faults, tongue.say, required=required)


def answer_in_words(question: Question, form: Form, tongue: Tongue) -> str:
    """The answer as whoever gave it reads it again; empty where there is none."""
    answer = read(question, form, Faults(), tongue)
    words = dict(question.options)
    match answer:
        case None:
            return ""
        case bool():
            return tongue.say(YES_WORDS if answer else NO_WORDS)
        case datetime():
            return tongue.moment(answer)
        case list():
            return ", ".join(words[one] for one in answer)
        case _:
            return words.get(answer, str(answer))
