"""An invented directory and case file for Cwm Taf Morgannwg, all addresses in `.invalid`."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Engine as Database

from protocols.editions import read_editions
from records import loading
from tests.people import COLUMNS, address, person

PROTOCOL = "cwm-taf-morgannwg"
AGENCIES = ("CTMUHB", "RCT", "SWP", "PROBATION", "BRIDGEND", "EDU")
BOARD_ROLES = ("business_unit", "qa_chair", "co_chair", "review_group", "independent_member", "board")


def _row(role: str, agency: str = "", authority: str = "", phones: str = ",") -> str:
    key = "-".join(filter(None, (role, agency))).lower()
    name = f"{role} {agency}".strip().replace("_", " ").title()
    return f"{key},{PROTOCOL},{role},{agency},{authority},,{name},{address(role, agency)},01632 960000,,,,{phones}"


def load_directory(database: Database) -> None:
    """Load agencies and people as the board would."""
    agencies = ["code,name_en,name_cy,kind", *(f"{code},{code},{code},agency" for code in AGENCIES)]
    people = [COLUMNS, _row("duty_team", authority="Rhondda Cynon Taf", phones="01443 425006,01443 743665")]
    people += [_row(role) for role in BOARD_ROLES]
    people += [_row(role, code) for role in ("safeguarding_lead", "representative") for code in AGENCIES]
    with TemporaryDirectory() as folder:
        for name, lines in (("agencies", agencies), ("people", people)):
            (Path(folder) / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        loading.load_agencies(database, Path(folder) / "agencies.csv")
        loading.load_people(database, Path(folder) / "people.csv", read_editions())


def meetings_file(folder: Path, rows: Iterable[str]) -> Path:
    """A file of meetings; a row is ``id group starts_at [papers_due] [cancelled]``, times with their offset."""
    lines = ["id,board,group,starts_at,papers_due,status"]
    for row in rows:
        key, group, starts_at, *more = row.split()
        status = "cancelled" if "cancelled" in more else "planned"
        papers = next((word for word in more if word != "cancelled"), "")
        lines.append(f"{key},{PROTOCOL},{group},{starts_at},{papers},{status}")
    file = folder / "meetings.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def case_file(begins: datetime, options: dict[str, str] | None = None) -> dict[str, Any]:
    """A case file of CTMUHB against RCT, raised at `begins`.

    Args:
        begins: when it is raised.
        options: ``adult``; ``instigated`` (a time with offset); ``start`` (1, 2, 3); ``agencies``, the codes of the
            other agencies parted by commas, those in brackets need not respond (``RCT,(SWP)``).
    """
    options = options or {}
    others = [code.strip() for code in options.get("agencies", "RCT").split(",")]
    codes = [code.strip("()") for code in others]
    start = int(options.get("start", "1"))
    return {
        "protocol": PROTOCOL,
        "authority": "Rhondda Cynon Taf",
        "subject": {
            "kind": "adult" if "adult" in options else "child",
            "name": "Test Person",
            "date_of_birth": "2015-04-01",
            "occurrence_number": "OCC-1",
        },
        "circumstance": "referral_response",
        "issue": "the threshold for action",
        "done_already": "spoke twice",
        "outcome_sought": "a strategy discussion",
        "informal_attempt": {"at": "2025-01-06T10:00:00+00:00", "between": "the two professionals"},
        "raised_by": {
            "name": "Professional Ctmuhb",
            "role": "professional",
            "agency": "CTMUHB",
            "email": address("professional", "CTMUHB"),
            "phone": "01632 960002",
        },
        "instigated_at": options.get("instigated", begins.isoformat()),
        "agencies": [
            {"code": "CTMUHB", "raising": True},
            *({"code": code.strip("()"), "must_respond": "(" not in code} for code in others),
        ],
        "people": [person("manager", "CTMUHB"), *(person("counterpart_manager", code) for code in codes)],
        "start_at_stage": start,
        "start_reason": "immediate risk of harm" if start > 1 else "",
        "stage_3_grounds": ["senior_coordination"] if start == 3 else [],
    }
