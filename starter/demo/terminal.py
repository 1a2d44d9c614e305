"""The story on a terminal, as it happens: the date as a heading, then time, what it is, and the words."""

from datetime import date
from textwrap import fill, wrap

from rich.console import Console
from rich.text import Text

from protocols.working_days import LONDON
from starter.demo import telling
from starter.demo.moments import Moment
from starter.demo.playing import Opening, Played

WIDEST = 110
STYLES = {
    "": "bold",
    "accepted": "green",
    "proposal": "green",
    "refused": "bold yellow",
    "stage": "bold cyan",
    "late": "bold red",
    "met": "green",
    "mail": "dim",
}


class Terminal:
    """Tells one story after the other."""

    def __init__(self) -> None:
        shown = Console(highlight=False)
        self._shown = Console(highlight=False, width=min(shown.width, WIDEST) if shown.is_terminal else WIDEST)
        self._opening: Opening | None = None
        self._day: date | None = None

    def tell(self, told: Opening | Moment) -> None:
        """The next that happened."""
        if isinstance(told, Opening):
            self._begin(told)
        elif self._opening:
            self._moment(told, self._opening)

    def _begin(self, opening: Opening) -> None:
        self._opening, self._day = opening, None
        edition = opening.edition
        self._shown.rule(style="bold")
        agencies = "; ".join(f"{agency.code}: {agency.name_en}" for agency in opening.agencies)
        self._say(f"{edition.board.en}: {edition.name.en}, {edition.edition}", "bold")
        self._say(f"{opening.reference}. {opening.story.title}", "bold")
        self._say(fill(f"{opening.story.words} {agencies}.", self._shown.width))

    def _moment(self, moment: Moment, opening: Opening) -> None:
        local = moment.at.astimezone(LONDON)
        if local.date() != self._day:
            self._new_day(local.date(), opening)
        words = [("", moment.happening.words)] if moment.happening else []
        told = [*words, *((line.label, line.words) for line in telling.lines(moment, opening.edition))]
        for number, (label, said) in enumerate(told):
            self._line("" if number else f"{local:%H:%M}", label, said)

    def _line(self, time: str, label: str, words: str) -> None:
        head = f"{time:<6} {label:<9}"
        for number, line in enumerate(wrap(words, self._shown.width - len(head))):
            self._say(f"{'' if number else head:{len(head)}}{line}", STYLES.get(label, ""))

    def _new_day(self, day: date, opening: Opening) -> None:
        passed = telling.bank_holidays_between(self._day, day, opening.holidays) if self._day else ""
        if passed:
            self._say(f"\nIn between, not counted: {passed}", "italic")
        self._say(f"\n{telling.day(day)}", "bold underline")
        self._day = day

    def end(self, played: Played) -> None:
        """How the story ended."""
        self._say(f"\n{fill(telling.summary(played), self._shown.width)}\n", "bold")

    def _say(self, words: str, style: str = "") -> None:
        self._shown.print(Text(words, style=style))
