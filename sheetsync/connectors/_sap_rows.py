"""The pages of an entity set go in, the sum, mean, smallest or largest value of one field comes out, with its currency."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Context, Decimal
from typing import Any, Final

from sheetsync import values
from sheetsync.connectors._sap_filter import NUMBERS, V4
from sheetsync.connectors._sap_metadata import EntitySet
from sheetsync.connectors.base import walk
from sheetsync.errors import Incomplete, NoSuchMetric, NotReady, Unavailable, UnexpectedReply
from sheetsync.model import Reading

PAGE: Final = 1_000
MAX_ROWS: Final = 100_000

_EXACT: Final = Context(prec=60)


def every_row(ask: Callable[[dict[str, str]], Any], known: EntitySet, column: str, version: int) -> Any:
    """The field's value in every row, page after page until the service's own total is reached, and the one unit of them all.

    Raises Incomplete (too many rows, or fewer than announced), Unavailable (they changed meanwhile), NoSuchMetric (several
    units), UnexpectedReply (a row twice, money without a currency).
    """
    field = known.fields[column]
    if field.type not in NUMBERS or not known.keys:
        raise NoSuchMetric(
            "{field} is no number in SAP.", field=column, advice="Choose a field that is a number, or count the rows."
        )
    wanted = list(dict.fromkeys([*known.keys, column, *([field.unit] if field.unit else [])]))
    params = {"$select": ",".join(wanted), "$orderby": ",".join(known.keys), "$top": str(PAGE)}
    params |= {"$count": "true"} if version == V4 else {"$inlinecount": "allpages", "$format": "json"}
    rows: dict[tuple[str, ...], Any] = {}
    total = None
    while total is None or len(rows) < total:
        page = ask({**params, "$skip": str(len(rows))})
        found = walk(page, "value" if version == V4 else "d.results")
        whole = row_count(_total_of_4(page) if version == V4 else walk(page, "d.__count"))
        if total not in (None, whole):
            raise Unavailable("The rows in SAP changed while they were read.")
        total = whole
        if total > MAX_ROWS:
            raise Incomplete("This list has more than {limit} rows, too many to add up.", limit=MAX_ROWS)
        fresh = {tuple(str(walk(row, key)) for key in known.keys): row for row in found}
        if len(fresh) != len(found) or fresh.keys() & rows.keys():
            raise UnexpectedReply("This service of SAP gives rows twice, so they cannot be added up.")
        rows |= fresh
        if len(rows) > total or (not found and len(rows) < total):
            raise Incomplete("SAP's list is longer or shorter than its own total.")
    units = {str(walk(row, field.unit)).strip() for row in rows.values()} if field.unit else set()
    if len(units) > 1:
        raise NoSuchMetric(
            "These rows are in several units: {units}.", units=sorted(units)[:5],
            advice="Choose one of them, for example with where=TransactionCurrency:EUR.",
        )  # fmt: skip
    unit = next(iter(units), "") if field.money else ""
    if rows and field.money and not re.fullmatch(r"[A-Z]{3}", unit):
        raise UnexpectedReply("The answer names no currency for an amount of money.")
    return {"values": [walk(row, column) for row in rows.values()], "unit": unit}


def added_up(document: Any, measure: str) -> Reading:
    """One measure of what `every_row` gave. Raises NotReady (no rows), UnexpectedReply (a value that is no number)."""
    # Decimals come as text (https://www.odata.org/documentation/odata-version-2-0/json-format/), always with a point.
    figures = [values.figure(value, decimal=".").value for value in walk(document, "values")]
    unit = walk(document, "unit")
    total = Decimal(0)
    for value in figures:
        total = _EXACT.add(total, value)
    if measure == "sum":
        return Reading(values.figure(total).value, unit)
    if not figures:
        raise NotReady("There are no rows yet that a {measure} could be made of.", measure=measure)
    if measure == "mean":
        return Reading(_EXACT.divide(total, len(figures)), unit)
    return Reading(min(figures) if measure == "min" else max(figures), unit)


def _total_of_4(page: Any) -> object:
    return page.get("@odata.count") if isinstance(page, dict) else None


def row_count(value: object) -> int:
    """How many rows SAP says there are; version 2 says it as text. Raises UnexpectedReply."""
    found = values.figure(value, decimal=".").value
    if found < 0 or found != found.to_integral_value():
        raise UnexpectedReply("SAP's number of rows is no number.")
    return int(found)
