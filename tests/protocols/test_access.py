"""Who may see what: spec 5 retyped, walked for every role, column, protocol, own and foreign case, before and after."""

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.access import (
    OF_AN_AGENCY,
    OPERATOR,
    Affair,
    Held,
    Part,
    Proof,
    ReportOf,
    entered_by,
    may_answer,
    may_raise,
    may_speak_as,
    reports,
    sees,
    shown,
)
from protocols.editions import read_editions
from protocols.roles import Agency, Role
from protocols.steps import ReviewRow
from workflows.registry import ACCESS

GWENT, CTM = "gwent", "cwm-taf-morgannwg"

TABLE = """
| who, of which agency, from when          | request               | person | concern | own | others    | meetings | report | names         | timeline    |
|------------------------------------------|-----------------------|--------|---------|-----|-----------|----------|--------|---------------|-------------|
| practitioner, raising                    | ●                     | ●      | ●       | –   | agreement | invited  | –      | ●             | ●           |
| professional, raising                    | ●                     | ●      | ●       | –   | agreement | invited  | –      | ●             | ●           |
| line_manager, raising                    | ●                     | ●      | ●       | –   | agreement | invited  | –      | ●             | ●           |
| manager, raising                         | ●                     | ●      | ●       | –   | agreement | invited  | –      | ●             | ●           |
| practitioner, other, addressed           | ●                     | ●      | ●       | ●   | –         | invited  | –      | ●             | ●           |
| line_manager, other, addressed           | ●                     | ●      | ●       | ●   | –         | invited  | –      | ●             | ●           |
| counterpart_manager, other, addressed    | ●                     | ●      | ●       | ●   | –         | invited  | –      | ●             | ●           |
| safeguarding_lead, raising               | ●                     | ●      | ●       | ●   | agreement | ●        | ●      | ●             | ●           |
| safeguarding_lead, other                 | ●                     | ●      | ●       | ●   | agreement | ●        | ●      | ●             | ●           |
| representative, raising                  | ●                     | ●      | ●       | ●   | agreement | ●        | ●      | ●             | ●           |
| representative, other                    | ●                     | ●      | ●       | ●   | agreement | ●        | ●      | ●             | ●           |
| team_manager, none, told                 | ●                     | ●      | ●       | ●   | ●         | ●        | ●      | ●             | ●           |
| service_manager, none, told              | ●                     | ●      | ●       | ●   | ●         | ●        | ●      | ●             | ●           |
| head_of_service, none, told              | ●                     | ●      | ●       | ●   | ●         | ●        | ●      | ●             | ●           |
| chair, none, meeting                     | ●                     | ●      | ●       | ●   | ●         | ●        | –      | ●             | ●           |
| reviewer, third, decided                 | ●                     | ●      | ●       | ●   | ●         | ●        | ●      | ●             | ●           |
| review_group, none, decided              | ●                     | ●      | ●       | ●   | ●         | ●        | ●      | ●             | ●           |
| representative, third, decided           | ●                     | ●      | ●       | ●   | ●         | ●        | ●      | ●             | ●           |
| independent_member, none, decided        | ●                     | ●      | ●       | ●   | ●         | ●        | ●      | ●             | ●           |
| business_unit, none, takes part          | ●                     | ●      | ●       | ●   | ●         | ●        | ●      | ●             | ●           |
| business_unit, none, not yet             | without text          | –      | –       | –   | –         | –        | –      | roles only    | stages only |
| qa_chair, none, qa                       | ●                     | ●      | ●       | ●   | ●         | ●        | ●      | ●             | ●           |
| co_chair, none, co_chair                 | ●                     | ●      | ●       | ●   | ●         | ●        | ●      | ●             | ●           |
| board, none, told                        | their notice          | –      | –       | –   | –         | –        | –      | –             | –           |
| local_network, none, told                | their notice          | –      | –       | –   | –         | –        | –      | –             | –           |
| duty_team, none, alerted                 | immediate action      | ●      | –       | –   | –         | –        | –      | who raised it | –           |
| operator, none                           | without text or names | –      | –       | –   | –         | –        | –      | –             | stages only |
"""  # noqa: E501  a table is read across

STAGES = {
    GWENT: "practitioners line_managers team_manager meeting review_request decision review report feedback",
    CTM: "single_agency response agreement qa co_chair review board learning",
}
FROM = {
    GWENT: {"meeting": "meeting", "takes part": "review_request"},
    CTM: {"agreement": "agreement", "takes part": "response", "qa": "qa", "co_chair": "co_chair"},
}
"""Where each threshold lies; a protocol in which one is not named has no such moment."""

