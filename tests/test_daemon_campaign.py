"""The daemon over months of virtual time, and in a real process that is killed: every slot once, nothing grows, nothing is lost.

.venv/bin/pytest -m campaign tests/test_daemon_campaign.py
"""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from sheetsync.app import App, Wishes
from sheetsync.config import WorkbookConfig
from sheetsync.daemon import Daemon, Job
from sheetsync.due import timetable
from sheetsync.model import RunReport
from sheetsync.watching import Watched
from tests.conftest import results, write_plan
from tests.test_daemon import ROW, Clock, until

SCHEDULES = ('every = "1h"', 'at = ["08:00", "13:00"]', 'at = ["02:30"]', 'at = ["18:00"]\ndays = "mon-fri"', 'every = "6h"')
ZONES = ("Europe/Berlin", "America/New_York")
AUTUMN = datetime(2027, 10, 25, 0, 0, 30, tzinfo=UTC)
"""Before both zones go back to winter time."""
SPRING = datetime(2027, 3, 1, 0, 0, 30, tzinfo=UTC)
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def configure(folder: Path, workbooks: int) -> None:
    text = "".join(
        f'[[workbooks]]\npath = "w{n}.xlsx"\ntimezone = "{ZONES[n % 2]}"\nbackups = 0\n{SCHEDULES[n % len(SCHEDULES)]}\n'
        for n in range(workbooks)
    )
    (folder / "sheetsync.toml").write_text(text + '[connectors.file.default]\nfolders = ["data"]\n', encoding="utf-8")


class Campaign:
    """Virtual time over a daemon; `forward_steps` are the moments at which somebody set the clock forward, by an hour."""

    def __init__(self, folder: Path, begin: datetime, *, steps: bool) -> None:
        self.clock, self.begin, self.steps = Clock(begin), begin, steps
        self.ran = Counter[tuple[str, datetime]]()
        self.jumps: list[tuple[datetime, datetime]] = []
        self.furthest = begin
        self._dice = random.Random(7)
        self.daemon = Daemon(folder / "sheetsync.toml", self.clock.edges)
        self.daemon.tick()
        self.daemon.wait()  # whoever was never served is run at once
        inner = self.daemon._start

        def start(one: Watched, job: Job) -> None:
            if job.slot is not None:
                self.ran[one.entry.path, job.slot] += 1
            inner(one, job)

        self.daemon._start = start  # type: ignore[method-assign]

    def go(self, days: float) -> None:
        end = self.clock.real + timedelta(days=days)
        while self.clock.real < end:
            before = self.clock.now
            self.clock.forward(300)
            if self.steps and self._dice.random() < 0.002:
                forward = self.clock.now <= self.clock.real
                self.clock.step(3600 if forward else -3600)
                if forward:
                    self.jumps.append((before, self.clock.now))
            self.furthest = max(self.furthest, self.clock.now)
            self.daemon.tick()
            self.daemon.wait()

    def check(self) -> None:
        """Each slot once; within an hour that the clock jumped over, all but the last are made up for by the last."""
        wanted: dict[str, list[datetime]] = {}
        for one in self.daemon.watched.values():
            entry = one.entry
            plan = timetable(entry.every, entry.at, entry.days, self.daemon.app.zone(entry))
            wanted[entry.path] = plan.between(self.begin, self.furthest)
        assert set(self.ran.values()) == {1}
        every = {(path, slot) for path, slots in wanted.items() for slot in slots}
        assert set(self.ran) <= every
        for path, slot in every - set(self.ran):
            (jump,) = [jump for jump in self.jumps if jump[0] < slot <= jump[1]]
            assert any(jump[0] < later <= jump[1] and (path, later) in self.ran for later in wanted[path] if later > slot)


def light(monkeypatch: pytest.MonkeyPatch, *, real_each: int = 0) -> None:
    """Runs without a workbook, so that months pass in seconds; each so-many-th is a real one."""
    inner, count = App.run, Counter[str]()

    def run(self: App, entry: WorkbookConfig, wishes: Wishes, **rest: Any) -> RunReport:
        count["runs"] += 1
        if real_each and count["runs"] % real_each == 0:
            return inner(self, entry, wishes, **rest)
        return RunReport(entry.path)

    monkeypatch.setattr(App, "run", run)


