"""An .xlsx goes in, the tabs of a document come out, about as Drive converts one.

Taken over: values, formulas with their cached values, number formats, fills, bold, links, notes, merges, hidden rows, columns
and sheets, widths and heights, frozen rows, lists to choose from, and the conditional formats that both know. Left out: charts,
pictures.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final

import openpyxl
from openpyxl.formatting.rule import Rule
from openpyxl.worksheet.worksheet import Worksheet

from sheetsync._testing.google import a1, formats
from sheetsync._testing.google.a1 import Area
from sheetsync._testing.google.document import Document, Tab

_EPOCH: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - a moment in a cell has no zone
_ERRORS: Final = {
    "#DIV/0!": "DIVIDE_BY_ZERO",
    "#VALUE!": "VALUE",
    "#REF!": "REF",
    "#NAME?": "NAME",
    "#NUM!": "NUM",
    "#N/A": "N_A",
    "#NULL!": "NULL_VALUE",
}
_OPERATORS: Final = {
    "greaterThan": "NUMBER_GREATER",
    "greaterThanOrEqual": "NUMBER_GREATER_THAN_EQ",
    "lessThan": "NUMBER_LESS",
    "lessThanOrEqual": "NUMBER_LESS_THAN_EQ",
    "equal": "NUMBER_EQ",
    "notEqual": "NUMBER_NOT_EQ",
    "between": "NUMBER_BETWEEN",
    "notBetween": "NUMBER_NOT_BETWEEN",
}
_TEXTS: Final = {
    "containsText": "TEXT_CONTAINS",
    "notContainsText": "TEXT_NOT_CONTAINS",
    "beginsWith": "TEXT_STARTS_WITH",
    "endsWith": "TEXT_ENDS_WITH",
}


def fill(document: Document, path: Path) -> None:
    """Puts the workbook's sheets in place of the document's tabs."""
    entered, cached = openpyxl.load_workbook(path), openpyxl.load_workbook(path, data_only=True)
    try:
        tabs: list[Tab] = []
        for at, sheet in enumerate(entered.worksheets):
            number = document.new_number({tab.sheet_id for tab in tabs}) if at else 0
            tab = Tab.new(number, sheet.title, max(1000, sheet.max_row), max(26, sheet.max_column))
            _cells(tab, sheet, cached[sheet.title])
            _lines(tab, sheet)
            _around(tab, sheet)
            tabs.append(tab)
        document.tabs = tabs
    finally:
        entered.close()
        cached.close()


def _cells(tab: Tab, sheet: Worksheet, cached: Any) -> None:
    for row in sheet.iter_rows():
        for cell in row:
            if type(cell).__name__ == "MergedCell":
                continue
            value: Any = cell.value
            found: dict[str, Any] = {}
            if cell.data_type == "f":
                formula = str(getattr(value, "text", value)).replace("_xlfn.", "")
                found["userEnteredValue"] = {"formulaValue": formula}
                computed = cached.cell(cell.row, cell.column).value
                if computed is not None:
                    found["effectiveValue"] = _value(computed, error=True)
            elif value is not None and value != "":
                found["userEnteredValue"] = _value(value, error=False)
            style = _format(cell)
            if style:
                found["userEnteredFormat"] = formats.cell_format(style)
            if cell.comment is not None:
                found["note"] = cell.comment.text
            if found:
                tab.put((cell.row or 1) - 1, (cell.column or 1) - 1, found)


def _value(value: Any, *, error: bool) -> dict[str, Any]:
    match value:
        case bool():
            return {"boolValue": value}
        case int() | float():
            return {"numberValue": value}
        case datetime():
            return {"numberValue": (value - _EPOCH) / timedelta(days=1)}
        case date():
            return {"numberValue": (datetime(value.year, value.month, value.day) - _EPOCH).days}  # noqa: DTZ001 - the same
        case time():
            return {"numberValue": (value.hour * 3600 + value.minute * 60 + value.second) / 86400}
        case timedelta():
            return {"numberValue": value / timedelta(days=1)}
        case str() if error and value in _ERRORS:
            return {"errorValue": {"type": _ERRORS[value]}}
        case _:
            return {"stringValue": str(value)}


def _format(cell: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if cell.number_format and cell.number_format != "General":
        found["numberFormat"] = {"type": _kind(cell), "pattern": cell.number_format}
    colour = _rgb(cell.fill.fgColor) if cell.fill is not None and cell.fill.fill_type == "solid" else None
    if colour is not None:
        found["backgroundColorStyle"] = {"rgbColor": colour}
    text: dict[str, Any] = {}
    if cell.font is not None and cell.font.b:
        text["bold"] = True
    if cell.hyperlink is not None and cell.hyperlink.target:
        text["link"] = {"uri": cell.hyperlink.target}
    return found | ({"textFormat": text} if text else {})


def _kind(cell: Any) -> str:
    pattern = cell.number_format
    if cell.is_date:
        has_time, has_day = "h" in pattern.lower(), "d" in pattern.lower() or "y" in pattern.lower()
        return "DATE_TIME" if has_time and has_day else "TIME" if has_time else "DATE"
    if "%" in pattern:
        return "PERCENT"
    return "TEXT" if pattern == "@" else "CURRENCY" if any(sign in pattern for sign in "$€£¥") else "NUMBER"


def _rgb(colour: Any) -> dict[str, float] | None:
    text = getattr(colour, "rgb", None)
    if not isinstance(text, str) or len(text) != 8:
        return None
    return {name: int(text[at : at + 2], 16) / 255 for name, at in (("red", 2), ("green", 4), ("blue", 6))}


def _lines(tab: Tab, sheet: Worksheet) -> None:
    for number, row in sheet.row_dimensions.items():
        if number <= len(tab.rows):
            tab.rows[number - 1].hidden = bool(row.hidden)
            if row.height:
                tab.rows[number - 1].size = round(row.height * 4 / 3)
    for column in sheet.column_dimensions.values():
        for number in range(column.min or 0, min(column.max or 0, len(tab.columns)) + 1):
            if number:
                tab.columns[number - 1].hidden = bool(column.hidden)
                if column.width:
                    tab.columns[number - 1].size = round(column.width * 7 + 5)


def _around(tab: Tab, sheet: Worksheet) -> None:
    """What lies over the cells: merges, rules, validations, frozen rows, whether the sheet is hidden."""
    tab.hidden = sheet.sheet_state != "visible"
    whole = (len(tab.rows), len(tab.columns))
    tab.merges = [found[0].within(*whole) for merged in sheet.merged_cells.ranges if (found := a1.area(merged.coord)) is not None]
    if sheet.freeze_panes:
        found = a1.area(str(sheet.freeze_panes))
        if found is not None:
            names = (("frozenRowCount", found[0].top), ("frozenColumnCount", found[0].left))
            tab.grid = {name: count for name, count in names if count}
    for ranges in sheet.conditional_formatting:
        areas = list(_areas(str(ranges.sqref)))
        tab.rules += [
            {"ranges": [a1.grid_range(tab.sheet_id, area) for area in areas], "booleanRule": boolean}
            for rule in ranges.rules
            if (boolean := _rule(rule)) is not None
        ]
    for validation in sheet.data_validations.dataValidation:
        if validation.type == "list" and str(validation.formula1).startswith('"'):
            words = [{"userEnteredValue": word} for word in str(validation.formula1).strip('"').split(",")]
            one = {"condition": {"type": "ONE_OF_LIST", "values": words}, "showCustomUi": True}
            for area in _areas(str(validation.sqref)):
                for row, column in area.within(*whole).cells():
                    tab.put(row, column, {**tab.cell(row, column), "dataValidation": one})


def _areas(text: str) -> Iterator[Area]:
    for part in text.split():
        found = a1.area(part)
        if found is not None:
            yield found[0]


def _rule(rule: Rule) -> dict[str, Any] | None:
    """A rule of Excel as a boolean rule; None for those that Sheets has none of (bars, icons)."""
    formulas = [str(one) for one in rule.formula or []]
    if rule.type == "expression" and formulas:
        condition = {"type": "CUSTOM_FORMULA", "values": [{"userEnteredValue": f"={formulas[0]}"}]}
    elif rule.type == "cellIs" and rule.operator in _OPERATORS:
        condition = {"type": _OPERATORS[rule.operator], "values": [{"userEnteredValue": one.strip('"')} for one in formulas]}
    elif rule.type in _TEXTS and rule.text is not None:
        condition = {"type": _TEXTS[rule.type], "values": [{"userEnteredValue": rule.text}]}
    else:
        return None
    style: dict[str, Any] = {}
    look: Any = rule.dxf
    if look is not None and look.fill is not None:
        colour = _rgb(look.fill.bgColor) or _rgb(look.fill.fgColor)
        style |= {"backgroundColorStyle": {"rgbColor": colour}} if colour is not None else {}
    if look is not None and look.font is not None and look.font.b:
        style["textFormat"] = {"bold": True}
    return {"condition": condition, "format": formats.cell_format(style)}
