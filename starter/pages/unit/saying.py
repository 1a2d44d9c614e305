"""What was said in a case, and why a correction is not accepted, in words that can be had in both languages."""

from collections.abc import Mapping

from starter.pages.tongues import later

SIGNALS: Mapping[str, str] = {
    "resolved": later("Resolved"),
    "not_resolved": later("Not resolved"),
    "response_submitted": later("Response submitted"),
    "meeting_arranged": later("Meeting arranged"),
    "meeting_held": later("Meeting held"),
    "minutes_recorded": later("Minutes recorded"),
    "review_requested": later("Review requested"),
    "head_of_service_consulted": later("Head of Service consulted"),
    "review_decided": later("Review decided"),
    "panel_set_up": later("Panel set up"),
    "progress_noted": later("Progress noted"),
    "review_completed": later("Review completed"),
    "report_accepted": later("Report accepted"),
    "report_presented": later("Report presented"),
    "feedback_given": later("Feedback given"),
    "learning_disseminated": later("Learning disseminated"),
    "immediate_action": later("Immediate action"),
    "discussion_recorded": later("Discussion recorded"),
    "role_changed": later("Role passed on"),
    "agency_added": later("Agency added"),
    "corrected": later("Correction"),
    "withdrawn": later("Withdrawn"),
}
"""Entries by the name of their signal."""

REASONS: Mapping[str, str] = {
    "the case has ended": later("the case has ended"),
    "no accepted signal has this id": later("what was to be corrected is not in the case"),
    "the case has not gone through the stage to return to": later(
        "the case has not gone through the stage that it was to return to"
    ),
    "without the corrected signal the case would not have come to that stage": later(
        "without the entry that is corrected the case would not have come to that stage"
    ),
    "the time limit of the stage to return to is past, and moved the case on": later(
        "the time limit of the stage that it was to return to is past, and moved the case on"
    ),
}
"""Reasons as a case gives them, in plain words."""
