"""A document and a cell go in, what the cell's formula gives goes out. This is no spreadsheet engine.

It computes: numbers, texts, TRUE and FALSE; + - * / ^ & % and the six comparisons; references to cells, blocks, whole columns and
other tabs; named ranges; IF IFERROR IFNA AND OR NOT SUM AVERAGE MIN MAX COUNT COUNTA ROUND ABS LEN VLOOKUP (exact) HYPERLINK
CONCATENATE. A formula with anything else keeps the `effectiveValue` that its cell was seeded with, and is #NAME? without one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from sheetsync._testing.google.a1 import from_grid_range
from sheetsync._testing.google.document import Document, Tab
from sheetsync._testing.google.references import Token, reference, tokens


@dataclass(frozen=True, slots=True)
class Wrong:
    """An error value: its type in the API and its sign in the cell."""

    kind: str
    message: str = ""

    @property
    def sign(self) -> str:
        return SIGNS.get(self.kind, "#ERROR!")


SIGNS: Final = {
    "DIVIDE_BY_ZERO": "#DIV/0!",
    "VALUE": "#VALUE!",
    "REF": "#REF!",
    "NAME": "#NAME?",
    "NUM": "#NUM!",
    "N_A": "#N/A",
    "NULL_VALUE": "#NULL!",
}
Scalar: TypeAlias = "float | str | bool | Wrong | None"
Grid: TypeAlias = list[list[Scalar]]
Operand: TypeAlias = "Scalar | Grid"


class Unknown(Exception):
    """The formula is beyond what is computed here."""


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
            return plain(entered)
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


_BINDING: Final = {"=": 1, "<>": 1, "<": 1, ">": 1, "<=": 1, ">=": 1, "&": 2, "+": 3, "-": 3, "*": 4, "/": 4, "^": 5}


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
                left = _arithmetic("/", scalar(left), 100.0)
            elif _BINDING.get(sign, 0) > floor:
                self._at += 1
                left = _binary(sign, scalar(left), scalar(self._expression(_BINDING[sign])))
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
        if token.text in "+-":
            found = scalar(self._expression(_BINDING["*"]))
            return _arithmetic("*", found, -1.0) if token.text == "-" else found
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


def scalar(operand: Operand) -> Scalar:
    if not isinstance(operand, list):
        return operand
    return operand[0][0] if len(operand) == 1 and len(operand[0]) == 1 else Wrong("VALUE", "An array value could not be found.")


def _number(value: Scalar) -> float | Wrong:
    if isinstance(value, Wrong):
        return value
    if value is None:
        return 0.0
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return Wrong("VALUE", "expects number values")
    return float(value)


def text_of(value: Scalar) -> str:
    """A value as & takes it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, Wrong):
        return value.sign
    return value if isinstance(value, str) else f"{value:.15g}"


def _binary(sign: str, left: Scalar, right: Scalar) -> Scalar:
    for value in (left, right):
        if isinstance(value, Wrong):
            return value
    if sign == "&":
        return text_of(left) + text_of(right)
    if _BINDING[sign] > 2:
        return _arithmetic(sign, left, right)
    one, two = _rank(left, right), _rank(right, left)
    return {
        "=": one == two,
        "<>": one != two,
        "<": one < two,
        ">": one > two,
        "<=": one <= two,
        ">=": one >= two,
    }[sign]


def _rank(value: Scalar, other: Scalar) -> tuple[int, Any]:
    """Numbers before texts before booleans; an empty cell is whatever it is compared with; case does not matter."""
    if value is None:
        value = "" if isinstance(other, str) else False if isinstance(other, bool) else 0.0
    if isinstance(value, bool):
        return 2, value
    return (1, value.casefold()) if isinstance(value, str) else (0, value)


def _arithmetic(sign: str, left: Scalar, right: Scalar) -> Scalar:
    one, two = _number(left), _number(right)
    if isinstance(one, Wrong):
        return one
    if isinstance(two, Wrong):
        return two
    if sign == "/" and two == 0:
        return Wrong("DIVIDE_BY_ZERO", "Function DIVIDE parameter 2 cannot be zero.")
    try:
        powered = one**two if sign == "^" else 0.0
        table = {"+": one + two, "-": one - two, "*": one * two, "/": one / two if two else 0.0, "^": powered}
        return float(table[sign])
    except (OverflowError, TypeError, ZeroDivisionError):
        return Wrong("NUM", "Result is not a number.")


