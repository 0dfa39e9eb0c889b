"""Requests about conditional formats, the basic filter and tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sheetsync._testing.google import a1, formats, masks
from sheetsync._testing.google.asked import Asked
from sheetsync._testing.google.document import Document, Tab
from sheetsync._testing.google.errors import bad
from sheetsync._testing.google.kinds.base import Reply, kind, mask_of, required
from sheetsync._testing.google.kinds.names import own_range


def _rule(document: Document, given: Mapping[str, Any]) -> tuple[Tab, dict[str, Any]]:
    """A rule as it is kept: colours in both spellings, its ranges on one tab."""
    ranges = [own_range(document, one) for one in given.get("ranges") or []]
    if not ranges or len({one.get("sheetId", 0) for one in ranges}) != 1:
        raise bad("A conditional format rule must have ranges, all on one sheet")
    if (given.get("booleanRule") is None) == (given.get("gradientRule") is None):
        raise bad("Exactly one of booleanRule and gradientRule must be specified")
    new: dict[str, Any] = {"ranges": ranges}
    if given.get("booleanRule") is not None:
        boolean = dict(given["booleanRule"])
        if not (boolean.get("condition") or {}).get("type"):
            raise bad("booleanRule.condition.type must be specified")
        boolean["format"] = formats.cell_format(boolean.get("format") or {})
        new["booleanRule"] = boolean
    else:
        points = given["gradientRule"]
        new["gradientRule"] = {
            name: formats.paired(point, "color", "colorStyle") if isinstance(point, Mapping) else point
            for name, point in points.items()
        }
    return document.tab(ranges[0].get("sheetId", 0)), new


@kind("addConditionalFormatRule", "index", "rule")
def add_rule(asked: Asked, request: Mapping[str, Any]) -> Reply:
    tab, rule = _rule(asked.document, required(request, "rule"))
    index = int(request.get("index") or 0)
    if index > len(tab.rules):
        raise bad(f"No conditional format on sheet: {tab.sheet_id} at index: {index}")
    tab.rules.insert(index, rule)
    return None


@kind("updateConditionalFormatRule", "index", "newIndex", "rule", "sheetId")
def update_rule(asked: Asked, request: Mapping[str, Any]) -> Reply:
    """Replaces the rule at an index, or moves it."""
    index = int(request.get("index") or 0)
    if request.get("rule") is not None:
        tab, rule = _rule(asked.document, request["rule"])
        old = _at(tab, index)
        tab.rules[index] = rule
        return {"updateConditionalFormatRule": {"newRule": rule, "newIndex": index, "oldRule": old}}
    tab = asked.document.tab(int(request.get("sheetId") or 0))
    rule = _at(tab, index)
    new = int(request.get("newIndex") or 0)
    del tab.rules[index]
    tab.rules.insert(new, rule)
    return {"updateConditionalFormatRule": {"newRule": rule, "newIndex": new, "oldIndex": index}}


@kind("deleteConditionalFormatRule", "index", "sheetId")
def delete_rule(asked: Asked, request: Mapping[str, Any]) -> Reply:
    tab, index = asked.document.tab(int(request.get("sheetId") or 0)), int(request.get("index") or 0)
    rule = _at(tab, index)
    del tab.rules[index]
    return {"deleteConditionalFormatRule": {"rule": rule}}


def _at(tab: Tab, index: int) -> dict[str, Any]:
    if not 0 <= index < len(tab.rules):
        raise bad(f"No conditional format on sheet: {tab.sheet_id} at index: {index}")
    return tab.rules[index]


@kind("setBasicFilter", "filter")
def set_basic_filter(asked: Asked, request: Mapping[str, Any]) -> Reply:
    """Open ends become the grid's (recorded). Which rows it hides is shown only for `hiddenValues`."""
    given = required(request, "filter")
    tab, block = asked.document.located(given.get("range") or {})
    kept = {name: value for name, value in given.items() if name != "range" and value}
    tab.filter = {"range": a1.grid_range(tab.sheet_id, block)} | kept
    apply_filter(asked.document, tab)
    return None


