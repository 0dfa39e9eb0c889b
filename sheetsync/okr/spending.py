"""Key results go in; for those whose Budget names another row, the row that measures what was spent comes out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sheetsync.model import Column, KeyResult, Kind
from sheetsync.okr import scan
from sheetsync.okr.layout import fold


def measured_by(rows: Sequence[KeyResult]) -> Mapping[str, KeyResult]:
    """Row key -> the one row of its period whose id or name stands in its Budget. Two that are called so are none."""
    by_name: dict[str, list[KeyResult]] = defaultdict(list)
    for row in rows:
        for name in {fold(row.kr_id), fold(row.name), fold(f"{row.kr_id} {row.name}")} - {""}:
            by_name[name].append(row)
    found = {}
    for row in rows:
        cell = row.cells.get(Column.BUDGET)
        if cell is None or not isinstance(cell.value, str) or scan.number(cell, Kind.NUMBER) is not None:
            continue
        fitting = [one for one in by_name.get(fold(cell.value), ()) if one.key != row.key and one.period == row.period]
        if len(fitting) == 1 and fitting[0].kind is Kind.NUMBER:
            found[row.key] = fitting[0]
    return found
