"""`datrys check`: what is missing or unreachable, each in one line with the remedy."""

import asyncio
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import Engine as Database
from sqlalchemy.exc import SQLAlchemyError
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError

import records
import settings
from protocols.editions import Edition, read_editions
from protocols.errors import DatrysError, Refused
from protocols.working_days import local_date
from records import cases, directory, submissions
from starter import pdf
from starter.temporal import CALL, TASK_QUEUE, Engine
from starter.use_cases import utc_now
from workflows.story import SEARCH_ATTRIBUTES

DUTY_TEAM = "duty_team"
WARNED_BEFORE = timedelta(days=366)


class Finding(NamedTuple):
    """One line: what was looked at, what is to be said of it, and whether it stops the service."""

    what: str
    words: str
    stops: bool = False
    warns: bool = False

    def __str__(self) -> str:
        mark = "stops" if self.stops else "warning" if self.warns else "ok"
        return f"{mark:8} {self.what}: {self.words}"


def checks(
    check_templates: Callable[[Mapping[str, Edition]], None], unreviewed: Callable[[], list[str]]
) -> list[Finding]:
    """Everything that was looked at, in order; what needs the records is left out where these cannot be had.

    Args:
        check_templates: raises where an edition lacks a template.
        unreviewed: the Welsh texts that no translator has reviewed.

    Raises:
        WrongSetting: a setting is wrong; nothing else can be looked at then.
    """
    setting = settings.load()
    findings = [Finding("settings", "can be read")]
    described = _look("editions", lambda: _editions(setting, check_templates))
    prepared = _look("records", lambda: _records(setting))
    findings += described + prepared
    if not _stopped(prepared):
        editions = {} if _stopped(described) else read_editions(setting.editions)
        findings += _in_the_records(records.connect(setting.database_url), editions)
    findings += _look("Temporal", lambda: asyncio.run(_ask_temporal(setting)))
    findings += _look("mail", lambda: _mail(setting))
    findings += _look("documents", _documents)
    return findings + _look("Welsh", lambda: _welsh(unreviewed()))


def _in_the_records(database: Database, editions: Mapping[str, Edition]) -> list[Finding]:
    return [
        *_look("bank holidays", lambda: _calendar(database)),
        *_look("directory", lambda: _directory(database, editions)),
        *_look("kept", lambda: _waiting(database)),
    ]


def _look(what: str, look: Callable[[], Iterable[Finding]]) -> list[Finding]:
    try:
        return list(look())
    except DatrysError as fault:
        return [Finding(what, line, stops=True) for line in fault.lines]
    except SQLAlchemyError as fault:
        words = f"cannot be read ({type(fault).__name__}): see that DATRYS_DATABASE_URL names a database of Datrys"
        return [Finding(what, words, stops=True)]


def _stopped(findings: list[Finding]) -> bool:
    return any(finding.stops for finding in findings)


def _editions(
    setting: settings.Settings, check_templates: Callable[[Mapping[str, Edition]], None]
) -> Iterator[Finding]:
    editions = read_editions(setting.editions)
    check_templates(editions)
    for edition in editions.values():
        yield Finding("edition", f"{edition.name.en}, {edition.edition}")


def _records(setting: settings.Settings) -> Iterator[Finding]:
    revision = records.revision(setting.database_url)
    if revision.current != revision.head:
        yield Finding("records", "the database is not up to date: run datrys migrate", stops=True)
        return
    yield Finding("records", "the database is up to date")
    if setting.database_url.startswith("sqlite"):
        words = "SQLite is for trying out; for real use set DATRYS_DATABASE_URL to a PostgreSQL database"
        yield Finding("records", words, warns=True)


