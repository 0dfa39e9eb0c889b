"""A document goes in, what a person does to it in the browser comes out: rows, columns, sorts, typing, tabs, sharing.

Rows and columns count from 1 here, as in the sheet. What the API can do a person can do; protections do not bind the owner.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sheetsync._testing.google import a1, entering, metadata, reading, seeding, shape
from sheetsync._testing.google.a1 import Block
from sheetsync._testing.google.asked import Asked
from sheetsync._testing.google.document import Anchor, Document, Tab
from sheetsync._testing.google.formulas import Calculation, Scalar
from sheetsync._testing.google.kinds import apply_all, rules, sheets
from sheetsync._testing.google.kinds.ranges import cut_and_paste, sort_keys
from sheetsync._testing.google.state import State

_Got = TypeVar("_Got")


class Book:
    """A spreadsheet, open in somebody's browser."""

    def __init__(self, state: State, document: Document) -> None:
        self._state, self._document = state, document

    @property
    def id(self) -> str:
        return self._document.id

    @property
    def title(self) -> str:
        return self._document.title

    @property
    def model(self) -> Document:
        """What is below; for a test that looks closely."""
        return self._document

    @property
    def titles(self) -> list[str]:
        return [tab.title for tab in self._document.tabs]

    def tab(self, title: str) -> Sheet:
        found = self._document.titled(title)
        if found is None:
            raise KeyError(title)
        return Sheet(self._state, self._document, found.sheet_id)

    def sheet(self, sheet_id: int) -> Sheet:
        return Sheet(self._state, self._document, self._document.tab(sheet_id).sheet_id)

    def rename(self, title: str) -> None:
        self._changed(lambda: setattr(self._document, "title", title))

    def add_tab(self, title: str, *, rows: int = 1000, columns: int = 26) -> Sheet:
        properties = {"title": title, "gridProperties": {"rowCount": rows, "columnCount": columns}}
        self._changed(lambda: _batch(self._state, self._document, {"addSheet": {"properties": properties}}))
        return self.tab(title)

    def delete_tab(self, title: str) -> None:
        self._changed(lambda: sheets.remove_tab(self._document, self._document.tab(self.tab(title).sheet_id)))

    def share(self, who: str, role: str = "writer") -> None:
        self._changed(lambda: self._document.access.__setitem__(who, role))

    def unshare(self, who: str) -> None:
        self._changed(lambda: self._document.access.pop(who, None))

    def delete(self) -> None:
        """To the bin, and out of it."""
        with self._state.lock:
            self._state.documents.pop(self.id)
            self._state.deleted[self.id] = True

    def anchors(self, key: str | None = None) -> list[dict[str, Any]]:
        """The developer metadata, as the API shows it."""
        with self._state.lock:
            found = [one.document() for one in metadata.everything(self._document)]
            return [one for one in found if key in (None, one["metadataKey"])]

    def batch(self, *requests: dict[str, Any]) -> list[dict[str, Any]]:
        """Requests of a batchUpdate, done by the owner: for whatever has no method here."""
        return self._changed(lambda: _batch(self._state, self._document, *requests))

    def _changed(self, edit: Callable[[], _Got]) -> _Got:
        with self._state.lock:
            found = edit()
            self._state.touched(self._document)
            return found


def _batch(state: State, document: Document, *requests: dict[str, Any]) -> list[dict[str, Any]]:
    return apply_all(Asked(state, document.owner, {}, found=document), list(requests))


