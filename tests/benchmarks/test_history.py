"""How the history behaves after two years of 500 rows and four runs a day; nothing is asserted about time (`-m benchmark -s`)."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import pytest

from sheetsync.history import Entry, History

ROWS, DAYS, RUNS_A_DAY = 500, 730, 4
BEGIN = datetime(2024, 1, 1, 6, tzinfo=UTC)
LINE = Entry(
    workbook="okr.xlsx", key="", group="", objective="O1 Increase sales", key_result="", link="", connector="crm", account="main",
    value=Decimal(0), unit="", as_of=BEGIN, source="crm (main): deals", state="fresh", message="", progress=Decimal(0),
    status="on track", target=Decimal(100_000), run=0, at=BEGIN,
)  # fmt: skip
T = TypeVar("T")


def _moments() -> Iterator[datetime]:
    for day in range(DAYS):
        for slot in range(RUNS_A_DAY):
            yield BEGIN + timedelta(days=day, hours=3 * slot)


def _rows(chance: random.Random, values: list[int], moment: datetime) -> Iterator[Entry]:
    for number, value in enumerate(values):
        moved = chance.random() < 0.4
        values[number] = value + chance.randrange(1, 50) if moved else value
        yield replace(
            LINE, key=f"row {number}", group=f"Team {number % 12}", key_result=f"KR{number} Leads of channel {number}",
            link=f"https://crm.example/deals/{number}", value=Decimal(values[number]), as_of=moment, at=moment,
            state="fresh" if moved else "unchanged", progress=Decimal(values[number]) / 100_000,
        )  # fmt: skip


def _timed(what: str, do: Callable[[], T]) -> T:
    begin = time.perf_counter()
    result = do()
    print(f"{what:<46}{time.perf_counter() - begin:9.3f} s")
    return result


@pytest.mark.benchmark
def test_two_years_of_five_hundred_rows(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    chance, values = random.Random(7), [100] * ROWS
    now = BEGIN
    with History(path, clock=lambda: now, redact=lambda text: text) as history:
        begin = time.perf_counter()
        for moment in _moments():
            now = moment
            run = history.begin("okr.xlsx")
            history.record(run, list(_rows(chance, values, moment)), fills={}, outbox=[])
        took = time.perf_counter() - begin
        runs = DAYS * RUNS_A_DAY
        print(
            f"\n{runs} runs of {ROWS} rows: {took:.1f} s, {took / runs * 1000:.1f} ms a run, {path.stat().st_size / 1e6:.0f} MB"
        )

        middle, last = BEGIN + timedelta(days=DAYS // 2), now
        assert len(_timed("as_of, a year ago", lambda: history.as_of("okr.xlsx", middle))) == ROWS
        assert len(_timed("as_of, now", lambda: history.as_of("okr.xlsx", last))) == ROWS
        assert len(_timed("memory", lambda: history.memory("okr.xlsx")).last) == ROWS
        weeks = [BEGIN + timedelta(weeks=week) for week in range(1, 104)]
        assert (
            _timed("as_of, each of 103 weeks", lambda: [len(history.as_of("okr.xlsx", week)) for week in weeks]) == [ROWS] * 103
        )
        total = _timed("entries, all", lambda: sum(1 for _ in history.entries("okr.xlsx")))
        assert total >= ROWS * DAYS
        print(f"{total} lines kept of {runs * ROWS} readings")
        quarter = _timed("entries, last quarter", lambda: list(history.entries("okr.xlsx", since=last - timedelta(days=91))))
        assert {entry.key for entry in quarter} == {f"row {number}" for number in range(ROWS)}
        one = _timed("entries, one row", lambda: list(history.entries("okr.xlsx", key="row 77")))
        assert len(one) >= DAYS
        newest = _timed("entries, the newest 100", lambda: list(history.entries("okr.xlsx", limit=100)))
        assert len(newest) == 100
        found = _timed(
            "entries, by text", lambda: list(history.entries("okr.xlsx", text="CHANNEL 42", since=last - timedelta(days=30)))
        )
        assert {entry.key for entry in found} >= {"row 42", "row 420"}
