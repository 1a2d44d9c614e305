"""The tables of spec 3 as the model reads them: stages, roles, who says what, clocks."""

from faults.model.case import Row
from faults.model.limits import limit, target

BU, QA_CHAIR, CO_CHAIR, BOARD, GROUP = "business_unit", "qa_chair", "co_chair", "board", "review_group"

STAGES = ("single_agency", "response", "agreement", "qa", "co_chair", "review", "board", "learning")
LATE_RESPONSES = ("qa", "co_chair", "review", "board", "learning")
"""From QA on an agency that had not answered may still do so."""

OF_AGENCIES = ("professional", "manager", "counterpart_manager", "safeguarding_lead", "representative")
OF_NO_AGENCY = (BU, QA_CHAIR, CO_CHAIR, GROUP, "independent_member", BOARD, "duty_team")
ANSWERS = ("counterpart_manager", "representative")

PROPOSED = {"single_agency": "manager", "agreement": "manager"}
"""Who of the raising side is told of a proposal."""

ROWS = (
    Row("single_agency", "resolved", ("manager",), ("record", "agreed"), "raising"),
    Row("single_agency", "not_resolved", ("manager",), ("record",), "raising"),
    Row("response", "response_submitted", ANSWERS, ("record",), "responding"),
    Row("late", "response_submitted", ANSWERS, ("record",), "responding"),
    Row("agreement", "resolved", ("manager",), ("record", "agreed"), "raising"),
    Row("agreement", "not_resolved", ("manager",), ("record",), "raising"),
    Row("qa", "resolved", (BU,), ("record", "agreed")),
    Row("qa", "not_resolved", (BU,), ("record",)),
    Row("qa", "meeting_held", (BU,), ("outcome", "record")),
    Row("co_chair", "review_decided", (CO_CHAIR,), ("agency", "decided_at", "review")),
    Row("review", "panel_set_up", (BU,)),
    Row("review", "progress_noted", (GROUP, "representative"), (), "reviewing"),
    Row("review", "review_completed", (GROUP, "representative"), ("record",), "reviewing"),
    Row("review", "review_completed", (BU,), ("record",)),
    Row("board", "report_presented", (BU,), ("agreed",)),
    Row("learning", "learning_disseminated", (BU,), ("agencies",)),
)

LIMITS = {
    "stage_1": limit("1", "single_agency", working_days=5, met_by_leaving=True),
    "response": limit("2", "response", "qa", working_days=10, moves=True),
    "agreement": target("2", "agreement", working_days=5, met_by_leaving=True),
    "qa_meeting": limit("2", "qa", group="qa_children", met_at_start=True),
    "qa_outcome": target("2", "qa", working_days=2),
    "co_chair_decides": target("3", "co_chair", working_days=10),
    "inform_agencies": limit("3", "co_chair", days=5),
    "panel": target("3", "review", working_days=10),
    "review_progress": target("3", "review", working_days=20),
    "present_report": limit("3", "board", group="board"),
    "learning": target("3", "learning", working_days=10),
}
