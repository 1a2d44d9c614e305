"""A case file as the records keep it."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Engine

from protocols.case_file import CaseFile
from protocols.editions import Edition
from protocols.errors import Refused
from protocols.working_days import local_date
from records import directory
from records.intake import JsonValue, NewCase, Person, Subject

FREE_TEXT = ("issue", "done_already", "outcome_sought", "circumstance_other", "start_reason")


def fingerprint(data: Mapping[str, Any]) -> str:
    """What makes a case file the same as another."""
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def within_calendar(database: Engine, now: datetime) -> None:
    """Refuse to start a case on a day that no bank holidays are known for.

    Raises:
        Refused: with the remedy.
    """
    holidays = directory.holidays(database)
    if local_date(now) > holidays.last_day:
        raise Refused(
            f"The bank holidays are known up to {holidays.last_day} only: no case is started past that. "
            "Load newer ones with: datrys holidays update FILE.json"
        )


def key_mark(person: str, key: str) -> str:
    """By which the key of a sender is known again, and nobody else's; nothing without a key."""
    return hashlib.sha256(json.dumps([person, key]).encode()).hexdigest() if key else ""


def new_case(file: CaseFile, edition: Edition, now: datetime, stage: str, mark: str, key: str = "") -> NewCase:
    """A case file as the records keep it: what names people and what is free text apart from the rest."""
    texts: dict[str, JsonValue] = {field: {"text": text} for field in FREE_TEXT if (text := getattr(file, field))}
    texts["informal_attempt"] = {"text": file.informal_attempt.between}
    if file.duty_to_report:
        texts["duty_to_report"] = {"reference": file.duty_to_report.reference}
    return NewCase(
        edition=edition,
        authority=file.authority,
        group="children" if file.group == "children" else "adults",
        circumstance=file.circumstance,
        agencies=tuple(file.case_agencies()),
        instigated_at=file.instigated_at,
        raised_at=now,
        stage=stage,
        facts={
            "screening": file.screening.model_dump(),
            "stage_3_grounds": list(file.stage_3_grounds),
            "informal_attempt_at": file.informal_attempt.at.isoformat(),
            "duty_to_report_at": file.duty_to_report.submitted_at.isoformat() if file.duty_to_report else None,
        },
        fingerprint=mark,
        key=key,
        subject=Subject(**file.subject.model_dump(exclude={"kind"}, exclude_none=True)),
        people=tuple(Person(**person.model_dump()) for person in file.everybody()),
        texts=texts,
    )
