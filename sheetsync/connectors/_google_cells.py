"""A range as the Sheets API gives it goes in, rows of plain cells come out: numbers, percentages, dates, texts, and errors.

CellData      https://developers.google.com/sheets/api/reference/rest/v4/spreadsheets/cells
Date serials  days since 1899-12-30 (https://developers.google.com/sheets/api/guides/formats#about_date_time_values)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from sheetsync.connectors._cells import Fault, Share
from sheetsync.connectors._grammar import LAST_COLUMN, LAST_ROW, cell_text
from sheetsync.connectors.base import walk_or_none
from sheetsync.errors import NoSuchMetric, UnexpectedReply

FIELDS: Final = (
    "sheets(properties(sheetId,title),data(startRow,startColumn,rowData(values(effectiveValue,effectiveFormat.numberFormat))))"
)

_EPOCH: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - a date of a sheet has no zone
_LITERAL: Final = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')
"""Text and colours in a pattern, where a % is no percentage."""
_CODES: Final[Mapping[str, str]] = {
    "ERROR": "#ERROR!", "NULL_VALUE": "#NULL!", "DIVIDE_BY_ZERO": "#DIV/0!", "VALUE": "#VALUE!", "REF": "#REF!", "NAME": "#NAME?",
    "NUM": "#NUM!", "N_A": "#N/A", "LOADING": "Loading…",
}  # fmt: skip
_END: Final = r"\$?([A-Za-z]{0,3})\$?([1-9][0-9]{0,6})?"
_RANGE: Final = re.compile(rf"{_END}(?::{_END})?")


@dataclass(frozen=True, slots=True)
class Area:
    """Rows and columns from 1, both ends included; None where an end is open. `str` is the A1 form: `B7`, `A1:C20`, `A:C`."""

    row: int | None
    column: int | None
    last_row: int | None
    last_column: int | None

    @property
    def is_cell(self) -> bool:
        return self.row is not None and self.column is not None and (self.row, self.column) == (self.last_row, self.last_column)

    def __str__(self) -> str:
        first = _end_text(self.row, self.column)
        return first if self.is_cell else f"{first}:{_end_text(self.last_row, self.last_column)}"


def _end_text(row: int | None, column: int | None) -> str:
    letters = cell_text(1, column)[:-1] if column is not None else ""
    return letters + (str(row) if row is not None else "")


def area_of(text: str) -> Area:
    """`B7`, `$B$7`, `A1:C20`, `A:C`, `2:20`, `A2:C`. Raises NoSuchMetric."""
    match = _RANGE.fullmatch(text.strip())
    if match is not None:
        column, row, last_column, last_row = _column(match[1]), _number(match[2]), _column(match[3] or ""), _number(match[4])
        if match[3] is None and match[4] is None and row is not None and column is not None:
            return _within(Area(row, column, row, column), text)
        whole = (column is None) == (last_column is None) and not (column is None and (row is None or last_row is None))
        if ":" in text and whole and (row is not None or last_row is None):
            return _within(Area(row, column, last_row, last_column), text)
    raise _no_range(text)


def _within(area: Area, text: str) -> Area:
    rows, columns = (area.row or 1, area.last_row or LAST_ROW), (area.column or 1, area.last_column or LAST_COLUMN)
    if rows[0] <= rows[1] <= 10_000_000 and columns[0] <= columns[1] <= 18_278:
        return area
    raise _no_range(text)


def _no_range(text: str) -> NoSuchMetric:
    shown = "".join(char if char.isprintable() else "?" for char in text)[:40]
    return NoSuchMetric(
        "{text} is no range of cells: write B7 or A1:C20.", text=shown, advice="Copy the link to the cell in Google Sheets again."
    )


def _column(letters: str) -> int | None:
    column = 0
    for letter in letters.upper():
        column = column * 26 + ord(letter) - 64
    return column or None


def _number(digits: str | None) -> int | None:
    return int(digits) if digits else None


def rows_of(data: Any, area: Area | None) -> list[list[object]]:
    """The cells of one GridData, with blank rows and columns before it so that they stand where they stand in the sheet.

    Raises UnexpectedReply where it begins elsewhere than the range that was asked for.
    """
    top, left = (walk_or_none(data, name) or 0 for name in ("startRow", "startColumn"))
    if (top, left) != (((area and area.row) or 1) - 1, ((area and area.column) or 1) - 1):
        raise UnexpectedReply("Google Sheets answered with other cells than those asked for.")
    lines = walk_or_none(data, "rowData") or []
    if not isinstance(lines, list):
        raise UnexpectedReply("Google Sheets answered with other cells than those asked for.")
    found: list[list[object]] = [[] for _ in range(top)]
    for line in lines:
        cells = walk_or_none(line, "values") or []
        found.append([None] * left + [_cell(cell) for cell in cells])
    width = max(map(len, found), default=0)
    return [line + [None] * (width - len(line)) for line in found]


def _cell(cell: Any) -> object:
    held = walk_or_none(cell, "effectiveValue")
    if not isinstance(held, dict) or not held:
        return None
    if isinstance(number := held.get("numberValue"), int | Decimal) and not isinstance(number, bool):
        shown = walk_or_none(cell, "effectiveFormat.numberFormat")
        return _number_cell(number, shown if isinstance(shown, dict) else {})
    if isinstance(text := held.get("stringValue"), str):
        return text
    if isinstance(held.get("boolValue"), bool):
        return held["boolValue"]
    if isinstance(fault := held.get("errorValue"), dict):
        return Fault(_CODES.get(str(fault.get("type")), "#ERROR!"))
    raise UnexpectedReply("Google Sheets answered with a cell of an unknown kind.")


def _number_cell(number: int | Decimal, shown: Mapping[str, Any]) -> object:
    kind, pattern = shown.get("type"), str(shown.get("pattern", ""))
    if kind == "PERCENT" or "%" in _LITERAL.sub("", pattern):
        return Share(number)
    if kind in {"DATE", "DATE_TIME"}:
        try:
            moment = _EPOCH + timedelta(days=float(number))
        except OverflowError:
            raise UnexpectedReply("Google Sheets answered with a cell of an unknown kind.") from None
        return moment.date() if kind == "DATE" else moment
    return number
