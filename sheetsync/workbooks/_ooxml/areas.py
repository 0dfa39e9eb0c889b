"""References such as `B2:D9` go in; rectangles, and whether one covers a cell, come out. Rows and columns count from 1."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from typing import TypeAlias

LAST_ROW = 1_048_576
LAST_COLUMN = 16_384
"""The sheet's last row and column (https://support.microsoft.com/office/1672b34d-7043-467e-8e27-269d656771c3)."""

Area: TypeAlias = tuple[int, int, int, int]
"""First row, first column, last row, last column."""

_PART = re.compile(r"\$?([A-Za-z]{0,3})\$?([0-9]{0,7})")


def column_number(letters: str) -> int:
    """A -> 1, Z -> 26, AA -> 27."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number


def area_of(reference: str) -> Area | None:
    """`B2`, `B2:D9`, `B:D` and `2:9`, with or without $; None for anything else."""
    first, _, last = reference.strip().partition(":")
    a = _PART.fullmatch(first)
    b = _PART.fullmatch(last or first)
    if a is None or b is None or (not a[1] and not a[2]) or (not b[1] and not b[2]):
        return None
    rows = int(a[2] or 1), int(b[2] or LAST_ROW)
    columns = column_number(a[1] or "A"), column_number(b[1] or "XFD")
    if not last and not (a[1] and a[2]):
        return None
    area = min(rows), min(columns), max(rows), max(columns)
    return area if area[0] >= 1 and area[2] <= LAST_ROW and area[3] <= LAST_COLUMN else None


def areas_of(references: str) -> list[Area]:
    """The areas of a list with blanks between, as `sqref` has it; what is no reference is left out."""
    return [area for text in references.split() if (area := area_of(text)) is not None]


class Areas:
    """Many areas, asked cell by cell."""

    def __init__(self, areas: Iterable[Area]) -> None:
        self.all = tuple(dict.fromkeys(areas))
        self._columns: dict[int, tuple[list[int], list[int]]] = {}

    def __bool__(self) -> bool:
        return bool(self.all)

    def covers(self, row: int, column: int) -> bool:
        if not self.all:
            return False
        spans = self._columns.get(column)
        if spans is None:
            spans = self._columns[column] = self._rows(column)
        at = bisect_right(spans[0], row) - 1
        return at >= 0 and row <= spans[1][at]

    def covering(self, row: int, column: int) -> Area | None:
        """The first area that covers the cell."""
        if not self.covers(row, column):
            return None
        return next(area for area in self.all if area[0] <= row <= area[2] and area[1] <= column <= area[3])

    def _rows(self, column: int) -> tuple[list[int], list[int]]:
        firsts: list[int] = []
        lasts: list[int] = []
        for first, last in sorted((area[0], area[2]) for area in self.all if area[1] <= column <= area[3]):
            if lasts and first <= lasts[-1] + 1:
                lasts[-1] = max(lasts[-1], last)
            else:
                firsts.append(first)
                lasts.append(last)
        return firsts, lasts
