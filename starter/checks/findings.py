"""What a check comes to: a line each."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from sqlalchemy.exc import SQLAlchemyError

from protocols.errors import DatrysError


class Finding(NamedTuple):
    """One line: what was looked at, what is to be said of it, and whether it stops the service."""

    what: str
    words: str
    stops: bool = False
    warns: bool = False

    def __str__(self) -> str:
        mark = "stops" if self.stops else "warning" if self.warns else "ok"
        return f"{mark:8} {self.what}: {self.words}"


def look(what: str, at: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """What is found there; what cannot even be looked at stops the service."""
    try:
        return list(at())
    except DatrysError as fault:
        return [Finding(what, line, stops=True) for line in fault.lines]
    except SQLAlchemyError as fault:
        words = f"cannot be read ({type(fault).__name__}): see that DATRYS_DATABASE_URL names a database of Datrys"
        return [Finding(what, words, stops=True)]


def stopped(findings: Iterable[Finding]) -> bool:
    """Whether something found stops the service."""
    return any(finding.stops for finding in findings)
