"""`python -m faults [--short] [ROW …]`: the table."""

import argparse
import asyncio
import logging
import sys
import time
import traceback

from rich.console import Console
from rich.table import Table

from faults.found import Found
from faults.rows import ROWS
from faults.yard import Yard, yard


async def run(names: list[str], short: bool) -> list[Found]:
    """Run rows one after another, each named on standard error as it begins."""
    found = []
    async with yard() as made:
        for name in names:
            began = time.monotonic()
            rows = await _tried(made, name, short)
            broken = sum(len(row.broken) for row in rows)
            print(f"{name}: {time.monotonic() - began:.0f} s, {broken} broken", file=sys.stderr)
            found += rows
    return found


async def _tried(made: Yard, name: str, short: bool) -> list[Found]:
    """A row; one that does not come to its end is a broken one, and the next is tried."""
    others = asyncio.all_tasks()
    try:
        return await ROWS[name](made, short=short)
    except Exception as fault:  # noqa: BLE001 - hours of other rows are not to be lost by it
        traceback.print_exc()
        left = asyncio.all_tasks() - others
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        return [Found(name, "it comes to its end", runs=1, wrong=[f"{type(fault).__name__}: {fault}"])]


def printed(rows: list[Found]) -> Table:
    """The table, with every broken promise under its row."""
    table = Table("fault", "promise", "runs", "lost", "doubled", "twins", "recovers in", "note")
    for row in rows:
        longest = f"{min(row.seconds):.1f} to {max(row.seconds):.1f} s" if row.seconds else "–"
        numbers = (row.runs, len(row.lost), len(row.doubled), row.twins)
        broken = "\n".join(row.broken)
        table.add_row(row.fault, row.promise, *map(str, numbers), longest, f"{row.note}\n{broken}".strip())
    return table


def main() -> int:
    """Print the table; 1 if a promise is broken."""
    asked = argparse.ArgumentParser(prog="python -m faults")
    asked.add_argument("--short", action="store_true", help="each row cut short")
    asked.add_argument("rows", nargs="*", metavar="ROW", help=f"one of {', '.join(ROWS)}; all if none is named")
    words = asked.parse_args()
    names = words.rows or list(ROWS)
    if unknown := set(names) - set(ROWS):
        asked.error(f"no such row: {', '.join(unknown)}")
    logging.getLogger("temporalio").setLevel(logging.CRITICAL)  # what a worker in this process says of each attempt
    rows = asyncio.run(run(names, words.short))
    Console(width=None if sys.stdout.isatty() else 200).print(printed(rows))
    return 1 if any(row.broken for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
