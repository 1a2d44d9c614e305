"""The tables of spec 2 as the model reads them: stages, roles, who says what, clocks."""

from faults.model.case import Row
from faults.model.limits import limit, target

TM, SM, HOS, CHAIR, BU = "team_manager", "service_manager", "head_of_service", "chair", "business_unit"

STAGES = (
    "practitioners",
    "line_managers",
    "team_manager",
    "meeting",
    "review_request",
    "decision",
    "review",
    "report",
    "feedback",
)
OF_AGENCIES = ("practitioner", "line_manager", "safeguarding_lead", "reviewer")
OF_NO_AGENCY = (TM, SM, HOS, "duty_team", CHAIR, BU, "local_network")

PROPOSED = {"practitioners": "practitioner", "line_managers": "line_manager", "team_manager": "line_manager"}
"""Who of the raising side is told of a proposal."""

ROWS = (
    Row("practitioners", "resolved", ("practitioner",), ("record", "agreed"), "raising"),
    Row("practitioners", "not_resolved", ("practitioner",)),
    Row("line_managers", "resolved", ("line_manager",), ("record", "agreed"), "raising"),
    Row("line_managers", "not_resolved", ("line_manager",), ("record",), "raising"),
    Row("team_manager", "resolved", ("line_manager",), ("record", "agreed"), "raising"),
    Row("team_manager", "not_resolved", ("line_manager",), (), "raising"),
    Row("team_manager", "not_resolved", (TM,)),
    Row("team_manager", "meeting_arranged", (TM,), ("meeting_at",)),
    Row("meeting", "meeting_arranged", (TM, CHAIR), ("meeting_at",)),
    Row("meeting", "meeting_held", (CHAIR,), ("outcome", "immediate_action_needed", "attended", "record")),
    Row("any", "minutes_recorded", (CHAIR,), ("record",)),
    Row("review_request", "review_requested", (CHAIR,), ("believed_by", "harm_through")),
    Row("decision", "head_of_service_consulted", (SM,)),
    Row("decision", "review_decided", (SM,), ("criterion_i", "criterion_ii", "immediate_action_needed", "review")),
    Row("review", "progress_noted", ("reviewer",)),
    Row("review", "review_completed", ("reviewer", SM), ("record", "practitioners_included")),
    Row("report", "report_accepted", (SM,), ("agreed",)),
    Row("feedback", "feedback_given", (CHAIR,)),
)

LIMITS = {
    "contact_team_manager": limit("3.3", "practitioners", "line_managers", working_days=5, met_by_leaving=True),
    "inform_service_manager": limit("3.6", "review_request", hours=48),
    "decide": limit("3.8", "decision", working_days=5),
    "practitioners_try": target("3.1", "practitioners", working_days=2, met_by_leaving=True),
    "team_manager_answers": target("3.4", "team_manager", working_days=5, met_by_leaving=True),
    "arrange_meeting": target("3.4", "meeting", working_days=5),
    "record_outcome": target("3.4", "meeting", working_days=1),
    "minutes": target("3.11 note", "meeting", working_days=5, runs_on=True),
    "consult_head_of_service": target("3.6", "decision", working_days=2),
    "review_progress": target("3.9", "review", working_days=20),
    "accept_report": target("3.10", "report", working_days=5),
    "feedback": target("3.11", "feedback", working_days=5),
}
