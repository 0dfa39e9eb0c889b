"""The bytes of a worksheet's part go in; its rows, and what is said about cells before and behind the rows, come out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

from sheetsync.errors import CannotEdit
from sheetsync.workbooks._ooxml.areas import LAST_COLUMN, Area, Areas, area_of, areas_of
from sheetsync.workbooks._ooxml.careful import CarefulScan
from sheetsync.workbooks._ooxml.formulas import translate
from sheetsync.workbooks._ooxml.markup import attributes, children, descendants, local, text_of, tree
from sheetsync.workbooks._ooxml.scan import Formula, Odd, QuickScan, Row, Scan

_T = TypeVar("_T")
READS_EVERYTHING = "NOW()"
"""Stands for a formula whose references are not known: one that changes by itself."""
_TRUE = frozenset({"1", "true", "on"})


@dataclass(frozen=True, slots=True)
class Hyperlink:
    """`id` of the relation that holds the address, or empty; `location` is the place inside it."""

    area: Area
    id: str
    location: str


@dataclass(frozen=True, slots=True)
class Frame:
    """What a worksheet says about its cells outside of them. `columns` are (first, last, style)."""

    merges: tuple[Area, ...]
    protected: bool
    columns: tuple[tuple[int, int, int], ...]
    hyperlinks: tuple[Hyperlink, ...]
    conditional: Areas
    dimension: str

    def column_style(self, column: int) -> int:
        return next((style for first, last, style in self.columns if first <= column <= last), 0)


class Sheet:
    """One worksheet's text, scanned by the quicker scanner that understands it."""

    def __init__(self, data: bytes, part: str) -> None:
        self.part = part
        self.text = text_of(data, part)
        self._scan: Scan
        try:
            self._scan = QuickScan(self.text.body)
        except Odd:
            self._scan = CarefulScan(self.text.body, part)

    def again(self, body: bytes) -> Sheet:
        """The worksheet with another text, which differs from this one in places that are known to be well spelled."""
        other = copy(self)
        other.__dict__ = {"part": self.part, "text": replace(self.text, body=body), "_scan": self._scan.again(body)}
        return other

    @property
    def body(self) -> bytes:
        return self.text.body

    def scanned(self, work: Callable[[Scan], _T]) -> _T:
        """What `work` makes of the scan; once more with the careful one where the quick one gives up."""
        try:
            return work(self._scan)
        except Odd:
            self._scan = CarefulScan(self.text.body, self.part)
            return work(self._scan)

    @cached_property
    def frame(self) -> Frame:
        root = tree(self.framing(), self.part)
        merges = [area for box in children(root, "mergeCells") for m in box if (area := area_of(m.get("ref", "")))]
        links = []
        for box in children(root, "hyperlinks"):
            for link in box:
                given = next((value for name, value in link.items() if local(name) == "id" and name.startswith("{")), "")
                links += [Hyperlink(area, given, link.get("location", "")) for area in areas_of(link.get("ref", ""))]
        columns = []
        for box in children(root, "cols"):
            for column in box:
                first, last, style = (column.get(name, "") for name in ("min", "max", "style"))
                if first.isdecimal() and last.isdecimal() and style.isdecimal() and int(style):
                    columns.append((int(first), min(int(last), LAST_COLUMN), int(style)))
        conditional = []
        for element in descendants(root, "conditionalFormatting"):
            conditional += areas_of(element.get("sqref", ""))
            for inner in children(element, "sqref"):
                conditional += areas_of(inner.text or "")
        return Frame(
            tuple(merges),
            any(p.get("sheet", "").lower() in _TRUE for p in children(root, "sheetProtection")),
            tuple(columns),
            tuple(links),
            Areas(conditional),
            next((d.get("ref", "") for d in children(root, "dimension")), ""),
        )

    def framing(self) -> bytes:
        """The text without its rows."""
        start, inner, _, end = self._scan.data
        tag = self.body[start:inner]
        return self.body[:start] + (tag if tag.endswith(b"/>") else tag[:-1] + b"/>") + self.body[end:]

    @cached_property
    def formulas(self) -> tuple[Formula, ...]:
        """Every cell that has a formula, the children of shared ones with an empty text."""
        return self.scanned(lambda scan: tuple(scan.formulas()))

    @cached_property
    def arrays(self) -> Areas:
        """The cells that array formulas, dynamic arrays and what-if tables fill."""
        # a look for one byte costs a tenth of that for five, and rows without formulas often have no f
        _, inner, close, _ = self._scan.data
        if self.body.find(b"f", inner, close) < 0 or (b"array" not in self.body and b"dataTable" not in self.body):
            return Areas(())
        found = (area_of(f.attributes.get("ref", "")) for f in self.formulas if f.attributes.get("t") in {"array", "dataTable"})
        return Areas(area for area in found if area is not None)

    def formula_texts(self) -> Iterator[tuple[int, int, str]]:
        """Row, column and text of every formula, the children of shared ones translated.

        A child whose references would leave the worksheet counts as READS_EVERYTHING. Raises CannotEdit where one has no master.
        """
        masters = {f.attributes.get("si", ""): f for f in self.formulas if f.attributes.get("t") == "shared" and f.text}
        for formula in self.formulas:
            text = formula.text
            if not text and formula.attributes.get("t") == "shared":
                master = masters.get(formula.attributes.get("si", ""))
                if master is None:
                    raise CannotEdit("A shared formula of the workbook has lost its text.")
                try:
                    text = translate(master.text, formula.row - master.row, formula.column - master.column)
                except CannotEdit:
                    text = READS_EVERYTHING
            yield formula.row, formula.column, text

    @cached_property
    def shared_links(self) -> dict[tuple[int, int], str]:
        """The formulas of shared children that hold a link. Programs write the names of functions in capitals."""
        if b"HYPERLINK" not in self.body or b"shared" not in self.body:
            return {}
        return {(row, column): text for row, column, text in self.formula_texts() if "HYPERLINK" in text}

    def row_style(self, row: Row | None) -> int | None:
        """The style that a missing cell of the row takes from it; None where the row says nothing."""
        if row is None:
            return None
        given = attributes(self.body[row.start : row.inner])
        style = given.get("s", "")
        return int(style) if given.get("customFormat", "").lower() in _TRUE and style.isdecimal() else None
