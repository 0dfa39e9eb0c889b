"""Keys that a service renews with each use: two processes at once lose none, and what a kill loses is said."""

from __future__ import annotations

import http.server
import json
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from tests.conftest import results, write_plan

TOGETHER = 1.0
"""So long an exchange waits for a second one to come in beside it; it never does where the key is locked."""


class SignIn:
    """X, as far as a run needs it: each refresh token is good for one exchange, and the one before is dead from then on."""

    def __init__(self) -> None:
        self.current, self.number, self.refused, self.kill = "refresh-token-0", 0, 0, 0
        self.good: set[str] = set()
        self._lock, self._inside, self._beside = threading.Lock(), 0, threading.Event()
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                form = dict(parse_qsl(self.rfile.read(int(self.headers["content-length"])).decode()))
                status, answer = owner.exchange(form["refresh_token"])
                if owner.kill:
                    os.kill(owner.kill, signal.SIGKILL)  # it has spoken, and nobody hears it
                    return
                self._send(status, answer)

            def do_GET(self) -> None:
                known = self.headers.get("authorization", "").removeprefix("Bearer ") in owner.good
                users = [{"id": "1", "username": "acme", "name": "Acme", "public_metrics": {"followers_count": 1369}}]
                self._send(200 if known else 401, {"data": users if "users/by" in self.path else users[0]})

            def _send(self, status: int, answer: Any) -> None:
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: Any) -> None:
                """Silent."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def exchange(self, token: str) -> tuple[int, dict[str, Any]]:
        with self._lock:
            self._inside += 1
            if self._inside > 1:
                self._beside.set()
        self._beside.wait(0.0 if self.number else TOGETHER)
        with self._lock:
            self._inside -= 1
            if token != self.current:
                self.refused += 1
                return 400, {"error": "invalid_grant"}
            self.number += 1
            self.current, access = f"refresh-token-{self.number}", f"access-token-{self.number}"
            self.good.add(access)
            return 200, {"token_type": "bearer", "expires_in": 7200, "access_token": access, "refresh_token": self.current}


@pytest.fixture
def sign_in() -> Iterator[SignIn]:
    service = SignIn()
    thread = threading.Thread(target=service.server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield service
    service.server.shutdown()
    thread.join()
    service.server.server_close()


@pytest.fixture
def place(tmp_path: Path, sign_in: SignIn) -> Path:
    """The file with the key; beside it two workbooks and the configuration that joins them all."""
    key = tmp_path / "x-refresh"
    key.write_text("refresh-token-0\n")
    key.chmod(0o600)
    rows = [("Brand", "O1 Grow", "KR1", "number", 0, 2000, None, "https://x.com/acme", None, None, None, None)]
    for name in ("a.xlsx", "b.xlsx"):
        write_plan(tmp_path / name, rows)
    (tmp_path / "sheetsync.toml").write_text(
        f"""[connectors.x.default]
client_id = "client-1"
client_secret = {{env = "X_SECRET"}}
refresh_token = {{file = "x-refresh"}}
refresh_hours = 0
api_url = "http://127.0.0.1:{sign_in.server.server_address[1]}"
"""
    )
    return key


def start(place: Path, *words: str) -> subprocess.Popen[str]:
    environ = {**os.environ, "X_SECRET": "client-secret-1", "SHEETSYNC_LANG": "en"}
    command = [sys.executable, "-m", "sheetsync", *words]
    return subprocess.Popen(
        command, cwd=place.parent, env=environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )  # fmt: skip


def kept(place: Path) -> str:
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert [path.name for path in place.parent.glob(".sheetsync-*")] == []
    return place.read_text().strip()


def test_two_processes_that_renew_one_key_both_work_and_lose_none(place: Path, sign_in: SignIn) -> None:
    running = [start(place, "run", name) for name in ("a.xlsx", "b.xlsx")]
    said = [one.communicate(timeout=60) for one in running]
    assert [one.returncode for one in running] == [0, 0], said
    assert (sign_in.refused, sign_in.number) == (0, 2)
    assert kept(place) == sign_in.current == "refresh-token-2"
    assert [results(place.parent / name)[0] for name in ("a.xlsx", "b.xlsx")] == [1369, 1369]


def test_a_kill_between_the_answer_and_the_store_is_said_and_mended_by_signing_in(place: Path, sign_in: SignIn) -> None:
    running = start(place, "run", "a.xlsx")
    sign_in.kill = running.pid
    running.communicate(timeout=60)
    assert running.returncode == -signal.SIGKILL
    assert kept(place) == "refresh-token-0"  # whole, but dead
    sign_in.kill = 0
    doctor = start(place, "doctor", "x")
    out, err = doctor.communicate(timeout=60)
    assert doctor.returncode != 0
    told = " ".join((out + err).split())
    assert "refused (invalid_grant)" in told
    assert "renewed without being kept" in told
    assert "sign in again" in told
    place.write_text(sign_in.current)
    again = start(place, "doctor", "x")
    assert (again.communicate(timeout=60), again.returncode)[1] == 0
    assert kept(place) == sign_in.current
