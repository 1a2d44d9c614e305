"""Cases and steps to test the records with."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, func, select

from protocols.editions import read_editions
from protocols.limits import DueTime, Limit
from protocols.roles import Agency, Role
from protocols.steps import ClockRow, ClockState, Code, Entry, Notice, Recorded, Step
from records.cases import keep_case
from records.database import reading, writing
from records.intake import NewCase, NewSubmission, Person, Subject
from records.models import DirectoryPerson, Stream
from records.writing import apply

MONDAY = datetime(2026, 3, 2, 10, tzinfo=UTC)
LINE_MANAGER = Role(role="line_manager", agency="ABUHB")
PRACTITIONER = Role(role="practitioner", agency="ABUHB")
TEAM_MANAGER = Role(role="team_manager")
CHAIR = Role(role="chair")


def a_person(role: str, agency: str = "", **more: str) -> Person:
    email = f"{role}.{agency}".rstrip(".").replace("_", "-").lower()
    return Person(**{"role": role, "agency": agency, "name": role.title(), "email": f"{email}@example.invalid", **more})


def a_case(**more: Any) -> NewCase:
    return NewCase(
        **{
            "edition": read_editions()["gwent"],
            "authority": "Newport",
            "group": "children",
            "circumstance": "thresholds",
            "agencies": (Agency(code="ABUHB", raising=True), Agency(code="NEWPORT", must_respond=True)),
            "instigated_at": MONDAY,
            "raised_at": MONDAY,
            "stage": "practitioners",
            "fingerprint": "f1",
            "subject": Subject(name="Test Person", address="1 Test Street"),
            "people": (a_person("practitioner", "ABUHB"), a_person("line_manager", "ABUHB")),
            "texts": {"issue": {"text": "the threshold"}},
            **more,
        }
    )


def keep(engine: Engine, **more: Any) -> str:
    """Keep a case; answers its reference."""
    return keep_case(engine, a_case(**more)).reference


def an_entry(what: str = "stage-entered", **more: Any) -> Entry:
    facts = {"happened_at": MONDAY, "recorded_at": MONDAY, "clause": "3.1", "stage": "practitioners", "turn": 1}
    return Entry(**{**facts, "what": what, "words": what, **more})


def a_notice(notice: str = "action-required", to: Role = PRACTITIONER, occasion: str = "begin", **more: Any) -> Notice:
    facts = {"at": MONDAY, "stage": "practitioners", "clause": "3.1"}
    return Notice(**{**facts, "notice": notice, "to": to, "occasion": occasion, **more})


def a_clock(key: str = "contact_team_manager#1", **more: Any) -> ClockRow:
    facts = {
        "key": key,
        "clock": key.partition("#")[0],
        "agency": "",
        "clause": "3.3",
        "kind": "protocol",
        "limit": Limit.parse("5 working days"),
        "due_time": DueTime(due=datetime(2026, 3, 9, 17, tzinfo=UTC), starts=MONDAY, holidays_version="v1"),
        "accountable": (LINE_MANAGER,),
        "oversees": (Role(role="safeguarding_lead", agency="ABUHB"),),
        "state": ClockState.RUNNING,
        "met_at": None,
        "late": False,
    }
    return ClockRow(**{**facts, **more})


def a_step(case: str, number: int = 1, **more: Any) -> Step:
    facts = {"at": MONDAY, "stage": "practitioners", "turn": 1, "clause": "3.1"}
    return Step(**{**facts, "case": case, "number": number, **more})


def list_person(engine: Engine, person: Person, **more: str) -> None:
    """Put somebody into the directory of Gwent."""
    fields = {"board": "gwent", "id": f"{person.role}-{person.agency}", "authority": "", "group": ""}
    phones = {"phone_office_hours": "", "phone_out_of_hours": ""}
    with writing(engine) as session:
        load = (session.scalar(select(func.max(DirectoryPerson.load))) or 0) + 1
        session.add(DirectoryPerson(**person.model_dump(), **{**fields, **phones, **more}, load=load))


def next_step(engine: Engine, case: str) -> int:
    """The number of the step that a case, or an immediate action, writes next."""
    with reading(engine) as session:
        stream = session.get(Stream, case)
        return ((stream and stream.last_step) or 0) + 1


def write(engine: Engine, step: Step, run: str = "run-1") -> Recorded:
    with writing(engine) as session:
        return apply(session, step, run)


def a_submission(case: str, signal_id: str = "s1", **more: Any) -> NewSubmission:
    record = str(more.get("record", ""))
    facts = {"id": signal_id, "by": "practitioner", "agency": "ABUHB", **({"record": record} if record else {})}
    return NewSubmission(
        **{
            "id": f"door-{signal_id}",
            "case": case,
            "signal": "not_resolved",
            "signal_id": signal_id,
            "facts": facts,
            "by": PRACTITIONER,
            "sent_at": MONDAY,
            **more,
        }
    )


def a_refusal(signal_id: str = "s1", code: Code = Code.WRONG_STAGE, **more: Any) -> Entry:
    return an_entry(
        "not_resolved", signal_id=signal_id, code=code, reason="the case has moved on", by=PRACTITIONER, **more
    )
