"""Grids go in, key results come out: finds the heading rows, carries groups and objectives down, reads each row's figures.

A sheet may hold several tables, and each may stand anywhere. What is no key result (a subtotal, a note, an empty line, a band
with a group's name) is passed over; what could be one but cannot be told apart is an error that names the cells.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Final

from sheetsync import links, values
from sheetsync.errors import LayoutError, LinkError, Refused, UnknownLink
from sheetsync.model import Cell, CellError, CellRef, Column, Grid, KeyResult, Kind, Link, Period
from sheetsync.okr import layout, period

_OBJECTIVE_ID: Final = re.compile(
    r"((?:O|Objective |目标)\s?\d++(?:\.\d++)*+)"
    r"(?:\s*[:：、)]\s*|\s*\.\s+|\s+[-–]\s+|\s+|(?=[\u4e00-\u9fff]))(?=\S)",
    re.IGNORECASE,
)
_KR_ID: Final = re.compile(
    r"((?:O\d++\.?)?(?:KR|Key result |关键结果)\s?\d++(?:\.\d++)*+)\s*(?:[:：.、)]|[-–](?=\s))?\s*(?=\S)",
    re.IGNORECASE,
)
ROLLUPS: Final = ("sum", "mean", "progress")
_CARRIED: Final = (Column.GROUP, Column.OBJECTIVE, Column.OBJECTIVE_ID, Column.PERIOD, Column.OWNER)
_BAND_ROWS: Final = 3
MAX_HEADING: Final = 60


@dataclass(frozen=True, slots=True)
class Table:
    """A heading row and the meaning of its columns; the rows below it, up to `last`, belong to it."""

    grid: Grid
    row: int
    columns: Mapping[Column, int]
    last: int


def scan(grids: Sequence[Grid], *, today: date, default_period: Period | None = None) -> list[KeyResult]:
    """All key results of a workbook, in the order of the sheets.

    `default_period` holds for rows without a Period column whose sheet is not named after one. Raises LayoutError: no table at
    all, two headings of one meaning, a table that goes on past the rows that are read.
    """
    tables = [table for grid in grids for table in _tables(grid)]
    if not tables:
        raise _no_table(grids)
    found = [row for table in tables for row in rows_of(table, today=today, default_period=default_period)]
    if not found:
        first = tables[0]
        raise LayoutError(
            "The table in sheet {sheet}, row {row}, has no key results.", sheet=first.grid.sheet, row=first.row,
            advice="Write a key result, its target and its data link below the headings.",
        )  # fmt: skip
    return found


def find_tables(grids: Sequence[Grid]) -> list[Table]:
    """The tables alone, for those who explain a layout. Raises LayoutError."""
    return [table for grid in grids for table in _tables(grid)]


def _tables(grid: Grid) -> list[Table]:
    headings: dict[int, list[tuple[int, Column]]] = {}
    last = 0
    for (row, column), cell in grid.cells.items():
        last = max(last, row)
        if isinstance(cell.value, str) and len(cell.value) <= MAX_HEADING:
            meaning = layout.heading(cell.value)
            if meaning is not None:
                headings.setdefault(row, []).append((column, meaning))
    rows = [(row, sorted(found)) for row, found in sorted(headings.items()) if {m for _, m in found} >= set(layout.NEEDED)]
    if not rows:
        return []
    require_whole(grid)
    ends = [row - 1 for row, _ in rows[1:]] + [last]
    return [Table(grid, row, _one_each(grid, row, found), end) for (row, found), end in zip(rows, ends, strict=True)]


def require_whole(grid: Grid) -> None:
    """Raises LayoutError where a sheet with a table goes on past what is read."""
    if grid.cut:
        raise LayoutError(
            "Sheet {sheet} is longer or wider than the {rows} rows and {columns} columns that are read.", sheet=grid.sheet,
            rows=10_000, columns=200, advice="Move the table to a sheet of its own.",
        )  # fmt: skip


def _one_each(grid: Grid, row: int, found: Sequence[tuple[int, Column]]) -> dict[Column, int]:
    columns: dict[Column, int] = {}
    for column, meaning in found:
        if meaning in columns:
            first, second = CellRef(grid.sheet, row, columns[meaning]), CellRef(grid.sheet, row, column)
            raise LayoutError(
                "In sheet {sheet} the headings in {first} and {second} mean the same.", sheet=grid.sheet, first=first.a1,
                second=second.a1, advice="Rename one of the two.",
            )  # fmt: skip
        columns[meaning] = column
    return columns


def _no_table(grids: Sequence[Grid]) -> LayoutError:
    """Says which heading is missing where a row nearly is a heading row."""
    best: tuple[int, Grid, int, set[Column]] | None = None
    for grid in grids:
        by_row: dict[int, set[Column]] = {}
        for (row, _), cell in grid.cells.items():
            meaning = layout.heading(cell.value) if isinstance(cell.value, str) and len(cell.value) <= MAX_HEADING else None
            if meaning in layout.NEEDED:
                by_row.setdefault(row, set()).add(meaning)
        for row, meanings in by_row.items():
            if len(meanings) >= 2 and (best is None or len(meanings) > best[0]):
                best = (len(meanings), grid, row, meanings)
    if best is None:
        return LayoutError("No sheet of this workbook has a heading row with Key result, Target, Result and Data link.")
    _, grid, row, meanings = best
    missing = [layout.HEADINGS[column][0] for column in layout.NEEDED if column not in meanings]
    return LayoutError(
        "The heading row {row} of sheet {sheet} has no {missing}.", row=row, sheet=grid.sheet, missing=missing,
        advice="Add the missing heading to that row.",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a table below its headings, with what is carried down to it."""

    row: int
    cells: Mapping[Column, Cell]
    band: bool
    is_key_result: bool
    group: str
    objective_id: str
    objective: str


