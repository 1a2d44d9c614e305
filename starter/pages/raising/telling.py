"""Who and what it is about: the child or adult, the difference, what is sought, and where it begins."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from typing_extensions import override

from starter.pages.forms import Faults, Form, read_choices, read_line, read_text
from starter.pages.raising.asking import NAMELESS, Asking
from starter.pages.raising.kinds import ANSWER, Choice, Options, Page, Part, Text, born, lines, moment_before_now
from starter.pages.tongues import later

MOST_CARERS = 10
NOW, EARLIER = "now", "earlier"
SOMETHING_ELSE = "other"
NAME = later("the name")
BIRTH = later("the date of birth")


# --- where it begins


def stages(asking: Asking) -> Options:
    """The stages at which a case may begin."""
    of, first = asking.visit.tongue.of, min(asking.starts)
    usual = asking.say(later("This is where a case begins, as a rule"))
    return [(str(n), of(asking.rules.stages[stage]), usual if n == first else "") for n, stage in asking.starts.items()]


def may_begin_later(asking: Asking) -> bool:
    """The protocol lets a case begin at several stages."""
    return bool(asking.edition) and len(asking.starts) > 1


def wants_a_reason(asking: Asking) -> bool:
    """To begin at this stage, it must be said why."""
    return may_begin_later(asking) and asking.demands("start_reason", start_at_stage=asking.start_at)


def wants_grounds(asking: Asking) -> bool:
    """To begin at this stage, the protocol wants a ground."""
    return may_begin_later(asking) and asking.demands("stage_3_grounds", start_at_stage=asking.start_at)


def wants_what_was_done(asking: Asking) -> bool:
    """To begin at this stage, it must be said what was done."""
    return bool(asking.edition) and asking.demands("done_already", start_at_stage=asking.start_at)


def wants_a_phone(asking: Asking) -> bool:
    """To begin at this stage, whoever raises it must be reached by telephone."""
    raiser = {**NAMELESS, "role": asking.raising_role}
    return asking.demands("raised_by.phone", start_at_stage=asking.start_at, raised_by=raiser)


@dataclass(frozen=True, kw_only=True)
class Grounds(Page):
    """What lets it begin at a later stage: some of several."""

    template: ClassVar[str] = "raise/ticks.html.j2"

    def options(self, asking: Asking) -> Options:
        """The grounds of the edition."""
        of = asking.visit.tongue.of
        return [(name, of(words), "") for name, words in asking.rules.grounds.items()]

    @override
    def read(self, asking: Asking, faults: Faults) -> Part:
        known = [value for value, *_ in self.options(asking)]
        chosen = read_choices(asking.form(self.name), ANSWER, known, asking.say(self.what), faults, asking.say)
        return {"stage_3_grounds": chosen}

    @override
    def in_words(self, asking: Asking) -> str:
        chosen = asking.form(self.name).every(ANSWER)
        return lines(words for value, words, _ in self.options(asking) if value in chosen)


# --- whom it is about


@dataclass(frozen=True, kw_only=True)
class Person(Page):
    """The child or adult."""

    fields: tuple[str, ...] = ("name", "born", "address", "number")
    template: ClassVar[str] = "raise/person.html.j2"

    @override
    def read(self, asking: Asking, faults: Faults) -> Part:
        form, say = asking.form(self.name), asking.say
        subject = {"name": read_line(form, "name", say(NAME), faults, say)}
        subject |= born(asking, form, "born", say(BIRTH), faults)
        address = read_text(form, "address", say(later("the address")), faults, say, required=False)
        number = read_line(form, "number", say(later("the occurrence number")), faults, say, required=False)
        subject |= {"address": address} if address else {}
        subject |= {"occurrence_number": number} if number else {}
        return {"subject": subject}

    @override
    def in_words(self, asking: Asking) -> str:
        form = asking.form(self.name)
        return lines([form.line("name"), birthday(form, "born"), form.text("address"), form.line("number")])


def birthday(form: Form, name: str) -> str:
    """A date as it was typed."""
    return " ".join(part for end in ("day", "month", "year") if (part := form.line(f"{name}-{end}")))


@dataclass(frozen=True, kw_only=True)
class Carers(Page):
    """Parents or carers, as many as there are; one that is left empty is none."""

    fields: tuple[str, ...] = ("carer", "blocks")
    template: ClassVar[str] = "raise/carers.html.j2"

    def blocks(self, asking: Asking) -> int:
        """How many are shown."""
        said = asking.said(self.name, "blocks")
        return min(max(1, int(said) if said.isdecimal() and len(said) < len("999") else 1), MOST_CARERS)

    @override
    def read(self, asking: Asking, faults: Faults) -> Part:
        form, say, carers = asking.form(self.name), asking.say, []
        for n in range(1, self.blocks(asking) + 1):
            day = born(asking, form, f"carer-{n}-born", say(BIRTH), faults)
            name = read_line(
                form, f"carer-{n}-name", say(NAME), faults, say, required=bool(birthday(form, f"carer-{n}-born"))
            )
            if name:
                carers.append({"name": name, **day})
        return {"subject": {"parents_or_carers": carers}} if carers else {}

    @override
    def in_words(self, asking: Asking) -> str:
        form, numbers = asking.form(self.name), range(1, self.blocks(asking) + 1)
        names = (f"{form.line(f'carer-{n}-name')} {birthday(form, f'carer-{n}-born')}" for n in numbers)
        return lines(name.strip() for name in names)

    def with_one_more(self, typed: Mapping[str, list[str]], asking: Asking) -> dict[str, list[str]]:
        """The same with an empty block at the end."""
        return {**typed, "blocks": [str(min(self.blocks(asking) + 1, MOST_CARERS))]}

    def without(self, typed: Mapping[str, list[str]], gone: int, asking: Asking) -> dict[str, list[str]]:
        """The same without one block; those behind it move up."""
        kept: dict[str, list[str]] = {"blocks": [str(max(1, self.blocks(asking) - 1))]}
        for name, values in typed.items():
            head, _, rest = name.removeprefix("carer-").partition("-")
            if rest and head.isdecimal() and int(head) != gone:
                kept[f"carer-{int(head) - (int(head) > gone)}-{rest}"] = values
        return kept


# --- what it is about


@dataclass(frozen=True, kw_only=True)
class Circumstance(Choice):
    """What the difference is about: one of the protocol's words, or others."""

    fields: tuple[str, ...] = (ANSWER, "words")
    template: ClassVar[str] = "raise/circumstance.html.j2"

    def has_other(self, asking: Asking) -> bool:
        """Whether it can be something else."""
        return SOMETHING_ELSE in asking.rules.circumstances

    @override
    def read(self, asking: Asking, faults: Faults) -> Part:
        part = super().read(asking, faults)
        if part.get("circumstance") != SOMETHING_ELSE:
            return part
        form, what = asking.form(self.name), asking.say(later("in a few words what it is about"))
        return {**part, "circumstance_other": read_line(form, "words", what, faults, asking.say)}

    @override
    def in_words(self, asking: Asking) -> str:
        own = asking.said(self.name, "words") if asking.said(self.name) == SOMETHING_ELSE else ""
        return lines([super().in_words(asking), own])


