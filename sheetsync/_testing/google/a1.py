"""A1 notation goes in, an area of a tab goes out, and back.

An `Area` counts from 0 and its ends are exclusive; an end that is None is open. `GridRange` is the same as a JSON document, in
which a zero `sheetId` and open ends are left out (recorded).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

_CELL: Final = re.compile(r"\$?([A-Za-z]{1,3})?\$?([1-9][0-9]*)?")
_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LIKE_A_CELL: Final = re.compile(r"[A-Za-z]{1,3}[0-9]+|[Rr][0-9]*[Cc][0-9]*|[Rr]|[Cc]")


class Area(NamedTuple):
    """Rows `top` to `bottom`, columns `left` to `right`, from 0, ends exclusive; None is open."""

    top: int | None = None
    bottom: int | None = None
    left: int | None = None
    right: int | None = None

    def within(self, rows: int, columns: int) -> Block:
        """The area inside a grid; open ends become the grid's, whatever stands out is cut off."""
        bottom = rows if self.bottom is None else min(self.bottom, rows)
        right = columns if self.right is None else min(self.right, columns)
        return Block(self.top or 0, bottom, self.left or 0, right)

    @property
    def bounded(self) -> bool:
        return None not in self


class Block(NamedTuple):
    """An area with four ends."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def width(self) -> int:
        return self.right - self.left

    def cells(self) -> Iterator[tuple[int, int]]:
        return ((row, column) for row in range(self.top, self.bottom) for column in range(self.left, self.right))

    def overlaps(self, other: Block) -> bool:
        return self.top < other.bottom and other.top < self.bottom and self.left < other.right and other.left < self.right

    def holds(self, row: int, column: int) -> bool:
        return self.top <= row < self.bottom and self.left <= column < self.right


def letters(column: int) -> str:
    """0 -> A, 26 -> AA."""
    name, number = "", column + 1
    while number:
        number, rest = divmod(number - 1, 26)
        name = chr(65 + rest) + name
    return name


def number(name: str) -> int:
    """A -> 0, AA -> 26."""
    total = 0
    for letter in name.upper():
        total = total * 26 + ord(letter) - 64
    return total - 1


def quoted(title: str) -> str:
    """A tab's title as Google echoes it: in quotes only where it needs them (recorded)."""
    if _PLAIN.fullmatch(title) and not _LIKE_A_CELL.fullmatch(title):
        return title
    return "'" + title.replace("'", "''") + "'"


def name_of(title: str, block: Block) -> str:
    """The block as Google echoes it: `Sheet1!A1:Z1000`, one cell as `Sheet1!A1` (recorded)."""
    first = f"{letters(block.left)}{block.top + 1}"
    last = f"{letters(block.right - 1)}{block.bottom}"
    return f"{quoted(title)}!{first}" + ("" if first == last else f":{last}")


def split(text: str) -> tuple[str | None, str, bool]:
    """A range's tab (None where none is named), what follows it, and whether the tab stood in quotes."""
    if text.startswith("'"):
        end = 1
        while True:
            end = text.find("'", end)
            if end < 0:
                return None, text, False
            if text[end : end + 2] != "''":
                break
            end += 2
        title, rest = text[1:end].replace("''", "'"), text[end + 1 :]
        if rest and not rest.startswith("!"):
            return None, text, False
        return title, rest[1:], True
    title, mark, rest = text.rpartition("!")
    return (title, rest, False) if mark else (None, text, False)


def area(text: str) -> tuple[Area, bool] | None:
    """`A1`, `A1:B2`, `A:B`, `2:5`, `A2:B`, `A2:2`, and whether it is one cell without a colon; None for anything else."""
    first, colon, second = text.partition(":")
    start = _corner(first)
    if start is None:
        return None
    column, row = start
    if not colon:
        if column is None or row is None:
            return None
        return Area(row, row + 1, column, column + 1), True
    end = _corner(second)
    if end is None:
        return None
    last_column, last_row = end
    top, bottom = _span(row, last_row)
    left, right = _span(column, last_column)
    return Area(top, bottom, left, right), False


def _corner(text: str) -> tuple[int | None, int | None] | None:
    found = _CELL.fullmatch(text)
    if not text or found is None or not any(found.groups()):
        return None
    column, row = found.groups()
    return (number(column) if column else None), (int(row) - 1 if row else None)


def _span(first: int | None, last: int | None) -> tuple[int | None, int | None]:
    """Start and exclusive end; the two corners may stand in either order (recorded)."""
    if first is not None and last is not None:
        return min(first, last), max(first, last) + 1
    if first is None and last is not None:
        return last, None
    return first, None


def from_grid_range(document: Mapping[str, Any]) -> Area:
    """A GridRange without its sheet."""
    return Area(
        document.get("startRowIndex"),
        document.get("endRowIndex"),
        document.get("startColumnIndex"),
        document.get("endColumnIndex"),
    )


def grid_range(sheet_id: int, area: Area | Block) -> dict[str, int]:
    """A GridRange as Google gives it: a zero sheet and open ends are left out (recorded)."""
    names = ("startRowIndex", "endRowIndex", "startColumnIndex", "endColumnIndex")
    found = {"sheetId": sheet_id} if sheet_id else {}
    return found | {name: end for name, end in zip(names, area, strict=True) if end is not None}


def dimension_range(sheet_id: int, dimension: str, start: int, end: int) -> dict[str, Any]:
    """A DimensionRange as Google gives it."""
    return ({"sheetId": sheet_id} if sheet_id else {}) | {"dimension": dimension, "startIndex": start, "endIndex": end}
