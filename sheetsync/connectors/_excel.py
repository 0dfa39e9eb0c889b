"""The bytes of an Excel workbook from outside go in; the same sheets in a harmless package come out, with what readers leave out.

Every part is unpacked here once, within limits, and packed again without compression: a reader behind this door sees exactly the
bytes that were checked. No part with a document type declaration passes, so that no entity can expand or fetch. Readers give an
empty cell for an error value and for a formula without a stored result; both are told here, since empty means something else.
Format: ECMA-376 part 1, 18.3 (https://ecma-international.org/publications-and-standards/standards/ecma-376/).
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn
from xml.parsers import expat  # a document type declaration is refused before any entity can be declared

from sheetsync.errors import Incomplete, Refused, UnexpectedReply

MAX_ENTRIES: Final = 2_000
MAX_BYTES: Final = 200_000_000
"""Of all parts together, unpacked."""
MAX_RATIO: Final = 200
RATIO_FLOOR: Final = 1_000_000
"""Bytes; a smaller part may be packed as tightly as it likes."""
MAX_ROWS: Final = 200_000
MAX_COLUMNS: Final = 500
MAX_CELLS: Final = 5_000_000
MAX_TEXT: Final = 200_000_000
"""Characters of all cells of one sheet, shared texts counted as often as they are used."""

AGAIN: Final = "Open the file in Excel and save it again as .xlsx."
UNCOMPUTED: Final = ""
"""The fault of a formula whose result the file does not hold."""

_WORKBOOK: Final = "xl/workbook.xml"
_RELATIONS: Final = "xl/_rels/workbook.xml.rels"
_STYLES: Final = "xl/styles.xml"
_SHARED: Final = "xl/sharedstrings.xml"
_ERROR: Final = re.compile(r"#[A-Z0-9/!?_]{2,20}")
_REF: Final = re.compile(r"([A-Za-z]{1,3})([1-9][0-9]{0,6})")
_BUILTIN_PERCENT: Final = frozenset({"9", "10"})
_TEXT_OR_COLOUR: Final = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.')


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a reader does not tell of a worksheet; rows and columns count from 1.

    `faults`   cells that show no value: the error's code (`#DIV/0!`), or UNCOMPUTED
    `percents` cells whose number is shown as a percentage
    """

    faults: Mapping[tuple[int, int], str]
    percents: frozenset[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Package:
    """`clean` is the workbook, packed anew; `sheets` the worksheets that people can see, in their order."""

    clean: bytes = field(repr=False)
    sheets: Mapping[str, Sheet]
    hidden: Mapping[str, Sheet]


def opened(data: bytes) -> Package:
    """Checks an .xlsx or .xlsm. Raises UnexpectedReply (damaged, no Excel), Refused (made to do harm), Incomplete (too large)."""
    parts = _parts(data)
    if _WORKBOOK not in {name.lower() for name in parts}:
        raise UnexpectedReply("This zip file is no Excel workbook.", advice=AGAIN)
    scans = {name.lower(): _Scan(body) for name, body in parts.items()}
    lengths = scans[_SHARED].texts if _SHARED in scans else []
    for scan in scans.values():
        scan.check(lengths)
    targets = {
        attributes.get("Id", ""): _inside(attributes.get("Target", "")) for attributes in scans[_RELATIONS].relations
    } if _RELATIONS in scans else {}  # fmt: skip
    percent_styles = scans[_STYLES].percent_styles() if _STYLES in scans else frozenset()
    seen: dict[str, Sheet] = {}
    hidden: dict[str, Sheet] = {}
    for attributes in scans[_WORKBOOK].sheets:
        target = next((value for name, value in attributes.items() if name.endswith("relationships id")), "")
        part = scans.get(targets.get(target, ""))
        if part is None:
            _damaged()
        if part.root == "worksheet":
            percents = frozenset(place for place, style in part.styled if style in percent_styles)
            chosen = hidden if attributes.get("state", "visible") != "visible" else seen
            chosen[attributes.get("name", "")] = Sheet(part.faults, percents)
    return Package(_packed(parts), seen, hidden)


def _inside(target: str) -> str:
    return (target.removeprefix("/") if target.startswith("/") else "xl/" + target).lower()


def _damaged() -> NoReturn:
    raise UnexpectedReply("The Excel file is damaged or was cut off.", advice=AGAIN)


def _harmful() -> NoReturn:
    raise Refused("The Excel file is built in a way that could do harm, so it is not read.", advice=AGAIN)


def _too_large() -> NoReturn:
    raise Incomplete(
        "The Excel file is larger than the {rows} rows, {columns} columns and {cells} cells that are read.", rows=MAX_ROWS,
        columns=MAX_COLUMNS, cells=MAX_CELLS, advice="Delete rows and formats behind the data, or link to a smaller file.",
    )  # fmt: skip


def _parts(data: bytes) -> dict[str, bytes]:
    """The XML parts, unpacked; pictures and macros stay behind."""
    parts: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            _plain(entries)
            for entry in entries:
                body = archive.read(entry) if not entry.is_dir() else b""
                if len(body) != entry.file_size:
                    _damaged()
                if body.lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n").startswith(b"<"):
                    parts[entry.filename] = body
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, ValueError, OverflowError):
        _damaged()
    return parts


