"""The mails' words: everything that is sent has them in both languages, and they say no more than they may."""

import re
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from markupsafe import escape
from pydantic import ValidationError

from activities.in_words import day_and_time, limit_in_words
from activities.letters import OF_A_CLOCK, check_templates, unreviewed, write_letter
from activities.mail_templates import SHIPPED
from protocols.editions import Edition, Kind, Words
from protocols.errors import BadEdition
from protocols.limits import Limit
from protocols.mail import DutyTeam, Language
from tests.activities.mails import CTM, CY_FIRST, EDITIONS, GWENT, Mail, everything, facts_of, who_gets, written

HOSTILE = "GWENT\r\nBcc: all@evil.invalid\u2028<script>alert(1)</script> {{ 1234 * 5678 }} {% raw %}"
EVERYTHING = list(everything())
TOLD_APART = ("action-required.single_agency", "action-required.review", "informed.response", "informed.co_chair")
DEADLINES = ("deadline", "dyddiad cau", "of the protocol)", "o'r protocol)", "protocol says", "unol â'r protocol")
UNPLANNED = ("action-required.qa", "action-required.board", "chaser.qa_meeting", "chaser.present_report")


def each_of(mails: list[Mail]) -> pytest.MarkDecorator:
    """A test of each of these mails, named after it."""
    return pytest.mark.parametrize("mail", mails, ids=[".".join(filter(None, mail)) for mail in mails])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the templates, to be spoilt."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "mail"))


@pytest.mark.parametrize("languages", [("cy", "en"), ("en", "cy")])
@each_of(EVERYTHING)
def test_every_mail_has_both_halves(mail: Mail, languages: tuple[Language, Language]) -> None:
    """Every mail of both protocols has both halves, each marked, the receiver's language first."""
    facts = mail.facts()
    letter = write_letter(facts, languages)
    names = {"cy": "Cymraeg", "en": "English"}
    assert [names[language] for language in languages] == re.findall(r"(?m)^(Cymraeg|English)$", letter.text)
    assert list(languages) == re.findall(r'<div lang="(\w+)"', letter.html)
    assert f'<html lang="{languages[0]}">' in letter.html
    for language, half in written(facts, languages).items():
        title, stage = (getattr(words, language) for words in (facts.roles[0], facts.stage_name))
        for said in (facts.reference, title, stage, "999", "01633 000001", "0800 000 0002"):
            assert said in half
            assert escape(said) in letter.html


@pytest.mark.parametrize("language", ["cy", "en"])
@pytest.mark.parametrize("edition", EDITIONS.values(), ids=EDITIONS)
def test_each_stage_has_words_of_its_own(edition: Edition, language: Language) -> None:
    """What happened differs from stage to stage, in both languages."""
    happened = {
        (mail.notice, mail.key): re.findall(r"---- (.*?) ---", written(mail.facts())[language])[0]
        for mail in EVERYTHING
        if mail.protocol == edition.protocol and mail.notice in {"action-required", "informed"}
    }
    assert len(happened) == len(set(happened.values()))


@each_of(EVERYTHING)
def test_every_subject_is_one_short_line(mail: Mail) -> None:
    """A subject is one printable line under 200 characters that begins with the reference."""
    subject = write_letter(mail.facts(), CY_FIRST).subject
    assert len(subject) < 200
    assert subject.isprintable()
    assert subject.startswith(f"{EDITIONS[mail.protocol].reference}-2026-0001: ")


@each_of([mail for mail in EVERYTHING if mail.notice in OF_A_CLOCK and mail.facts().kind is Kind.PROTOCOL])
def test_mail_names_a_protocol_limit_as_such(mail: Mail) -> None:
    """A protocol limit is given with its day, its time, its rule and its clause, in both languages."""
    rule = EDITIONS[mail.protocol].clocks[mail.key]
    en, cy = limit_in_words(rule.within, "en"), limit_in_words(rule.within, "cy")
    clause, cymal = ("clause", "cymal") if mail.protocol == "gwent" else ("stage", "cam")
    halves = written(mail.facts())
    assert f"by 17:00 on Monday 9 March 2026 ({en}, {clause} {rule.clause} of the protocol)" in halves["en"]
    assert f"erbyn 17:00 ddydd Llun 9 Mawrth 2026 ({cy}, {cymal} {rule.clause} o'r protocol)" in halves["cy"]


@each_of([mail for mail in EVERYTHING if mail.facts().kind is Kind.LOCAL])
def test_mail_never_calls_a_local_target_a_limit_of_the_protocol(mail: Mail) -> None:
    """A local target is called one, in both languages, and never a deadline of the protocol."""
    halves = written(mail.facts())
    assert "; the protocol states no time)" in halves["en"]
    assert "; nid yw'r protocol yn nodi amser)" in halves["cy"]
    for wrong in DEADLINES:
        assert wrong not in "".join(halves.values())


