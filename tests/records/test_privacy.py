"""Names, birth dates, addresses and free text stand in tables of their own, and nowhere else (spec 1, What is kept)."""

from datetime import date

from sqlalchemy import Engine

from protocols.steps import HolderRow
from protocols.waiting import Received, SetAside
from records import set_aside
from records.database import reading
from records.intake import ParentOrCarer, Subject
from records.models import Base
from records.models.personal import CasePerson, Document, FreeText, Receiver, WaitingSignal
from records.models.personal import Subject as SubjectRow
from records.outbox import lease_next, sent
from records.submissions import keep_submission
from tests.records.making import LINE_MANAGER, MONDAY, a_notice, a_person, a_refusal, a_step, a_submission, keep, write

PERSONAL = {model.__tablename__ for model in (CasePerson, Document, FreeText, Receiver, SubjectRow, WaitingSignal)}
OF_NO_CASE = {"agencies", "directory_people", "planned_meetings", "holiday_lists"}
MARK = "Marker"


def test_nothing_personal_stands_outside_the_tables_for_it(engine: Engine) -> None:
    """A case in which everything personal carries a mark leaves the mark in the personal tables only."""
    person = a_person("line_manager", "ABUHB", name=MARK, email=f"{MARK}@example.invalid", phone=MARK)
    parents = (ParentOrCarer(name=MARK, date_of_birth=date(1985, 2, 3)),)
    subject = Subject(name=MARK, address=MARK, occurrence_number=MARK, parents_or_carers=parents)
    reference = keep(engine, subject=subject, people=(person,), texts={"issue": {"text": MARK}})
    keep_submission(engine, a_submission(reference, record="r1", text={"holder": person.model_dump(), "text": MARK}))
    write(
        engine,
        a_step(
            reference,
            entries=[a_refusal(record="r1")],
            holders=[HolderRow(role=LINE_MANAGER, record="r1")],
            notices=[a_notice(to=LINE_MANAGER)],
        ),
    )
    assert {"case_people", "subjects", "texts"} == _tables_with_the_mark(engine)
    leased = lease_next(engine, reference, (), lambda draft: draft.email.encode())
    assert leased
    assert f"{MARK}@example.invalid" == leased.email
    sent(engine, leased)
    assert {"case_people", "receivers", "subjects", "texts"} == _tables_with_the_mark(engine)


def test_what_a_signal_said_leaves_nothing_where_it_was_set_aside(engine: Engine) -> None:
    """Raw signals may name people: in the table for it while they wait, nowhere once they are judged."""
    reference = keep(engine)
    signals = [Received(name="resolved", body=f'{{"record": "{MARK}"}}', seen=MONDAY)]
    set_aside.set_aside(engine, SetAside(case=reference, batch=1, signals=signals), "run")
    waiting = _tables_with_the_mark(engine)
    write(engine, a_step(reference, judged=[1]))
    assert {"waiting_signals"} == waiting
    assert set() == _tables_with_the_mark(engine)


def test_every_personal_table_is_kept_by_case() -> None:
    """So that it can be erased by case."""
    for name in PERSONAL:
        assert "reference" in Base.metadata.tables[name].columns
    assert not PERSONAL & OF_NO_CASE


def _tables_with_the_mark(engine: Engine) -> set[str]:
    with reading(engine) as session:
        return {
            table.name for table in Base.metadata.sorted_tables if MARK in str(session.execute(table.select()).all())
        }
