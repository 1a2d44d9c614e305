"""The example as if it happened today: `python -m examples.today` writes it into `.datrys/today` for the README's walk.

A case file has dates, and a limit that has passed is overdue as soon as the case begins. Here the case begins now and
its meeting is a minute away; everything else moves by as many days as lie between then and now.
"""

import json
import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
FILES = (HERE / "gwent.json", *sorted((HERE / "signals").glob("*.json")))
WRITTEN_FOR = date(2025, 4, 14)
"""The day on which the case of `gwent.json` begins."""
MEETING_IN = timedelta(minutes=1)
MOVED = ("at", "by", "submitted_at")


def dated(said: Any, now: datetime, field: str = "") -> Any:
    """A file's content with its dates moved, those of birth aside; `now` is aware."""
    match said:
        case dict():
            return {name: dated(value, now, name) for name, value in said.items()}
        case list():
            return [dated(value, now, field) for value in said]
        case str() if field in ("instigated_at", "made_at"):
            return now.isoformat()
        case str() if field == "meeting_at":
            return (now + MEETING_IN).isoformat()
        case str() if field in MOVED:
            moment = datetime.fromisoformat(said) + (now.date() - WRITTEN_FOR)
            return moment.isoformat() if "T" in said else moment.date().isoformat()
        case _:
            return said


def write(folder: Path, now: datetime) -> None:
    """The case file and what is said in the case, below `folder`."""
    for file in FILES:
        copy = folder / file.relative_to(HERE)
        copy.parent.mkdir(parents=True, exist_ok=True)
        content = dated(json.loads(file.read_text(encoding="utf-8")), now)
        copy.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    target = Path(".datrys/today")
    write(target, datetime.now().astimezone().replace(microsecond=0))
    sys.stdout.write(f"{target}/gwent.json and {target}/signals begin now; the meeting is in a minute.\n")
