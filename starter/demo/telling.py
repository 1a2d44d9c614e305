"""A story in words: what the terminal and the page say of each moment. Nothing here knows a protocol by name."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import NamedTuple

from protocols.editions import Edition, Kind
from protocols.limits import DueTime
from protocols.roles import Role
from protocols.steps import ClockRow, ClockState, Code, Entry
from protocols.working_days import LONDON, BankHolidays, local_date
from starter.demo.moments import Changed, Mailed, Moment
from starter.demo.playing import Played
from starter.printing import count
from starter.printing_case import kind, since

ANY_TIME = "any"
SATURDAY = 5
LABELS = ("accepted", "proposal", "refused", "due", "late", "met", "noted", "stage", "clock", "mail")
"""What a line can be, in the order in which it is read: what was said or fell due, what followed, who was told."""
FELL_DUE = {"reminder": "reminder", "overdue": "overdue", "chaser": "chased", "late": "target passed, without a mail"}
NOTICES = {
    "opened": "told that it begins",
    "action-required": "asked to act",
    "informed": "informed",
    "reminder": "reminded",
    "overdue": "told that it is overdue",
    "chaser": "chased",
    "escalated": "escalated to",
    "meeting-invitation": "invited",
    "meeting-moved": "told the new date",
    "minutes": "sent the minutes",
    "response-received": "sent the response",
    "review-requested": "asked for a review",
    "decision": "told the decision",
    "review-report": "sent the report",
    "feedback": "given feedback",
    "board-update": "kept up to date",
    "learning": "sent the learning",
    "immediate-action": "told of danger",
    "date-changed": "told that a date changed",
    "proposed": "told of a proposal",
    "not-accepted": "told that it is not accepted",
    "withdrawn": "told that it is withdrawn",
    "ended": "told that it ended",
}
"""What each kind of notice does to its receiver."""
DUE = {"meeting-invitation": "for", "meeting-moved": "for", "date-changed": "now", "informed": "date"}
"""What the date of a notice is, where it is not the time by which to act."""


class Line(NamedTuple):
    """One thing that happened.

    Attributes:
        label: one of `LABELS`.
        words: what.
        mails: the mails, where it is that somebody was written to.
    """

    label: str
    words: str
    mails: tuple[Mailed, ...] = ()


def lines(moment: Moment, edition: Edition) -> list[Line]:
    """What happened in a moment, a line each."""
    told = [
        *(_entry(entry, edition) for entry in moment.entries),
        *(line for change in moment.changes if (line := _change(change, edition, moment.entries))),
        *_mails(moment.mails, edition),
    ]
    return sorted(told, key=lambda line: LABELS.index(line.label))


# --- days, times and roles


def day(of: date) -> str:
    """“Monday 30 November 2026”."""
    return f"{of:%A} {of.day} {of:%B %Y}"


def short_day(of: date) -> str:
    """“Mon 30 Nov”."""
    return f"{of:%a} {of.day} {of:%b}"


def day_time(at: datetime) -> str:
    """“Mon 30 Nov 17:00”, as the clocks in Wales show it."""
    local = at.astimezone(LONDON)
    return f"{short_day(local)} {local:%H:%M}"


def titles(roles: Iterable[Role], edition: Edition) -> str:
    """“Chair, Line manager NEWPORT”: each once."""
    return ", ".join(dict.fromkeys(_title(role, edition) for role in roles))


def _title(role: Role, edition: Edition) -> str:
    named = edition.roles.get(role.role)
    return f"{named.en if named else role.role} {role.agency}".strip()


def bank_holidays_between(earlier: date, later: date, holidays: BankHolidays) -> str:
    """“Fri 25 Dec, Mon 28 Dec (bank holidays)”: those after the one day and before the other."""
    return _bank_holidays([day for day in holidays.dates if earlier < day < later])


def _bank_holidays(days: Sequence[date]) -> str:
    return f"{', '.join(map(short_day, days))} (bank holiday{'s' if len(days) > 1 else ''})" if days else ""


# --- how it ended


def summary(played: Played) -> str:
    """“GWENT-2026-0001 ended: reviewed. 75 days, 105 mails to 14 people. Protocol limits: 3 in time, 1 late. …”."""
    view, mails = played.view, mails_of(played)
    ended = f"ended: {view.row.outcome.replace('_', ' ')}" if view.row.outcome else f"is at {view.row.stage}"
    days = (local_date(played.moments[-1].at) - local_date(played.moments[0].at)).days + 1
    people = len({mail.to for mail in mails})
    counted = (
        f"{count(days, 'day', 'days')}, {count(len(mails), 'mail', 'mails')} to {count(people, 'person', 'people')}"
    )
    return f"{view.row.reference} {ended}. {counted}. {kept(view.clocks)}"


def kept(clocks: Iterable[ClockRow]) -> str:
    """“Protocol limits: 3 in time, 1 late. Local targets: 8 in time.”: those that ran to an end."""
    ended = [clock for clock in clocks if clock.late or clock.state is ClockState.MET]
    told = []
    for name, of in (("Protocol limits", Kind.PROTOCOL), ("Local targets", Kind.LOCAL)):
        late = [clock.late for clock in ended if clock.kind is of]
        counts = [f"{late.count(one)} {words}" for one, words in ((False, "in time"), (True, "late")) if one in late]
        told.append(f"{name}: {', '.join(counts) or 'none'}.")
    return " ".join(told)


def mails_of(played: Played) -> list[Mailed]:
    """Every mail of a story, in order."""
    return [mail for moment in played.moments for mail in moment.mails]


# --- limits


def limit(clock: ClockRow, edition: Edition) -> str:
    """“5 working days of instigation”."""
    return f"{clock.limit} {since(edition.clocks[clock.clock])}"


def task(clock: ClockRow, edition: Edition) -> str:
    """“Submit your agency's response …, SWP (clause 2)”."""
    whose = f", {clock.agency}" if clock.agency else ""
    return f"{edition.clocks[clock.clock].en}{whose} (clause {clock.clause})"


