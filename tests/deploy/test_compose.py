"""docker-compose.yml and Dockerfile keep what the README promises of them; no container engine is needed to see it."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from settings import Settings
from tests.deploy.compose import COMPOSE, ROOT, SERVICES, TEXT
from tests.server import binary
from tests.test_docs import commands
from tests.test_house import imported

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PINNED = re.compile(r"[\w./-]+:\d+(\.\d+)+(-[a-z0-9.-]+)?")
ONCE = {"temporal-schema", "temporal-namespace", "migrate"}
BY_HAND = {"datrys"}
LONG_RUNNING = SERVICES.keys() - ONCE - BY_HAND
SECRET = re.compile(r"(PASSWORD|PASSWD|PWD|SECRET|KEYS?|TOKEN|DATABASE_URL|SMTP_URL)$")

every_service = pytest.mark.parametrize("name", SERVICES)


def environment(name: str) -> dict[str, str]:
    found: dict[str, str] = SERVICES[name].get("environment", {})
    return found


def from_this_folder(name: str) -> list[str]:
    """What of this folder a service mounts."""
    volumes: list[str] = SERVICES[name].get("volumes", [])
    return [volume for volume in volumes if volume.startswith("./")]


@every_service
def test_every_image_is_pinned_by_its_version(name: str) -> None:
    """Never `latest`, and never the `auto-setup` that Temporal has given up."""
    image = SERVICES[name]["image"]
    assert PINNED.fullmatch(image), image
    assert "auto-setup" not in image


def test_the_images_are_of_the_versions_that_are_tested() -> None:
    """Temporal and its UI as `make run` has them, ours as pyproject.toml, Python as the tests run on."""
    version = subprocess.run([binary("temporal"), "--version"], capture_output=True, text=True, check=True).stdout
    server, ui = re.findall(r"(?:Server|UI) ([\d.]+)", version)
    images = {name: service["image"] for name, service in SERVICES.items()}
    assert {f"temporalio/server:{server}"} == {images["temporal"]}
    assert {f"temporalio/admin-tools:{server}"} == {images["temporal-schema"], images["temporal-namespace"]}
    assert {f"temporalio/ui:{ui}"} == {images["temporal-ui"]}
    ours = {image for image in images.values() if image.startswith("datrys:")}
    assert {f"datrys:{PROJECT['project']['version']}"} == ours
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert 2 == len(bases)
    assert re.fullmatch(r"python:3\.11\.\d+-slim-bookworm", *set(bases))


@pytest.mark.parametrize("name", sorted(LONG_RUNNING))
def test_what_runs_for_long_has_a_health_check_and_is_started_again(name: str) -> None:
    """After a fault, and after the machine itself was started again."""
    check = SERVICES[name]["healthcheck"]
    assert "CMD" == check["test"][0]
    assert {"interval", "timeout", "retries", "start_period"} < check.keys()
    assert "unless-stopped" == SERVICES[name]["restart"]


@pytest.mark.parametrize("name", sorted(ONCE))
def test_what_runs_once_is_tried_again_a_few_times(name: str) -> None:
    """And what depends on it waits until it has done its work."""
    assert re.fullmatch(r"on-failure:\d", SERVICES[name]["restart"])
    after = [service.get("depends_on", {}).get(name) for service in SERVICES.values()]
    assert {"condition": "service_completed_successfully"} in after


@pytest.mark.parametrize("name", [name for name in SERVICES if "depends_on" in SERVICES[name]])
def test_nothing_starts_before_what_it_needs_is_well(name: str) -> None:
    """A service that runs on is waited for until it is healthy, one that runs once until it is done."""
    for other, how in SERVICES[name]["depends_on"].items():
        wanted = "service_completed_successfully" if other in ONCE else "service_healthy"
        assert wanted == how["condition"]


@every_service
def test_nothing_is_published_beyond_this_machine(name: str) -> None:
    """And the databases and the engine not even on it."""
    ports = SERVICES[name].get("ports", [])
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert bool(ports) == (name in {"web", "temporal-ui", "mailbox"})


def test_only_what_must_reach_the_outside_does() -> None:
    """Databases and engine are on a network that leads nowhere; mail goes out, and pages are looked at."""
    assert COMPOSE["networks"]["inside"]["internal"]
    assert {"worker", "web", "datrys", "temporal-ui", "mailbox"} == {
        name for name, service in SERVICES.items() if "outside" in service["networks"]
    }


@every_service
def test_nobody_is_root_and_nothing_can_be_written_but_data(name: str) -> None:
    """No capability, no new privilege, a file system to read only, and what is mounted from here is not written."""
    service = SERVICES[name]
    assert service["user"].split(":")[0] not in {"", "root", "0"}
    assert (True, ["ALL"], ["no-new-privileges:true"]) == (
        *(service[key] for key in ("read_only", "cap_drop", "security_opt")),
    )
    assert "privileged" not in service
    assert all(volume.endswith(":ro") for volume in from_this_folder(name))


@every_service
def test_what_is_mounted_is_there(name: str) -> None:
    """A file that is missing would be mounted as an empty folder."""
    files = [ROOT / volume.split(":")[0] for volume in from_this_folder(name)]
    assert [] == [file for file in files if not file.is_file() and file.name != "files"]


@every_service
def test_no_secret_stands_in_an_environment(name: str) -> None:
    """It is named as a file, which is one of the secrets that this service is given, and of no other."""
    found = environment(name)
    assert [] == [key for key in found if SECRET.search(key)]
    named = {value.removeprefix("/run/secrets/") for key, value in found.items() if key.endswith("_FILE")}
    given = set(SERVICES[name].get("secrets", []))
    files = [ROOT / volume.split(":")[0] for volume in from_this_folder(name)]
    mounted = "".join(file.read_text(encoding="utf-8") for file in files if file.is_file())
    assert given == {secret for secret in COMPOSE["secrets"] if secret in named or secret in mounted}


def test_the_settings_are_settings() -> None:
    """None is misspelt: it would be passed over in silence."""
    known = {f"DATRYS_{field.upper()}" for field in Settings.model_fields}
    for name in SERVICES:
        ours = {key.removesuffix("_FILE") for key in environment(name) if key.startswith("DATRYS_")}
        assert ours <= known


def test_there_is_more_than_one_worker_and_each_is_given_time_to_end() -> None:
    """More than the 30 seconds that the worker gives its activities; no name that two of them could not share."""
    worker = SERVICES["worker"]
    assert worker["deploy"]["replicas"] >= 2
    assert "45s" == worker["stop_grace_period"]
    assert "container_name" not in worker
    assert ["CMD", "datrys", "check", "--worker"] == worker["healthcheck"]["test"]


def test_worker_script_and_web_hook_have_the_same_key() -> None:
    """A link that one makes the other knows; what the one seals the other reads."""
    assert ["/run/secrets/datrys_secret_key"] * 3 == [
        environment(name)["DATRYS_SECRET_KEY_FILE"] for name in ("worker", "web", "datrys")
    ]


def test_the_web_hook_is_asked_for_its_health_where_it_listens() -> None:
    """By the words of its command, on the port that is published on this machine."""
    said, command = SERVICES["web"], commands()["web"]
    options = command.make_context("web", said["command"][1:]).params
    assert ("0.0.0.0", "web") == (options["host"], said["command"][0])  # noqa: S104 - within its container
    assert [f"127.0.0.1:{options['port']}:{options['port']}"] == said["ports"]
    assert f"//127.0.0.1:{options['port']}/readyz" in said["healthcheck"]["test"][-1]


def test_data_and_secrets_stay_out_of_git() -> None:
    """And out of the image, which holds what the wheel does, the examples and the script."""
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    assert {"/secrets/", "/.env", "/files/"} <= set(ignored)
    everything, *let_through = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()[1:]
    assert "*" == everything
    wheel = set(PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"])
    assert wheel | {"deploy/datrys", "examples", "requirements-run.txt"} == {
        line.removeprefix("!") for line in let_through if line.startswith("!")
    }


def test_the_script_of_the_image_is_that_of_the_project() -> None:
    """The same function is called."""
    module, function = PROJECT["project"]["scripts"]["datrys"].split(":")
    script = (ROOT / "deploy" / "datrys").read_text(encoding="utf-8")
    assert script.endswith(f"from {module} import {function}\n\n{function}()\n")


# --- what the image installs


def locked(name: str) -> dict[str, str]:
    """Package to version and hashes."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return {match[1]: match[2] for match in re.finditer(r"^([\w.-]+)(==[^#]*)", text, re.MULTILINE)}


def extra(name: str) -> set[str]:
    """The packages of an extra."""
    return {re.split(r"[=<>]", wanted)[0] for wanted in PROJECT["project"]["optional-dependencies"][name]}


def test_the_image_has_what_the_tests_ran_with_and_no_more() -> None:
    """The same versions with the same hashes; nothing that is for development, nor a Temporal of its own."""
    run, all_of_it = locked("requirements-run.txt"), locked("requirements.txt")
    assert run == {name: all_of_it[name] for name in run}
    assert all("--hash=sha256:" in pins for pins in run.values())
    assert set() == (extra("up") | extra("dev")) & run.keys()
    assert "http" not in "".join(run.values())
    assert re.search(r"--require-hashes\s+--requirement /requirements-run\.txt", DOCKERFILE)


ELSEWHERE = {
    "yaml": "pyyaml",
    "dateutil": "python-dateutil",
    "psycopg2": "psycopg2-binary",
    "google": "protobuf",
    "docx": "python-docx",
}


def test_the_image_has_every_package_that_is_imported() -> None:
    """Of the folders that are in it; what is for `datrys up` and its like is missed there in one plain line."""
    ours = {line.removeprefix("!").removesuffix(".py") for line in (ROOT / ".dockerignore").read_text().splitlines()}
    files = [file for name in ours for file in (*(ROOT / name).rglob("*.py"), ROOT / f"{name}.py") if file.is_file()]
    names = set().union(*map(imported, files)) - ours - set(sys.stdlib_module_names)
    wanted = {ELSEWHERE.get(name, name).replace("_", "-") for name in names}
    assert set() == wanted - locked("requirements-run.txt").keys() - extra("up")


def test_no_step_of_the_image_runs_as_root_when_it_is_done() -> None:
    """The user is a number, so that it can be told from root without looking into the image."""
    user = re.findall(r"^USER (\S+)", DOCKERFILE, re.MULTILINE)
    assert [SERVICES["worker"]["user"]] == user
    assert DOCKERFILE.rindex("USER") > DOCKERFILE.rindex("RUN")
    assert ":latest" not in TEXT + DOCKERFILE


def test_every_secret_is_a_file_outside_the_project() -> None:
    """Below the folder that git does not keep."""
    secrets: dict[str, Any] = COMPOSE["secrets"]
    assert all(set(secret) == {"file"} and Path(secret["file"]).parts[0] == "secrets" for secret in secrets.values())
