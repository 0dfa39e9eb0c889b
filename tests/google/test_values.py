"""Ranges, values, what typing makes of them, and the end of a table."""

from __future__ import annotations

from typing import Any

import pytest

from sheetsync.testing import FakeGoogle
from tests.google.wire import Wire, block, rows

CURRENCY = {"type": "CURRENCY", "pattern": '"$"#,##0.00'}
DATE = {"type": "DATE", "pattern": "yyyy-mm-dd"}


@pytest.mark.parametrize(
    ("typed", "entered", "shown", "number_format"),
    [
        ("007", {"numberValue": 7}, "7", None),
        ("TRUE", {"boolValue": True}, "TRUE", None),
        ("=1+2", {"formulaValue": "=1+2"}, "3", None),
        ("'0123", {"stringValue": "0123"}, "0123", None),
        ("$100.15", {"numberValue": 100.15}, "$100.15", CURRENCY),
        ("2026-09-05", {"numberValue": 46270}, "2026-09-05", DATE),
        ("2,000,000.01", {"numberValue": 2000000.01}, "2,000,000.01", {"type": "NUMBER", "pattern": "#,##0.00"}),
        ("plain", {"stringValue": "plain"}, "plain", None),
        ("2026-13-45", {"stringValue": "2026-13-45"}, "2026-13-45", None),
    ],
)
def test_what_typing_makes_of_a_text(
    wire: Wire, typed: str, entered: dict[str, Any], shown: str, number_format: dict[str, str] | None
) -> None:
    """The table of a transcript (USER_ENTERED, 2026-09), and one recorded line."""
    wire.put("Plan!D1", [[typed]], "USER_ENTERED")
    found = wire.get("sheets.data.rowData.values(userEnteredValue,formattedValue,userEnteredFormat)", "Plan!D1")
    (cell,) = found["sheets"][0]["data"][0]["rowData"][0]["values"]
    assert (cell["userEnteredValue"], cell["formattedValue"]) == (entered, shown)
    assert cell.get("userEnteredFormat", {}).get("numberFormat") == number_format


def test_month_and_day_are_of_this_year(wire: Wire, now: list[float]) -> None:
    """Transcript of 2026: `1-2` is 46024, the second of January."""
    now[0] = 1_790_000_000  # September 2026
    wire.put("Plan!D1", [["1-2"]], "USER_ENTERED")
    assert wire.values("Plan!D1") == [[46024]]


@pytest.mark.parametrize(
    ("asked", "echoed"),
    [
        ("Plan", "Plan!A1:Z1000"),
        ("'Plan'", "Plan!A1:Z1000"),
        ("Plan!A:B", "Plan!A1:B1000"),
        ("Plan!2:3", "Plan!A2:Z3"),
        ("Plan!B3:A2", "Plan!A2:B3"),
        ("Plan!A2:B", "Plan!A2:B1000"),
        ("Plan!A990:Z2000", "Plan!A990:Z1000"),
        ("A1", "Plan!A1"),
        ("Numbers", "Plan!B2:B4"),
        ("'Plan'!Numbers", "Plan!B2:B4"),
        ("'Q1 ''27'!A1", "'Q1 ''27'!A1"),
        ("'Numbers'", "Numbers!A1:Z1000"),
    ],
)
def test_a_range_is_echoed_as_google_does(wire: Wire, asked: str, echoed: str) -> None:
    """Recorded; a bare name is a named range before it is a sheet, a name in quotes is always a sheet (transcript)."""
    book = wire.google.document(wire.id)
    book.add_tab("Q1 '27")
    book.add_tab("Numbers")
    wire.batch({"addNamedRange": {"namedRange": {"name": "Numbers", "range": block(1, 4, 1, 2)}}})
    found = wire.call("GET", "/values:batchGet", params={"ranges": asked})
    assert found["valueRanges"][0]["range"] == echoed


@pytest.mark.parametrize("asked", ["Nope!A1", "Nope", "Plan!", "Plan!A0", "Plan!1A", "Plan!A1:B2:C3", ""])
def test_what_is_no_range_is_refused(wire: Wire, asked: str) -> None:
    error = wire.refused("GET", "/values:batchGet", params={"ranges": asked})
    assert error["message"] == f"Unable to parse range: {asked}"