def lines(table: Table) -> Iterator[Line]:
    """Every row of a table, key result or not, in order."""
    group = objective = objective_id = ""
    merged = _merged(table.grid)
    read = {row: _cells(table, row, merged) for row in range(table.row + 1, table.last + 1)}
    strange = _of_another_table(table, read)
    for row, cells in read.items():
        if row in strange:
            continue
        band = _band(table, row)
        is_key_result = not band and _is_key_result(cells)
        if band:
            if _OBJECTIVE_ID.match(band):
                objective_id, objective = _identified(band, "", _OBJECTIVE_ID)
            elif not layout.is_aside(band):
                group, objective, objective_id = band, "", ""
        else:
            named, aimed = text(cells.get(Column.GROUP)), text(cells.get(Column.OBJECTIVE))
            if named and named != group and (is_key_result or not layout.is_aside(named)):
                group, objective, objective_id = named, "", ""
            if aimed and (is_key_result or not layout.is_aside(aimed)):
                objective_id, objective = _identified(aimed, text(cells.get(Column.OBJECTIVE_ID)), _OBJECTIVE_ID)
        yield Line(row, cells, bool(band), is_key_result, group, objective_id, objective)


def _of_another_table(table: Table, rows: Mapping[int, Mapping[Column, Cell]]) -> set[int]:
    """The rows of other tables that stand below in the same columns, behind a blank row: campaigns with their spending, say.

    Such a block begins with headings, and none of its rows has a link: a key result that asks for a figure is never passed over.
    """
    found: set[int] = set()
    block: list[int] = []
    behind_blank = False
    for row in (*rows, table.last + 1):
        if row in rows and any(cell.value is not None or cell.formula or cell.targets for cell in rows[row].values()):
            block.append(row)
            continue
        if behind_blank and _is_another_table(table, [rows[at] for at in block]):
            found.update(block)
        block, behind_blank = [], True
    return found


def _is_another_table(table: Table, block: Sequence[Mapping[Column, Cell]]) -> bool:
    figures = (Column.TARGET, Column.RESULT)
    at = next((at for at, cells in enumerate(block) if any(cells[column].value is not None for column in figures)), len(block))
    if at == len(block) or any(_asks(cells) for cells in block):
        return False
    head, below = block[at], block[at + 1 :]
    needed = [head[column] for column in (Column.KEY_RESULT, *figures)]
    if not all(_could_head(cell) for cell in needed) or _KR_ID.match(text(head[Column.KEY_RESULT])):
        return False
    # a manual key result may have a target in words, but then no words where its link would stand, and no look of a heading
    ours = table.grid.cell(table.row, table.columns[Column.KEY_RESULT]).fill
    looks = (
        bool(ours) and all(cell.fill == ours for cell in needed) and any(cells[Column.KEY_RESULT].fill != ours for cells in below)
    )
    if not (looks or _could_head(head[Column.DATA_LINK])):
        return False
    return any(isinstance(cells[column].value, float) for cells in below for column in figures)


def _could_head(cell: Cell) -> bool:
    said = text(cell)
    short = isinstance(cell.value, str) and 0 < len(said) <= MAX_HEADING and not cell.formula
    return short and number(cell, Kind.NUMBER) is None and layout.yes_no(said) is None


def _asks(cells: Mapping[Column, Cell]) -> bool:
    """Whether the Data link holds a link, good or bad, and not just any words."""
    cell = cells[Column.DATA_LINK]
    return cell.formula or bool(cell.targets) or any(sign in text(cell) for sign in ":/#：")


