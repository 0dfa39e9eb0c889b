"""Connecting an account: asked, tried, kept, written; and nothing kept where the service refuses."""

from __future__ import annotations

import stat
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import keyring
import keyring.backend
import pytest

from sheetsync.testing import Answer, Stand
from tests.conftest import Done

Command = Callable[..., Done]
KEY = "0123456789canary-us21"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sheetsync.toml").write_text(
        '# ours\nlanguage = "en"\n\n[[workbooks]]\npath = "okr.xlsx" # the plan\n', encoding="utf-8"
    )
    return tmp_path


def test_an_accepted_key_is_kept_and_referred_to(here: Path, command: Command) -> None:
    with Stand() as stand:
        stand.answer("/3.0/ping", Answer.of({"health_status": "fine"}))
        done = command(
            "connect",
            "mailchimp",
            "--account",
            "emea",
            "--set",
            f"api_key={KEY}",
            "--set",
            f"api_url=http://127.0.0.1:{stand.port}",
        )
    assert done.code == 0, done.err
    assert "Mailchimp" in done.out
    text = (here / "sheetsync.toml").read_text(encoding="utf-8")
    assert text.startswith("# ours\n")
    assert "# the plan" in text
    assert KEY not in text + done.out + done.err
    account = tomllib.loads(text)["connectors"]["mailchimp"]["emea"]
    kept = here / account["api_key"]["file"]
    assert kept.read_text(encoding="utf-8").strip() == KEY
    if sys.platform != "win32":
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert command("doctor", "mailchimp").code == 1  # the stand is gone; but the account and its key are found


def test_a_refused_key_is_not_kept(here: Path, command: Command) -> None:
    before = (here / "sheetsync.toml").read_bytes()
    with Stand() as stand:
        stand.answer("/3.0/ping", Answer.of({}, status=401))
        done = command("connect", "mailchimp", "--set", f"api_key={KEY}", "--set", f"api_url=http://127.0.0.1:{stand.port}")
    assert done.code == 1
    assert (here / "sheetsync.toml").read_bytes() == before
    assert not [path for path in here.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]


def test_a_refused_key_leaves_the_one_in_use_alone(here: Path, command: Command) -> None:
    with Stand() as stand:
        url = f"api_url=http://127.0.0.1:{stand.port}"
        stand.answer("/3.0/ping", Answer.of({}), Answer.of({}, status=401), Answer.of({}))
        assert command("connect", "mailchimp", "--set", f"api_key={KEY}", "--set", url).code == 0
        assert command("connect", "mailchimp", "--set", "api_key=another-bad-key-us21", "--set", url).code == 1

        def key() -> str:
            account = tomllib.loads((here / "sheetsync.toml").read_text(encoding="utf-8"))["connectors"]["mailchimp"]["default"]
            return (here / account["api_key"]["file"]).read_text(encoding="utf-8").strip()

        assert key() == KEY
        assert command("connect", "mailchimp", "--set", "api_key=another-good-key-us21", "--set", url).code == 0
        assert key() == "another-good-key-us21"
        assert len(list((here / "secrets").iterdir())) == 1


def test_what_is_no_question_is_written_by_hand(here: Path, command: Command) -> None:
    done = command("connect", "file")
    assert done.code == 2
    assert "folders" in done.err


def test_a_secret_may_stay_where_it_is(here: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILCHIMP_KEY", KEY)
    with Stand() as stand:
        stand.answer("/3.0/ping", Answer.of({}))
        done = command(
            "connect", "Mailchimp", "--set", "api_key=env:MAILCHIMP_KEY", "--set", f"api_url=http://127.0.0.1:{stand.port}"
        )
    assert done.code == 0, done.err
    written = tomllib.loads((here / "sheetsync.toml").read_text(encoding="utf-8"))
    assert written["connectors"]["mailchimp"]["default"]["api_key"] == {"env": "MAILCHIMP_KEY"}
    assert not (here / "secrets").exists()


def test_without_a_configuration_one_is_made(tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with Stand() as stand:
        stand.answer("/3.0/ping", Answer.of({}))
        done = command("connect", "mailchimp", "--set", f"api_key={KEY}", "--set", f"api_url=http://127.0.0.1:{stand.port}")
    assert done.code == 0, done.err
    assert (tmp_path / "sheetsync.toml").is_file()


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("nosuch",), "nosuch"),
        (("mailchimp", "--account", "a/b"), "a/b"),
        (("mailchimp", "--set", "colour=red"), "colour"),
    ],
)
def test_complaints(here: Path, command: Command, words: tuple[str, ...], part: str) -> None:
    done = command("connect", *words)
    assert done.code == 2
    assert part in done.err


def test_a_folder_that_cannot_be_written_is_said(here: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "secrets").write_text("a file where a folder is due", encoding="utf-8")
    done = command("connect", "mailchimp", "--set", f"api_key={KEY}")
    assert done.code == 2
    assert "secrets" in done.err


def test_a_number_that_is_a_text_stays_one(here: Path, command: Command) -> None:
    with Stand() as stand:
        stand.answer("/account-info/2026-09/details", {"portalId": 12345})
        done = command(
            "connect", "hubspot", "--set", f"access_token={KEY}", "--set", "portal_id=12345", "--set", "version=2026-09", "--set",
            "attribution=LINEAR", "--set", f"api_url=http://127.0.0.1:{stand.port}",
        )  # fmt: skip
    assert done.code == 0, done.err
    account = tomllib.loads((here / "sheetsync.toml").read_text(encoding="utf-8"))["connectors"]["hubspot"]["default"]
    assert account["portal_id"] == "12345"


class InMemory(keyring.backend.KeyringBackend):
    """A keyring of the system, for the time of a test."""

    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.entries[service, username]


@pytest.fixture
def ring() -> Iterator[InMemory]:
    before, mine = keyring.get_keyring(), InMemory()
    keyring.set_keyring(mine)
    yield mine
    keyring.set_keyring(before)


def test_secrets_may_be_kept_in_the_keyring_of_the_system(here: Path, command: Command, ring: InMemory) -> None:
    with Stand() as stand:
        url = f"api_url=http://127.0.0.1:{stand.port}"
        stand.answer("/3.0/ping", Answer.of({}), Answer.of({}, status=401), Answer.of({}))
        assert command("connect", "mailchimp", "--keyring", "--set", f"api_key={KEY}", "--set", url).code == 0
        assert command("connect", "mailchimp", "--keyring", "--set", "api_key=another-bad-key-us21", "--set", url).code == 1
        assert ring.entries == {("sheetsync", "mailchimp-default-api_key"): KEY}
        assert command("connect", "mailchimp", "--keyring", "--set", "api_key=another-good-key-us21", "--set", url).code == 0
    assert not (here / "secrets").exists()
    account = tomllib.loads((here / "sheetsync.toml").read_text(encoding="utf-8"))["connectors"]["mailchimp"]["default"]
    assert account["api_key"] == {"keyring": "sheetsync/mailchimp-default-api_key-2"}
    assert list(ring.entries.values()) == ["another-good-key-us21"]
