"""Formula texts as a workbook's file holds them go in; their link addresses, moved copies and dependents come out.

A formula's text has no "=" in front, English function names, commas between arguments and references such as A1.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate

from sheetsync.errors import CannotEdit
from sheetsync.model import column_letters
from sheetsync.workbooks._ooxml.precedents import (
    ANY,
    CELL,
    COLUMNS,
    IN_CELL,
    IN_NAME,
    LAST_COLUMN,
    LAST_ROW,
    RANGE,
    ROWS,
    TEXT,
    VOLATILE,
    WORD,
    Area,
    Book,
    Reach,
    ordinal,
)

_LITERALS = re.compile(rf"\s*+({TEXT}(?:\s*+&\s*+{TEXT})*+)\s*+[,)]")
_LITERAL = re.compile(TEXT)
_FEW = 64
_SEARCHED = 5_000


def hyperlink_targets(formula: str) -> tuple[str, ...]:
    """The addresses of all HYPERLINK("address" …) in a formula, without repeats and in their order.

    Texts joined by & are one address. An address that is computed from anything else, or that names a place in the workbook
    itself (#Sheet!A1), is left out.
    """
    if "HYPERLINK" not in formula.upper():
        return ()
    calls = (
        match.end() for match in IN_CELL.finditer(formula) if match.lastindex == WORD and match[WORD].upper() == "HYPERLINK("
    )
    arguments = (_LITERALS.match(formula, end) for end in calls)
    found = [
        "".join(text[1:-1].replace('""', '"') for text in _LITERAL.findall(argument[1])) for argument in arguments if argument
    ]
    return tuple(dict.fromkeys(target for target in found if target and not target.startswith("#")))


# --- moving ---------------------------------------------------------------------------------------------------------------


def translate(formula: str, rows: int, columns: int) -> str:
    """The formula as it reads `rows` further down and `columns` further right: relative references move, absolute ones stay.

    Raises CannotEdit where a reference would leave the worksheet.
    """

    def moved(match: re.Match[str]) -> str:
        kind = match.lastindex
        if kind not in (CELL, RANGE, COLUMNS, ROWS):
            return match[0]
        parts = [(group, match[group]) for group in range(2, kind + 1) if match[group]]
        if not all(_exists(text.lstrip("$")) for _, text in parts):
            return match[0]  # XFE1 and A0 are no cells but names
        out, done = [], match.start()
        for group, text in parts:
            out += [formula[done : match.start(group)], text if text[0] == "$" else _shifted(text, rows, columns)]
            done = match.end(group)
        return "".join(out) + formula[done : match.end()]

    return IN_NAME.sub(moved, formula) if rows or columns else formula


def _exists(part: str) -> bool:
    return 0 < ordinal(part) <= (LAST_ROW if part.isdecimal() else LAST_COLUMN)


def _shifted(part: str, rows: int, columns: int) -> str:
    is_row = part.isdecimal()
    number = ordinal(part) + (rows if is_row else columns)
    if not 0 < number <= (LAST_ROW if is_row else LAST_COLUMN):
        raise CannotEdit(
            "A formula that several cells share cannot be kept: moved to the next cell, it points outside the worksheet.",
            advice="Write that formula into each of its cells anew in Excel, then run again.",
        )
    return str(number) if is_row else column_letters(number)


def dependents(
    formulas: Iterable[tuple[str, int, int, str]],
    names: Mapping[str, str],
    tables: Mapping[str, tuple[str, tuple[int, int, int, int]]],
    changed: Collection[tuple[str, int, int]],
) -> set[tuple[str, int, int]]:
    """Which formula cells may show something else once the changed cells do, directly or through other formulas.

    `formulas` worksheet, row, column and text without "="; of an array formula and of a what-if table every cell that it fills
    `names`    defined names and their texts; one of a worksheet only as "Sheet!name", where it stands before the workbook's own
    `tables`   name -> worksheet and (first row, first column, last row, last column), headings and totals included
    `changed`  worksheet, row, column

    The answer is meant never to be too small. It is too large where a reference is computed (INDIRECT, OFFSET, A1:INDEX(…)) or
    spans worksheets, and where it names a column of a table, which stands for all of the table. Functions that change by
    themselves (NOW, RAND, CELL …) count as reading everything, references to other workbooks as reading nothing.
    """
    cells = list(formulas)
    if not cells or not changed:
        return set()
    book = Book(names, tables, [*(cell[0] for cell in cells), *(cell[0] for cell in changed)])
    start = {(book.sheets[title.casefold()], row, column) for title, row, column in changed}
    found = _from_few(book, cells, start) if len(start) <= _FEW else None
    if found is None:
        found = _from_all(book, cells, start)
    return {cells[index][:3] for index in found}


# --- the search -----------------------------------------------------------------------------------------------------------


def _from_few(book: Book, cells: list[tuple[str, int, int, str]], start: set[tuple[int, int, int]]) -> set[int] | None:
    """The answer for few changed cells, by looking for their addresses in the texts. None where that does not pay."""
    words = [*book.names, *book.tables, *(f"{name}(" for name in VOLATILE), "get.", ":", "["]
    if len(words) > 2 * _FEW:
        return None
    texts = [text.casefold().replace("$", "") for *_, text in cells]
    joined = "\n".join(texts)
    ends = list(accumulate(len(text) + 1 for text in texts))
    reaches: dict[int, Reach] = {}

    def parse(word: str) -> None:
        at = joined.find(word)
        while at >= 0:
            index = bisect_right(ends, at)
            if index not in reaches:
                title, row, column, text = cells[index]
                reaches[index] = book.reach(text, book.sheets[title.casefold()], row, column)
            at = joined.find(word, ends[index])

    for word in words:
        parse(word)
    found: set[int] = set()
    seen, frontier = set(start), set(start)
    while frontier:
        if len(seen) > _FEW or (found and len(reaches) > _SEARCHED):
            return None
        for _, row, column in frontier:
            parse(f"{column_letters(column)}{row}".casefold())
        hit = {index for index, reach in reaches.items() if index not in found and _reads(reach, frontier)}
        if any(reaches[index].spills for index in hit):
            return None
        found |= hit
        frontier = {(book.sheets[cells[index][0].casefold()], *cells[index][1:3]) for index in hit} - seen
        seen |= frontier
    return found


def _reads(reach: Reach, cells: Iterable[tuple[int, int, int]]) -> bool:
    return reach.everything or any(
        top <= row <= bottom and left <= column <= right
        for sheet, row, column in cells
        for where, top, left, bottom, right in reach.areas
        if where in (sheet, ANY)
    )


def _from_all(book: Book, cells: list[tuple[str, int, int, str]], start: set[tuple[int, int, int]]) -> set[int]:
    """The answer by taking all formulas apart."""
    single: dict[tuple[int, int, int], list[int]] = {}
    blocks: dict[int, dict[Area, list[int]]] = {}
    waiting = list(start)
    found: set[int] = set()
    spilling: set[int] = set()
    places: list[tuple[int, int, int]] = []
    for index, (title, row, column, text) in enumerate(cells):
        sheet = book.sheets[title.casefold()]
        places.append((sheet, row, column))
        reach = book.reach(text, sheet, row, column)
        if reach.spills:
            spilling.add(index)
        if reach.everything:
            found.add(index)
            waiting.append((sheet, row, column))
            continue
        for area in reach.areas:
            if area[1] == area[3] and area[2] == area[4] and area[0] != ANY:
                single.setdefault(area[:3], []).append(index)
            else:
                blocks.setdefault(area[0], {}).setdefault(area, []).append(index)
    ranges = {sheet: _Ranges(areas) for sheet, areas in blocks.items()}
    corners: dict[int, tuple[int, int]] = {}
    seen = set(waiting)
    pending = [index for index in found if index in spilling]
    while waiting or pending:
        if waiting:
            sheet, row, column = place = waiting.pop()
            hits = single.pop(place, [])
            bottom, right = row, column
        else:
            # The block that a formula fills may grow into anything to its right and below.
            sheet, row, column = places[pending.pop()]
            top, left = corners.get(sheet, (LAST_ROW + 1, LAST_COLUMN + 1))
            if row >= top and column >= left:
                continue
            corners[sheet] = row, column = min(row, top), min(column, left)
            bottom, right = LAST_ROW, LAST_COLUMN
            inside = [at for at in single if at[0] == sheet and at[1] >= row and at[2] >= column]
            hits = [index for at in inside for index in single.pop(at)]
        for asked in (sheet, ANY):
            if asked in ranges:
                ranges[asked].take(row, column, bottom, right, hits)
        for index in hits:
            if index not in found:
                found.add(index)
                if index in spilling:
                    pending.append(index)
                if places[index] not in seen:
                    seen.add(places[index])
                    waiting.append(places[index])
    return found


@dataclass(slots=True)
class _Node:
    """A box around other boxes, or a range with the formulas that read it."""

    top: int
    left: int
    bottom: int
    right: int
    inner: list[_Node] | None
    readers: list[int]


class _Ranges:
    """The ranges of one worksheet that formulas read, as a tree of boxes: each range is handed out once."""

    def __init__(self, areas: Mapping[Area, list[int]]) -> None:
        nodes = [
            _Node(top, left, bottom, right, None, readers)
            for (_, top, left, bottom, right), readers in sorted(
                areas.items(), key=lambda item: (item[0][2], item[0][4], *item[0])
            )
        ]
        while len(nodes) > 1 or nodes[0].inner is None:
            nodes = [_box(nodes[at : at + 12]) for at in range(0, len(nodes), 12)]
        self._root = nodes[0]

    def take(self, top: int, left: int, bottom: int, right: int, into: list[int]) -> None:
        """Adds the readers of all ranges that meet this one, and forgets them."""
        self._take(self._root, (top, left, bottom, right), into)

    def _take(self, node: _Node, asked: tuple[int, int, int, int], into: list[int]) -> None:
        top, left, bottom, right = asked
        before = len(into)
        kept = []
        for inner in node.inner or ():
            if inner.top <= bottom and inner.bottom >= top and inner.left <= right and inner.right >= left:
                if inner.inner is None:
                    into += inner.readers
                    continue
                self._take(inner, asked, into)
                if not inner.inner:
                    continue
            kept.append(inner)
        if len(into) > before:
            box = _box(kept)
            node.top, node.left, node.bottom, node.right, node.inner = box.top, box.left, box.bottom, box.right, kept


def _box(nodes: list[_Node]) -> _Node:
    if not nodes:
        return _Node(1, 1, 0, 0, [], [])
    return _Node(
        min(node.top for node in nodes),
        min(node.left for node in nodes),
        max(node.bottom for node in nodes),
        max(node.right for node in nodes),
        nodes,
        [],
    )
