"""A plan of 300 key results with four charts: read, scanned, planned and written, beside openpyxl's load and save of it.

pytest -m benchmark -s tests/benchmarks/test_run.py
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from sheetsync.model import Link, Reading
from sheetsync.okr.plan import How, NoMemory, plan
from sheetsync.okr.scan import scan
from sheetsync.texts import Texts
from sheetsync.workbooks.excel import Excel
from tests.conftest import HEADINGS

ROWS = 300


def make(path: Path) -> None:
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet("2027-Q1")
        page.write_row(0, 0, HEADINGS)
        for row in range(1, ROWS + 1):
            page.write_row(row, 0, [f"Group {row // 30}", f"O{row // 5} Grow", f"KR{row} Leads", "number", 0, 100, row % 50])
            page.write_string(row, 7, f"https://data.example.org/{row}.json")
        for number in range(4):
            chart = book.add_chart({"type": "column"})
            chart.add_series({"values": ["2027-Q1", 1, 4 + number % 3, ROWS, 4 + number % 3]})
            page.insert_chart(5 + 20 * number, 14, chart)


def ours(path: Path) -> None:
    book = Excel(path)
    rows = scan(book.read(), today=date(2027, 2, 1))
    outcomes = {row.source: Reading(Decimal(60)) for row in rows if isinstance(row.source, Link)}
    planned = plan(rows, outcomes, NoMemory(), How(now=datetime(2027, 2, 1, tzinfo=UTC), texts=Texts("en")))
    assert len(planned.edits) >= 4 * ROWS
    book.apply(planned.edits)


def theirs(path: Path) -> None:
    book = openpyxl.load_workbook(path)
    book.save(path)
    book.close()


def seconds(work: Callable[[Path], None], path: Path) -> float:
    make(path)
    began = time.perf_counter()
    work(path)
    return time.perf_counter() - began


@pytest.mark.benchmark
def test_a_plan_of_three_hundred_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = [(seconds(ours, tmp_path / f"o{n}.xlsx"), seconds(theirs, tmp_path / f"t{n}.xlsx")) for n in range(7)]
    own, other = (statistics.median(figures) for figures in zip(*runs, strict=True))
    with capsys.disabled():
        print(f"\n{ROWS} key results, {4 * ROWS} cells and their fills: ours {own:.3f} s, openpyxl load and save {other:.3f} s")
    assert own < 3 * other
