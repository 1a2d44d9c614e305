"""docker-compose.yml as the tests read it, and its services as processes of this machine."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
WRITTEN_INTO_ENV = {"DATRYS_MAIL_FROM": "datrys@board.invalid"}
"""What `.env` holds, in these tests."""

BESIDE_PYTHON = Path(sys.executable).parent
LONGEST_SECONDS = 120


def asked_of_env(text: str) -> set[str]:
    """The variables that the text takes from `.env`."""
    return set(re.findall(r"\$\{(\w+)", text))


def filled_in(text: str) -> str:
    """The text with what `.env` holds, or else the text's own default."""
    return re.sub(r"\$\{(\w+)(?::[-?]([^}]*))?\}", lambda found: WRITTEN_INTO_ENV.get(found[1], found[2] or ""), text)


class Deployment:
    """The services with their own commands and environments, as processes.

    Args:
        instead: what stands here for what is in a container: addresses, folders.
    """

    def __init__(self, instead: Mapping[str, str]) -> None:
        self.instead = {"/deploy/": f"{ROOT}/deploy/temporal/", **instead}

    def run(self, service: str, *words: str | Path, **more: str) -> str:
        """Run a service, or with `words` another command of its, to its end; answers what it said."""
        done = subprocess.run(
            self.command(service, *map(str, words)),
            env=self.environment(service, **more),
            capture_output=True,
            text=True,
            timeout=LONGEST_SECONDS,
            check=False,
        )
        assert 0 == done.returncode, (service, words, done.stdout, done.stderr)
        return done.stdout

    def start(self, service: str, log: Path, **more: str) -> "subprocess.Popen[bytes]":
        """Start a service."""
        with log.open("ab") as output:
            return subprocess.Popen(
                self.command(service), env=self.environment(service, **more), stdout=output, stderr=output
            )

    def command(self, service: str, *words: str) -> list[str]:
        said = SERVICES[service]
        entry = ["datrys"] if said["image"].startswith("datrys:") else []
        command = [*said.get("entrypoint", entry), *(words or said["command"])]
        program, *arguments = map(self._here, command)
        beside = BESIDE_PYTHON / program
        return [str(beside) if beside.exists() else program, *arguments]

    def environment(self, service: str, **more: str) -> dict[str, str]:
        said = {name: self._here(filled_in(value)) for name, value in SERVICES[service]["environment"].items()}
        path = f"{BESIDE_PYTHON}{os.pathsep}{os.environ['PATH']}"
        return {"PATH": path, "PYTHONPATH": str(ROOT), "HOME": "/nonexistent", "PYTHONUNBUFFERED": "1"} | said | more

    def _here(self, text: str) -> str:
        for there, here in self.instead.items():
            text = text.replace(there, here)
        return text
