"""What is said to a case from its begin to its end, under each protocol: the same each time, so that runs compare."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from protocols.roles import Role
from tests import ctm, people

AGO = timedelta(hours=3)
APART = timedelta(minutes=2)
"""So long before now a case begins, and so far apart is what is said: all lies in the past, and no clock falls due."""


class Saying(NamedTuple):
    """One thing that is said.

    Attributes:
        name: of the signal; key: its id.
        by: who says so.
        data: facts and text; a `timedelta` stands for so long after the saying.
        of: the number of the immediate action that it is said to.
    """

    name: str
    key: str
    by: Role
    data: dict[str, Any]
    of: int = 0


class Tale(NamedTuple):
    """A case, and all that is said to it."""

    protocol: str
    case_file: Callable[[datetime], dict[str, Any]]
    sayings: tuple[Saying, ...]


def _tale(protocol: str, file: Callable[[datetime], dict[str, Any]], *sayings: tuple[Any, ...]) -> Tale:
    said = []
    for number, (name, by, data, *of) in enumerate(sayings, start=1):
        role, _, agency = by.partition("/")
        said.append(Saying(name, f"s{number}", Role(role=role, agency=agency), data, *of))
    return Tale(protocol, file, tuple(said))


HOLDER, DEPUTY = people.address("counterpart_manager", "RCT"), "deputy.rct@example.invalid"


def _with_a_deputy(begins: datetime) -> dict[str, Any]:
    """The case file, with somebody who stands in for the counterpart manager."""
    file = ctm.case_file(begins)
    for person in file["people"]:
        if person["email"] == HOLDER:
            person |= {"deputy_name": "Deputy Rct", "deputy_email": DEPUTY}
    return file


TEXT = {"text": "A strategy discussion is held this week."}
YES = {"agreed": True}
BELIEVED = {"believed_by": ["ABUHB"], "harm_through": ["NEWPORT"]}
HELD = {
    "outcome": "not_resolved",
    "immediate_action_needed": False,
    "attended": [{"role": "team_manager", "agency": ""}, {"role": "line_manager", "agency": "ABUHB"}],
}
DECIDED = {
    "criterion_i": True,
    "criterion_ii": True,
    "immediate_action_needed": False,
    "review": True,
    "reviewer": "TORFAEN",
}

GWENT = _tale(
    "Gwent",
    people.case_file,
    ("not_resolved", "practitioner/ABUHB", {}),
    ("discussion_recorded", "practitioner/NEWPORT", TEXT),
    ("not_resolved", "line_manager/ABUHB", TEXT),
    ("not_resolved", "team_manager", {}),
    ("meeting_arranged", "team_manager", {"meeting_at": APART}),
    ("meeting_held", "team_manager", {**HELD, **TEXT}),
    ("minutes_recorded", "team_manager", TEXT),
    ("review_requested", "team_manager", BELIEVED),
    ("head_of_service_consulted", "service_manager", {}),
    ("review_decided", "service_manager", {**DECIDED, **TEXT}),
    ("review_completed", "reviewer/TORFAEN", {"practitioners_included": True, **TEXT}),
    ("report_accepted", "service_manager", YES),
    ("feedback_given", "team_manager", {}),
)
"""Through every stage, a review included."""

CWM_TAF_MORGANNWG = _tale(
    "Cwm Taf Morgannwg",
    _with_a_deputy,
    ("not_resolved", "manager/CTMUHB", TEXT),
    ("discussion_recorded", "counterpart_manager/RCT", TEXT),
    ("response_submitted", "counterpart_manager/RCT", TEXT),
    ("immediate_action", "manager/CTMUHB", {}),
    ("immediate_action_confirmed", "manager/CTMUHB", {"made_at": timedelta(0), **TEXT}, 1),
    ("resolved", "manager/CTMUHB", {**YES, **TEXT, "accepted_by": "Manager Ctmuhb"}),
)
"""Through parts A and B to an agreement, with an immediate action on the way."""

TALES = (GWENT, CWM_TAF_MORGANNWG)


def at(begins: datetime, number: int) -> datetime:
    """When the so-manieth thing is said to have happened."""
    return begins + number * APART


def data_of(saying: Saying, moment: datetime) -> dict[str, Any]:
    """Facts and text as a door takes them, for a saying of that moment."""
    said = {
        name: (moment + value).isoformat() if isinstance(value, timedelta) else value
        for name, value in saying.data.items()
    }
    return {"at": moment.isoformat(), **said}
