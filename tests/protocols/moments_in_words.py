"""Moments and days as a wall calendar shows them, and the bank holidays that are shipped."""

from datetime import date, datetime
from importlib import import_module
from importlib.metadata import version

from protocols.working_days import LONDON, BankHolidays

PACKAGE = "govuk-bank-holidays"


def on(words: str) -> datetime:
    """“Fri 18 Dec 2026 15:00” on the clocks of Europe/London; a wrong weekday is a fault of the row."""
    moment = datetime.strptime(words, "%a %d %b %Y %H:%M").replace(tzinfo=LONDON)
    assert words.startswith(f"{moment:%a}"), f"{words} was no {words[:3]}"
    return moment


def day(words: str) -> date:
    """“Fri 18 Dec 2026”; a wrong weekday is a fault of the row."""
    return on(f"{words} 12:00").date()


def days(words: str) -> tuple[date, ...]:
    """“Fri 18 Dec 2026, Sat 19 Dec 2026”."""
    return tuple(day(one) for one in words.split(", ") if one)


def as_words(moment: datetime) -> str:
    """What the clocks of Europe/London show at a moment, with the name of their time."""
    local = moment.astimezone(LONDON)
    return f"{local:%a} {local.day} {local:%b %Y %H:%M %Z}"


def listed(division: str | None = "england-and-wales") -> tuple[date, ...]:
    """The bank holidays that the installed package brings along, without asking the network."""
    package = import_module("govuk_bank_holidays.bank_holidays")
    holidays = package.BankHolidays(use_cached_holidays=True).get_holidays(division=division)
    return tuple(sorted(holiday["date"] for holiday in holidays))


SHIPPED = BankHolidays(dates=listed(), version=f"{PACKAGE} {version(PACKAGE)}")
"""The real list of England and Wales."""

UNTIL_2026 = BankHolidays(dates=tuple(d for d in listed() if d.year <= 2026), version="until 2026")
"""The same as it stood before the list of 2027 was published."""
