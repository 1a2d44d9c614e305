"""From the answers of a form to what a case is told: its facts, and the texts that belong into the records."""

from datetime import datetime
from typing import Any

from protocols.roles import Role
from starter.pages.forms import Faults, Form
from starter.pages.saying.asked import FURTHER, Asking, sheets
from starter.pages.saying.questions import read

PERSON = ("name", "email", "phone", "language")


def data_of(asking: Asking, form: Form, faults: Faults) -> dict[str, Any]:
    """The facts and texts that the answers make; what is wrong with them goes to `faults`."""
    data: dict[str, Any] = {}
    for sheet in sheets(asking, form):
        for question in sheet:
            answer = read(question, form, faults, asking.tongue)
            if answer is not None:
                data[question.name] = answer.isoformat() if isinstance(answer, datetime) else answer
    shaped = _SHAPED.get(asking.signal)
    return shaped(data, asking) if shaped else data


def _held_facts(data: dict[str, Any], asking: Asking) -> dict[str, Any]:
    attended = [_role(one).model_dump() for one in data.pop("attended", ())]
    return {"outcome": FURTHER, **data, **({"attended": attended} if asking.requires("attended") else {})}


def _requested_facts(data: dict[str, Any], asking: Asking) -> dict[str, Any]:
    return {"believed_by": [], "harm_through": [], **data}


def _passed_facts(data: dict[str, Any], asking: Asking) -> dict[str, Any]:
    seat = _role(data.pop("seat", ""))
    holder = {field: data.pop(field) for field in PERSON if field in data}
    return {"role": seat.role, "for_agency": seat.agency or None, "holder": {**seat.model_dump(), **holder}, **data}


def _added_facts(data: dict[str, Any], asking: Asking) -> dict[str, Any]:
    person = {field: data.pop(field) for field in PERSON if field in data}
    seat = {"role": data.pop("seat", ""), "agency": data.get("agency_code", "")}
    return {**data, "people": [{**seat, **person}]}


_SHAPED = {
    "meeting_held": _held_facts,
    "review_requested": _requested_facts,
    "role_changed": _passed_facts,
    "agency_added": _added_facts,
}


def _role(words: str) -> Role:
    role, _, agency = words.partition("/")
    return Role(role=role, agency=agency)
