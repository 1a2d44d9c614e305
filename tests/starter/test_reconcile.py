"""`datrys reconcile` on a real server: what differs is listed, nothing is done by itself, an operator decides."""

import asyncio
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, make_url
from temporalio.testing import WorkflowEnvironment

from protocols.messages import DiscussionRecorded
from records import cases, fence, outbox, reconciling, submissions
from records.ahead import alarms
from records.database import writing
from records.models import Case
from records.reading import timeline
from starter.delivery import last_state
from tests.doors.test_delivery import PRACTITIONER, until_stage
from tests.people import case_file
from tests.records.making import a_notice, a_step, an_entry, keep, write
from tests.server import living
from tests.starter.script import Said, all_rows, datrys, find_here, lines_of, now
from tests.story import Story
from worker import working

TEXT = {"text": "said to the lost records alone"}
Copy = Callable[[], Callable[[], None]]


@pytest.fixture
def copy(engine: Engine, database_kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Copy:
    """Copies the records while nobody uses them; what it answers puts the copy back."""

    def sqlite() -> Callable[[], None]:
        file, kept = make_url(str(engine.url)).database or "", tmp_path / "copy.db"
        engine.dispose()
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy(file, kept)

        def put_back() -> None:
            engine.dispose()
            for more in ("-wal", "-shm"):
                Path(f"{file}{more}").unlink(missing_ok=True)
            shutil.copy(kept, file)

        return put_back

    def postgresql() -> Callable[[], None]:
        server, name = request.getfixturevalue("postgres"), engine.url.database or ""
        engine.dispose()
        server.create(f"copy_{name}", name)

        def put_back() -> None:
            engine.dispose()
            server.drop(name)
            server.create(name, f"copy_{name}")
            server.drop(f"copy_{name}")

        return put_back

    return sqlite if database_kind == "sqlite" else postgresql


async def reconcile(*words: str) -> Said:
    """The command, from within a loop."""
    return await asyncio.to_thread(datrys, "reconcile", *words)


async def until(look: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not look():
            await asyncio.sleep(0.05)


async def raised(story: Story) -> str:
    """A new case."""
    return (await story.door.raise_case(case_file(now()), again=True)).reference


async def say(story: Story, case: str, name: str, key: str, **facts: object) -> None:
    """Say something through the door, and wait until nothing is left to be mailed for it."""
    told = await story.door.tell(case, name, PRACTITIONER, {**TEXT, **facts}, key)
    assert told.receipt
    assert told.receipt.accepted
    await story.posted(case)


@pytest.mark.clause("common a stopped worker delays, never loses")
async def test_records_of_yesterday_are_completed_from_temporal(
    engine: Engine, real_server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch, copy: Copy
) -> None:
    """Listed with what is lost, without a name, changing nothing; completed on demand; then the case goes on."""
    find_here(real_server, engine, monkeypatch)
    client = real_server.client
    async with living(client, engine, works=False) as story:
        async with working(client, engine, story.setting):
            case = await raised(story)
            await until_stage(story, case, "practitioners")
            await story.posted(case)
        put_back = copy()
        async with working(client, engine, story.setting):
            await say(story, case, "not_resolved", "one")
            await until_stage(story, case, "line_managers")
            await story.posted(case)
            lost, mails = [line.entry.words for line in timeline(engine, case)], len(story.mailbox.messages)
            await asyncio.sleep(0.5)  # that the post has ended reaches Temporal
        put_back()
        before = all_rows(engine)
        listed = await reconcile(case)
        assert before == all_rows(engine)
        assert 1 == listed.code, listed
        assert f"datrys reconcile {case} --from-engine" in listed.out
        assert "the records lack: " in listed.out
        assert "; its text is lost" not in listed.out  # its entry is lacking too, which says so once it is written
        assert TEXT["text"] not in listed.out
        async with working(client, engine, story.setting):
            await story.handle(case).signal("discussion_recorded", {"id": "two", "by": "practitioner"})
            await until(lambda: fence.refused(engine))
            completed = await reconcile(case, "--from-engine")
            assert 0 == completed.code, completed
            assert "its text is lost, ask for it: " in completed.out
            await until(lambda: any(line.entry.signal_id == "two" for line in timeline(engine, case)))
            await until(lambda: not outbox.waiting(engine, case))
            same = await reconcile(case)
        words = [line.entry.words for line in timeline(engine, case)]
        assert [*lost, True] == [*words[: len(lost)], words[len(lost)].startswith("The records were completed from")]
        assert mails <= len(story.mailbox.messages)
        assert len(story.mailbox.messages) == len({one["Message-ID"] for one in story.mailbox.messages})
        assert (0, "Records and Temporal have the same.\n") == (same.code, same.out)
        assert [] == fence.refused(engine)


async def test_what_temporal_lacks_is_told_to_it(
    engine: Engine, real_server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Temporal is of yesterday, and a door had handed it something since: listed; then the case goes on from today."""
    find_here(real_server, engine, monkeypatch)
    async with living(real_server.client, engine) as story:
        case = await raised(story)
        await until(lambda: cases.case_facts(engine, case).snapshot)
        yesterday = last_state(cases.case_facts(engine, case))
        await say(story, case, "not_resolved", "one")
        await say(story, case, "immediate_action", "danger")
        await until(lambda: alarms(engine, case))
        await story.posted(f"{case}-immediate-1")
        told = len(story.mailbox.messages)
        await story.handle(case).terminate("as if it had never been")
        await story.door.engine.start(yesterday)
        kept = story.door._keep_said(
            case, "discussion_recorded", DiscussionRecorded, PRACTITIONER, TEXT, "lost", "", ""
        )
        submissions.mark_delivered(engine, kept.id)
        behind = (await story.status(case)).stage
        listed = await reconcile(case)
        gone_on = await reconcile(case, "--from-records")
        await story.door.delivery.relay()
        await until(lambda: any(line.entry.signal_id == "lost" for line in timeline(engine, case)))
        stands = (await story.status(case)).stage
        await story.posted(case)
        await asyncio.sleep(0.5)  # that the post has ended reaches Temporal
        same, again = await reconcile(case), await reconcile(case, "--from-records")
    assert ("practitioners", "line_managers") == (behind, stands)
    assert 1 == listed.code
    for words in ("Temporal lacks: ", "Temporal lacks 1 signal that", f"→ datrys reconcile {case} --from-records"):
        assert words in listed.out
    assert (0, f"{case} goes on from the records\n") == (gone_on.code, gone_on.out)
    assert (0, "Records and Temporal have the same.\n") == (same.code, same.out)
    assert [f"Temporal lacks nothing of {case} that the records have. Nothing was changed."] == lines_of(again, 1)
    sent = story.mailbox.messages
    assert {"informed"} == {one["X-Datrys-Notice"] for one in sent[told:]}
    assert len(sent) == len({one["Message-ID"] for one in sent})


async def test_messages_in_doubt_are_sent_or_not_as_an_operator_says(
    engine: Engine, real_server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Held by one command, with the references that Temporal has; then a case at a time."""
    find_here(real_server, engine, monkeypatch)
    client = real_server.client
    async with living(client, engine, works=False) as story:
        with story.without_mail():
            async with working(client, engine, story.setting):
                again = await raised(story)
                await until(lambda: outbox.waiting(engine, again))
        waiting = outbox.waiting(engine, again)
        held = await reconcile("--hold")
        assert 0 == held.code, held
        assert " held until you decide" in held.out
        async with working(client, engine, story.setting):
            listed = await reconcile(again)
            assert 1 == listed.code
            assert f"{waiting} messages wait in the records and may have gone out already" in listed.out
            assert [] == story.mailbox.messages
            decided = await reconcile(again, "--send")
            assert f"{again}: {waiting} messages will be sent\n" == decided.out
            await until(lambda: not outbox.waiting(engine, again))
            assert [] != story.mailbox.messages
            refused = await reconcile(again, "--sent")
        assert (1, f"No message of {again} is in doubt. Nothing was changed.\n") == (refused.code, refused.err)


async def test_what_one_side_lacks_altogether_is_listed(
    engine: Engine, real_server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A case that Temporal does not have; one that the records do not have; what was said past lost records."""
    find_here(real_server, engine, monkeypatch)
    async with living(real_server.client, engine, works=False) as story:
        nowhere = keep(engine)
        write(engine, a_step(nowhere, entries=[an_entry()]))
        cases.mark_started(engine, nowhere)
        listed = await reconcile(nowhere)
        assert 1 == listed.code
        assert "it is open in the records, and Temporal does not have it" in listed.out
        assert f"→ datrys reopen {nowhere} --reason TEXT" in listed.out
        unheard = await raised(story)
        await story.handle(unheard).signal("not_resolved", {"id": "x", "record": "lost"})
        listed = await reconcile(unheard)
        assert 1 == listed.code, listed
        assert "not in the records: not resolved; its text is lost" in listed.out
        unknown = f"{nowhere.rpartition('-')[0]}-9999"
        await real_server.client.start_workflow("GwentDisagreement", {}, id=unknown, task_queue="nobody")
        listed = await reconcile(unknown)
        assert "the records do not have it, and it is open in Temporal" in listed.out
        assert 1 == (await reconcile(f"{nowhere}5")).code
        with writing(engine) as session:
            session.get_one(Case, unheard).started = False
        assert 0 == (await reconcile("--hold")).code
        assert cases.case_facts(engine, unheard).started  # else the relay would begin anew what has ended meanwhile
        everything = await reconcile()
        assert (1, True) == (everything.code, {nowhere, unheard, unknown} <= set(everything.out.splitlines()))
        await real_server.client.get_workflow_handle(unknown).terminate("it has shown what it was for")


async def test_another_case_under_the_same_reference_is_never_written_into_it(
    engine: Engine, real_server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch, copy: Copy
) -> None:
    """Records that had lost a case gave its reference once more: the two children are never mixed up."""
    find_here(real_server, engine, monkeypatch)
    async with living(real_server.client, engine, works=False) as story:
        put_back = copy()
        async with working(real_server.client, engine, story.setting):
            lost = await raised(story)
            await until_stage(story, lost, "practitioners")
            await say(story, lost, "discussion_recorded", "one")
        put_back()
        assert lost == await raised(story)
        listed = await reconcile(lost)
        refused = await reconcile(lost, "--from-engine")
        assert "Temporal has another case under this reference" in listed.out
        assert (1, f"Temporal has another case under {lost}. Nothing was written.\n") == (refused.code, refused.err)
        assert [] == timeline(engine, lost)


def test_what_cannot_be_looked_at_is_said_with_another_exit_code(board: Engine) -> None:
    """Nobody takes silence for agreement."""
    said = datrys("reconcile")
    assert (2, "") == (said.code, said.out)
    assert "does not answer" in said.err


WRONG = {
    ("--send",): "Name the one case that this is for.",
    ("GWENT-2026-0001", "--hold"): "--hold is for all cases: name none.",
    ("GWENT-2026-0001", "--send", "--sent"): (
        "Say one of --from-engine, --from-records, --sent, --send, --hold at a time."
    ),
}


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_what_is_meant_for_one_case_names_it(board: Engine, words: tuple[str, ...]) -> None:
    """One decision at a time, in one line."""
    said = datrys("reconcile", *words)
    assert (2, f"{WRONG[words]}\n") == (said.code, said.err)


def test_a_case_that_waits_for_a_decision_is_named_by_the_check(board: Engine) -> None:
    """With the command that shows what differs."""
    case = keep(board)
    write(board, a_step(case, notices=[a_notice()]))
    fence.note_refused(board, case, 3)
    assert f"{case} waits, since the records are older than Temporal: see datrys reconcile" in datrys("check").out
    assert reconciling.standing(board)[case].last_step == 1