def circumstances(asking: Asking) -> Options:
    """What differences are about."""
    return [(name, asking.visit.tongue.of(words), "") for name, words in asking.rules.circumstances.items()]


@dataclass(frozen=True, kw_only=True)
class Begun(Page):
    """When the other side was told: from then on time limits count."""

    fields: tuple[str, ...] = (ANSWER, "at", "fixed")
    template: ClassVar[str] = "raise/begun.html.j2"

    def options(self, asking: Asking) -> Options:
        """Now, or before."""
        return [(NOW, asking.say(later("Now")), ""), (EARLIER, asking.say(later("Before now")), "")]

    @override
    def kept(self, form: Form) -> dict[str, list[str]]:
        return {name: values for name, values in super().kept(form).items() if name != "fixed"}

    @override
    def read(self, asking: Asking, faults: Faults) -> Part:
        form, say, fixed = asking.form(self.name), asking.say, asking.said(self.name, "fixed")
        if form.text(ANSWER) == NOW and fixed:
            return {"instigated_at": fixed}
        if form.text(ANSWER) != EARLIER:
            faults.add(ANSWER, say(later("Choose when it was")))
            return {}
        at = moment_before_now(asking, form, "at", say(later("the day and time")), faults)
        return {"instigated_at": at.isoformat()} if at else {}

    @override
    def in_words(self, asking: Asking) -> str:
        at = self.read(asking, Faults()).get("instigated_at")
        return asking.visit.tongue.moment(datetime.fromisoformat(at)) if at else ""


WHERE: tuple[Page, ...] = (
    Choice(
        name="start",
        title=later("At which stage should it begin?"),
        what=later("the stage"),
        hint=later("Only where somebody is at immediate risk of harm may stages be left out. Ring first: see below."),
        applies=may_begin_later,
        options=stages,
        put=lambda value: {"start_at_stage": int(value)},
    ),
    Text(
        name="reason",
        title=later("Why does it not begin at the first stage?"),
        what=later("the reason for leaving stages out"),
        applies=wants_a_reason,
        field="start_reason",
    ),
    Grounds(
        name="grounds",
        title=later("What lets it begin at this stage?"),
        what=later("at least one ground"),
        label=later("Grounds"),
        applies=wants_grounds,
    ),
)

WHAT: tuple[Page, ...] = (
    Person(name="person", title=later("Who is it about?"), what=later("the child or adult")),
    Carers(
        name="carers",
        title=later("Who are the parents or carers?"),
        what=later("parents or carers"),
        hint=later("Leave it empty if there are none, or you do not know."),
    ),
    Circumstance(
        name="circumstance",
        title=later("What is the difference about?"),
        what=later("what it is about"),
        options=circumstances,
        put=lambda value: {"circumstance": value},
    ),
    Text(
        name="issue",
        title=later("What do you see differently?"),
        what=later("what you see differently"),
        hint=later("What worries you, what the other agency decided or did not do, and what you think should be done."),
        field="issue",
    ),
    Text(
        name="done",
        title=later("What has been done already to settle it?"),
        what=later("what has been done already"),
        field="done_already",
        required=wants_what_was_done,
    ),
    Text(
        name="sought",
        title=later("What outcome do you seek?"),
        what=later("the outcome that you seek"),
        hint=later("Say what should happen for the child or adult, as clearly as you can."),
        field="outcome_sought",
    ),
)

BEGUN = Begun(
    name="begun",
    title=later("When did your agency say that it uses this protocol?"),
    what=later("when it was begun"),
    hint=later("Or when the concern reached the manager. The first time limit counts from that moment."),
)
