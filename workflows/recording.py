"""What a step leaves behind: noted as it happens, recorded in one transaction, then posted beside the flow."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Generic, NoReturn

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from protocols.roles import Role
    from protocols.says import ANY_TIME
    from protocols.steps import Entry, HolderRow, Notice, Step
    from protocols.waiting import Received
    from protocols.working_days import recorded_late
    from workflows import story
    from workflows.outbox import Outbox
    from workflows.state import ENTRIES_KEPT, Case, Clock, F, Reopening
    from workflows.waiting import CARRIED_BYTES, Waiting, size

REQUESTS = {"action-required", "review-requested", "review-report", "response-received", "escalated"}
"""Notices that are sent once more where the role passes to another person (spec 1, role changed)."""

Roles = Role | Iterable[Role]


def flat(*roles: Roles) -> list[Role]:
    """The roles, each once, in order."""
    every = (one for some in roles for one in ([some] if isinstance(some, Role) else some))
    return list(dict.fromkeys(every))


class Recording(ABC, Generic[F]):
    """Notes what happens, records it step by step, and keeps the outbox moving."""

    ended_stage = "ended"

    def __init__(self, case: Case[F]) -> None:
        self.case = case
        self.joining = ""  # the agency that joins a stage already entered, while its entry is made for it alone
        self._occasion = "begin"
        self._drafts: list[Entry] = []
        self._tellings: list[Notice] = []
        self._touched: list[Clock] = []
        self._holders: list[HolderRow] = []
        self._superseded: list[str] = []
        self._changed = False
        self.outbox = Outbox(case.reference, case.unposted, case.step - 1)
        self.waiting = Waiting(case.reference, case)
        self._shown: dict[str, Any] = {}
        self.recorded = case.step - 1  # the last step that this run knows to be written
        self.unrecorded: list[Received] = []  # signals judged since

    # --- noting

    def note(self, what: str, words: str, at: datetime, **more: Any) -> None:
        """One line of the timeline; `more` are fields of `Entry`."""
        recorded_at = more.pop("recorded_at", workflow.now())
        entry = Entry(
            what=what,
            words=words,
            happened_at=at,
            recorded_at=recorded_at,
            clause=more.pop("clause", self.case.clause or ANY_TIME),
            stage=self.case.stage,
            turn=self.case.turn,
            late_recorded=recorded_late(at, recorded_at, self.case.holidays),
            **more,
        )
        self._drafts.append(entry)
        self.case.timeline = [*self.case.timeline, entry][-ENTRIES_KEPT:]

    def take_up(self, resumed: Reopening) -> None:
        """The case goes on where it stood, after its workflow was gone: nobody is told, and no clock begins anew."""
        self._drafts.append(resumed.entry(self.case.stage, self.case.turn))
        self.case.timeline = [*self.case.timeline, self._drafts[-1]][-ENTRIES_KEPT:]
        self._changed = True

    def tell(
        self,
        notice: str,
        *to: Roles,
        clause: str = "",
        due: datetime | None = None,
        stage: str = "",
        about: str = "",
        **more: Any,
    ) -> None:
        """A notice to each of these roles, about what is happening now.

        Args:
            notice: its kind.
            to: roles; while an agency joins, only its own are told.
            clause: the stage's clause, unless said.
            due: the date that it speaks of; if none is said, the earliest running clock of the stage for which
                the role is accountable gives it when the step is recorded.
            stage: the stage that it speaks of, if another than the case stands in.
            about: sets the occasion apart where one signal sets off several notices of a kind.
            more: further fields of `Notice`.
        """
        clause = clause or self.case.clause
        if self.joining:  # what comes of a signal at any time; the receiver is new to it
            clause, more = ANY_TIME, {**more, "concerns": notice}
        for role in flat(*to):
            if self.joining and role.agency != self.joining:
                continue
            telling = Notice(
                notice=notice,
                occasion=f"{self._occasion}/{about or clause}",
                to=role,
                at=workflow.now(),
                stage=stage or self.case.stage,
                clause=clause,
                due=due,
                **more,
            )
            self._tellings.append(telling)
            if notice in REQUESTS:
                self.case.asked[str(role)] = telling
            if role not in self.case.told and notice != "immediate-action":
                self.case.told.append(role)

    def touch(self, clock: Clock) -> None:
        """This clock changed; its waiting reminders are pointless once it runs no more or fell due."""
        if not any(clock is other for other in self._touched):
            self._touched.append(clock)
        if not clock.running or clock.told_late:
            self._superseded.append(self.case.key_of(clock))

    def pass_on(self, role: Role, person: str = "", record: str = "") -> None:
        """Somebody else holds this role from now on."""
        self._holders.append(HolderRow(role=role, person=person, record=record))

    @abstractmethod
    def waiting_for(self) -> list[Role]:
        """The roles whose signal can move the stage on now, proposals aside."""

    # --- recording

    async def settle(self) -> None:
        """Record what was noted since the last step; returns once it stands there."""
        if self._drafts or self._tellings or self._touched or self._superseded or self.waiting.noted:
            step = self._step()
            await self.outbox.record(step)
            self.recorded, self.unrecorded = step.number, []
            self._show(step)

    def _step(self) -> Step:
        case = self.case
        due = [clock.due for clock in case.running_clocks() if clock.kind == "protocol" and clock.due]
        step = Step(
            case=case.reference,
            number=case.step,
            at=workflow.now(),
            entries=self._drafts,
            notices=[self._with_due(telling) for telling in self._tellings],
            clocks=[case.row(clock) for clock in self._touched],
            meetings=case.facts.meeting_rows() if self._changed else None,
            reviews=case.facts.review_rows() if self._changed else None,
            must_respond=self._must_respond() if self._changed else None,
            holders=self._holders,
            superseded=self._superseded,
            judged=self.waiting.judged(),
            stage=case.stage,
            turn=case.turn,
            clause=case.clause,
            waiting_for=self.waiting_for(),
            next_due=min(due, default=None),
            overdue=any(clock.told_late and clock.kind == "protocol" for clock in case.running_clocks()),
            outcome=case.outcome,
        )
        case.step += 1
        if self._changed or self._touched or self._tellings:
            step.snapshot = case.snapshot()
        self._drafts, self._tellings, self._touched = [], [], []
        self._holders, self._superseded, self._changed = [], [], False
        return step

    def _must_respond(self) -> list[str] | None:
        codes = self.case.facts.must_respond(self.case.agencies)
        return None if codes is None else list(codes)

    def _with_due(self, telling: Notice) -> Notice:
        """A notice with the earliest running clock of the stage for which its receiver is accountable."""
        if telling.due or telling.clock or telling.notice == "immediate-action":
            return telling
        rules = self.case.edition.clocks
        mine = [
            clock
            for clock in self.case.running_clocks()
            if clock.due and telling.stage in rules[clock.clock].stages and telling.to in clock.accountable
        ]
        if not mine:
            return telling
        first = min(mine, key=lambda clock: clock.due or clock.starts)
        rule = rules[first.clock]
        return telling.model_copy(
            update={"due": first.due, "clock": first.clock, "limit": str(rule.within), "kind": rule.kind}
        )

    def _show(self, step: Step) -> None:
        """What the Temporal UI and the operators' lists say; written only where it changed."""
        workflow.set_current_details(story.details(self.case, step))
        shown = story.search_attributes(self.case, step)
        changed = [update for name, update in shown.items() if self._shown.get(name) != update]
        if changed:
            self._shown = shown
            workflow.upsert_search_attributes(changed)

    def go_on_in_a_new_run(self) -> NoReturn:
        """Continue as new, with the state as it stands; what is unposted is posted by the new run."""
        self.case.judged = 0
        while size(self.case.timeline) > CARRIED_BYTES:  # what is older stands in the records
            self.case.timeline = self.case.timeline[1 + len(self.case.timeline) // 2 :]
        self.waiting.hand_over()
        workflow.continue_as_new(self.case)
