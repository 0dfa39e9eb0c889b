"""Reports and outcomes of runs go in, what the status page shows comes out: totals, sources, where each workbook stands."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sheetsync.errors import LinkError
from sheetsync.fetch import Fetched
from sheetsync.model import Outcome, Reading, RunReport
from sheetsync.status import SourceState, State, WorkbookState
from sheetsync.texts import Texts
from sheetsync.watching import Watched


@dataclass(slots=True)
class Counts:
    """What the daemon did since it began; for the status page."""

    runs: int = 0
    failed: int = 0
    skipped: int = 0
    missed: int = 0
    requests: int = 0
    edits: int = 0


class Tally:
    """What happened since the daemon began. Safe to share between threads."""

    def __init__(self, began: datetime) -> None:
        self.counts = Counts()
        self._began = began
        self._sources: dict[tuple[str, str], SourceState] = {}
        self._lock = threading.Lock()

    def count(self, report: RunReport) -> None:
        with self._lock:
            self.counts.runs += 1
            self.counts.failed += report.error is not None
            self.counts.requests += report.requests
            self.counts.edits += report.edits

    def note_sources(self, fetched: Fetched, texts: Texts, now: datetime) -> None:
        """An account is failing when it was asked and gave no figure at all."""
        asked: dict[tuple[str, str], list[Outcome]] = {}
        for link, account in fetched.accounts.items():
            asked.setdefault((fetched.connectors[link], account), []).append(fetched.outcomes[link])
        with self._lock:
            for key, outcomes in asked.items():
                good = any(isinstance(outcome, Reading) for outcome in outcomes)
                before = self._sources.get(key)
                failure = next((texts.error(one) for one in outcomes if isinstance(one, LinkError)), "")
                last = now if good else before.last_good if before else None
                self._sources[key] = SourceState(*key, last, "" if good else failure)

    def state(self, watched: Sequence[Watched], now: datetime, beat: datetime) -> State:
        """All of it at this moment; `beat` is when the loop turned last."""
        workbooks = [
            WorkbookState(
                name=one.name, place=one.entry.path, last=one.last_at, next=one.timetable.next(max(now, one.through)),
                error=(one.last.error or "") if one.last else "", running=one.busy, waiting=one.retry_at is not None,
                states=one.states,
            )
            for one in watched
        ]  # fmt: skip
        with self._lock:
            sources = [self._sources[key] for key in sorted(self._sources)]
        return State(now, self._began, beat, workbooks, sources, asdict(self.counts))
