"""The worker's signs of life: a file that it touches while its loop turns, and whoever looks at the file.

Whether the loop turns cannot be seen from Temporal: the SDK goes on asking for work while Python hangs.
"""

import asyncio
import time
from pathlib import Path

import settings
from protocols.errors import WrongUse
from starter.checks.findings import Finding

EVERY_SECONDS = 5
OLDEST_SECONDS = 60


async def give_signs(file: Path) -> None:
    """Touch the file again and again."""
    while True:
        file.touch()  # noqa: ASYNC240 - that the loop itself does this is the sign
        await asyncio.sleep(EVERY_SECONDS)


def life(setting: settings.Settings) -> list[Finding]:
    """When the worker gave its last sign of life.

    Raises:
        WrongUse: it is not asked for any.
    """
    file = setting.sign_of_life
    if file is None:
        raise WrongUse("datrys check --worker needs DATRYS_SIGN_OF_LIFE: set it here and for the worker alike.")
    try:
        seconds = time.time() - file.stat().st_mtime
    except FileNotFoundError:
        return [Finding("worker", "has given no sign of life yet: start it with datrys worker", stops=True)]
    if seconds > OLDEST_SECONDS:
        words = f"has given no sign of life for {seconds:.0f} seconds: see its log, and start it again"
        return [Finding("worker", words, stops=True)]
    return [Finding("worker", "lives")]
