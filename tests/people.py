"""An invented directory and case file for Gwent, all addresses in `.invalid`."""

from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Engine as Database

from protocols.editions import read_editions
from records import loading

AGENCIES = ("ABUHB", "NEWPORT", "GWENTPOLICE", "TORFAEN", "EDU")
AUTHORITY_ROLES = ("team_manager", "service_manager", "head_of_service", "duty_team")
BOARD_ROLES = ("business_unit", "local_network")
COLUMNS = (
    "id,board,role,agency,authority,group,name,email,phone,language,deputy_name,deputy_email,"
    "phone_office_hours,phone_out_of_hours"
)


def address(role: str, agency: str = "") -> str:
    """Where mail for a role goes."""
    return f"{'.'.join(filter(None, (role, agency))).lower().replace('_', '-')}@example.invalid"


def _row(role: str, agency: str = "", authority: str = "", phones: str = ",") -> str:
    key = "-".join(filter(None, (role, agency))).lower()
    name = f"{role} {agency}".strip().replace("_", " ").title()
    return f"{key},gwent,{role},{agency},{authority},,{name},{address(role, agency)},01632 960000,,,,{phones}"


def directory_rows() -> tuple[str, str]:
    """The two files that a board loads: agencies and people."""
    agencies = ["code,name_en,name_cy,kind", *(f"{code},{code},{code},agency" for code in AGENCIES)]
    people = [COLUMNS]
    people += [
        _row(role, authority="Newport", phones="01633 656656,01632 960999" if role == "duty_team" else ",")
        for role in AUTHORITY_ROLES
    ]
    people += [_row(role) for role in BOARD_ROLES]
    people += [_row("safeguarding_lead", code) for code in AGENCIES]
    people += [_row("reviewer", "TORFAEN"), _row("chair", "GWENTPOLICE")]
    return "\n".join(agencies) + "\n", "\n".join(people) + "\n"


def load_directory(database: Database) -> None:
    """Load both."""
    agencies, people = directory_rows()
    with TemporaryDirectory() as folder:
        (Path(folder) / "agencies.csv").write_text(agencies, encoding="utf-8")
        (Path(folder) / "people.csv").write_text(people, encoding="utf-8")
        loading.load_agencies(database, Path(folder) / "agencies.csv")
        loading.load_people(database, Path(folder) / "people.csv", read_editions())


def person(role: str, agency: str) -> dict[str, str]:
    """Somebody of the case file."""
    name = f"{role} {agency}".replace("_", " ").title()
    return {"role": role, "agency": agency, "name": name, "email": address(role, agency), "phone": "01632 960001"}


def case_file(begins: datetime, options: dict[str, str] | None = None) -> dict[str, Any]:
    """A case file of ABUHB against Newport, raised at `begins`."""
    options = options or {}
    adult = "adult" in options
    return {
        "protocol": "gwent",
        "authority": "Newport",
        "subject": {"kind": "adult" if adult else "child", "name": "Test Person", "date_of_birth": "2015-04-01"},
        "duty_to_report": {"reference": "DTR-1", "submitted_at": "2025-01-05T09:00:00+00:00"},
        "circumstance": "thresholds",
        "issue": "the threshold for action",
        "outcome_sought": "a strategy discussion",
        "informal_attempt": {"at": "2025-01-06T10:00:00+00:00", "between": "the two practitioners"},
        "raised_by": {
            "name": "Practitioner Abuhb",
            "role": "practitioner",
            "agency": "ABUHB",
            "email": address("practitioner", "ABUHB"),
            "phone": "01632 960002",
        },
        "instigated_at": options.get("instigated", begins.isoformat()),
        "agencies": [{"code": "ABUHB", "raising": True}, {"code": "NEWPORT", "must_respond": True}],
        "people": [
            person("line_manager", "ABUHB"),
            person("practitioner", "NEWPORT"),
            person("line_manager", "NEWPORT"),
        ],
    }
