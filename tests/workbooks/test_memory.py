"""The workbook in memory keeps the contract and plays the colleague."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pytest

from sheetsync._testing.workbooks import WorkbookContract
from sheetsync.errors import CannotEdit, WorkbookChanged
from sheetsync.model import Cell, CellEdit, CellRef
from sheetsync.workbooks.base import Workbook
from sheetsync.workbooks.memory import Memory


class _Window:
    """Another pair of eyes on the same workbook: its own snapshot."""

    def __init__(self, shared: Memory) -> None:
        self.shared = shared
        self.name = shared.name
        self.identity = shared.identity

    def read(self):
        base = self.shared._base
        try:
            return self.shared.read()
        finally:
            self.base, self.shared._base = self.shared._state, base

    def apply(self, edits):
        self.shared._base, kept = self.base, self.shared._base
        try:
            self.shared.apply(edits)
        finally:
            self.shared._base = kept


class TestMemory(WorkbookContract):
    def make(self, cells: Mapping[CellRef, Cell]) -> Workbook:
        return Memory(cells)

    def reopen(self, workbook: Workbook) -> Workbook:
        return _Window(workbook.shared if isinstance(workbook, _Window) else workbook)

    def meddle(self, workbook: Workbook, ref: CellRef, value: str) -> None:
        workbook.put(ref, value)


def test_a_colleague_saves_while_we_write():
    calls = []

    def colleague(workbook: Memory) -> None:
        if not calls:
            workbook.insert_rows("S", 2)
        calls.append(workbook)

    workbook = Memory({CellRef("S", 1, 1): "head", CellRef("S", 2, 1): 5}, before_apply=colleague)
    workbook.read()
    with pytest.raises(WorkbookChanged):
        workbook.apply([CellEdit(CellRef("S", 2, 1), Decimal(6))])
    (grid,) = workbook.read()
    assert {place: cell.value for place, cell in grid.cells.items()} == {(1, 1): "head", (3, 1): 5.0}
    workbook.apply([CellEdit(CellRef("S", 3, 1), Decimal(6))])
    assert workbook.cells[CellRef("S", 3, 1)].value == 6.0
    assert (len(calls), workbook.saves) == (2, 1)


def test_rows_are_sorted_and_merges_move_with_them():
    workbook = Memory({CellRef("S", 2, 1): "a", CellRef("S", 3, 1): "b"}, sheets=["First", "S"], merges={"S": [(2, 1, 2, 2)]})
    workbook.reorder_rows("S", {2: 3, 3: 2})
    workbook.insert_rows("S", 1, 2)
    first, grid = workbook.read()
    assert (first.sheet, dict(first.cells)) == ("First", {})
    assert {place: cell.value for place, cell in grid.cells.items()} == {(4, 1): "b", (5, 1): "a"}
    assert grid.merges == ((4, 1, 4, 2),)


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (CellEdit(CellRef("S", 1, 2), "x"), "Cell S!B1 is hidden inside a merged cell."),
        (CellEdit(CellRef("S", 2, 1), "x"), "Cell S!A2 is locked and its worksheet is protected."),
        (CellEdit(CellRef("S", 3, 1), "x"), "Cell S!A3 holds a formula, which is never overwritten."),
        (
            CellEdit(CellRef("S", 4, 1), "x" * 32_768),
            "The text for cell S!A4 is longer than the 32767 characters a cell can hold.",
        ),
        (CellEdit(CellRef("S", 4, 1), Decimal("NaN")), "The figure for cell S!A4 is not a number, so it was not written."),
    ],
)
def test_refusals(edit, sentence):
    cells = {CellRef("S", 2, 1): Cell("locked", locked=True), CellRef("S", 3, 1): Cell(3.0, formula=True)}
    workbook = Memory(cells, merges={"S": [(1, 1, 1, 3)]})
    workbook.read()
    with pytest.raises(CannotEdit) as caught:
        workbook.apply([CellEdit(CellRef("S", 9, 9), "other"), edit])
    assert str(caught.value) == sentence
    assert workbook.cells == cells


def test_nothing_is_written_before_it_was_read():
    workbook = Memory({CellRef("S", 1, 1): 1})
    with pytest.raises(WorkbookChanged):
        workbook.apply([CellEdit(CellRef("S", 1, 1), Decimal(2))])
    assert workbook.saves == 0
