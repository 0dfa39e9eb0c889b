"""Ranges and values go in, the replies of the `values` endpoints go out: get, update, clear, and their batches by range.

`values` is absent where a range is empty; blanks inside are `""`; the end of each row and of the block is trimmed (recorded).
`null` leaves a cell alone, `""` clears it; rows may be ragged (documented, transcripts).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from sheetsync._testing.google import a1, entering, reading
from sheetsync._testing.google.a1 import Area, Block
from sheetsync._testing.google.asked import Asked
from sheetsync._testing.google.document import Tab
from sheetsync._testing.google.errors import Refusal, bad, violation
from sheetsync._testing.google.formulas import Calculation, Wrong
from sheetsync._testing.google.showing import DATES, moment

RENDER: Final = ("FORMATTED_VALUE", "UNFORMATTED_VALUE", "FORMULA")
DATE_TIME: Final = ("SERIAL_NUMBER", "FORMATTED_STRING")
MAJOR: Final = ("ROWS", "COLUMNS")
LIST: Final = "type.googleapis.com/google.protobuf.ListValue"
VALUE_RANGE: Final = frozenset({"range", "majorDimension", "values"})
RESPONSE: Final = ("includeValuesInResponse", "responseValueRenderOption", "responseDateTimeRenderOption", "valueInputOption")


def located(asked: Asked, text: str) -> tuple[Tab, Block]:
    """A range as a tab and a block in its grid. One that starts outside is refused (transcript)."""
    tab, area, _ = asked.document.resolve(text)
    return tab, inside(tab, area)


def inside(tab: Tab, area: Area) -> Block:
    rows, columns = len(tab.rows), len(tab.columns)
    if (area.top or 0) >= rows or (area.left or 0) >= columns:
        wanted = Block(area.top or 0, area.bottom or rows, area.left or 0, area.right or columns)
        raise beyond(tab, wanted)
    return area.within(rows, columns)


def beyond(tab: Tab, block: Block) -> Refusal:
    rows, columns = len(tab.rows), len(tab.columns)
    name = a1.name_of(tab.title, block)
    return bad(f"Range ({name}) exceeds grid limits. Max rows: {rows}, max columns: {columns}")


def value_range(asked: Asked, tab: Tab, block: Block, *, major: str, render: str, date_time: str) -> dict[str, Any]:
    """A ValueRange with what stands in the block."""
    calculation = Calculation(asked.document)
    found: dict[str, Any] = {"range": a1.name_of(tab.title, block), "majorDimension": major}
    rows = [_trimmed([_rendered(calculation, tab, row, column, render, date_time) for column in _filled(tab, row, block)])
            for row in range(block.top, block.bottom)]  # fmt: skip
    if major == "COLUMNS":
        width = max((len(row) for row in rows), default=0)
        rows = [_trimmed([row[column] if column < len(row) else "" for row in rows]) for column in range(width)]
    while rows and not rows[-1]:
        rows.pop()
    return found | ({"values": rows} if rows else {})


def _filled(tab: Tab, row: int, block: Block) -> range:
    last = max((column for column in tab.rows[row].cells if block.left <= column < block.right), default=block.left - 1)
    return range(block.left, last + 1)


def _trimmed(row: list[Any]) -> list[Any]:
    while row and row[-1] == "" and isinstance(row[-1], str):
        row.pop()
    return row


def _rendered(calculation: Calculation, tab: Tab, row: int, column: int, render: str, date_time: str) -> Any:
    cell = tab.cell(row, column)
    entered = cell.get("userEnteredValue")
    if entered is None:
        return ""
    if render == "FORMULA" and "formulaValue" in entered:
        return entered["formulaValue"]
    value = calculation.value(tab, row, column)
    if value is None:
        return ""
    if render == "FORMATTED_VALUE" or isinstance(value, Wrong):
        return reading.text(cell, value)
    number_format = cell.get("userEnteredFormat", {}).get("numberFormat", {})
    if isinstance(value, float) and number_format.get("type") in DATES and date_time == "FORMATTED_STRING":
        return moment(value, number_format.get("pattern") or "m/d/yyyy")
    if isinstance(value, str) and cell.get("formattedValue") is not None and render == "UNFORMATTED_VALUE":
        return cell["formattedValue"]
    return reading.whole(value) if isinstance(value, float) else value


def get(asked: Asked) -> dict[str, Any]:
    """GET values/{range}"""
    return _got(asked, asked.parts["range"])


def batch_get(asked: Asked) -> dict[str, Any]:
    """GET values:batchGet"""
    found = [_got(asked, text) for text in asked.query.get("ranges", [])]
    return {"spreadsheetId": asked.document.id, "valueRanges": found}


def _got(asked: Asked, text: str) -> dict[str, Any]:
    tab, block = located(asked, text)
    return value_range(asked, tab, block, **options(asked, {}))


def options(asked: Asked, body: Mapping[str, Any], *, response: bool = False) -> dict[str, str]:
    names = (
        ("responseValueRenderOption", "responseDateTimeRenderOption")
        if response
        else ("valueRenderOption", "dateTimeRenderOption")
    )
    return {
        "major": "ROWS" if response else asked.choice("majorDimension", MAJOR, given=body.get("majorDimension")),
        "render": asked.choice(names[0], RENDER, given=body.get(names[0])),
        "date_time": asked.choice(names[1], DATE_TIME, given=body.get(names[1])),
    }


def as_typed(asked: Asked, body: Mapping[str, Any]) -> bool:
    """The input option; it must be given (documented as required)."""
    option = body.get("valueInputOption") or asked.one("valueInputOption")
    if option not in {"RAW", "USER_ENTERED"}:
        raise bad("'valueInputOption' is required but not specified" if not option else f"Invalid valueInputOption: {option}")
    return option == "USER_ENTERED"


def rows_of(body: Mapping[str, Any], where: str) -> list[list[Any]]:
    """The rows of a ValueRange; columns as the major dimension are turned round."""
    values = body.get("values")
    if values is None:
        values = []
    for row in values if isinstance(values, list) else [values]:
        if not isinstance(row, list):
            shown = as_json(values if not isinstance(values, list) else row)
            raise violation(where, f"Invalid value at '{where}' ({LIST}), {shown}")
        if any(isinstance(value, dict | list) for value in row):
            raise bad("Invalid values: only strings, numbers, booleans and null can be written")
    if body.get("majorDimension") == "COLUMNS":
        height = max((len(column) for column in values), default=0)
        return [[column[row] if row < len(column) else None for column in values] for row in range(height)]
    return list(values)


def as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def written(asked: Asked, tab: Tab, block: Block, rows: Sequence[Sequence[Any]], *, typed: bool, anchor: bool) -> dict[str, Any]:
    """Writes rows from the block's first cell on, and counts. `anchor`: the block is one cell that says only where to begin."""
    target = Block(block.top, block.top + len(rows), block.left, block.left + max((len(row) for row in rows), default=0))
    if not anchor:
        name = a1.name_of(tab.title, block)
        if target.bottom > block.bottom:
            raise bad(f"Requested writing within range [{name}], but tried writing to row [{block.bottom + 1}]")
        if target.right > block.right:
            raise bad(f"Requested writing within range [{name}], but tried writing to column [{a1.letters(block.right)}]")
    if target.bottom > len(tab.rows) or target.right > len(tab.columns):
        raise beyond(tab, target)
    cells = []
    for down, row in enumerate(rows):
        for along, value in enumerate(row):
            if value is not None:
                at = (target.top + down, target.left + along)
                cells.append((at, entering.write(tab.cell(*at), value, as_typed=typed, year=asked.year)))
    for (top, left), _ in cells if tab.protected else ():
        asked.guard(tab, Block(top, top + 1, left, left + 1))
    for at, cell in cells:
        tab.put(*at, cell)
    if not target.height or not target.width:
        target = block._replace(bottom=block.top + 1, right=block.left + 1)
    counts = {
        "updatedRows": len({at[0] for at, _ in cells}),
        "updatedColumns": len({at[1] for at, _ in cells}),
        "updatedCells": len(cells),
    }
    return {"updatedRange": a1.name_of(tab.title, target)} | {name: count for name, count in counts.items() if count}


