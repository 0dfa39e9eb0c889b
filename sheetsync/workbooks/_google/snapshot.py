"""A spreadsheet as the Sheets API gives it goes in, grids for the plan and what writing needs to know come out.

CellData      https://developers.google.com/workspace/sheets/api/reference/rest/v4/spreadsheets/cells
Metadata      https://developers.google.com/workspace/sheets/api/guides/metadata
Date serials  days since 1899-12-30, https://developers.google.com/workspace/sheets/api/guides/formats
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias

from sheetsync.errors import WorkbookError
from sheetsync.model import EMPTY, NO_FILL, Cell, CellError, CellRef, CellValue, Grid
from sheetsync.workbooks.base import MAX_COLUMNS, MAX_ROWS

ANCHOR: Final = "ss.kr"
"""The key of the metadata by which a row is found again, wherever it has moved. Short: a sheet holds 30,000 characters of it."""

FIELDS: Final = (
    "properties(title,timeZone),"
    "sheets(properties(sheetId,title,sheetType,gridProperties(rowCount,columnCount)),merges,conditionalFormats,"
    "protectedRanges(range,unprotectedRanges,requestingUserCanEdit,warningOnly),"
    "data(startRow,startColumn,rowMetadata.developerMetadata(metadataId,metadataKey,metadataValue),"
    "rowData.values(userEnteredValue,effectiveValue,formattedValue,hyperlink,textFormatRuns.format.link.uri,chipRuns,"
    "effectiveFormat.numberFormat,userEnteredFormat(numberFormat,backgroundColorStyle))))"
)
"""All of it in one read: values, formulas, every kind of link, formats, anchors, rules and rights."""

Entered: TypeAlias = str | float | bool
"""What somebody entered: a formula as its text, as Google's FORMULA rendering shows it."""
Place: TypeAlias = tuple[int, int]

