"""The strict way of writing: figures go into a worksheet of sheetsync's own, and the visible cells look them up there.

A visible cell that sheetsync fills holds `=IFNA(VLOOKUP("k3f9…";_sheetsync!$A:$B;2;FALSE);"")`. Its key moves along with it
wherever the cell goes, and what is written goes to a worksheet that nobody sorts: a write can meet no cell of anybody else, and a
figure that a person types in place of the formula stays until the next run has reported it.

Semicolons part arguments in spreadsheets of every country; Google shows them as the country does. (Not tried against Google.)
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from typing import Any, Final

from sheetsync.model import EMPTY, Cell, CellEdit, CellRef
from sheetsync.workbooks._google.snapshot import Entered, Page, Place, Snapshot
from sheetsync.workbooks._google.writing import as_entered

SHEET: Final = "_sheetsync"
_FORMULA: Final = re.compile(
    r'=\s*IFNA\s*\(\s*VLOOKUP\s*\(\s*"(k[0-9a-f]{8})"\s*[;,]\s*_sheetsync\s*!\s*\$A\s*:\s*\$B\s*[;,]\s*2\s*[;,]\s*FALSE\s*\)'
    r'\s*[;,]\s*""\s*\)',
    re.IGNORECASE,
)


def formula(key: str) -> str:
    return f'=IFNA(VLOOKUP("{key}";{SHEET}!$A:$B;2;FALSE);"")'


def is_ours(entered: Entered | None) -> bool:
    return isinstance(entered, str) and _FORMULA.fullmatch(entered) is not None


@dataclass(frozen=True, slots=True)
class Mirrored:
    """A snapshot as the plan sees it, and what lies behind it.

    `shown`  without the worksheet of sheetsync's own; a cell that looks a figure up is a plain cell with that figure
    `keys`   cell -> key; a key that stands in two cells, since somebody copied a row, is that of the first
    `lines`  key -> the row of sheetsync's own worksheet that holds its figure
    """

    shown: Snapshot
    keys: Mapping[CellRef, str]
    lines: Mapping[str, int]
    page: Page | None


def mirrored(snapshot: Snapshot) -> Mirrored:
    own = snapshot.page(SHEET)
    lines: dict[str, int] = {}
    for (row, column), value in sorted(own.entered.items()) if own else ():
        if column == 1 and isinstance(value, str):
            lines.setdefault(value, row)
    keys: dict[CellRef, str] = {}
    pages = tuple(_shown(page, keys) for page in snapshot.pages if page is not own)
    return Mirrored(replace(snapshot, pages=pages), keys, lines, own)


def _shown(page: Page, keys: dict[CellRef, str]) -> Page:
    entered: dict[Place, Entered] = {}
    cells: dict[Place, Cell] = dict(page.grid.cells)
    taken = set(keys.values())
    for at, value in page.entered.items():
        match = _FORMULA.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            entered[at] = value
            continue
        cell = page.grid.cell(*at)
        if match[1] not in taken:
            taken.add(match[1])
            keys[CellRef(page.title, *at)] = match[1]
        cells[at] = replace(cell, formula=False, targets=())
        if (plain := _plain(cell)) is not None:
            entered[at] = plain
        if cells[at] == EMPTY:
            del cells[at]
    return replace(page, entered=entered, grid=replace(page.grid, cells=cells))


def _plain(cell: Cell) -> Entered | None:
    match cell.value:
        case bool() | str() | float():
            return cell.value
        case datetime():
            return as_entered(cell.value)
    return None  # an error counts as blank


@dataclass(frozen=True, slots=True)
class Strict:
    """What one `apply` has to do: figures by line of the own worksheet, and cells that must look theirs up from now on."""

    figures: Mapping[int, tuple[str, Entered | None]]
    formulas: Mapping[CellRef, str]
    last_line: int


def split(mirror: Mirrored, edits: Sequence[CellEdit], new_key: Callable[[], str] = lambda: f"k{secrets.token_hex(4)}") -> Strict:
    """The edits that hold values, in two parts; those that only colour are none of this."""
    figures: dict[int, tuple[str, Entered | None]] = {}
    formulas: dict[CellRef, str] = {}
    taken = set(mirror.lines.values())
    free = (line for line in count(1) if line not in taken)
    for edit in edits:
        if edit.value is None:
            continue
        key = mirror.keys.get(edit.ref)
        if key is None:
            key = new_key()
            formulas[edit.ref] = key
        place = mirror.lines.get(key)
        if place is None:
            place = next(free)
        figures[place] = (key, as_entered(edit.value))
    return Strict(figures, formulas, max(figures, default=0))


def own_sheet(mirror: Mirrored, strict: Strict) -> list[dict[str, Any]]:
    """Requests that make the own worksheet, hidden and with a warning for whoever edits it, or give it more rows."""
    rows = max(100, strict.last_line + 50)
    if mirror.page is not None:
        lacking = strict.last_line - mirror.page.rows
        more = {"sheetId": mirror.page.id, "dimension": "ROWS", "length": lacking + 50}
        return [{"appendDimension": more}] if lacking > 0 else []
    sheet_id = secrets.randbelow(2**30) + 2**29
    size = {"rowCount": rows, "columnCount": 2}
    return [
        {"addSheet": {"properties": {"sheetId": sheet_id, "title": SHEET, "hidden": True, "gridProperties": size}}},
        {
            "addProtectedRange": {
                "protectedRange": {"range": {"sheetId": sheet_id}, "warningOnly": True, "description": "sheetsync"}
            }
        },
    ]


def figures_body(strict: Strict) -> dict[str, Any]:
    data = [
        # What is empty is not found, since a spreadsheet may take an empty cell that it looks up for 0.
        {"range": f"{SHEET}!A{line}:B{line}", "majorDimension": "ROWS", "values": [["", ""] if value is None else [key, value]]}
        for line, (key, value) in sorted(strict.figures.items())
    ]
    return {"valueInputOption": "RAW", "data": data}
