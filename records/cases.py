"""Cases as doors keep them: raised, started, opened again."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from protocols.editions import Edition
from protocols.errors import CaseUnknown, KeyReused
from protocols.roles import Agency
from protocols.working_days import local_date
from records import people
from records.database import insert_for, reading, writing
from records.intake import KeptCase, NewCase
from records.models import Case, CaseAgency, FreeText, ReferenceCounter, Stream, Subject, Tally
from records.storable import storable

KEY = "key"
"""Under which the facts of a case hold the hash of the key that it was sent with."""


class CaseFacts(NamedTuple):
    """What a workflow is started with; free of people.

    Attributes:
        reference, edition, authority, group, circumstance, agencies, instigated_at, raised_at, facts: as kept.
        stage: the stage that it stands in, before the start the one that it begins at.
        started: whether a workflow was started for it.
        snapshot: the state that the last step left, from which it can be opened again; None before the first.
        last_step: the number of the last step written: a workflow that goes on with this case counts from there.
    """

    reference: str
    edition: Edition
    authority: str
    group: str
    circumstance: str
    agencies: tuple[Agency, ...]
    instigated_at: datetime
    raised_at: datetime
    facts: dict[str, Any]
    stage: str
    started: bool
    snapshot: str | None
    last_step: int


def keep_case(
    engine: Engine, new: NewCase, same_since: datetime | None = None, key_since: datetime | None = None
) -> KeptCase:
    """Keep a new case with its people and texts, before its workflow is started; answers its reference.

    The reference is the next number of the edition's prefix and the local year; none is left out.

    Args:
        engine: the records.
        new: the case.
        same_since: where the same case file was kept after this moment, keep nothing and answer that case.
        key_since: the same, where it was kept under the same key.

    Raises:
        KeyReused: another case file was kept under the same key.
        Unreachable: the database does not answer.
    """
    new = storable(new)
    year = local_date(new.raised_at).year
    with writing(engine) as session:
        counter = _counter(session, new.edition.reference, year)
        if key_since and new.key and (same := _under_key(session, new, key_since)):
            return KeptCase(same, new=False, same_key=True)
        if same_since and (same := _same(session, new.fingerprint, same_since)):
            return KeptCase(same, new=False)
        counter.last += 1
        reference = f"{counter.prefix}-{year}-{counter.last:04d}"
        _keep(session, reference, new)
        return KeptCase(reference, new=True)


def case_facts(engine: Engine, reference: str) -> CaseFacts:
    """What a workflow of this case is started with, or opened again from.

    Raises:
        CaseUnknown: there is no such case.
        Unreachable: the database does not answer.
    """
    with reading(engine) as session:
        return facts_of(session, case_row(session, reference))


def not_started(engine: Engine) -> list[CaseFacts]:
    """Cases that were kept while the engine was away, in the order in which they came."""
    with reading(engine) as session:
        rows = select(Case).where(Case.started.is_(False)).order_by(Case.raised_at, Case.reference)
        return [facts_of(session, case) for case in session.scalars(rows)]


def mark_started(engine: Engine, reference: str) -> None:
    """The engine has taken the case."""
    with writing(engine) as session:
        case_row(session, reference).started = True


def open_cases(engine: Engine, protocol: str = "", groups: Collection[str] = ("children", "adults")) -> list[str]:
    """The references of all cases of these groups that have not ended, of one protocol or of all, oldest first."""
    open_ones = select(Case.reference).where(Case.outcome.is_(None), Case.group.in_(groups))
    rows = open_ones.order_by(Case.raised_at, Case.reference)
    with reading(engine) as session:
        return list(session.scalars(rows.where(Case.protocol == protocol) if protocol else rows))


def immediate_actions(engine: Engine, reference: str) -> list[str]:
    """The ids of the immediate actions that a case has had so far."""
    with reading(engine) as session:
        rows = select(Stream.stream).where(Stream.reference == reference, Stream.stream != reference)
        return sorted(session.scalars(rows), key=lambda stream: int(stream.rpartition("-")[2]))


def count(engine: Engine, protocol: str, what: str, at: datetime) -> None:
    """Count something that leaves no other trace, by month: a refusal and its ground, a visit of a page."""
    month = f"{local_date(at):%Y-%m}"
    with writing(engine) as session:
        new = insert_for(session, Tally).values(protocol=protocol, what=what, month=month, count=1)
        session.execute(
            new.on_conflict_do_update(index_elements=["protocol", "what", "month"], set_={"count": Tally.count + 1})
        )


def case_row(session: Session, reference: str, *, lock: bool = False) -> Case:
    """The row of a case, locked until the transaction ends if it is to be.

    Raises:
        CaseUnknown: there is none.
    """
    case = session.get(Case, reference, with_for_update=True if lock else None)
    if case is None:
        raise unknown(reference)
    return case


def unknown(reference: str) -> CaseUnknown:
    """What is said of a case that there is not, and of one that whoever asks may not see."""
    return CaseUnknown(f"There is no case {reference}. See the references with: datrys cases")


def _counter(session: Session, prefix: str, year: int) -> ReferenceCounter:
    """The counter, made if it is new, locked until the transaction ends."""
    new = insert_for(session, ReferenceCounter).values(prefix=prefix, year=year, last=0)
    session.execute(new.on_conflict_do_nothing())
    rows = select(ReferenceCounter).where(ReferenceCounter.prefix == prefix, ReferenceCounter.year == year)
    return session.scalars(rows.with_for_update()).one()


def _same(session: Session, fingerprint: str, since: datetime) -> str | None:
    rows = select(Case.reference).where(Case.fingerprint == fingerprint, Case.raised_at > since)
    return session.scalars(rows.order_by(Case.raised_at.desc()).limit(1)).one_or_none()


def _under_key(session: Session, new: NewCase, since: datetime) -> str | None:
    """The case that was kept under the same key."""
    rows = select(Case).where(Case.raised_at > since, Case.facts[KEY].as_string() == new.key)
    kept = session.scalars(rows.order_by(Case.raised_at.desc()).limit(1)).one_or_none()
    if kept and kept.fingerprint != new.fingerprint:
        raise KeyReused("This key was given to another case file already: send this one under a key of its own.")
    return kept.reference if kept else None


def _keep(session: Session, reference: str, new: NewCase) -> None:
    fields = new.model_dump(
        include={"authority", "group", "circumstance", "instigated_at", "raised_at", "stage", "fingerprint"}
    )
    session.add(
        Case(
            **fields,
            facts={**new.facts, **({KEY: new.key} if new.key else {})},
            reference=reference,
            protocol=new.edition.protocol,
            edition=new.edition.model_dump_json(),
            turn=0,
            clause=new.edition.stages[new.stage].clause,
            waiting_for=[],
        )
    )
    session.flush()
    session.add(Stream(stream=reference, reference=reference))
    session.add_all(
        CaseAgency(reference=reference, position=position, **agency.model_dump(exclude={"joined"}))
        for position, agency in enumerate(new.agencies)
    )
    _keep_personal(session, reference, new)


def _keep_personal(session: Session, reference: str, new: NewCase) -> None:
    subject = new.subject
    session.add(
        Subject(
            reference=reference,
            parents_or_carers=[one.model_dump(mode="json") for one in subject.parents_or_carers],
            **subject.model_dump(exclude={"parents_or_carers"}),
        )
    )
    session.add_all(
        FreeText(reference=reference, id=field, about="case-file", content=content, kept_at=new.raised_at)
        for field, content in new.texts.items()
    )
    for person in new.people:
        people.name_for(session, reference, person, new.raised_at)


def facts_of(session: Session, case: Case) -> CaseFacts:
    """What a workflow of this case is started with."""
    agencies = select(CaseAgency).where(CaseAgency.reference == case.reference).order_by(CaseAgency.position)
    stream = session.get_one(Stream, case.reference)
    return CaseFacts(
        reference=case.reference,
        edition=Edition.model_validate_json(case.edition),
        authority=case.authority,
        group=case.group,
        circumstance=case.circumstance,
        agencies=tuple(
            Agency(code=row.code, raising=row.raising, must_respond=row.must_respond)
            for row in session.scalars(agencies)
        ),
        instigated_at=case.instigated_at,
        raised_at=case.raised_at,
        facts=case.facts,
        stage=case.stage,
        started=case.started,
        snapshot=case.snapshot,
        last_step=stream.last_step or 0,
    )