def update(asked: Asked) -> dict[str, Any]:
    """PUT values/{range}"""
    body = asked.message(VALUE_RANGE)
    if not isinstance(body.get("values"), list | None):
        rows_of(body, "data.values")
    return {"spreadsheetId": asked.document.id} | _updated(asked, asked.parts["range"], body, {})


def _updated(asked: Asked, text: str, body: Mapping[str, Any], whole: Mapping[str, Any]) -> dict[str, Any]:
    tab, area, single = asked.document.resolve(text)
    if body.get("range") and asked.document.resolve(body["range"])[:2] != (tab, area):
        raise bad(f"Requested writing within range [{text}], but the body names [{body['range']}]")
    block = inside(tab, area)
    rows = rows_of(body, "data.values")
    found = written(asked, tab, block, rows, typed=as_typed(asked, whole), anchor=single)
    if whole.get("includeValuesInResponse") or asked.flag("includeValuesInResponse"):
        touched = located(asked, found["updatedRange"])[1]
        found["updatedData"] = value_range(asked, tab, touched, **options(asked, whole, response=True))
    return found


def batch_update(asked: Asked) -> dict[str, Any]:
    """POST values:batchUpdate"""
    body = asked.message(frozenset({*RESPONSE, "data"}))
    whole = {**body}
    as_typed(asked, whole)

    def write(data: Mapping[str, Any]) -> list[dict[str, Any]]:
        if not data.get("range"):
            raise bad("Invalid data: range must be specified")
        return [{"spreadsheetId": asked.document.id} | _updated(asked, data["range"], {**data, "range": None}, whole)]

    return batched(asked, body.get("data") or [], write)


