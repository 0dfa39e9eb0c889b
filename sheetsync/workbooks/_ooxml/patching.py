"""A scanned worksheet and the edits of its cells go in; the few splices of bytes that carry them out come out.

A splice replaces [start, end) of the text. Everything between two splices stays as it is, byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias

from sheetsync.errors import CannotEdit
from sheetsync.model import CellEdit, column_letters
from sheetsync.workbooks._ooxml.areas import LAST_COLUMN, LAST_ROW, Areas, area_of
from sheetsync.workbooks._ooxml.cells import Content, content_of, restyled, styled, valueless, without_value, written
from sheetsync.workbooks._ooxml.markup import attributes, elements, prefix_of, with_attribute
from sheetsync.workbooks._ooxml.reading import value_of
from sheetsync.workbooks._ooxml.scalars import EXACT, number_of, number_text, serial_of, text_element
from sheetsync.workbooks._ooxml.scan import Held, Row, Scan
from sheetsync.workbooks._ooxml.sheet import Sheet
from sheetsync.workbooks._ooxml.styles import Styles

DATE_FORMAT = "yyyy-mm-dd hh:mm"
Value: TypeAlias = Decimal | str | bool | datetime | None
PLAIN = b"%b%b><v>%a</v></c>"
"""A cell with a number: how it begins up to its address, its style, the number."""
_PLAINLY_WRITTEN = 1e-4
"""From here up to EXACT, Python writes the shortest text of a number without an exponent."""
_ELSEWHERE = "Let Data link stand in a row whose Result is a plain cell, or unlock it."


Key: TypeAlias = tuple[int, int]
"""Row and column of a cell."""
Splice: TypeAlias = tuple[int, int, bytes]
"""Start, end and new bytes. A plain tuple, because there may be as many as edits."""


@dataclass(frozen=True, slots=True)
class Forbidden:
    """The cells of a worksheet whose value is not ours to write, with the reason."""

    headers: Areas
    pivots: Areas


@dataclass(slots=True)
class Patch:
    """What has to be done to one worksheet.

    `cells`     the splice of every cell that was there before and that an edit changes
    `added`     the bytes of every cell that was not there before
    `repainted` those of both whose value stays
    `dropped`   the splices that take calculated values out of cells, in place of those in `cells`
    `others`    the splices that add cells, rows and what goes with them
    """

    cells: dict[Key, Splice] = field(default_factory=dict)
    added: dict[Key, bytes] = field(default_factory=dict)
    repainted: set[Key] = field(default_factory=set)
    dropped: dict[Key, Splice] = field(default_factory=dict)
    others: list[Splice] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.cells or self.dropped or self.others)

    @property
    def changed(self) -> set[Key]:
        """The cells whose value an edit changes."""
        return {*self.cells, *self.added} - self.repainted

    @property
    def changes(self) -> bool:
        """Whether there are such cells."""
        return len(self.cells) + len(self.added) > len(self.repainted)

    @property
    def grown(self) -> bool:
        """Whether cells are added."""
        return bool(self.others)

    def made(self, edits: Mapping[Key, CellEdit]) -> Iterator[tuple[Key, bytes, Value]]:
        """The new bytes of every cell that an edit made or changed, and the value that they have to say."""
        for key, splice in self.cells.items():
            yield key, (self.dropped.get(key) or splice)[2] if self.dropped else splice[2], edits[key].value
        for key, new in self.added.items():
            yield key, new, edits[key].value

    def splices(self) -> list[Splice]:
        """All of them, in the order of the text."""
        return sorted([*({**self.cells, **self.dropped} if self.dropped else self.cells).values(), *self.others])


class Patcher:
    """Makes the splices of one worksheet. Raises CannotEdit, naming the cell, for what would damage something."""

    def __init__(
        self,
        title: str,
        sheet: Sheet,
        styles: Styles,
        strings: Callable[[], Sequence[str]],
        forbidden: Forbidden,
        *,
        since_1904: bool,
    ) -> None:
        self._title = title
        self._sheet = sheet
        self._styles = styles
        self._strings = strings
        self._forbidden = forbidden
        self._since_1904 = since_1904
        self._fills: dict[tuple[int, str], int] = {}
        self._merges = Areas(sheet.frame.merges)
        self._protected = sheet.frame.protected
        self._arrays = sheet.arrays
        self._guarded = bool(self._merges or self._protected or self._arrays or forbidden.headers or forbidden.pivots)

    def patch(self, edits: Mapping[Key, CellEdit]) -> Patch:
        return self._sheet.scanned(lambda scan: self._patch(scan, edits))

    def _patch(self, scan: Scan, edits: Mapping[Key, CellEdit]) -> Patch:
        patch = Patch()
        missing: dict[int, list[int]] = {}
        for key in self._put_figures(scan, sorted(edits.items()), patch):
            number, column = key
            held = scan.held(number, column)
            if held is None:
                missing.setdefault(number, []).append(column)
            else:
                self._change(scan, key, held, edits[key], patch)
        new_rows: list[tuple[int, list[tuple[int, bytes]]]] = []
        for number, columns in missing.items():
            row = scan.row(number)
            cells = [(column, self._new_cell(scan, row, number, column, edits[number, column], patch)) for column in columns]
            made = [(column, cell) for column, cell in cells if cell is not None]
            if made and row is not None:
                patch.others += self._insertions(scan, row, made)
            elif made:
                new_rows.append((number, made))
        patch.others += self._new_rows(scan, new_rows)
        patch.others += self._dimension(scan, patch)
        return patch

    # --- what may be written ------------------------------------------------------------------------------------------------

    def _cell(self, row: int, column: int) -> str:
        return f"{self._title}!{column_letters(column)}{row}"

    def _check(self, row: int, column: int, wanted: CellEdit, style: int, *, formula: bool) -> None:
        if self._merges and (merge := self._merges.covering(row, column)) is not None and merge[:2] != (row, column):
            raise CannotEdit(
                "Cell {cell} is hidden inside a merged cell.",
                advice="Split the merged cell in Excel.",
                cell=self._cell(row, column),
            )
        if self._protected and self._styles.locked(style):
            raise CannotEdit(
                "Cell {cell} is locked and its worksheet is protected.",
                advice="Unlock the cell in Excel (Format Cells, Protection), or remove the protection.",
                cell=self._cell(row, column),
            )
        if wanted.value is None:
            return
        if formula:
            raise CannotEdit(
                "Cell {cell} holds a formula, which is never overwritten.",
                advice="Delete the formula, or mark the row as manual.",
                cell=self._cell(row, column),
            )
        if self._arrays and self._arrays.covers(row, column):
            raise CannotEdit(
                "Cell {cell} is filled by a formula of another cell.", advice=_ELSEWHERE, cell=self._cell(row, column)
            )
        if self._forbidden.headers and self._forbidden.headers.covers(row, column):
            raise CannotEdit(
                "Cell {cell} is the heading or the total of a table.", advice=_ELSEWHERE, cell=self._cell(row, column)
            )
        if self._forbidden.pivots and self._forbidden.pivots.covers(row, column):
            raise CannotEdit("Cell {cell} is part of a pivot table.", advice=_ELSEWHERE, cell=self._cell(row, column))

    # --- the usual case --------------------------------------------------------------------------------------------------------

    def _put_figures(self, scan: Scan, edits: Sequence[tuple[Key, CellEdit]], patch: Patch) -> Iterator[Key]:
        """Puts numbers into plain cells, to the letter as `_change` would; the keys of all other edits come out, in their turn.

        There may be as many as rows, so this is one loop that makes nothing but the new bytes.
        """
        keys = [key for key, _ in edits]
        _require_inside(keys)
        cells, guarded = patch.cells, self._guarded
        looks: dict[tuple[bytes | None, str | None], tuple[bytes, bool]] = {}
        for (key, edit), figure in zip(edits, scan.figures(keys), strict=True):
            value = edit.value
            if figure is None or value.__class__ is not Decimal:
                yield key
                continue
            start, end, head, digits, held = figure
            try:
                number = float(value)
                known = None if held is None else float(held)
            except ValueError:  # a signalling NaN, or no number in spite of its characters
                yield key
                continue
            if not (_PLAINLY_WRITTEN <= number < EXACT or -EXACT < number <= -_PLAINLY_WRITTEN):
                yield key
                continue
            look = looks.get((digits, edit.fill))
            if look is None:
                look = looks[digits, edit.fill] = self._look(digits, edit.fill)
            if guarded:
                self._check(*key, edit, int(digits or 0), formula=False)
            attribute, restyles = look
            if known == number:
                if restyles:
                    yield key
                continue
            cells[key] = start, end, PLAIN % (head, attribute, int(number) if number.is_integer() else number)

    def _look(self, digits: bytes | None, fill: str | None) -> tuple[bytes, bool]:
        """The `s` of a cell that has this one and gets this fill, and whether it becomes another."""
        old = int(digits or 0)
        style = old if fill is None else self._filled(old, fill)
        if style != old:
            return b' s="%d"' % style, True
        return b"" if digits is None else b' s="%b"' % digits, False

    # --- one cell -----------------------------------------------------------------------------------------------------------

    def _change(self, scan: Scan, key: Key, held: Held, wanted: CellEdit, patch: Patch) -> None:
        start, end, content = held
        if self._guarded or content.formula is not None:
            self._check(*key, wanted, content.style, formula=content.formula is not None)
        style = content.style if wanted.fill is None else self._filled(content.style, wanted.fill)
        value = wanted.value
        kind, payload, same = b"", b"", value is None
        if isinstance(value, Decimal):
            number = self._number(value, *key)
            payload = b"<%bv>%b</%bv>" % (content.prefix, number, content.prefix)
            same = content.kind == "n" and content.value is not None and number_of(content.value) == float(number)
        elif value is not None:
            same = self._same(content, value)
        if same:
            if style == content.style:
                return
            new = restyled(scan.text[start:end], style)
            patch.repainted.add(key)
        else:
            if not payload:
                style = self._dated(style, value)
                kind, payload = self._payload(content.prefix, value, *key)
            raw = valueless(content.attributes)
            new = written(content.prefix, raw if style == content.style else styled(raw, style), kind, payload, content.extras)
        patch.cells[key] = start, end, new

    def _new_cell(self, scan: Scan, row: Row | None, number: int, column: int, wanted: CellEdit, patch: Patch) -> bytes | None:
        """The bytes of a cell that the file leaves out; None where the edit asks for what it looks like anyway."""
        inherited = self._sheet.row_style(row)
        base = self._sheet.frame.column_style(column) if inherited is None else inherited
        self._check(number, column, wanted, base, formula=False)
        style = base if wanted.fill is None else self._filled(base, wanted.fill)
        valued = wanted.value is not None and wanted.value != ""
        if not valued and style == base:
            return None
        prefix = scan.prefix if row is None else prefix_of(scan.text[row.start : row.inner])
        kind, payload = b"", b""
        if valued:
            style = self._dated(style, wanted.value)
            kind, payload = self._payload(prefix, wanted.value, number, column)
        else:
            patch.repainted.add((number, column))
        raw = b' r="%s%d"' % (column_letters(column).encode(), number)
        cell = patch.added[number, column] = written(prefix, styled(raw, style) if style else raw, kind, payload)
        return cell

    def _filled(self, style: int, fill: str) -> int:
        number = self._fills.get((style, fill))
        if number is None:
            number = self._fills[style, fill] = self._styles.with_fill(style, fill)
        return number

    def _dated(self, style: int, value: Value) -> int:
        if isinstance(value, datetime) and not self._styles.is_date(style):
            return self._styles.with_number_format(style, DATE_FORMAT)
        return style

    def _payload(self, prefix: bytes, value: Value, row: int, column: int) -> tuple[bytes, bytes]:
        """The `t` of a value and the bytes inside its cell."""
        match value:
            case Decimal():
                return b"", b"<%bv>%b</%bv>" % (prefix, self._number(value, row, column), prefix)
            case bool():
                return b"b", b"<%bv>%d</%bv>" % (prefix, value, prefix)
            case datetime():
                serial = serial_of(value, since_1904=self._since_1904, cell=self._cell(row, column))
                return b"", b"<%bv>%b</%bv>" % (prefix, self._number(Decimal(repr(serial)), row, column), prefix)
            case str() if value:
                space, text = text_element(value, self._cell(row, column))
                text = self._sheet.text.representable(text)
                return b"inlineStr", b"<%bis><%bt%b>%b</%bt></%bis>" % (prefix, prefix, space, text, prefix, prefix)
        return b"", b""

    def _number(self, value: Decimal, row: int, column: int) -> bytes:
        text = number_text(value)
        if text is None:
            raise CannotEdit("The figure for cell {cell} is not one that a cell can hold.", cell=self._cell(row, column))
        return text.encode()

    def _same(self, content: Content, value: Value) -> bool:
        """Whether the cell holds this value already; numbers have been compared before."""
        if content.value is None:
            return value == "" and content.kind != "e"
        if isinstance(value, bool):
            return content.kind == "b" and (content.value.strip() in {"1", "true"}) is value
        if isinstance(value, str) and content.kind in {"n", "b", "e", "d"}:
            return False
        if isinstance(value, datetime) and content.kind != "n":
            return False
        is_date = self._styles.is_date(content.style)
        strings = self._strings() if content.kind == "s" else ()
        try:
            held = value_of(content.kind, content.value, strings, is_date=is_date, since_1904=self._since_1904)
        except LookupError:
            return False
        if isinstance(value, datetime):
            return isinstance(held, datetime) and abs((held - value).total_seconds()) < 0.001
        return held == value

    # --- rows ---------------------------------------------------------------------------------------------------------------

    def _insertions(self, scan: Scan, row: Row, missing: list[tuple[int, bytes]]) -> list[Splice]:
        """The missing cells put between the others of their row, and the row's tag where it counts its columns."""
        tag = scan.text[row.start : row.inner]
        opened = _spanning(tag, [column for column, _ in missing])
        if row.end == row.inner:
            head = opened[:-2].rstrip() + b">"
            cells = b"".join(cell for _, cell in missing)
            return [(row.start, row.end, head + cells + b"</" + prefix_of(tag) + b"row>")]
        splices = [(row.start, row.inner, opened)] if opened != tag else []
        places = scan.cells(row)
        at = row.inner
        for column, cell in missing:
            while places and places[0].column < column:
                at = places.pop(0).end
            if splices and splices[-1][:2] == (at, at):
                splices[-1] = (at, at, splices[-1][2] + cell)
            else:
                splices.append((at, at, cell))
        return splices

    def _new_rows(self, scan: Scan, rows: list[tuple[int, list[tuple[int, bytes]]]]) -> list[Splice]:
        if not rows:
            return []
        start, inner, close, end = scan.data
        prefix = scan.prefix
        gaps: dict[int, bytes] = {}
        for number, cells in rows:
            row = b'<%brow r="%d">%b</%brow>' % (prefix, number, b"".join(cell for _, cell in cells), prefix)
            gap = scan.gap(number)
            gaps[gap] = gaps.get(gap, b"") + row
        if inner == end:
            tag = scan.text[start:inner]
            return [(start, end, tag[:-2].rstrip() + b">" + gaps[close] + b"</" + prefix + b"sheetData>")]
        return [(gap, gap, new) for gap, new in gaps.items()]

    def _dimension(self, scan: Scan, patch: Patch) -> list[Splice]:
        """The used area widened where it leaves a cell of ours out; other programs trust it."""
        area = area_of(self._sheet.frame.dimension) if patch else None
        if area is None:
            return []
        places = (patch.cells, patch.added)
        rows, columns = {row for cells in places for row, _ in cells}, {column for cells in places for _, column in cells}
        wide = min(area[0], *rows), min(area[1], *columns), max(area[2], *rows), max(area[3], *columns)
        if wide == area:
            return []
        first, last = (f"{column_letters(wide[i + 1])}{wide[i]}" for i in (0, 2))
        for element in elements(self._sheet.framing(), self._sheet.part):
            if element.name == "dimension" and element.inner <= scan.data[0]:
                tag = scan.text[element.start : element.inner]
                return [(element.start, element.inner, with_attribute(tag, b"ref", f"{first}:{last}".encode()))]
        return []


