"""Whether this is the right protocol at all: asked first, before anybody is named."""

from dataclasses import dataclass
from typing import ClassVar

from typing_extensions import override

from protocols.case_file import Screening
from starter.pages.forms import Faults, capital, read_line
from starter.pages.raising.asking import NONE, YES, Asking
from starter.pages.raising.kinds import ANSWER, Choice, Options, Page, Part, YesNo, lines, moment_before_now
from starter.pages.tongues import later

QUESTIONS = {
    "remains_practitioner_difference": later(
        "Was that followed to its end, and do practitioners still see it differently?"
    ),
    "procedure_missing": later("Is the cause a procedure that is missing or unclear?"),
}
"""What the answers of the screening are asked with, by their name in the case file."""

LABELS = {
    "remains_practitioner_difference": later("A difference between practitioners remains"),
    "procedure_missing": later("A procedure is missing or unclear"),
}
ADVICE = "advice-"


# --- what applies


def is_child(asking: Asking) -> bool:
    """It is about a child."""
    return asking.kind == "child"


def has_exclusions(asking: Asking) -> bool:
    """The protocol says what it is not for."""
    return bool(asking.edition and asking.rules.exclusions)


def excluded(asking: Asking) -> str:
    """For which of these reasons it may not be the right protocol; empty for none."""
    said = asking.said("scope")
    return said if asking.edition and said in asking.rules.exclusions else ""


def may_be_taken_all_the_same(asking: Asking) -> bool:
    """An answer more may bring it in again."""
    why = excluded(asking)
    return bool(why and asking.rules.exclusions[why].unless)


def wants_a_report(asking: Asking) -> bool:
    """The protocol demands a Duty to Report."""
    return bool(asking.edition) and asking.demands("duty_to_report")


def wants_supervision_considered(asking: Asking) -> bool:
    """The protocol asks of a child on the Register whether Multi-Agency Supervision may serve instead."""
    if not asking.edition or not (is_child(asking) and asking.yes("register")):
        return False
    child = {"kind": "child", "name": "-", "on_child_protection_register": True}
    return asking.demands("screening.multi_agency_supervision_declined", subject=child)


# --- pages of their own


@dataclass(frozen=True, kw_only=True)
class Scope(Choice):
    """What the protocol is not for: one of these leads away."""

    @override
    def leads_away(self, asking: Asking) -> bool:
        return bool(excluded(asking)) and not may_be_taken_all_the_same(asking)


@dataclass(frozen=True, kw_only=True)
class Remains(YesNo):
    """The answer with which it is taken all the same."""

    @override
    def heading(self, asking: Asking) -> str:
        return asking.say(QUESTIONS.get(self._field(asking), QUESTIONS["remains_practitioner_difference"]))

    @override
    def below(self, asking: Asking) -> str:
        return f"{capital(asking.visit.tongue.of(asking.rules.exclusions[excluded(asking)]))}."

    @override
    def read(self, asking: Asking, faults: Faults) -> Part:
        super().read(asking, faults)
        return {"screening": {self._field(asking): asking.yes(self.name)}}

    def _field(self, asking: Asking) -> str:
        return asking.rules.exclusions[excluded(asking)].unless


@dataclass(frozen=True, kw_only=True)
class When(Page):
    """When something was, and a line about it.

    Attributes:
        part: of the case file that it makes.
        moment, line: the fields of that part.
        moment_what, line_what: what they hold, in words.
    """

    part: str
    moment: str
    line: str
    moment_what: str
    line_what: str
    fields: tuple[str, ...] = ("at", "line")
    template: ClassVar[str] = "raise/when.html.j2"

    @override
    def read(self, asking: Asking, faults: Faults) -> Part:
        form, say = asking.form(self.name), asking.say
        at = moment_before_now(asking, form, "at", say(self.moment_what), faults)
        words = read_line(form, "line", say(self.line_what), faults, say)
        return {self.part: {self.moment: at.isoformat() if at else None, self.line: words}}

    @override
    def in_words(self, asking: Asking) -> str:
        at = moment_before_now(asking, asking.form(self.name), "at", "", Faults())
        return lines([asking.visit.tongue.moment(at) if at else "", asking.said(self.name, "line")])


# --- the sequence


def protocols(asking: Asking) -> Options:
    """The boards with their protocols; those first under which the visitor holds a role."""
    of, mine = asking.visit.tongue.of, {one.board for one in asking.visit.held}
    known = sorted(asking.protocols.items(), key=lambda one: one[0] not in mine)
    return [(name, of(edition.board), of(edition.name)) for name, edition in known]


def authorities(asking: Asking) -> Options:
    """The local authorities of the board."""
    return [(name, name, "") for name in asking.rules.authorities]


def kinds(asking: Asking) -> Options:
    """A child or an adult."""
    return [("child", asking.say(later("A child")), ""), ("adult", asking.say(later("An adult at risk")), "")]


def exclusions(asking: Asking) -> Options:
    """What the protocol is not for; where the edition has no short words, where to go instead."""
    of = asking.visit.tongue.of
    listed = [(name, of(one.about or one), "") for name, one in asking.rules.exclusions.items()]
    return [*listed, (NONE, asking.say(later("None of these")), "")]


