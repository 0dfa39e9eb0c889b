"""Rows go in, a table in CSV comes out that a spreadsheet opens without computing anything."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

_FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def as_csv(names: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """A heading row and the rows; a text never begins like a formula (OWASP, CSV Injection)."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, names)
    writer.writeheader()
    writer.writerows({name: harmless(value) for name, value in one.items()} for one in rows)
    return text.getvalue()


def harmless(value: Any) -> Any:
    """A number stays one; a text that would begin like a formula gets an apostrophe in front."""
    return "'" + value if isinstance(value, str) and value.startswith(_FORMULA_SIGNS) else value
