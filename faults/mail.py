"""Row 4: the mail server is away, drops connections, refuses for now or for good, drips, or offers no TLS.

Seen to fail: with 451 taken for a refusal for good (`activities.smtp._meaning`) “451 twice” and “one address takes
nothing” sent to Business Units what was for others; with an unclear failure noted as sent (`activities.posting._send`)
“connection dropped before the mail is taken” lost every first mail. What it found: a post that fails just as it is
cancelled (`workflows.outbox.Outbox._drain`) let a case stand still for ten minutes.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from faults.found import Found, together
from faults.ground import Ground
from faults.ledger import Account
from faults.tales import CWM_TAF_MORGANNWG, DEPUTY, HOLDER, Tale
from faults.yard import Yard
from starter.parts import LOCALHOST
from tests.people import address
from tests.smtp import DROP, TAKE_AND_DROP

ONCE = "every notice goes out once, and the case never waits for it"
BUSINESS_UNIT = address("business_unit")
REFUSED = "550 5.1.1 no such user"
BUSY = "451 4.7.1 try again later"
FALLING_BACK = "goes to the deputy, then to the Business Unit, else shows as undelivered"


class Fault(NamedTuple):
    """A way in which the mail server misbehaves.

    Attributes:
        name, promise: in plain words.
        begins: what is done to the ground before its worker starts.
        meanwhile: what must hold while the case has ended and the fault lasts: a sentence and whether it is so.
        ends: what mends it; None where nobody mends it.
        expected: what comes of the case, where that is not the same as undisturbed.
        excused: how many mails come twice, since their connection broke after acceptance and before the answer.
    """

    name: str
    promise: str
    begins: Callable[[Ground], None]
    meanwhile: Callable[[Ground, Account], list[str]] = lambda place, expected: []
    ends: Callable[[Ground], None] | None = None
    expected: Callable[[Account], Account] = lambda undisturbed: undisturbed
    excused: int = 0


def _nothing_left(place: Ground, _: Account) -> list[str]:
    return [f"{len(place.office.taken)} mails were taken"] if place.office.taken else []


def _all_but_his(place: Ground, expected: Account) -> list[str]:
    """Whoever can take mail has got all of it, though one receiver cannot."""
    want = sum(n for mail, n in expected.mails.items() if not mail.endswith(f" to {HOLDER}"))
    have = len({mail.message_id for mail in place.office.accepted})
    return [] if have == want else [f"{have} of {want} mails to others were taken"]


def _answer(*replies: str, after_data: bool = False) -> Callable[[Ground], None]:
    """Everybody's first attempts are answered so."""

    def begins(place: Ground) -> None:
        table = place.office.after_data if after_data else place.office.to
        for receiver in RECEIVERS:
            table[receiver] = list(replies)

    return begins


def _refuse(*receivers: str, reply: str = REFUSED) -> Callable[[Ground], None]:
    return lambda place: place.office.to.update(dict.fromkeys(receivers, reply))


def _goes_to(other: str, **ends: str) -> Callable[[Account], Account]:
    """The account where the notices of these roles end so, and their mail goes to somebody else; or to nobody."""

    def expected(plain: Account) -> Account:
        mails: Counter[str] = Counter()
        for mail, number in plain.mails.items():
            words, _, receiver = mail.rpartition(" to ")
            if receiver not in {WHO[role][0] for role in ends}:
                mails[mail] += number
            elif other:
                mails[f"{words} to {other}"] += number
        told: Counter[str] = Counter()
        for notice, number in plain.notices.items():
            told[_ending(notice, ends)] += number
        return plain._replace(mails=mails, notices=told)

    return expected


RECEIVERS = [
    *(address(role, "RCT") for role in ("counterpart_manager", "representative")),
    *(address(role, "CTMUHB") for role in ("manager", "representative", "safeguarding_lead")),
    *(address(role) for role in ("business_unit", "duty_team")),
]
WHO = {
    "holder": (HOLDER, " counterpart_manager/RCT holder sent"),
    "business_unit": (BUSINESS_UNIT, " business_unit/ holder sent"),
}


