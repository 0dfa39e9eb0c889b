"""The options behind a link go in, a `Choice` comes out: what to read from a table, a worksheet or a JSON document.

    measure   count  sum(col)  mean(col)  min(col)  max(col)  last(col)  distinct(col)  share(col:value)  value
    where     conditions joined by comma, all must hold: `stage:SQL`  `amount:>100`  `>=` `<` `<=`  `date:2026-01-01..2026-03-31`
    item      `$.data.items`: the list in a JSON document that is read as a table
    select    `$.a['b c'][0][-1]`: the one figure in a JSON document
    cell      `B7` or `Sheet1!B7`; `sheet` names the worksheet; `decimal` the sign that is the decimal point

No expressions, no functions, no wildcards, no regular expressions. A name or value in double quotes is taken as it stands (`""`
is a quote); whatever could be meant as more than plain text (`!x`, `a*`, `a|b`, a second colon) must be quoted, since a filter
that silently meets nothing would be a wrong zero. Numbers and dates in a condition are written `1234.5`, `12%` and `2026-03-31`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, TypeAlias, cast
from urllib.parse import unquote

from sheetsync.errors import NoSuchMetric
from sheetsync.model import Link
from sheetsync.values import Separators

Path: TypeAlias = tuple[str | int, ...]
"""The steps from the root of a JSON document: names and places in lists, -1 is the last."""

MEASURES: Final = {
    "value": "The one figure: of a table with one row and one column, of the row that where= leaves, of cell= or of select=.",
    "count": "How many rows there are, or meet where=.",
    "sum": "sum(column): the numbers of a column added up.",
    "mean": "mean(column): their average.",
    "min": "min(column): the smallest.",
    "max": "max(column): the largest.",
    "last": "last(column): the one in the last row.",
    "distinct": "distinct(column): how many different values there are.",
    "share": "share(column:value): the share of the rows that meet the condition.",
}
"""What can be made of a table, each with what it means; the default first."""
OPTIONS: Final = ("metric", "where", "item", "select", "cell", "sheet", "column", "decimal")
"""What this grammar understands. `account` and `unit` belong to others; a further option would be ignored, so it is refused."""

MAX_TEXT: Final = 1_000
MAX_STEPS: Final = 16
MAX_CONDITIONS: Final = 10
MAX_SHOWN: Final = 40
LAST_ROW: Final = 1_048_576
LAST_COLUMN: Final = 16_384

_MEASURE: Final = re.compile(r"\s*([A-Za-z]+)\s*(?:\((.*)\))?\s*", re.DOTALL)
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?(%?)")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_COMPARED: Final = re.compile(r"(>=|<=|>|<)(.*)", re.DOTALL)
_BARE: Final = re.compile(r"""[^",:，：*|;]*""")
_STEP: Final = re.compile(r"""\.([^\W\d][\w-]{0,99})|\[(-?[0-9]{1,7})\]|\['([^'\\]{1,100})'\]|\["([^"\\]{1,100})"\]""")
_NAME: Final = re.compile(r"[^\W\d][\w-]{0,99}")
_CELL: Final = re.compile(r"(?:(?:'((?:[^']|'')+)'|([^'!]+))!)?\$?([A-Za-z]{1,3})\$?([1-9][0-9]{0,6})")


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a filter. `test` is = > >= < <= or .. (then `value` and `until` are its two ends, both included)."""

    column: str
    test: str
    value: str
    until: str = ""

    def __str__(self) -> str:
        column = _quoted(self.column)
        if self.test == "=":
            return f"{column}:{_quoted(self.value, value=True)}"
        return f"{column}:{self.value}..{self.until}" if self.test == ".." else f"{column}:{self.test}{self.value}"


@dataclass(frozen=True, slots=True)
class Choice:
    """What to read from a document. `str(choice)` is its one canonical text and what stands in `Query.metric`.

    `measure` one of MEASURES; `column` "" where the table has only one
    `where`   the rows that take part; `share` the rows of these that are counted in a share
    `item`    where in a JSON document the list stands, None for the document itself; `select` where the figure stands
    `cell`    (row, column) counted from 1; `sheet` "" for the only one
    """

    measure: str = "value"
    column: str = ""
    where: tuple[Condition, ...] = ()
    share: tuple[Condition, ...] = ()
    item: Path | None = None
    select: Path | None = None
    cell: tuple[int, int] | None = None
    sheet: str = ""
    decimal: Separators = "auto"

    def __str__(self) -> str:
        inner = ",".join(map(str, self.share)) or (_quoted(self.column) if self.column else "")
        parts = [] if self.cell or self.select is not None else [self.measure + (f"({inner})" if inner else "")]
        if self.where:
            parts.append("where=" + ",".join(map(str, self.where)))
        if self.item is not None:
            parts.append("item=" + path_text(self.item))
        if self.select is not None:
            parts.append("select=" + path_text(self.select))
        if self.cell is not None:
            parts.append("cell=" + cell_text(*self.cell))
        if self.sheet:
            parts.append("sheet=" + self.sheet)
        if self.decimal != "auto":
            parts.append("decimal=" + self.decimal)
        return "&".join(part.replace("%", "%25").replace("&", "%26") for part in parts)

    @classmethod
    def parse(cls, text: str) -> Choice:
        """The choice of a text that `str` gave, or that stands behind a link. Raises NoSuchMetric."""
        options: dict[str, str] = {}
        for part in text.split("&"):
            plain = unquote(part)
            name, equals, value = plain.partition("=")
            if not equals or name not in OPTIONS:
                name, value = "metric", plain
            if name in options:
                raise NoSuchMetric("The option {name} stands twice.", name=name, advice="Leave one of the two.")
            options[name] = value
        return _choice(options, "value")


def choice_of(link: Link, *, default: str) -> Choice:
    """What the options behind a link ask for; `default` is the measure where none is named.

    Raises NoSuchMetric with a sentence that shows how to write it.
    """
    options = dict(link.options)
    for name in options:
        if name not in (*OPTIONS, "account", "unit"):
            raise NoSuchMetric(
                "The option {name} says nothing about a table.", name=_shown(name),
                advice="Write filters as where=column:value, and dates as where=date:2026-01-01..2026-03-31.",
            )  # fmt: skip
    return _choice({name: value for name, value in options.items() if name in OPTIONS}, default)


def _choice(options: Mapping[str, str], default: str) -> Choice:
    for name, text in options.items():
        if len(text) > MAX_TEXT or any(ord(char) < 32 or ord(char) == 127 for char in text):
            raise NoSuchMetric("The option {name} is too long, or holds characters that cannot be seen.", name=name)
    select = _path(options["select"]) if "select" in options else None
    item = _path(options["item"]) if "item" in options else None
    cell, sheet = _cell(options["cell"]) if "cell" in options else (None, "")
    named = options.get("sheet", "").strip()
    if sheet and named and sheet.casefold() != named.casefold():
        raise NoSuchMetric("The link names two worksheets: {first} and {second}.", first=_shown(sheet), second=_shown(named))
    one = next((name for name in ("cell", "select") if name in options), None)
    if one is not None:
        wrong = [name for name in ("where", "item", "column", "select", "sheet") if name in options and name != one]
        if (wrong and not (one == "cell" and wrong == ["sheet"])) or options.get("metric", "value").strip().lower() != "value":
            raise NoSuchMetric(
                "{name}= names one figure by itself, so nothing else can be asked of it.", name=one,
                advice="For a list in JSON write item=$.list with a measure, for a table a measure without cell= and select=.",
            )  # fmt: skip
        return Choice(select=select, cell=cell, sheet=sheet or named, decimal=_decimal(options))
    measure, column, share = _measure(options.get("metric") or default)
    where = _conditions(options["where"]) if options.get("where", "").strip() else ()
    also = _unquoted(options["column"].strip()) if options.get("column", "").strip() else ""
    if also and ((column and column != also) or measure in {"count", "share"}):
        raise NoSuchMetric("The measure {measure} and column={column} do not go together.", measure=measure, column=_shown(also))
    if measure == "share" and not share:
        share, where = where, ()
        if not share:
            raise NoSuchMetric("A share needs to know of what: write share(stage:SQL).", advice="Name a column and a value.")
    return Choice(measure, column or also, where, share, item, None, None, named, _decimal(options))


def _decimal(options: Mapping[str, str]) -> Separators:
    sign = options.get("decimal", "auto").strip()
    if sign not in {"auto", ",", "."}:
        raise NoSuchMetric("The decimal point is either decimal=, or decimal=. behind the link.", advice="Write one of the two.")
    return cast(Separators, sign)


def _measure(text: str) -> tuple[str, str, tuple[Condition, ...]]:
    match = _MEASURE.fullmatch(text)
    name, inner = (match[1].lower(), (match[2] or "").strip()) if match else ("", "")
    if name not in MEASURES or (name == "count" and inner):
        raise NoSuchMetric(
            "There is no measure {text}: write count, sum(column), mean(column), min(column), max(column), last(column), "
            "distinct(column), share(column:value) or value.",
            text=_shown(text), advice="Choose one of these; filters follow as &where=column:value.",
        )  # fmt: skip
    if name == "share":
        return name, "", _conditions(inner) if inner else ()
    return name, _unquoted(inner) if inner else "", ()


# --- filters


def _conditions(text: str) -> tuple[Condition, ...]:
    parts = _split(text, ",")
    if len(parts) > MAX_CONDITIONS:
        raise NoSuchMetric("A filter has at most {limit} conditions.", limit=MAX_CONDITIONS, advice="Leave some of them out.")
    found = tuple(_condition(part.strip()) for part in parts)
    equal = [one.column.casefold() for one in found if one.test == "="]
    if len(set(equal)) != len(equal):  # all conditions hold, so two values of one column would always count nothing
        raise NoSuchMetric("A column stands in two filters of this link.", advice="Leave one of them.")
    return found


def _condition(text: str) -> Condition:
    column, *rest = _split(text, ":")
    if len(rest) != 1 or not column.strip():
        raise _no_condition(text)
    name, value = _unquoted(column.strip()), rest[0].strip()
    compared = _COMPARED.fullmatch(value)
    if compared is not None:
        operand = compared[2].strip()
        if number_of(operand) is None and date_of(operand) is None:
            raise _no_bound(operand)
        return Condition(name, compared[1], operand)
    ends = [end.strip() for end in value.split("..")] if ".." in value and not value.startswith('"') else []
    if not ends:
        if not value or (not value.startswith('"') and value[0] in "!=~^"):
            raise _no_condition(text)
        return Condition(name, "=", _unquoted(value, value=True))
    if len(ends) != 2:
        raise _no_condition(text)
    low, high = (number_of(end) if number_of(end) is not None else date_of(end) for end in ends)
    if low is None or high is None or isinstance(low, date) is not isinstance(high, date):
        raise _no_bound(value)
    if low > high:  # type: ignore[operator]  # both are of one kind, as the line above made sure
        raise NoSuchMetric("The range {text} ends before it begins.", text=_shown(value), advice="Write the smaller end first.")
    return Condition(name, "..", ends[0], ends[1])


def number_of(text: str) -> Decimal | None:
    """A number as it is written in a condition: `1234.5`, or `12%` for 0.12; else None."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    value = Decimal(text.removesuffix("%"))
    return value / 100 if match[2] else value


