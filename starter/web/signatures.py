"""Signed calls between systems (Standard Webhooks): who sent a body, that nobody changed it, and that it counts once.

A call that came to nothing because our side failed is given back, so that its sender can send it again as it is.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, NamedTuple, NoReturn

from fastapi import Depends, Header
from fastapi.exceptions import RequestValidationError
from standardwebhooks import Webhook, WebhookVerificationError
from starlette.exceptions import HTTPException

from protocols.errors import DatrysError, Refused, Unreachable
from records import signing
from records.keys import Keys
from starter.web.callers import Caller, nobody
from starter.web.house import House
from starter.web.problems import Trouble

LONGEST_ID = LONGEST_KEY = 200
KIND = "signature"
MISSING = "This token signs what it sends: webhook-id, webhook-timestamp and webhook-signature are missing."
TOO_OFF = "webhook-timestamp is more than 5 minutes away from now: set the clock right, and sign anew."
NOT_MATCHING = "webhook-signature does not match: sign webhook-id, webhook-timestamp and the body just as it is sent."
log = logging.getLogger(__name__)


class Signature(NamedTuple):
    """What the headers of a call say of its signature; empty where they say nothing."""

    id: str
    timestamp: str
    signature: str

    def key_for(self, caller: Caller) -> str:
        """The key under which a signed call counts once, where it brings no other."""
        return self.id if caller.signs else ""


def signature_of(
    webhook_id: Annotated[
        str, Header(max_length=LONGEST_ID, description="Of a token that signs: the name of this message, taken once.")
    ] = "",
    webhook_timestamp: Annotated[str, Header(description="When it was signed, in seconds since 1970.")] = "",
    webhook_signature: Annotated[str, Header(description="v1, a comma, and the signature in base64.")] = "",
) -> Signature:
    """What is said in the headers."""
    return Signature(webhook_id, webhook_timestamp, webhook_signature)


Key = Annotated[str, Header(max_length=LONGEST_KEY, description="Said twice under one key, it counts once.")]
"""The header Idempotency-Key."""
Shown = Annotated[Signature, Depends(signature_of)]


async def verify(house: House, caller: Caller, shown: Signature, content: bytes) -> None:
    """Hold a body to its signature.

    Raises:
        Trouble: 401 with what to do; 500 where the secret cannot be read here.
        UnicodeError: the body is not UTF-8.
    """
    if not all(shown):
        raise nobody(MISSING, KIND)
    text = content.decode()
    sealed = await asyncio.to_thread(signing.sealed_secret, house.door.database, caller.id)
    webhook = Webhook(_secret(house, sealed or b""))
    headers = {f"webhook-{name}": value for name, value in shown._asdict().items()}
    try:
        webhook.verify(text, headers, json_parse=False)
    except WebhookVerificationError as fault:
        off = any(word in str(fault) for word in ("too old", "too new"))
        raise nobody(TOO_OFF if off else NOT_MATCHING, KIND) from None
    except ValueError:  # no comma in it, or no base64
        raise nobody(NOT_MATCHING, KIND) from None


def _secret(house: House, sealed: bytes) -> str:
    key = house.door.settings.secret_key
    try:
        return Keys(key.get_secret_value()).unseal(sealed).decode() if key else _not_set()
    except Refused as fault:
        log.error("A signed call cannot be verified: %s", fault)  # noqa: TRY400 - a setting, no fault of the program
        raise Trouble(500, "Signatures cannot be verified here for now; tell whoever runs Datrys.") from None


def _not_set() -> NoReturn:
    raise Refused("DATRYS_SECRET_KEY is not set: set the one that the token was made with.")


@asynccontextmanager
async def once(house: House, caller: Caller, message: str) -> AsyncIterator[None]:
    """What is done within is done once for each message; it is given back where our side fails.

    Raises:
        Trouble: 409, it was taken before.
        Unreachable: the records do not answer.
    """
    await _give_back(house)
    database = house.door.database
    if not await asyncio.to_thread(signing.take, database, caller.id, message, house.door.now()):
        detail = (
            "This webhook-id was taken already, and nothing was done again. To hear what became of it, send it "
            "under a new webhook-id with the same Idempotency-Key (the first webhook-id, if there was none)."
        )
        raise Trouble(409, detail, "replayed")
    try:
        yield
    except BaseException as fault:
        if _failed(fault):
            house.to_give_back.add((caller.id, message))
            await _give_back(house)
        raise


def _failed(fault: BaseException) -> bool:
    """Whether this is no answer to what was sent, but our side that failed."""
    match fault:
        case Trouble():
            return fault.status >= 500
        case Unreachable():
            return True
        case DatrysError() | HTTPException() | RequestValidationError():
            return False
        case _:
            return True


async def _give_back(house: House) -> None:
    """Give back what is to be; with the records away, as soon as they answer again."""
    async with house.giving_back:  # one at a time: else what was just taken anew could be given back once more
        for token, message in list(house.to_give_back):
            try:
                await asyncio.to_thread(signing.give_back, house.door.database, token, message)
            except Unreachable:
                return
            house.to_give_back.discard((token, message))