WORDS = {
    "without text": Part.WITHOUT_TEXT,
    "without text or names": Part.WITHOUT_TEXT_OR_NAMES,
    "their notice": Part.OWN_NOTICE,
    "immediate action": Part.IMMEDIATE_ACTION,
    "roles only": Part.ROLES_ONLY,
    "who raised it": Part.WHO_RAISED_IT,
    "stages only": Part.STAGES_ONLY,
}
COLUMNS = list(Part)[:9]
PLACES = {GWENT: "Newport", CTM: "Bridgend"}
CODES = {"raising": "HEALTH", "other": "COUNCIL", "third": "POLICE", "none": ""}
AGENCIES = (Agency(code="HEALTH", raising=True), Agency(code="COUNCIL", must_respond=True))
MEMBERS_AGENCY = "PROBATION"


class Line(NamedTuple):
    """A row of the table."""

    role: str
    side: str
    since: str
    cells: dict[Part, str]


def lines() -> Iterator[Line]:
    for text in TABLE.strip().splitlines()[2:]:
        who, *cells = (cell.strip() for cell in text.strip("|").split("|"))
        role, side, since = (*who.split(", "), "")[:3]
        yield Line(role, side, since, dict(zip(COLUMNS, cells, strict=True)))


LINES = list(lines())


class Moment(NamedTuple):
    """How far a case has come: the last stage that it reached in the text's order, and what happened to the role."""

    stage: str
    told: bool = False
    invited: bool = False
    alerted: bool = False
    decided: bool = False


def moments(board: str) -> Iterator[Moment]:
    for stage in STAGES[board].split():
        yield from (Moment(stage, *happened) for happened in product((False, True), repeat=4))


def role_of(line: Line) -> Role:
    if line.role == "independent_member":
        return Role(role=line.role, agency=MEMBERS_AGENCY)
    return Role(role=line.role, agency=CODES[line.side])


def review_by(role: Role) -> ReviewRow:
    """The review that makes a role see the case; one by another agency for everybody else."""
    reviewer = {"reviewer": "POLICE", "representative": "POLICE", "review_group": "review_group"}.get(role.role, "FIRE")
    findings = {"panel_member_agency": MEMBERS_AGENCY} if reviewer != "review_group" else {}
    return ReviewRow(number=1, reviewer=reviewer, findings=findings)


def affair(board: str, role: Role, moment: Moment) -> Affair:
    """A case that has come so far; an agency is told through its safeguarding lead."""
    told = Role(role="safeguarding_lead", agency=role.agency) if role.role in OF_AN_AGENCY else role
    notices = {"informed": (moment.told, told), "meeting-invitation": (moment.invited, role)}
    notices |= {"immediate-action": (moment.alerted, role), "not-accepted": (True, role)}
    notices |= {"opened": (True, Role(role="somebody_else"))}
    stages = STAGES[board].split()
    return Affair(
        "CASE-1",
        board,
        PLACES[board],
        "children",
        AGENCIES,
        reached=frozenset(stages[: stages.index(moment.stage) + 1]),
        notices=frozenset((kind, to) for kind, (sent, to) in notices.items() if sent),
        reviews=(review_by(role),) if moment.decided else (ReviewRow(number=1),),
    )


def has_come(board: str, word: str, moment: Moment) -> bool:
    """Whether the moment that a word of the table names has come."""
    if word in ("told", "addressed"):
        return moment.told or moment.invited
    if word in ("invited", "alerted", "decided"):
        return bool(getattr(moment, word))
    stages, first = STAGES[board].split(), FROM[board].get(word)
    return first is not None and stages.index(moment.stage) >= stages.index(first)


def listed_in_the_table(board: str, line: Line, moment: Moment) -> set[Part]:
    """What the table says; a cell holds a dot, a weaker form, or the moment from which it is seen."""
    begun = (
        not has_come(board, "takes part", moment) if line.since == "not yet" else has_come(board, line.since, moment)
    )
    if line.since and not begun:
        return set()
    seen = {column for column, cell in line.cells.items() if cell == "●"}
    seen |= {WORDS[cell] for cell in line.cells.values() if cell in WORDS}
    return seen | {
        column
        for column, cell in line.cells.items()
        if cell in ("agreement", "invited") and has_come(board, cell, moment)
    }


