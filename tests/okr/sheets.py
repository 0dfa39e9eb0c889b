"""Small sheets for tests: rows of values go in, a grid comes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from sheetsync.model import Cell, CellValue, Column, Grid, KeyResult, Link, Outcome, Reading
from sheetsync.okr.plan import How, NoMemory, Plan, plan
from sheetsync.okr.scan import scan
from sheetsync.texts import Texts

TODAY = date(2027, 2, 15)
NOW = datetime(2027, 2, 15, 9, 30, tzinfo=UTC)
HEADINGS = (
    "Group",
    "Objective",
    "Key result",
    "Type",
    "Start",
    "Target",
    "Result",
    "Data link",
    "Progress",
    "Status",
    "Sync",
    "As of",
)
LINK = "https://data.test/1"

Value = CellValue | int | Cell


def local(*parts: int) -> datetime:
    """A moment as cells hold it: without a zone."""
    return datetime(*parts, tzinfo=UTC).replace(tzinfo=None)  # type: ignore[misc,arg-type]


def cell(value: Value, number_format: str = "General", **more: object) -> Cell:
    if isinstance(value, Cell):
        return value
    plain = float(value) if isinstance(value, int) and not isinstance(value, bool) else value
    return Cell(plain, number_format=number_format, **more)  # type: ignore[arg-type]


def grid(
    rows: Sequence[Sequence[Value]], *, sheet: str = "2027-Q1", merges: Sequence[tuple[int, int, int, int]] = (), top: int = 1
) -> Grid:
    """The rows from A1 on, or from row `top`."""
    cells = {
        (row, column): cell(value)
        for row, values in enumerate(rows, start=top)
        for column, value in enumerate(values, start=1)
        if value is not None
    }
    return Grid(sheet, cells, tuple(merges))


def rows_of(*rows: Sequence[Value], headings: Sequence[str] = HEADINGS, sheet: str = "2027-Q1") -> list[KeyResult]:
    return scan([grid([headings, *rows], sheet=sheet)], today=TODAY)


def row(**values: Value) -> KeyResult:
    """One key result; the names are those of `Column`, and only the named columns exist."""
    given: dict[str, Value] = {"key_result": "More leads", "target": 100, "result": None, "data_link": LINK} | values
    headings = {
        "key_result": "Key result",
        "data_link": "Data link",
        "as_of": "As of",
        "kr_id": "KR ID",
        "aligned_to": "Aligned to",
    }
    titles = [headings.get(name, name.capitalize()) for name in given]
    (found,) = rows_of(list(given.values()), headings=titles)
    return found


def reading(value: object, unit: str = "", **more: object) -> Reading:
    return Reading(Decimal(str(value)), unit, **more)  # type: ignore[arg-type]


def how(**more: object) -> How:
    return How(**({"now": NOW, "texts": Texts("en")} | more))  # type: ignore[arg-type]


def planned(found: KeyResult, outcome: Outcome | None = None, memory: object = None, **more: object) -> Plan:
    """The plan of one row whose link gave `outcome`."""
    outcomes: Mapping[Link, Outcome] = {found.source: outcome} if isinstance(found.source, Link) and outcome is not None else {}
    return plan([found], outcomes, memory or NoMemory(), how(**more))  # type: ignore[arg-type]


def edits(done: Plan) -> dict[Column, object]:
    """What is written, by column; a fill stands under `<column>_fill`."""
    found: dict[object, object] = {}
    for one in done.rows:
        columns = {ref: column for column, ref in one.key_result.refs.items()}
        for edit in one.edits:
            if edit.value is not None:
                found[columns[edit.ref]] = edit.value
            if edit.fill is not None:
                found["fill"] = edit.fill
    return found  # type: ignore[return-value]
