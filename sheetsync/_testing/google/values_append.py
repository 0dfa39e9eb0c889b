"""Rows go in, the table around a range grows by them: the `append` of the values endpoints."""

from __future__ import annotations

from typing import Any

from sheetsync._testing.google import a1, shape
from sheetsync._testing.google.a1 import Block
from sheetsync._testing.google.asked import Asked
from sheetsync._testing.google.document import MAX_CELLS, Tab
from sheetsync._testing.google.errors import bad
from sheetsync._testing.google.values import VALUE_RANGE, as_typed, inside, located, options, rows_of, value_range, written


def append(asked: Asked) -> dict[str, Any]:
    """POST values/{range}:append. The table is the block of filled cells that the range falls in; a whole sheet means its last
    (recorded)."""
    body = asked.message(VALUE_RANGE)
    tab, area, _ = asked.document.resolve(asked.parts["range"])
    block = inside(tab, area)
    rows = rows_of(body, "data.values")
    table = _table(tab, block, whole=not area.bounded)
    top, left = (table.bottom, table.left) if table is not None else (block.top, block.left)
    width = max((len(row) for row in rows), default=0)
    if asked.choice("insertDataOption", ("OVERWRITE", "INSERT_ROWS")) == "INSERT_ROWS" and table is not None and rows:
        tab.grow(top, 0)
        shape.insert(asked.document, tab, "ROWS", top, len(rows), before=True)
    if asked.document.cell_count() + max(0, top + len(rows) - len(tab.rows)) * len(tab.columns) > MAX_CELLS:
        raise bad(f"This action would increase the number of cells in the workbook above the limit of {MAX_CELLS} cells.")
    tab.grow(top + len(rows), left + width)
    start = Block(top, top + 1, left, left + 1)
    found = {"spreadsheetId": asked.document.id} | written(asked, tab, start, rows, typed=as_typed(asked, {}), anchor=True)
    if asked.flag("includeValuesInResponse"):
        touched = located(asked, found["updatedRange"])[1]
        found["updatedData"] = value_range(asked, tab, touched, **options(asked, {}, response=True))
    named = {"tableRange": a1.name_of(tab.title, table)} if table is not None else {}
    return {"spreadsheetId": asked.document.id} | named | {"updates": found}


def _table(tab: Tab, block: Block, *, whole: bool) -> Block | None:
    """The block of cells that hang together (side by side, above each other, or by a corner) around the range."""
    filled = {
        (row, column) for row, line in enumerate(tab.rows) for column, cell in line.cells.items() if "userEnteredValue" in cell
    }
    left = set(filled)
    tables = []
    while left:
        waiting, part = [left.pop()], set()
        while waiting:
            row, column = waiting.pop()
            part.add((row, column))
            near = {(row + down, column + along) for down in (-1, 0, 1) for along in (-1, 0, 1)} & left
            left -= near
            waiting += near
        rows, columns = {row for row, _ in part}, {column for _, column in part}
        tables.append(Block(min(rows), max(rows) + 1, min(columns), max(columns) + 1))
    touched = [table for table in tables if table.overlaps(block)]
    if not touched:
        return None
    return max(touched) if whole else min(touched)
