"""A figure, a moment or a text goes in; what stands for it inside a cell's XML comes out, and the other way round."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import Decimal
from math import isfinite

from sheetsync.errors import CannotEdit
from sheetsync.workbooks._ooxml.markup import escape

MAX_TEXT = 32_767
"""UTF-16 code units in one cell (https://support.microsoft.com/office/1672b34d-7043-467e-8e27-269d656771c3)."""
MIN_NUMBER = 2.2251e-308
"""The smallest magnitude that Excel holds (same page)."""
EXACT = 2.0**53
"""Whole numbers up to here are exact in a binary floating point number."""

_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_ESCAPED_RUN = re.compile(r"(?:_x[0-9A-Fa-f]{4}_)+")
_UNWRITABLE = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")
_PRESERVED = re.compile(r"\A\s|\s\Z|[\t\n]|  ")
_DAY = timedelta(days=1)
_EPOCH_1904 = datetime(1904, 1, 1)  # noqa: DTZ001  # cells hold no time zone
_EPOCH_1900 = datetime(1899, 12, 30)  # noqa: DTZ001
_EPOCH_BEFORE_MARCH_1900 = datetime(1899, 12, 31)  # noqa: DTZ001
_LAST_SERIAL = 2_958_466
"""The day after 9999-12-31 in the 1900 system."""
_MILLISECONDS = 86_400_000


def number_text(number: Decimal) -> str | None:
    """The shortest text of the number as a cell holds it, in binary floating point.

    None for what no cell holds exactly enough: no number at all, beyond EXACT, where whole numbers have gaps, or so small that
    Excel makes 0 of it.
    """
    try:
        real = float(number)
    except ValueError:  # a signalling NaN
        return None
    size = abs(real)
    if not MIN_NUMBER <= size < EXACT and number and not (size == EXACT and abs(number) <= EXACT):
        return None
    text = repr(real or 0.0)  # never -0.0
    return text[:-2] if text.endswith(".0") else text.replace("e", "E")


def number_of(text: str) -> float | None:
    """The number of a `<v>`; None where there is none."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if isfinite(number) and "_" not in text else None


def serial_of(moment: datetime, *, since_1904: bool, cell: str) -> float:
    """Days since the workbook's epoch (ECMA-376-1, 18.17.4). The 1900 system counts a 29 February 1900 that never was."""
    if moment.tzinfo is not None:
        raise CannotEdit("The date for cell {cell} has a time zone, which a cell cannot hold.", cell=cell)
    if since_1904:
        serial = (moment - _EPOCH_1904) / _DAY
    else:
        serial = (moment - _EPOCH_1900) / _DAY
        if serial < 61:
            serial = (moment - _EPOCH_BEFORE_MARCH_1900) / _DAY
    if serial < (0 if since_1904 else 1):
        raise CannotEdit("The date for cell {cell} lies before the first day of the workbook's calendar.", cell=cell)
    return serial


def moment_of(serial: float, *, since_1904: bool) -> datetime | None:
    """The moment of a serial number, to the millisecond; None for a mere time of day and for days that do not exist."""
    if since_1904:
        epoch, first, last = _EPOCH_1904, 0.0, _LAST_SERIAL - 1462
    else:
        epoch, first, last = (_EPOCH_1900 if serial >= 61 else _EPOCH_BEFORE_MARCH_1900), 1.0, _LAST_SERIAL
    if not first <= serial < last or (not since_1904 and 60 <= serial < 61):
        return None
    days = int(serial)
    try:
        return epoch + timedelta(days=days, milliseconds=round((serial - days) * _MILLISECONDS))
    except OverflowError:
        return None


def text_element(text: str, cell: str) -> tuple[bytes, bytes]:
    """The attributes and the content of the `<t>` that holds this text.

    What XML cannot hold is written as `_xHHHH_` and what looks like that is protected (ECMA-376-1, 22.9.2.19).
    Raises CannotEdit for half a surrogate pair and for texts longer than a cell holds.
    """
    try:
        units = len(text.encode("utf-16-le")) // 2
    except UnicodeEncodeError:
        raise CannotEdit("The text for cell {cell} holds a broken character.", cell=cell) from None
    if units > MAX_TEXT:
        raise CannotEdit(
            "The text for cell {cell} is longer than the {limit} characters a cell can hold.", cell=cell, limit=MAX_TEXT
        )
    if "_x" in text:
        text = _ESCAPED.sub(lambda match: "_x005F" + match[0], text)
    text = _UNWRITABLE.sub(lambda match: f"_x{ord(match[0]):04X}_", text)
    return b' xml:space="preserve"' if _PRESERVED.search(text) else b"", escape(text)


def decoded(text: str) -> str:
    """The text of a cell or a shared string with its `_xHHHH_` turned back."""
    return _ESCAPED_RUN.sub(_characters, text) if "_x" in text else text


def _characters(run: re.Match[str]) -> str:
    units = b"".join(int(code, 16).to_bytes(2, "little") for code in _ESCAPED.findall(run[0]))
    return units.decode("utf-16-le", "replace")
