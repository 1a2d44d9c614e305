"""The machine: hypothesis says things to a case and lets time pass, and each step must be as the model says.

It draws a protocol, a beginning and then steps: what leads on (often), what may be said at any time, what anybody might
say at random, the same once more, something with one thing wrong, time up to just before, at or after the next moment,
or weeks of it, a new row of the board's calendar. After each step stage, turn, outcome, who is waited for, every clock
with its due time, state and lateness, and every notice with its role, its moment and the date in it are the model's.
At the end of an example the case is led to an end by the model's way on: no stage is without one; and every mail is
held against the notices.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from temporalio.service import RPCError

from faults.model.beginnings import BEGINNINGS, Met, awaited_start, bank_holidays, planned
from faults.model.case import ENDED, Said
from faults.model.cwm_taf_morgannwg import CwmTafMorgannwg
from faults.model.gwent import Gwent
from faults.model.sayings import NAMES, Choose, all_always, facts, fitting, said_by, senders, spoil
from faults.model.signals import Model
from faults.model.world import UNHEARD_OF, Disagreement, Loop, World
from faults.stores import Stores
from tests import ctm, people

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LONGEST_WAY = 40
OFTEN = {"resolved": 1, "progress_noted": 2, "panel_set_up": 2, "head_of_service_consulted": 3}
"""How often these lead on, beside six times for all others: most cases are to go deep."""


class RandomStory(RuleBasedStateMachine):
    """Use `machine`, which says where the records come from."""

    stores: ClassVar[Stores]
    loop: ClassVar[Loop]
    met: ClassVar[Met]
    batch: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.world: World | None = None
        self.failed = False

    # --- the beginning

    @initialize(random=st.randoms(use_true_random=True))
    def begins(self, random: Random) -> None:
        """A case is raised; all that is chosen from here on follows from the seed of the run and what was drawn."""
        self.choose = choose = Random(f"{self.batch} {random.random()}").choice
        begins = choose(BEGINNINGS)
        ago = choose([0 * HOUR, 0 * HOUR, 3 * HOUR, 4 * DAY])
        kind = choose(["sqlite"] * 9 + ["postgresql"])
        runs = choose([1, *[0] * 14])
        ctm_start = choose([0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 3])
        RandomStory.met.examples += 1
        self.world, self.world_now, self.keys = World(self.stores, kind), begins.astimezone(UTC), 0
        self.runs, self.refused = runs, list[Said]()
        self.loop.do(self.world.open(begins))
        options = {"instigated": (begins - ago).isoformat()}
        if ctm_start:
            options |= {"start": str(ctm_start), "agencies": choose(["RCT", "RCT,SWP", "RCT,(SWP)"])}
        self.lines.append(f"begins {begins.isoformat()} {options} {'records in ' + kind} {runs=}")
        self.model: Model = self._model(begins - ago, options, choose)
        file = (ctm if ctm_start else people).case_file(begins, options)
        self._step(lambda: self.loop.do(self._world.raise_case(file, runs)))

    @property
    def _world(self) -> World:
        if not self.world:
            raise LookupError("no case was raised")
        return self.world

    def _model(self, began: datetime, options: dict[str, str], choose: Choose) -> Model:
        began, raised = began.astimezone(UTC), self.world_now
        if "start" not in options:
            return Gwent(began, raised, bank_holidays(), ["ABUHB", "NEWPORT"])
        codes = options["agencies"].split(",")
        must = [code for code in codes if "(" not in code]
        calendar = {}
        for key, group in (("qa-1", "qa_children"), ("qa-2", "qa_children"), ("board-1", "board")):
            if ahead := choose([None, 9, 30, 60]):
                calendar[key] = planned(group, raised + ahead * DAY, choose([None, 2]), cancelled=False)
                self._step(lambda key=key: self.loop.do(self._world.load(key, calendar[key])), compare=False)
        agencies = ["CTMUHB", *(code.strip("()") for code in codes)]
        start = int(options["start"])
        return CwmTafMorgannwg(began, raised, bank_holidays(), agencies, must=must, start=start, calendar=calendar)

    # --- the rules

    def _alive(self) -> bool:
        return self.world is not None and not self.failed and self.model.stage != ENDED

    @precondition(_alive)
    @rule()
    def somebody_says_what_leads_on(self) -> None:
        """Often: so that cases go deep."""
        self._lead_on()

    @precondition(_alive)
    @rule()
    def somebody_says_what_leads_on_later(self) -> None:
        """After a while."""
        choose = self.choose
        self._pass(choose([10 * MINUTE, 5 * HOUR, DAY, 2 * DAY]))
        self._lead_on()

    @precondition(_alive)
    @rule()
    def somebody_says_what_may_be_said_at_any_time(self) -> None:
        """Correction, withdrawal, agency, role, discussion, calendar, immediate action."""
        choose = self.choose
        self._pass(MINUTE)
        name = choose(all_always())
        now = self.world_now
        able = [by for by in senders(self.model) if self.model.always(Said(name, "", by, now, now, {}))]
        self._say(self._said(name, choose(able), facts(self.model, name, choose)))

    @precondition(_alive)
    @rule()
    def somebody_says_something_spoilt(self) -> None:
        """One thing is wrong with what would lead on."""
        choose = self.choose
        self._pass(MINUTE)
        if row := choose([*fitting(self.model)] or [None]):
            said = self._said(row.signal, choose(said_by(self.model, row)), facts(self.model, row.signal, choose))
            self._say(spoil(said, self.model, choose))

    @precondition(_alive)
    @rule()
    def anybody_says_anything(self) -> None:
        """Any role, any signal, all that it carries."""
        choose = self.choose
        self._pass(MINUTE)
        name = choose([*NAMES, UNHEARD_OF])
        self._say(self._said(name, choose(senders(self.model)), facts(self.model, name, choose)))

    @precondition(_alive)
    @rule()
    def somebody_says_it_once_more(self) -> None:
        """An accepted id counts once; a refused one is judged anew."""
        choose = self.choose
        self._pass(MINUTE)
        if self.model.accepted:
            key = choose(list(self.model.accepted))
            self._say(self.model.before[self.model.accepted[key] - 1].said)
        if self.refused:
            self._say(replace(choose(self.refused), sent_at=self.world_now, at=self.world_now))

    @rule()
    @precondition(lambda self: self.world is not None)
    def time_passes(self) -> None:
        """To just before, at or just after the next moment, or for long."""
        choose, coming = self.choose, self.model.next_moment()
        how = choose(["before", "at", "after", "hours", "day", "week", "weeks"])
        ways = {"before": -5 * MINUTE, "at": 0 * MINUTE, "after": 5 * MINUTE}
        if how in ways and coming:
            return self._until(coming + ways[how])
        self._pass({"hours": 7 * HOUR, "day": DAY, "week": 7 * DAY, "weeks": 23 * DAY}.get(how, HOUR))

    @rule()
    @precondition(lambda self: self._alive() and isinstance(self.model, CwmTafMorgannwg))
    def the_board_loads_a_meeting(self) -> None:
        """Planned, moved, cancelled."""
        choose, model = self.choose, self.model
        self._pass(MINUTE)
        if not isinstance(model, CwmTafMorgannwg):
            return
        key = choose(["qa-1", "qa-2", "board-1"])
        old, group = model.calendar.get(key), "board" if key == "board-1" else "qa_children"
        if old and old.starts_at <= self.world_now + HOUR:
            return
        starts = old.starts_at if old and choose([True, False]) else self.world_now + choose([5, 12, 33]) * DAY
        row = planned(group, starts, choose([None, 2]), cancelled=bool(old) and choose([True, False]))
        self.lines.append(f"{self.world_now:%Y-%m-%d %H:%M} load {key} {row}")

        def load() -> None:
            model.load(key, row)
            self.loop.do(self._world.load(key, row, in_short_runs=bool(self.runs)))

        self._step(load)

    # --- the end

    def teardown(self) -> None:
        """The case is led to an end, and every mail held against the notices."""
        try:
            if self.world and not self.failed and hasattr(self, "model"):
                self._lead_to_the_end()
        finally:
            if hasattr(self, "model"):
                model, met = self.model, RandomStory.met
                name = f"{type(model).__name__} of {self.lines[0].split()[1]}"
                met.tell(f"{met.examples} {name}: {len(self.lines)} lines, {model.stage} {model.outcome}")
                met.seen.update(f"{type(self.model).__name__}: {word}" for word in self.model.log)
            if self.world:
                self.loop.do(self.world.close())

    def _lead_to_the_end(self) -> None:
        for number, alarm in enumerate(self.model.alarms, start=1):
            if not alarm.confirmed and self.model.stage != ENDED:
                self._confirm(number)
        for _ in range(LONGEST_WAY):
            if self.model.stage == ENDED or self.failed:
                break
            self._pass(self.choose([MINUTE, MINUTE, 2 * HOUR, 2 * DAY, 9 * DAY]))
            self._lead_on(ending=True)
        self._until(self.world_now + HOUR)
        if self.model.stage != ENDED and not self.failed:
            raise self._disagreement(f"no way on was found from {self.model.stage}")
        self._step(lambda: self.loop.do(self._world.compare_mail(self.model)), compare=False)

    def _confirm(self, number: int) -> None:
        self._pass(MINUTE)
        facts = {"made_at": self.world_now.isoformat(), "record": "r"}
        said = self._said("immediate_action_confirmed", "duty_team", facts)
        code = self.loop.do(self._world.say(said, "accepted", f"-immediate-{number}"))
        self.lines.append(f"{self.world_now:%Y-%m-%d %H:%M} immediate action {number} confirmed: {code}")
        self.model.alarms[number - 1].confirmed = True

    # --- how it is done

    def _lead_on(self, *, ending: bool = False) -> None:
        """Say what leads on, once its time has come."""
        model, choose = self.model, self.choose
        self._pass(MINUTE)
        if (start := awaited_start(model)) and start >= self.world_now:
            self._until(start + HOUR)
        rows = fitting(model)
        if not rows and isinstance(model, CwmTafMorgannwg):
            return self._pass(DAY)
        if isinstance(model, CwmTafMorgannwg) and model.stage in ("qa", "board") and not start:
            return self._plan_a_meeting(model)
        further = "meeting_held" if ending and model.stage == "qa" else ""
        row = choose([row for row in rows for _ in range(OFTEN.get(row.signal, 6)) if row.signal != further])
        said = self._said(row.signal, choose(said_by(model, row)), facts(model, row.signal, choose))
        ago = choose([0 * MINUTE, 0 * MINUTE, 0 * MINUTE, 20 * MINUTE, 3 * HOUR])
        self._say(replace(said, at=max(said.at - ago, model.began)))

    def _plan_a_meeting(self, model: CwmTafMorgannwg) -> None:
        group = "board" if model.stage == "board" else "qa_children"
        key, row = f"way-on-{len(model.calendar)}", planned(group, self.world_now + 9 * DAY, None, cancelled=False)
        self.lines.append(f"{self.world_now:%Y-%m-%d %H:%M} load {key} {row}")

        def load() -> None:
            model.load(key, row)
            self.loop.do(self._world.load(key, row, in_short_runs=bool(self.runs)))

        self._step(load)

    def _said(self, name: str, by: str, carried: dict[str, Any]) -> Said:
        self.keys += 1
        return Said(name, f"s{self.keys}", by, self.world_now, self.world_now, carried)

    def _say(self, said: Said) -> None:
        line = f"{self.world_now:%Y-%m-%d %H:%M} {said.id} {said.name} {said.by} at {said.at:%d %H:%M} {said.facts}"
        known = self.model.answers.get(said.id, "")
        mine = self.model.say(said)
        world = self._world
        its = mine

        def say() -> None:
            nonlocal its
            its = self.loop.do(world.say_in_short_runs(said, known) if self.runs else world.say(said, mine))

        self._step(say, compare=False)
        self.lines.append(f"{line} => {mine}")
        if said.id not in self.model.accepted and said not in self.refused:
            self.refused.append(said)
        if mine != its and not self.failed:
            raise self._disagreement(f"the model says {mine}, the product {its}")
        self._step(lambda: None)

    def _pass(self, duration: timedelta) -> None:
        self._until(self.world_now + duration)

    def _until(self, moment: datetime) -> None:
        """Time passes; never to within two minutes before something, since the product takes its time."""
        while (coming := self.model.next_moment()) and moment < coming <= moment + 2 * MINUTE:
            moment = coming
        if moment <= self.world_now:
            return

        def passes() -> None:
            self.loop.do(self._world.skip_to(moment))
            self.model.pass_time(moment)

        self.world_now = moment
        self.lines.append(f"until {moment:%Y-%m-%d %H:%M}")
        self._step(passes)

    def _step(self, do: Any, compare: bool = True) -> None:
        if self.failed:
            return
        RandomStory.met.steps += compare
        try:
            do()
            if compare and not self.failed:
                self.loop.do(self._world.compare(self.model))
        except Disagreement as differs:
            raise self._disagreement(str(differs)) from None
        except (TimeoutError, RPCError) as fault:
            if not self.runs:
                raise self._disagreement(f"no answer: {fault}") from None
            self.failed = True  # the time-skipping server hangs on a new run that meets a query now and then
            RandomStory.met.silent += 1

    def _disagreement(self, words: str) -> Disagreement:
        self.failed = True
        RandomStory.met.differs(words, list(self.lines))
        return Disagreement("\n".join([words, *self.lines]))


def machine(stores: Stores, loop: Loop, met: Met, batch: int) -> type[RandomStory]:
    """The machine over these records."""
    RandomStory.stores, RandomStory.loop, RandomStory.met, RandomStory.batch = stores, loop, met, batch
    return RandomStory