def test_subject_names_notice_and_time_in_both_languages() -> None:
    """The subject of a reminder says what it is in both languages, and when it is due."""
    subject = write_letter(facts_of("reminder", "decide"), CY_FIRST).subject
    assert subject == "GWENT-2026-0001: Nodyn atgoffa / Reminder – 17:00, 9.3.2026"


@pytest.mark.parametrize("language", ["cy", "en"])
@pytest.mark.parametrize("mail", [*TOLD_APART, "escalated.", "decision.", "date-changed.qa_meeting"])
def test_each_role_is_told_what_is_its_own(mail: str, language: Language) -> None:
    """A mail that goes to several roles asks each for what is for it to do."""
    notice, _, key = mail.partition(".")
    halves = {role: written(facts_of(notice, key, CTM, role))[language] for role in who_gets(CTM, notice, key)}
    asked = {role: re.findall(r"---- (.*?) ---", half)[1] for role, half in halves.items()}
    same = {"decision.": {"professional"}, "informed.co_chair": {"representative"}}.get(mail, set())
    assert len(set(asked.values())) == len(asked.keys() - same)


def test_who_holds_two_roles_is_asked_for_both() -> None:
    """One message to the review group and the Business Unit asks for the review and for the panel."""
    halves = written(facts_of("action-required", "review", CTM, role_ids=("business_unit", "review_group")))
    assert "Please carry out the review." in halves["en"]
    assert "enter its members in the case" in halves["en"]
    assert "Cynhaliwch yr adolygiad." in halves["cy"]
    assert "nodwch ei aelodau yn yr achos" in halves["cy"]


@pytest.mark.parametrize("notice", ["action-required", "informed", "response-received", "ended"])
def test_the_business_unit_is_not_told_to_ask_itself(notice: str) -> None:
    """Where there is no link, others turn to the Business Unit, and the Business Unit to the case."""
    unit = written(facts_of(notice, "qa", CTM, "business_unit"))
    others = written(facts_of(notice, "qa", CTM, "representative"))
    assert "In the case CTM-2026-0001." in unit["en"]
    assert "Yn yr achos CTM-2026-0001." in unit["cy"]
    assert "unit@board.invalid" not in "".join(unit.values())
    assert all("(unit@board.invalid, 01633 000000)" in half for half in others.values())


@pytest.mark.parametrize("mail", UNPLANNED)
def test_with_no_meeting_planned_the_business_unit_is_asked_for_the_calendar(mail: str) -> None:
    """A case that waits for a meeting which nobody has planned has no date and is not late: the calendar is missing."""
    notice, _, key = mail.partition(".")
    facts = facts_of(notice, key, CTM, due=None)
    halves = written(facts)
    assert "Please load the calendar of meetings" in halves["en"]
    assert "Llwythwch galendr y cyfarfodydd" in halves["cy"]
    for wrong in ("By when", "time for this has passed", "No time is set for you"):
        assert wrong not in halves["en"]
    assert "overdue" not in write_letter(facts, CY_FIRST).subject


@pytest.mark.parametrize("clock", ["qa_meeting", "present_report"])
def test_a_cancelled_meeting_is_called_that(clock: str) -> None:
    """A meeting that moved has a new date; one that was cancelled with no other planned has none."""
    moved, cancelled = facts_of("date-changed", clock, CTM), facts_of("date-changed", clock, CTM, due=None)
    assert "New date: " in write_letter(moved, CY_FIRST).subject
    assert "Meeting cancelled: " in write_letter(cancelled, CY_FIRST).subject
    assert "by 17:00 on Monday 9 March 2026 (the day of the next meeting" in written(moved)["en"]
    assert "Please load the calendar of meetings" in written(cancelled)["en"]


def test_who_attends_hears_when_the_meeting_starts() -> None:
    """To the agencies a new date is the start of the meeting, not a time by which something is for them to do."""
    halves = written(facts_of("date-changed", "qa_meeting", CTM, "representative"))
    assert "New date ======== 17:00 on Monday 9 March 2026 (start of the meeting)" in halves["en"].replace("-", "=")
    assert "am 17:00 ddydd Llun 9 Mawrth 2026 (dechrau'r cyfarfod)" in halves["cy"]
    assert CTM.clocks["qa_meeting"].en not in halves["en"]


