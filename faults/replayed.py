"""`python -m faults.replayed`: each stored history on the code of this process, a line each.

In a process of its own, since `FAULTS_BUG` puts a bug into that code.
"""

import asyncio
import os
import sys
from pathlib import Path

from temporalio.worker import Replayer

from faults.bugs import BUG, put_in
from tests.stored import files, history
from worker import sandbox
from workflows.enduring import Enduring
from workflows.payloads import data_converter
from workflows.registry import WORKFLOWS

EVERY = 5


async def replay(stored: list[Path]) -> None:
    """Print of each file whether the same comes out again."""
    replayer = Replayer(
        workflows=WORKFLOWS, data_converter=data_converter(), workflow_runner=sandbox(), interceptors=[Enduring()]
    )
    for file in stored:
        replayed = await replayer.replay_workflow(history(file), raise_on_replay_failure=False)
        print(f"{file.parent.name}/{file.name}: {'another' if replayed.replay_failure else 'the same'}", flush=True)


if __name__ == "__main__":
    if bug := os.environ.get(BUG):
        put_in(bug)
    asyncio.run(replay(files()[:: EVERY if "--short" in sys.argv else 1]))
