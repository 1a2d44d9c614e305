"""Fixtures that all tests share; each lives in the module that says what it is for."""

from tests.activities.posting import host, posting
from tests.databases import (
    database_kind,
    database_url,
    empty_database_url,
    engine,
    migrated_sqlite,
    postgres,
)
from tests.server import real_server

__all__ = [
    "database_kind",
    "database_url",
    "empty_database_url",
    "engine",
    "host",
    "migrated_sqlite",
    "postgres",
    "posting",
    "real_server",
]
