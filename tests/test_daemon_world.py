"""The daemon among others: a service that fails for an hour, a program that holds the file, people who ask for a run."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from sheetsync.app import App, Edges
from sheetsync.asks import Asks, ask
from sheetsync.config import WorkbookConfig
from sheetsync.daemon import Daemon
from sheetsync.due import QUICK, SLOW, Polling
from sheetsync.errors import ConfigError
from sheetsync.fetch import Time
from sheetsync.model import CellRef, RunReport
from sheetsync.testing import Answer, Stand
from sheetsync.workbooks.memory import Memory
from tests.conftest import HEADINGS, Done, needs, results, write_plan
from tests.test_daemon import OTHER, ROW, Clock, Told, configure, settle, step, until

LINKS = {"a": "https://a.example/n{n}.json#$.n", "b": "file:data/b.csv#sum(n)"}
MORNING = datetime(2027, 1, 4, 6, 30, tzinfo=UTC)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "leads.csv").write_text("n\n1\n2\n", encoding="utf-8")
    write_plan(tmp_path / "okr.xlsx", [ROW])
    configure(tmp_path, 'at = ["08:00"]')
    return tmp_path


@pytest.fixture
def served(here: Path) -> Iterator[tuple[Daemon, Clock, Told]]:
    clock, told = Clock(MORNING), Told()
    daemon = Daemon(here / "sheetsync.toml", clock.edges, finished=told)
    step(daemon)
    yield daemon, clock, told
    daemon.close()


def edit(path: Path, cells: dict[str, Any]) -> None:
    """Somebody changes cells and saves."""
    book = openpyxl.load_workbook(path)
    page = book.active
    assert page is not None
    for place, value in cells.items():
        page[place] = value
    book.save(path)
    book.close()


def cell(path: Path, place: str) -> Any:
    book = openpyxl.load_workbook(path)
    page = book.active
    assert page is not None
    value = page[place].value
    book.close()
    return value


# --- an outage -----------------------------------------------------------------------------------------------------------


def test_an_hour_without_one_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At most twenty calls to it, the others' rows on time, its last good figures kept and marked, one alert and one recovery."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "b.csv").write_text("n\n0\n", encoding="utf-8")
    clock, down = Clock(MORNING), threading.Event()
    lock = threading.Lock()

    def sleep(seconds: float) -> None:
        with lock:
            clock.forward(seconds)

    def figure(_seen: Any) -> Answer:
        return Answer.of({"n": int((clock.now - MORNING).total_seconds() // 60)})

    rows = [
        ("Inbound", "O1 Grow", f"KR{host}{n} Leads", "number", 0, 999, None, LINKS[host].format(n=n), *[None] * 4)
        for host in ("a", "b")
        for n in (1, 2)
    ]
    write_plan(tmp_path / "okr.xlsx", rows)
    accounts = '[connectors.http.a]\norigin = "https://a.example"\npaths = ["/*"]\n[connectors.file.b]\nfolders = ["data"]\n'
    (tmp_path / "sheetsync.toml").write_text(
        'timezone = "UTC"\n[[workbooks]]\npath = "okr.xlsx"\nevery = "1m"\nbackups = 0\n'
        f'[[alerts]]\nkind = "slack"\nurl = {{ env = "HOOK" }}\nevents = ["broken"]\n{accounts}',
        encoding="utf-8",
    )
    with Stand() as stand:
        for n in (1, 2):
            stand.answer(f"/n{n}.json", lambda seen: Answer(503) if down.is_set() else figure(seen), host="a.example")
        stand.answer("/hook", Answer(200, b"ok"), method="POST")
        when = Time(monotonic=clock.monotonic, sleep=sleep, now=lambda: clock.now, share=lambda: 0.5)
        web = {"resolve": stand.resolve, "network": stand.network, "tls": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)}
        daemon = Daemon(tmp_path / "sheetsync.toml", Edges(when, {**os.environ, "HOOK": "https://hooks.example/hook"}, web))

        def alerts() -> list[str]:
            return [seen.body.decode() for seen in stand.seen if seen.path == "/hook"]

        def minute(number: int) -> list[Any]:
            """Up to the next whole minute, whatever was slept meanwhile."""
            clock.forward((MORNING + timedelta(minutes=number, seconds=1) - clock.now).total_seconds())
            (tmp_path / "data" / "b.csv").write_text(f"n\n{number}\n", encoding="utf-8")
            step(daemon)
            return results(tmp_path / "okr.xlsx")

        for number in range(10):
            assert minute(number) == [number] * 4
        down.set()
        before = len([seen for seen in stand.seen if seen.host == "a.example"])
        for number in range(10, 70):
            assert minute(number) == [9, 9, number, number]
        calls = len([seen for seen in stand.seen if seen.host == "a.example"]) - before
        assert 0 < calls <= 20
        said = results(tmp_path / "okr.xlsx", "Sync")
        assert all(text.startswith("kept since 2027-01-04 06:40") for text in said[:2])
        assert not any(text.startswith("kept") for text in said[2:])
        assert len(alerts()) == 1
        down.clear()
        for number in range(70, 102):
            found = minute(number)
        assert found == [101] * 4
        assert len(alerts()) == 2
        assert "Well again" in alerts()[1]
        daemon.close()


# --- a workbook that is open ---------------------------------------------------------------------------------------------


def test_an_excel_style_lock_delays_the_write(served: tuple[Daemon, Clock, Told], here: Path) -> None:
    """The figures wait, a figure that somebody typed meanwhile stays, the others are written after the release."""
    daemon, clock, told = served
    write_plan(here / "okr.xlsx", [ROW, OTHER])
    lock = here / "~$okr.xlsx"
    lock.write_bytes(b"\x03Ann" + b" " * 51 + b"\x03\x00" + "Ann".encode("utf-16-le") + b" \0" * 51)
    os.utime(lock)
    settle(daemon)
    assert told.reports[-1].locked
    assert "Ann (Excel)" in (told.reports[-1].error or "")
    assert results(here / "okr.xlsx") == [None, None]
    edit(here / "okr.xlsx", {"G4": 7})  # they save while it is open, and go on
    (here / "data" / "leads.csv").unlink()  # what waits is written; nobody is asked again
    clock.forward(61)
    step(daemon)
    assert told.reports[-1].locked
    lock.unlink()
    clock.forward(61)
    step(daemon)
    assert results(here / "okr.xlsx") == [7, 3]
    assert daemon.app.history.outbox(next(iter(daemon.watched))) == []


def test_a_libreoffice_that_holds_the_file_delays_the_write(served: tuple[Daemon, Clock, Told], here: Path) -> None:
    office = needs("soffice")
    daemon, clock, told = served
    write_plan(here / "okr.xlsx", [ROW, OTHER])
    profile = (here / "profile").as_uri()
    accept = f"--accept=pipe,name={here.parent.name}-{os.getpid()};urp"
    words = [office, f"-env:UserInstallation={profile}", "--headless", "--norestore", accept, str(here / "okr.xlsx")]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        lock = here / ".~lock.okr.xlsx#"
        assert until(lambda: lock.exists() and lock.stat().st_size > 0, 60)
        settle(daemon)
        assert told.reports[-1].locked
        assert "LibreOffice" in (told.reports[-1].error or "")
        assert results(here / "okr.xlsx") == [None, None]
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        process.wait()
    lock.unlink(missing_ok=True)  # as it does itself when it is closed
    clock.forward(61)
    step(daemon)
    assert results(here / "okr.xlsx") == [2, 3]


# --- Sync now ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ticked", "empty"), [("☑", "☐"), (True, False), ("是", "☐")])
def test_a_tick_asks_for_everything_and_is_cleared(
    served: tuple[Daemon, Clock, Told], here: Path, ticked: Any, empty: Any
) -> None:
    daemon, _, told = served
    edit(here / "okr.xlsx", {"E1": "Sync now", "F1": ticked})
    (here / "data" / "leads.csv").write_text("n\n" * 6, encoding="utf-8")  # the figure of a moment ago would not do
    settle(daemon)
    assert results(here / "okr.xlsx") == [5]
    assert cell(here / "okr.xlsx", "F1") == empty
    assert told.reports[-1].requests == 1
    count = len(told.reports)
    settle(daemon)
    assert len(told.reports) == count


def test_a_tick_while_the_workbook_is_open_waits_with_the_figures(served: tuple[Daemon, Clock, Told], here: Path) -> None:
    daemon, clock, told = served
    lock = here / ".~lock.okr.xlsx#"
    lock.write_text("Ann,ann,elsewhere,04.01.2027 08:00,file:///x;", encoding="utf-8")
    edit(here / "okr.xlsx", {"E1": "Sync now", "F1": "☑"})
    (here / "data" / "leads.csv").write_text("n\n" * 6, encoding="utf-8")
    settle(daemon)
    assert told.reports[-1].locked
    assert cell(here / "okr.xlsx", "F1") == "☑"
    requests = daemon.tally.counts.requests
    for _ in range(3):
        clock.forward(61)
        step(daemon)
    assert daemon.tally.counts.requests == requests  # nobody is asked again while it is open
    lock.unlink()
    clock.forward(61)
    step(daemon)
    assert results(here / "okr.xlsx") == [5]
    assert cell(here / "okr.xlsx", "F1") == "☐"


def test_a_tick_beside_unchanged_figures_is_cleared_after_the_release(served: tuple[Daemon, Clock, Told], here: Path) -> None:
    daemon, clock, told = served
    lock = here / ".~lock.okr.xlsx#"
    lock.write_text("Ann,ann,elsewhere,04.01.2027 08:00,file:///x;", encoding="utf-8")
    edit(here / "okr.xlsx", {"E1": "Sync now", "F1": "☑"})
    settle(daemon)
    assert told.reports[-1].locked
    lock.unlink()
    clock.forward(61)
    step(daemon)
    assert cell(here / "okr.xlsx", "F1") == "☐"


def test_a_formula_or_a_dry_run_leaves_the_box_alone(here: Path, command: Callable[..., Done]) -> None:
    edit(here / "okr.xlsx", {"E1": "Sync now", "F1": "☑"})
    dry = command("run", "--dry-run")
    assert cell(here / "okr.xlsx", "F1") == "☑"
    assert command("run").code == dry.code == 0
    assert cell(here / "okr.xlsx", "F1") == "☐"


def test_a_locked_box_is_left_alone_with_a_word(here: Path, command: Callable[..., Done]) -> None:
    book = openpyxl.load_workbook(here / "okr.xlsx")
    page = book.active
    assert page is not None
    page["E1"], page["F1"] = "Sync now", "☑"
    for line in page["A4:L4"]:
        for one in line:
            one.protection = openpyxl.styles.Protection(locked=False)
    page.protection.sheet = True
    book.save(here / "okr.xlsx")
    done = command("run", "--json")
    assert done.code == 0
    assert cell(here / "okr.xlsx", "F1") == "☑"
    assert "F1" in done.json["workbooks"][0]["notes"][0]
    assert "left alone" in command("run").out


# --- run --now -----------------------------------------------------------------------------------------------------------


def test_without_a_daemon_it_says_so(here: Path, command: Callable[..., Done]) -> None:
    done = command("run", "--now")
    assert done.code == 2
    assert "No daemon runs" in done.err
    assert command("run", "--now", "--dry-run").code == 2


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_running_daemon_is_asked(here: Path, command: Callable[..., Done]) -> None:
    process = subprocess.Popen([sys.executable, "-m", "sheetsync", "daemon"], cwd=here, stderr=subprocess.DEVNULL)
    try:
        assert until(lambda: results(here / "okr.xlsx") == [2])
        (here / "data" / "leads.csv").write_text("n\n" * 8, encoding="utf-8")
        done = command("run", "--now", "--json")
        assert done.code == 0
        (report,) = done.json["workbooks"]
        assert report["rows"][0]["new"] == 7
        assert results(here / "okr.xlsx") == [7]
        assert "7" in command("run", "--now", "okr.xlsx").out
        write_plan(here / "other.xlsx", [ROW])
        assert command("run", "--now", "other.xlsx").code == 2
        assert results(here / "other.xlsx") == [None]
    finally:
        process.terminate()
        assert process.wait(12) == 0
    folder = Path(os.environ["SHEETSYNC_STATE"]) / "asks"
    assert [path for path in folder.rglob("*") if path.is_file()] == []


def test_a_daemon_that_dies_is_not_waited_for(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = iter([True, False])
    monkeypatch.setattr("sheetsync.asks.is_held", lambda _folder, _name: next(looks))
    with pytest.raises(ConfigError, match="No daemon runs"):
        ask(here / "state", "d", ["w"], seconds=60, sleep=lambda _seconds: None)
    assert [path for path in (here / "state").rglob("*") if path.is_file()] == []


def test_an_answer_is_of_a_run_that_began_after_the_question(tmp_path: Path) -> None:
    asks = Asks(tmp_path, "d")
    folder = next(iter([path for path in [tmp_path / "asks"] if not path.exists()]))
    (folder / Asks(tmp_path, "d")._folder.name).mkdir(parents=True)
    inbox = asks._folder
    asks.begun("w")  # a run is under way when somebody asks
    (inbox / "1.ask").write_text('["w"]', encoding="utf-8")
    (inbox / "2.ask").write_text("garbage", encoding="utf-8")
    (inbox / "3.ask").write_text('{"w": 1}', encoding="utf-8")
    assert asks.take() == {"w"}
    asks.done("w", RunReport("early"))
    assert not (inbox / "1.answer").exists()
    asks.begun("w")
    asks.done("w", RunReport("late"))
    assert json.loads((inbox / "1.answer").read_text(encoding="utf-8"))[0]["workbook"] == "late"
    assert asks.take() == set()
    asks.begin()
    assert list(inbox.iterdir()) == []


# --- a workbook at an address ----------------------------------------------------------------------------------------------


def test_polling_is_quick_after_a_change_and_slow_without() -> None:
    polling, now = Polling(MORNING), MORNING
    assert not polling.changed_since("a", now)
    waits = []
    for _ in range(8):
        now = polling.at
        assert not polling.changed_since("a", now)
        waits.append(polling.wait)
    assert waits == sorted(waits)
    assert waits[-1] == SLOW
    assert polling.changed_since("b", now)
    assert polling.at - now == QUICK
    polling.failed(now)
    assert polling.wait > QUICK
    assert not polling.is_due(now)
    assert polling.is_due(now - timedelta(hours=1))


class Counting(Memory):
    """A workbook at an address, that counts how often it is read."""

    reads = 0

    def read(self) -> list[Any]:
        self.reads += 1
        return super().read()


def test_a_workbook_at_an_address_is_polled(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One read a look; a new link is asked for within a minute; its own writing is no change."""
    address = "https://docs.example.org/spreadsheets/d/abc/edit"
    text = (here / "sheetsync.toml").read_text(encoding="utf-8").replace('"okr.xlsx"', f'"{address}"')
    (here / "sheetsync.toml").write_text(text, encoding="utf-8")
    book = Counting(name="Plan")

    def put(row: int, values: Sequence[Any]) -> None:
        for column, value in enumerate(values, 1):
            if value is not None:
                book.put(CellRef("2027-Q1", row, column), float(value) if isinstance(value, int) else value)

    put(1, HEADINGS)
    put(2, ROW)
    monkeypatch.setattr(App, "open_workbook", lambda _self, _entry, *, force=False: book)
    clock, told = Clock(MORNING), Told()
    daemon = Daemon(here / "sheetsync.toml", clock.edges, finished=told)
    step(daemon)
    assert book.cells[CellRef("2027-Q1", 2, 7)].value == 2.0
    (state,) = daemon.state().workbooks
    assert state.place == address
    before, count = book.reads, len(told.reports)
    for _ in range(90):
        clock.forward(10)
        step(daemon)
    assert len(told.reports) == count
    assert 3 <= book.reads - before <= 12
    put(3, OTHER)
    for _ in range(30):
        clock.forward(10)
        step(daemon)
    assert book.cells[CellRef("2027-Q1", 3, 7)].value == 3.0
    assert len(told.reports) == count + 1
    book.put(CellRef("2027-Q1", 1, 15), "Sync now")
    book.put(CellRef("2027-Q1", 1, 16), True)
    for _ in range(6):
        clock.forward(10)
        step(daemon)
    assert book.cells[CellRef("2027-Q1", 1, 16)].value is False


def test_an_address_that_cannot_be_reached_stops_nobody(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (here / "sheetsync.toml").open("a", encoding="utf-8") as file:
        file.write('[[workbooks]]\npath = "https://docs.example.org/spreadsheets/d/abc/edit"\nat = ["08:00"]\n')
    inner = App.open_workbook

    class Away(Memory):
        def read(self) -> list[Any]:
            from sheetsync.errors import WorkbookError

            raise WorkbookError("It does not answer.")

    def opened(self: App, entry: WorkbookConfig, *, force: bool = False) -> Any:
        return Away() if "://" in entry.path else inner(self, entry, force=force)

    monkeypatch.setattr(App, "open_workbook", opened)
    clock, told = Clock(MORNING), Told()
    daemon = Daemon(here / "sheetsync.toml", clock.edges, finished=told)
    for _ in range(30):
        step(daemon)
        clock.forward(10)
    assert results(here / "okr.xlsx") == [2]
    assert [report.error is None for report in told.reports].count(False) == 1
    daemon.close()
