"""The kinds of batchUpdate requests that no other test here needs, and what a batch says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sheetsync._testing.google import a1, masks, shape
from sheetsync._testing.google.document import Document, Tab
from sheetsync._testing.google.errors import Refusal
from sheetsync._testing.google.kinds.base import KINDS
from tests.google.discovery import FOLDER, Discovery, needs_documents
from tests.google.wire import Wire, block, rows

WITHOUT_A_TYPE = {"userEnteredFormat": {"numberFormat": {"pattern": "0"}}}
RED = {"backgroundColorStyle": {"rgbColor": {"red": 1}}}


def rule(formula: str = "=$B2>20", *, columns: tuple[int, int] = (1, 2)) -> dict[str, Any]:
    condition = {"type": "CUSTOM_FORMULA", "values": [{"userEnteredValue": formula}]}
    return {"ranges": [block(1, 4, *columns)], "booleanRule": {"condition": condition, "format": RED}}


def test_conditional_formats_are_kept_in_order_and_follow_their_rows(wire: Wire) -> None:
    add = [{"addConditionalFormatRule": {"rule": rule(f"={one}"), "index": 0}} for one in (1, 2)]
    wire.batch(*add)
    wire.batch({"insertDimension": {"range": rows(0, 1)}})
    shown = wire.get("sheets.conditionalFormats")["sheets"][0]["conditionalFormats"]
    assert [one["booleanRule"]["condition"]["values"][0]["userEnteredValue"] for one in shown] == ["=2", "=1"]
    assert shown[0]["ranges"] == [{"startRowIndex": 2, "endRowIndex": 5, "startColumnIndex": 1, "endColumnIndex": 2}]
    assert shown[0]["booleanRule"]["format"] == {"backgroundColor": {"red": 1}, **RED}
    (moved,) = wire.batch({"updateConditionalFormatRule": {"sheetId": 0, "index": 0, "newIndex": 1}})
    assert moved["updateConditionalFormatRule"]["oldIndex"] == 0
    (changed,) = wire.batch({"updateConditionalFormatRule": {"index": 0, "rule": rule("=3")}})
    assert changed["updateConditionalFormatRule"]["oldRule"] != changed["updateConditionalFormatRule"]["newRule"]
    (gone,) = wire.batch({"deleteConditionalFormatRule": {"sheetId": 0, "index": 1}})
    assert gone["deleteConditionalFormatRule"]["rule"]["booleanRule"]["condition"]["values"][0]["userEnteredValue"] == "=2"
    body = {"requests": [{"deleteConditionalFormatRule": {"sheetId": 0, "index": 1}}]}
    assert "No conditional format on sheet: 0 at index: 1" in wire.refused("POST", ":batchUpdate", json=body)["message"]


def test_a_table_takes_the_rules_over_it_along(wire: Wire) -> None:
    """Transcript: deleteTable silently deletes the conditional rules over it."""
    (made,) = wire.batch({"addTable": {"table": {"name": "Goals", "range": block(0, 4, 0, 2)}}})
    number = made["addTable"]["table"]["tableId"]
    wire.batch({"addConditionalFormatRule": {"rule": rule(), "index": 0}})
    wire.batch({"addConditionalFormatRule": {"rule": rule(columns=(5, 6)), "index": 1}})
    wire.batch({"updateTable": {"table": {"tableId": number, "name": "Renamed"}, "fields": "name"}})
    assert wire.get("sheets.tables(name)") == {"sheets": [{"tables": [{"name": "Renamed"}]}]}
    assert wire.refused("GET", "/values/Renamed")["message"] == "Unable to parse range: Renamed"
    wire.batch({"deleteTable": {"tableId": number}})
    left = wire.get("sheets.conditionalFormats.ranges")["sheets"][0]["conditionalFormats"]
    assert [one["ranges"][0]["startColumnIndex"] for one in left] == [5]


def test_sheets_come_go_and_move(wire: Wire) -> None:
    (made,) = wire.batch({"addSheet": {"properties": {"title": "Two", "hidden": True}}})
    two = made["addSheet"]["properties"]["sheetId"]
    body = {"requests": [{"updateSheetProperties": {"properties": {"sheetId": 0, "hidden": True}, "fields": "hidden"}}]}
    message = wire.refused("POST", ":batchUpdate", json=body)["message"]
    assert message == "Invalid requests[0].updateSheetProperties: You can't hide all the sheets in a document."
    (copy,) = wire.batch({"duplicateSheet": {"sourceSheetId": 0, "insertSheetIndex": 1, "newSheetName": "Three"}})
    assert copy["duplicateSheet"]["properties"]["index"] == 1
    wire.batch({"updateSheetProperties": {"properties": {"sheetId": 0, "index": 3}, "fields": "index"}})
    assert wire.google.document(wire.id).titles == ["Three", "Two", "Plan"]
    assert wire.values("Three!A2:B2") == [["Visits", 30]]
    wire.batch({"deleteSheet": {"sheetId": two}})
    for request in ({"addSheet": {"properties": {"title": "plan"}}}, {"deleteSheet": {"sheetId": two}}):
        assert wire.refused("POST", ":batchUpdate", json={"requests": [request]})["code"] == 400
    wire.google.document(wire.id).tab("Three").rename("Drei")
    other = wire.google.seed("Other")
    arrived = wire.call("POST", "/sheets/0:copyTo", json={"destinationSpreadsheetId": other})
    assert (arrived["title"], wire.google.document(other).titles) == ("Copy of Plan", ["Sheet1", "Copy of Plan"])


def test_cells_are_pushed_copied_and_replaced(wire: Wire) -> None:
    wire.put("Plan!C2", [["=B2+1"]], "USER_ENTERED")
    wire.batch({"copyPaste": {"source": block(1, 2, 2, 3), "destination": block(2, 4, 2, 3), "pasteType": "PASTE_NORMAL"}})
    assert wire.values("Plan!C2:C4") == [[31], [11], [21]]
    wire.batch({"copyPaste": {"source": block(1, 4, 2, 3), "destination": block(1, 2, 3, 4), "pasteType": "PASTE_VALUES"}})
    assert wire.values("Plan!D2:D4", "FORMULA") == [[31], [11], [21]]
    transposed = {"source": block(1, 4, 3, 4), "destination": block(9, 10, 0, 3), "pasteOrientation": "TRANSPOSE"}
    wire.batch({"copyPaste": transposed})
    assert wire.values("Plan!A10:C10") == [[31, 11, 21]]
    wire.batch({"insertRange": {"range": block(1, 2, 3, 4), "shiftDimension": "ROWS"}})
    assert wire.values("Plan!D2:D5") == [[], [31], [11], [21]]
    wire.batch({"deleteRange": {"range": block(1, 3, 3, 4), "shiftDimension": "ROWS"}})
    assert wire.values("Plan!D2:D5") == [[11], [21]]
    (found,) = wire.batch({"findReplace": {"find": "visits", "replacement": "Views", "sheetId": 0}})
    assert found["findReplace"] == {"valuesChanged": 1, "occurrencesChanged": 1, "rowsChanged": 1, "sheetsChanged": 1}
    (none,) = wire.batch({"findReplace": {"find": "views", "replacement": "x", "allSheets": True, "matchCase": True}})
    assert none == {"findReplace": {}}
    wire.batch(
        {"appendCells": {"rows": [{"values": [{"userEnteredValue": {"stringValue": "end"}}]}], "fields": "userEnteredValue"}}
    )
    assert wire.values("Plan!A11") == [["end"]]


def test_a_format_comes_back_as_google_keeps_it(wire: Wire) -> None:
    """Recorded: colours in 8 bits, in both spellings, without their zero channels."""
    colour = {"red": 0.5, "green": 0, "blue": 1}
    cell = {"userEnteredFormat": {"backgroundColor": colour, "numberFormat": {"type": "PERCENT", "pattern": "0%"}}}
    request = {"range": block(1, 2, 1, 2), "cell": cell, "fields": "userEnteredFormat(backgroundColor,numberFormat)"}
    wire.batch({"repeatCell": request})
    fields = "sheets.data.rowData.values(userEnteredFormat,formattedValue)"

    def shown() -> Any:
        return wire.get(fields, "Plan!B2")["sheets"][0]["data"][0]["rowData"][0]["values"][0]

    kept = {"red": 0.49803922, "blue": 1}
    assert shown()["userEnteredFormat"]["backgroundColor"] == kept
    assert shown()["userEnteredFormat"]["backgroundColorStyle"] == {"rgbColor": kept}
    assert shown()["formattedValue"] == "3000%"
    reset = {"range": block(1, 2, 1, 2), "cell": {}, "fields": "userEnteredFormat.backgroundColorStyle"}
    wire.batch({"repeatCell": reset})
    assert set(shown()["userEnteredFormat"]) == {"numberFormat"}


def test_a_batch_can_answer_with_the_spreadsheet(wire: Wire) -> None:
    """Transcript: `fields` applies to `updatedSpreadsheet(…)`."""
    title = {"updateSpreadsheetProperties": {"properties": {"title": "new"}, "fields": "title"}}
    body = {"requests": [title], "includeSpreadsheetInResponse": True}
    mask = {"fields": "replies,updatedSpreadsheet(properties.title)"}
    reply = wire.call("POST", ":batchUpdate", json=body, params=mask)
    assert reply == {"replies": [{}], "updatedSpreadsheet": {"properties": {"title": "new"}}}


@pytest.mark.parametrize(
    "request_",
    [
        {"insertDimension": {"range": rows(0, 1), "inheritFromBefore": True}},
        {"deleteDimension": {"range": rows(0, 1000)}},
        {"deleteDimension": {"range": rows(5, 5)}},
        {"moveDimension": {"source": rows(998, 1002), "destinationIndex": 0}},
        {"updateCells": {"rows": [], "fields": "*"}},
        {"updateCells": {"start": {"rowIndex": 0}, "rows": [{"values": [{"note": "n"}]}]}},
        {"updateCells": {"start": {"rowIndex": 1000}, "rows": [{"values": [{"note": "n"}]}], "fields": "note"}},
        {"repeatCell": {"range": block(0, 1, 0, 1), "cell": {}, "fields": "nonsense"}},
        {"repeatCell": {"range": block(0, 1, 0, 1), "cell": WITHOUT_A_TYPE, "fields": "*"}},
        {"addNamedRange": {"namedRange": {"name": "A1", "range": block(0, 1, 0, 1)}}},
        {"appendDimension": {"sheetId": 0, "dimension": "COLUMNS", "length": 18_253}},
        {"appendDimension": {"sheetId": 0, "dimension": "ROWS", "length": 10_000_000}},
        {"sortRange": {"range": block(0, 1, 0, 2), "sortSpecs": [{"dimensionIndex": 4}]}},
        {"sortRange": {"range": block(0, 1, 0, 2), "specs": []}},
        {"deleteDimensionGroup": {"range": rows(0, 2)}},
        {"addConditionalFormatRule": {"rule": {"ranges": []}, "index": 0}},
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_and_says_where(wire: Wire, request_: dict[str, Any]) -> None:
    error = wire.refused("POST", ":batchUpdate", json={"requests": [request_]})
    assert (error["code"], "requests[0]" in error["message"]) == (400, True)


def test_an_empty_batch_is_refused(wire: Wire) -> None:
    assert wire.refused("POST", ":batchUpdate", json={"requests": []})["message"] == "Must specify at least one request."
    assert wire.refused("POST", ":batchUpdate", json={"request": []})["message"].startswith("Invalid JSON payload received.")


@needs_documents
def test_every_kind_knows_the_fields_of_its_message() -> None:
    """The stand-in refuses what Google does not know, and takes what it does."""
    import json

    schemas = json.loads((FOLDER / "sheets.v4.json").read_text("utf-8"))["schemas"]
    for name, kind in KINDS.items():
        message = schemas["Request"]["properties"][name]["$ref"]
        assert kind.fields == set(schemas[message]["properties"]), name


@needs_documents
@pytest.mark.parametrize(
    ("call", "finding"),
    [
        ({"reply": {"spreadsheetId": "x", "colour": 1}}, "unknown field colour"),
        ({"reply": {"spreadsheetId": 7}}, "no text: 7"),
        ({"reply": {"sheets": [{"properties": {"sheetType": "PAPER"}}]}}, "not one of its words: PAPER"),
        ({"reply": {"sheets": {}}}, "no list"),
        ({"query": {"fields": ["sheets.data.rowdata"]}}, "no field sheets.data.rowdata in Spreadsheet"),
        ({"query": {"includeGrid": ["true"]}}, "unknown parameter includeGrid"),
        ({"body": {"a": 1}}, "a body where none belongs"),
        ({"path": "/v4/sheets/x"}, "no such method"),
    ],
)
def test_the_discovery_documents_find_what_is_wrong(call: dict[str, Any], finding: str) -> None:
    import json
    import zlib

    from sheetsync.testing import Call

    packed = zlib.compress(json.dumps(call.pop("reply", {})).encode())
    given = {"method": "GET", "path": "/v4/spreadsheets/x", "kind": "read", "query": {}, "body": None, "status": 200}
    found = Discovery.load().findings([Call(**{**given, "packed": packed, "who": "me", **call})])
    assert [one for one in found if finding in one]


cells = st.integers(0, 999)
columns = st.integers(0, 701)


@given(cells, cells, columns, columns)
def test_a_block_and_its_name_are_the_same(top: int, bottom: int, left: int, right: int) -> None:
    named = a1.Block(min(top, bottom), max(top, bottom) + 1, min(left, right), max(left, right) + 1)
    _, rest, _ = a1.split(a1.name_of("Plan", named))
    found = a1.area(rest)
    assert found is not None
    assert found[0] == a1.Area(*named)


@given(st.text("ab 'é🌵1!:", min_size=1, max_size=8).filter(str.strip))
def test_a_title_is_read_as_it_was_quoted(title: str) -> None:
    assert a1.split(f"{a1.quoted(title)}!A1")[:2] == (title, "A1")


names = st.sampled_from(["sheets", "data", "rowData", "values", "note"])
trees = st.recursive(st.just({}), lambda inner: st.dictionaries(names, inner, min_size=1, max_size=3), max_leaves=8)


@given(trees.filter(bool))
def test_a_mask_is_the_tree_it_spells(tree: masks.Tree) -> None:
    def spelled(one: masks.Tree) -> str:
        return ",".join(name + (f"({spelled(sub)})" if sub else "") for name, sub in one.items())

    assert masks.parse(spelled(tree)) == tree
    assert masks.parse(",".join(".".join(path) for path in masks.leaves(tree))) == tree


@pytest.mark.parametrize("mask", ["", "a(", "a)", "a(b", "a,,b", ".a", "a.", "a b(", "a;b", "(a)"])
def test_what_is_no_mask_is_refused(mask: str) -> None:
    with pytest.raises(Refusal):
        masks.parse(mask)


def plan(size: int) -> tuple[Document, Tab]:
    tab = Tab.new(0, "Plan", size, 3)
    for row in range(size):
        tab.put(row, 0, {"userEnteredValue": {"numberValue": row}})
        tab.put(row, 1, {"userEnteredValue": {"formulaValue": f"=A{row + 1}*2"}})
    return Document("x", "x", "x", 0, [tab]), tab


def pairs(tab: Tab) -> list[tuple[Any, Any]]:
    """The number of each row, and the row that its formula names."""
    found = []
    for line in tab.rows:
        number = line.cells.get(0, {}).get("userEnteredValue", {}).get("numberValue")
        formula = line.cells.get(1, {}).get("userEnteredValue", {}).get("formulaValue")
        found.append((number, formula))
    return found


@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 10))
def test_a_move_is_a_permutation_and_formulas_go_along(one: int, two: int, to: int) -> None:
    document, tab = plan(10)
    shape.move(document, tab, "ROWS", min(one, two), max(one, two) + 1, to)
    found = pairs(tab)
    assert sorted(number for number, _ in found) == list(range(10))
    assert all(formula == f"=A{at + 1}*2" for at, (_, formula) in enumerate(found))


@settings(max_examples=50)
@given(st.integers(0, 9), st.integers(1, 4))
def test_what_is_inserted_and_deleted_again_was_never_there(at: int, count: int) -> None:
    document, tab = plan(10)
    before = pairs(tab)
    shape.insert(document, tab, "ROWS", at, count)
    assert (len(tab.rows), pairs(tab)[at]) == (10 + count, (None, None))
    shape.delete(document, tab, "ROWS", at, at + count)
    assert pairs(tab) == before
