"""Raising a case through the pages, from the first question to its reference: once, and nothing is lost on the way."""

import asyncio
import copy
import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient, Response
from lxml import html as lxml_html  # type: ignore[import-untyped]
from sqlalchemy import Engine

from protocols.case_file import CaseFile, Screening
from protocols.editions import read_editions
from protocols.errors import NotAllowed, Unreachable
from records import cases, directory, drafts
from records.database import reading, writing
from records.models import DirectoryPerson, Tally
from records.register import register
from starter.pages.forms import clean
from starter.pages.raising.parties import PEOPLE, WHOSE
from starter.pages.raising.screening import FIRST, TRIED
from starter.pages.raising.telling import BEGUN, WHAT, WHERE
from starter.pages.raising.way import MENDED_AT, where_to_mend
from starter.pages.visit import SESSION
from starter.use_cases import Datrys
from tests import ctm, people
from tests.pages.raising import CHECK, answers, begin, kept, on, page_name, up_to
from tests.pages.visiting import heading, quiet_door, send, settings, sign_in, text_of, visiting
from tests.web.hook import now
from tests.web.test_callers import NoEngine

BEGINS = now().replace(second=0)
GWENT = people.case_file(BEGINS)
REGISTERED = copy.deepcopy(GWENT)
REGISTERED["subject"] |= {"on_child_protection_register": True, "address": "1 Example Street\nNewport"}
REGISTERED["subject"] |= {"occurrence_number": "OCC", "parents_or_carers": [{"name": "A"}, {"name": "B"}]}
REGISTERED["subject"]["parents_or_carers"][1]["date_of_birth"] = "1990-06-21"
REGISTERED |= {"screening": {"multi_agency_supervision_declined": True}}
REGISTERED |= {"circumstance": "other", "circumstance_other": "who leads", "done_already": "rang twice"}
CTM = ctm.case_file(BEGINS)
CTM_2 = ctm.case_file(BEGINS, {"start": "2", "agencies": "RCT,(SWP)"})
CTM_3 = ctm.case_file(BEGINS, {"start": "3", "adult": ""})
CTM_3 |= {"screening": {"excluded_because": "conference_decision", "remains_practitioner_difference": True}}
CTM_3["screening"]["procedure_missing"] = True
CTM_3["people"] = [one for one in CTM_3["people"] if one["role"] == "manager"]  # all others that it needs are listed
FILES = {"gwent": GWENT, "gwent-registered": REGISTERED, "ctm": CTM, "ctm-2": CTM_2, "ctm-3": CTM_3}
RAISER = GWENT["raised_by"]["email"]
EXAMPLES = Path(__file__).parent.parent.parent / "examples"


@pytest.fixture
def door(engine: Engine) -> Datrys:
    """The use cases, with the directories of both boards."""
    ctm.load_directory(engine)
    return quiet_door(engine)


def references(engine: Engine) -> list[str]:
    """All cases."""
    return [row.reference for row in register(engine)]


def counted(engine: Engine) -> dict[str, int]:
    """What is counted and leaves no other trace."""
    with reading(engine) as session:
        return {row.what: row.count for row in session.query(Tally)}


def begun(engine: Engine, owner: str = RAISER) -> list[drafts.Draft]:
    """What somebody has begun."""
    return drafts.drafts(engine, owner)


# --- the whole way


@pytest.mark.parametrize("name", FILES)
async def test_a_case_is_raised_whole(engine: Engine, door: Datrys, name: str) -> None:
    """And what is kept of it is what the same case file leaves through the script."""
    file = FILES[name]
    script = await door.raise_case(file)
    async with visiting(door) as client:
        sign_in(client, engine, file["raised_by"]["email"])
        check = await up_to(client, file)
        done = await send(client, check, {})
    assert (200, "The case was raised") == (done.status_code, heading(done)), text_of(check)
    reference = script.reference.replace("0001", "0002")
    assert reference in text_of(done)
    assert f'href="/cases/{reference}"' in done.text
    assert kept(engine, script.reference) == kept(engine, reference)
    assert [] == begun(engine, file["raised_by"]["email"])


