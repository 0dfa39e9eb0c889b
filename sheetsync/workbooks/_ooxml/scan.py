"""The UTF-8 text of a worksheet goes in; where its rows and cells stand in the bytes, and what they say, come out.

Two scanners with one door, which must agree in every byte:

    QuickScan   searches the bytes. Legal because it first makes sure that the text holds no comment, no CDATA section, no
                processing instruction and no other namespace among the rows: then every < begins a tag, and `<c r="` begins a
                cell. Whatever it has not been made for raises Odd
    CarefulScan asks expat for every position: prefixes, cells without address, any quoting, any order (careful.py)
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol, TypeAlias

from sheetsync.model import column_letters
from sheetsync.workbooks._ooxml.areas import LAST_COLUMN, LAST_ROW, column_number
from sheetsync.workbooks._ooxml.cells import Content, content_at, content_of
from sheetsync.workbooks._ooxml.markup import MAIN, attributes, tag_end, unescape


class Odd(Exception):
    """The text is spelled in a way that the quick scanner has not been made for; never leaves this package."""


class Row(NamedTuple):
    """[start, inner) is the opening tag, `end` the end of the element; of an empty row they are equal."""

    number: int
    start: int
    inner: int
    end: int


class Place(NamedTuple):
    """Where a cell stands."""

    column: int
    start: int
    end: int


Held: TypeAlias = tuple[int, int, Content]
"""Start and end of a cell, and what it says."""
Figure: TypeAlias = tuple[int, int, bytes, bytes | None, bytes | None]
"""A cell in the plainest spelling, with a number or nothing in it: start, end, how it begins up to the quote behind its address,
the digits of its style and those of its number, None for what is not there."""
Seen: TypeAlias = tuple[int, int, str, str | None, str | None]
"""A cell as reading needs it: column, style, kind, value and formula as in cells.Content."""
Spelled: TypeAlias = tuple[bytes, bytes, bytes, bytes, bytes, bytes, bytes]
"""A cell of the usual spelling as it stands in the text: letters and digits of its address, the attributes behind that, the whole
`<f>`, the text of `<v>`, that of `<is>`, and something where it is not spelled so; what is not there is empty.

A plain tuple, because a million of them are made.
"""
Line: TypeAlias = tuple[int, Sequence[Spelled], Sequence[Seen]]
"""A row's number, its cells from a scanner that leaves them to be read, and those from one that has read them."""


class Formula(NamedTuple):
    """A cell with a formula; `attributes` of its `<f>`, `text` as written."""

    row: int
    column: int
    attributes: dict[str, str]
    text: str


class Scan(Protocol):
    """The rows and cells of one worksheet's text."""

    text: bytes
    prefix: bytes
    """Of the element that holds the rows: `x:`, or empty."""
    data: tuple[int, int, int, int]
    """Start, inner, close and end of that element; the last three are equal when it is empty."""

    def row(self, number: int) -> Row | None:
        """Raises CannotEdit where two rows claim the number or its cells cannot be told apart."""

    def gap(self, number: int) -> int:
        """Where a missing row belongs. Raises CannotEdit where the rows stand out of order."""

    def find(self, number: int, column: int) -> int:
        """Where the cell begins; -1 where there is none. Raises CannotEdit as `row` does."""

    def held(self, number: int, column: int) -> Held | None:
        """The cell and what it says; None where there is none. Raises CannotEdit as `row` does."""

    def figures(self, keys: Iterable[tuple[int, int]]) -> Iterator[Figure | None]:
        """For each of these cells what `held` says in fewer words; None where only `held` can tell."""

    def again(self, text: bytes) -> Scan:
        """A scan of a text that differs from this one in places that are known to be well spelled."""

    def cells(self, row: Row) -> list[Place]:
        """All cells of the row in the order of columns. Raises CannotEdit where they stand in another order."""

    def rows(self) -> Iterator[Row]:
        """As they stand."""

    def lines(self, last_row: int, columns: Collection[int] | None) -> Iterator[Line]:
        """The rows up to this one, as they stand, with their cells in these columns; None means all."""

    def formulas(self) -> Iterator[Formula]: ...

    def beyond(self, last_row: int) -> bool:
        """Whether a cell with a value or a formula stands below there."""


