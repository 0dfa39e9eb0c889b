"""What a person types goes in, what Google makes of it goes out: the value, and the number format that comes with it.

Nothing is guessed. Each rule stands in a published transcript of the real service or in recorded traffic: `007`, `TRUE`, `=1+2`,
`'0123`, `$100.15`, `2026-09-05`, `1-2`; `2,000,000.01` (recorded). A text that no rule knows stays a text. The locale is en_US.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any, Final, NamedTuple

from sheetsync._testing.google.document import Cell
from sheetsync._testing.google.errors import bad

LONGEST: Final = 50_000
"""Characters in one cell, inclusive (transcript)."""

EPOCH: Final = date(1899, 12, 30).toordinal()

_NUMBER: Final = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)")
_GROUPED: Final = re.compile(r"[-+]?[0-9]{1,3}(?:,[0-9]{3})+(\.[0-9]+)?")
_PERCENT: Final = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?%")
_CURRENCY: Final = re.compile(r"-?\$(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(\.[0-9]+)?")
_SCIENTIFIC: Final = re.compile(r"[-+]?[0-9]+(?:\.[0-9]+)?[eE][-+]?[0-9]+")
_ISO: Final = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_US: Final = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")
_MONTH_DAY: Final = re.compile(r"([0-9]{1,2})-([0-9]{1,2})")

VALUE_FIELDS: Final = ("userEnteredValue", "effectiveValue", "formattedValue", "hyperlink", "textFormatRuns", "chipRuns")
"""What a new value erases ("When writing a new userEnteredValue, previous runs are erased")."""


class Entered(NamedTuple):
    """A value as an ExtendedValue, and the number format that typing it attaches."""

    value: dict[str, Any]
    format: dict[str, str] | None = None


def raw(value: Any) -> dict[str, Any]:
    """RAW: "The values the user has entered will not be parsed and will be stored as-is"."""
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int | float):
        return {"numberValue": value}
    return {"stringValue": value}


def typed(value: Any, year: int) -> Entered:
    """USER_ENTERED: "parsed as if the user typed them into the UI"; a JSON number or boolean is taken as it is."""
    if not isinstance(value, str):
        return Entered(raw(value))
    text = value.strip()
    if value.startswith("'"):
        return Entered({"stringValue": value[1:]})
    if text.startswith("=") and len(text) > 1:
        return Entered({"formulaValue": text})
    if text.upper() in {"TRUE", "FALSE"}:
        return Entered({"boolValue": text.upper() == "TRUE"})
    if _NUMBER.fullmatch(text):
        return Entered({"numberValue": float(text)})
    if _SCIENTIFIC.fullmatch(text):
        return Entered({"numberValue": float(text)}, {"type": "SCIENTIFIC", "pattern": "0.00E+00"})
    if found := _GROUPED.fullmatch(text):
        pattern = "#,##0.00" if found.group(1) else "#,##0"
        return Entered({"numberValue": float(text.replace(",", ""))}, {"type": "NUMBER", "pattern": pattern})
    if found := _PERCENT.fullmatch(text):
        pattern = "0.00%" if found.group(1) else "0%"
        return Entered({"numberValue": float(text[:-1]) / 100}, {"type": "PERCENT", "pattern": pattern})
    if found := _CURRENCY.fullmatch(text):
        pattern = '"$"#,##0.00' if found.group(1) else '"$"#,##0'
        return Entered({"numberValue": float(re.sub(r"[$,]", "", text))}, {"type": "CURRENCY", "pattern": pattern})
    return _date(text, year) or Entered({"stringValue": value})


def _date(text: str, year: int) -> Entered | None:
    if found := _ISO.fullmatch(text):
        parts, pattern = tuple(int(part) for part in found.groups()), "yyyy-mm-dd"
    elif found := _US.fullmatch(text):
        month, day, year = (int(part) for part in found.groups())
        parts, pattern = (year, month, day), "m/d/yyyy"
    elif found := _MONTH_DAY.fullmatch(text):
        parts, pattern = (year, int(found.group(1)), int(found.group(2))), "m-d"
    else:
        return None
    try:
        serial = date(*parts).toordinal() - EPOCH
    except ValueError:
        return None
    return Entered({"numberValue": serial}, {"type": "DATE", "pattern": pattern})


def write(cell: Cell, value: Any, *, as_typed: bool, year: int) -> Cell:
    """The cell with another value. Notes, validation and formats stay (transcript); runs and chips go (documented)."""
    kept = {name: part for name, part in cell.items() if name not in VALUE_FIELDS}
    if value == "" and isinstance(value, str):
        return kept
    if isinstance(value, str) and len(value) > LONGEST:
        raise bad(f"Your input contains more than the maximum of {LONGEST} characters in a single cell.")
    entered = typed(value, year) if as_typed else Entered(raw(value))
    if entered.value.get("stringValue") == "":
        return kept
    kept["userEnteredValue"] = entered.value
    if entered.format is not None:
        kept["userEnteredFormat"] = {**kept.get("userEnteredFormat", {}), "numberFormat": entered.format}
    return kept
