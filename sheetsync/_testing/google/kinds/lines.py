"""Requests about rows and columns: insert, delete, move, append, properties, auto-resize, groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sheetsync._testing.google import shape
from sheetsync._testing.google.asked import Asked
from sheetsync._testing.google.document import COLUMN_WIDTH, MAX_CELLS, MAX_COLUMNS, ROW_HEIGHT, Tab
from sheetsync._testing.google.errors import bad
from sheetsync._testing.google.kinds.base import Reply, kind, lines_of, mask_of, required
from sheetsync._testing.google.reading import group_documents


def room_for(asked: Asked, tab: Tab, rows: int, columns: int) -> None:
    """Refuses a grid over the limits: 10,000,000 cells a workbook, 18,278 columns a sheet (transcript)."""
    if columns > MAX_COLUMNS:
        raise bad(f"This action would increase the number of columns in the sheet above the limit of {MAX_COLUMNS} columns.")
    others = asked.document.cell_count() - len(tab.rows) * len(tab.columns)
    if others + rows * columns > MAX_CELLS:
        raise bad(f"This action would increase the number of cells in the workbook above the limit of {MAX_CELLS} cells.")


@kind("insertDimension", "inheritFromBefore", "range")
def insert_dimension(asked: Asked, request: Mapping[str, Any]) -> Reply:
    tab, dimension, start, end = lines_of(asked, required(request, "range"), bounded=True)
    count = end - start
    more = (count, 0) if dimension == "ROWS" else (0, count)
    room_for(asked, tab, len(tab.rows) + more[0], len(tab.columns) + more[1])
    shape.insert(asked.document, tab, dimension, start, count, before=bool(request.get("inheritFromBefore")))
    return None


@kind("deleteDimension", "range")
def delete_dimension(asked: Asked, request: Mapping[str, Any]) -> Reply:
    tab, dimension, start, end = lines_of(asked, required(request, "range"))
    block = tab.block._replace(top=start, bottom=end) if dimension == "ROWS" else tab.block._replace(left=start, right=end)
    asked.guard(tab, block)
    shape.delete(asked.document, tab, dimension, start, end)
    return None


@kind("moveDimension", "destinationIndex", "source")
def move_dimension(asked: Asked, request: Mapping[str, Any]) -> Reply:
    tab, dimension, start, end = lines_of(asked, required(request, "source"), bounded=True)
    shape.move(asked.document, tab, dimension, start, end, int(request.get("destinationIndex") or 0))
    return None


@kind("appendDimension", "dimension", "length", "sheetId")
def append_dimension(asked: Asked, request: Mapping[str, Any]) -> Reply:
    tab, dimension = asked.document.tab(int(request.get("sheetId") or 0)), request.get("dimension")
    length = int(request.get("length") or 0)
    if dimension not in {"ROWS", "COLUMNS"} or length < 1:
        raise bad("dimension must be specified and length must be greater than 0")
    rows = len(tab.rows) + (length if dimension == "ROWS" else 0)
    columns = len(tab.columns) + (length if dimension == "COLUMNS" else 0)
    room_for(asked, tab, rows, columns)
    tab.grow(rows, columns)
    return None


@kind("updateDimensionProperties", "dataSourceSheetRange", "fields", "properties", "range")
def update_dimension_properties(asked: Asked, request: Mapping[str, Any]) -> Reply:
    tab, dimension, start, end = lines_of(asked, required(request, "range"))
    tree, properties = mask_of(request), request.get("properties") or {}
    for line in tab.lines(dimension)[start:end]:
        for name in tree or ("hiddenByUser", "pixelSize"):
            if name == "hiddenByUser":
                line.hidden = bool(properties.get("hiddenByUser"))
            elif name == "pixelSize":
                line.size = int(properties.get("pixelSize") or (ROW_HEIGHT if dimension == "ROWS" else COLUMN_WIDTH))
            else:
                raise bad(f"Invalid field: {name}")
    return None


@kind("autoResizeDimensions", "dataSourceSheetDimensions", "dimensions")
def auto_resize(asked: Asked, request: Mapping[str, Any]) -> Reply:
    """Eight pixels a letter: the real width hangs on fonts, which the stand-in does not have."""
    tab, dimension, start, end = lines_of(asked, required(request, "dimensions"))
    for at in range(start, end):
        if dimension == "ROWS":
            tab.rows[at].size = ROW_HEIGHT
            continue
        entered = [line.cells[at].get("userEnteredValue", {}) for line in tab.rows if at in line.cells]
        longest = max((len(str(next(iter(value.values())))) for value in entered if value), default=0)
        if longest:
            tab.columns[at].size = 8 * longest + 6
    return None


@kind("addDimensionGroup", "range")
def add_dimension_group(asked: Asked, request: Mapping[str, Any]) -> Reply:
    tab, dimension, start, end = lines_of(asked, required(request, "range"), bounded=True)
    around = sum(1 for first, last, _ in tab.groups[dimension] if first <= start and end <= last)
    deeper = [
        (first, last, depth + 1) if start <= first and last <= end and (first, last) != (start, end) else (first, last, depth)
        for first, last, depth in tab.groups[dimension]
    ]
    tab.groups[dimension] = sorted([*deeper, (start, end, around + 1)])
    name = "rowGroupControlAfter" if dimension == "ROWS" else "columnGroupControlAfter"
    tab.grid = {**tab.grid, name: True}
    return {"addDimensionGroup": {"dimensionGroups": group_documents(tab, dimension)}}


@kind("deleteDimensionGroup", "range")
def delete_dimension_group(asked: Asked, request: Mapping[str, Any]) -> Reply:
    tab, dimension, start, end = lines_of(asked, required(request, "range"), bounded=True)
    kept = [group for group in tab.groups[dimension] if (group[0], group[1]) != (start, end)]
    if len(kept) == len(tab.groups[dimension]):
        raise bad("Must specify an existing group")
    tab.groups[dimension] = kept
    left = group_documents(tab, dimension)
    return {"deleteDimensionGroup": {"dimensionGroups": left} if left else {}}
