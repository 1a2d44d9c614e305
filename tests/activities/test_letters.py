"""The mails' words: everything that is sent has them in both languages, and they say no more than they may."""

import re
import shutil
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from activities.in_words import day_and_time, limit_in_words
from activities.letters import OF_A_CLOCK, check_templates, unreviewed, write_letter
from activities.mail_templates import SHIPPED
from protocols.editions import Kind, Words
from protocols.errors import BadEdition
from protocols.limits import Limit
from protocols.mail import DutyTeam, Language
from tests.activities.mails import CY_FIRST, GWENT, everything, facts_of, flat, halves_of

HOSTILE = "GWENT\r\nBcc: all@evil.invalid\u2028<script>alert(1)</script> {{ 1234 * 5678 }} {% raw %}"
EVERYTHING = list(everything())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the templates, to be spoilt."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "mail"))


@pytest.mark.parametrize("languages", [("cy", "en"), ("en", "cy")])
@pytest.mark.parametrize(("notice", "key"), EVERYTHING)
def test_every_mail_has_both_halves(notice: str, key: str, languages: tuple[Language, Language]) -> None:
    """Every mail of the Gwent protocol has both halves, each marked, the receiver's language first."""
    facts = facts_of(notice, key)
    letter = write_letter(facts, languages)
    names = {"cy": "Cymraeg", "en": "English"}
    assert [names[language] for language in languages] == re.findall(r"(?m)^(Cymraeg|English)$", letter.text)
    assert list(languages) == re.findall(r'<div lang="(\w+)"', letter.html)
    assert f'<html lang="{languages[0]}">' in letter.html
    for language, half in halves_of(letter.text, languages).items():
        title, stage = (getattr(words, language) for words in (facts.roles[0], facts.stage_name))
        for said in (facts.reference, title, stage, "999", "01633 000001", "0800 000 0002", "unit@board.invalid"):
            assert said in half
            assert escape(said) in letter.html


@pytest.mark.parametrize("language", ["cy", "en"])
def test_each_stage_has_words_of_its_own(language: Language) -> None:
    """What is asked, or told, differs from stage to stage, in both languages."""
    keyed = [(notice, key) for notice, key in EVERYTHING if notice in {"action-required", "informed"}]
    halves = [halves_of(write_letter(facts_of(*mail), CY_FIRST).text, CY_FIRST)[language] for mail in keyed]
    happened = {re.findall(r"---- (.*?) ---", half)[0] for half in halves}
    assert len(keyed) == len(happened)


@pytest.mark.parametrize(("notice", "key"), EVERYTHING)
def test_every_subject_is_one_short_line(notice: str, key: str) -> None:
    """A subject is one printable line under 200 characters that begins with the reference."""
    subject = write_letter(facts_of(notice, key), CY_FIRST).subject
    assert len(subject) < 200
    assert subject.isprintable()
    assert subject.startswith("GWENT-2026-0001: ")


@pytest.mark.parametrize("clock", [clock for clock, rule in GWENT.clocks.items() if rule.kind is Kind.PROTOCOL])
@pytest.mark.parametrize("notice", sorted(OF_A_CLOCK))
def test_mail_names_a_protocol_limit_as_such(notice: str, clock: str) -> None:
    """A protocol limit is given with its day, its time, its rule and its clause, in both languages."""
    rule = GWENT.clocks[clock]
    halves = halves_of(write_letter(facts_of(notice, clock), CY_FIRST).text, CY_FIRST)
    welsh = limit_in_words(rule.within, "cy")
    assert f"by 17:00 on Monday 9 March 2026 ({rule.within}, clause {rule.clause} of the protocol)" in halves["en"]
    assert f"erbyn 17:00 ddydd Llun 9 Mawrth 2026 ({welsh}, cymal {rule.clause} o'r protocol)" in halves["cy"]


@pytest.mark.parametrize(("notice", "key"), [(n, k) for n, k in EVERYTHING if facts_of(n, k).kind is Kind.LOCAL])
def test_mail_never_calls_a_local_target_a_limit_of_the_protocol(notice: str, key: str) -> None:
    """A local target is called one, in both languages, and never a deadline of the protocol."""
    letter = write_letter(facts_of(notice, key), CY_FIRST)
    halves = halves_of(letter.text, CY_FIRST)
    assert "; the protocol states no time)" in halves["en"]
    assert "; nid yw'r protocol yn nodi amser)" in halves["cy"]
    for wrong in (
        "deadline",
        "dyddiad cau",
        "of the protocol)",
        "o'r protocol)",
        "as the protocol says",
        "yn unol â'r protocol",
    ):
        assert wrong not in "".join(halves.values())


