"""Developer metadata and data filters: what they select, what they write, and every setting of what nobody has confirmed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sheetsync.testing import FakeGoogle, Switches
from tests.google.conftest import PLAN
from tests.google.wire import Wire, block, rows

SORTED = {"sortRange": {"range": block(1, 4, 0, 26), "sortSpecs": [{"dimensionIndex": 1, "sortOrder": "ASCENDING"}]}}
PARTIAL = {"sortRange": {"range": block(1, 4, 1, 2), "sortSpecs": [{"dimensionIndex": 1, "sortOrder": "ASCENDING"}]}}


def lookup(**given: Any) -> dict[str, Any]:
    return {"developerMetadataLookup": given}


def found(wire: Wire, *filters: dict[str, Any]) -> list[int]:
    reply = wire.call("POST", "/developerMetadata:search", json={"dataFilters": list(filters)})
    return [one["developerMetadata"]["metadataId"] for one in reply.get("matchedDeveloperMetadata", [])]


def create(wire: Wire, location: dict[str, Any], key: str = "k", **more: Any) -> int:
    entry = {"metadataKey": key, "visibility": "DOCUMENT", "location": location, **more}
    (reply,) = wire.batch({"createDeveloperMetadata": {"developerMetadata": entry}})
    return int(reply["createDeveloperMetadata"]["developerMetadata"]["metadataId"])


def test_lookups_select_by_what_they_name(wire: Wire) -> None:
    """Transcript: keys are not unique, an empty lookup matches all."""
    one, two = wire.anchor(2, "kr", "a"), wire.anchor(3, "kr", "b")
    other = wire.anchor(4, "tag", "a")
    sheet, whole = create(wire, {"sheetId": 0}), create(wire, {"spreadsheet": True})
    column = create(wire, {"dimensionRange": rows(1, 2, "COLUMNS")})
    assert found(wire, lookup(metadataKey="kr")) == [one, two]
    assert found(wire, lookup(metadataKey="kr", metadataValue="b")) == [two]
    assert found(wire, lookup(metadataId=other)) == [other]
    assert set(found(wire, lookup())) == {one, two, other, sheet, whole, column}
    assert found(wire, lookup(locationType="COLUMN")) == [column]
    assert found(wire, lookup(visibility="PROJECT")) == []
    assert found(wire, {"a1Range": "Plan!A3:B4"}) == [sheet, two, other, column]
    assert found(wire, {"gridRange": block(1, 2, 0, 1)}) == [sheet, one]
    assert wire.call("GET", f"/developerMetadata/{two}")["metadataValue"] == "b"
    assert wire.refused("GET", "/developerMetadata/4711")["status"] == "NOT_FOUND"


def test_a_place_matches_exactly_or_by_what_it_touches(wire: Wire) -> None:
    """Transcript: SHEET and INTERSECTING gives the rows on it; SPREADSHEET and INTERSECTING is a 400."""
    row, sheet = wire.anchor(2), create(wire, {"sheetId": 0})
    place: dict[str, Any] = {"metadataLocation": {"sheetId": 0}}
    assert found(wire, lookup(**place)) == [sheet, row]
    assert found(wire, lookup(**place, locationMatchingStrategy="INTERSECTING_LOCATION")) == [sheet, row]
    assert found(wire, lookup(**place, locationMatchingStrategy="EXACT_LOCATION")) == [sheet]
    wrong = {"dataFilters": [lookup(**place, locationType="SPREADSHEET", locationMatchingStrategy="INTERSECTING_LOCATION")]}
    assert wire.refused("POST", "/developerMetadata:search", json=wrong)["code"] == 400


@pytest.mark.parametrize(
    "entry",
    [
        {"visibility": "DOCUMENT", "location": {"sheetId": 0}},
        {"metadataKey": "k", "location": {"sheetId": 0}},
        {"metadataKey": "k", "visibility": "DOCUMENT"},
        {"metadataKey": "k", "visibility": "DOCUMENT", "location": {"dimensionRange": rows(1, 3)}},
        {"metadataKey": "k", "visibility": "DOCUMENT", "location": {"dimensionRange": rows(5000, 5001)}},
        {"metadataKey": "k", "visibility": "DOCUMENT", "location": {"sheetId": 0}, "metadataId": -1},
        {"metadataKey": "k" * 30_001, "visibility": "DOCUMENT", "location": {"sheetId": 0}},
    ],
)
def test_an_entry_needs_key_visibility_and_one_place(wire: Wire, entry: dict[str, Any]) -> None:
    """Discovery: "Developer metadata must always have a key specified." "… visibility specified." "a single row or column"; and
    the guide's 30,000 characters."""
    body = {"requests": [{"createDeveloperMetadata": {"developerMetadata": entry}}]}
    error = wire.refused("POST", ":batchUpdate", json=body)
    assert error["message"].startswith("Invalid requests[0].createDeveloperMetadata: ")
    assert wire.google.document(wire.id).anchors() == []


