"""Cwm Taf Morgannwg: which case files come in, and at which stage they begin (spec 3, Coming in)."""

from typing import Any

from protocols.coming_in import Faults, Surroundings, vacant
from protocols.cwm_taf_morgannwg import Stage
from protocols.roles import Role

STARTS = {1: Stage.SINGLE_AGENCY, 2: Stage.RESPONSE, 3: Stage.CO_CHAIR}
"""The stages of the text at which a case may begin."""


def _raised_by_a_professional(file: Any, around: Surroundings) -> Faults:
    if getattr(getattr(file, "raised_by", None), "role", "professional") == "professional":
        return {}
    return {"raised_by.role": "a professional raises the case under this protocol"}


def _begins_at_a_stage(file: Any, around: Surroundings) -> Faults:
    """With immediate risk of harm a case may begin at any stage; whoever raises it says why."""
    stage, known = getattr(file, "start_at_stage", 1), around.edition.grounds
    grounds = getattr(file, "stage_3_grounds", None)
    faults: Faults = {}
    if stage not in STARTS:
        faults["start_at_stage"] = "a case begins at stage 1, 2 or 3"
    if stage != 1 and not (getattr(file, "start_reason", None) or "").strip():
        faults["start_reason"] = "say why the case does not begin at stage 1"
    if grounds is not None and (unknown := [ground for ground in grounds if ground not in known]):
        faults["stage_3_grounds"] = f"“{unknown[0]}” is not one of {', '.join(known)}"
    elif stage == 3 and grounds == ():
        faults["stage_3_grounds"] = f"beginning at stage 3 needs a ground: {', '.join(known)}"
    return faults


def _part_a_is_complete(file: Any, around: Surroundings) -> Faults:
    """Beginning at stage 2 or 3 needs part A of the form complete."""
    if getattr(file, "start_at_stage", 1) not in {2, 3}:
        return {}
    faults: Faults = {}
    if not (getattr(file, "done_already", "") or "").strip():
        faults["done_already"] = "part A must be complete: say what has been done already to resolve this"
    if hasattr(file, "raised_by") and not file.raised_by.phone.strip():
        faults["raised_by.phone"] = "part A must be complete: give a contact number"
    return faults


def _somebody_responds(file: Any, around: Surroundings) -> Faults:
    agencies = getattr(file, "agencies", ())
    if not agencies or any(agency.must_respond and not agency.raising for agency in agencies):
        return {}
    return {"agencies": 'at least one other agency must respond: mark it with "must_respond": true'}


def _first_roles_held(file: Any, around: Surroundings) -> Faults:
    """The roles that the first stages address, and the Business Unit, which gets what nobody else can."""
    agencies = getattr(file, "agencies", ())
    codes, raising = [agency.code for agency in agencies], [agency.code for agency in agencies if agency.raising]
    needed = [Role(role="manager", agency=code) for code in raising] + [Role(role="business_unit")]
    if getattr(file, "start_at_stage", 1) == 3:
        needed += [Role(role="co_chair"), *(Role(role="representative", agency=code) for code in codes)]
    else:
        needed += [Role(role="counterpart_manager", agency=code) for code in codes if code not in raising]
    return vacant(file, needed, around)


COMING_IN = (
    _raised_by_a_professional,
    _begins_at_a_stage,
    _part_a_is_complete,
    _somebody_responds,
    _first_roles_held,
)
