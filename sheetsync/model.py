"""The words of the project: what stands in a workbook, what a link asks for, what came of it.

All of them are frozen values that know nothing of files, services or time. Row and column numbers count from 1, as in A1.
Figures are `Decimal`; a cell's own number is the `float` that the file holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias
from urllib.parse import quote

from sheetsync.errors import LinkError
from sheetsync.texts import Sentence

# --- the workbook's side -----------------------------------------------------------------------------------------------

NO_FILL = ""
"""The fill of a cell that has none."""


@dataclass(frozen=True, slots=True)
class CellError:
    """A cell that holds an error such as #REF! or #DIV/0!."""

    code: str


CellValue: TypeAlias = str | bool | float | datetime | CellError | None


@dataclass(frozen=True, slots=True)
class Cell:
    """What one cell holds.

    `value`         None when blank; of a formula its cached value, None when the file holds none
    `formula`       a formula stands here, so the cell is never written
    `targets`       addresses behind the text: hyperlink, =HYPERLINK(), smart chip; without repeats, in that order
    `number_format` the format code, "General" by default; the only way to tell 0.35 = 35 % from 35
    `fill`          "RRGGBB" for a plain colour, NO_FILL for none, any other text is the workbook's own description of a
                    fill, to be handed back to the same workbook and read by nobody else
    `conditional`   a conditional format covers the cell
    `locked`        the worksheet is protected and this cell may not be changed
    """

    value: CellValue = None
    formula: bool = False
    targets: tuple[str, ...] = ()
    number_format: str = "General"
    fill: str = NO_FILL
    conditional: bool = False
    locked: bool = False


EMPTY = Cell()


@dataclass(frozen=True, slots=True, order=True)
class CellRef:
    """Where a cell stands: worksheet title, row, column."""

    sheet: str
    row: int
    column: int

    @property
    def a1(self) -> str:
        """The address as people write it: column letters and row number, `B7`."""
        return f"{column_letters(self.column)}{self.row}"


