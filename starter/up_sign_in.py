"""The sign-in of a try-out: a provider on this machine at which everybody may be anybody, and whom to be."""

import csv
import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from protocols.editions import read_editions
from starter.parts import LOCALHOST, Part

PEOPLE = Path(__file__).parent.parent / "examples" / "sign-in.csv"
SETTINGS = "DATRYS_OIDC_"
CLIENT, SECRET = "datrys", "a secret of the try-out alone"


class Somebody(NamedTuple):
    """Somebody of the examples, as whom one signs in; `role` in words."""

    email: str
    role: str
    board: str


def people() -> list[Somebody]:
    """Whom the examples have; nobody, where Datrys was installed without them."""
    if not PEOPLE.exists():
        return []
    editions = read_editions()
    with PEOPLE.open(encoding="utf-8", newline="") as lines:
        return [
            Somebody(
                row["email"],
                " ".join(filter(None, (editions[row["board"]].roles[row["role"]].en, row["agency"]))),
                editions[row["board"]].board.en,
            )
            for row in csv.DictReader(lines)
        ]


def settings_of(port: int) -> Mapping[str, str]:
    """What the pages are told of the provider."""
    return {
        f"{SETTINGS}ISSUER": f"http://{LOCALHOST}:{port}",
        f"{SETTINGS}CLIENT_ID": CLIENT,
        f"{SETTINGS}CLIENT_SECRET": SECRET,
    }


def provider(port: int, log: Path, answers: Callable[[], Awaitable[bool]]) -> Part:
    """The provider as a part: it knows the people of the examples, and takes anybody.

    Args:
        port: where it listens, on this machine only.
        log: where its output goes.
        answers: whether it does its work by now.
    """
    known = (json.dumps({"sub": one.email, "email": one.email, "email_verified": True}) for one in people())
    command = (
        *(sys.executable, "-m", "oidc_provider_mock", "--host", LOCALHOST, "--port", str(port), "--require-nonce", "t"),
        *(word for claims in known for word in ("--user-claims", claims)),
    )
    return Part("The sign-in", command, log, answers)
