"""Days and shares go in, a small chart for a terminal comes out: braille dots, with the straight way from start to target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Final

_DOTS: Final = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""A braille sign is two dots wide and four high (Unicode, chapter 21.1)."""
_BLANK: Final = 0x2800


@dataclass(frozen=True, slots=True)
class Cell:
    """One sign of the picture; `figure` where a figure's line passes, not only the way to the target."""

    sign: str
    figure: bool


@dataclass(frozen=True, slots=True)
class Plot:
    """Rows from top to bottom; `low`, `high` are the shares at the edges, `zero`, `whole` the rows where 0 and 1 are."""

    rows: tuple[tuple[Cell, ...], ...]
    low: float
    high: float
    zero: int
    whole: int


def plot(points: Sequence[tuple[date, float]], first: date, last: date, *, width: int = 60, height: int = 10) -> Plot:
    """Shares of the way between two days, beside the straight way from 0 to 1. Raises ValueError without a point."""
    if not points:
        raise ValueError("nothing to draw")
    known = [value for _, value in points]
    low, high = max(min(0.0, *known), -1.0), min(max(1.0, *known), 2.0)
    wide, tall = width * 2 - 1, height * 4 - 1
    span = max((last - first).days, 1)

    def across(day: date) -> int:
        return round(min(max((day - first).days / span, 0.0), 1.0) * wide)

    def up(value: float) -> int:
        return round((min(max(value, low), high) - low) / (high - low) * tall)

    figures = {(across(day), up(value)) for day, value in points}
    for (before, old), (after, new) in pairwise(points):
        figures |= _line(across(before), up(old), across(after), up(new))
    way = {dot for dot in _line(0, up(0.0), wide, up(1.0)) if dot[0] % 4 == 0}
    rows = [
        tuple(_cell(column, row, height, figures, way) for column in range(width))
        for row in range(height)
    ]  # fmt: skip
    return Plot(tuple(rows), low, high, height - 1 - up(0.0) // 4, height - 1 - up(1.0) // 4)


def _line(x: int, y: int, to_x: int, to_y: int) -> set[tuple[int, int]]:
    steps = max(abs(to_x - x), abs(to_y - y), 1)
    return {(round(x + (to_x - x) * step / steps), round(y + (to_y - y) * step / steps)) for step in range(steps + 1)}


def _cell(column: int, row: int, height: int, figures: set[tuple[int, int]], way: set[tuple[int, int]]) -> Cell:
    sign, seen = _BLANK, False
    bottom = (height - 1 - row) * 4
    for down, dots in enumerate(_DOTS):
        for right, bit in enumerate(dots):
            place = (column * 2 + right, bottom + 3 - down)
            if place in figures:
                sign, seen = sign | bit, True
            elif place in way:
                sign |= bit
    return Cell(chr(sign), seen)
