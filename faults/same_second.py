"""Row 8: something changes under a case in the same second as a signal.

Each pair is told in both orders, each judged before the next is told: these two are what may come of it. Then both are
told with no worker, in both orders and through two doors at once, and a worker starts; and through two doors at once
while one works. All these cases begin alike: one is led there, and the others begin where it stands.

Seen to fail: with no entry about a date that moves (`workflows.reckoning`) “a bank holiday added” found nine such
dates; with a waiting request repeated for the new holder (`records.writing._waits_already`) “a role passed on” sent it
twice to them. A refused sending judged twice, since two doors delivered it, was found by “a meeting moved”.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import select

from faults.copies import copies
from faults.found import Found, together
from faults.ground import Ground
from faults.ledger import Account
from faults.stores import KINDS
from faults.tales import AGO, GWENT, HELD, TEXT, Saying, Tale, at, data_of
from faults.yard import Yard
from protocols.roles import Role
from protocols.steps import Code, Receipt
from records.database import reading
from records.models import Clock, Entry
from starter.told import Told
from starter.use_cases import Datrys
from tests.people import person

PROMISE = "both are judged, one after the other; what comes of it is what one of the two orders makes of it"
NEW_HOLDER = person("line_manager", "ABUHB") | {"name": "Other Manager", "email": "other-manager.abuhb@example.invalid"}
DAYS_OFF = 7
"""So many days from the begin on are proclaimed bank holidays: five working days less."""

REFUSAL = "not-accepted"


class Pair(NamedTuple):
    """Two things that are said in one second.

    Attributes:
        name: in plain words.
        before: what was said so far.
        signal, change: what is said to the case, and what changes under it.
    """

    name: str
    before: tuple[Saying, ...]
    signal: Saying
    change: Saying


def _said(key: str, name: str, by: str, **data: Any) -> Saying:
    role, _, agency = by.partition("/")
    return Saying(name, key, Role(role=role, agency=agency), data)


NOT_RESOLVED = _said("s1", "not_resolved", "practitioner/ABUHB")
STATEMENT = _said("s2", "not_resolved", "line_manager/ABUHB", **TEXT)
ARRANGED = _said("s3", "meeting_arranged", "team_manager", meeting_at=timedelta(minutes=2))
PAIRS = (
    Pair(
        "a bank holiday added",
        (),
        NOT_RESOLVED,
        _said("change", "calendar_changed", "business_unit", holidays=[]),
    ),
    Pair(
        "a meeting moved",
        (NOT_RESOLVED, STATEMENT, ARRANGED),
        _said("signal", "meeting_held", "team_manager", **HELD, **TEXT),
        _said("change", "meeting_arranged", "team_manager", meeting_at=timedelta(days=3)),
    ),
    Pair(
        "a role passed on",
        (),
        NOT_RESOLVED,
        _said("change", "role_changed", "business_unit", role="line_manager", for_agency="ABUHB", holder=NEW_HOLDER),
    ),
    Pair(
        "a case corrected",
        (NOT_RESOLVED,),
        STATEMENT,
        _said("change", "corrected", "business_unit", corrects="s1", return_to="practitioners", **TEXT),
    ),
    Pair(
        "a case withdrawn",
        (),
        NOT_RESOLVED,
        _said("change", "withdrawn", "line_manager/ABUHB", **TEXT),
    ),
)


class Trial(NamedTuple):
    """A case to which the two are told, in this order or at once."""

    case: str
    first: Saying
    second: Saying
    at_once: bool = False


class Came(NamedTuple):
    """What came of a trial: all that is compared.

    Attributes:
        account: the entries, notices and mails, but for the answers to what was not accepted.
        dates: every clock.
        first: key of what was judged first.
    """

    account: Account
    dates: tuple[Any, ...]
    first: str


class Scene:
    """One pair, at one place.

    Args:
        pair, place: what is told, and where.
        begins: when the case is said to have begun.
    """

    def __init__(self, pair: Pair, place: Ground, begins: datetime) -> None:
        self.pair, self.place, self.begins = pair, place, begins
        self.found = Found(pair.name, PROMISE)
        self.other_door = place.new_door()
        self.either: dict[str, Came] = {}
        self.answers: dict[tuple[str, str], Receipt | None] = {}

    async def prepare(self, times: int) -> None:
        """Lead one case there, and let others begin where it stands; the two orders show what may come of it."""
        pair, place = self.pair, self.place
        tale = Tale(GWENT.protocol, GWENT.case_file, pair.before)
        case, _ = await place.raise_case(tale, self.begins)
        await place.play(tale, case, self.begins, patient=True)
        await place.until_recorded(case)
        self.before = _dates(place, case)
        view = await asyncio.to_thread(place.door.case, case)
        self.stands = {"stage": view.view.row.stage, "turn": view.view.turn}
        ones = iter(await copies(place, case, 5 + times))
        one, other = pair.signal, pair.change
        self.in_turn = [Trial(next(ones), one, other), Trial(next(ones), other, one)]
        self.kept = [
            Trial(next(ones), one, other),
            Trial(next(ones), other, one),
            Trial(next(ones), one, other, at_once=True),
        ]
        self.working = [Trial(one_more, one, other, at_once=True) for one_more in ones]

    async def one_after_the_other(self) -> None:
        """What comes of each order."""
        for trial in self.in_turn:
            for saying in (trial.first, trial.second):
                await self._tell(self.place.door, trial, saying)
                await self.place.until_recorded(trial.case, saying.key)
            came = await self._came(trial)
            self.either[came.first] = came
        if len(self.either) < 2:
            self.found.wrong.append("the two orders were not judged in their order")

    async def at_once(self, trials: Sequence[Trial]) -> None:
        """Both are told before anybody waits for what becomes of the first."""
        for trial in trials:
            if trial.at_once:
                doors = (self.place.door, self.other_door)
                both = zip(doors, (trial.first, trial.second), strict=True)
                await asyncio.gather(*(self._tell(door, trial, saying) for door, saying in both))
            else:
                await self._tell(self.place.door, trial, trial.first)
                await self._tell(self.place.door, trial, trial.second)

    async def hold(self) -> None:
        """Each trial is held against the order in which it was judged."""
        for trial in (*self.kept, *self.working):
            self.found.runs += 1
            await self.place.until_recorded(trial.case, trial.first.key, trial.second.key)
            came = await self._came(trial)
            if not trial.at_once and came.first != trial.first.key:
                self.found.wrong.append(f"{trial.case}: what was told last was judged first")
            self._compare(trial, came)

    def _compare(self, trial: Trial, came: Came) -> None:
        wanted, other = self.either[came.first], self.either[_other(self.pair, came.first)]
        if came.account.mails == other.account.mails:  # a mail that waited goes to whoever holds the role by then
            wanted = wanted._replace(
                account=wanted.account._replace(mails=other.account.mails, notices=other.account.notices)
            )
        self.found.hold_against(wanted.account, came.account)
        if came.dates != wanted.dates:
            differ = [pair for pair in zip(came.dates, wanted.dates, strict=False) if pair[0] != pair[1]]
            self.found.wrong.append(f"{trial.case}: found and expected dates differ: {differ}")

    async def _tell(self, door: Datrys, trial: Trial, saying: Saying) -> Told:
        number = len(self.pair.before) + (1 if saying is self.pair.signal else 2)
        data = data_of(saying, at(self.begins, number)) | self.stands
        if saying.name == "calendar_changed":
            data["holidays"] = [(self.begins + timedelta(days=n)).date().isoformat() for n in range(1, DAYS_OFF + 1)]
        told = await door.tell(trial.case, saying.name, saying.by, data, saying.key)
        self.answers[trial.case, saying.key] = told.receipt
        return told

    async def _came(self, trial: Trial) -> Came:
        account = await self.place.account(trial.case)
        with reading(self.place.records) as session:
            rows = select(Entry).where(Entry.stream == trial.case).order_by(Entry.number)
            entries = session.scalars(rows).all()
        judged = [one.signal_id for one in entries if one.signal_id in (trial.first.key, trial.second.key)]
        if len(judged) != 2:
            self.found.wrong.append(f"{trial.case}: judged {judged}")
        dates = _dates(self.place, trial.case)
        self.found.wrong += _moved_unsaid(trial.case, self.before, dates, entries)
        self._answered(trial, account, entries)
        return Came(_without_refusals(account), dates, judged[0])

    def _answered(self, trial: Trial, account: Account, entries: Sequence[Entry]) -> None:
        """Whoever is refused hears so: from the door, or by one mail where the door could not wait."""
        refused = [one.signal_id for one in entries if one.code not in ("", Code.ACCEPTED)]
        by_mail = sum(n for notice, n in account.notices.items() if notice.split()[1] == REFUSAL)
        at_once = sum(1 for key in refused if self.answers.get((trial.case, key)))
        if by_mail + at_once != len(refused):
            self.found.wrong.append(
                f"{trial.case}: {len(refused)} refused, told {at_once} by the door, {by_mail} by mail"
            )


def _dates(place: Ground, case: str) -> tuple[Any, ...]:
    with reading(place.records) as session:
        rows = session.scalars(select(Clock).where(Clock.reference == case).order_by(Clock.key)).all()
    return tuple((one.key, one.starts, one.due, one.state, one.late) for one in rows)


def _moved_unsaid(case: str, before: Sequence[Any], after: Sequence[Any], entries: Sequence[Entry]) -> list[str]:
    """Every date that is another one now, and of which no entry says so."""
    had = {key: due for key, _, due, *_ in before}
    said = {(one.facts.get("clock"), one.facts.get("new")) for one in entries if one.what == "recalculated"}
    arranged = any(one.what == "meeting_arranged" and one.code == Code.ACCEPTED for one in entries)
    moved = [(key, due) for key, _, due, *_ in after if key in had and had[key] != due]
    return [
        f"{case}: {key} moved from {had[key]} to {due} and no entry says so"
        for key, due in moved
        if (key.partition("#")[0], due.isoformat()) not in said and not (arranged and key.startswith("record_outcome"))
    ]


def _without_refusals(account: Account) -> Account:
    return account._replace(
        notices=Counter({one: n for one, n in account.notices.items() if one.split()[1] != REFUSAL}),
        mails=Counter({one: n for one, n in account.mails.items() if one.split()[0] != REFUSAL}),
    )


def _other(pair: Pair, key: str) -> str:
    return pair.change.key if key == pair.signal.key else pair.signal.key


async def with_a_change(yard: Yard, *, short: bool) -> list[Found]:
    """Each pair; in short on one database."""
    kinds = ("",) if short else KINDS
    grounds = await asyncio.gather(*(_on_one_ground(yard, kind, 1 if short else 12) for kind in kinds))
    rows = [row for found in grounds for row in found]
    names = [pair.name for pair in PAIRS]
    return [together(f"at once: {name}", PROMISE, (row for row in rows if row.fault == name)) for name in names]


async def _on_one_ground(yard: Yard, kind: str, times: int) -> list[Found]:
    async with yard.ground(kind) as place:
        begins = (datetime.now(UTC) - AGO).replace(microsecond=0)
        scenes = [Scene(pair, place, begins) for pair in PAIRS]
        await place.start_worker()
        await asyncio.gather(*(scene.prepare(times) for scene in scenes))
        await asyncio.gather(*(scene.one_after_the_other() for scene in scenes))
        await asyncio.gather(*(scene.at_once(scene.working) for scene in scenes))
        for scene in scenes:
            for trial in scene.working:
                await place.until_recorded(trial.case, trial.first.key, trial.second.key)
        await place.kill_workers()
        await asyncio.gather(*(scene.at_once(scene.kept) for scene in scenes))
        await place.start_worker()
        for scene in scenes:
            await scene.hold()
    return [scene.found for scene in scenes]
