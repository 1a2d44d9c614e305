"""Roles, agencies, stages and clocks of a case as one language says them."""

from collections.abc import Iterable, Mapping
from datetime import date

from babel.dates import format_date

from protocols.editions import Edition
from protocols.roles import Role
from protocols.says import ANY_TIME
from protocols.steps import ClockRow
from records.directory import Agency
from starter.pages.tongues import Tongue, later


class Titles:
    """The words of one edition in one language.

    Args:
        tongue: the language.
        edition: the protocol.
        agencies: the directory's, by code.
    """

    def __init__(self, tongue: Tongue, edition: Edition, agencies: Mapping[str, Agency]) -> None:
        self.tongue, self.edition, self._agencies = tongue, edition, agencies

    def agency(self, code: str) -> str:
        """Its name; its code, where the directory does not know it."""
        found = self._agencies.get(code)
        return (found.name_cy if self.tongue.language == "cy" else found.name_en) if found else code

    def role(self, role: Role) -> str:
        """“Line manager, Gwent Police”."""
        named = self.edition.roles.get(role.role)
        title = self.tongue.of(named) if named else role.role.replace("_", " ")
        return f"{title}, {self.agency(role.agency)}" if role.agency else title

    def roles(self, roles: Iterable[Role]) -> list[str]:
        """The same of several, each once."""
        return list(dict.fromkeys(map(self.role, roles)))

    def stage(self, name: str) -> str:
        """“Multi-agency meeting”."""
        title = self.edition.stages.get(name)
        return self.tongue.of(title) if title else name.replace("_", " ")

    def task(self, clock: str) -> str:
        """What is to be done in time."""
        rule = self.edition.clocks.get(clock)
        return self.tongue.of(rule) if rule else clock.replace("_", " ")

    def task_of(self, clock: ClockRow) -> str:
        """The same, with the agency that has a clock of its own."""
        return f"{self.task(clock.clock)} ({self.agency(clock.agency)})" if clock.agency else self.task(clock.clock)

    def clause(self, clause: str) -> str:
        """“clause 3.3”; nothing for what falls under none."""
        return self.tongue.say("clause %(clause)s", clause=clause) if clause not in ("", ANY_TIME) else ""

    def outcome(self, outcome: str | None) -> str:
        """How the case, or a meeting, ended."""
        return self.tongue.say(OUTCOMES[outcome]) if outcome in OUTCOMES else (outcome or "").replace("_", " ")

    def together(self, words: Iterable[str]) -> str:
        """Several in a row."""
        return "; ".join(words)


def weekday(day: date, tongue: Tongue) -> str:
    """“Monday” as it stands within a sentence."""
    name = format_date(day, "EEEE", locale=tongue.language)
    return name[:1].lower() + name[1:] if tongue.language == "cy" else name


OUTCOMES = {
    "resolved": later("resolved"),
    "not_resolved": later("not resolved"),
    "further_meeting": later("a further meeting"),
    "no_review": later("no review"),
    "reviewed": later("reviewed"),
    "withdrawn": later("withdrawn"),
}