def test_a_date_that_is_planned_later_has_the_words_of_its_stage() -> None:
    """News at any time that carries a date and no clock announces a meeting; all other news is in the record."""
    dated = written(facts_of("informed", "qa", CTM, clause="any"))
    assert "The QA Sub Group will discuss the case" in dated["en"]
    for news in ({"due": None}, {"clock": "qa_outcome"}):
        other = written(facts_of("informed", "qa", CTM, clause="any", **news))
        assert "The record of this case has something new" in other["en"]


@pytest.mark.parametrize(
    ("notice", "key", "said"),
    [
        ("response-received", "agreement", "say whether they settle the concern"),
        ("response-received", "qa", "see that the QA Sub Group knows of it"),
        ("response-received", "co_chair", "see that the Co-Chair knows of it"),
        ("reminder", "response", "If a response is missing, the case goes to the QA Sub Group without it"),
        ("chaser", "response", "The case has gone to the QA Sub Group without it, but it is still taken"),
        ("board-update", "co_chair", "it has come to the Co-Chair, or the Co-Chair has decided"),
        ("board-update", "review", "The review of a case at stage 3 of the protocol is complete"),
    ],
)
def test_one_notice_says_what_holds_at_its_stage(notice: str, key: str, said: str) -> None:
    """The same notice of Cwm Taf Morgannwg says what holds where the case stands now."""
    assert said in written(facts_of(notice, key, CTM))["en"]


def test_a_role_passed_on_gets_what_was_asked() -> None:
    """Whoever takes over a role gets the words of the notice that is sent once more, and is told why."""
    halves = written(facts_of("action-required", "meeting", clause="any", concerns="action-required"))
    assert "You now hold this role" in halves["en"]
    assert "Chi sydd bellach yn y rôl hon" in halves["cy"]
    assert "arrange the meeting" in halves["en"]


def test_who_gets_a_mail_in_anothers_place_is_told_so_first() -> None:
    """What could not be delivered names the role that it was meant for, in its first line."""
    title = GWENT.roles["line_manager"]
    halves = written(facts_of("action-required", "line_managers", roles=(title,), undeliverable=(title,)))
    assert halves["en"].startswith("This was meant for: Line manager.")
    assert halves["cy"].startswith("Bwriadwyd y neges hon ar gyfer: Rheolwr llinell.")
    assert "You receive this as" not in halves["en"]


@pytest.mark.parametrize(
    ("edition", "clock"), [(GWENT, "contact_team_manager"), (CTM, "stage_1"), (CTM, "response"), (CTM, "qa_meeting")]
)
def test_who_oversees_is_not_told_to_do_it(edition: Edition, clock: str) -> None:
    """An overdue limit asks the accountable role to act, and the overseeing role to see to it."""
    accountable, overseeing = (
        written(facts_of("overdue", clock, edition, roles[0]))["en"]
        for roles in (edition.clocks[clock].accountable, edition.clocks[clock].oversees)
    )
    assert "Please do it now" in accountable
    assert "You oversee this" in overseeing
    assert "Please do it now" not in overseeing


@pytest.mark.parametrize("language", ["cy", "en"])
@pytest.mark.parametrize("edition", EDITIONS.values(), ids=EDITIONS)
def test_who_acts_is_as_the_edition_has_it(edition: Edition, language: Language) -> None:
    """The templates call those accountable for a protocol limit whom the edition does."""
    source = (SHIPPED / language / edition.protocol / "clocks.j2").read_text(encoding="utf-8")
    acts = {clock: re.findall(r'"(\w+)"', who) for clock, who in re.findall(r'"(\w+)": \[(.*)\]', source)}
    limits = {clock: rule for clock, rule in edition.clocks.items() if rule.kind is Kind.PROTOCOL}
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


LINK = f"https://datrys.invalid/l/{'x' * 43}"
SHOWS: dict[Language, tuple[str, ...]] = {
    "en": ("It only shows: opening it ", "a one-time code is sent to this address", "do not forward this message"),
    "cy": ("Dangos yn unig y mae: nid yw ei hagor ", "anfonir cod untro i'r cyfeiriad hwn", "anfon y neges hon ymlaen"),
}
OPENS = {
    "action-required": ("See what is asked of you", "Gweld beth y gofynnir i chi ei wneud"),
    "informed": ("See what this is about", "Gweld beth sydd dan sylw"),
    "ended": ("See what this is about", "Gweld beth sydd dan sylw"),
    "immediate-action": ("Go to where the referral is confirmed", "Mynd i'r man lle cadarnheir yr atgyfeiriad"),
}


@each_of(EVERYTHING)
def test_a_link_says_that_it_only_shows_and_that_a_code_is_sent(mail: Mail) -> None:
    """In both languages of every mail; nobody is sent to the Business Unit instead, or asked to forward it."""
    halves = written(mail.facts(link=LINK))
    for language, words in SHOWS.items():
        assert [] == [said for said in (LINK, *words) if said not in halves[language]]
    assert "Business Unit (unit@board.invalid" not in halves["en"]
    assert "if you answer this message or forward it" not in halves["en"]


