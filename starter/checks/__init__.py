"""`datrys check`: what is missing or unreachable, each in one line with the remedy."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Engine as Database

import records
import settings
from protocols.editions import Edition, read_editions
from protocols.errors import Refused
from records.tokens import operated
from starter import pdf
from starter.checks import board, engine, followed, web
from starter.checks.findings import Finding, look, stopped
from starter.checks.life import life
from starter.use_cases import utc_now


class Parts(NamedTuple):
    """What only the worker's own parts know.

    Attributes:
        check_templates: raises where an edition lacks a template.
        unreviewed: the Welsh texts that no translator has reviewed.
        mail_trouble: why the mail server would take no mail, in words with the remedy; empty if it would.
    """

    check_templates: Callable[[Mapping[str, Edition]], None]
    unreviewed: Callable[[], list[str]]
    mail_trouble: Callable[[settings.Settings], Coroutine[Any, Any, str]]


def checks(parts: Parts) -> list[Finding]:
    """Everything that was looked at, in order; what needs the records is left out where these cannot be had.

    Raises:
        WrongSetting: a setting is wrong; nothing else can be looked at then.
    """
    setting = settings.load()
    described = look("editions", lambda: _editions(setting, parts))
    prepared = look("records", lambda: _records(setting))
    findings = [*_settings(setting), *described, *prepared]
    if not stopped(prepared):
        editions = {} if stopped(described) else read_editions(setting.editions)
        findings += _in_the_records(records.connect(setting.database_url), editions)
    reached = look("Temporal", lambda: asyncio.run(engine.findings(setting)))
    findings += reached
    findings += look("mail", lambda: _mail(setting, parts))
    if not stopped([*prepared, *reached]):
        database = records.connect(setting.database_url)
        findings += look("cases", lambda: asyncio.run(followed.findings(setting, database)))
    findings += look("web", lambda: web.findings(setting))
    if not stopped(prepared):
        findings += look("script", lambda: _script(records.connect(setting.database_url)))
    findings += look("documents", _documents)
    return findings + look("Welsh", lambda: _welsh(parts.unreviewed()))


def worker_checks() -> list[Finding]:
    """Whether the worker of this machine lives, and Temporal hears it: what the health of its container is.

    Raises:
        WrongSetting: a setting is wrong.
        WrongUse: the worker is not asked for signs of life.
    """
    setting = settings.load()
    return life(setting) + look("Temporal", lambda: asyncio.run(engine.hears_this_machine(setting)))


def _settings(setting: settings.Settings) -> Iterator[Finding]:
    yield Finding("settings", "can be read")
    if "mail_from" not in setting.model_fields_set:
        words = f"DATRYS_MAIL_FROM is not set: mail goes out from {setting.mail_from}, which nobody can answer"
        yield Finding("settings", words, warns=True)
    if not setting.business_unit:
        words = "DATRYS_BUSINESS_UNIT is not set: mail does not say how to reach the Business Unit"
        yield Finding("settings", words, warns=True)


def _editions(setting: settings.Settings, parts: Parts) -> Iterator[Finding]:
    editions = read_editions(setting.editions)
    parts.check_templates(editions)
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


def _in_the_records(database: Database, editions: Mapping[str, Edition]) -> list[Finding]:
    now = utc_now()
    return [
        *look("bank holidays", lambda: board.calendar(database, now)),
        *look("directory", lambda: board.roles(database, editions)),
        *look("meetings", lambda: board.meetings(database, editions, now)),
        *look("kept", lambda: board.waiting(database)),
    ]


def _mail(setting: settings.Settings, parts: Parts) -> Iterator[Finding]:
    server = setting.smtp_url
    if server.password and server.tls == "none":
        words = "the password of DATRYS_SMTP_URL travels without TLS: use smtps:// or ?starttls=required"
        yield Finding("mail", words, warns=True)
    if trouble := asyncio.run(parts.mail_trouble(setting)):
        yield Finding("mail", trouble, stops=True)
        return
    tls = {"none": "without TLS", "starttls": "with STARTTLS", "implicit": "with TLS"}[server.tls]
    signed_in = "signed in" if server.user else "not asked to sign in"
    yield Finding("mail", f"the server {server.host}:{server.port} takes mail, {tls}, {signed_in}")


def _script(database: Database) -> Iterator[Finding]:
    """Whether whoever has the shell is asked who they are."""
    if operated(database, utc_now()):
        yield Finding("script", "asks for a token, since an operator's counts (DATRYS_TOKEN)")
        return
    words = "acts for whoever has the shell, since no operator's token counts"
    remedy = "datrys tokens make NAME --role operator, then set DATRYS_TOKEN for the script"
    yield Finding("script", f"{words}: {remedy}", warns=True)


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


__all__ = ["Finding", "Parts", "checks", "worker_checks"]
