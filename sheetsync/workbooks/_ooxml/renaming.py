"""A workbook file and new names for sheets go in, the same workbook with these names comes out: whatever refers to them follows.

What refers to a sheet (ECMA-376 part 1): formulas of cells, charts, names, rules and tables, links inside the workbook, sources
of pivot tables, shapes and controls. What cannot be followed is refused: macros, and addresses that a formula puts together
itself. What comes out is read again and compared, cell by cell, with what went in.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final
from xml.sax.saxutils import escape, unescape

from sheetsync.errors import CannotEdit
from sheetsync.model import Grid
from sheetsync.workbooks._ooxml.package import Package

_ELEMENT: Final = re.compile(
    r"(<(?:\w+:)?(?:f|definedName|formula|formula1|formula2|calculatedColumnFormula|totalsRowFormula|lpstr|Fmla\w+)"
    r"(?:\s[^<>]*)?(?<!/)>)([^<]+)(?=</)"
)
_ATTRIBUTE: Final = re.compile(
    r"""(?<=\s)((?:location|textlink|fmlaLink|fmlaRange|fmlaTxbx|fmlaGroup|sheet|ref)=")([^"<]*)(?=")"""
)
_SHEET: Final = re.compile(r"""(<(?:\w+:)?sheet\s[^<>]*?\bname=")([^"]*)(?=")""")
_VALUE: Final = re.compile(r"<((?:\w+:)?(?:v|t))(?:\s[^<>]*)?(?<!/)>[^<]*</\1>")
"""A kept result or a text: what it says refers to nothing."""
_LITERAL: Final = re.compile(r'("(?:[^"]|"")*")')
_COMPUTED: Final = re.compile(r"\bINDIRECT\s*\(", re.IGNORECASE)
_QUOTES: Final = {"&quot;": '"', "&apos;": "'"}
_TEXTS: Final = (
    "xl/sharedStrings",
    "xl/comments",
    "xl/threadedComments",
    "xl/theme",
    "docProps/core",
    "docProps/custom",
    "customXml",
)
_LONGEST: Final = 31


def renamed(data: bytes, names: Mapping[str, str]) -> bytes:
    """Old name -> new name. Raises CannotEdit where something could not follow, and WorkbookError as reading does."""
    before = Package.open(data).grids()
    present = [grid.sheet for grid in before]
    for old, new in names.items():
        taken = {name.casefold() for name in present if name != old}
        if old not in present or not 0 < len(new) <= _LONGEST or re.search(r"[\[\]:*?/\\']", new) or new.casefold() in taken:
            raise _cannot(old, new)
    with zipfile.ZipFile(io.BytesIO(data)) as source:
        members = [(entry, source.read(entry)) for entry in source.infolist()]
    if any(entry.filename.casefold().endswith("vbaproject.bin") for entry, _ in members):
        raise CannotEdit(
            "The workbook holds macros, which may name its sheets, so no sheet was renamed.",
            advice="Rename the sheet in Excel, and look through the macros.",
        )
    for old, new in names.items():
        members = [(entry, _part(entry.filename, content, old, new)) for entry, content in members]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for entry, content in members:
            target.writestr(entry, content, entry.compress_type)
    made = out.getvalue()
    if not _same(before, Package.open(made).grids(), names):
        raise _cannot(*next(iter(names.items())))
    return made


def _cannot(old: str, new: str) -> CannotEdit:
    return CannotEdit("The sheet {old} cannot be named {new}.", old=old, new=new, advice="Rename the sheet in Excel.")


def _part(name: str, content: bytes, old: str, new: str) -> bytes:
    if not name.endswith((".xml", ".vml", ".rels")):
        return content
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _cannot(old, new) from None
    if _COMPUTED.search(text) and not name.startswith(_TEXTS):
        raise CannotEdit(
            "A formula puts an address together itself (INDIRECT), so the sheet {old} was not renamed.", old=old,
            advice="Rename the sheet in Excel, and look through these formulas.",
        )  # fmt: skip
    made = _ELEMENT.sub(_rewriting(lambda formula: _in_formula(formula, old, new)), text)
    made = _ATTRIBUTE.sub(_rewriting(lambda value: new if value == old else _in_formula(value, old, new)), made)
    if name.endswith("/workbook.xml"):
        made = _SHEET.sub(_rewriting(lambda value: new if value == old else value), made)
    if name == "docProps/app.xml":
        made = _ELEMENT.sub(_rewriting(lambda value: new if value == old else value), made)
    if not name.startswith(_TEXTS) and _left(made, old):
        raise CannotEdit(
            "Something in the workbook refers to the sheet {old} in a way that is not known here ({part}).", old=old, part=name,
            advice="Rename the sheet in Excel.",
        )  # fmt: skip
    return content if made == text else made.encode()


def _rewriting(change: Callable[[str], str]) -> Callable[[re.Match[str]], str]:
    def one(found: re.Match[str]) -> str:
        before = unescape(found[2], _QUOTES)
        after = change(before)
        return found[0] if after == before else found[1] + escape(after, {'"': "&quot;"})

    return one


def _in_formula(formula: str, old: str, new: str) -> str:
    """Every `'old'!` and `old!` outside texts."""
    written = f"'{new}'!"
    pieces = _LITERAL.split(formula)
    for place in range(0, len(pieces), 2):
        pieces[place] = _quoted(old).sub(lambda _: written, pieces[place])
        pieces[place] = _bare(old).sub(lambda _: written, pieces[place])
    return "".join(pieces)


def _quoted(old: str) -> re.Pattern[str]:
    return re.compile("'" + re.escape(old.replace("'", "''")) + "'!", re.IGNORECASE)


def _bare(old: str) -> re.Pattern[str]:
    return re.compile(r"(?<![\w.'\]:!-])" + re.escape(old) + "!", re.IGNORECASE)


def _left(text: str, old: str) -> bool:
    """Whether a reference is left: within a span of sheets, in a text, in an element that nobody foresaw."""
    spelled = unescape(_VALUE.sub("", text), _QUOTES)
    name = re.escape(old.replace("'", "''"))
    return bool(re.search(rf"(?<!\])\b{name}'?(?:!|:[^'!<>\"=]*'!)|:{name}'?!", spelled, re.IGNORECASE))


def _same(before: list[Grid], after: list[Grid], names: Mapping[str, str]) -> bool:
    """Cell by cell; only links inside the workbook may lead elsewhere."""

    def told(grid: Grid, name: str) -> tuple[object, ...]:
        cells = {
            place: replace(cell, targets=tuple(target for target in cell.targets if "://" in target))
            for place, cell in grid.cells.items()
        }
        return name, cells, grid.merges

    return [told(grid, names.get(grid.sheet, grid.sheet)) for grid in before] == [told(grid, grid.sheet) for grid in after]
