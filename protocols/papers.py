"""In which part of a case each text stands: the free text of every signal, and the fields of the case file.

Who may see which part is another table (`protocols/access.py`). What is not listed here stands in no part, and is
shown to nobody.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from protocols.access import Access, Affair, Held, Part, sees
from protocols.messages import CONFIRMATION
from protocols.says import ANY_TIME
from protocols.steps import Entry

CORRECTED, REOPENED = "corrected", "reopened"


class Paper(NamedTuple):
    """One row: what was written with these signals, said at this stage or at any, stands in these parts.

    Whoever sees one of the parts may read it; `RESPONSES` are told apart by the agency that answered.
    """

    signals: tuple[str, ...]
    parts: frozenset[Part]
    stage: str = ANY_TIME


CONCERN = frozenset({Part.CONCERN})
RESPONSES = frozenset({Part.OWN_RESPONSE, Part.OTHERS_RESPONSES})
MEETINGS = frozenset({Part.MEETINGS})
REPORT = frozenset({Part.REPORT})
NAMES = frozenset({Part.NAMES})
DANGER = frozenset({Part.IMMEDIATE_ACTION, Part.CONCERN})
NOWHERE: frozenset[Part] = frozenset()

PAPERS = (
    Paper(("resolved", "not_resolved", "withdrawn", "feedback_given"), CONCERN),
    Paper(("response_submitted",), RESPONSES),
    Paper(
        ("meeting_arranged", "meeting_held", "minutes_recorded", "discussion_recorded", "review_requested"), MEETINGS
    ),
    Paper(
        ("head_of_service_consulted", "review_decided", "panel_set_up", "progress_noted", "review_completed"), REPORT
    ),
    Paper(("report_accepted", "report_presented", "learning_disseminated", REOPENED), REPORT),
    Paper(("role_changed", "agency_added"), NAMES),
    Paper(("immediate_action", CONFIRMATION), DANGER),
    Paper(("calendar_changed",), NOWHERE),
)
"""The rows that both protocols share; a protocol's own (`workflows.registry.Protocol.papers`) come before them."""

FIELDS = (
    "issue",
    "circumstance_other",
    "done_already",
    "outcome_sought",
    "informal_attempt",
    "duty_to_report",
    "start_reason",
)
"""The texts of a case file, in the order in which they are read: the concern, all of them."""


def stands_in(entry: Entry, own: Sequence[Paper] = ()) -> frozenset[Part]:
    """The parts in which what was written with an entry stands; none, where nobody has said which.

    Args:
        entry: a line of the timeline; a correction stands where the line stands that it corrects.
        own: the rows of the case's protocol.
    """
    rows = (row for row in (*own, *PAPERS) if entry.what in row.signals and row.stage in (ANY_TIME, entry.stage))
    return next((row.parts for row in rows), NOWHERE)


class Reader(NamedTuple):
    """Who reads.

    Attributes:
        parts: what they may see of the case.
        agencies: those whose response is their own agency's.
    """

    parts: frozenset[Part]
    agencies: frozenset[str]

    def may_read(self, stands: Collection[Part], agency: str = "") -> bool:
        """Whether they may read what stands in these parts, a response by the agency that gave it."""
        if stands == RESPONSES:
            part = Part.OWN_RESPONSE if agency in self.agencies else Part.OTHERS_RESPONSES
            return part in self.parts
        return bool(self.parts.intersection(stands))


def reader(held: Sequence[Held], case: Affair, access: Access) -> Reader:
    """Whoever holds these roles, as a reader of this case."""
    answering = (one for one in held if Part.OWN_RESPONSE in sees([one], case, access))
    return Reader(sees(held, case, access), frozenset(one.role.agency for one in answering))
