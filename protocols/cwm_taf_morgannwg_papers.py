"""Cwm Taf Morgannwg: where parts C and D of its form stand, which signals of other meanings elsewhere say."""

from protocols.access import Part
from protocols.cwm_taf_morgannwg import Stage
from protocols.papers import MEETINGS, Paper

PAPERS = (
    Paper(("resolved", "not_resolved"), frozenset({Part.OTHERS_RESPONSES}), Stage.AGREEMENT),
    Paper(("resolved", "not_resolved"), MEETINGS, Stage.QA),
)
"""2 Part C speaks of all responses: whoever may not see another agency's does not read it. Part D is the outcome of a
meeting of the QA Sub Group."""