@pytest.mark.parametrize("name", FILES)
async def test_only_what_the_protocol_wants_is_asked(engine: Engine, door: Datrys, name: str) -> None:
    """By what its edition and its rules say; each page shows nothing chosen beforehand."""
    file, shown = FILES[name], list[str]()
    async with visiting(door) as client:
        sign_in(client, engine, file["raised_by"]["email"])
        page = await begin(client)
        while page_name(page) != CHECK:
            shown.append(page_name(page))
            assert "checked" not in page.text
            page = await on(client, page, answers(file)[page_name(page)])
    report = {"report", "report-details"}
    once = {
        "gwent": report,
        "gwent-registered": {*report, "supervision"},
        "ctm": {"scope", "advice-procedure_missing", "start", "answering"},
        "ctm-2": {"scope", "advice-procedure_missing", "start", "answering", "reason"},
        "ctm-3": {"scope", "remains", "advice-procedure_missing", "start", "answering", "reason", "grounds"},
    }
    some = {*report, "supervision", *once["ctm-3"]}
    assert once[name] == some & set(shown)


async def test_the_confirmation_says_what_comes_next(engine: Engine, door: Datrys) -> None:
    """Who is asked what within which limit, whose limit it is, and the edition's advice."""
    async with visiting(door) as client:
        sign_in(client, engine, CTM_3["raised_by"]["email"])
        done = await send(client, await up_to(client, CTM_3), {})
    words = text_of(done)
    assert "Co-Chair of the Board : Decide whether the case is to be reviewed. 10 working days (a local target" in words
    assert "5 days (a limit of the protocol)" in words
    assert "tell your own agency's representative on the Board as well" in words


async def test_a_case_that_temporal_does_not_take_is_kept_and_says_so(engine: Engine, door: Datrys) -> None:
    """It begins by itself later; nobody sends it again."""

    class Away(NoEngine):
        async def start(self, case: Any) -> bool:
            raise Unreachable("Temporal does not answer.")

    away = Datrys(settings(), engine, Away(), now)  # type: ignore[arg-type]
    async with visiting(away) as client:
        sign_in(client, engine, RAISER)
        done = await send(client, await up_to(client, GWENT), {})
    assert "The case is kept" == heading(done)
    assert "You need not send it again" in text_of(done)
    assert 1 == len(references(engine))


# --- ways out


EXCLUSIONS = (
    ("single_agency", "that agency's own arrangements"),
    ("family_complaint", "the complaints procedure that applies"),
    ("complaint_about_professional", "write to their line manager"),
    ("conference_decision", "the escalation procedure for Conference Chairs"),
    ("registered_child_not_protected", "named child protection professional"),
    ("core_group_drift", "the Core Group guidance"),
)


@pytest.mark.parametrize(("why", "words"), EXCLUSIONS)
async def test_what_the_protocol_is_not_for_leads_elsewhere(engine: Engine, door: Datrys, why: str, words: str) -> None:
    """The page says where, and whom to ask; nothing is kept but the count."""
    async with visiting(door) as client:
        sign_in(client, engine, RAISER)
        page = await on(client, await up_to(client, CTM, "scope"), {"answer": why})
        if page_name(page) == "remains":
            page = await on(client, page, {"answer": "no"})
        again = await client.get(page.url)
    assert words in text_of(page)
    assert "No case was begun" in text_of(page)
    assert 'href="mailto:business-unit@example.invalid"' in page.text
    assert page.text == again.text
    assert [] == begun(engine)
    assert {f"excluded: {why}": 1} == counted(engine)
    assert [] == references(engine)


