"""sheetsync.toml goes in, the settings of a run come out; every complaint names the file, the table and the key.

    [[workbooks]]                       what to keep up to date, and when
    [connectors.NAME.ACCOUNT]           an account of a service: secrets by reference, or what the operator permits
    language, timezone, history, …      for all of them

Any key of the top level can also be set by an environment variable, `SHEETSYNC_LANGUAGE` for `language`.
"""

from __future__ import annotations

import dataclasses
import json
import os
import tomllib
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from sheetsync.errors import ConfigError
from sheetsync.secrets import Secret, Vault

FILE_NAME: Final = "sheetsync.toml"
_EVERY: Final = r"^[1-9]\d{0,3}(m|h)$"
_AT: Final = r"^([01]\d|2[0-3]):[0-5]\d$"
_QUIET: Final = r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$"
_DAYS: Final = r"^(daily|(mon|tue|wed|thu|fri|sat|sun)([-,](mon|tue|wed|thu|fri|sat|sun))*)$"


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class WorkbookConfig(_Table):
    """One workbook: where it is, how its rows are judged, what its links may ask for, when it runs."""

    path: str = Field(
        description="The path of the .xlsx or .xlsm file, a relative one begins in the folder of this file; or the address of a "
        "Google spreadsheet."
    )
    period: str = Field(default="", description="The period of rows and sheets that name none, such as 2027-Q1 or 2027.")
    language: Literal["en", "zh", ""] = Field(
        default="", description="The language of what is written into it; by default the general one."
    )
    timezone: str = Field(default="", description="Its time zone, such as Europe/Berlin; by default the general one.")
    pace: Literal["calendar", "workdays"] = Field(
        default="calendar", description="How the share of the period that has passed is counted."
    )
    bands: Literal["pace", "score"] = Field(
        default="pace", description="Judge progress against the pace of the period, or by 0.7 and 0.3."
    )
    colours: Literal["auto", "off"] = Field(
        default="auto", description="Colour the progress cells where no conditional format covers them."
    )
    allow: tuple[str, ...] = Field(
        default=("*",), description="What its links may ask for: connector/account/resource, * for anything."
    )
    write_mode: Literal["anchored", "mirror"] = Field(
        default="anchored",
        description="How a Google spreadsheet is written: into its cells, or into a worksheet of its own that they look up.",
    )
    backups: int = Field(default=5, ge=0, le=100, description="How many earlier states of the file are kept in the state folder.")
    every: Annotated[str, Field(pattern=_EVERY)] | None = Field(default=None, description="Run so often, such as 15m or 2h.")
    at: tuple[Annotated[str, Field(pattern=_AT)], ...] = Field(
        default=(), description="Run at these times of day, such as 08:00."
    )
    days: Annotated[str, Field(pattern=_DAYS)] = Field(default="daily", description="Run on these days, such as mon-fri.")

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        return _zone(name)

    @property
    def name(self) -> str:
        """For people: the file's name, or the address."""
        return self.path if "://" in self.path else Path(self.path).name


class GoogleConfig(_Table):
    """How sheetsync signs in at Google for workbooks that are spreadsheets there; with none of these, as the machine does."""

    service_account: dict[str, Any] | None = Field(
        default=None, description="Where the key file (JSON) of a service account is; spreadsheets are shared with its address."
    )
    client_id: str = Field(default="", description="OAuth client ID, where a person signs in and not a service account.")
    client_secret: dict[str, Any] | None = Field(default=None, description="Where the secret of that OAuth client is.")
    refresh_token: dict[str, Any] | None = Field(default=None, description="Where the refresh token is of the person who agreed.")
    api_url: str = Field(default="", description="An address that stands in for Google's own, such as a proxy.")


