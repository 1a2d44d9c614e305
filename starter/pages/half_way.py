"""What a browser that is half-way through a sign-in carries: a sealed cookie that lasts ten minutes.

Nobody can read it or make one, it is worth nothing in another browser, and what must count once, or only a few times,
is counted in the records and not in it.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta

from protocols.errors import Refused
from records.keys import digest
from starter.pages.visit import Visit

HALF_WAY, AWAY = "half_way", "organisation"
"""The cookies: of the steps here, and of whoever was sent to their organisation."""
LASTS = timedelta(minutes=10)
LONGEST = 4000


def keep(visit: Visit, cookie: str, step: str, **facts: str) -> None:
    """Have the browser carry on from this step.

    Args:
        visit: of the browser.
        cookie: `HALF_WAY` or `AWAY`.
        step: what it is to do next.
        **facts: what is known by then.
    """
    ends = (visit.now + LASTS).isoformat()
    carried = json.dumps({**facts, "step": step, "ends": ends, "browser": digest(visit.browser).hex()})
    sealed = urlsafe_b64encode(visit.keys.seal(carried.encode())).rstrip(b"=").decode()
    visit.set_cookie(cookie, sealed, int(LASTS.total_seconds()))


def carried(visit: Visit, cookie: str, *steps: str) -> Mapping[str, str] | None:
    """What this browser carries, if it is at one of these steps and not too late."""
    with suppress(Refused, ValueError, TypeError, KeyError):
        facts = json.loads(visit.keys.unseal(urlsafe_b64decode(f"{visit.cookie(cookie)[:LONGEST]}==")))
        own = facts["browser"] == digest(visit.browser).hex()
        if own and facts["step"] in steps and visit.now < datetime.fromisoformat(facts["ends"]):
            return {str(name): str(value) for name, value in facts.items()}
    return None


def forget(visit: Visit) -> None:
    """Nothing of a sign-in is carried on."""
    for cookie in (HALF_WAY, AWAY):
        visit.set_cookie(cookie, "")
