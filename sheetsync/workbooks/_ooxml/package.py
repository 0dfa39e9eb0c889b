"""The bytes of an .xlsx or .xlsm file go in; snapshots of its worksheets, or the bytes with the named cells changed, come out."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from sheetsync.errors import CannotEdit
from sheetsync.model import CellEdit, CellRef, Grid
from sheetsync.workbooks._ooxml.archive import Archive
from sheetsync.workbooks._ooxml.areas import Area, Areas
from sheetsync.workbooks._ooxml.checking import check
from sheetsync.workbooks._ooxml.markup import elements, parsed, prefix_of, text_of, tree, unescape
from sheetsync.workbooks._ooxml.memory import uncollected
from sheetsync.workbooks._ooxml.parts import CONTENT_TYPES, Book, Tab, relations, relations_part, strings_of
from sheetsync.workbooks._ooxml.patching import Forbidden, Patch, Patcher, drop_values, spliced
from sheetsync.workbooks._ooxml.reading import Reader
from sheetsync.workbooks._ooxml.recalculation import calculated_on_load, stale_cells
from sheetsync.workbooks._ooxml.sheet import Sheet
from sheetsync.workbooks._ooxml.styles import Styles
from sheetsync.workbooks.base import MAX_COLUMNS, MAX_ROWS

_PLAIN_STRING = re.compile(rb'<si><t(?: xml:space="preserve")?>([^<]*)</t></si>')
_STYLES_TYPE = b"application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"
_STYLES_RELATION = b"/relationships/styles"


class Package:
    """One workbook held in memory. It never changes: `patched` makes new bytes."""

    def __init__(self, data: bytes, archive: Archive, book: Book) -> None:
        self._data = data
        self._archive = archive
        self._book = book

    @classmethod
    def open(cls, data: bytes) -> Package:
        """Reads the directory and the workbook part. Raises CannotEdit for whatever is no workbook that can be read safely."""
        archive = Archive.open(data)
        return cls(data, archive, Book(archive))

    @cached_property
    def unsafe(self) -> CannotEdit | None:
        """Why the workbook may be read but must not be written; None where nothing forbids it."""
        return self._book.unsafe()

    # --- reading ------------------------------------------------------------------------------------------------------------

    def grids(
        self, *, max_rows: int = MAX_ROWS, max_columns: int = MAX_COLUMNS, columns: Collection[int] | None = None
    ) -> list[Grid]:
        """A snapshot of every worksheet, in the order of the tabs.

        `columns` narrows the snapshot down to these; what stands in others does not make it `cut`.
        Raises CannotEdit where a part is damaged or declares a document type.
        """
        reader = Reader(self._styles(), self._strings, self._book.since_1904, max_rows, max_columns, columns)
        with uncollected():
            return [self._grid(reader, tab) for tab in self._book.tabs]

    def _grid(self, reader: Reader, tab: Tab) -> Grid:
        links = {r.id: r.target for r in relations(self._archive, tab.part) if r.external and r.kind == "hyperlink"}
        return reader.grid(tab.title, self._sheet(tab), links)

    def _sheet(self, tab: Tab) -> Sheet:
        return Sheet(self._archive.read(tab.part), tab.part)

    def _styles(self) -> Styles:
        """New ones each time, because what is appended to them belongs to one patch."""
        return Styles(self._styles_xml)

    @cached_property
    def _styles_xml(self) -> bytes | None:
        part = self._book.related("styles")
        return None if part is None else self._archive.read(part)

    @cached_property
    def _strings(self) -> Sequence[str]:
        """The shared strings, `_xHHHH_` as written."""
        part = self._book.related("sharedStrings")
        if part is None:
            return ()
        body = text_of(self._archive.read(part), part).body
        plain = [unescape(raw) for raw in _PLAIN_STRING.findall(body)] if b"<!" not in body else []
        # the quick way is right only if there is nothing but plain strings; a rich one has runs, an empty one may be <si/>
        if plain and len(plain) == body.count(b"<si"):
            return plain
        return list(strings_of(tree(body, part)))

    # --- writing ------------------------------------------------------------------------------------------------------------

    def patched(self, edits: Sequence[CellEdit]) -> bytes:
        """The workbook with all edits and nothing else changed; the very same bytes object where they change nothing.

        Raises CannotEdit, naming the cell, where an edit cannot be carried out safely: then none is.
        """
        with uncollected():
            wanted = _by_sheet(edits)
            if wanted and self.unsafe is not None:
                raise self.unsafe
            return self._patched(wanted) if wanted else self._data

    def _patched(self, wanted: Mapping[str, Mapping[tuple[int, int], CellEdit]]) -> bytes:
        tabs = self._tabs(wanted)
        styles = self._styles()
        sheets = {title: self._sheet(tab) for title, tab in tabs.items()}
        patches = {title: self._patch(tab, sheets[title], styles, wanted[title]) for title, tab in tabs.items()}
        patches = {title: patch for title, patch in patches.items() if patch}
        if not patches:
            return self._data
        changes: dict[str, bytes] = {}
        if any(patch.changes for patch in patches.values()):
            changes.update(self._recalculated(sheets, patches))
        for title in list(patches):
            patch, tab, old = patches[title], self._tab(title), sheets.pop(title)
            body = spliced(old.body, patch.splices())
            check(old, body, patch, wanted.get(title, {}), since_1904=self._book.since_1904)
            changes[tab.part] = old.text.encoded(body)
            del old, body
        if styles.changed:
            changes.update(self._with_styles(styles.xml()))
        return self._packed(changes)

    def _tab(self, title: str) -> Tab:
        return next(tab for tab in self._book.tabs if tab.title == title)

    def _tabs(self, titles: Collection[str]) -> dict[str, Tab]:
        known = {tab.title: tab for tab in self._book.tabs}
        for title in titles:
            if title in self._book.others:
                raise CannotEdit("The sheet {sheet} is a chart, a dialog or a macro and has no cells.", sheet=title)
            if title not in known:
                raise CannotEdit(
                    "The workbook has no worksheet named {sheet}.", advice="Look whether it was renamed.", sheet=title
                )
        return {title: known[title] for title in titles}

    def _patch(self, tab: Tab, sheet: Sheet, styles: Styles, wanted: Mapping[tuple[int, int], CellEdit]) -> Patch:
        headers: list[Area] = []
        for table in self._book.tables(tab.part):
            top, left, bottom, right = table.area
            if table.header:
                headers.append((top, left, top + table.header - 1, right))
            if table.totals:
                headers.append((bottom - table.totals + 1, left, bottom, right))
        forbidden = Forbidden(Areas(headers), Areas(self._book.pivots(tab.part)))
        strings = lambda: self._strings  # noqa: E731  # read only if a text is compared
        patcher = Patcher(tab.title, sheet, styles, strings, forbidden, since_1904=self._book.since_1904)
        return patcher.patch(wanted)

    def _recalculated(self, sheets: dict[str, Sheet], patches: dict[str, Patch]) -> dict[str, bytes]:
        """Adds to the patches what drops values that may have become wrong; the workbook part that tells Excel to calculate."""
        for tab in self._book.tabs:
            if tab.title not in sheets:
                sheets[tab.title] = self._sheet(tab)
        if not any(sheet.formulas for sheet in sheets.values()):
            return {}
        changed = {(title, row, column) for title, patch in patches.items() for row, column in patch.changed}
        tables = {table.name: (tab.title, table.area) for tab in self._book.tabs for table in self._book.tables(tab.part)}
        for title, cells in stale_cells(sheets, self._book.names(), tables, changed).items():
            patch = patches.get(title, Patch())
            drop_values(sheets[title], cells, patch)
            if patch:
                patches[title] = patch
        part = self._book.part
        old = self._archive.read(part)
        new = calculated_on_load(old, part)
        return {} if new is old else {part: new}

    def _with_styles(self, xml: bytes) -> dict[str, bytes]:
        """The styles part, and where there was none also what makes it known."""
        part = self._book.related("styles")
        if part is not None:
            return {part: xml}
        types, links = self._archive.find(CONTENT_TYPES), self._archive.find(relations_part(self._book.part))
        folder = self._book.part.rpartition("/")[0]
        part = f"{folder}/styles.xml" if folder else "styles.xml"
        if types is None or links is None or self._archive.find(part) or not part.isascii():
            raise CannotEdit("The workbook has no styles, and none can be added to it.")
        ids = {relation.id for relation in self._book.relations}
        name = next(name for n in range(1, len(ids) + 2) if (name := f"rId{n}") not in ids)
        base = next(kind for r in self._raw_kinds() if (kind := r))
        override = b'Override PartName="/%b" ContentType="%b"/>' % (part.encode(), _STYLES_TYPE)
        relation = b'Relationship Id="%b" Type="%b" Target="/%b"/>' % (name.encode(), base + _STYLES_RELATION, part.encode())
        return {
            types: _with_last(self._archive.read(types), types, override),
            links: _with_last(self._archive.read(links), links, relation),
            part: xml,
        }

    def _raw_kinds(self) -> Iterator[bytes]:
        """What the types of the workbook's relations begin with: strict files have another beginning."""
        part = relations_part(self._book.part)
        for element in parsed(self._archive.read(self._archive.find(part) or part), part):
            head, found, _ = element.get("Type", "").partition("/relationships/worksheet")
            if found:
                yield head.encode()
        yield b"http://schemas.openxmlformats.org/officeDocument/2006"

    def _packed(self, changes: Mapping[str, bytes]) -> bytes:
        """The new file, looked at once more: it opens, and all other parts are the same spans of bytes."""
        new = self._archive.replaced(changes)
        if not self._archive.same_but(Archive.open(new), set(changes)):
            raise CannotEdit("The workbook could not be put together again safely, so nothing was written.")
        return new


