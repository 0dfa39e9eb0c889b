"""The text of a formula goes in, the cells that it reads come out.

A formula is never evaluated. One regular expression takes it apart; where a text leaves something open, the answer is the larger
one: a figure that is computed once too often does no harm, a stale one does. The grammar is ECMA-376 part 1, 18.17
(https://ecma-international.org/publications-and-standards/standards/ecma-376/).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

LAST_ROW = 1_048_576
LAST_COLUMN = 16_384

TEXT = r'"(?:[^"]++|"")*+"?'
_QUOTED = r"'(?:[^']++|'')*+'"
# Brackets that nobody closes end with the text, so that no text is searched over and over.
_BRACKETS = r"\[(?:[^\[\]']++|'.?|\[(?:[^\[\]']++|'.?)*+(?:\]|\Z))*+(?:\]|\Z)"
_SIGN = r"[^\x00-\x2d/\x3a-\x3e@\[\]\^`\x7b-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
"""A sign of a name. Excel puts sheet names into quotes unless they consist of these."""
_PREFIX = rf"{_QUOTED}!|(?:\[[^\[\]]*+\])?+(?:{_SIGN}++(?::{_SIGN}++)?+)?+!"


def _tokens(column: str, row: str) -> re.Pattern[str]:
    """The parts of a formula, signs before them included. Text in quotes and numbers set no group behind 1; `lastindex` tells the
    others apart:

    3 a cell, 5 a range of cells, 7 of columns, 9 of rows, 10 a name or a function with its (, 11 a table with its brackets,
    12 brackets alone, 13 a colon between things that are no plain references. Group 1 is the worksheet, with its !.
    """
    end = rf"(?!{_SIGN}|\()"
    return re.compile(
        rf"""[\s,()+\-*/=<>&;{{}}%^@\#|]*+
        (?: {TEXT}
        | ({_PREFIX})?+
          (?: {column}{row}(?:\s*+:\s*+(?:\1)?{column}{row})?{end}
            | {column}\s*+:\s*+{column}(?!{_SIGN}|[($])
            | {row}\s*+:\s*+{row}{end}
            | (?:[0-9]++(?:\.[0-9]*+)?+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?+
            | ((?![0-9.?]){_SIGN}++\(?+)({_BRACKETS})?+
            | ({_BRACKETS})
          )
        | {_PREFIX} | {_QUOTED}
        | (:))?""",
        re.VERBOSE | re.DOTALL,
    )


IN_CELL = _tokens(r"\$?([A-Za-z]{1,3})", r"\$?([0-9]{1,7})")
IN_NAME = _tokens(r"(\$?[A-Za-z]{1,3})", r"(\$?[0-9]{1,7})")
"""The same groups, but with the $ that makes a part absolute."""
CELL, RANGE, COLUMNS, ROWS, WORD, COLON = 3, 5, 7, 9, 10, 13

_NESTING = re.compile(rf"{TEXT}|{_QUOTED}|{_BRACKETS}|[(){{}},]", re.DOTALL)
_CELL_LIKE = re.compile(r"\$?[A-Za-z]{1,3}\$?[0-9]{1,7}")
_DEPTH = 40
"""Names within names within names."""
_NESTED = 64
"""Excel's limit of calls within calls."""
_THIS_ROW = re.compile(r"\[\s*@|\[#this row\]", re.IGNORECASE)
_NEWER = re.compile(r"^(?:_xlfn\.|_xlws\.|_xludf\.|_xll\.)+")


Area: TypeAlias = tuple[int, int, int, int, int]
"""Worksheet's number, first row, first column, last row, last column."""

ANY = -1
"""Instead of a worksheet's number: one of several."""
_OWN, _UNKNOWN, _ELSEWHERE = -2, -3, -4
"""The formula's own worksheet, one that nothing is known of, one of another workbook."""
_Place: TypeAlias = tuple[int, int, int]
"""Worksheet's number, row, column."""

# fmt: off
VOLATILE = frozenset({
    "now", "today", "rand", "randbetween", "randarray", "indirect", "offset", "cell", "info", "rtd",
    # of Excel 4, still possible inside names
    "evaluate", "textref", "reftext", "deref", "absref", "relref", "caller", "selection", "active.cell",
})
"""Functions whose answer does not follow from their arguments alone."""
_SPILLING = frozenset({
    "filter", "unique", "sort", "sortby", "sequence", "textsplit", "tocol", "torow", "wraprows", "wrapcols", "vstack", "hstack",
    "expand", "take", "drop", "makearray", "anchorarray", "groupby", "pivotby", "trimrange", "randarray", "reduce",
})
"""Functions whose answer can become a larger or a smaller block when the figures change."""
_SINGLE = frozenset({
    "sum", "sumproduct", "count", "counta", "countblank", "average", "min", "max", "median", "product", "textjoin", "concat",
    "rows", "columns", "and", "or", "xor", "stdev", "mode", "gcd", "lcm", "npv", "irr",
})
"""Functions whose answer is a single value, whatever they are given."""
# fmt: on
_RESIZING = {"sumif(": (0, 2), "averageif(": (0, 2), "lookup(": (1, 2)}
"""Functions that take a range as large as another: SUMIF(A1:A9,1,B1) adds up B1:B9. The numbers of the model and of the range."""


@dataclass(slots=True)
class Reach:
    """What a formula reads: these areas, or everything. `fixed`: the same from every cell of a worksheet."""

    areas: list[Area] = field(default_factory=list)
    everything: bool = False
    fixed: bool = True
    spills: bool = False
    names: set[tuple[int, str]] = field(default_factory=set)
    resized: int = 0


def ordinal(part: str) -> int:
    """12 -> 12, AB -> 28."""
    if part.isdecimal():
        return int(part)
    number = 0
    for letter in part.upper():
        number = number * 26 + ord(letter) - 64
    return number


class Book:
    """What names, tables and worksheet titles in the formulas of a workbook stand for; `sheets` numbers the titles, folded."""

    def __init__(
        self, names: Mapping[str, str], tables: Mapping[str, tuple[str, tuple[int, int, int, int]]], titles: Iterable[str]
    ) -> None:
        scoped = [(*_scope_and_name(name), text.removeprefix("=")) for name, text in names.items()]
        folded = [title.casefold() for title in (*titles, *(title for title, _ in tables.values()))]
        folded += [scope for scope, _, _ in scoped if scope is not None]
        self.sheets = {title: number for number, title in enumerate(dict.fromkeys(folded))}
        self.tables: dict[str, Area] = {
            name.casefold(): (self.sheets[title.casefold()], *area) for name, (title, area) in tables.items()
        }
        self.names: dict[str, dict[int, str]] = {}
        for scope, name, text in scoped:
            texts = self.names.setdefault(name, {})
            where = ANY if scope is None else self.sheets[scope]
            # rate and RATE, given as two: whichever is meant, what both read is enough
            texts[where] = f"{texts[where]},{text}" if where in texts else text
        self._prefixes: dict[str, int | None] = {}
        self._columns: dict[str, int] = {}
        self._functions: set[str] = set()
        self._known: dict[tuple[int, str], Reach] = {}

    def reach(self, text: str, sheet: int, row: int, column: int) -> Reach:
        """What the formula of this cell reads."""
        found = Reach()
        self._read(text, (sheet, row, column), found)
        if found.spills:
            found.spills = not _is_single(text.strip())
        return found

    def _read(self, text: str, cell: _Place, found: Reach, depth: int = 0, resize: bool = True) -> None:
        """Adds what a text reads: of the cell itself at depth 0, of a name below."""
        functions, columns, areas = self._functions, self._columns, found.areas
        for match in (IN_NAME if depth else IN_CELL).finditer(text):
            kind = match.lastindex
            if kind is None or kind == 1 or (kind == WORD and match[WORD] in functions):
                continue
            if kind == COLON:
                found.everything = True
                return
            prefix, left, top = match.group(1, 2, 3)
            sheet: int | None = _OWN
            if prefix is not None:
                sheet = self._prefixes[prefix] if prefix in self._prefixes else self._sheet(prefix)
            if sheet == _OWN:
                sheet = cell[0]
                found.fixed &= kind >= WORD
            if sheet is None:
                found.everything = True
            elif sheet == _ELSEWHERE:
                continue
            elif kind == CELL and not depth:
                number = columns.get(left) or columns.setdefault(left, ordinal(left))
                line = int(top)
                if number <= LAST_COLUMN and 0 < line <= LAST_ROW:
                    areas.append((sheet, line, number, line, number))
                else:
                    self._name((left + top).casefold(), sheet, cell, found, depth)
            elif kind == RANGE and not depth:
                right, bottom = match.group(4, 5)
                begin = columns.get(left) or columns.setdefault(left, ordinal(left))
                end = columns.get(right) or columns.setdefault(right, ordinal(right))
                first, last = int(top), int(bottom)
                if first > last:
                    first, last = last, first
                if begin > end:
                    begin, end = end, begin
                if first and last <= LAST_ROW and end <= LAST_COLUMN:
                    areas.append((sheet, first, begin, last, end))
                else:
                    found.everything = True  # XFE1:B2 is a range between a name and a cell
            elif kind < WORD:
                self._reference(match, sheet, cell, found, depth)
            elif kind == WORD:
                self._word(match[WORD], sheet, cell, found, depth)
                if resize and match[WORD].casefold() in _RESIZING:
                    self._resized(text, match, cell, found, depth)
            else:
                word, brackets, bare = match.group(WORD, WORD + 1, WORD + 2)
                self._table(word, brackets or bare, cell, found)
            if found.everything:
                return

    def _sheet(self, prefix: str) -> int | None:
        """The worksheet's number; ANY for several, None where it cannot be told."""
        quoted = prefix[0] == "'"
        title = prefix[1:-2].replace("''", "'") if quoted else prefix[:-1]
        book, bracket, title = title.rpartition("]")
        answer: int | None
        if bracket and book != "[0":
            answer = _ELSEWHERE
        elif not title:
            answer = _OWN
        elif ":" in title:
            # in A1:Sheet2!B2 the first part is no worksheet
            answer = None if not quoted and _CELL_LIKE.fullmatch(title.partition(":")[0]) else ANY
        else:
            answer = self.sheets.get(title.casefold(), _UNKNOWN)
        self._prefixes[prefix] = answer
        return answer

    def _reference(self, match: re.Match[str], sheet: int, cell: _Place, found: Reach, depth: int) -> None:
        _, left, top, right, bottom, first, last, upper, lower, *_ = match.groups()
        at_row, at_column = cell[1:] if depth else (None, None)
        rows: tuple[int, int] | None = (1, LAST_ROW)
        columns: tuple[int, int] | None = (1, LAST_COLUMN)
        if top:
            rows = self._span((top, bottom or top), LAST_ROW, at_row, found)
            columns = self._span((left, right or left), LAST_COLUMN, at_column, found)
        elif first:
            columns = self._span((first, last), LAST_COLUMN, at_column, found)
        else:
            rows = self._span((upper, lower), LAST_ROW, at_row, found)
        if rows and columns:
            found.areas.append((sheet, rows[0], columns[0], rows[1], columns[1]))
        elif match.lastindex == CELL:
            self._name((left + top).casefold(), sheet, cell, found, depth)
        else:
            found.everything = True

    @staticmethod
    def _span(ends: tuple[str, str], limit: int, at: int | None, found: Reach) -> tuple[int, int] | None:
        """First and last row or column. Relative ones of a name are written as they read from A1; `at` is where it is used."""
        numbers = []
        for end in ends:
            number = ordinal(end.lstrip("$"))
            if not 0 < number <= limit:
                return None
            if at is not None and end[0] != "$":
                found.fixed = False
                number += at - 1
            numbers.append(number)
        # behind the last row Excel goes on at the first one
        return (1, limit) if max(numbers) > limit else (min(numbers), max(numbers))

    def _word(self, word: str, sheet: int, cell: _Place, found: Reach, depth: int) -> None:
        name = word.casefold().removesuffix("(")
        if word[-1] == "(":
            function = _NEWER.sub("", name)
            if function in VOLATILE or function.startswith("get."):
                found.everything = True
                return
            found.spills |= function in _SPILLING
        if name in self.names or name in self.tables:
            self._name(name, sheet, cell, found, depth)
        elif word[-1] != "(" or not (function in _SPILLING or word.casefold() in _RESIZING):
            self._functions.add(word)

    def _name(self, name: str, sheet: int, cell: _Place, found: Reach, depth: int) -> None:
        if name in self.tables:
            found.areas.append(self.tables[name])
        texts = self.names.get(name, {})
        key = (sheet, name)
        if not texts or key in found.names:
            return
        if depth > _DEPTH:
            found.everything = True
            return
        inner = self._known.get(key)
        if inner is None:
            # Within one name another is followed once, so that names which refer to each other come to an end.
            inner = Reach(names=found.names if depth else set())
            inner.names.add(key)
            scope = next((scope for scope in (sheet, ANY) if scope in texts), None)
            for text in texts.values() if scope is None else (texts[scope],):
                self._read(text, cell, inner, depth + 1)
            if inner.fixed and not depth:
                self._known[key] = inner
        found.areas += inner.areas
        found.everything |= inner.everything
        found.fixed &= inner.fixed
        found.spills |= inner.spills

    def _table(self, name: str | None, brackets: str, cell: _Place, found: Reach) -> None:
        sheet, row, column = cell
        if name is not None:
            areas = [self.tables[name.casefold()]] if name.casefold() in self.tables else []
        else:
            # inside a table its own name may be left out
            here = [area for area in self.tables.values() if area[0] == sheet]
            areas = [area for area in here if area[1] <= row <= area[3] and area[2] <= column <= area[4]] or here
        found.everything |= not areas
        this_row = bool(_THIS_ROW.search(brackets))
        found.fixed &= not this_row and name is not None
        for area in areas:
            within = this_row and area[0] == sheet and area[1] <= row <= area[3]
            found.areas.append((sheet, row, area[2], row, area[4]) if within else area)

    def _resized(self, text: str, call: re.Match[str], cell: _Place, found: Reach, depth: int) -> None:
        """Adds what a range that is written too short stands for."""
        found.resized += 1
        if found.resized > _NESTED:
            found.everything = True
            return
        function = call[WORD].casefold()
        model, taken = _RESIZING[function]
        arguments = list(_arguments(text, call.end()))
        if len(arguments) <= taken:
            return
        if depth:
            found.everything = True
            return
        like, short = Reach(), Reach()
        self._read(arguments[model], cell, like, resize=False)
        self._read(arguments[taken], cell, short, resize=False)
        found.everything |= like.everything or short.everything
        rows = max((area[3] - area[1] for area in like.areas), default=0)
        columns = max((area[4] - area[2] for area in like.areas), default=0)
        # INDEX(…) and the like may begin anywhere in what they read
        anywhere = "(" in arguments[taken]
        if function == "lookup(":
            rows = columns = max(rows, columns)
            short.areas = [area for area in short.areas if anywhere or max(area[3] - area[1], area[4] - area[2]) < rows]
        for sheet, top, left, bottom, right in short.areas:
            low = min(LAST_ROW, max(bottom, (bottom if anywhere else top) + rows))
            wide = min(LAST_COLUMN, max(right, (right if anywhere else left) + columns))
            found.areas.append((sheet, top, left, low, wide))


def _scope_and_name(name: str) -> tuple[str | None, str]:
    """`'My sheet'!Name` -> the title, None for the whole workbook, and the name, both folded."""
    title, mark, bare = name.rpartition("!")
    if title.startswith("'") and title.endswith("'"):
        title = title[1:-1].replace("''", "'")
    return title.casefold() if mark else None, bare.casefold().removeprefix("_xlnm.")


def _arguments(text: str, start: int) -> Iterator[str]:
    """The arguments of a call whose ( stands before `start`."""
    depth, begin = 0, start
    for match in _NESTING.finditer(text, start):
        sign = match[0]
        if sign in ("(", "{"):
            depth += 1
        elif sign in (")", "}"):
            depth -= 1
        if depth < 0 or (depth == 0 and sign == ","):
            yield text[begin : match.start()]
            begin = match.end()
        if depth < 0:
            return


def _is_single(text: str) -> bool:
    """Whether the formula is one call of a function that answers with one value."""
    match = IN_CELL.match(text)
    if match is None or match.lastindex != WORD or match[WORD].casefold().removesuffix("(") not in _SINGLE:
        return False
    return match.end() + len(",".join(_arguments(text, match.end()))) + 1 == len(text)