@pytest.mark.parametrize("begin", [AUTUMN, SPRING + timedelta(days=10)])
@pytest.mark.parametrize("steps", [False, True])
def test_every_slot_is_served_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, begin: datetime, steps: bool) -> None:
    """Also over both changes of the clock, and when somebody sets it."""
    configure(tmp_path, 5)
    light(monkeypatch)
    campaign = Campaign(tmp_path, begin, steps=steps)
    campaign.go(19 if begin != AUTUMN else 15)
    campaign.check()
    assert campaign.ran
    campaign.daemon.close()


def held() -> tuple[int, int, int]:
    """Resident memory in KiB, open files, threads of this process (proc(5))."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    memory = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(memory.split()[1]), len(list(Path("/proc/self/fd").iterdir())), threading.active_count()


@LINUX
@pytest.mark.campaign
@pytest.mark.parametrize("begin", [AUTUMN, SPRING], ids=["autumn", "spring"])
def test_ninety_days_of_fifty_workbooks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, begin: datetime) -> None:
    """Each slot once; memory, open files and threads as after the first fifteen days. Each twentieth run is a real one."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "leads.csv").write_text("n\n1\n2\n", encoding="utf-8")
    for number in range(50):
        write_plan(tmp_path / f"w{number}.xlsx", [ROW])
    configure(tmp_path, 50)
    light(monkeypatch, real_each=20)
    campaign = Campaign(tmp_path, begin, steps=True)
    campaign.go(15)
    memory, files, threads = held()
    campaign.go(75)
    memory_after, files_after, threads_after = held()
    print(f"{sum(campaign.ran.values())} runs; {memory} KiB -> {memory_after} KiB; {files} -> {files_after} files; "  # noqa: T201
          f"{threads} -> {threads_after} threads")  # fmt: skip
    campaign.check()
    campaign.daemon.close()
    assert memory_after <= memory * 1.05
    assert files_after <= files
    assert threads_after <= threads


# --- a real process ----------------------------------------------------------------------------------------------------


class Slow:
    """A service on loopback that takes its time over each answer, so that a run can be interrupted; it answers `figure`."""

    def __init__(self, seconds: float) -> None:
        self.figure, self.asked, self.seconds = 0, threading.Event(), seconds
        slow = self

        class Exchange(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                slow.asked.set()
                threading.Event().wait(slow.seconds)
                body = json.dumps({"n": slow.figure}).encode()
                try:
                    self.send_response(200)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    """Whoever asked is gone."""

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Exchange)
        self.server.daemon_threads = True
        self.server.block_on_close = False
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def slow() -> Iterator[Slow]:
    one = Slow(0.04)
    yield one
    one.close()


def prepare(folder: Path, slow: Slow, name: str, *, links: int = 8) -> Path:
    rows = [
        ("Inbound", "O1 Grow", f"KR{n} Leads {n}", "number", 0, 99, None, f"{slow.origin}/n{n}.json#$.n", *[None] * 4)
        for n in range(1, links + 1)
    ]
    (folder / "sheetsync.toml").write_text(
        f'[[workbooks]]\npath = "{name}"\n[connectors.http.slow]\norigin = "{slow.origin}"\npaths = ["/*"]\nprivate = true\n',
        encoding="utf-8",
    )
    return write_plan(folder / name, rows)


