"""A workbook that lives in memory: cells go in, snapshots come out, edits change it by the same rules as a real one.

For tests and examples. `before_apply` and the methods below `apply` stand for the colleague who saves at the wrong moment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from sheetsync.errors import CannotEdit, WorkbookChanged
from sheetsync.model import EMPTY, Cell, CellEdit, CellRef, CellValue, Grid

DATE_FORMAT = "yyyy-mm-dd hh:mm"
_LONGEST_TEXT = 32_767  # what a cell of Excel holds; https://support.microsoft.com/office/1672b34d-7043-467e-8e27-269d656771c3


class Memory:
    """The contract of a workbook, in memory.

    `cells`         what stands where; a bare value is a cell without format
    `merges`        per worksheet, as in `Grid`
    `sheets`        the order of the tabs; worksheets that only `cells` names follow
    `before_apply`  called with the workbook at the start of each `apply` that has edits
    """

    def __init__(
        self,
        cells: Mapping[CellRef, Cell | CellValue] | None = None,
        *,
        name: str = "memory.xlsx",
        sheets: Sequence[str] = (),
        merges: Mapping[str, Sequence[tuple[int, int, int, int]]] | None = None,
        before_apply: Callable[[Memory], None] | None = None,
    ) -> None:
        self.name = name
        self.before_apply = before_apply
        self.cells: dict[CellRef, Cell] = {}
        self.sheets = list(sheets)
        self.merges = {sheet: tuple(ranges) for sheet, ranges in (merges or {}).items()}
        self.saves = 0
        """How many times `apply` has changed something."""
        self._state = 0
        self._base: int | None = None
        for ref, cell in (cells or {}).items():
            self.put(ref, cell)

    @property
    def identity(self) -> str:
        return f"memory:{self.name}"

    def read(self) -> list[Grid]:
        self._base = self._state
        return [
            Grid(
                sheet,
                {(ref.row, ref.column): cell for ref, cell in sorted(self.cells.items()) if ref.sheet == sheet},
                self.merges.get(sheet, ()),
            )
            for sheet in self.sheets
        ]

    def apply(self, edits: Sequence[CellEdit]) -> None:
        if not edits:
            return
        if self.before_apply is not None:
            self.before_apply(self)
        if self._base != self._state:
            raise WorkbookChanged("“{name}” was saved by somebody else meanwhile; nothing was written.", name=self.name)
        changed = dict(self.cells)
        for edit in edits:
            self._require_editable(edit)
            changed[edit.ref] = _edited(changed.get(edit.ref, EMPTY), edit)
        changed = {ref: cell for ref, cell in changed.items() if cell != EMPTY}
        if changed != self.cells:
            self.cells = changed
            self.saves += 1

    # --- what somebody else does ---------------------------------------------------------------------------------------

    def put(self, ref: CellRef, cell: Cell | CellValue) -> None:
        """Somebody puts a cell there, or empties it (None), and saves."""
        if ref.sheet not in self.sheets:
            self.sheets.append(ref.sheet)
        content = cell if isinstance(cell, Cell) else Cell(_value(cell))
        if content == EMPTY:
            self.cells.pop(ref, None)
        else:
            self.cells[ref] = content
        self._state += 1

    def insert_rows(self, sheet: str, row: int, count: int = 1) -> None:
        """Somebody inserts empty rows above `row` and saves."""
        self._move_rows(sheet, lambda old: old + count if old >= row else old)
        self.merges[sheet] = tuple(
            (top + count * (top >= row), left, bottom + count * (bottom >= row), right)
            for top, left, bottom, right in self.merges.get(sheet, ())
        )

    def reorder_rows(self, sheet: str, order: Mapping[int, int]) -> None:
        """Somebody sorts and saves: what stood in row `old` stands in row `order[old]`; rows not named stay."""
        self._move_rows(sheet, lambda old: order.get(old, old))

    def _move_rows(self, sheet: str, target: Callable[[int], int]) -> None:
        self.cells = {replace(ref, row=target(ref.row)) if ref.sheet == sheet else ref: cell for ref, cell in self.cells.items()}
        self._state += 1

    # --- the rules of editing ------------------------------------------------------------------------------------------

    def _require_editable(self, edit: CellEdit) -> None:
        ref = edit.ref
        where = f"{ref.sheet}!{ref.a1}"
        if ref.sheet not in self.sheets:
            raise CannotEdit(
                "The workbook has no worksheet named {sheet}.", advice="Look whether it was renamed.", sheet=ref.sheet
            )
        cell = self.cells.get(ref, EMPTY)
        for top, left, bottom, right in self.merges.get(ref.sheet, ()):
            if top <= ref.row <= bottom and left <= ref.column <= right and (ref.row, ref.column) != (top, left):
                raise CannotEdit(
                    "Cell {cell} is hidden inside a merged cell.", advice="Split the merged cell in Excel.", cell=where
                )
        if cell.locked:
            raise CannotEdit(
                "Cell {cell} is locked and its worksheet is protected.",
                advice="Unlock the cell in Excel (Format Cells, Protection), or remove the protection.",
                cell=where,
            )
        if cell.formula and edit.value is not None:
            raise CannotEdit(
                "Cell {cell} holds a formula, which is never overwritten.",
                advice="Delete the formula, or mark the row as manual.",
                cell=where,
            )
        if isinstance(edit.value, str) and len(edit.value) > _LONGEST_TEXT:
            raise CannotEdit(
                "The text for cell {cell} is longer than the {limit} characters a cell can hold.", cell=where, limit=_LONGEST_TEXT
            )
        if isinstance(edit.value, Decimal) and not edit.value.is_finite():
            raise CannotEdit("The figure for cell {cell} is not a number, so it was not written.", cell=where)


def _edited(cell: Cell, edit: CellEdit) -> Cell:
    if edit.fill is not None:
        cell = replace(cell, fill=edit.fill)
    match edit.value:
        case None:
            return cell
        case datetime() as moment:
            dated = "y" in cell.number_format.lower()
            return replace(cell, value=moment, number_format=cell.number_format if dated else DATE_FORMAT)
        case Decimal() as number:
            return replace(cell, value=float(number))
        case value:
            return replace(cell, value=None if value == "" else value)


def _value(value: CellValue) -> CellValue:
    # A file knows no whole numbers.
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
