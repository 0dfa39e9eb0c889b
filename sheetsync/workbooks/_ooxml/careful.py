"""The UTF-8 text of a worksheet in any legal spelling goes in; where its rows and cells stand in the bytes comes out.

The careful one of the two scanners of scan.py: expat names every position. 10 times slower than the quick one.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator
from itertools import pairwise
from xml.parsers import expat  # a part with a document type declaration never comes this far

from sheetsync.errors import CannotEdit
from sheetsync.workbooks._ooxml.areas import LAST_COLUMN, LAST_ROW, column_number
from sheetsync.workbooks._ooxml.cells import Content, content_of
from sheetsync.workbooks._ooxml.markup import MAIN, attributes, damaged, prefix_of, tag_end
from sheetsync.workbooks._ooxml.scan import FILLED, Formula, Held, Line, Place, Row

_NUMBER = re.compile(r"[1-9][0-9]{0,6}")
_ADDRESS = re.compile(r"([A-Za-z]{1,3})([1-9][0-9]{0,6})")


class CarefulScan:
    """One pass of expat over the whole text. A missing address means the place after the one before (ECMA-376-1, 18.3.1.4)."""

    def __init__(self, text: bytes, part: str) -> None:
        """Raises CannotEdit where the text is not a well-formed worksheet."""
        self.text = text
        self._part = part
        found = _Pass(text, part)
        self.data, self.prefix = found.data, found.prefix
        self._rows, self._first, self._cells, self._unclear = found.rows, found.first, found.cells, found.unclear
        numbers = [row.number for row in self._rows]
        self._numbers = numbers
        self._ascending = all(a < b for a, b in pairwise(numbers))
        self._at: dict[int, int] = {}
        for at, number in enumerate(numbers):
            if number in self._at:
                self._unclear.add(number)
            self._at[number] = at

    def row(self, number: int) -> Row | None:
        if number in self._unclear:
            raise CannotEdit("Row {row} of the worksheet is damaged: its cells cannot be told apart.", row=number)
        at = self._at.get(number)
        return None if at is None else self._rows[at]

    def gap(self, number: int) -> int:
        if not self._ascending:
            raise CannotEdit("The rows of the worksheet stand out of order, so row {row} cannot be added.", row=number)
        at = bisect_right(self._numbers, number)
        return self._rows[at].start if at < len(self._rows) else self.data[2]

    def _places(self, at: int) -> list[Place]:
        flat = self._cells[3 * self._first[at] : 3 * self._first[at + 1]]
        return [Place(*flat[i : i + 3]) for i in range(0, len(flat), 3)]

    def find(self, number: int, column: int) -> int:
        place = self._place(number, column)
        return -1 if place is None else place.start

    def held(self, number: int, column: int) -> Held | None:
        place = self._place(number, column)
        if place is None:
            return None
        return place.start, place.end, content_of(self.text[place.start : place.end])

    def _place(self, number: int, column: int) -> Place | None:
        if self.row(number) is None:
            return None
        found = [place for place in self._places(self._at[number]) if place.column == column]
        if len(found) > 1:
            raise CannotEdit("Row {row} of the worksheet is damaged: its cells cannot be told apart.", row=number)
        return found[0] if found else None

    def figures(self, keys: Iterable[tuple[int, int]]) -> Iterator[None]:
        return (None for _ in keys)

    def again(self, text: bytes) -> CarefulScan:
        return CarefulScan(text, self._part)

    def cells(self, row: Row) -> list[Place]:
        places = self._places(self._at[row.number])
        if any(a.column >= b.column for a, b in pairwise(places)):
            raise CannotEdit("The cells of row {row} stand out of order, so none can be added.", row=row.number)
        return places

    def rows(self) -> Iterator[Row]:
        return iter(self._rows)

    def lines(self, last_row: int, columns: Collection[int] | None) -> Iterator[Line]:
        wanted = None if columns is None else frozenset(columns)
        for number, cells in self._read(last_row, wanted):
            yield number, (), [(column, c.style, c.kind, c.value, c.formula) for column, c in cells]

    def _read(self, last_row: int, wanted: frozenset[int] | None) -> Iterator[tuple[int, list[tuple[int, Content]]]]:
        for at, row in enumerate(self._rows):
            if row.number <= last_row:
                places = [place for place in self._places(at) if wanted is None or place.column in wanted]
                yield row.number, [(place.column, content_of(self.text[place.start : place.end])) for place in places]

    def formulas(self) -> Iterator[Formula]:
        for number, cells in self._read(LAST_ROW, None):
            for column, content in cells:
                if content.formula is not None:
                    yield Formula(number, column, attributes(content.formula_tag), content.formula)

    def beyond(self, last_row: int) -> bool:
        return any(FILLED.search(self.text, row.start, row.end) for row in self._rows if row.number > last_row)


class _Pass:
    """The handlers of the one pass, and what they found.

    `cells`   column, start and end of every cell, one behind the other
    `first`   per row, and once more at the end, how many cells stand before it
    `unclear` the numbers of rows with an address that contradicts its place
    """

    def __init__(self, text: bytes, part: str) -> None:
        self.rows: list[Row] = []
        self.first = array("Q", [0])
        self.cells = array("Q")
        self.unclear: set[int] = set()
        self.data = (-1, -1, -1, -1)
        self.prefix = b""
        self._text = text
        self._part = part
        self._depth = 0
        self._space = ""
        self._inside = 0  # 1 in the element that holds the rows, 2 in a row, 3 in a cell
        self._open: list[tuple[int, int]] = []
        self._number = self._column = 0
        self._parser = expat.ParserCreate("utf-8", " ")
        self._parser.StartElementHandler = self._started
        self._parser.EndElementHandler = self._ended
        try:
            self._parser.Parse(text, True)
        except expat.ExpatError as error:
            raise damaged(part) from error
        finally:
            # the parser holds this object and the other way round; nobody has to wait for the collector
            self._parser.StartElementHandler = self._parser.EndElementHandler = None
        if self.data[0] < 0:
            raise damaged(part)

    def _started(self, name: str, given: dict[str, str]) -> None:
        self._depth += 1
        if self._depth == 1:
            self._space = name.rpartition(" ")[0]
            if self._space not in MAIN or name.rpartition(" ")[2] != "worksheet":
                raise damaged(self._part)
        elif self._depth == self._inside + 2 <= 4 and name == f"{self._space} {('sheetData', 'row', 'c')[self._inside]}":
            start = self._parser.CurrentByteIndex
            self._open.append((start, tag_end(self._text, start)))
            self._inside += 1
            if self._inside == 2:
                self._row(given.get("r"))
            elif self._inside == 3:
                self._cell(given.get("r"))

    def _row(self, address: str | None) -> None:
        if address is None:
            self._number += 1
        elif _NUMBER.fullmatch(address) and int(address) <= LAST_ROW:
            self._number = int(address)
        else:
            self._number += 1
            self.unclear.add(self._number)
        self._column = 0

    def _cell(self, address: str | None) -> None:
        match = _ADDRESS.fullmatch(address) if address is not None else None
        self._column += 1
        if match is not None and column_number(match[1]) <= LAST_COLUMN:
            self._column = column_number(match[1])
        if address is not None and (match is None or int(match[2]) != self._number):
            self.unclear.add(self._number)

    def _ended(self, _: str) -> None:
        if self._depth == self._inside + 1 and self._inside:
            start, inner = self._open.pop()
            empty = self._text[inner - 2 : inner] == b"/>"
            close = inner if empty else self._parser.CurrentByteIndex
            end = inner if empty else self._text.index(b">", close) + 1
            if self._inside == 3:
                self.cells.extend((self._column, start, end))
            elif self._inside == 2:
                self.rows.append(Row(self._number, start, inner, end))
                self.first.append(len(self.cells) // 3)
            else:
                self.data = start, inner, close, end
                self.prefix = prefix_of(self._text[start:inner])
            self._inside -= 1
        self._depth -= 1
