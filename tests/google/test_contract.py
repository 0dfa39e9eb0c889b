"""What gspread's suite and the recordings do not see: each contract with the sentence it rests on, and a planted fault it finds.

"Discovery" quotes Google's discovery document of Sheets v4. "Transcript" is a third party's published transcript of the real
service; where that is all there is, Google itself has not been asked by this project.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sheetsync._testing.google import a1, entering, formats, kinds, masks, sheets_api, values
from sheetsync._testing.google import shape as shapes
from sheetsync._testing.google.document import Document
from sheetsync._testing.google.kinds import cells
from sheetsync._testing.google.kinds import ranges as range_kinds
from sheetsync.testing import FakeGoogle
from tests.google.conftest import PLAN
from tests.google.discovery import FOLDER, needs_documents
from tests.google.wire import Wire, block, rows


def raw_is_not_parsed(wire: Wire) -> None:
    """Discovery, valueInputOption RAW: "The values the user has entered will not be parsed and will be stored as-is." """
    given = ["=1+2", "007", "TRUE", "2026-09-05", "'quoted", "50%", "$1"]
    wire.put("Plan!D1:J1", [given])
    assert wire.values("Plan!D1:J1", "FORMULA") == [given]
    found = wire.get("sheets.data.rowData.values.userEnteredValue", "Plan!D1:J1")
    assert found["sheets"][0]["data"][0]["rowData"][0]["values"] == [{"userEnteredValue": {"stringValue": one}} for one in given]


def update_cells_writes_only_what_the_mask_names(wire: Wire) -> None:
    """Discovery, UpdateCellsRequest.fields: "The fields of CellData that should be updated"."""
    wire.put("Plan!D1", [["kept"]])
    cell = {"note": "a note", "userEnteredValue": {"stringValue": "not in the mask"}}
    start = {"sheetId": 0, "rowIndex": 0, "columnIndex": 3}
    wire.batch({"updateCells": {"start": start, "rows": [{"values": [cell]}], "fields": "note"}})
    assert wire.values("Plan!D1") == [["kept"]]
    found = wire.get("sheets.data.rowData.values.note", "Plan!D1")
    assert found["sheets"][0]["data"][0]["rowData"][0]["values"][0]["note"] == "a note"


def repeat_cell_writes_only_what_the_mask_names(wire: Wire) -> None:
    """Discovery, RepeatCellRequest.fields: "The fields that should be updated"."""
    cell = {"userEnteredFormat": {"numberFormat": {"type": "PERCENT", "pattern": "0%"}}, "userEnteredValue": {"numberValue": 1}}
    wire.batch({"repeatCell": {"range": block(1, 4, 1, 2), "cell": cell, "fields": "userEnteredFormat.numberFormat"}})
    assert wire.values("Plan!B2:B4") == [[30], [10], [20]]
    assert wire.values("Plan!B2:B2", "FORMATTED_VALUE") == [["3000%"]]


def a_batch_is_all_or_nothing(wire: Wire) -> None:
    """Discovery, BatchUpdateSpreadsheetRequest.requests: "If any request is not valid, no requests will be applied." """
    good = {"insertDimension": {"range": rows(0, 2)}}
    title = {"updateSpreadsheetProperties": {"properties": {"title": "changed"}, "fields": "title"}}
    wrong = {"deleteSheet": {"sheetId": 4711}}
    error = wire.refused("POST", ":batchUpdate", json={"requests": [good, title, wrong]})
    assert error["message"] == "Invalid requests[2].deleteSheet: No grid with id: 4711"
    assert wire.values("Plan!A1:A2") == [["Key result"], ["Visits"]]
    assert wire.get("properties.title") == {"properties": {"title": "OKR"}}


def a_merge_keeps_the_first_value_alone(wire: Wire) -> None:
    """Discovery, MergeCellsRequest: "Merges all cells in the range." That only the upper left value stays is what the editor
    itself warns of."""
    wire.batch({"mergeCells": {"range": block(1, 3, 0, 2), "mergeType": "MERGE_ALL"}})
    assert wire.values("Plan!A2:B3") == [["Visits"]]
    wire.batch({"unmergeCells": {"range": block(1, 3, 0, 2)}})
    assert wire.values("Plan!A2:B3") == [["Visits"]]


def anchors_follow_a_sort(wire: Wire) -> None:
    """Transcript (row metadata under sortRange, 2026-09-06): the entry moves with its row."""
    numbers = {row: wire.anchor(row) for row in (2, 3, 4)}
    spec = [{"dimensionIndex": 1, "sortOrder": "ASCENDING"}]
    wire.batch({"sortRange": {"range": block(1, 4, 0, 26), "sortSpecs": spec}})
    assert wire.values("Plan!A2:B4") == [["Leads", 10], ["Churn", 20], ["Visits", 30]]
    assert {row: wire.row_of(number) for row, number in numbers.items()} == {2: 4, 3: 2, 4: 3}
    updated = wire.anchored(numbers[2], [[None, 31]])["responses"][0]
    assert (updated["updatedRange"], updated["updatedData"]["values"]) == ("Plan!A4:B4", [["Visits", "31"]])


def anchors_follow_inserted_and_deleted_rows(wire: Wire) -> None:
    """Discovery, DeveloperMetadata: "if developer metadata is associated with row 5 and another row is then subsequently inserted
    above row 5, that original metadata is still associated with the row it was first associated with (what is now row 6). If the
    associated object is deleted then its metadata is deleted too." """
    number = wire.anchor(4)
    wire.batch({"insertDimension": {"range": rows(1, 3)}})
    assert wire.row_of(number) == 6
    wire.batch({"deleteDimension": {"range": rows(0, 1)}})
    assert wire.row_of(number) == 5
    other = wire.anchor(2)
    wire.batch({"deleteDimension": {"range": rows(1, 2)}}, {"insertDimension": {"range": rows(1, 2)}})
    assert (wire.row_of(number), wire.row_of(other)) == (5, 0)
    assert wire.anchored(number, [[None, 21]])["responses"][0]["updatedData"]["values"] == [["Churn", "21"]]


