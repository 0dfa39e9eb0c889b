"""Signing in for Google spreadsheets: the three ways, what is kept, what is refused; and what `doctor` says of it."""

from __future__ import annotations

import json
import os
import stat
import sys
import threading
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from sheetsync import app as rooms
from sheetsync.connect import Browser
from sheetsync.connect_google import connect_google
from sheetsync.testing import NO_LIMITS, Answer, FakeGoogle, Seen, Stand
from tests.conftest import Done, write_plan
from tests.test_consent import visit

Command = Callable[..., Done]
EMAIL = "sheetsync@stand-in.iam.gserviceaccount.com"
SCOPE = "https://www.googleapis.com/auth/spreadsheets"
ROW = ("Inbound", "O1 Grow", "KR1 SQLs", "number", 0, 4, 1, "manual:", None, None, None, None)


@pytest.fixture
def google() -> Iterator[FakeGoogle]:
    with FakeGoogle(limits=NO_LIMITS) as stand_in:
        yield stand_in


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def downloaded(here: Path, google: FakeGoogle, **changed: str) -> Path:
    """A key file as the browser leaves it: others may read it."""
    key = here / "downloaded.json"
    key.write_text(json.dumps(google.service_account(EMAIL) | changed), encoding="utf-8")
    key.chmod(0o644)
    return key


def table(here: Path) -> dict[str, Any]:
    written: dict[str, Any] = tomllib.loads((here / "sheetsync.toml").read_text(encoding="utf-8"))
    return written


def test_a_key_file_is_tried_copied_and_the_address_to_share_with_is_said(
    here: Path, google: FakeGoogle, command: Command
) -> None:
    (here / "sheetsync.toml").write_text('timezone = "UTC" # ours\n', encoding="utf-8")
    key = downloaded(here, google)
    done = command("connect", "google", "--set", f"service_account=file:{key.name}", "--set", f"api_url={google.url}")
    assert done.code == 0, done.err
    assert f"Share each spreadsheet with {EMAIL} as Editor." in done.out
    assert SCOPE in done.out
    assert "delete downloaded.json" in done.out
    assert 'timezone = "UTC" # ours' in (here / "sheetsync.toml").read_text(encoding="utf-8")
    assert table(here)["google"] == {
        "service_account": {"file": "secrets/google-workbooks-service_account"}, "api_url": google.url,
    }  # fmt: skip
    kept = here / "secrets" / "google-workbooks-service_account"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600 or sys.platform == "win32"
    key.unlink()
    number = google.seed_xlsx(write_plan(here / "okr.xlsx", [ROW]), share={EMAIL: "writer"})
    assert command("run", f"https://docs.google.com/spreadsheets/d/{number}/edit").code == 0


def test_connecting_anew_takes_the_place_of_the_old_key(here: Path, google: FakeGoogle, command: Command) -> None:
    for _ in range(2):
        key = downloaded(here, google)
        done = command("connect", "google", "--set", f"service_account=file:{key}", "--set", f"api_url={google.url}")
        assert done.code == 0, done.err
    assert [path.name for path in (here / "secrets").iterdir()] == ["google-workbooks-service_account-2"]


@pytest.mark.parametrize(
    ("fault", "said"),
    [("disabled", "switched off"), ("no scope", "does not include spreadsheets"), ("bad token", "does not accept")],
)
def test_what_google_refuses_is_not_kept(here: Path, google: FakeGoogle, command: Command, fault: Any, said: str) -> None:
    google.fail("read", fault, times=9)
    key = downloaded(here, google)
    done = command("connect", "google", "--set", f"service_account=file:{key}", "--set", f"api_url={google.url}")
    assert done.code == 3
    assert said in " ".join(done.err.split())
    assert [path.name for path in here.rglob("*") if path.is_file()] == ["downloaded.json"]


def test_a_revoked_key_is_not_kept(here: Path, google: FakeGoogle, command: Command) -> None:
    key = downloaded(here, google)
    google.revoke(EMAIL)
    done = command("connect", "google", "--set", f"service_account=file:{key}", "--set", f"api_url={google.url}")
    assert done.code == 3
    assert "clock" in done.err
    assert not (here / "sheetsync.toml").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--set", "service_account=file:missing.json"], "missing.json cannot be read"),
        (["--set", "service_account={}"], "no key of a service account"),
        (["--set", "scope=drive"], "no setting scope"),
        (["--set", "client_id=x"], "without client_secret"),
        (["--set", "client_id=x", "--set", "service_account=file:k"], "two ways"),
        (["--account", "other"], "one sign-in"),
    ],
)
def test_what_cannot_be_a_sign_in_is_said(here: Path, command: Command, words: list[str], said: str) -> None:
    done = command("connect", "google", *words)
    assert done.code == 2
    assert said in " ".join(done.err.split())
    assert not [path for path in here.rglob("*") if path.is_file()]


