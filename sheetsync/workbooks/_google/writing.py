"""Cell edits go in, bodies for the Sheets API come out: what must be prepared first, and then the values, row by row.

A row is addressed by its anchor, a piece of metadata that moves along with it, so that Google itself finds the row at the moment
of writing. Values go as RAW: numbers as JSON numbers, text as text, whatever it looks like.

    null in a list of values leaves a cell alone, "" clears it
    https://developers.google.com/workspace/sheets/api/reference/rest/v4/spreadsheets.values#ValueRange
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from sheetsync.errors import CannotEdit
from sheetsync.model import CellEdit, CellRef
from sheetsync.workbooks._google.snapshot import ANCHOR, EPOCH, Entered, Page, Place, Snapshot, style_of

MAX_TEXT: Final = 50_000
"""Characters of one cell: https://support.google.com/drive/answer/37603"""
DATE_FORMAT: Final[Mapping[str, str]] = {"type": "DATE_TIME", "pattern": "yyyy-mm-dd hh:mm"}


def require_editable(snapshot: Snapshot, edits: Iterable[CellEdit]) -> None:
    """Raises CannotEdit for the first edit that would damage something or cannot be done."""
    for edit in edits:
        ref, where = edit.ref, f"{edit.ref.sheet}!{edit.ref.a1}"
        page = snapshot.page(ref.sheet)
        if page is None:
            raise CannotEdit(
                "The workbook has no worksheet named {sheet}.", advice="Look whether it was renamed.", sheet=ref.sheet
            )
        cell = page.grid.cell(ref.row, ref.column)
        for top, left, bottom, right in page.grid.merges:
            if top <= ref.row <= bottom and left <= ref.column <= right and (ref.row, ref.column) != (top, left):
                raise CannotEdit("Cell {cell} is hidden inside a merged cell.", advice="Split the merged cell.", cell=where)
        if cell.locked:
            raise CannotEdit(
                "Cell {cell} is protected.", advice="Let the account of sheetsync edit that range, in Google Sheets under Data, "
                "Protect sheets and ranges.", cell=where,
            )  # fmt: skip
        if cell.formula and edit.value is not None:
            raise CannotEdit(
                "Cell {cell} holds a formula, which is never overwritten.",
                advice="Delete the formula, or mark the row as manual.", cell=where,
            )  # fmt: skip
        if isinstance(edit.value, str) and len(edit.value) > MAX_TEXT:
            raise CannotEdit(
                "The text for cell {cell} is longer than the {limit} characters a cell can hold.", cell=where, limit=MAX_TEXT
            )
        if isinstance(edit.value, Decimal) and not edit.value.is_finite():
            raise CannotEdit("The figure for cell {cell} is not a number, so it was not written.", cell=where)


def outstanding(snapshot: Snapshot, edits: Iterable[CellEdit]) -> list[CellEdit]:
    """The edits that are not there already, the last one where two name the same cell."""
    found: dict[CellRef, CellEdit] = {}
    for edit in edits:
        before = found.get(edit.ref)
        found[edit.ref] = edit if before is None else CellEdit(
            edit.ref, before.value if edit.value is None else edit.value, before.fill if edit.fill is None else edit.fill
        )  # fmt: skip
    left = []
    for edit in found.values():
        page = snapshot.page(edit.ref.sheet)
        cell = page.grid.cell(edit.ref.row, edit.ref.column) if page else None
        at = (edit.ref.row, edit.ref.column)
        same_value = edit.value is None or (page is not None and same(page.entered.get(at), as_entered(edit.value)))
        dated = not isinstance(edit.value, datetime) or (cell is not None and _is_dated(cell.number_format))
        same_fill = edit.fill is None or (cell is not None and cell.fill == edit.fill)
        if not (same_value and dated and same_fill):
            left.append(edit)
    return left


def as_entered(value: Decimal | str | bool | datetime) -> Entered | None:
    """What stands in the cell when the value has been written; None: blank."""
    match value:
        case bool():
            return value
        case str():
            return str(value) or None  # a word of an enumeration is plain text in a cell
        case datetime():
            return (value - EPOCH) / timedelta(days=1)
    return float(value)


def same(here: Entered | None, there: Entered | None) -> bool:
    if isinstance(here, bool) or isinstance(there, bool) or isinstance(here, str) or isinstance(there, str):
        return type(here) is type(there) and here == there
    if here is None or there is None:
        return here is there
    return abs(here - there) <= 1e-9 * max(1.0, abs(there)) if here != there else True


def _is_dated(number_format: str) -> bool:
    return "y" in number_format.casefold()


# --- before the values -------------------------------------------------------------------------------------------------


def preparation(snapshot: Snapshot, edits: Sequence[CellEdit], *, anchored: bool) -> list[dict[str, Any]]:
    """Requests that make the rows addressable, and all that is no value: room, formats, fills.

    They name rows by number, since there is no other way. That is harmless where a row has just moved: an anchor says nothing of
    what stands in its row, and is read back before anything is written by it.
    """
    parts: list[dict[str, Any]] = []
    for page in snapshot.pages:
        own = [edit for edit in edits if edit.ref.sheet == page.title]
        parts += _room(page, own)
        if anchored:
            parts += [
                _anchor(page, row) for row in sorted({edit.ref.row for edit in own if edit.value is not None} - {*page.anchors})
            ]
        for edit in own:
            form: dict[str, Any] = {}
            fields = []
            if isinstance(edit.value, datetime) and not _is_dated(page.grid.cell(edit.ref.row, edit.ref.column).number_format):
                form["numberFormat"] = DATE_FORMAT
                fields.append("numberFormat")
            if edit.fill is not None and edit.fill != page.grid.cell(edit.ref.row, edit.ref.column).fill:
                fields.append("backgroundColorStyle")  # named in the mask and absent in the body: reset
                if edit.fill:
                    form["backgroundColorStyle"] = style_of(edit.fill)
            if fields:
                parts.append(_format(page, (edit.ref.row, edit.ref.column), form, fields))
    return parts