def an_unknown_kind_is_refused(wire: Wire) -> None:
    """Transcript: 'Invalid JSON payload received. Unknown name "x" at 'requests[0]': Cannot find field.'"""
    error = wire.refused("POST", ":batchUpdate", json={"requests": [{"setCell": {"row": 1}}]})
    assert error["message"] == "Invalid JSON payload received. Unknown name \"setCell\" at 'requests[0]': Cannot find field."
    assert error["code"] == 400


def a_range_beyond_the_grid_is_refused(wire: Wire) -> None:
    """Transcript: "Range (Sheet1!A5000:B5001) exceeds grid limits. Max rows: 1000, max columns: 26"."""
    error = wire.refused("GET", "/values/Plan!A5000:B5001")
    assert error["message"] == "Range (Plan!A5000:B5001) exceeds grid limits. Max rows: 1000, max columns: 26"
    params = {"valueInputOption": "RAW"}
    assert "exceeds grid limits" in wire.refused("PUT", "/values/Plan!A1001", params=params, json={"values": [[1]]})["message"]


def a_sort_can_go_down(wire: Wire) -> None:
    """Discovery, SortSpec.sortOrder: "The order data should be sorted." """
    spec = [{"dimensionIndex": 1, "sortOrder": "DESCENDING"}]
    wire.batch({"sortRange": {"range": block(1, 4, 0, 2), "sortSpecs": spec}})
    assert wire.values("Plan!B2:B4") == [[30], [20], [10]]


def an_insert_pushes_down(wire: Wire) -> None:
    """Discovery, InsertDimensionRequest: "Inserts rows or columns in a sheet at a particular index." """
    wire.batch({"insertDimension": {"range": rows(1, 2)}})
    assert wire.values("Plan!A1:A3") == [["Key result"], [], ["Visits"]]


def null_leaves_a_cell_alone(wire: Wire) -> None:
    """Discovery, ValueRange.values: "Null values will be skipped. To set a cell to an empty value, set the string value to an
    empty string." """
    found = wire.put("Plan!A2:B3", [[None, 31], ["", None]])
    assert found["updatedCells"] == 2
    assert wire.values("Plan!A2:B3") == [["Visits", 31], ["", 10]]


def a_reading_mask_is_heeded(wire: Wire) -> None:
    """Discovery, parameter fields: "Selector specifying which fields to include in a partial response." """
    assert wire.get("sheets.properties.title") == {"sheets": [{"properties": {"title": "Plan"}}]}


def cells_are_counted(wire: Wire) -> None:
    """Discovery, UpdateValuesResponse.updatedCells: "The number of cells updated." """
    found = wire.put("Plan!D1:E2", [[1, None], [2, 3]])
    assert (found["updatedCells"], found["updatedRows"], found["updatedColumns"]) == (3, 2, 2)


CONTRACTS = [
    raw_is_not_parsed,
    update_cells_writes_only_what_the_mask_names,
    repeat_cell_writes_only_what_the_mask_names,
    a_batch_is_all_or_nothing,
    a_merge_keeps_the_first_value_alone,
    anchors_follow_a_sort,
    anchors_follow_inserted_and_deleted_rows,
    an_unknown_kind_is_refused,
    a_range_beyond_the_grid_is_refused,
    a_sort_can_go_down,
    an_insert_pushes_down,
    null_leaves_a_cell_alone,
    a_reading_mask_is_heeded,
    cells_are_counted,
]


@pytest.mark.parametrize("contract", CONTRACTS)
def test_contract(wire: Wire, contract: Callable[[Wire], None]) -> None:
    contract(wire)


def _raw_parses(patch: pytest.MonkeyPatch) -> None:
    stored = entering.raw
    patch.setattr(entering, "raw", lambda value: entering.typed(value, 2026).value if isinstance(value, str) else stored(value))


