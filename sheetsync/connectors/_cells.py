"""One cell of a table from outside goes in; its number, its date, its text, or the error that names its place comes out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Context, Decimal
from typing import Final

from sheetsync import values
from sheetsync.errors import UnexpectedReply
from sheetsync.values import NotANumber, Parsed, Separators

MEND: Final = "Mend the cell where it stands, or leave its row out with where=."
PLAIN_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
"""A number that nobody takes for a name: 7 and 7.0 are the same, 007 is another."""
_WRITTEN_DATE: Final = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})(?:[T ].{0,40})?")
_DIGITS: Final = Context(prec=100)
_MAX_NAMES: Final = 8
_MAX_NAME: Final = 24


@dataclass(frozen=True, slots=True)
class Fault:
    """A cell that shows no value: an error's code, or "" for a formula without a stored result."""

    code: str


class Share(float):
    """A number that its workbook shows as a percentage."""


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of equal length under their headings. `rows` says where each row stands in its source, `total` is the last row
    where it is headed as the total of the others."""

    headings: tuple[str, ...]
    columns: tuple[Sequence[object], ...] = field(repr=False)
    rows: Sequence[int] = field(repr=False)
    total: int | None = None


def number_at(cell: object, row: int | None, heading: str, decimal: Separators, memo: dict[str, Parsed | None]) -> Parsed | None:
    """A cell's number; None where it is empty. Raises UnexpectedReply, naming the place."""
    readable(cell, row, heading)
    if missing(cell):
        return None
    why = "no number"
    try:
        if isinstance(cell, str):
            if cell not in memo:
                memo[cell] = values.parse_number(cell, decimal=decimal)
            return memo[cell]
        if isinstance(cell, Share):
            return Parsed(values.exact(float(cell)), percent=True)
        if isinstance(cell, int | float | Decimal):
            return Parsed(values.exact(cell))
    except NotANumber as error:
        why = str(error)
    advice = "Add decimal=. or decimal=, behind the link." if "both ways" in why else MEND
    if row is None:
        raise UnexpectedReply("There is no number at {place}: {why}.", place=names_of([heading]), why=why, advice=advice)
    raise UnexpectedReply(
        "Row {row} of the column {column} holds no number: {why}.", row=row, column=names_of([heading]), why=why, advice=advice
    )


def readable(cell: object, row: int | None, heading: str) -> None:
    """Raises UnexpectedReply for a cell that shows no value."""
    if isinstance(cell, Fault):
        where = names_of([heading]) if row is None else f"{names_of([heading])} ({row})"
        if cell.code:
            raise UnexpectedReply("The cell {place} shows the error {code}.", place=where, code=cell.code, advice=MEND)
        raise UnexpectedReply(
            "The formula in {place} has no stored result.", place=where, advice="Open the file in Excel once and save it."
        )
    if isinstance(cell, dict | list):
        raise UnexpectedReply(
            "The column {column} holds lists, not values.", column=names_of([heading]), advice="Choose another one."
        )


def as_number(cell: object, decimal: Separators = "auto") -> Decimal | None:
    try:
        if isinstance(cell, str):
            parsed = values.parse_number(cell, decimal=decimal)
            return parsed.value if parsed else None
        return values.exact(cell) if isinstance(cell, int | float | Decimal) else None
    except NotANumber:
        return None


def as_date(cell: object) -> date | None:
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    match = _WRITTEN_DATE.fullmatch(cell.strip()) if isinstance(cell, str) else None
    try:
        return date(int(match[1]), int(match[3]), int(match[4])) if match else None
    except ValueError:
        return None


def missing(cell: object) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def text_of(cell: object) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(float(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == datetime.min.time() else cell.isoformat(" ")
    return "" if cell is None else str(cell)


def fold(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).split()).casefold()


def key_of(cell: object, row: int, heading: str) -> object:
    """What makes two cells the same: the number where both are plainly numbers, else the folded text; None when empty."""
    readable(cell, row, heading)
    text = fold(text_of(cell))
    if not text:
        return None
    return Decimal(text).normalize(_DIGITS) if PLAIN_NUMBER.fullmatch(text) else text


def names_of(names: Iterable[str]) -> str:
    """Headings in a sentence: the first few, each cut, with nothing in them that a terminal could take for more than text."""
    shown = []
    for name in names:
        plain = "".join(char if char.isprintable() else " " for char in " ".join(name.split()))
        shown.append(plain if len(plain) <= _MAX_NAME else plain[: _MAX_NAME - 1] + "…")
    return ", ".join(shown[:_MAX_NAMES]) + (" …" if len(shown) > _MAX_NAMES else "")
