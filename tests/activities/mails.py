"""Mails to test with and to look at: each that a protocol sends, with plausible facts."""

import re
import tomllib
from collections.abc import Iterator
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

from activities.letters import OF_A_CLOCK, write_letter
from activities.mail_templates import SHIPPED
from protocols.editions import Edition, Kind, Words, read_editions
from protocols.mail import DutyTeam, Language, MailFacts, Raiser
from protocols.working_days import LONDON

GWENT = read_editions()["gwent"]
DUE = datetime(2026, 3, 9, 17, tzinfo=LONDON)
CY_FIRST: tuple[Language, Language] = ("cy", "en")
STAGES = {"opened": "practitioners", "review-requested": "decision", "decision": "decision", "review-report": "report"}
TOLD = {"immediate-action": "duty_team", "feedback": "local_network", "opened": "team_manager"}
ASKING = {"action-required", "review-requested", "review-report"}
DATED = {"meeting-invitation", "meeting-moved", "date-changed"}


def facts_of(notice: str, key: str = "", edition: Edition = GWENT, **more: Any) -> MailFacts:
    """Facts of a mail as the outbox would gather them: `key` is its stage or clock, `more` any other fields."""
    stage = STAGES.get(notice, key if key in edition.stages else "meeting")
    clock = key if notice in OF_A_CLOCK else ""
    if notice in ASKING:
        clock = next(clock for clock, rule in edition.clocks.items() if stage == rule.stages[-1])
    rule = edition.clocks.get(clock)
    if rule and notice in OF_A_CLOCK:
        stage = rule.stages[-1]
    role = rule.accountable[0] if rule else TOLD.get(notice, "line_manager")
    facts: dict[str, Any] = {
        "notice": notice,
        "reference": f"{edition.reference}-2026-0001",
        "protocol": edition.protocol,
        "protocol_name": edition.name,
        "board": edition.board,
        "clause": rule.clause if rule and notice in OF_A_CLOCK else edition.stages[stage].clause,
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
    if notice in DATED or (key == "meeting" and notice == "reminder"):
        facts["due"] = DUE
    if key == "any" or not facts["clause"]:
        facts["clause"] = "any"
    if notice == "immediate-action":
        agency = Words(en="The Health Board", cy="Y Bwrdd Iechyd")
        facts["raiser"] = Raiser(role=edition.roles["practitioner"], agency=agency, phone="01633 000003")
    return MailFacts.model_validate(facts | more)


def everything(edition: Edition = GWENT) -> Iterator[tuple[str, str]]:
    """Each notice that the cases of an edition send, with its stage or clock where it has words for each."""
    sent = tomllib.loads((SHIPPED / "sent.toml").read_text(encoding="utf-8"))
    for notice, keys in (sent["every"] | sent[edition.protocol]).items():
        yield from ((notice, key) for key in keys or [""])
    for clock, rule in edition.clocks.items():
        yield "reminder", clock
        if rule.kind is Kind.PROTOCOL:
            yield from (("overdue", clock), ("chaser", clock))


def write_all(folder: Path, edition: Edition = GWENT, languages: tuple[Language, Language] = CY_FIRST) -> None:
    """Every letter as files to be looked at; ``index.html`` links to them."""
    links = []
    for notice, key in everything(edition):
        letter = write_letter(facts_of(notice, key, edition, link="https://datrys.invalid/a/b"), languages)
        name = f"{notice}.{key or 'all'}"
        (folder / f"{name}.html").write_text(letter.html, encoding="utf-8")
        (folder / f"{name}.txt").write_text(f"Subject: {letter.subject}\n\n{letter.text}", encoding="utf-8")
        links.append(f'<p><a href="{name}.html">{name}</a>: {escape(letter.subject)}</p>')
    (folder / "index.html").write_text('<meta charset="utf-8">' + "\n".join(links), encoding="utf-8")


def flat(text: str) -> str:
    """The text with every run of spaces and line breaks as one space."""
    return " ".join(text.split())


def halves_of(text: str, languages: tuple[Language, Language]) -> dict[Language, str]:
    """The two halves of a plain text, by language."""
    first, second = re.split(r"(?m)^(?:Cymraeg|English)\n=======\n", text)[1:]
    return {languages[0]: flat(first), languages[1]: flat(second)}
