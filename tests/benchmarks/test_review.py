"""How long a review takes after two years of 500 key results and four runs a day (`-m benchmark -s`); filling takes minutes."""

from __future__ import annotations

import random
import time
from dataclasses import replace
from datetime import UTC, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from sheetsync.history import History
from sheetsync.model import Cell, CellRef, Column, KeyResult, Period
from sheetsync.okr.period import quarter, year
from sheetsync.review import Cadence, days, render, review
from sheetsync.texts import Texts
from tests.benchmarks.test_history import ROWS, _moments, _rows

LIMIT = 5.0


def rows(period: Period) -> list[KeyResult]:
    """The rows of the workbook, with the keys that the history has them under."""
    columns = (Column.KEY_RESULT, Column.TARGET, Column.RESULT, Column.DATA_LINK)
    cells = dict.fromkeys(columns, Cell())
    return [
        KeyResult(
            f"row {number}", f"Team {number % 12}", f"O{number % 60} Grow", f"Leads of channel {number}",
            {column: CellRef("Plan", number + 2, place) for place, column in enumerate(columns, 1)}, cells, "manual",
            start=Decimal(0), target=Decimal(100_000), period=period,
        )
        for number in range(ROWS)
    ]  # fmt: skip


@pytest.mark.benchmark
def test_a_review_of_two_years_of_five_hundred_rows(tmp_path: Path) -> None:
    chance, values = random.Random(7), [100] * ROWS
    moments = list(_moments())
    now = moments[0]
    with History(tmp_path / "history.db", clock=lambda: now, redact=lambda text: text) as history:
        for moment in moments:
            now = moment
            history.record(history.begin("okr.xlsx"), list(_rows(chance, values, moment)), fills={}, outbox=[])
        for period in (quarter(2025, 4), year(2025)):
            for cadence in Cadence:
                when = replace(days(cadence, now.date(), now + timedelta(hours=1), UTC))
                begin, busy = time.perf_counter(), time.process_time()
                found = review(rows(period), history, "okr.xlsx", when, name="okr.xlsx")
                text = render([found], "html", Texts())
                took, spent = time.perf_counter() - begin, time.process_time() - busy
                print(f"\n{cadence} of {period.label}: {took:.1f} s, {spent:.1f} s of work, {len(text) / 1e6:.1f} MB", end="")
                assert len(found.lines) == ROWS
                assert spent < LIMIT
