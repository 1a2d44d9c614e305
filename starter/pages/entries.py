"""The lines of a timeline as sentences in both languages, made of their codes; never of what somebody wrote."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from protocols.messages import CONFIRMATION
from protocols.roles import Role
from protocols.steps import Code, Entry
from records.said import STAGE_ENTERED
from starter.pages.titles import Titles
from starter.pages.tongues import later

REVIEW_GROUP = "review_group"

WORDS: Mapping[str, str] = {
    "resolved": later("Said: it is resolved"),
    "not_resolved": later("Said: it is not resolved at this stage"),
    "response_submitted": later("The agency's response was given"),
    "meeting_arranged": later("A meeting was arranged"),
    "meeting_held": later("A meeting was held"),
    "minutes_recorded": later("The minutes of a meeting were recorded"),
    "review_requested": later("A review was requested"),
    "head_of_service_consulted": later("The Head of Service was consulted"),
    "review_decided": later("It was decided whether there is a review"),
    "panel_set_up": later("The review panel was set up"),
    "progress_noted": later("The progress of the review was noted"),
    "review_completed": later("The review was completed"),
    "report_accepted": later("The report of the review was accepted"),
    "report_presented": later("The report of the review was presented to the Board"),
    "feedback_given": later("Feedback was given"),
    "learning_disseminated": later("The learning was passed on"),
    "immediate_action": later("Said: somebody may be in danger, and immediate action is needed"),
    "discussion_recorded": later("A discussion was recorded"),
    "role_changed": later("A role passed to another person"),
    "agency_added": later("An agency joined the case"),
    "corrected": later("An earlier entry was corrected"),
    "calendar_changed": later("The calendar was changed"),
    "withdrawn": later("The case was withdrawn"),
    CONFIRMATION: later("The referral was made"),
    "immediate-action": later("Immediate action: the duty team was told"),
    "chased": later("No referral was confirmed yet: those told were told again"),
    "reopened": later("The case was opened again"),
    "resumed": later("The case was taken up again where it stood, after Datrys had lost hold of it"),
    "reminder": later("A reminder of the meeting was sent"),
    "meeting-began": later("The meeting began"),
    "not-answered": later("Not every agency answered in time"),
    "reconciled": later("An operator held the records against Temporal and settled what differed"),
    "released": later("An operator let messages go that may have gone out before"),
    "unknown-signal": later("Something that Datrys could not understand came in"),
}
"""What an entry says, by what happened; `SAYING` says more where the facts do."""

REFUSED: Mapping[Code, str] = {
    Code.WRONG_STAGE: later("it is not said at this stage, or the case had moved on"),
    Code.WRONG_ROLE: later("this role does not say it"),
    Code.MISSING: later("something that it must carry was missing"),
    Code.TOO_EARLY: later("it came before its time"),
    Code.IN_FUTURE: later("it was dated in the future"),
    Code.BEFORE_STAGE: later("it was dated before this stage, or the case, began"),
    Code.TOO_LATE: later("it was dated too late"),
    Code.ALREADY: later("it had been said already"),
    Code.NOT_INDEPENDENT: later("somebody named in it is not independent of the case"),
    Code.NOT_SATISFIED: later("the agency that raised the case is not satisfied"),
    Code.ENDED: later("the case had ended"),
    Code.UNKNOWN: later("what it speaks of is not known"),
    Code.NOT_UNDERSTOOD: later("it could not be understood"),
}
"""Why something did not count."""


def sentence(entry: Entry, titles: Titles) -> str:
    """What an entry says."""
    saying = SAYING.get(entry.what)
    facts = entry.facts
    if saying and (said := saying(entry, facts, titles)):
        return said
    return titles.tongue.say(WORDS.get(entry.what, later("Something was recorded")))


def refusal(entry: Entry, titles: Titles) -> str:
    """Why it did not count; nothing where it did."""
    return titles.tongue.say(REFUSED[entry.code]) if entry.code and entry.code in REFUSED else ""


# --- where the facts say more

Facts = Mapping[str, Any]


def _when(words: Any, titles: Titles) -> str:
    try:
        return titles.tongue.moment(datetime.fromisoformat(words))
    except (TypeError, ValueError):
        return ""


def _stage(entry: Entry, facts: Facts, titles: Titles) -> str:
    return titles.tongue.say("Stage: %(stage)s", stage=titles.stage(entry.stage))


def _of_a_clock(words: str, unplanned: str) -> Callable[[Entry, Facts, Titles], str]:
    def said(entry: Entry, facts: Facts, titles: Titles) -> str:
        if "clock" not in facts:
            return ""
        due, task = _when(facts.get("due"), titles), titles.task(facts["clock"])
        whose = f" ({titles.agency(facts['agency'])})" if facts.get("agency") else ""
        return titles.tongue.say(words if due else unplanned, what=task + whose, due=due)

    return said


UNPLANNED = later("No meeting is planned: %(what)s")


def _recalculated(entry: Entry, facts: Facts, titles: Titles) -> str:
    task = titles.task(facts.get("clock", ""))
    new, old = _when(facts.get("new"), titles), _when(facts.get("old"), titles)
    if new and old:
        return titles.tongue.say("A date moved: %(what)s – now %(new)s, before %(old)s", what=task, new=new, old=old)
    if new:
        return titles.tongue.say("A date was set: %(what)s – %(new)s", what=task, new=new)
    return titles.tongue.say(UNPLANNED, what=task)


def _arranged(entry: Entry, facts: Facts, titles: Titles) -> str:
    when = _when(facts.get("meeting_at"), titles)
    return titles.tongue.say("A meeting was arranged for %(when)s", when=when) if when else ""


def _held(entry: Entry, facts: Facts, titles: Titles) -> str:
    if not facts.get("outcome"):
        return ""
    return titles.tongue.say("A meeting was held: %(outcome)s", outcome=titles.outcome(facts["outcome"]))


def _decided(entry: Entry, facts: Facts, titles: Titles) -> str:
    if "review" not in facts:
        return ""
    reviewer = str(facts.get("reviewer") or "")
    if not facts["review"]:
        return titles.tongue.say("Decided: no review")
    by = titles.role(Role(role=reviewer)) if reviewer == REVIEW_GROUP else titles.agency(reviewer)
    return titles.tongue.say("Decided: a review by %(by)s", by=by)


def _resolved(entry: Entry, facts: Facts, titles: Titles) -> str:
    if entry.code is Code.PROPOSAL:
        return titles.tongue.say("Proposed: it is resolved; the agency that raised the case decides")
    if facts.get("agreed") is False:
        return titles.tongue.say("Said: it is resolved, though the parties still see it differently")
    return ""


def _changed(entry: Entry, facts: Facts, titles: Titles) -> str:
    if "role" not in facts:
        return ""
    role = Role(role=facts["role"], agency=facts.get("for_agency") or "")
    return titles.tongue.say("Another person is now: %(role)s", role=titles.role(role))


def _added(entry: Entry, facts: Facts, titles: Titles) -> str:
    code = facts.get("agency_code", "")
    return titles.tongue.say("An agency joined the case: %(agency)s", agency=titles.agency(code)) if code else ""


def _corrected(entry: Entry, facts: Facts, titles: Titles) -> str:
    if not facts.get("return_to"):
        return ""
    stage = titles.stage(facts["return_to"])
    return titles.tongue.say("An earlier entry was corrected; the case goes back to: %(stage)s", stage=stage)


def _agencies(words: str) -> Callable[[Entry, Facts, Titles], str]:
    def said(entry: Entry, facts: Facts, titles: Titles) -> str:
        codes = facts.get("agencies")
        return titles.tongue.say(words, agencies=titles.together(map(titles.agency, codes))) if codes else ""

    return said


SAYING: Mapping[str, Callable[[Entry, Facts, Titles], str]] = {
    STAGE_ENTERED: _stage,
    "reminder": _of_a_clock(later("Reminder: %(what)s, due %(due)s"), UNPLANNED),
    "overdue": _of_a_clock(later("Overdue: %(what)s, was due %(due)s"), UNPLANNED),
    "chaser": _of_a_clock(later("Still overdue, chased: %(what)s, was due %(due)s"), UNPLANNED),
    "late": _of_a_clock(later("Local target passed: %(what)s, was due %(due)s"), UNPLANNED),
    "recalculated": _recalculated,
    "meeting_arranged": _arranged,
    "meeting_held": _held,
    "review_decided": _decided,
    "resolved": _resolved,
    "role_changed": _changed,
    "agency_added": _added,
    "corrected": _corrected,
    "not-answered": _agencies(later("Not answered in time: %(agencies)s")),
    "learning_disseminated": _agencies(later("The learning was passed on to: %(agencies)s")),
}
