"""A worksheet's new text and the edits that led to it go in; nothing comes out, or the error that stops the writing.

The last look before a workbook is written. It asks expat, not the expressions that made the text, and it reads back every target.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import NoReturn
from xml.parsers import expat  # the text was made here, from one without a document type declaration

from sheetsync.errors import CannotEdit
from sheetsync.model import column_letters
from sheetsync.workbooks._ooxml.markup import well_formed
from sheetsync.workbooks._ooxml.patching import Value, Wanted
from sheetsync.workbooks._ooxml.scalars import decoded, moment_of, number_of
from sheetsync.workbooks._ooxml.scan import Scan
from sheetsync.workbooks._ooxml.sheet import Sheet

_WHOLE = 8_000_000
"""Bytes. Up to here the whole text is parsed again. In a larger one only what is new is: all other bytes were copied."""


def check(
    sheet: Sheet, wanted: Mapping[tuple[int, int], Wanted], made: Mapping[tuple[int, int], bytes], *, since_1904: bool
) -> None:
    """`sheet` is made from the new text, `made` are the bytes of the cells in it. Raises CannotEdit where anything is amiss."""
    if not well_formed(sheet.body if len(sheet.body) <= _WHOLE else sheet.framing()):
        _refuse(sheet)
    _stand(sheet, made)
    _say(sheet, wanted, made, since_1904=since_1904)


def _refuse(sheet: Sheet) -> NoReturn:
    raise CannotEdit("The part {part} could not be changed safely, so nothing was written.", part=sheet.part)


def _stand(sheet: Sheet, made: Mapping[tuple[int, int], bytes]) -> None:
    """Every cell stands in its row and column, found by a new scan of the new text."""

    def all_stand(scan: Scan) -> bool:
        for (number, column), cell in made.items():
            start = scan.find(number, column)
            if start < 0 or not scan.text.startswith(cell, start):
                return False
        return True

    if not sheet.scanned(all_stand):
        _refuse(sheet)


def _say(
    sheet: Sheet, wanted: Mapping[tuple[int, int], Wanted], made: Mapping[tuple[int, int], bytes], *, since_1904: bool
) -> None:
    """Every cell says what it was told to, to a reader of its own."""
    heard = _heard(made.values())
    if heard is None or len(heard) != len(made):
        _refuse(sheet)
    for (row, column), (address, kind, text) in zip(made, heard, strict=True):
        right = address is None or address.upper() == f"{column_letters(column)}{row}"
        if not right or not _says(wanted[row, column].value, kind, text, since_1904=since_1904):
            _refuse(sheet)


def _heard(cells: Iterable[bytes]) -> list[tuple[str | None, str, str]] | None:
    """Address, type and text of cells, read by expat in one go; None where they are not well-formed."""
    heard: list[tuple[str | None, str, str]] = []
    depth = 0
    taking = False
    texts: list[str] = []

    def started(name: str, given: dict[str, str]) -> None:
        nonlocal depth, taking
        depth += 1
        if depth == 2:
            heard.append((given.get("r"), given.get("t", "n"), ""))
            texts.clear()
        taking = name.rpartition(":")[2] in {"v", "t"}

    def ended(_: str) -> None:
        nonlocal depth, taking
        if depth == 2:
            heard[-1] = (*heard[-1][:2], "".join(texts))
        depth -= 1
        taking = False

    def character(data: str) -> None:
        if taking:
            texts.append(data)

    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = started, ended, character
    try:
        parser.Parse(b"<cells>", False)
        parser.Parse(b"".join(cells), False)
        parser.Parse(b"</cells>", True)
    except expat.ExpatError:
        return None
    return heard


def _says(value: Value, kind: str, text: str, *, since_1904: bool) -> bool:
    match value:
        case None:
            return True
        case bool():
            return kind == "b" and text == str(int(value))
        case Decimal():
            return kind == "n" and number_of(text) == float(value)
        case datetime():
            moment = moment_of(number_of(text) or 0.0, since_1904=since_1904)
            return kind == "n" and moment is not None and abs((moment - value).total_seconds()) < 0.001
        case str():
            return decoded(text) == value and kind == ("inlineStr" if value else "n")
