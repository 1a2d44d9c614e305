"""Gwent: Resolving Practitioner Differences, clause by clause. Read it beside the protocol of March 2023."""

from collections.abc import Mapping
from datetime import datetime

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from protocols import gwent
    from protocols.gwent import GwentFacts, Meeting, Review, Stage
    from protocols.messages import (
        FeedbackGiven,
        HeadOfServiceConsulted,
        MeetingArranged,
        MeetingHeld,
        MinutesRecorded,
        NotResolved,
        ProgressNoted,
        ReportAccepted,
        Resolved,
        ReviewCompleted,
        ReviewDecided,
        ReviewRequested,
        RoleChanged,
        Signal,
    )
    from protocols.moments import working_day_before
    from protocols.roles import Role
    from workflows.disagreement import Disagreement, StageMethod
    from workflows.state import Case
    from workflows.timekeeping import Waking

PRACTITIONER, LINE_MANAGER, SAFEGUARDING_LEAD = "practitioner", "line_manager", "safeguarding_lead"
TEAM_MANAGER, SERVICE_MANAGER = Role(role="team_manager"), Role(role="service_manager")
HEAD_OF_SERVICE, CHAIR = Role(role="head_of_service"), Role(role="chair")
BUSINESS_UNIT, LOCAL_NETWORK = Role(role="business_unit"), Role(role="local_network")


