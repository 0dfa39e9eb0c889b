"""The functions and signs of the formulas that are computed: values in, a value out. `formulas` reads, this computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias


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


BINDING: Final = {"=": 1, "<>": 1, "<": 1, ">": 1, "<=": 1, ">=": 1, "&": 2, "+": 3, "-": 3, "*": 4, "/": 4, "^": 5}


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


def binary(sign: str, left: Scalar, right: Scalar) -> Scalar:
    for value in (left, right):
        if isinstance(value, Wrong):
            return value
    if sign == "&":
        return text_of(left) + text_of(right)
    if BINDING[sign] > 2:
        return arithmetic(sign, left, right)
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


def arithmetic(sign: str, left: Scalar, right: Scalar) -> Scalar:
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


def _match(given: list[Operand]) -> Operand:
    """MATCH of the exact kind, in a row or a column."""
    key, table = scalar(given[0]), given[1]
    if len(given) < 3 or _number(scalar(given[2])) != 0 or not isinstance(table, list):
        raise Unknown
    if isinstance(key, Wrong):
        return key
    for at, value in enumerate(_flat([table])):
        if value is not None and not isinstance(value, Wrong) and _rank(value, key) == _rank(key, value):
            return float(at + 1)
    return Wrong("N_A", f"Did not find value '{text_of(key)}' in MATCH evaluation.")


def _is(test: Callable[[Scalar], bool]) -> Callable[[list[Operand]], Operand]:
    return lambda given: test(scalar(given[0]))


def _text(change: Callable[[str], str]) -> Callable[[list[Operand]], Operand]:
    def run(given: list[Operand]) -> Operand:
        value = scalar(given[0])
        return value if isinstance(value, Wrong) else change(text_of(value))

    return run


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
    "ISBLANK": _is(lambda value: value is None),
    "ISERROR": _is(lambda value: isinstance(value, Wrong)),
    "ISLOGICAL": _is(lambda value: isinstance(value, bool)),
    "ISNUMBER": _is(lambda value: isinstance(value, int | float) and not isinstance(value, bool)),
    "ISTEXT": _is(lambda value: isinstance(value, str)),
    "LEN": lambda given: float(len(text_of(scalar(given[0])))),
    "LOWER": _text(str.lower),
    "MATCH": _match,
    "MAX": _over(max),
    "MIN": _over(min),
    "NOT": lambda given: t if isinstance(t := _truth(scalar(given[0])), Wrong) else not t,
    "OR": _logic(any),
    "ROUND": _round,
    "SUM": _over(sum),
    "TRIM": _text(lambda text: " ".join(text.split())),
    "UPPER": _text(str.upper),
    "VLOOKUP": _vlookup,
}
