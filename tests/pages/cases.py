"""Cases with something in every part, each text and name with a mark of its own, to see who is shown what."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Engine

from protocols.access import Part
from protocols.editions import read_editions
from protocols.limits import DueTime, Limit, SkippedDay
from protocols.roles import Agency, Role
from protocols.steps import ClockRow, Entry, MeetingRow, Notice, ReviewRow
from records.cases import mark_started
from records.database import writing
from records.intake import ParentOrCarer, Person, Subject
from records.models import FreeText
from tests import ctm, people
from tests.records.making import a_clock, a_notice, a_step, an_entry, keep, next_step, write

BEGAN = datetime(2026, 12, 18, 10, tzinfo=UTC)
GWENT, CTM = "gwent", "cwm-taf-morgannwg"


class Mark(NamedTuple):
    """A word that stands in one place of a case only, and the parts of which any opens it; `agency`: whose response."""

    word: str
    parts: frozenset[Part]
    agency: str = ""


class Rich(NamedTuple):
    """A case and its marks."""

    reference: str
    board: str
    marks: tuple[Mark, ...]


class Made:
    """Writes a case step by step."""

    def __init__(self, engine: Engine, board: str) -> None:
        self.engine, self.board, self.number = engine, board, 0
        self.marks: list[Mark] = []
        self.at = BEGAN
        self.reference = ""

    def text(self, word: str, *parts: Part, agency: str = "") -> dict[str, str]:
        """A text with a mark."""
        self.marks.append(Mark(word, frozenset(parts), agency))
        return {"text": f"what {word} says"}

    def step(self, stage: str, entries: Iterable[Entry] = (), notices: Iterable[Notice] = (), **more: Any) -> None:
        """One step of the case, an hour after the one before."""
        self.number += 1
        self.at += timedelta(hours=1)
        case = more.pop("case", self.reference)
        number = more.pop("number", next_step(self.engine, case))
        clause = read_editions()[self.board].stages[stage].clause
        step = a_step(case, number, at=self.at, stage=stage, clause=clause, entries=entries, notices=notices, **more)
        write(self.engine, step)

    def entered(self, stage: str) -> Entry:
        """The case enters a stage."""
        return an_entry(stage=stage, happened_at=self.at, recorded_at=self.at)

    def said(self, what: str, by: Role, stage: str, word: str = "", *parts: Part, **more: Any) -> Entry:
        """Somebody says something, with a text where it has a word and parts."""
        record, code = "", more.pop("code", "accepted")
        if word:
            record = f"r-{word}"
            row = self.text(word, *parts, agency=by.agency)
            with writing(self.engine) as session:
                about = {"about": what, "content": row, "kept_at": self.at}
                session.add(FreeText(reference=self.reference, id=record, **about))
        facts = {"happened_at": self.at, "recorded_at": self.at, "signal_id": f"s{self.number}-{what}", **more}
        return an_entry(what, by=by, stage=stage, code=code, record=record, **facts)


def _person(role: str, agency: str) -> Person:
    name = f"Named{role.replace('_', '')}{agency.lower()}"
    return Person(role=role, agency=agency, name=name, email=people.address(role, agency), phone="01632 960111")


def _keep(made: Made, persons: Iterable[Person], **more: Any) -> None:
    persons = tuple(persons)
    issue, sought = made.text("Issuemark", Part.CONCERN), made.text("Soughtmark", Part.CONCERN)
    subject = Subject(
        name="Zedmark Person", address="Placemark 7", parents_or_carers=(ParentOrCarer(name="Parentmark"),)
    )
    made.marks += [Mark(word, frozenset({Part.PERSON})) for word in ("Zedmark", "Placemark", "Parentmark")]
    made.marks += [Mark(person.name, frozenset({Part.NAMES})) for person in persons]
    made.reference = keep(
        made.engine,
        edition=read_editions()[made.board],
        subject=subject,
        people=persons,
        texts={"issue": issue, "outcome_sought": sought},
        instigated_at=BEGAN,
        raised_at=BEGAN,
        fingerprint=f"{made.board}-{id(made)}",
        **more,
    )
    circumstance = read_editions()[made.board].circumstances[more.get("circumstance", "thresholds")].en
    made.marks.append(Mark(circumstance, frozenset({Part.CONCERN})))
    mark_started(made.engine, made.reference)


def _alarm(made: Made, by: Role, stage: str) -> None:
    said = made.said("immediate_action", by, stage, "Dangermark", Part.IMMEDIATE_ACTION, Part.CONCERN)
    made.step(stage, [said])
    begun = an_entry("immediate-action", by=by, stage=stage, happened_at=made.at, recorded_at=made.at)
    told = [a_notice("immediate-action", Role(role="duty_team"), "danger")]
    made.step(stage, [begun], told, case=f"{made.reference}-immediate-1", number=1)


LONG_AGO = timedelta(days=90)


def clock(name: str, accountable: Role, **more: Any) -> ClockRow:
    """A clock of ten working days over Christmas, with days counted and skipped."""
    counted = tuple((BEGAN + timedelta(days=n)).date() for n in (3, 4, 5))
    christmas = SkippedDay(date=datetime(2026, 12, 25, tzinfo=UTC).date(), why="bank holiday")
    due = DueTime(due=BEGAN + timedelta(days=14), starts=BEGAN, counted=counted, skipped=(christmas,))
    facts = {"due_time": due, "accountable": (accountable,), "limit": Limit.parse("5 working days"), **more}
    return a_clock(f"{name}#1", **{"clause": "3.3", "oversees": (), **facts})


def gwent(engine: Engine, *, until: str = "feedback") -> Rich:
    """A case of ABUHB against Newport, with a meeting, a decision and a review."""
    made = Made(engine, GWENT)
    agencies = (Agency(code="ABUHB", raising=True), Agency(code="NEWPORT", must_respond=True))
    at_work = [(role, code) for role in ("practitioner", "line_manager") for code in ("ABUHB", "NEWPORT")]
    _keep(made, (_person(*one) for one in at_work), agencies=agencies, authority="Newport", stage="practitioners")
    practitioner, manager = Role(role="practitioner", agency="ABUHB"), Role(role="line_manager", agency="ABUHB")
    other, chair, service = (
        Role(role="line_manager", agency="NEWPORT"),
        Role(role="chair"),
        Role(role="service_manager"),
    )
    told = [a_notice("opened", Role(role="team_manager")), a_notice(to=other), a_notice(to=practitioner)]
    first = clock("contact_team_manager", manager)
    made.step("practitioners", [made.entered("practitioners")], told, clocks=[first], waiting_for=[practitioner])
    wrong = made.said("resolved", other, "practitioners", "Refusedmark", code="wrong_role", reason="English only")
    made.step("practitioners", [wrong], waiting_for=[practitioner])
    if until == "practitioners":
        return Rich(made.reference, GWENT, tuple(made.marks))
    statement = made.said("not_resolved", manager, "line_managers", "Statementmark", Part.CONCERN)
    made.step("team_manager", [statement, made.entered("team_manager")])
    _alarm(made, manager, "team_manager")
    invited = [a_notice("meeting-invitation", role, "meeting") for role in (manager, other)]
    arranged = made.said("meeting_arranged", Role(role="team_manager"), "team_manager", "Placeofmark", Part.MEETINGS)
    made.step("meeting", [arranged, made.entered("meeting")], invited)
    held = made.said("meeting_held", chair, "meeting", "Heldmark", Part.MEETINGS, facts={"outcome": "not_resolved"})
    minutes = made.said("minutes_recorded", chair, "meeting", "Minutesmark", Part.MEETINGS)
    meeting = MeetingRow(number=1, meeting_at=made.at, held_at=made.at, outcome="not_resolved", attended=(manager,))
    made.step("review_request", [held, minutes, made.entered("review_request")], meetings=[meeting])
    corrected = made.said("corrected", Role(role="business_unit"), "review_request", "Reasonmark", Part.MEETINGS)
    corrected = corrected.model_copy(update={"facts": {"corrects": minutes.signal_id}})
    made.step("decision", [corrected, made.entered("decision")])
    to = [a_notice("review-requested", service), a_notice("informed", Role(role="head_of_service"))]
    to += [a_notice("feedback", Role(role="local_network"))]
    decided = made.said("review_decided", service, "decision", "Decidedmark", Part.REPORT, facts={"review": False})
    review = ReviewRow(number=1, requested_at=made.at, decided_at=made.at, review=True, reviewer="TORFAEN")
    made.step("review", [decided, made.entered("review")], to, reviews=[review])
    reviewer = Role(role="reviewer", agency="TORFAEN")
    done = made.said("review_completed", reviewer, "review", "Reportmark", Part.REPORT)
    target = clock("feedback", chair, kind="local", clause="3.11")
    made.step("feedback", [done, made.entered("feedback")], clocks=[target], waiting_for=[chair])
    return Rich(made.reference, GWENT, tuple(made.marks))


def ctm_case(engine: Engine, *, until: str = "learning") -> Rich:
    """A case of CTMUHB against RCT and SWP, reviewed by PROBATION."""
    made = Made(engine, CTM)
    others = ("RCT", "SWP")
    agencies = (Agency(code="CTMUHB", raising=True), *(Agency(code=code, must_respond=True) for code in others))
    at_work = [("professional", "CTMUHB"), ("manager", "CTMUHB"), *(("counterpart_manager", code) for code in others)]
    place = {"authority": "Rhondda Cynon Taf", "stage": "single_agency", "circumstance": "referral_response"}
    _keep(made, (_person(*one) for one in at_work), agencies=agencies, **place)
    manager, unit = Role(role="manager", agency="CTMUHB"), Role(role="business_unit")
    counterparts = [Role(role="counterpart_manager", agency=code) for code in others]
    told = [a_notice(to=role) for role in (manager, *counterparts)]
    first = clock("stage_1", manager, clause="1")
    made.step("single_agency", [made.entered("single_agency")], told, clocks=[first], waiting_for=[manager])
    early = made.said("resolved", unit, "single_agency", "Refusedmark", code="wrong_role", reason="English only")
    made.step("single_agency", [early], waiting_for=[manager])
    if until == "single_agency":
        return Rich(made.reference, CTM, tuple(made.marks))
    part_a = made.said("not_resolved", manager, "single_agency", "Partamark", Part.CONCERN)
    made.step("response", [part_a, made.entered("response")])
    for role in counterparts:
        word, parts = f"Response{role.agency.lower()}", (Part.OWN_RESPONSE, Part.OTHERS_RESPONSES)
        made.step("response", [made.said("response_submitted", role, "response", word, *parts)])
    if until == "response":
        return Rich(made.reference, CTM, tuple(made.marks))
    part_c = made.said("not_resolved", manager, "agreement", "Partcmark", Part.OTHERS_RESPONSES)
    made.step("agreement", [made.entered("agreement")])
    made.step("qa", [part_c, made.entered("qa")])
    _alarm(made, counterparts[0], "qa")
    part_d = made.said("not_resolved", unit, "qa", "Partdmark", Part.MEETINGS)
    made.step("co_chair", [part_d, made.entered("co_chair")], [a_notice("board-update", Role(role="board"))])
    decided = made.said("review_decided", Role(role="co_chair"), "co_chair", "Decidedmark", Part.REPORT)
    findings = {"panel_member_agency": "BRIDGEND"}
    review = ReviewRow(number=1, decided_at=made.at, review=True, reviewer="PROBATION", findings=findings)
    made.step("review", [decided, made.entered("review")], reviews=[review])
    done = made.said("review_completed", unit, "review", "Reportmark", Part.REPORT)
    target = clock("learning", unit, kind="local", clause="3")
    made.step("learning", [done, made.entered("learning")], clocks=[target], waiting_for=[unit])
    return Rich(made.reference, CTM, tuple(made.marks))


def load_directories(engine: Engine) -> None:
    """Both boards' people."""
    people.load_directory(engine)
    ctm.load_directory(engine)
