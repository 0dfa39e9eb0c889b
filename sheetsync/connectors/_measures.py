"""A table and a `Choice` go in, one exact figure comes out: filters, columns and the nine measures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Context, Decimal
from typing import Any, Final

from sheetsync import values
from sheetsync.connectors._cells import (
    MEND,
    PLAIN_NUMBER,
    Table,
    as_date,
    as_number,
    fold,
    key_of,
    missing,
    names_of,
    number_at,
    readable,
    text_of,
)
from sheetsync.connectors._grammar import Choice, Condition, date_of, number_of
from sheetsync.errors import NoSuchMetric, NotReady, UnexpectedReply
from sheetsync.model import PERCENT, Reading
from sheetsync.values import NotANumber, Parsed, Separators

_SUM: Final = Context(prec=2_000)
"""Wide enough for every digit between the largest and the smallest number that the parser takes: sums are exact."""
_SHARE: Final = Context(prec=28)


def measured(table: Table, choice: Choice) -> Reading:
    """The figure of a table. Raises as `_tables.evaluate` does."""
    rows = _meeting(table, range(len(table.rows)), choice.where, choice.decimal)
    if table.total in rows and choice.measure not in {"last", "value"}:
        raise UnexpectedReply(
            "Row {row} is a total of the rows above, and would be counted twice.", row=table.rows[rows[-1]],
            advice="Delete it, or leave it out with where=.",
        )  # fmt: skip
    if choice.measure == "count":
        return Reading(Decimal(len(rows)))
    if choice.measure == "share":
        part = _meeting(table, rows, choice.share, choice.decimal)
        if not rows:
            raise _no_rows()
        return Reading(_SHARE.divide(Decimal(len(part)), Decimal(len(rows))), PERCENT)
    heading, column_values = _column(table, choice.column)
    if choice.measure == "distinct":
        return Reading(Decimal(len({key_of(column_values[row], table.rows[row], heading) for row in rows} - {None})))
    if choice.measure == "value" and len(rows) > 1:
        raise NoSuchMetric(
            "There are {count} rows, so a measure has to say what to make of them.", count=len(rows),
            advice="Write count, sum(column), mean(column) or last(column), or filter with where= until one row is left.",
        )  # fmt: skip
    if choice.measure in {"last", "value"}:
        if not rows:
            raise _no_rows()
        rows = rows[-1:]
    memo: dict[str, Parsed | None] = {}
    found = [(row, number_at(column_values[row], table.rows[row], heading, choice.decimal, memo)) for row in rows]
    return _aggregate(
        choice.measure, [(column_values[row], parsed) for row, parsed in found if parsed is not None], len(rows), heading
    )


def _aggregate(measure: str, found: list[tuple[object, Parsed]], rows: int, heading: str) -> Reading:
    numbers = [parsed.value for _, parsed in found]
    if not numbers:
        if measure == "sum" and not rows:
            return Reading(Decimal(0))
        if not rows:
            raise _no_rows()
        raise NotReady(
            "The column {column} holds no figure yet; a missing figure is not zero.",
            column=names_of([heading]),
            advice="Fill it in.",
        )
    match measure:
        case "sum" | "mean":
            value = Decimal(0)
            for number in numbers:
                value = _SUM.add(value, number)
            if measure == "mean":
                value = _SHARE.divide(value, Decimal(len(numbers)))
        case "min":
            value = min(numbers)
        case "max":
            value = max(numbers)
        case _:
            value = numbers[-1]
    try:
        return Reading(values.exact(value), _unit(found, heading))
    except NotANumber:
        raise UnexpectedReply(
            "The {measure} of {column} is larger than a workbook can hold exactly.", measure=measure, column=names_of([heading]),
            advice="Give the figure in thousands.",
        ) from None  # fmt: skip


def _unit(found: list[tuple[object, Parsed]], heading: str) -> str:
    """PERCENT where all are. Beside plain numbers a number that is shown as a percentage is one too; `12%` as text is not."""
    if all(parsed.percent for _, parsed in found):
        return PERCENT
    if any(parsed.percent and isinstance(cell, str) for cell, parsed in found):
        raise UnexpectedReply(
            "The column {column} mixes percentages with plain numbers.", column=names_of([heading]),
            advice="Write all of them with a % or none.",
        )  # fmt: skip
    return ""


def _no_rows() -> NotReady:
    return NotReady(
        "No row meets the filter, so there is no figure.", advice="Check the filter, or wait until the first row comes."
    )


def single(cell: object, place: str, choice: Choice) -> Reading:
    if isinstance(cell, dict | list):
        raise NoSuchMetric(
            "{place} is a list or a group, not a figure.", place=names_of([place]),
            advice="Name the figure inside it, or write item= with a measure for a list.",
        )  # fmt: skip
    parsed = number_at(cell, None, place, choice.decimal, {})
    if parsed is None:
        raise NotReady(
            "There is no figure at {place} yet; a missing figure is not zero.", place=names_of([place]), advice="Fill it in."
        )
    return Reading(parsed.value, PERCENT if parsed.percent else "")


# --- columns and rows


def _column(table: Table, wanted: str) -> tuple[str, Sequence[object]]:
    if not wanted:
        if len(table.headings) != 1:
            raise NoSuchMetric(
                "Say which column to read: {names}.", names=names_of(table.headings),
                advice="Write it in brackets, as in sum(amount).",
            )  # fmt: skip
        return table.headings[0], table.columns[0]
    exact = [place for place, heading in enumerate(table.headings) if heading.strip() == wanted]
    places = exact or [place for place, heading in enumerate(table.headings) if fold(heading) == fold(wanted)]
    if len(places) == 1:
        return table.headings[places[0]], table.columns[places[0]]
    if places:
        raise NoSuchMetric(
            "{count} columns are headed {column}.", count=len(places), column=names_of([wanted]),
            advice="Give each its own heading.",
        )  # fmt: skip
    raise NoSuchMetric(
        "There is no column {column}; there are {names}.", column=names_of([wanted]), names=names_of(table.headings),
        advice="Write the heading as it stands in the table.",
    )  # fmt: skip


def _meeting(table: Table, rows: Sequence[int], conditions: Sequence[Condition], decimal: Separators) -> Sequence[int]:
    for condition in conditions:
        heading, cells = _column(table, condition.column)
        test = _test(condition, heading, decimal)
        rows = [row for row in rows if test(cells[row], table.rows[row])]
    return rows


def _test(condition: Condition, heading: str, decimal: Separators) -> Callable[[object, int], bool]:
    memo: dict[str, Parsed | None] = {}
    if condition.test == "=":
        wanted, number, day = fold(condition.value), number_of(condition.value), date_of(condition.value)

        def equal(cell: object, row: int) -> bool:
            readable(cell, row, heading)
            if missing(cell) or fold(text_of(cell)) == wanted:
                return fold(text_of(cell)) == wanted
            if day is not None:
                return as_date(cell) == day
            return number is not None and _equal_number(cell, number, row, heading, decimal)

        return equal
    bounds = [condition.value, condition.until] if condition.test == ".." else [condition.value]
    dated = date_of(bounds[0]) is not None
    low, high = (date_of(bounds[0]), date_of(bounds[-1])) if dated else (number_of(bounds[0]), number_of(bounds[-1]))
    percent = any(bound.endswith("%") for bound in bounds)

    def within(cell: object, row: int) -> bool:
        readable(cell, row, heading)
        here: Any
        if dated:
            here = as_date(cell)
            if here is None and not missing(cell):
                raise UnexpectedReply(
                    "Row {row} of the column {column} holds no date as 2026-03-31.",
                    row=row,
                    column=names_of([heading]),
                    advice=MEND,
                )
        else:
            parsed = number_at(cell, row, heading, decimal, memo)
            here = None if parsed is None else parsed.value
            if (
                parsed is not None
                and isinstance(cell, str)
                and parsed.percent is not percent
                and parsed.value
                and any((low, high))
            ):
                raise UnexpectedReply(
                    "Row {row} of the column {column} and the filter are not both percentages.", row=row,
                    column=names_of([heading]), advice="Write the filter as the column is written, as in rate:>10%.",
                )  # fmt: skip
        if here is None:
            return False
        match condition.test:
            case ">":
                return bool(here > low)
            case ">=":
                return bool(here >= low)
            case "<":
                return bool(here < low)
            case "<=":
                return bool(here <= low)
            case _:
                return bool(low <= here <= high)

    return within


def _equal_number(cell: object, number: Decimal, row: int, heading: str, decimal: Separators) -> bool:
    if isinstance(cell, str) and fold(cell).lstrip("+-").startswith("0") and not PLAIN_NUMBER.fullmatch(cell.strip().lstrip("+")):
        return False  # 007 is a name
    here = as_number(cell, decimal)
    if here is not None or not isinstance(cell, str):
        return here == number
    if number in (as_number(cell, "."), as_number(cell, ",")):
        raise UnexpectedReply(
            "Row {row} of the column {column} can be read as two numbers.", row=row, column=names_of([heading]),
            advice="Add decimal=. or decimal=, behind the link.",
        )  # fmt: skip
    return False
