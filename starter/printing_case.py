"""How the script shows one case, its clocks and timeline, and the clocks of a timetable."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from protocols.editions import ClockRule, Kind
from protocols.limits import DueTime
from protocols.steps import ClockRow
from records.models import Delivery, Target
from records.reading import NoticeView, TimelineEntry
from records.register import RegisterRow
from starter.printing import console, count, moment, roles
from starter.timetable import Row
from starter.use_cases import CaseReport


def explanation(due: DueTime) -> str:
    """“counted: Tue 22 Dec, …; skipped: Fri 25 Dec (bank holiday), …”."""
    counted = ", ".join(f"{day:%a %d %b}" for day in due.counted)
    skipped = ", ".join(f"{day.date:%a %d %b} ({day.why})" for day in due.skipped)
    meeting = f"the first meeting planned after that begins {moment(due.meeting_at)}" if due.meeting_at else ""
    parts = [f"from {moment(due.starts)}", counted and f"counted {counted}", skipped and f"skipped {skipped}", meeting]
    if due.provisional:
        parts.append("provisional: the bank holidays are not known so far ahead")
    return "; ".join(part for part in parts if part)


def _due(due: DueTime) -> str:
    return f"due {moment(due.due)}" if due.due else "no meeting is planned"


def kind(of: ClockRule | ClockRow) -> str:
    """Who set the limit: the protocol's text, or the board for itself."""
    return "protocol limit" if of.kind is Kind.PROTOCOL else "local target"


def _say(shown: Console, words: str, indent: int = 0, style: str = "") -> None:
    """A line; on a terminal what does not fit goes on below, as far in as it began."""
    if shown.is_terminal:
        shown.print(Padding(Text(words, style=style), (0, 0, 0, indent), expand=False))
    else:
        shown.print(Text(" " * indent + words, style=style))


# --- one case


def case_as_json(report: CaseReport) -> dict[str, Any]:
    """A case as `status` answers it, with explanations and timeline."""
    view = report.view
    edition = view.facts.edition
    return {
        "reference": view.row.reference,
        "protocol": edition.protocol,
        "edition": edition.edition,
        "stage": view.row.stage,
        "turn": view.turn,
        "clause": view.row.clause or None,
        "waiting_for": list(view.row.waiting_for),
        "clocks": [_clock_as_json(clock, view.request_of(clock)) for clock in sorted(view.clocks, key=_number)],
        "outcome": view.row.outcome,
        "undelivered": view.row.undelivered,
        "timeline": [
            {"case": line.case, "through": line.through, **line.entry.model_dump()} for line in report.timeline
        ],
    }


def _clock_as_json(clock: ClockRow, request: NoticeView | None) -> dict[str, Any]:
    return {
        **clock.model_dump(mode="json", exclude={"key", "due_time", "oversees"}),
        "starts": clock.due_time.starts,
        "due": clock.due_time.due,
        "provisional": clock.due_time.provisional,
        "explanation": explanation(clock.due_time),
        "request": _reached(request),
    }


def _reached(request: NoticeView | None) -> str | None:
    """Whether the request reached who must answer it: what a Sub Group asks first of an agency that has not."""
    if request is None:
        return None
    if request.state is not Delivery.SENT:
        return "the request was not delivered" if request.state is Delivery.UNDELIVERED else "the request waits"
    to = {Target.HOLDER: "", Target.DEPUTY: " to the deputy", Target.BUSINESS_UNIT: " to the Business Unit instead"}
    return f"the request was delivered{to[request.delivered_to]} {moment(request.settled_at)}"


def _number(clock: ClockRow) -> int:
    return int(clock.key.rpartition("#")[2])


def case(report: CaseReport) -> None:
    """A case, for people."""
    shown, view = console(), report.view
    row, edition = view.row, view.facts.edition
    title = edition.stages[row.stage]
    clause = f" (clause {title.clause})" if title.clause else ""
    outcome = f", outcome: {row.outcome}" if row.outcome else ""
    _say(shown, f"{row.reference}  {edition.name.en}, {edition.edition}; {row.authority}", style="bold")
    _say(shown, f"Stage: {title.en}{clause}{outcome}")
    if not row.started:
        return _say(shown, "Kept: Temporal did not answer yet; the case begins as soon as it does.")
    _say(shown, f"Waits for: {roles(row.waiting_for)}")
    if row.undelivered:
        _say(shown, f"{count(row.undelivered, 'mail', 'mails')} did not reach whoever holds the role")
    if view.clocks:
        _say(shown, "\nClocks", style="bold")
    for clock in sorted(view.clocks, key=_number):
        _clock(shown, edition.clocks[clock.clock].en, clock, _reached(view.request_of(clock)))
    _timeline(shown, report.timeline)


def there(row: RegisterRow) -> None:
    """A case, for whoever may see no more than that it is there."""
    shown = console()
    _say(shown, f"{row.reference}  {row.protocol}; {row.authority}, {row.group}", style="bold")
    _say(shown, "There is a notice of this case to you. What else there is of it is not shown to you.")


def _clock(shown: Console, words: str, clock: ClockRow, request: str | None) -> None:
    met = f" {moment(clock.met_at)}" if clock.met_at else ""
    late = ", LATE" if clock.late else ""
    agency = f" {clock.agency}" if clock.agency else ""
    _say(shown, f"{words}{agency} ({clock.clause}): {clock.state}{met}{late}", 2)
    _say(shown, f"{_due(clock.due_time)}, {clock.limit}, {kind(clock)}; {explanation(clock.due_time)}", 4)
    if request:
        _say(shown, request, 4)


def _timeline(shown: Console, lines: Iterable[TimelineEntry]) -> None:
    _say(shown, "\nTimeline", style="bold")
    for line in lines:
        entry = line.entry
        late = " (recorded late)" if entry.late_recorded else ""
        behalf = " (entered by the Business Unit)" if entry.entered_by else ""
        _say(shown, f"{moment(entry.happened_at)}  {entry.words}{behalf}{late}", 2)


# --- the timetable


def since(rule: ClockRule) -> str:
    """What the limit counts from: “of instigation”."""
    return f"{'after' if rule.meeting else 'of'} {rule.of}"


def timetable(rows: Iterable[Row]) -> None:
    """Every clock from one moment, for people."""
    shown = console()
    for row in rows:
        due = row.due_time
        remedy = "" if due.due else "; give the planned ones with --meetings FILE.csv (docs/files.md)"
        _say(shown, f"{row.rule.en} ({row.rule.clause})", style="bold")
        _say(shown, f"{_due(due)}: {row.rule.within} {since(row.rule)}, {kind(row.rule)}{remedy}", 2)
        _say(shown, explanation(due), 2)
