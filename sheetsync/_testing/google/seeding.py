"""Cells as a test writes them go in, tabs of a document go out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final, TypeAlias

from sheetsync._testing.google import formats
from sheetsync._testing.google.document import Cell, Document, Tab

Seed: TypeAlias = Mapping[tuple[int, int], Any]
"""(row, column), from 1 -> a plain value, a text that begins with `=` (a formula), a date, or a whole CellData."""

_EPOCH: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - a moment in a cell has no zone


def tabs(document: Document, content: Mapping[str, Seed]) -> list[Tab]:
    """One tab a title; the first has the id 0, as in a new spreadsheet."""
    made: list[Tab] = []
    for title, cells in content.items():
        number = document.new_number({tab.sheet_id for tab in made}) if made else 0
        tab = Tab.new(number, title)
        tab.grow(max((row for row, _ in cells), default=0), max((column for _, column in cells), default=0))
        for (row, column), value in cells.items():
            tab.put(row - 1, column - 1, cell(value))
        made.append(tab)
    return made


def cell(value: Any) -> Cell:
    """A cell of a seed. CellData keeps what it says, also what Google computes: the text of a chip, a formula's value."""
    match value:
        case None | "":
            return {}
        case Mapping():
            found = dict(value)
            if "userEnteredFormat" in found:
                found["userEnteredFormat"] = formats.cell_format(found["userEnteredFormat"])
            return found
        case bool():
            return {"userEnteredValue": {"boolValue": value}}
        case int() | float():
            return {"userEnteredValue": {"numberValue": value}}
        case datetime():
            return _dated((value - _EPOCH).total_seconds() / 86400, "DATE_TIME", "yyyy-mm-dd hh:mm:ss")
        case date():
            return _dated((datetime(value.year, value.month, value.day) - _EPOCH).days, "DATE", "yyyy-mm-dd")  # noqa: DTZ001
    text = str(value)
    return {"userEnteredValue": {"formulaValue" if text.startswith("=") and len(text) > 1 else "stringValue": text}}


def _dated(serial: float, kind: str, pattern: str) -> Cell:
    number_format = {"type": kind, "pattern": pattern}
    return {"userEnteredValue": {"numberValue": serial}, "userEnteredFormat": {"numberFormat": number_format}}