def column_letters(column: int) -> str:
    """1 -> A, 26 -> Z, 27 -> AA."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


@dataclass(frozen=True, slots=True)
class Grid:
    """A snapshot of one worksheet.

    `cells`  (row, column) -> Cell; a missing key is a blank cell
    `merges` merged ranges as (first row, first column, last row, last column); only the first cell holds a value
    `cut`    the sheet is longer or wider than what is read, so the snapshot is not all of it
    """

    sheet: str
    cells: Mapping[tuple[int, int], Cell]
    merges: tuple[tuple[int, int, int, int], ...] = ()
    cut: bool = False

    def cell(self, row: int, column: int) -> Cell:
        return self.cells.get((row, column), EMPTY)


@dataclass(frozen=True, slots=True)
class CellEdit:
    """One cell and what to put there; None leaves that side alone.

    `value` a Decimal is written as a number, a str as text (never as a formula; "" clears the cell), a datetime (naive, in the
            workbook's time zone) as a date with a date format, a bool as TRUE or FALSE
    `fill`  "RRGGBB", NO_FILL, or a description that this workbook gave in `Cell.fill`
    """

    ref: CellRef
    value: Decimal | str | bool | datetime | None = None
    fill: str | None = None


@dataclass(frozen=True, slots=True)
class ColourRule:
    """A colour by rule: cells of `column` take `fill` while the one in `by`, same row, says a word of `words`.

    It begins in row `first` and ends in row `last` (None: it goes on down the sheet); `needed` is the last row in use today.
    """

    sheet: str
    column: int
    by: int
    first: int
    last: int | None
    needed: int
    words: tuple[str, ...]
    fill: str


# --- the link's side ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Link:
    """A link cell, parsed by `links.parse`: the address without options, and the options in order of their names."""

    url: str
    options: tuple[tuple[str, str], ...] = ()

    def option(self, name: str) -> str | None:
        return dict(self.options).get(name)

    def __str__(self) -> str:
        """The link as it could be written into the cell: `links.parse` makes the same link of it."""
        return self.url + ("#" + "&".join(f"{name}={_escaped(value)}" for name, value in self.options) if self.options else "")


def _escaped(value: str) -> str:
    return "".join(
        char if char.isprintable() and char not in " %&#<>\"'\\" else quote(char, safe="", errors="replace") for char in value
    )


@dataclass(frozen=True, slots=True)
class Resource:
    """What one download brings: `campaign` `42`, with the parameters that change the answer. Its text is what `allow` matches."""

    kind: str
    id: str
    params: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return f"{self.kind}/{self.id}" + ("?" + "&".join(f"{k}={v}" for k, v in self.params) if self.params else "")


@dataclass(frozen=True, slots=True)
class Query:
    """A link, understood: which account of which connector to ask, for what, and what to read from the answer."""

    connector: str
    account: str
    resource: Resource
    metric: str


PERCENT = "%"
"""The unit of a share: 0.12 means 12 %."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A figure, its moment and where it came from.

    `unit`        "" for a plain number, PERCENT for a share of 1, or a currency code (ISO 4217)
    `as_of`       aware; None where the source does not say, then it is the moment of fetching
    `approximate` the service rounds (1.2K followers)
    `source`      for people: connector, account and page, never a secret
    `warning`     what somebody should know although the figure is good, such as the day on which its key ends. It stays the same
                  sentence from run to run for as long as it is the same news: a day, never "in three days"
    """

    value: Decimal
    unit: str = ""
    as_of: datetime | None = None
    approximate: bool = False
    source: str = ""
    warning: Sentence | None = None


Outcome: TypeAlias = Reading | LinkError


@dataclass(frozen=True, slots=True)
class LaneState:
    """What is remembered of a lane (one account of one connector) between runs.

    `failures` straight ones; until `open_until` nobody knocks, for `reason`; `fingerprint` of the account's settings when this
    was learnt: under other settings it means nothing.
    """

    failures: int
    open_until: datetime | None
    reason: str
    fingerprint: str = ""


# --- the row between them ----------------------------------------------------------------------------------------------


class Column(StrEnum):
    """The meanings a heading can have."""

    GROUP = "group"
    OBJECTIVE_ID = "objective_id"
    OBJECTIVE = "objective"
    KR_ID = "kr_id"
    KEY_RESULT = "key_result"
    TYPE = "type"
    START = "start"
    TARGET = "target"
    RESULT = "result"
    DATA_LINK = "data_link"
    METRIC = "metric"
    PROGRESS = "progress"
    STATUS = "status"
    SYNC = "sync"
    AS_OF = "as_of"
    OWNER = "owner"
    WEIGHT = "weight"
    PERIOD = "period"
    ALIGNED_TO = "aligned_to"
    CONFIDENCE = "confidence"
    BUDGET = "budget"
    COMMENT = "comment"


class Kind(StrEnum):
    """How a key result is measured."""

    NUMBER = "number"
    YES_NO = "yes-no"
    PERCENT = "percent"
    AT_LEAST = "at least"
    AT_MOST = "at most"


@dataclass(frozen=True, slots=True)
class Period:
    """A year, a quarter or a month; both days belong to it."""

    start: date
    end: date
    label: str = ""


@dataclass(frozen=True, slots=True)
class KeyResult:
    """One row that asks for a figure, or holds one that a person types.

    `key`     names the row for as long as group, objective, key result and period stay; row numbers do not
    `source`  a Link to fetch; a LinkError where the cell cannot be understood; "manual"; or a roll-up "rollup:sum|mean|progress"
    `start`, `target`, `result` in the row's own measure: percent as a share of 1, yes/no as 1 and 0
    """

    key: str
    group: str
    objective: str
    name: str
    refs: Mapping[Column, CellRef]
    cells: Mapping[Column, Cell]
    source: Link | LinkError | str
    objective_id: str = ""
    kr_id: str = ""
    kind: Kind = Kind.NUMBER
    start: Decimal | None = None
    target: Decimal | None = None
    result: Decimal | None = None
    weight: Decimal = Decimal(1)
    period: Period | None = None
    owner: str = ""
    aligned_to: str = ""
    link_text: str = ""

    @property
    def ref(self) -> CellRef:
        """The Result cell."""
        return self.refs[Column.RESULT]


# --- what happened -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RowReport:
    """One row of the run, as `--json` prints it; every text is in the workbook's language except `state`."""

    sheet: str
    cell: str
    group: str
    objective: str
    key_result: str
    link: str
    connector: str
    state: str  # fresh | unchanged | kept | broken | manual
    old: float | str | None
    new: float | str | None
    progress: float | None
    status: str
    message: str
    unit: str = ""  # "%" where the cell shows its number as a percentage
    warning: str = ""  # of a figure that is good: what somebody should do before long; stands in the message as well
    account: str = ""  # of the connector; a service may be well for one and silent for another


@dataclass(frozen=True, slots=True)
class RunReport:
    """One workbook's run. `error` is the sentence of a WorkbookError; then `edits` is 0 and the workbook is untouched."""

    workbook: str
    rows: tuple[RowReport, ...] = ()
    edits: int = 0
    requests: int = 0
    seconds: float = 0.0
    error: str | None = None
    exit_code: int = 0
    locked: bool = False  # somebody has it open: the figures wait in the outbox
    asked: bool = False  # a box beside Sync now is ticked, and this run was not what it asks for
    notes: tuple[str, ...] = ()  # sentences about the workbook as a whole
    planned: tuple[CellEdit, ...] = field(default=(), repr=False)
