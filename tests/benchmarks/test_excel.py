"""Workbooks of 300 and of 50,000 rows: how long reading and patching take, how much memory, and against openpyxl in the same run.

    pytest -m benchmark -s tests/benchmarks/test_excel.py

Every measurement is a process of its own, so that the peak of memory is its own too; imports are not counted. The engines take
turns, and medians are compared. "floor" inflates and packs the touched part and does nothing else.
"""

from __future__ import annotations

import json
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

COLUMNS = 20
READ = (1, 4, 6, 7, 12, 13)
NUMBERS = (4, 5, 8, 9, 10, 12, 14, 20)
FILLS = ("C6EFCE", "FFEB9C", "FFC7CE")
TITLE = "Plan"
ROOT = Path(__file__).parents[2]
RUNS = 3


def make(path: Path, rows: int, *, decorated: bool = False, formulas: bool = False) -> None:
    """Texts, links and numbers; decorated with charts and conditional formats; with a formula in every row."""
    import xlsxwriter

    chance = random.Random(rows)
    with xlsxwriter.Workbook(path) as book:
        book.set_calc_mode("auto")
        share = book.add_format({"num_format": "0.0%", "bg_color": "#F2F2F2"})
        page = book.add_worksheet(TITLE)
        for row in range(rows):
            page.write_row(row, 0, [f"KR {row}", f"text {chance.randrange(5_000)}", f"owner {chance.randrange(40)}"])
            for column in range(3, COLUMNS):
                page.write_number(row, column, round(chance.random() * 1e5, 3), share if column > 10 else None)
            if row % 10 == 0:
                page.write_url(row, 6, f"https://example.com/{row}", None, f"page {row}")
            if formulas:
                page.write_formula(row, 5, f"=D{row + 1}*2", None, 1)
        if decorated:
            page.conditional_format(0, 11, rows, 11, {"type": "data_bar"})
            page.conditional_format(0, 12, rows, 13, {"type": "cell", "criteria": ">", "value": 5, "format": share})
            for number in range(4):
                chart = book.add_chart({"type": "column"})
                chart.add_series({"values": [TITLE, 0, 3 + number, rows - 1, 3 + number]})
                page.insert_chart(5 + 20 * number, 22, chart)


