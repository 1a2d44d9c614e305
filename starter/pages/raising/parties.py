"""The agencies of the case, who raises it, and who is asked first."""

from dataclasses import dataclass
from typing import ClassVar

from pydantic import TypeAdapter, ValidationError
from typing_extensions import override

from protocols.case_file import Address
from protocols.roles import Role
from starter.pages.forms import Faults, Form, read_choice, read_choices, read_line
from starter.pages.raising.asking import Asking
from starter.pages.raising.kinds import ANSWER, Choice, Options, Page, Part, lines
from starter.pages.raising.telling import NAME, wants_a_phone
from starter.pages.tongues import LANGUAGES, later

OTHER, MYSELF = "other", "me"
HOLDER = "holder~"
EMAIL, PHONE = later("the e-mail address"), later("the telephone number")
NO_ADDRESS = later("Enter an e-mail address such as name@example.wales")
_ADDRESS: TypeAdapter[str] = TypeAdapter(Address)


def read_email(form: Form, name: str, asking: Asking, faults: Faults, *, required: bool = True) -> str:
    """An e-mail address."""
    said = read_line(form, name, asking.say(EMAIL), faults, asking.say, required=required)
    try:
        return _ADDRESS.validate_python(said) if said else ""
    except ValidationError:
        faults.add(name, asking.say(NO_ADDRESS))
        return said


# --- agencies


def agencies(asking: Asking) -> Options:
    """All agencies of the directory."""
    return [(code, name, "") for code, name in asking.by_name]


@dataclass(frozen=True, kw_only=True)
class Others(Page):
    """The other agencies, or those of them that must answer."""

    template: ClassVar[str] = "raise/ticks.html.j2"

    def options(self, asking: Asking) -> Options:
        """All but the raising one."""
        return [(code, name, "") for code, name in asking.by_name if code != asking.raising_agency]

    @override
    def read(self, asking: Asking, faults: Faults) -> Part:
        chosen = self.chosen(asking, faults)
        answering = asking.form("answering").every(ANSWER) if wants_answers(asking) else chosen
        return {"agencies": [{"code": code, "must_respond": code in answering} for code in chosen]}

    def chosen(self, asking: Asking, faults: Faults) -> list[str]:
        """Those that were ticked."""
        known = [value for value, *_ in self.options(asking)]
        return read_choices(asking.form(self.name), ANSWER, known, asking.say(self.what), faults, asking.say)

    @override
    def in_words(self, asking: Asking) -> str:
        ticked = asking.form(self.name).every(ANSWER)
        return lines(words for value, words, _ in self.options(asking) if value in ticked)


@dataclass(frozen=True, kw_only=True)
class Answering(Others):
    """Which of them must answer."""

    @override
    def options(self, asking: Asking) -> Options:
        return [(code, asking.agency_name(code), "") for code in asking.others]

    @override
    def read(self, asking: Asking, faults: Faults) -> Part:
        self.chosen(asking, faults)
        return {}


def wants_answers(asking: Asking) -> bool:
    """The protocol wants to know which agencies must answer."""
    if not asking.edition:
        return False
    return asking.demands("agencies", agencies=[{"code": "A", "raising": True}, {"code": "B"}])


# --- who raises it


def enters_for_others(asking: Asking) -> bool:
    """The visitor may raise it on somebody's behalf."""
    return bool(asking.edition) and asking.may_enter_for_others


def myself_or_other(asking: Asking) -> Options:
    """In one's own name, or on somebody's behalf."""
    return [
        (MYSELF, asking.say(later("I raise it myself")), ""),
        (OTHER, asking.say(later("I enter it for somebody else")), ""),
    ]


@dataclass(frozen=True, kw_only=True)
class Raiser(Page):
    """Who raises it, and how they are reached."""

    fields: tuple[str, ...] = ("name", "email", "phone")
    template: ClassVar[str] = "raise/raiser.html.j2"

    @override
    def heading(self, asking: Asking) -> str:
        return asking.say(later("Who raises it?") if asking.for_somebody else later("How can you be reached?"))

    @override
    def read(self, asking: Asking, faults: Faults) -> Part:
        form, say = asking.form(self.name), asking.say
        own = asking.visit.person.email
        raiser = {
            "name": read_line(form, "name", say(NAME), faults, say),
            "email": read_email(form, "email", asking, faults) if asking.for_somebody else own,
            "phone": read_line(form, "phone", say(PHONE), faults, say, required=wants_a_phone(asking)),
            "role": asking.raising_role,
            "agency": asking.raising_agency,
        }
        return {"raised_by": raiser}

    @override
    def in_words(self, asking: Asking) -> str:
        form, own = asking.form(self.name), asking.visit.person.email
        email = form.line("email") if asking.for_somebody else own
        return lines([form.line("name"), email, form.line("phone")])


# --- who is asked first