@pytest.mark.parametrize(
    ("file", "name", "words"),
    [
        (GWENT, "report", "Submit one to the local authority first"),
        (REGISTERED, "supervision", "Multi-Agency Supervision may serve instead"),
        (GWENT, "tried", "Speak with your counterpart"),
    ],
)
async def test_what_comes_first_is_said_and_the_answers_wait(
    engine: Engine, door: Datrys, file: Mapping[str, Any], name: str, words: str
) -> None:
    """Whoever comes back goes on where they were led away."""
    async with visiting(door) as client:
        sign_in(client, engine, RAISER)
        page = await on(client, await up_to(client, file, name), {"answer": "no"})
        back = await client.get(f"/raise/{begun(engine)[0].id}")
        on_again = await on(client, back, {"answer": "yes"})
    assert "elsewhere" == page_name(page)
    assert words in text_of(page)
    assert name == page_name(back)
    assert page_name(on_again) not in {name, "elsewhere"}
    assert {} == counted(engine)


async def test_whoever_wrote_more_before_they_are_led_away_keeps_it(engine: Engine, door: Datrys) -> None:
    """Until they throw it away themselves; the reason is counted once."""
    async with visiting(door) as client:
        sign_in(client, engine, CTM["raised_by"]["email"])
        check = await up_to(client, CTM)
        scope = await client.get(str(check.url).replace(CHECK, "scope"))
        page = await on(client, scope, {"answer": "single_agency"})
        await on(client, scope, {"answer": "single_agency"})
        assert "elsewhere" == page_name(page)
        assert "that agency's own arrangements" in text_of(page)
        refused = await client.get(check.url)
        assert "scope" == page_name(refused)
        assert CHECK == page_name(await on(client, scope, {"answer": "none"}))
        gone = await client.get(str(check.url).replace(CHECK, "throw-away"))
        assert "Raise a case" == heading(await send(client, gone, {}))
    assert [] == begun(engine, CTM["raised_by"]["email"])
    assert {"excluded: single_agency": 1} == counted(engine)


# --- saved as you go


async def test_each_page_is_saved_also_when_something_on_it_is_wrong(engine: Engine, door: Datrys) -> None:
    """What was typed is shown with its faults, at once and later."""
    async with visiting(door) as client:
        sign_in(client, engine, RAISER)
        page = await up_to(client, GWENT, "person")
        wrong = await on(client, page, {"name": "", "born-day": "31", "born-month": "2", "address": "Here"})
        later = await client.get(f"/raise/{begun(engine)[0].id}")
    assert (422, 200) == (wrong.status_code, later.status_code)
    assert "Enter the name" in text_of(wrong)
    assert "The date of birth must be a real date" in text_of(wrong)
    assert 'href="#name"' in wrong.text
    assert 'href="#born"' in wrong.text
    for shown in (wrong, later):
        assert 'value="31"' in shown.text
        assert "Here" in shown.text
    assert "person" == page_name(later)


async def test_saving_to_come_back_later_asks_for_nothing(engine: Engine, door: Datrys) -> None:
    """An empty or half-filled page is kept as it is, and listed among what was begun."""
    async with visiting(door) as client:
        sign_in(client, engine, RAISER)
        page = await up_to(client, GWENT, "person")
        listed = await send(client, page, {"name": "Test Person", "born-day": "x", "do": "later"})
        went_on = await client.get(f"/raise/{begun(engine)[0].id}")
    assert "Raise a case" == heading(listed)
    assert "Test Person" in text_of(listed)
    assert 'value="x"' in went_on.text


async def test_parents_or_carers_are_added_and_removed_without_scripts(engine: Engine, door: Datrys) -> None:
    """One that is left empty is none; those behind a removed one move up."""
    async with visiting(door) as client:
        sign_in(client, engine, RAISER)
        page = await up_to(client, GWENT, "carers")
        page = await send(client, page, {"carer-1-name": "One", "do": "more"})
        page = await send(client, page, {"carer-2-name": "Two", "carer-2-born-year": "1990", "do": "more"})
        page = await send(client, page, {"carer-3-name": "Three", "do": "less-1"})
    assert 'value="One"' not in page.text
    assert ["Two", "Three"] == [
        page.text.partition(f'name="carer-{n}-name"')[2].partition('value="')[2].partition('"')[0] for n in (1, 2)
    ]
    assert 'value="1990"' in page.text
    assert "carer-3-name" not in page.text


