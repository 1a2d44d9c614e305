"""The real Temporal server, started once for a run of the tests, and everything that stands around it."""

import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest_asyncio
from sqlalchemy import Engine as Database
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from protocols.editions import read_editions
from records.database import writing
from records.models import ReferenceCounter
from settings import Settings, SmtpServer
from starter.temporal import Engine
from starter.use_cases import Datrys
from tests.people import load_directory
from tests.story import Mailbox, Story
from worker import working
from workflows.payloads import data_converter
from workflows.story import SEARCH_ATTRIBUTES

_NUMBERS = count(1, 20)
"""Databases are new for each test and the server is not: each test numbers its cases from another number on."""


def number_from(database: Database, number: int) -> None:
    """Let the references of new cases begin here: others stand on the server already."""
    year = datetime.now(UTC).year
    with writing(database) as session:
        for edition in read_editions().values():
            session.add(ReferenceCounter(prefix=edition.reference, year=year, last=number))


def binary(name: str) -> str:
    """A program of the environment."""
    found = shutil.which(name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert found, "run make setup"
    return found


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def real_server() -> AsyncIterator[WorkflowEnvironment]:
    """A real Temporal server for the session; a case of one test never meets that of another: references differ."""
    environment = await WorkflowEnvironment.start_local(
        data_converter=data_converter(),
        dev_server_existing_path=binary("temporal"),
        search_attributes=SEARCH_ATTRIBUTES,
        dev_server_log_level="error",
    )
    async with environment:
        yield environment


@asynccontextmanager
async def living(client: Client, database: Database, works: bool = True, **settings: Any) -> AsyncIterator[Story]:
    """A story on the real server, now; the worker can be left out, and started later with `working`."""
    mailbox = Mailbox()
    mailbox.open()
    url = database.url.render_as_string(hide_password=False)
    setting = Settings(database_url=url, smtp_url=SmtpServer(host="127.0.0.1", port=mailbox.port), **settings)
    story = Story(client, database, setting, mailbox)
    story.door = Datrys(setting, database, Engine(setting, client), lambda: datetime.now(UTC))
    load_directory(database)
    number_from(database, next(_NUMBERS))
    try:
        async with working(client, database, setting) if works else nullcontext():
            yield story
    finally:
        mailbox.close()