def apply_filter(document: Document, tab: Tab) -> None:
    """Marks the rows that the filter hides."""
    from sheetsync._testing.google.formulas import Calculation  # noqa: PLC0415 - for this alone
    from sheetsync._testing.google.reading import text  # noqa: PLC0415 - the same

    for line in tab.rows:
        line.filtered = False
    if tab.filter is None:
        return
    _, block = document.located({"sheetId": tab.sheet_id, **tab.filter["range"]})
    hidden = {int(column): rule.get("hiddenValues") or [] for column, rule in (tab.filter.get("criteria") or {}).items()}
    for spec in tab.filter.get("filterSpecs") or []:
        hidden[int(spec.get("columnIndex") or 0)] = (spec.get("filterCriteria") or {}).get("hiddenValues") or []
    calculation = Calculation(document)
    for row in range(block.top + 1, block.bottom):
        for column, values in hidden.items():
            if text(tab.cell(row, column), calculation.value(tab, row, column)) in values:
                tab.rows[row].filtered = True


@kind("clearBasicFilter", "sheetId")
def clear_basic_filter(asked: Asked, request: Mapping[str, Any]) -> Reply:
    tab = asked.document.tab(int(request.get("sheetId") or 0))
    tab.filter = None
    apply_filter(asked.document, tab)
    return None


@kind("addTable", "table")
def add_table(asked: Asked, request: Mapping[str, Any]) -> Reply:
    document, given = asked.document, required(request, "table")
    where = own_range(document, required(given, "range"))
    tab = document.tab(where.get("sheetId", 0))
    _, block = document.located({"sheetId": tab.sheet_id, **where})
    for other in tab.tables:
        if document.located({"sheetId": tab.sheet_id, **other["range"]})[1].overlaps(block):
            raise bad("A table cannot overlap another table.")
    number = given.get("tableId") or str(document.new_number(set()))
    name = given.get("name") or f"Table{sum(len(one.tables) for one in document.tabs) + 1}"
    table = {key: value for key, value in given.items() if value} | {"tableId": number, "name": name, "range": where}
    tab.tables.append(table)
    return {"addTable": {"table": table}}


@kind("updateTable", "fields", "table")
def update_table(asked: Asked, request: Mapping[str, Any]) -> Reply:
    tree, given = mask_of(request), required(request, "table")
    tab, at = _table(asked.document, given.get("tableId"))
    whole: masks.Tree = {name: {} for name in ("name", "range", "columnProperties", "rowsProperties")}
    new = masks.write(tab.tables[at], given, tree or whole)
    new["range"] = own_range(asked.document, new["range"])
    tab.tables[at] = new
    return None


@kind("deleteTable", "tableId")
def delete_table(asked: Asked, request: Mapping[str, Any]) -> Reply:
    """The table with its cells; conditional rules over it go too, without a word (transcript)."""
    tab, at = _table(asked.document, request.get("tableId"))
    _, block = asked.document.located({"sheetId": tab.sheet_id, **tab.tables[at]["range"]})
    asked.guard(tab, block)
    del tab.tables[at]
    for row, column in block.cells():
        tab.put(row, column, {})
    kept = []
    for rule in tab.rules:
        ranges = [
            one for one in rule["ranges"] if not asked.document.located({"sheetId": tab.sheet_id, **one})[1].overlaps(block)
        ]
        if ranges:
            kept.append({**rule, "ranges": ranges})
    tab.rules = kept
    return None


def _table(document: Document, number: Any) -> tuple[Tab, int]:
    for tab in document.tabs:
        for at, table in enumerate(tab.tables):
            if table["tableId"] == number:
                return tab, at
    raise bad(f"No table with id: {number}")
