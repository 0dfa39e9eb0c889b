"""A scanned worksheet with its workbook's styles and strings goes in, the snapshot of it comes out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isfinite, nan

from sheetsync.errors import CannotEdit
from sheetsync.model import EMPTY, Cell, CellError, CellValue, Grid
from sheetsync.workbooks._ooxml.areas import Areas, column_number
from sheetsync.workbooks._ooxml.formulas import hyperlink_targets
from sheetsync.workbooks._ooxml.markup import attributes, damaged, unescape
from sheetsync.workbooks._ooxml.scalars import decoded, moment_of, number_of
from sheetsync.workbooks._ooxml.scan import Odd, Scan, Spelled
from sheetsync.workbooks._ooxml.sheet import Sheet
from sheetsync.workbooks._ooxml.styles import Styles

_new = Cell.__new__
_value, _formula, _of_targets, _number_format, _fill, _conditional, _locked = (
    vars(Cell)[name].__set__ for name in ("value", "formula", "targets", "number_format", "fill", "conditional", "locked")
)
# The constructor of a frozen class takes three times as long as filling its slots, and there may be a million cells.
_LARGEST_LINKED_AREA = 1_000
"""Cells; the blank cells of a larger linked range are not shown as linked."""
_MOST_LINKED = 200_000
"""Cells that all hyperlinks of a worksheet together may cover, and the number of larger linked ranges a hundredth of that."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a style says to a reader."""

    number_format: str
    fill: str
    is_date: bool
    locked: bool


class Looks(dict[int, Look]):
    """The styles of a workbook, asked once each. `protected` worksheets lock what their style locks."""

    def __init__(self, styles: Styles, *, protected: bool) -> None:
        super().__init__()
        self._styles = styles
        self._protected = protected
        self._blank: dict[tuple[int, bool], Cell] = {}

    def __missing__(self, style: int) -> Look:
        styles = self._styles
        locked = self._protected and styles.locked(style)
        look = self[style] = Look(styles.number_format(style), styles.fill(style), styles.is_date(style), locked)
        return look

    def blank(self, style: int, *, conditional: bool) -> Cell:
        """The one blank cell of this look; EMPTY itself where it equals that."""
        cell = self._blank.get((style, conditional))
        if cell is None:
            look = self[style]
            cell = Cell(number_format=look.number_format, fill=look.fill, conditional=conditional, locked=look.locked)
            cell = self._blank[style, conditional] = EMPTY if cell == EMPTY else cell
        return cell


def value_of(kind: str, text: str | None, strings: Sequence[str], *, is_date: bool, since_1904: bool) -> CellValue:
    """The value of a cell by its `t` and its `<v>` (ECMA-376-1, 18.18.11). Raises LookupError for a string that is not there."""
    if text is None:
        return None
    if kind == "n":
        number = number_of(text)
        if number is None:
            return decoded(text) if text.strip() else None
        return (moment_of(number, since_1904=since_1904) or number) if is_date else number
    match kind:
        case "s":
            return decoded(strings[int(text)]) if text.strip().isdecimal() else None
        case "str" | "inlineStr":
            return decoded(text)
        case "b":
            return text.strip() in {"1", "true"}
        case "e":
            return CellError(text.strip())
        case "d":
            try:
                moment = datetime.fromisoformat(text.strip())
            except ValueError:
                return text
            return moment.replace(tzinfo=None)
        case _:
            return value_of("n", text, strings, is_date=is_date, since_1904=since_1904)


@dataclass(frozen=True, slots=True)
class Reader:
    """What all worksheets of a workbook share while they are read."""

    styles: Styles
    strings: Sequence[str]
    since_1904: bool
    max_rows: int
    max_columns: int
    columns: Collection[int] | None

    def grid(self, title: str, sheet: Sheet, links: Mapping[str, str]) -> Grid:
        """`links` are the addresses of the worksheet's hyperlink relations. Raises CannotEdit for a damaged part."""
        return sheet.scanned(lambda scan: _Pass(self, title, sheet, links).run(scan))


