"""Everybody who may hold a token, a case of theirs and a foreign one: what the walks over both doors are made of.

What may be seen and done is asked of `protocols/access.py` with facts written down here, not read from the records.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import Engine

from protocols.access import BUSINESS_UNIT, OF_AN_AGENCY, OPERATOR, Affair, Held, Part, may_speak_as, sees
from protocols.editions import read_editions
from protocols.roles import Agency, Role
from protocols.steps import Notice
from records.intake import Subject
from records.tokens import Bound, make_token
from starter.use_cases import utc_now
from tests import ctm, people
from tests.records.making import a_notice, a_person, a_step, an_entry, keep, write
from workflows.registry import ACCESS

GWENT, CTM = "gwent", ctm.PROTOCOL
BOTH = (GWENT, CTM)
SECRET = "Cyfrinach"
"""Stands in every name and every text of the cases."""


class Place(NamedTuple):
    """A case, and what of it decides who may see it.

    Attributes:
        file: a case file that raises another of the same agencies.
        marks: words that stand in one place of the case only, each with the parts of which any opens it.
    """

    affair: Affair
    file: Mapping[str, Any]
    marks: Mapping[str, frozenset[Part]] = {}

    @property
    def reference(self) -> str:
        return self.affair.reference

    @property
    def board(self) -> str:
        return self.affair.board

    @property
    def raising(self) -> str:
        return next(agency.code for agency in self.affair.agencies if agency.raising)

    @property
    def manager(self) -> Role:
        """The manager at work of the agency that raised it."""
        return Role(role=MANAGER[self.board], agency=self.raising)

    @property
    def immediate(self) -> str:
        """Its immediate action."""
        return f"{self.reference}-immediate-1"


class Someone(NamedTuple):
    """Whoever shows a token."""

    role: Role
    bound: Bound

    @property
    def held(self) -> tuple[Held, ...]:
        return self.bound.asker.bound

    @property
    def board(self) -> str:
        return self.bound.board or GWENT

    def __str__(self) -> str:
        return f"{self.role} of {self.bound.board or 'no board'}"

    def sees(self, place: Place) -> frozenset[Part]:
        return sees(self.held, place.affair, ACCESS[place.board])

    def may_speak_as(self, role: Role, place: Place) -> bool:
        return may_speak_as(role, self.held, place.affair, ACCESS[place.board])

    def token(self, engine: Engine) -> str:
        """A new one that counts."""
        return make_token(engine, self.bound, utc_now(), utc_now() + timedelta(days=1)).secret


class Verdict(StrEnum):
    """What became of an attempt."""

    HIDDEN = "answered as if there were no such case"
    REFUSED = "refused"
    DONE = "done"


OWN = {GWENT: ("Newport", "ABUHB", "NEWPORT"), CTM: ("Rhondda Cynon Taf", "CTMUHB", "RCT")}
FOREIGN = {GWENT: ("Torfaen", "EDU", "TORFAEN"), CTM: ("Bridgend", "EDU", "BRIDGEND")}
MANAGER = {GWENT: "line_manager", CTM: "manager"}
AT_WORK = {
    GWENT: (("practitioner", "line_manager"), ("practitioner", "line_manager")),
    CTM: (("professional", "manager"), ("counterpart_manager",)),
}
"""Of the agency that raised a case, and of the other."""
REACHED = {
    GWENT: ("practitioners", "line_managers", "team_manager", "meeting"),
    CTM: ("single_agency", "response", "agreement"),
}
"""Far enough for some and not for others."""


def everybody() -> list[Someone]:
    """Each role of both protocols, those of an agency on either side; an operator, and one of a board; and no role."""
    return [*_of_the_protocols(), *_operators(), Someone(Role(role="none"), Bound("none", ()))]


def _of_the_protocols() -> Iterator[Someone]:
    for board, edition in read_editions().items():
        authority, *sides = OWN[board]
        for role in edition.roles:
            if role in OF_AN_AGENCY:
                for code in sides:
                    yield Someone(Role(role=role, agency=code), Bound(role, (role,), agency=code, board=board))
            else:
                limit = "" if role == BUSINESS_UNIT else authority
                agency = sides[1] if role == "independent_member" else ""
                yield Someone(Role(role=role), Bound(role, (role,), agency=agency, board=board, authority=limit))


def _operators() -> Iterator[Someone]:
    for board in ("", *BOTH):
        yield Someone(Role(role=OPERATOR), Bound(OPERATOR, (OPERATOR,), board=board))


class Ground:
    """Records with a directory of both boards, and of each two cases.

    Args:
        engine: the records.
    """

    def __init__(self, engine: Engine) -> None:
        people.load_directory(engine)
        ctm.load_directory(engine)
        self.engine = engine
        self.own = {board: self._place(board, *OWN[board]) for board in BOTH}
        self.foreign = {board: self._place(board, *FOREIGN[board]) for board in BOTH}

    @property
    def places(self) -> list[Place]:
        return [*self.own.values(), *self.foreign.values()]

    def both(self, someone: Someone) -> tuple[Place, Place]:
        """Their own case and a foreign one: whoever acts for a whole board has none of that board."""
        board = someone.board
        whole = someone.role.role in (BUSINESS_UNIT, OPERATOR)
        foreign = self.own[next(other for other in BOTH if other != board)] if whole else self.foreign[board]
        return self.own[board], foreign

    def _place(self, board: str, authority: str, raising: str, other: str) -> Place:
        agencies = (Agency(code=raising, raising=True), Agency(code=other, must_respond=True))
        mark = f"{SECRET}{'Own' if OWN[board][0] == authority else 'Foreign'}{board[:3]}"
        sides = zip(AT_WORK[board], (raising, other), strict=True)
        seats = [(role, code) for roles, code in sides for role in roles]
        named = [a_person(role, code, name=f"{mark}Named{role}{code}") for role, code in seats]
        reference = keep(
            self.engine,
            edition=read_editions()[board],
            authority=authority,
            agencies=agencies,
            stage=REACHED[board][0],
            fingerprint=f"{board} {authority}",
            subject=Subject(name=f"{mark}Person", address=f"1 {mark}Home"),
            people=tuple(named),
            texts={"issue": {"text": f"{mark}Issue"}},
        )
        marks = {person.name: frozenset({Part.NAMES}) for person in named}
        marks |= {f"{mark}Person": frozenset({Part.PERSON}), f"{mark}Home": frozenset({Part.PERSON})}
        marks |= {f"{mark}Issue": frozenset({Part.CONCERN})}
        manager = Role(role=MANAGER[board], agency=raising)
        marks[f"{mark}Named{manager.role}{raising}"] |= {Part.WHO_RAISED_IT}
        notices = tuple(_notices(board, other, manager))
        entries = [an_entry(stage=stage) for stage in REACHED[board]]
        said = an_entry("not_resolved", by=manager, stage=REACHED[board][0], code="accepted", signal_id="s")
        write(self.engine, a_step(reference, stage=REACHED[board][-1], entries=[said, *entries], notices=notices))
        alarm = a_notice("immediate-action", to=Role(role="duty_team"))
        danger = an_entry("immediate-action", by=manager, stage=REACHED[board][0])
        write(self.engine, a_step(f"{reference}-immediate-1", entries=[danger], notices=[alarm]))
        notices = (*notices, alarm)
        affair = Affair(
            reference,
            board,
            authority,
            "children",
            agencies,
            reached=frozenset(REACHED[board]),
            notices=frozenset((notice.notice, notice.to) for notice in notices),
        )
        return Place(affair, _file(board, raising), marks)


def _notices(board: str, other: str, manager: Role) -> Iterator[Notice]:
    informed = ["team_manager", "local_network"] if board == GWENT else ["business_unit", "board"]
    for role in informed:
        yield a_notice("informed", to=Role(role=role))
    yield a_notice("informed", to=Role(role="safeguarding_lead", agency=other))
    yield a_notice("action-required", to=manager, stage=REACHED[board][0])


def _file(board: str, raising: str) -> Mapping[str, Any]:
    """A case file of this agency."""
    now = utc_now().replace(microsecond=0)
    file = people.case_file(now) if board == GWENT else ctm.case_file(now)
    written: Mapping[str, Any] = json.loads(json.dumps(file).replace(OWN[board][1], raising))
    return written
