"""Every error that a user can see, in one tree. The message is what the user reads: what is wrong, what to do."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class DatrysError(Exception):
    """Root of all errors with words for the user.

    Args:
        *lines: plain sentences, one fault a line.

    Attributes:
        exit_code: what the script ends with: 1 for a refusal, 2 for wrong use.
    """

    exit_code = 1

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class Refused(DatrysError):
    """What was asked cannot be done as things stand; nothing was changed."""


class CaseRefused(Refused):
    """A case file that does not start a case.

    Args:
        faults: field path (``subject.date_of_birth``) to what is wrong with it and what to do.
    """

    def __init__(self, faults: dict[str, str]) -> None:
        super().__init__(*(f"{field}: {what}" for field, what in faults.items()))
        self.faults = faults


class CaseUnknown(Refused):
    """No case has this reference (or the asker may not see it, which answers the same)."""


class NotAllowed(Refused):
    """Whoever asks may see that it is there, and may not do it."""


class RaisedAlready(Refused):
    """The same case file was raised within a day.

    Args:
        reference: the case that it started.
    """

    def __init__(self, reference: str) -> None:
        super().__init__(
            f"The same case file was raised within a day, as {reference}. Nothing was started. "
            "If it is meant once more, say --again."
        )
        self.reference = reference


class KeyReused(Refused):
    """A sender's key that was given to something else already."""


class RecordsOlder(Refused):
    """The records stand at an earlier moment than the engine: a copy of another day was put back.

    Args:
        case: the reference, or `REFERENCE-immediate-N`.
        why: what shows it, as the end of a sentence.
    """

    def __init__(self, case: str, why: str) -> None:
        remedy = f"See what differs with: datrys reconcile {case.partition('-immediate-')[0]}"
        super().__init__(f"The records of {case} are older than Temporal: {why}. Nothing is written or sent. {remedy}")


class NotAccepted(Refused):
    """A signal that changed nothing: the reason, and what the case waits for."""


class WrongUse(DatrysError):
    """A command, file or option that cannot be understood."""

    exit_code = 2


class BadEdition(WrongUse):
    """An edition with a limit that cannot be read, or a language missing."""


class FileFault(NamedTuple):
    """What is wrong with a file, apart from where, so that it can be said in another language too.

    Attributes:
        file: its name; words: what is wrong, with places for the `facts`.
        row: counted from the header, which is 1; 0 where it is about the file; column: its name, or nothing.
    """

    file: str
    words: str
    row: int = 0
    column: str = ""
    facts: Mapping[str, Any] = {}

    def __str__(self) -> str:
        row = f", row {self.row}" if self.row else ""
        column = f", column {self.column}" if self.column else ""
        return f"{self.file}{row}{column}: {self.words % self.facts if self.facts else self.words}"


class BadFile(WrongUse):
    """A file to load with a bad row: row and column are named, and nothing of it was loaded.

    Args:
        *faults: every fault; one about whether the file can be had at all is a line.

    Attributes:
        faults: those of the file's content.
    """

    def __init__(self, *faults: str | FileFault) -> None:
        super().__init__(*map(str, faults))
        self.faults = tuple(fault for fault in faults if isinstance(fault, FileFault))


class Unreachable(DatrysError):
    """Temporal, database or mail server does not answer."""
