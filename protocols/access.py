"""Who may see what of a case, and in whose name somebody may speak: spec 5 as one table in one place.

Pages, web hook and script ask here; what is not listed is denied. Whoever sees nothing of a case is answered as if
there were none. What a role may say is another table (`protocols/says.py`), which the case itself judges by.
"""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

from protocols.roles import Agency, Role
from protocols.steps import ReviewRow

OPERATOR, BUSINESS_UNIT, INDEPENDENT_MEMBER = "operator", "business_unit", "independent_member"

ALARM, INVITATIONS = "immediate-action", ("meeting-invitation", "meeting-moved")
"""Kinds of notice."""


class Part(StrEnum):
    """What there is to see: the columns of the table, then their weaker forms."""

    REQUEST = "request"
    PERSON = "person"
    CONCERN = "concern"
    OWN_RESPONSE = "own response"
    OTHERS_RESPONSES = "others' responses"
    MEETINGS = "meetings"
    REPORT = "report"
    NAMES = "names"
    TIMELINE = "timeline"

    WITHOUT_TEXT = "request without text"
    WITHOUT_TEXT_OR_NAMES = "request without text or names"
    OWN_NOTICE = "their notice"
    IMMEDIATE_ACTION = "immediate action"
    ROLES_ONLY = "roles only"
    WHO_RAISED_IT = "who raised it"
    STAGES_ONLY = "stages only"


class Whose(StrEnum):
    """In which of the cases that a role reaches (`Held.reaches`) a row counts."""

    RAISING = "raised by their agency"
    OTHERS = "raised by another agency against theirs"
    AGENCY = "all cases of their agency, whoever holds the role in one of them"
    REACHED = "all that the role reaches"


class Since(StrEnum):
    """From when on a row counts; the last five are stages, which each protocol names (`Access.stages`)."""

    BEGINNING = "the beginning"
    ADDRESSED = "the first notice to their agency"
    TOLD = "the first notice to the role"
    ALERTED = "the first immediate action that the role is told of"
    INVITED = "the first meeting that the role is invited to, or attends"
    DECISION = "the decision that makes the role review the case"
    AGREEMENT = "agreement on the responses"
    MEETING = "the meeting"
    BUSINESS_UNIT = "the stage that the Business Unit takes part from"
    QA = "the QA Sub Group"
    CO_CHAIR = "the Co-Chair's decision"


class Sees(NamedTuple):
    """One row: these roles, in whose cases, from when on, see what."""

    roles: tuple[str, ...]
    whose: Whose
    since: Since
    what: frozenset[Part]


# --- The table

IN_FULL: Mapping[Part, Part] = {
    Part.WITHOUT_TEXT: Part.REQUEST,
    Part.WITHOUT_TEXT_OR_NAMES: Part.REQUEST,
    Part.OWN_NOTICE: Part.REQUEST,
    Part.ROLES_ONLY: Part.NAMES,
    Part.WHO_RAISED_IT: Part.NAMES,
    Part.STAGES_ONLY: Part.TIMELINE,
}
"""What each weaker form is a part of."""

FIRST_COLUMN = frozenset({Part.REQUEST, Part.IMMEDIATE_ACTION} | {p for p in IN_FULL if IN_FULL[p] is Part.REQUEST})
"""What the link in a mail shows."""

THE_CASE = frozenset({Part.REQUEST, Part.PERSON, Part.CONCERN, Part.NAMES, Part.TIMELINE})
EVERYTHING = THE_CASE | {Part.OWN_RESPONSE, Part.OTHERS_RESPONSES, Part.MEETINGS, Part.REPORT}
UNNAMED = frozenset({Part.WITHOUT_TEXT, Part.ROLES_ONLY, Part.STAGES_ONLY})
ALERT = frozenset({Part.IMMEDIATE_ACTION, Part.PERSON, Part.WHO_RAISED_IT})

AT_WORK = ("practitioner", "professional", "line_manager", "manager", "counterpart_manager")
LEADS = ("safeguarding_lead", "representative")
OF_THE_AUTHORITY = ("team_manager", "service_manager", "head_of_service")
REVIEWERS = ("reviewer", "review_group", "representative", INDEPENDENT_MEMBER)
OF_AN_AGENCY = frozenset({*AT_WORK, *LEADS, "reviewer"})
"""The roles that agencies hold for themselves; all others are held once in a case."""