@workflow.defn
class GwentDisagreement(Disagreement[GwentFacts]):
    """One disagreement under Gwent's protocol."""

    rules = gwent.RULES
    speaks_for_agency = SAFEGUARDING_LEAD
    heard_before_the_end = (MinutesRecorded,)

    @workflow.init
    def __init__(self, case: Case[GwentFacts]) -> None:
        super().__init__(case)

    @property
    def facts(self) -> GwentFacts:
        """What the case remembers."""
        return self.case.facts

    @workflow.run
    async def run(self, case: Case[GwentFacts]) -> str:
        """Follow the case to its end; answers the outcome."""
        return await self.follow()

    def stages(self) -> Mapping[str, StageMethod]:
        """The stages in the text's order."""
        return {
            Stage.PRACTITIONERS: self.practitioners,
            Stage.LINE_MANAGERS: self.line_managers,
            Stage.TEAM_MANAGER: self.team_manager,
            Stage.MEETING: self.meeting,
            Stage.REVIEW_REQUEST: self.review_request,
            Stage.DECISION: self.decision,
            Stage.REVIEW: self.review,
            Stage.REPORT: self.report,
            Stage.FEEDBACK: self.feedback,
        }

    async def practitioners(self) -> str:
        """3.1 The practitioners try to settle it between themselves; 1.7 the authority is told that it began."""
        if self.entering:
            began, lead = self.case.instigated_at, self.raising(SAFEGUARDING_LEAD)
            self.tell("opened", TEAM_MANAGER, clause="1.7")
            self.tell("action-required", self.each(PRACTITIONER))
            self.tell("informed", self.raising(LINE_MANAGER))
            raising_side = [self.raising(LINE_MANAGER), self.raising(PRACTITIONER)]
            self.start("contact_team_manager", began, raising_side, lead)
            self.start("practitioners_try", began, self.each(PRACTITIONER), self.each(LINE_MANAGER))
        match await self.hear(Resolved, NotResolved):
            case Resolved():
                return self.end("resolved")
            case NotResolved():
                return Stage.LINE_MANAGERS

    async def line_managers(self) -> str:
        """3.2 Their line managers try. 3.3 Failing that, the raising one writes to the Team Manager."""
        if self.entering:
            self.tell("action-required", self.each(LINE_MANAGER))
            self.hand_over("contact_team_manager", self.raising(LINE_MANAGER))
        match await self.hear(Resolved, NotResolved):
            case Resolved():
                return self.end("resolved")
            case NotResolved():
                return Stage.TEAM_MANAGER

    async def team_manager(self) -> str:
        """3.3 The Team Manager has the statement. 3.4 Differences that remain go to a meeting."""
        if self.entering:
            self.tell("action-required", TEAM_MANAGER)
            self.tell("informed", self.each(LINE_MANAGER), self.each(PRACTITIONER))
            self.start("team_manager_answers", self.case.stage_began, TEAM_MANAGER, SERVICE_MANAGER)
        match await self.hear(Resolved, NotResolved, MeetingArranged):
            case Resolved():
                return self.end("resolved")
            case NotResolved():
                return Stage.MEETING
            case MeetingArranged() as arranged:
                self._arrange(arranged)
                return Stage.MEETING

    async def meeting(self) -> str:
        """3.4, 3.5 All who are involved meet, and the Chair says what came of it."""
        if self.entering:
            self._enter_meeting()
        while True:
            match await self.hear(MeetingArranged, MeetingHeld):
                case MeetingArranged() as arranged:
                    self._invite(self._arrange(arranged), arranged.at)
                case MeetingHeld() as held:
                    self._hold(held)
                    if held.outcome == "resolved":
                        return self.end("resolved")
                    return Stage.MEETING if held.outcome == "further_meeting" else Stage.REVIEW_REQUEST

    async def review_request(self) -> str:
        """3.6 The Chair informs the Service Manager within 48 hours of the meeting and requests a review."""
        if self.entering:
            self.tell("action-required", CHAIR)
            self.start("inform_service_manager", self.case.stage_began, CHAIR, SERVICE_MANAGER)
        requested = await self.hear(ReviewRequested)
        self.facts.reviews.append(self._request(requested))
        self.meet("inform_service_manager", requested.at)
        return Stage.DECISION

    async def decision(self) -> str:
        """3.7, 3.8 The Service Manager consults the Head of Service and decides on a review, and by whom."""
        if self.entering:
            began = self.case.stage_began
            self.tell("review-requested", SERVICE_MANAGER)
            self.tell("informed", HEAD_OF_SERVICE)
            self.tell("escalated", BUSINESS_UNIT)
            self.start("decide", began, SERVICE_MANAGER, HEAD_OF_SERVICE)
            self.start("consult_head_of_service", began, SERVICE_MANAGER, BUSINESS_UNIT)
        while True:
            match await self.hear(HeadOfServiceConsulted, ReviewDecided):
                case HeadOfServiceConsulted() as consulted:
                    self.meet("consult_head_of_service", consulted.at)
                case ReviewDecided() as decided:
                    self.meet("decide", decided.sent_at)
                    self._decide(decided)
                    self.tell("decision", self.each(SAFEGUARDING_LEAD))
                    return Stage.REVIEW if decided.review else self.end("no_review")

    async def review(self) -> str:
        """3.9 An agency that had no part in the case reviews it; the practitioners are included and kept informed."""
        if self.entering:
            self.tell("action-required", self.reviewer)
            self.tell("informed", self.each(PRACTITIONER))
            self.start("review_progress", self.case.stage_began, self.reviewer, SERVICE_MANAGER)
        while True:
            match await self.hear(ProgressNoted, ReviewCompleted):
                case ProgressNoted() as noted:
                    self.meet("review_progress", noted.at)
                    self.tell("informed", self.each(PRACTITIONER))
                    self.start("review_progress", noted.at, self.reviewer, SERVICE_MANAGER)
                case ReviewCompleted() as completed:
                    self.meet("review_progress", completed.at)
                    self._complete(completed)
                    return Stage.REPORT

    async def report(self) -> str:
        """3.10 The report goes to the Service Manager; the Head of Service is informed."""
        if self.entering:
            self.tell("review-report", SERVICE_MANAGER)
            self.tell("informed", HEAD_OF_SERVICE)
            self.start("accept_report", self.case.stage_began, SERVICE_MANAGER, HEAD_OF_SERVICE)
        accepted = await self.hear(ReportAccepted)
        self.meet("accept_report", accepted.at)
        return Stage.FEEDBACK

    async def feedback(self) -> str:
        """3.11 The Chair gives feedback to the practitioners and to the Local Safeguarding Network."""
        if self.entering:
            self.tell("action-required", CHAIR)
            self.start("feedback", self.case.stage_began, CHAIR, BUSINESS_UNIT)
        given = await self.hear(FeedbackGiven)
        self.meet("feedback", given.at)
        self.tell("feedback", self.each(PRACTITIONER), LOCAL_NETWORK)
        return self.end("reviewed")

    # --- 3.4 the meeting

    def _enter_meeting(self) -> None:
        ahead, began = self.facts.meeting_ahead(), self.case.returned_at or self.case.stage_began
        wanted = self.facts.meetings[-1].meeting_at if self.facts.meetings and not ahead else began
        if not ahead:
            self.tell("action-required", TEAM_MANAGER)
        self.start("arrange_meeting", wanted, TEAM_MANAGER, SERVICE_MANAGER)
        if ahead:
            self._invite(ahead, began)

    def _arrange(self, arranged: MeetingArranged) -> Meeting:
        """A meeting has a date, or another one; the Team Manager may name the Chair with it."""
        number = self.case.heard
        if arranged.chair:
            self.facts.chairs.append(number)
            self.pass_on(CHAIR, person=arranged.chair)
        if ahead := self.facts.meeting_ahead():
            ahead.set_date(number, arranged.meeting_at)
            return ahead
        meeting = Meeting(dates=[(number, arranged.meeting_at)], watched_from=workflow.now())
        self.facts.meetings.append(meeting)
        return meeting

    def _invite(self, meeting: Meeting, at: datetime) -> None:
        """Everybody involved is invited, or told the new date; the Chair's time to record the outcome follows it."""
        self.meet("arrange_meeting", at)
        over = self.case.returned_at and meeting.meeting_at <= self.case.returned_at
        if not over:  # a correction led back to a meeting that has taken place
            notice = "meeting-moved" if len(meeting.dates) > 1 else "meeting-invitation"
            self.tell(notice, self.everybody_involved(), due=meeting.meeting_at)
        if not self.joining:
            meeting.watched_from = workflow.now()
        self.restart("record_outcome", meeting.meeting_at, CHAIR, SERVICE_MANAGER)

    def _hold(self, held: MeetingHeld) -> None:
        meeting = self.facts.meeting_ahead()
        if meeting is None:
            return
        meeting.held, meeting.held_at = self.case.heard, held.at
        meeting.outcome, meeting.record = held.outcome, held.record
        meeting.attended = tuple(Role(role=a.role, agency=a.agency or "") for a in held.attended or ())
        self.meet("record_outcome", held.sent_at)
        self.start("minutes", meeting.meeting_at, CHAIR, SERVICE_MANAGER)

    def everybody_involved(self) -> list[Role]:
        """Practitioners and line managers of every agency, the Team Manager, and the Chair if another person."""
        chair = [CHAIR] if self.facts.chair_named else []
        return [*self.each(PRACTITIONER), *self.each(LINE_MANAGER), TEAM_MANAGER, *chair]

    def own_wakings(self) -> list[Waking]:
        """The reminder of a meeting: 09:00 one working day before, if that is still to come."""
        if not (meeting := self.facts.meeting_ahead()):
            return []
        moment = working_day_before(meeting.meeting_at, self.case.holidays)
        return [Waking(moment, "reminder of the meeting")] if moment > meeting.watched_from else []

    def own_moments_due(self) -> None:
        """Remind everybody involved of the meeting."""
        meeting, now = self.facts.meeting_ahead(), workflow.now()
        if not meeting or not any(waking.at <= now for waking in self.own_wakings()):
            return
        meeting.watched_from = now
        if meeting.meeting_at > now:
            self.remind_of_meeting(meeting)

    def remind_of_meeting(self, meeting: Meeting) -> None:
        """The reminder of a meeting, to everybody involved."""
        self._occasion = f"meeting@{meeting.meeting_at.isoformat()}"
        self.note("reminder", "Reminder of the meeting", workflow.now())
        self.tell("reminder", self.everybody_involved(), due=meeting.meeting_at)

    # --- 3.11 note: the minutes of a meeting, at any stage after it

    def aside(self, said: Signal) -> None:
        """Minutes are recorded: they go to those who attended."""
        if not isinstance(said, MinutesRecorded):
            return
        meeting = self.facts.meeting_without_minutes(said.meeting_at)
        if meeting is None:
            return
        meeting.minutes, meeting.minutes_at = self.case.heard, said.at
        meeting.minutes_record = said.record
        self.meet("minutes", said.sent_at, of=meeting.meeting_at)
        self.tell("minutes", meeting.attended, clause=self.case.edition.clocks["minutes"].clause)

    def keepers_of_minutes(self) -> list[Role]:
        """The Chair."""
        return [CHAIR]

    # --- 3.6 to 3.10 the review

    @property
    def reviewer(self) -> Role:
        """The agency that the Service Manager asked to review the case."""
        return Role(role="reviewer", agency=self.facts.reviews[-1].reviewer)

    def _request(self, requested: ReviewRequested) -> Review:
        findings = {
            "believed_by": list(requested.believed_by),
            "harm_through": list(requested.harm_through),
            "criterion_i": gwent.criterion_i(requested.believed_by, requested.harm_through),
            "criterion_ii": gwent.criterion_ii(self.case.gone_through),
        }
        return Review(number=self.case.heard, requested_at=requested.at, findings={"requested": findings})

    def _decide(self, decided: ReviewDecided) -> None:
        review = self.facts.reviews[-1]
        review.decided, review.decided_at = self.case.heard, decided.at
        review.review, review.reviewer = decided.review, (decided.reviewer or "") if decided.review else ""
        review.findings["decided"] = {
            "criterion_i": decided.criterion_i,
            "criterion_ii": decided.criterion_ii,
            "immediate_action_needed": decided.immediate_action_needed,
        }

    def _complete(self, completed: ReviewCompleted) -> None:
        review = self.facts.reviews[-1]
        review.completed, review.completed_at = self.case.heard, completed.at
        review.record = completed.record
        review.findings["completed"] = {"practitioners_included": completed.practitioners_included}

    # --- what the machinery asks

    def awaits(self, kind: type[Signal], role: Role) -> bool:
        """A meeting is held once it is arranged, and arranged before: the stage waits for one or the other."""
        if self.case.stage == Stage.MEETING:
            return (kind is MeetingHeld) == (self.facts.meeting_ahead() is not None)
        return True

    def role_passed(self, changed: RoleChanged) -> None:
        """Another person than the Team Manager is the Chair."""
        if changed.role == CHAIR.role:
            self.facts.chairs.append(self.case.heard)
