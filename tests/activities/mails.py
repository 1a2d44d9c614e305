"""Mails to test with and to look at: each that a protocol sends, to each role that gets it, with plausible facts."""

import re
import tomllib
from collections.abc import Iterator
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from activities.letters import DATE_CHANGED, OF_A_CLOCK, write_letter
from activities.mail_templates import SHIPPED
from protocols.editions import ClockRule, Edition, Kind, Words, read_editions
from protocols.mail import DutyTeam, Language, MailFacts, Raiser
from protocols.working_days import LONDON

EDITIONS = read_editions()
GWENT, CTM = EDITIONS["gwent"], EDITIONS["cwm-taf-morgannwg"]
DUE = datetime(2026, 3, 9, 17, tzinfo=LONDON)
CY_FIRST: tuple[Language, Language] = ("cy", "en")
DATED = {"meeting-invitation.", "meeting-moved.", "reminder.meeting", "informed.qa"}
"""What announces the date of a meeting, without a clock."""
AT_ANY_TIME = {"immediate-action", "proposed", "not-accepted", "withdrawn", "ended"}
BEGINS_LATER = "inform_agencies"
"""The clock that no mail of its stage speaks of: it begins when the stage is over."""

STAGES = {
    "gwent": {"": "meeting", "opened": "practitioners", "review-requested": "decision", "decision": "decision"}
    | {"review-report": "report", "escalated": "decision", "feedback": "feedback"},
    "cwm-taf-morgannwg": {"": "qa", "escalated": "co_chair", "decision": "co_chair", "board-update": "co_chair"}
    | {"learning": "learning"},
}
"""The stage in which a notice goes out, where its key does not say so; first the stage of all others."""

GWENT_TELLS = """
opened                           team_manager
action-required.practitioners    practitioner
informed.practitioners           line_manager
action-required.line_managers    line_manager
action-required.team_manager     team_manager
informed.team_manager            line_manager practitioner
action-required.meeting          team_manager
action-required.review_request   chair
review-requested                 service_manager
informed.decision                head_of_service
escalated                        business_unit
decision                         safeguarding_lead
action-required.review           reviewer
informed.review                  practitioner
review-report                    service_manager
informed.report                  head_of_service
action-required.feedback         chair
feedback                         local_network practitioner
immediate-action                 duty_team safeguarding_lead
all others                       line_manager
"""

CTM_TELLS = """
action-required.single_agency    manager counterpart_manager
action-required.response         counterpart_manager
informed.response                business_unit manager
response-received.agreement      manager
response-received                business_unit
action-required.qa               business_unit
informed.qa                      representative
feedback                         representative
escalated                        co_chair safeguarding_lead
informed.co_chair                qa_chair manager business_unit representative
board-update                     board
decision                         representative manager professional
action-required.review           review_group representative business_unit
action-required.board            business_unit
action-required.learning         business_unit
learning                         representative
date-changed.qa_meeting          business_unit representative
date-changed.present_report      business_unit
immediate-action                 duty_team safeguarding_lead
all others                       manager
"""


def _table(rows: str) -> dict[str, tuple[str, ...]]:
    return {mail: tuple(roles.split()) for mail, roles in re.findall(r"(?m)^(\S.*?)  +(.+)$", rows)}


TELLS = {"gwent": _table(GWENT_TELLS), "cwm-taf-morgannwg": _table(CTM_TELLS)}
"""Who gets what (spec 2 and 3, Stages); who gets the mails of a clock stands in the edition."""


class Mail(NamedTuple):
    """A mail that a protocol sends: its notice, its stage or clock where it has words for each, and who gets it."""

    protocol: str
    notice: str
    key: str
    role: str

    def facts(self, **more: Any) -> MailFacts:
        """Its facts; `more` are any other fields."""
        return facts_of(self.notice, self.key, EDITIONS[self.protocol], self.role, **more)


def everything() -> Iterator[Mail]:
    """Each mail that the cases of each edition send, once for each role that gets it."""
    sent = tomllib.loads((SHIPPED / "sent.toml").read_text(encoding="utf-8"))
    for protocol, edition in EDITIONS.items():
        mails = [(notice, key) for notice, keys in (sent["every"] | sent[protocol]).items() for key in keys or [""]]
        for clock, rule in edition.clocks.items():
            notices = ["reminder", "overdue", "chaser"] if rule.kind is Kind.PROTOCOL else ["reminder"]
            mails += [(notice, clock) for notice in notices]
        yield from (Mail(protocol, *mail, role) for mail in mails for role in who_gets(edition, *mail))