def start(folder: Path) -> tuple[subprocess.Popen[str], list[dict[str, Any]], threading.Thread]:
    """A daemon, and the events of its log as they come."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sheetsync", "daemon", "--log", "json"], cwd=folder, text=True, stderr=subprocess.PIPE
    )
    events: list[dict[str, Any]] = []

    def listen() -> None:
        assert process.stderr is not None
        with process.stderr:
            for line in process.stderr:
                try:
                    events.append(json.loads(line))
                except ValueError:  # cut off by the kill
                    continue

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    return process, events, thread


def acknowledged(events: list[dict[str, Any]]) -> bool:
    return any(event["event"] == "run" and event.get("edits") for event in events)


def rounds(folder: Path, slow: Slow, kind: signal.Signals, count: int) -> None:
    dice, caught, database = random.Random(3), 0, Path(os.environ["SHEETSYNC_STATE"]) / "history.db"
    for number in range(1, count + 1):
        slow.figure = number
        slow.asked.clear()
        book = prepare(folder, slow, f"okr{number}.xlsx")
        process, events, thread = start(folder)
        try:
            assert slow.asked.wait(30), "the run never began"
            pause = threading.Event()
            pause.wait(dice.random() * 0.35)  # the run takes about 0.2 seconds: before its end, at its end, behind it
            sent = time.monotonic()
            process.send_signal(kind)
            code = process.wait(12)
            took = time.monotonic() - sent
        finally:
            process.kill()
            process.wait()
            thread.join(10)
        assert code == (0 if kind is signal.SIGTERM else -signal.SIGKILL)
        assert took < 10
        found = results(book)
        assert found in ([None] * 8, [number] * 8), found  # the old one or the new one, never half of it
        if acknowledged(events):
            assert found == [number] * 8
        caught += found == [None] * 8
        if kind is signal.SIGTERM:
            assert not list(folder.glob(".sheetsync-*")), "half-written"
        # The next start makes up for the slot, and sweeps what the killed one left.
        process, events, thread = start(folder)
        try:
            assert until(lambda book=book, number=number: results(book) == [number] * 8), "the slot was lost"  # type: ignore[misc]
            assert until(lambda events=events: any(event["event"] == "daemon started" for event in events))  # type: ignore[misc]
            process.send_signal(signal.SIGTERM)
            assert process.wait(12) == 0
        finally:
            process.kill()
            process.wait()
            thread.join(10)
        left = [path.name for path in folder.iterdir() if path.name.startswith(".")]
        assert left == []
        book.unlink()
    with sqlite3.connect(database) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()
    if kind is signal.SIGKILL:  # a stop lets a short run finish
        assert caught > 0, "no round was interrupted before its write"


@pytest.mark.campaign
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("kind", [signal.SIGKILL, signal.SIGTERM])
def test_stopped_at_fifty_moments_of_a_run(tmp_path: Path, slow: Slow, kind: signal.Signals) -> None:
    rounds(tmp_path, slow, kind, 50)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_killed_run_is_made_up_for(tmp_path: Path, slow: Slow) -> None:
    """Two of the fifty moments."""
    slow.seconds = 0.3  # so that at least one of them is before the write
    rounds(tmp_path, slow, signal.SIGKILL, 1)


@pytest.mark.campaign
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_service_that_never_answers_keeps_nobody_from_stopping(tmp_path: Path, slow: Slow) -> None:
    slow.seconds = 60
    book = prepare(tmp_path, slow, "okr.xlsx", links=1)
    process, events, thread = start(tmp_path)
    assert slow.asked.wait(30)
    sent = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(12) == 0
    assert time.monotonic() - sent < 10
    thread.join(10)
    assert results(book) == [None]
    assert any(event["event"] == "daemon stopped" for event in events)


@LINUX
@pytest.mark.campaign
def test_a_day_of_idle_costs_next_to_nothing(tmp_path: Path) -> None:
    """Ten workbooks of twenty rows, two minutes of real time behind the first runs: below 0.5 % of a core, below 150 MB."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "leads.csv").write_text("n\n1\n2\n", encoding="utf-8")
    rows = [(*ROW[:2], f"KR{n} Leads {n}", *ROW[3:]) for n in range(1, 21)]
    for number in range(10):
        write_plan(tmp_path / f"w{number}.xlsx", rows)
    configure(tmp_path, 10)
    process, events, thread = start(tmp_path)
    try:
        assert until(lambda: sum(event["event"] == "run" for event in events) >= 10, 60)
        before, began = spent(process.pid), time.monotonic()
        until(lambda: False, 120)
        share = (spent(process.pid) - before) / (time.monotonic() - began)
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
        memory = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024
        print(f"{share:.3%} of one core, {memory:.0f} MiB")  # noqa: T201
        assert share < 0.005
        assert memory < 150
    finally:
        process.terminate()
        process.wait(12)
        thread.join(10)


def spent(pid: int) -> float:
    """Seconds of processor time, of a process and its children (proc(5), stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
