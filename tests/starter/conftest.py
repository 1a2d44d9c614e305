"""What the tests of the script share."""

import pytest
from sqlalchemy import Engine

from tests.people import load_directory
from tests.story import free_port


@pytest.fixture
def alone(engine: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Prepared records for the script called here, with no Temporal and no mail server."""
    for name, value in nothing_answers().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DATRYS_DATABASE_URL", database_url)
    return engine


@pytest.fixture
def board(alone: Engine) -> Engine:
    """The same, and a board's directory is loaded."""
    load_directory(alone)
    return alone


def nothing_answers() -> dict[str, str]:
    """Settings that name a Temporal and a mail server that are not there."""
    return {
        "TEMPORAL_CONFIG_FILE": "/dev/null",
        "TEMPORAL_ADDRESS": f"127.0.0.1:{free_port()}",
        "DATRYS_SMTP_URL": f"smtp://127.0.0.1:{free_port()}",
    }