def rows_of(table: Table, *, today: date, default_period: Period | None = None) -> list[KeyResult]:
    """The key results of one table."""
    sheet_period = period.parse(table.grid.sheet) or default_period
    merged = _merged(table.grid)
    found = []
    for line in lines(table):
        if not line.is_key_result:
            continue
        kr = _key_result(table, line.row, line.cells, sheet_period, today)
        if Column.BUDGET in kr.refs:
            # one amount for all the rows that its merged cell covers, which is told by their naming the same cell
            top, left, *_ = merged.get((line.row, table.columns[Column.BUDGET]), (line.row, table.columns[Column.BUDGET]))
            kr = replace(kr, refs={**kr.refs, Column.BUDGET: CellRef(table.grid.sheet, top, left)})
        at = (line.row, table.columns[Column.RESULT])
        if not isinstance(kr.source, LinkError) and kr.source != "manual" and merged.get(at, at)[:2] != at:
            refused = Refused(
                "Result is part of a merged cell.", advice="Split it: each key result needs a Result cell of its own."
            )
            kr = replace(kr, source=refused)
        key = _key(line.group, line.objective, kr)
        found.append(replace(kr, group=line.group, objective=line.objective, objective_id=line.objective_id, key=key))
    return found


def _key(group: str, objective: str, kr: KeyResult) -> str:
    label = kr.period.label if kr.period else ""
    return "\x1f".join(layout.fold(part) for part in (group, objective, kr.kr_id, kr.name, label))


def _merged(grid: Grid) -> dict[tuple[int, int], tuple[int, int, int, int]]:
    """Each cell of a merged range -> the range, whose first cell alone holds the value."""
    return {
        (row, column): (top, left, bottom, right)
        for top, left, bottom, right in grid.merges
        if (bottom - top + 1) * (right - left + 1) <= 100_000
        for row in range(top, bottom + 1)
        for column in range(left, right + 1)
    }


def _cells(table: Table, row: int, merged: Mapping[tuple[int, int], tuple[int, int, int, int]]) -> dict[Column, Cell]:
    """The cells of a row by meaning, read through merges.

    What is written into a merged cell would be one row's figure for all of them, so such a cell is as if it were not there.
    """
    cells: dict[Column, Cell] = {}
    for column, number in table.columns.items():
        top, left, bottom, right = merged.get((row, number), (row, number, row, number))
        if column in layout.WRITTEN and column is not Column.RESULT:
            if top == bottom and left == number:
                cells[column] = table.grid.cell(row, number)
        elif bottom > top and (column in _CARRIED or (left == right and column not in (Column.KEY_RESULT, Column.RESULT))):
            cells[column] = table.grid.cell(top, left)
        else:
            cells[column] = table.grid.cell(row, number)
    return cells