def test_entries_are_changed_moved_and_taken_away(wire: Wire) -> None:
    one = wire.anchor(2, "kr", "a")
    by_id = [lookup(metadataId=one)]
    new = {"metadataValue": "b", "location": {"dimensionRange": rows(3, 4)}, "metadataKey": "not in the mask"}
    (reply,) = wire.batch(
        {"updateDeveloperMetadata": {"dataFilters": by_id, "developerMetadata": new, "fields": "metadataValue,location"}}
    )
    (changed,) = reply["updateDeveloperMetadata"]["developerMetadata"]
    assert (changed["metadataKey"], changed["metadataValue"], wire.row_of(one)) == ("kr", "b", 4)
    (reply,) = wire.batch({"deleteDeveloperMetadata": {"dataFilter": lookup(metadataKey="kr")}})
    assert [entry["metadataId"] for entry in reply["deleteDeveloperMetadata"]["deletedDeveloperMetadata"]] == [one]
    assert wire.batch({"deleteDeveloperMetadata": {"dataFilter": lookup(metadataKey="kr")}}) == [{"deleteDeveloperMetadata": {}}]


def test_rows_come_with_their_metadata_in_the_one_read(wire: Wire) -> None:
    number = wire.anchor(3, "kr", "x")
    fields = "sheets.data(rowMetadata.developerMetadata(metadataId,metadataValue),rowData.values(formattedValue,hyperlink))"
    data = wire.get(fields, "Plan!A2:B4")["sheets"][0]["data"][0]
    assert data["rowMetadata"] == [{}, {"developerMetadata": [{"metadataId": number, "metadataValue": "x"}]}, {}]
    assert data["rowData"][1]["values"] == [{"formattedValue": "Leads"}, {"formattedValue": "10"}]


def test_reading_by_filters(wire: Wire) -> None:
    one = wire.anchor(3)
    body = {"dataFilters": [lookup(metadataId=one), {"a1Range": "Plan!A1"}], "valueRenderOption": "UNFORMATTED_VALUE"}
    reply = wire.call("POST", "/values:batchGetByDataFilter", json=body)
    assert [one["valueRange"]["values"] for one in reply["valueRanges"]] == [[["Leads", 10]], [["Key result"]]]
    assert reply["valueRanges"][0]["dataFilters"] == [lookup(metadataId=one)]
    fields, filters = {"fields": "sheets.data(startRow,rowData.values.formattedValue)"}, {"dataFilters": [lookup(metadataId=one)]}
    sheets = wire.call("POST", ":getByDataFilter", params=fields, json=filters)["sheets"]
    assert sheets == [
        {"data": [{"startRow": 2, "rowData": [{"values": [{"formattedValue": "Leads"}, {"formattedValue": "10"}]}]}]}
    ]
    assert "data" not in wire.call("POST", ":getByDataFilter", json={"dataFilters": [{"a1Range": "Plan!A1"}]})["sheets"][0]
    wire.call("POST", "/values:batchClearByDataFilter", json={"dataFilters": [lookup(metadataId=one)]})
    assert wire.values("Plan!A3:B3") == []


def test_a_bad_range_fails_the_whole_request(wire: Wire) -> None:
    """Transcript."""
    data = [{"dataFilter": {"a1Range": area}, "values": [[1]]} for area in ("Plan!D1", "Nope!A1")]
    body = {"valueInputOption": "RAW", "data": data}
    assert wire.refused("POST", "/values:batchUpdateByDataFilter", json=body)["message"] == "Unable to parse range: Nope!A1"
    assert wire.values("Plan!D1") == []


def test_a_value_goes_to_every_match_of_a_filter(wire: Wire) -> None:
    """Discovery: "If more than one range is matched by the specified DataFilter the specified values are applied to all of
    those ranges." """
    wire.anchor(2, "kr"), wire.anchor(4, "kr")
    data = [{"dataFilter": lookup(metadataKey="kr"), "values": [[None, None, "x"]]}]
    reply = wire.call("POST", "/values:batchUpdateByDataFilter", json={"valueInputOption": "RAW", "data": data})
    assert [one["updatedRange"] for one in reply["responses"]] == ["Plan!A2:C2", "Plan!A4:C4"]
    assert wire.values("Plan!C1:C4") == [[], ["x"], [], ["x"]]
    assert (reply["totalUpdatedCells"], reply["totalUpdatedRows"]) == (2, 2)


