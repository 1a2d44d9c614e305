"""Times, time limits and the facts of a mail as Welsh and English sentences want them, in Europe/London."""

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel

from protocols.editions import Words
from protocols.limits import Limit, Unit
from protocols.mail import Language, MailFacts
from protocols.working_days import LONDON

WEEKDAYS: dict[Language, tuple[str, ...]] = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "cy": ("Llun", "Mawrth", "Mercher", "Iau", "Gwener", "Sadwrn", "Sul"),
}
MONTHS: dict[Language, tuple[str, ...]] = {
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
    "cy": (
        *("Ionawr", "Chwefror", "Mawrth", "Ebrill", "Mai", "Mehefin"),
        *("Gorffennaf", "Awst", "Medi", "Hydref", "Tachwedd", "Rhagfyr"),
    ),
}
WELSH_UNITS = {Unit.WORKING_DAYS: "diwrnod gwaith", Unit.DAYS: "diwrnod", Unit.HOURS: "awr"}
"""Singular after every number, as Welsh has it."""


def day_and_time(moment: datetime, language: Language) -> str:
    """“17:00 on Monday 9 March 2026”, “17:00 ddydd Llun 9 Mawrth 2026”: fits after “by” and “at”, “erbyn” and “am”.

    Args:
        moment: aware.
        language: of the words.
    """
    local = moment.astimezone(LONDON)
    on = "on " if language == "en" else "ddydd "
    weekday, month = WEEKDAYS[language][local.weekday()], MONTHS[language][local.month - 1]
    return f"{local:%H:%M} {on}{weekday} {local.day} {month} {local.year}"


def in_figures(moment: datetime) -> str:
    """“17:00, 9.3.2026”, the same in both languages."""
    local = moment.astimezone(LONDON)
    return f"{local:%H:%M}, {local.day}.{local.month}.{local.year}"


def limit_in_words(limit: Limit, language: Language) -> str:
    """“5 working days”, “5 diwrnod gwaith”; for the next meeting its day, since the limit ends with that day."""
    if limit.unit is Unit.NEXT_MEETING:
        return "the day of the next meeting" if language == "en" else "diwrnod y cyfarfod nesaf"
    if language == "en":
        return str(limit)
    words = WELSH_UNITS[limit.unit]
    return f"{limit.count} {'d' + words if limit.count == 2 and words.startswith('d') else words}"  # dau ddiwrnod


def said(facts: MailFacts, language: Language) -> dict[str, Any]:
    """The facts as one language says them, by the names of `MailFacts`: all that a template is given.

    Every text is one line, so that no value can begin a line of its own. A link that is no web address is left out.
    """
    limit = limit_in_words(Limit.parse(facts.limit), language) if facts.limit else ""
    address = urlsplit(facts.link)
    link = one_line(facts.link) if address.scheme in {"https", "http"} and address.netloc else ""
    told: dict[str, Any] = _say(facts, language)
    return told | {"language": language, "limit": limit, "link": link}


def _say(value: Any, language: Language) -> Any:
    match value:
        case Words():
            return one_line(getattr(value, language))
        case BaseModel():
            return {name: _say(getattr(value, name), language) for name in type(value).model_fields}
        case tuple():
            return [_say(item, language) for item in value]
        case datetime():
            return day_and_time(value, language)
        case str():
            return one_line(value)
        case _:
            return value


def one_line(text: str) -> str:
    """The text without line breaks and other characters that are not printed, spaces made single."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())