def date_of(text: str) -> date | None:
    """A date as it is written in a condition, `2026-03-31`; else None."""
    if not _DATE.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _no_condition(text: str) -> NoSuchMetric:
    return NoSuchMetric(
        "The filter {text} cannot be read: write column:value, column:>100 or column:1..9, joined by commas.", text=_shown(text),
        advice='Put names and values with a colon, a comma or another sign into double quotes, as in stage:"A, B".',
    )  # fmt: skip


def _no_bound(text: str) -> NoSuchMetric:
    return NoSuchMetric(
        "{text} is no number and no date: compare with numbers as 1234.5 or dates as 2026-03-31.", text=_shown(text),
        advice="Write both ends of a range in the same way.",
    )  # fmt: skip


# --- quotes


def _split(text: str, separator: str) -> list[str]:
    """The parts between separators that stand outside of double quotes. Raises NoSuchMetric where a quote is not closed."""
    parts, inside = [""], False
    for char in text:
        inside ^= char == '"'
        if char == separator and not inside:
            parts.append("")
        else:
            parts[-1] += char
    if inside:
        raise NoSuchMetric("A quote is opened and not closed in {text}.", text=_shown(text), advice='Close it with another ".')
    return parts


def _unquoted(text: str, *, value: bool = False) -> str:
    if text.startswith('"'):
        inner = text[1:-1]
        if len(text) < 2 or not text.endswith('"') or '"' in inner.replace('""', ""):
            raise _no_condition(text)
        if inner.strip() or value:
            return inner.replace('""', '"').strip()
    elif _is_bare(text):
        return text.strip()
    raise _no_condition(text)


