"""Whom a notice reaches: the holder of the role, failing that the deputy, failing that the Business Unit."""

import json

import pytest

from protocols.mail import MailFacts
from protocols.roles import Role
from records.register import register
from tests.activities.posting import Posting
from tests.records.making import (
    CHAIR,
    LINE_MANAGER,
    PRACTITIONER,
    TEAM_MANAGER,
    a_notice,
    a_person,
    an_entry,
    list_person,
)
from tests.smtp import Mail

BUSINESS_UNIT = Role(role="business_unit")
DUTY_TEAM = Role(role="duty_team")
REFUSED = "550 no such mailbox"


def facts_in(mail: Mail) -> MailFacts:
    body = mail.message.get_body(("plain",))
    assert body
    return MailFacts.model_validate(json.loads(body.get_content()))


def list_unit(posting: Posting, **more: str) -> None:
    list_person(posting.engine, a_person("business_unit", **more))


def list_manager(posting: Posting, **more: str) -> None:
    list_person(posting.engine, a_person("team_manager", **more), authority="Newport")


# --- refused for good, or vacant


@pytest.mark.clause("common undelivered")
async def test_refused_for_good_the_deputy_gets_it_in_the_same_post(posting: Posting) -> None:
    """The header keeps the role that it was meant for, and the mail says so."""
    list_manager(posting, deputy_email="deputy@example.invalid")
    posting.host.to["team-manager@example.invalid"] = REFUSED
    posting.queue(a_notice(to=TEAM_MANAGER))
    await posting.drain()
    assert ["deputy"] == posting.receivers()
    assert "team_manager" == posting.host.taken[0].header("X-Datrys-Role")
    assert ["Safeguarding Team Manager"] == [title.en for title in facts_in(posting.host.taken[0]).undeliverable]
    assert [("sent", "deputy")] == posting.states()


@pytest.mark.parametrize("reply", [REFUSED, "552 mailbox full", "554 rejected"])
@pytest.mark.clause("common undelivered")
async def test_without_a_deputy_the_business_unit_gets_it(posting: Posting, reply: str) -> None:
    """Somebody who can do something about it; the register shows it."""
    list_manager(posting)
    list_unit(posting)
    posting.host.to["team-manager@example.invalid"] = reply
    posting.queue(a_notice(to=TEAM_MANAGER))
    await posting.drain()
    assert ["business-unit"] == posting.receivers()
    assert [1] == [row.undelivered for row in register(posting.engine)]


async def test_refused_with_the_mail_itself_is_refused_for_good_too(posting: Posting) -> None:
    """Some servers look at the mail before they say no."""
    list_unit(posting)
    posting.host.after_data["practitioner.abuhb@example.invalid"] = "554 no"
    posting.queue(a_notice())
    await posting.drain()
    assert ["business-unit"] == posting.receivers()


async def test_where_the_deputy_refuses_as_well_the_business_unit_gets_it(posting: Posting) -> None:
    """One after the other, within one post."""
    list_manager(posting, deputy_email="deputy@example.invalid")
    list_unit(posting)
    posting.host.to |= {"team-manager@example.invalid": REFUSED, "deputy@example.invalid": REFUSED}
    posting.queue(a_notice(to=TEAM_MANAGER))
    await posting.drain()
    assert ["business-unit"] == posting.receivers()


async def test_what_reaches_nobody_is_undelivered_and_no_longer_waits(posting: Posting) -> None:
    """A case must be able to end though a mailbox is gone."""
    list_unit(posting)
    posting.host.to |= {"practitioner.abuhb@example.invalid": REFUSED, "business-unit@example.invalid": REFUSED}
    posting.queue(a_notice(), a_notice(to=BUSINESS_UNIT))
    await posting.drain()
    assert ["undelivered", "undelivered"] == [state for state, _ in posting.states()]
    assert 2 == posting.host.attempts.count("business-unit@example.invalid")


