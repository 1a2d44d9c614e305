"""What a case remembers of what was said, so that a correction can take it back."""

from abc import ABC, abstractmethod
from typing import Self

from pydantic import BaseModel

from protocols.steps import MeetingRow, ReviewRow


class Facts(BaseModel, ABC):
    """What a protocol remembers of a case beyond stage and clocks; each fact knows the signal that said it.

    Signals that count are numbered from 1 within a case.
    """

    @abstractmethod
    def without(self, since: int) -> Self:
        """These facts as if signal number `since` and all after it had not been said (spec 1, corrected)."""

    def once(self) -> dict[str, str]:
        """The agency of each role that only one agency holds in this case; empty code while nobody is named."""
        return {}

    def stands_in(self) -> dict[str, str]:
        """Roles whose signals count as another role's as well."""
        return {}

    def waits_for_minutes(self) -> bool:
        """Whether a meeting was held whose minutes are not recorded."""
        return False

    def meeting_rows(self) -> list[MeetingRow]:
        """The meetings, for the records."""
        return []

    def review_rows(self) -> list[ReviewRow]:
        """The reviews, for the records."""
        return []