def _plain(entries: list[zipfile.ZipInfo]) -> None:
    names = [entry.filename.lower() for entry in entries]
    crooked = any(name.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", name) or ":" in name for name in names)
    if len(entries) > MAX_ENTRIES or len(set(names)) != len(names) or crooked:
        _harmful()
    if sum(entry.file_size for entry in entries) > MAX_BYTES:
        _too_large()
    for entry in entries:
        if entry.flag_bits & 1:
            raise UnexpectedReply("The Excel file is locked with a password.", advice="Save it without a password.")
        if entry.file_size > RATIO_FLOOR and entry.file_size > MAX_RATIO * max(1, entry.compress_size):
            _harmful()


def _packed(parts: Mapping[str, bytes]) -> bytes:
    clean = io.BytesIO()
    with zipfile.ZipFile(clean, "w", zipfile.ZIP_STORED) as archive:
        for name, body in parts.items():
            archive.writestr(zipfile.ZipInfo(name), body)
    return clean.getvalue()


class _Scan:
    """One pass over a part: how far its cells reach, how much text they hold, which of them a reader would leave out."""

    def __init__(self, body: bytes) -> None:
        self.root = ""
        self.sheets: list[dict[str, str]] = []
        self.relations: list[dict[str, str]] = []
        self.texts: list[int] = []
        self.faults: dict[tuple[int, int], str] = {}
        self.styled: list[tuple[tuple[int, int], str]] = []
        self._formats: dict[str, str] = {}
        self._cell_styles: list[str] = []
        self._inside: list[str] = []
        self._row = self._column = self._last_row = self._last_column = self._text = 0
        self._shared: dict[str, int] = {}
        self._cell: tuple[str, str] = ("", "")
        self._has: set[str] = set()
        self._content: list[str] = []
        self._collecting = False
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._started, self._ended
        parser.CharacterDataHandler = self._written
        parser.StartDoctypeDeclHandler = lambda *_: _harmful()
        try:
            parser.Parse(body, True)
        except (expat.ExpatError, ValueError, LookupError):
            _damaged()

    def _started(self, name: str, attributes: dict[str, Any]) -> None:
        tag = name.rpartition(" ")[2]
        self.root = self.root or tag
        match tag:
            case "row":
                self._row, self._column = self._number(attributes.get("r"), self._row + 1), 0
            case "c":
                self._column += 1
                if "r" in attributes:
                    self._row, self._column = self._place(attributes["r"])
                self._cell, self._has = (attributes.get("t", "n"), attributes.get("s", "0")), set()
                self._content.clear()
            case "f" | "v" | "is":
                self._has.add(tag)
                self._collecting = tag != "f"
            case "si":
                self._collecting = True
            case "sheet":
                self.sheets.append(attributes)
            case "Relationship":
                self.relations.append(attributes)
            case "numFmt":
                self._formats[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
            case "cellXfs" | "cellStyleXfs" | "dxfs":
                self._inside.append(tag)
            case "xf" if self._inside[-1:] == ["cellXfs"]:
                self._cell_styles.append(attributes.get("numFmtId", "0"))
            case _:
                pass

    def _written(self, text: str) -> None:
        if self._collecting:
            self._content.append(text)

    def _ended(self, name: str) -> None:
        tag = name.rpartition(" ")[2]
        if tag in {"v", "is", "si"}:
            self._collecting = False
        if tag == "c":
            self._cell_ended()
        elif tag == "si":
            self.texts.append(sum(map(len, self._content)))
            self._content.clear()
        elif self._inside and tag == self._inside[-1]:
            self._inside.pop()

    def _cell_ended(self) -> None:
        kind, style = self._cell
        place = (self._row, self._column)
        content = "".join(self._content)
        self._content.clear()
        if not self._has:
            return
        if kind == "e":
            self.faults[place] = content.strip() if _ERROR.fullmatch(content.strip()) else "#VALUE!"
        elif "f" in self._has and kind != "str" and not content.strip():
            self.faults[place] = UNCOMPUTED
        self._last_row, self._last_column = max(self._last_row, place[0]), max(self._last_column, place[1])
        if kind == "s":
            index = content.strip()
            self._shared[index] = self._shared.get(index, 0) + 1
        else:
            self._text += len(content)
            if style != "0" and kind == "n":
                self.styled.append((place, style))

    def _number(self, text: str | None, default: int) -> int:
        if text is None:
            return default
        if not (text.isascii() and text.isdigit() and 0 < len(text) <= 7):
            _damaged()
        return int(text)

    def _place(self, text: str) -> tuple[int, int]:
        match = _REF.fullmatch(text)
        if match is None:
            _damaged()
        column = 0
        for letter in match[1].upper():
            column = column * 26 + ord(letter) - 64
        return int(match[2]), column

    def check(self, lengths: list[int]) -> None:
        """A reader makes a full rectangle of the cells, and a text of its own for each: both must stay within bounds."""
        if self._last_row > MAX_ROWS or self._last_column > MAX_COLUMNS or self._last_row * self._last_column > MAX_CELLS:
            _too_large()
        text = self._text
        for index, times in self._shared.items():
            if not (index.isascii() and index.isdigit() and len(index) <= 9 and int(index) < len(lengths)):
                _damaged()
            text += lengths[int(index)] * times
        if text > MAX_TEXT:
            _too_large()

    def percent_styles(self) -> frozenset[str]:
        """Numbers of the cell styles that show a number as a percentage."""
        return frozenset(
            str(place) for place, number in enumerate(self._cell_styles)
            if number in _BUILTIN_PERCENT or "%" in _TEXT_OR_COLOUR.sub("", self._formats.get(number, ""))
        )  # fmt: skip
