"""The post: nobody waits for somebody else's mailbox, nothing is lost, and nothing is sent twice."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update
from temporalio.exceptions import ApplicationErrorCategory
from temporalio.testing import ActivityEnvironment

from protocols.roles import Role
from records.database import reading, writing
from records.models import Delivery, Notice, Receiver
from records.outbox import LEASE, lease_next
from records.people import name_for
from tests.activities.posting import HASTY_SECONDS, Posting
from tests.records.making import LINE_MANAGER, MONDAY, PRACTITIONER, TEAM_MANAGER, a_notice, a_person, list_person
from tests.smtp import DROP, SILENCE, TAKE_AND_DROP, mailhost

TO_PRACTITIONER, TO_LINE_MANAGER = "practitioner.abuhb@example.invalid", "line-manager.abuhb@example.invalid"
QUEUED, SENT = ("queued", "holder"), ("sent", "holder")


@pytest.mark.clause("common mail order")
async def test_what_waits_is_sent_in_the_order_in_which_it_came_about(posting: Posting) -> None:
    """Each receiver reads the story of the case as it happened, over one connection."""
    for clause in ("3.1", "3.2", "3.3"):
        posting.queue(a_notice(occasion=clause, clause=clause))
    await posting.drain()
    assert ["3.1", "3.2", "3.3"] == [mail.header("X-Datrys-Clause") for mail in posting.host.taken]
    assert 1 == posting.host.connections


async def test_the_connection_serves_the_next_post_too(posting: Posting) -> None:
    """And one that the server closed meanwhile is made anew."""
    for occasion in ("a", "b"):
        posting.queue(a_notice(occasion=occasion))
        await posting.drain()
    assert 1 == posting.host.connections
    posting.host.hang_up()
    posting.queue(a_notice(occasion="c"))
    await posting.drain()
    assert (3, 2) == (len(posting.host.taken), posting.host.connections)


async def test_an_empty_outbox_makes_no_connection(posting: Posting) -> None:
    """A post that was superseded by another costs nothing."""
    await posting.drain()
    assert 0 == posting.host.connections


async def test_one_who_cannot_take_mail_now_holds_up_nobody_else(posting: Posting) -> None:
    """Greylisting: a later notice to the same receiver waits for the earlier, the others go out."""
    posting.host.to[TO_PRACTITIONER] = ["451 greylisted"]
    posting.queue(a_notice(occasion="1"), a_notice(occasion="2"), a_notice(occasion="3", to=LINE_MANAGER))
    fault = await posting.drain_in_vain()
    assert (False, ApplicationErrorCategory.BENIGN) == (fault.non_retryable, fault.category)
    assert [QUEUED, QUEUED, SENT] == posting.states()
    assert [TO_PRACTITIONER, TO_LINE_MANAGER] == posting.host.attempts
    await posting.drain()
    assert ["line-manager.abuhb", "practitioner.abuhb", "practitioner.abuhb"] == posting.receivers()


async def test_a_connection_that_breaks_for_one_holds_up_nobody_else(posting: Posting) -> None:
    """The next mail gets a new connection."""
    posting.host.to[TO_PRACTITIONER] = [DROP]
    posting.queue(a_notice(), a_notice(to=LINE_MANAGER))
    await posting.drain_in_vain()
    assert [QUEUED, SENT] == posting.states()
    await posting.drain()
    assert [SENT, SENT] == posting.states()


@pytest.mark.clause("common identity")
async def test_a_retry_after_an_unclear_failure_is_the_same_to_the_byte(posting: Posting) -> None:
    """Taken, but the reply never came: the same Message-ID lets a mail program drop the second."""
    posting.host.after_data[TO_PRACTITIONER] = [TAKE_AND_DROP]
    posting.queue(a_notice())
    await posting.drain_in_vain()
    list_person(posting.engine, a_person("duty_team", phone="01633 960001"), authority="Newport")
    await posting.drain()
    first, second = posting.host.taken
    assert first == second
    assert first.header("Message-ID")


async def test_a_reply_that_never_comes_is_an_unclear_failure(posting: Posting) -> None:
    """The wait has an end, and the mail goes out again."""
    posting.host.after_data[TO_PRACTITIONER] = [SILENCE]
    posting.queue(a_notice(), a_notice(to=LINE_MANAGER))
    await posting.drain_in_vain(posting.new_post(HASTY_SECONDS))
    assert [QUEUED, SENT] == posting.states()
    await posting.drain()
    assert [SENT, SENT] == posting.states()


async def test_with_the_mail_server_away_everything_waits(posting: Posting) -> None:
    """Nothing is dropped, nothing counts as tried, and the words name no address."""
    port = posting.host.port
    posting.host.stop()
    posting.queue(a_notice(), a_notice(to=LINE_MANAGER))
    fault = await posting.drain_in_vain()
    assert ApplicationErrorCategory.BENIGN == fault.category
    assert "@" not in str(fault)
    assert [QUEUED, QUEUED] == posting.states()
    async with mailhost(port=port) as back:
        await posting.drain()
        assert 2 == len(back.taken)


@pytest.mark.clause("common role")
async def test_a_change_of_manager_during_an_outage_reaches_the_mail(posting: Posting) -> None:
    """The person is looked up at the first attempt, not when the notice is queued."""
    posting.queue(a_notice(to=TEAM_MANAGER))
    list_person(posting.engine, a_person("team_manager", email="new@example.invalid"), authority="Newport")
    await posting.drain()
    assert ["new"] == posting.receivers()


async def test_the_person_stays_the_one_of_the_first_attempt(posting: Posting) -> None:
    """Else two people might get a mail of one identity; the next notice goes to the new holder."""
    posting.host.to[TO_PRACTITIONER] = ["451 later"]
    posting.queue(a_notice())
    await posting.drain_in_vain()
    with writing(posting.engine) as session:
        name_for(session, posting.reference, a_person("practitioner", "ABUHB", email="new@example.invalid"), MONDAY)
    posting.queue(a_notice(occasion="next"))
    await posting.drain()
    assert ["new", "practitioner.abuhb"] == sorted(posting.receivers())


# --- superseded


@pytest.mark.clause("common mail order")
async def test_a_superseded_reminder_is_not_sent(posting: Posting) -> None:
    """Its clock was met while the mail server was away."""
    posting.queue(a_notice("reminder", supersede_by="clock#1"), a_notice("overdue"))
    posting.queue(superseded=["clock#1"])
    await posting.drain()
    assert ["overdue"] == [mail.header("X-Datrys-Notice") for mail in posting.host.taken]


async def test_a_reminder_superseded_while_it_is_sent_is_not_sent_again(posting: Posting) -> None:
    """It was refused for now, and by then it is pointless."""
    posting.host.pause.clear()
    posting.host.after_data[TO_PRACTITIONER] = ["451 later"]
    posting.queue(a_notice("reminder", supersede_by="clock#1"))
    draining = asyncio.create_task(posting.drain())
    await posting.host.handed_over.wait()
    posting.queue(superseded=["clock#1"])
    posting.host.pause.set()
    await draining
    assert [("superseded", "holder")] == posting.states()


# --- two workers, one that dies, one that is told to stop


async def test_two_posts_at_once_send_each_mail_once(posting: Posting) -> None:
    """A worker that was thought dead may still be posting."""
    for number in range(6):
        posting.queue(a_notice(occasion=str(number)), a_notice(occasion=str(number), to=LINE_MANAGER))
    workers = [posting.new_post() for _ in range(3)]
    for _ in range(20):
        await asyncio.gather(*(posting.drain(post=post) for post in workers), return_exceptions=True)
    ids = [mail.header("Message-ID") for mail in posting.host.taken]
    assert (12, 12) == (len(ids), len(set(ids)))
    for receiver in (TO_PRACTITIONER, TO_LINE_MANAGER):
        dates = [mail.message["Subject"] for mail in posting.host.taken_by(receiver)]
        assert 6 == len(dates)


async def test_what_another_worker_is_sending_is_left_to_it(posting: Posting) -> None:
    """Until its lease runs out: then it is taken for dead, and the same mail is sent again."""
    posting.host.pause.clear()
    posting.queue(a_notice(), a_notice(occasion="later"))
    first = asyncio.create_task(posting.drain_in_vain(posting.new_post(HASTY_SECONDS)))
    await posting.host.handed_over.wait()
    await posting.drain_in_vain(posting.new_post())
    assert 1 == len(posting.host.attempts)
    await first
    with writing(posting.engine) as session:
        session.execute(update(Notice).values(state=Delivery.SENDING, leased_by="dead", leased_until=MONDAY))
    posting.host.pause.set()
    await posting.drain()
    assert [SENT, SENT] == posting.states()


async def test_no_lease_lasts_longer_than_a_lease_though_a_clock_was_set_back(posting: Posting) -> None:
    """A worker died with a mail while its clock was an hour ahead: a minute later the mail is free, not in an hour."""
    posting.queue(a_notice())
    lease_next(posting.engine, posting.reference, (), lambda draft: b"a mail")
    with writing(posting.engine) as session:
        session.execute(update(Notice).values(leased_until=datetime.now(UTC) + timedelta(hours=1)))
    await posting.drain_in_vain()
    with reading(posting.engine) as session:
        until = session.scalars(select(Notice.leased_until)).one()
    assert until
    assert datetime.now(UTC) + LEASE >= until


async def test_a_post_that_is_cancelled_finishes_the_mail_in_flight(posting: Posting) -> None:
    """So nobody gets it twice; what comes after it is left to the next run."""
    posting.host.pause.clear()
    posting.queue(a_notice(occasion="1"), a_notice(occasion="2"))
    environment = ActivityEnvironment()
    running = asyncio.ensure_future(environment.run(posting.post.post, posting.reference))
    await posting.host.handed_over.wait()
    environment.cancel()
    await asyncio.sleep(0)
    posting.host.pause.set()
    await asyncio.wait([running])
    assert running.cancelled()
    assert [SENT, QUEUED] == posting.states()


async def test_a_mail_that_hangs_when_the_post_is_cancelled_is_broken_off(
    posting: Posting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits for the next run, which need not wait for a lease to run out."""
    monkeypatch.setattr("activities.posting.LAST_MAIL_SECONDS", 0)
    posting.host.pause.clear()
    posting.queue(a_notice())
    environment = ActivityEnvironment()
    running = asyncio.ensure_future(environment.run(posting.post.post, posting.reference))
    await posting.host.handed_over.wait()
    environment.cancel()
    await asyncio.wait([running])
    assert running.cancelled()
    assert [QUEUED] == posting.states()
    posting.host.pause.set()
    await posting.drain()
    assert [SENT] == posting.states()


async def test_a_post_beats_while_it_works(posting: Posting) -> None:
    """Else the engine takes it for dead."""
    beats: list[object] = []
    environment = ActivityEnvironment()
    environment.on_heartbeat = lambda *details: beats.append(details)
    posting.queue(a_notice())
    await environment.run(posting.post.post, posting.reference)
    assert beats


async def test_what_is_sent_leaves_no_copy_of_the_mail(posting: Posting) -> None:
    """The records say to whom it went; the bytes served the retry only."""
    posting.queue(a_notice(to=Role(role="practitioner", agency="ABUHB"), due=MONDAY + timedelta(days=1)))
    await posting.drain()
    with reading(posting.engine) as session:
        receiver = session.scalars(select(Receiver)).one()
        assert (TO_PRACTITIONER, None) == (receiver.email, receiver.message)


async def test_a_role_that_is_nowhere_in_the_edition_is_still_told(posting: Posting) -> None:
    """A title that is missing holds up no mail."""
    list_person(posting.engine, a_person("representative", "ABUHB"))
    posting.queue(a_notice(to=Role(role="representative", agency="ABUHB")), a_notice(to=PRACTITIONER))
    await posting.drain()
    assert [SENT, SENT] == posting.states()
