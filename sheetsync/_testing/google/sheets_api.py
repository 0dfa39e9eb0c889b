"""The calls on a spreadsheet as a whole: get, getByDataFilter, create, batchUpdate, copyTo, and those on developer metadata."""

from __future__ import annotations

from typing import Any, Final

from sheetsync._testing.google import metadata, reading
from sheetsync._testing.google.a1 import Block
from sheetsync._testing.google.asked import Asked
from sheetsync._testing.google.document import Tab
from sheetsync._testing.google.errors import bad, not_found, not_shared
from sheetsync._testing.google.kinds import apply_all
from sheetsync._testing.google.kinds.sheets import copied_tab
from sheetsync._testing.google.metadata import Entries, Found
from sheetsync._testing.google.values import located

_FILTERED: Final = frozenset({"dataFilters", "includeGridData", "excludeTablesInBandedRanges", "commentsViewMode"})
_BATCH: Final = frozenset(
    {"requests", "includeSpreadsheetInResponse", "responseRanges", "responseIncludeGridData", "commentsViewMode"}
)
_CREATE: Final = frozenset(
    {"spreadsheetId", "properties", "sheets", "namedRanges", "spreadsheetUrl", "developerMetadata", "dataSources", "comments"}
)


def get(asked: Asked) -> dict[str, Any]:
    """GET v4/spreadsheets/{id}"""
    ranges = asked.query.get("ranges")
    wanted = [located(asked, text) for text in ranges] if ranges else None
    return _resource(asked, wanted, grid_data=asked.flag("includeGridData"))


def get_by_filter(asked: Asked) -> dict[str, Any]:
    """POST v4/spreadsheets/{id}:getByDataFilter"""
    body = asked.message(_FILTERED)
    filters = body.get("dataFilters") or []
    entries, wanted = Entries(asked.document), []
    for at, one in enumerate(filters):
        wanted += metadata.blocks(entries, one, f"data_filters[{at}]")
    return _resource(asked, wanted if filters else None, grid_data=bool(body.get("includeGridData")))


def _resource(asked: Asked, wanted: list[tuple[Tab, Block]] | None, *, grid_data: bool) -> dict[str, Any]:
    return reading.spreadsheet(
        asked.document, asked.state.switches, who=asked.who, wanted=wanted, grid_data=grid_data, mask=asked.fields()
    )


def create(asked: Asked) -> dict[str, Any]:
    """POST v4/spreadsheets. A service account cannot own a file (gspread #1592); how this call says so is unconfirmed."""
    body = asked.message(_CREATE)
    if asked.who in asked.state.keys:
        raise not_shared()
    properties = body.get("properties") or {}
    tabs = []
    for at, sheet in enumerate(body.get("sheets") or []):
        given = sheet.get("properties") or {}
        grid = given.get("gridProperties") or {}
        title, number = given.get("title") or f"Sheet{at + 1}", given.get("sheetId")
        number = at if number is None else int(number)
        tabs.append(Tab.new(number, title, int(grid.get("rowCount") or 1000), int(grid.get("columnCount") or 26)))
    document = asked.state.new_document(properties.get("title") or "Untitled spreadsheet", asked.who, tabs=tabs or None)
    document.time_zone = properties.get("timeZone") or document.time_zone
    document.locale = properties.get("locale") or document.locale
    asked.found = document
    requests = []
    for tab, sheet in zip(document.tabs, body.get("sheets") or [], strict=False):
        for data in sheet.get("data") or []:
            start = {"sheetId": tab.sheet_id, "rowIndex": data.get("startRow", 0), "columnIndex": data.get("startColumn", 0)}
            requests.append({"updateCells": {"start": start, "rows": data.get("rowData") or [], "fields": "*"}})
    if requests:
        apply_all(asked, requests)
    return _resource(asked, None, grid_data=False)


def batch_update(asked: Asked) -> dict[str, Any]:
    """POST v4/spreadsheets/{id}:batchUpdate. `fields` applies to the whole reply (transcript)."""
    body = asked.message(_BATCH)
    replies = apply_all(asked, body.get("requests") or [])
    found: dict[str, Any] = {"spreadsheetId": asked.document.id, "replies": replies}
    if body.get("includeSpreadsheetInResponse"):
        ranges = body.get("responseRanges")
        wanted = [located(asked, text) for text in ranges] if ranges else None
        found["updatedSpreadsheet"] = reading.spreadsheet(
            asked.document,
            asked.state.switches,
            who=asked.who,
            wanted=wanted,
            grid_data=bool(body.get("responseIncludeGridData")),
        )
    return found


def copy_to(asked: Asked) -> dict[str, Any]:
    """POST v4/spreadsheets/{id}/sheets/{sheetId}:copyTo"""
    body = asked.message(frozenset({"destinationSpreadsheetId"}))
    goal = asked.state.opened(body.get("destinationSpreadsheetId") or "", asked.who, role="writer")
    source = asked.document.tab(int(asked.parts["sheet"]))
    copy = copied_tab(asked.document, source, goal, anchors=asked.state.switches.duplicate_copies_anchors)
    copy.title, number = f"Copy of {source.title}", 1
    while goal.titled(copy.title) is not None:
        number += 1
        copy.title = f"Copy of {source.title} {number}"
    goal.tabs.append(copy)
    asked.state.touched(goal)
    return reading.properties_of(goal, copy)


def metadata_get(asked: Asked) -> dict[str, Any]:
    """GET v4/spreadsheets/{id}/developerMetadata/{metadataId}"""
    number = asked.parts["metadata"]
    found = next((one for one in metadata.everything(asked.document) if str(one.anchor.number) == number), None)
    if found is None:
        raise not_found()
    return found.document()


def metadata_search(asked: Asked) -> dict[str, Any]:
    """POST v4/spreadsheets/{id}/developerMetadata:search"""
    body = asked.message(frozenset({"dataFilters"}))
    filters = body.get("dataFilters") or []
    if not filters:
        raise bad("dataFilters must be specified")
    entries = Entries(asked.document)
    matched: dict[int, tuple[Found, list[Any]]] = {}
    for at, one in enumerate(filters):
        for found in metadata.search(entries, one, f"data_filters[{at}]"):
            matched.setdefault(found.anchor.number, (found, []))[1].append(one)
    shown = [{"developerMetadata": found.document(), "dataFilters": by} for found, by in matched.values()]
    return {"matchedDeveloperMetadata": shown} if shown else {}