@pytest.mark.parametrize("notice", OPENS)
def test_the_button_says_what_is_behind_it(notice: str) -> None:
    """What is asked, or what the news is about; for an immediate action, where the referral is confirmed."""
    html = write_letter(facts_of(notice, link=LINK), CY_FIRST).html
    assert {*OPENS[notice]} == set(re.findall(rf'<a href="{re.escape(LINK)}"[^>]*>(.*?)</a>', html))


def test_without_a_link_nothing_is_said_of_one() -> None:
    """A deployment without a secret key."""
    letter = write_letter(facts_of("action-required", "meeting"), CY_FIRST)
    assert not re.search("link|ddolen|code|cod untro", letter.text)


def test_whoever_stands_in_is_not_asked_to_forward_the_link() -> None:
    """It is theirs; they tell whoever can act."""
    title = GWENT.roles["line_manager"]
    halves = written(facts_of("action-required", "line_managers", roles=(title,), undeliverable=(title,), link=LINK))
    assert "Please act on it, or tell somebody who can." in halves["en"]
    assert "rhowch wybod i rywun a all wneud hynny" in halves["cy"]


@pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,x", "//evil.invalid", "https:"])
def test_only_a_web_address_becomes_a_link(link: str) -> None:
    """What is no web address is no link: the mail says how to reach the Business Unit instead."""
    letter = write_letter(facts_of("proposed", link=link), CY_FIRST)
    assert link not in letter.html
    assert "Business Unit (unit@board.invalid" in written(facts_of("proposed", link=link))["en"]


@pytest.mark.parametrize(
    "asked", ["{{ subject_name }}", "{% if false %}{{ case }}{% endif %}", "{{ raiser.name }}", "{{ self.__class__ }}"]
)
def test_a_template_that_wants_more_than_the_closed_list_fails(folder: Path, asked: str) -> None:
    """A template may use nothing but the fields of `MailFacts`, not even where it is never reached."""
    file = folder / "en" / "gwent" / "minutes.j2"
    file.write_text(file.read_text(encoding="utf-8").replace("Please read them", asked), encoding="utf-8")
    with pytest.raises(BadEdition, match=r"^en/gwent/minutes\.j2: “\w+” is nothing that a mail may say"):
        check_templates({"gwent": GWENT}, folder)
    with pytest.raises(BadEdition):
        write_letter(facts_of("ended"), CY_FIRST, folder)


def test_facts_take_no_field_more() -> None:
    """The facts of a mail refuse a field that is not in the closed list."""
    with pytest.raises(ValidationError, match="subject_name"):
        facts_of("ended", subject_name="A Child")


@pytest.mark.parametrize("language", ["cy", "en"])
@pytest.mark.parametrize("name", ["gwent/reminder.meeting", "cwm-taf-morgannwg/response-received", "date-changed"])
def test_a_missing_language_is_refused_with_one_line(folder: Path, language: Language, name: str) -> None:
    """An edition that lacks either language of a template is refused with one line that names the file."""
    (folder / language / f"{name}.j2").unlink()
    with pytest.raises(BadEdition) as refused:
        check_templates(EDITIONS, folder)
    missing = {"cy": "Welsh", "en": "English"}[language]
    assert refused.value.lines == (f"templates/mail/{language}/{name}.j2 is missing. Add the {missing} words.",)


def test_the_words_of_a_stage_are_not_taken_from_general_ones(folder: Path) -> None:
    """What has words of its own is refused without them, even where general words would do."""
    for language in ("cy", "en"):
        (folder / language / "cwm-taf-morgannwg" / "response-received.agreement.j2").unlink()
    with pytest.raises(BadEdition, match=r"response-received\.agreement\.j2 is missing"):
        check_templates(EDITIONS, folder)


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
    """Everything that the shipped editions send has its words in both languages."""
    check_templates(EDITIONS)


def test_every_welsh_text_awaits_review() -> None:
    """No translator has reviewed any Welsh text yet, and the list of them is whole."""
    files = {f"templates/mail/{file.relative_to(SHIPPED)}" for file in (SHIPPED / "cy").rglob("*.j2")}
    assert files | {"templates/code/cy.j2"} <= set(unreviewed())
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
        ("next meeting", "diwrnod y cyfarfod nesaf"),
    ],
)
def test_limits_are_said_in_welsh(limit: str, cy: str) -> None:
    """Each form of a time limit has its Welsh words."""
    assert cy == limit_in_words(Limit.parse(limit), "cy")
