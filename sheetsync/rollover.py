"""Key results and the next period go in; the edits that make a fresh plan of them, and the grades of the old one, come out.

The edits are for a copy: the old workbook is never changed. What people wrote stays (names, targets, links, decoration); what was
measured goes (result, progress, status, sync, as of), and links keep their placeholders, which then mean the new period.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from sheetsync import tabular
from sheetsync.model import NO_FILL, CellEdit, CellRef, Column, Grid, KeyResult, Kind, Period
from sheetsync.okr import layout, period, scan
from sheetsync.okr.progress import COLOURS, Bands, progress, status
from sheetsync.okr.rollup import within
from sheetsync.texts import Sentence, sentence

_MEASURED: Final = (Column.RESULT, Column.PROGRESS, Column.STATUS, Column.SYNC, Column.AS_OF)
GRADES: Final = (
    "sheet", "cell", "group", "objective", "key_result", "owner", "period", "start", "target", "result", "progress", "status",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rollover:
    """What to write into the copy, which rows begin anew, and what is left for a person to do there.

    `renames`  old name -> new name of the sheets that are named after their period; the edits name them as they were
    """

    edits: tuple[CellEdit, ...]
    rows: tuple[KeyResult, ...]
    left: tuple[Sentence, ...]
    renames: Mapping[str, str]


def plan(grids: Sequence[Grid], rows: Sequence[KeyResult], to: Period, *, carry_starts: bool = False) -> Rollover:
    """The edits for the copy. Rows whose own period goes on, such as a year's in its next quarter, are left alone.

    `carry_starts` makes the last result the new start, where both are numbers in cells of their own.
    """
    shared = {grid.sheet: _shared(grid) for grid in grids}
    edits: dict[CellRef, CellEdit] = {}
    fresh = [row for row in rows if row.period is None or not within(to, row.period)]
    rename: dict[str, None] = {}
    stuck: dict[str, None] = {}
    for row in fresh:
        for edit in _reset(row):
            if (edit.ref.row, edit.ref.column) not in shared[edit.ref.sheet]:
                edits[edit.ref] = edit
        start = _new_start(row) if carry_starts else None
        if start is not None and (start.ref.row, start.ref.column) not in shared[start.ref.sheet]:
            edits[start.ref] = start
        if period.parse(row.ref.sheet) is not None:
            rename[row.ref.sheet] = None
        cell = row.cells.get(Column.PERIOD)
        if cell is not None and cell.value is not None:
            ref = row.refs[Column.PERIOD]
            top, left = shared[ref.sheet].get((ref.row, ref.column), (ref.row, ref.column))
            if cell.formula or cell.locked:
                stuck[f"{ref.sheet}!{ref.a1}"] = None
            else:
                place = CellRef(ref.sheet, top, left)
                edits[place] = CellEdit(place, to.label)
    carried = _carried_periods(grids, fresh, to)
    edits.update(carried)
    said = [sentence("Write the period into {cell}: it is a formula or locked.", cell=cell) for cell in stuck]
    return Rollover(tuple(edits.values()), tuple(fresh), tuple(said), dict.fromkeys(rename, to.label))


def to_rename(sheet: str, period: str) -> Sentence:
    """What is left to do where a sheet could not be renamed."""
    return sentence("Rename the sheet {sheet} to {period}: its name tells the period.", sheet=sheet, period=period)


def under_new_names(edits: Sequence[CellEdit], names: Mapping[str, str]) -> list[CellEdit]:
    """The same edits for the renamed sheets."""
    return [replace(edit, ref=replace(edit.ref, sheet=names.get(edit.ref.sheet, edit.ref.sheet))) for edit in edits]


def _shared(grid: Grid) -> dict[tuple[int, int], tuple[int, int]]:
    """Each cell of a merged range -> its first cell, which alone may be written."""
    return {
        (row, column): (top, left)
        for top, left, bottom, right in grid.merges
        if (bottom - top + 1) * (right - left + 1) <= 100_000
        for row in range(top, bottom + 1)
        for column in range(left, right + 1)
    }


def _carried_periods(grids: Sequence[Grid], fresh: Sequence[KeyResult], to: Period) -> dict[CellRef, CellEdit]:
    """Period cells in rows of their own above the key results, which are filled once and left blank below."""
    columns = {(row.ref.sheet, row.refs[Column.PERIOD].column) for row in fresh if Column.PERIOD in row.refs}
    old = {row.period for row in fresh if row.period is not None}
    found = {}
    for grid in grids:
        for (row, column), cell in grid.cells.items():
            if (grid.sheet, column) in columns and not (cell.formula or cell.locked) and period.parse(cell.value) in old:
                ref = CellRef(grid.sheet, row, column)
                found[ref] = CellEdit(ref, to.label)
    return found


def _reset(row: KeyResult) -> list[CellEdit]:
    found = []
    for column in _MEASURED:
        cell = row.cells.get(column)
        if cell is None or cell.locked:
            continue
        value = "" if cell.value is not None and not cell.formula else None
        fill = NO_FILL if column is Column.PROGRESS and cell.fill in COLOURS.values() and not cell.conditional else None
        if value is not None or fill is not None:
            found.append(CellEdit(row.refs[column], value, fill))
    return found


def _new_start(row: KeyResult) -> CellEdit | None:
    """The last result as it is to stand in the Start cell."""
    cell = row.cells.get(Column.START)
    if cell is None or cell.formula or cell.locked or row.result is None or row.kind is Kind.YES_NO:
        return None
    shown = layout.is_percent(cell.number_format)
    value = row.result * 100 if scan.in_percent(row) and not shown else row.result
    return CellEdit(row.refs[Column.START], Decimal(f"{value.normalize():f}"))  # 100, not 1E+2


# --- grades ------------------------------------------------------------------------------------------------------------


def grades(rows: Sequence[KeyResult], *, bands: Bands = "pace") -> list[dict[str, Any]]:
    """How each row stands at the end of its period: one entry of `GRADES` a row, null where nothing was measured."""
    return [_grade(row, bands) for row in rows]


def _grade(row: KeyResult, bands: Bands) -> dict[str, Any]:
    reached = progress(row.kind, row.start, row.target, row.result)
    judged = ""
    if not isinstance(reached, Decimal):
        judged = str(reached)
    elif row.period is not None:
        judged = str(status(reached, row.period, row.period.end + timedelta(days=1), bands=bands))
    figures: Mapping[str, Decimal | None] = {"start": row.start, "target": row.target, "result": row.result}
    return {
        "sheet": row.ref.sheet, "cell": row.ref.a1, "group": row.group,
        "objective": f"{row.objective_id} {row.objective}".strip(),
        "key_result": f"{row.kr_id} {row.name}".strip(), "owner": row.owner, "period": row.period.label if row.period else "",
        **{name: None if figure is None else float(figure) for name, figure in figures.items()},
        "progress": round(float(reached), 4) if isinstance(reached, Decimal) else None, "status": judged,
    }  # fmt: skip


def as_json(found: Sequence[Mapping[str, Any]]) -> bytes:
    return (json.dumps({"grades": list(found)}, ensure_ascii=False, indent=2) + "\n").encode()


def as_csv(found: Sequence[Mapping[str, Any]]) -> bytes:
    """A table with a heading row, in UTF-8 with the mark that Excel needs."""
    return tabular.as_csv(GRADES, found).encode("utf-8-sig")