def test_blanks_inside_are_texts_and_at_the_end_nothing(wire: Wire) -> None:
    """Recorded: `values` is absent where a range is empty."""
    wire.put("Plan!D1:F3", [[1, "", 3], ["", "", ""], ["x"]])
    assert wire.values("Plan!D1:G9") == [[1, "", 3], [], ["x"]]
    assert "values" not in wire.call("GET", "/values/Plan!D2:F2")


def test_columns_can_be_the_major_dimension(wire: Wire) -> None:
    wire.call(
        "PUT",
        "/values/Plan!D1:E3",
        params={"valueInputOption": "RAW"},
        json={"majorDimension": "COLUMNS", "values": [[1, 2, 3], [4]]},
    )
    assert wire.values("Plan!D1:E3") == [[1, 4], [2], [3]]
    assert wire.values("Plan!D1:E3", majorDimension="COLUMNS") == [[1, 2, 3], [4]]


def test_a_block_larger_than_its_range_is_refused(wire: Wire) -> None:
    """gspread's suite knows the reverse: a single cell says only where to begin."""
    params = {"valueInputOption": "RAW"}
    error = wire.refused("PUT", "/values/Plan!D1:E1", params=params, json={"values": [[1, 2, 3]]})
    assert error["message"] == "Requested writing within range [Plan!D1:E1], but tried writing to column [F]"
    assert wire.put("Plan!D1", [[1, 2], [3, 4]])["updatedRange"] == "Plan!D1:E2"


def test_the_input_option_is_required(wire: Wire) -> None:
    error = wire.refused("PUT", "/values/Plan!D1", json={"values": [[1]]})
    assert error["message"] == "'valueInputOption' is required but not specified"


def test_a_write_keeps_notes_formats_and_validation_and_erases_runs_and_chips(wire: Wire) -> None:
    """Transcript; discovery: "When writing a new user_entered_value, previous runs are erased." """
    chip = {
        "userEnteredValue": {"stringValue": "@"},
        "formattedValue": "A page",
        "chipRuns": [{"chip": {"richLinkProperties": {"uri": "https://example.com/page"}}}],
        "textFormatRuns": [{"format": {"bold": True}}],
        "note": "stays",
        "userEnteredFormat": {"backgroundColorStyle": {"rgbColor": {"red": 1}}},
        "dataValidation": {"condition": {"type": "NOT_BLANK"}},
    }
    wire.google.document(wire.id).tab("Plan").put(1, 4, chip)
    assert wire.values("Plan!D1", "FORMATTED_VALUE") == [["A page"]]
    wire.put("Plan!D1", [["new"]])
    found = wire.get("sheets.data.rowData.values", "Plan!D1")["sheets"][0]["data"][0]["rowData"][0]["values"][0]
    assert found["formattedValue"] == "new"
    assert found["note"] == "stays"
    assert found["userEnteredFormat"]["backgroundColor"] == {"red": 1}
    assert found["dataValidation"] == {"condition": {"type": "NOT_BLANK"}}
    assert not {"chipRuns", "textFormatRuns"} & set(found)


def test_a_cell_holds_fifty_thousand_characters(wire: Wire) -> None:
    """Transcript, inclusive."""
    wire.put("Plan!D1", [["x" * 50_000]])
    error = wire.refused("PUT", "/values/Plan!D1", params={"valueInputOption": "RAW"}, json={"values": [["x" * 50_001]]})
    assert error["message"] == "Your input contains more than the maximum of 50000 characters in a single cell."


def test_dates_are_serials_unless_texts_are_asked_for(wire: Wire) -> None:
    """Recorded: FORMULA gives 43831 for a date."""
    wire.put("Plan!D1", [["2020-01-01"]], "USER_ENTERED")
    assert wire.values("Plan!D1", "FORMULA") == [[43831]]
    assert wire.values("Plan!D1", "FORMULA", dateTimeRenderOption="FORMATTED_STRING") == [["2020-01-01"]]


