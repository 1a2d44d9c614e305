"""Looking into the tables."""

from typing import Any

from sqlalchemy import Engine, func, select

from records.database import reading
from records.models import Base, Entry, Notice


def number_of(engine: Engine, table: type[Base]) -> int:
    with reading(engine) as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def entries(engine: Engine) -> list[Entry]:
    with reading(engine) as session:
        return list(session.scalars(select(Entry).order_by(Entry.stream, Entry.number)))


def notices(engine: Engine, **fields: Any) -> list[Notice]:
    with reading(engine) as session:
        return list(session.scalars(select(Notice).filter_by(**fields).order_by(Notice.id)))
