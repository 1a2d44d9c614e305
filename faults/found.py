"""What the runs of one fault showed, and whether its promise held."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from faults.ledger import Account, compare


@dataclass
class Found:
    """What became of a promise under a fault.

    Attributes:
        fault, promise: in plain words.
        runs: how often it was tried.
        lost, doubled, wrong: each broken piece of a promise, in words.
        twins: mails accepted twice under one Message-ID, the same to the byte; excused: how many of them are promised
            to be possible, since so many workers died.
        seconds: how long each run took from the end of the fault until all was done that it had held up.
        note: what else there is to say, such as a seed.
    """

    fault: str
    promise: str
    runs: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    twins: int = 0
    excused: int = 0
    seconds: list[float] = field(default_factory=list)
    note: str = ""

    def hold_against(self, expected: Account, found: Account) -> None:
        """Add what a case has less, or more often, than the undisturbed one."""
        difference = compare(expected, found)
        self.lost += difference.lost
        self.doubled += difference.doubled
        self.wrong += difference.wrong
        self.twins += difference.twins

    @property
    def broken(self) -> list[str]:
        """Every way in which the promise did not hold; empty if it did."""
        too_many = [f"{self.twins} mails came twice, {self.excused} may"] if self.twins > self.excused else []
        return [
            *_named("lost", self.lost),
            *_named("doubled", self.doubled),
            *_named("wrong", [*self.wrong, *too_many]),
            *([] if self.runs else ["it was never tried"]),
        ]


def _named(kind: str, what: Iterable[str]) -> list[str]:
    return [f"{kind}: {one}" for one in what]


def together(fault: str, promise: str, parts: Iterable[Found]) -> Found:
    """Several runs as one row."""
    row = Found(fault, promise)
    for part in parts:
        row.runs += part.runs
        row.lost += part.lost
        row.doubled += part.doubled
        row.wrong += [f"{part.fault}: {one}" for one in part.wrong]
        row.twins, row.excused = row.twins + part.twins, row.excused + part.excused
        row.seconds += part.seconds
        row.note = row.note or part.note
    return row
