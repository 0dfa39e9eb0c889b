"""A client of the stand-in that is no library: a session and a document's id, and what comes back."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from sheetsync.testing import FakeGoogle

API = "https://sheets.googleapis.com/v4/spreadsheets"
DRIVE = "https://www.googleapis.com/drive/v3/files"


class Wire:
    """Calls on one spreadsheet. What is not 2xx raises `AssertionError` unless it is asked for with `refused`."""

    def __init__(self, google: FakeGoogle, number: str, who: str = "me@example.com") -> None:
        self.google, self.id = google, number
        self.session = google.session(who)

    def call(self, method: str, tail: str = "", **rest: Any) -> Any:
        reply = self.session.request(method, f"{API}/{self.id}{tail}", timeout=10, **rest)
        assert reply.ok, f"{reply.status_code}: {reply.text}"
        return reply.json()

    def refused(self, method: str, tail: str = "", **rest: Any) -> dict[str, Any]:
        """The `error` of a call that must be refused."""
        reply = self.session.request(method, f"{API}/{self.id}{tail}", timeout=10, **rest)
        assert not reply.ok, f"it was done: {reply.text[:200]}"
        return dict(reply.json()["error"])

    def get(self, fields: str, *ranges: str) -> Any:
        return self.call("GET", params={"fields": fields, **({"ranges": list(ranges)} if ranges else {})})

    def values(self, area: str, render: str = "UNFORMATTED_VALUE", **params: str) -> list[list[Any]]:
        found = self.call("GET", f"/values/{quote(area, safe='')}", params={"valueRenderOption": render, **params})
        return list(found.get("values", []))

    def put(self, area: str, values: list[list[Any]], option: str = "RAW", **params: str) -> Any:
        params = {"valueInputOption": option, **params}
        return self.call("PUT", f"/values/{quote(area, safe='')}", params=params, json={"values": values})

    def batch(self, *requests: dict[str, Any]) -> list[dict[str, Any]]:
        return list(self.call("POST", ":batchUpdate", json={"requests": list(requests)})["replies"])

    def anchor(self, row: int, key: str = "kr", value: str = "", *, sheet: int = 0) -> int:
        """Row metadata on a row, counted from 1; gives its id."""
        location = {"dimensionRange": {"sheetId": sheet, "dimension": "ROWS", "startIndex": row - 1, "endIndex": row}}
        entry = {"metadataKey": key, "metadataValue": value, "visibility": "DOCUMENT", "location": location}
        (reply,) = self.batch({"createDeveloperMetadata": {"developerMetadata": entry}})
        return int(reply["createDeveloperMetadata"]["developerMetadata"]["metadataId"])

    def anchored(self, number: int, values: list[list[Any]], **rest: Any) -> Any:
        """An anchored write of one row, with the row as it is afterwards."""
        one = {"dataFilter": {"developerMetadataLookup": {"metadataId": number}}, "majorDimension": "ROWS", "values": values}
        body = {"valueInputOption": "RAW", "includeValuesInResponse": True, "data": [one], **rest}
        return self.call("POST", "/values:batchUpdateByDataFilter", json=body)

    def row_of(self, number: int) -> int:
        """The row that an entry hangs on, counted from 1; 0 where it is gone."""
        lookup = {"dataFilters": [{"developerMetadataLookup": {"metadataId": number}}]}
        found = self.call("POST", "/developerMetadata:search", json=lookup).get("matchedDeveloperMetadata", [])
        return int(found[0]["developerMetadata"]["location"]["dimensionRange"]["startIndex"]) + 1 if found else 0


def rows(start: int, end: int, dimension: str = "ROWS", sheet: int = 0) -> dict[str, Any]:
    """A DimensionRange; `start` from 0, `end` exclusive."""
    return {"sheetId": sheet, "dimension": dimension, "startIndex": start, "endIndex": end}


def block(top: int, bottom: int, left: int, right: int, sheet: int = 0) -> dict[str, Any]:
    """A GridRange."""
    return {
        "sheetId": sheet,
        "startRowIndex": top,
        "endRowIndex": bottom,
        "startColumnIndex": left,
        "endColumnIndex": right,
    }
