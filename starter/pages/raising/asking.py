"""A case that somebody is about to raise: what they have answered, and what the protocol and directory say to it."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from protocols.access import BUSINESS_UNIT, Affair, may_raise
from protocols.coming_in import Faults, Surroundings, read_case_file
from protocols.editions import Edition
from protocols.errors import CaseRefused
from protocols.roles import Role
from records import directory
from records.access import Sight
from records.directory import Agency
from records.drafts import Draft
from records.people import Holder
from starter.pages.forms import Form
from starter.pages.visit import Visit
from workflows.registry import PROTOCOLS

YES, NO, NONE = "yes", "no", "none"
NAMELESS = {"name": "-", "agency": "-", "email": "-@example.invalid"}
"""Stands for a person where only the role is asked about."""


class Asking:
    """What somebody has answered so far, page by page.

    Args:
        visit: theirs.
        draft: what they have begun.
    """

    def __init__(self, visit: Visit, draft: Draft) -> None:
        self.visit, self.draft, self.say = visit, draft, visit.say

    # --- answers

    def form(self, page: str) -> Form:
        """What was typed on a page, as it was typed."""
        typed = self.draft.answers.get(page, {})
        return Form({name: tuple(values) for name, values in typed.items()})

    def said(self, page: str, name: str = "answer") -> str:
        """One answer; empty where there is none."""
        return self.form(page).line(name)

    def yes(self, page: str) -> bool:
        """Whether the answer is yes."""
        return self.said(page) == YES

    # --- the protocol

    @property
    def protocols(self) -> dict[str, Edition]:
        """The editions that a case can be raised under."""
        return {name: one for name, one in self.visit.door.editions.items() if name in PROTOCOLS}

    @cached_property
    def edition(self) -> Edition | None:
        """The edition that it would run under, once the protocol is chosen."""
        return self.protocols.get(self.said("protocol"))

    @property
    def rules(self) -> Edition:
        """The same, where it is known that one is chosen."""
        assert self.edition, "the pages that ask this come after the choice of the protocol"  # noqa: S101
        return self.edition

    @property
    def board(self) -> str:
        """The board, as the records name it."""
        return self.rules.protocol

    @property
    def authority(self) -> str:
        """The local authority, if one of the protocol's was chosen."""
        chosen = self.said("authority")
        return chosen if chosen in self.rules.authorities else ""

    @property
    def here(self) -> Sight | None:
        """Where it is, so that a page can say which duty team to ring; it is no case yet, and nobody sees one."""
        if not self.edition or not self.authority or not self.kind:
            return None
        return Sight(Affair("", self.board, self.authority, self.group, ()), (), frozenset())

    @property
    def kind(self) -> str:
        """A child or an adult."""
        return self.said("about")

    @property
    def group(self) -> str:
        """Children or adults."""
        return "children" if self.kind == "child" else "adults"

    @property
    def starts(self) -> Mapping[int, str]:
        """The stages at which a case may begin."""
        return PROTOCOLS[self.board].starts

    @property
    def start_at(self) -> int:
        """The number of the stage at which it is to begin."""
        chosen = self.said("start")
        return int(chosen) if chosen in map(str, self.starts) else min(self.starts)

    def faults_of(self, data: Mapping[str, Any], around: Surroundings | None = None) -> Faults:
        """What the protocol finds wrong with a case file, or with a part of one; as if every role were held."""
        held_by_all = Surroundings(self.visit.now, self.rules, frozenset(), lambda *_: True, lambda *_: True)
        try:
            read_case_file({"protocol": self.board, **data}, around or held_by_all, PROTOCOLS[self.board].coming_in)
        except CaseRefused as refused:
            return refused.faults
        return {}

    def demands(self, field: str, **data: Any) -> bool:
        """Whether the protocol finds fault with this field, where that is what a case file says."""
        return field in self.faults_of(data)

    @cached_property
    def raising_role(self) -> str:
        """The role that raises a case under this protocol."""
        roles = sorted(self.rules.agency_roles())
        return next(role for role in roles if not self.demands("raised_by.role", raised_by={**NAMELESS, "role": role}))

    def title(self, role: Role) -> str:
        """A role in words, with its agency."""
        title = self.visit.tongue.of(self.rules.roles[role.role])
        return f"{title}, {self.agency_name(role.agency)}" if role.agency else title

    # --- the directory

    @cached_property
    def agencies(self) -> dict[str, Agency]:
        """All agencies of the directory."""
        return directory.agencies(self.visit.door.database)

    def agency_name(self, code: str) -> str:
        """The agency in the visitor's language."""
        known = self.agencies.get(code)
        return (known.name_cy if self.visit.language == "cy" else known.name_en) if known else code

    @property
    def by_name(self) -> list[tuple[str, str]]:
        """All agencies by code, in the order of their names."""
        return sorted(((code, self.agency_name(code)) for code in self.agencies), key=lambda one: one[1].casefold())

    @property
    def raising_agency(self) -> str:
        """The agency that raises it."""
        chosen = self.said("agency")
        return chosen if chosen in self.agencies else ""

    @property
    def others(self) -> list[str]:
        """The other agencies of the case."""
        chosen = self.form("others").every("answer")
        return [code for code in dict.fromkeys(chosen) if code in self.agencies and code != self.raising_agency]

    def listed(self, role: Role) -> Holder | None:
        """Whom the directory names for a role, children's or adults' of this authority."""
        door = self.visit.door
        return directory.listed_holder(door.database, self.board, role, self.authority, self.group)

    @cached_property
    def needed(self) -> list[Role]:
        """The roles that the first stages need, whoever raises the case aside."""
        if not (self.authority and self.raising_agency and self.others):
            return []
        asked: list[Role] = []

        def held(role: Role, authority: str, group: str) -> bool:
            asked.append(role)
            return True

        around = Surroundings(self.visit.now, self.rules, frozenset(), held, lambda *_: True)
        agencies = [{"code": self.raising_agency, "raising": True}]
        agencies += [{"code": code, "must_respond": True} for code in self.others]
        data = {
            "authority": self.authority,
            "subject": {"kind": self.kind, "name": "-"},
            "agencies": agencies,
            "raised_by": {**NAMELESS, "role": self.raising_role, "agency": self.raising_agency},
            "start_at_stage": self.start_at,
        }
        self.faults_of(data, around)
        return list(dict.fromkeys(asked))

    @cached_property
    def holders(self) -> dict[Role, Holder | None]:
        """The same roles, each with whom the directory names."""
        return {role: self.listed(role) for role in self.needed}

    # --- who raises it

    @cached_property
    def may_enter_for_others(self) -> bool:
        """Whether the visitor is of the Business Unit that may raise it on somebody's behalf."""
        unit = [one for one in self.visit.held if one.role.role == BUSINESS_UNIT]
        raiser = Role(role=self.raising_role, agency=self.raising_agency)
        return may_raise(raiser, unit, self.board, self.authority, self.group)

    @property
    def for_somebody(self) -> bool:
        """Whether it is entered on somebody's behalf."""
        return self.may_enter_for_others and self.said("who") == "other"


def merged(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Parts of a case file as one: what stands in several is put together."""
    whole: dict[str, Any] = {}
    for part in parts:
        for field, value in part.items():
            before = whole.get(field)
            if isinstance(before, dict):
                whole[field] = merged([before, value])
            elif isinstance(before, list):
                whole[field] = [*before, *value]
            else:
                whole[field] = value
    return whole