def test_subject_names_notice_and_time_in_both_languages() -> None:
    """The subject of a reminder says what it is in both languages, and when it is due."""
    subject = write_letter(facts_of("reminder", "decide"), CY_FIRST).subject
    assert subject == "GWENT-2026-0001: Nodyn atgoffa / Reminder – 17:00, 9.3.2026"


def test_a_role_passed_on_gets_what_was_asked() -> None:
    """Whoever takes over a role gets the words of the notice that is sent once more, and is told why."""
    facts = facts_of("action-required", "meeting", clause="any", concerns="action-required")
    halves = halves_of(write_letter(facts, CY_FIRST).text, CY_FIRST)
    assert "You now hold this role" in halves["en"]
    assert "Chi sydd bellach yn y rôl hon" in halves["cy"]
    assert "arrange the meeting" in halves["en"]


def test_who_gets_a_mail_in_anothers_place_is_told_so_first() -> None:
    """What could not be delivered names the role that it was meant for, in its first line."""
    title = GWENT.roles["line_manager"]
    facts = facts_of("action-required", "line_managers", roles=(title,), undeliverable=(title,))
    halves = halves_of(write_letter(facts, CY_FIRST).text, CY_FIRST)
    assert halves["en"].startswith("This was meant for: Line manager.")
    assert halves["cy"].startswith("Bwriadwyd y neges hon ar gyfer: Rheolwr llinell.")
    assert "You receive this as" not in halves["en"]


def test_who_oversees_is_not_told_to_do_it() -> None:
    """An overdue limit asks the accountable role to act, and the overseeing role to see to it."""
    overseer: dict[str, Any] = {"roles": (GWENT.roles["safeguarding_lead"],), "role_ids": ("safeguarding_lead",)}
    accountable = write_letter(facts_of("overdue", "contact_team_manager"), CY_FIRST).text
    overseeing = write_letter(facts_of("overdue", "contact_team_manager", **overseer), CY_FIRST).text
    assert "Please do it now" in accountable
    assert "You oversee this" in overseeing
    assert "Please do it now" not in overseeing


@pytest.mark.parametrize("language", ["cy", "en"])
def test_who_acts_is_as_the_edition_has_it(language: Language) -> None:
    """The templates call those accountable for a protocol limit whom the edition does."""
    source = (SHIPPED / language / "gwent" / "clocks.j2").read_text(encoding="utf-8")
    acts = {clock: re.findall(r'"(\w+)"', who) for clock, who in re.findall(r'"(\w+)": \[(.*)\]', source)}
    limits = {clock: rule for clock, rule in GWENT.clocks.items() if rule.kind is Kind.PROTOCOL}
    assert acts == {clock: list(rule.accountable) for clock, rule in limits.items()}


@pytest.mark.parametrize("field", ["reference", "contact", "link", "clause", "stage_name", "roles", "duty_teams"])
def test_hostile_values_are_inert(field: str) -> None:
    """Markup, template signs and line breaks in a value stay text."""
    shapes: dict[str, Any] = {
        "stage_name": Words(en=HOSTILE, cy=HOSTILE),
        "roles": (Words(en=HOSTILE, cy=HOSTILE),),
        "duty_teams": (DutyTeam(office=HOSTILE, office_hours='"><script>', out_of_hours=HOSTILE),),
    }
    letter = write_letter(facts_of("meeting-invitation", **{field: shapes.get(field, HOSTILE)}), CY_FIRST)
    assert "<script" not in letter.html
    assert "7006652" not in letter.text + letter.html + letter.subject
    assert not {"\r", "\u2028"} & set(letter.text + letter.html)
    assert letter.subject.isprintable()
    assert len(letter.subject) < 200


@pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,x", "//evil.invalid", "https:"])
def test_only_a_web_address_becomes_a_link(link: str) -> None:
    """What is no web address is no link: the mail says how to reach the Business Unit instead."""
    letter = write_letter(facts_of("proposed", link=link), CY_FIRST)
    assert link not in letter.html
    assert "Business Unit (unit@board.invalid" in flat(letter.text)


