"""Links: a mail has one, it counts until it is over or its role passes on, and it shows what the mail was about."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from sqlalchemy import Engine, delete, select

from protocols.roles import Role
from protocols.steps import HolderRow
from records import links
from records.database import reading, writing
from records.keys import Keys, digest
from records.links import COUNTS_FOR, Doorway, LinkSeen, link, opened, revoke
from records.models import Base, Link, Notice, Receiver, Target
from records.outbox import Leased, lease_next, not_ever, not_now, sent
from records.submissions import keep_submission
from tests.records.making import (
    CHAIR,
    LINE_MANAGER,
    MONDAY,
    PRACTITIONER,
    TEAM_MANAGER,
    a_notice,
    a_person,
    a_step,
    a_submission,
    keep,
    list_person,
    write,
)

DOORWAY = Doorway(Keys("a secret of a test, long enough"), "https://datrys.board.invalid")
SECOND = timedelta(seconds=1)


class Mailed(NamedTuple):
    """A mail as it was leased, and the token of its link."""

    leased: Leased
    token: str


def mail(engine: Engine, case: str, doorway: Doorway = DOORWAY) -> Mailed:
    """The next mail of a case."""
    leased = lease_next(engine, case, (), lambda draft: draft.facts.link.encode(), doorway)
    assert leased
    return Mailed(leased, leased.message.decode().rpartition("/")[2])


def mailed(engine: Engine, case: str) -> str:
    """The token of the link in the next mail, which the mail server takes."""
    made = mail(engine, case)
    sent(engine, made.leased)
    return made.token


def now() -> datetime:
    return datetime.now(UTC)


def tables(engine: Engine) -> Mapping[str, list[object]]:
    with reading(engine) as session:
        return {table.name: [*session.execute(table.select())] for table in Base.metadata.sorted_tables}


def test_a_link_shows_what_its_mail_was_about(engine: Engine) -> None:
    """The request, whom it went to and where: what a page needs to show, and no name."""
    case = keep(engine)
    due = MONDAY + timedelta(days=7)
    asking = a_notice(to=LINE_MANAGER, due=due, clock="contact_team_manager", limit="5 working days")
    write(engine, a_step(case, turn=3, notices=[asking]))
    token = mailed(engine, case)
    seen = opened(engine, token, now())
    assert seen
    assert (
        LinkSeen(
            id=digest(token).hex()[:20],
            reference=case,
            case=case,
            notice="action-required",
            concerns="",
            stage="practitioners",
            turn=3,
            clock="contact_team_manager",
            due=due,
            at=MONDAY,
            roles=(LINE_MANAGER,),
            person="case:2",
            to=Target.HOLDER,
            email="line-manager.abuhb@example.invalid",
            expires_at=seen.expires_at,
        )
        == seen
    )
    assert timedelta() <= now() + COUNTS_FOR - seen.expires_at < timedelta(minutes=1)


def test_the_link_of_an_immediate_action_leads_to_it(engine: Engine) -> None:
    """Not to the case, which may be at another stage or over."""
    case = keep(engine)
    immediate = f"{case}-immediate-1"
    write(engine, a_step(immediate, notices=[a_notice("immediate-action")]))
    seen = opened(engine, mailed(engine, immediate), now())
    assert seen
    assert (case, immediate) == (seen.reference, seen.case)


def test_a_link_of_several_roles_names_them_and_the_soonest_due_time(engine: Engine) -> None:
    """As its mail does."""
    case = keep(engine)
    for role in ("team_manager", "chair"):
        list_person(engine, a_person(role, email="Both@Example.invalid"), id=role)
    soon, late = MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)
    notices = [a_notice(to=TEAM_MANAGER, due=late, clock="a"), a_notice(to=CHAIR, due=soon, clock="b")]
    write(engine, a_step(case, notices=notices))
    seen = opened(engine, mailed(engine, case), now())
    assert seen
    assert ((TEAM_MANAGER, CHAIR), "b", soon, "both@example.invalid") == (seen.roles, seen.clock, seen.due, seen.email)


def test_a_link_is_found_by_its_id_as_by_its_token(engine: Engine) -> None:
    """The browser remembers the id."""
    case = keep(engine)
    write(engine, a_step(case, notices=[a_notice()]))
    seen = opened(engine, mailed(engine, case), now())
    assert seen
    assert seen == link(engine, seen.id, now())


@pytest.mark.parametrize("wrong", ["", "x", "{id}", "{token}x", " {token}", "\x00", "\udcff", "ŵ" * 43, "a" * 100_000])
def test_what_is_no_token_opens_nothing(engine: Engine, wrong: str) -> None:
    """Whatever somebody puts into the address; nor is it an id."""
    case = keep(engine)
    write(engine, a_step(case, notices=[a_notice()]))
    token = mailed(engine, case)
    word = wrong.format(token=token, id=digest(token).hex()[:20])
    assert opened(engine, word, now()) is None
    if wrong != "{id}":
        assert link(engine, word, now()) is None


def test_an_id_with_another_token_opens_nothing(engine: Engine) -> None:
    """The whole hash is compared, not the part of it that finds the row."""
    case = keep(engine)
    write(engine, a_step(case, notices=[a_notice()]))
    token = mailed(engine, case)
    with writing(engine) as session:
        row = session.scalars(select(Link)).one()
        row.digest = row.digest[:-1] + bytes([row.digest[-1] ^ 1])
    assert opened(engine, token, now()) is None


def test_a_link_counts_for_ninety_days(engine: Engine) -> None:
    """To the second."""
    case = keep(engine)
    write(engine, a_step(case, notices=[a_notice()]))
    token = mailed(engine, case)
    seen = opened(engine, token, now())
    assert seen
    assert opened(engine, token, seen.expires_at - SECOND)
    assert opened(engine, token, seen.expires_at) is None
    assert link(engine, seen.id, seen.expires_at) is None


def test_to_look_writes_nothing(engine: Engine) -> None:
    """Scanners of mail open every link."""
    case = keep(engine)
    write(engine, a_step(case, notices=[a_notice()]))
    token = mailed(engine, case)
    before = tables(engine)
    seen = opened(engine, token, now())
    assert seen
    link(engine, seen.id, now())
    assert before == tables(engine)


def test_where_the_receiver_was_erased_a_link_opens_nothing(engine: Engine) -> None:
    """Nobody knows any more whose it was."""
    case = keep(engine)
    write(engine, a_step(case, notices=[a_notice()]))
    token = mailed(engine, case)
    with writing(engine) as session:
        session.execute(delete(Receiver))
    assert opened(engine, token, now()) is None


@pytest.mark.parametrize("settled", [True, False])
def test_a_token_stands_nowhere_but_in_the_message_that_waits(engine: Engine, settled: bool) -> None:
    """And nowhere at all once the mail server has taken it."""
    case = keep(engine)
    write(engine, a_step(case, notices=[a_notice()]))
    made = mail(engine, case)
    if settled:
        sent(engine, made.leased)
    holding = [name for name, rows in tables(engine).items() if made.token in str(rows)]
    assert ([] if settled else ["receivers"]) == holding


# --- made once, and with which key


def test_a_retry_carries_the_same_link_whatever_the_secret_is_now(engine: Engine) -> None:
    """A message is fixed at its first attempt: a worker with another secret sends what was fixed."""
    case = keep(engine)
    write(engine, a_step(case, notices=[a_notice()]))
    first = mail(engine, case)
    not_now(engine, first.leased, 451)
    again = mail(engine, case, Doorway(Keys("another secret of a test"), "https://elsewhere.invalid"))
    assert first.leased.message == again.leased.message
    assert opened(engine, again.token, now())
    assert 1 == len(tables(engine)["links"])


def test_a_link_made_again_for_the_same_mail_stays_as_it_is(engine: Engine) -> None:
    """One that was revoked stays revoked."""
    case = keep(engine)
    write(engine, a_step(case, notices=[a_notice()]))
    token = mailed(engine, case)
    revoke(engine, case, PRACTITIONER, now())
    with writing(engine) as session:
        notice, receiver = session.scalars(select(Notice)).one(), session.scalars(select(Receiver)).one()
        kept = session.scalars(select(Link)).one().made_at
        again = links.make(
            session, DOORWAY.keys, [notice], case, receiver.person, Target(notice.delivered_to), now() + SECOND
        )
    assert token == again
    with reading(engine) as session:
        row = session.scalars(select(Link)).one()
    assert kept == row.made_at
    assert opened(engine, token, now()) is None


def test_two_mails_of_a_case_have_two_links(engine: Engine) -> None:
    """Another occasion is another notice."""
    case = keep(engine)
    write(engine, a_step(case, notices=[a_notice(), a_notice(occasion="later")]))
    assert mailed(engine, case) != mailed(engine, case)


def test_without_a_key_a_mail_has_no_link(engine: Engine) -> None:
    """And nothing is kept of one."""
    case = keep(engine)
    write(engine, a_step(case, notices=[a_notice()]))
    leased = lease_next(engine, case, (), lambda draft: draft.facts.link.encode())
    assert leased
    assert b"" == leased.message
    assert [] == tables(engine)["links"]


# --- ended


def test_whoever_stands_in_gets_a_link_of_their_own_and_the_first_one_ends(engine: Engine) -> None:
    """Refused for good at the holder, then at the deputy: the Business Unit's counts alone."""
    case = keep(engine)
    list_person(engine, a_person("team_manager", deputy_email="deputy@example.invalid"), authority="Newport")
    list_person(engine, a_person("business_unit"))
    write(engine, a_step(case, notices=[a_notice(to=TEAM_MANAGER)]))
    made = []
    for _ in range(2):
        made.append(mail(engine, case))
        not_ever(engine, made[-1].leased, 550)
    made.append(mail(engine, case))
    seen = [opened(engine, one.token, now()) for one in made]
    assert [None, None] == seen[:2]
    assert seen[2]
    assert (Target.BUSINESS_UNIT, "business-unit@example.invalid") == (seen[2].to, seen[2].email)
    assert (TEAM_MANAGER,) == seen[2].roles


