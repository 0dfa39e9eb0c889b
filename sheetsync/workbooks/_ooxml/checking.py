"""A worksheet's new text and the edits that led to it go in; nothing comes out, or the error that stops the writing.

The last look before a workbook is written. It asks expat, not the expressions that made the text, and it reads back every target.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import NoReturn, TypeAlias
from xml.etree.ElementTree import Element

from sheetsync.errors import CannotEdit
from sheetsync.model import CellEdit, column_letters
from sheetsync.workbooks._ooxml.markup import local, tree, well_formed
from sheetsync.workbooks._ooxml.patching import Key, Patch, Value
from sheetsync.workbooks._ooxml.scalars import decoded, moment_of, number_of
from sheetsync.workbooks._ooxml.scan import Scan
from sheetsync.workbooks._ooxml.sheet import Sheet

_PREFIX = re.compile(rb"[</\s]([A-Za-z_][\w.-]*):[A-Za-z_]")  # in text too: a name too many does no harm, "at 15:30" is none
Made: TypeAlias = tuple[Key, bytes, Value]
"""A cell, its new bytes, and the value that they have to say."""
_BATCH = 1_000
"""Cells parsed at a time: large trees cost more than many small ones."""
_WHOLE = 8_000_000
"""Bytes. Up to here the whole text is parsed again. In a larger one only what is new is: all other bytes were copied, and a cell
that was there before stands where its address was found."""


def check(old: Sheet, body: bytes, patch: Patch, wanted: Mapping[Key, CellEdit], *, since_1904: bool) -> None:
    """`body` is the new text of the worksheet `old`, made by this patch, and `wanted` the edits that it carries out.

    Raises CannotEdit where anything is amiss.
    """
    if len(body) <= _WHOLE or patch.grown:
        new = old.again(body)
        if not well_formed(body if len(body) <= _WHOLE else new.framing()):
            _refuse(old)
        _stand(new, patch.made(wanted))
    _say(old, patch.made(wanted), since_1904=since_1904)


def _refuse(sheet: Sheet) -> NoReturn:
    raise CannotEdit("The part {part} could not be changed safely, so nothing was written.", part=sheet.part)


def _stand(sheet: Sheet, made: Iterable[Made]) -> None:
    """Every cell stands in its row and column, found by a new scan of the new text."""
    cells = list(made)

    def all_stand(scan: Scan) -> bool:
        for (number, column), cell, _ in cells:
            start = scan.find(number, column)
            if start < 0 or not scan.text.startswith(cell, start):
                return False
        return True

    if not sheet.scanned(all_stand):
        _refuse(sheet)


def _say(sheet: Sheet, made: Iterator[Made], *, since_1904: bool) -> None:
    """Every cell says what it was told to, to a reader of its own."""
    letters: dict[int, str] = {}
    while batch := list(islice(made, _BATCH)):
        letters |= {column: column_letters(column) for column in {key[1] for key, _, _ in batch} - letters.keys()}
        cells = b"".join([cell for _, cell, _ in batch])
        prefixes = set(_PREFIX.findall(cells)) - {b"xml", b"xmlns"} if b":" in cells else ()
        names = b"".join(b' xmlns:%b="p"' % prefix for prefix in prefixes)
        root = tree(b"<cells" + names + b">" + cells + b"</cells>", sheet.part)
        if len(root) != len(batch):
            _refuse(sheet)
        addresses = [f"{letters[column]}{row}" for (row, column), _, _ in batch]
        if _all_figures(root, addresses, [value for _, _, value in batch]):
            continue
        for cell, expected, (_, _, value) in zip(root, addresses, batch, strict=True):
            address = cell.get("r")
            if address is not None and address.upper() != expected:
                _refuse(sheet)
            if value is None:
                continue
            kind = cell.get("t", "n")
            text = _text(cell, "is" if kind == "inlineStr" else "v")
            if text is None or not _says(value, kind, text, since_1904=since_1904):
                _refuse(sheet)


def _all_figures(root: Element, addresses: list[str], values: list[Value]) -> bool:
    """Whether each is plainly the figure that it should be: asked of all at once, which takes half the time. No is no fault."""
    if set(map(len, root)) != {1} or set(map(type, values)) != {Decimal}:
        return False
    numbers = [cell[0] for cell in root]
    if {number.tag for number in numbers} != {"v"} or any(cell.get("t") for cell in root):
        return False
    if [cell.get("r") for cell in root] != addresses:
        return False
    return [number_of(number.text or "") for number in numbers] == list(map(float, values))  # type: ignore[arg-type]  # see above


def _text(cell: Element, holder: str) -> str | None:
    """What stands in the `<v>` or the `<is>` of a cell; None where it has several, or the wrong one."""
    text: str | None = None
    for part in cell:
        tag = part.tag
        name = tag if tag[0] != "{" else local(tag)
        if name in {"v", "is"}:
            if text is not None or name != holder:
                return None
            text = (part.text or "") if name == "v" else "".join(part.itertext())
    return text or ""


def _says(value: Decimal | str | bool | datetime, kind: str, text: str, *, since_1904: bool) -> bool:
    match value:
        case Decimal():
            return kind == "n" and number_of(text) == float(value)
        case bool():
            return kind == "b" and text == str(int(value))
        case datetime():
            moment = moment_of(number_of(text) or 0.0, since_1904=since_1904)
            return kind == "n" and moment is not None and abs((moment - value).total_seconds()) < 0.001
        case str():
            return decoded(text) == value and kind == ("inlineStr" if value else "n")
