"""The model of Gwent's protocol, written from spec 2."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from faults.model import gwent_table as table
from faults.model.case import ENDED, Facts, Refused, Row, Said
from faults.model.days import at, local
from faults.model.gwent_table import BU, CHAIR, HOS, SM, TM
from faults.model.signals import Model

OUTCOME_WITHIN = timedelta(hours=24)


@dataclass
class Meeting:
    """A meeting of the agencies: arranged, held, minuted."""

    at: datetime
    moved: bool = False
    held: bool = False
    minuted: bool = False
    attended: list[str] = field(default_factory=list)


@dataclass
class Remembered(Facts):
    """What the case remembers."""

    meetings: list[Meeting] = field(default_factory=list)
    chair_named: bool = False
    reviewer: str = ""


class Gwent(Model):
    """A case under Gwent's protocol."""

    STAGES, ROWS, LIMITS, PROPOSED = table.STAGES, table.ROWS, table.LIMITS, table.PROPOSED
    OF_AGENCIES, OF_NO_AGENCY = table.OF_AGENCIES, table.OF_NO_AGENCY
    SPEAKER, WITHDRAWS = "safeguarding_lead", ("line_manager", "safeguarding_lead")
    facts: Remembered

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.facts = Remembered()
        self.watched_from: dict[int, datetime] = {}
        self.go("practitioners", self.began, self.began)
        self.settle()
        self.pass_time(self.now)

    # --- who

    def holds(self, role: str, agency: str) -> bool:
        """The reviewer is named with the decision."""
        return agency == self.facts.reviewer if role == "reviewer" else agency in self.agencies

    def acts_as(self, role: str) -> set[str]:
        """The safeguarding lead as line manager; the Team Manager as Chair until another person is named."""
        stands_in = {"safeguarding_lead": {"line_manager"}, TM: set() if self.facts.chair_named else {CHAIR}}
        return {role} | stands_in.get(role, set())

    def names(self, role: str) -> str:
        """The Team Manager names the Chair."""
        return CHAIR if role == TM else ""

    def everybody(self) -> list[str]:
        """Practitioners and line managers of every agency, the Team Manager, and the Chair if another person."""
        chair = [CHAIR] if self.facts.chair_named else []
        return [*self.each("practitioner"), *self.each("line_manager"), TM, *chair]

    def waited_for(self) -> set[str]:
        """Whose signal can move the stage on now."""
        if self.ending:
            return {CHAIR}
        manager, reviewer = self.of_raising("line_manager"), f"reviewer/{self.facts.reviewer}"
        return {
            "practitioners": set(self.each("practitioner")),
            "line_managers": {manager},
            "team_manager": {manager, TM},
            "meeting": {CHAIR} if self.ahead() else {TM, CHAIR},
            "review_request": {CHAIR},
            "decision": {SM},
            "review": {reviewer, SM},
            "report": {SM},
            "feedback": {CHAIR},
        }.get(self.stage, set())

    # --- 3.1 to 3.3

    def enter_practitioners(self) -> None:
        both, manager = self.each("practitioner"), self.of_raising("line_manager")
        self.tell("opened", [TM])
        self.tell("action-required", both)
        self.tell("informed", [manager])
        lead = [self.of_raising("safeguarding_lead")]
        self.start("contact_team_manager", self.began, [manager, self.of_raising("practitioner")], lead)
        self.start("practitioners_try", self.began, both, self.each("line_manager"))

    def enter_line_managers(self) -> None:
        self.tell("action-required", self.each("line_manager"))
        for clock in self.running("contact_team_manager"):
            clock.accountable = [self.of_raising("line_manager")]

    def enter_team_manager(self) -> None:
        self.tell("action-required", [TM])
        self.tell("informed", [*self.each("line_manager"), *self.each("practitioner")])
        self.start("team_manager_answers", self.led_at, [TM], [SM])

    def said_resolved(self, said: Said) -> None:
        self.end("resolved", said)

    def said_not_resolved(self, said: Said) -> None:
        to = {"practitioners": "line_managers", "line_managers": "team_manager", "team_manager": "meeting"}
        self.go(to[self.stage], said.at, said.sent_at)

    # --- 3.4 the meeting

    def ahead(self) -> Meeting | None:
        """The meeting that is arranged and not held."""
        return next((meeting for meeting in self.facts.meetings if not meeting.held), None)

    def enter_meeting(self) -> None:
        ahead, began = self.ahead(), self.returned or self.led_at
        if not ahead:
            self.tell("action-required", [TM])
        wanted = self.facts.meetings[-1].at if self.facts.meetings and not ahead else began
        self.start("arrange_meeting", wanted, [TM], [SM])
        if ahead:
            self._invite(ahead, began)

    def times_meeting_arranged(self, said: Said) -> None:
        if said.moment("meeting_at") <= said.at:
            raise Refused("too_early")

    def said_meeting_arranged(self, said: Said) -> None:
        self.facts.chair_named |= bool(said.facts.get("chair"))
        ahead, date = self.ahead(), said.moment("meeting_at")
        if ahead:
            ahead.at, ahead.moved = date, True
        else:
            self.facts.meetings.append(ahead := Meeting(date))
            self._watch(ahead)
        if self.stage == "team_manager":
            return self.go("meeting", said.at, said.sent_at)
        self._invite(ahead, said.at)

    def _invite(self, meeting: Meeting, told_at: datetime) -> None:
        self.meet("arrange_meeting", told_at)
        if not (self.returned and meeting.at <= self.returned):  # decision 11
            self.tell("meeting-moved" if meeting.moved else "meeting-invitation", self.everybody(), meeting.at)
        if self.joining:
            return
        self._watch(meeting)
        for clock in self.running("record_outcome"):  # decision 10: one meeting, one clock, which follows its date
            clock.start, clock.since, clock.told_late, clock.late = meeting.at, self.now, False, False
            clock.due = clock.reckon(self.days)
            return
        self.start("record_outcome", meeting.at, [CHAIR], [SM])

    def _watch(self, meeting: Meeting) -> None:
        """What lies before now is not spoken of any more, whatever a correction takes back."""
        self.watched_from[self.facts.meetings.index(meeting)] = self.now

    def own_moments(self) -> Iterator[Any]:
        """Everybody involved is reminded at 09:00 one working day before, unless the case has ended."""
        if self.stage != ENDED and (meeting := self.ahead()):
            moment = at(self.days.after(local(meeting.at), -1), 9)
            if moment > self.watched_from[self.facts.meetings.index(meeting)]:
                yield moment, self._remind, meeting

    def _remind(self, meeting: Meeting) -> None:
        """Of a meeting that lies ahead: a correction may put back the date of one that is past."""
        self._watch(meeting)
        if meeting.at > self.now:
            self.log.append("reminder of the meeting")
            self.tell("reminder", self.everybody(), meeting.at)

    def content_meeting_held(self, said: Said) -> None:
        if said.facts["outcome"] != "resolved":
            return
        if said.facts.get("raising_agency_satisfied") is None or said.facts.get("agreed") is None:
            raise Refused("missing")
        if not said.facts["raising_agency_satisfied"]:
            raise Refused("not_satisfied")

    def times_meeting_held(self, said: Said) -> None:
        meeting = self.ahead()
        if not meeting or said.at < meeting.at:
            raise Refused("too_early")
        if said.at > meeting.at + OUTCOME_WITHIN:
            raise Refused("too_late")

    def said_meeting_held(self, said: Said) -> None:
        meeting, outcome = self.ahead(), said.facts["outcome"]
        if not meeting:
            return
        if said.facts["immediate_action_needed"]:
            self.said_immediate_action(said)
        meeting.held = True
        meeting.attended = [f"{a['role']}/{a['agency']}".rstrip("/") for a in said.facts["attended"]]
        self.meet("record_outcome", said.sent_at)
        self.start("minutes", meeting.at, [CHAIR], [SM])
        if outcome == "resolved":
            return self.end("resolved", said)
        self.go("meeting" if outcome == "further_meeting" else "review_request", said.at, said.sent_at)

    # --- minutes, at any stage after a meeting

    def at_any_time(self, said: Said) -> bool:
        return said.name == "minutes_recorded"

    def stage_of(self, row: Row) -> bool:
        held = any(meeting.held for meeting in self.facts.meetings)
        return row.stage == self.stage or (row.stage == "any" and held)

    def lacks_minutes(self) -> bool:
        return any(meeting.held and not meeting.minuted for meeting in self.facts.meetings)

    def content_minutes_recorded(self, said: Said) -> None:
        if not self._meetings_of(said):
            raise Refused("unknown")
        if all(meeting.minuted for meeting in self._meetings_of(said)):
            raise Refused("already")

    def _meetings_of(self, said: Said) -> list[Meeting]:
        of = said.moment("meeting_at") if "meeting_at" in said.facts else None
        return [meeting for meeting in self.facts.meetings if meeting.held and of in (None, meeting.at)]

    def said_minutes_recorded(self, said: Said) -> None:
        meeting = next(meeting for meeting in self._meetings_of(said) if not meeting.minuted)
        meeting.minuted = True
        clocks = self.running("minutes")
        for clock in [clock for clock in clocks if clock.start == meeting.at][:1] or clocks[:1]:
            clock.meet(said.sent_at, len(self.before))
        self.tell("minutes", meeting.attended)
        if self.ending:
            self.led_at = said.at
            self.end_if_nothing_is_missing()

    # --- 3.6 to 3.11

    def enter_review_request(self) -> None:
        self.tell("action-required", [CHAIR])
        self.start("inform_service_manager", self.led_at, [CHAIR], [SM])

    def said_review_requested(self, said: Said) -> None:
        self.meet("inform_service_manager", said.at)
        self.go("decision", said.at, said.sent_at)

    def enter_decision(self) -> None:
        self.tell("review-requested", [SM])
        self.tell("informed", [HOS])
        self.tell("escalated", [BU])
        self.start("decide", self.led_at, [SM], [HOS])
        self.start("consult_head_of_service", self.led_at, [SM], [BU])

    def said_head_of_service_consulted(self, said: Said) -> None:
        self.meet("consult_head_of_service", said.at)

    def content_review_decided(self, said: Said) -> None:
        if not said.facts.get("reviewer" if said.facts["review"] else "record"):
            raise Refused("missing")

    def independent_review_decided(self, said: Said) -> None:
        if said.facts["review"] and said.facts["reviewer"] in self.agencies:
            raise Refused("not_independent")

    def independent_agency_added(self, said: Said) -> None:
        if said.facts["agency_code"] == self.facts.reviewer:
            raise Refused("not_independent")

    def said_review_decided(self, said: Said) -> None:
        if said.facts["immediate_action_needed"]:
            self.said_immediate_action(said)
        self.meet("decide", said.sent_at)
        self.facts.reviewer = said.facts["reviewer"] if said.facts["review"] else ""
        self.tell("decision", self.each("safeguarding_lead"))
        if said.facts["review"]:
            return self.go("review", said.at, said.sent_at)
        self.end("no_review", said)

    def enter_review(self) -> None:
        reviewer = f"reviewer/{self.facts.reviewer}"
        self.tell("action-required", [reviewer])
        self.tell("informed", self.each("practitioner"))
        self.start("review_progress", self.led_at, [reviewer], [SM])

    def said_progress_noted(self, said: Said) -> None:
        self.meet("review_progress", said.at)
        self.tell("informed", self.each("practitioner"))
        self.start("review_progress", said.at, [f"reviewer/{self.facts.reviewer}"], [SM])

    def said_review_completed(self, said: Said) -> None:
        self.meet("review_progress", said.at)
        self.go("report", said.at, said.sent_at)

    def enter_report(self) -> None:
        self.tell("review-report", [SM])
        self.tell("informed", [HOS])
        self.start("accept_report", self.led_at, [SM], [HOS])

    def said_report_accepted(self, said: Said) -> None:
        self.meet("accept_report", said.at)
        self.go("feedback", said.at, said.sent_at)

    def enter_feedback(self) -> None:
        self.tell("action-required", [CHAIR])
        self.start("feedback", self.led_at, [CHAIR], [BU])

    def said_feedback_given(self, said: Said) -> None:
        self.meet("feedback", said.at)
        self.tell("feedback", [*self.each("practitioner"), "local_network"])
        self.end("reviewed", said)
