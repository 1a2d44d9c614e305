"""Cwm Taf Morgannwg: Concerns Regarding Inter-Agency Safeguarding Practice. Read it beside the protocol of 2019."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from protocols import cwm_taf_morgannwg
    from protocols.cwm_taf_morgannwg import (
        REVIEW_GROUP,
        Asked,
        CwmTafMorgannwgFacts,
        QaMeeting,
        Response,
        Review,
        Stage,
        by_an_agency,
    )
    from protocols.messages import (
        LearningDisseminated,
        MeetingHeld,
        NotResolved,
        PanelSetUp,
        ProgressNoted,
        ReportPresented,
        Resolved,
        ResponseSubmitted,
        ReviewCompleted,
        ReviewDecided,
        Signal,
    )
    from protocols.roles import Role
    from workflows.disagreement import Disagreement, StageMethod
    from workflows.state import Case, Clock

PROFESSIONAL, MANAGER, COUNTERPART_MANAGER = "professional", "manager", "counterpart_manager"
SAFEGUARDING_LEAD, REPRESENTATIVE = "safeguarding_lead", "representative"
BUSINESS_UNIT, QA_CHAIR, CO_CHAIR = Role(role="business_unit"), Role(role="qa_chair"), Role(role="co_chair")
BOARD = Role(role="board")


@workflow.defn
class CwmTafMorgannwgDisagreement(Disagreement[CwmTafMorgannwgFacts]):
    """One disagreement under Cwm Taf Morgannwg's protocol."""

    rules = cwm_taf_morgannwg.RULES
    speaks_for_agency = REPRESENTATIVE

    @workflow.init
    def __init__(self, case: Case[CwmTafMorgannwgFacts]) -> None:
        super().__init__(case)

    @property
    def facts(self) -> CwmTafMorgannwgFacts:
        """What the case remembers."""
        return self.case.facts

    @workflow.run
    async def run(self, case: Case[CwmTafMorgannwgFacts]) -> str:
        """Follow the case to its end; answers the outcome."""
        return await self.follow()

    def stages(self) -> Mapping[str, StageMethod]:
        """The stages in the text's order."""
        return {
            Stage.SINGLE_AGENCY: self.single_agency,
            Stage.RESPONSE: self.response,
            Stage.AGREEMENT: self.agreement,
            Stage.QA: self.qa,
            Stage.CO_CHAIR: self.co_chair,
            Stage.REVIEW: self.review,
            Stage.BOARD: self.board,
            Stage.LEARNING: self.learning,
        }

    async def single_agency(self) -> str:
        """1 The raising manager and the managers of the other agencies try to settle it within 5 working days."""
        if self.entering:
            manager = self.raising(MANAGER)
            self.tell("action-required", manager, self.each(COUNTERPART_MANAGER))
            self.start("stage_1", self.case.instigated_at, manager, self.raising(SAFEGUARDING_LEAD))
        match await self.hear(Resolved, NotResolved):
            case Resolved():
                return self.end("resolved")
            case NotResolved() as part_a:
                if part_a.must_respond:
                    named = tuple(dict.fromkeys(part_a.must_respond))
                    self.facts.asked.append(Asked(number=self.case.heard, agencies=named))
                return Stage.RESPONSE

    async def response(self) -> str:
        """2 The Business Unit asks each agency that must respond; whoever misses its limit moves the case to QA."""
        if self.entering:
            self.tell("informed", BUSINESS_UNIT, self.raising(MANAGER))
            self._ask(self.unanswered)
        while self.unanswered:
            self._respond(await self.hear(ResponseSubmitted))
        return Stage.AGREEMENT

    async def agreement(self) -> str:
        """2 All have responded: the raising manager says whether that settles the concern."""
        if self.entering:
            manager = self.raising(MANAGER)
            self.tell("response-received", manager)
            last = max((response.at for response in self.facts.responses), default=self.case.stage_began)
            self.start("agreement", last, manager, BUSINESS_UNIT)
        match await self.hear(Resolved, NotResolved):
            case Resolved():
                return self.end("resolved")
            case NotResolved():
                return Stage.QA

    async def qa(self) -> str:
        """2 The concern is raised at the next meeting of the QA Sub Group, and again at a further one."""
        if self.entering:
            await self._enter_qa()
        match await self.hear(Resolved, NotResolved, MeetingHeld):
            case Resolved() as resolved:
                self._outcome("resolved", resolved)
                return self.end("resolved")
            case NotResolved() as unresolved:
                self._outcome("not_resolved", unresolved)
                return Stage.CO_CHAIR
            case MeetingHeld() as held:
                self._outcome(held.outcome, held)
                return Stage.QA

    async def co_chair(self) -> str:
        """3 The Co-Chair, independent of the case, decides whether it is reviewed."""
        if self.entering:
            self.tell("escalated", CO_CHAIR)
            self.tell("informed", QA_CHAIR)
            if Stage.QA not in self.case.gone_through:
                self._tell_that_it_begins_here()
            self.tell("board-update", BOARD)
            self.start("co_chair_decides", self.case.stage_began, CO_CHAIR, BUSINESS_UNIT)
        decided = await self.hear(ReviewDecided)
        self._decide(decided)
        self.tell("decision", self.each(REPRESENTATIVE), self.raising(MANAGER), self.raising(PROFESSIONAL))
        self.tell("board-update", BOARD, about="decided")
        return Stage.REVIEW if decided.review else self.end("no_review")

    async def review(self) -> str:
        """3 The review group, or the agency that was asked, reviews the case; the Business Unit supports the panel."""
        if self.entering:
            self.tell("action-required", self.reviewer, BUSINESS_UNIT)
            self.start("panel", self.facts.reviews[-1].decided_at, BUSINESS_UNIT, CO_CHAIR)
            self.start("review_progress", self.case.stage_began, self.reviewer, BUSINESS_UNIT)
        while True:
            match await self.hear(PanelSetUp, ProgressNoted, ReviewCompleted):
                case PanelSetUp() as set_up:
                    self.meet("panel", set_up.at)
                case ProgressNoted() as noted:
                    self.meet("review_progress", noted.at)
                    self.start("review_progress", noted.at, self.reviewer, BUSINESS_UNIT)
                case ReviewCompleted() as completed:
                    self._complete(completed)
                    return Stage.BOARD

    async def board(self) -> str:
        """3 The report goes to the next meeting of the Board."""
        if self.entering:
            self.tell("action-required", BUSINESS_UNIT)
            await self.start_until_meeting("present_report", self.case.stage_began, BUSINESS_UNIT, CO_CHAIR)
        presented = await self.hear(ReportPresented)
        self.meet("present_report", presented.at)
        return Stage.LEARNING

    async def learning(self) -> str:
        """3 The key learning points go to the agencies."""
        if self.entering:
            self.tell("action-required", BUSINESS_UNIT)
            self.start("learning", self.case.stage_began, BUSINESS_UNIT, CO_CHAIR)
        disseminated = await self.hear(LearningDisseminated)
        self.meet("learning", disseminated.at)
        self.tell("learning", [Role(role=REPRESENTATIVE, agency=agency) for agency in disseminated.agencies])
        return self.end("reviewed")

    # --- 2 the responses

    @property
    def unanswered(self) -> list[str]:
        """The agencies that must respond and have not."""
        return self.facts.unanswered(self.case.agencies)

    def _ask(self, agencies: Iterable[str]) -> None:
        """Each of these agencies is asked for its response, and has 10 working days from then."""
        for agency in agencies:
            manager = Role(role=COUNTERPART_MANAGER, agency=agency)
            lead = Role(role=SAFEGUARDING_LEAD, agency=agency)
            self.tell("action-required", manager)
            self.start("response", self.led_sent_at, manager, lead, agency=agency)

    def _respond(self, submitted: ResponseSubmitted) -> None:
        response = Response(number=self.case.heard, agency=submitted.agency, at=submitted.at)
        self.facts.responses.append(response)
        self.meet("response", submitted.at, agency=submitted.agency)

    def aside(self, said: Signal) -> None:
        """A response that comes after the case went to QA: the Business Unit has it, and the stage stays."""
        if isinstance(said, ResponseSubmitted):
            self._respond(said)
            self.tell("response-received", BUSINESS_UNIT)

    # --- 2 the QA Sub Group

    async def _enter_qa(self) -> None:
        if not self.joining:
            self._take_along_the_unanswered()
        self.tell("action-required", BUSINESS_UNIT)
        clock = await self.start_until_meeting("qa_meeting", self.case.stage_began, BUSINESS_UNIT, QA_CHAIR)
        if clock and clock.running and clock.meeting_at:
            self.tell("informed", self.told_of_meeting(clock), due=clock.meeting_at)

    def _take_along_the_unanswered(self) -> None:
        """Who was asked and has not answered is named to the Sub Group, once, and chased on."""
        asked = {clock.agency for clock in self.case.clocks if clock.clock == "response" and not clock.void}
        missing = [agency for agency in self.unanswered if agency in asked]
        for agency in missing:
            self.resume_closed("response", agency)
        if missing and self.case.turn == 1:
            words = f"Not answered: {', '.join(missing)}"
            self.note("not-answered", words, self.case.stage_began, facts={"agencies": missing})

    def told_of_meeting(self, clock: Clock) -> list[Role]:
        """All agencies are told when the QA Sub Group meets."""
        return self.each(REPRESENTATIVE) if clock.clock == "qa_meeting" else []

    def meeting_began(self, meeting_at: datetime) -> None:
        """From the start of the meeting the Business Unit has its time to record the outcome."""
        self.start("qa_outcome", meeting_at, BUSINESS_UNIT, QA_CHAIR)

    def _outcome(self, outcome: str, said: Signal) -> None:
        """What came of a meeting of the QA Sub Group goes to all agencies."""
        for clock in self.running("qa_meeting"):
            self.begin_meeting(clock)  # the outcome may be heard before the case woke up for the meeting
        self.meet("qa_outcome", said.sent_at)
        held = self.awaited_meeting("qa_meeting")
        if held and held.meeting_at:
            self.facts.meetings.append(
                QaMeeting(
                    number=self.case.heard,
                    meeting_at=held.meeting_at,
                    held_at=said.at,
                    outcome=outcome,
                    record=said.record or "",
                )
            )
        self.tell("feedback", self.each(REPRESENTATIVE))

    # --- 3 decision and review

    def _tell_that_it_begins_here(self) -> None:
        """3 So sensitive or critical that it begins with the Co-Chair: the agencies' leads hear of it at once."""
        self.tell("escalated", self.raising(SAFEGUARDING_LEAD))
        self.tell("informed", self.raising(MANAGER), BUSINESS_UNIT, self.each(REPRESENTATIVE))

    @property
    def reviewer(self) -> Role:
        """The review group, or the representative of the agency that reviews."""
        agency = self.facts.reviewing_agency
        return Role(role=REPRESENTATIVE, agency=agency) if agency else Role(role=REVIEW_GROUP)

    def _decide(self, decided: ReviewDecided) -> None:
        at = decided.decided_at or decided.at
        reviewer = self.case.parties().spelled(decided.reviewer or "")
        self.facts.reviews.append(
            Review(
                number=self.case.heard,
                decided_at=at,
                review=decided.review,
                reviewer=reviewer if decided.review else "",
                panel_member_agency=(decided.panel_member_agency or "") if by_an_agency(decided) else "",
            )
        )
        self.meet("co_chair_decides", at)
        self.start("inform_agencies", at, CO_CHAIR, BUSINESS_UNIT)
        self.meet("inform_agencies", decided.sent_at)  # the notices go out with the decision

    def _complete(self, completed: ReviewCompleted) -> None:
        review = self.facts.reviews[-1]
        review.completed, review.completed_at = self.case.heard, completed.at
        review.record = completed.record
        self.meet("review_progress", completed.at)
        self.tell("board-update", BOARD)

    # --- what the machinery asks

    def awaits(self, kind: type[Signal], role: Role) -> bool:
        """A response is awaited of those who have not answered."""
        return kind is not ResponseSubmitted or role.agency in self.unanswered
