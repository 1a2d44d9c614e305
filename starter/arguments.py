"""What somebody types: files, times and words, read, or refused with the remedy."""

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from protocols.errors import WrongUse
from protocols.messages import CONFIRMATION, MESSAGES
from protocols.working_days import LONDON

LARGEST_BYTES = 1_000_000
"""Temporal takes messages of up to 2 MB; a case file or a signal never comes near it."""
YEARS = range(1900, 2200)


def read_json(file: Path) -> Any:
    """What a JSON file holds, if records and Temporal can keep it.

    Raises:
        WrongUse: it cannot be read.
    """
    see = "See docs/case-file.md and docs/signals.md."
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST_BYTES + 1)
    except OSError as fault:
        raise WrongUse(f"{file} cannot be read ({fault.strerror}). Name a file that can.") from None
    if len(content) > LARGEST_BYTES:
        raise WrongUse(f"{file} is larger than 1 MB, which no case file and no signal needs. {see}")
    try:
        value = json.loads(content.decode("utf-8-sig"))
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except json.JSONDecodeError as fault:
        raise WrongUse(f"{file} is no JSON file (see line {fault.lineno}, column {fault.colno}). {see}") from None
    except UnicodeError:
        raise WrongUse(f"{file} is not UTF-8 text throughout. Save it as UTF-8.") from None
    except (ValueError, RecursionError):
        raise WrongUse(f"{file} holds a number that is none, or too much in one another. {see}") from None
    return value


def read_time(words: str, option: str) -> datetime:
    """A moment as somebody types it; without an offset it is the time on the wall in Wales.

    Raises:
        WrongUse: it is no time, or of another century.
    """
    try:
        moment = datetime.fromisoformat(words)
    except ValueError:
        raise WrongUse(f"{option}: “{words}” is no time. Write it as 2026-12-18T15:00 or with an offset.") from None
    if moment.year not in YEARS:
        raise WrongUse(f"{option}: the year {moment.year} is too far away. Write it as 2026-12-18T15:00.")
    return moment if moment.tzinfo else moment.replace(tzinfo=LONDON)


def known(word: str, option: str, words: Iterable[str]) -> None:
    """Refuse a word that would find nothing because it is misspelt.

    Raises:
        WrongUse: it is given, and none of those that there are.
    """
    if word and word not in (listed := list(dict.fromkeys(words))):
        raise WrongUse(f"{option}: “{word}” is none of {', '.join(listed)}.")


def addressed(reference: str, name: str) -> None:
    """Refuse what would reach a workflow that does not hear it.

    Raises:
        WrongUse: a confirmation for a case, or anything else for an immediate action.
    """
    case, immediate, _ = reference.partition("-immediate-")
    if name == CONFIRMATION and not immediate:
        raise WrongUse(f"{name} is told to an immediate action, such as {case}-immediate-1, not to the case.")
    if name in MESSAGES and immediate:
        raise WrongUse(f"{name} is told to the case: {case}. An immediate action hears {CONFIRMATION} only.")