def test_append_finds_the_table_and_grows_the_sheet(wire: Wire) -> None:
    def append(area: str, **more: str) -> Any:
        params = {"valueInputOption": "RAW", **more}
        return wire.call("POST", f"/values/{area}:append", params=params, json={"values": [["Sales", 5]]})

    found = append("Plan!A1")
    assert (found["tableRange"], found["updates"]["updatedRange"]) == ("Plan!A1:B4", "Plan!A5:B5")
    wire.put("Plan!E8:F8", [["below", 1]])
    assert append("Plan!A2", insertDataOption="INSERT_ROWS")["updates"]["updatedRange"] == "Plan!A6:B6"
    assert wire.values("Plan!E9:F9") == [["below", 1]]
    assert "tableRange" not in append("Plan!J1")
    wire.put("Plan!A1000", [["last"]])
    assert append("Plan!A1000")["updates"]["updatedRange"] == "Plan!A1001:B1001"
    assert wire.google.document(wire.id).tab("Plan").rows >= 1001


def test_clearing_takes_values_alone(wire: Wire) -> None:
    wire.batch({"updateCells": {"start": {"rowIndex": 1}, "rows": [{"values": [{"note": "n"}]}], "fields": "note"}})
    assert wire.call("POST", "/values/Plan!A2:B2:clear", json={})["clearedRange"] == "Plan!A2:B2"
    assert wire.values("Plan!A2:B2") == []
    assert wire.google.document(wire.id).tab("Plan").data(2, 1) == {"note": "n"}
    cleared = wire.call("POST", "/values:batchClear", json={"ranges": ["Plan!A3:A4", "Plan!B:B"]})
    assert cleared["clearedRanges"] == ["Plan!A3:A4", "Plan!B1:B1000"]


def test_formulas_follow_what_they_refer_to(wire: Wire) -> None:
    wire.put("Plan!D1:D4", [["=SUM(B2:B4)"], ["=B2*2"], ["=$B$3"], ["=Plan!B4"]], "USER_ENTERED")
    wire.batch({"insertDimension": {"range": rows(1, 2)}}, {"deleteDimension": {"range": rows(3, 4)}})
    assert wire.values("Plan!D1:D4", "FORMULA") == [["=SUM(B3:B4)"], [], ["=B3*2"], ["=Plan!B4"]]
    assert wire.values("Plan!D1:D4", "UNFORMATTED_VALUE") == [[50], [], [60], [20]]
    wire.batch({"deleteDimension": {"range": rows(3, 4)}})
    assert wire.values("Plan!D1", "FORMULA") == [["=SUM(B3:B3)"]]
    wire.batch({"deleteDimension": {"range": rows(1, 2, "COLUMNS")}})
    assert wire.values("Plan!C1", "FORMULA") == [["=SUM(#REF!)"]]


def test_a_mirror_formula_is_computed(google: FakeGoogle) -> None:
    """Lookups in a hidden sheet: the part of formulas that the mirror mode needs."""
    content = {
        "Plan": {
            (7, 1): "k1",
            (7, 2): '=IFNA(VLOOKUP($A7,_sheetsync!$A:$F,2,FALSE),"")',
            (8, 2): '=IFNA(VLOOKUP($A8,_sheetsync!$A:$F,2,FALSE),"-")',
        },
        "_sheetsync": {(1, 1): "k0", (1, 2): 1, (2, 1): "k1", (2, 2): 0.42},
    }
    sheet = google.document(google.seed("OKR", content)).tab("Plan")
    assert (sheet.value(7, 2), sheet.value(8, 2)) == (0.42, "-")


def test_an_unknown_formula_keeps_what_it_was_seeded_with(google: FakeGoogle) -> None:
    seeded = {"userEnteredValue": {"formulaValue": '=IMPORTXML("x","y")'}, "effectiveValue": {"numberValue": 9}}
    sheet = google.document(google.seed("OKR", {"Plan": {(1, 1): seeded, (1, 2): '=IMPORTXML("x","y")'}})).tab("Plan")
    assert (sheet.value(1, 1), sheet.text(1, 2)) == (9, "#NAME?")