class AlertConfig(_Table):
    """Where people are told when something breaks and when it is well again."""

    kind: Literal["slack", "teams", "feishu", "dingtalk", "wecom", "mail", "apprise"] = Field(
        description="What takes the message."
    )
    url: dict[str, Any] | None = Field(default=None, description="Where the secret address of the hook is; not for mail.")
    secret: dict[str, Any] | None = Field(default=None, description="Where the key is that signs messages (Feishu, DingTalk).")
    events: tuple[Literal["broken", "off track", "done", "review"], ...] = Field(
        default=("broken", "off track", "done", "review"),
        description="What to tell: broken links and sources, rows off track, targets reached, the review on its day.",
    )
    quiet: Annotated[str, Field(pattern=_QUIET)] | None = Field(
        default=None, description="No messages in these hours: 22:00-07:00."
    )
    private: bool = Field(default=False, description="True where the hook lies inside the company's network.")
    server: str = Field(default="", description="The mail server.")
    port: int = Field(default=465, ge=1, le=65535, description="Its port: 465 for TLS, others for STARTTLS.")
    user: str = Field(default="", description="The mail server's user.")
    password: dict[str, Any] | None = Field(default=None, description="Where that user's password is.")
    sender: str = Field(default="", description="The address that mails come from.")
    to: tuple[str, ...] = Field(default=(), description="The addresses that mails go to.")
    plain: bool = Field(default=False, description="True for a mail server on this machine that speaks no TLS.")


class ReviewConfig(_Table):
    """When the daemon sends the review to the targets of the alerts."""

    days: Annotated[str, Field(pattern=_DAYS)] = Field(default="mon", description="The day, such as mon or mon,thu.")
    at: Annotated[str, Field(pattern=_AT)] = Field(default="09:00", description="The time of day.")
    cadence: Literal["weekly", "monthly", "quarterly"] = Field(
        default="weekly",
        description="weekly: each such day; monthly, quarterly: the first such day of the month or quarter.",
    )
    timezone: str = Field(default="", description="The time zone of that time; by default the general one.")

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        return _zone(name)


def _zone(name: str) -> str:
    try:
        if name:
            ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("a time zone such as Europe/Berlin") from None
    return name


