"""Text or JSON goes in, an exact figure comes out, or an error that says why not: the one number parser of all connectors.

Figures are `Decimal` from the first character on; a binary float never lies between the source and the sheet.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from decimal import Context, Decimal, InvalidOperation
from typing import Any, Final, Literal, TypeAlias

from sheetsync.errors import UnexpectedReply

Separators: TypeAlias = Literal["auto", ".", ","]
"""Which sign is the decimal point: `auto` takes only what cannot be read in two ways."""

LARGEST_EXACT: Final = 2**53
"""Beyond it a workbook's double cannot hold every integer (IEEE 754 binary64)."""

LARGEST: Final = Decimal("1e300")
SMALLEST: Final = Decimal("1e-300")
"""What lies between it and zero would stand in a workbook as zero."""

MAX_TEXT: Final = 64
MAX_DIGITS: Final = 1_000
"""Of a number in JSON: some services write out every digit of a double, which are up to 767."""

MAX_DEPTH: Final = 200

MISSING_TEXTS: Final = frozenset({"", "-", "–", "—", "n/a", "na", "null", "none", "nil", "#n/a", "无", "暂无"})
_SUFFIXES: Final = {
    "k": Decimal(1_000), "m": Decimal(1_000_000), "b": Decimal(1_000_000_000), "bn": Decimal(1_000_000_000),
    "千": Decimal(1_000), "万": Decimal(10_000), "w": Decimal(10_000), "亿": Decimal(100_000_000),
}  # fmt: skip
_NUMBER: Final = re.compile(r"(?P<sign>[+-]?)(?P<digits>\d[\d.,'\u0020]*|[.,]\d+)(?P<exponent>e[+-]?\d{1,3})?")
_SPACES: Final = dict.fromkeys(map(ord, "\u00a0\u2007\u2008\u2009\u202f\u2060\u3000\t"), " ") | {0x2019: "'", 0x2212: "-"}
_GROUPED: Final = {
    ",": re.compile(r"\d{1,3}(,\d{3})+"),
    ".": re.compile(r"\d{1,3}(\.\d{3})+"),
    " ": re.compile(r"\d{1,3}( \d{3})+"),
    "'": re.compile(r"\d{1,3}('\d{3})+"),
}
_BRACKETS: Final = re.compile(r'[\[{]+|[\]}]+|"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_LAKH: Final = re.compile(r"\d{1,2}(,\d{2})+,\d{3}")


@dataclass(frozen=True, slots=True)
class Parsed:
    """A number read from text: `percent` when the text said so (then 12 % is 0.12), `approximate` when it was abbreviated."""

    value: Decimal
    percent: bool = False
    approximate: bool = False


class NotANumber(ValueError):
    """The text is no number, or could be two; the argument says which, for people who read the code."""


def parse_number(text: str, *, decimal: Separators = "auto", suffixes: bool = False) -> Parsed | None:
    """Reads one number as people and services write it; None where the text means that there is none.

    Taken: `1,234.5`  `1.234,5`  `1 234,5` (also narrow, non-breaking and full-width forms)  `12%`, and with `suffixes`
    `3.2万` `1.5亿` `1.2K` `3M`. Refused with NotANumber: `1.234` and `1,234` unless `decimal` says which sign is the point,
    every word, NaN, infinity, two numbers.
    """
    if len(text) > 4 * MAX_TEXT:
        raise NotANumber("too long for a number")
    plain = unicodedata.normalize("NFKC", text).translate(_SPACES).strip()
    if plain.casefold() in MISSING_TEXTS:
        return None
    if len(plain) > MAX_TEXT:
        raise NotANumber("too long for a number")
    if any(char.isdigit() and not char.isdecimal() for char in text):
        raise NotANumber("a raised, lowered or circled digit")  # 10² would be read as 102
    percent = plain.endswith("%")
    body = plain.removesuffix("%").strip().casefold()
    factor = Decimal(1)
    for suffix in sorted(_SUFFIXES, key=len, reverse=True):
        if body.endswith(suffix):
            if not suffixes:
                raise NotANumber("abbreviated, and this source is not known to abbreviate")
            factor, body = _SUFFIXES[suffix], body.removesuffix(suffix).strip()
            break
    match = _NUMBER.fullmatch(body)
    if match is None:
        raise NotANumber("no number")
    digits = _one_meaning(match["digits"], decimal)
    if percent and factor != 1:
        raise NotANumber("abbreviated and a percentage")
    try:
        value = Context(prec=2 * MAX_TEXT).multiply(
            Decimal(match["sign"] + digits + (match["exponent"] or "")), Decimal("0.01") if percent else factor
        )
    except InvalidOperation:
        raise NotANumber("no number") from None
    return Parsed(_in_range(value), percent, factor != 1)


def _one_meaning(digits: str, decimal: Separators) -> str:
    """`1.234,5` -> `1234.5`; raises NotANumber where two readings are possible or none."""
    found = {sign for sign in ",.' " if sign in digits}
    point = decimal if decimal != "auto" else _point(digits, found)
    whole, separator, fraction = digits.rpartition(point) if point and point in digits else (digits, "", "")
    if separator and (point in whole or not fraction.isdigit()):
        raise NotANumber("two decimal points")
    groups = {sign for sign in ",.' " if sign in whole}
    if len(groups) > 1:
        raise NotANumber("two kinds of grouping")
    for sign in groups:
        indian = sign == "," and _LAKH.fullmatch(whole)
        if not _GROUPED[sign].fullmatch(whole) and not indian:
            raise NotANumber("digits grouped in an unknown way")
        whole = whole.replace(sign, "")
    return (whole or "0") + ("." + fraction if fraction else "")


def _point(digits: str, found: set[str]) -> str:
    marks = found & {",", "."}
    if len(marks) == 2:
        return max(marks, key=digits.rindex)
    if not marks:
        return ""
    (mark,) = marks
    if digits.count(mark) > 1:
        return ""  # repeated, so it groups
    if found & {"'", " "}:
        return mark  # another sign groups already
    head, _, tail = digits.partition(mark)
    if len(tail) == 3 and 1 <= len(head) <= 3 and head != "0":
        raise NotANumber("a thousand or a fraction: it can be read both ways")
    return mark


def _in_range(value: Decimal) -> Decimal:
    size = value.copy_abs()  # abs() would round it, and overflow where an exponent is absurd
    if not value.is_finite() or size > LARGEST or 0 < size < SMALLEST:
        raise NotANumber("beyond what a workbook can hold")
    if size > LARGEST_EXACT and value == value.to_integral_value():
        raise NotANumber("more digits than a workbook can hold exactly")
    return value or size  # there is no negative zero in a sheet


def exact(value: float | Decimal) -> Decimal:
    """A number of a reply or a cell as Decimal: the shortest decimal that means the same double.

    Raises NotANumber for True and False, NaN, infinity, integers beyond 2^53.
    """
    if isinstance(value, bool):
        raise NotANumber("yes or no where a number is due")
    if isinstance(value, Decimal):
        return _in_range(value)
    return _in_range(Decimal(value) if isinstance(value, int) else Decimal(repr(value)))


def figure(value: object, *, decimal: Separators = "auto", suffixes: bool = False) -> Parsed:
    """What stood in a reply at the place of the figure: a JSON number, or text that is one number.

    Raises UnexpectedReply: missing, null, an object, a list, true, a text that is no number or two.
    """
    try:
        if isinstance(value, int | float | Decimal):
            return Parsed(exact(value))
        if isinstance(value, str):
            parsed = parse_number(value, decimal=decimal, suffixes=suffixes)
            if parsed is not None:
                return parsed
            value = None
    except NotANumber as error:
        raise UnexpectedReply("The answer holds no number where one is due ({why}).", why=str(error)) from None
    if value is None:
        raise UnexpectedReply("The answer holds no figure here; a missing figure is not zero.")
    raise UnexpectedReply("The answer holds a {what} where a number is due.", what=_kind(value))


def _kind(value: object) -> str:
    return {dict: "group of values", list: "list", bool: "yes or no"}.get(type(value), "thing")


def parse_json(data: bytes) -> Any:
    """UTF-8 JSON with exact numbers.

    Raises UnexpectedReply: not JSON, not UTF-8, a key twice, NaN or Infinity, deeper than MAX_DEPTH, a number of more than
    MAX_DIGITS digits.
    """
    try:
        text = data.decode("utf-8-sig")
        if _depth(text) > MAX_DEPTH:
            raise UnexpectedReply("The answer is nested too deeply to be read.")
        return json.loads(
            text, parse_float=_bounded, parse_int=_bounded_int, parse_constant=_no_constant, object_pairs_hook=_no_twins
        )
    except UnexpectedReply:
        raise
    except (ValueError, RecursionError):
        raise UnexpectedReply("The answer is not the JSON that this service documents.") from None


def _depth(text: str) -> int:
    """The deepest nesting; brackets inside strings do not count."""
    deepest = depth = 0
    for match in _BRACKETS.finditer(text):
        run = match.group()
        if run[0] != '"':
            depth += len(run) if run[0] in "[{" else -len(run)
            deepest = max(deepest, depth)
    return deepest


def _bounded(text: str) -> Decimal:
    if len(text) > MAX_DIGITS:
        raise ValueError("too many digits")
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError("an exponent beyond all numbers") from None
    if value.copy_abs() > LARGEST:
        raise ValueError("beyond a double")
    return value


def _bounded_int(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise ValueError("too many digits")
    return int(text)


def _no_constant(_name: str) -> None:
    raise ValueError("NaN and Infinity are not JSON")


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key twice: two readers would see two different values")
    return found