TABLE = (
    Sees(AT_WORK, Whose.RAISING, Since.BEGINNING, THE_CASE),
    Sees(AT_WORK, Whose.RAISING, Since.AGREEMENT, frozenset({Part.OTHERS_RESPONSES})),
    Sees(AT_WORK, Whose.RAISING, Since.INVITED, frozenset({Part.MEETINGS})),
    Sees(AT_WORK, Whose.OTHERS, Since.ADDRESSED, THE_CASE | {Part.OWN_RESPONSE}),
    Sees(AT_WORK, Whose.OTHERS, Since.INVITED, frozenset({Part.MEETINGS})),
    Sees(LEADS, Whose.AGENCY, Since.BEGINNING, EVERYTHING - {Part.OTHERS_RESPONSES}),
    Sees(LEADS, Whose.AGENCY, Since.AGREEMENT, frozenset({Part.OTHERS_RESPONSES})),
    Sees(OF_THE_AUTHORITY, Whose.REACHED, Since.TOLD, EVERYTHING),
    Sees(("chair",), Whose.REACHED, Since.MEETING, EVERYTHING - {Part.REPORT}),
    Sees(REVIEWERS, Whose.REACHED, Since.DECISION, EVERYTHING),
    Sees((BUSINESS_UNIT,), Whose.REACHED, Since.BUSINESS_UNIT, EVERYTHING),
    Sees((BUSINESS_UNIT,), Whose.REACHED, Since.BEGINNING, UNNAMED),
    Sees(("qa_chair",), Whose.REACHED, Since.QA, EVERYTHING),
    Sees(("co_chair",), Whose.REACHED, Since.CO_CHAIR, EVERYTHING),
    Sees(("board", "local_network"), Whose.REACHED, Since.TOLD, frozenset({Part.OWN_NOTICE})),
    Sees(("duty_team",), Whose.REACHED, Since.ALERTED, ALERT),
    Sees((OPERATOR,), Whose.REACHED, Since.BEGINNING, frozenset({Part.WITHOUT_TEXT_OR_NAMES, Part.STAGES_ONLY})),
)
"""Spec 5, row by row."""

REPORT_OF_THE_BOARD = (BUSINESS_UNIT, "qa_chair", "board")
REPORT_OF_THE_AGENCY = ("safeguarding_lead",)


# --- What it is asked with


class Access(NamedTuple):
    """What differs from protocol to protocol.

    Attributes:
        stages: for each threshold the stages from which on it is passed; one that is not named never is.
        reviewers: whom a review makes see the case: nobody before the decision on it.
    """

    stages: Mapping[Since, frozenset[str]]
    reviewers: Callable[[ReviewRow], frozenset[Role]]


def stages_from(first: StrEnum) -> frozenset[str]:
    """A stage and all that follow it in the protocol's text; that a case has ended says nothing of how far it came."""
    stages = list(type(first))
    return frozenset(stages[stages.index(first) :]) - {"ended"}


class Held(NamedTuple):
    """A role that somebody holds, and how far it reaches; where a limit is empty, it reaches everywhere.

    Attributes:
        role: with the agency where it is one of an agency.
        case: the reference of the one case that names them for it.
        board, authority, group: whose cases; a board goes by the name of its protocol.
        replaced: the case at hand names somebody else for this role.
        person: who that is, as a reference without a name; deputy: whether as the holder's deputy.
    """

    role: Role
    case: str = ""
    board: str = ""
    authority: str = ""
    group: str = ""
    replaced: bool = False
    person: str = ""
    deputy: bool = False

    def reaches(self, case: "Affair") -> bool:
        """Whether the case lies within these limits."""
        return (
            self.case in ("", case.reference)
            and self.board in ("", case.board)
            and self.authority in ("", case.authority)
            and self.group in ("", case.group)
        )


class Affair(NamedTuple):
    """What of a case decides who may see it.

    Attributes:
        reference, board, authority, group: which case it is.
        agencies: all its agencies.
        reached: the stages that it has stood in.
        notices: which kinds of notice went to which roles.
        attended: the roles that were at a meeting of the case.
        reviews: as they stand in the records.
    """

    reference: str
    board: str
    authority: str
    group: str
    agencies: tuple[Agency, ...]
    reached: frozenset[str] = frozenset()
    notices: frozenset[tuple[str, Role]] = frozenset()
    attended: frozenset[Role] = frozenset()
    reviews: tuple[ReviewRow, ...] = ()

    def was_sent(self, role: Role, *kinds: str) -> bool:
        """Whether a notice of one of these kinds went to a role."""
        return any((kind, role) in self.notices for kind in kinds)

    @property
    def told(self) -> frozenset[Role]:
        """The roles that the process told something: an emergency call or a refusal makes nobody a part of it."""
        return frozenset(role for kind, role in self.notices if kind not in (ALARM, "not-accepted"))


# --- Seeing


def sees(held: Iterable[Held], case: Affair, access: Access) -> frozenset[Part]:
    """What of a case whoever holds these roles may see: nothing, if it is to be answered as if it did not exist.

    A weaker form is left out where the whole is seen.
    """
    seen = {part for one in held for row in TABLE if _grants(row, one, case, access) for part in row.what}
    return frozenset(part for part in seen if IN_FULL.get(part) not in seen)