_ROW = re.compile(rb'<row(?: r="([1-9][0-9]{0,6})")?')
_CELL_AT = re.compile(rb'<c r="([A-Z]{1,3})([1-9][0-9]*)"')
_MISADDRESSED = re.compile(rb'<c(?! r="[A-Z]{1,3}[1-9][0-9]{0,6}")')
_FIGURE = re.compile(rb'(?: s="([0-9]{1,7})")?(?:/>|><v>([-+.0-9Ee]{1,32})</v></c>)')
_FORMULA = re.compile(
    rb'<c r="([A-Z]{1,3})([1-9][0-9]*)"(?: [a-z]+="[^"<>]*")*><f((?: [A-Za-z0-9:]+="[^"<>]*")*)(?:/>|>([^<]*)</f>)'
)
_ROOT = re.compile(rb"(?:<\?xml[^<>]*\?>)?\s*(<worksheet\s[^<>]*>)")
FILLED = re.compile(rb"<(?:[\w.-]+:)?(?:v|f|is)[\s/>]")


class QuickScan:
    """For texts as Excel, LibreOffice, Google and the usual libraries write them. Raises Odd for all others."""

    prefix = b""

    def __init__(self, text: bytes, *, checked: bool = False) -> None:
        """`checked` leaves out the search for odd spellings, which takes most of the time."""
        self.text = text
        self._letters: dict[int, bytes] = {}
        self._addressed = (-1, -1)
        if checked:
            pass
        # a look for one byte costs a tenth of that for two, and behind the declaration most texts have none of these
        elif _holds(text, b"!", b"<!", 0) or _holds(text, b"?", b"<?", _declaration_end(text)):
            raise Odd
        start = text.find(b"<sheetData")
        if start < 0 or text[start + 10 : start + 11] not in {b">", b"/", b" "}:
            raise Odd
        inner = tag_end(text, start)
        close = inner if text[inner - 2 : inner] == b"/>" else text.rfind(b"</sheetData>", inner)
        if close < 0:
            raise Odd
        self.data = start, inner, close, inner if close == inner and text[inner - 2 : inner] == b"/>" else close + 12
        if not checked and (_holds(text, b"l", b"xmlns", inner, close) or not _plain_root(text, start)):
            raise Odd
        self._starts, self._numbers = array("Q"), array("L")
        last = 0
        for match in _ROW.finditer(text, inner, close):
            number = int(match[1] or 0)
            if not last < number <= LAST_ROW:
                raise Odd
            self._starts.append(match.start())
            self._numbers.append(number)
            last = number
        self._starts.append(close)

    def again(self, text: bytes) -> QuickScan:
        return QuickScan(text, checked=True)

    def row(self, number: int) -> Row | None:
        at = bisect_left(self._numbers, number)
        if at == len(self._numbers) or self._numbers[at] != number:
            return None
        return self._row(at)

    def _row(self, at: int) -> Row:
        start, bound = self._starts[at], self._starts[at + 1]
        inner = tag_end(self.text, start)
        if self.text[inner - 2 : inner] == b"/>":
            return Row(self._numbers[at], start, inner, inner)
        end = self.text.rfind(b"</row>", inner, bound)
        if end < 0:
            raise Odd
        return Row(self._numbers[at], start, inner, end + 6)

    def gap(self, number: int) -> int:
        at = bisect_left(self._numbers, number)
        return self._starts[at]

    def find(self, number: int, column: int) -> int:
        return self._find(number, column)[0]

    def _find(self, number: int, column: int) -> tuple[int, int, bytes]:
        """Where the cell begins, where its row is over, and how the cell begins."""
        # most worksheets have a row for every number
        at = number - self._numbers[0] if self._numbers else 0
        if not (0 <= at < len(self._numbers) and self._numbers[at] == number):
            at = bisect_left(self._numbers, number)
            if at == len(self._numbers) or self._numbers[at] != number:
                return -1, -1, b""
        if not self._addressed[0] <= self._starts[at] < self._addressed[1]:
            self._address(self._starts[at], self._starts[at + 1])
        letters = self._letters.get(column) or self._letters.setdefault(column, column_letters(column).encode())
        head, bound = b'<c r="%b%d"' % (letters, number), self._starts[at + 1]
        return self.text.find(head, self._starts[at], bound), bound, head

    def _address(self, start: int, end: int) -> None:
        """Makes sure that all cells between have an address in the usual spelling, and remembers that."""
        if _MISADDRESSED.search(self.text, start, end):
            raise Odd
        self._addressed = start, end

    def held(self, number: int, column: int) -> Held | None:
        start, bound, head = self._find(number, column)
        if start < 0:
            return None
        if self.text.find(head, start + 1, bound) >= 0:
            raise Odd
        known = content_at(self.text, start)
        if known is not None:
            return start, *known
        end = self._cell_end(start)
        return start, end, content_of(self.text[start:end])

    def figures(self, keys: Iterable[tuple[int, int]]) -> Iterator[Figure | None]:
        # `held` for the cells that there are many of: all that can be is done once per row or once per column
        text, starts, numbers = self.text, self._starts, self._numbers
        find, match = text.find, _FIGURE.match
        heads: dict[int, bytes] = {}
        last, row, bound, digits = -1, -1, -1, b""
        for number, column in keys:
            if number != last:
                last, row, digits = number, -1, b'%d"' % number
                at = bisect_left(numbers, number)
                if at < len(numbers) and numbers[at] == number:
                    row, bound = starts[at], starts[at + 1]
                    if not self._addressed[0] <= row < self._addressed[1]:
                        self._address(row, bound)
            if row < 0:
                yield None
                continue
            begin = heads.get(column)
            if begin is None:
                begin = heads[column] = b'<c r="' + column_letters(column).encode()
            head = begin + digits
            start = find(head, row, bound)
            end = start + len(head)
            found = match(text, end) if start >= 0 else None
            if found is None or find(head, end, bound) >= 0:
                yield None
            else:
                yield start, found.end(), head, found[1], found[2]

    def _cell_end(self, start: int) -> int:
        inner = tag_end(self.text, start)
        if self.text[inner - 2 : inner] == b"/>":
            return inner
        end = self.text.find(b"</c>", inner)
        if end < 0 or self.text.find(b"<c ", inner, end) >= 0:
            raise Odd
        return end + 4

    def cells(self, row: Row) -> list[Place]:
        places: list[Place] = []
        last = 0
        for match in _CELL_AT.finditer(self.text, row.inner, row.end):
            column = column_number(match[1].decode())
            if not last < column <= LAST_COLUMN or int(match[2]) != row.number:
                raise Odd
            places.append(Place(column, match.start(), self._cell_end(match.start())))
            last = column
        if len(places) != self.text.count(b"<c", row.inner, row.end):
            raise Odd
        return places

    def rows(self) -> Iterator[Row]:
        return (self._row(at) for at in range(len(self._numbers)))

    def lines(self, last_row: int, columns: Collection[int] | None) -> Iterator[Line]:
        self._address(self.data[1], self.data[2])
        text, starts = self.text, self._starts
        spelled = _spelled_pattern(columns).findall
        for at, number in enumerate(self._numbers):
            if number > last_row:
                break
            yield number, spelled(text, starts[at], starts[at + 1]), ()

    def formulas(self) -> Iterator[Formula]:
        _, inner, close, _ = self.data
        # a look for one byte costs a tenth of that for two, and rows without formulas often have no f
        count = self.text.count(b"<f", inner, close) if self.text.find(b"f", inner, close) >= 0 else 0
        if not count:
            return
        found = [
            Formula(int(m[2]), column_number(m[1].decode()), attributes(m[3]), unescape(m[4] or b""))
            for m in _FORMULA.finditer(self.text, inner, close)
        ]
        if len(found) != count:
            raise Odd
        yield from found

    def beyond(self, last_row: int) -> bool:
        return FILLED.search(self.text, self.gap(last_row + 1), self.data[2]) is not None


