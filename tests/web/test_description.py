"""The web hook keeps what `/openapi.json` says, whatever is sent: schemathesis makes the requests from it."""

from collections.abc import Iterator

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import from_schema
from schemathesis.engine.events import EngineFinished, FatalError, NonFatalError, ScenarioFinished
from sqlalchemy import Engine

from starter.parts import LOCALHOST
from starter.use_cases import Datrys
from starter.web import Limits
from tests.people import case_file
from tests.web.hook import now, served, token
from tests.web.test_callers import door

__all__ = ["door"]

CONFIG = """
headers = {{ Authorization = "{bearer}" }}

[generation]
deterministic = true
max-examples = 30

[parameters]
"path.reference" = "{reference}"

[checks]
# What is well-formed may be refused all the same: who holds which role, and where a case stands, no schema says.
positive_data_acceptance.enabled = false

[phases]
stateful.enabled = false
"""


def faults(events: Iterator[object]) -> list[str]:
    """What does not keep the description, and what went wrong besides, in words."""
    found = []
    for event in events:
        if isinstance(event, NonFatalError):
            found.append(str(event.info))
        elif isinstance(event, FatalError):
            raise event.exception
        elif isinstance(event, ScenarioFinished):
            checks = (node for nodes in event.recorder.checks.values() for node in nodes)
            failures = (node.failure_info for node in checks if node.failure_info)
            found += [f"{event.label}: {info.failure.title}\n{info.failure.message}" for info in failures]
    return found


async def test_every_answer_is_as_it_is_described(door: Datrys, engine: Engine) -> None:
    """No failure of ours, no status, media type, header or field beyond it; what is malformed is refused."""
    reference = (await door.raise_case(case_file(now()))).reference
    with served(door, Limits(requests=10**6)) as port:
        config = SchemathesisConfig.from_str(CONFIG.format(reference=reference, bearer=token(engine)["Authorization"]))
        schema = schemathesis.openapi.from_url(f"http://{LOCALHOST}:{port}/openapi.json", config=config)
        events = list(from_schema(schema).execute())
    assert [] == faults(iter(events))
    asked = {event.label for event in events if isinstance(event, ScenarioFinished)}
    assert 7 <= len(asked)
    assert [EngineFinished] == [type(events[-1])]
