"""One holder a workbook, across threads and processes, and a word about who it is."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sheetsync._locks import hold, state_folder
from sheetsync.errors import ConfigError, Held

ROOT = Path(__file__).parents[1]
BEGAN = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
HOLDER = """
import sys
from pathlib import Path
from sheetsync._locks import hold
with hold(Path(sys.argv[1]), sys.argv[2], command="sheetsync daemon"):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_process(folder: Path, identity: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder), identity],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def test_the_second_process_is_told_who_holds_it(tmp_path: Path) -> None:
    with another_process(tmp_path, "/plans/okr.xlsx") as holder:
        with pytest.raises(Held) as told, hold(tmp_path, "/plans/okr.xlsx"):
            pass
        assert str(holder.pid) in str(told.value)
        assert "sheetsync daemon" in str(told.value)
        assert "/plans/okr.xlsx" in str(told.value)
        assert datetime.fromisoformat(told.value.params["since"]).tzinfo is not None
        assert told.value.exit_code == 75
        with hold(tmp_path, "/plans/other.xlsx"):
            assert holder.poll() is None


def test_a_holder_that_is_killed_lets_go(tmp_path: Path) -> None:
    with another_process(tmp_path, "okr") as holder:
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
        assert list(tmp_path.glob("*.json"))  # its note is still there, and means nothing
        with hold(tmp_path, "okr", command="sheetsync run"), pytest.raises(Held, match="sheetsync run"), hold(tmp_path, "okr"):
            pass
    assert not list(tmp_path.glob("*.json"))


def test_a_second_hold_in_the_same_process_is_refused_too(tmp_path: Path) -> None:
    told = f"process {os.getpid()} .sheetsync run., since 2026-03-02T08:30:00"
    first = hold(tmp_path, "okr", command="sheetsync run", clock=lambda: BEGAN)
    with first, pytest.raises(Held, match=told), hold(tmp_path, "okr"):
        pass
    with hold(tmp_path, "okr"):
        assert [path.suffix for path in tmp_path.iterdir() if path.suffix != ".lock"] == [".json"]


def test_an_error_inside_lets_go(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), hold(tmp_path, "okr"):
        _ = 1 / 0
    with hold(tmp_path, "okr"):
        assert list(tmp_path.glob("*.json"))


@pytest.mark.parametrize("note", ["", "{", "[]", '{"pid": 7}', '{"pid": "x", "command": "c", "since": "s"}'])
def test_an_unreadable_note_still_refuses(tmp_path: Path, note: str) -> None:
    with hold(tmp_path, "okr"):
        next(tmp_path.glob("*.json")).write_text(note, encoding="utf-8")
        with pytest.raises(Held, match="another sheetsync"), hold(tmp_path, "okr"):
            pass


def test_the_note_tells_no_argument_but_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/usr/bin/sheetsync", "run", "--token", "s3cret-t0ken"])
    with hold(tmp_path, "okr"):
        note = next(tmp_path.glob("*.json")).read_text(encoding="utf-8")
    assert '"sheetsync run"' in note
    assert "s3cret" not in note


@pytest.mark.skipif(sys.platform == "win32", reason="mode bits")
def test_nobody_else_may_look(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "locks"
    with hold(folder, "okr"):
        modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
        assert modes == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == stat.S_IMODE(folder.parent.stat().st_mode) == 0o700


def test_any_text_is_an_identity(tmp_path: Path) -> None:
    with hold(tmp_path, "../escaped"), hold(tmp_path, "名/a:b\n" * 200), hold(tmp_path, "\ud800"):
        assert len(list(tmp_path.glob("*.lock"))) == 3
    assert not list(tmp_path.parent.glob("escaped*"))


def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="cannot be used"), hold(tmp_path / "file" / "locks", "okr"):
        pass


def test_the_state_folder_may_be_named(tmp_path: Path) -> None:
    folder = state_folder({"SHEETSYNC_STATE": str(tmp_path / "a" / "b")})
    assert folder == tmp_path / "a" / "b"
    if sys.platform != "win32":
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        folder.chmod(0o750)
        assert stat.S_IMODE(state_folder({"SHEETSYNC_STATE": str(folder)}).stat().st_mode) == 0o750


@pytest.mark.skipif(sys.platform != "linux", reason="XDG folders")
def test_else_it_is_where_the_system_keeps_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert state_folder({"SHEETSYNC_STATE": " "}) == tmp_path / "sheetsync"
    assert (tmp_path / "sheetsync").is_dir()