async def test_a_session_that_ends_in_the_middle_loses_nothing(engine: Engine, door: Datrys) -> None:
    """What was typed is shown to be copied; after signing in the draft goes on where it stood."""
    async with visiting(door) as client:
        sign_in(client, engine, RAISER)
        page = await up_to(client, GWENT, "issue")
        client.cookies.delete(f"datrys_{SESSION}")
        lost = await on(client, page, {"answer": "typed when the session was over"})
        sign_in(client, engine, RAISER)
        back = await client.get(f"/raise/{begun(engine)[0].id}")
    assert (403, "You were signed out") == (lost.status_code, heading(lost))
    assert "typed when the session was over" in lost.text
    assert "issue" == page_name(back)


async def test_a_draft_of_somebody_else_is_as_one_that_does_not_exist(engine: Engine, door: Datrys) -> None:
    """Whatever is asked of it; and nobody but its owner sees it listed."""
    async with visiting(door) as owner:
        sign_in(owner, engine, RAISER)
        check = await up_to(owner, GWENT)
        draft = begun(engine)[0].id
        async with visiting(door) as other:
            sign_in(other, engine, "somebody.else@example.invalid")
            own = await begin(other)
            for where in ("", "/check", "/person", "/elsewhere", "/throw-away"):
                foreign, none = [await other.get(f"/raise/{one}{where}") for one in (draft, "0" * 24)]
                assert (404, 404) == (foreign.status_code, none.status_code)
                assert text_of(foreign) == text_of(none)
            for where in ("/check", "/person", "/throw-away"):
                assert 404 == (await _post(other, own, f"/raise/{draft}{where}")).status_code
            assert draft not in (await other.get("/raise")).text
        done = await send(owner, check, {})
    assert "The case was raised" == heading(done)


async def _post(client: AsyncClient, page: Response, where: str) -> Response:
    token = page.text.partition('name="form_token" value="')[2].partition('"')[0]
    return await client.post(where, data={"form_token": token, "answer": "x", "do": "on"})


async def test_nobody_raises_a_case_without_signing_in(engine: Engine, door: Datrys) -> None:
    """They are led to sign in, and back."""
    async with visiting(door) as client:
        client.follow_redirects = False
        for where in ("/raise", "/raise/x", "/raise/x/check", "/raise/elsewhere/x/y"):
            answer = await client.get(where)
            assert (303, f"/sign-in?next={where}") == (answer.status_code, answer.headers["location"])


# --- once


async def test_two_presses_at_once_raise_one_case(engine: Engine, door: Datrys) -> None:
    """Both lead to the same confirmation, and so does going back and sending again."""
    async with visiting(door) as client:
        sign_in(client, engine, RAISER)
        check = await up_to(client, GWENT)
        pressed = await asyncio.gather(*(send(client, check, {}) for _ in range(4)))
        issue = str(check.url).replace(CHECK, "issue")
        late = [await send(client, check, {}), await client.get(check.url), await client.get(issue)]
    assert ["The case was raised"] * 7 == [heading(page) for page in (*pressed, *late)]
    assert 1 == len({text_of(page) for page in (*pressed, *late)})
    assert 1 == len(references(engine))


