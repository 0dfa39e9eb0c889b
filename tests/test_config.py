"""The settings: every complaint names the file, the table and the key, and no secret may stand among them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from sheetsync.config import FILE_NAME, Config, account_settings, find, json_schema, load
from sheetsync.connectors.base import Settings, setting
from sheetsync.errors import ConfigError
from sheetsync.secrets import Secret, Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Account(Settings):
    key: Secret = setting("The key.")
    region: str = setting("The region.", "eu")
    number: int = setting("A number.", 1)
    base: str = setting("Where relative paths begin.", "")


def written(folder: Path, text: str) -> Path:
    path = folder / FILE_NAME
    path.write_text(text, encoding="utf-8")
    return path


def read(folder: Path, text: str) -> Config:
    return load(written(folder, text), folder)


# --- what is read ------------------------------------------------------------------------------------------------------


def test_a_whole_file(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        """
        language = "zh"
        timezone = "Asia/Shanghai"
        history = "state/history.db"
        deadline_seconds = 60
        [[workbooks]]
        path = "okr.xlsx"
        period = "2027-Q1"
        pace = "workdays"
        bands = "score"
        colours = "off"
        allow = ["mailchimp/*"]
        every = "15m"
        at = ["08:00", "23:59"]
        days = "mon-fri"
        [connectors.mailchimp.emea]
        key = { env = "KEY" }
        """,
    )
    assert (config.language, config.timezone, config.deadline_seconds) == ("zh", "Asia/Shanghai", 60)
    assert config.history == tmp_path.resolve() / "state/history.db"
    (workbook,) = config.workbooks
    assert (workbook.path, workbook.pace, workbook.bands, workbook.at) == ("okr.xlsx", "workdays", "score", ("08:00", "23:59"))
    assert config.accounts == {"mailchimp": {"emea": {"key": {"env": "KEY"}}}}
    assert config.path("okr.xlsx") == tmp_path.resolve() / "okr.xlsx"


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert load(None, tmp_path) == Config(None, tmp_path)


def test_a_byte_order_mark_is_read_over(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    path.write_bytes(b'\xef\xbb\xbflanguage = "zh"')
    assert load(path, tmp_path).language == "zh"


@pytest.mark.parametrize("with_file", [True, False])
def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, with_file: bool) -> None:
    path = written(tmp_path, 'language = "zh"\ndeadline_seconds = 60') if with_file else None
    monkeypatch.setenv("SHEETSYNC_LANGUAGE", "en")
    config = load(path, tmp_path)
    assert config.language == "en"
    assert config.deadline_seconds == (60 if with_file else 300)


def test_a_complaint_about_the_environment_names_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHEETSYNC_LANGUAGE", "klingon")
    with pytest.raises(ConfigError, match=r"^In SHEETSYNC_LANGUAGE, .*language needs 'en', 'zh'") as caught:
        read(tmp_path, "")
    assert "klingon" not in str(caught.value)
    monkeypatch.setenv("SHEETSYNC_LANGUAGE", "")
    monkeypatch.setenv("SHEETSYNC_WORKBOOKS", "{")
    with pytest.raises(ConfigError, match="SHEETSYNC_"):
        read(tmp_path, "")


# --- complaints --------------------------------------------------------------------------------------------------------

COMPLAINTS = [
    ('lang = "zh"', "top level", "lang", "not a key"),
    ('language = "fr"', "top level", "language", "needs 'en', 'zh'"),
    ("language = 5", "top level", "language", "needs"),
    ('timezone = "Mars/Olympus"', "top level", "timezone", "a time zone such as Europe/Berlin"),
    ('deadline_seconds = "soon"', "top level", "deadline_seconds", "whole number"),
    ("deadline_seconds = 0", "top level", "deadline_seconds", "larger number"),
    ("deadline_seconds = 90000", "top level", "deadline_seconds", "smaller number"),
    ('plugins = "mine"', "top level", "plugins", "list in square brackets"),
    ('workbooks = "okr.xlsx"', "top level", "workbooks", "list in square brackets"),
    ('[[workbooks]]\nperiod = "2027"', "workbooks.1", "path", "is missing"),
    ("[[workbooks]]\npath = 5", "workbooks.1", "path", "text in quotes"),
    ('[[workbooks]]\npath = "a"\n[[workbooks]]\npath = "b"\nbackups = -1', "workbooks.2", "backups", "larger number"),
    ('[[workbooks]]\npath = "a"\npacce = "workdays"', "workbooks.1", "pacce", "not a key"),
    ('[[workbooks]]\npath = "a"\npace = "slow"', "workbooks.1", "pace", "'calendar' or 'workdays'"),
    ('[[workbooks]]\npath = "a"\nevery = "5 min"', "workbooks.1", "every", "not written in a way"),
    ('[[workbooks]]\npath = "a"\nat = "08:00"', "workbooks.1", "at", "list in square brackets"),
    ('[[workbooks]]\npath = "a"\nat = ["08:00", "8am"]', "workbooks.1", "at, entry 2", "not written in a way"),
    ('[[workbooks]]\npath = "a"\ndays = "weekdays"', "workbooks.1", "days", "not written in a way"),
    ('[[workbooks]]\npath = "a"\ntimezone = "x/../y"', "workbooks.1", "timezone", "a time zone"),
    ("[connectors]\nmailchimp = 5", "connectors", "mailchimp", "needs a table"),
    ('[connectors.mailchimp]\nkey = "s3cr3t-value"', "connectors.mailchimp", "key", "needs a table"),
]


@pytest.mark.parametrize(("text", "table", "key", "problem"), COMPLAINTS)
def test_every_complaint_names_file_table_and_key(tmp_path: Path, text: str, table: str, key: str, problem: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load(path, tmp_path)
    assert str(caught.value).startswith(f"In {path}, [{table}], {key} ")
    assert problem in str(caught.value)
    assert "s3cr3t" not in str(caught.value)
    assert caught.value.__suppress_context__, "what was written would be told with the cause"


def test_what_is_no_toml_names_the_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"not valid TOML: .*line 2"):
        read(tmp_path, 'language = "zh"\nkey = s3cr3t\n')


def test_what_is_no_utf_8_or_no_file_is_said(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    path.write_bytes(b'language = "\xff"')
    with pytest.raises(ConfigError, match="not saved as UTF-8"):
        load(path, tmp_path)
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path, tmp_path)


# --- accounts ----------------------------------------------------------------------------------------------------------


def account(folder: Path, text: str) -> Account:
    config = read(folder, f"[connectors.test.emea]\n{text}")
    found = account_settings(config, "test", "emea", Account, Vault(folder, {"KEY": "the-real-key"}))
    assert isinstance(found, Account)
    return found


def test_an_account_reveals_its_secret_only_when_asked(tmp_path: Path) -> None:
    found = account(tmp_path, 'key = { env = "KEY" }\nregion = "us"')
    assert found.region == "us"
    assert found.key.reveal() == "the-real-key"
    assert "the-real-key" not in repr(found)


@pytest.mark.parametrize("value", ['"s3cr3t-value"', "5", '["s3cr3t-value"]', "{}", '{ env = "A", file = "B" }'])
def test_a_secret_written_plainly_is_refused_and_not_repeated(tmp_path: Path, value: str) -> None:
    with pytest.raises(ConfigError, match=r"\[connectors\.test\.emea\], key must say where the secret is") as caught:
        account(tmp_path, f"key = {value}")
    assert str(tmp_path / FILE_NAME) in str(caught.value)
    assert "s3cr3t" not in str(caught.value) + caught.value.advice


@pytest.mark.parametrize(
    ("text", "key", "problem"),
    [
        ("", "key", "is missing"),
        ('key = { env = "KEY" }\nregoin = "us"', "regoin", "not a key"),
        ('key = { env = "KEY" }\nnumber = "many"', "number", "whole number"),
        ('ky = { env = "KEY" }', "ky", ""),
    ],
)
def test_a_complaint_about_an_account_names_it(tmp_path: Path, text: str, key: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=rf"\[connectors\.test\.emea\], {key} ") as caught:
        account(tmp_path, text)
    assert problem in str(caught.value)
    assert str(tmp_path / FILE_NAME) in str(caught.value)


def test_nobody_writes_where_relative_paths_begin(tmp_path: Path) -> None:
    assert account(tmp_path, 'key = { env = "KEY" }\nbase = "/etc"').base == str(tmp_path.resolve())


# --- which file --------------------------------------------------------------------------------------------------------


def test_which_file_is_read(tmp_path: Path) -> None:
    here, user = tmp_path / "here", tmp_path / "user"
    here.mkdir()
    user.mkdir()
    assert find(None, here, user) is None
    users = written(user, "")
    assert find(None, here, user) == users
    own = written(here, "")
    assert find(None, here, user) == own
    assert find(users, here, user) == users
    with pytest.raises(ConfigError, match="There is no configuration file") as caught:
        find(tmp_path / "absent.toml", here, user)
    assert "sheetsync init" in caught.value.advice


def test_the_schema_for_editors_knows_every_key_and_wants_secrets_by_reference() -> None:
    schema = json.loads(json_schema({"test": Account}))
    one = schema["properties"]["connectors"]["properties"]["test"]["additionalProperties"]
    assert one["properties"]["key"]["maxProperties"] == 1
    assert one["required"] == ["key"]
    assert "base" not in one["properties"]
    assert {"language", "timezone", "workbooks", "deadline_seconds"} <= schema["properties"].keys()
