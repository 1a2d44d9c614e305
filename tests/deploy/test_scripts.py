"""What a deployment runs once: the secrets, the database's users, the namespace. Each can be run again."""

import re
import stat
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
import yaml
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.testing import WorkflowEnvironment

import settings
from tests.deploy.compose import COMPOSE, ROOT, TEXT, Deployment, asked_of_env
from tests.deploy.database import Deployed, deployed
from tests.starter.script import address_of
from workflows.story import SEARCH_ATTRIBUTES

SIX = {
    *("postgres_password", "temporal_db_password", "datrys_db_password", "datrys_database_url", "datrys_payload_keys"),
    "datrys_secret_key",
    "datrys_token",
}


def write_secrets(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the script that writes them."""
    return subprocess.run(
        ["/bin/sh", ROOT / "deploy" / "secrets.sh", *words],
        env={"DATRYS_SECRETS": str(folder), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )


def contents(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in folder.iterdir()}


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    write_secrets(tmp_path / "secrets", "try")
    return tmp_path / "secrets"


def test_the_secrets_are_all_that_compose_mounts_and_only_their_owner_can_reach_them(secrets: Path) -> None:
    """The folder is closed; the files in it can be read by the users in the containers, and written by nobody."""
    mounted = {secret["file"].removeprefix("./secrets/") for secret in COMPOSE["secrets"].values()}
    assert mounted == set(COMPOSE["secrets"]) == {file.name for file in secrets.iterdir()}
    assert 0o700 == stat.S_IMODE(secrets.stat().st_mode)
    assert {0o444} == {stat.S_IMODE(file.stat().st_mode) for file in secrets.iterdir()}


def test_the_secrets_are_written_once_and_differ_from_another_folder_to_the_next(secrets: Path, tmp_path: Path) -> None:
    """A second run changes nothing; nothing is the same twice."""
    first = contents(secrets)
    assert "" == write_secrets(secrets, "try").stdout
    assert first == contents(secrets)
    write_secrets(tmp_path / "others", "try")
    others = contents(tmp_path / "others")
    assert {"datrys_smtp_url", "datrys_token"} == {name for name in first if first[name] == others[name]}


def test_the_mail_server_is_asked_for_where_it_is_not_a_try_out(tmp_path: Path) -> None:
    """No mail goes anywhere by default."""
    said = write_secrets(tmp_path / "secrets")
    assert SIX == contents(tmp_path / "secrets").keys()
    assert f"Now write your mail server into {tmp_path}/secrets/datrys_smtp_url" in said.stderr


def test_the_secrets_are_settings(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Datrys reads them."""
    for name in ("database_url", "payload_keys", "smtp_url", "secret_key", "token"):
        monkeypatch.setenv(f"DATRYS_{name.upper()}_FILE", str(secrets / f"datrys_{name}"))
    setting = settings.load()
    password = contents(secrets)["datrys_db_password"].strip()
    assert f"postgresql+psycopg2://datrys:{password}@postgresql/datrys" == setting.database_url
    assert setting.secret_key
    assert ["key1"] == [key.name for key in setting.payload_keys]
    assert ("mailbox", 1025) == (setting.smtp_url.host, setting.smtp_url.port)
    assert setting.token is None


@pytest.mark.parametrize("made", [True, False])
def test_the_operators_token_is_written_where_compose_mounts_it(secrets: Path, tmp_path: Path, *, made: bool) -> None:
    """Made without the one before it, which may have run out; where it is not made, that one stays."""
    docker = tmp_path / "docker"
    docker.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/words\necho datrys_1_new\n{"true" if made else "false"}\n')
    docker.chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", ROOT / "deploy" / "token.sh", "--role", "business_unit", "--board", "gwent"],
        env={"DATRYS_SECRETS": str(secrets), "PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    words = (tmp_path / "words").read_text()
    assert words.startswith("compose run --rm -T -e DATRYS_TOKEN_FILE= datrys tokens make ")
    assert words.endswith(" --role operator --role business_unit --board gwent\n")
    assert (made, "datrys_1_new\n" if made else "") == (done.returncode == 0, contents(secrets)["datrys_token"])
    assert SIX | {"datrys_smtp_url"} == contents(secrets).keys()
    assert {0o444} == {stat.S_IMODE(file.stat().st_mode) for file in secrets.iterdir()}


@pytest.mark.parametrize(("running", "differs", "code"), [("worker", 0, 1), ("", 0, 0), ("", 1, 0), ("", 2, 2)])
def test_after_a_restore_what_waits_is_held_before_anything_is_looked_at(
    tmp_path: Path, running: str, differs: int, code: int
) -> None:
    """Not beside a worker, which may send meanwhile; that something differs is no failure, that nobody looked is."""
    docker = tmp_path / "docker"
    answers = f'case "$*" in *"ps "*) echo {running};; *--hold) exit 0;; *) exit {differs};; esac'
    docker.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/words\n{answers}\n')
    docker.chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", ROOT / "deploy" / "restored.sh"],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    asked = [words for words in (tmp_path / "words").read_text().splitlines() if " run " in words]
    both = ["compose run --rm -T datrys reconcile --hold", "compose run --rm -T datrys reconcile"]
    assert ([] if running else both, bool(code)) == (asked, done.returncode != 0), done


@pytest.fixture
def server(secrets: Path) -> Iterator[Deployed]:
    with deployed() as made:
        made.prepare(secrets)
        yield made


def test_each_user_of_the_database_has_its_own(server: Deployed, secrets: Path) -> None:
    """With its password, and none without; Temporal makes its databases itself and cannot enter the records."""
    passwords = {role: contents(secrets)[f"{role}_db_password"].strip() for role in ("temporal", "datrys")}

    def enter(role: str, password: str, database: str, statement: str) -> None:
        address = f"host=127.0.0.1 port={server.port} user={role} password='{password}' dbname={database}"
        with closing(psycopg2.connect(address)) as connection:
            connection.autocommit = True
            connection.cursor().execute(statement)

    enter("datrys", passwords["datrys"], "datrys", "CREATE TABLE mine (id int)")
    enter("temporal", passwords["temporal"], "postgres", "CREATE DATABASE temporal")
    for role, password, database, statement, refusal in (
        ("datrys", "wrong", "datrys", "SELECT 1", "password authentication failed"),
        ("postgres", "", "postgres", "SELECT 1", "no password supplied"),
        ("temporal", passwords["temporal"], "datrys", "SELECT 1", "permission denied for database"),
        ("datrys", passwords["datrys"], "postgres", "CREATE DATABASE more", "permission denied to create database"),
    ):
        with pytest.raises(psycopg2.Error, match=refusal):
            enter(role, password, database, statement)


async def test_the_namespace_is_made_with_its_search_attributes(real_server: WorkflowEnvironment) -> None:
    """Run twice, with another retention the second time: that one counts, and nothing else changes."""
    here = Deployment({"temporal:7233": address_of(real_server)})
    client = real_server.client
    for days in (30, 7):
        here.run("temporal-namespace", RETENTION=f"{days}d", TEMPORAL_NAMESPACE="scripted")
        found = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace="scripted"))
        assert days == found.config.workflow_execution_retention_ttl.ToTimedelta().days
        listed = await client.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace="scripted"))
        assert {key.name: int(key.indexed_value_type) for key in SEARCH_ATTRIBUTES} == {
            name: int(kind) for name, kind in listed.custom_attributes.items()
        }


def test_the_server_keeps_its_password_in_no_file_and_no_environment() -> None:
    """It is read from the secret; and the number of shards, which can never be changed, is written down."""
    text = (ROOT / "deploy" / "temporal" / "server.yaml").read_text(encoding="utf-8")
    read = yaml.safe_load(re.sub(r"\{\{.*?\}\}", "filled-in", text))
    stores = [store["sql"] for store in read["persistence"]["datastores"].values()]
    commands = [store["passwordCommand"] for store in stores]
    assert [{"command": "cat", "args": ["/run/secrets/temporal_db_password"]}] * 2 == commands
    assert not any("password" in store for store in stores)
    assert ["temporal", "temporal_visibility"] == [store["databaseName"] for store in stores]
    assert 128 == read["persistence"]["numHistoryShards"]
    connections = 4 * sum(store["maxConns"] for store in stores)
    (allowed,) = re.findall(r"max_connections=(\d+)", TEXT)
    assert connections < int(allowed)


def test_what_is_asked_of_env_is_explained_there() -> None:
    """Each variable, and none that nothing asks for."""
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert asked_of_env(TEXT) == set(re.findall(r"^(\w+)=", example, re.MULTILINE))