def _require_inside(keys: Iterable[Key]) -> None:
    for number, column in keys:
        if not (1 <= number <= LAST_ROW and 1 <= column <= LAST_COLUMN):
            raise CannotEdit("There is no cell in row {row} and column {column} of a worksheet.", row=number, column=column)


def drop_values(sheet: Sheet, cells: Iterable[Key], patch: Patch) -> None:
    """Adds to the patch what drops the calculated values of these cells; a formula whose fill changes loses its value, too."""

    def work(scan: Scan) -> dict[Key, Splice]:
        found = {}
        for number, column in sorted(cells):
            held = scan.held(number, column)
            if held is None:
                continue
            edited = patch.cells.get((number, column))
            content = held[2] if edited is None else content_of(edited[2])
            if content.value is not None:
                found[number, column] = (*held[:2], without_value(content))
        return found

    patch.dropped.update(sheet.scanned(work))


def _spanning(tag: bytes, columns: list[int]) -> bytes:
    """The row's opening tag with `spans` widened, if it has one that can be read (ECMA-376-1, 18.3.1.73)."""
    spans = attributes(tag).get("spans", "") if b"spans" in tag else ""
    ends = [int(end) for span in spans.split() for end in span.split(":") if end.isdecimal()]
    if not ends or (min(ends) <= min(columns) and max(columns) <= max(ends)):
        return tag
    return with_attribute(tag, b"spans", b"%d:%d" % (min(*ends, *columns), max(*ends, *columns)))


def spliced(text: bytes, splices: Sequence[Splice]) -> bytes:
    """The text with all splices carried out. They are in order and do not overlap, which is checked."""
    pieces: list[bytes | memoryview] = []
    view = memoryview(text)
    at = 0
    for start, end, new in splices:
        if not at <= start <= end:
            raise CannotEdit("Two edits of one worksheet overlap.")
        pieces += (view[at:start], new)
        at = end
    pieces.append(view[at:])
    return b"".join(pieces)