def test_a_link_that_nobody_was_sent_ends(engine: Engine) -> None:
    """Refused for good everywhere."""
    case = keep(engine)
    list_person(engine, a_person("business_unit"))
    write(engine, a_step(case, notices=[a_notice(to=Role(role="business_unit"))]))
    tokens = []
    while leased := lease_next(engine, case, (), lambda draft: draft.facts.link.encode(), DOORWAY):
        tokens.append(leased.message.decode().rpartition("/")[2])
        not_ever(engine, leased, 550)
    assert tokens
    assert [] == [token for token in tokens if opened(engine, token, now())]


def test_links_of_a_role_end_with_the_step_that_passes_it_on(engine: Engine) -> None:
    """Those of others stay, and what is made for the new holder counts."""
    case = keep(engine)
    write(engine, a_step(case, notices=[a_notice(to=LINE_MANAGER), a_notice(to=PRACTITIONER)]))
    formers, others = mailed(engine, case), mailed(engine, case)
    holder = a_person("line_manager", "ABUHB", email="new@example.invalid").model_dump()
    keep_submission(engine, a_submission(case, record="r1", text={"holder": holder}))
    again = a_notice(to=LINE_MANAGER, occasion="s1")
    write(engine, a_step(case, 2, holders=[HolderRow(role=LINE_MANAGER, record="r1")], notices=[again]))
    assert opened(engine, formers, now()) is None
    assert opened(engine, others, now())
    seen = opened(engine, mailed(engine, case), now())
    assert seen
    assert "new@example.invalid" == seen.email