async def test_a_crash_while_it_is_raised_loses_neither_draft_nor_case(
    engine: Engine, door: Datrys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Draft and case are kept as one: before, the draft stands; after, the case does."""

    def crash(*_: Any) -> None:
        raise RuntimeError("the process was killed")

    async with visiting(door) as client:
        sign_in(client, engine, RAISER)
        check = await up_to(client, GWENT)
        with monkeypatch.context() as killed:
            killed.setattr(drafts, "mark_sent", crash)
            assert 500 == (await send(client, check, {})).status_code
        assert [] == references(engine)
        assert GWENT["issue"] == begun(engine)[0].answers["issue"]["answer"][0]
        with monkeypatch.context() as killed:
            killed.setattr(cases, "mark_started", crash)
            assert 500 == (await send(client, check, {})).status_code
        assert 1 == len(references(engine))
        done = await send(client, check, {})
    assert "The case is kept" == heading(done)
    assert 1 == len(references(engine))


async def test_the_same_once_more_is_asked_about(engine: Engine, door: Datrys) -> None:
    """With the reference for whoever may see that case; it is raised again only when that is said."""
    async with visiting(door) as client:
        sign_in(client, engine, RAISER)
        await send(client, await up_to(client, GWENT), {})
        asked = await send(client, await up_to(client, GWENT), {})
        assert (409, "This was raised already") == (asked.status_code, heading(asked))
        assert references(engine)[0] in text_of(asked)
        assert 1 == len(references(engine))
        again = await send(client, asked, {})
    assert "The case was raised" == heading(again)
    assert 2 == len(references(engine))


async def test_what_is_written_into_a_sent_draft_is_not_kept(engine: Engine, door: Datrys) -> None:
    """From a tab that was left open: what stands in the case stays the only copy."""
    made = drafts.begin(engine, RAISER, "case", "", {}, BEGINS)
    drafts.sent(engine, made.id, BEGINS, "GWENT-2026-0001")
    assert {} == drafts.write(engine, made.id, {"person": {"name": ["Test Person"]}}, BEGINS).answers


# --- who may


async def test_in_ones_own_name_or_as_the_business_unit_for_somebody(engine: Engine, door: Datrys) -> None:
    """Nobody else is asked in whose name; an address that a browser sends all the same is not taken."""
    unit = people.address("business_unit")
    async with visiting(door) as client:
        sign_in(client, engine, RAISER)
        page = await up_to(client, GWENT, "raiser")
        assert 'name="email"' not in page.text
        await on(client, page, {**answers(GWENT)["raiser"], "email": "another@example.invalid"})
        assert RAISER in text_of(await client.get(page.url))
    async with visiting(door) as client:
        sign_in(client, engine, unit)
        check = await up_to(client, GWENT)
        done = await send(client, check, {})
    assert "The case was raised" == heading(done)
    assert str(kept(engine, references(engine)[0])["CasePerson"]).count(RAISER) == 1


async def test_a_business_unit_that_is_one_no_more_is_told_at_which_page(engine: Engine, door: Datrys) -> None:
    """The rule is asked when the case is raised, whatever a draft says."""
    unit = people.address("business_unit")
    async with visiting(door) as client:
        sign_in(client, engine, unit)
        check = await up_to(client, GWENT)
        door.raise_case = _not_allowed  # type: ignore[method-assign, assignment]
        told = await send(client, check, {})
    assert 422 == told.status_code
    assert "You may raise a case in your own name only" in text_of(told)
    assert f'href="{check.url.path.replace(CHECK, "raiser")}"' in told.text


async def _not_allowed(data: Any, again: bool, may_raise: Any, draft: str) -> None:
    raise NotAllowed("You may not.")


# --- what is refused


FUTURE = BEGINS + timedelta(days=40)
IN_FUTURE = {"at-day": str(FUTURE.day), "at-month": str(FUTURE.month), "at-year": str(FUTURE.year), "at-time": "10:00"}
LONG_AGO = {"at-day": "1", "at-month": "1", "at-year": "26", "at-time": "10:00"}
NO_TIME = {"at-day": "1", "at-month": "2", "at-year": "2026", "at-time": "half past"}
WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("protocol", {"answer": "a third"}, "Choose the board"),
    ("authority", {"answer": "Bridgend"}, "Choose the local authority"),
    ("about", {"answer": ""}, "Choose a child or an adult"),
    ("register", {}, "Choose yes or no"),
    ("report", {"answer": "perhaps"}, "Choose yes or no"),
    ("report-details", {**IN_FUTURE, "line": "1"}, "The day and time when it was submitted lies in the future"),
    ("report-details", {**LONG_AGO, "line": "1"}, "must be a real date"),
    ("informal", {**NO_TIME, "line": "we"}, "must be a time of day"),
    ("informal", {**LONG_AGO, "at-year": "9" * 40, "line": "we"}, "must be a real date"),
    ("person", {"name": "n", "born-day": "1", "born-month": "1", "born-year": str(FUTURE.year + 1)}, "in the future"),
    ("person", {"name": "n" * 301}, "must be 300 characters or fewer; it has 301"),
    ("carers", {"blocks": "1", "carer-1-born-day": "1"}, "Enter the name"),
    ("circumstance", {"answer": "weather"}, "Choose what it is about"),
    ("circumstance", {"answer": "other", "words": " "}, "Enter in a few words what it is about"),
    ("issue", {"answer": "x" * 20_001}, "must be 20000 characters or fewer; it has 20001"),
    ("sought", {"answer": ""}, "Enter the outcome that you seek"),
    ("agency", {"answer": "NOWHERE"}, "Choose the agency that raises it"),
    ("others", {"answer": []}, "Choose at least one other agency"),
    ("others", {"answer": ["ABUHB"]}, "Choose at least one other agency"),
    ("raiser", {"name": "", "phone": "1"}, "Enter the name"),
    ("holder~line_manager~ABUHB", {"name": "n", "email": "no address"}, "Enter an e-mail address such as"),
    (
        "holder~line_manager~ABUHB",
        {"name": "n", "email": "a@b.invalid", "deputy_name": "d"},
        "Enter the e-mail address",
    ),
    ("holder~line_manager~ABUHB", {"name": "n", "email": "a@b.invalid", "language": "fr"}, "Choose a language"),
    ("begun", {"answer": "earlier"}, "Enter the day and time"),
    ("begun", {"answer": "earlier", **IN_FUTURE}, "lies in the future"),
    ("begun", {}, "Choose when it was"),
]


async def test_each_page_says_what_is_wrong_with_it(engine: Engine, door: Datrys) -> None:
    """In one clear line a field; the answers stay, and nobody comes past."""
    async with visiting(door) as client:
        sign_in(client, engine, RAISER)
        page = await up_to(client, GWENT)
        draft = page.url.path.removesuffix(f"/{CHECK}")
        for name, typed, words in WRONG:
            good = drafts.drafts(engine, RAISER)[0].answers[name]
            token = (
                (await client.get(f"{draft}/{name}")).text.partition('name="form_token" value="')[2].partition('"')[0]
            )
            told = await client.post(f"{draft}/{name}", data={"form_token": token, "do": "on", **typed})
            assert (422, name) == (told.status_code, page_name(told)), (name, typed)
            assert words in text_of(told), name
            assert name == page_name(await client.get(draft)), "it is where they go on"
            drafts.write(engine, draft.removeprefix("/raise/"), {name: good}, now())
        assert CHECK == page_name(await client.get(draft))


@pytest.mark.parametrize(
    ("start", "field", "words"),
    [("2", "done", "Enter what has been done already"), ("3", "raiser", "Enter the telephone number")],
)
async def test_beginning_later_part_a_must_be_complete(
    engine: Engine, door: Datrys, start: str, field: str, words: str
) -> None:
    """What may be left out at the first stage is asked for."""
    file = ctm.case_file(BEGINS, {"start": start})
    async with visiting(door) as client:
        sign_in(client, engine, file["raised_by"]["email"])
        page = await up_to(client, file, field)
        assert "You can leave this empty" not in text_of(page)
        told = await on(client, page, {"answer": "", "name": "n", "phone": ""})
        assert (422, True) == (told.status_code, words in text_of(told))


async def test_what_the_door_refuses_leads_to_the_page_where_it_is_mended(engine: Engine, door: Datrys) -> None:
    """A directory may change while somebody writes; nothing is lost, and no case begins."""
    async with visiting(door) as client:
        sign_in(client, engine, RAISER)
        check = await up_to(client, GWENT)
        _take_out(engine, "duty_team")
        told = await send(client, check, {})
        assert (422, "Check your answers") == (told.status_code, heading(told))
        assert "The duty team of Newport has no telephone number here" in text_of(told)
        assert f'href="{check.url.path.replace(CHECK, "authority")}"' in told.text
        _take_out(engine, "team_manager")
        vacant = await send(client, check, {})
        assert (422, True) == (vacant.status_code, "Safeguarding Team Manager" in text_of(vacant))
        assert "holder~team_manager~" in vacant.text
        people.load_directory(engine)
        done = await send(client, check, {})
    assert "The case was raised" == heading(done)
    assert 1 == len(references(engine))


def _take_out(engine: Engine, role: str) -> None:
    with writing(engine) as session:
        session.query(DirectoryPerson).filter_by(role=role).delete()


def test_whatever_is_wrong_with_a_case_file_has_a_page_where_it_is_mended() -> None:
    """Field by field, those of its parts as well."""
    fields = {name for name in CaseFile.model_fields if name != "screening"}
    fields |= {f"screening.{name}" for name in Screening.model_fields} | {"people.0.email", "duty_team"}
    pages = {where_to_mend(field) for field in fields}
    begins = [begin for begin, _ in MENDED_AT]
    assert [] == [field for field in sorted(fields) if not any(f"{field}.".startswith(f"{b}.") for b in begins)]
    known = {page.name for page in (*FIRST, *TRIED, *WHERE, *WHAT, *WHOSE, PEOPLE, BEGUN)}
    assert pages <= known


HOSTILE = {
    "lines": "one\r\ntwo\rthree\n\nfour",
    "template": "{{ 7 * 7 }}{% for %}{#",
    "script": "<script>alert(1)</script><b>",
    "turned": "safe \u202egnp.exe \u2066x\u2069",
    "emoji": "👩‍👧 é ŵ ỳ",
    "nul": "a\x00b\x1b[31m",
    "long": "x" * 100_000,
    "percent": "%(name)s %s %d",
}


@pytest.mark.parametrize("kind", HOSTILE)
async def test_whatever_is_typed_is_kept_or_answered_with_a_clear_fault(
    engine: Engine, door: Datrys, kind: str
) -> None:
    """In every field of every page; never a traceback, never as markup."""
    words, whole = HOSTILE[kind], answers(GWENT)
    async with visiting(door) as client:
        sign_in(client, engine, RAISER)
        page, shown = await begin(client), list[str]()
        while page_name(page) != CHECK:
            name = page_name(page)
            assert name not in shown, text_of(page)
            shown.append(name)
            fields = {field for field in _fields(page) if field not in {"form_token", "blocks"}}
            told = await on(client, page, dict.fromkeys(fields, words))
            assert told.status_code in (200, 422), name
            assert "<script>alert" not in told.text
            assert "49" not in text_of(told) or kind != "template"
            if told.status_code == 422:
                assert "There is a problem" in text_of(told)
            mended = {**dict.fromkeys(fields, ""), **whole[name]}
            page = await on(client, await client.get(page.url), mended) if told.status_code == 422 else told
            if name == "issue" and kind != "long":
                assert clean(words) == clean(begun(engine)[0].answers["issue"]["answer"][0]) or told.status_code == 422
        done = await send(client, page, {})
    assert "The case was raised" == heading(done), text_of(done)


def _fields(page: Response) -> set[str]:
    tree = lxml_html.fromstring(page.text)
    return {one.get("name") for one in tree.get_element_by_id("main-content").xpath(".//input|.//textarea|.//select")}


@pytest.mark.parametrize("name", ["gwent", "gwent-adult", "cwm-taf-morgannwg", "cwm-taf-morgannwg-adult"])
async def test_the_examples_are_raised_through_the_pages(engine: Engine, name: str) -> None:
    """With the example directory, in Welsh."""
    directory.load_agencies(engine, EXAMPLES / "agencies.csv")
    directory.load_people(engine, EXAMPLES / "people.csv", read_editions())
    file = json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    door = Datrys(settings(), engine, NoEngine(), now)  # type: ignore[arg-type]
    async with visiting(door) as client:
        sign_in(client, engine, file["raised_by"]["email"])
        client.cookies.set("datrys_language", "cy", domain="pages.invalid")
        done = await send(client, await up_to(client, file), {})
    assert "Codwyd yr achos" == heading(done)
