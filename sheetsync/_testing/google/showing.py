"""A value and its number format go in, the text in the cell goes out: what `formattedValue` and FORMATTED_VALUE give.

Knows the general format and the common patterns: 0 and # with places, groups and percent, a currency sign, dates and times.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any, Final

from sheetsync._testing.google.formulas import Scalar, Wrong

_EPOCH: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - a moment in a cell has no zone
_DIGITS: Final = re.compile(r"[#0][#0,]*(?:\.[#0]+)?")
_MOMENT: Final = re.compile(r"yyyy|yy|mmmm|mmm|mm|m|dddd|ddd|dd|d|hh|h|ss|s|AM/PM|am/pm|\"[^\"]*\"", re.IGNORECASE)
DATES: Final = frozenset({"DATE", "TIME", "DATE_TIME"})
_DEFAULT: Final = {
    "DATE": "m/d/yyyy",
    "TIME": "h:mm:ss AM/PM",
    "DATE_TIME": "m/d/yyyy h:mm:ss",
    "PERCENT": "0.00%",
    "CURRENCY": '"$"#,##0.00',
    "NUMBER": "#,##0.00",
    "SCIENTIFIC": "0.00E+00",
}


def shown(value: Scalar, number_format: dict[str, Any] | None) -> str:
    """The text of a value. An empty cell is an empty text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, Wrong):
        return value.sign
    if isinstance(value, str):
        return value
    kind = (number_format or {}).get("type", "")
    pattern = (number_format or {}).get("pattern") or _DEFAULT.get(kind, "")
    if kind in DATES or (not kind and re.search(r"[yd]", pattern)):
        return moment(value, pattern)
    if kind == "SCIENTIFIC" or "E+" in pattern:
        mantissa, _, exponent = f"{value:.{pattern.partition('E')[0].count('0') - 1}E}".partition("E")
        return f"{mantissa}E{int(exponent):+03d}"
    if not pattern or kind == "TEXT" or pattern.casefold() in {"general", "@"}:
        return general(value)
    return _patterned(value, pattern)


def general(value: float) -> str:
    """A number without a format: at most ten digits behind the point that matter, no exponent where it is short."""
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    text = f"{value:.10g}"
    return text.upper() if "e" not in text or abs(value) >= 1e15 or abs(value) < 1e-9 else f"{value:.15f}".rstrip("0")


def _patterned(value: float, pattern: str) -> str:
    positive, mark, negative = pattern.partition(";")
    pattern = negative.partition(";")[0] if mark and value < 0 else positive
    found = _DIGITS.search(re.sub(r'"[^"]*"', lambda quote: "\0" * len(quote.group()), pattern))
    if found is None:
        return general(value)
    digits = found.group()
    whole, _, places = digits.partition(".")
    amount = abs(value) * (100 if "%" in pattern else 1)
    text = f"{amount:{',' if ',' in whole else ''}.{len(places)}f}"
    optional = len(places) - len(places.rstrip("#"))
    for _ in range(optional):
        text = text.removesuffix("0")
    text = text.rstrip(".")
    before, after = pattern[: found.start()], pattern[found.end() :]
    sign = "-" if value < 0 and not mark else ""
    return sign + _literal(before) + text + _literal(after)


def _literal(text: str) -> str:
    return re.sub(r"\\(.)|\[[^]]*\]|_.", lambda found: found.group(1) or "", text.replace('"', ""))


def moment(serial: float, pattern: str) -> str:
    """Days since 1899-12-30 in a date pattern. `m` beside hours or seconds is minutes, else months."""
    when = _EPOCH + timedelta(seconds=round(serial * 86400))
    half = re.search("am/pm", pattern, re.IGNORECASE) is not None
    found = list(_MOMENT.finditer(pattern))
    parts, end = [], 0
    for at, token in enumerate(found):
        parts.append(pattern[end : token.start()])
        end = token.end()
        name = token.group().lower()
        before = found[at - 1].group().lower() if at else ""
        after = found[at + 1].group().lower() if at + 1 < len(found) else ""
        if name in {"m", "mm"} and (before.startswith("h") or after.startswith("s")):
            name = "minute" if name == "m" else "minutes"
        parts.append(_piece(when, name, half=half) if not name.startswith('"') else token.group()[1:-1])
    return "".join(parts) + pattern[end:]


def _piece(when: datetime, name: str, *, half: bool) -> str:
    hour = (when.hour % 12 or 12) if half else when.hour
    table = {
        "yyyy": f"{when.year:04}",
        "yy": f"{when.year % 100:02}",
        "mmmm": f"{when:%B}",
        "mmm": f"{when:%b}",
        "mm": f"{when.month:02}",
        "m": str(when.month),
        "dddd": f"{when:%A}",
        "ddd": f"{when:%a}",
        "dd": f"{when.day:02}",
        "d": str(when.day),
        "hh": f"{hour:02}",
        "h": str(hour),
        "minutes": f"{when.minute:02}",
        "minute": str(when.minute),
        "ss": f"{when.second:02}",
        "s": str(when.second),
        "am/pm": "AM" if when.hour < 12 else "PM",
    }
    return table[name]
