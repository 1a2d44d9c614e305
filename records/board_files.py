"""The columns of the files that a board loads (spec 4), and what may stand in them."""

import re
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from protocols.working_days import countable
from records.targets import usable

LONGEST = 500
_CODE = re.compile(r"[A-Za-z0-9_.-]{1,40}")


def _line(value: str) -> str:
    if len(value) > LONGEST or not value.isprintable():
        raise ValueError(f"must be one line of at most {LONGEST} printable signs")
    return value


def _said(value: str) -> str:
    if not value:
        raise ValueError("is empty")
    return value


def _code(value: str) -> str:
    if value and not _CODE.fullmatch(value):
        raise ValueError("may hold at most 40 letters without accents, figures, and . - _ between them")
    return value


def _address(value: str) -> str:
    if value and not usable(value):
        raise ValueError("is no mail address")
    return value


def _moment(value: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError("is no time with an offset, such as 2026-04-01T10:00:00+01:00")
    return countable(moment)


def _moment_if_any(value: str) -> datetime | None:
    return _moment(value) if value else None


Line = Annotated[str, AfterValidator(_line)]
Words = Annotated[Line, AfterValidator(_said)]
Code = Annotated[Line, AfterValidator(_code)]
Identifier = Annotated[Code, AfterValidator(_said)]
Address = Annotated[Line, AfterValidator(_address)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
MomentIfAny = Annotated[datetime | None, BeforeValidator(_moment_if_any)]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True)


class AgencyRow(_Row):
    """A row of the file of agencies."""

    code: Identifier
    name_en: Words
    name_cy: Words
    kind: Words


class PersonRow(_Row):
    """A row of the file of people; without an address the role is vacant."""

    id: Words
    board: Identifier
    role: Identifier
    agency: Code
    authority: Line
    group: Literal["children", "adults", ""]
    name: Line
    email: Address
    phone: Line
    language: Literal["cy", "en", ""]
    deputy_name: Line
    deputy_email: Address
    phone_office_hours: Line = ""
    phone_out_of_hours: Line = ""


class MeetingRow(_Row):
    """A row of the file of meetings."""

    id: Words
    board: Identifier
    group: Literal["qa_children", "qa_adults", "board"]
    starts_at: Moment
    papers_due: MomentIfAny
    status: Literal["planned", "cancelled"]