def own(board: str, role: Role) -> list[Held]:
    """The ways in which the case may be one's own: named for it, or listed for its board, authority and group."""
    listed = Held(role, board=board, authority=PLACES[board], group="children")
    return [Held(role, case="CASE-1"), listed, listed._replace(group=""), Held(role, board=board)]


def foreign(board: str, role: Role) -> list[Held]:
    """The ways in which it may be foreign."""
    stranger = [Held(Role(role=role.role, agency="STRANGER"), board=board)] if role.role in OF_AN_AGENCY else []
    return [
        Held(role, case="CASE-2"),
        Held(role, board=CTM if board == GWENT else GWENT),
        Held(role, board=board, authority="Elsewhere"),
        Held(role, board=board, authority=PLACES[board], group="adults"),
        *stranger,
    ]


WALK = [
    (board, line)
    for board, edition in read_editions().items()
    for line in LINES
    if line.role in edition.roles or line.role == OPERATOR
]


@pytest.mark.parametrize(("board", "line"), WALK, ids=[f"{b}-{x.role}-{x.side}-{x.since}" for b, x in WALK])
def test_each_role_sees_what_the_table_says_and_nothing_of_a_foreign_case(board: str, line: Line) -> None:
    """Column by column, at every stage, before and after all that may open a case to somebody."""
    role, access = role_of(line), ACCESS[board]
    both = [other for other in LINES if (other.role, other.side) == (line.role, line.side)]
    for moment in moments(board):
        case = affair(board, role, moment)
        expected = {part for other in both for part in listed_in_the_table(board, other, moment)}
        for held in own(board, role):
            assert expected == sees([held], case, access), (moment, held)
        for held in foreign(board, role):
            assert frozenset() == sees([held], case, access), (moment, held)


@pytest.mark.parametrize("board", [GWENT, CTM])
def test_every_role_of_a_protocol_stands_in_the_table(board: str) -> None:
    """And the roles of an agency are those of its edition."""
    edition = read_editions()[board]
    assert set() == set(edition.roles) - {line.role for line in LINES}
    assert edition.agency_roles() == OF_AN_AGENCY & set(edition.roles)


def test_what_is_not_listed_is_denied() -> None:
    """A role that nobody knows, a side that the table does not give a role, a role of an agency without one."""
    case = affair(CTM, Role(role="manager", agency="HEALTH"), Moment("learning", told=True, invited=True, decided=True))
    for role in (
        Role(role="journalist"),
        Role(role="counterpart_manager"),
        Role(role="safeguarding_lead"),
        Role(role="representative", agency="PROBATION"),
        Role(role="independent_member", agency="COUNCIL"),
    ):
        assert frozenset() == sees([Held(role)], case, ACCESS[CTM]), role


# --- moments that the walk does not pass


def seen_by(role: Role, case: Affair) -> frozenset[Part]:
    return sees([Held(role, board=case.board)], case, ACCESS[case.board])


UNIT = Role(role="business_unit")


@pytest.mark.parametrize(
    ("board", "reached", "parts"),
    [
        (CTM, "single_agency ended", 3),
        (CTM, "single_agency response qa", 9),
        (CTM, "co_chair", 9),
        (GWENT, "practitioners line_managers team_manager meeting ended", 3),
    ],
)
def test_a_stage_passed_over_counts_and_the_end_does_not(board: str, reached: str, parts: int) -> None:
    """A case that went to QA past agreement, or began at stage 3, has come that far; one that ended before has not."""
    case = affair(board, UNIT, Moment(STAGES[board].split()[0]))._replace(reached=frozenset(reached.split()))
    assert parts == len(seen_by(UNIT, case))


def test_a_response_that_came_late_is_seen_from_qa_on() -> None:
    """From agreement on, for the raising side, means at QA too, though the case never stood in agreement."""
    lead = Role(role="manager", agency="HEALTH")
    case = affair(CTM, lead, Moment("single_agency"))._replace(reached=frozenset({"single_agency", "response", "qa"}))
    assert Part.OTHERS_RESPONSES in seen_by(lead, case)


def test_an_agency_is_addressed_once_any_of_its_roles_is_told() -> None:
    """Neither an emergency call nor a refusal addresses it."""
    manager, lead = Role(role="line_manager", agency="COUNCIL"), Role(role="safeguarding_lead", agency="COUNCIL")
    case = affair(GWENT, manager, Moment("practitioners"))
    for kind, parts in (("immediate-action", 0), ("not-accepted", 0), ("informed", 6)):
        assert parts == len(seen_by(manager, case._replace(notices=frozenset({(kind, lead)}))))


