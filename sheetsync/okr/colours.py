"""Grids go in, the colour rules of their progress cells come out: one for each status, following the words in Status.

For workbooks that keep colours by rules. A table without a Status column gets none: nothing else in the sheet says how a row
stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sheetsync.model import ColourRule, Column, Grid
from sheetsync.okr import layout
from sheetsync.okr.progress import COLOURS
from sheetsync.okr.scan import Table, find_tables


def rules(grids: Sequence[Grid]) -> list[ColourRule]:
    """Raises LayoutError."""
    tables = find_tables(grids)
    return [
        rule
        for table, following in zip(tables, [*tables[1:], None], strict=True)
        for rule in _of(table, following if following and following.grid.sheet == table.grid.sheet else None)
    ]


def _of(table: Table, following: Table | None) -> Iterator[ColourRule]:
    progress, status = table.columns.get(Column.PROGRESS), table.columns.get(Column.STATUS)
    if progress is None or status is None:
        return
    for state, fill in COLOURS.items():
        yield ColourRule(
            table.grid.sheet, progress, status, table.row + 1, following.row - 1 if following else None, table.last,
            layout.STATUSES[state], fill,
        )  # fmt: skip