def _band(table: Table, row: int) -> str:
    """The text of a row that is one merged cell across the table: a group's name over its key results."""
    left, right = min(table.columns.values()), max(table.columns.values())
    for top, first, bottom, last in table.grid.merges:
        wide = first <= left + 1 and last - first >= max(2, (right - left) // 2)
        if wide and top <= row <= bottom and bottom - top < _BAND_ROWS:
            others = (table.grid.cell(row, column) for column in range(left, right + 1) if not first <= column <= last)
            if not any(text(cell) for cell in others):
                return text(table.grid.cell(top, first))
    return ""


def _is_key_result(cells: Mapping[Column, Cell]) -> bool:
    name = text(cells.get(Column.KEY_RESULT))
    if not name or layout.heading(name) is Column.KEY_RESULT:
        return False
    link = cells[Column.DATA_LINK]
    has_link = link.value is not None or link.formula or bool(link.targets)
    if not has_link and (layout.fold(name) in layout.SUBTOTALS or layout.fold(name).startswith(("subtotal", "小计"))):
        return False
    return has_link or any(cells[column].value is not None or cells[column].formula for column in (Column.TARGET, Column.RESULT))


def _key_result(table: Table, row: int, cells: Mapping[Column, Cell], sheet_period: Period | None, today: date) -> KeyResult:
    kr_id, name = _identified(text(cells[Column.KEY_RESULT]), text(cells.get(Column.KR_ID)), _KR_ID)
    kind = _kind(cells)
    measure = Kind.PERCENT if _in_percent(kind, cells) else kind
    own_period = period.parse(cells[Column.PERIOD].value, sheet_period) if Column.PERIOD in cells else None
    if own_period is None and not text(cells.get(Column.PERIOD)):
        own_period = sheet_period
    weight = number(cells[Column.WEIGHT], Kind.NUMBER) if Column.WEIGHT in cells else None
    return KeyResult(
        key="", group="", objective="", name=name, kr_id=kr_id,
        refs={column: CellRef(table.grid.sheet, row, table.columns[column]) for column in cells},
        cells=cells,
        source=_source(cells, own_period, today),
        kind=kind,
        start=number(cells[Column.START], measure) if Column.START in cells else None,
        target=number(cells[Column.TARGET], measure),
        result=number(cells[Column.RESULT], measure),
        weight=weight if weight is not None and weight >= 0 else Decimal(1),
        period=own_period,
        owner=text(cells.get(Column.OWNER)),
        aligned_to=text(cells.get(Column.ALIGNED_TO)),
        link_text=text(cells[Column.DATA_LINK]) or next(iter(cells[Column.DATA_LINK].targets), ""),
    )  # fmt: skip


def _identified(full: str, own: str, pattern: re.Pattern[str]) -> tuple[str, str]:
    """`KR1.1 More leads` -> (`KR1.1`, `More leads`); an id in its own column wins."""
    match = pattern.match(full)
    if match is None:
        return own, full
    return own or next(group for group in match.groups() if group).strip(), full[match.end() :].strip()


def _kind(cells: Mapping[Column, Cell]) -> Kind:
    told = layout.kind(text(cells[Column.TYPE])) if Column.TYPE in cells else None
    if told is not None:
        return told
    target = cells[Column.TARGET]
    said = text(target)
    if isinstance(target.value, bool) or (not said.isdecimal() and layout.yes_no(said) is not None):
        return Kind.YES_NO
    return Kind.PERCENT if _shows_percent(target) else Kind.NUMBER


def _shows_percent(cell: Cell) -> bool:
    return layout.is_percent(cell.number_format) or (isinstance(cell.value, str) and cell.value.strip().endswith(("%", "％")))


def _in_percent(kind: Kind, cells: Mapping[Column, Cell]) -> bool:
    return kind is Kind.PERCENT or (kind is not Kind.YES_NO and _shows_percent(cells[Column.TARGET]))


def in_percent(row: KeyResult) -> bool:
    """Whether start, target and result of the row are shares of 1: a percent row, or `at most 0.5 %`."""
    return _in_percent(row.kind, row.cells)


def _source(cells: Mapping[Column, Cell], own_period: Period | None, today: date) -> Link | LinkError | str:
    cell = cells[Column.DATA_LINK]
    try:
        if isinstance(cell.value, CellError) and not cell.targets:
            raise UnknownLink("The data link shows the error {code}.", code=cell.value.code, advice="Mend that cell.")
        if cell.formula and cell.value is None and not cell.targets:
            raise UnknownLink(
                "The data link is a formula whose result is not kept in the file.",
                advice="Open the workbook in a spreadsheet program, save it there, and run again.",
            )
        link = links.parse(text(cell), metric=text(cells.get(Column.METRIC)), targets=cell.targets)
        if link is None:
            return "manual"
        scheme, _, rest = link.url.partition(":")
        if scheme.casefold() == "manual":
            return "manual"
        if scheme.casefold() == "rollup":
            if rest.casefold() not in ROLLUPS:
                raise UnknownLink(
                    "A roll-up is one of rollup:sum, rollup:mean and rollup:progress, not {text}.", text=link.url,
                    advice="Write one of the three.",
                )  # fmt: skip
            return f"rollup:{rest.casefold()}"
        return links.fill_in(link, own_period, today)
    except LinkError as error:
        return error


def text(cell: Cell | None) -> str:
    """What a cell says, as text; blank for nothing and for an error value."""
    if cell is None or cell.value is None or isinstance(cell.value, CellError):
        return ""
    if isinstance(cell.value, float) and cell.value.is_integer():
        return str(int(cell.value))
    return str(cell.value).strip()


def number(cell: Cell, kind: Kind) -> Decimal | None:
    """A cell's figure in the row's own measure; None where it is blank or no number.

    In a percent row 0.35 formatted as a percentage and a plain 35 both are 0.35; in a yes/no row the words count.
    """
    value = cell.value
    if kind is Kind.YES_NO:
        if isinstance(value, bool):
            return Decimal(int(value))
        said = layout.yes_no(text(cell))
        if said is not None:
            return Decimal(int(said))
        return Decimal(int(value > 0)) if isinstance(value, float) else None
    if isinstance(value, bool) or not isinstance(value, float | int | str):
        return None
    if isinstance(value, str):
        try:
            parsed = values.parse_number(value)
        except values.NotANumber:
            return None
        if parsed is None:
            return None
        return parsed.value / 100 if kind is Kind.PERCENT and not parsed.percent else parsed.value
    try:
        plain = values.exact(value)
    except values.NotANumber:
        return None
    return plain / 100 if kind is Kind.PERCENT and not layout.is_percent(cell.number_format) else plain
