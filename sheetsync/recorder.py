"""A plan and what was fetched go in, entries of the history come out: joins the line to the store, for one run of a workbook."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from sheetsync.fetch import Fetched
from sheetsync.history import Entry, History, Memory, OutboxItem
from sheetsync.model import Column, KeyResult, Link, Reading
from sheetsync.okr.plan import Plan, Row


@dataclass(slots=True)
class Recorder:
    """Implements `sync.Store`. `whole` when the run looks at all rows, so that those it does not see are gone."""

    history: History
    workbook: str
    clock: Callable[[], datetime]
    whole: bool = True
    run: int = field(default=0)

    def memory(self) -> Memory:
        return self.history.memory(self.workbook)

    def record(self, planned: Plan, fetched: Fetched) -> None:
        now = self.clock()
        self.run = self.run or self.history.begin(self.workbook)
        self.history.record(
            self.run,
            [self._entry(row, fetched, now) for row in planned.rows],
            fills={row.key_result.key: row.fill_before for row in planned.rows if row.fill_before is not None},
            outbox=[item for row in planned.rows for item in self._waiting(row, now)],
            present={row.key_result.key for row in planned.rows} if self.whole else None,
        )

    def applied(self) -> None:
        if self.run:
            self.history.applied(self.run)

    def finish(self, *, edits: int, requests: int, seconds: float, error: str | None) -> None:
        """The run is over, well or not; a run that failed before it had anything to record is recorded too."""
        self.run = self.run or self.history.begin(self.workbook)
        self.history.finish(self.run, edits=edits, requests=requests, seconds=seconds, error=error)

    def _entry(self, row: Row, fetched: Fetched, now: datetime) -> Entry:
        kr, report = row.key_result, row.report
        reading = row.outcome if isinstance(row.outcome, Reading) else None
        return Entry(
            workbook=self.workbook, key=kr.key, group=kr.group, objective=kr.objective, key_result=kr.name, link=kr.link_text,
            connector=report.connector, account=fetched.accounts.get(kr.source, "") if isinstance(kr.source, Link) else "",
            value=row.result, unit=reading.unit if reading else "", as_of=(reading.as_of if reading else None) or now,
            source=reading.source if reading else "", state=report.state, message=report.message,
            progress=None if report.progress is None else Decimal(repr(report.progress)), status=report.status, target=kr.target,
            run=self.run, at=now,
        )  # fmt: skip

    @staticmethod
    def _waiting(row: Row, now: datetime) -> list[OutboxItem]:
        if row.written is None or not isinstance(row.outcome, Reading):
            return []
        kr, reading = row.key_result, row.outcome
        return [
            OutboxItem(
                key=kr.key, link=kr.link_text, value=reading.value, unit=reading.unit, as_of=reading.as_of or now,
                approximate=reading.approximate, source=reading.source, fetched=now, before=_before(kr),
            )
        ]  # fmt: skip


def still_waits(row: KeyResult, item: OutboxItem) -> bool:
    """Whether a figure that waited may still be written: the row asks for the same, and nobody typed a result meanwhile."""
    return row.link_text == item.link and _before(row) == item.before


def _before(kr: KeyResult) -> str | None:
    value = kr.cells[Column.RESULT].value
    return None if value is None else str(value)
