"""The link in a mail: there where the deployment has a secret key, and the same however often the mail is sent."""

import asyncio
import json
import re
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine

from protocols.mail import MailFacts
from protocols.roles import Role
from records.keys import Keys
from records.links import Doorway, opened
from settings import Settings
from tests.activities.posting import Posting
from tests.people import case_file, load_directory
from tests.records.making import CHAIR, MONDAY, PRACTITIONER, TEAM_MANAGER, a_notice, a_person, list_person
from tests.smtp import TAKE_AND_DROP, Mail
from tests.story import begin
from worker import doorway

SECRET, BASE = "a secret of a test, long enough", "https://datrys.board.invalid"
DOORWAY = Doorway(Keys(SECRET), BASE)
OTHER = Doorway(Keys("another secret of a test"), "https://elsewhere.invalid")


def link_in(mail: Mail) -> str:
    body = mail.message.get_body(("plain",))
    assert body
    return MailFacts.model_validate(json.loads(body.get_content())).link


async def test_the_link_of_a_mail_shows_what_the_mail_asks_for(posting: Posting) -> None:
    """Its address is that of the pages, and its token opens it."""
    posting.queue(a_notice())
    await posting.drain(post=posting.new_post(doorway=DOORWAY))
    address, _, token = link_in(posting.host.taken[0]).rpartition("/")
    assert "https://datrys.board.invalid/l" == address
    seen = opened(posting.engine, token, datetime.now(UTC))
    assert seen
    assert (posting.reference, "action-required", (PRACTITIONER,)) == (seen.reference, seen.notice, seen.roles)


async def test_whoever_holds_two_roles_gets_one_link_for_both(posting: Posting) -> None:
    """As they get one mail."""
    for role in ("team_manager", "chair"):
        list_person(posting.engine, a_person(role, email="both@example.invalid"), id=role)
    posting.queue(a_notice(to=TEAM_MANAGER), a_notice(to=CHAIR))
    await posting.drain(post=posting.new_post(doorway=DOORWAY))
    [mail] = posting.host.taken
    seen = opened(posting.engine, link_in(mail).rpartition("/")[2], datetime.now(UTC))
    assert seen
    assert (TEAM_MANAGER, CHAIR) == seen.roles


async def test_whoever_stands_in_gets_another_link(posting: Posting) -> None:
    """What was refused for good is no way in."""
    list_person(posting.engine, a_person("team_manager", deputy_email="deputy@example.invalid"), authority="Newport")
    posting.host.after_data["team-manager@example.invalid"] = "550 no such mailbox"
    posting.queue(a_notice(to=TEAM_MANAGER))
    await posting.drain(post=posting.new_post(doorway=DOORWAY))
    [mail] = posting.host.taken
    seen = opened(posting.engine, link_in(mail).rpartition("/")[2], datetime.now(UTC))
    assert seen
    assert ("deputy", "deputy@example.invalid") == (seen.to, seen.email)


@pytest.mark.parametrize("after", [OTHER, None])
@pytest.mark.clause("common identity")
async def test_a_worker_with_another_secret_sends_a_fixed_mail_as_it_was(
    posting: Posting, after: Doorway | None
) -> None:
    """To the byte, with the link of the first attempt; what is fixed afterwards has the new one."""
    posting.host.after_data["practitioner.abuhb@example.invalid"] = [TAKE_AND_DROP]
    posting.queue(a_notice())
    await posting.drain_in_vain(posting.new_post(doorway=DOORWAY))
    posting.queue(a_notice(occasion="later"))
    for _ in range(2):
        await posting.drain(post=posting.new_post(doorway=after))
    fixed = [mail for mail in posting.host.taken if link_in(mail).startswith(DOORWAY.base_url)]
    assert 2 == len(fixed)
    assert fixed[0] == fixed[1]
    [new] = [link_in(mail) for mail in posting.host.taken if mail not in fixed]
    assert new.startswith(after.base_url) if after else not new


async def test_without_a_secret_key_a_mail_has_no_link(posting: Posting) -> None:
    """It says how to reach the Business Unit instead."""
    posting.queue(a_notice())
    await posting.drain()
    assert "" == link_in(posting.host.taken[0])


async def test_the_mails_of_a_case_lead_to_it_and_those_of_an_immediate_action_to_that(engine: Engine) -> None:
    """With the real worker; the turn of its stage is known, and an immediate action has none."""
    load_directory(engine)
    async with begin(MONDAY, engine, secret_key=SecretStr(SECRET), base_url=BASE) as story:
        case = await story.raise_case(case_file(MONDAY))
        danger = {"id": "danger", "by": "practitioner", "agency": "ABUHB"}
        await story.say(case, "immediate_action", danger)
        immediate = f"{case}-immediate-1"
        wanted = ("action-required", "practitioner/ABUHB"), ("immediate-action", "duty_team")
        async with asyncio.timeout(60):
            while not {*wanted} <= {(mail.notice, mail.role) for mail in story.mailbox.mailed()}:
                await asyncio.sleep(0.05)
        mails = {(mail["X-Datrys-Notice"], mail["X-Datrys-Role"]): mail for mail in story.mailbox.messages}
        texts = [mails[one].get_body(("plain",)) for one in wanted]
        tokens = [re.findall(rf"{BASE}/l/(\S+)", text.get_content())[0] for text in texts if text]
    seen = [opened(engine, token, datetime.now(UTC)) for token in tokens]
    assert [(case, case, 1, (PRACTITIONER,)), (case, immediate, 0, (Role(role="duty_team"),))] == [
        (one.reference, one.case, one.turn, one.roles) for one in seen if one
    ]


def test_the_worker_takes_key_and_address_from_its_settings() -> None:
    """Without a secret key there is no way in."""
    made = doorway(Settings.model_construct(base_url=BASE, secret_key=SecretStr(SECRET)))
    assert made
    assert (BASE, Keys(SECRET).key("link")) == (made.base_url, made.keys.key("link"))
    assert doorway(Settings.model_construct(base_url=BASE, secret_key=None)) is None
