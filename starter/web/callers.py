"""Which program asks: a bearer token, which counts and has not asked too often."""

import asyncio
from typing import Annotated, NamedTuple

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from records.access import Sight, sight
from records.holding import Asker
from records.tokens import bearer_of
from starter.web.house import House, InHouse
from starter.web.problems import Trouble, no_case
from workflows.registry import ACCESS

REFERENCE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-")
LONGEST_REFERENCE = 80

scheme = HTTPBearer(
    auto_error=False, scheme_name="token", description="A program's token, made with: datrys tokens make"
)


class Caller(NamedTuple):
    """A program, by the id of its token, and the roles that it asks with; whether it signs what it sends."""

    id: str
    asker: Asker
    signs: bool

    @property
    def person(self) -> str:
        """By which the records know who said something."""
        return f"token:{self.id}"


async def caller_of(house: InHouse, shown: Annotated[HTTPAuthorizationCredentials | None, Depends(scheme)]) -> Caller:
    """Who asks.

    Raises:
        Trouble: 401 without a token that counts, 429 where it asks too often.
        Unreachable: the records do not answer.
    """
    secret = shown.credentials if shown else ""
    door = house.door
    token = await asyncio.to_thread(bearer_of, door.database, secret, door.now()) if secret else None
    if token is None:
        raise nobody("Send a token that counts: Authorization: Bearer datrys_…")
    if wait := house.rates.wait_seconds(token.id):
        detail = f"This token asks too often: wait {wait} seconds."
        raise Trouble(429, detail, headers={"Retry-After": str(wait)})
    return Caller(token.id, token.bound.asker, token.signed)


def nobody(detail: str, kind: str = "") -> Trouble:
    """Whoever sent this did not show who they are."""
    return Trouble(401, detail, kind, headers={"WWW-Authenticate": 'Bearer realm="datrys"'})


Asking = Annotated[Caller, Depends(caller_of)]


def sight_of(house: House, caller: Caller, case: str) -> Sight:
    """What a program may see of a case, or of the case of an immediate action.

    Raises:
        Trouble: 404 where it may see nothing of it, or there is none.
        CaseUnknown: the same.
        Unreachable: the records do not answer.
    """
    if len(case) > LONGEST_REFERENCE or not REFERENCE.issuperset(case):
        raise no_case()
    return sight(house.door.database, caller.asker, case, ACCESS)
