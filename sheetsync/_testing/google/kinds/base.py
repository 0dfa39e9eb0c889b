"""What a kind of batchUpdate request is: the fields that it knows, and a function from the call and the request to its reply."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from sheetsync._testing.google import masks
from sheetsync._testing.google.asked import Asked
from sheetsync._testing.google.document import Tab
from sheetsync._testing.google.errors import bad
from sheetsync._testing.google.masks import Tree

Reply: TypeAlias = "dict[str, Any] | None"
Apply: TypeAlias = Callable[[Asked, Mapping[str, Any]], Reply]


class Kind(NamedTuple):
    """`fields` are those of the message in the discovery document, in JSON's spelling."""

    fields: frozenset[str]
    apply: Apply


KINDS: Final[dict[str, Kind]] = {}
"""Every kind that the stand-in knows; the rooms beside this one fill it. An unknown kind is refused, as by Google."""


def kind(name: str, *fields: str) -> Callable[[Apply], Apply]:
    """Registers a function as what a kind does."""

    def register(apply: Apply) -> Apply:
        KINDS[name] = Kind(frozenset(fields), apply)
        return apply

    return register


def mask_of(request: Mapping[str, Any]) -> Tree:
    """The request's `fields`: "At least one field must be specified"."""
    fields = request.get("fields")
    if not fields:
        raise bad("At least one field must be listed in 'fields'. (Use '*' to indicate all fields.)")
    return masks.parse(fields)


def required(request: Mapping[str, Any], name: str) -> Any:
    if request.get(name) is None:
        raise bad(f"{name} must be specified")
    return request[name]


def lines_of(asked: Asked, span: Mapping[str, Any], *, bounded: bool = False) -> tuple[Tab, str, int, int]:
    """A DimensionRange: the tab, the dimension, start and end in the grid."""
    tab = asked.document.tab(int(span.get("sheetId") or 0))
    dimension = span.get("dimension")
    if dimension not in {"ROWS", "COLUMNS"}:
        raise bad("dimension must be ROWS or COLUMNS")
    start, end = span.get("startIndex"), span.get("endIndex")
    if bounded and (start is None and end is None):
        raise bad("startIndex and endIndex must be specified")
    length = len(tab.lines(dimension))
    first, last = int(start or 0), length if end is None else int(end)
    if first >= last or first < 0:
        raise bad(f"startIndex[{first}] must be less than endIndex[{last}]")
    return tab, dimension, first, last