EPOCH: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - a date of a sheet has no zone
_PATTERNS: Final[Mapping[str, str]] = {
    "PERCENT": "0.00%", "DATE": "yyyy-mm-dd", "DATE_TIME": "yyyy-mm-dd hh:mm:ss", "TIME": "hh:mm:ss", "CURRENCY": "0.00",
    "NUMBER": "0.00", "SCIENTIFIC": "0.00E+00", "TEXT": "@",
}  # fmt: skip
_CODES: Final[Mapping[str, str]] = {
    "ERROR": "#ERROR!", "NULL_VALUE": "#NULL!", "DIVIDE_BY_ZERO": "#DIV/0!", "VALUE": "#VALUE!", "REF": "#REF!", "NAME": "#NAME?",
    "NUM": "#NUM!", "N_A": "#N/A", "LOADING": "Loading…",
}  # fmt: skip
_HYPERLINK: Final = re.compile(r'=\s*HYPERLINK\s*\(\s*"((?:[^"]|"")*)"', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Page:
    """One worksheet. Rows and columns count from 1.

    `entered`   what stands in each cell that is not blank
    `uncertain` cells whose text Google may render in another way than it was entered: smart chips
    `anchors`   row -> the ids of its anchors, the oldest first
    `rules`     its conditional formats, in Google's own form and order
    """

    id: int
    title: str
    rows: int
    columns: int
    grid: Grid
    entered: Mapping[Place, Entered]
    uncertain: frozenset[Place]
    anchors: Mapping[int, tuple[int, ...]]
    rules: tuple[Mapping[str, Any], ...]

    def row_of(self, anchor: int) -> int | None:
        return next((row for row, ids in self.anchors.items() if anchor in ids), None)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The whole spreadsheet at one moment."""

    title: str
    pages: tuple[Page, ...]

    def page(self, title: str) -> Page | None:
        return next((page for page in self.pages if page.title == title), None)

    def with_values(self, values: Mapping[CellRef, Entered | None]) -> Snapshot:
        """The same after somebody entered these; None empties a cell."""
        pages = []
        for page in self.pages:
            own = {(ref.row, ref.column): value for ref, value in values.items() if ref.sheet == page.title}
            entered = {at: value for at, value in {**page.entered, **own}.items() if value is not None}
            pages.append(replace(page, entered=entered))
        return replace(self, pages=tuple(pages))

    def same_content(self, other: Snapshot) -> bool:
        """Whether nobody entered, moved, merged or renamed anything between the two."""
        return [(page.id, page.title, page.entered, page.grid.merges) for page in self.pages] == [
            (page.id, page.title, page.entered, page.grid.merges) for page in other.pages
        ]


def snapshot_of(answer: Any) -> Snapshot:
    """Raises WorkbookError where the answer is no spreadsheet."""
    try:
        pages = tuple(
            _page(sheet) for sheet in answer.get("sheets", ()) if sheet["properties"].get("sheetType", "GRID") == "GRID"
        )
        return Snapshot(str(answer["properties"]["title"]), pages)
    except (AttributeError, KeyError, IndexError, TypeError, ValueError, OverflowError):
        raise WorkbookError(
            "Google Sheets answered with something that is no spreadsheet.", advice="Run again; where it stays, report it."
        ) from None


def _page(sheet: Mapping[str, Any]) -> Page:
    properties = sheet["properties"]
    size = properties.get("gridProperties", {})
    entered: dict[Place, Entered] = {}
    uncertain: set[Place] = set()
    cells: dict[Place, Cell] = {}
    anchors: dict[int, tuple[int, ...]] = {}
    cut = False
    covered = [area for rule in sheet.get("conditionalFormats", ()) for area in rule.get("ranges", ())]
    closed = [
        each for each in sheet.get("protectedRanges", ()) if not (each.get("requestingUserCanEdit") or each.get("warningOnly"))
    ]
    for block in sheet.get("data", ()):
        top, left = block.get("startRow", 0) + 1, block.get("startColumn", 0) + 1
        for row, found in enumerate(block.get("rowMetadata", ()), top):
            ids = sorted(
                int(each["metadataId"]) for each in found.get("developerMetadata", ()) if each.get("metadataKey") == ANCHOR
            )
            if ids:
                anchors[row] = tuple(ids)
        for row, line in enumerate(block.get("rowData", ()), top):
            for column, held in enumerate(line.get("values", ()), left):
                if not held:
                    continue
                at = (row, column)
                value = _entered(held)
                if row > MAX_ROWS or column > MAX_COLUMNS:
                    cut = cut or value is not None
                    continue
                if value is not None:
                    entered[at] = value
                if held.get("chipRuns"):
                    uncertain.add(at)
                cell = _cell(held, value, conditional=_inside(at, covered), locked=_closed(at, closed))
                if cell != EMPTY:
                    cells[at] = cell
    merges = tuple(
        (m.get("startRowIndex", 0) + 1, m.get("startColumnIndex", 0) + 1, m["endRowIndex"], m["endColumnIndex"])
        for m in sheet.get("merges", ())
    )
    for at in _blank_but_special(covered, closed, cells):
        cells[at] = Cell(conditional=_inside(at, covered), locked=_closed(at, closed))
    title = str(properties["title"])
    return Page(
        int(properties.get("sheetId", 0)), title, int(size.get("rowCount", 0)), int(size.get("columnCount", 0)),
        Grid(title, cells, merges, cut), entered, frozenset(uncertain), anchors, tuple(sheet.get("conditionalFormats", ())),
    )  # fmt: skip


def _blank_but_special(
    covered: Sequence[Mapping[str, int]], closed: Sequence[Mapping[str, Any]], cells: Mapping[Place, Cell]
) -> Iterator[Place]:
    """Blank cells among those in use that a rule covers or a protection closes: a plan must know before it writes there."""
    rows, columns = max((at[0] for at in cells), default=0), max((at[1] for at in cells), default=0)
    if not covered and not closed:
        return
    for row in range(1, rows + 1):
        for column in range(1, columns + 1):
            at = (row, column)
            if at not in cells and (_inside(at, covered) or _closed(at, closed)):
                yield at


def _inside(at: Place, areas: Sequence[Mapping[str, int]]) -> bool:
    """An end that is missing is open: https://developers.google.com/workspace/sheets/api/reference/rest/v4/spreadsheets/other#GridRange"""
    row, column = at[0] - 1, at[1] - 1
    return any(
        area.get("startRowIndex", 0) <= row < area.get("endRowIndex", row + 1)
        and area.get("startColumnIndex", 0) <= column < area.get("endColumnIndex", column + 1)
        for area in areas
    )


def _closed(at: Place, protections: Sequence[Mapping[str, Any]]) -> bool:
    return any(
        _inside(at, [each.get("range", {})]) and not _inside(at, each.get("unprotectedRanges", ())) for each in protections
    )


# --- one cell ----------------------------------------------------------------------------------------------------------


def _entered(held: Mapping[str, Any]) -> Entered | None:
    match held.get("userEnteredValue"):
        case {"formulaValue": str(formula)}:
            return formula
        case {"stringValue": str(text)}:
            return text or None
        case {"boolValue": bool(truth)}:
            return truth
        case {"numberValue": int() | float() as number}:
            return float(number)
        case {"errorValue": {"type": kind}}:
            return _CODES.get(kind, "#ERROR!")
    return None


def _cell(held: Mapping[str, Any], entered: Entered | None, *, conditional: bool, locked: bool) -> Cell:
    form = held.get("effectiveFormat", {}).get("numberFormat") or held.get("userEnteredFormat", {}).get("numberFormat") or {}
    formula = "formulaValue" in held.get("userEnteredValue", {})
    targets = _targets(held, entered if formula else None)
    return Cell(_value(held, form), formula, targets, number_format(form), fill_of(held), conditional, locked)


def _value(held: Mapping[str, Any], form: Mapping[str, Any]) -> CellValue:
    match held.get("effectiveValue"):
        case {"numberValue": int() | float() as number} if form.get("type") in ("DATE", "DATE_TIME"):
            try:
                return EPOCH + timedelta(milliseconds=round(number * 86_400_000))
            except OverflowError:
                return float(number)
        case {"numberValue": int() | float() as number}:
            return float(number)
        case {"boolValue": bool(truth)}:
            return truth
        case {"stringValue": str(text)}:
            return text or None
        case {"errorValue": {"type": kind}}:
            return CellError(_CODES.get(kind, "#ERROR!"))
    return None


def number_format(form: Mapping[str, Any]) -> str:
    return str(form.get("pattern") or _PATTERNS.get(str(form.get("type", "")), "General"))


def _targets(held: Mapping[str, Any], formula: Entered | None) -> tuple[str, ...]:
    """Every address behind the text, without repeats. A pasted address that Google turned into a chip stands only there."""
    found = [str(held.get("hyperlink", ""))]
    if isinstance(formula, str) and (match := _HYPERLINK.match(formula)):
        found.append(match[1].replace('""', '"'))
    found += [str(run.get("format", {}).get("link", {}).get("uri", "")) for run in held.get("textFormatRuns", ())]
    found += [str(run.get("chip", {}).get("richLinkProperties", {}).get("uri", "")) for run in held.get("chipRuns", ())]
    return tuple(dict.fromkeys(address for address in found if address))


def fill_of(held: Mapping[str, Any]) -> str:
    style = held.get("userEnteredFormat", {}).get("backgroundColorStyle")
    if not style:
        return NO_FILL
    if "rgbColor" not in style:
        return json.dumps(style, sort_keys=True)
    channels = (round(float(style["rgbColor"].get(name, 0)) * 255) for name in ("red", "green", "blue"))
    return "".join(f"{channel:02X}" for channel in channels)


def style_of(fill: str) -> Mapping[str, Any]:
    """The other way: a plain colour, or what `fill_of` described."""
    if fill.startswith("{"):
        found: Mapping[str, Any] = json.loads(fill)
        return found
    return {
        "rgbColor": {
            name: int(fill[at : at + 2], 16) / 255
            for name, at in (("red", 0), ("green", 2), ("blue", 4))
            if fill[at : at + 2] != "00"
        }
    }
