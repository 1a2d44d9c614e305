"""Due times reckoned anew under a running case: old, new and why are written down (spec 1, the calendar may change)."""

from datetime import datetime

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from protocols.roles import Role
    from protocols.says import ANY_TIME
    from workflows import story
    from workflows.recording import Recording
    from workflows.state import Clock, F


class Reckoning(Recording[F]):
    """Moves the due times of running clocks, and never without a record."""

    def reckon_anew(self, why: str, loaded_at: datetime) -> None:
        """Every running clock, by the calendar of now (spec 1: the calendar may change under a running case).

        Args:
            why: in words.
            loaded_at: aware moment; what was due by then does not move.
        """
        for clock in self.case.running_clocks():
            if moved := self.reckon(clock, loaded_at):
                self.note_recalculated(clock, moved, why)
                self.tell_date_changed(clock, clock.accountable, clock.due)

    def reckon(self, clock: Clock, loaded_at: datetime) -> datetime | None:
        """The due time by the bank holidays of now; answers the old one if it moved.

        Bank holidays may lengthen a clock, never shorten it; a due time that has passed does not move.
        """
        old, new = clock.due_time, self.case.reckon(clock)
        if old.due is None or new.due is None or old.due <= loaded_at or clock.told_late:
            return None
        if new.due < old.due:
            new = old.model_copy(update={"provisional": new.provisional})
        clock.due_time = new
        if new != old:
            self.touch(clock)
        return old.due if new.due != old.due else None

    def note_recalculated(self, clock: Clock, old: datetime | None, why: str) -> None:
        """Old and new due time stand in the timeline, and why (spec 1: no date moves without a record)."""
        rule = self.case.edition.clocks[clock.clock]
        dues = {"old": old.isoformat() if old else "", "new": clock.due.isoformat() if clock.due else ""}
        words = f"{rule.en} ({rule.clause}): now due {story.moment(clock.due)}, before {story.moment(old)}; {why}"
        facts = {"clock": clock.clock, "agency": clock.agency, "why": why, **dues}
        self.note("recalculated", words, workflow.now(), clause=ANY_TIME, facts=facts)

    def tell_date_changed(self, clock: Clock, to: list[Role], date: datetime | None) -> None:
        """These roles learn that the date that they know of is another one now."""
        rule = self.case.edition.clocks[clock.clock]
        self.tell(
            "date-changed",
            to,
            clause=ANY_TIME,
            due=date,
            about=self.case.key_of(clock),
            clock=clock.clock,
            limit=str(rule.within),
            kind=rule.kind,
        )
