"""The daemon: slots, saves, the outbox, the configuration, signals; on virtual time, and in a process where that is the point."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest

from sheetsync.app import App, Edges
from sheetsync.daemon import Daemon, Watched
from sheetsync.fetch import Time
from sheetsync.model import RunReport
from tests.conftest import results, write_plan

ROW = ("Inbound", "O1 Grow", "KR1 Leads", "number", 0, 9, None, "file:data/leads.csv#count", None, None, None, None)
OTHER = ("Inbound", "O1 Grow", "KR2 Sum", "number", 0, 9, None, "file:data/leads.csv#sum(n)", None, None, None, None)


class Clock:
    """A wall clock that only we move, also backwards."""

    def __init__(self, begin: datetime) -> None:
        self.now = begin
        self.real = begin

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.real += timedelta(seconds=seconds)

    def step(self, seconds: float) -> None:
        """Somebody sets the clock."""
        self.now += timedelta(seconds=seconds)

    def monotonic(self) -> float:
        return self.real.timestamp()

    @property
    def edges(self) -> Edges:
        def asleep(_seconds: float) -> None:
            raise AssertionError("nothing waits in these tests")

        when = Time(monotonic=self.monotonic, sleep=asleep, now=lambda: self.now, share=lambda: 0.5)
        return Edges(time=when, environ=dict(os.environ))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "leads.csv").write_text("n\n1\n2\n", encoding="utf-8")
    write_plan(tmp_path / "okr.xlsx", [ROW])
    configure(tmp_path, 'at = ["08:00"]')
    return tmp_path


def configure(folder: Path, schedule: str, *, zone: str = "Europe/Berlin") -> None:
    (folder / "sheetsync.toml").write_text(
        f'timezone = "{zone}"\n[[workbooks]]\npath = "okr.xlsx"\n{schedule}\n[connectors.file.default]\nfolders = ["data"]\n',
        encoding="utf-8",
    )


class Told:
    """Remembers what the daemon finished."""

    def __init__(self) -> None:
        self.reports: list[RunReport] = []

    def __call__(self, _app: App, _one: Watched, report: RunReport) -> None:
        self.reports.append(report)


@pytest.fixture
def served(here: Path) -> Iterator[tuple[Daemon, Clock, Told]]:
    clock, told = Clock(datetime(2027, 1, 4, 6, 30, tzinfo=UTC)), Told()
    daemon = Daemon(here / "sheetsync.toml", clock.edges, finished=told)
    yield daemon, clock, told
    daemon.close()


def step(daemon: Daemon) -> None:
    daemon.tick()
    daemon.wait()


def settle(daemon: Daemon) -> None:
    """As many ticks as a saved file needs to be believed."""
    for _ in range(4):
        step(daemon)


def test_it_begins_with_a_run_and_then_keeps_its_slots(served: tuple[Daemon, Clock, Told], here: Path) -> None:
    daemon, clock, told = served
    step(daemon)
    assert len(told.reports) == 1
    assert results(here / "okr.xlsx") == [2]
    for _ in range(20):
        step(daemon)
    assert len(told.reports) == 1
    clock.forward(3600)  # over 08:00 in Berlin
    step(daemon)
    step(daemon)
    assert len(told.reports) == 2


def test_a_served_slot_is_not_served_again_after_a_restart(served: tuple[Daemon, Clock, Told], here: Path) -> None:
    daemon, clock, _ = served
    step(daemon)
    again = Told()
    other = Daemon(here / "sheetsync.toml", clock.edges, finished=again)
    step(other)
    assert again.reports == []
    clock.forward(3600)
    step(other)
    assert len(again.reports) == 1
    other.close()


def test_missed_slots_are_caught_up_once(served: tuple[Daemon, Clock, Told]) -> None:
    daemon, clock, told = served
    step(daemon)
    clock.forward(timedelta(days=5).total_seconds())  # asleep
    step(daemon)
    step(daemon)
    assert len(told.reports) == 2
    assert daemon.tally.counts.missed == 4


def test_a_clock_that_is_set_back_serves_no_slot_twice(served: tuple[Daemon, Clock, Told]) -> None:
    daemon, clock, told = served
    step(daemon)
    clock.forward(3600)
    step(daemon)
    clock.step(-3600)
    for _ in range(8):
        clock.forward(600)
        step(daemon)
    assert len(told.reports) == 2


def test_a_saved_workbook_is_looked_at_at_once(served: tuple[Daemon, Clock, Told], here: Path) -> None:
    daemon, _, told = served
    step(daemon)
    book = openpyxl.load_workbook(here / "okr.xlsx")
    page = book.active
    assert page is not None
    for column, value in enumerate(OTHER, 1):
        page.cell(5, column, value)
    book.save(here / "okr.xlsx")
    settle(daemon)
    assert results(here / "okr.xlsx") == [2, 3]
    assert len(told.reports) == 2
    settle(daemon)
    assert len(told.reports) == 2  # its own write is no save of somebody's


def test_a_save_asks_only_for_links_that_are_new(served: tuple[Daemon, Clock, Told], here: Path) -> None:
    daemon, _, told = served
    step(daemon)
    book = openpyxl.load_workbook(here / "okr.xlsx")
    page = book.active
    assert page is not None
    page["A1"] = "another title"
    book.save(here / "okr.xlsx")
    settle(daemon)
    assert [report.requests for report in told.reports] == [1, 0]


def test_figures_wait_while_the_workbook_is_open(served: tuple[Daemon, Clock, Told], here: Path) -> None:
    daemon, clock, told = served
    lock = here / ".~lock.okr.xlsx#"
    lock.write_text("Ann,ann,elsewhere,04.01.2027 08:00,file:///x;", encoding="utf-8")
    step(daemon)
    assert told.reports[-1].locked
    assert results(here / "okr.xlsx") == [None]
    for _ in range(3):
        clock.forward(61)
        step(daemon)
    assert all(report.locked for report in told.reports)
    (here / "data" / "leads.csv").write_text("n\n" * 9, encoding="utf-8")  # the figures wait; nobody is asked again
    lock.unlink()
    clock.forward(61)
    step(daemon)
    assert results(here / "okr.xlsx") == [2]


def test_what_waited_never_undoes_what_a_person_typed(served: tuple[Daemon, Clock, Told], here: Path) -> None:
    daemon, clock, _ = served
    lock = here / ".~lock.okr.xlsx#"
    lock.write_text("Ann,ann,elsewhere,04.01.2027 08:00,file:///x;", encoding="utf-8")
    step(daemon)
    book = openpyxl.load_workbook(here / "okr.xlsx")
    page = book.active
    assert page is not None
    page["G4"] = 7
    book.save(here / "okr.xlsx")
    lock.unlink()
    report = daemon.app.deliver(next(iter(daemon.watched.values())).entry)
    assert report is not None
    assert results(here / "okr.xlsx") == [7]
    assert daemon.app.history.outbox(next(iter(daemon.watched))) == []
    clock.forward(1)


def test_what_waited_survives_a_restart(served: tuple[Daemon, Clock, Told], here: Path) -> None:
    daemon, clock, _ = served
    lock = here / ".~lock.okr.xlsx#"
    lock.write_text("Ann,ann,elsewhere,04.01.2027 08:00,file:///x;", encoding="utf-8")
    step(daemon)
    daemon.close()
    lock.unlink()
    (here / "data" / "leads.csv").unlink()  # the source cannot be asked again
    told = Told()
    other = Daemon(here / "sheetsync.toml", clock.edges, finished=told)
    step(other)
    other.close()
    assert results(here / "okr.xlsx") == [2]


def test_a_broken_configuration_keeps_the_old_one(served: tuple[Daemon, Clock, Told], here: Path) -> None:
    daemon, clock, told = served
    step(daemon)
    (here / "sheetsync.toml").write_text("every = nonsense", encoding="utf-8")
    daemon.reload()
    step(daemon)
    clock.forward(3600)
    step(daemon)
    assert len(told.reports) == 2
    configure(here, 'every = "15m"')
    daemon.reload()
    step(daemon)
    before = len(told.reports)
    clock.forward(16 * 60)
    step(daemon)
    assert len(told.reports) == before + 1


def test_one_workbook_that_fails_stops_no_other(here: Path) -> None:
    with (here / "sheetsync.toml").open("a", encoding="utf-8") as file:
        file.write('[[workbooks]]\npath = "gone.xlsx"\n')
    told = Told()
    daemon = Daemon(here / "sheetsync.toml", Clock(datetime(2027, 1, 4, 6, 30, tzinfo=UTC)).edges, finished=told)
    step(daemon)
    daemon.close()
    assert sorted(report.error is None for report in told.reports) == [False, True]


# --- a real process ----------------------------------------------------------------------------------------------------


def until(condition: Callable[[], bool], seconds: float = 20) -> bool:
    """Waits for a process; the only waiting in these tests, and it ends as soon as it may."""
    end = time.monotonic() + seconds
    pause = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    try:
        while time.monotonic() < end:
            if condition():
                return True
            try:
                pause.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
        return condition()
    finally:
        pause.kill()
        pause.wait()
        if pause.stdin:
            pause.stdin.close()


@pytest.fixture
def process(here: Path) -> Iterator[subprocess.Popen[str]]:
    started = subprocess.Popen(
        [sys.executable, "-m", "sheetsync", "daemon", "--log", "json"],
        cwd=here,
        text=True,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    yield started
    if started.poll() is None:
        started.kill()
    started.wait()
    if started.stderr:
        started.stderr.close()


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_it_stops_when_told_and_holds_its_place(process: subprocess.Popen[str], here: Path) -> None:
    assert until(lambda: results(here / "okr.xlsx") == [2])
    second = subprocess.run([sys.executable, "-m", "sheetsync", "daemon"], cwd=here, capture_output=True, text=True, check=False)
    assert second.returncode == 75
    assert str(process.pid) in second.stderr
    process.send_signal(signal.SIGHUP)
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert not list(here.glob(".sheetsync-*"))


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_real_sighup_with_a_broken_configuration_keeps_the_old_one(here: Path) -> None:
    log = here / "log.txt"
    with log.open("w", encoding="utf-8") as file:
        process = subprocess.Popen([sys.executable, "-m", "sheetsync", "daemon", "--log", "json"], cwd=here, stderr=file)
    try:
        assert until(lambda: results(here / "okr.xlsx") == [2])
        (here / "sheetsync.toml").write_text("every = nonsense", encoding="utf-8")
        process.send_signal(signal.SIGHUP)
        assert until(lambda: "the old one stays" in log.read_text(encoding="utf-8"))
        (said,) = (line for line in log.read_text(encoding="utf-8").splitlines() if "the old one stays" in line)
        assert "sheetsync.toml" in said
        assert process.poll() is None
        write_plan(here / "okr.xlsx", [ROW, OTHER])  # somebody saves: it is looked at as before
        assert until(lambda: results(here / "okr.xlsx") == [2, 3])
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
