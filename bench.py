"""`make bench`: what a step of a case costs, as ratios within one run, so that they hold on any machine."""

import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from activities.letters import write_letter
from protocols.editions import read_editions
from protocols.limits import Limit, due_time
from protocols.messages import read
from records import connect, migrate
from records.database import reading, writing
from records.directory import shipped_holidays
from tests.activities.mails import facts_of

ROUNDS = 300
NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
BODY = '{"id": "one", "by": "line_manager", "agency": "ABUHB", "record": "r", "at": "2026-03-02T10:00:00+00:00"}'


def median_seconds(work: Callable[[], object]) -> float:
    """The median of several rounds, after one to warm up."""
    work()
    took = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return statistics.median(took)


def measures(folder: Path) -> dict[str, float]:
    """Seconds a piece of work; the first is what the others are held against."""
    url = f"sqlite:///{folder}/records.db"
    migrate(url)
    engine = connect(url)
    holidays, edition = shipped_holidays(), read_editions()["gwent"]
    five_days, letter = Limit.parse("5 working days"), facts_of("overdue", "contact_team_manager")

    def write() -> None:
        with writing(engine) as session:
            session.execute(text("UPDATE agencies SET kind = kind"))

    def look() -> None:
        with reading(engine) as session:
            session.execute(text("SELECT 1"))

    return {
        "an empty writing transaction (SQLite, synchronous=FULL)": median_seconds(write),
        "a reading transaction": median_seconds(look),
        "a due time of 5 working days, explained": median_seconds(lambda: due_time(five_days, NOW, holidays)),
        "a signal understood": median_seconds(lambda: read("not_resolved", BODY, NOW)),
        "a mail written in both languages": median_seconds(lambda: write_letter(letter, ("cy", "en"))),
        "an edition copied into a case": median_seconds(edition.model_dump_json),
    }


def main() -> None:
    """Print each piece of work as a multiple of the first."""
    with tempfile.TemporaryDirectory() as folder:
        took = measures(Path(folder))
    unit = next(iter(took.values()))
    table = Table("work", "microseconds", "ratio")
    for work, seconds in took.items():
        table.add_row(work, f"{seconds * 1e6:.0f}", f"{seconds / unit:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
