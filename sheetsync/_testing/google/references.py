"""A formula goes in, its tokens go out; and the formula with its references moved as a spreadsheet moves them."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from sheetsync._testing.google.a1 import Area, letters, number, quoted, split

_WORD: Final = r"(?:(?:'(?:[^']|'')+'|[A-Za-z_][A-Za-z0-9_.]*)!)?"
_TOKEN: Final = re.compile(
    rf"""(?P<blank>\s+)
      | (?P<text>"(?:[^"]|"")*")
      | (?P<ref>{_WORD}(?:\$?[A-Za-z]{{1,3}}\$?[0-9]+(?::\$?[A-Za-z]{{1,3}}(?:\$?[0-9]+)?)?
                        |\$?[A-Za-z]{{1,3}}:\$?[A-Za-z]{{1,3}}|\$?[0-9]+:\$?[0-9]+)(?![A-Za-z0-9_(.!]))
      | (?P<number>[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?|\.[0-9]+)
      | (?P<error>\#[A-Z/0]+[!?]?)
      | (?P<name>{_WORD}[A-Za-z_][A-Za-z0-9_.]*)
      | (?P<sign><=|>=|<>|[-+*/^&=<>%(),;:{{}}])
      | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)


class Token(NamedTuple):
    kind: str
    text: str


class Reference(NamedTuple):
    """A reference in a formula: the tab it names (None: its own), the area, which of the four ends stand behind a `$`."""

    tab: str | None
    area: Area
    fixed: tuple[bool, bool, bool, bool]
    single: bool

    def __str__(self) -> str:
        top, bottom, left, right = self.area
        high, low, west, east = self.fixed
        first = _end(left, west) + _end(top, high, row=True)
        last = _end(None if right is None else right - 1, east) + _end(None if bottom is None else bottom - 1, low, row=True)
        prefix = "" if self.tab is None else f"{quoted(self.tab)}!"
        return prefix + (first if self.single else f"{first}:{last}")


def _end(index: int | None, fixed: bool, *, row: bool = False) -> str:
    if index is None:
        return ""
    return ("$" if fixed else "") + (str(index + 1) if row else letters(index))


@lru_cache(maxsize=4096)
def tokens(formula: str) -> tuple[Token, ...]:
    """The tokens of a formula, its leading `=` not among them."""
    return tuple(Token(found.lastgroup or "", found.group()) for found in _TOKEN.finditer(formula.removeprefix("=")))


@lru_cache(maxsize=4096)
def reference(text: str) -> Reference:
    """A `ref` token, understood."""
    tab, rest, _ = split(text)
    first, colon, second = rest.partition(":")
    west, left, high, top = _parts(first)
    if not colon:
        return Reference(
            tab,
            Area(top, None if top is None else top + 1, left, None if left is None else left + 1),
            (high, high, west, west),
            True,
        )
    east, right, low, bottom = _parts(second)
    ends = Area(top, None if bottom is None else bottom + 1, left, None if right is None else right + 1)
    return Reference(tab, ends, (high, low, west, east), False)


def _parts(corner: str) -> tuple[bool, int | None, bool, int | None]:
    found = re.fullmatch(r"(\$?)([A-Za-z]*)(\$?)([0-9]*)", corner)
    assert found is not None, corner
    west, column, high, row = found.groups()
    if not column and west and not high:
        west, high = "", west
    return bool(west), (number(column) if column else None), bool(high), (int(row) - 1 if row else None)


Visit: TypeAlias = Callable[[Reference], Reference | None]


def rewrite(formula: str, visit: Visit) -> str:
    """The formula with every reference as `visit` gives it back; None becomes #REF!, as in a spreadsheet."""
    parts, changed = [], False
    for token in tokens(formula):
        if token.kind == "ref":
            old = reference(token.text)
            new = visit(old)
            if new != old:
                changed = True
                parts.append("#REF!" if new is None else str(new))
                continue
        parts.append(token.text)
    return "=" + "".join(parts) if changed else formula


def shifted(formula: str, rows: int, columns: int) -> str:
    """The formula as it is after it was copied that far: what does not stand behind a `$` moves along."""

    def visit(old: Reference) -> Reference | None:
        high, low, west, east = old.fixed
        top, bottom, left, right = old.area
        moved = Area(
            _moved(top, rows, high), _moved(bottom, rows, low), _moved(left, columns, west), _moved(right, columns, east)
        )
        if any(end is not None and end < 0 for end in moved) or 0 in (moved.bottom, moved.right):
            return None
        return old._replace(area=moved)

    return rewrite(formula, visit)


def _moved(end: int | None, distance: int, fixed: bool) -> int | None:
    return end if end is None or fixed else end + distance
