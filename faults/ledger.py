"""What stands in the records and what was mailed, held against the same case without any fault.

Lost is what the undisturbed case has and this one lacks; doubled what this one has more often. A mail may be accepted
twice only where a worker died between acceptance and note: then both bear one Message-ID, and are the same to the byte.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Engine, select

from faults.post_office import PostOffice
from records.database import reading
from records.models import Delivery, Entry, Notice
from records.streams import verify_chain

OF_THE_HOUR = ("reminder", "chaser")
"""Left out of the comparison: which of them come hangs on the hour at which the suite is run."""


class Account(NamedTuple):
    """All that came of a case, with its reference left out, so that two cases compare.

    Attributes:
        lines: the entries of each stream in their order.
        notices: each notice, to whom, and how it ended.
        mails: each message once, however often it was accepted: notice, roles, receiver.
        accepted: how often the mail server accepted each Message-ID.
        faults: what must never be, whatever the undisturbed case says.
    """

    lines: tuple[str, ...]
    notices: Counter[str]
    mails: Counter[str]
    accepted: Counter[str]
    faults: tuple[str, ...]


class Difference(NamedTuple):
    """What is lost, what is doubled, and what is wrong in another way; `twins` are the same mail accepted twice."""

    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    wrong: tuple[str, ...]
    twins: int


def account(records: Engine, office: PostOffice, case: str) -> Account:
    """What came of a case."""
    with reading(records) as session:
        entries = session.scalars(
            select(Entry).where(Entry.reference == case).order_by(Entry.stream, Entry.number)
        ).all()
        notices = session.scalars(select(Notice).where(Notice.reference == case)).all()
    lines = tuple(
        f"{_short(one.stream, case)} {one.what} {one.stage} {one.turn} {one.signal_id} {one.code}" for one in entries
    )
    told = Counter(
        f"{_short(one.case, case)} {one.notice} {_short(one.occasion, case)} {one.role}/{one.agency}"
        f" {one.delivered_to} {one.state}"
        for one in notices
        if one.notice not in OF_THE_HOUR
    )
    mails, accepted, faults = _mailed(office, case)
    faults += _unsent(notices, accepted)
    faults += [f"{case}: {one.what} has no line" for one in entries if not one.words]
    if breach := verify_chain(records, case):
        faults.append(f"{breach.stream}: {breach.what}")
    return Account(lines, told, mails, accepted, tuple(faults))


def _mailed(office: PostOffice, case: str) -> tuple[Counter[str], Counter[str], list[str]]:
    first: dict[str, tuple[str, bytes]] = {}
    mails: Counter[str] = Counter()
    accepted: Counter[str] = Counter()
    faults = []
    for mail in [one for one in office.accepted if one.case == case]:
        key = mail.message_id
        accepted[key] += 1
        if key not in first:
            first[key] = (mail.receiver, mail.raw)
            if mail.notice not in OF_THE_HOUR:
                mails[f"{mail.notice} {mail.roles} to {mail.receiver}"] += 1
        elif first[key] != (mail.receiver, mail.raw):
            faults.append(f"{key} came twice and differs")
    return mails, accepted, faults


def _unsent(notices: Sequence[Notice], accepted: Counter[str]) -> list[str]:
    """Noted as sent and never accepted, or accepted and not noted."""
    noted = {f"{one.message_id}@" for one in notices if one.state == Delivery.SENT}
    came = {f"{key.strip('<>').partition('@')[0]}@" for key in accepted}
    return [f"{key} is noted as sent and was never accepted" for key in noted - came] + [
        f"{key} was accepted and is not noted as sent" for key in came - noted
    ]


def _short(text: str, case: str) -> str:
    return text.replace(case, "CASE")


def compare(expected: Account, found: Account) -> Difference:
    """What a fault did to a case."""
    want, have = Counter(expected.lines), Counter(found.lines)
    lost = [*(want - have).elements()]
    lost += (expected.notices - found.notices).elements()
    lost += (expected.mails - found.mails).elements()
    doubled = [*(have - want).elements()]
    doubled += (found.notices - expected.notices).elements()
    doubled += (found.mails - expected.mails).elements()
    wrong = list(found.faults)
    if not lost and not doubled and _per_stream(expected.lines) != _per_stream(found.lines):
        wrong.append("the entries stand in another order")
    return Difference(tuple(lost), tuple(doubled), tuple(wrong), sum(found.accepted.values()) - len(found.accepted))


def without(account: Account, mark: str) -> Account:
    """The account without what is about these, and without the answers to them that went by mail."""
    return account._replace(
        lines=tuple(line for line in account.lines if mark not in line),
        notices=Counter({one: n for one, n in account.notices.items() if mark not in one}),
        mails=Counter({one: n for one, n in account.mails.items() if not one.startswith("not-accepted ")}),
    )


def _per_stream(lines: Sequence[str]) -> dict[str, list[str]]:
    streams: dict[str, list[str]] = {}
    for line in lines:
        streams.setdefault(line.partition(" ")[0], []).append(line)
    return streams