def _is_bare(text: str) -> bool:
    """Whether a text may stand without quotes: it has no sign of the grammar, and closes every bracket that it opens."""
    depth = 0
    for char in text:
        depth += (char == "(") - (char == ")")
        if depth < 0:
            return False
    return depth == 0 and _BARE.fullmatch(text) is not None


def _quoted(text: str, *, value: bool = False) -> str:
    plain = bool(text) and _is_bare(text) and text == text.strip()
    if plain and value:
        plain = text[0] not in "!=~^<>" and ".." not in text
    return text if plain else '"' + text.replace('"', '""') + '"'


# --- places


def _path(text: str) -> Path:
    steps: list[str | int] = []
    text = text.strip()
    position = 1
    while text.startswith("$") and position < len(text) and len(steps) <= MAX_STEPS:
        match = _STEP.match(text, position)
        if match is None:
            break
        name, index, single, double = match.groups()
        steps.append(int(index) if index is not None else name or single or double)
        position = match.end()
    if not text.startswith("$") or position < len(text) or len(steps) > MAX_STEPS:
        raise NoSuchMetric(
            "{text} is no place in a document; write $.name.name, $['a name'], [0] in a list (at most {limit} steps).",
            text=_shown(text), limit=MAX_STEPS, advice="Nothing is searched for or computed on the way.",
        )  # fmt: skip
    return tuple(steps)


def path_text(path: Path) -> str:
    """`$.a['b c'][0]` for ("a", "b c", 0)."""
    text = "$"
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _NAME.fullmatch(step):
            text += f".{step}"
        else:
            text += f'["{step}"]' if "'" in step else f"['{step}']"
    return text


def _cell(text: str) -> tuple[tuple[int, int], str]:
    match = _CELL.fullmatch(text.strip())
    if match is not None:
        column = 0
        for letter in match[3].upper():
            column = column * 26 + ord(letter) - 64
        if column <= LAST_COLUMN and int(match[4]) <= LAST_ROW:
            return (int(match[4]), column), (match[1] or "").replace("''", "'").strip() or (match[2] or "").strip()
    raise NoSuchMetric("{text} is no cell: write B7 or Sheet1!B7.", text=_shown(text), advice="One cell, not a range.")


def cell_text(row: int, column: int) -> str:
    """`B7` for (7, 2)."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row}"


def _shown(text: str) -> str:
    plain = "".join(char if char.isprintable() else "?" for char in text)
    return plain if len(plain) <= MAX_SHOWN else plain[: MAX_SHOWN - 1] + "…"