def test_whoever_attended_a_meeting_sees_its_papers() -> None:
    """Invited or not; any other notice does not open them."""
    role = Role(role="practitioner", agency="HEALTH")
    case = affair(GWENT, role, Moment("meeting"))._replace(notices=frozenset({("informed", role)}))
    assert Part.MEETINGS not in seen_by(role, case)
    assert Part.MEETINGS in seen_by(role, case._replace(attended=frozenset({role})))


def test_the_independent_member_is_of_the_agency_that_the_decision_names() -> None:
    """One named for the case, or listed, without an agency is taken as that one; of the review group there is none."""
    named, other = Role(role="independent_member"), Role(role="independent_member", agency="FIRE")
    case = affair(CTM, Role(role="representative"), Moment("review", decided=True))
    assert (9, 0) == (len(seen_by(named, case)), len(seen_by(other, case)))
    group = case._replace(reviews=(ReviewRow(number=1, reviewer="review_group"),))
    assert 0 == len(seen_by(named, group))


@pytest.mark.parametrize("line", [line for line in LINES if line.role != OPERATOR], ids=lambda line: line.role)
def test_where_a_case_names_another_holder_only_leads_and_representatives_still_see_it(line: Line) -> None:
    """All cases of their agency are theirs to oversee; and they no longer speak for it there."""
    board = next(board for board, edition in read_editions().items() if line.role in edition.roles)
    role, stages = role_of(line), STAGES[board].split()
    case = affair(board, role, Moment(stages[-1], told=True, invited=True, alerted=True, decided=True))
    replaced = [Held(role, board=board, replaced=True)]
    oversees = line.role in {"safeguarding_lead", "representative"} and line.side != "third"
    assert oversees == bool(sees(replaced, case, ACCESS[board]))
    assert not may_speak_as(role, replaced, case, ACCESS[board])


def test_of_two_roles_the_whole_leaves_out_its_weaker_form() -> None:
    """A Business Unit that is a safeguarding lead too sees the names, and is not shown the roles beside them."""
    lead = Role(role="safeguarding_lead", agency="COUNCIL")
    case = affair(GWENT, lead, Moment("practitioners"))
    both = [Held(UNIT, board=GWENT), Held(lead, board=GWENT)]
    assert seen_by(lead, case) == sees(both, case, ACCESS[GWENT])


# --- nobody outside the case

CODE = st.sampled_from(["", "HEALTH", "COUNCIL", "POLICE"])
ROLES = st.builds(Role, role=st.sampled_from(sorted({line.role for line in LINES} - {OPERATOR})), agency=CODE)
ANYBODY = st.builds(
    Held,
    role=ROLES,
    case=st.sampled_from(["", "CASE-1", "CASE-2"]),
    board=st.sampled_from(["", GWENT, CTM]),
    authority=st.sampled_from(["", *PLACES.values(), "Elsewhere"]),
    group=st.sampled_from(["", "children", "adults"]),
    replaced=st.booleans(),
)


@st.composite
def affairs(draw: st.DrawFn) -> Affair:
    board = draw(st.sampled_from([GWENT, CTM]))
    return Affair(
        "CASE-1",
        board,
        PLACES[board],
        "children",
        AGENCIES,
        reached=draw(st.frozensets(st.sampled_from([*STAGES[board].split(), "ended"]), min_size=1)),
        notices=draw(st.frozensets(st.tuples(st.sampled_from(["informed", "immediate-action"]), ROLES))),
        attended=draw(st.frozensets(ROLES)),
        reviews=draw(st.lists(ROLES.map(review_by), max_size=2).map(tuple)),
    )


@given(st.lists(ANYBODY), affairs())
def test_nobody_outside_a_case_sees_anything_of_it(held: list[Held], case: Affair) -> None:
    """Whatever roles they hold elsewhere, whatever happened in the case; and they speak for nobody in it."""
    here = (case.reference, case.board, case.authority, case.group)
    inside = {"HEALTH", "COUNCIL", *(review.reviewer for review in case.reviews)}
    outside = [
        one
        for one in held
        if any(limit not in ("", mine) for limit, mine in zip(one[1:5], here, strict=True))
        or (one.role.role in OF_AN_AGENCY and one.role.agency not in inside)
    ]
    assert frozenset() == sees(outside, case, ACCESS[case.board])
    assert not any(may_speak_as(one.role, outside, case, ACCESS[case.board]) for one in outside)


# --- speaking