@pytest.mark.clause("common undelivered")
async def test_undelivered_it_says_who_was_tried_last(posting: Posting) -> None:
    """The holder, where there is no deputy and no Business Unit to go on to; the Business Unit holds its own role."""
    list_manager(posting)
    list_unit(posting)
    posting.host.to |= {"team-manager@example.invalid": REFUSED, "business-unit@example.invalid": REFUSED}
    posting.queue(a_notice(to=BUSINESS_UNIT), a_notice(to=TEAM_MANAGER))
    await posting.drain()
    assert [("undelivered", "holder"), ("undelivered", "business_unit")] == posting.states()


async def test_refused_by_the_only_one_there_is_it_is_undelivered_to_the_holder(posting: Posting) -> None:
    """Nobody else was ever written to."""
    list_manager(posting)
    posting.host.to["team-manager@example.invalid"] = REFUSED
    posting.queue(a_notice(to=TEAM_MANAGER))
    await posting.drain()
    assert [("undelivered", "holder")] == posting.states()
    assert [1] == [row.undelivered for row in register(posting.engine)]


async def test_a_vacant_role_s_mail_goes_to_the_business_unit_at_once(posting: Posting) -> None:
    """Nobody holds it, or the row of the directory has no address."""
    list_unit(posting)
    list_manager(posting, email="")
    posting.queue(a_notice(to=TEAM_MANAGER), a_notice(to=Role(role="head_of_service"), occasion="other"))
    await posting.drain()
    assert [("sent", "business_unit")] * 2 == posting.states()


async def test_with_nobody_at_all_it_is_undelivered_without_a_word_to_the_server(posting: Posting) -> None:
    """And holds up nothing."""
    posting.queue(a_notice(to=TEAM_MANAGER), a_notice())
    await posting.drain()
    assert [("undelivered", "holder"), ("sent", "holder")] == posting.states()


@pytest.mark.parametrize("email", ["no address", "a@b@c d", "x@example.invalid\r\nRCPT TO:<y@z>", "ŵ@example.invalid"])
async def test_an_address_that_no_server_takes_counts_as_vacant(posting: Posting, email: str) -> None:
    """Nothing of it reaches the wire."""
    list_unit(posting)
    list_manager(posting, email=email)
    posting.queue(a_notice(to=TEAM_MANAGER))
    await posting.drain()
    assert ["business-unit@example.invalid"] == posting.host.attempts


async def test_a_deputy_who_is_refused_for_now_waits(posting: Posting) -> None:
    """As the holder would."""
    list_manager(posting, deputy_email="deputy@example.invalid")
    posting.host.to |= {"team-manager@example.invalid": REFUSED, "deputy@example.invalid": ["451 later"]}
    posting.queue(a_notice(to=TEAM_MANAGER))
    await posting.drain_in_vain()
    assert [("queued", "deputy")] == posting.states()
    await posting.drain()
    assert ["deputy"] == posting.receivers()
    assert 1 == posting.host.attempts.count("team-manager@example.invalid")


# --- one person, several roles


@pytest.mark.clause("common one recipient")
async def test_whoever_holds_two_roles_of_one_occasion_gets_one_message(posting: Posting) -> None:
    """It names both, in their order, and the earliest date."""
    list_manager(posting, language="en")
    notice, later = a_notice(to=TEAM_MANAGER), a_notice(to=CHAIR)
    due = notice.at.replace(day=9)
    posting.queue(notice.model_copy(update={"due": due.replace(day=10)}), later.model_copy(update={"due": due}))
    await posting.drain()
    assert ["team_manager,chair"] == [mail.header("X-Datrys-Role") for mail in posting.host.taken]
    facts = facts_in(posting.host.taken[0])
    assert (("team_manager", "chair"), due) == (facts.role_ids, facts.due)
    assert [("sent", "holder")] * 2 == posting.states()