def _holds(text: bytes, byte: bytes, wanted: bytes, start: int, end: int | None = None) -> bool:
    """Whether the text holds this, by a quick look for one byte of it first."""
    at = text.find(byte, start, end)
    return at >= 0 and text.find(wanted, max(start, at - len(wanted)), end) >= 0


def _declaration_end(text: bytes) -> int:
    return max(text.find(b"?>", 0, 200) + 2, 2) if text.startswith(b"<?xml ") else 0


def _plain_root(text: bytes, before: int) -> bool:
    """Whether the root is `<worksheet xmlns="…main"`: unprefixed, in the namespace of spreadsheets."""
    match = _ROOT.match(text, 0, before)
    return match is not None and attributes(match[1]).get("xmlns") in MAIN


def _spelled_pattern(columns: Collection[int] | None) -> re.Pattern[bytes]:
    letters = "[A-Z]{1,3}" if columns is None else "|".join(map(column_letters, sorted(set(columns)))) or "(?!)"
    return re.compile(
        b'<c r="(' + letters.encode() + b')([1-9][0-9]*)"((?: s="[0-9]{1,7}")?(?: t="[A-Za-z]+")?)(?:/>|>'
        b"(?:(<f(?: [^<>]*)?(?:/>|>[^<]*</f>))?<v>([^<]+)</v>"
        b'|<is><t(?: xml:space="preserve")?>([^<]+)</t></is>)</c>|(.))',
        re.DOTALL,
    )