def test_a_step_that_passes_a_role_to_nobody_ends_no_link(engine: Engine) -> None:
    """A raw signal may name a person who is nowhere: then the holder holds it still."""
    case = keep(engine)
    write(engine, a_step(case, notices=[a_notice(to=LINE_MANAGER)]))
    token = mailed(engine, case)
    write(engine, a_step(case, 2, holders=[HolderRow(role=LINE_MANAGER, person="nobody", record="none")]))
    assert opened(engine, token, now())


def test_a_chair_who_is_named_ends_the_links_of_who_was_chair_meanwhile(engine: Engine) -> None:
    """A role that is held once in a case is the same with an agency or without."""
    case = keep(engine)
    list_person(engine, a_person("team_manager"), authority="Newport")
    list_person(engine, a_person("chair", "GWENTPOLICE"), id="chair-1")
    write(engine, a_step(case, notices=[a_notice(to=CHAIR)]))
    token = mailed(engine, case)
    chair = Role(role="chair", agency="GWENTPOLICE")
    write(engine, a_step(case, 2, holders=[HolderRow(role=chair, person="chair-1")]))
    assert opened(engine, token, now()) is None


@pytest.mark.parametrize(
    ("role", "left"),
    [(TEAM_MANAGER, (CHAIR,)), (LINE_MANAGER, (TEAM_MANAGER, CHAIR)), (Role(role="x"), (TEAM_MANAGER, CHAIR))],
)
def test_a_link_of_two_roles_stays_for_the_one_that_is_held_still(
    engine: Engine, role: Role, left: tuple[Role, ...]
) -> None:
    """Whoever passes one of two roles on goes on to see what the other is asked for."""
    case, other = keep(engine), keep(engine)
    for name in ("team_manager", "chair"):
        list_person(engine, a_person(name, email="both@example.invalid"), id=name)
    for one in (case, other):
        write(engine, a_step(one, notices=[a_notice(to=TEAM_MANAGER), a_notice(to=CHAIR)]))
    tokens = mailed(engine, case), mailed(engine, other)
    revoke(engine, case, role, now())
    seen = [opened(engine, token, now()) for token in tokens]
    assert [left, (TEAM_MANAGER, CHAIR)] == [one.roles for one in seen if one]
    for either in (TEAM_MANAGER, CHAIR):
        revoke(engine, case, either, now())
    assert opened(engine, tokens[0], now()) is None


def test_the_links_with_which_the_business_unit_stands_in_end_with_its_own_role(engine: Engine) -> None:
    """They name the role that could not be reached, and are the Business Unit's."""
    case = keep(engine)
    list_person(engine, a_person("business_unit"))
    write(engine, a_step(case, notices=[a_notice(to=TEAM_MANAGER)]))
    token = mailed(engine, case)
    assert opened(engine, token, now())
    revoke(engine, case, Role(role="business_unit"), now())
    assert opened(engine, token, now()) is None
