"""The review inside the workbook: only below its mark, and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sheetsync.app import Wishes
from sheetsync.errors import WorkbookError
from sheetsync.model import Cell, Grid
from sheetsync.okr import latest
from sheetsync.review import Cadence
from tests.conftest import Done, write_plan
from tests.story import tell

Command = Callable[..., Done]


def grid(cells: dict[tuple[int, int], Any], **how: Any) -> Grid:
    held = {place: value if isinstance(value, Cell) else Cell(value) for place, value in cells.items()}
    return Grid("Review", held, **how)


def written(found: Grid, lines: list[tuple[str, ...]]) -> dict[tuple[int, int], Any]:
    cells = {place: cell.value for place, cell in found.cells.items()}
    for edit in latest.plan([found], lines):
        cells[edit.ref.row, edit.ref.column] = edit.value
    return {place: value for place, value in cells.items() if value not in (None, "")}


def test_the_review_before_is_replaced_and_the_rest_stays() -> None:
    found = grid(
        {
            (2, 2): "latest review",
            (3, 2): "old",
            (3, 3): "x",
            (4, 2): "old",
            (6, 2): "mine",
            (3, 1): "mine",
            (3, 4): "mine",
        }
    )
    assert written(found, [("a", "")]) == {
        (2, 2): "latest review", (3, 2): "a", (6, 2): "mine", (3, 1): "mine", (3, 4): "mine"
    }  # fmt: skip
    assert latest.plan([found], [("old", "x"), ("old", "")]) == []


@pytest.mark.parametrize(
    ("cells", "how", "said"),
    [
        ({}, {}, "has no cell that says"),
        ({(1, 1): Cell("Latest review", formula=True)}, {}, "has no cell that says"),
        ({(1, 1): "Latest review", (9, 9): "最新回顾"}, {}, "Two cells"),
        ({(1, 1): "Latest review", (2, 2): Cell(1.0, formula=True)}, {}, "needs {count} rows"),
        ({(1, 1): "Latest review", (3, 1): Cell(locked=True)}, {}, "needs {count} rows"),
        ({(1, 1): "Latest review", (4, 2): "mine"}, {}, "needs {count} rows"),
        ({(1, 1): "Latest review"}, {"merges": ((2, 1, 2, 4),)}, "merged"),
        ({(1, 1): "Latest review"}, {"cut": True}, "too long"),
    ],
)
def test_what_is_in_the_way_is_said(cells: dict[tuple[int, int], Any], how: dict[str, Any], said: str) -> None:
    with pytest.raises(WorkbookError) as told:
        latest.plan([grid(cells, **how)], [("a", "b"), ("c", "d")])
    assert said in told.value.template


@given(
    st.dictionaries(st.tuples(st.integers(1, 12), st.integers(1, 5)), st.sampled_from(["x", "y"]), max_size=12),
    st.lists(st.tuples(st.text(min_size=1, max_size=3), st.text(max_size=3)), max_size=5),
)
def test_nothing_outside_its_area_is_ever_touched(cells: dict[tuple[int, int], Any], lines: list[tuple[str, ...]]) -> None:
    found = grid(cells | {(3, 2): "Latest review"})
    try:
        edits = latest.plan([found], lines)
    except WorkbookError:
        return
    blank = next(row for row in range(4, 99) if all((row, column) not in found.cells for column in (2, 3)))
    for edit in edits:
        assert edit.ref.column in (2, 3)
        assert edit.ref.row > 3
        assert edit.ref.row < blank or (edit.ref.row, edit.ref.column) not in found.cells
    if lines:
        again = {**found.cells, **{(edit.ref.row, edit.ref.column): Cell(edit.value or None) for edit in edits}}
        assert latest.plan([Grid("Review", again)], lines) == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_real_workbook(tmp_path: Path, language: Any) -> None:
    with tell(tmp_path / language, language) as app:
        (entry,) = app.workbook_configs([])
        path = tmp_path / language / "marketing-okr.xlsx"
        found = app.review(entry, Cadence.WEEKLY)
        with pytest.raises(WorkbookError, match="Latest review"):
            app.put_review(entry, found)
        with closing(openpyxl.load_workbook(path)) as book:
            page = book.create_sheet("Review")
            page["B3"], page["B2"], page["J4"], page["A9"] = latest.MARKS[language == "zh"], "=1+1", "mine", "=NOW()"
            book.save(path)
        before = app.run(entry, Wishes(dry_run=True)).rows
        assert app.put_review(entry, found) > 50
        with closing(openpyxl.load_workbook(path)) as book:
            page = book["Review"]
            assert (page["B2"].value, page["J4"].value, page["A9"].value) == ("=1+1", "mine", "=NOW()")
            assert page["B4"].value == ("每周复盘" if language == "zh" else "Weekly review")
            assert {cell.data_type for row in page["B4:F60"] for cell in row} <= {"s", "n"}
            said = [cell.value for cell in page["B"] if cell.value]
            assert len([text for text in said if text.startswith("▸")]) >= 4
        assert app.run(entry, Wishes(dry_run=True)).rows == before
        stamp = path.read_bytes()
        assert app.put_review(entry, found) == 0
        assert path.read_bytes() == stamp
        assert app.put_review(entry, app.review(entry, Cadence.QUARTERLY)) > 0


def test_the_command(tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = write_plan(tmp_path / "okr.xlsx", [("Team", "O1 Grow", "KR1 Leads", "number", 0, 9, 3, "manual:", *[None] * 4)])
    (tmp_path / "sheetsync.toml").write_text('[[workbooks]]\npath = "okr.xlsx"\n')
    nothing = command("review", "--into-sheet")
    assert (nothing.code, nothing.out) == (3, "")
    assert "no cell that says Latest review" in nothing.err
    with closing(openpyxl.load_workbook(path)) as book:
        book.create_sheet("Review")["A1"] = "Latest review"
        book.save(path)
    done = command("review", "--into-sheet")
    assert (done.code, done.out) == (0, "Written into okr.xlsx.\n")
    assert command("review", "--into-sheet", "--json").json["reviews"]