def _with_last(data: bytes, part: str, element: bytes) -> bytes:
    """The part with one more element (without prefix and opening bracket) as the last in its root."""
    text = text_of(data, part)
    root = elements(text.body, part)[0]
    if root.close == root.inner and text.body[root.inner - 2 : root.inner] == b"/>":
        raise CannotEdit("The workbook has no styles, and none can be added to it.")
    prefix = prefix_of(text.body[root.start : root.inner])
    return text.encoded(text.body[: root.close] + b"<" + prefix + element + text.body[root.close :])


def _by_sheet(edits: Sequence[CellEdit]) -> dict[str, dict[tuple[int, int], CellEdit]]:
    """The edits of each worksheet by cell. Two edits of one cell are one, unless they contradict each other."""
    found: dict[str, dict[tuple[int, int], CellEdit]] = {}
    for edit in edits:
        if edit.value is None and edit.fill is None:
            continue
        ref = edit.ref
        cells = found.setdefault(ref.sheet, {})
        known = cells.get((ref.row, ref.column))
        if known is None:
            cells[ref.row, ref.column] = edit
        else:
            value, fill = _either(known.value, edit.value, ref), _either(known.fill, edit.fill, ref)
            cells[ref.row, ref.column] = CellEdit(ref, value, fill)
    return found


def _either(first: Any, second: Any, ref: CellRef) -> Any:
    if first is not None and second is not None and first != second:
        raise CannotEdit("Two edits of cell {cell} contradict each other.", cell=f"{ref.sheet}!{ref.a1}")
    return second if first is None else first
