"""Which questions belong to what is said: the pages of a form, and the facts and texts that come of them.

Driven by what the case's own table requires (`Says.requires`), so that a form asks for all that the case would miss.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from protocols.judging import Sayable
from protocols.roles import Role
from protocols.says import ANY_TIME
from starter.pages.forms import Form
from starter.pages.saying.questions import Kind, Option, Question, Sheet
from starter.pages.titles import Titles
from starter.pages.tongues import Tongue
from starter.sayable import Floor

FURTHER, RESOLVED = "further_meeting", "resolved"
LANGUAGES = (("cy", "Cymraeg"), ("en", "English"))
TELLS_WHEN = ("meeting_held", "discussion_recorded", "review_completed", "feedback_given", "report_presented")
"""What is often written down later than it happened."""


class Asking(NamedTuple):
    """What a form is about.

    Attributes:
        signal: the name of what is said; row: the row of the table under which it is, None for a confirmation.
        by: in whose name; behalf: whether somebody else enters it.
        floor: the case.
        agencies: the names of all agencies of the directory, by code.
        chairs: people whom the directory lists, by id, who may be named Chair.
        meetings: starts of meetings without minutes, as they are kept.
        tongue: the visitor's language; titles: roles and agencies in it.
    """

    signal: str
    row: Sayable | None
    by: Role
    behalf: bool
    floor: Floor
    agencies: Mapping[str, str]
    chairs: Mapping[str, str]
    meetings: tuple[datetime, ...]
    tongue: Tongue
    titles: Titles

    def requires(self, field: str) -> bool:
        """Whether the case would miss this field."""
        if self.row is None:
            return True
        model = self.row.kind.model_fields.get(field)
        return field in self.row.row.requires or bool(model and model.is_required())

    def named(self, codes: frozenset[str]) -> list[Option]:
        """Agencies as options."""
        return sorted(((code, self.agencies.get(code, code)) for code in codes), key=lambda option: option[1])


def sheets(asking: Asking, form: Form) -> list[Sheet]:
    """The pages of a form, as far as what was answered so far says which there are."""
    questions = list(_QUESTIONS.get(asking.signal, _only_text)(asking, form))
    if asking.behalf or asking.signal in TELLS_WHEN:
        questions.append(_when(asking))
    follow_up = tuple(_FOLLOWS[asking.signal](asking, form)) if asking.signal in _FOLLOWS else ()
    return [tuple(questions), follow_up] if follow_up else [tuple(questions)]


# --- questions that several forms ask


def _text(asking: Asking, words: str, what: str = "", *, required: bool | None = None, hint: str = "") -> Question:
    say = asking.tongue.say
    needed = asking.requires("record") if required is None else required
    optional = "" if needed else say("You may leave this empty.")
    return Question("text", Kind.TEXT, words, what or say("what is to be recorded"), hint or optional, required=needed)


def _yes_no(asking: Asking, name: str, words: str, hint: str = "") -> Question:
    return Question(name, Kind.YES_NO, words, asking.tongue.say("yes or no"), hint)


def _when(asking: Asking) -> Question:
    say = asking.tongue.say
    hint = say("Leave it empty if it is now.")
    return Question("at", Kind.MOMENT, say("When did it happen?"), say("the date"), hint, required=False)


def _agreed(asking: Asking) -> Question:
    say = asking.tongue.say
    return _yes_no(asking, "agreed", say("Do all agencies see it the same way now?"), say("If not, that is recorded."))


def _agency(asking: Asking, name: str, words: str, codes: frozenset[str], *more: Option) -> Question:
    options = [*more, *asking.named(codes)]
    return Question(name, Kind.ONE, words, asking.tongue.say("an agency"), "", options)


def _agencies(asking: Asking, name: str, words: str, codes: frozenset[str], *, required: bool = True) -> Question:
    what = asking.tongue.say("one agency or more")
    hint = "" if required else asking.tongue.say("Leave it empty if there is none.")
    return Question(name, Kind.SOME, words, what, hint, asking.named(codes), required)


# --- the questions of each


def _only_text(asking: Asking, form: Form) -> Iterator[Question]:
    say = asking.tongue.say
    yield _text(asking, say("What should the record say?"))


def _resolved(asking: Asking, form: Form) -> Iterator[Question]:
    say = asking.tongue.say
    yield _text(asking, say("What is the outcome for the child or adult?"), say("the outcome for the child or adult"))
    yield _agreed(asking)


def _accepted(asking: Asking, form: Form) -> Iterator[Question]:
    """Settled; and where responses were asked for, who accepts them."""
    say, floor = asking.tongue.say, asking.floor
    yield from _resolved(asking, form)
    if floor.state.facts.must_respond(floor.agencies) is not None and floor.standing.stage != floor.begins:
        hint = say("If it is somebody else than you.")
        words, what = say("Who accepts the responses?"), say("a name")
        yield Question("accepted_by", Kind.LINE, words, what, hint, required=False)


def _responded(asking: Asking, form: Form) -> Iterator[Question]:
    """Part B: the response, and who can be asked about it."""
    say = asking.tongue.say
    yield _text(asking, say("Your agency's response to the concern"), say("your agency's response"))
    hint = say("If it is somebody else than you.")
    yield Question("name", Kind.LINE, say("Who responds?"), say("a name"), hint, required=False)
    words, what = say("Their telephone number"), say("a telephone number")
    yield Question("phone", Kind.LINE, words, what, required=False)


def _not_resolved(asking: Asking, form: Form) -> Iterator[Question]:
    say, floor = asking.tongue.say, asking.floor
    needed = asking.requires("record")
    words = say("Your statement") if needed else say("What should the record say?")
    hint = say("What the difference is, what was tried, and what you ask for.") if needed else ""
    yield _text(asking, words, say("your statement") if needed else "", hint=hint)
    responding = floor.state.facts.must_respond(floor.agencies)
    if needed and responding is not None and floor.standing.stage == floor.begins:
        others = frozenset(agency.code for agency in floor.agencies if not agency.raising)
        yield _agencies(asking, "must_respond", say("Which agencies must respond?"), others)


def _arranged(asking: Asking, form: Form) -> Iterator[Question]:
    say = asking.tongue.say
    hint = say("Everybody involved is invited by mail.")
    yield Question("meeting_at", Kind.MOMENT, say("When is the meeting?"), say("the date of the meeting"), hint)
    where = say("Leave it empty if it is not known yet.")
    yield Question(
        "place", Kind.LINE, say("Where is it, or how does one join?"), say("the place"), where, required=False
    )
    if asking.chairs:
        words, what = say("Who chairs it, if it is not the Safeguarding Team Manager?"), say("a Chair")
        options = tuple(asking.chairs.items())
        yield Question("chair", Kind.ONE, words, what, say("Choose nobody if it is."), options, required=False)


def _held(asking: Asking, form: Form) -> Iterator[Question]:
    say = asking.tongue.say
    if asking.requires("attended"):
        options = [
            (RESOLVED, say("It is settled")),
            ("not_resolved", say("It is not settled")),
            (FURTHER, say("A further meeting is needed")),
        ]
        yield Question("outcome", Kind.ONE, say("What came of the meeting?"), say("the outcome"), "", options)
        roles = [(str(role), asking.titles.role(role)) for role in asking.floor.roles()]
        yield Question("attended", Kind.SOME, say("Who was there?"), say("who was there"), "", roles)
        yield _yes_no(
            asking,
            "immediate_action_needed",
            say("Does the child or adult need protection now?"),
            say("If so, the duty team is told at once."),
        )
    yield _text(asking, say("What was said and agreed?"), say("what was said and agreed"))


def _held_and_settled(asking: Asking, form: Form) -> Iterator[Question]:
    say = asking.tongue.say
    if form.text("outcome") == RESOLVED:
        yield _yes_no(asking, "raising_agency_satisfied", say("Is the agency that raised the case satisfied?"))
        yield _agreed(asking)


def _minutes(asking: Asking, form: Form) -> Iterator[Question]:
    say = asking.tongue.say
    if len(asking.meetings) > 1:
        options = [(at.isoformat(), asking.tongue.moment(at)) for at in asking.meetings]
        yield Question("meeting_at", Kind.ONE, say("Of which meeting?"), say("a meeting"), "", options)
    yield _text(asking, say("The minutes"), say("the minutes"), hint=say("They go to all who were there."))


def _requested(asking: Asking, form: Form) -> Iterator[Question]:
    say, codes = asking.tongue.say, asking.floor.parties.agencies
    words = say("Which agencies believe that there is a risk of harm?")
    yield _agencies(asking, "believed_by", words, codes, required=False)
    words = say("Through whose action or inaction?")
    yield _agencies(asking, "harm_through", words, codes, required=False)
    yield _text(asking, say("Why?"), required=False)


def _decided(asking: Asking, form: Form) -> Iterator[Question]:
    say = asking.tongue.say
    if asking.requires("criterion_i"):
        yield _yes_no(
            asking, "criterion_i", say("Does an agency believe that another's action or inaction risks harm?")
        )
        yield _yes_no(asking, "criterion_ii", say("Were all steps before this one gone through?"))
        yield _yes_no(asking, "immediate_action_needed", say("Does the child or adult need protection now?"))
    if asking.requires("agency"):
        yield _agency(asking, "agency", say("Which agency is the Co-Chair of?"), frozenset(asking.agencies))
    if asking.requires("decided_at"):
        yield Question("decided_at", Kind.MOMENT, say("When was it decided?"), say("when it was decided"))
    yield _yes_no(asking, "review", say("Is there to be a review?"))
    hint = say("The reasons; and where there is no review, the outcome for the child or adult.")
    yield _text(asking, say("Why?"), required=True, hint=hint)


def _reviewers(asking: Asking, form: Form) -> Iterator[Question]:
    say = asking.tongue.say
    if form.text("review") != "yes":
        return
    outside = frozenset(asking.agencies) - asking.floor.parties.agencies
    if not asking.requires("decided_at"):
        yield _agency(asking, "reviewer", say("Which agency reviews the case?"), outside)
        return
    group = asking.floor.edition.roles.get("review_group")
    more = [("review_group", asking.tongue.of(group))] if group else []
    yield _agency(asking, "reviewer", say("Who reviews the case?"), frozenset(asking.agencies), *more)
    hint = say("Only where an agency reviews it.")
    words = say("Of which agency is the independent Board member on its panel?")
    named = asking.named(outside)
    yield Question("panel_member_agency", Kind.ONE, words, say("an agency"), hint, named, required=False)


def _completed(asking: Asking, form: Form) -> Iterator[Question]:
    say = asking.tongue.say
    hint = say("The report, the actions taken, and the outcome for the child or adult.")
    yield _text(asking, say("What came of the review?"), hint=hint)
    if asking.requires("practitioners_included"):
        yield _yes_no(asking, "practitioners_included", say("Did the practitioners take part in the review?"))


def _report(asking: Asking, form: Form) -> Iterator[Question]:
    yield _agreed(asking)
    yield _text(asking, asking.tongue.say("What should the record say?"), required=False)


def _learning(asking: Asking, form: Form) -> Iterator[Question]:
    say, codes = asking.tongue.say, asking.floor.parties.agencies
    yield _agencies(asking, "agencies", say("To which agencies did the learning points go?"), codes)
    yield _text(asking, say("What should the record say?"), required=False)


def _confirmed(asking: Asking, form: Form) -> Iterator[Question]:
    say = asking.tongue.say
    yield Question("made_at", Kind.MOMENT, say("When was the referral made?"), say("when it was made"))
    yield _text(asking, say("To whom, and what was said?"), required=True)


def _withdrawn(asking: Asking, form: Form) -> Iterator[Question]:
    yield _text(asking, asking.tongue.say("Why, and what is the outcome for the child or adult?"))


def _passed_on(asking: Asking, form: Form) -> Iterator[Question]:
    say, floor = asking.tongue.say, asking.floor
    roles = [
        (str(role), asking.titles.role(role))
        for role in floor.roles()
        if floor.parties.passes_on(floor.parties.known_as(asking.by), role)
    ]
    yield Question("seat", Kind.ONE, say("Which role passes on?"), say("a role"), "", roles)
    yield from _person(asking)


def _person(asking: Asking) -> Iterator[Question]:
    say = asking.tongue.say
    yield Question("name", Kind.LINE, say("Name"), say("a name"))
    yield Question("email", Kind.EMAIL, say("E-mail address"), say("an e-mail address"))
    yield Question("phone", Kind.LINE, say("Telephone number"), say("a telephone number"), required=False)
    words = say("In which language first?")
    yield Question("language", Kind.ONE, words, say("a language"), "", LANGUAGES, required=False)


def _added(asking: Asking, form: Form) -> Iterator[Question]:
    say, floor = asking.tongue.say, asking.floor
    outside = frozenset(asking.agencies) - floor.parties.agencies
    yield _agency(asking, "agency_code", say("Which agency takes part from now on?"), outside)
    yield _yes_no(asking, "must_respond", say("Must it respond?"))
    titles = [(r, asking.tongue.of(t)) for r, t in floor.edition.roles.items() if t.of in ("agency", "other agency")]
    yield Question("seat", Kind.ONE, say("Who of it takes part? Their role"), say("a role"), "", titles)
    yield from _person(asking)


_QUESTIONS = {
    "resolved": _accepted,
    "response_submitted": _responded,
    "not_resolved": _not_resolved,
    "meeting_arranged": _arranged,
    "meeting_held": _held,
    "minutes_recorded": _minutes,
    "review_requested": _requested,
    "review_decided": _decided,
    "review_completed": _completed,
    "report_accepted": _report,
    "report_presented": _report,
    "learning_disseminated": _learning,
    "role_changed": _passed_on,
    "agency_added": _added,
    "withdrawn": _withdrawn,
    "immediate_action_confirmed": _confirmed,
}
_FOLLOWS = {"meeting_held": _held_and_settled, "review_decided": _reviewers}
"""Questions that stand on a page of their own, since an earlier answer decides on them."""


ASKED_ELSEWHERE = ("corrected", "calendar_changed")
"""What a Business Unit says on pages of its own."""


def moves(said: Sayable) -> bool:
    """Whether it is what the stage waits for, and not what may be said at any time."""
    return said.row.stage != ANY_TIME