def who_gets(edition: Edition, notice: str, key: str) -> tuple[str, ...]:
    """The roles that get this mail."""
    if notice in OF_A_CLOCK and key in edition.clocks:
        rule = edition.clocks[key]
        return rule.accountable if notice == "reminder" else rule.accountable + rule.oversees
    tells = TELLS[edition.protocol]
    return tells.get(f"{notice}.{key}") or tells.get(notice) or tells["all others"]


def facts_of(notice: str, key: str = "", edition: Edition = GWENT, role: str = "", **more: Any) -> MailFacts:
    """Facts of a mail as the outbox would gather them: `key` is its stage or clock, `more` any other fields."""
    role = role or who_gets(edition, notice, key)[0]
    stages = STAGES[edition.protocol]
    stage = key if key in edition.stages and notice not in OF_A_CLOCK else stages.get(notice, stages[""])
    clock = _clock(notice, key, stage, role, edition)
    rule = edition.clocks.get(clock)
    if rule and notice in OF_A_CLOCK | {DATE_CHANGED}:
        stage = rule.stages[0 if notice == "reminder" else -1]
    facts: dict[str, Any] = {
        "notice": notice,
        "reference": f"{edition.reference}-2026-0001",
        "protocol": edition.protocol,
        "protocol_name": edition.name,
        "board": edition.board,
        "clause": _clause(notice, key, stage, edition, rule),
        "stage": stage,
        "stage_name": edition.stages[stage],
        "roles": (edition.roles[role],),
        "role_ids": (role,),
        "contact": "unit@board.invalid, 01633 000000",
        "duty_teams": (DutyTeam(office_hours="01633 000001", out_of_hours="0800 000 0002"),),
    }
    if rule:
        facts |= {"clock": clock, "clock_name": rule, "clock_clause": rule.clause}
        facts |= {"due": DUE, "limit": str(rule.within), "kind": rule.kind}
    if f"{notice}.{key}" in DATED:
        facts["due"] = DUE
    if notice == "immediate-action":
        raiser = edition.roles.get("practitioner") or edition.roles["professional"]
        agency = Words(en="The Health Board", cy="Y Bwrdd Iechyd")
        facts["raiser"] = Raiser(role=raiser, agency=agency, phone="01633 000003")
    return MailFacts.model_validate(facts | more)


def _clock(notice: str, key: str, stage: str, role: str, edition: Edition) -> str:
    """The clock that a mail is about, else the earliest of the stage for which its receiver is accountable."""
    if notice in OF_A_CLOCK:
        return key if key in edition.clocks else ""
    if notice == DATE_CHANGED:
        return key or next(iter(edition.clocks))
    if notice in AT_ANY_TIME or key == "any" or f"{notice}.{key}" in DATED:
        return ""
    mine = {
        clock: rule.within.count
        for clock, rule in edition.clocks.items()
        if stage in rule.stages and role in rule.accountable and clock != BEGINS_LATER
    }
    return min(mine, key=lambda clock: mine[clock], default="")


def _clause(notice: str, key: str, stage: str, edition: Edition, rule: ClockRule | None) -> str:
    if notice in OF_A_CLOCK and rule:
        return rule.clause
    at_any_time = notice in AT_ANY_TIME | {DATE_CHANGED} or key == "any"
    return "any" if at_any_time else edition.stages[stage].clause


def write_all(folder: Path, languages: tuple[Language, Language] = CY_FIRST) -> None:
    """Every letter as files to be looked at; ``index.html`` links to them."""
    links = []
    for mail in everything():
        letter = write_letter(mail.facts(link="https://datrys.invalid/a/b"), languages)
        name = ".".join(part for part in mail if part)
        (folder / f"{name}.html").write_text(letter.html, encoding="utf-8")
        (folder / f"{name}.txt").write_text(f"Subject: {letter.subject}\n\n{letter.text}", encoding="utf-8")
        links.append(f'<p><a href="{name}.html">{name}</a>: {escape(letter.subject)}</p>')
    (folder / "index.html").write_text('<meta charset="utf-8">' + "\n".join(links), encoding="utf-8")


def written(facts: MailFacts, languages: tuple[Language, Language] = CY_FIRST) -> dict[Language, str]:
    """Both halves of the letter that says these facts, each with every run of spaces and line breaks as one space."""
    first, second = re.split(r"(?m)^(?:Cymraeg|English)\n=======\n", write_letter(facts, languages).text)[1:]
    return {languages[0]: " ".join(first.split()), languages[1]: " ".join(second.split())}
