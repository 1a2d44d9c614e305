"""One-time codes: made for one browser, mailed to an address, and tried a few times within a few minutes.

Only a keyed hash of a code is kept, so that whoever reads the records cannot try all of them. The address stands
beside it for a day at most.
"""

import hmac
import secrets
import unicodedata
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Engine, delete, func, select, text, update
from sqlalchemy.orm import Session

from records.database import writing
from records.keys import Keys, digest
from records.models import OneTimeCode

CODE_DIGITS = 6
LASTS = timedelta(minutes=10)
TRIES = 5
HOURLY = 5
"""So many codes an address gets within an hour for one link, or for signing in, whoever asks for them."""

ID_BYTES = 9
HOUR, KEPT = timedelta(hours=1), timedelta(days=1)
DIGITS = frozenset("0123456789")
_REPLACED = b""
"""Instead of the hash, where another code was made for the same browser: the row counts for the hour alone."""


class Tried(StrEnum):
    """What became of a try."""

    COUNTS = "counts"
    WRONG = "wrong"
    EXPIRED = "expired"
    USED = "used"
    TOO_MANY = "too-many"
    NONE = "none"


def make(
    engine: Engine, keys: Keys, email: str, purpose: str, browser: str, now: datetime, link: str = ""
) -> str | None:
    """A new code for an address; the one that this browser had for the same thing counts no more.

    Args:
        engine: the records.
        keys: of the deployment.
        email: where the code will be sent.
        purpose: what for, ``answer`` or ``sign-in``.
        browser: the word in the browser's cookie.
        now: it lasts ten minutes from now on.
        link: the id of the link that is answered.

    Returns:
        The code; None if the address had too many within an hour.

    Raises:
        Unreachable: the database does not answer.
    """
    address = email.strip().lower()
    row = OneTimeCode(
        id=secrets.token_hex(ID_BYTES),
        browser=digest(browser),
        purpose=purpose,
        link=link,
        email=address,
        made_at=now,
        expires_at=now + LASTS,
        tries=0,
        used_at=None,
    )
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
    row.digest = keys.mark("code", row.id, code)
    with writing(engine) as session:
        one_at_a_time(session, address)
        session.execute(delete(OneTimeCode).where(OneTimeCode.made_at < now - KEPT))
        same_thing = (OneTimeCode.email == address, OneTimeCode.purpose == purpose, OneTimeCode.link == link)
        lately = select(func.count()).where(*same_thing, OneTimeCode.made_at > now - HOUR)
        if session.scalars(lately).one() >= HOURLY:
            return None
        same = (OneTimeCode.browser == row.browser, OneTimeCode.purpose == purpose, OneTimeCode.link == link)
        session.execute(update(OneTimeCode).where(*same).values(digest=_REPLACED))
        session.add(row)
    return code


def take_back(engine: Engine, purpose: str, browser: str, link: str = "") -> None:
    """The code that could not be mailed: as if it had not been asked for. Arguments as for `make`."""
    asked = (OneTimeCode.browser == digest(browser), OneTimeCode.purpose == purpose, OneTimeCode.link == link)
    with writing(engine) as session:
        session.execute(delete(OneTimeCode).where(*asked, OneTimeCode.used_at.is_(None)))


def try_code(
    engine: Engine, keys: Keys, code: str, purpose: str, browser: str, now: datetime, link: str = ""
) -> tuple[Tried, str]:
    """Try a code, as it was typed or pasted; every try is counted, and what counts does so once.

    Args:
        engine: the records.
        keys: of the deployment.
        code: as it was typed.
        purpose, browser, link: as it was asked for.
        now: when it is tried.

    Returns:
        What became of it, and the address that the code was sent to, which is proved where it counts; else empty.

    Raises:
        Unreachable: the database does not answer.
    """
    asked = (OneTimeCode.browser == digest(browser), OneTimeCode.purpose == purpose, OneTimeCode.link == link)
    rows = select(OneTimeCode).where(*asked, OneTimeCode.digest != _REPLACED)
    with writing(engine) as session:
        row = session.scalars(rows.order_by(OneTimeCode.made_at.desc()).limit(1).with_for_update()).one_or_none()
        if row is None:
            return Tried.NONE, ""
        if row.used_at is not None:
            return Tried.USED, ""
        if row.expires_at <= now:
            return Tried.EXPIRED, ""
        if row.tries >= TRIES:
            return Tried.TOO_MANY, ""
        row.tries += 1
        if not hmac.compare_digest(row.digest, keys.mark("code", row.id, digits_of(code))):
            return Tried.WRONG, ""
        row.used_at = now
        return Tried.COUNTS, row.email


def digits_of(code: str) -> str:
    """The digits of what was typed; nothing, if there is more in it than digits, spaces and dashes."""
    plain = unicodedata.normalize("NFKC", code[: 10 * CODE_DIGITS])
    kept = "".join(sign for sign in plain if unicodedata.category(sign) not in {"Zs", "Cc", "Cf", "Pd"})
    return kept if set(kept) <= DIGITS else ""


def one_at_a_time(session: Session, address: str) -> None:
    """Whoever asks for codes for one address waits for one another: the hour's count is right (SQLite does it so)."""
    if session.get_bind().dialect.name == "postgresql":
        number = int.from_bytes(digest(address)[:8], "big", signed=True)
        session.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})
