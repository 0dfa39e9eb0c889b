"""Requests that write cells: updateCells, repeatCell, appendCells, findReplace, setDataValidation, mergeCells, unmergeCells."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sheetsync._testing.google import entering
from sheetsync._testing.google.a1 import Block
from sheetsync._testing.google.asked import Asked
from sheetsync._testing.google.document import Cell, Tab
from sheetsync._testing.google.errors import bad
from sheetsync._testing.google.formats import written
from sheetsync._testing.google.kinds.base import Reply, kind, mask_of, required
from sheetsync._testing.google.references import shifted


@kind("updateCells", "fields", "range", "rows", "start")
def update_cells(asked: Asked, request: Mapping[str, Any]) -> Reply:
    """Only the fields of the mask; what the rows do not cover of a range is cleared in those fields (documented)."""
    tree, rows = mask_of(request), request.get("rows") or []
    if (request.get("range") is None) == (request.get("start") is None):
        raise bad("Exactly one of range and start must be specified")
    if request.get("range") is not None:
        tab, block = asked.document.located(request["range"])
        if len(rows) > block.height or any(len(row.get("values") or []) > block.width for row in rows):
            raise bad("The data to write is larger than the range")
    else:
        start = request["start"]
        tab = asked.document.tab(int(start.get("sheetId") or 0))
        top, left = int(start.get("rowIndex") or 0), int(start.get("columnIndex") or 0)
        width = max((len(row.get("values") or []) for row in rows), default=0)
        block = Block(top, top + len(rows), left, left + width)
        _inside(tab, block)
    asked.guard(tab, block)
    ragged = request.get("range") is None
    for row, column in block.cells():
        given = (rows[row - block.top].get("values") or []) if row - block.top < len(rows) else []
        at = column - block.left
        if at < len(given) or not ragged:
            source = given[at] if at < len(given) else {}
            tab.put(row, column, written(tab.cell(row, column), source or {}, tree))
    return None


def _inside(tab: Tab, block: Block) -> None:
    if block.bottom > len(tab.rows) or block.right > len(tab.columns):
        raise bad(
            f"Attempting to write outside the grid: row {block.bottom}, column {block.right} of {len(tab.rows)} rows and "
            f"{len(tab.columns)} columns"
        )


@kind("repeatCell", "cell", "fields", "range")
def repeat_cell(asked: Asked, request: Mapping[str, Any]) -> Reply:
    """One cell into each of a range, through the mask; a formula's references move along (documented)."""
    tree, source = mask_of(request), request.get("cell") or {}
    tab, block = asked.document.located(required(request, "range"))
    asked.guard(tab, block)
    formula = (source.get("userEnteredValue") or {}).get("formulaValue")
    for row, column in block.cells():
        one = source
        if formula is not None:
            one = {**source, "userEnteredValue": {"formulaValue": shifted(formula, row - block.top, column - block.left)}}
        tab.put(row, column, written(tab.cell(row, column), one, tree))
    return None


@kind("appendCells", "fields", "rows", "sheetId", "tableId")
def append_cells(asked: Asked, request: Mapping[str, Any]) -> Reply:
    """After the last row with data in the sheet; the grid grows where it must (documented)."""
    tree, rows = mask_of(request), request.get("rows") or []
    tab = asked.document.tab(int(request.get("sheetId") or 0))
    top = tab.used().bottom
    tab.grow(top + len(rows), max((len(row.get("values") or []) for row in rows), default=0))
    for down, row in enumerate(rows):
        for column, source in enumerate(row.get("values") or []):
            tab.put(top + down, column, written(tab.cell(top + down, column), source or {}, tree))
    return None


@kind("setDataValidation", "filteredRowsIncluded", "range", "rule")
def set_data_validation(asked: Asked, request: Mapping[str, Any]) -> Reply:
    tab, block = asked.document.located(required(request, "range"))
    rule = {name: value for name, value in (request.get("rule") or {}).items() if value not in (None, False)}
    for row, column in block.cells():
        kept = {name: part for name, part in tab.cell(row, column).items() if name != "dataValidation"}
        tab.put(row, column, kept | ({"dataValidation": rule} if rule else {}))
    return None


