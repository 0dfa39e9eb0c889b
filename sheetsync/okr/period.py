"""`2027-Q1`, `2027年3月`, `2027` or a sheet's title goes in, the first and the last day come out."""

from __future__ import annotations

import calendar
import re
from datetime import date, datetime
from typing import Final

from sheetsync.model import Period
from sheetsync.okr.layout import fold

_CHINESE: Final = str.maketrans("一二三四", "1234")
_YEAR: Final = r"(?P<year>20\d\d)"
_FORMS: Final = tuple(
    re.compile(form)
    for form in (
        rf"{_YEAR}\s*[-/. ]?\s*q(?P<quarter>[1-4])",
        rf"q(?P<quarter>[1-4])\s*[-/. ]?\s*{_YEAR}",
        rf"{_YEAR}\s*年\s*(?:第\s*)?(?P<quarter>[1-4])\s*季度?",
        rf"{_YEAR}\s*年\s*q(?P<quarter>[1-4])",
        rf"{_YEAR}\s*年\s*(?P<month>0?[1-9]|1[0-2])\s*月",
        rf"{_YEAR}\s*[-/.]\s*(?P<month>0[1-9]|1[0-2]|[1-9])",
        rf"(?P<name>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s*[-/ ]?\s*{_YEAR}",
        rf"{_YEAR}\s*年?",
    )
)
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_SPAN: Final = re.compile(r"(20\d\d-\d\d-\d\d)\s*(?:\.\.|–|to|至|~)\s*(20\d\d-\d\d-\d\d)")


def parse(value: object, within: Period | None = None) -> Period | None:
    """A year, a quarter, a month or `2027-01-15..2027-03-10`; a date cell is its month. None for anything else.

    `within` is the period of the sheet: where it lies in one year, `Q1`, `3月` and `Mar` are those of that year.
    """
    found = _parse(value)
    if found is None and within is not None and within.start.year == within.end.year and isinstance(value, str):
        number = within.start.year
        found = _parse(f"{number} {value}") or _parse(f"{number}年{value}") or _parse(f"{value} {number}")
    return found


def _parse(value: object) -> Period | None:
    if isinstance(value, datetime):
        return month(value.year, value.month)
    if isinstance(value, float) and value.is_integer() and 2000 <= value < 2100:
        value = str(int(value))
    if not isinstance(value, str):
        return None
    text = fold(value).translate(_CHINESE)
    span = _SPAN.fullmatch(text)
    if span is not None:
        try:
            start, end = date.fromisoformat(span[1]), date.fromisoformat(span[2])
        except ValueError:
            return None
        return Period(start, end, value.strip()) if start <= end else None
    for form in _FORMS:
        match = form.fullmatch(text)
        if match is None:
            continue
        parts, year_number = match.groupdict(), int(match["year"])
        if parts.get("quarter"):
            return quarter(year_number, int(parts["quarter"]))
        if parts.get("month"):
            return month(year_number, int(parts["month"]))
        if parts.get("name"):
            return month(year_number, _MONTHS.index(parts["name"]) + 1)
        return year(year_number)
    return None


def year(number: int) -> Period:
    return Period(date(number, 1, 1), date(number, 12, 31), str(number))


def quarter(year_number: int, number: int) -> Period:
    last = 3 * number
    end = date(year_number, last, calendar.monthrange(year_number, last)[1])
    return Period(date(year_number, last - 2, 1), end, f"{year_number}-Q{number}")


def month(year_number: int, number: int) -> Period:
    end = date(year_number, number, calendar.monthrange(year_number, number)[1])
    return Period(date(year_number, number, 1), end, f"{year_number}-{number:02}")
