"""From the mail to the confirmation: a link shows, a code lets answer, and what is said counts once."""

import asyncio
import json
import logging
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from temporalio.testing import WorkflowEnvironment

from protocols.access import Proof
from protocols.roles import Role
from records import connect, links, reading
from records.access import sight
from records.codes import LASTS, TRIES
from records.database import reading as looking
from records.holding import Asker
from records.models import Base, Target
from starter import temporal
from starter.pages.saying.speaker import Speaker
from starter.sayable import floor
from tests.pages.desk import LINE_MANAGER, OTHER_PRACTITIONER, PRACTITIONER, Desk, desk
from tests.pages.visiting import Post, heading, send, sign_in, text_of, visiting
from tests.people import address
from tests.starter.script import be_patient, real_datrys
from tests.story import free_port
from tests.web.hook import BY_PRACTITIONER, now, token
from worker import working
from workflows.registry import ACCESS

NOT_SETTLED = "not_resolved practitioner/ABUHB"
SETTLED = "resolved practitioner/ABUHB"
RAISING, OTHER = {"role": "practitioner", "agency": "ABUHB"}, {"role": "practitioner", "agency": "NEWPORT"}
HOSTILE = {
    "markup": "<script>alert(1)</script> <b>bold</b> {{ 7 * 7 }} {% raw %} ${7*7}",
    "lines": "one\r\ntwo\rthree\n\nBcc: everybody@example.invalid",
    "turning": "safe \u202eevil\u202c \u2066x\u2069",
    "signs": "nul \x00 bell \x07 esc \x1b[31m",
    "emoji": "👩‍👧 🏴󠁧󠁢󠁷󠁬󠁳󠁿 ŵŷ",
}


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for a verdict as long as a busy machine needs."""
    be_patient(monkeypatch)


def everything(engine: Engine) -> Mapping[str, list[Any]]:
    """Every row of the records, but for the mails that still go out."""
    with looking(engine) as session:
        tables = [one for one in Base.metadata.sorted_tables if one.name not in ("notices", "receivers", "links")]
        return {table.name: sorted(map(str, session.execute(table.select()))) for table in tables}


async def written(at: Desk, what: str, **fields: str) -> Any:
    """The page on which the answers are checked, by a mail's link and a code."""
    choice = await at.with_code(await at.opened())
    return await send(at.client, await send(at.client, choice, {"what": what}), fields)


# --- the way through


async def test_from_the_mail_to_the_confirmation(engine: Engine, real_server: WorkflowEnvironment) -> None:
    """The link shows what is asked, a code lets answer, the answer counts, and what happens next is said."""
    async with desk(engine, real_server) as at:
        opened = await at.opened()
        choice = await at.with_code(opened)
        questions = await send(at.client, choice, {"what": NOT_SETTLED})
        checked = await send(at.client, questions, {"text": "We spoke twice and see it differently."})
        done = await send(at.client, checked, {})
        view = reading.case_view(engine, at.case.reference)
        [line] = [one for one in reading.timeline(engine, at.case.reference) if one.entry.what == "not_resolved"]
    assert "What is asked of you" == heading(opened)
    assert all(words in text_of(opened) for words in ("It is settled", "It is not settled", "17:00", "ABUHB"))
    assert "It is recorded" == heading(done)
    assert "Line manager, ABUHB" in text_of(done)
    assert "line_managers" == view.row.stage
    assert ("case:", "practitioner/ABUHB", "") == (line.person[:5], str(line.entry.by), line.entry.entered_by)


async def test_a_link_writes_nothing_and_names_nobody(engine: Engine, real_server: WorkflowEnvironment) -> None:
    """Fifty times opened, fetched ahead or scanned; the browser then stands on an address that says nothing."""
    async with desk(engine, real_server) as at:
        link = await at.case.link("action-required", PRACTITIONER)
        before = everything(engine)
        for _ in range(25):
            assert [200, 200] == [(await at.client.get(link)).status_code, (await at.client.head(link)).status_code]
        page = await at.client.get(link)
        after = everything(engine)
    token = link.rpartition("/")[2]
    assert before == after
    assert not any(word in text_of(page) for word in ("Test Person", "Abuhb", "@", "threshold"))
    assert "/asked/" in str(page.url)
    assert token not in page.text
    assert "no-referrer" == page.headers["referrer-policy"]


