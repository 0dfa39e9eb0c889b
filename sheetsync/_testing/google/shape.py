"""A tab goes in; the same tab with rows or columns inserted, deleted, moved or sorted comes out, with all that hangs on them.

Row metadata hangs on the row itself. So it goes with it where rows are inserted, deleted or moved (documented, and two
transcripts), and with a sort of whole rows (one transcript); it stays where cells are cut and pasted (one transcript).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from sheetsync._testing.google import a1
from sheetsync._testing.google.a1 import Area, Block
from sheetsync._testing.google.document import Cell, Document, Tab
from sheetsync._testing.google.errors import bad
from sheetsync._testing.google.references import Reference, rewrite, shifted

Span: TypeAlias = tuple[int | None, int | None]
SpanMap: TypeAlias = Callable[[Span], Span | None]


def insert(document: Document, tab: Tab, dimension: str, at: int, count: int, *, before: bool = False) -> None:
    """`count` lines at `at`; `before` says whose height and format they take (`inheritFromBefore`)."""
    lines = tab.lines(dimension)
    if at > len(lines) or (before and at == 0):
        raise bad("inheritFromBefore cannot be used with startIndex 0" if before else "range.startIndex is outside the grid")
    model = at - 1 if before else at
    size = lines[model].size if 0 <= model < len(lines) else tab.blank(dimension).size
    formats = _formats(tab, dimension, model)

    def spans(span: Span) -> Span:
        start, end = span
        return (start + count if start is not None and start >= at else start), (
            end + count if end is not None and end > at else end
        )

    _columns_moved(tab, dimension, lambda column: column + count if column >= at else column)
    fresh = [tab.blank(dimension) for _ in range(count)]
    for line in fresh:
        line.size = size
    lines[at:at] = fresh
    for offset in range(count):
        for cross, cell in formats.items():
            row, column = (at + offset, cross) if dimension == "ROWS" else (cross, at + offset)
            tab.put(row, column, cell)
    _references(document, tab, dimension, spans)
    _held(document, tab, dimension, spans)


def delete(document: Document, tab: Tab, dimension: str, start: int, end: int) -> None:
    """Lines `start` to `end` (exclusive), with their cells and their metadata, for good."""
    lines = tab.lines(dimension)
    end = min(end, len(lines))
    if not 0 <= start < end:
        raise bad(f"Cannot delete a {dimension[:-1].lower()} that doesn't exist. Tried to delete {start} to {end}")
    if start == 0 and end == len(lines):
        raise bad(f"You can't delete all the {dimension.lower()} on the sheet.")
    gone = end - start

    def position(index: int) -> int:
        return index if index <= start else max(start, index - gone)

    def spans(span: Span) -> Span | None:
        first, last = span
        new = (None if first is None else position(first)), (None if last is None else position(last))
        return None if new[1] is not None and (new[0] or 0) >= new[1] else new

    _columns_moved(tab, dimension, lambda column: None if start <= column < end else position(column))
    del lines[start:end]
    _references(document, tab, dimension, spans)
    _held(document, tab, dimension, spans)


def move(document: Document, tab: Tab, dimension: str, start: int, end: int, to: int) -> None:
    """Lines `start` to `end` to before the line that was `to`: an index from before the move (documented)."""
    lines = tab.lines(dimension)
    if not 0 <= start < end <= len(lines) or not 0 <= to <= len(lines):
        raise bad("range is outside the grid")
    if start <= to <= end:
        return
    order = [index for index in range(len(lines)) if not start <= index < end]
    at = to if to < start else to - (end - start)
    order[at:at] = range(start, end)
    where = {old: new for new, old in enumerate(order)}

    def spans(span: Span) -> Span | None:
        first, last = span
        if first is not None and last is not None and start <= first and last <= end:
            distance = where[start] - start
            return first + distance, last + distance
        taken = 0 if first is None else _after_delete(first, start, end)
        ending = None if last is None else _after_delete(last, start, end)
        if first is not None and taken >= at:
            taken += end - start
        if ending is not None and ending > at:
            ending += end - start
        return (None if first is None else taken), ending

    _columns_moved(tab, dimension, where.__getitem__)
    lines[:] = [lines[old] for old in order]
    _references(document, tab, dimension, spans)
    _held(document, tab, dimension, spans)


def _after_delete(index: int, start: int, end: int) -> int:
    return index if index <= start else max(start, index - (end - start))


def sort(tab: Tab, block: Block, keys: Sequence[Callable[[int], Any]], *, anchors: bool) -> None:
    """The rows of a block, by keys that are given a row each, the first key first. Equal rows stay in order.

    A key's tuple starts with a number that says what sorts last in either order. Only cells inside the block move; `anchors` says
    whether the rows' metadata goes along.
    """
    order = list(range(block.top, block.bottom))
    for key in reversed(keys):
        order.sort(key=key)
    taken = {row: {c: cell for c, cell in tab.rows[row].cells.items() if block.left <= c < block.right} for row in order}
    hanging = {row: tab.rows[row].anchors for row in order}
    for new, old in zip(range(block.top, block.bottom), order, strict=True):
        line = tab.rows[new]
        line.cells = {column: cell for column, cell in line.cells.items() if not block.left <= column < block.right}
        line.cells |= {column: copied(cell, new - old, 0) for column, cell in taken[old].items()}
        if anchors:
            line.anchors = hanging[old]


def copied(cell: Cell, rows: int, columns: int) -> Cell:
    """A cell as it is after it was copied that far: the references of a formula move along."""
    formula = cell.get("userEnteredValue", {}).get("formulaValue")
    if formula is None or not (rows or columns):
        return cell
    new = shifted(formula, rows, columns)
    return cell if new == formula else {**cell, "userEnteredValue": {"formulaValue": new}}


def relocated(document: Document, source: Tab, block: Block, target: Tab, top: int, left: int) -> None:
    """After a cut and paste: references to the cut cells, and ranges wholly inside them, follow to the new place."""
    down, right = top - block.top, left - block.left

    def follow(area: Area) -> Area | None:
        inside = area.within(len(source.rows), len(source.columns))
        whole = (block.top <= inside.top and inside.bottom <= block.bottom) and (
            block.left <= inside.left and inside.right <= block.right
        )
        if not whole or not area.bounded:
            return None
        return Area(inside.top + down, inside.bottom + down, inside.left + right, inside.right + right)

    for home, row, column, formula in list(document.formulas()):

        def visit(old: Reference, home: Tab = home) -> Reference:
            if (home if old.tab is None else document.titled(old.tab)) is not source:
                return old
            area = follow(old.area)
            if area is None:
                return old
            return old._replace(area=area, tab=old.tab if target is source else target.title)

        new = rewrite(formula, visit)
        if new != formula:
            home.put(row, column, {**home.cell(row, column), "userEnteredValue": {"formulaValue": new}})
    for key, named in document.names.items():
        if named["range"].get("sheetId", 0) == source.sheet_id:
            area = follow(a1.from_grid_range(named["range"]))
            if area is not None:
                document.names[key] = {**named, "range": a1.grid_range(target.sheet_id, area)}


def _formats(tab: Tab, dimension: str, model: int) -> dict[int, Cell]:
    if not 0 <= model < len(tab.lines(dimension)):
        return {}
    if dimension == "ROWS":
        found = tab.rows[model].cells
    else:
        found = {row: line.cells[model] for row, line in enumerate(tab.rows) if model in line.cells}
    kept = ("userEnteredFormat", "dataValidation")
    only = {at: {name: cell[name] for name in kept if name in cell} for at, cell in found.items()}
    return {at: cell for at, cell in only.items() if cell}


def _columns_moved(tab: Tab, dimension: str, where: Callable[[int], int | None]) -> None:
    """Cells go with their column; with their row they go by themselves."""
    if dimension == "ROWS":
        return
    for line in tab.rows:
        line.cells = {new: cell for column, cell in line.cells.items() if (new := where(column)) is not None}


def _references(document: Document, tab: Tab, dimension: str, spans: SpanMap) -> None:
    for home, row, column, formula in list(document.formulas()):

        def visit(old: Reference, home: Tab = home) -> Reference | None:
            if (home if old.tab is None else document.titled(old.tab)) is not tab:
                return old
            area = _spanned(old.area, dimension, spans)
            return None if area is None else old._replace(area=area)

        new = rewrite(formula, visit)
        if new != formula:
            home.put(row, column, {**home.cell(row, column), "userEnteredValue": {"formulaValue": new}})


def _spanned(area: Area, dimension: str, spans: SpanMap) -> Area | None:
    if dimension == "ROWS":
        span = spans((area.top, area.bottom))
        return None if span is None else area._replace(top=span[0], bottom=span[1])
    span = spans((area.left, area.right))
    return None if span is None else area._replace(left=span[0], right=span[1])


def _held(document: Document, tab: Tab, dimension: str, spans: SpanMap) -> None:
    """Everything that holds a range on the tab: merges, protections, rules, filter, tables, named ranges, groups."""

    def moved(grid_range: Mapping[str, Any]) -> dict[str, Any] | None:
        area = _spanned(a1.from_grid_range(grid_range), dimension, spans)
        return None if area is None else a1.grid_range(tab.sheet_id, area)

    def kept(holders: list[dict[str, Any]]) -> list[dict[str, Any]]:
        found = ((holder, moved(holder["range"]) if "range" in holder else {}) for holder in holders)
        return [holder | ({"range": new} if "range" in holder else {}) for holder, new in found if new is not None]

    areas = (_spanned(Area(*merge), dimension, spans) for merge in tab.merges)
    blocks = [Block(*(end or 0 for end in area)) for area in areas if area is not None]
    tab.merges = [block for block in blocks if block.height * block.width > 1]
    tab.protected = kept(tab.protected)
    tab.tables = kept(tab.tables)
    tab.filter = next(iter(kept([tab.filter] if tab.filter is not None else [])), None)
    rules = ({**rule, "ranges": [new for old in rule.get("ranges", []) if (new := moved(old)) is not None]} for rule in tab.rules)
    tab.rules = [rule for rule in rules if rule["ranges"]]
    for key, named in list(document.names.items()):
        if named["range"].get("sheetId", 0) == tab.sheet_id:
            new = moved(named["range"])
            if new is None:
                del document.names[key]
            else:
                document.names[key] = {**named, "range": new}
    spread = ((spans((start, end)), depth) for start, end, depth in tab.groups[dimension])
    tab.groups[dimension] = [(span[0] or 0, span[1] or 0, depth) for span, depth in spread if span is not None]
