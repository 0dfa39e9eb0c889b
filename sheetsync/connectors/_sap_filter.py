"""A filter from a link goes in, one that OData understands comes out, made anew from known parts: nothing passes unread.

Two ways to write one: conditions as everywhere in sheetsync (`SalesOrderDate:2026-01-01..2026-03-31,SalesOrderType:OR`), which
become literals of each field's own type; or OData's own text, of which names, comparisons, literals and four functions are taken.

Literals   version 2: https://www.odata.org/documentation/odata-version-2-0/overview/ (6); version 4: https://docs.oasis-open.org/
           odata/odata/v4.01/odata-v4.01-part2-url-conventions.html (5.1.1.14)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sheetsync.connectors._grammar import Condition, date_of, number_of
from sheetsync.connectors._sap_metadata import EntitySet, Field
from sheetsync.errors import NoSuchMetric

MAX_FILTER: Final = 2_000
V4: Final = 4

_TESTS: Final = {"=": "eq", ">": "gt", ">=": "ge", "<": "lt", "<=": "le"}
_WORDS: Final = frozenset({"eq", "ne", "gt", "ge", "lt", "le", "and", "or", "not", "true", "false", "null"})
_FUNCTIONS: Final = frozenset({"substringof", "startswith", "endswith", "contains"})
NUMBERS: Final = {"Decimal": "M", "Double": "d", "Single": "f", "Int64": "L", "Int32": "", "Int16": "", "Byte": "", "SByte": ""}
_WHOLE: Final = frozenset({"Int64", "Int32", "Int16", "Byte", "SByte"})
_GUID: Final = "[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_TOKEN: Final = re.compile(
    r"\s*(?:"
    r"(?P<string>'(?:[^']|'')*')"
    rf"|(?P<literal>(?:datetime|datetimeoffset|time)'[0-9TZ:.+-]{{1,40}}'|guid'{_GUID}'|{_GUID}"
    r"|\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,7})?)?(?:Z|[+-]\d{2}:\d{2})?)?|-?\d{1,30}(?:\.\d{1,30})?[MmLlDdFf]?)(?![\w.'-])"
    r"|(?P<name>[A-Za-z_]\w{0,99}(?:/[A-Za-z_]\w{0,99}){0,4})(?!['/])"
    r"|(?P<sign>[(),])"
    r")\s*",
    re.ASCII,
)


def checked(text: str) -> str:
    """OData's own filter text, taken apart and put together again. Raises NoSuchMetric."""
    tokens: list[str] = []
    position = depth = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        depth += {"(": 1, ")": -1}.get(match["sign"] or "", 0) if match else 0
        if match is None or depth < 0 or len(text) > MAX_FILTER:
            raise _unreadable()
        if match["sign"] == "(" and tokens and _is_name(tokens[-1]):
            if tokens[-1] not in _FUNCTIONS:
                raise _unreadable()
            tokens[-1] += "("
        else:
            tokens.append(match["string"] or match["literal"] or match["name"] or match["sign"])
        position = match.end()
    if depth or not tokens or any(token in _FUNCTIONS for token in tokens):
        raise _unreadable()
    text = ""
    for token in tokens:
        text += ("" if not text or text[-1] in "(," or token in {")", ","} else " ") + token
    return text


def _is_name(token: str) -> bool:
    return token not in _WORDS and re.fullmatch(r"[A-Za-z_][\w/]*", token) is not None


def _unreadable() -> NoSuchMetric:
    return NoSuchMetric(
        "The filter of this link cannot be read.",
        advice="Write where=FIELD:VALUE,FIELD:2026-01-01..2026-03-31 behind the link, or a plain OData filter without functions.",
    )


def names_in(text: str) -> set[str]:
    """The names that a checked filter speaks of."""
    return {match["name"] for match in _TOKEN.finditer(text) if match["name"]} - _WORDS - _FUNCTIONS


def of_conditions(conditions: Sequence[Condition], known: EntitySet, *, version: int, zone: ZoneInfo) -> str:
    """Conditions as a filter, `A eq 'x' and B ge 5`. Raises NoSuchMetric: an unknown field, a value that is none of its type."""
    return " and ".join(_condition(one, known.named(one.column), known.field(one.column), version, zone) for one in conditions)


def _condition(one: Condition, name: str, field: Field, version: int, zone: ZoneInfo) -> str:
    if field.type in {"Date", "DateTime", "DateTimeOffset"}:
        return _days(one, name, field, version, zone)
    if one.test == "..":
        low, high = _literal(one.value, name, field, version), _literal(one.until, name, field, version)
        return f"{_ordered(name, field)} ge {low} and {name} le {high}"
    value = _literal(one.value, name, field, version)
    return f"{name if one.test == '=' else _ordered(name, field)} {_TESTS[one.test]} {value}"


def _ordered(name: str, field: Field) -> str:
    """Texts have an order of their own, in which 10 stands before 9."""
    if field.type not in NUMBERS:
        raise NoSuchMetric("{field} is no number and no date, so it cannot be compared.", field=name, advice="Write FIELD:VALUE.")
    return name


def _literal(text: str, name: str, field: Field, version: int) -> str:
    if field.type == "String":
        return "'" + text.replace("'", "''") + "'"
    if field.type == "Boolean" and text.casefold() in {"true", "false", "yes", "no"}:
        return "true" if text.casefold() in {"true", "yes"} else "false"
    if field.type == "Guid" and re.fullmatch(_GUID, text):
        return f"guid'{text}'" if version < V4 else text
    number = number_of(text) if field.type in NUMBERS and "%" not in text else None  # 50 % may be kept as 50 or as 0.5
    if number is not None and (field.type not in _WHOLE or number == number.to_integral_value()):
        return f"{number:f}" + (NUMBERS[field.type] if version < V4 else "")
    raise NoSuchMetric(
        "{value} is no value of the field {field} ({type}).", value=text, field=name, type=field.type,
        advice="Write texts, numbers as 1234.5, or yes and no.",
    )  # fmt: skip


def _days(one: Condition, name: str, field: Field, version: int, zone: ZoneInfo) -> str:
    """Whole days: a field with a time of day belongs to the day that it has in the account's time zone."""
    first, last = date_of(one.value), date_of(one.until or one.value)
    if first is None or last is None:
        raise NoSuchMetric("{field} is a date, written 2026-03-31.", field=name, advice="Write FIELD:2026-01-01..2026-03-31.")
    behind = last + timedelta(days=1)
    after, before = {
        "=": (first, behind), "..": (first, behind),
        ">": (behind, None), ">=": (first, None), "<": (None, first), "<=": (None, behind),
    }[one.test]  # fmt: skip
    bounds = [("ge", after), ("lt", before)]
    return " and ".join(f"{name} {test} {_day(day, field, version, zone)}" for test, day in bounds if day is not None)


def _day(day: date, field: Field, version: int, zone: ZoneInfo) -> str:
    if field.type == "Date":
        return day.isoformat()
    if field.type == "DateTime":  # has no time zone, and SAP's days stand at midnight
        return f"datetime'{day.isoformat()}T00:00:00'"
    moment = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"datetimeoffset'{moment}'" if version < V4 else moment
