"""What a signal carried, whatever that was."""

import json
from collections.abc import Sequence
from typing import Any

from temporalio.common import RawValue

from protocols.messages import BODY_BYTES, Signal


def body_of(args: Sequence[Any], kind: type[Signal] | None) -> str | None:
    """The one JSON value that a signal carried, as text; None for none, several, unreadable or too large ones.

    Args:
        args: what it carried.
        kind: the message that it is; fields that do not belong to it are left out, since they may name people.
    """
    if len(args) != 1 or isinstance(args[0], RawValue):
        return None
    said = args[0]
    try:
        body = json.dumps(said)
        if len(body) > BODY_BYTES:
            return None
        if kind and isinstance(said, dict) and not said.keys() <= kind.model_fields.keys():
            body = json.dumps({field: value for field, value in said.items() if field in kind.model_fields})
    except (TypeError, ValueError, RecursionError):
        return None
    return body