class _Document(BaseSettings):
    """The whole file, before the accounts are read by their connectors."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, env_prefix="SHEETSYNC_")

    language: Literal["en", "zh", ""] = Field(default="", description="The language of messages; by default the terminal's.")
    timezone: str = Field(default="", description="The time zone of days and dates; by default the system's.")
    history: str = Field(default="", description="The path of the history database; by default in the user's state folder.")
    deadline_seconds: int = Field(default=300, ge=1, le=3600, description="How long one run of one workbook may take.")
    status_port: int | None = Field(
        default=None, ge=0, le=65535, description="The port of the daemon's status page; none by default."
    )
    status_host: str = Field(
        default="127.0.0.1", description="Where it listens; another address than loopback needs status_token."
    )
    status_token: dict[str, Any] | None = Field(default=None, description="Where the secret is that the page asks for.")
    plugins: tuple[str, ...] = Field(default=(), description="Connectors of other installed packages that may be loaded.")
    workbooks: tuple[WorkbookConfig, ...] = Field(default=(), description="The workbooks to keep up to date.")
    alerts: tuple[AlertConfig, ...] = Field(default=(), description="Where people are told what broke.")
    google: GoogleConfig | None = Field(default=None, description="How Google spreadsheets are reached.")
    review: ReviewConfig | None = Field(default=None, description="When the review is sent to them; never by default.")
    connectors: dict[str, dict[str, dict[str, Any]]] = Field(default={}, description="Accounts: [connectors.NAME.ACCOUNT].")

    _file: typing.ClassVar[Mapping[str, Any]] = {}

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        return _zone(name)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is that of pydantic-settings
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, init_settings


@dataclasses.dataclass(frozen=True, slots=True)
class Config:
    """The settings of a run. `folder` is where relative paths begin; `accounts` are as written, for their connectors to read."""

    file: Path | None
    folder: Path
    language: str = ""
    timezone: str = ""
    history: Path | None = None
    deadline_seconds: int = 300
    status_port: int | None = None
    status_host: str = "127.0.0.1"
    status_token: Mapping[str, Any] | None = None
    plugins: tuple[str, ...] = ()
    workbooks: tuple[WorkbookConfig, ...] = ()
    alerts: tuple[AlertConfig, ...] = ()
    google: GoogleConfig = GoogleConfig()
    review: ReviewConfig | None = None
    accounts: Mapping[str, Mapping[str, Mapping[str, Any]]] = dataclasses.field(default_factory=dict)

    def path(self, text: str) -> Path:
        """A path of the configuration, relative to its file."""
        return (self.folder / Path(text).expanduser()).absolute()


def find(given: Path | None, here: Path, user_folder: Path) -> Path | None:
    """The file to read: the one that was named, `sheetsync.toml` here, or the user's own; None where there is none.

    Raises ConfigError where a named file is missing.
    """
    if given is not None:
        if not given.is_file():
            raise ConfigError("There is no configuration file {path}.", path=given, advice="Make one with: sheetsync init")
        return given
    return next((path for path in (here / FILE_NAME, user_folder / FILE_NAME) if path.is_file()), None)


def load(file: Path | None, here: Path) -> Config:
    """The settings of a file, or of the environment alone where there is none. Raises ConfigError."""
    raw = _written(file) if file is not None else {}
    try:
        read = _Document(**raw)
    except ValidationError as error:
        raise _complaint(file, (), error) from None
    except SettingsError:
        raise ConfigError(
            "An environment variable that begins with SHEETSYNC_ cannot be read.",
            advice="Lists and tables in the environment are written as JSON; or leave the variable out.",
        ) from None
    folder = file.resolve().parent if file is not None else here
    return Config(
        file=file, folder=folder, language=read.language, timezone=read.timezone,
        history=(folder / Path(read.history).expanduser()).absolute() if read.history else None,
        deadline_seconds=read.deadline_seconds, status_port=read.status_port, status_host=read.status_host,
        status_token=read.status_token, plugins=read.plugins, workbooks=read.workbooks, alerts=read.alerts,
        google=read.google or GoogleConfig(), review=read.review, accounts=read.connectors,
    )  # fmt: skip


def _written(file: Path) -> dict[str, Any]:
    """What stands in the file. Raises ConfigError."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError:
        raise ConfigError("The configuration file {path} cannot be read.", path=file) from None
    except UnicodeDecodeError:
        raise ConfigError("The configuration file {path} is not saved as UTF-8.", path=file, advice="Save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            "{path} is not valid TOML: {problem}.", path=file, problem=str(error),
            advice="Mend that line; text stands in quotes, and each table begins with its name in brackets.",
        ) from None  # fmt: skip


def account_settings(config: Config, connector: str, account: str, settings_type: type[Any], vault: Vault) -> Any:
    """One account, read into the settings class of its connector. Raises ConfigError."""
    raw = dict(config.accounts[connector][account])
    table = ("connectors", connector, account)
    hints = typing.get_type_hints(settings_type)
    fields = {field.name for field in dataclasses.fields(settings_type)}
    for name in raw.keys() & fields:
        if Secret in (hints[name], *typing.get_args(hints[name])):
            raw[name] = _secret(config, table, name, raw[name], vault, plain=str in typing.get_args(hints[name]))
    if "base" in fields:  # the folder in which a local source's relative paths begin is not the operator's to write
        raw["base"] = str(config.folder)
    try:
        return TypeAdapter(settings_type).validate_python(raw)
    except ValidationError as error:
        raise _complaint(config.file, table, error) from None


def _secret(config: Config, table: tuple[str, ...], name: str, value: Any, vault: Vault, *, plain: bool) -> Secret | str:
    where = ".".join((*table, name))
    if isinstance(value, Mapping) and len(value) == 1:
        return Secret(value, vault, where)
    if plain and isinstance(value, str):
        return value
    raise ConfigError(
        "In {file}, [{table}], {key} must say where the secret is, not hold it.",
        file=config.file, table=".".join(table), key=name,
        advice='Write {env = "NAME"}, {file = "PATH"}, {command = ["…"]} or {keyring = "ENTRY"}.',
    )  # fmt: skip