async def test_the_same_address_in_other_letters_is_the_same_person(posting: Posting) -> None:
    """Mail addresses are written as people please."""
    list_manager(posting, email="Practitioner.ABUHB@Example.invalid")
    posting.queue(a_notice(to=PRACTITIONER), a_notice(to=TEAM_MANAGER))
    await posting.drain()
    assert ["practitioner/ABUHB,team_manager"] == [mail.header("X-Datrys-Role") for mail in posting.host.taken]


async def test_another_occasion_or_notice_is_another_message(posting: Posting) -> None:
    """Only what is one thing to one person is one mail."""
    list_manager(posting)
    posting.queue(a_notice(to=TEAM_MANAGER), a_notice(to=CHAIR, occasion="b"), a_notice("informed", to=CHAIR))
    await posting.drain()
    assert 3 == len(posting.host.taken)


async def test_a_merged_message_is_retried_as_one(posting: Posting) -> None:
    """With the bytes of the first attempt."""
    list_manager(posting)
    posting.host.to["team-manager@example.invalid"] = ["451 later"]
    posting.queue(a_notice(to=TEAM_MANAGER), a_notice(to=CHAIR))
    await posting.drain_in_vain()
    list_person(posting.engine, a_person("chair"), id="other")
    await posting.drain()
    assert ["team_manager,chair"] == [mail.header("X-Datrys-Role") for mail in posting.host.taken]


async def test_a_merged_message_that_is_refused_goes_to_each_role_s_deputy(posting: Posting) -> None:
    """Two roles of one person may have two deputies."""
    list_manager(posting, email="both@example.invalid", deputy_email="deputy-1@example.invalid")
    lead = a_person("safeguarding_lead", "ABUHB", email="both@example.invalid", deputy_email="deputy-2@example.invalid")
    list_person(posting.engine, lead)
    posting.host.to["both@example.invalid"] = REFUSED
    posting.queue(a_notice(to=TEAM_MANAGER), a_notice(to=Role(role="safeguarding_lead", agency="ABUHB")))
    await posting.drain()
    assert [("deputy-1", "team_manager"), ("deputy-2", "safeguarding_lead/ABUHB")] == [
        (mail.receiver.partition("@")[0], mail.header("X-Datrys-Role")) for mail in posting.host.taken
    ]


# --- immediate action


async def test_each_office_of_the_duty_team_gets_an_immediate_action(posting: Posting) -> None:
    """Nobody knows which one is nearest; each message has an identity of its own."""
    for name in ("Abergavenny", "Chepstow"):
        person = a_person("duty_team", name=name, email=f"{name}@example.invalid", phone="01633 960001")
        list_person(posting.engine, person, id=name, authority="Newport")
    immediate = f"{posting.reference}-immediate-1"
    posting.queue(a_notice("immediate-action", to=DUTY_TEAM, clause="any"), case=immediate)
    await posting.drain(immediate)
    assert ["Abergavenny", "Chepstow"] == posting.receivers()
    assert 2 == len({mail.header("Message-ID") for mail in posting.host.taken})
    assert {"duty_team"} == {mail.header("X-Datrys-Role") for mail in posting.host.taken}
    assert {posting.reference} == {mail.header("X-Datrys-Case") for mail in posting.host.taken}


async def test_an_immediate_action_says_who_raised_it_and_how_to_ring_them(posting: Posting) -> None:
    """Role, agency and work telephone; no name."""
    immediate = f"{posting.reference}-immediate-1"
    entry = an_entry("immediate-action", by=LINE_MANAGER)
    posting.queue(a_notice("immediate-action", to=PRACTITIONER), case=immediate, entries=[entry])
    await posting.drain(immediate)
    raiser = facts_in(posting.host.taken[0]).raiser
    assert raiser
    assert ("Line manager", "") == (raiser.role.en, raiser.phone)


async def test_no_other_notice_says_who_raised_anything(posting: Posting) -> None:
    """The one exception of the closed list is for immediate action."""
    posting.queue(a_notice(), entries=[an_entry("not_resolved", by=LINE_MANAGER)])
    await posting.drain()
    assert facts_in(posting.host.taken[0]).raiser is None
