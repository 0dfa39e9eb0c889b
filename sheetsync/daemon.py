"""A configuration file goes in, every workbook of it is kept up to date until somebody says stop.

    slots      each workbook has a timetable (`due`); a slot is served once, also over sleep, restarts and changes of the clock
    saves      a workbook that somebody saved is looked at within seconds: new links are asked for, old figures are not
    outbox     figures that came while a workbook was open are written as soon as it closes
    signals    SIGTERM and SIGINT stop it, nothing half-written; SIGHUP reads the configuration anew, and keeps the old one
               if the new one does not hold

`schedule` only ticks. Its own clock is the naive local one, which stands still for an hour in autumn, so what is due is never
asked of it: due moments are computed from zones and kept in the history.
"""

from __future__ import annotations

import signal
import socket
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Final

import schedule
import structlog

from sheetsync._locks import hold
from sheetsync.app import App, Edges, Wishes, open_app
from sheetsync.config import WorkbookConfig
from sheetsync.due import Timetable, timetable
from sheetsync.errors import ConfigError, LinkError, SheetsyncError
from sheetsync.fetch import Fetched
from sheetsync.model import Outcome, Reading, RunReport
from sheetsync.status import SourceState, State, StatusPage, WorkbookState

TICK: Final = 1
"""Seconds."""
WORKERS: Final = 4
RETRY: Final = timedelta(minutes=1)
"""How often an open workbook is tried again."""
SAY_OPEN_AFTER: Final = timedelta(minutes=30)
SETTLED: Final = 2
"""A saved file is looked at when it has not changed for so many ticks: programs write in several steps."""
REMEMBERED: Final = timedelta(minutes=30)
"""How long figures serve for rows that were there already when a workbook is saved."""
STOP_SECONDS: Final = 8.0


@dataclass(slots=True)
class Watched:
    """One workbook of the configuration, as the daemon sees it."""

    entry: WorkbookConfig
    timetable: Timetable
    identity: str
    path: Path
    through: datetime
    seen: tuple[int, int, int] | None = None
    settling: int = 0
    running: Future[None] | None = None
    skipped: int = 0
    known: Fetched | None = None
    known_at: datetime | None = None
    open_since: datetime | None = None
    said_open: bool = False
    retry_at: datetime | None = None
    states: Mapping[str, int] = field(default_factory=dict)
    last: RunReport | None = None
    last_at: datetime | None = None


@dataclass(slots=True)
class Counts:
    """What the daemon did since it began; for the status page."""

    runs: int = 0
    failed: int = 0
    skipped: int = 0
    missed: int = 0
    requests: int = 0
    edits: int = 0


