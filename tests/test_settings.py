"""The settings of spec/4: what is read, what is refused, all faults at once and no secret ever."""

import base64
import os
from datetime import time
from pathlib import Path

import pytest
from pydantic import SecretStr

import settings
from settings import OfficeHours, PayloadKey, SmtpServer, WrongSetting

KEY = bytes(range(32))
KEY_TEXT = base64.b64encode(KEY).decode()
OTHER = bytes(range(1, 33))
OTHER_TEXT = base64.urlsafe_b64encode(OTHER).decode()
SECRET = "cyfrinach-hir-iawn/#@"


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith(("DATRYS_", "TEMPORAL_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", "/dev/null")
    monkeypatch.chdir(tmp_path)


def faults() -> list[str]:
    with pytest.raises(WrongSetting) as caught:
        settings.load()
    return str(caught.value).split("\n")


def test_with_nothing_set_all_is_on_this_machine(tmp_path: Path) -> None:
    """Without settings the records lie below the folder, and mail goes to the local mailbox."""
    read = settings.load()
    assert f"sqlite:///{tmp_path}/.datrys/records.db" == read.database_url
    assert SmtpServer(host="127.0.0.1", port=1025) == read.smtp_url
    assert "datrys@localhost.invalid" == read.mail_from
    assert "http://127.0.0.1:8000" == read.base_url
    assert OfficeHours(time(9), time(17)) == read.office_hours
    assert "" == read.business_unit
    assert (None, (), None) == (read.secret_key, read.payload_keys, read.editions)


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that a container file passes on empty leaves the default."""
    monkeypatch.setenv("DATRYS_MAIL_FROM", "")
    monkeypatch.setenv("DATRYS_SECRET_KEY_FILE", "")
    assert "datrys@localhost.invalid" == settings.load().mail_from


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.invalid", SmtpServer(host="mail.invalid", port=25)),
        ("smtp://mail.invalid:2525/", SmtpServer(host="mail.invalid", port=2525)),
        ("smtp://mail.invalid?starttls=required", SmtpServer(host="mail.invalid", port=587, tls="starttls")),
        ("smtps://mail.invalid", SmtpServer(host="mail.invalid", port=465, tls="implicit")),
        (
            "smtps://board:p%40ss%2Fword@mail.invalid:4650",
            SmtpServer(host="mail.invalid", port=4650, user="board", password="p@ss/word", tls="implicit"),
        ),
        ("smtp://[::1]:1025", SmtpServer(host="::1", port=1025)),
    ],
)
def test_the_mail_server_is_read_from_its_address(
    monkeypatch: pytest.MonkeyPatch, url: str, expected: SmtpServer
) -> None:
    """Scheme, options, port and password of the mail server's address mean what spec/4 says."""
    monkeypatch.setenv("DATRYS_SMTP_URL", url)
    assert expected == settings.load().smtp_url


def test_the_first_payload_key_encodes_and_all_are_kept_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key ring keeps the order in which the keys are given, in either base64 alphabet."""
    monkeypatch.setenv("DATRYS_PAYLOAD_KEYS", f"new:{OTHER_TEXT}, old:{KEY_TEXT}")
    assert (PayloadKey("new", OTHER), PayloadKey("old", KEY)) == settings.load().payload_keys


def test_office_hours_are_two_times_of_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """Office hours are read as opening and closing time."""
    monkeypatch.setenv("DATRYS_OFFICE_HOURS", "08:30 - 16:45")
    assert OfficeHours(time(8, 30), time(16, 45)) == settings.load().office_hours


def test_any_setting_may_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """NAME_FILE names a file whose stripped content is the value."""
    (tmp_path / "key").write_text(f"  {SECRET}\n")
    (tmp_path / "smtp").write_text("smtps://mail.invalid\n")
    monkeypatch.setenv("DATRYS_SECRET_KEY_FILE", str(tmp_path / "key"))
    monkeypatch.setenv("DATRYS_SMTP_URL_FILE", "smtp")
    read = settings.load()
    assert SecretStr(SECRET) == read.secret_key
    assert SmtpServer(host="mail.invalid", port=465, tls="implicit") == read.smtp_url


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "DATRYS_SECRET_KEY cannot be read from {path} (No such file or directory); mend the file or"),
        (b"\n", "DATRYS_SECRET_KEY is read from {path}, which is empty; write the value into it."),
        (b"\xff\xfe", "DATRYS_SECRET_KEY cannot be read from {path} (not UTF-8 text); mend the file or"),
    ],
)
def test_a_file_that_gives_no_value_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None, expected: str
) -> None:
    """A file that is missing, empty or no text is named with the variable."""
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setenv("DATRYS_SECRET_KEY_FILE", str(path))
    assert faults()[0].startswith(expected.format(path=path))


def test_a_value_and_a_file_for_it_are_one_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who gives both NAME and NAME_FILE is asked which one counts."""
    monkeypatch.setenv("DATRYS_SECRET_KEY", SECRET)
    monkeypatch.setenv("DATRYS_SECRET_KEY_FILE", "/run/secrets/key")
    assert ["DATRYS_SECRET_KEY is given, and so is DATRYS_SECRET_KEY_FILE; keep one of them."] == faults()


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("DATABASE_URL", f"postgres://u:{SECRET}@db/datrys", "names no database that Datrys knows; write"),
        ("DATABASE_URL", "postgresql", "names no database that Datrys knows; write"),
        (
            "SMTP_URL",
            f"smtp://u:{SECRET}@mail.invalid",
            "cannot be read; write smtp://user:password@host:port",
        ),
        ("SMTP_URL", "http://mail.invalid", "is not of the form"),
        ("SMTP_URL", "smtp://mail.invalid?tls=yes", "is not of the form"),
        ("SMTP_URL", "smtp://mail.invalid?starttls=maybe", "knows only ?starttls=required"),
        ("SMTP_URL", "smtps://mail.invalid?starttls=required", "asks for smtps:// and STARTTLS at once"),
        ("SMTP_URL", "smtp://", "cannot be read"),
        ("MAIL_FROM", "nobody", "'nobody' is no mail address"),
        ("MAIL_FROM", "a@b.invalid\nBcc: c@d.invalid", "'a@b.invalid\\nBcc: c@d.invalid' is no mail address"),
        ("BASE_URL", "board.invalid", "cannot be read; write https://host"),
        ("BASE_URL", "ftp://board.invalid", "is no address of a web site"),
        ("SECRET_KEY", "short", "is shorter than 16 characters; make one with: python3 -c "),
        ("PAYLOAD_KEYS", KEY_TEXT, "holds a key that is not name:base64 of 32 bytes; make one with: python3"),
        ("PAYLOAD_KEYS", "a:c2hvcnQ=", "holds a key that is not name:base64 of 32 bytes"),
        ("PAYLOAD_KEYS", "a:not-base-64!", "holds a key that is not name:base64 of 32 bytes"),
        (
            "PAYLOAD_KEYS",
            f"a:{KEY_TEXT},a:{OTHER_TEXT}",
            "gives two keys the same name; rename the newer one.",
        ),
        ("EDITIONS", "/nowhere", "/nowhere is no folder; name the folder with the editions"),
        ("OFFICE_HOURS", "9-5", "'9-5' is no pair of times of a day; write it like 09:00-17:00."),
        ("OFFICE_HOURS", "17:00-09:00", "'17:00-09:00' is no pair of times of a day"),
        ("OFFICE_HOURS", "09:00", "'09:00' is no pair of times of a day"),
    ],
)
def test_a_wrong_value_is_one_line_with_the_remedy_and_without_the_secret(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, expected: str
) -> None:
    """A wrong value is one line: the variable, what is wrong, what to do; a secret is never repeated."""
    monkeypatch.setenv(f"DATRYS_{name}", value)
    said = faults()
    assert 1 == len(said)
    assert said[0].startswith(f"DATRYS_{name} {expected}")
    assert not any(secret in said[0] for secret in (SECRET[:9], KEY_TEXT, OTHER_TEXT, "c2hvcnQ="))


