"""What is said in a case in words: as a choice, as a headline, as the news of what became of it."""

from collections.abc import Mapping

from protocols.messages import CONFIRMATION
from protocols.steps import Code
from starter.pages.tongues import later

SAID: Mapping[str, str] = {
    "resolved": later("It is settled"),
    "not_resolved": later("It is not settled"),
    "response_submitted": later("Give your agency's response"),
    "meeting_arranged": later("Set or move the date of the meeting"),
    "meeting_held": later("Say what came of the meeting"),
    "minutes_recorded": later("Record the minutes of a meeting"),
    "review_requested": later("Ask for a review"),
    "head_of_service_consulted": later("The Head of Service was informed and consulted"),
    "review_decided": later("Decide whether there is a review"),
    "panel_set_up": later("The review panel is set up"),
    "progress_noted": later("Note how the review is going"),
    "review_completed": later("The review is complete"),
    "report_accepted": later("The report is accepted"),
    "report_presented": later("The report was presented to the Board"),
    "feedback_given": later("Feedback was given"),
    "learning_disseminated": later("The learning points were sent out"),
    "immediate_action": later("Somebody is in danger now"),
    "discussion_recorded": later("Record a discussion"),
    "role_changed": later("Pass a role on to somebody else"),
    "agency_added": later("Add an agency to the case"),
    "withdrawn": later("Withdraw the case"),
    CONFIRMATION: later("The referral was made"),
}
"""Each as whoever says it chooses it."""

HINTS: Mapping[str, str] = {
    "resolved": later("All that was asked for is agreed, and the case can end."),
    "not_resolved": later("The difference remains, and goes on to the next stage."),
    "withdrawn": later("Your agency takes the case back, and it ends."),
    "discussion_recorded": later("A telephone call, an e-mail or a talk that should stand in the record."),
    "immediate_action": later("Tells the duty team at once. Ring first."),
}

VERDICTS: Mapping[Code, str] = {
    Code.WRONG_STAGE: later("The case has moved on, or this is not said at this stage."),
    Code.WRONG_ROLE: later("This role does not say so in this case."),
    Code.MISSING: later("Something is missing."),
    Code.TOO_EARLY: later("It is too early for this."),
    Code.IN_FUTURE: later("The time that you gave is still to come."),
    Code.BEFORE_STAGE: later("The time that you gave lies before this stage began."),
    Code.TOO_LATE: later("The outcome must be dated within 24 hours of the start of the meeting."),
    Code.ALREADY: later("This was said already."),
    Code.NOT_INDEPENDENT: later("Whoever reviews or decides must have had no part in the case."),
    Code.NOT_SATISFIED: later("It is not settled while the agency that raised it is not satisfied."),
    Code.ENDED: later("The case has ended."),
    Code.UNKNOWN: later("What it speaks of is not there."),
    Code.NOT_UNDERSTOOD: later("It could not be understood."),
}
