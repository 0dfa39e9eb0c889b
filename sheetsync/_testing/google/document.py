"""The model of a spreadsheet: a document has tabs, a tab has rows and columns, a row has cells.

A cell is a CellData document as far as it is stored (what is computed is computed when it is asked for); it is never changed,
only replaced. So `Document.snapshot` is cheap, and a batch that fails is taken back by putting the snapshot in place.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Self, TypeAlias

from sheetsync._testing.google import a1
from sheetsync._testing.google.a1 import Area, Block
from sheetsync._testing.google.errors import bad

Cell: TypeAlias = Mapping[str, Any]
Dimension: TypeAlias = Literal["ROWS", "COLUMNS"]

EMPTY: Final[Cell] = {}
ROW_HEIGHT: Final = 21
COLUMN_WIDTH: Final = 100
MAX_CELLS: Final = 10_000_000
MAX_COLUMNS: Final = 18_278
SPREADSHEET: Final = "application/vnd.google-apps.spreadsheet"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True)
class Anchor:
    """An entry of developer metadata. Where it hangs is where it is kept: on a line, a tab, or the document."""

    number: int
    key: str
    value: str | None
    visibility: str


@dataclass(slots=True)
class Line:
    """A row or a column; `cells` (by column) only on a row."""

    size: int
    hidden: bool = False
    filtered: bool = False
    anchors: tuple[Anchor, ...] = ()
    cells: dict[int, Cell] = field(default_factory=dict)

    def copy(self) -> Line:
        return Line(self.size, self.hidden, self.filtered, self.anchors, dict(self.cells))


@dataclass(slots=True)
class Tab:
    """A sheet. Documents in the lists are replaced, never changed; their ranges carry a `sheetId` only where it is not zero."""

    sheet_id: int
    title: str
    rows: list[Line]
    columns: list[Line]
    hidden: bool = False
    extra: dict[str, Any] = field(default_factory=dict)
    grid: dict[str, Any] = field(default_factory=dict)
    anchors: tuple[Anchor, ...] = ()
    merges: list[Block] = field(default_factory=list)
    protected: list[dict[str, Any]] = field(default_factory=list)
    rules: list[dict[str, Any]] = field(default_factory=list)
    tables: list[dict[str, Any]] = field(default_factory=list)
    groups: dict[str, list[tuple[int, int, int]]] = field(default_factory=lambda: {"ROWS": [], "COLUMNS": []})
    filter: dict[str, Any] | None = None

    @classmethod
    def new(cls, sheet_id: int, title: str, rows: int = 1000, columns: int = 26) -> Self:
        return cls(sheet_id, title, [Line(ROW_HEIGHT) for _ in range(rows)], [Line(COLUMN_WIDTH) for _ in range(columns)])

    def copy(self) -> Tab:
        return Tab(
            self.sheet_id,
            self.title,
            [line.copy() for line in self.rows],
            [line.copy() for line in self.columns],
            self.hidden,
            dict(self.extra),
            dict(self.grid),
            self.anchors,
            list(self.merges),
            list(self.protected),
            list(self.rules),
            list(self.tables),
            {dimension: list(found) for dimension, found in self.groups.items()},
            self.filter,
        )

    @property
    def block(self) -> Block:
        return Block(0, len(self.rows), 0, len(self.columns))

    def lines(self, dimension: str) -> list[Line]:
        return self.rows if dimension == "ROWS" else self.columns

    def blank(self, dimension: str) -> Line:
        return Line(ROW_HEIGHT if dimension == "ROWS" else COLUMN_WIDTH)

    def cell(self, row: int, column: int) -> Cell:
        return self.rows[row].cells.get(column, EMPTY)

    def put(self, row: int, column: int, cell: Cell) -> None:
        if cell:
            self.rows[row].cells[column] = cell
        else:
            self.rows[row].cells.pop(column, None)

    def used(self) -> Block:
        """The smallest block from the first cell that holds every cell with a value."""
        bottom, right = 0, 0
        for at, line in enumerate(self.rows):
            filled = [column for column, cell in line.cells.items() if "userEnteredValue" in cell]
            if filled:
                bottom, right = at + 1, max(right, max(filled) + 1)
        return Block(0, bottom, 0, right)

    def grow(self, rows: int, columns: int) -> None:
        """Makes the grid at least that large."""
        self.rows.extend(self.blank("ROWS") for _ in range(rows - len(self.rows)))
        self.columns.extend(self.blank("COLUMNS") for _ in range(columns - len(self.columns)))


@dataclass(slots=True)
class Document:
    """A file in Drive that is a spreadsheet (or, by its `mime`, an .xlsx that is none)."""

    id: str
    title: str
    owner: str
    created: float
    tabs: list[Tab]
    modified: float = 0.0
    time_zone: str = "Etc/GMT"
    locale: str = "en_US"
    extra: dict[str, Any] = field(default_factory=dict)
    anchors: tuple[Anchor, ...] = ()
    names: dict[str, dict[str, Any]] = field(default_factory=dict)
    access: dict[str, str] = field(default_factory=dict)
    mime: str = SPREADSHEET
    comments: list[dict[str, Any]] = field(default_factory=list)
    random: random.Random = field(default_factory=random.Random)

    def snapshot(self) -> Document:
        """A copy that later changes do not reach."""
        return Document(
            self.id,
            self.title,
            self.owner,
            self.created,
            [tab.copy() for tab in self.tabs],
            self.modified,
            self.time_zone,
            self.locale,
            dict(self.extra),
            self.anchors,
            dict(self.names),
            dict(self.access),
            self.mime,
            list(self.comments),
            self.random,
        )

    def restore(self, snapshot: Document) -> None:
        """Puts everything back as it was. What has no undo in Google (the next random id) has none here."""
        for name in ("title", "tabs", "modified", "time_zone", "locale", "extra", "anchors", "names", "access", "comments"):
            setattr(self, name, getattr(snapshot, name))

    def tab(self, sheet_id: int) -> Tab:
        found = next((tab for tab in self.tabs if tab.sheet_id == sheet_id), None)
        if found is None:
            raise bad(f"No grid with id: {sheet_id}")
        return found

    def titled(self, title: str) -> Tab | None:
        """The tab of a title; upper and lower case are the same, as in Google."""
        exact = next((tab for tab in self.tabs if tab.title == title), None)
        return exact or next((tab for tab in self.tabs if tab.title.casefold() == title.casefold()), None)

    def new_number(self, taken: set[int]) -> int:
        while True:
            number = self.random.randrange(1, 2**31)
            if number not in taken:
                return number

    def cell_count(self) -> int:
        return sum(len(tab.rows) * len(tab.columns) for tab in self.tabs)

    def resolve(self, text: str) -> tuple[Tab, Area, bool]:
        """What a range in A1 notation means here: the tab, the area, and whether it is one cell without a colon.

        A bare name is a named range before it is a tab; a name in quotes is always a tab; a table's name is no range
        (transcripts). `'Tab'!Name` is accepted and answers with the named range (recorded). Raises the 400 of Google.
        """
        title, rest, in_quotes = a1.split(text)
        if title is None:
            named = self._named(text)
            if named is not None:
                return (*named, False)
            found = a1.area(text)
            if found is not None and self.tabs:
                return self.tabs[0], *found
            tab = self.titled(text)
            if tab is None:
                raise bad(f"Unable to parse range: {text}")
            return tab, Area(), False
        tab = self.titled(title)
        if tab is None:
            raise bad(f"Unable to parse range: {text}")
        if not rest:
            if not in_quotes:
                raise bad(f"Unable to parse range: {text}")
            return tab, Area(), False
        found = a1.area(rest)
        if found is not None:
            return tab, *found
        named = self._named(rest)
        if named is None:
            raise bad(f"Unable to parse range: {text}")
        return (*named, False)

    def _named(self, name: str) -> tuple[Tab, Area] | None:
        for named in self.names.values():
            if named["name"].casefold() == name.casefold():
                return self.tab(named["range"].get("sheetId", 0)), a1.from_grid_range(named["range"])
        return None

    def located(self, grid_range: Mapping[str, Any]) -> tuple[Tab, Block]:
        """A GridRange as the tab and the block inside its grid."""
        tab = self.tab(int(grid_range.get("sheetId") or 0))
        return tab, a1.from_grid_range(grid_range).within(len(tab.rows), len(tab.columns))

    def formulas(self) -> Iterator[tuple[Tab, int, int, str]]:
        """Every formula: its tab, row, column, text."""
        for tab in self.tabs:
            for row, line in enumerate(tab.rows):
                for column, cell in line.cells.items():
                    formula = cell.get("userEnteredValue", EMPTY).get("formulaValue")
                    if formula is not None:
                        yield tab, row, column, formula
