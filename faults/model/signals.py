"""What a signal does to the model's case, and which are refused (spec 1, Any time; A signal that does not fit)."""

from copy import deepcopy
from datetime import date

from faults.model.case import ENDED, GRACE, Alarm, Reached, Refused, Row, Said, State
from faults.model.days import Days

ALWAYS = {
    "discussion_recorded": ("record",),
    "role_changed": ("role", "record"),
    "agency_added": ("agency_code", "must_respond", "record"),
    "corrected": ("corrects", "record"),
    "calendar_changed": (),
    "withdrawn": ("record",),
    "immediate_action": (),
}
"""What may be said at any time, and what it must carry."""
EVERY_SIGNAL = frozenset(
    """resolved not_resolved response_submitted meeting_arranged meeting_held minutes_recorded review_requested
    head_of_service_consulted review_decided panel_set_up progress_noted review_completed report_accepted
    report_presented feedback_given learning_disseminated immediate_action discussion_recorded role_changed
    agency_added corrected calendar_changed withdrawn""".split()  # noqa: SIM905 - a list would fill the page
)
"""The names of all signals of both protocols."""


class Model(State):
    """A case to which things are said; the two protocols' own models say the rest."""

    # --- a signal

    def say(self, said: Said) -> str:
        """What becomes of a signal; answers the code of its receipt."""
        if said.id in self.accepted:
            return self.answers[said.id]
        try:
            proposal = self._allowed(said)
            self._complete(said, proposal)
            self._in_time(said)
            getattr(self, f"times_{said.name}", _anything)(said)
            getattr(self, f"independent_{said.name}", _anything)(said)
        except Refused as refused:
            self.log.append(f"refused {refused}")
            return str(refused)
        self.before.append(Reached(said, deepcopy(self.facts), self.reached))
        self.accepted[said.id] = len(self.before)
        self.answers[said.id] = "proposal" if proposal else "accepted"
        if proposal:
            self.tell("proposed", [self.of_raising(self.PROPOSED[self.stage])])
        else:
            getattr(self, f"said_{said.name}")(said)
        self.settle()
        self.pass_time(self.now)  # what is past already happens at once
        self.log.append(f"said {said.name}{' (proposal)' if proposal else ''}")
        return self.answers[said.id]

    def _allowed(self, said: Said) -> bool:
        """Known, understood, stage, role and side; answers whether it is but a proposal."""
        known = {row.signal for row in self.ROWS} | ALWAYS.keys()
        if self.stage == ENDED:
            raise Refused("ended")
        if said.name not in known:  # of the other protocol, or of none
            raise Refused("wrong_role" if said.name in EVERY_SIGNAL else "unknown")
        self._understood(said)
        asked_of = said.facts.get("stage"), said.facts.get("turn")
        another = asked_of[0] not in (None, self.stage) or asked_of[1] not in (None, self.turns[self.stage])
        if another and said.name not in ALWAYS and not self.at_any_time(said):
            raise Refused("wrong_stage")
        if self.row(said) or self.always(said):
            return False
        if said.name == "resolved" and self.stage in self.PROPOSED and self.party(said):
            return True
        elsewhere = any(self.may(row, said) for row in self.ROWS if row.signal == said.name)
        raise Refused("wrong_stage" if elsewhere else "wrong_role")

    def _understood(self, said: Said) -> None:
        if said.name == "corrected" and "corrects" in said.facts and "record" in said.facts:
            if said.facts["corrects"] not in self.accepted:
                raise Refused("unknown")
            if said.facts.get("return_to", self.STAGES[0]) not in self.STAGES:
                raise Refused("not_understood")

    def at_any_time(self, said: Said) -> bool:
        """Whether it may be said at any time, though a row of the table has it."""
        return False

    def row(self, said: Said) -> Row | None:
        """The row of the table that lets the sender say so now."""
        here = (row for row in self.ROWS if row.signal == said.name and self.stage_of(row))
        return next((row for row in here if self.may(row, said)), None)

    def stage_of(self, row: Row) -> bool:
        """Whether a row is of the current stage."""
        return row.stage == self.stage

    def may(self, row: Row, said: Said) -> bool:
        return self.party(said) and bool(self.acts_as(said.role) & set(row.by)) and self.on_side(row.side, said)

    def always(self, said: Said) -> bool:
        if said.name not in ALWAYS or not self.party(said):
            return False
        match said.name:
            case "agency_added":
                return bool(self.acts_as(said.role) & {"business_unit", "chair"})
            case "corrected" | "calendar_changed":
                return said.role == "business_unit"
            case "withdrawn":
                return said.role in self.WITHDRAWS and said.agency == self.raising
            case _:
                return True

    def _complete(self, said: Said, proposal: bool) -> None:
        row = self.row(said)
        always = ("record", "agreed") if said.name == "resolved" else ()
        requires = always if proposal else (*always, *(row.requires if row else ALWAYS[said.name]))
        missing = any((said.agency or None if name == "agency" else said.facts.get(name)) is None for name in requires)
        if said.name == "role_changed" and said.facts.get("role") in self.OF_AGENCIES:
            missing |= not said.facts.get("for_agency")
        if missing or (said.name == "calendar_changed" and not said.facts.keys() & {"holidays", "meetings"}):
            raise Refused("missing")
        if self.ending and said.name not in ALWAYS and not self.at_any_time(said):
            raise Refused("already")
        getattr(self, f"content_{said.name}", _anything)(said)

    def _in_time(self, said: Said) -> None:
        if said.at > said.sent_at + GRACE:
            raise Refused("in_future")
        if said.at < self.began:
            raise Refused("before_stage")
        if said.name not in ALWAYS and not self.at_any_time(said) and said.at < self.stage_began - GRACE:
            raise Refused("before_stage")

    # --- at any time

    def content_role_changed(self, said: Said) -> None:
        """The Business Unit, or the agency for its own roles; Gwent's Team Manager names the Chair."""
        of = said.facts.get("for_agency", "")
        own = said.facts["role"] in self.OF_AGENCIES and said.agency and said.agency == of
        if not (said.role == "business_unit" or own or self.names(said.role) == said.facts["role"]):
            raise Refused("wrong_role")

    def names(self, role: str) -> str:
        """The role whose holder this one may name."""
        return ""

    def said_role_changed(self, said: Said) -> None:
        """The latest request to that role goes to the new holder, if it is still waited for."""
        role = said.facts["role"] + (f"/{said.facts['for_agency']}" if said.facts["role"] in self.OF_AGENCIES else "")
        if role in self.asked and role in self.waited_for():
            self.tell(self.asked[role], [role])

    def content_agency_added(self, said: Said) -> None:
        """An agency that is in already cannot be added."""
        if said.facts["agency_code"] in self.agencies:
            raise Refused("already")

    def said_agency_added(self, said: Said) -> None:
        """It gets what both sides would get now."""
        self.joining = said.facts["agency_code"]
        self.agencies.append(self.joining)
        if not self.ending:
            self.enter()
        self.joining = ""

    def said_discussion_recorded(self, said: Said) -> None:
        """All agencies are informed."""
        self.tell("informed", self.each(self.SPEAKER))

    def said_immediate_action(self, said: Said) -> None:
        """The duty team, the sender's safeguarding lead and the roles waited for are told at once, and chased."""
        lead = [f"safeguarding_lead/{said.agency}"] if said.role in self.OF_AGENCIES else []
        alarm = Alarm(self.now, list(dict.fromkeys(["duty_team", *lead, *sorted(self.waited_for())])))
        self.alarms.append(alarm)
        self._sound(alarm)

    def said_withdrawn(self, said: Said) -> None:
        """Everybody told hears so; the case ends whatever is missing."""
        self.outcome, self.ending = "withdrawn", ""
        self.log.append("outcome withdrawn")
        self.tell("withdrawn", list(self.told))
        self.go(ENDED, said.at, said.sent_at)

    def content_corrected(self, said: Said) -> None:
        """Only to a stage that the case had come to before, and whose limit has not moved it on (decision 50)."""
        to, number = said.facts.get("return_to"), self.accepted.get(said.facts["corrects"], 0)
        if to and (to not in self.reached or to not in self.before[number - 1].stages or to in self.missed()):
            raise Refused("wrong_stage")

    def missed(self) -> set[str]:
        """The stages whose limit is past, and moved the case on."""
        return set()

    def said_corrected(self, said: Said) -> None:
        """Everybody told is informed; the stage to return to, if any, is entered anew."""
        to = said.facts.get("return_to", "")
        self.tell("informed", list(self.told), stage=to)
        if not to:
            return
        number = self.accepted[said.facts["corrects"]]
        self.void |= set(range(number, len(self.before) + 1))
        wrong = self.before[number - 1].said
        if wrong.name == "agency_added":  # any other agency that has come in meanwhile stays
            self.agencies.remove(wrong.facts["agency_code"])
        self.facts, self.reached = deepcopy(self.before[number - 1].facts), self.before[number - 1].stages
        self.ending, self.returned = "", said.at
        began = self.first_began[to]
        self._leave(to, said.at)
        self._take_back(number, to)
        self.go(to, said.at, said.sent_at)
        self.stage_began = began

    def _take_back(self, number: int, to: str) -> None:
        """What the signal and its followers began is closed; a protocol limit that they met runs again.

        So does the target for minutes that they recorded, from now: it is of no stage, and waited for (decision 64).
        """
        for clock in list(self.clocks):
            clock.taken_back |= clock.begun >= number
            if clock.running and clock.taken_back:
                clock.close(self.now, len(self.before))
            elif clock.limit.runs_on and clock.ended >= number and not clock.taken_back:
                self.start(clock.name, self.led_at, clock.accountable, clock.oversees)
            elif clock.limit.group or clock.limit.local or clock.taken_back:
                continue
            elif clock.ended >= number and to in clock.limit.stages:
                self.resume(clock)

    def said_calendar_changed(self, said: Said) -> None:
        """Bank holidays lengthen running clocks, never shorten them; what is past does not move."""
        holidays = {date.fromisoformat(day) for day in said.facts.get("holidays", ())}
        self.days = Days(self.days.bank_holidays | holidays)
        for clock in self.running():
            if self.reckon_anew(clock):
                self.tell("date-changed", clock.accountable, clock.due, of_clock=True)


def _anything(said: Said) -> None:
    """A signal that nothing more is asked of."""
