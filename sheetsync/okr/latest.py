"""The grids of a workbook and the lines of a review go in, the edits that put them below its `Latest review` cell come out.

The area begins in the row below that cell, in its column, and is as wide as the lines; it reaches down to the first blank row.
What stands in it is the review before, and is replaced. Nothing else is written: where the new review needs more room than is
blank below, or would meet a formula, a merged or a locked cell, it says so and plans nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sheetsync.errors import WorkbookError
from sheetsync.model import CellEdit, CellRef, Grid
from sheetsync.okr.layout import fold

MARKS: Final = ("Latest review", "最新回顾")
"""Exactly these texts, in any case of letters; the first is the English one."""


def plan(grids: Sequence[Grid], lines: Sequence[Sequence[str]]) -> list[CellEdit]:
    """Lines of one length. Raises WorkbookError where there is no such cell, two of them, or no room below."""
    grid, mark = _mark(grids)
    wide = max((len(line) for line in lines), default=0)
    if grid.cut:
        raise WorkbookError(
            "The sheet {sheet} is too long to be read whole, so no review is written into it.", sheet=grid.sheet,
            advice="Move the cell Latest review to a sheet of its own.",
        )  # fmt: skip
    columns = range(mark.column, mark.column + wide)
    before = 0
    while any(grid.cell(mark.row + 1 + before, column).value is not None for column in columns):
        before += 1
    _require_room(grid, mark, columns, before, len(lines))
    edits = []
    for down in range(max(before, len(lines))):
        line = lines[down] if down < len(lines) else ()
        for across, column in enumerate(columns):
            text = line[across] if across < len(line) else ""
            if (grid.cell(mark.row + 1 + down, column).value or "") != text:
                edits.append(CellEdit(CellRef(grid.sheet, mark.row + 1 + down, column), text))
    return edits


def _mark(grids: Sequence[Grid]) -> tuple[Grid, CellRef]:
    wanted = {fold(text) for text in MARKS}
    found = [
        (grid, CellRef(grid.sheet, row, column))
        for grid in grids
        for (row, column), cell in sorted(grid.cells.items())
        if isinstance(cell.value, str) and not cell.formula and fold(cell.value) in wanted
    ]
    if not found:
        raise WorkbookError(
            "This workbook has no cell that says Latest review, so there is no place for the review.",
            advice="Write Latest review into a cell with free cells below it, on a sheet of its own, and save; or use --out.",
        )
    if len(found) > 1:
        first, second = (f"{ref.sheet}!{ref.a1}" for _, ref in found[:2])
        raise WorkbookError(
            "Two cells say Latest review: {first} and {second}.", first=first, second=second,
            advice="Leave one of them, so that it is clear where the review belongs.",
        )  # fmt: skip
    return found[0]


def _require_room(grid: Grid, mark: CellRef, columns: range, before: int, needed: int) -> None:
    """All that is written must be free or the review before; and one blank row must part it from what follows."""
    last = mark.row + max(before, needed) + 1
    for row in range(mark.row + 1, last + 1):
        for column in columns:
            cell, ref = grid.cell(row, column), CellRef(grid.sheet, row, column)
            ours = row <= mark.row + before
            if (row < last or needed > before) and (cell.formula or cell.locked or (cell.value is not None and not ours)):
                raise WorkbookError(
                    "The review needs {count} rows below Latest review, but {cell} is a formula, locked or in use.",
                    count=needed, cell=f"{grid.sheet}!{ref.a1}",
                    advice="Move what stands there out of the way, or put Latest review where more cells are free.",
                )  # fmt: skip
    for top, left, bottom, right in grid.merges:
        if top <= last and bottom > mark.row and left < columns.stop and right >= columns.start:
            raise WorkbookError(
                "Cells below Latest review are merged: {cell}.", cell=f"{grid.sheet}!{CellRef(grid.sheet, top, left).a1}",
                advice="Unmerge them, so that the review finds its rows.",
            )  # fmt: skip


def is_chinese(grids: Sequence[Grid]) -> bool:
    """Whether the mark is the Chinese one: the review speaks the language of its mark. Raises as `plan`."""
    grid, mark = _mark(grids)
    return fold(str(grid.cell(mark.row, mark.column).value)) == fold(MARKS[1])
