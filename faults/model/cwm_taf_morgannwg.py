"""The model of Cwm Taf Morgannwg's protocol, written from spec 3."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from faults.model import cwm_taf_morgannwg_table as table
from faults.model.board import FollowsTheBoard, Planned
from faults.model.case import GRACE, Facts, Refused, Row, Said
from faults.model.cwm_taf_morgannwg_table import (
    ANSWERS,
    BOARD,
    BU,
    CO_CHAIR,
    GROUP,
    LATE_RESPONSES,
    QA_CHAIR,
)
from faults.model.limits import Clock


@dataclass
class Remembered(Facts):
    """What the case remembers; `part_a` is the number of the signal that named who must respond."""

    named: list[str] = field(default_factory=list)
    part_a: int = -1
    answered: dict[str, datetime] = field(default_factory=dict)
    reviewer: str = ""
    member: str = ""
    decided_at: datetime | None = None


class CwmTafMorgannwg(FollowsTheBoard):
    """A case under Cwm Taf Morgannwg's protocol."""

    STAGES, ROWS, LIMITS, PROPOSED = table.STAGES, table.ROWS, table.LIMITS, table.PROPOSED
    OF_AGENCIES, OF_NO_AGENCY = table.OF_AGENCIES, table.OF_NO_AGENCY
    SPEAKER, WITHDRAWS = "representative", ("manager", "safeguarding_lead")
    facts: Remembered

    def __init__(self, *args: Any, must: list[str], start: int, calendar: dict[str, Planned]) -> None:
        super().__init__(*args)
        self.facts, self.file_must, self.joined = Remembered(), must, dict[str, int]()
        self.calendar = calendar
        first = {1: "single_agency", 2: "response", 3: "co_chair"}[start]
        moment = self.began if start == 1 else self.now
        self.go(first, moment, moment)
        self.settle()
        self.pass_time(self.now)

    # --- who

    def holds(self, role: str, agency: str) -> bool:
        """Manager and professional are of the raising agency, counterpart managers of the others."""
        if role == "representative" and agency and agency == self.reviewing:
            return True
        sides = {"manager": (self.raising,), "professional": (self.raising,)}
        others = tuple(code for code in self.agencies if code != self.raising)
        return agency in {**sides, "counterpart_manager": others}.get(role, tuple(self.agencies))

    def acts_as(self, role: str) -> set[str]:
        """The safeguarding lead as manager or counterpart manager of its agency."""
        return {role, "manager", "counterpart_manager"} if role == "safeguarding_lead" else {role}

    @property
    def reviewing(self) -> str:
        """The agency that reviews."""
        return "" if self.facts.reviewer == GROUP else self.facts.reviewer

    @property
    def reviewer(self) -> str:
        """The role that reviews."""
        return f"representative/{self.reviewing}" if self.reviewing else GROUP

    def must(self) -> list[str]:
        """Who must respond: of part A, else of the case file, and those that joined since."""
        named = self.facts.named if self.facts.part_a > 0 else self.file_must
        return [*named, *(code for code, n in self.joined.items() if n > self.facts.part_a and code in self.agencies)]

    def unanswered(self) -> list[str]:
        """Who must respond and has not."""
        return [code for code in self.must() if code not in self.facts.answered]

    def on_side(self, side: str, said: Said) -> bool:
        if side == "responding":
            return said.agency in self.must()
        if side == "reviewing":
            return bool(self.facts.reviewer) and said.by == self.reviewer
        return super().on_side(side, said)

    def waited_for(self) -> set[str]:
        """Whose signal can move the stage on now."""
        manager = {self.of_raising("manager")}
        return {
            "single_agency": manager,
            "response": {f"{role}/{code}" for role in ANSWERS for code in self.unanswered()},
            "agreement": manager,
            "qa": {BU},
            "co_chair": {CO_CHAIR},
            "review": {self.reviewer, BU},
            "board": {BU},
            "learning": {BU},
        }.get(self.stage, set())

    # --- 1 single agency

    def enter_single_agency(self) -> None:
        manager = [self.of_raising("manager")]
        self.tell("action-required", [*manager, *self.each("counterpart_manager")])
        self.start("stage_1", self.began, manager, [self.of_raising("safeguarding_lead")])

    def said_resolved(self, said: Said) -> None:
        if self.stage == "qa":
            self._outcome(said)
        self.end("resolved", said)

    def content_not_resolved(self, said: Said) -> None:
        if self.stage == "single_agency" and "must_respond" in said.facts:
            if not said.facts["must_respond"]:
                raise Refused("missing")
            if set(said.facts["must_respond"]) - set(self.agencies[1:]):
                raise Refused("unknown")

    def said_not_resolved(self, said: Said) -> None:
        to = {"single_agency": "response", "agreement": "qa", "qa": "co_chair"}[self.stage]
        if self.stage == "single_agency" and "must_respond" in said.facts:
            self.facts.named, self.facts.part_a = list(said.facts["must_respond"]), len(self.before)
        if self.stage == "qa":
            self._outcome(said)
        self.go(to, said.at, said.sent_at)

    # --- 2 response and agreement

    def enter_response(self) -> None:
        self.tell("informed", [BU, self.of_raising("manager")])
        for code in self.unanswered():
            manager, lead = [f"counterpart_manager/{code}"], [f"safeguarding_lead/{code}"]
            self.tell("action-required", manager)
            self.start("response", self.led_sent_at, manager, lead, agency=code)
        if not self.unanswered():
            self.go("agreement", self.led_at, self.led_sent_at)

    def said_agency_added(self, said: Said) -> None:
        if said.facts["must_respond"]:
            self.joined[said.facts["agency_code"]] = len(self.before)
        self.led_at, self.led_sent_at = said.at, said.sent_at
        super().said_agency_added(said)

    def stage_of(self, row: Row) -> bool:
        late = row.stage == "late" and self.stage in LATE_RESPONSES
        return row.stage == self.stage or late

    def at_any_time(self, said: Said) -> bool:
        return said.name == "response_submitted" and self.stage != "response"

    def content_response_submitted(self, said: Said) -> None:
        if said.agency in self.facts.answered:
            raise Refused("already")

    def said_response_submitted(self, said: Said) -> None:
        self.facts.answered[said.agency] = said.at
        self.meet("response", said.at, agency=said.agency)
        if self.stage != "response":
            self.tell("response-received", [BU])
        elif not self.unanswered():
            self.go("agreement", said.at, said.sent_at)

    def fell_late(self, clock: Clock) -> None:
        """The one lateness that moves a case."""
        if clock.name == "response" and self.stage == "response" and clock.due:
            self.go("qa", clock.due, clock.due)

    def missed(self) -> set[str]:
        past = any(c.name == "response" and not c.taken_back and c.due and c.due <= self.now for c in self.clocks)
        return {"response"} if past else set()

    def enter_agreement(self) -> None:
        manager = [self.of_raising("manager")]
        self.tell("response-received", manager)
        self.start("agreement", max(self.facts.answered.values(), default=self.led_at), manager, [BU])

    # --- 2 the QA Sub Group

    def enter_qa(self) -> None:
        for code in self.unanswered() if self.returned else ():
            old = self.kept("response", code)
            if old and old.state == "closed":
                self.resume(old)
        self.tell("action-required", [BU])
        self.await_meeting("qa_meeting", [QA_CHAIR])
        for clock in self.running("qa_meeting"):
            if clock.meeting:
                self.tell("informed", self.each("representative"), clock.meeting.starts_at)

    def _after_its_start(self, said: Said) -> None:
        if self.stage == "qa" and not ((meeting := self.awaited("qa_meeting")) and said.at > meeting.starts_at):
            raise Refused("too_early")

    times_resolved = times_not_resolved = times_meeting_held = _after_its_start

    def content_meeting_held(self, said: Said) -> None:
        if said.facts["outcome"] != "further_meeting":
            raise Refused("not_understood")

    def said_meeting_held(self, said: Said) -> None:
        self._outcome(said)
        self.go("qa", said.at, said.sent_at)

    def _outcome(self, said: Said) -> None:
        self.meet("qa_outcome", said.sent_at)
        self.tell("feedback", self.each("representative"))

    # --- 3 Co-Chair, review, Board, learning

    def enter_co_chair(self) -> None:
        self.tell("escalated", [CO_CHAIR])
        self.tell("informed", [QA_CHAIR])
        if "qa" not in self.reached:
            self.tell("escalated", [self.of_raising("safeguarding_lead")])
            self.tell("informed", [self.of_raising("manager"), BU, *self.each("representative")])
        self.tell("board-update", [BOARD])
        self.start("co_chair_decides", self.led_at, [CO_CHAIR], [BU])

    def content_review_decided(self, said: Said) -> None:
        if not said.facts.get("reviewer" if said.facts["review"] else "record"):
            raise Refused("missing")
        if self._by_agency(said) and not said.facts.get("panel_member_agency"):
            raise Refused("missing")

    def _by_agency(self, said: Said) -> bool:
        return bool(said.facts["review"]) and said.facts["reviewer"] != GROUP

    def times_review_decided(self, said: Said) -> None:
        if said.moment("decided_at") > said.at:
            raise Refused("in_future")
        if said.moment("decided_at") < self.stage_began - GRACE:
            raise Refused("before_stage")

    def independent_review_decided(self, said: Said) -> None:
        member = said.facts.get("panel_member_agency")
        partial = member in self.agencies or member == said.facts.get("reviewer")
        if said.agency in self.agencies or (self._by_agency(said) and partial):
            raise Refused("not_independent")

    def independent_agency_added(self, said: Said) -> None:
        if said.facts["agency_code"] == self.facts.member:
            raise Refused("not_independent")

    def said_review_decided(self, said: Said) -> None:
        decided_at = said.moment("decided_at")
        self.facts.decided_at = decided_at
        self.facts.reviewer = said.facts["reviewer"] if said.facts["review"] else ""
        self.facts.member = said.facts["panel_member_agency"] if self._by_agency(said) else ""
        self.meet("co_chair_decides", decided_at)
        self.start("inform_agencies", decided_at, [CO_CHAIR], [BU])
        self.meet("inform_agencies", said.sent_at)
        told = [*self.each("representative"), self.of_raising("manager"), self.of_raising("professional")]
        self.tell("decision", told)
        self.tell("board-update", [BOARD])
        if said.facts["review"]:
            return self.go("review", said.at, said.sent_at)
        self.end("no_review", said)

    def enter_review(self) -> None:
        self.tell("action-required", [self.reviewer, BU])
        self.start("panel", self.facts.decided_at or self.led_at, [BU], [CO_CHAIR])
        self.start("review_progress", self.led_at, [self.reviewer], [BU])

    def said_panel_set_up(self, said: Said) -> None:
        self.meet("panel", said.at)

    def said_progress_noted(self, said: Said) -> None:
        self.meet("review_progress", said.at)
        self.start("review_progress", said.at, [self.reviewer], [BU])

    def said_review_completed(self, said: Said) -> None:
        self.meet("review_progress", said.at)
        self.tell("board-update", [BOARD])
        self.go("board", said.at, said.sent_at)

    def enter_board(self) -> None:
        self.tell("action-required", [BU])
        self.await_meeting("present_report", [CO_CHAIR])

    def times_report_presented(self, said: Said) -> None:
        if not ((meeting := self.awaited("present_report")) and said.at >= meeting.starts_at):
            raise Refused("too_early")

    def said_report_presented(self, said: Said) -> None:
        self.meet("present_report", said.at)
        self.go("learning", said.at, said.sent_at)

    def enter_learning(self) -> None:
        self.tell("action-required", [BU])
        self.start("learning", self.led_at, [BU], [CO_CHAIR])

    def content_learning_disseminated(self, said: Said) -> None:
        if not said.facts["agencies"]:
            raise Refused("missing")

    def said_learning_disseminated(self, said: Said) -> None:
        self.meet("learning", said.at)
        self.tell("learning", [f"representative/{code}" for code in said.facts["agencies"]])
        self.end("reviewed", said)
