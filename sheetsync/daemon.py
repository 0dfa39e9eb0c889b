"""A configuration file goes in, every workbook of it is kept up to date until somebody says stop.

    slots      each workbook has a timetable (`due`); a slot is served once, also over sleep, restarts and changes of the clock
    changes    a file that somebody saved is looked at within seconds, an address when it was changed: new links are asked for,
               old figures are not; a tick beside `Sync now` and `sheetsync run --now` ask for everything
    outbox     figures that came while a workbook was open are written as soon as it closes
    review     it goes out on its day (`reminders`)
    signals    SIGTERM and SIGINT stop it, nothing half-written; SIGHUP reads the configuration anew, and keeps the old one
               if the new one does not hold

`schedule` only ticks. Its own clock is the naive local one, which stands still for an hour in autumn, so what is due is never
asked of it: due moments are computed from zones and kept in the history.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Literal

import schedule
import structlog

from sheetsync._locks import hold
from sheetsync.app import App, Edges, Wishes, open_app
from sheetsync.asks import Asks
from sheetsync.due import Polling, timetable
from sheetsync.errors import SheetsyncError
from sheetsync.fetch import Fetched
from sheetsync.model import RunReport
from sheetsync.process import notify
from sheetsync.reminders import Reminders
from sheetsync.status import State, StatusPage
from sheetsync.tally import Tally
from sheetsync.watching import Saves, Watched

TICK: Final = 1
"""Seconds."""
WORKERS: Final = 4
RETRY: Final = timedelta(minutes=1)
"""How often an open workbook is tried again."""
SAY_OPEN_AFTER: Final = timedelta(minutes=30)
STOP_SECONDS: Final = 8.0


@dataclass(frozen=True, slots=True)
class Job:
    """Why a workbook is run. `slot` is what is kept as served afterwards."""

    kind: Literal["slot", "asked", "changed", "look", "waiting"]
    slot: datetime | None = None

    @property
    def fresh(self) -> bool:
        """Whether every figure is asked for anew."""
        return self.kind in ("slot", "asked")


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
        self._beat = self.edges.time.now()
        self.tally = Tally(self._beat)
        self.watched: dict[str, Watched] = {}
        self.app = open_app(self.config, self.edges)
        self.asks = Asks(self.app.state, self.app.place)
        self._stop = threading.Event()
        self._reload = threading.Event()
        self._telling = threading.Lock()
        self._log = structlog.get_logger()
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="workbook")
        self._scheduler = schedule.Scheduler()
        self._reminding: Future[None] | None = None
        self._retired: list[tuple[App, list[Future[None]]]] = []
        self.reminders = self._take(self.app)

    # --- the loop

    def serve(self, *, ready: Callable[[], None] = lambda: None) -> None:
        """Until `stop`. Raises Held where another daemon serves this configuration, ConfigError where it names no workbook."""
        with hold(self.app.state / "locks", self.app.place, command="sheetsync daemon"):
            self.asks.begin()
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
                self._log.info("daemon stopped", runs=self.tally.counts.runs)

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
        """One step: what is due, what was changed, what is asked for, what waits."""
        if self._reload.is_set():
            self._reload.clear()
            self._read_again()
        self._close_retired()
        now = self._beat = self.edges.time.now()
        self._listen()
        for one in list(self.watched.values()):
            if self._stop.is_set():
                return
            self._look_at(one, now)
        if self._reminding is None or self._reminding.done():
            due = self.reminders.due(now)
            self._reminding = self._pool.submit(self._remind, self.reminders, due, now) if due else None

    def state(self) -> State:
        """What the status page shows now."""
        return self.tally.state(list(self.watched.values()), self.edges.time.now(), self._beat)

    def stop(self) -> None:
        self._stop.set()

    def reload(self) -> None:
        self._reload.set()

    def close(self) -> None:
        """Waits for runs that are under way; what they have not written yet stays unwritten, and its slot is served next time."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        wait(self._under_way(), STOP_SECONDS)
        for app in (self.app, *(app for app, _ in self._retired)):
            app.__exit__()

    @property
    def busy(self) -> bool:
        """Whether a run is under way, or a review on its way."""
        return any(not one.done() for one in self._under_way())

    def wait(self) -> None:
        """Until no run is under way: for tests, and for whoever wants one step to be whole."""
        for one in self._under_way():
            one.result()

    def _under_way(self) -> list[Future[None]]:
        running = [one.running for one in self.watched.values()] + [self._reminding]
        return [one for one in running if one is not None and not one.cancelled()]

    # --- one workbook

    def _listen(self) -> None:
        """Takes what was asked for from the command line."""
        for identity in self.asks.take():
            one = self.watched.get(identity)
            if one is not None:
                one.wanted = True
                continue
            said = self.app.texts("The daemon does not know this workbook: reload it after a change of its configuration.")
            self.asks.begun(identity)
            self.asks.done(identity, RunReport(identity, error=said, exit_code=2))

    def _look_at(self, one: Watched, now: datetime) -> None:
        due = one.due(now)
        if due and one.busy:  # its own slow run: counted, never queued
            one.skipped += len(due)
            self.tally.counts.skipped += len(due)
            self._log.warning("slot skipped, the run before is not over", workbook=one.entry.path, slots=len(due))
            self.app.history.keep_served(one.identity, due[-1])
        elif due:
            self.tally.counts.missed += len(due) - 1
            self._start(one, Job("slot", due[-1]))
        elif not one.busy:
            if one.wanted:
                self._start(one, Job("asked"))
            elif one.retry_at is not None and now >= one.retry_at:
                self._start(one, Job("waiting"))
            elif one.saves is not None and one.saves.finished():
                self._start(one, Job("changed"))
            elif one.polling is not None and one.polling.is_due(now):
                self._start(one, Job("look"))

    def _start(self, one: Watched, job: Job) -> None:
        if job.fresh:
            one.wanted = False
            self.asks.begun(one.identity)
        one.running = self._pool.submit(self._run, self.app, one, job)

    def _run(self, app: App, one: Watched, job: Job) -> None:
        try:
            fresh = job.fresh
            report = self._safe_report(app, one, job)
            if report is not None:
                self._account_for(app, one, report, job.fresh or (job.kind == "waiting" and one.clears))
            elif job.kind == "waiting":
                one.retry_at, one.clears = None, False
            if report is not None and report.asked:  # the box was ticked: everything is asked for anew
                fresh = True
                self.asks.begun(one.identity)
                report = self._safe_report(app, one, Job("asked"))
                if report is not None:
                    self._account_for(app, one, report, fresh=True)
            if report is not None and fresh:
                self.asks.done(one.identity, report)
            if job.slot is not None:
                app.history.keep_served(one.identity, job.slot)
            if one.saves is not None and job.kind != "look":
                one.saves.wrote()
        except Exception:  # noqa: BLE001 - the history may be in trouble; one workbook's failure is no other's
            self._log.exception("a run could not be recorded", workbook=one.entry.path)

    def _safe_report(self, app: App, one: Watched, job: Job) -> RunReport | None:
        """The report of a run, whatever happens in it; None where there was nothing to do."""
        try:
            return self._report(app, one, job)
        except SheetsyncError as error:
            return RunReport(one.entry.name, error=app.texts.error(error), exit_code=error.exit_code)
        except Exception:  # noqa: BLE001 - one workbook's failure is no other's
            self._log.exception("run failed", workbook=one.entry.path)
            return RunReport(one.entry.name, error=app.texts("Something went wrong inside sheetsync."), exit_code=70)

    def _report(self, app: App, one: Watched, job: Job) -> RunReport | None:
        def keep(fetched: Fetched) -> None:
            one.known, one.known_at = fetched, self.edges.time.now()
            self.tally.note_sources(fetched, app.texts, self.edges.time.now())

        now = self.edges.time.now()
        if job.kind == "waiting":
            return app.deliver(one.entry, clears=one.clears)
        if job.kind == "look" and one.polling is not None:
            try:
                if not one.polling.changed_since(app.asked(one.entry), now):
                    return None
            except SheetsyncError:  # it cannot be reached now: the next slot will say so
                one.polling.failed(now)
                return None
        return app.run(one.entry, Wishes(known=None if job.fresh else one.fresh(now), keep=keep))

    def _account_for(self, app: App, one: Watched, report: RunReport, fresh: bool) -> None:
        now = self.edges.time.now()
        self.tally.count(report)
        one.last, one.last_at = report, now
        one.clears = report.locked and fresh
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
            error=report.error or "", notes=list(report.notes), **states,
        )  # fmt: skip
        with self._telling:  # what was told is kept as one set
            for said in app.tell(one.entry, report):
                self._log.warning("alert not delivered", target=said)
        self.finished(app, one, report)

    def _remind(self, reminders: Reminders, names: list[str], now: datetime) -> None:
        try:
            for said in reminders.send(names, now):
                self._log.warning("review not delivered", target=said)
        except Exception:  # noqa: BLE001 - a review is no reason to stop
            self._log.exception("the review failed")

    # --- the configuration

    def _take(self, app: App) -> Reminders:
        """The workbooks of a configuration; those that were there before keep what is known of them. All of it, or nothing."""
        entries = app.workbook_configs([])
        app.registry, app.targets  # noqa: B018 - their complaints come before anything runs
        reminders = Reminders(app)
        now = self.edges.time.now()
        watched: dict[str, Watched] = {}
        for entry in entries:
            identity = app.open_workbook(entry).identity
            plan = timetable(entry.every, entry.at, entry.days, app.zone(entry))
            # A workbook that was never served begins with a run, so that whoever installs it sees at once whether it works.
            through = app.history.served(identity) or plan.between(now - timedelta(days=9), now)[-1] - timedelta(seconds=1)
            one = Watched(entry, plan, identity, through)
            if "://" in entry.path:
                one.polling = Polling(now)
            else:
                one.saves = Saves(app.config.path(entry.path))
            if app.history.outbox(identity):
                one.retry_at = now
            watched[identity] = one
        for identity in watched.keys() & self.watched.keys():
            fresh, before = watched[identity], self.watched[identity]
            before.plan(fresh.entry, fresh.timetable)
            watched[identity] = before
        self.watched = watched
        return reminders

    def _read_again(self) -> None:
        running = self._under_way()
        fresh: App | None = None
        try:
            fresh = open_app(self.config, self.edges)
            self.reminders = self._take(fresh)
        except SheetsyncError as error:
            if fresh is not None:
                fresh.__exit__()
            self._log.error("the new configuration does not hold, the old one stays", complaint=str(error))
            return
        self._retired.append((self.app, running))
        self.app = fresh
        self._log.info("configuration read again", workbooks=len(self.watched))

    def _close_retired(self) -> None:
        """A configuration of before is closed when its last run is over."""
        for app, running in [one for one in self._retired if all(run.done() for run in one[1])]:
            app.__exit__()
            self._retired.remove((app, running))
