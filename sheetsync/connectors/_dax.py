"""A measure and conditions as a link writes them go in, a query in DAX comes out: names and values, nothing else.

    measure     Total Revenue   [Total Revenue]   Sales[Total Revenue]
                count(Orders)   sum(Orders[Amount])   and mean, min, max, distinct
    condition   Date[Year]:2026   Geo[Country]:Germany   Orders[Amount]:>100   Orders[Day]:2026-01-01..2026-03-31

Names lose what could end them ([ ] ' "), values stand in quotes that are doubled inside, or are strict numbers or dates.
Language: https://learn.microsoft.com/dax/dax-syntax-reference, operators https://learn.microsoft.com/dax/dax-operator-reference
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from sheetsync.connectors._grammar import Condition, date_of, number_of
from sheetsync.errors import NoSuchMetric, UnsupportedLink

FUNCTIONS: Final = {
    "count": "COUNTROWS", "sum": "SUM", "mean": "AVERAGE", "min": "MIN", "max": "MAX", "distinct": "DISTINCTCOUNT",
}  # fmt: skip

_NAME: Final = r"""[^\[\]'"\x00-\x1f\x7f]{1,100}"""
_MEASURE: Final = re.compile(rf"(?:'?(?P<table>{_NAME}?)'?)?\[(?P<name>{_NAME})\]|(?P<bare>{_NAME})")
_COLUMN: Final = re.compile(rf"'?(?P<table>{_NAME}?)'?\[(?P<name>{_NAME})\]")
_CALL: Final = re.compile(r"(?P<function>[A-Za-z]+)\((?P<inner>.*)\)")
_TABLE: Final = re.compile(rf"'?({_NAME}?)'?")
_WHOLE: Final = re.compile(r"0|-?[1-9][0-9]{0,17}")
_URL_CONDITION: Final = re.compile(
    rf"(?P<table>{_NAME}?)(?:/|~2F)(?P<name>{_NAME}?) (?P<test>eq|gt|ge|lt|le) (?P<value>'(?:[^']|'')*'|-?[0-9]+(?:\.[0-9]+)?)",
    re.IGNORECASE,
)
_URL_TESTS: Final = {"eq": "=", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
_ESCAPED: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")


def measure_of(text: str) -> str:
    """The one canonical text of a measure. Raises NoSuchMetric."""
    plain = " ".join(text.split())
    call, function = _CALL.fullmatch(plain), _called(plain)
    if call is not None and function:
        inner = _TABLE.fullmatch(call["inner"]) if function == "count" else None
        if inner is not None and inner[1].strip():
            return f"count({inner[1].strip()})"
        if function != "count":
            return f"{function}({column_of(call['inner'])})"
    measure = _MEASURE.fullmatch(plain)
    name = (measure["bare"] or measure["name"]).strip() if measure is not None else ""
    if measure is not None and name and not (measure["bare"] and _called(name)):
        table = (measure["table"] or "").strip()
        return f"{table}[{name}]" if table else f"[{name}]" if _called(name) else name
    raise NoSuchMetric(
        "The measure {text} cannot be read.", text=text,
        advice="Write the name of a measure, Table[Measure], count(Table), or sum, mean, min, max, distinct of Table[Column].",
    )  # fmt: skip


def _called(text: str) -> str:
    """The function that a text calls, else nothing."""
    call = _CALL.fullmatch(text)
    return call["function"].lower() if call is not None and call["function"].lower() in FUNCTIONS else ""


def is_count(measure: str) -> bool:
    """Of nothing a count is zero, although DAX says BLANK."""
    return _called(measure) in {"count", "distinct"}


def column_of(text: str) -> str:
    """`'Date'[Year]` -> `Date[Year]`. Raises NoSuchMetric."""
    column = _COLUMN.fullmatch(text.strip())
    if column is None or not column["table"].strip() or not column["name"].strip():
        raise NoSuchMetric("{text} is no column of a semantic model.", text=text, advice="Write it as Table[Column].")
    return f"{column['table'].strip()}[{column['name'].strip()}]"


def url_conditions(text: str) -> tuple[Condition, ...]:
    """The conditions in `filter=` of a report's address, `Geo/Country eq 'Germany' and …`.

    https://learn.microsoft.com/power-bi/collaborate-share/service-url-filters. Raises UnsupportedLink for what it cannot repeat.
    """
    found, at = [], 0
    text = text.strip()
    while at < len(text):
        match = _URL_CONDITION.match(text, at)
        end = match.end() if match else 0
        joint = re.compile(r" +and +", re.IGNORECASE).match(text, end)
        if match is None or (end < len(text) and joint is None):
            raise _unreadable()
        at = joint.end() if joint else end
        table, name = (_ESCAPED.sub(lambda code: chr(int(code[1], 16)), match[part]) for part in ("table", "name"))
        value, test = match["value"], _URL_TESTS[match["test"].lower()]
        if value.startswith("'"):
            value = value[1:-1].replace("''", "'")
            if test != "=" or not value.isprintable():
                raise _unreadable()
        try:
            found.append(Condition(column_of(f"{table}[{name}]"), test, value))
        except NoSuchMetric:
            raise _unreadable() from None
    return tuple(found)


def _unreadable() -> UnsupportedLink:
    return UnsupportedLink(
        "This address filters the report in a way that sheetsync cannot repeat.",
        use_instead="Paste the address without filter=, and write where=Table[Column]:value behind it.",
    )


@dataclass(frozen=True, slots=True)
class Question:
    """One figure: a measure under conditions, both as `measure_of` and `column_of` gave them."""

    measure: str
    where: tuple[Condition, ...] = ()

    @property
    def values(self) -> tuple[Condition, ...]:
        """The conditions that name a value, which can be misspelt."""
        return tuple(one for one in self.where if one.test == "=")


def query(questions: Sequence[Question]) -> str:
    """One row: `[v0]`, `[v1]` … hold the figures, `[k0_0]` … how often the model has the value of a condition."""
    parts = []
    for place, question in enumerate(questions):
        filters = "".join(f", {_predicate(one)}" for one in question.where)
        parts.append(f'"v{place}", CALCULATE({_expression(question.measure)}{filters})')
        for number, one in enumerate(question.values):
            parts.append(f'"k{place}_{number}", COUNTROWS(FILTER(ALL({_column(one.column)}), {_predicate(one)}))')
    return f"EVALUATE ROW({', '.join(parts)})"


def _expression(measure: str) -> str:
    call, function = _CALL.fullmatch(measure), _called(measure)
    if call is not None and function:
        inner = f"'{call['inner']}'" if function == "count" else _column(call["inner"])
        return f"{FUNCTIONS[function]}({inner})"
    if measure.startswith("["):
        return measure
    return _column(measure) if measure.endswith("]") else f"[{measure}]"


def _column(text: str) -> str:
    table, _, name = text.removesuffix("]").partition("[")
    return f"'{table}'[{name}]"


def _predicate(one: Condition) -> str:
    """DAX takes BLANK for zero, for an empty text and for a day in 1899: strict equality, and blanks never lie in a span."""
    column = _column(one.column)
    if one.test == "=":
        return _equal(column, one.value)
    low, high = (one.value, one.until) if one.test == ".." else (one.value, one.value)
    bounds = []
    if one.test in {">", ">=", ".."}:
        bounds.append(_bound(column, low, ">" if one.test == ">" else ">="))
    if one.test in {"<", "<=", ".."}:
        bounds.append(_bound(column, high, "<" if one.test == "<" else "<="))
    return f"({' && '.join(bounds)} && NOT ISBLANK({column}))"


def _equal(column: str, value: str) -> str:
    day, number = date_of(value), number_of(value)
    if day is not None:
        return f"({column} >= {_day(day)} && {column} < {_day(day + timedelta(days=1))})"
    if _WHOLE.fullmatch(value) or value.casefold() in {"true", "false"}:
        return f'({column} & "" = "{value}")'  # the column may hold numbers or text: as text both are alike
    if number is not None and "%" not in value and "." in value:
        return f"({column} == {_number(number)})"
    return f'({column} == "{value.replace(chr(34), chr(34) * 2)}")'


def _bound(column: str, text: str, test: str) -> str:
    """A day is whole: after it begins on the next one, up to it ends there."""
    day = date_of(text)
    if day is None:
        number = number_of(text)
        return f"{column} {test} {_number(number if number is not None else Decimal(0))}"
    if test in {">", "<="}:
        return f"{column} {'>=' if test == '>' else '<'} {_day(day + timedelta(days=1))}"
    return f"{column} {test} {_day(day)}"


def _day(day: date) -> str:
    return f"DATE({day.year}, {day.month}, {day.day})"


def _number(number: Decimal) -> str:
    return format(number, "f")
