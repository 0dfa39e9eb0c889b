"""A document, the areas asked for and a field mask go in; the Spreadsheet resource goes out.

`includeGridData` is ignored where a mask is given (documented). One GridData per range; rows and cells that are empty at the end
are left out; `false`, `0` and empty lists are left out, but for `sheetId` and `index` of SheetProperties (recorded).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sheetsync._testing.google import a1, masks
from sheetsync._testing.google.a1 import Block
from sheetsync._testing.google.document import Anchor, Cell, Document, Line, Tab
from sheetsync._testing.google.formulas import Calculation, Scalar, Wrong
from sheetsync._testing.google.masks import Tree
from sheetsync._testing.google.showing import shown
from sheetsync._testing.google.switches import Switches

WHITE: Final = {"red": 1, "green": 1, "blue": 1}
DEFAULT_FORMAT: Final = {
    "backgroundColor": WHITE,
    "padding": {"top": 2, "right": 3, "bottom": 2, "left": 3},
    "verticalAlignment": "BOTTOM",
    "wrapStrategy": "OVERFLOW_CELL",
    "textFormat": {
        "foregroundColor": {},
        "fontFamily": "arial,sans,sans-serif",
        "fontSize": 10,
        "bold": False,
        "italic": False,
        "strikethrough": False,
        "underline": False,
        "foregroundColorStyle": {"rgbColor": {}},
    },
    "backgroundColorStyle": {"rgbColor": WHITE},
}
_THEME: Final = {
    "TEXT": (0, 0, 0),
    "BACKGROUND": (1, 1, 1),
    "ACCENT1": (0.25882354, 0.52156866, 0.95686275),
    "ACCENT2": (0.91764706, 0.2627451, 0.20784314),
    "ACCENT3": (0.9843137, 0.7372549, 0.015686275),
    "ACCENT4": (0.20392157, 0.65882355, 0.3254902),
    "ACCENT5": (1, 0.42745098, 0.003921569),
    "ACCENT6": (0.27450982, 0.7411765, 0.7764706),
    "LINK": (0.06666667, 0.33333334, 0.8),
}
THEME: Final = {
    "primaryFontFamily": "Arial",
    "themeColors": [
        {
            "colorType": kind,
            "color": {"rgbColor": {name: level for name, level in zip(("red", "green", "blue"), levels, strict=True) if level}},
        }
        for kind, levels in _THEME.items()
    ],
}


def spreadsheet(
    document: Document,
    switches: Switches,
    *,
    who: str,
    wanted: Sequence[tuple[Tab, Block]] | None = None,
    grid_data: bool = False,
    mask: str | None = None,
) -> dict[str, Any]:
    """The resource; `wanted` limits it to the tabs and blocks named (None: all of it)."""
    tree = masks.parse(mask) if mask is not None else None
    with_data = grid_data if tree is None else masks.wants(tree, "sheets", "data")
    tree = tree or {}
    calculation = Calculation(document)
    properties = {
        "title": document.title,
        "locale": document.locale,
        "autoRecalc": "ON_CHANGE",
        "timeZone": document.time_zone,
        "defaultFormat": DEFAULT_FORMAT,
        "spreadsheetTheme": THEME,
    } | document.extra
    tabs = document.tabs if wanted is None else [tab for tab in document.tabs if any(tab is one for one, _ in wanted)]
    whole: dict[str, Any] = {"spreadsheetId": document.id, "properties": properties}
    data_tree = masks.below(tree, "sheets", "data") if with_data else {}
    sheets = []
    for tab in tabs:
        sheet = resource(document, tab, who)
        if with_data:
            blocks = [tab.block] if wanted is None else [block for one, block in wanted if one is tab]
            sheet["data"] = [_grid(calculation, switches, tab, block, data_tree) for block in blocks]
        sheets.append(sheet)
    whole["sheets"] = sheets
    if document.names:
        whole["namedRanges"] = list(document.names.values())
    whole["spreadsheetUrl"] = f"https://docs.google.com/spreadsheets/d/{document.id}/edit"
    if document.anchors:
        whole["developerMetadata"] = [
            anchored(anchor, {"locationType": "SPREADSHEET", "spreadsheet": True}) for anchor in document.anchors
        ]
    return dict(masks.cut(whole, tree))


def properties_of(document: Document, tab: Tab) -> dict[str, Any]:
    """SheetProperties; here a zero `sheetId` and `index` stand (recorded)."""
    grid = {"rowCount": len(tab.rows), "columnCount": len(tab.columns)} | {k: v for k, v in tab.grid.items() if v}
    index = next((at for at, one in enumerate(document.tabs) if one is tab), 0)
    found = {"sheetId": tab.sheet_id, "title": tab.title, "index": index, "sheetType": "GRID", "gridProperties": grid}
    return found | ({"hidden": True} if tab.hidden else {}) | tab.extra


def resource(document: Document, tab: Tab, who: str) -> dict[str, Any]:
    """A Sheet without its data."""
    sheet: dict[str, Any] = {"properties": properties_of(document, tab)}
    parts = {
        "merges": [a1.grid_range(tab.sheet_id, merge) for merge in tab.merges],
        "conditionalFormats": tab.rules,
        "protectedRanges": [protection(one, document, who) for one in tab.protected],
        "basicFilter": tab.filter,
        "tables": tab.tables,
        "rowGroups": group_documents(tab, "ROWS"),
        "columnGroups": group_documents(tab, "COLUMNS"),
        "developerMetadata": [anchored(anchor, {"locationType": "SHEET", "sheetId": tab.sheet_id}) for anchor in tab.anchors],
    }
    return sheet | {name: part for name, part in parts.items() if part}


def group_documents(tab: Tab, dimension: str) -> list[dict[str, Any]]:
    return [
        {"range": a1.dimension_range(tab.sheet_id, dimension, start, end), "depth": depth}
        for start, end, depth in tab.groups[dimension]
    ]


def may_edit(protected: Mapping[str, Any], document: Document, who: str) -> bool:
    """The owner always; whoever is among the editors; everybody where it only warns (documented)."""
    editors = (protected.get("editors") or {}).get("users", [])
    return who == document.owner or bool(protected.get("warningOnly")) or who in editors


def protection(protected: Mapping[str, Any], document: Document, who: str) -> dict[str, Any]:
    """A ProtectedRange as this user sees it; the owner stands among the editors (recorded)."""
    found = {name: value for name, value in protected.items() if name not in {"editors", "requestingUserCanEdit"} and value}
    if not may_edit(protected, document, who):
        return found
    editors = dict(protected.get("editors") or {})
    users = [document.owner, *(user for user in editors.get("users", []) if user != document.owner)]
    return found | {"requestingUserCanEdit": True, "editors": {**editors, "users": users}}


def anchored(anchor: Anchor, location: dict[str, Any]) -> dict[str, Any]:
    """A DeveloperMetadata document."""
    found: dict[str, Any] = {"metadataId": anchor.number, "metadataKey": anchor.key}
    if anchor.value is not None:
        found["metadataValue"] = anchor.value
    return found | {"location": location, "visibility": anchor.visibility}


def line_location(tab: Tab, dimension: str, at: int) -> dict[str, Any]:
    """Where the metadata of a row or column hangs."""
    kind = "ROW" if dimension == "ROWS" else "COLUMN"
    return {"locationType": kind, "dimensionRange": a1.dimension_range(tab.sheet_id, dimension, at, at + 1)}


def _grid(calculation: Calculation, switches: Switches, tab: Tab, block: Block, tree: Tree) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if block.top:
        found["startRow"] = block.top
    if block.left:
        found["startColumn"] = block.left
    if masks.wants(tree, "rowData"):
        cell_tree = masks.below(tree, "rowData", "values") if masks.wants(tree, "rowData", "values") else {}
        rows = [
            _row(calculation, switches, tab, row, block, cell_tree, bare=not masks.wants(tree, "rowData", "values"))
            for row in range(block.top, block.bottom)
        ]
        while rows and not rows[-1]:
            rows.pop()
        if rows:
            found["rowData"] = rows
    for name, dimension, start, end in (
        ("rowMetadata", "ROWS", block.top, block.bottom),
        ("columnMetadata", "COLUMNS", block.left, block.right),
    ):
        if masks.wants(tree, name):
            lines = tab.lines(dimension)
            found[name] = [_line(tab, dimension, at, lines[at]) for at in range(start, end)]
    return found


def _line(tab: Tab, dimension: str, at: int, line: Line) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if line.filtered:
        found["hiddenByFilter"] = True
    if line.hidden:
        found["hiddenByUser"] = True
    found["pixelSize"] = line.size
    if line.anchors:
        location = line_location(tab, dimension, at)
        found["developerMetadata"] = [anchored(anchor, location) for anchor in line.anchors]
    return found


def _row(
    calculation: Calculation, switches: Switches, tab: Tab, row: int, block: Block, tree: Tree, *, bare: bool
) -> dict[str, Any]:
    line = tab.rows[row].cells
    last = max((column for column in line if block.left <= column < block.right), default=-1)
    if last < 0:
        return {}
    if bare:
        return {"values": [{}]}
    values = [
        cell_data(calculation, switches, tab, row, column, tree) if column in line else {}
        for column in range(block.left, last + 1)
    ]
    return {"values": values}


def cell_data(calculation: Calculation, switches: Switches, tab: Tab, row: int, column: int, tree: Tree) -> dict[str, Any]:
    """CellData of one cell, as far as the mask wants it."""
    cell = tab.cell(row, column)
    found: dict[str, Any] = {}
    if "userEnteredValue" in cell:
        found["userEnteredValue"] = cell["userEnteredValue"]
        if any(masks.wants(tree, name) for name in ("effectiveValue", "formattedValue")):
            value = calculation.value(tab, row, column)
            found["effectiveValue"] = extended(value)
            found["formattedValue"] = text(cell, value)
    if "userEnteredFormat" in cell:
        found["userEnteredFormat"] = cell["userEnteredFormat"]
    if ("userEnteredValue" in cell or "userEnteredFormat" in cell) and masks.wants(tree, "effectiveFormat"):
        found["effectiveFormat"] = _effective_format(cell.get("userEnteredFormat", {}))
    if masks.wants(tree, "hyperlink"):
        link = hyperlink(calculation, switches, tab, cell)
        if link:
            found["hyperlink"] = link
    for name in ("note", "textFormatRuns", "chipRuns", "dataValidation"):
        if cell.get(name):
            found[name] = cell[name]
    return dict(masks.cut(found, tree))


def _effective_format(entered: Mapping[str, Any]) -> dict[str, Any]:
    inner = {**DEFAULT_FORMAT["textFormat"], **entered.get("textFormat", {})}  # type: ignore[dict-item]
    return {**DEFAULT_FORMAT, "hyperlinkDisplayType": "PLAIN_TEXT", **entered, "textFormat": inner}


def extended(value: Scalar) -> dict[str, Any]:
    """An effective value as an ExtendedValue."""
    match value:
        case None:
            return {}
        case bool():
            return {"boolValue": value}
        case Wrong():
            return {"errorValue": {"type": value.kind} | ({"message": value.message} if value.message else {})}
        case str():
            return {"stringValue": value}
        case _:
            return {"numberValue": whole(value)}


def whole(number: float) -> float | int:
    """A number as JSON shows it: 3 and not 3.0."""
    return int(number) if number == int(number) and abs(number) < 1e15 else number


def text(cell: Cell, value: Scalar) -> str:
    """What stands in the cell: as it was seeded (the title of a chip), or by the number format."""
    seeded = cell.get("formattedValue")
    return str(seeded) if seeded is not None else shown(value, cell.get("userEnteredFormat", {}).get("numberFormat"))


def hyperlink(calculation: Calculation, switches: Switches, tab: Tab, cell: Cell) -> str | None:
    """The one link of a cell: of a formula, of the whole cell, or of the only run that has one. With several it is empty."""
    if cell.get("hyperlink"):
        return str(cell["hyperlink"])
    entered = cell.get("userEnteredValue", {})
    if "formulaValue" in entered:
        return calculation.link(tab, entered["formulaValue"])
    runs = cell.get("textFormatRuns") or []
    links = {run.get("format", {}).get("link", {}).get("uri") for run in runs}
    if len(links) == 1 and None not in links and not runs[0].get("startIndex"):
        return str(links.pop())
    if any(links):
        return None
    whole_cell = cell.get("userEnteredFormat", {}).get("textFormat", {}).get("link", {}).get("uri")
    if whole_cell:
        return str(whole_cell)
    typed = entered.get("stringValue", "")
    is_url = typed.startswith(("http://", "https://")) and not any(sign.isspace() for sign in typed)
    return typed if switches.plain_urls_are_links and is_url else None
