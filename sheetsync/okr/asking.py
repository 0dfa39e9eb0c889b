"""Grids go in, what people ask for in the workbook comes out: the links of its rows, and a ticked box beside `Sync now`.

    Sync now | ☑        a cell labelled exactly so, outside the tables, and the box in the next cell to its right

A run that has asked the services clears the box, in the form it has: FALSE where it holds TRUE, ☐ in place of any other sign. A
formula or a locked cell is nobody's to tick, so it asks for nothing and is left alone, with a word.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sheetsync.model import Cell, CellEdit, CellRef, Grid, KeyResult
from sheetsync.okr import layout, scan
from sheetsync.texts import Sentence, sentence

EMPTY_BOX: Final = "☐"
TICKED_BOX: Final = "☑"
_TICKED: Final = frozenset({TICKED_BOX, "☒", "✓", "✔", "x", "yes", "true", "是"})
_LABELS: Final = frozenset(map(layout.fold, layout.SYNC_NOW))


@dataclass(frozen=True, slots=True)
class Box:
    """The cell beside a label. `stuck` where it is ticked and cannot be cleared, so that it asks for nothing."""

    ref: CellRef
    ticked: bool
    stuck: bool
    cleared: CellEdit | None

    @property
    def asks(self) -> bool:
        return self.ticked and not self.stuck

    @property
    def said(self) -> Sentence | None:
        """What to tell people of it."""
        if not self.stuck:
            return None
        return sentence(
            "The box {cell} beside Sync now is a formula or locked, so it was left alone.", cell=f"{self.ref.sheet}!{self.ref.a1}"
        )


def boxes(grids: Sequence[Grid]) -> list[Box]:
    """Every box beside a label, in the order of the sheets. Raises LayoutError where a table cannot be told."""
    tables = scan.find_tables(grids)
    return [box for grid in grids for box in _boxes(grid, [table for table in tables if table.grid is grid])]


def cleared(found: Sequence[Box]) -> tuple[CellEdit, ...]:
    """The edits that clear the ticked boxes."""
    return tuple(box.cleared for box in found if box.cleared is not None)


def digest(grids: Sequence[Grid], rows: Sequence[KeyResult]) -> str:
    """A text that changes when the workbook asks for something else: other rows, other links, a box. Results do not count."""
    asked = hashlib.blake2b(digest_size=16)
    for row in rows:
        asked.update("\x1f".join((row.key, row.link_text, str(row.source), "\x1e")).encode("utf-8", "surrogatepass"))
    for box in boxes(grids):
        if box.asks:
            asked.update(f"{box.ref.sheet}!{box.ref.a1}\x1e".encode("utf-8", "surrogatepass"))
    return asked.hexdigest()


def _boxes(grid: Grid, tables: Sequence[scan.Table]) -> Iterator[Box]:
    for (row, column), cell in grid.cells.items():
        if not isinstance(cell.value, str) or len(cell.value) > scan.MAX_HEADING or layout.fold(cell.value) not in _LABELS:
            continue
        merges = {(top, left): right for top, left, _, right in grid.merges}
        beside = merges.get((row, column), column) + 1
        if not any(_inside(table, row, at) for table in tables for at in (column, beside)) and not _hidden(grid, row, beside):
            yield _box(CellRef(grid.sheet, row, beside), grid.cell(row, beside))


def _inside(table: scan.Table, row: int, column: int) -> bool:
    places = table.columns.values()
    return table.row <= row <= table.last and min(places) <= column <= max(places)


def _hidden(grid: Grid, row: int, column: int) -> bool:
    """Whether a cell is an inner part of a merged one."""
    return any(
        top <= row <= bottom and left <= column <= right and (row, column) != (top, left)
        for top, left, bottom, right in grid.merges
    )


def _box(ref: CellRef, cell: Cell) -> Box:
    value = cell.value
    ticked = value is True or (isinstance(value, str) and layout.fold(value) in _TICKED)
    stuck = ticked and (cell.formula or cell.locked)
    empty = CellEdit(ref, False if isinstance(value, bool) else EMPTY_BOX)
    return Box(ref, ticked, stuck, empty if ticked and not stuck else None)
