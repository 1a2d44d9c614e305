"""What a program tells a case: in whose name, with which facts, and what became of it."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Path
from pydantic import BaseModel, Field, ValidationError

from protocols.messages import CONFIRMATION, MESSAGES, ImmediateActionConfirmed, Signal
from records import reading
from starter.speaking import THE_DOORS_OWN, speaking
from starter.told import Told
from starter.web.bodies import Body
from starter.web.callers import Asking, sight_of
from starter.web.house import House, InHouse
from starter.web.problems import Trouble, by_field, faulty
from starter.web.signatures import Key, Shown

NAMES = [*MESSAGES, CONFIRMATION]
IMMEDIATE = "-immediate-"
SIGNALS: dict[str, Any] = {
    "type": "object",
    "required": ["by"],
    "properties": {
        "by": {"type": "string", "description": "The role that says so."},
        "agency": {"type": "string", "description": "The code of its agency; the token's, if not said."},
        "at": {"type": "string", "format": "date-time", "description": "When it happened; now, if not said."},
        "stage": {"type": "string", "description": "The stage that is answered; the one it stands in, if not said."},
        "turn": {"type": "integer", "description": "Which turn of that stage."},
        "text": {"type": "string", "description": "Free text, kept in the records and nowhere else."},
    },
    "additionalProperties": True,
}


class Heard(BaseModel):
    """What became of a signal."""

    id: str = Field(description="The key under which it counts once.")
    accepted: bool | None = Field(description="Nothing where it is kept for delivery.")
    code: str | None = Field(description="accepted, or proposal; nothing where it is kept.")
    new: bool = Field(description="False where the same was told before.")


async def tell(
    house: InHouse,
    caller: Asking,
    reference: Annotated[str, Path(description="The case; for a confirmation REFERENCE-immediate-N.")],
    name: Annotated[str, Path(description="What is said.", json_schema_extra={"enum": list(NAMES)})],
    said: Body,
    shown: Shown,
    idempotency_key: Key = "",
) -> tuple[Heard, int]:
    """Tell it, and answer with 200 or 202.

    Raises:
        Trouble: 404, 422, or 409 with the reason and what is waited for.
        NotAllowed: the token does not speak for this role.
    """
    seen = await asyncio.to_thread(sight_of, house, caller, reference)
    kind = _kind(reference, name)
    _complain(kind, said, idempotency_key)
    key = idempotency_key or said.get("id") or shown.key_for(caller)
    facts = {field: value for field, value in said.items() if field not in THE_DOORS_OWN}
    by, behalf = speaking(said["by"], said.get("agency") or "", caller, seen)
    told = await house.door.tell(reference, name, by, facts, key, behalf, caller.person)
    if told.receipt is None:
        return Heard(id=told.signal_id, accepted=None, code=None, new=told.new), 202
    if not told.receipt.accepted:
        raise await _not_accepted(house, reference, told)
    return Heard(id=told.signal_id, accepted=True, code=told.receipt.code, new=told.new), 200


def _kind(reference: str, name: str) -> type[Signal]:
    """The message of this name; a confirmation is told to an immediate action, all others to the case."""
    if name not in NAMES or (IMMEDIATE in reference) != (name == CONFIRMATION):
        raise Trouble(
            404,
            f"There is no such signal here. A case hears {', '.join(MESSAGES)}; "
            f"{CONFIRMATION} is told to an immediate action.",
        )
    return ImmediateActionConfirmed if name == CONFIRMATION else MESSAGES[name]


def _complain(kind: type[Signal], said: Mapping[str, Any], key: str) -> None:
    """Every fault of a body at once; what is missing besides the sender, the case judges after stage and role."""
    facts = {field: said[field] for field in kind.model_fields if said.get(field) not in (None, "")}
    faults: dict[str, str] = {}
    try:
        kind.model_validate({"at": "2000-01-01T00:00+00:00", "sent_at": "2000-01-01T00:00+00:00", **facts})
    except ValidationError as found:
        errors = found.errors(include_url=False, include_input=False)
        wrong = [one for one in errors if one["type"] != "missing" or len(one["loc"]) > 1]
        faults = by_field(wrong, "docs/signals.md")
    if "by" not in facts:
        faults["by"] = "is missing; say which role says so"
    if key and "id" in facts and facts["id"] != key:
        faults["id"] = "is not what the header Idempotency-Key says; leave it out"
    if faults:
        raise faulty(faults)


async def _not_accepted(house: House, reference: str, told: Told) -> Trouble:
    standing = await asyncio.to_thread(reading.standing, house.door.database, reference)
    assert told.receipt  # noqa: S101 - only then it was not accepted
    receipt = told.receipt
    reason = f": {receipt.reason}" if receipt.reason else ""
    return Trouble(
        409,
        f"Not accepted{reason}. {told.waits_for}",
        "not-accepted",
        id=told.signal_id,
        code=receipt.code,
        reason=receipt.reason,
        stage=standing.stage,
        waiting_for=[role.model_dump() for role in standing.waiting_for],
    )
