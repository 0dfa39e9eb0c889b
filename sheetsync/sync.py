"""The line: a workbook and a way to fetch go in, a report comes out.

    read -> scan -> fetch -> read again -> plan -> record -> apply

Nothing is held open while services are asked. The workbook is read again just before writing, so rows that a colleague sorted,
inserted or deleted meanwhile never receive another row's figure; if it changes once more before the write, all is planned anew
from the same outcomes. Where the links of the last run are known, they are fetched first, and one look is enough unless there is
a link that is new.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol

from sheetsync.errors import ConfigError, WorkbookChanged
from sheetsync.fetch import Fetched
from sheetsync.model import Grid, KeyResult, Link, Period, RunReport
from sheetsync.okr import asking, colours
from sheetsync.okr.layout import fold
from sheetsync.okr.plan import How, Memory, NoMemory, Plan, plan
from sheetsync.okr.scan import scan
from sheetsync.workbooks.base import Online, Workbook

APPLY_TRIES: Final = 5


class Store(Protocol):
    """Where a run is recorded: before the workbook is touched, and after."""

    def memory(self) -> Memory: ...

    def record(self, planned: Plan, fetched: Fetched) -> None:
        """Keeps the readings before they are written, so that a crash between here and the workbook loses nothing.

        Once more where a colleague's save led to another plan, which then takes the place of the one before.
        """

    def applied(self) -> None: ...

    def finish(self, *, edits: int, requests: int, seconds: float, error: str | None) -> None: ...


class NoStore:
    """Remembers nothing; for dry runs."""

    def memory(self) -> Memory:
        return NoMemory()

    def record(self, planned: Plan, fetched: Fetched) -> None:
        """Nothing is kept."""

    def applied(self) -> None:
        """Nothing is kept."""

    def finish(self, *, edits: int, requests: int, seconds: float, error: str | None) -> None:
        """Nothing is kept."""


@dataclass(frozen=True, slots=True)
class Options:
    """One run's wishes. `how` makes the planner's settings from what was fetched.

    `expected` links, where it is known which they will be, are fetched before anything is read; where that was not enough,
    `fetch` is called once more with all links, and is to ask only for what it has not fetched yet. `colours` has an online
    workbook keep its colour rules.
    """

    how: Callable[[Fetched, Sequence[KeyResult]], How]
    today: date
    default_period: Period | None = None
    only: tuple[str, ...] = ()
    keys: frozenset[str] | None = None
    dry_run: bool = False
    clears: bool = False
    """Whether this run is what a ticked box beside `Sync now` asks for."""
    expected: frozenset[Link] | None = None
    colours: bool = True


def sync(
    workbook: Workbook,
    fetch: Callable[[Collection[Link]], Fetched],
    options: Options,
    store: Store,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> RunReport:
    """One workbook, once. Raises WorkbookError and ConfigError; a row's failure is in the report."""
    started = clock()
    fetched = fetch(options.expected) if options.expected else Fetched({})
    grids = _look(workbook, options)
    rows = _key_results(grids, options)
    _require_groups(rows, options.only)
    wanted = wanted_links(rows, options.only)
    looked = options.expected is not None and wanted <= fetched.outcomes.keys()
    if not looked:
        fetched = fetch(wanted)
    memory = store.memory()
    recorded: Plan | None = None
    for attempt in range(1, APPLY_TRIES + 1):
        if attempt > 1 or not looked:
            grids = _look(workbook, options)
        rows, boxes = _key_results(grids, options), asking.boxes(grids)
        planned = plan(rows, fetched.outcomes, memory, options.how(fetched, rows), only=options.only, keys=options.keys)
        edits = planned.edits + (asking.cleared(boxes) if options.clears else ())
        if options.dry_run:
            break
        if planned != recorded:
            store.record(planned, fetched)
            recorded = planned
        try:
            workbook.apply(edits)
        except WorkbookChanged:
            if attempt == APPLY_TRIES:
                raise
            continue
        store.applied()
        break
    said = options.how(fetched, rows).texts.say
    return RunReport(
        workbook=workbook.name, rows=tuple(row.report for row in planned.rows), edits=len(edits),
        requests=fetched.requests, seconds=round(clock() - started, 3), planned=edits,
        asked=not options.clears and any(box.asks for box in boxes),
        notes=tuple(said(box.said) for box in boxes if box.said is not None),
    )  # fmt: skip


def _look(workbook: Workbook, options: Options) -> list[Grid]:
    grids = workbook.read()
    if options.colours and isinstance(workbook, Online):
        workbook.colour(colours.rules(grids))
    return grids


def _key_results(grids: Sequence[Grid], options: Options) -> list[KeyResult]:
    return scan(grids, today=options.today, default_period=options.default_period)


def _require_groups(rows: Sequence[KeyResult], only: Sequence[str]) -> None:
    """A group that is misspelt must not read as all well. Raises ConfigError."""
    known = {fold(row.group): row.group for row in rows if row.group}
    for name in only:
        if fold(name) not in known:
            raise ConfigError("This workbook has no group {name}.", name=name, advice="Write the name as it stands in the sheet.")


def wanted_links(rows: Sequence[KeyResult], only: Sequence[str] = ()) -> set[Link]:
    """The links to fetch; with `only`, those of the named groups."""
    wanted = {fold(name) for name in only}
    return {row.source for row in rows if isinstance(row.source, Link) and (not wanted or fold(row.group) in wanted)}
