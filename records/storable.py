"""What a database cannot keep: PostgreSQL refuses the sign NUL, which a raw signal may hold."""

from typing import Any, TypeVar

from pydantic import BaseModel

M = TypeVar("M", bound=BaseModel)
NUL, INSTEAD = "\x00", "\ufffd"


def storable(message: M) -> M:
    """The same message, with another sign for NUL: a step that cannot be written would stop its case for good."""
    said = message.model_dump()
    clean = _without_nul(said)
    return message if clean == said else type(message).model_validate(clean)


def storable_json(value: Any) -> Any:
    """The same for what was read from JSON or a form."""
    return _without_nul(value)


def _without_nul(value: Any) -> Any:
    match value:
        case str():
            return value.replace(NUL, INSTEAD)
        case list() | tuple():
            return type(value)(map(_without_nul, value))
        case dict():
            return {_without_nul(key): _without_nul(one) for key, one in value.items()}
        case _:
            return value