def test_only_the_holder_or_the_business_unit_on_behalf_speaks_in_a_role_s_name() -> None:
    """Both are kept: who entered it stands beside the role."""
    role, other = Role(role="practitioner", agency="COUNCIL"), Role(role="practitioner", agency="HEALTH")
    case = affair(GWENT, role, Moment("practitioners", told=True))
    for held, speaks, entered in (
        (Held(role, case="CASE-1"), True, ""),
        (Held(UNIT, board=GWENT), True, "business_unit"),
        (Held(other, case="CASE-1"), False, ""),
        (Held(role, case="CASE-2"), False, ""),
        (Held(UNIT, board=CTM), False, ""),
        (Held(Role(role=OPERATOR)), False, ""),
    ):
        assert speaks == may_speak_as(role, [held], case, ACCESS[GWENT]), held
        assert not speaks or entered == entered_by(role, [held], case)


def test_nobody_speaks_in_a_case_that_they_may_not_see_yet() -> None:
    """A Co-Chair holds the role all along, and the case is none of theirs before their stage."""
    role = Role(role="co_chair")
    for stage, speaks in (("qa", False), ("co_chair", True)):
        assert speaks == may_speak_as(role, [Held(role, board=CTM)], affair(CTM, role, Moment(stage)), ACCESS[CTM])


# --- the monitoring report, and proof


@pytest.mark.clause("ctm M")
def test_m_the_report_is_the_boards_and_each_leads_own() -> None:
    """Business Unit, QA Chair and Board for their board, a safeguarding lead for their agency, nobody else."""
    lead = ReportOf(CTM, "HEALTH")
    expected = {"business_unit": ReportOf(CTM), "qa_chair": ReportOf(CTM), "board": ReportOf(CTM)}
    for line in LINES:
        held = Held(role_of(line), board=CTM)
        mine = lead if line[:2] == ("safeguarding_lead", "raising") else expected.get(line.role)
        if line.role != "safeguarding_lead" or line.side == "raising":
            assert ({mine} if mine else set()) == reports([held]), line.role
        assert frozenset() == reports([held._replace(board="", case="CASE-1")])


def test_the_link_shows_the_request_and_nothing_else() -> None:
    """The one-time code answers it; names, statements and papers are for whoever is signed in."""
    everything = frozenset(COLUMNS)
    assert {Part.REQUEST} == shown(everything, Proof.LINK) == shown(everything, Proof.CODE)
    assert {Part.REQUEST} == shown(everything, Proof.LINK, code_reads=True)
    assert everything == shown(everything, Proof.SIGNED_IN) == shown(everything, Proof.CODE, code_reads=True)
    assert [False, True, True] == [may_answer(proof) for proof in Proof]


def test_the_duty_team_reads_who_it_is_about_with_a_code() -> None:
    """At night nobody signs in; the link alone still names nobody."""
    alert = frozenset({Part.IMMEDIATE_ACTION, Part.PERSON, Part.WHO_RAISED_IT})
    assert {Part.IMMEDIATE_ACTION} == shown(alert, Proof.LINK)
    assert alert == shown(alert, Proof.CODE)


def test_who_may_raise_a_case() -> None:
    """Whoever holds the role that raises it, within their limits, and the Business Unit of the board."""
    raiser, lead, unit = (
        Role(role=r, agency=a)
        for r, a in (("practitioner", "ABUHB"), ("safeguarding_lead", "ABUHB"), ("business_unit", ""))
    )
    rows = [
        (Held(raiser), True),
        (Held(raiser, board="gwent", authority="Newport", group="children"), True),
        (Held(raiser, authority="Torfaen"), False),
        (Held(raiser, group="adults"), False),
        (Held(raiser, case="GWENT-2026-0001"), False),
        (Held(Role(role="practitioner", agency="EDU")), False),
        (Held(lead), False),
        (Held(Role(role=OPERATOR)), False),
        (Held(unit, board="gwent"), True),
        (Held(unit, board="another"), False),
    ]
    assert [may for _, may in rows] == [may_raise(raiser, [one], "gwent", "Newport", "children") for one, _ in rows]


def test_whoever_proved_the_address_of_the_raiser_raises_a_case_themself() -> None:
    """Practitioners stand in no directory; without that proof nobody does who holds nothing."""
    raiser = Role(role="practitioner", agency="ABUHB")
    themself, anybody = (may_raise(raiser, [], "gwent", "Newport", "children", themself=one) for one in (True, False))
    assert (True, False) == (themself, anybody)