def _ending(notice: str, ends: Mapping[str, str]) -> str:
    """A notice with another end, if it is for one of these roles."""
    found = next((role for role in ends if notice.endswith(WHO[role][1])), None)
    return f"{notice.removesuffix('holder sent')}{ends[found]}" if found else notice


def _away(place: Ground) -> None:
    place.office.go()


def _without_tls(place: Ground) -> None:
    place.options["DATRYS_SMTP_URL"] = f"smtp://{LOCALHOST}:{place.office.port}?starttls=required"


def _drip(place: Ground) -> None:
    place.office.drips = True


def _all_well(place: Ground) -> None:
    place.office.to.clear()


FAULTS = (
    Fault("mail server away for the whole case", ONCE, _away, _nothing_left, ends=lambda place: None),
    Fault("connection dropped before the mail is taken", ONCE, _answer(DROP)),
    Fault(
        "connection dropped after acceptance, before the answer",
        "every notice goes out; what came twice is the same mail",
        _answer(TAKE_AND_DROP, after_data=True),
        excused=len(RECEIVERS),
    ),
    Fault("451 twice for everybody", ONCE, _answer(BUSY, BUSY)),
    Fault("550 for a holder", FALLING_BACK, _refuse(HOLDER), expected=_goes_to(DEPUTY, holder="deputy sent")),
    Fault(
        "550 for holder and deputy",
        FALLING_BACK,
        _refuse(HOLDER, DEPUTY),
        expected=_goes_to(BUSINESS_UNIT, holder="business_unit sent"),
    ),
    Fault(
        "550 for holder, deputy and Business Unit",
        FALLING_BACK,
        _refuse(HOLDER, DEPUTY, BUSINESS_UNIT),
        expected=_goes_to("", holder="business_unit undelivered", business_unit="holder undelivered"),
    ),
    Fault("a slow drip", ONCE, _drip),
    Fault("no TLS where it is required", "nothing goes out in the clear", _without_tls, _nothing_left),
    Fault(
        "one address takes nothing for now",
        "nobody else waits for it",
        _refuse(HOLDER, reply=BUSY),
        _all_but_his,
        ends=_all_well,
    ),
)
"""Each as a row of the table."""

SHORT = (
    "mail server away for the whole case",
    "connection dropped after acceptance, before the answer",
    "550 for holder, deputy and Business Unit",
    "one address takes nothing for now",
)


async def misbehaving(yard: Yard, *, short: bool) -> list[Found]:
    """Each fault over a whole case of one protocol; not in short on both databases."""
    kinds: Sequence[str] = ("",) if short else ("sqlite", "postgresql")
    faults = [fault for fault in FAULTS if not short or fault.name in SHORT]
    places = asyncio.Semaphore(5)

    async def one(fault: Fault, kind: str) -> Found:
        async with places:
            return await under(yard, fault, CWM_TAF_MORGANNWG, kind, hasty=short)

    runs = await asyncio.gather(*(one(fault, kind) for fault in faults for kind in kinds))
    return [together(fault.name, fault.promise, (r for r in runs if r.fault == fault.name)) for fault in faults]


async def under(yard: Yard, fault: Fault, tale: Tale, kind: str = "", hasty: bool = True) -> Found:
    """A whole case while the mail server misbehaves."""
    found = Found(fault.name, fault.promise, runs=1, excused=fault.excused)
    undisturbed = yard.undisturbed[tale.protocol]
    async with yard.ground(kind) as place:
        fault.begins(place)
        await place.start_worker(hasty=hasty)
        case, begins = await place.raise_case(tale)
        await place.play(tale, case, begins)
        await place.until_stage(case, "ended")
        if fault.ends or fault.meanwhile is _nothing_left:
            await place.until_settled(lambda: len(place.office.taken))
        found.wrong += fault.meanwhile(place, undisturbed)
        began = time.monotonic()
        if fault.ends:
            fault.ends(place)
        if place.office.server is None:
            await place.office.come()
        if place.options:
            await place.kill_workers()
            place.options.clear()
            await place.start_worker(hasty=hasty)
        await place.rest(case)
        found.seconds.append(time.monotonic() - began)
        found.hold_against(fault.expected(undisturbed), await place.account(case))
    return found
