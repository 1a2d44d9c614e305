"""The examples as if they happened today: `python -m examples.today` writes them into `.datrys/today` for the walks.

A case file has dates, and a limit that has passed is overdue as soon as the case begins. Here a case begins now, what
somebody decided was decided now, and a meeting is a minute away; everything else moves by as many days as lie between
then and now.
"""

import json
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PROTOCOLS = ("gwent", "cwm-taf-morgannwg")
"""Each has a case file of its name, and a folder of that name with what is said in the case."""
MEETING_IN = timedelta(minutes=1)
NOW = ("instigated_at", "made_at", "decided_at")
MOVED = ("at", "by", "submitted_at", "feedback_sent")
MEETINGS = ("qa_children", "qa_adults", "board")
"""The groups of the calendar of `cwm-taf-morgannwg`; no time limit of the other protocol waits for one."""


def dated(said: Any, now: datetime, moved: timedelta, field: str = "") -> Any:
    """A file's content with its dates moved, those of birth aside.

    Args:
        said: the content, or a part of it.
        now: aware moment.
        moved: as many days as lie between then and now.
        field: the name of the part.
    """
    match said:
        case dict():
            return {name: dated(value, now, moved, name) for name, value in said.items()}
        case list():
            return [dated(value, now, moved, field) for value in said]
        case str() if field in NOW:
            return now.isoformat()
        case str() if field == "meeting_at":
            return (now + MEETING_IN).isoformat()
        case str() if field in MOVED:
            moment = datetime.fromisoformat(said) + moved
            return moment.isoformat() if "T" in said else moment.date().isoformat()
        case _:
            return said


def meetings(now: datetime) -> str:
    """A calendar in which each group meets in a minute; each writing names new meetings, and moves none."""
    begins = (now + MEETING_IN).isoformat()
    rows = [f"today-{group}-{begins},cwm-taf-morgannwg,{group},{begins},,planned" for group in MEETINGS]
    return "\n".join(("id,board,group,starts_at,papers_due,status", *rows)) + "\n"


def write(folder: Path, now: datetime) -> None:
    """The case files, what is said in the cases, and a calendar of meetings, below `folder`."""
    for protocol in PROTOCOLS:
        case_file = HERE / f"{protocol}.json"
        began = datetime.fromisoformat(json.loads(case_file.read_text(encoding="utf-8"))["instigated_at"])
        for file in (case_file, *sorted((HERE / "signals" / protocol).glob("*.json"))):
            content = dated(json.loads(file.read_text(encoding="utf-8")), now, now.date() - began.date())
            _put(folder / file.relative_to(HERE), json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    _put(folder / "meetings.csv", meetings(now))


def _put(file: Path, content: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content, encoding="utf-8")


if __name__ == "__main__":
    target = Path(".datrys/today")
    write(target, datetime.now().astimezone().replace(microsecond=0))
    files = ", ".join(f"{protocol}.json" for protocol in PROTOCOLS)
    sys.stdout.write(f"{target}: {files} and signals/ begin now; the meetings in meetings.csv are in a minute.\n")