async def _ask_temporal(setting: settings.Settings) -> list[Finding]:
    client = await Engine(setting).client()
    try:
        answer = await client.operator_service.list_search_attributes(
            ListSearchAttributesRequest(namespace=client.namespace), timeout=CALL
        )
    except RPCError as fault:
        words = (
            f"the namespace {client.namespace} does not answer ({fault.status.name.lower()}): see TEMPORAL_NAMESPACE"
        )
        return [Finding("Temporal", words, stops=True)]
    missing = [key.name for key in SEARCH_ATTRIBUTES if key.name not in answer.custom_attributes]
    if missing:
        names = ", ".join(missing)
        words = f"search attributes are missing: create {names} with `temporal operator search-attribute create`"
        return [Finding("Temporal", words, stops=True)]
    findings = [Finding("Temporal", f"answers, namespace {client.namespace}, search attributes are there")]
    if not await _workers(client):
        findings.append(Finding("worker", "none asks for work: start one with datrys worker", warns=True))
    if not setting.payload_keys:
        words = "what Temporal stores is not encrypted; set DATRYS_PAYLOAD_KEYS"
        findings.append(Finding("Temporal", words, warns=True))
    return findings


async def _workers(client: Client) -> int:
    """How many asked for work in the last minutes."""
    question = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=TASK_QUEUE),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    try:
        return len((await client.workflow_service.describe_task_queue(question, timeout=CALL)).pollers)
    except RPCError:
        return 0


def _mail(setting: settings.Settings) -> Iterator[Finding]:
    server = setting.smtp_url
    try:
        socket.create_connection((server.host, server.port), timeout=CALL.total_seconds()).close()
    except OSError:
        words = (
            f"no mail server answers at {server.host}:{server.port}: see that it runs and that DATRYS_SMTP_URL is right"
        )
        yield Finding("mail", words, stops=True)
        return
    yield Finding("mail", f"a server answers at {server.host}:{server.port}")
    if server.password and server.tls == "none":
        words = "the password of DATRYS_SMTP_URL travels without TLS: use smtps:// or ?starttls=required"
        yield Finding("mail", words, warns=True)


def _calendar(database: Database) -> Iterator[Finding]:
    last, today = directory.holidays(database).last_day, local_date(utc_now())
    remedy = "load newer ones with: datrys holidays update FILE.json"
    if today > last:
        yield Finding("bank holidays", f"are known up to {last} only, and no case can be started: {remedy}", stops=True)
    elif today + WARNED_BEFORE > last:
        yield Finding("bank holidays", f"are known up to {last} only: {remedy}", warns=True)
    else:
        yield Finding("bank holidays", f"are known up to {last}")


def _directory(database: Database, editions: Mapping[str, Edition]) -> Iterator[Finding]:
    people = directory.people(database)
    if not people:
        words = "nobody is loaded, and no case can be started: datrys agencies import, then datrys people import"
        yield Finding("directory", words, warns=True)
        return
    yield Finding("directory", f"{len(people)} rows of people are loaded")
    if silent := [
        f"{authority} ({group})"
        for edition in editions.values()
        for authority in edition.authorities
        for group in ("children", "adults")
        if not directory.duty_team_has_number(database, edition.protocol, authority, group)
    ]:
        words = f"no number, and no case can be started for {', '.join(silent)}: load it with datrys people import"
        yield Finding("duty teams", words, warns=True)
    yield from _at_night([person for person in people if person.role == DUTY_TEAM])


def _at_night(teams: list[directory.Listed]) -> Iterator[Finding]:
    without = [team for team in teams if not team.phone_out_of_hours]
    if without:
        whose = ", ".join(dict.fromkeys(team.authority or team.board for team in without))
        words = (
            f"{len(without)} of {len(teams)} have no number outside office hours ({whose}):"
            " load phone_out_of_hours with datrys people import"
        )
        yield Finding("duty teams", words, warns=True)


def _waiting(database: Database) -> Iterator[Finding]:
    if unstarted := cases.not_started(database):
        words = f"cases wait to be started ({len(unstarted)}): see that Temporal and a worker run"
        yield Finding("kept", words, warns=True)
    if kept := submissions.kept(database):
        words = f"signals wait to be delivered ({len(kept)}), the first for {kept[0].case}: see it in the Temporal UI"
        yield Finding("kept", words, warns=True)


def _documents() -> Iterator[Finding]:
    try:
        pdf.drawing()
    except Refused as lacking:
        yield Finding("documents", str(lacking), warns=True)
    else:
        yield Finding("documents", "can be written as PDF")


def _welsh(texts: list[str]) -> Iterator[Finding]:
    if texts:
        words = f"{len(texts)} Welsh texts await a translator's review (templates/mail/reviewed.toml, docs/glossary.md)"
        yield Finding("Welsh", words, warns=True)