@kind("mergeCells", "mergeType", "range")
def merge_cells(asked: Asked, request: Mapping[str, Any]) -> Reply:
    """Only the first value of a merge stays; merges that it covers are replaced, one that it cuts is refused."""
    tab, block = asked.document.located(required(request, "range"))
    asked.guard(tab, block)
    merge_type = request.get("mergeType") or "MERGE_ALL"
    if merge_type == "MERGE_COLUMNS":
        new = [block._replace(left=column, right=column + 1) for column in range(block.left, block.right)]
    elif merge_type == "MERGE_ROWS":
        new = [block._replace(top=row, bottom=row + 1) for row in range(block.top, block.bottom)]
    else:
        new = [block]
    for old in list(tab.merges):
        if old.overlaps(block):
            if not (block.top <= old.top and old.bottom <= block.bottom and block.left <= old.left and old.right <= block.right):
                raise bad("You must select all cells in a merged range to merge or unmerge them.")
            tab.merges.remove(old)
    for merge in new:
        if merge.height * merge.width > 1:
            _keep_first(tab, merge)
            tab.merges.append(merge)
    return None


def _keep_first(tab: Tab, merge: Block) -> None:
    places = list(merge.cells())
    first = next((tab.cell(*at) for at in places if "userEnteredValue" in tab.cell(*at)), None)
    if first is None:
        return
    for at in places:
        old = tab.cell(*at)
        kept: Cell = {name: part for name, part in old.items() if name not in entering.VALUE_FIELDS}
        moved = {name: part for name, part in first.items() if name in entering.VALUE_FIELDS}
        tab.put(*at, {**kept, **moved} if at == places[0] else kept)


@kind("unmergeCells", "range")
def unmerge_cells(asked: Asked, request: Mapping[str, Any]) -> Reply:
    tab, block = asked.document.located(required(request, "range"))
    for old in list(tab.merges):
        if old.overlaps(block):
            if not (block.top <= old.top and old.bottom <= block.bottom and block.left <= old.left and old.right <= block.right):
                raise bad("You must select all cells in a merged range to merge or unmerge them.")
            tab.merges.remove(old)
    return None


_FIND = (
    "allSheets",
    "find",
    "includeFormulas",
    "matchCase",
    "matchEntireCell",
    "range",
    "replacement",
    "searchByRegex",
    "sheetId",
)


@kind("findReplace", *_FIND)
def find_replace(asked: Asked, request: Mapping[str, Any]) -> Reply:
    """Over a range, a sheet, or all sheets. What it changes is taken as typed."""
    if request.get("range") is not None:
        places = [asked.document.located(request["range"])]
    elif request.get("allSheets"):
        places = [(tab, tab.block) for tab in asked.document.tabs]
    else:
        tab = asked.document.tab(int(request.get("sheetId") or 0))
        places = [(tab, tab.block)]
    pattern = str(required(request, "find"))
    pattern = pattern if request.get("searchByRegex") else re.escape(pattern)
    pattern = rf"\A(?:{pattern})\Z" if request.get("matchEntireCell") else pattern
    find = re.compile(pattern, 0 if request.get("matchCase") else re.IGNORECASE)
    with_groups = bool(request.get("searchByRegex"))
    new_text = re.sub(r"\$([0-9])", r"\\\1", str(request.get("replacement") or ""))
    counts = {"valuesChanged": 0, "formulasChanged": 0, "occurrencesChanged": 0}
    rows, sheets = set(), set()
    for tab, block in places:
        for row in range(block.top, block.bottom):
            for column in [column for column in tab.rows[row].cells if block.left <= column < block.right]:
                cell = tab.cell(row, column)
                entered = cell.get("userEnteredValue", {})
                formula = "formulaValue" in entered
                if not entered or (formula and not request.get("includeFormulas")):
                    continue
                old = str(next(iter(entered.values())))
                new, count = find.subn(new_text if with_groups else lambda _: str(request.get("replacement") or ""), old)
                if count:
                    asked.guard(tab, Block(row, row + 1, column, column + 1))
                    tab.put(row, column, entering.write(cell, new, as_typed=True, year=asked.year))
                    counts["formulasChanged" if formula else "valuesChanged"] += 1
                    counts["occurrencesChanged"] += count
                    rows.add((tab.sheet_id, row))
                    sheets.add(tab.sheet_id)
    found = counts | {"rowsChanged": len(rows), "sheetsChanged": len(sheets)}
    return {"findReplace": {name: count for name, count in found.items() if count}}
