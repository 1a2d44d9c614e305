"""`datrys check`: what is missing or unreachable, each in one line with the remedy."""

import asyncio
import socket
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import NamedTuple

from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.service import RPCError

import records
import settings
from protocols.editions import Edition, read_editions
from protocols.errors import DatrysError
from protocols.working_days import local_date
from records import cases, directory, submissions
from starter.temporal import CALL, Engine
from starter.use_cases import utc_now
from workflows.story import SEARCH_ATTRIBUTES

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
    """Everything that was looked at, in order.

    Args:
        check_templates: raises where an edition lacks a template.
        unreviewed: the Welsh texts that no translator has reviewed.

    Raises:
        WrongSetting: a setting is wrong; nothing else can be looked at then.
    """
    setting = settings.load()
    looks: dict[str, Callable[[], Iterator[Finding]]] = {
        "editions": lambda: _editions(setting, check_templates),
        "records": lambda: _records(setting),
        "Temporal": lambda: _temporal(setting),
        "mail": lambda: _mail(setting),
        "bank holidays": lambda: _calendar(setting),
        "kept": lambda: _waiting(setting),
        "Welsh": lambda: _welsh(unreviewed()),
    }
    findings = [Finding("settings", "can be read")]
    for what, look in looks.items():
        try:
            findings += look()
        except DatrysError as fault:
            findings += [Finding(what, line, stops=True) for line in fault.lines]
    return findings


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


def _temporal(setting: settings.Settings) -> Iterator[Finding]:
    yield from asyncio.run(_ask_temporal(setting))


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
    if not setting.payload_keys:
        words = "what Temporal stores is not encrypted; set DATRYS_PAYLOAD_KEYS"
        findings.append(Finding("Temporal", words, warns=True))
    return findings


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


def _calendar(setting: settings.Settings) -> Iterator[Finding]:
    last, today = directory.holidays(records.connect(setting.database_url)).last_day, local_date(utc_now())
    remedy = "load newer ones with: datrys holidays update FILE.json"
    if today > last:
        yield Finding("bank holidays", f"are known up to {last} only, and no case can be started: {remedy}", stops=True)
    elif today + WARNED_BEFORE > last:
        yield Finding("bank holidays", f"are known up to {last} only: {remedy}", warns=True)
    else:
        yield Finding("bank holidays", f"are known up to {last}")


def _waiting(setting: settings.Settings) -> Iterator[Finding]:
    database = records.connect(setting.database_url)
    if unstarted := cases.not_started(database):
        words = f"{len(unstarted)} cases wait to be started: see that Temporal and a worker run"
        yield Finding("kept", words, warns=True)
    if kept := submissions.kept(database):
        words = (
            f"{len(kept)} signals wait to be delivered, the first for {kept[0].case}: see the case in the Temporal UI"
        )
        yield Finding("kept", words, warns=True)


def _welsh(texts: list[str]) -> Iterator[Finding]:
    if texts:
        words = f"{len(texts)} Welsh texts await a translator's review (templates/mail/reviewed.toml, docs/glossary.md)"
        yield Finding("Welsh", words, warns=True)