class Daemon:
    """The loop. `serve` runs until `stop`; `tick` does one step and returns, for tests that own the clock.

    `finished` is told of every run, after it. Raises ConfigError where the configuration does not hold.
    """

    def __init__(
        self,
        config: Path | None,
        edges: Edges | None = None,
        *,
        finished: Callable[[App, Watched, RunReport], None] = lambda _app, _watched, _report: None,
    ) -> None:
        self.config = config
        self.edges = edges or Edges()
        self.finished = finished
        self.counts = Counts()
        self.sources: dict[tuple[str, str], SourceState] = {}
        self._began = self._beat = self.edges.time.now()
        self.watched: dict[str, Watched] = {}
        self.app = open_app(self.config, self.edges)
        self._stop = threading.Event()
        self._reload = threading.Event()
        self._lock = threading.Lock()
        self._log = structlog.get_logger()
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="workbook")
        self._scheduler = schedule.Scheduler()
        self._take(self.app)

    # --- the loop

    def serve(self, *, ready: Callable[[], None] = lambda: None) -> None:
        """Until `stop`. Raises Held where another daemon serves this configuration, ConfigError where it names no workbook."""
        name = f"daemon:{self.app.config.file or self.app.config.folder}"
        with hold(self.app.state / "locks", name, command="sheetsync daemon"):
            page = self._page()
            try:
                self._log.info("daemon started", workbooks=len(self.watched), status_port=page.port if page else 0)
                ready()
                notify(self.edges.environ, "READY=1")
                while not self._stop.is_set():
                    self._ticking()
                    self._scheduler.run_pending()
                    self._stop.wait(TICK)
            finally:
                notify(self.edges.environ, "STOPPING=1")
                if page is not None:
                    page.close()
                self.close()
                self._log.info("daemon stopped", runs=self.counts.runs)

    def _page(self) -> StatusPage | None:
        config = self.app.config
        if config.status_port is None:
            return None
        token = self.app.vault.reveal(config.status_token, "status_token") if config.status_token else ""
        return StatusPage(self.state, self.app.texts, host=config.status_host, port=config.status_port, token=token)

    def _ticking(self) -> None:
        """Keeps one job due within a tick: the scheduler's own clock may have been set back by an hour."""
        idle = self._scheduler.idle_seconds
        if idle is None or idle > 2 * TICK:
            self._scheduler.clear()
            self._scheduler.every(TICK).seconds.do(self._safely)
            self._safely()

    def _safely(self) -> None:
        """A mistake of ours in one step never ends the loop."""
        try:
            self.tick()
        except Exception:  # noqa: BLE001 - the daemon outlives every single step
            self._log.exception("a step failed")
        notify(self.edges.environ, "WATCHDOG=1")

    def tick(self) -> None:
        """One step: what is due, what was saved, what waits."""
        if self._reload.is_set():
            self._reload.clear()
            self._read_again()
        now = self._beat = self.edges.time.now()
        for one in list(self.watched.values()):
            if self._stop.is_set():
                return
            self._look_at(one, now)

    def state(self) -> State:
        """What the status page shows now."""
        now = self.edges.time.now()
        workbooks = [
            WorkbookState(
                name=one.entry.path, last=one.last_at, next=one.timetable.next(max(now, one.through)),
                error=(one.last.error or "") if one.last else "", running=one.running is not None and not one.running.done(),
                waiting=one.retry_at is not None, states=one.states,
            )
            for one in self.watched.values()
        ]  # fmt: skip
        with self._lock:
            sources = [self.sources[key] for key in sorted(self.sources)]
        return State(now, self._began, self._beat, workbooks, sources, asdict(self.counts))

    def stop(self) -> None:
        self._stop.set()

    def reload(self) -> None:
        self._reload.set()

    def close(self) -> None:
        """Waits for runs that are under way; what they have not written yet stays unwritten, and its slot is served next time."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        for one in self.watched.values():
            if one.running is not None:
                with suppress(Exception):
                    one.running.result(STOP_SECONDS)
        self.app.__exit__()

    def wait(self) -> None:
        """Until no run is under way: for tests, and for whoever wants one step to be whole."""
        for one in self.watched.values():
            if one.running is not None:
                one.running.result()

    # --- one workbook

    def _look_at(self, one: Watched, now: datetime) -> None:
        due = one.timetable.between(one.through, now) if now > one.through else []
        busy = one.running is not None and not one.running.done()
        if due:
            one.through = due[-1]
            if busy:  # its own slow run: counted, never queued
                one.skipped += len(due)
                self.counts.skipped += len(due)
                self.app.history.keep_served(one.identity, due[-1])
                self._log.warning("slot skipped, the run before is not over", workbook=one.entry.path, slots=len(due))
            else:
                self.counts.missed += len(due) - 1
                self._start(one, slot=due[-1])
            return
        if busy:
            return
        if one.retry_at is not None and now >= one.retry_at:
            self._start(one, deliver=True)
        elif self._saved(one):
            fresh = one.known_at is not None and now - one.known_at < REMEMBERED
            self._start(one, known=one.known if fresh else None)

    def _saved(self, one: Watched) -> bool:
        """Whether somebody saved the file and has finished saving."""
        try:
            found = one.path.stat()
        except OSError:  # between the two steps of somebody's save, or gone: the next slot will say so
            return False
        mark = (found.st_mtime_ns, found.st_size, found.st_ino)
        if one.seen is None or mark == one.seen:
            one.seen, one.settling = mark, 0 if one.settling == 0 else one.settling + 1
            if one.settling >= SETTLED:
                one.settling = 0
                return True
            return False
        one.seen, one.settling = mark, 1
        return False

    def _start(self, one: Watched, *, slot: datetime | None = None, known: Fetched | None = None, deliver: bool = False) -> None:
        one.running = self._pool.submit(self._run, self.app, one, slot, known, deliver)

    def _run(self, app: App, one: Watched, slot: datetime | None, known: Fetched | None, deliver: bool) -> None:
        def keep(fetched: Fetched) -> None:
            one.known, one.known_at = fetched, self.edges.time.now()
            self._note_sources(app, fetched)

        try:
            report = app.deliver(one.entry) if deliver else app.run(one.entry, Wishes(known=known, keep=keep))
        except SheetsyncError as error:
            report = RunReport(Path(one.entry.path).name, error=app.texts.error(error), exit_code=error.exit_code)
        except Exception:  # noqa: BLE001 - one workbook's failure is no other's
            self._log.exception("run failed", workbook=one.entry.path)
            report = RunReport(Path(one.entry.path).name, error=app.texts("Something went wrong inside sheetsync."), exit_code=70)
        now = self.edges.time.now()
        if report is not None:
            self._account_for(app, one, report, now)
        else:
            one.retry_at = None
        if slot is not None:
            app.history.keep_served(one.identity, slot)
        with suppress(OSError):
            found = one.path.stat()
            one.seen = (found.st_mtime_ns, found.st_size, found.st_ino)

    def _account_for(self, app: App, one: Watched, report: RunReport, now: datetime) -> None:
        with self._lock:
            self.counts.runs += 1
            self.counts.failed += report.error is not None
            self.counts.requests += report.requests
            self.counts.edits += report.edits
        one.last, one.last_at = report, now
        if report.locked:
            one.open_since = one.open_since or now
            one.retry_at = now + RETRY
            if not one.said_open and now - one.open_since >= SAY_OPEN_AFTER:
                one.said_open = True
                self._log.warning("workbook is open, its figures wait", workbook=one.entry.path)
        else:
            one.open_since, one.said_open, one.retry_at = None, False, None
        states = dict(Counter(row.state for row in report.rows))
        if report.rows and one.retry_at is None:
            one.states = states
        self._log.info(
            "run", workbook=one.entry.path, edits=report.edits, requests=report.requests, seconds=report.seconds,
            error=report.error or "", **states,
        )  # fmt: skip
        for said in app.tell(one.entry, report):
            self._log.warning("alert not delivered", target=said)
        self.finished(app, one, report)

    def _note_sources(self, app: App, fetched: Fetched) -> None:
        """An account is failing when it was asked and gave no figure at all."""
        now = self.edges.time.now()
        asked: dict[tuple[str, str], list[Outcome]] = {}
        for link, account in fetched.accounts.items():
            asked.setdefault((fetched.connectors[link], account), []).append(fetched.outcomes[link])
        with self._lock:
            for key, outcomes in asked.items():
                good = any(isinstance(outcome, Reading) for outcome in outcomes)
                before = self.sources.get(key)
                failure = next((app.texts.error(one) for one in outcomes if isinstance(one, LinkError)), "")
                last = now if good else before.last_good if before else None
                self.sources[key] = SourceState(*key, last, "" if good else failure)

    # --- the configuration

    def _take(self, app: App) -> None:
        """The workbooks of a configuration; those that were there before keep what is known of them."""
        entries = app.workbook_configs([])
        app.registry, app.targets  # noqa: B018 - their complaints come before anything runs
        now = self.edges.time.now()
        watched: dict[str, Watched] = {}
        for entry in entries:
            workbook = app.open_workbook(entry)
            identity = workbook.identity
            plan = timetable(entry.every, entry.at, entry.days, app.zone(entry))
            before = self.watched.get(identity)
            if before is not None:
                before.entry, before.timetable = entry, plan
                watched[identity] = before
                continue
            # A workbook that was never served begins with a run, so that whoever installs it sees at once whether it works.
            through = app.history.served(identity) or plan.between(now - timedelta(days=9), now)[-1] - timedelta(seconds=1)
            one = Watched(entry, plan, identity, app.config.path(entry.path), through)
            if app.history.outbox(identity):
                one.retry_at = now
            watched[identity] = one
        self.watched = watched

    def _read_again(self) -> None:
        try:
            fresh = open_app(self.config, self.edges)
            self._take(fresh)
        except ConfigError as error:
            self._log.error("the new configuration does not hold, the old one stays", complaint=str(error))
            return
        old, self.app = self.app, fresh
        self._log.info("configuration read again", workbooks=len(self.watched))
        self.wait()
        old.__exit__()


def serve_until_told(daemon: Daemon) -> None:
    """Serves with the signals of a process: SIGTERM and SIGINT stop, SIGHUP reads the configuration anew."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        daemon.stop()

    def reload(_number: int, _frame: FrameType | None) -> None:
        daemon.reload()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, reload)
    daemon.serve()


def notify(environ: Mapping[str, str], message: str) -> None:
    """Tells systemd how we are (sd_notify(3)); nothing where nobody listens."""
    address = environ.get("NOTIFY_SOCKET", "")
    if not address or not hasattr(socket, "AF_UNIX"):
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        out.connect("\0" + address[1:] if address.startswith("@") else address)
        out.send(message.encode())
