"""What a signal carried, whatever that was."""

import json
from collections.abc import Sequence
from typing import Any

from temporalio.common import RawValue

from protocols.messages import BODY_BYTES


def body_of(args: Sequence[Any]) -> str | None:
    """The one JSON value that a signal carried, as text; None for none, several, unreadable or too large ones."""
    if len(args) != 1 or isinstance(args[0], RawValue):
        return None
    try:
        body = json.dumps(args[0])
    except (TypeError, ValueError, RecursionError):
        return None
    return body if len(body) <= BODY_BYTES else None