class _Pass:
    """One worksheet being read."""

    def __init__(self, reader: Reader, title: str, sheet: Sheet, links: Mapping[str, str]) -> None:
        self._reader = reader
        self._title = title
        self._sheet = sheet
        self._frame = sheet.frame
        self._looks = Looks(reader.styles, protected=self._frame.protected)
        self._cells: dict[tuple[int, int], Cell] = {}
        self._single: dict[tuple[int, int], tuple[str, ...]] = {}
        self._ranges: list[tuple[Areas, str]] = []
        self._special = bool(sheet.arrays)
        self._covers = self._frame.conditional.covers if self._frame.conditional else None
        self._inherits = self._cut = False
        self._letters: dict[bytes, int] = {}
        self._heads: dict[bytes, tuple[int, str, Look, bool]] = {}
        self._shared: dict[tuple[bytes, bytes], Cell] = {}
        self._columns = None if reader.columns is None else frozenset(c for c in reader.columns if 1 <= c <= reader.max_columns)
        for link in self._frame.hyperlinks:
            target = links.get(link.id, "")
            if link.location:
                target += "#" + link.location
            if target:
                self._link(link.area, target)
            if len(self._single) > _MOST_LINKED or len(self._ranges) > _MOST_LINKED // 100:
                raise CannotEdit("Worksheet {sheet} has more links than are read.", sheet=title)
        self._special |= bool(self._ranges)

    def _link(self, area: tuple[int, int, int, int], target: str) -> None:
        top, left, bottom, right = area
        if (bottom - top + 1) * (right - left + 1) > _LARGEST_LINKED_AREA:
            self._ranges.append((Areas([area]), target))
            return
        for row in range(top, bottom + 1):
            for column in range(left, right + 1):
                known = self._single.get((row, column), ())
                if target not in known:
                    self._single[row, column] = (*known, target)

    def run(self, scan: Scan) -> Grid:
        self._inherits = self._inherited(scan)
        self._cut = scan.beyond(self._reader.max_rows)
        used: list[int] = []
        for row, spelled, seen in scan.lines(self._reader.max_rows, self._columns):
            held = self._spelled(scan, row, spelled)
            for cell in seen:
                held |= self._seen(row, *cell)
            if held:
                used.append(row)
        self._add_linked()
        if used and (self._inherits or self._frame.conditional):
            self._add_missing(scan, used)
        return Grid(self._title, self._cells, self._frame.merges, self._cut)

    def _spelled(self, scan: Scan, row: int, spelled: Sequence[Spelled]) -> bool:
        """Adds cells of a row, each as `_seen` would; whether one of them holds anything.

        There may be a million, and most hold a number and are no part of anything: this loop makes nothing but the cells.
        """
        cells, heads, columns, shared, single = self._cells, self._heads, self._letters, self._shared, self._single
        special, last, covers = self._special, self._reader.max_columns, self._covers
        digits, held = b"%d" % row, False
        for letters, given, head, formula, value, inline, odd in spelled:
            if given != digits:
                raise Odd
            column = columns.get(letters) or self._column(letters)
            if special or formula or inline or odd or column > last:
                held |= self._seen(row, column, *self._decoded(scan, (row, column), head, formula, value or inline, odd))
                continue
            at = row, column
            style, kind, look, is_figure = heads.get(head) or self._head(head)
            covered = covers is not None and covers(row, column)
            targets = single.get(at, ()) if single else ()
            if not (value or targets):
                blank = self._looks.blank(style, conditional=covered)
                if blank is not EMPTY or self._inherits:
                    cells[at] = blank
                continue
            held = True
            # texts and truths repeat, numbers seldom do
            plain = not (is_figure or covered or targets)
            cell = shared.get((head, value)) if plain else None
            if cell is None:
                try:
                    number = float(value) if is_figure else nan
                except ValueError:
                    number = nan
                cell = _new(Cell)
                if isfinite(number) and b"_" not in value:
                    _value(cell, number)
                else:
                    _value(cell, self._value(kind, unescape(value) if value else None, is_date=look.is_date))
                _formula(cell, False)
                _of_targets(cell, targets)
                _number_format(cell, look.number_format)
                _fill(cell, look.fill)
                _conditional(cell, covered)
                _locked(cell, look.locked)
                if plain:
                    shared[head, value] = cell
            cells[at] = cell
        return held

    def _column(self, letters: bytes) -> int:
        column = self._letters[letters] = column_number(letters.decode())
        return column

    def _head(self, head: bytes) -> tuple[int, str, Look, bool]:
        """What the attributes of cells say: style, kind, how they look, and whether what they hold is a figure."""
        given = attributes(b"<c" + head + b">")
        style, kind = int(given.get("s", 0)), given.get("t", "n")
        look = self._looks[style]
        known = self._heads[head] = style, kind, look, kind == "n" and not look.is_date
        return known

    def _decoded(
        self, scan: Scan, at: tuple[int, int], head: bytes, formula: bytes, text: bytes, odd: bytes
    ) -> tuple[int, str, str | None, str | None]:
        """Style, kind, value and formula of a cell, as CarefulScan has them."""
        if odd:
            found = scan.held(*at)
            if found is None:
                raise Odd
            content = found[2]
            return content.style, content.kind, content.value, content.formula
        style, kind, _, _ = self._heads.get(head) or self._head(head)
        inside = formula.partition(b">")[2].removesuffix(b"</f>")
        return style, kind, unescape(text) if text else None, unescape(inside) if formula else None

    def _seen(self, row: int, column: int, style: int, kind: str, text: str | None, formula: str | None) -> bool:
        """Adds one cell; whether it holds anything."""
        if column > self._reader.max_columns:
            self._cut = self._cut or text is not None or formula is not None
            return False
        at = row, column
        covered = self._frame.conditional.covers(row, column)
        targets = self._single.get(at, ())
        if self._ranges or formula is not None:
            targets = self._targets(at, targets, formula)
        is_formula = formula is not None or self._sheet.arrays.covers(row, column)
        if text is None and not is_formula and not targets:
            blank = self._looks.blank(style, conditional=covered)
            if blank is not EMPTY or self._inherits:
                self._cells[at] = blank
            return False
        look = self._looks[style]
        value = self._value(kind, text, is_date=look.is_date)
        self._cells[at] = Cell(value, is_formula, targets, look.number_format, look.fill, covered, look.locked)
        return True

    def _value(self, kind: str, text: str | None, *, is_date: bool) -> CellValue:
        reader = self._reader
        try:
            return value_of(kind, text, reader.strings, is_date=is_date, since_1904=reader.since_1904)
        except LookupError:
            raise damaged(self._sheet.part) from None

    def _targets(self, at: tuple[int, int], targets: tuple[str, ...], formula: str | None) -> tuple[str, ...]:
        """The targets of a cell, those of its formula and of large linked ranges added."""
        for area, target in self._ranges:
            if area.covers(*at):
                targets = (*targets, target)
        if formula is not None:
            text = formula or self._sheet.shared_links.get(at, "")
            if "HYPERLINK" in text.upper():
                targets = (*targets, *hyperlink_targets(text))
        return tuple(dict.fromkeys(targets)) if len(targets) > 1 else targets

    def _inherited(self, scan: Scan) -> bool:
        """Whether a cell that is not there looks like anything but a blank one."""
        frame = self._frame
        return bool(frame.columns) or frame.protected or b"customFormat" in scan.text

    def _add_linked(self) -> None:
        for (row, column), targets in self._single.items():
            wanted = (self._columns is None or column in self._columns) and column <= self._reader.max_columns
            if wanted and row <= self._reader.max_rows and (row, column) not in self._cells:
                look = self._looks[self._frame.column_style(column)]
                covered = self._frame.conditional.covers(row, column)
                self._cells[row, column] = Cell(None, False, targets, look.number_format, look.fill, covered, look.locked)

    def _add_missing(self, scan: Scan, used: Collection[int]) -> None:
        """Cells that the file leaves out, in rows that hold something, where they look like anything but a blank one."""
        frame, looks, cells = self._frame, self._looks, self._cells
        columns = sorted(self._columns if self._columns is not None else range(1, max(column for _, column in cells) + 1))
        styles = {column: frame.column_style(column) for column in columns}
        special = [
            column
            for column in columns
            if looks.blank(styles[column], conditional=False) is not EMPTY
            or any(area[1] <= column <= area[3] for area in frame.conditional.all)
        ]
        rows = {}
        if b"customFormat" in scan.text:
            filled = frozenset(used)
            rows = {row.number: self._sheet.row_style(row) for row in scan.rows() if row.number in filled}
        for row in used:
            row_style = rows.get(row)
            for column in special if row_style is None else columns:
                if (row, column) not in cells:
                    style = styles[column] if row_style is None else row_style
                    blank = looks.blank(style, conditional=frame.conditional.covers(row, column))
                    if blank is not EMPTY:
                        cells[row, column] = blank
