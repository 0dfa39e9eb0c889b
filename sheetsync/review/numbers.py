"""Figures and days go in, what people read comes out: the same in every language, for the page, the text and the sentences."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final

from sheetsync.model import Kind
from sheetsync.review.words import Line, When

NONE: Final = "–"


def figure(value: Decimal | float | None, percent: bool, kind: Kind = Kind.NUMBER) -> str:
    """`1,234.5`, `35 %`; a yes or no as ✓ and ✗. At most four digits that count behind the thousands."""
    if value is None:
        return NONE
    number = float(value)
    if kind is Kind.YES_NO:
        return "✓" if number > 0 else "✗"
    if percent:
        return f"{_plain(number * 100)} %"
    return _plain(number)


def rough(value: float, line: Line) -> str:
    """A forecast of a row, with no more digits than it deserves: three, or whole numbers where the row counts whole things."""
    if line.kind is Kind.YES_NO:
        return figure(value, line.percent, line.kind)
    scaled = value * 100 if line.percent else value
    counted = not line.percent and all(known == int(known) for known in (line.value, line.target) if known is not None)
    return _plain(round(scaled) if abs(scaled) >= 100 or counted else float(f"{scaled:.3g}")) + (" %" if line.percent else "")


def _plain(number: float) -> str:
    if abs(number) >= 1e15:
        return f"{number:.3g}"
    if abs(number) >= 1000 or number == int(number):
        return f"{number:,.0f}"
    return f"{number:,.4g}"


def share(value: Decimal | float | None) -> str:
    """A part of 1 as a percentage."""
    return NONE if value is None else f"{float(value) * 100:.0f} %"


def chance(risk: float) -> str:
    """A likelihood, never said to be certain."""
    return "> 95 %" if risk > 0.95 else "< 5 %" if risk < 0.05 else share(risk)


def points(value: Decimal | None) -> str:
    """A change of progress in points, with its sign."""
    if value is None:
        return NONE
    number = round(float(value) * 100)
    return f"{number:+d}".replace("-", "\u2212") if number else "0"


def money(value: Decimal | None) -> str:
    """An amount without its currency, which the sheet does not say."""
    if value is None:
        return NONE
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.2f}"


def day_of(moment: datetime, when: When) -> str:
    """The day of a moment in the workbook's time zone."""
    return f"{moment.astimezone(when.zone):%Y-%m-%d}"