def _flat(given: list[Operand]) -> list[Scalar]:
    return [value for item in given for value in ([v for row in item for v in row] if isinstance(item, list) else [item])]


def _numbers(given: list[Operand]) -> list[float] | Wrong:
    """The numbers among the arguments; texts and booleans in a range are passed over."""
    found = _flat(given)
    wrong = next((value for value in found if isinstance(value, Wrong)), None)
    return wrong or [float(value) for value in found if isinstance(value, float | int) and not isinstance(value, bool)]


def _over(function: Callable[[list[float]], float], *, empty: Scalar = 0.0) -> Callable[[list[Operand]], Operand]:
    def run(given: list[Operand]) -> Operand:
        found = _numbers(given)
        return found if isinstance(found, Wrong) else function(found) if found else empty

    return run


def _truth(value: Scalar) -> bool | Wrong:
    number = value if isinstance(value, bool) else _number(value)
    return number if isinstance(number, Wrong) else bool(number)


def _if(given: list[Operand]) -> Operand:
    truth = _truth(scalar(given[0]))
    if isinstance(truth, Wrong):
        return truth
    return given[1] if truth else given[2] if len(given) > 2 else False


def _unless(*kinds: str) -> Callable[[list[Operand]], Operand]:
    def run(given: list[Operand]) -> Operand:
        first = scalar(given[0])
        caught = isinstance(first, Wrong) and (not kinds or first.kind in kinds)
        return first if not caught else (given[1] if len(given) > 1 and given[1] is not None else "")

    return run


def _logic(combine: Callable[[list[bool]], bool]) -> Callable[[list[Operand]], Operand]:
    def run(given: list[Operand]) -> Operand:
        found = [_truth(value) for value in _flat(given)]
        wrong = next((value for value in found if isinstance(value, Wrong)), None)
        return wrong or combine([value for value in found if isinstance(value, bool)])

    return run


def _vlookup(given: list[Operand]) -> Operand:
    key, table, index = scalar(given[0]), given[1], _number(scalar(given[2]))
    if len(given) < 4 or _truth(scalar(given[3])) is not False or not isinstance(table, list) or isinstance(index, Wrong):
        raise Unknown
    if isinstance(key, Wrong):
        return key
    for row in table:
        if row and row[0] is not None and _rank(row[0], key) == _rank(key, row[0]):
            return row[int(index) - 1] if 1 <= index <= len(row) else Wrong("REF", "VLOOKUP evaluates to an out of bounds range.")
    return Wrong("N_A", f"Did not find value '{text_of(key)}' in VLOOKUP evaluation.")


def _round(given: list[Operand]) -> Operand:
    number, places = _number(scalar(given[0])), _number(scalar(given[1])) if len(given) > 1 else 0.0
    if isinstance(number, Wrong) or isinstance(places, Wrong):
        return number if isinstance(number, Wrong) else places
    factor = 10.0 ** int(places)
    return float(int(abs(number) * factor + 0.5)) / factor * (1 if number >= 0 else -1)


FUNCTIONS: Final[Mapping[str, Callable[[list[Operand]], Operand]]] = {
    "ABS": lambda given: n if isinstance(n := _number(scalar(given[0])), Wrong) else abs(n),
    "AND": _logic(all),
    "AVERAGE": _over(lambda found: sum(found) / len(found), empty=Wrong("DIVIDE_BY_ZERO", "Evaluation of function AVERAGE")),
    "CONCATENATE": lambda given: "".join(text_of(value) for value in _flat(given)),
    "COUNT": _over(lambda found: float(len(found))),
    "COUNTA": lambda given: float(sum(value is not None for value in _flat(given))),
    "HYPERLINK": lambda given: scalar(given[1] if len(given) > 1 else given[0]),
    "IF": _if,
    "IFERROR": _unless(),
    "IFNA": _unless("N_A"),
    "LEN": lambda given: float(len(text_of(scalar(given[0])))),
    "MAX": _over(max),
    "MIN": _over(min),
    "NOT": lambda given: t if isinstance(t := _truth(scalar(given[0])), Wrong) else not t,
    "OR": _logic(any),
    "ROUND": _round,
    "SUM": _over(sum),
    "VLOOKUP": _vlookup,
}
