"""CellData as it was sent goes in, CellData as Google keeps and gives it goes out.

Recorded: colours are rounded down to 8 bits, channels that are zero are left out, and a colour comes back both as `…Color` and as
`…ColorStyle`. Documented: effective values and `hyperlink` are read-only; a new value erases runs and chips.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from typing import Any, Final

from sheetsync._testing.google import entering, masks
from sheetsync._testing.google.document import Cell
from sheetsync._testing.google.errors import bad
from sheetsync._testing.google.masks import Tree

READ_ONLY: Final = ("effectiveValue", "effectiveFormat", "formattedValue", "hyperlink")
KNOWN: Final = frozenset(
    {
        *READ_ONLY,
        "userEnteredValue",
        "userEnteredFormat",
        "note",
        "textFormatRuns",
        "chipRuns",
        "dataValidation",
        "pivotTable",
        "dataSourceTable",
        "dataSourceFormula",
    }
)
_STYLES: Final = (("backgroundColor", "backgroundColorStyle"), ("foregroundColor", "foregroundColorStyle"))


def single(value: float) -> float:
    """A number as a 32-bit float, in its shortest spelling: 0.49803922 and not 0.4980392156862745."""
    packed = struct.pack("f", value)
    for digits in range(1, 10):
        short = float(f"{value:.{digits}g}")
        if struct.pack("f", short) == packed:
            return short
    return value


def colour(document: Mapping[str, Any]) -> dict[str, float]:
    """A Color as it comes back."""
    found = {}
    for name in ("red", "green", "blue"):
        level = math.floor(min(max(float(document.get(name) or 0), 0.0), 1.0) * 255 + 1e-6)
        if level:
            found[name] = 1 if level == 255 else single(level / 255)
    return found


def style(document: Mapping[str, Any]) -> dict[str, Any]:
    """A ColorStyle as it comes back."""
    if "themeColor" in document:
        return {"themeColor": document["themeColor"]}
    return {"rgbColor": colour(document.get("rgbColor") or {})}


def paired(document: Mapping[str, Any], plain: str, styled: str, *, newer: str = "") -> dict[str, Any]:
    """The document with a colour in both spellings; the style takes precedence, unless only the plain one is new."""
    found = {name: value for name, value in document.items() if name not in {plain, styled}}
    given = document.get(styled)
    if given is None or newer == plain:
        if document.get(plain) is None:
            return found
        given = {"rgbColor": document[plain]}
    given = style(given)
    return found | ({plain: given["rgbColor"]} if "rgbColor" in given else {}) | {styled: given}


def cell_format(document: Mapping[str, Any], tree: Tree | None = None) -> dict[str, Any]:
    """A CellFormat as it comes back; `tree` says which fields were just written."""
    found = {name: value for name, value in document.items() if value is not None}
    inner = found.get("textFormat")
    if isinstance(inner, Mapping):
        text = {name: value for name, value in inner.items() if value is not None and value is not False}
        fresh = (tree or {}).get("textFormat", {})
        found["textFormat"] = paired(text, *_STYLES[1], newer=_newer(fresh, *_STYLES[1]))
    found = paired(found, *_STYLES[0], newer=_newer(tree or {}, *_STYLES[0]))
    number = found.get("numberFormat")
    if number is not None and not number.get("type"):
        raise bad("Invalid userEnteredFormat.numberFormat: type must be specified")
    return found


def _newer(tree: Tree, plain: str, styled: str) -> str:
    return plain if plain in tree and styled not in tree else ""


def written(cell: Cell, source: Mapping[str, Any], tree: Tree) -> Cell:
    """A cell after CellData was written into it through a mask: what the mask names is set or reset, nothing else."""
    for name in tree:
        if name not in KNOWN:
            raise bad(f"Invalid field: {name}")
    named = {name: sub for name, sub in tree.items() if name not in READ_ONLY} if tree else {}
    if tree and not named:
        return cell
    source = {name: value for name, value in source.items() if name not in READ_ONLY}
    before = dict(cell)
    if not tree or "userEnteredValue" in named:
        for name in entering.VALUE_FIELDS:
            if name != "userEnteredValue":
                before.pop(name, None)
    new = masks.write(before, source, _without_partner(named, source))
    if not new.get("note", True):
        del new["note"]
    value = new.get("userEnteredValue")
    if value is not None:
        new["userEnteredValue"] = entered(value)
        if not new["userEnteredValue"]:
            del new["userEnteredValue"]
    if "userEnteredFormat" in new and (not tree or "userEnteredFormat" in tree):
        new["userEnteredFormat"] = cell_format(new["userEnteredFormat"], tree.get("userEnteredFormat"))
    if not new.get("userEnteredFormat", True):
        del new["userEnteredFormat"]
    return new


def _without_partner(tree: Tree, source: Mapping[str, Any]) -> Tree:
    """Whoever resets one spelling of a colour resets both."""
    format_tree = tree.get("userEnteredFormat")
    if not format_tree:
        return tree
    grown = dict(format_tree)
    given = source.get("userEnteredFormat") or {}
    for plain, styled in _STYLES[:1]:
        if plain in grown or styled in grown:
            for name in (plain, styled):
                if not given.get(name):
                    grown.setdefault(name, {})
    return {**tree, "userEnteredFormat": grown}


def entered(value: Mapping[str, Any]) -> dict[str, Any]:
    """An ExtendedValue as it is stored; one kind only, and an empty text is no value."""
    given = {name: part for name, part in value.items() if part is not None}
    if "errorValue" in given:
        raise bad("errorValue is read-only")
    if len(given) > 1:
        raise bad("Only one kind of value can be set")
    text = given.get("stringValue")
    if isinstance(text, str) and len(text) > entering.LONGEST:
        raise bad(f"Your input contains more than the maximum of {entering.LONGEST} characters in a single cell.")
    return {} if text == "" else given