def test_the_row_is_the_one_it_is_when_the_write_applies(wire: Wire) -> None:
    number = wire.anchor(4)
    wire.google.before_write(1, lambda book: book.tab("Plan").move_rows(4, 1, 2))
    reply = wire.anchored(number, [[None, 21]], responseValueRenderOption="FORMULA")
    assert reply["responses"][0]["updatedData"] == {"range": "Plan!A2:Z2", "majorDimension": "ROWS", "values": [["Churn", 21]]}


@pytest.mark.parametrize(("follows", "row"), [(True, 4), (False, 2)])
def test_a_partial_sort_is_a_switch(make: Callable[..., FakeGoogle], follows: bool, row: int) -> None:
    google = make(switches=Switches(partial_sort_moves_anchors=follows))
    wire = Wire(google, google.seed("OKR", PLAN))
    number = wire.anchor(2)
    wire.batch(PARTIAL)
    assert wire.values("Plan!A2:B2") == [["Visits", 10]]
    assert wire.row_of(number) == row


@pytest.mark.parametrize(("follows", "row"), [(True, 4), (False, 2)])
def test_a_sort_by_hand_is_a_switch(make: Callable[..., FakeGoogle], follows: bool, row: int) -> None:
    google = make(switches=Switches(ui_sort_moves_anchors=follows))
    wire = Wire(google, google.seed("OKR", PLAN))
    number = wire.anchor(2)
    google.document(wire.id).tab("Plan").sort(2)
    assert wire.values("Plan!A2:B4") == [["Leads", 10], ["Churn", 20], ["Visits", 30]]
    assert wire.row_of(number) == row


@pytest.mark.parametrize(("copies", "count"), [(True, 2), (False, 1)])
def test_a_duplicated_tab_is_a_switch(make: Callable[..., FakeGoogle], copies: bool, count: int) -> None:
    google = make(switches=Switches(duplicate_copies_anchors=copies))
    wire = Wire(google, google.seed("OKR", PLAN))
    number = wire.anchor(2, "kr")
    google.document(wire.id).tab("Plan").duplicate("Copy")
    numbers = found(wire, lookup(metadataKey="kr"))
    assert (len(numbers), number in numbers, len(set(numbers))) == (count, True, count)


@pytest.mark.parametrize(
    ("unmatched", "responses"), [("omitted", None), ("empty", [{"dataFilter": lookup(metadataId=4711)}]), ("error", 400)]
)
def test_a_filter_that_matches_nothing_is_a_switch(make: Callable[..., FakeGoogle], unmatched: Any, responses: Any) -> None:
    google = make(switches=Switches(unmatched_filter=unmatched))
    wire = Wire(google, google.seed("OKR", PLAN))
    data = [{"dataFilter": lookup(metadataId=4711), "values": [[1]]}]
    body = {"valueInputOption": "RAW", "data": data}
    if responses == 400:
        assert wire.refused("POST", "/values:batchUpdateByDataFilter", json=body)["code"] == 400
    else:
        assert wire.call("POST", "/values:batchUpdateByDataFilter", json=body).get("responses") == responses


@pytest.mark.parametrize(("atomic", "left"), [(True, []), (False, [["written"]])])
def test_whether_a_batch_of_values_is_atomic_is_a_switch(
    make: Callable[..., FakeGoogle], atomic: bool, left: list[list[str]]
) -> None:
    google = make(switches=Switches(values_batch_atomic=atomic))
    wire = Wire(google, google.seed("OKR", PLAN))
    data = [{"range": "Plan!D1", "values": [["written"]]}, {"range": "Plan!D2:D2", "values": [[1, 2]]}]
    wire.refused("POST", "/values:batchUpdate", json={"valueInputOption": "RAW", "data": data})
    assert wire.values("Plan!D1") == left


def test_cut_and_paste_leaves_the_metadata_behind(wire: Wire) -> None:
    """Transcript (2026-10-08)."""
    number = wire.anchor(2)
    wire.batch({"cutPaste": {"source": block(1, 2, 0, 2), "destination": {"rowIndex": 7}, "pasteType": "PASTE_NORMAL"}})
    assert wire.values("Plan!A8:B8") == [["Visits", 30]]
    assert wire.row_of(number) == 2


def test_a_row_is_moved_to_before_where_another_was(wire: Wire) -> None:
    """Discovery, MoveDimensionRequest.destinationIndex: "based on the coordinates *before* the source data is removed"."""
    numbers = [wire.anchor(row) for row in (2, 3, 4)]
    wire.batch({"moveDimension": {"source": rows(1, 2), "destinationIndex": 4}})
    assert wire.values("Plan!A2:A4") == [["Leads"], ["Churn"], ["Visits"]]
    assert [wire.row_of(number) for number in numbers] == [4, 2, 3]
