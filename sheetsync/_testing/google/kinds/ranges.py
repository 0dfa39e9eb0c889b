"""Requests that move cells about: sortRange, cutPaste, copyPaste, insertRange, deleteRange."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sheetsync._testing.google import shape
from sheetsync._testing.google.a1 import Block
from sheetsync._testing.google.asked import Asked
from sheetsync._testing.google.document import EMPTY, Cell, Document, Tab
from sheetsync._testing.google.entering import VALUE_FIELDS
from sheetsync._testing.google.errors import bad
from sheetsync._testing.google.formulas import Calculation, Scalar, Wrong
from sheetsync._testing.google.kinds.base import Reply, kind, required

_VALUES = frozenset(VALUE_FIELDS)
_FORMATS = frozenset({"userEnteredFormat"})


@kind("sortRange", "range", "sortSpecs")
def sort_range(asked: Asked, request: Mapping[str, Any]) -> Reply:
    """`dimensionIndex` is an absolute column (transcript). Row metadata follows; in a partial sort a switch says."""
    tab, block = asked.document.located(required(request, "range"))
    asked.guard(tab, block)
    specs = request.get("sortSpecs") or [{"dimensionIndex": block.left}]
    columns = [(int(spec.get("dimensionIndex") or 0), spec.get("sortOrder") == "DESCENDING") for spec in specs]
    if any(not block.left <= column < block.right for column, _ in columns):
        raise bad("dimensionIndex is outside the range to sort")
    whole = _whole_rows(tab, block)
    anchors = whole or asked.state.switches.partial_sort_moves_anchors
    shape.sort(tab, block, sort_keys(asked.document, tab, columns), anchors=anchors)
    return None


def _whole_rows(tab: Tab, block: Block) -> bool:
    """Whether no cell with a value is left out at the sides."""
    return all(
        block.left <= column < block.right or "userEnteredValue" not in cell
        for row in range(block.top, block.bottom)
        for column, cell in tab.rows[row].cells.items()
    )


def sort_keys(document: Document, tab: Tab, columns: list[tuple[int, bool]]) -> list[Callable[[int], Any]]:
    """Numbers before texts before booleans before errors; blanks last in either order."""
    calculation = Calculation(document)

    def key(column: int, down: bool) -> Callable[[int], Any]:
        known: dict[int, Any] = {}

        def of(row: int) -> Any:
            if row not in known:
                known[row] = _rank(calculation.value(tab, row, column))
            rank = known[row]
            return (0, _Down(rank) if down else rank) if rank is not None else (1, 0)

        return of

    return [key(column, down) for column, down in columns]


def _rank(value: Scalar) -> tuple[int, Any] | None:
    match value:
        case None | "":
            return None
        case bool():
            return 2, value
        case str():
            return 1, value.casefold()
        case Wrong():
            return 3, value.kind
        case _:
            return 0, value


class _Down:
    """A rank that sorts the other way."""

    def __init__(self, rank: tuple[int, Any]) -> None:
        self._rank = rank

    def __lt__(self, other: _Down) -> bool:
        return other._rank < self._rank

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Down) and other._rank == self._rank

    __hash__ = None  # type: ignore[assignment]


def _pasted(old: Cell, new: Cell, paste_type: str) -> Cell:
    """What a paste leaves of the old cell and takes of the new one."""
    match paste_type:
        case "PASTE_VALUES":
            taken = _VALUES
        case "PASTE_FORMAT":
            taken = _FORMATS
        case "PASTE_FORMULA":
            taken = frozenset({"userEnteredValue"})
        case "PASTE_DATA_VALIDATION":
            taken = frozenset({"dataValidation"})
        case _:
            return new
    kept = {name: part for name, part in old.items() if name not in taken}
    return kept | {name: part for name, part in new.items() if name in taken}


def cut_and_paste(document: Document, source: Tab, block: Block, target: Tab, top: int, left: int) -> None:
    """Cells move, whatever stands there is replaced; row metadata stays where it is (transcript)."""
    if top + block.height > len(target.rows) or left + block.width > len(target.columns):
        target.grow(top + block.height, left + block.width)
    taken = [(row - block.top, column - block.left, source.cell(row, column)) for row, column in block.cells()]
    for row, column in block.cells():
        source.put(row, column, EMPTY)
    for down, along, cell in taken:
        target.put(top + down, left + along, cell)
    shape.relocated(document, source, block, target, top, left)


@kind("cutPaste", "destination", "pasteType", "source")
def cut_paste(asked: Asked, request: Mapping[str, Any]) -> Reply:
    source, block = asked.document.located(required(request, "source"))
    place = required(request, "destination")
    target = asked.document.tab(int(place.get("sheetId") or 0))
    top, left = int(place.get("rowIndex") or 0), int(place.get("columnIndex") or 0)
    asked.guard(source, block)
    asked.guard(target, Block(top, top + block.height, left, left + block.width))
    cut_and_paste(asked.document, source, block, target, top, left)
    return None


@kind("copyPaste", "destination", "pasteOrientation", "pasteType", "source")
def copy_paste(asked: Asked, request: Mapping[str, Any]) -> Reply:
    """The source repeats where the destination is a multiple of it; a smaller destination is overrun (documented)."""
    source, block = asked.document.located(required(request, "source"))
    target, place = asked.document.located(required(request, "destination"))
    turned = request.get("pasteOrientation") == "TRANSPOSE"
    height, width = (block.width, block.height) if turned else (block.height, block.width)
    down = max(1, place.height // height) if place.height % height == 0 else 1
    along = max(1, place.width // width) if place.width % width == 0 else 1
    goal = Block(place.top, place.top + height * down, place.left, place.left + width * along)
    asked.guard(target, goal)
    target.grow(goal.bottom, goal.right)
    copies = []
    for row, column in goal.cells():
        at = ((row - goal.top) % height, (column - goal.left) % width)
        from_row, from_column = (block.top + at[1], block.left + at[0]) if turned else (block.top + at[0], block.left + at[1])
        cell = shape.copied(source.cell(from_row, from_column), row - from_row, column - from_column)
        copies.append((row, column, cell))
    paste_type = request.get("pasteType") or "PASTE_NORMAL"
    calculation = Calculation(asked.document)
    for row, column, cell in copies:
        new = cell
        if paste_type == "PASTE_VALUES" and "formulaValue" in cell.get("userEnteredValue", {}):
            from_row, from_column = block.top + (row - goal.top) % height, block.left + (column - goal.left) % width
            new = {**cell, "userEnteredValue": _constant(calculation.value(source, from_row, from_column))}
        target.put(row, column, _pasted(target.cell(row, column), new, paste_type))
    return None


def _constant(value: Scalar) -> dict[str, Any]:
    from sheetsync._testing.google.reading import extended  # noqa: PLC0415 - for this kind alone

    return extended(value)


@kind("insertRange", "range", "shiftDimension")
def insert_range(asked: Asked, request: Mapping[str, Any]) -> Reply:
    """Cells below or to the right make room; row metadata stays, for no row is inserted."""
    tab, block = asked.document.located(required(request, "range"))
    asked.guard(tab, block)
    rows = request.get("shiftDimension") == "ROWS"
    last = block._replace(bottom=len(tab.rows)) if rows else block._replace(right=len(tab.columns))
    moved = [(row, column, tab.cell(row, column)) for row, column in last.cells()]
    for row, column in last.cells():
        tab.put(row, column, EMPTY)
    down, along = (block.height, 0) if rows else (0, block.width)
    for row, column, cell in moved:
        if cell:
            tab.grow(row + down + 1, column + along + 1)
            tab.put(row + down, column + along, cell)
    return None


@kind("deleteRange", "range", "shiftDimension")
def delete_range(asked: Asked, request: Mapping[str, Any]) -> Reply:
    """Cells below or to the right close the gap."""
    tab, block = asked.document.located(required(request, "range"))
    asked.guard(tab, block)
    rows = request.get("shiftDimension") == "ROWS"
    rest = (
        Block(block.bottom, len(tab.rows), block.left, block.right)
        if rows
        else Block(block.top, block.bottom, block.right, len(tab.columns))
    )
    moved = [(row, column, tab.cell(row, column)) for row, column in rest.cells()]
    for row, column in [*block.cells(), *rest.cells()]:
        tab.put(row, column, EMPTY)
    up, back = (block.height, 0) if rows else (0, block.width)
    for row, column, cell in moved:
        tab.put(row - up, column - back, cell)
    return None
