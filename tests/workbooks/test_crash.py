"""Killed at any system call, or refused it, a writing run leaves the old workbook or the new one, and the next run ends it.

A run is recorded once under strace. Then it is repeated, and at each of its system calls in turn it is killed, or the call fails.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from crash_writer import EDITS
from excel_books import build

from sheetsync._testing.workbooks import CELLS
from sheetsync.workbooks.excel import Excel

KILLS = 200
FAULTS = ("ENOSPC", "EIO", "EACCES")
# Calls that ask for memory or the time fail in no way that a disk does; those that end a process are not ours.
NOT_THE_DISK = re.compile(
    r"mmap|munmap|mremap|mprotect|brk|madvise|futex|clock_|getrandom|getpid|rt_sig|exit|gettid|sched_|restart"
)


class Writers:
    """Runs that write a workbook, one after the other, each with one misfortune."""

    def __init__(self, folder: Path, backups: bool) -> None:
        self.folder = folder
        self.source = build(folder / "source.xlsx", CELLS).read_bytes()
        warm = folder / "warm.xlsx"
        warm.write_bytes(self.source)
        self.backups = str(folder / "backups") if backups else ""
        command = [sys.executable, str(Path(__file__).with_name("crash_writer.py")), str(warm), self.backups]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        self.server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        assert self.server.stdout.readline() == "ready\n"
        self.target = warm.read_bytes()
        assert self.target != self.source
        self.plans = folder / "plans"

    def run(self, *options: str) -> tuple[str, Path]:
        """One run under strace with these options; what became of it, and the workbook."""
        shutil.rmtree(self.plans, ignore_errors=True)
        shutil.rmtree(self.folder / "backups", ignore_errors=True)
        self.plans.mkdir()
        path = self.plans / "okr.xlsx"
        path.write_bytes(self.source)
        print(json.dumps([str(path), self.backups]), file=self.server.stdin, flush=True)
        word, pid = self.server.stdout.readline().split()
        assert word == "stopped"
        log = self.folder / "trace.log"
        tracer = subprocess.Popen(["strace", "-o", str(log), *options, "-p", pid], stderr=subprocess.PIPE, text=True)
        try:
            attached = tracer.stderr.readline()
            if "attached" not in attached:
                pytest.skip(f"strace may not trace here: {attached.strip()}")
        finally:
            os.kill(int(pid), signal.SIGCONT)
        outcome = self.server.stdout.readline().strip()
        tracer.communicate(timeout=60)
        return outcome, path

    def calls(self) -> list[tuple[str, int]]:
        """The system calls of a whole run: the name, and which of that name it was."""
        outcome, path = self.run()
        assert (outcome, path.read_bytes()) == ("written", self.target)
        seen: Counter[str] = Counter()
        calls = []
        for line in (self.folder / "trace.log").read_text(errors="replace").splitlines():
            if "written" in line:
                break
            if match := re.match(r"(\w+)\(", line):
                seen[match[1]] += 1
                calls.append((match[1], seen[match[1]]))
        assert {"fsync", "rename"} <= {name for name, _ in calls}
        return calls

    def require_convergence(self, path: Path) -> None:
        """The next run, two hours later, writes what is missing and leaves nothing behind."""
        workbook = Excel(path, backups=Path(self.backups) if self.backups else None, clock=lambda: time.time() + 7200)
        workbook.read()
        workbook.apply(EDITS)
        assert path.read_bytes() == self.target
        assert [entry.name for entry in self.plans.iterdir()] == ["okr.xlsx"]
        if self.backups:
            copies = list(Path(self.backups).iterdir())
            assert all(not copy.name.startswith(".") for copy in copies)
            assert self.source in [copy.read_bytes() for copy in copies]


@pytest.fixture(params=[False, True], ids=["plain", "with backups"])
def writers(request, tmp_path):
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    made = Writers(tmp_path, request.param)
    yield made
    made.server.stdin.close()
    made.server.stdout.close()
    made.server.wait(10)


def kill_at(writers: Writers, name: str, number: int) -> bool:
    """Whether the run was killed there; a call that another run makes one time less is past its end."""
    outcome, path = writers.run("-e", f"trace={name}", "-e", f"inject={name}:signal=KILL:when={number}")
    assert path.read_bytes() in (writers.source, writers.target)
    killed = outcome == "killed 9"
    assert killed or outcome == "written"
    writers.require_convergence(path)
    return killed


def fail_at(writers: Writers, name: str, number: int, fault: str) -> None:
    outcome, path = writers.run("-e", f"trace={name}", "-e", f"inject={name}:error={fault}:when={number}")
    assert path.read_bytes() in (writers.source, writers.target)
    assert outcome == "written" or outcome.startswith("refused ")
    if outcome == "written":
        assert path.read_bytes() == writers.target
    elif "stays as it was" in outcome or "nothing was written" in outcome:
        assert path.read_bytes() == writers.source
    if not name.startswith("unlink"):
        assert [entry.name for entry in writers.plans.iterdir()] == ["okr.xlsx"]
    writers.require_convergence(path)


def spread(calls: list, count: int) -> list:
    return [calls[at * len(calls) // count] for at in range(count)] if len(calls) > count else calls


def test_a_few_kills(writers):
    calls = writers.calls()
    near = [at for at, (name, _) in enumerate(calls) if name in {"fsync", "rename"}]
    chosen = [*spread(calls, 6), *(calls[at] for at in near), *(calls[at + 1] for at in near)]
    assert sum(kill_at(writers, *call) for call in chosen) >= len(chosen) - 2


def test_a_few_faults(writers):
    calls = [call for call in writers.calls() if call[0] in {"write", "fsync", "rename"}]
    for call in calls:
        fail_at(writers, *call, "ENOSPC")
    assert len(calls) >= 4


@pytest.mark.campaign
def test_killed_at_every_system_call(writers):
    calls = writers.calls()
    rounds = -(-KILLS // len(calls))
    killed = sum(kill_at(writers, *call) for _ in range(rounds) for call in calls)
    assert killed >= KILLS * 0.9


@pytest.mark.campaign
@pytest.mark.parametrize("fault", FAULTS)
def test_every_system_call_of_the_disk_fails(writers, fault):
    calls = [call for call in writers.calls() if not NOT_THE_DISK.match(call[0])]
    for call in calls:
        fail_at(writers, *call, fault)
    assert len(calls) > 30