@pytest.mark.parametrize(
    "asked", ["{{ subject_name }}", "{% if false %}{{ case }}{% endif %}", "{{ raiser.name }}", "{{ self.__class__ }}"]
)
def test_a_template_that_wants_more_than_the_closed_list_fails(folder: Path, asked: str) -> None:
    """A template may use nothing but the fields of `MailFacts`, not even where it is never reached."""
    file = folder / "en" / "minutes.j2"
    file.write_text(file.read_text(encoding="utf-8").replace("Please read them", asked), encoding="utf-8")
    with pytest.raises(BadEdition, match=r"^en/minutes\.j2: “\w+” is nothing that a mail may say"):
        check_templates({"gwent": GWENT}, folder)
    with pytest.raises(BadEdition):
        write_letter(facts_of("ended"), CY_FIRST, folder)


def test_facts_take_no_field_more() -> None:
    """The facts of a mail refuse a field that is not in the closed list."""
    with pytest.raises(ValidationError, match="subject_name"):
        facts_of("ended", subject_name="A Child")


@pytest.mark.parametrize("language", ["cy", "en"])
@pytest.mark.parametrize("name", ["gwent/action-required.meeting", "gwent/decision", "ended", "reminder.meeting"])
def test_a_missing_language_is_refused_with_one_line(folder: Path, language: Language, name: str) -> None:
    """An edition that lacks either language of a template is refused with one line that names the file."""
    (folder / language / f"{name}.j2").unlink()
    with pytest.raises(BadEdition) as refused:
        check_templates({"gwent": GWENT}, folder)
    missing = {"cy": "Welsh", "en": "English"}[language]
    assert refused.value.lines == (f"templates/mail/{language}/{name}.j2 is missing. Add the {missing} words.",)


def test_missing_words_are_refused_with_one_line(folder: Path) -> None:
    """A template that does not say what happened is refused with one line."""
    (folder / "cy" / "ended.j2").write_text('{% extends "cy/base.j2" %}{% block subject %}x{% endblock %}')
    with pytest.raises(BadEdition, match=r"^templates/mail/cy/ended\.j2: “happened” has no words. Add them\.$"):
        check_templates({"gwent": GWENT}, folder)


def test_a_template_without_what_it_stands_on_is_refused(folder: Path) -> None:
    """A template that extends another which is missing is refused, not found out on the day."""
    (folder / "cy" / "gwent" / "clocks.j2").unlink()
    with pytest.raises(BadEdition, match=r"cy/gwent/chaser\.j2: stands on cy/gwent/clocks\.j2, which is missing"):
        check_templates({"gwent": GWENT}, folder)


def test_shipped_templates_are_whole() -> None:
    """Everything that the shipped Gwent edition sends has its words in both languages."""
    check_templates({"gwent": GWENT})


def test_every_welsh_text_awaits_review() -> None:
    """No translator has reviewed any Welsh text yet, and the list of them is whole."""
    files = {f"templates/mail/{file.relative_to(SHIPPED)}" for file in (SHIPPED / "cy").rglob("*.j2")}
    assert files <= set(unreviewed())
    assert all((SHIPPED.parent.parent / name).is_file() for name in unreviewed())


@pytest.mark.parametrize(
    ("moment", "en", "cy"),
    [
        ("2026-03-09T17:00", "17:00 on Monday 9 March 2026", "17:00 ddydd Llun 9 Mawrth 2026"),
        ("2026-07-14T08:05", "09:05 on Tuesday 14 July 2026", "09:05 ddydd Mawrth 14 Gorffennaf 2026"),
        ("2026-12-31T23:59", "23:59 on Thursday 31 December 2026", "23:59 ddydd Iau 31 Rhagfyr 2026"),
        ("2026-06-30T23:30", "00:30 on Wednesday 1 July 2026", "00:30 ddydd Mercher 1 Gorffennaf 2026"),
    ],
)
def test_times_are_written_out_as_in_wales(moment: str, en: str, cy: str) -> None:
    """A moment is written out in the local time of Wales, in both languages."""
    at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    assert (en, cy) == (day_and_time(at, "en"), day_and_time(at, "cy"))


@pytest.mark.parametrize(
    ("limit", "cy"),
    [
        ("5 working days", "5 diwrnod gwaith"),
        ("1 working day", "1 diwrnod gwaith"),
        ("2 working days", "2 ddiwrnod gwaith"),
        ("5 days", "5 diwrnod"),
        ("48 hours", "48 awr"),
        ("next meeting", "y cyfarfod nesaf"),
    ],
)
def test_limits_are_said_in_welsh(limit: str, cy: str) -> None:
    """Each form of a time limit has its Welsh words."""
    assert cy == limit_in_words(Limit.parse(limit), "cy")