class Sheet:
    """A tab of it. It is found by its id each time, so it stays the same one whatever happens to the document."""

    def __init__(self, state: State, document: Document, sheet_id: int) -> None:
        self._state, self._document, self.sheet_id = state, document, sheet_id

    @property
    def model(self) -> Tab:
        return self._document.tab(self.sheet_id)

    @property
    def title(self) -> str:
        return self.model.title

    @property
    def rows(self) -> int:
        return len(self.model.rows)

    @property
    def columns(self) -> int:
        return len(self.model.columns)

    def value(self, row: int, column: int) -> Scalar:
        """What the cell is worth: a float, a str, a bool, an error, or None."""
        with self._state.lock:
            return Calculation(self._document).value(self.model, row - 1, column - 1)

    def text(self, row: int, column: int) -> str:
        """What the cell shows."""
        return reading.text(self.model.cell(row - 1, column - 1), self.value(row, column))

    def formula(self, row: int, column: int) -> str | None:
        entered: dict[str, Any] = self.model.cell(row - 1, column - 1).get("userEnteredValue", {})
        return entered.get("formulaValue")

    def data(self, row: int, column: int) -> dict[str, Any]:
        """The whole CellData."""
        with self._state.lock:
            calculation = Calculation(self._document)
            return reading.cell_data(calculation, self._state.switches, self.model, row - 1, column - 1, {})

    def table(self) -> list[list[Scalar]]:
        """All values, from the first cell to the last one used."""
        with self._state.lock:
            return Calculation(self._document).block(self.model, *self.model.used())

    def row_of(self, column: int, value: Scalar) -> int:
        """The first row that has the value in a column. Raises LookupError."""
        for row in range(1, self.rows + 1):
            if self.value(row, column) == value:
                return row
        raise LookupError(value)

    def anchors(self, dimension: str = "ROWS") -> dict[int, list[Anchor]]:
        """The metadata of the rows (or columns) that have some, by their number."""
        with self._state.lock:
            return {at + 1: list(line.anchors) for at, line in enumerate(self.model.lines(dimension)) if line.anchors}

    def type(self, row: int, column: int, value: Any) -> None:
        """As typed into the cell; an empty text clears it."""

        def edit() -> None:
            self.model.grow(row, column)
            cell = self.model.cell(row - 1, column - 1)
            year = Asked(self._state, "", {}).year
            self.model.put(row - 1, column - 1, entering.write(cell, value, as_typed=True, year=year))

        self._changed(edit)

    def put(self, row: int, column: int, cell: dict[str, Any]) -> None:
        """CellData as it is, a chip or a link for instance."""

        def edit() -> None:
            self.model.grow(row, column)
            self.model.put(row - 1, column - 1, seeding.cell(cell))

        self._changed(edit)

    def clear(self, row: int, column: int) -> None:
        self.type(row, column, "")

    def insert_rows(self, before: int, count: int = 1) -> None:
        self._changed(lambda: shape.insert(self._document, self.model, "ROWS", before - 1, count, before=before > 1))

    def delete_rows(self, first: int, count: int = 1) -> None:
        self._changed(lambda: shape.delete(self._document, self.model, "ROWS", first - 1, first - 1 + count))

    def move_rows(self, first: int, count: int, before: int) -> None:
        """`before` is the number of a row before the move."""
        self._changed(lambda: shape.move(self._document, self.model, "ROWS", first - 1, first - 1 + count, before - 1))

    def insert_columns(self, before: int, count: int = 1) -> None:
        self._changed(lambda: shape.insert(self._document, self.model, "COLUMNS", before - 1, count, before=before > 1))

    def delete_columns(self, first: int, count: int = 1) -> None:
        self._changed(lambda: shape.delete(self._document, self.model, "COLUMNS", first - 1, first - 1 + count))

    def move_columns(self, first: int, count: int, before: int) -> None:
        self._changed(lambda: shape.move(self._document, self.model, "COLUMNS", first - 1, first - 1 + count, before - 1))

    def sort(
        self,
        column: int,
        *,
        descending: bool = False,
        first: int = 2,
        last: int | None = None,
        left: int = 1,
        right: int | None = None,
    ) -> None:
        """Sorts rows `first` to `last`; with `left` and `right` only those columns move. Whether the rows' metadata goes along
        is the switch `ui_sort_moves_anchors`, and for a part of the columns `partial_sort_moves_anchors` too."""

        def edit() -> None:
            tab, used = self.model, self.model.used()
            block = Block(first - 1, last or used.bottom, left - 1, right or len(tab.columns))
            if block.height < 2:
                return
            switches = self._state.switches
            partial = left > 1 or (right is not None and right < used.right)
            anchors = switches.ui_sort_moves_anchors and (not partial or switches.partial_sort_moves_anchors)
            shape.sort(tab, block, sort_keys(self._document, tab, [(column - 1, descending)]), anchors=anchors)

        self._changed(edit)

    def cut_paste(self, area: str, to: str) -> None:
        """Cuts `A2:C2` and pastes it at `A9`, on this tab."""
        block, target = self._block(area), self._block(to)
        self._changed(lambda: cut_and_paste(self._document, self.model, block, self.model, target.top, target.left))

    def copy_paste(self, area: str, to: str) -> None:
        block, target = self._block(area), self._block(to)
        wanted = Block(target.top, target.top + block.height, target.left, target.left + block.width)
        ranges = (a1.grid_range(self.sheet_id, block), a1.grid_range(self.sheet_id, wanted))
        self._request({"copyPaste": {"source": ranges[0], "destination": ranges[1], "pasteType": "PASTE_NORMAL"}})

    def merge(self, area: str) -> None:
        self._request({"mergeCells": {"range": a1.grid_range(self.sheet_id, self._block(area)), "mergeType": "MERGE_ALL"}})

    def protect(self, area: str, *editors: str, warning_only: bool = False) -> int:
        """Protects an area for its owner and these editors; gives the protection's id."""
        given: dict[str, Any] = {"range": a1.grid_range(self.sheet_id, self._block(area)), "warningOnly": warning_only}
        if editors and not warning_only:
            given["editors"] = {"users": list(editors)}
        (reply,) = self._request({"addProtectedRange": {"protectedRange": given}})
        return int(reply["addProtectedRange"]["protectedRange"]["protectedRangeId"])

    def filter(self, area: str, hidden: dict[int, Sequence[str]] | None = None) -> None:
        """A filter over an area that hides the rows with these texts, by column number."""
        criteria = {str(column - 1): {"hiddenValues": list(values)} for column, values in (hidden or {}).items()}
        given = {"range": a1.grid_range(self.sheet_id, self._block(area)), "criteria": criteria}
        self._request({"setBasicFilter": {"filter": given}})

    def clear_filter(self) -> None:
        self._request({"clearBasicFilter": {"sheetId": self.sheet_id}})

    def hide_rows(self, first: int, count: int = 1, *, hidden: bool = True) -> None:
        self._hide("ROWS", first, count, hidden=hidden)

    def hide_columns(self, first: int, count: int = 1, *, hidden: bool = True) -> None:
        self._hide("COLUMNS", first, count, hidden=hidden)

    def _hide(self, dimension: str, first: int, count: int, *, hidden: bool) -> None:
        def edit() -> None:
            for line in self.model.lines(dimension)[first - 1 : first - 1 + count]:
                line.hidden = hidden

        self._changed(edit)

    def hide(self, *, hidden: bool = True) -> None:
        self._changed(lambda: setattr(self.model, "hidden", hidden))

    def rename(self, title: str) -> None:
        self._changed(lambda: sheets.rename(self._document, self.model, title))

    def move_to(self, index: int) -> None:
        """To before the tab that is number `index`, counted from 1 and before the move."""
        self._changed(lambda: sheets.place_tab(self._document, self.model, index - 1))

    def duplicate(self, title: str = "") -> Sheet:
        anchors = self._state.switches.duplicate_copies_anchors
        new = self._changed(lambda: sheets.duplicated(self._document, self.model, title, anchors=anchors))
        return Sheet(self._state, self._document, new.sheet_id)

    def apply_filter_again(self) -> None:
        self._changed(lambda: rules.apply_filter(self._document, self.model))

    def _block(self, area: str) -> Block:
        found = a1.area(area)
        if found is None:
            raise ValueError(f"no area: {area}")
        return found[0].within(self.rows, self.columns)

    def _request(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        return self._changed(lambda: _batch(self._state, self._document, request))

    def _changed(self, edit: Callable[[], _Got]) -> _Got:
        with self._state.lock:
            found = edit()
            self._state.touched(self._document)
            return found
