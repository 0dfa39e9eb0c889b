"""One workbook of the configuration, as the daemon sees it: when it is due, whether somebody changed it, what of it waits."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from sheetsync.config import WorkbookConfig
from sheetsync.due import Polling, Timetable
from sheetsync.fetch import Fetched
from sheetsync.model import RunReport

SETTLED: Final = 2
"""A saved file is looked at when it has not changed for so many ticks: programs write in several steps."""
REMEMBERED: Final = timedelta(minutes=30)
"""How long figures serve for rows that were there already when a workbook is saved."""


@dataclass(slots=True)
class Saves:
    """Tells from a file's date, size and place on the disk that somebody saved it, and has finished saving."""

    path: Path
    _seen: tuple[int, int, int] | None = None
    _settling: int = 0

    def finished(self) -> bool:
        """Asked once a tick; true once for each save."""
        mark = self._mark()
        if mark is None:  # between the two steps of somebody's save, or gone: the next slot will say so
            return False
        if self._seen is None or mark == self._seen:
            self._seen, self._settling = mark, 0 if self._settling == 0 else self._settling + 1
            if self._settling >= SETTLED:
                self._settling = 0
                return True
            return False
        self._seen, self._settling = mark, 1
        return False

    def wrote(self) -> None:
        """What stands there now is our own writing, nobody's save."""
        self._seen = self._mark() or self._seen

    def _mark(self) -> tuple[int, int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


@dataclass(slots=True)
class Watched:
    """`saves` for a file; `polling` for a workbook at an address, which tells nobody that it was changed.

    `through`   the last slot that was served, or given up
    `retry_at`  when what waits for an open workbook is tried again
    `clears`    what waits was fetched for the box beside `Sync now`, should it be ticked
    `wanted`    somebody asked for a run from the command line
    """

    entry: WorkbookConfig
    timetable: Timetable
    identity: str
    through: datetime
    saves: Saves | None = None
    polling: Polling | None = None
    running: Future[None] | None = None
    skipped: int = 0
    known: Fetched | None = None
    known_at: datetime | None = None
    open_since: datetime | None = None
    said_open: bool = False
    retry_at: datetime | None = None
    clears: bool = False
    wanted: bool = False
    states: Mapping[str, int] = field(default_factory=dict)
    last: RunReport | None = None
    last_at: datetime | None = None
    _next: datetime | None = None

    @property
    def name(self) -> str:
        """What people call it: a file's name, or the whole address."""
        return self.entry.path if self.saves is None else self.saves.path.name

    @property
    def busy(self) -> bool:
        return self.running is not None and not self.running.done()

    def plan(self, entry: WorkbookConfig, timetable: Timetable) -> None:
        """Another schedule from now on; what was served stays served."""
        self.entry, self.timetable, self._next = entry, timetable, None

    def due(self, now: datetime) -> list[datetime]:
        """The slots that have come since it was asked last; each is given once."""
        self._next = self._next or self.timetable.next(self.through)  # asked every second, so it is not computed every second
        if now < self._next:
            return []
        found = self.timetable.between(self.through, now)
        self.through, self._next = found[-1], None
        return found

    def fresh(self, now: datetime) -> Fetched | None:
        """The figures that are young enough to serve once more."""
        return self.known if self.known_at is not None and timedelta(0) <= now - self.known_at < REMEMBERED else None