FIRST: tuple[Page, ...] = (
    Choice(
        name="protocol",
        title=later("Which board is it for?"),
        what=later("the board"),
        hint=later("The board of the area where the child or adult lives. Each board has its own protocol."),
        options=protocols,
        put=lambda value: {"protocol": value},
    ),
    Choice(
        name="authority",
        title=later("Which local authority is responsible?"),
        what=later("the local authority"),
        options=authorities,
        put=lambda value: {"authority": value},
    ),
    Choice(
        name="about",
        title=later("Is it about a child or an adult?"),
        what=later("a child or an adult"),
        options=kinds,
        put=lambda value: {"subject": {"kind": value}},
    ),
    YesNo(
        name="register",
        title=later("Is the child on the Child Protection Register?"),
        label=later("On the Child Protection Register"),
        applies=is_child,
        put=lambda value: {"subject": {"on_child_protection_register": value == YES}},
    ),
    Scope(
        name="scope",
        title=later("Is it one of these?"),
        what=later("one of these, or none"),
        label=later("Matter for another procedure"),
        hint=later("This protocol is not for them: each has a way of its own."),
        applies=has_exclusions,
        options=exclusions,
        put=lambda value: {"screening": {"excluded_because": None if value == NONE else value}},
    ),
    Remains(
        name="remains",
        title=QUESTIONS["remains_practitioner_difference"],
        label=LABELS["remains_practitioner_difference"],
        away=True,
        applies=may_be_taken_all_the_same,
    ),
    YesNo(
        name="report",
        title=later("Was a Duty to Report submitted?"),
        label=later("Duty to Report submitted"),
        hint=later("This protocol is only for a child or adult for whom there is one."),
        away=True,
        applies=wants_a_report,
    ),
    When(
        name="report-details",
        title=later("Which Duty to Report is it?"),
        what=later("the Duty to Report"),
        applies=wants_a_report,
        part="duty_to_report",
        moment="submitted_at",
        line="reference",
        moment_what=later("the day and time when it was submitted"),
        line_what=later("the reference of the Duty to Report"),
    ),
    YesNo(
        name="supervision",
        title=later("Was Multi-Agency Supervision considered, and do you go on with this protocol?"),
        label=later("Multi-Agency Supervision considered"),
        hint=later("For a child on the Child Protection Register, Multi-Agency Supervision may serve instead."),
        away=True,
        applies=wants_supervision_considered,
        put=lambda value: {"screening": {"multi_agency_supervision_declined": value == YES}},
    ),
)


def advice(asking: Asking) -> list[Page]:
    """What the edition gives advice on: asked with yes or no."""
    return [_advice(asking, name) for name in asking.rules.advice if name in Screening.model_fields]


def _advice(asking: Asking, name: str) -> Page:
    def put(value: str) -> Part:
        return {"screening": {name: value == YES}}

    title = QUESTIONS.get(name, asking.visit.tongue.of(asking.rules.advice[name]))
    return YesNo(name=f"{ADVICE}{name}", title=title, label=LABELS.get(name, name), put=put)


def advised(asking: Asking) -> list[str]:
    """The advice that the answers call for."""
    asked = [page.name.removeprefix(ADVICE) for page in advice(asking) if asking.yes(page.name)]
    return [asking.visit.tongue.of(asking.rules.advice[name]) for name in asked]


TRIED: tuple[Page, ...] = (
    YesNo(
        name="tried",
        title=later("Have you tried to settle this with the other agency?"),
        label=later("Tried informally"),
        hint=later("For example by telephone or e-mail, between you and your counterpart."),
        away=True,
    ),
    When(
        name="informal",
        title=later("When was it tried, and between whom?"),
        what=later("the informal attempt"),
        part="informal_attempt",
        moment="at",
        line="between",
        moment_what=later("the day and time of the attempt"),
        line_what=later("who spoke with whom"),
    ),
)

SCREENING = {page.name for page in FIRST}
"""The pages after which nobody was named yet: whoever is led away from here leaves nothing behind."""

AWAY = {
    "report": (
        later("This protocol is only for a child or adult for whom a Duty to Report was submitted."),
        later("Submit one to the local authority first. Then come back: what you have answered here is kept."),
    ),
    "supervision": (
        later("For a child on the Child Protection Register, Multi-Agency Supervision may serve instead."),
        later("Ask for it first. If you still differ afterwards, come back: what you have answered here is kept."),
    ),
    "tried": (
        later("Speak with your counterpart in the other agency first, as soon as you can."),
        later("If that does not settle it, come back: what you have answered here is kept."),
    ),
}
"""What is said to whoever is led away for now, and may come back."""


def why_not(asking: Asking) -> str:
    """The exclusion that leads away, if that is what does."""
    page: dict[str, Page] = {one.name: one for one in FIRST}
    return excluded(asking) if page["scope"].leads_away(asking) or _not_taken(asking, page["remains"]) else ""


def _not_taken(asking: Asking, remains: Page) -> bool:
    return may_be_taken_all_the_same(asking) and remains.leads_away(asking)


__all__ = ["ANSWER", "AWAY", "FIRST", "SCREENING", "TRIED", "advice", "advised", "why_not"]