def _room(page: Page, edits: Sequence[CellEdit]) -> list[dict[str, Any]]:
    rows = max((edit.ref.row for edit in edits), default=0) - page.rows
    columns = max((edit.ref.column for edit in edits), default=0) - page.columns
    return [
        {"appendDimension": {"sheetId": page.id, "dimension": name, "length": length}}
        for name, length in (("ROWS", rows), ("COLUMNS", columns))
        if length > 0
    ]


def _anchor(page: Page, row: int) -> dict[str, Any]:
    where = {"dimensionRange": {"sheetId": page.id, "dimension": "ROWS", "startIndex": row - 1, "endIndex": row}}
    return {
        "createDeveloperMetadata": {
            "developerMetadata": {"metadataKey": ANCHOR, "metadataValue": "1", "location": where, "visibility": "DOCUMENT"}
        }
    }


def _format(page: Page, at: Place, form: Mapping[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    row, column = at
    rows, columns = {"startRowIndex": row - 1, "endRowIndex": row}, {"startColumnIndex": column - 1, "endColumnIndex": column}
    area = {"sheetId": page.id, **rows, **columns}
    mask = f"userEnteredFormat({','.join(fields)})"
    return {"repeatCell": {"range": area, "cell": {"userEnteredFormat": dict(form)}, "fields": mask}}


# --- the values --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RowWrite:
    """What goes into one row: the page and row of the snapshot, the anchor that Google finds it by, column -> value."""

    page: Page
    row: int
    anchor: int
    values: Mapping[int, Entered | None]

    def expected(self) -> list[Entered]:
        """The whole row as it stands afterwards where nobody else did anything, without blank cells at its end."""
        return _trimmed([
            self.values.get(column, self.page.entered.get((self.row, column))) for column in range(1, self._width() + 1)
        ])  # fmt: skip

    def agrees(self, echo: Sequence[Any]) -> bool:
        """Whether the row that Google wrote into, as it gives it back, is the one that was meant."""
        here = _trimmed([_rendered(value) for value in echo])
        there = self.expected()
        width = max(len(here), len(there))
        return all(
            alike(one, other) or (self.row, column) in self.page.uncertain
            for column, (one, other) in enumerate(zip(_padded(here, width), _padded(there, width), strict=True), 1)
        )

    def _width(self) -> int:
        return max((column for row, column in (*self.page.entered, *((self.row, one) for one in self.values)) if row == self.row))


def alike(here: Entered | None, there: Entered | None) -> bool:
    """The same, but for how a formula is spelt: its separators depend on the spreadsheet's country."""
    if isinstance(here, str) and isinstance(there, str) and here[:1] == there[:1] == "=":
        here, there = ("".join(formula.split()).replace(";", ",").casefold() for formula in (here, there))
    return same(here if here != "" else None, there if there != "" else None)


def _rendered(value: Any) -> Entered | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _trimmed(values: Sequence[Entered | None]) -> list[Any]:
    found = list(values)
    while found and found[-1] in (None, ""):
        found.pop()
    return found


def _padded(values: Sequence[Any], width: int) -> list[Any]:
    return [*values, *([None] * (width - len(values)))]


def row_writes(snapshot: Snapshot, values: Mapping[CellRef, Entered | None]) -> list[RowWrite]:
    """One write a row, in the order of the sheet; every row has its anchor by now."""
    rows: dict[tuple[str, int], dict[int, Entered | None]] = {}
    for ref, value in values.items():
        rows.setdefault((ref.sheet, ref.row), {})[ref.column] = value
    found = []
    for (title, row), line in sorted(rows.items()):
        page = snapshot.page(title)
        assert page is not None  # noqa: S101 - `require_editable` has refused such edits
        found.append(RowWrite(page, row, page.anchors[row][0] if row in page.anchors else 0, line))
    return found


def anchored_body(writes: Sequence[RowWrite], *, formulas: bool = False) -> dict[str, Any]:
    """`formulas` of sheetsync's own; nothing that comes from outside is ever sent in that way."""
    data = [
        {"dataFilter": {"developerMetadataLookup": {"metadataId": one.anchor}}, "majorDimension": "ROWS", "values": [_line(one)]}
        for one in writes
    ]
    return {**_RAW, "valueInputOption": "USER_ENTERED" if formulas else "RAW", "data": data}


def plain_body(writes: Sequence[RowWrite]) -> dict[str, Any]:
    """The same by row number, for a sheet that takes no anchors."""
    data = [
        {"range": f"{_quoted(one.page.title)}!A{one.row}", "majorDimension": "ROWS", "values": [_line(one)]} for one in writes
    ]
    return {**_RAW, "data": data}


_RAW: Final[Mapping[str, Any]] = {
    "valueInputOption": "RAW", "includeValuesInResponse": True, "responseValueRenderOption": "FORMULA",
    "responseDateTimeRenderOption": "SERIAL_NUMBER",
}  # fmt: skip


def _line(write: RowWrite) -> list[Any]:
    line: list[Any] = [None] * max(write.values)
    for column, value in write.values.items():
        line[column - 1] = "" if value is None else _number(value) if isinstance(value, float) else value
    return line


def _number(value: float) -> int | float:
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _quoted(title: str) -> str:
    return "'" + title.replace("'", "''") + "'"