def wanted(rows: int, share: float) -> list[tuple[int, int, int, str]]:
    """Row, column, hundredths and fill; one cell where `share` is 0."""
    chance = random.Random(5)
    count = int(rows * COLUMNS * share) or 1
    places = sorted(chance.sample(range(rows * len(NUMBERS)), count))
    each = len(NUMBERS)
    return [(at // each + 1, NUMBERS[at % each], chance.randrange(10**6), chance.choice(FILLS)) for at in places]


# --- one measurement, in a process of its own --------------------------------------------------------------------------------


def patch_ours(path: Path, edits: list[tuple[int, int, int, str]]) -> Callable[[], object]:
    from sheetsync.model import CellEdit, CellRef
    from sheetsync.workbooks._ooxml.package import Package

    fills = len(edits) > 1
    made = [CellEdit(CellRef(TITLE, row, column), Decimal(n) / 100, fill if fills else None) for row, column, n, fill in edits]
    return lambda: path.with_suffix(".out").write_bytes(Package.open(path.read_bytes()).patched(made))


def patch_openpyxl(path: Path, edits: list[tuple[int, int, int, str]]) -> Callable[[], object]:
    import openpyxl
    from openpyxl.styles import PatternFill

    patterns = {fill: PatternFill("solid", fgColor="FF" + fill) for fill in FILLS}

    def run() -> None:
        book = openpyxl.load_workbook(path)
        page = book[TITLE]
        for row, column, n, fill in edits:
            cell = page.cell(row, column)
            cell.value = n / 100
            if len(edits) > 1:
                cell.fill = patterns[fill]
        book.save(path.with_suffix(".out"))

    return run


def floor(path: Path, _: object) -> Callable[[], object]:
    from sheetsync.workbooks._ooxml import archive

    def run() -> None:
        opened = archive.Archive.open(path.read_bytes())
        part = "xl/worksheets/sheet1.xml"
        path.with_suffix(".out").write_bytes(opened.replaced({part: opened.read(part)}))

    return run


def read_ours(path: Path, _: object) -> Callable[[], object]:
    from sheetsync.workbooks._ooxml.package import Package

    return lambda: Package.open(path.read_bytes()).grids(max_rows=200_000, columns=READ)


def read_openpyxl(path: Path, _: object) -> Callable[[], object]:
    """Twice, because formulas and values come from two readings; not read-only, because links do not."""
    import openpyxl

    def run() -> int:
        seen = 0
        for data_only in (False, True):
            page = openpyxl.load_workbook(path, data_only=data_only)[TITLE]
            for row in page.iter_rows():
                for column in READ:
                    cell = row[column - 1]
                    seen += (cell.value, cell.fill.fgColor.rgb, cell.number_format, cell.hyperlink) is not None
        return seen

    return run


def both_ours(path: Path, edits: list[tuple[int, int, int, str]]) -> Callable[[], object]:
    from sheetsync.workbooks._ooxml.package import Package

    patch = patch_ours(path, edits)
    return lambda: (Package.open(path.read_bytes()).grids(), patch())


ENGINES: dict[str, Callable[..., Callable[[], object]]] = {
    "patch_ours": patch_ours, "patch_openpyxl": patch_openpyxl, "floor": floor, "read_ours": read_ours,
    "read_openpyxl": read_openpyxl, "both_ours": both_ours,
}  # fmt: skip


def main(engine: str, path: str, rows: str, share: str, isal: str) -> None:
    if isal == "0":
        sys.modules["isal"] = None  # type: ignore[assignment]  # as if it were not installed
    run = ENGINES[engine](Path(path), wanted(int(rows), float(share)))
    began = time.process_time()  # not the clock on the wall: all engines use one core, and neighbours count less
    run()
    seconds = time.process_time() - began
    print(json.dumps([seconds, peak()]))


def peak() -> float:
    """Megabytes, as the kernel says: the figure of `resource` begins with the size of the process that started this one."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measured(engine: str, path: Path, rows: int, share: float, *, isal: bool = True) -> tuple[float, float]:
    """Seconds and megabytes at the peak."""
    command = [sys.executable, "-m", "tests.benchmarks.test_excel", engine, str(path), str(rows), str(share), "01"[isal]]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    seconds, megabytes = json.loads(done.stdout)
    return seconds, megabytes


# --- the tables --------------------------------------------------------------------------------------------------------------


def compared(path: Path, rows: int, share: float, theirs: str, ours: str, runs: int = RUNS) -> dict[str, tuple[float, float]]:
    """Medians of seconds and peaks by engine, all of the same minutes."""
    kinds: list[tuple[str, str, bool]] = [(theirs, theirs, True), (ours, ours, True), (f"{ours} zlib", ours, False)]
    if "patch" in ours:
        kinds += [("floor", "floor", True), ("floor zlib", "floor", False)]
    found: dict[str, list[tuple[float, float]]] = {}
    for _ in range(runs):
        for name, engine, isal in kinds:
            found.setdefault(name, []).append(measured(engine, path, rows, share, isal=isal))
    return {name: (statistics.median(s for s, _ in got), statistics.median(p for _, p in got)) for name, got in found.items()}


def table(title: str, got: dict[str, tuple[float, float]], capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    """Prints it; the ratios of time against the first engine."""
    base, most = next(iter(got.values()))
    with capsys.disabled():
        print(f"\n{title}")  # the table is what it is run for
        for name, (seconds, megabytes) in got.items():
            print(f"  {name:22} {seconds:9.3f} s  {base / seconds:7.1f}x  {megabytes:7.0f} MB  {megabytes / most:5.2f}")
    return {name: base / seconds for name, (seconds, _) in got.items()}


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("large") / "plan.xlsx"
    make(path, 50_000)
    return path


@pytest.mark.benchmark
def test_one_cell_of_a_million(large: Path, capsys: pytest.CaptureFixture[str]) -> None:
    got = compared(large, 50_000, 0, "patch_openpyxl", "patch_ours")
    ratios = table("one cell of 50,000 x 20", got, capsys)
    assert ratios["patch_ours"] >= 50
    assert ratios["patch_ours zlib"] >= 25
    assert got["patch_ours"][1] <= got["patch_openpyxl"][1] / 3


@pytest.mark.benchmark
def test_five_percent_of_a_million_cells(large: Path, capsys: pytest.CaptureFixture[str]) -> None:
    got = compared(large, 50_000, 0.05, "patch_openpyxl", "patch_ours")
    ratios = table("5 % of 50,000 x 20, values and three fills", got, capsys)
    assert ratios["patch_ours"] >= 25
    assert ratios["patch_ours zlib"] >= 13
    assert got["patch_ours"][1] <= got["patch_openpyxl"][1] / 3


@pytest.mark.benchmark
def test_reading_six_columns(large: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ratios = table("six columns of 50,000 x 20, read", compared(large, 50_000, 0, "read_openpyxl", "read_ours"), capsys)
    assert ratios["read_ours"] >= 20


@pytest.mark.benchmark
def test_a_formula_in_every_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No promise: what finding the values that have become wrong adds."""
    path = tmp_path / "plan.xlsx"
    make(path, 50_000, formulas=True)
    for title, share in (("one cell", 0.0), ("5 %", 0.05)):
        got = compared(path, 50_000, share, "patch_openpyxl", "patch_ours", runs=1)
        table(f"{title} of 50,000 x 20 with 50,000 formulas", got, capsys)
        assert got["patch_ours"][0] < got["patch_openpyxl"][0]


@pytest.mark.benchmark
def test_a_plan_of_300_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "plan.xlsx"
    make(path, 300, decorated=True, formulas=True)
    for title, share in (("one cell", 0.0), ("5 %", 0.05)):
        table(f"{title} of 300 x 20 with charts", compared(path, 300, share, "patch_openpyxl", "patch_ours", 7), capsys)
    both: Any = statistics.median(measured("both_ours", path, 300, 0.05)[0] for _ in range(7))
    with capsys.disabled():
        print(f"\nreading all and patching 5 % of it {both:.3f} s")
    assert both < 0.1


@pytest.mark.benchmark
def test_growth_is_linear(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seconds: dict[int, float] = {}
    for rows in (1_000, 10_000, 100_000):
        path = tmp_path / f"{rows}.xlsx"
        make(path, rows)
        took = [measured("patch_ours", path, rows, 0.05) for _ in range(RUNS)]
        reading = statistics.median(measured("read_ours", path, rows, 0)[0] for _ in range(RUNS))
        seconds[rows] = statistics.median(s for s, _ in took)
        most = max(p for _, p in took)
        with capsys.disabled():
            print(f"\n{rows:7} rows: 5 % patched {seconds[rows]:.3f} s, {most:.0f} MB; six columns {reading:.3f} s")
    assert seconds[100_000] < 15 * seconds[10_000]
    assert seconds[10_000] < 15 * seconds[1_000]


if __name__ == "__main__":
    main(*sys.argv[1:])