_PROBLEMS: Final[Mapping[str, str]] = {
    "missing": "In {file}, [{table}], {key} is missing.",
    "extra_forbidden": "In {file}, [{table}], {key} is not a key that is known here.",
    "unexpected_keyword_argument": "In {file}, [{table}], {key} is not a key that is known here.",
    "string_pattern_mismatch": "In {file}, [{table}], {key} is not written in a way that is known here.",
    "string_type": "In {file}, [{table}], {key} needs a text in quotes.",
    "tuple_type": "In {file}, [{table}], {key} needs a list in square brackets.",
    "dict_type": "In {file}, [{table}], {key} needs a table.",
    "int_type": "In {file}, [{table}], {key} needs a whole number.",
    "int_parsing": "In {file}, [{table}], {key} needs a whole number.",
    "greater_than_equal": "In {file}, [{table}], {key} needs a larger number.",
    "less_than_equal": "In {file}, [{table}], {key} needs a smaller number.",
}


def _complaint(file: Path | None, table: tuple[str, ...], error: ValidationError) -> ConfigError:
    """The first problem, in words. What was written is not repeated: it could be a secret in the wrong place."""
    found = error.errors(include_url=False, include_input=False)
    mistyped = ("extra_forbidden", "unexpected_keyword_argument")
    first = min(found, key=lambda one: one["type"] not in mistyped)  # a key mistyped is also one that is missing
    place = [*table, *(str(part) for part in first["loc"] if not str(part).startswith(("tuple[", "constrained-", "function-")))]
    key, where = (place[-1], ".".join(place[:-1])) if place else ("", "")
    if key.isdigit():
        key, where = f"{place[-2]}, entry {int(key) + 1}", ".".join(place[:-2])
    variable = f"SHEETSYNC_{place[0]}".upper() if place and not table else ""
    where = ".".join(str(int(part) + 1) if part.isdigit() else part for part in where.split("."))
    wish = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ").replace("{", "(").replace("}", ")")
    return ConfigError(
        _PROBLEMS.get(first["type"], "In {file}, [{table}], {key} needs {wish}."),
        file=variable if variable in os.environ else file, table=where or "top level", key=key, wish=wish,
        advice="config/sheetsync.example.toml shows every key.",
    )  # fmt: skip


# --- a schema for editors ----------------------------------------------------------------------------------------------

_SECRET_SCHEMA: Final[JsonSchemaValue] = {
    "description": "Where the secret is kept; it never stands in this file.",
    "type": "object",
    "minProperties": 1,
    "maxProperties": 1,
    "additionalProperties": False,
    "properties": {
        "env": {"type": "string"},
        "file": {"type": "string"},
        "command": {"type": "array", "items": {"type": "string"}},
        "keyring": {"type": "string"},
    },
}


class _Schema(GenerateJsonSchema):
    def is_instance_schema(self, schema: core_schema.IsInstanceSchema) -> JsonSchemaValue:
        return dict(_SECRET_SCHEMA) if schema["cls"] is Secret else super().is_instance_schema(schema)


def json_schema(settings_types: Mapping[str, type[Any]]) -> str:
    """The JSON schema of sheetsync.toml, for editors; `settings_types` by connector."""
    schema = _Document.model_json_schema(schema_generator=_Schema)
    accounts: dict[str, Any] = {}
    for name, settings_type in sorted(settings_types.items()):
        one = TypeAdapter(settings_type).json_schema(schema_generator=_Schema)
        schema.setdefault("$defs", {}).update(one.pop("$defs", {}))
        hints = {field.name: field.metadata.get("about", "") for field in dataclasses.fields(settings_type)}
        for key, described in one["properties"].items():
            described.setdefault("description", hints[key])
        one["properties"].pop("base", None)
        one["required"] = [key for key in one.get("required", []) if key != "base"]
        accounts[name] = {"type": "object", "additionalProperties": one, "description": f"Accounts of {name}."}
    schema["properties"]["connectors"] = {"type": "object", "properties": accounts}
    schema["title"] = "sheetsync.toml"
    schema.pop("description", None)
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