@dataclass(frozen=True, kw_only=True)
class People(Page):
    """The roles that the first stages need, each with who holds it; nothing is typed here."""

    fields: tuple[str, ...] = ()
    template: ClassVar[str] = "raise/people.html.j2"

    def rows(self, asking: Asking) -> list[tuple[str, str, str]]:
        """Role, who holds it (empty while nobody does), and the page where somebody is named, if anybody may be."""
        rows = []
        for role, listed in asking.holders.items():
            page = page_of(role) if may_be_named(asking, role) else ""
            named = asking.said(page, "name")
            rows.append((asking.title(role), named or (listed.name if listed else ""), page))
        return rows

    @override
    def read(self, asking: Asking, faults: Faults) -> Part:
        return {}

    @override
    def answered(self, asking: Asking) -> list[tuple[str, str]]:
        return [(role, name) for role, name, page in self.rows(asking) if not asking.said(page, "name")]


@dataclass(frozen=True, kw_only=True)
class Naming(Page):
    """Somebody is named for a role in this case.

    Attributes:
        role: which.
    """

    role: Role
    fields: tuple[str, ...] = ("name", "email", "phone", "language", "deputy_name", "deputy_email")
    template: ClassVar[str] = "raise/naming.html.j2"

    @override
    def heading(self, asking: Asking) -> str:
        return asking.title(self.role)

    def listed(self, asking: Asking) -> str:
        """Whom the directory names."""
        listed = asking.holders.get(self.role)
        return listed.name if listed else ""

    @override
    def read(self, asking: Asking, faults: Faults) -> Part:
        form, say = asking.form(self.name), asking.say
        if not self._typed(form) and asking.holders.get(self.role):
            return {}
        deputy, deputy_email = say(later("the name of the deputy")), bool(form.line("deputy_email"))
        person = {
            "role": self.role.role,
            "agency": self.role.agency,
            "name": read_line(form, "name", say(NAME), faults, say),
            "email": read_email(form, "email", asking, faults),
            "phone": read_line(form, "phone", say(PHONE), faults, say, required=False),
            "language": read_choice(form, "language", LANGUAGES, say(later("a language")), faults, say, required=False),
            "deputy_name": read_line(form, "deputy_name", deputy, faults, say, required=deputy_email),
            "deputy_email": read_email(form, "deputy_email", asking, faults, required=bool(form.line("deputy_name"))),
        }
        return {"people": [person]}

    def _typed(self, form: Form) -> bool:
        return any(form.line(name) for name in self.fields)

    @override
    def answered(self, asking: Asking) -> list[tuple[str, str]]:
        form = asking.form(self.name)
        words = lines(form.line(name) for name in self.fields if name != "language")
        return [(asking.title(self.role), words or self.listed(asking))]


def page_of(role: Role) -> str:
    """The page where somebody is named for a role."""
    return f"{HOLDER}{role.role}~{role.agency}"


def may_be_named(asking: Asking, role: Role) -> bool:
    """A role of an agency, or one that nobody holds: whoever raises it replaces no Team Manager or Business Unit."""
    return bool(role.agency) or asking.holders[role] is None


def namings(asking: Asking) -> dict[str, Page]:
    """A page for each role that the first stages need, and for which somebody may be named."""
    roles = [role for role in asking.needed if may_be_named(asking, role)]
    return {page_of(role): Naming(name=page_of(role), title="", role=role) for role in roles}


def to_be_named(asking: Asking) -> list[Page]:
    """Those of them that nobody holds, or for which somebody was named."""
    pages = namings(asking)
    vacant = {page_of(role) for role, listed in asking.holders.items() if listed is None}
    return [page for name, page in pages.items() if name in vacant or asking.said(name, "name")]


WHOSE: tuple[Page, ...] = (
    Choice(
        name="agency",
        title=later("Which agency raises it?"),
        what=later("the agency that raises it"),
        hint=later("Your own agency, or the one that you enter it for."),
        options=agencies,
        put=lambda value: {"agencies": [{"code": value, "raising": True}]},
        boxed=True,
    ),
    Others(
        name="others",
        title=later("Which other agencies does it concern?"),
        what=later("at least one other agency"),
        label=later("Other agencies"),
    ),
    Answering(
        name="answering",
        title=later("Which of them must answer?"),
        what=later("at least one agency that must answer"),
        label=later("Agencies that must answer"),
        applies=wants_answers,
    ),
    Choice(
        name="who",
        title=later("In whose name do you raise it?"),
        what=later("in whose name"),
        options=myself_or_other,
        put=lambda value: {},
        applies=enters_for_others,
    ),
    Raiser(name="raiser", title=later("How can you be reached?"), what=later("who raises it")),
)

PEOPLE = People(
    name="people",
    title=later("Who is asked first"),
    what=later("who is asked first"),
)