def batched(
    asked: Asked, data: Sequence[Mapping[str, Any]], write: Callable[[Mapping[str, Any]], list[dict[str, Any]]]
) -> dict[str, Any]:
    before = asked.document.snapshot()
    responses: list[dict[str, Any]] = []
    try:
        for item in data:
            responses += write(item)
    except Refusal:
        if asked.state.switches.values_batch_atomic:
            asked.document.restore(before)
        raise
    return {"spreadsheetId": asked.document.id} | _totals(asked, responses) | ({"responses": responses} if responses else {})


def _totals(asked: Asked, responses: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Totals over the whole batch: a row, column or sheet that two ranges touch counts once (recorded)."""
    rows: set[tuple[int, int]] = set()
    columns: set[tuple[int, int]] = set()
    sheets: set[int] = set()
    for one in responses:
        if one.get("updatedCells"):
            tab, block = located(asked, one["updatedRange"])
            rows |= {(tab.sheet_id, row) for row in range(block.top, block.top + one["updatedRows"])}
            columns |= {(tab.sheet_id, column) for column in range(block.left, block.left + one["updatedColumns"])}
            sheets.add(tab.sheet_id)
    totals = {
        "totalUpdatedRows": len(rows),
        "totalUpdatedColumns": len(columns),
        "totalUpdatedCells": sum(one.get("updatedCells", 0) for one in responses),
        "totalUpdatedSheets": len(sheets),
    }
    return {name: total for name, total in totals.items() if total}


def clear(asked: Asked) -> dict[str, Any]:
    """POST values/{range}:clear"""
    asked.message(frozenset())
    return {"spreadsheetId": asked.document.id, "clearedRange": cleared(asked, *located(asked, asked.parts["range"]))}


def batch_clear(asked: Asked) -> dict[str, Any]:
    """POST values:batchClear"""
    ranges = asked.message(frozenset({"ranges"})).get("ranges") or []
    found = [located(asked, text) for text in ranges]
    return {"spreadsheetId": asked.document.id, "clearedRanges": [cleared(asked, *one) for one in found]}


def cleared(asked: Asked, tab: Tab, block: Block) -> str:
    asked.guard(tab, block)
    for row in range(block.top, block.bottom):
        for column in [column for column in tab.rows[row].cells if block.left <= column < block.right]:
            tab.put(row, column, entering.write(tab.cell(row, column), "", as_typed=False, year=0))
    return a1.name_of(tab.title, block)