def test_a_person_agrees_to_spreadsheets_alone(here: Path, google: FakeGoogle) -> None:
    """The code is exchanged at a server that stands before the stand-in, which itself takes no codes."""
    refresh = google.refresh_token()
    with Stand() as stand:

        def token(seen: Seen) -> Answer:
            form = seen.form()
            if form["grant_type"] == "authorization_code":
                assert (form["client_secret"], form["code"]) == ("canary-secret", "canary-code")
                return Answer.of({"access_token": "canary-access", "refresh_token": refresh})
            assert form["refresh_token"] == refresh
            return Answer.of({"access_token": google.token(), "expires_in": 3600})

        stand.answer("/token", token, method="POST")
        stand.answer("/v4/spreadsheets/1" + "0" * 43, Answer.of({"error": {"code": 404, "status": "NOT_FOUND"}}, status=404))
        people: list[threading.Thread] = []
        asked: dict[str, str] = {}

        def show(address: str, _registered: str) -> None:
            asked.update(parse_qsl(urlsplit(address).query))
            back = f"{asked['redirect_uri']}?code=canary-code&state={asked['state']}"
            people.append(threading.Thread(target=visit, args=(back,)))
            people[-1].start()

        def ask(question: Any) -> str:
            return {"client_id": "ours", "client_secret": "canary-secret"}[question.name]

        with rooms.open_app(None) as application:
            lines = connect_google(
                application, "default", ask, {"api_url": f"http://127.0.0.1:{stand.port}"}, browser=Browser(show, seconds=10)
            )
            said = [application.texts.say(line) for line in lines]
        for person in people:
            person.join()
    assert asked["scope"] == SCOPE
    assert asked["access_type"] == "offline"
    assert "7 days" in said[-1]
    written = table(here)["google"]
    assert written["client_id"] == "ours"
    assert (here / written["refresh_token"]["file"]).read_text(encoding="utf-8").strip() == refresh
    assert "canary" not in (here / "sheetsync.toml").read_text(encoding="utf-8")


def test_without_an_answer_the_machine_signs_in_itself(here: Path, google: FakeGoogle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(downloaded(here, google)))
    (here / "sheetsync.toml").write_text(f'[google]\nclient_id = "old"\napi_url = "{google.url}"\n', encoding="utf-8")
    with rooms.open_app(None) as application:
        said = [application.texts.say(line) for line in connect_google(application, "default", lambda _question: "")]
    assert said == [
        "sheetsync is signed in at Google as this machine is.", f"Share each spreadsheet with {EMAIL} as Editor.",
    ]  # fmt: skip
    assert table(here) == {"google": {"api_url": google.url}}


def test_a_machine_without_a_sign_in_keeps_nothing(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(here / "nothing.json"))
    with rooms.open_app(None) as application, pytest.raises(rooms.ConfigError, match="no way to sign in"):
        connect_google(application, "default", lambda _question: "")
    assert not [path for path in here.rglob("*") if path.is_file()]


# --- doctor


def connected(here: Path, google: FakeGoogle, number: str, **changed: str) -> None:
    downloaded(here, google, **changed).chmod(0o600)
    (here / "sheetsync.toml").write_text(
        f'[google]\nservice_account = {{ file = "downloaded.json" }}\napi_url = "{google.url}"\n'
        f'[[workbooks]]\npath = "https://docs.google.com/spreadsheets/d/{number}/edit"\n',
        encoding="utf-8",
    )  # fmt: skip


def checks(done: Done) -> list[tuple[bool, str]]:
    return [(one["ok"], one["message"]) for one in done.json["checks"]]


def test_doctor_says_that_all_is_well_and_costs_two_reads(here: Path, google: FakeGoogle, command: Command) -> None:
    number = google.seed_xlsx(write_plan(here / "okr.xlsx", [ROW]), share={EMAIL: "writer"})
    connected(here, google, number)
    done = command("doctor", "google", "--json")
    assert done.code == 0
    assert [ok for ok, _ in checks(done)] == [True, True, True]
    assert f"Share each spreadsheet with {EMAIL} as Editor." in checks(done)[1][1]
    assert checks(done)[2][1] == "1 key results"
    assert (google.reads, google.writes) == (2, 0)
    assert set(checks(done)) <= set(checks(command("doctor", "--json")))


@pytest.mark.parametrize(
    ("fault", "step", "said"),
    [
        ("not shared", 2, f"not shared with {EMAIL}. Share it with that address, as Editor"),
        ("disabled", 1, "https://console.cloud.google.com/apis/library/sheets.googleapis.com"),
        ("no scope", 1, "Consent anew with: sheetsync connect google"),
        ("not found", 2, "knows no spreadsheet under this address"),
        ("not a sheet", 2, "choose File, Save as Google Sheets"),
        ("bad token", 1, "Renew it with: sheetsync connect google"),
        ("quota", 1, "allows no more requests"),
    ],
)
def test_doctor_says_what_is_wrong_and_what_to_do(
    here: Path, google: FakeGoogle, command: Command, fault: Any, step: int, said: str
) -> None:
    number = google.seed_xlsx(write_plan(here / "okr.xlsx", [ROW]), share={EMAIL: "writer"})
    connected(here, google, number)
    google.fail("read", fault, times=9, path=number if step == 2 else "")
    done = command("doctor", "google", "--json")
    assert done.code == 1
    assert [ok for ok, _ in checks(done)] == [True] * step + [False]
    assert said in checks(done)[-1][1]


def test_doctor_says_that_a_key_was_revoked_or_the_clock_is_wrong(here: Path, google: FakeGoogle, command: Command) -> None:
    connected(here, google, google.seed("OKR"))
    google.revoke(EMAIL)
    assert "Check this machine's clock" in checks(command("doctor", "google", "--json"))[-1][1]


def test_doctor_looks_at_the_key_before_it_asks_anybody(here: Path, google: FakeGoogle, command: Command) -> None:
    connected(here, google, google.seed("OKR"), private_key="torn")
    done = command("doctor", "google", "--json")
    assert [(ok, "no key of a service account" in message) for ok, message in checks(done)] == [(False, True)]
    assert not google.calls


def test_doctor_notices_a_clock_that_is_slow(here: Path, google: FakeGoogle, command: Command) -> None:
    connected(here, google, google.seed("OKR", share={EMAIL: "writer"}))
    file = here / "sheetsync.toml"
    os.utime(file, (file.stat().st_mtime + 4_000,) * 2)
    ok, message = checks(command("doctor", "google", "--json"))[0]
    assert not ok
    assert "Set the clock" in message
