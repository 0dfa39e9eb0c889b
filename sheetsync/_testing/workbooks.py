# ruff: noqa: DTZ001 - a moment in a workbook has no zone; asserts are what a contract is made of
"""A way to make workbooks goes in; what every workbook must do comes out, as tests.

    class TestMine(WorkbookContract):
        def make(self, cells): ...
        def reopen(self, workbook): ...
        def meddle(self, workbook, ref, value): ...

pytest collects the methods of the subclass. Fixtures of pytest may be taken in one of its own that is marked `autouse`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final

import pytest

from sheetsync.errors import CannotEdit, WorkbookChanged, WorkbookError
from sheetsync.model import EMPTY, NO_FILL, Cell, CellEdit, CellRef
from sheetsync.workbooks.base import Workbook

PLAN: Final = "Plan"
OTHER: Final = "Notes & 数据"

TEXTS: Final = (
    "=1+1",
    '=HYPERLINK("http://127.0.0.1/","x")',
    "+1",
    "-1",
    "@SUM(A1)",
    "0012",
    "1e5",
    "50%",
    "TRUE",
    "2026-03-14",
    "#REF!",
    "'quoted",
    "  spaces  ",
    "two\nlines",
    "<b>&amp;</b>",
    "_x0041_",
    "数据 😀 é",
    "a\ttab",
)
"""Texts that a careless writer turns into something else."""

NUMBERS: Final = ("0", "42", "-7", "0.1", "-0.35", "1234567.89", "1E-7", "9007199254740992", "123456789012345.5")

CELLS: Final[Mapping[CellRef, Cell]] = {
    CellRef(PLAN, 1, 1): Cell("Key result"),
    CellRef(PLAN, 1, 2): Cell("Result"),
    CellRef(PLAN, 2, 1): Cell("=not a formula"),
    CellRef(PLAN, 2, 2): Cell(41.0),
    CellRef(PLAN, 3, 1): Cell("Churn"),
    CellRef(PLAN, 3, 2): Cell(0.35, number_format="0.0%"),
    CellRef(PLAN, 4, 1): Cell(True),
    CellRef(PLAN, 4, 2): Cell(12.5, fill="C6EFCE"),
    CellRef(PLAN, 5, 1): Cell(datetime(2026, 3, 14, 9, 26, 53), number_format="yyyy-mm-dd hh:mm:ss"),
    CellRef(PLAN, 5, 2): Cell(53.5, formula=True),
    CellRef(PLAN, 7, 4): Cell(1.0),
    CellRef(OTHER, 1, 1): Cell("first"),
    CellRef(OTHER, 3, 2): Cell(-2.0),
}
"""What the contract puts into the workbooks it asks for: every kind of cell."""

RESULT: Final = CellRef(PLAN, 2, 2)
PERCENT: Final = CellRef(PLAN, 3, 2)
FILLED: Final = CellRef(PLAN, 4, 2)
FORMULA: Final = CellRef(PLAN, 5, 2)
BLANK: Final = CellRef(PLAN, 6, 3)
BELOW: Final = CellRef(PLAN, 12, 9)


class WorkbookContract:
    """What every workbook must do. A subclass says how one is made; its name starts with Test."""

    def make(self, cells: Mapping[CellRef, Cell]) -> Workbook:
        """A new workbook that holds exactly these cells: value, number format and fill; `formula` asks for any formula that
        has this value. Worksheets stand in the order in which the cells first name them."""
        raise NotImplementedError

    def reopen(self, workbook: Workbook) -> Workbook:
        """The same workbook, opened once more by somebody who knows nothing of the first."""
        raise NotImplementedError

    def meddle(self, workbook: Workbook, ref: CellRef, value: str) -> None:
        """Somebody else puts a text into a cell and saves, by other means than `workbook`."""
        raise NotImplementedError

    def state(self, workbook: Workbook) -> object:
        """Everything that stays equal while nothing is written. A file's bytes and time say more than this."""
        return self.cells(workbook)

    def cells(self, workbook: Workbook) -> dict[CellRef, Cell]:
        """What somebody else sees in it now."""
        return {
            CellRef(grid.sheet, row, column): cell
            for grid in self.reopen(workbook).read()
            for (row, column), cell in grid.cells.items()
            if cell != EMPTY
        }

    def opened(self) -> Workbook:
        """The workbook of the contract, read once."""
        workbook = self.make(CELLS)
        workbook.read()
        return workbook

    # --- reading -------------------------------------------------------------------------------------------------------

    def test_reading_shows_what_was_put(self) -> None:
        workbook = self.make(CELLS)
        grids = workbook.read()
        assert [grid.sheet for grid in grids] == [PLAN, OTHER]
        seen = {
            CellRef(grid.sheet, *place): cell for grid in grids for place, cell in grid.cells.items() if cell.value is not None
        }
        assert {ref: (cell.value, cell.formula) for ref, cell in seen.items()} == {
            ref: (cell.value, cell.formula) for ref, cell in CELLS.items()
        }
        assert all(type(seen[ref].value) is type(cell.value) for ref, cell in CELLS.items())
        assert seen[FILLED].fill == "C6EFCE"
        assert seen[RESULT].fill == NO_FILL
        assert seen[PERCENT].number_format == "0.0%"
        assert not any(grid.cut for grid in grids)

    def test_reading_writes_nothing(self) -> None:
        workbook = self.make(CELLS)
        before = self.state(workbook)
        workbook.read()
        workbook.read()
        assert self.state(workbook) == before

    def test_names_stay(self) -> None:
        workbook = self.make(CELLS)
        again = self.reopen(workbook)
        assert workbook.name
        assert (again.name, again.identity) == (workbook.name, workbook.identity)

    # --- writing -------------------------------------------------------------------------------------------------------

    def test_only_the_named_cells_change(self) -> None:
        workbook = self.opened()
        before = self.cells(workbook)
        workbook.apply([CellEdit(RESULT, Decimal(42)), CellEdit(BLANK, "ok"), CellEdit(CellRef(OTHER, 3, 2), Decimal("2.5"))])
        after = self.cells(workbook)
        assert {ref for ref in before.keys() | after.keys() if before.get(ref) != after.get(ref)} == {
            RESULT,
            BLANK,
            CellRef(OTHER, 3, 2),
        }
        assert (after[RESULT].value, after[BLANK].value, after[CellRef(OTHER, 3, 2)].value) == (42.0, "ok", 2.5)

    def test_a_cell_far_below_can_be_written(self) -> None:
        workbook = self.opened()
        before = self.cells(workbook)
        workbook.apply([CellEdit(BELOW, Decimal(7))])
        after = self.cells(workbook)
        assert after.pop(BELOW).value == 7.0
        assert after == before

    @pytest.mark.parametrize("text", TEXTS)
    def test_text_stays_text(self, text: str) -> None:
        workbook = self.opened()
        workbook.apply([CellEdit(RESULT, text), CellEdit(BLANK, text)])
        after = self.cells(workbook)
        assert [(after[ref].value, after[ref].formula, after[ref].targets) for ref in (RESULT, BLANK)] == [(text, False, ())] * 2

    def test_numbers_are_numbers(self) -> None:
        workbook = self.opened()
        refs = {CellRef(PLAN, 20 + at, 2): Decimal(number) for at, number in enumerate(NUMBERS)}
        workbook.apply([CellEdit(ref, number) for ref, number in refs.items()])
        after = self.cells(workbook)
        assert {ref: after[ref].value for ref in refs} == {ref: float(number) for ref, number in refs.items()}
        assert all(type(after[ref].value) is float for ref in refs)

    @pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
    def test_what_is_no_number_is_refused(self, number: str) -> None:
        workbook = self.opened()
        before = self.state(workbook)
        with pytest.raises(CannotEdit):
            workbook.apply([CellEdit(BLANK, "ok"), CellEdit(RESULT, Decimal(number))])
        assert self.state(workbook) == before

    def test_moments_and_truths(self) -> None:
        workbook = self.opened()
        moment = datetime(2026, 12, 31, 23, 59, 58)
        workbook.apply([CellEdit(RESULT, moment), CellEdit(BLANK, moment), CellEdit(PERCENT, False), CellEdit(BELOW, True)])
        after = self.cells(workbook)
        assert [after[ref].value for ref in (RESULT, BLANK)] == [moment, moment]
        assert after[PERCENT].value is False
        assert after[BELOW].value is True

    def test_an_empty_text_empties_the_cell(self) -> None:
        workbook = self.opened()
        workbook.apply([CellEdit(PERCENT, ""), CellEdit(BLANK, "")])
        after = self.cells(workbook)
        assert (after[PERCENT].value, after[PERCENT].number_format) == (None, "0.0%")
        assert BLANK not in after

    def test_a_value_leaves_format_and_fill_alone(self) -> None:
        workbook = self.opened()
        workbook.apply([CellEdit(PERCENT, Decimal("0.4")), CellEdit(FILLED, Decimal(13))])
        after = self.cells(workbook)
        assert (after[PERCENT].value, after[PERCENT].number_format) == (0.4, "0.0%")
        assert (after[FILLED].value, after[FILLED].fill) == (13.0, "C6EFCE")

    def test_a_fill_leaves_value_and_format_alone(self) -> None:
        workbook = self.opened()
        workbook.apply([CellEdit(PERCENT, fill="FFC7CE"), CellEdit(FILLED, fill=NO_FILL), CellEdit(BLANK, fill="FFEB9C")])
        after = self.cells(workbook)
        assert (after[PERCENT].value, after[PERCENT].number_format, after[PERCENT].fill) == (0.35, "0.0%", "FFC7CE")
        assert (after[FILLED].value, after[FILLED].fill) == (12.5, NO_FILL)
        assert (after[BLANK].value, after[BLANK].fill) == (None, "FFEB9C")

    def test_a_fill_can_be_handed_back(self) -> None:
        workbook = self.opened()
        before = self.cells(workbook)
        workbook.apply([CellEdit(FILLED, fill="FFC7CE"), CellEdit(RESULT, fill="FFC7CE")])
        workbook.apply([CellEdit(FILLED, fill=before[FILLED].fill), CellEdit(RESULT, fill=before[RESULT].fill)])
        assert self.cells(workbook) == before

    # --- all or none ---------------------------------------------------------------------------------------------------

    def test_no_edits_do_nothing(self) -> None:
        workbook = self.opened()
        before = self.state(workbook)
        workbook.apply([])
        self.meddle(workbook, BELOW, "theirs")
        theirs = self.state(workbook)
        workbook.apply([])
        assert self.state(workbook) == theirs != before

    def test_a_formula_is_refused_and_nothing_is_written(self) -> None:
        workbook = self.opened()
        before = self.state(workbook)
        with pytest.raises(CannotEdit):
            workbook.apply([CellEdit(RESULT, Decimal(42)), CellEdit(FORMULA, Decimal(1)), CellEdit(BLANK, "ok")])
        assert self.state(workbook) == before

    def test_an_unknown_worksheet_is_refused_and_nothing_is_written(self) -> None:
        workbook = self.opened()
        before = self.state(workbook)
        with pytest.raises(WorkbookError):
            workbook.apply([CellEdit(RESULT, Decimal(42)), CellEdit(CellRef("Nowhere", 1, 1), Decimal(1))])
        assert self.state(workbook) == before

    def test_twice_is_once(self) -> None:
        edits = [
            CellEdit(RESULT, Decimal("0.1")),
            CellEdit(BLANK, "=1", "C6EFCE"),
            CellEdit(BELOW, datetime(2026, 1, 2, 3, 4, 5)),
        ]
        workbook = self.opened()
        workbook.apply(edits)
        once = self.state(workbook)
        workbook.apply(edits)
        assert self.state(workbook) == once
        another = self.reopen(workbook)
        another.read()
        another.apply(edits)
        assert self.state(workbook) == once

    def test_edits_that_are_there_already_write_nothing(self) -> None:
        workbook = self.opened()
        before = self.state(workbook)
        workbook.apply(
            [CellEdit(RESULT, Decimal(41)), CellEdit(CellRef(PLAN, 1, 1), "Key result"), CellEdit(FILLED, fill="C6EFCE")]
        )
        assert self.state(workbook) == before

    # --- other people --------------------------------------------------------------------------------------------------

    def test_a_save_between_read_and_apply_is_never_overwritten(self) -> None:
        workbook = self.opened()
        self.meddle(workbook, BLANK, "theirs")
        theirs = self.state(workbook)
        with pytest.raises(WorkbookChanged):
            workbook.apply([CellEdit(RESULT, Decimal(42)), CellEdit(BLANK, "ours")])
        assert self.state(workbook) == theirs
        workbook.read()
        workbook.apply([CellEdit(RESULT, Decimal(42))])
        after = self.cells(workbook)
        assert (after[RESULT].value, after[BLANK].value) == (42.0, "theirs")

    def test_a_save_after_apply_is_noticed(self) -> None:
        workbook = self.opened()
        workbook.apply([CellEdit(RESULT, Decimal(42))])
        self.meddle(workbook, RESULT, "theirs")
        with pytest.raises(WorkbookChanged):
            workbook.apply([CellEdit(RESULT, Decimal(43))])
        assert self.cells(workbook)[RESULT].value == "theirs"
