"""The way through the pages: which come, how far somebody has come, and the case file that their answers make."""

from collections.abc import Mapping
from typing import Any

from protocols.errors import CaseUnknown
from starter.pages.forms import Faults
from starter.pages.raising.asking import Asking, merged
from starter.pages.raising.kinds import Page, Part
from starter.pages.raising.parties import PEOPLE, WHOSE, namings, to_be_named
from starter.pages.raising.screening import FIRST, TRIED, advice
from starter.pages.raising.telling import BEGUN, WHAT, WHERE
from starter.pages.tongues import later

LOOK_AGAIN = later("Look at this again: %(what)s")
NO_NUMBER = later(
    "The duty team of %(authority)s has no telephone number here, and no case begins without it. "
    "Tell the Business Unit."
)
OWN_NAME_ONLY = later("You may raise a case in your own name only")
RAISER, DUTY_TEAM = "raiser", "duty_team"

MENDED_AT = (
    ("protocol", "protocol"),
    ("authority", "authority"),
    (DUTY_TEAM, "authority"),
    ("subject.parents_or_carers", "carers"),
    ("subject.kind", "about"),
    ("subject.on_child_protection_register", "register"),
    ("subject", "person"),
    ("duty_to_report", "report-details"),
    ("circumstance", "circumstance"),
    ("circumstance_other", "circumstance"),
    ("issue", "issue"),
    ("done_already", "done"),
    ("outcome_sought", "sought"),
    ("informal_attempt", "informal"),
    ("screening.multi_agency_supervision_declined", "supervision"),
    ("screening", "scope"),
    ("raised_by", RAISER),
    ("instigated_at", "begun"),
    ("agencies", "others"),
    ("people", "people"),
    ("start_at_stage", "start"),
    ("start_reason", "reason"),
    ("stage_3_grounds", "grounds"),
)
"""At which page a field of the case file is mended; the first that the field begins with."""


class Way:
    """The pages that somebody comes to, and what they have answered there.

    Args:
        asking: their answers.

    Attributes:
        pages: in their order, each with what is wrong with its answers.
    """

    def __init__(self, asking: Asking) -> None:
        self.asking = asking
        self.pages = _pages(asking)
        self._read = {page.name: self._answers_of(page) for page in self.pages}

    def _answers_of(self, page: Page) -> tuple[Part, Faults]:
        faults = Faults()
        return page.read(self.asking, faults), faults

    @property
    def unfinished(self) -> list[Page]:
        """The pages that nobody has answered yet, whose answers are wrong, or that lead away."""
        return [page for page in self.pages if not self._is_done(page)]

    def _is_done(self, page: Page) -> bool:
        seen = page.name in self.asking.draft.answers
        return seen and not self._read[page.name][1] and not page.leads_away(self.asking)

    @property
    def case_file(self) -> dict[str, Any]:
        """What the answers make."""
        return merged([part for part, _ in self._read.values()])

    def page(self, name: str) -> Page:
        """The page of this name.

        Raises:
            CaseUnknown: they do not come to it.
        """
        known = {page.name: page for page in self.pages}
        if page := known.get(name) or (namings(self.asking).get(name) if self.asking.edition else None):
            return page
        raise CaseUnknown("There is no such page.")

    def before(self, name: str) -> str:
        """The page before; empty where there is none."""
        names = [page.name for page in self.pages]
        if name not in names:
            return PEOPLE.name
        at = names.index(name)
        return names[at - 1] if at else ""

    def after(self, name: str) -> str:
        """The next page to answer; the check of all answers where there is none."""
        names = [page.name for page in self.pages]
        at = names.index(name) if name in names else names.index(PEOPLE.name)
        open_ones = [page.name for page in self.unfinished]
        behind = [one for one in names[at + 1 :] if one in open_ones]
        return next(iter([*behind, *open_ones]), "check")


def _pages(asking: Asking) -> list[Page]:
    if asking.edition is None:
        return [FIRST[0]]
    listed = [*FIRST, *advice(asking), *TRIED, *WHERE, *WHAT, *WHOSE, PEOPLE, *to_be_named(asking), BEGUN]
    return [page for page in listed if page.applies(asking)]


def where_to_mend(field: str) -> str:
    """The page where a field of the case file is mended; the person's, for one that nobody types."""
    return next((page for begin, page in MENDED_AT if f"{field}.".startswith(f"{begin}.")), "person")


def to_mend(way: Way, faults: Mapping[str, str]) -> dict[str, str]:
    """Page to words in the visitor's language, for what the door found wrong with the case file."""
    asking, known, found = way.asking, {page.name: page for page in way.pages}, {}
    for field in faults:
        name = where_to_mend(field)
        if field == DUTY_TEAM:
            found[name] = asking.say(NO_NUMBER, authority=asking.authority)
        else:
            page = known.get(name) or way.pages[0]
            found.setdefault(page.name, _look_again(asking, page))
    return found


def _look_again(asking: Asking, page: Page) -> str:
    return asking.say(LOOK_AGAIN, what=page.heading(asking))