def _mask_ignored(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(cells, "written", lambda cell, source, _tree: formats.written(cell, source, {}))


def _not_atomic(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Document, "restore", lambda *_: None)


def _merge_keeps_all(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(cells, "_keep_first", lambda *_: None)


def _sort_leaves_anchors(patch: pytest.MonkeyPatch) -> None:
    sort = shapes.sort
    patch.setattr(shapes, "sort", lambda *given, **_: sort(*given, anchors=False))


def _anchors_stay(patch: pytest.MonkeyPatch) -> None:
    def staying(edit: Callable[..., None]) -> Callable[..., None]:
        def run(document: Document, tab: Any, *rest: Any, **named: Any) -> None:
            before = [line.anchors for line in tab.rows]
            edit(document, tab, *rest, **named)
            for line, anchors in zip(tab.rows, before, strict=False):
                line.anchors = anchors
            for line in tab.rows[len(before) :]:
                line.anchors = ()

        return run

    patch.setattr(shapes, "insert", staying(shapes.insert))
    patch.setattr(shapes, "delete", staying(shapes.delete))


def _unknown_kind_taken(patch: pytest.MonkeyPatch) -> None:
    known = kinds.apply_all
    nothing = {"updateSpreadsheetProperties": {"properties": {"title": "OKR"}, "fields": "title"}}

    def taking(asked: Any, requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return known(asked, [one if set(one) <= set(kinds.KINDS) else nothing for one in requests])

    patch.setattr(sheets_api, "apply_all", taking)


def _grid_without_end(patch: pytest.MonkeyPatch) -> None:
    def inside(tab: Any, area: a1.Area) -> a1.Block:
        block = area.within(10**6, 10**4)
        tab.grow(block.bottom, block.right)
        return block

    patch.setattr(values, "inside", inside)


def _never_down(patch: pytest.MonkeyPatch) -> None:
    keys = range_kinds.sort_keys
    patch.setattr(
        range_kinds, "sort_keys", lambda document, tab, columns: keys(document, tab, [(column, False) for column, _ in columns])
    )


def _insert_overwrites(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(shapes, "insert", lambda *_, **__: None)


def _null_clears(patch: pytest.MonkeyPatch) -> None:
    rows_of = values.rows_of
    patch.setattr(values, "rows_of", lambda *given: [["" if one is None else one for one in row] for row in rows_of(*given)])


def _reading_mask_ignored(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(masks, "cut", lambda document, _tree: document)


def _counts_one_more(patch: pytest.MonkeyPatch) -> None:
    written = values.written

    def counting(*given: Any, **named: Any) -> dict[str, Any]:
        found = written(*given, **named)
        return {**found, "updatedCells": found.get("updatedCells", 0) + 1}

    patch.setattr(values, "written", counting)


MUTANTS = [
    (_raw_parses, raw_is_not_parsed),
    (_mask_ignored, update_cells_writes_only_what_the_mask_names),
    (_mask_ignored, repeat_cell_writes_only_what_the_mask_names),
    (_not_atomic, a_batch_is_all_or_nothing),
    (_merge_keeps_all, a_merge_keeps_the_first_value_alone),
    (_sort_leaves_anchors, anchors_follow_a_sort),
    (_anchors_stay, anchors_follow_inserted_and_deleted_rows),
    (_unknown_kind_taken, an_unknown_kind_is_refused),
    (_grid_without_end, a_range_beyond_the_grid_is_refused),
    (_never_down, a_sort_can_go_down),
    (_insert_overwrites, an_insert_pushes_down),
    (_null_clears, null_leaves_a_cell_alone),
    (_reading_mask_ignored, a_reading_mask_is_heeded),
    (_counts_one_more, cells_are_counted),
]


@pytest.fixture
def planted() -> Iterator[Wire]:
    """A client of a stand-in that shall be wrong."""
    with FakeGoogle() as google:
        yield Wire(google, google.seed("OKR", PLAN))


@pytest.mark.parametrize(("plant", "contract"), MUTANTS)
def test_a_planted_fault_is_found(
    planted: Wire, monkeypatch: pytest.MonkeyPatch, plant: Callable[[pytest.MonkeyPatch], None], contract: Callable[[Wire], None]
) -> None:
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        contract(planted)


@needs_documents
def test_what_is_quoted_stands_in_the_discovery_document() -> None:
    document = " ".join(str(one) for one in _descriptions(json.loads((FOLDER / "sheets.v4.json").read_text("utf-8"))))
    for contract in CONTRACTS:
        text = " ".join((contract.__doc__ or "").split())
        for quote in re.findall('"([^"]{20,})"', text) if text.startswith("Discovery") else []:
            assert quote in document, contract.__name__


def _descriptions(document: Any) -> Iterator[str]:
    if isinstance(document, dict):
        for name, value in document.items():
            yield from [value] if name in {"description", "enumDescriptions"} and isinstance(value, str) else _descriptions(value)
    elif isinstance(document, list):
        for value in document:
            yield from [value] if isinstance(value, str) else _descriptions(value)


def test_every_contract_has_its_planted_fault() -> None:
    assert {contract for _, contract in MUTANTS} == set(CONTRACTS)
