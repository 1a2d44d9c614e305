"""What the environment says: every setting of Datrys, read once, and every fault in it said at once.

Each variable ``NAME`` may be given as ``NAME_FILE``, a path whose content is the value, so that no secret has
to stand in an environment. How Temporal is reached is the SDK's own envconfig; see `temporal_config`.
"""

import base64
import binascii
import os
from contextlib import suppress
from datetime import time
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict
from temporalio.envconfig import ClientConfig, ClientConnectConfig
from typing_extensions import override

from protocols.errors import DatrysError

PREFIX = "DATRYS_"
DATABASES = ("sqlite", "sqlite+pysqlite", "postgresql", "postgresql+psycopg2")
LOCAL_TEMPORAL = "127.0.0.1:7233"
KEY_BYTES = 32
SHORTEST_SECRET = 16
LATER = frozenset({"DATRYS_TOKEN"})
"""A file for it may be empty: a deployment mounts it before there is a token to write into it."""


class WrongSetting(DatrysError):
    """Settings that cannot be used. A line a fault: which variable, what is wrong, what to do."""

    exit_code = 2


class SmtpServer(BaseModel):
    """Where mail is handed over. With ``starttls`` and ``implicit`` nothing is sent without TLS."""

    model_config = ConfigDict(frozen=True)

    host: str
    port: int
    user: str | None = None
    password: str | None = Field(default=None, repr=False)
    tls: Literal["none", "starttls", "implicit"] = "none"


class PayloadKey(NamedTuple):
    """One key of the ring that encrypts what Temporal stores; its name is stored beside what it encrypted."""

    name: str
    key: bytes


class OfficeHours(NamedTuple):
    """The local times between which an office answers."""

    opens: time
    closes: time


def _database_url(value: str) -> str:
    scheme = value.partition("://")[0]
    if scheme not in DATABASES or "://" not in value:
        raise ValueError(
            "names no database that Datrys knows; write postgresql+psycopg2://user:password@host/name"
            " or sqlite:////folder/records.db"
        )
    return value


def _url(value: str, shape: str) -> SplitResult:
    """Split, and repeat nothing: with an unescaped sign in a password, part of it ends up as the port."""
    with suppress(ValueError):
        parts = urlsplit(value)
        if parts.hostname and parts.port != 0:
            return parts
    raise ValueError(f"cannot be read; write {shape}, with special signs in a password as %40 and the like")


def _smtp_server(value: object) -> object:
    if not isinstance(value, str):
        return value
    parts = _url(value, "smtp://user:password@host:port or smtps://…")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    starttls = options.pop("starttls", None)
    if parts.scheme not in ("smtp", "smtps") or parts.path not in ("", "/") or options:
        raise ValueError("is not of the form smtp://user:password@host:port, smtps://… or smtp://…?starttls=required")
    if starttls not in (None, "required"):
        raise ValueError("knows only ?starttls=required; write that, or leave it out for a connection without TLS")
    if starttls and parts.scheme == "smtps":
        raise ValueError("asks for smtps:// and STARTTLS at once; keep one of them")
    tls: Literal["none", "starttls", "implicit"] = (
        "implicit" if parts.scheme == "smtps" else "starttls" if starttls else "none"
    )
    return SmtpServer(
        host=parts.hostname or "",
        port=parts.port or {"implicit": 465, "starttls": 587, "none": 25}[tls],
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        tls=tls,
    )


def _mail_from(value: str) -> str:
    address = parseaddr(value)[1]
    if not value.isprintable() or address.count("@") != 1 or not all(address.split("@")) or " " in address:
        raise ValueError(f"{value!r} is no mail address; write it like safeguarding@board.invalid")
    return value


def _base_url(value: str) -> str:
    parts = _url(value, "https://host")
    if parts.scheme not in ("http", "https") or parts.query or parts.fragment or parts.username:
        raise ValueError("is no address of a web site; write it like https://datrys.board.invalid")
    return value.rstrip("/")


def _issuer(value: str) -> str:
    return _base_url(value) if value else value


