"""What a page shows of one case: exactly the parts that the visitor may see, and nothing that follows from others."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from protocols.access import EVERYTHING, Part
from protocols.messages import CONFIRMATION
from protocols.papers import CONCERN as OF_THE_CONCERN
from protocols.papers import CORRECTED, DANGER, FIELDS, MEETINGS, REPORT, RESPONSES, Reader, reader, stands_in
from protocols.papers import Paper as Row
from protocols.roles import Agency, Role
from protocols.steps import ClockRow, ClockState, Entry, MeetingRow
from records import private
from records.access import Sight
from records.asked import ALARM, RunningClock
from records.intake import JsonValue, Subject
from records.people import Holder
from records.reading import CaseView, NoticeView, TimelineEntry
from records.register import RegisterRow
from records.said import in_words
from starter.pages.asked import Asked, asked
from starter.pages.lines import Line, lines
from starter.pages.titles import Titles
from starter.shown import STANDING
from starter.use_cases import CaseReport, Datrys
from workflows.registry import protocol_of


class Seat(NamedTuple):
    """A role, and who holds it where names may be seen."""

    title: str
    holders: tuple[Holder, ...] = ()


class Text(NamedTuple):
    """A text of the case file: which field, and what stands there."""

    field: str
    words: str


class Paper(NamedTuple):
    """What somebody wrote: the line of the timeline that it came with, and the words by the name of their field.

    `corrections` are why it was wrong, where that was said later and may be read.
    """

    line: Line
    texts: tuple[Text, ...]
    corrections: tuple[str, ...]


class Alarm(NamedTuple):
    """An immediate action: who raised it when, and who said when that the referral was made."""

    id: str
    began: datetime
    raised_by: tuple[Seat, ...]
    confirmed: datetime | None


class CaseShown(NamedTuple):
    """A case as one visitor sees it; what they may not see is empty.

    Attributes:
        row: how it stands; None where that may not be seen.
        awaited: whom it waits for.
        asked: what is asked of the visitor.
        clocks: those that run first.
        alarms: immediate actions; dangers: what was written with them.
        person: whom it is about; None where it was erased, too.
        circumstance: what it is about, as the edition names it.
        concern: texts of the case file; statements: what the parties wrote about it.
        responses, meetings, report: what was written there; dates: the meetings themselves.
        agencies, people: who takes part.
        timeline: what happened, or the stages alone.
        notices: those that went to the visitor's own role.
    """

    row: RegisterRow | None
    awaited: tuple[Seat, ...]
    asked: tuple[Asked, ...]
    clocks: tuple[ClockRow, ...]
    alarms: tuple[Alarm, ...]
    dangers: tuple[Paper, ...]
    person: Subject | None
    circumstance: str
    concern: tuple[Text, ...]
    statements: tuple[Paper, ...]
    responses: tuple[Paper, ...]
    meetings: tuple[Paper, ...]
    dates: tuple[MeetingRow, ...]
    report: tuple[Paper, ...]
    agencies: tuple[Agency, ...]
    people: tuple[Seat, ...]
    timeline: tuple[Line, ...]
    notices: tuple[NoticeView, ...]
    documents: bool


def case_shown(door: Datrys, seen: Sight, report: CaseReport, titles: Titles) -> CaseShown:
    """What somebody sees of a case.

    Args:
        door: the use cases.
        seen: what they may see, and the roles that they hold.
        report: the case.
        titles: the words of its edition.
    """
    view, parts, reference = report.view, seen.parts, seen.case.reference
    stands = bool(parts & STANDING)
    protocol = protocol_of(view.row.protocol)
    told = lines(report.timeline, reference, titles)
    texts = private.texts_of(door.database, reference)
    written = Written(told, texts, reader(seen.held, seen.case, protocol.access), protocol.papers)
    awaited = view.row.waiting_for if stands else ()
    seated = [one.role for one in private.people_in(door.database, reference)]
    roles = _taking_part(view, seated) if parts & {Part.NAMES, Part.ROLES_ONLY} else []
    known = private.everybody(door.database, reference, _named(report, parts, (*awaited, *roles)))

    def seats(some: Iterable[Role]) -> tuple[Seat, ...]:
        return tuple(Seat(titles.role(role), tuple(known.get(role, ()))) for role in some)

    alarmed = bool(parts & {Part.IMMEDIATE_ACTION, Part.TIMELINE})
    return CaseShown(
        row=view.row if stands else None,
        awaited=seats(awaited),
        asked=tuple(asked(seen, view.row, _running(view), view.facts.edition)),
        clocks=_in_order(view.clocks) if stands else (),
        alarms=tuple(_alarms(report.timeline, reference, seats)) if alarmed else (),
        dangers=written.papers(DANGER),
        person=private.subject_of(door.database, reference) if Part.PERSON in parts else None,
        circumstance=view.facts.circumstance if Part.CONCERN in parts else "",
        concern=_of_the_case_file(texts) if Part.CONCERN in parts else (),
        statements=written.papers(OF_THE_CONCERN),
        responses=written.papers(RESPONSES),
        meetings=written.papers(MEETINGS),
        dates=view.meetings if Part.MEETINGS in parts else (),
        report=written.papers(REPORT),
        agencies=view.facts.agencies if parts & {Part.NAMES, Part.ROLES_ONLY} else (),
        people=seats(roles),
        timeline=_timeline(told, parts, written),
        notices=_own_notices(view, seen) if Part.OWN_NOTICE in parts else (),
        documents=parts >= EVERYTHING and bool(protocol.documents),
    )


def _named(report: CaseReport, parts: frozenset[Part], seated: Iterable[Role]) -> set[Role]:
    """The roles whose holders the visitor may know by name."""
    raised = (line.entry.by for line in report.timeline if line.entry.what == ALARM)
    raising = {role for role in raised if role} if parts & {Part.NAMES, Part.WHO_RAISED_IT} else set()
    return raising | (set(seated) if Part.NAMES in parts else set())


def _running(view: CaseView) -> list[RunningClock]:
    rows = (clock for clock in view.clocks if clock.state is ClockState.RUNNING)
    return [RunningClock(c.clock, c.agency, c.kind, c.due_time.due, c.accountable) for c in rows]


def _in_order(clocks: Iterable[ClockRow]) -> tuple[ClockRow, ...]:
    """Those that run first, the earliest due at the top; then the others as they began."""
    running = [clock for clock in clocks if clock.state is ClockState.RUNNING]
    running.sort(key=lambda clock: (clock.due_time.due is None, clock.due_time.due or clock.due_time.starts))
    over = [clock for clock in clocks if clock.state is not ClockState.RUNNING]
    over.sort(key=lambda clock: int(clock.key.rpartition("#")[2]))
    return (*running, *over)


def _taking_part(view: CaseView, seated: Iterable[Role]) -> list[Role]:
    """The roles that take part: named for the case or told something by it, or that it waits for."""
    told = (notice.to for notice in view.notices)
    accountable = (role for clock in view.clocks for role in clock.accountable)
    roles = dict.fromkeys((*seated, *view.row.waiting_for, *accountable, *told))
    order = list(view.facts.edition.roles)
    return sorted(roles, key=lambda r: (order.index(r.role) if r.role in order else len(order), r.agency))


def _own_notices(view: CaseView, seen: Sight) -> tuple[NoticeView, ...]:
    mine = {held.role for held in seen.held if held.reaches(seen.case) and not held.replaced}
    return tuple(notice for notice in view.notices if notice.to in mine)


# --- texts


def _of_the_case_file(texts: Mapping[str, JsonValue]) -> tuple[Text, ...]:
    found = ((field, "\n".join(in_words(texts.get(field)).values())) for field in FIELDS)
    return tuple(Text(field, words) for field, words in found if words)


def _section(stands: frozenset[Part]) -> frozenset[Part]:
    """Under which heading a text is shown: what speaks of all responses stands with them."""
    return RESPONSES if stands <= RESPONSES else stands


class Written:
    """What was written in a case, as far as the visitor may read it.

    Args:
        told: the lines of its timeline.
        texts: all its texts, by id.
        who: the visitor.
        own: the rows of its protocol that say where a text stands.
    """

    def __init__(self, told: Sequence[Line], texts: Mapping[str, JsonValue], who: Reader, own: Sequence[Row]) -> None:
        self._texts = texts
        self._lines = [(line, stands_in(line.entry, own)) for line in told if line.counted]
        self._lines = [
            (line, stands)
            for line, stands in self._lines
            if who.may_read(stands, line.entry.by.agency if line.entry.by else "")
        ]
        self._reasons = {one.record: self._text(one.record) for line, _ in self._lines for one in line.corrected}

    def papers(self, section: frozenset[Part]) -> tuple[Paper, ...]:
        """What may be read in one section of the page; what did not count is nobody's to read."""
        found = []
        for line, stands in self._lines:
            written = in_words(self._texts.get(line.entry.record)) if line.entry.record else {}
            if written and section == _section(stands):
                why = (self._text(one.record) for one in line.corrected)
                texts = tuple(Text(name, words) for name, words in written.items())
                found.append(Paper(line, texts, tuple(filter(None, why))))
        return tuple(found)

    def reason(self, line: Line) -> str:
        """Why an earlier entry was wrong, beside the correction, for whoever may read what it corrects."""
        return self._reasons.get(line.entry.record, "") if line.entry.what == CORRECTED else ""

    def _text(self, record: str) -> str:
        return "\n".join(in_words(self._texts.get(record)).values()) if record else ""


# --- immediate actions and timeline


def _alarms(
    timeline: Iterable[TimelineEntry], reference: str, seats: Callable[[Iterable[Role]], tuple[Seat, ...]]
) -> Iterator[Alarm]:
    streams: dict[str, list[Entry]] = {}
    for line in timeline:
        if line.case != reference:
            streams.setdefault(line.case, []).append(line.entry)
    for stream, entries in streams.items():
        begun = next((entry for entry in entries if entry.what == ALARM), None)
        confirmed = (e for e in entries if e.what == CONFIRMATION and e.code and e.code.accepted)
        at = next((entry.happened_at for entry in confirmed), None)
        if begun:
            yield Alarm(stream, begun.happened_at, seats([begun.by] if begun.by else []), at)


def _timeline(told: Sequence[Line], parts: frozenset[Part], written: Written) -> tuple[Line, ...]:
    if Part.TIMELINE in parts:
        return tuple(line._replace(reason=written.reason(line)) for line in told)
    return tuple(line for line in told if line.of_a_stage) if Part.STAGES_ONLY in parts else ()
