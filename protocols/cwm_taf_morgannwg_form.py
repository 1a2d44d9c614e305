"""Cwm Taf Morgannwg: what its form, Appendix 1, is filled from (spec 3, The form)."""

from protocols.cwm_taf_morgannwg import Stage
from protocols.documents import FormParts, Part
from protocols.messages import MeetingHeld, NotResolved, Resolved, ResponseSubmitted

FORM = FormParts(
    raised_by="professional",
    referral=Part((NotResolved,), Stage.SINGLE_AGENCY),
    responses=Part((ResponseSubmitted,)),
    agreement=Part((Resolved, NotResolved), Stage.AGREEMENT),
    outcomes=Part((Resolved, NotResolved, MeetingHeld), Stage.QA),
)