def _grants(row: Sees, held: Held, case: Affair, access: Access) -> bool:
    return (
        held.role.role in row.roles
        and held.reaches(case)
        and _is_theirs(row.whose, held, case)
        and _has_begun(row.since, held.role, case, access)
    )


def _is_theirs(whose: Whose, held: Held, case: Affair) -> bool:
    raising = [agency.raising for agency in case.agencies if agency.code == held.role.agency]
    match whose:
        case Whose.AGENCY:
            return bool(raising)
        case Whose.RAISING:
            return any(raising) and not held.replaced
        case Whose.OTHERS:
            return bool(raising) and not any(raising) and not held.replaced
        case Whose.REACHED:
            return not held.replaced


def _has_begun(since: Since, role: Role, case: Affair, access: Access) -> bool:
    match since:
        case Since.BEGINNING:
            return True
        case Since.ADDRESSED:
            return any(role.agency == told.agency for told in case.told)
        case Since.TOLD:
            return role in case.told
        case Since.ALERTED:
            return case.was_sent(role, ALARM)
        case Since.INVITED:
            return role in case.attended or case.was_sent(role, *INVITATIONS)
        case Since.DECISION:
            return any(role in access.reviewers(review) for review in case.reviews)
        case _:
            return bool(access.stages.get(since, frozenset()) & case.reached)


# --- Speaking


def holds(role: Role, held: Iterable[Held], case: Affair) -> bool:
    """Whether one of these roles is this one, in this case."""
    return any(one.role == role and one.reaches(case) and not one.replaced for one in held)


def may_speak_as(role: Role, held: Iterable[Held], case: Affair, access: Access) -> bool:
    """Whether they may say something in this role's name: as its holder, or as the Business Unit on its behalf.

    Not in a case of which they may see nothing. Whether the role may say it is for the case to judge.

    Args:
        role: with its agency, where it has one (`Parties.known_as` finds an agency that was not said).
        held: the roles that they hold; the others as for `sees`.
    """
    held = tuple(held)
    return bool(sees(held, case, access)) and any(holds(name, held, case) for name in (role, Role(role=BUSINESS_UNIT)))


def entered_by(role: Role, held: Iterable[Held], case: Affair) -> str:
    """What `entered_by` says where they speak in this role's name: nothing where they hold it themselves."""
    return "" if holds(role, held, case) else BUSINESS_UNIT


def may_raise(
    role: Role, held: Iterable[Held], board: str, authority: str, group: str, *, themself: bool = False
) -> bool:
    """Whether they may raise a case as this role: as its holder, or as the Business Unit on its behalf; or `themself`,
    where the address of whoever raises it is the one that they have proved by signing in."""
    case = Affair("", board, authority, group, ())
    return themself or any(holds(name, [one], case) for one in held for name in (role, Role(role=BUSINESS_UNIT)))


def boards_served(held: Iterable[Held]) -> frozenset[str]:
    """The boards of whose Business Unit somebody is: they load for these and no other; bank holidays for all."""
    return frozenset(one.board for one in held if one.role.role == BUSINESS_UNIT and not one.case) - {""}


# --- The monitoring report


class ReportOf(NamedTuple):
    """Whose use of the protocol a monitoring report counts: a board's, or one agency's under it."""

    board: str
    agency: str = ""


def reports(held: Iterable[Held]) -> frozenset[ReportOf]:
    """The monitoring reports, which name nobody, of whoever holds these roles; in a single case gives none."""
    lasting = [one for one in held if one.board and not one.case]
    whole = {ReportOf(one.board) for one in lasting if one.role.role in REPORT_OF_THE_BOARD}
    own = {ReportOf(one.board, one.role.agency) for one in lasting if one.role.role in REPORT_OF_THE_AGENCY}
    return frozenset(whole | own)


# --- Two strengths of proof


class Proof(StrEnum):
    """How it is known who asks."""

    LINK = "the link in a mail"
    CODE = "a one-time code, mailed to the holder"
    SIGNED_IN = "signed in, or a program's token"


def shown(seen: frozenset[Part], proof: Proof, *, code_reads: bool = False) -> frozenset[Part]:
    """What of the parts that `sees` answers is shown on this proof; `code_reads`: a code is enough for reading too."""
    if proof is Proof.SIGNED_IN or (proof is Proof.CODE and code_reads):
        return seen
    urgent = {Part.PERSON, Part.WHO_RAISED_IT} if proof is Proof.CODE and Part.IMMEDIATE_ACTION in seen else set()
    return seen & (FIRST_COLUMN | urgent)


def may_answer(proof: Proof) -> bool:
    """Whether a request may be answered on this proof: the link alone only shows it."""
    return proof is not Proof.LINK