async def test_no_log_keeps_a_link_or_a_code(
    engine: Engine, real_server: WorkflowEnvironment, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever is logged, at the finest, holds neither."""
    caplog.set_level(logging.DEBUG)
    async with desk(engine, real_server) as at:
        link = await at.case.link("action-required", PRACTITIONER)
        caplog.clear()
        await at.with_code(await at.client.get(link))
        ours = [one for one in caplog.records if not one.name.startswith(("httpx", "httpcore"))]  # the browser's own
    said = "\n".join(record.getMessage() for record in ours)
    assert link.rpartition("/")[2] not in said
    assert at.post.sent[-1][1] not in said


async def test_pressing_twice_counts_once(engine: Engine, real_server: WorkflowEnvironment) -> None:
    """Twice at once, and once more later: one entry, and the same confirmation."""
    async with desk(engine, real_server) as at:
        checked = await written(at, NOT_SETTLED, text="once")
        both = await asyncio.gather(*(send(at.client, checked, {}) for _ in "12"))
        later = await send(at.client, checked, {})
        entries = [one.entry.what for one in reading.timeline(engine, at.case.reference)]
    assert ["It is recorded"] * 3 == [heading(page) for page in (*both, later)]
    assert 1 == entries.count("not_resolved")


async def test_the_same_through_page_hook_and_script_counts_once(
    engine: Engine, real_server: WorkflowEnvironment, tmp_path: Path
) -> None:
    """Under one key, all three at once: the page, the web hook with a token, the script as a program of its own."""
    async with desk(engine, real_server) as at:
        checked = await written(at, NOT_SETTLED, text="once")
        key, reference = str(checked.url).split("/")[-2], at.case.reference
        said = {"text": "once", "stage": "practitioners", "turn": 1}
        (tmp_path / "said.json").write_text(json.dumps(said))
        words = ("signal", reference, "not_resolved", "--by", "practitioner", "--agency", "ABUHB", "--id", key)
        environment = {
            "DATRYS_DATABASE_URL": at.case.story.setting.database_url,
            "TEMPORAL_ADDRESS": real_server.client.service_client.config.target_host,
        }
        page, hook, script = await asyncio.gather(
            send(at.client, checked, {}),
            at.client.post(
                f"/api/cases/{reference}/signals/not_resolved",
                json={**BY_PRACTITIONER, **said},
                headers=token(engine) | {"Idempotency-Key": key},
            ),
            asyncio.to_thread(real_datrys, *words, "--data", "said.json", folder=tmp_path, **environment),
        )
        entries = [one.entry.what for one in reading.timeline(engine, reference)]
    assert "It is recorded" == heading(page)
    assert (200, key) == (hook.status_code, hook.json()["id"])
    assert (0, True) == (script.code, key in script.out), script
    assert 1 == entries.count("not_resolved")


# --- codes


async def test_what_is_wrong_with_a_code_says_what_to_do(engine: Engine, real_server: WorkflowEnvironment) -> None:
    """Wrong, none, too many tries, used, too old, in another browser: nobody is let in by any of them."""
    async with desk(engine, real_server) as at:
        clock = at.case.story.door
        asking = await at.code_page(await at.opened())
        right = at.post.sent[-1][1]
        wrong = "000000" if right != "000000" else "111111"
        tried = [await send(at.client, asking, {"code": code}, form=0) for code in (wrong, "", "x" * 1000)]
        tried += [await send(at.client, asking, {"code": wrong}, form=0) for _ in range(TRIES)]
        spent = await send(at.client, asking, {"code": right}, form=0)
        async with visiting(clock, Post()) as other:
            elsewhere = await other.get(await at.case.link("action-required", PRACTITIONER))
            refused = await other.post(
                f"{elsewhere.url.path}/code/try", data={**_token(elsewhere), "code": at.post.sent[-1][1]}
            )
        again = await send(at.client, asking, {}, form=1)
        clock.now = lambda: now() + LASTS + timedelta(minutes=1)
        late = await send(at.client, again, {"code": at.post.sent[-1][1]}, form=0)
    assert {422} == {page.status_code for page in (*tried, spent, late, refused)}
    assert "This is not the code" in text_of(tried[0])
    assert "Enter the code from the mail" in text_of(tried[1])
    assert "Too many wrong codes" in text_of(spent)
    assert "more than ten minutes old" in text_of(late)
    assert "No code was asked for in this browser" in text_of(refused)


def _token(page: Any) -> dict[str, str]:
    [token] = {*re.findall(r'name="form_token" value="([^"]+)"', page.text)}
    return {"form_token": token}


async def test_too_many_codes_are_not_mailed(engine: Engine, real_server: WorkflowEnvironment) -> None:
    """Five an hour; then the page says so, and no mailbox is filled."""
    async with desk(engine, real_server) as at:
        page = await at.opened()
        answers = [await at.code_page(page) for _ in range(7)]
    assert [200] * 5 + [429] * 2 == [answer.status_code for answer in answers]
    assert 5 == len(at.post.sent)
    assert {PRACTITIONER} == {to for to, _, _ in at.post.sent}
    assert "@" not in text_of(answers[0])


async def test_a_code_for_one_link_answers_no_other(engine: Engine, real_server: WorkflowEnvironment) -> None:
    """Whoever may answer by one link is asked for a code by another, of another case or person."""
    async with desk(engine, real_server) as at:
        await at.with_code(await at.opened())
        other = await at.opened(to=OTHER_PRACTITIONER)
        own = await at.client.get(f"{other.url.path}/say")
        signed_in = [await at.client.get(where) for where in (f"/cases/{at.case.reference}/say",)]
    assert "Mail me a code" in text_of(other)
    assert other.url.path == own.url.path
    assert ["/sign-in" in str(page.url) or "/asked/" in str(page.url) for page in signed_in] == [True]


# --- links that do not count


async def test_a_link_that_does_not_count_says_nothing_of_why(engine: Engine, real_server: WorkflowEnvironment) -> None:
    """Made up, cut off, expired, revoked, not opened in this browser: one page for all."""
    async with desk(engine, real_server) as at:
        link = await at.case.link("action-required", PRACTITIONER)
        opened = await at.client.get(link)
        async with visiting(at.case.story.door) as stranger:
            not_opened = await stranger.get(opened.url.path)
            made_up = [await stranger.get(f"/l/{token}") for token in ("x", link[-43:-1], "a" * 43, "%00", "é" * 3000)]
            links.revoke(engine, at.case.reference, Role(**RAISING), now())
            revoked = await stranger.get(link)
        gone = [
            await at.client.get(opened.url.path),
            await at.client.post(f"{opened.url.path}/code", data=_token(opened)),
        ]
        at.case.story.door.now = lambda: now() + timedelta(days=91)
        other = await at.client.get(await at.case.link("action-required", OTHER_PRACTITIONER))
    for page in (not_opened, *made_up, revoked, *gone, other):
        assert (404, "This link does not count any more") == (page.status_code, heading(page))
    assert 1 == len({text_of(page) for page in (not_opened, *made_up, revoked, *gone, other)})


async def test_a_link_ends_with_the_role(engine: Engine, real_server: WorkflowEnvironment) -> None:
    """The role passes on: the former holder's link shows nothing, and what they began is theirs no more."""
    async with desk(engine, real_server) as at:
        checked = await written(at, NOT_SETTLED, text="never said")
        holder = {"name": "New", "email": "new@example.invalid"}
        unit: dict[str, Any] = {"role": "practitioner", "for_agency": "ABUHB", "holder": {**RAISING, **holder}}
        await at.case.says("role_changed", {"role": "business_unit"}, **unit)
        page = await at.opened()
        sent = await send(at.client, checked, {})
    assert (404, 403) == (page.status_code, sent.status_code)
    assert "practitioners" == reading.standing(engine, at.case.reference).stage


# --- somebody else was first


async def test_a_second_answer_learns_who_was_first_after_sign_in_only(
    engine: Engine, real_server: WorkflowEnvironment
) -> None:
    """The step is closed; who answered, and when, is for whoever is signed in; what was written can be copied."""
    async with desk(engine, real_server) as at:
        checked = await written(at, NOT_SETTLED, text="too late, but not lost")
        await at.case.says("not_resolved", OTHER)
        late = await send(at.client, checked, {})
        closed = await at.opened()
        sign_in(at.client, engine, PRACTITIONER)
        known = await at.opened()
        after = await at.client.get(str(checked.url))
        entries = [
            one.entry.what for one in reading.timeline(engine, at.case.reference) if one.entry.code == "accepted"
        ]
    assert (409, "The case has moved on") == (late.status_code, heading(late))
    assert "too late, but not lost" in late.text
    for page in (late, closed):
        assert "This step is closed" in text_of(page)
        assert "NEWPORT" not in text_of(page)
    for page in (known, after):
        assert re.search(r"answered by the Practitioner, NEWPORT on \w+ \d+ \w+ 2\d{3}, \d\d:\d\d", text_of(page))
    assert 1 == entries.count("not_resolved")


async def test_what_is_not_accepted_can_be_changed_and_sent_again(
    engine: Engine, real_server: WorkflowEnvironment
) -> None:
    """The reason stands above the answers, and nothing typed is lost."""
    async with desk(engine, real_server) as at:
        choice = await at.with_code(await at.opened())
        questions = await send(at.client, choice, {"what": "discussion_recorded practitioner/ABUHB"})
        tomorrow = now() + timedelta(days=1)
        parts = {"at-day": tomorrow.day, "at-month": tomorrow.month, "at-year": tomorrow.year, "at-time": "9:00"}
        checked = await send(at.client, questions, {"text": "we spoke", **parts})
        refused = await send(at.client, checked, {})
        change = await at.client.get(str(checked.url).replace("/check", ""))
        again = await send(at.client, change, {f"at-{part}": "" for part in ("day", "month", "year", "time")})
        done = await send(at.client, again, {})
    assert (409, True) == (refused.status_code, "still to come" in text_of(refused))
    assert "we spoke" in refused.text
    assert "we spoke" in change.text
    assert "It is recorded" == heading(done)


async def test_what_was_kept_and_came_back_is_not_lost(
    engine: Engine, real_server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kept for delivery, refused later because somebody else was first: the page shows it, to be copied."""
    async with desk(engine, real_server, works=False) as at:
        story = at.case.story
        async with working(real_server.client, engine, story.setting):
            choice = await at.with_code(await at.opened())
            checked = await send(at.client, await send(at.client, choice, {"what": NOT_SETTLED}), {"text": "not lost"})
        monkeypatch.setattr(temporal, "PATIENCE", timedelta(seconds=0.2))
        await story.door.tell(at.case.reference, "not_resolved", Role(**OTHER), {}, "first")
        kept = await send(at.client, checked, {})
        key = str(checked.url).split("/")[-2]
        async with working(real_server.client, engine, story.setting):
            verdict = await story.receipt(at.case.reference, key)
            await story.posted(at.case.reference)
        later = await at.client.get(f"/say/{key}/done")
    assert "It is kept, and will be delivered" == heading(kept)
    assert not verdict.accepted
    assert "It was not taken" == heading(later)
    assert "not lost" in later.text


async def test_a_code_goes_on_with_nothing_but_what_its_link_is_for(
    engine: Engine, real_server: WorkflowEnvironment
) -> None:
    """What the same person began signed in, or in another role, is neither listed nor opened by a code."""
    async with desk(engine, real_server) as at:
        sign_in(at.client, engine, PRACTITIONER)
        own = await at.client.get(f"/cases/{at.case.reference}/say")
        begun = await send(at.client, await send(at.client, own, {"what": NOT_SETTLED}), {"text": "a statement"})
        at.client.cookies.clear()
        choice = await at.with_code(await at.opened())
        opened = await at.client.get(str(begun.url))
    assert "You began to write" not in text_of(choice)
    assert "a statement" not in opened.text


async def test_a_link_that_reached_the_business_unit_instead_is_answered_on_behalf(
    engine: Engine, real_server: WorkflowEnvironment
) -> None:
    """For the role that the mail was meant for, and no other."""
    async with desk(engine, real_server) as at:
        opened = await at.opened()
        own = links.link(engine, opened.url.path.rpartition("/")[2], now())
        assert own
        unit = own._replace(to=Target.BUSINESS_UNIT, email=address("business_unit"))
        held = sight(engine, Asker(email=unit.email), at.case.reference, ACCESS)
        speaker = Speaker.of_link(unit, held, Proof.CODE)
        on = floor(engine, at.case.story.door.delivery, at.case.reference, now())
        offers = speaker.offers(on, speaker.roles(on))
    assert ["practitioner/ABUHB"] == [str(role) for role in speaker.roles(on)]
    assert {"resolved", "not_resolved"} <= {offer.signal for offer in offers}
    assert "business_unit" == speaker.enters_for(Role(**RAISING))
    assert not speaker.may_say(Role(**OTHER))


async def test_a_page_that_is_none_leads_to_the_check(engine: Engine, real_server: WorkflowEnvironment) -> None:
    """A number made up, or of a page that another answer took away."""
    async with desk(engine, real_server) as at:
        checked = await written(at, NOT_SETTLED, text="kept")
        key = str(checked.url).split("/")[-2]
        pages = [await at.client.post(f"/say/{key}?page={n}", data=_token(checked)) for n in ("9", "0", "-3")]
    assert ["Check your answers"] * 3 == [heading(page) for page in pages]


async def test_when_the_time_of_a_code_is_over_nothing_typed_is_lost(
    engine: Engine, real_server: WorkflowEnvironment
) -> None:
    """The page shows it and leads back to the link; what was saved before is there again after a new code."""
    async with desk(engine, real_server) as at:
        door, now_then = at.case.story.door, at.case.story.door.now
        choice = await at.with_code(await at.opened())
        questions = await send(at.client, choice, {"what": SETTLED})
        saved = await send(at.client, questions, {"text": "saved before"})
        door.now = lambda: now() + timedelta(hours=2)
        late = await send(at.client, saved, {"text": "typed too late", "agreed": "yes"})
        door.now = now_then
        again = await at.client.get(str(choice.url))
    assert (403, "The time of your code is over") == (late.status_code, heading(late))
    assert "typed too late" in late.text
    assert 'href="/asked/' in late.text
    assert "You began to write and did not send it" in text_of(again)


# --- what is typed


@pytest.mark.parametrize("words", HOSTILE.values(), ids=HOSTILE.keys())
async def test_whatever_is_typed_is_kept_as_text(engine: Engine, real_server: WorkflowEnvironment, words: str) -> None:
    """Markup, templates, line breaks, signs that turn or control: kept as words, shown as words."""
    async with desk(engine, real_server) as at:
        checked = await written(at, SETTLED, text=words, agreed="yes")
        done = await send(at.client, checked, {})
        record = next(
            line.entry.record for line in reading.timeline(engine, at.case.reference) if line.entry.what == "resolved"
        )
        with looking(engine) as session:
            kept = session.execute(Base.metadata.tables["texts"].select()).mappings().all()
    [text] = [row["content"]["text"] for row in kept if row["id"] == record]
    assert "It is recorded" == heading(done)
    assert "<script>alert" not in checked.text
    assert "49" not in text_of(checked)
    assert not set("\x00\x07\x1b\u202e\u2066\r") & set(text)
    assert text.split()[0] == words.split()[0]


async def test_too_long_a_text_is_kept_and_said(engine: Engine, real_server: WorkflowEnvironment) -> None:
    """100,000 characters: one fault with how many there may be, and all of it still in the field."""
    async with desk(engine, real_server) as at:
        page = await written(at, SETTLED, text="y" * 100_000, agreed="yes")
        later = await at.client.get(str(page.url))
    assert 422 == page.status_code
    assert "must be 20000 characters or fewer; it has 100000" in text_of(page)
    assert "y" * 100_000 in page.text
    assert "y" * 100_000 in later.text


# --- something is away


async def test_with_no_worker_it_is_kept_and_counts_later(
    engine: Engine, real_server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page says that it is kept; a worker judges it afterwards, in the order in which it was said."""
    async with desk(engine, real_server, works=False) as at:
        story = at.case.story
        async with working(real_server.client, engine, story.setting):
            link = await at.client.get(await at.case.link("action-required", PRACTITIONER))
            choice = await at.with_code(link)
        monkeypatch.setattr(temporal, "PATIENCE", timedelta(seconds=0.2))
        keys = []
        for what in ("discussion_recorded practitioner/ABUHB", NOT_SETTLED):
            checked = await send(at.client, await send(at.client, choice, {"what": what}), {"text": "kept"})
            keys.append(str(checked.url).rpartition("/check")[0].rpartition("/")[2])
            done = await send(at.client, checked, {})
            assert "It is kept, and will be delivered" == heading(done)
            assert "you will be told by mail" in text_of(done)
        async with working(real_server.client, engine, story.setting):
            verdicts = [await story.receipt(at.case.reference, key) for key in keys]
    assert [True, True] == [verdict.accepted for verdict in verdicts]
    said = [one.entry.signal_id for one in reading.timeline(engine, at.case.reference) if one.entry.signal_id]
    assert keys == said


async def test_with_no_temporal_it_is_kept_and_with_no_records_nothing_is_taken(
    engine: Engine, real_server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kept, and delivered by the relay; without records a page says so, with the numbers, and shows what was typed."""
    async with desk(engine, real_server) as at:
        checked = await written(at, NOT_SETTLED, text="kept")
        questions = await at.client.get(str(checked.url).replace("/check", ""))
        door, story = at.case.story.door, at.case.story
        monkeypatch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{free_port()}")
        monkeypatch.setattr(temporal, "CALL", timedelta(seconds=1))
        connected, door.delivery._engine = door.delivery._engine, temporal.Engine(story.setting)
        done = await send(at.client, checked, {})
        door.delivery._engine = connected
        await door.delivery.relay()
        key = str(checked.url).rpartition("/check")[0].rpartition("/")[2]
        verdict = await story.receipt(at.case.reference, key)
        door.database = connect(f"postgresql://nobody@127.0.0.1:{free_port()}/none")
        away = await send(at.client, questions, {"text": "typed while the records were away"})
    assert "It is kept, and will be delivered" == heading(done)
    assert verdict.accepted
    assert (503, "Datrys cannot take anything now") == (away.status_code, heading(away))
    assert "typed while the records were away" in away.text
    assert "01633 656656" in away.text or "01632 960999" in away.text


async def test_the_line_manager_is_asked_next_by_a_link_of_their_own(
    engine: Engine, real_server: WorkflowEnvironment
) -> None:
    """What the practitioners could not settle reaches the line manager, whose form asks for the statement."""
    async with desk(engine, real_server) as at:
        await at.case.says("not_resolved", RAISING)
        choice = await at.with_code(await at.opened(to=LINE_MANAGER))
        questions = await send(at.client, choice, {"what": "not_resolved line_manager/ABUHB"})
        empty = await send(at.client, questions, {"text": " "})
    assert "Your statement" in text_of(questions)
    assert (422, True) == (empty.status_code, "Enter your statement" in text_of(empty))


async def test_the_business_unit_enters_for_somebody_else(engine: Engine, real_server: WorkflowEnvironment) -> None:
    """Signed in, in the name of a role that does not use the pages; the record says both."""
    async with desk(engine, real_server) as at:
        sign_in(at.client, engine, address("business_unit"))
        page = await at.client.get(f"/cases/{at.case.reference}/say")
        own = await send(at.client, page, {"name": "practitioner/NEWPORT"}, form=f"/cases/{at.case.reference}/say")
        questions = await send(at.client, own, {"what": "not_resolved practitioner/NEWPORT"}, form=0)
        done = await send(at.client, await send(at.client, questions, {"text": "by telephone"}), {})
        [line] = [one for one in reading.timeline(engine, at.case.reference) if one.entry.what == "not_resolved"]
    assert "entered by the Business Unit" in text_of(questions)
    assert "It is recorded" == heading(done)
    assert ("directory:gwent/business_unit", "practitioner/NEWPORT", "business_unit") == (
        line.person,
        str(line.entry.by),
        line.entry.entered_by,
    )


# --- somebody in danger


async def test_danger_reaches_the_duty_team_who_confirm_by_their_link(
    engine: Engine, real_server: WorkflowEnvironment
) -> None:
    """Said on a page of its own, number first; the duty team sees who it is about after a code, and confirms."""
    async with desk(engine, real_server) as at:
        sign_in(at.client, engine, LINE_MANAGER)
        page = await at.client.get(f"/cases/{at.case.reference}/danger")
        said = await send(at.client, await send(at.client, page, {}), {"text": "seen with a burn"})
        done = await send(at.client, said, {})
        at.client.cookies.clear()
        opened = await at.opened("immediate-action", address("duty_team"))
        choice = await at.with_code(opened)
        again = await at.client.get(opened.url.path)
        questions = await send(at.client, choice, {"what": "immediate_action_confirmed duty_team"})
        when = now()
        parts = {"made_at-day": when.day, "made_at-month": when.month, "made_at-year": when.year}
        checked = await send(at.client, questions, {**parts, "made_at-time": "0:00", "text": "to the police"})
        confirmed = await send(at.client, checked, {})
    assert "999" in text_of(page)
    assert "It is recorded" == heading(done)
    assert "Test Person" not in opened.text
    assert "Test Person" in text_of(again)
    assert "Line Manager Abuhb, 01632 960001" in text_of(again)
    assert "It is recorded" == heading(confirmed)
