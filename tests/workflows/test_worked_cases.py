"""The worked cases, calculated independently: every notice, verdict and clock."""

import csv
import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from protocols.editions import read_editions
from records import loading
from tests.story import Mailed, Story, begin, minute

WORKED = sorted((Path(__file__).parent.parent / "worked").glob("*.json"))
PEOPLE = [
    *("id", "board", "role", "agency", "authority", "group", "name", "email", "phone", "language"),
    *("deputy_name", "deputy_email", "phone_office_hours", "phone_out_of_hours"),
]
AGENCIES = ["code", "name_en", "name_cy", "kind"]
MEETINGS = ["id", "board", "group", "starts_at", "papers_due", "status"]


def _time(words: str | None) -> datetime | None:
    return datetime.fromisoformat(words).astimezone(UTC) if words else None


def _csv(file: Path, columns: list[str], rows: list[dict[str, str]]) -> Path:
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return file


def load(engine: Engine, directory: dict[str, Any], folder: Path, at: datetime) -> None:
    """Load the directory of a worked case as a board would."""
    loading.load_agencies(engine, _csv(folder / "agencies.csv", AGENCIES, directory["agencies"]))
    loading.load_people(engine, _csv(folder / "people.csv", PEOPLE, directory["people"]), read_editions())
    if directory["meetings"]:
        loading.load_meetings(engine, _csv(folder / "meetings.csv", MEETINGS, directory["meetings"]), at)


async def say_all(story: Story, reference: str, signals: list[dict[str, Any]]) -> dict[str, str]:
    """Send each signal at its `sent_at`; answers the verdict codes by id."""
    verdicts = {}
    for signal in sorted(signals, key=lambda s: datetime.fromisoformat(s["payload"]["sent_at"])):
        payload = signal["payload"]
        await story.skip_to(datetime.fromisoformat(payload["sent_at"]))
        receipt = await story.say(reference, signal["name"], payload)
        assert receipt
        verdicts[payload["id"]] = str(receipt.code)
    return verdicts


def _mailed(row: dict[str, Any]) -> Mailed:
    at = _time(row["at"])
    assert at
    return Mailed(at, row["notice"], row["role"], row["clause"], _time(row["due"]))


def _comparable(status: dict[str, Any]) -> dict[str, Any]:
    clocks = [
        {
            **{field: value for field, value in clock.items() if field != "limit"},
            **{field: _time(clock[field]) for field in ("starts", "due", "met_at")},
            "accountable": sorted(f"{role['role']}/{role['agency']}" for role in clock["accountable"]),
        }
        for clock in status["clocks"]
    ]
    waiting = sorted(f"{role['role']}/{role['agency']}" for role in status["waiting_for"])
    return {**status, "clocks": clocks, "waiting_for": waiting}


@pytest.mark.parametrize("file", WORKED, ids=lambda file: file.stem)
async def test_a_worked_case_comes_out_as_calculated(file: Path, engine: Engine, tmp_path: Path) -> None:
    """Every notice (minute, role, clause, due time), every verdict and every clock is as calculated."""
    case = json.loads(file.read_text(encoding="utf-8"))
    expected = case["expected"]
    raised_at = datetime.fromisoformat(case["raised_at"])
    load(engine, case["directory"], tmp_path, raised_at)
    async with begin(raised_at, engine) as story:
        reference = await story.raise_case(case["case"])
        verdicts = await say_all(story, reference, case["signals"])
        await story.skip_to(datetime.fromisoformat(case["until"]))
        mailed = Counter(mail._replace(at=minute(mail.at)) for mail in await story.posted(reference))
        status = (await story.status(reference)).model_dump(mode="json", exclude={"reference"})
    told = Counter(_mailed(row) for row in expected["notices"])
    assert {receipt["id"]: receipt["code"] for receipt in expected["receipts"]} == verdicts
    assert ([], []) == (sorted((told - mailed).elements(), key=str), sorted((mailed - told).elements(), key=str))
    assert _comparable(expected["status"]) == _comparable(status)
