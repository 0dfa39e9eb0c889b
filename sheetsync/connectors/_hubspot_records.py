"""Pages of HubSpot's search go in; how many records there are, their properties, or these added up with their currency, come out.

Source    https://developers.hubspot.com/docs/api-reference/search/guide
Paging    ends at 10,000 records by position; so the records are asked for in order of their ids, each page behind the last id
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Context, Decimal
from typing import Any, Final

from sheetsync import values
from sheetsync.connectors.base import walk, walk_or_none
from sheetsync.errors import Incomplete, NotReady, UnexpectedReply
from sheetsync.model import Reading

PAGE: Final = 200
"""The most that one page of the search brings."""
MAX_PAGES: Final = 100
CAP: Final = 10_000
"""Where paging by position ends; whether the total does too is not documented, so this very total is not believed."""
DEAL_CURRENCY: Final = "deal_currency_code"

_MONEY: Final = re.compile(r"amount|revenue|_in_home_currency$|(^|_)(acv|arr|mrr|tcv)$")
_CODE: Final = re.compile(r"[A-Z]{3}")
_WIDE: Final = Context(prec=2_000)
_MEAN: Final = Context(prec=28)


def checked_total(page: Any) -> int:
    """The search's total, unless it contradicts its own page. Raises Incomplete, UnexpectedReply."""
    total, results = walk(page, "total"), walk(page, "results")
    if isinstance(total, bool) or not isinstance(total, int) or not isinstance(results, list):
        raise UnexpectedReply("HubSpot's search no longer says how many records there are.")
    if total == CAP:
        raise Incomplete("HubSpot says exactly 10,000, where its paging ends; the true number may be larger.")
    more = walk_or_none(page, "paging.next") is not None
    if total < len(results) or bool(total) is not bool(results) or (len(results) == total and more):
        raise UnexpectedReply("HubSpot's search contradicts itself about how many records there are.")
    return total


def every_record(
    search: Callable[[Mapping[str, Any]], Any], asked: Sequence[Mapping[str, str]], properties: Sequence[str]
) -> list[Any]:
    """The properties of all records that meet the filters, in order of their ids, so that no page can hide or repeat one.

    `search` asks with a body. Raises Incomplete: more than are read, or not as many as HubSpot announced.
    """
    found: list[Any] = []
    total, last = 0, ""
    for _ in range(MAX_PAGES):
        behind = [{"propertyName": "hs_object_id", "operator": "GT", "value": last}] if last else []
        page = search(body([*asked, *behind], properties, limit=PAGE, sort="hs_object_id"))
        rows = walk(page, "results")
        if not last:
            total = checked_total(page)
            if total > PAGE * MAX_PAGES:
                break
        found += [walk(row, "properties") for row in rows]
        if len(rows) < PAGE:
            if len(found) != total:
                raise Incomplete(
                    "HubSpot announced {total} records and gave {seen}.", total=total, seen=len(found),
                    advice="Nothing to do: records were changed meanwhile; it is tried again at the next run.",
                )  # fmt: skip
            return found
        ids = [str(walk(row, "id")) for row in rows]
        if not all(re.fullmatch(r"\d{1,19}", one) for one in ids) or int(ids[-1]) <= int(last or "0"):
            raise UnexpectedReply("HubSpot's search gave its records in another order than asked for.")
        last = ids[-1]
    raise Incomplete("This selection has more than {limit} records to add up.", limit=PAGE * MAX_PAGES)


def body(asked: Sequence[Mapping[str, str]], properties: Sequence[str], *, limit: int, sort: str = "") -> dict[str, Any]:
    """The body of a search. Without filters every record of the type is meant."""
    return {
        "filterGroups": [{"filters": list(asked)}] if asked else [], "properties": list(properties), "limit": limit, "after": "0",
        "sorts": [{"propertyName": sort, "direction": "ASCENDING"}] if sort else [],
    }  # fmt: skip


def currency(name: str, definition: Any, account: Any, rows: Sequence[Any]) -> str:
    """The currency of a property in these records; "" where it is no money. Raises Incomplete where they have several."""
    if not (walk_or_none(definition, "showCurrencySymbol") or _MONEY.search(name)):
        return ""
    home = str(walk(account, "companyCurrency"))
    alone = name.endswith("_in_home_currency") or not walk(account, "additionalCurrencies")
    codes = set() if alone else {row.get(DEAL_CURRENCY, "?") or home for row in rows if row.get(name) not in (None, "")}
    if len(codes) > 1 or "?" in codes:
        raise Incomplete(
            "The records of this page are in several currencies, which cannot be added up.",
            advice="Choose a property in the company's own currency, such as amount_in_home_currency.",
        )
    code = str(codes.pop()) if codes else home
    if not _CODE.fullmatch(code):
        raise UnexpectedReply("HubSpot names no currency for an amount of money.")
    return code


def added_up(document: Any, measure: str) -> Reading:
    """sum, mean, min, max or the one value of `values`; blank ones take no part.

    Raises NotReady (nothing there), UnexpectedReply.
    """
    texts = walk(document, "values")
    found = [values.figure(text, decimal=".").value for text in texts if text not in (None, "")]
    if not found and (texts or measure != "sum"):
        raise NotReady("There is no figure here yet; a missing figure is not zero.", advice="Fill it in in HubSpot.")
    total = Decimal(0)
    for number in found:
        total = _WIDE.add(total, number)
    match measure:
        case "sum":
            value = total
        case "mean":
            value = _MEAN.divide(total, Decimal(len(found)))
        case "min":
            value = min(found)
        case _:
            value = max(found)
    return Reading(values.figure(value).value, walk(document, "unit"))
