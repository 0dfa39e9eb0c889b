"""A document and a cell go in, what the cell's formula gives goes out. This is no spreadsheet engine.

It computes: numbers, texts, TRUE and FALSE; + - * / ^ & % and the six comparisons; references to cells, blocks, whole columns
and other tabs; named ranges; lists like {"a","b"}; ABS AND AVERAGE CONCATENATE COUNT COUNTA HYPERLINK IF IFERROR IFNA ISBLANK
ISERROR ISLOGICAL ISNUMBER ISTEXT LEN LOWER MATCH (exact) MAX MIN NOT OR ROUND SUM TRIM UPPER VLOOKUP (exact). A formula with
anything else keeps the `effectiveValue` that its cell was seeded with, and is #NAME? without one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sheetsync._testing.google.a1 import from_grid_range
from sheetsync._testing.google.document import Document, Tab
from sheetsync._testing.google.functions import (
    BINDING,
    FUNCTIONS,
    SIGNS,
    Grid,
    Operand,
    Scalar,
    Unknown,
    Wrong,
    arithmetic,
    binary,
    scalar,
)
from sheetsync._testing.google.references import Token, reference, tokens

__all__ = ["Calculation", "Scalar", "Wrong", "plain"]


class Calculation:
    """What the formulas of a document give, as it is now; each is computed once."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._known: dict[tuple[int, int, int], Scalar] = {}
        self._open: set[tuple[int, int, int]] = set()

    def value(self, tab: Tab, row: int, column: int) -> Scalar:
        """A cell's effective value; None where it is empty."""
        if not (0 <= row < len(tab.rows) and 0 <= column < len(tab.columns)):
            return Wrong("REF", "Reference does not exist.")
        cell = tab.cell(row, column)
        entered = cell.get("userEnteredValue", {})
        formula = entered.get("formulaValue")
        if formula is None:
            chipped = cell.get("chipRuns") and cell.get("formattedValue") is not None
            return str(cell["formattedValue"]) if chipped else plain(entered)
        key = (tab.sheet_id, row, column)
        if key in self._open:
            return Wrong("REF", "Circular dependency detected.")
        if key not in self._known:
            self._open.add(key)
            try:
                self._known[key] = self._compute(tab, formula, cell)
            finally:
                self._open.discard(key)
        return self._known[key]

    def _compute(self, tab: Tab, formula: str, cell: Mapping[str, Any]) -> Scalar:
        try:
            found = _Reader(self, tab, formula).whole()
        except (Unknown, RecursionError):
            seeded = cell.get("effectiveValue")
            return Wrong("NAME", "Unknown function") if seeded is None else plain(seeded)
        if isinstance(found, list):
            found = found[0][0] if found and found[0] else None
        return 0.0 if found is None else found

    def link(self, tab: Tab, formula: str) -> str | None:
        """The address of `=HYPERLINK(address, …)`, computed."""
        first = tokens(formula)
        if not first or first[0].text.upper() != "HYPERLINK":
            return None
        try:
            return _Reader(self, tab, formula).address()
        except Unknown:
            return None

    def block(self, tab: Tab, top: int, bottom: int, left: int, right: int) -> Grid:
        return [[self.value(tab, row, column) for column in range(left, right)] for row in range(top, bottom)]


def plain(extended: Mapping[str, Any]) -> Scalar:
    """An ExtendedValue that is no formula."""
    if "numberValue" in extended:
        return float(extended["numberValue"])
    if "stringValue" in extended:
        return str(extended["stringValue"])
    if "boolValue" in extended:
        return bool(extended["boolValue"])
    if "errorValue" in extended:
        return Wrong(extended["errorValue"].get("type", "ERROR"), extended["errorValue"].get("message", ""))
    return None


class _Reader:
    """One formula, read from left to right by the binding of its signs."""

    def __init__(self, calculation: Calculation, tab: Tab, formula: str) -> None:
        self._calculation, self._tab = calculation, tab
        self._tokens = [token for token in tokens(formula) if token.kind != "blank"]
        self._at = 0

    def whole(self) -> Operand:
        found = self._expression(0)
        if self._at != len(self._tokens):
            raise Unknown
        return found

    def address(self) -> str | None:
        self._at = 2
        found = scalar(self._expression(0))
        return found if isinstance(found, str) else None

    def _next(self) -> Token:
        if self._at >= len(self._tokens):
            raise Unknown
        self._at += 1
        return self._tokens[self._at - 1]

    def _peek(self) -> str:
        return self._tokens[self._at].text if self._at < len(self._tokens) else ""

    def _expression(self, floor: int) -> Operand:
        left = self._operand()
        while True:
            sign = self._peek()
            if sign == "%":
                self._at += 1
                left = arithmetic("/", scalar(left), 100.0)
            elif BINDING.get(sign, 0) > floor:
                self._at += 1
                left = binary(sign, scalar(left), scalar(self._expression(BINDING[sign])))
            else:
                return left

    def _operand(self) -> Operand:
        token = self._next()
        match token.kind:
            case "number":
                return float(token.text)
            case "text":
                return token.text[1:-1].replace('""', '"')
            case "ref":
                return self._reference(token.text)
            case "error":
                return Wrong(next((kind for kind, sign in SIGNS.items() if sign == token.text), "ERROR"))
            case "name":
                return self._named(token.text)
        if token.text == "(":
            found = self._expression(0)
            self._expect(")")
            return found
        if token.text == "{":
            return self._list()
        if token.text in "+-":
            found = scalar(self._expression(BINDING["*"]))
            return arithmetic("*", found, -1.0) if token.text == "-" else found
        raise Unknown

    def _list(self) -> Grid:
        rows: Grid = [[]]
        while True:
            rows[-1].append(scalar(self._expression(0)))
            match self._next().text:
                case "}":
                    return rows
                case ";":
                    rows.append([])
                case ",":
                    pass
                case _:
                    raise Unknown

    def _expect(self, text: str) -> None:
        if self._next().text != text:
            raise Unknown

    def _reference(self, text: str) -> Operand:
        ref = reference(text)
        tab = self._tab if ref.tab is None else self._calculation.document.titled(ref.tab)
        if tab is None:
            return Wrong("REF", "Unresolved sheet name")
        if ref.single:
            return self._calculation.value(tab, ref.area.top or 0, ref.area.left or 0)
        block = ref.area.within(len(tab.rows), len(tab.columns))
        if ref.area.bottom is None:
            block = block._replace(bottom=min(block.bottom, tab.used().bottom))
        return self._calculation.block(tab, *block)

    def _named(self, text: str) -> Operand:
        name = text.upper()
        if self._peek() == "(":
            self._at += 1
            return self._call(name)
        if name in {"TRUE", "FALSE"}:
            return name == "TRUE"
        document = self._calculation.document
        for named in document.names.values():
            if named["name"].upper() == name:
                tab = document.tab(named["range"].get("sheetId", 0))
                area = from_grid_range(named["range"])
                return self._calculation.block(tab, *area.within(len(tab.rows), len(tab.columns)))
        return Wrong("NAME", f"Unknown range name: '{text}'.")

    def _call(self, name: str) -> Operand:
        given: list[Operand] = []
        if self._peek() == ")":
            self._at += 1
        else:
            while True:
                given.append(None if self._peek() in {",", ";"} else self._expression(0))
                sign = self._next().text
                if sign == ")":
                    break
                if sign not in {",", ";"}:
                    raise Unknown
        function = FUNCTIONS.get(name)
        if function is None:
            raise Unknown
        return function(given)
