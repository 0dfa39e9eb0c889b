"""Data filters go in, the replies of the `values:*ByDataFilter` endpoints go out: a block is looked up when the call applies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sheetsync._testing.google.asked import Asked
from sheetsync._testing.google.errors import bad
from sheetsync._testing.google.metadata import Entries, blocks
from sheetsync._testing.google.values import RESPONSE, as_typed, batched, cleared, options, rows_of, value_range, written


def batch_get(asked: Asked) -> dict[str, Any]:
    """POST values:batchGetByDataFilter"""
    body = asked.message(frozenset({"dataFilters", "majorDimension", "valueRenderOption", "dateTimeRenderOption"}))
    entries, found = Entries(asked.document), []
    for at, one in enumerate(body.get("dataFilters") or []):
        selected = blocks(entries, one, f"data_filters[{at}]")
        _unmatched(asked, selected)
        for tab, block in selected:
            found.append({"valueRange": value_range(asked, tab, block, **options(asked, body)), "dataFilters": [one]})
    return {"spreadsheetId": asked.document.id} | ({"valueRanges": found} if found else {})


def _unmatched(asked: Asked, selected: Sequence[Any]) -> None:
    if not selected and asked.state.switches.unmatched_filter == "error":
        raise bad("No data matched the data filter.")


def batch_update(asked: Asked) -> dict[str, Any]:
    """POST values:batchUpdateByDataFilter: the block is looked up when the write applies."""
    body = asked.message(frozenset({*RESPONSE, "data"}))
    typed = as_typed(asked, body)
    entries = Entries(asked.document)
    data = body.get("data") or []
    places = {id(one): blocks(entries, one.get("dataFilter") or {}, f"data[{at}].data_filter") for at, one in enumerate(data)}

    def write(item: Mapping[str, Any]) -> list[dict[str, Any]]:
        selected, rows = places[id(item)], rows_of(item, "data.values")
        _unmatched(asked, selected)
        found = []
        for tab, block in selected:
            one = written(asked, tab, block, rows, typed=typed, anchor=False) | {"dataFilter": item["dataFilter"]}
            if body.get("includeValuesInResponse"):
                one["updatedData"] = value_range(asked, tab, block, **options(asked, body, response=True))
            found.append(one)
        empty = not found and asked.state.switches.unmatched_filter == "empty"
        return [{"dataFilter": item["dataFilter"]}] if empty else found

    return batched(asked, data, write)


def batch_clear(asked: Asked) -> dict[str, Any]:
    """POST values:batchClearByDataFilter"""
    body = asked.message(frozenset({"dataFilters"}))
    entries, selected = Entries(asked.document), []
    for at, one in enumerate(body.get("dataFilters") or []):
        found = blocks(entries, one, f"data_filters[{at}]")
        _unmatched(asked, found)
        selected += found
    names = [cleared(asked, *one) for one in selected]
    return {"spreadsheetId": asked.document.id} | ({"clearedRanges": names} if names else {})