def test_all_faults_are_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three wrong variables are three lines in one refusal."""
    for name in ("SMTP_URL", "BASE_URL", "OFFICE_HOURS"):
        monkeypatch.setenv(f"DATRYS_{name}", "wrong")
    assert ["DATRYS_SMTP_URL", "DATRYS_BASE_URL", "DATRYS_OFFICE_HOURS"] == [line.split()[0] for line in faults()]


def test_settings_can_be_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    """The written form of the settings holds no password and no key."""
    monkeypatch.setenv("DATRYS_DATABASE_URL", "postgresql://u:hunter22@db/datrys")
    monkeypatch.setenv("DATRYS_SMTP_URL", "smtp://u:hunter22@mail.invalid")
    monkeypatch.setenv("DATRYS_SECRET_KEY", "hunter22hunter22")
    monkeypatch.setenv("DATRYS_PAYLOAD_KEYS", f"hunter22:{KEY_TEXT}")
    assert "hunter22" not in f"{settings.load()!r} {settings.load()}"


def test_temporal_is_local_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without settings Temporal is the local server, else what TEMPORAL_ADDRESS and its kin say."""
    assert {"target_host": "127.0.0.1:7233"} == settings.temporal_config()
    monkeypatch.setenv("TEMPORAL_ADDRESS", "temporal.invalid:7233")
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "safeguarding")
    expected = {"target_host": "temporal.invalid:7233", "namespace": "safeguarding"}
    assert expected == settings.temporal_config()


def test_the_temporal_key_may_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """TEMPORAL_API_KEY_FILE names a file with the key, as with every secret."""
    (tmp_path / "key").write_text(f"{SECRET}\n")
    monkeypatch.setenv("TEMPORAL_API_KEY_FILE", "key")
    assert SECRET == settings.temporal_config()["api_key"]


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"TEMPORAL_CONFIG_FILE": "/nowhere"}, "TEMPORAL_CONFIG_FILE names /nowhere, which does not exist;"),
        ({"TEMPORAL_PROFILE": "other"}, "TEMPORAL_…: Profile 'other' not found;"),
        (
            {"TEMPORAL_TLS_CLIENT_CERT_PATH": "/nowhere"},
            "TEMPORAL_…: [Errno 2] No such file or directory: '/nowhere'",
        ),
        ({"TEMPORAL_API_KEY_FILE": "/nowhere"}, "TEMPORAL_API_KEY cannot be read from /nowhere"),
        (
            {"TEMPORAL_CONFIG_FILE": "broken.toml"},
            "TEMPORAL_…: Configuration loading error: TOML parse error",
        ),
    ],
)
def test_what_the_sdk_cannot_read_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variables: dict[str, str], expected: str
) -> None:
    """A fault in the settings of Temporal is one line too, which repeats nothing of a file with keys."""
    (tmp_path / "broken.toml").write_text(f"api_key = {SECRET}")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(WrongSetting) as caught:
        settings.temporal_config()
    assert 1 == len(caught.value.lines)
    assert caught.value.lines[0].startswith(expected)
    assert SECRET not in caught.value.lines[0]