def passed_over(due: DueTime) -> str:
    """“weekends and Fri 25 Dec, Mon 28 Dec (bank holidays)”: the days that did not count, shortly."""
    others = [skipped.date for skipped in due.skipped if skipped.date.weekday() < SATURDAY]
    weekends = "weekends" if len(others) < len(due.skipped) else ""
    return " and ".join(filter(None, (weekends, _bank_holidays(others))))


def end(clock: ClockRow) -> str:
    """“met in time”: how a clock ended, or that it runs."""
    match clock.state:
        case ClockState.MET:
            return "met late" if clock.late else "met in time"
        case ClockState.CLOSED:
            return "not needed any more"
        case ClockState.RUNNING:
            return "running, late" if clock.late else "running"


# --- what happened


def _entry(entry: Entry, edition: Edition) -> Line:
    clause = f" (clause {entry.clause})" if entry.clause != ANY_TIME else ""
    if entry.code:
        return _said(entry, entry.code, clause)
    if entry.what == "stage-entered":
        stage = edition.stages[entry.stage]
        return Line("stage", stage.en + (f" (clause {stage.clause})" if stage.clause else ""))
    if entry.what in FELL_DUE and "clock" in entry.facts:
        return Line("due" if entry.what == "reminder" else "late", _fell_due(entry, edition))
    return Line("clock" if entry.what == "recalculated" else "noted", entry.words)


def _said(entry: Entry, code: Code, clause: str) -> Line:
    words = entry.words.removesuffix(f" – {code.replace('_', ' ')}")
    if not code.accepted:
        return Line("refused", f"{words}{clause}: {entry.reason}")
    late = f"; it happened on {day_time(entry.happened_at)}, and is recorded late" if entry.late_recorded else ""
    behalf = "; entered by the Business Unit" if entry.entered_by else ""
    return Line("proposal" if code is Code.PROPOSAL else "accepted", f"{words}{clause}{behalf}{late}")


def _fell_due(entry: Entry, edition: Edition) -> str:
    rule = edition.clocks[entry.facts["clock"]]
    due = f"due {day_time(datetime.fromisoformat(entry.facts['due']))}" if entry.facts["due"] else "no meeting planned"
    whose = f", {entry.facts['agency']}" if entry.facts["agency"] else ""
    return f"{FELL_DUE[entry.what]}: {rule.en}{whose}, {due} (clause {rule.clause}, {rule.within}, {kind(rule)})"


def _change(change: Changed, edition: Edition, entries: Iterable[Entry]) -> Line | None:
    """A clock that began, was reckoned anew or ended; what an entry of the moment says already is left out."""
    before, now = change
    if now.state is not ClockState.RUNNING:
        label = "late" if now.late else "met" if now.state is ClockState.MET else "noted"
        words = f"{'in time' if label == 'met' else end(now)}: {task(now, edition)}"
        return None if before and before.state is now.state else Line(label, words)
    said = any(entry.what == "recalculated" and entry.facts["clock"] == now.clock for entry in entries)
    if before and (said or before.due_time.due == now.due_time.due):
        return None
    due = f"by {day_time(now.due_time.due)}" if now.due_time.due else "no meeting is planned yet"
    skipped = passed_over(now.due_time)
    not_counted = f", {skipped} not counted" if skipped else ""
    anew = ", reckoned anew" if before else ""
    return Line("clock", f"{due}: {task(now, edition)}; {kind(now)}, {limit(now, edition)}{not_counted}{anew}")


def _mails(mails: Iterable[Mailed], edition: Edition) -> Iterator[Line]:
    """The mails of a kind together."""
    kinds: dict[tuple[str, str, datetime | None], list[Mailed]] = {}
    for mail in mails:
        kinds.setdefault((mail.notice, mail.clause, mail.due), []).append(mail)
    for (notice, clause, due), alike in kinds.items():
        by = f", {DUE.get(notice, 'by')} {day_time(due)}" if due and notice not in FELL_DUE else ""
        under = f" ({clause})" if clause != ANY_TIME else ""
        to = titles([role for mail in alike for role in mail.roles], edition)
        yield Line("mail", f"{NOTICES.get(notice, notice)}{under}{by}: {to}", tuple(alike))