def _secret_key(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < SHORTEST_SECRET:
        raise ValueError(
            f"is shorter than {SHORTEST_SECRET} characters; make one with:"
            " python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
        )
    return value


def _payload_key(entry: str) -> PayloadKey:
    name, _, encoded = entry.strip().partition(":")
    try:
        key = base64.b64decode(encoded.strip().translate(str.maketrans("-_", "+/")), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not name.strip() or len(key) != KEY_BYTES:
        raise ValueError(
            f"holds a key that is not name:base64 of {KEY_BYTES} bytes; make one with:"
            " python3 -c 'import base64, os; print(\"key1:\" + base64.b64encode(os.urandom(32)).decode())'"
        )
    return PayloadKey(name.strip(), key)


def _payload_keys(value: object) -> object:
    if not isinstance(value, str):
        return value
    keys = tuple(_payload_key(entry) for entry in value.split(",") if entry.strip())
    if len({key.name for key in keys}) != len(keys):
        raise ValueError("gives two keys the same name; rename the newer one")
    return keys


def _editions(value: Path) -> Path:
    if not value.is_dir():
        raise ValueError(f"{value} is no folder; name the folder with the editions, or leave it out for those shipped")
    return value.resolve()


def _sign_of_life(value: Path) -> Path:
    if not os.access(value.absolute().parent, os.W_OK):
        raise ValueError(f"{value} is in no folder that can be written to; name a file such as /tmp/alive")
    return value


def _office_hours(value: object) -> object:
    if not isinstance(value, str):
        return value
    with suppress(ValueError):
        opens, closes = (time.fromisoformat(part.strip()) for part in value.split("-"))
        if opens < closes:
            return OfficeHours(opens, closes)
    raise ValueError(f"{value!r} is no pair of times of a day; write it like 09:00-17:00")


class _Fault(NamedTuple):
    """Stands for a value that could not be read, so that it is reported together with all other faults."""

    words: str


def _variable(field: str) -> str:
    return PREFIX + field.upper()


def _from_file(variable: str) -> str | _Fault | None:
    if os.environ.get(variable):
        return _Fault(f"is given, and so is {variable}_FILE; keep one of them")
    path = os.environ[f"{variable}_FILE"]
    try:
        value = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        return _Fault(f"cannot be read from {path} ({why}); mend the file or {variable}_FILE")
    if not value and variable in LATER:
        return None
    return value or _Fault(f"is read from {path}, which is empty; write the value into it")


class _FromFiles(PydanticBaseSettingsSource):
    """Takes a value from the file that ``NAME_FILE`` names."""

    @override
    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        variable = _variable(field_name)
        value = _from_file(variable) if os.environ.get(f"{variable}_FILE") else None
        return value, field_name, False

    @override
    def __call__(self) -> dict[str, Any]:
        fields = self.settings_cls.model_fields.items()
        values = {name: self.get_field_value(field, name)[0] for name, field in fields}
        return {name: value for name, value in values.items() if value is not None}


def _records_beside() -> str:
    return f"sqlite:///{Path.cwd()}/.datrys/records.db"


class Settings(BaseSettings):
    """All settings of Datrys, checked. Read them with `load`, which says what is wrong in plain words."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True)

    database_url: Annotated[str, AfterValidator(_database_url)] = Field(default_factory=_records_beside, repr=False)
    smtp_url: Annotated[SmtpServer, NoDecode, BeforeValidator(_smtp_server)] = SmtpServer(host="127.0.0.1", port=1025)
    mail_from: Annotated[str, AfterValidator(_mail_from)] = "datrys@localhost.invalid"
    base_url: Annotated[str, AfterValidator(_base_url)] = "http://127.0.0.1:8000"
    secret_key: Annotated[SecretStr, AfterValidator(_secret_key)] | None = None
    payload_keys: Annotated[tuple[PayloadKey, ...], NoDecode, BeforeValidator(_payload_keys)] = Field(
        default=(), repr=False
    )
    editions: Annotated[Path, AfterValidator(_editions)] | None = None
    oidc_issuer: Annotated[str, AfterValidator(_issuer)] = ""
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr | None = None
    oidc_acr: str = ""
    code_reads: bool = False
    mailbox_url: Annotated[str, AfterValidator(_issuer)] = ""
    office_hours: Annotated[OfficeHours, NoDecode, BeforeValidator(_office_hours)] = OfficeHours(time(9), time(17))
    business_unit: str = ""
    token: SecretStr | None = None
    sign_of_life: Annotated[Path, AfterValidator(_sign_of_life)] | None = None

    @field_validator("*", mode="before")
    @classmethod
    def _report_what_could_not_be_read(cls, value: object) -> object:
        if isinstance(value, _Fault):
            raise ValueError(value.words)
        return value

    @override
    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What a caller passes counts first, then files, then the environment; no ``.env`` is looked for."""
        return init_settings, _FromFiles(settings_cls), env_settings


def load() -> Settings:
    """Read all settings from the environment.

    Raises:
        WrongSetting: with one line for each variable that is wrong.
    """
    try:
        return Settings()
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False)
        raise WrongSetting(*(_in_words(str(fault["loc"][0]), fault) for fault in faults)) from None


def _in_words(field: str, fault: Any) -> str:
    own = fault.get("ctx", {}).get("error")
    return f"{_variable(field)} {own or fault['msg']}."


def temporal_config() -> ClientConnectConfig:
    """How Temporal is reached, as its own tools read it (``TEMPORAL_ADDRESS`` …); by default locally.

    Raises:
        WrongSetting: where the SDK cannot make sense of it.
    """
    overrides = dict(os.environ)
    file = overrides.get("TEMPORAL_CONFIG_FILE")
    if file and not Path(file).exists():
        raise WrongSetting(f"TEMPORAL_CONFIG_FILE names {file}, which does not exist; mend it or leave it out.")
    if overrides.get("TEMPORAL_API_KEY_FILE"):
        key = _from_file("TEMPORAL_API_KEY")
        if isinstance(key, _Fault):
            raise WrongSetting(f"TEMPORAL_API_KEY {key.words}.")
        overrides["TEMPORAL_API_KEY"] = key or ""
    try:
        config = ClientConfig.load_client_connect_config(override_env_vars=overrides)
    except (OSError, RuntimeError) as error:
        # Only the first line: those after it repeat the file, and with it perhaps a key.
        raise WrongSetting(f"TEMPORAL_…: {str(error).splitlines()[0]}; mend the variable or file it names.") from None
    config.setdefault("target_host", LOCAL_TEMPORAL)
    return config
