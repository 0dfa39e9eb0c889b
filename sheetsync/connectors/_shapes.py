"""A sheet of cells, a list in a JSON document or the records of a query go in, a `Table` comes out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final, NoReturn

from sheetsync.connectors._cells import Table, as_date, as_number, fold, missing, names_of, text_of
from sheetsync.connectors._excel import MAX_CELLS, MAX_COLUMNS, MAX_ROWS
from sheetsync.connectors._grammar import Path, cell_text, path_text
from sheetsync.errors import Incomplete, NoSuchMetric, NotFound, NotReady, UnexpectedReply

_TOTALS: Final = frozenset({"total", "totals", "grand total", "sum", "subtotal", "合计", "总计", "小计", "总和"})
_YEAR: Final = re.compile(r"(19|20)[0-9]{2}")


def too_large() -> NoReturn:
    """Raises Incomplete: a part of a table is never taken for the whole."""
    raise Incomplete(
        "The table is larger than the {rows} rows, {columns} columns and {cells} cells that are read.", rows=MAX_ROWS,
        columns=MAX_COLUMNS, cells=MAX_CELLS, advice="Link to a smaller export.",
    )  # fmt: skip


def table_of(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """A table of records that are all of one length. Raises Incomplete where it is too large."""
    records = list(rows)
    if len(records) > MAX_ROWS or len(headings) > MAX_COLUMNS or len(records) * len(headings) > MAX_CELLS:
        too_large()
    columns = tuple(zip(*records, strict=True)) if records else tuple(() for _ in headings)
    return Table(tuple(headings), columns, range(1, len(records) + 1))


def headed(grid: list[list[object]]) -> Table:
    """The table on a worksheet: headings in the first row with two filled cells (in the first filled one of a single column)."""
    filled = [[place for place, cell in enumerate(line) if not missing(cell)] for line in grid]
    used = {place for line in filled for place in line}
    top = next((number for number, line in enumerate(filled) if len(line) >= min(2, len(used))), None)
    if top is None or not used:
        raise NotReady("There is no table in this file yet.", advice="Put headings into its first row.")
    headings = grid[top]
    _refuse_numbers_as_headings([headings[place] for place in filled[top]], top + 1, single=len(grid) == 1 == len(used))
    for number, line in enumerate(filled):
        stray = set(line) - set(filled[top])
        if stray and number > top:
            raise UnexpectedReply(
                "The cell {cell} holds a value under no heading.", cell=cell_text(number + 1, min(stray) + 1),
                advice="Give its column a heading; where a separator inside a value moved the row, export the file with quotes.",
            )  # fmt: skip
    rows = [number for number in range(top + 1, len(grid)) if filled[number]]
    if len(rows) > MAX_ROWS or len(used) > MAX_COLUMNS:
        too_large()
    total = None
    if len(rows) > 1:
        first = grid[rows[-1]][filled[rows[-1]][0]]
        if isinstance(first, str) and (fold(first).rstrip(":：") in _TOTALS or fold(first).startswith(("total:", "合计:"))):
            total = len(rows) - 1
    return Table(
        tuple(text_of(headings[place]) for place in filled[top]),
        tuple([grid[number][place] for number in rows] for place in filled[top]),
        [number + 1 for number in rows],
        total,
    )


def _refuse_numbers_as_headings(headings: list[object], row: int, *, single: bool) -> None:
    """A table without headings would lose its first row. Years, and dates beside a word, are headings that occur."""
    numbers = [cell for cell in headings if as_number(cell) is not None and not _YEAR.fullmatch(text_of(cell))]
    dates = [cell for cell in headings if as_date(cell) is not None]
    if not single and (numbers or len(dates) == len(headings)):
        raise UnexpectedReply(
            "Row {row} holds numbers where the headings are due.", row=row, advice="Give the table one heading for each column."
        )


def listed(document: Any, item: Path | None) -> Table:
    """A list in a JSON document as a table. Objects inside objects become columns such as `owner.country`."""
    found = walk(document, item or ())
    if not isinstance(found, list):
        raise NoSuchMetric(
            "{place} is no list in this document.", place=path_text(item or ()),
            advice="Write item=$.name for the list to count in, or select=$.name for one figure.",
        )  # fmt: skip
    if len(found) > MAX_ROWS:
        too_large()
    if not any(isinstance(entry, dict) for entry in found):
        return table_of(["value"], [(entry,) for entry in found])
    if not all(isinstance(entry, dict) for entry in found):
        raise UnexpectedReply("The list {place} mixes objects with other things.", place=path_text(item or ()))
    records = [dict(_flat(entry)) for entry in found]
    headings = list(dict.fromkeys(name for record in records for name in record))
    return table_of(headings, ([record.get(name) for name in headings] for record in records))


def _flat(entry: dict[str, Any], before: str = "") -> Iterable[tuple[str, object]]:
    for name, value in entry.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield before + name, value


def walk(document: Any, path: Path) -> Any:
    here = document
    for place, step in enumerate(path):
        try:
            if (isinstance(step, str) and isinstance(here, dict)) or (isinstance(step, int) and isinstance(here, list)):
                here = here[step]  # type: ignore[index]  # the line above pairs names with objects and places with lists
            else:
                raise KeyError(step)
        except (KeyError, IndexError):
            raise NotFound(
                "The document has nothing at {place}.", place=names_of([path_text(path[: place + 1])]),
                advice="Check the path against the document; the service may have changed it.",
            ) from None  # fmt: skip
    return here
